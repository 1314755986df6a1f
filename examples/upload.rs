//! Prepares a photo and puts it on a record of Zoho Bigin. To try it without an account:
//!
//! ```console
//! $ cargo run --example bigin_server                      # in one terminal: prints the address and a token
//! $ export BIGIN_ACCESS_TOKEN=1000.access.0               # in another
//! $ cargo run --example upload -- Contacts 3000000038009 photo.jpg http://127.0.0.1:8765
//! ```
//!
//! Without the last argument it goes to the data centre in Europe, with a token of your own.

#![allow(clippy::print_stdout, clippy::print_stderr, missing_docs)]

use std::error::Error;
use std::process::ExitCode;

use photofit::bigin::{Credentials, DataCenter, Record, Scope, blocking::Client};
use photofit::{Limits, Options};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let ([module, id, photo], server) = match arguments.as_slice() {
        [module, id, photo] => ([module, id, photo], None),
        [module, id, photo, server] => ([module, id, photo], Some(server)),
        _ => return Err("usage: upload MODULE RECORD_ID PHOTO [SERVER]".into()),
    };
    // The library reads no environment: where secrets come from is the program's business.
    let token = std::env::var("BIGIN_ACCESS_TOKEN").map_err(|_| "BIGIN_ACCESS_TOKEN is not set")?;
    let record = Record::parse(module, id)?;

    let mut builder = Client::builder(DataCenter::Eu).credentials(Credentials::access_token(token));
    if let Some(server) = server {
        builder = builder.api_url(server).accounts_url(server);
    }
    // One client for all photos: it holds the connections and keeps to the service's pace.
    let client = Client::new(builder)?;

    let photo = std::fs::read(photo)?;
    let prepared = photofit::prepare(&photo, &Options::default().with_limits(Limits::bigin()))?;

    // What may pass (a lost connection, a busy service) was tried again before this returns an error.
    match client.upload_photo(&record, &prepared) {
        Ok(receipt) => {
            println!("{} after {} request(s)", receipt.code(), receipt.attempts());
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            // Who uploads many goes on after the first two, and stops after the third.
            match error.scope() {
                Scope::Photo => eprintln!("this photo is not accepted: another one may be"),
                Scope::Record => eprintln!("this record takes no photo: others may"),
                _ => eprintln!("no other photo would fare better: check token, data centre and network"),
            }
            eprintln!("{error}");
            Ok(ExitCode::FAILURE)
        }
    }
}
