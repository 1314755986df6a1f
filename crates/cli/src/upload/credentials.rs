//! Where the credentials come from: the environment or a file, never the command line.

use std::collections::HashMap;
use std::path::Path;

use photofit::CancelToken;
use photofit::bigin::Credentials;
use photofit::place::file;

use super::super::Error;

/// The most bytes of a file with credentials: a few lines.
const LARGEST: u64 = 64 * 1024;

const ACCESS: &str = "BIGIN_ACCESS_TOKEN";
const REFRESH: [&str; 3] = ["BIGIN_REFRESH_TOKEN", "BIGIN_CLIENT_ID", "BIGIN_CLIENT_SECRET"];

/// The credentials of the file, or of the environment where there is none; `None` if nothing is set.
///
/// # Errors
/// [`Error`] for a file that cannot be read or that others can read, and for credentials with a part missing. No message
/// has a secret in it.
pub(super) fn find(file: Option<&Path>) -> Result<Option<Credentials>, Error> {
    match file {
        Some(path) => choose(&read(path)?, &format!("in {}", path.display())).map(Some),
        None => {
            let set = |name: &&'static str| Some((name.to_string(), std::env::var(*name).ok()?));
            let all = [ACCESS, REFRESH[0], REFRESH[1], REFRESH[2]];
            let values: HashMap<_, _> = all.iter().filter_map(set).filter(|(_, v)| !v.is_empty()).collect();
            if values.is_empty() {
                Ok(None)
            } else {
                choose(&values, "in the environment").map(Some)
            }
        }
    }
}

fn choose(values: &HashMap<String, String>, place: &str) -> Result<Credentials, Error> {
    let get = |name: &str| values.get(name).map(String::as_str);
    match REFRESH.map(get) {
        [Some(token), Some(id), Some(secret)] => return Ok(Credentials::refresh_token(token, id, secret)),
        [None, None, None] => {}
        parts => {
            let missing: Vec<&str> = REFRESH
                .iter()
                .zip(parts)
                .filter(|(_, p)| p.is_none())
                .map(|(n, _)| *n)
                .collect();
            return Err(Error::usage(format!("{} is missing {place}", missing.join(" and "))));
        }
    }
    match get(ACCESS) {
        Some(token) => Ok(Credentials::access_token(token)),
        None => Err(Error::usage(format!("{} is missing {place}", missing_all()))),
    }
}

/// What is needed, in words.
pub(super) fn missing_all() -> String {
    format!("{ACCESS}, or {}, {} and {},", REFRESH[0], REFRESH[1], REFRESH[2])
}

/// The lines `NAME=value` of a file that nobody else can read.
fn read(path: &Path) -> Result<HashMap<String, String>, Error> {
    let failed = |source| Error::File {
        what: "read",
        path: path.to_owned(),
        source,
    };
    // What another program prints may come as a FIFO.
    let never = CancelToken::new();
    let opened = file::open(path, &never, &never).map_err(failed)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = opened.metadata().map_err(failed)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(Error::usage(format!(
                "{} can be read by others (mode {:03o}): chmod 600 it",
                path.display(),
                mode & 0o777
            )));
        }
    }
    let text = opened.read(LARGEST).map_err(failed)?;
    let text = String::from_utf8(text).map_err(|_| failed(std::io::Error::other("it is not UTF-8")))?;
    let mut values = HashMap::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        // The line itself is not repeated: it may be a secret.
        let known = |name: &str| name == ACCESS || REFRESH.contains(&name);
        match line.split_once('=') {
            Some((name, value)) if known(name.trim()) => {
                values.insert(name.trim().to_owned(), value.trim().trim_matches('"').to_owned());
            }
            _ => {
                let message = format!(
                    "{} line {}: NAME=value is expected, with NAME {}",
                    path.display(),
                    index + 1,
                    missing_all()
                );
                return Err(Error::usage(message.trim_end_matches(',')));
            }
        }
    }
    Ok(values)
}
