//! Opens what is read: regular files, and streams (FIFOs and standard input), which may keep their reader waiting.
//!
//! Devices and sockets are refused before they are opened: opening one may do something already, and reading it may never
//! end.
//!
//! ```no_run
//! use std::path::Path;
//!
//! let bytes = photofit::place::file::read_regular(Path::new("photo.jpg"), 100_000_000)?;
//! # Ok::<(), std::io::Error>(())
//! ```

use std::fmt;
use std::fs::{self, File, FileType, Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::CancelToken;

/// How long a stream that says nothing is waited for until its reader looks around.
#[cfg_attr(not(unix), allow(dead_code, reason = "nobody looks around there"))]
const PATIENCE: Duration = Duration::from_millis(20);

/// How long a stream may say nothing once the run is to end: a photo that is coming in is finished.
const GRACE: Duration = Duration::from_secs(1);

/// What was opened.
#[derive(Debug)]
pub enum Opened {
    /// A regular file, and its bytes.
    File(File, u64),
    /// A FIFO.
    Stream(Stream),
}

impl Opened {
    /// What the system knows of it.
    ///
    /// # Errors
    /// The system's.
    pub fn metadata(&self) -> io::Result<Metadata> {
        match self {
            Self::File(file, _) => file.metadata(),
            #[cfg(unix)]
            Self::Stream(stream) => stream.file.metadata(),
            #[cfg(not(unix))]
            Self::Stream(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// All of it.
    ///
    /// # Errors
    /// The system's, and one if it has more than `limit` bytes.
    pub fn read(self, limit: u64) -> io::Result<Vec<u8>> {
        match self {
            Self::File(file, _) => bounded(file, limit),
            Self::Stream(stream) => bounded(stream, limit),
        }
    }
}

/// Opens a regular file or a FIFO, without waiting for somebody to write to the FIFO: its reader does that, until it is
/// given up as [`Stream`] says.
///
/// # Errors
/// The system's, and for anything else one that says what it is.
pub fn open(path: &Path, cancel: &CancelToken, stop: &CancelToken) -> io::Result<Opened> {
    let check = |kind: FileType| match kind {
        kind if kind.is_file() || is_fifo(kind) => Ok(()),
        kind => Err(other(kind, "a regular file or a FIFO")),
    };
    check(fs::metadata(path)?.file_type())?;
    let file = without_waiting(path)?;
    // By now it may be another one.
    let metadata = file.metadata()?;
    check(metadata.file_type())?;
    Ok(if metadata.is_file() {
        Opened::File(file, metadata.len())
    } else {
        Opened::Stream(Stream::new(file, true, cancel, stop))
    })
}

/// Opens a regular file.
///
/// # Errors
/// The system's, and for anything else one that says what it is.
pub fn open_regular(path: &Path) -> io::Result<File> {
    let check = |kind: FileType| match kind {
        kind if kind.is_file() => Ok(()),
        kind => Err(other(kind, "a regular file")),
    };
    check(fs::metadata(path)?.file_type())?;
    let file = without_waiting(path)?;
    check(file.metadata()?.file_type())?;
    Ok(file)
}

/// All of a regular file.
///
/// # Errors
/// Those of [`open_regular`], and one if it has more than `limit` bytes.
pub fn read_regular(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    bounded(open_regular(path)?, limit)
}

/// All of a regular file or FIFO, which may take as long as it takes.
///
/// # Errors
/// Those of [`open`], and one if it has more than `limit` bytes.
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let never = CancelToken::new();
    open(path, &never, &never)?.read(limit)
}

/// All that `reader` gives.
///
/// # Errors
/// The system's, and one if there are more than `limit` bytes.
pub fn bounded(reader: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        let message = format!("it has more than {limit} bytes, which is the most that is read");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

/// The options of a file whose opening nobody waits for, whatever it is: without them a FIFO is waited for until somebody writes.
pub fn options() -> OpenOptions {
    #[allow(unused_mut, reason = "nothing to be set elsewhere than on Unix")]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(nix::libc::O_NONBLOCK | nix::libc::O_NOCTTY);
    }
    options
}

fn without_waiting(path: &Path) -> io::Result<File> {
    match options().read(true).open(path) {
        // On a regular file it says that somebody has a lease on it, which takes a moment to be given back.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => File::open(path),
        opened => opened,
    }
}

/// What to say of a file that cannot be read because of what it is.
fn other(kind: FileType, accepted: &str) -> io::Error {
    if kind.is_dir() {
        return io::Error::new(io::ErrorKind::IsADirectory, "it is a folder");
    }
    let message = format!("it is {}: {accepted} is needed", name(kind));
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

/// The kind of a file, with its article: `a folder`, `a FIFO`.
#[must_use]
pub fn name(kind: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return "a FIFO";
        } else if kind.is_socket() {
            return "a socket";
        } else if kind.is_char_device() {
            return "a character device";
        } else if kind.is_block_device() {
            return "a block device";
        }
    }
    if kind.is_dir() {
        "a folder"
    } else if kind.is_file() {
        "a regular file"
    } else {
        "no regular file"
    }
}

/// Whether the path names a FIFO, which can be read only once.
#[must_use]
pub fn is_stream(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| is_fifo(metadata.file_type()))
}

#[cfg(unix)]
fn is_fifo(kind: FileType) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(&kind)
}

