//! Addresses of objects: what they say is checked once, without asking anybody.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use object_store::path::Path as Key;
use reqwest::Url;

use super::error::StoreError;

/// The kinds of places that objects are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scheme {
    /// `s3://bucket/key`: Amazon S3, and what speaks its protocol.
    S3,
    /// `gs://bucket/key`: Google Cloud Storage.
    Gs,
    /// `az://container/key`: Azure Blob Storage.
    Az,
    /// `file:///path`: a file on this machine.
    File,
    /// `http://` or `https://`: a web address, which can be read and neither written nor listed.
    Web,
}

/// Each scheme with how its URIs begin.
const BEGINNINGS: [(&str, Scheme); 6] = [
    ("s3://", Scheme::S3),
    ("gs://", Scheme::Gs),
    ("az://", Scheme::Az),
    ("file://", Scheme::File),
    ("http://", Scheme::Web),
    ("https://", Scheme::Web),
];

/// The address of an object, or of all objects below a prefix, which ends in `/`.
///
/// Keys of `s3://`, `gs://` and `az://` stand as they are, as in those services' own tools: `%20` is three characters.
/// `file://` is read as a URL, where `%20` is a space.
///
/// ```
/// use photofit::store::Uri;
///
/// let uri: Uri = "s3://album/2026/dunes.jpg".parse()?;
/// assert_eq!((uri.bucket(), uri.key()), ("album", "2026/dunes.jpg"));
/// assert!(!uri.is_prefix());
/// assert!("s3:/album".parse::<Uri>().is_err());
/// # Ok::<(), photofit::store::StoreError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uri {
    text: String,
    /// Where the key begins in the text; for `file://`, whose text is encoded, the key stands in `decoded`.
    key_at: usize,
    decoded: Option<String>,
}

impl Uri {
    /// Whether a text is meant as a URI of this kind: it begins with one of the schemes.
    #[must_use]
    pub fn is_uri(text: &str) -> bool {
        scheme(text).is_some()
    }

