//! `photofit upload` of photos and lists in object storage.

use std::fs;

use serde_json::Value;

use super::command::{Desk, photos, put};
use super::contract::Contract;
use super::s3::{Fault, S3};

/// What a line of the report says of these two.
fn told(line: &Value) -> (&str, &str) {
    let text = |name: &str| line[name].as_str().unwrap();
    (text("input"), text("status"))
}

#[test]
fn photos_of_an_upload_may_be_objects() {
    let server = S3::start();
    let desk = Desk::new(&server);
    put(&server, &photos(3));
    let list = "module,record_id,photo\nContacts,1,s3://b/in/001.jpg\nContacts,2,s3://b/in/none.jpg\n";
    fs::write(desk.folder.path().join("list.csv"), list).unwrap();
    let lines = desk.run(&["upload", "--records", "list.csv", "--dry-run"], 1).lines();
    assert_eq!(
        (&lines[0]["input"], &lines[0]["status"]),
        (&"s3://b/in/001.jpg".into(), &"ok".into())
    );
    assert_eq!(lines[0]["result"]["format"], "jpeg");
    let message = lines[1]["error"]["message"].as_str().unwrap();
    assert!(message.contains("s3://b/in/none.jpg does not exist"), "{message}");
    fs::write(desk.folder.path().join("wrong.csv"), list.replace("in/none.jpg", "in/")).unwrap();
    let wrong = desk.run(&["upload", "--records", "wrong.csv", "--dry-run"], 2);
    assert!(wrong.err().contains("line 3"), "{}", wrong.err());
}

#[test]
fn a_list_may_be_an_object_or_a_prefix_of_parts() {
    let server = S3::start();
    let desk = Desk::new(&server);
    put(&server, &photos(6));
    let part = |ids: &[u32]| {
        let rows = ids.iter().map(|id| format!("Contacts,{id},s3://b/in/00{id}.jpg\n"));
        "module,record_id,output_uri\n".to_owned() + &rows.collect::<String>()
    };
    server.put("b/rows/part-1.csv", part(&[4]).as_bytes());
    server.put("b/rows/part-0.csv", part(&[1, 2]).as_bytes());
    // What engines leave beside their parts, or have not finished.
    for name in ["_SUCCESS", ".part-0.csv.crc", "_temporary/part-9.csv", "sub/part-9.csv"] {
        server.put(&format!("b/rows/{name}"), b"no list");
    }
    let inputs = |list: &str, ids: &[u32]| {
        let lines = desk.run(&["upload", "--records", list, "--dry-run"], 0).lines();
        let expected: Vec<String> = ids.iter().map(|id| format!("s3://b/in/00{id}.jpg")).collect();
        let found: Vec<&str> = lines.iter().map(|line| told(line).0).collect();
        assert_eq!(found, expected, "{list}");
    };
    inputs("s3://b/rows/", &[1, 2, 4]);
    inputs("s3://b/rows/part-0.csv", &[1, 2]);

    let refused = |list: &str, why: &str| {
        let ran = desk.run(&["upload", "--records", list, "--dry-run"], 2);
        assert!(ran.err().contains(why), "{list}: {}", ran.err());
    };
    refused(
        "s3://b/none.csv",
        "cannot read the list: s3://b/none.csv does not exist\n",
    );
    refused(
        "s3://b/rows",
        "s3://b/rows does not exist; for what is below it, end it with /",
    );
    refused("s3://b/in/", "s3://b/in/ has no file that ends in .csv or .parquet");
    server.put("b/bad.csv", b"PAR1 and nothing else");
    refused("s3://b/bad.csv", "s3://b/bad.csv: ");
    server.put("b/rows/part-2.csv", part(&[2]).as_bytes());
    refused(
        "s3://b/rows/",
        "part-2.csv, line 2: Contacts/2 has a photo on part-0.csv, line 3 already",
    );
}

#[test]
fn a_photo_that_was_sent_is_sent_again_only_if_its_object_has_changed() {
    let server = S3::start();
    let service = Contract::start();
    let mut desk = Desk::new(&server);
    desk.environment
        .push(("BIGIN_ACCESS_TOKEN", "1000.access.0".to_owned()));
    let photos = photos(6);
    put(&server, &photos);
    // Behind a picture anything may stand: here, what makes a version.
    let version = |number: u8| [&photos["002.jpg"][..], &[number]].concat();
    server.put("b/in/002.jpg", &version(1));
    let rows = [1, 2, 4].map(|id| format!("Contacts,{id},s3://b/in/00{id}.jpg\n"));
    let list = "module,record_id,photo\n".to_owned() + &rows.concat();
    fs::write(desk.folder.path().join("list.csv"), list).unwrap();
    let url = service.url();
    let args = [
        "upload",
        "--records",
        "list.csv",
        "--journal",
        "done",
        "--api-url",
        &url,
        "--accounts-url",
        &url,
    ];
    let sent = || std::mem::take(&mut service.state().requests).len();
    let statuses = |lines: &[Value]| lines.iter().map(|line| told(line).1.to_owned()).collect::<Vec<_>>();

    assert_eq!(statuses(&desk.run(&args, 0).lines()), ["ok", "ok", "ok"]);
    assert_eq!(sent(), 3);
    server.counts();
    let again = [&args[..], &["--resume"]].concat();
    assert_eq!(
        statuses(&desk.run(&again, 0).lines()),
        ["skipped", "skipped", "skipped"]
    );
    let counts = server.counts();
    assert_eq!((sent(), counts["HEAD"], counts.len()), (0, 3, 1), "{counts:?}");

    // Another one of the same size.
    server.put("b/in/002.jpg", &version(2));
    // One that is gone has not changed.
    server.state().objects.remove("b/in/004.jpg");
    assert_eq!(statuses(&desk.run(&again, 0).lines()), ["skipped", "ok", "skipped"]);
    assert_eq!(sent(), 1);

    server.state().fault_at = Some(|request| (request.method == "HEAD").then_some(Fault::Status(403)));
    let ran = desk.run(&again, 2);
    assert!(
        ran.err()
            .contains("cannot tell whether a photo that was sent has changed: "),
        "{}",
        ran.err()
    );
    assert_eq!(sent(), 0);
}
