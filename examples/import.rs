//! A batch importer: `cargo run --release --example import -- contacts.csv ready`
//!
//! The list has the columns `id,photo`. Each photo is written to the folder `ready` under its contact's id. A bad photo
//! never stops the others: `ready/failed.csv` says which ones failed and why. Ctrl-C finishes the photos in work. The exit
//! code is 1 if anything is missing at the end.

#![allow(clippy::print_stdout, clippy::print_stderr, missing_docs)]

use std::collections::HashSet;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};
use photofit::{Batch, CancelToken, Options, Prepared};

/// A row of the list.
struct Contact {
    id: String,
    photo: PathBuf,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [list, folder] = arguments.as_slice() else {
        return Err("usage: import LIST.csv FOLDER".into());
    };
    // The whole list is checked before the first photo is touched: a typing error should not show after an hour.
    let contacts = read_list(Path::new(list))?;
    let folder = Path::new(folder);
    fs::create_dir_all(folder)?;
    let failures = folder.join("failed.csv");
    let mut failed = csv::Writer::from_path(&failures)?;
    failed.write_record(["id", "photo", "reason"])?;

    // `stop` finishes what is in work; `cancel` would give it up.
    let stop = CancelToken::new();
    let stopper = stop.clone();
    ctrlc::set_handler(move || stopper.cancel())?;

    let style = "{bar:30} {pos}/{len} photos, {eta} to go  {msg}";
    let bar = ProgressBar::new(contacts.len() as u64).with_style(ProgressStyle::with_template(style)?);
    let mut missing = 0_u32;
    let mut broken: Option<Box<dyn Error>> = None;

    let batch = Batch::new(Options::default()).stop(stop.clone());
    // Results come in the order of the list, on this thread, so that nothing here needs a lock.
    let summary = batch.run(contacts.iter().map(|contact| &contact.photo), |index, result| {
        let contact = &contacts[index];
        let stored = match result {
            Ok(prepared) => write(folder, &contact.id, &prepared).map_err(|error| error.to_string()),
            Err(error) => Err(error.cause.to_string()),
        };
        if let Err(reason) = stored {
            missing += 1;
            bar.set_message(format!("{missing} failed"));
            let row = [contact.id.as_str(), &contact.photo.to_string_lossy(), &reason];
            if let Err(error) = failed.write_record(row) {
                // Without the list of failures nobody would learn of them.
                broken.get_or_insert(error.into());
                stop.cancel();
            }
        }
        bar.inc(1);
    })?;
    bar.finish_and_clear();
    failed.flush()?;
    if let Some(error) = broken {
        return Err(error);
    }

    let done = summary.prepared + summary.failed;
    println!("{} of {} photos are ready", done - missing as usize, contacts.len());
    if missing > 0 {
        println!("{missing} failed: see {}", failures.display());
    }
    if done < contacts.len() {
        println!("stopped: {} were not begun", contacts.len() - done);
    }
    Ok(ExitCode::from(u8::from(missing > 0 || done < contacts.len())))
}

fn read_list(list: &Path) -> Result<Vec<Contact>, Box<dyn Error>> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(list)?;
    if reader.headers()? != vec!["id", "photo"] {
        return Err(format!("{}: the columns must be id,photo", list.display()).into());
    }
    let mut seen = HashSet::new();
    let mut contacts = Vec::new();
    for row in reader.records() {
        let row = row?;
        let line = row.position().map_or(0, csv::Position::line);
        // The id becomes a file's name, so it must not be a way out of the folder.
        let id = row[0].to_owned();
        if id.is_empty() || !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
            return Err(format!("line {line}: the id {id:?} must have letters, digits, - and _ alone").into());
        }
        if !seen.insert(id.clone()) {
            return Err(format!("line {line}: the id {id} is in the list already").into());
        }
        let photo = PathBuf::from(&row[1]);
        contacts.push(Contact { id, photo });
    }
    Ok(contacts)
}

/// Writes beside the place and renames into it, so that nobody ever sees half a photo.
fn write(folder: &Path, id: &str, prepared: &Prepared) -> std::io::Result<()> {
    let unfinished = folder.join(format!(".{id}.part"));
    let target = folder
        .join(id)
        .with_extension(prepared.report().result.format.extension());
    let written = fs::write(&unfinished, prepared.bytes()).and_then(|()| fs::rename(&unfinished, target));
    if written.is_err() {
        // What is half written is of no use; that it cannot be removed would hide the reason.
        let _gone = fs::remove_file(&unfinished);
    }
    written
}