#[cfg(not(unix))]
fn is_fifo(_: FileType) -> bool {
    false
}

/// What may keep its reader waiting: standard input, or a FIFO. It is given up as soon as `cancel` is cancelled, and where `stop` is, once it has said
/// nothing for a second.
pub struct Stream {
    file: Handle,
    /// Whether its end may mean that nobody writes to it yet.
    #[cfg_attr(not(unix), allow(dead_code, reason = "there are no FIFOs"))]
    may_begin: bool,
    cancel: CancelToken,
    stop: CancelToken,
    /// Since when it has said nothing, though the run is to end.
    quiet: Option<Instant>,
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("may_begin", &self.may_begin)
            .finish_non_exhaustive()
    }
}

#[cfg(unix)]
type Handle = File;
#[cfg(not(unix))]
type Handle = Box<dyn Read>;

impl Stream {
    fn new(file: impl Into<Handle>, may_begin: bool, cancel: &CancelToken, stop: &CancelToken) -> Self {
        Self {
            file: file.into(),
            may_begin,
            cancel: cancel.clone(),
            stop: stop.clone(),
            quiet: None,
        }
    }

    /// Standard input. Nobody else may have read of it.
    ///
    /// # Errors
    /// The system's.
    #[cfg(unix)]
    pub fn stdin(cancel: &CancelToken, stop: &CancelToken) -> io::Result<Self> {
        use std::os::fd::AsFd;
        let file = io::stdin().as_fd().try_clone_to_owned()?;
        Ok(Self::new(file, false, cancel, stop))
    }

    /// The same where it cannot be asked whether there is something to be read: it is not given up while it waits.
    #[cfg(not(unix))]
    pub fn stdin(cancel: &CancelToken, stop: &CancelToken) -> io::Result<Self> {
        let stdin: Box<dyn Read> = Box::new(io::stdin());
        Ok(Self::new(stdin, false, cancel, stop))
    }

    /// An error if nobody wants to wait any longer.
    fn check(&mut self) -> io::Result<()> {
        let given_up = |why| Err(io::Error::new(io::ErrorKind::TimedOut, why));
        if self.cancel.is_cancelled() {
            return given_up("the time for it is over");
        }
        if self.stop.is_cancelled() {
            let since = *self.quiet.get_or_insert_with(Instant::now);
            if since.elapsed() >= GRACE {
                return given_up("nothing more came when the run was ended");
            }
        }
        Ok(())
    }
}

#[cfg(unix)]
impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
        use std::os::fd::AsFd;
        let patience = PollTimeout::try_from(PATIENCE).unwrap_or(PollTimeout::ZERO);
        loop {
            self.check()?;
            let mut asked = [PollFd::new(self.file.as_fd(), PollFlags::POLLIN)];
            // An error here may be a signal; a real one the next reading has too.
            if poll(&mut asked, patience) == Ok(0) {
                continue;
            }
            let hung_up = asked[0]
                .revents()
                .is_some_and(|events| events.contains(PollFlags::POLLHUP));
            match self.file.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // Not on every system a FIFO that nobody has written to yet waits.
                Ok(0) if self.may_begin && !hung_up && !buffer.is_empty() => {}
                read => {
                    self.may_begin = false;
                    self.quiet = None;
                    return read;
                }
            }
            std::thread::sleep(PATIENCE);
        }
    }
}

#[cfg(not(unix))]
impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.check()?;
        self.file.read(buffer)
    }
}
