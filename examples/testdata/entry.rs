//! What the generator makes: files with what they are and what is expected of photofit.

/// Any error: the generator stops at the first.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// What `photofit prep` with its defaults is to do with a file.
#[derive(Clone, Copy)]
pub(crate) enum Expected {
    /// A conforming photo comes out.
    Ok,
    /// An error of this kind (`photofit::Error::kind`); where decoders may reasonably differ, of one of these.
    Refuse(&'static [&'static str]),
}

/// One file of the test data.
pub(crate) struct Entry {
    /// Path below `testdata/`, with `/` between folders.
    pub(crate) path: String,
    pub(crate) bytes: Vec<u8>,
    /// The format's name.
    pub(crate) format: &'static str,
    /// Width and height in pixels as stored or claimed; 0 where the file has none.
    pub(crate) size: (usize, usize),
    /// The EXIF orientation that a reader has to apply, 1 to 8.
    pub(crate) orientation: u16,
    /// What is special about the file.
    pub(crate) special: String,
    pub(crate) expected: Expected,
}

/// Collects the files of one folder.
pub(crate) struct Shelf {
    folder: &'static str,
    pub(crate) entries: Vec<Entry>,
}

impl Shelf {
    pub(crate) const fn new(folder: &'static str) -> Self {
        Self {
            folder,
            entries: Vec::new(),
        }
    }

    /// Adds an upright file that is to be accepted.
    pub(crate) fn ok(&mut self, name: &str, format: &'static str, size: (usize, usize), special: &str, bytes: Vec<u8>) {
        self.turned(name, format, size, 1, special, bytes);
    }

    /// Adds a file that is to be accepted and turned.
    pub(crate) fn turned(
        &mut self,
        name: &str,
        format: &'static str,
        size: (usize, usize),
        orientation: u16,
        special: &str,
        bytes: Vec<u8>,
    ) {
        self.entries.push(Entry {
            path: format!("{}/{name}", self.folder),
            bytes,
            format,
            size,
            orientation,
            special: special.to_owned(),
            expected: Expected::Ok,
        });
    }

    /// Adds a file that is to be refused with one of `kinds`; without any it is answered all the same.
    pub(crate) fn refuse(
        &mut self,
        name: &str,
        format: &'static str,
        size: (usize, usize),
        kinds: &'static [&'static str],
        special: &str,
        bytes: Vec<u8>,
    ) {
        self.ok(name, format, size, special, bytes);
        if let Some(last) = self.entries.last_mut()
            && !kinds.is_empty()
        {
            last.expected = Expected::Refuse(kinds);
        }
    }
}

/// The table of all files, one line each.
pub(crate) fn manifest(entries: &[Entry]) -> String {
    let mut table = String::from("path\tformat\twidth\theight\torientation\tspecial\texpected\n");
    for e in entries {
        let side = |v: usize| if v == 0 { "-".to_owned() } else { v.to_string() };
        let expected = match e.expected {
            Expected::Ok => "ok".to_owned(),
            Expected::Refuse(kinds) => format!("refuse:{}", kinds.join("|")),
        };
        let line = [
            e.path.as_str(),
            e.format,
            &side(e.size.0),
            &side(e.size.1),
            &e.orientation.to_string(),
            &e.special,
            &expected,
        ];
        table.push_str(&line.join("\t"));
        table.push('\n');
    }
    table
}