    /// Reads a URI.
    ///
    /// # Errors
    /// [`StoreError::Address`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        let wrong = |why: String| StoreError::address(text, why);
        let Some((beginning, scheme)) = scheme(text) else {
            let known: Vec<&str> = BEGINNINGS.iter().map(|(beginning, _)| *beginning).collect();
            return Err(wrong(format!("it begins with none of {}", known.join(", "))));
        };
        match scheme {
            Scheme::Web => Self::web(text).map_err(wrong),
            Scheme::File => Self::file(text).map_err(wrong),
            Scheme::S3 | Scheme::Gs | Scheme::Az => {
                let rest = &text[beginning.len()..];
                let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
                let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
                if bucket.is_empty() || !bucket.chars().all(plain) {
                    let why = "a bucket's name is expected before the first /, of letters, digits, '-', '.' and '_'";
                    return Err(wrong(why.to_owned()));
                }
                check_key(key).map_err(wrong)?;
                // A bucket alone is the prefix of all that is in it.
                Ok(Self {
                    text: format!("{beginning}{bucket}/{key}"),
                    key_at: beginning.len() + bucket.len() + 1,
                    decoded: None,
                })
            }
        }
    }

    fn web(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|e| format!("it is no URL: {e}"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("it has a user or password in it".to_owned());
        }
        let authority = text.find("://").map_or(0, |at| at + 3);
        let end = text[authority..]
            .find(['/', '?', '#'])
            .map_or(text.len(), |at| authority + at);
        let key_at = end + usize::from(text[end..].starts_with('/'));
        Ok(Self {
            text: text.to_owned(),
            key_at,
            decoded: None,
        })
    }

    fn file(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|e| format!("it is no URL: {e}"))?;
        let path = url.to_file_path();
        let path = path.map_err(|()| "a path is expected, as in file:///photos/a.jpg".to_owned())?;
        let Some(path) = path.to_str() else {
            return Err("its path is not UTF-8".to_owned());
        };
        let key = path.trim_start_matches('/').replace(std::path::MAIN_SEPARATOR, "/");
        check_key(&key)?;
        Ok(Self {
            text: text.to_owned(),
            key_at: "file:///".len(),
            decoded: Some(key),
        })
    }

    /// The URI of a file.
    ///
    /// # Errors
    /// [`StoreError::Address`] if the path is not absolute.
    pub fn of_file(path: &Path) -> Result<Self, StoreError> {
        match Url::from_file_path(path) {
            Ok(url) => Self::parse(url.as_str()),
            Err(()) => {
                let text = path.to_string_lossy();
                Err(StoreError::address(&text, "an absolute path is expected".to_owned()))
            }
        }
    }

    /// The kind of place.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        // It was found when the text was read.
        scheme(&self.text).map_or(Scheme::Web, |(_, scheme)| scheme)
    }

    /// The whole address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The bucket or container, of a web address the host; empty for a file.
    #[must_use]
    pub fn bucket(&self) -> &str {
        let (_, rest) = self.text.split_once("://").unwrap_or_default();
        rest.split(['/', '?', '#']).next().unwrap_or_default()
    }

    /// The object's key in its bucket; of a file its path, without a `/` at its beginning; of a web address what follows
    /// the host.
    #[must_use]
    pub fn key(&self) -> &str {
        self.decoded.as_deref().unwrap_or(&self.text[self.key_at..])
    }

    /// The last part of the key, by which an object is called; empty for a prefix. Of a web address without its query.
    #[must_use]
    pub fn name(&self) -> &str {
        let key = match self.scheme() {
            Scheme::Web => self.key().split(['?', '#']).next().unwrap_or_default(),
            _ => self.key(),
        };
        key.rsplit('/').next().unwrap_or_default()
    }

    /// Whether it stands for all objects below it.
    #[must_use]
    pub fn is_prefix(&self) -> bool {
        self.scheme() != Scheme::Web && (self.key().is_empty() || self.key().ends_with('/'))
    }

    /// The path of a file, `None` for what is none.
    #[must_use]
    pub fn to_file_path(&self) -> Option<PathBuf> {
        self.decoded.as_ref()?;
        Url::parse(&self.text).ok()?.to_file_path().ok()
    }

    /// The URI of what is called `relative` below this one, which is taken as a prefix whether it ends in `/` or not.
    ///
    /// # Errors
    /// [`StoreError::Address`] for a name that is no key, and [`StoreError::ReadOnly`] for a web address.
    pub fn join(&self, relative: &str) -> Result<Self, StoreError> {
        let slash = if self.text.ends_with('/') { "" } else { "/" };
        match self.scheme() {
            Scheme::Web => Err(StoreError::ReadOnly { uri: self.to_string() }),
            Scheme::File => {
                let base = self.to_file_path().unwrap_or_default();
                check_key(relative).map_err(|why| StoreError::address(relative, why))?;
                Self::of_file(&base.join(relative))
            }
            _ => Self::parse(&format!("{self}{slash}{relative}")),
        }
    }

    /// The key as the library below wants it.
    pub(super) fn to_key(&self) -> Result<Key, StoreError> {
        Key::parse(self.key()).map_err(|e| StoreError::address(&self.text, e.to_string()))
    }

    /// The URI of another key in the same bucket.
    pub(super) fn with_key(&self, key: &Key) -> Result<Self, StoreError> {
        match self.scheme() {
            Scheme::File => Self::of_file(&Path::new("/").join(key.as_ref())),
            _ => Self::parse(&format!("{}{key}", &self.text[..self.key_at])),
        }
    }

    /// What distinguishes clients: the scheme and the bucket.
    pub(super) fn place(&self) -> &str {
        &self.text[..self.key_at]
    }
}

/// The scheme that a text begins with.
fn scheme(text: &str) -> Option<(&'static str, Scheme)> {
    BEGINNINGS
        .into_iter()
        .find(|(beginning, _)| text.starts_with(beginning))
}

/// Keys that other tools would not find again, or take for another one, are refused.
fn check_key(key: &str) -> Result<(), String> {
    let inside = key.strip_suffix('/').unwrap_or(key);
    if inside.is_empty() {
        return if key.is_empty() { Ok(()) } else { Err(empty()) };
    }
    for part in inside.split('/') {
        match part {
            "" => return Err(empty()),
            "." | ".." => return Err(format!("{part:?} is no part of a key")),
            _ if part.chars().any(|c| c.is_ascii_control()) => {
                return Err("a key has no control characters".to_owned());
            }
            _ => {}
        }
    }
    Ok(())
}

