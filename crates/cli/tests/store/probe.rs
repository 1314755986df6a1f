//! What is read of an object to say what it is: as little as that takes.

use std::fs;

use photofit::place::{Place, Places};
use photofit::store::StoreBuilder;
use photofit::{Limits, Options, Plan};
use serde_json::Value;

use super::command::Desk;
use super::s3::S3;
use super::{builder, jpeg, noise};

fn places(server: &S3) -> Places {
    let with = |builder: StoreBuilder| Places::builder().store(builder).build();
    with(builder(server).private_urls(true))
}

/// A photo with much behind it.
fn large_jpeg() -> Vec<u8> {
    [jpeg(2000, 1500, 1), noise(20 << 20)].concat()
}

/// A PNG of as many pixels as it says, whose chunk of pixels nobody looks into, with a comment behind it.
fn large_png() -> Vec<u8> {
    let chunk = |name: &[u8], body: &[u8]| {
        let length = (body.len() as u32).to_be_bytes();
        [&length[..], name, body, &[0; 4]].concat()
    };
    let header = [&2000_u32.to_be_bytes()[..], &1500_u32.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        chunk(b"IHDR", &header),
        chunk(b"IDAT", &noise(20 << 20)),
        chunk(b"tEXt", b"Comment\0hello"),
        chunk(b"IEND", b""),
    ]
    .concat()
}

#[test]
fn of_a_large_photo_the_header_is_read() {
    let server = S3::start();
    let desk = Desk::new(&server);
    let options = Options::default().with_limits(Limits::bigin().with_max_pixels(20_000));
    for (name, photo, requests, most) in [
        ("large.jpg", large_jpeg(), 2, 68 << 10),
        ("large.png", large_png(), 2, 65 << 10),
    ] {
        server.put(&format!("public/{name}"), &photo);
        fs::write(desk.folder.path().join(name), &photo).unwrap();
        let local = desk.run(&["probe", "--json", name], 0).lines().remove(0);
        assert_eq!(local["info"]["bytes"], photo.len());
        assert_eq!(local["plan"]["action"], "transcode");
        server.counts();
        let web = format!("http://{}/public/{name}", server.address);
        for address in [&format!("s3://public/{name}"), &web] {
            let args = ["probe", "--json", address, "--allow-private-urls"];
            let line = desk.run(&args, 0).lines().remove(0);
            assert_eq!((&line["info"], &line["plan"]), (&local["info"], &local["plan"]));
            let (counts, sent) = (server.counts(), server.sent());
            println!("probe {address} of {} bytes: {sent} bytes in {counts:?}", photo.len());
            assert_eq!((counts["GET"], counts.len()), (requests, 1), "{counts:?}");
            assert!(sent <= most, "{sent} bytes of {address}");

            let place = places(&server).find(address.as_ref()).unwrap();
            let look = place.look(&options).unwrap();
            assert!(matches!(look.plan, Ok(Plan::Transcode { .. })), "{look:?}");
            assert!(
                look.read <= most as u64 && look.info.bytes == photo.len() as u64,
                "{look:?}"
            );
            let (head, version) = place.read_head(1000).unwrap();
            assert_eq!((&head[..], version.size), (&photo[..1000], Some(photo.len() as u64)));
            server.counts();
            server.sent();
        }
    }
}

#[test]
fn an_object_is_probed_as_the_same_file_is() {
    let server = S3::start();
    let desk = Desk::new(&server);
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata");
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                server.put(&format!("b/{name}"), &fs::read(&path).unwrap());
            }
        }
    }
    let lines = |input: &str, prefix: &str| {
        let output = desk.command(&["probe", "--json", input]).output().unwrap();
        let lines = String::from_utf8(output.stdout).unwrap();
        let parse = |line: &str| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            let input = line.as_object_mut().unwrap().remove("input").unwrap();
            (input.as_str().unwrap().strip_prefix(prefix).unwrap().to_owned(), line)
        };
        let mut lines: Vec<_> = lines.lines().map(parse).collect();
        lines.sort_by(|a, b| a.0.cmp(&b.0));
        lines
    };
    let local = lines(root.to_str().unwrap(), &format!("{}/", root.display()));
    let remote = lines("s3://b/", "s3://b/");
    assert!(local.len() > 100, "{}", local.len());
    for (local, remote) in local.iter().zip(&remote) {
        assert_eq!(local, remote);
    }
    assert_eq!(local.len(), remote.len());
    println!("{} files probed: {} bytes", local.len(), server.sent());
}

#[test]
fn parts_of_an_object_that_changes_are_not_put_together() {
    let server = S3::start();
    server.put("b/a.jpg", &noise(1000));
    let Place::Object(object) = places(&server).find("s3://b/a.jpg".as_ref()).unwrap() else {
        panic!("an object");
    };
    let never = photofit::CancelToken::new();
    let (bytes, version) = object.read_range(0..10, None, &never).unwrap();
    assert_eq!((&bytes[..], version.size), (&noise(1000)[..10], Some(1000)));
    server.put("b/a.jpg", &noise(1001));
    let error = object.read_range(10..20, version.etag.as_deref(), &never).unwrap_err();
    assert_eq!(error.kind(), "unavailable");
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("changed"), "{source}");

    // Beyond its end, and nothing at all.
    let (bytes, _) = object.read_range(1000..5000, None, &never).unwrap();
    assert_eq!(bytes.len(), 1);
    server.put("b/empty", b"");
    let empty = places(&server).find("s3://b/empty".as_ref()).unwrap();
    let (bytes, version) = empty.read_head(100).unwrap();
    assert_eq!((bytes.len(), version.size), (0, Some(0)));
}
