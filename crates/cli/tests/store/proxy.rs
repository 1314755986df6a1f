//! Certificates and proxies of the command line: for inputs and outputs of every kind.

use std::fs;
use std::sync::{Arc, Mutex};

use super::command::Desk;
use super::http;
use super::jpeg;
use super::s3::S3;

/// A proxy of HTTP: what was asked for through it, and its address. It sends everything to `server`.
fn proxy(server: &str) -> (String, Arc<Mutex<Vec<String>>>) {
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let (seen, server) = (Arc::clone(&asked), server.to_owned());
    let address = http::serve(move |stream, request| {
        seen.lock()
            .unwrap()
            .push(format!("{} {}", request.method, request.target));
        let target = request.target.split_once("://").map_or("", |(_, rest)| rest);
        let path = target.find('/').map_or("/", |at| &target[at..]);
        let answer = http::pass_on(&server, &request, path);
        let _gone = std::io::Write::write_all(stream, &answer);
        false
    });
    (address, asked)
}

#[test]
fn storage_and_web_addresses_go_through_the_proxy_of_the_environment() {
    let server = S3::start();
    server.put("b/in/one.jpg", &jpeg(300, 200, 1));
    server.put("public/two.jpg", &jpeg(300, 200, 2));
    let (address, asked) = proxy(&server.address);
    let mut desk = Desk::new(&server);
    desk.environment.retain(|(name, _)| *name != "AWS_ENDPOINT_URL");
    desk.environment
        .push(("AWS_ENDPOINT_URL", "http://s3.example".to_owned()));
    desk.environment.push(("HTTP_PROXY", format!("http://{address}")));
    let args = [
        "prep",
        "s3://b/in/one.jpg",
        "http://photos.example/public/two.jpg",
        "-o",
        "s3://b/out",
    ];
    desk.run(&args, 0);
    let seen = std::mem::take(&mut *asked.lock().unwrap());
    let expected = [
        "GET http://photos.example/public/two.jpg",
        "GET http://s3.example/b/in/one.jpg",
        "PUT http://s3.example/b/out/one.jpg",
        "PUT http://s3.example/b/out/two.jpg",
    ];
    let mut sorted = seen.clone();
    sorted.sort();
    assert_eq!(sorted, expected, "{seen:?}");
    assert_eq!(server.keys("b/out/").len(), 2);
    desk.run(&["probe", "http://photos.example/public/two.jpg"], 0);
    assert!(!std::mem::take(&mut *asked.lock().unwrap()).is_empty());

    // What lies in one's own network is refused before a proxy is asked, and so is the proxy itself.
    let inside = format!("http://{}/public/two.jpg", server.address);
    let refused = desk.run(&["probe", &inside], 2);
    assert!(refused.err().contains("private or local"), "{}", refused.err());
    let lines = desk
        .run(&["probe", "--json", "http://localhost/public/two.jpg"], 1)
        .lines();
    let message = lines[0]["error"]["message"].as_str().unwrap();
    assert!(message.contains("private or local"), "{message}");
    assert_eq!(*asked.lock().unwrap(), Vec::<String>::new());

    // But for those that it names.
    desk.environment.push(("NO_PROXY", "127.0.0.1".to_owned()));
    desk.run(&["probe", &inside, "--allow-private-urls"], 0);
    assert_eq!(*asked.lock().unwrap(), Vec::<String>::new());
}

#[test]
fn certificates_are_trusted_by_storage_and_web_addresses_alike() {
    let server = S3::start();
    server.put("b/in/one.jpg", &jpeg(300, 200, 1));
    server.put("public/two.jpg", &jpeg(300, 200, 2));
    let (pem, address) = http::behind_tls(server.address.clone());
    let mut desk = Desk::new(&server);
    desk.environment.retain(|(name, _)| *name != "AWS_ENDPOINT_URL");
    desk.environment
        .push(("AWS_ENDPOINT_URL", format!("https://{address}")));
    fs::write(desk.folder.path().join("ca.pem"), pem).unwrap();
    let web = format!("https://{address}/public/two.jpg");
    let args = ["prep", "s3://b/in/one.jpg", &web, "-o", "out", "--allow-private-urls"];

    let start = std::time::Instant::now();
    let lines = desk.run(&args, 1).lines();
    for line in &lines {
        let message = line["error"]["message"].as_str().unwrap();
        assert!(message.to_lowercase().contains("certificate"), "{message}");
    }
    // Eight attempts would take longer.
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
    assert_eq!(server.counts().len(), 0);

    desk.run(&[&args[..], &["--ca-file", "ca.pem"]].concat(), 0);
    for name in ["one.jpg", "two.jpg"] {
        assert!(desk.folder.path().join("out").join(name).exists(), "{name}");
    }
    desk.run(
        &[
            "probe",
            "s3://b/in/",
            &web,
            "--allow-private-urls",
            "--ca-file",
            "ca.pem",
        ],
        0,
    );
    let refused = desk.run(&["probe", "s3://b/in/", "--ca-file", "none.pem"], 2);
    assert!(
        refused.err().contains("cannot read the certificates of none.pem"),
        "{}",
        refused.err()
    );
}