fn empty() -> String {
    "there is nothing between two slashes of its key".to_owned()
}

impl FromStr for Uri {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        Self::parse(text)
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_are_taken_apart() {
        for (text, scheme, bucket, key, name, prefix) in [
            ("s3://b/a/c.jpg", Scheme::S3, "b", "a/c.jpg", "c.jpg", false),
            (
                "s3://b/a b%20#?.jpg",
                Scheme::S3,
                "b",
                "a b%20#?.jpg",
                "a b%20#?.jpg",
                false,
            ),
            ("gs://my_b.x/a/", Scheme::Gs, "my_b.x", "a/", "", true),
            ("az://c", Scheme::Az, "c", "", "", true),
            ("az://c/", Scheme::Az, "c", "", "", true),
            (
                "https://h:81/a/b.jpg?k=x/y",
                Scheme::Web,
                "h:81",
                "a/b.jpg?k=x/y",
                "b.jpg",
                false,
            ),
            ("http://h?q=/x", Scheme::Web, "h", "?q=/x", "", false),
            ("https://h/", Scheme::Web, "h", "", "", false),
        ] {
            let uri = Uri::parse(text).expect(text);
            assert_eq!(uri.scheme(), scheme, "{text}");
            assert_eq!((uri.bucket(), uri.key(), uri.name()), (bucket, key, name), "{text}");
            assert_eq!(uri.is_prefix(), prefix, "{text}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn uris_of_files_are_decoded() {
        let uri = Uri::parse("file:///my%20photos/a.jpg").expect("a file");
        assert_eq!((uri.bucket(), uri.key()), ("", "my photos/a.jpg"));
        assert_eq!(uri.to_file_path().as_deref(), Some(Path::new("/my photos/a.jpg")));
        assert_eq!(Uri::of_file(Path::new("/my photos/a.jpg")).expect("absolute"), uri);
        assert!(Uri::of_file(Path::new("a.jpg")).is_err());
    }

    #[test]
    fn what_is_no_uri_is_refused_with_a_reason() {
        for (text, why) in [
            ("a.jpg", "begins with none of"),
            ("s3:/b/a", "begins with none of"),
            ("S3://b/a", "begins with none of"),
            ("s3://", "bucket"),
            ("s3:///a", "bucket"),
            ("s3://b@c/a", "bucket"),
            ("s3://b/a//c", "two slashes"),
            ("s3://b//", "two slashes"),
            ("s3://b//a", "two slashes"),
            ("s3://b/../a", "\"..\""),
            ("s3://b/a\nb", "control"),
            ("file://host/a", "path"),
            ("http://", "no URL"),
            ("https://me:pw@h/a", "password"),
        ] {
            let error = Uri::parse(text).expect_err(text).to_string();
            assert!(error.contains(why), "{text}: {error}");
            assert!(!error.contains(":pw@"), "{error}");
        }
    }

    #[test]
    fn what_is_read_is_written_the_same() {
        for text in [
            "s3://b/a/c.jpg",
            "gs://b/ä ö/",
            "az://c/x%2F",
            "https://h/a?b#c",
            "file:///a/b%20c",
        ] {
            assert_eq!(Uri::parse(text).expect(text).to_string(), text);
        }
        assert_eq!(Uri::parse("s3://b").expect("a bucket").to_string(), "s3://b/");
    }

    #[test]
    fn names_are_joined_below() {
        let join = |base: &str, name: &str| Uri::parse(base).and_then(|base| base.join(name));
        for base in ["s3://b/out", "s3://b/out/"] {
            assert_eq!(join(base, "a/b.jpg").expect("a key").to_string(), "s3://b/out/a/b.jpg");
        }
        assert_eq!(join("s3://b", "a.jpg").expect("a key").to_string(), "s3://b/a.jpg");
        assert!(matches!(join("s3://b", "../a"), Err(StoreError::Address { .. })));
        assert!(matches!(join("file:///tmp", "../a"), Err(StoreError::Address { .. })));
        assert!(matches!(join("https://h/a", "b"), Err(StoreError::ReadOnly { .. })));
    }
}
