//! What can go wrong: errors that end a decode, and damage that does not.

use std::fmt;

/// Why a JPEG was not decoded at all.
///
/// Damage inside the picture is no error: see [`DamageReport`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes do not start with a JPEG start-of-image marker: give it a JPEG.
    #[error("not a JPEG: the first bytes are not the start-of-image marker FF D8")]
    NotJpeg,
    /// A coding process or a layout that this codec does not do, known from the header. Another decoder may
    /// read it.
    #[error("declined: {0}")]
    Declined(Declined),
    /// The bytes end before the first scan: there is no picture in them. Get the file again.
    #[error("the header is cut off at byte {offset}")]
    Truncated {
        /// Number of bytes there were.
        offset: usize,
    },
    /// A marker segment contradicts T.81, so that nothing behind it can be trusted. Get the file again.
    #[error("malformed {segment} segment at byte {offset}: {reason}")]
    Malformed {
        /// Mnemonic of the segment, such as `DHT`.
        segment: &'static str,
        /// Position in the file of the segment's marker, in bytes.
        offset: usize,
        /// What was wrong, and what would have been accepted.
        reason: &'static str,
    },
    /// The picture or the effort to decode it exceeds the caller's [`Limits`](super::Limits): refuse it, or raise the
    /// limit if its source is trusted.
    #[error("{what} is {value}, the limit is {limit}")]
    Limit {
        /// The quantity that is limited, with its unit.
        what: &'static str,
        /// What the file asks for.
        value: u64,
        /// What is allowed.
        limit: u64,
    },
    /// The caller's [`CancelToken`](crate::CancelToken) was cancelled, or its deadline passed. With another token
    /// the decoder can be used again.
    #[error("cancelled")]
    Cancelled,
    /// The memory for the picture could not be had: decode at a smaller [`Scale`](super::Scale), in strips, or later.
    #[error("cannot allocate {bytes} bytes for the picture")]
    Memory {
        /// Size of the refused allocation in bytes.
        bytes: usize,
    },
}

/// What this codec declines; another decoder may take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Declined {
    /// Arithmetic entropy coding (SOF9, SOF10, SOF11).
    Arithmetic,
    /// The lossless process (SOF3).
    Lossless,
    /// The hierarchical process (DHP, SOF5 to SOF7, SOF13 to SOF15).
    Hierarchical,
    /// Samples of another precision than 8 bits.
    Precision(u8),
    /// Another number of components than one or three.
    Components(u8),
    /// A sampling factor that does not divide the largest one.
    Sampling,
}

impl fmt::Display for Declined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arithmetic => f.write_str("arithmetic coding"),
            Self::Lossless => f.write_str("the lossless process"),
            Self::Hierarchical => f.write_str("the hierarchical process"),
            Self::Precision(bits) => write!(f, "{bits}-bit samples (8-bit ones are decoded)"),
            Self::Components(count) => {
                write!(f, "{count} components (one or three are decoded)")
            }
            Self::Sampling => f.write_str("a sampling factor that does not divide the largest one"),
        }
    }
}

/// What was expected at a place where the entropy-coded data could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// A Huffman code of the current table was expected; no code starts with these bits.
    HuffmanCode,
    /// At most 63 AC coefficients were expected; a run leads past the last one.
    CoefficientRun,
    /// More data was expected; a marker came first.
    Marker(u8),
    /// More data was expected; the file ends.
    EndOfFile,
    /// The restart marker `expected` (`D0` to `D7`) was due; `found` came.
    Restart {
        /// Code of the restart marker that was due.
        expected: u8,
        /// Code of the marker that was found.
        found: u8,
    },
    /// A marker was due; at least this many bytes of data came first. No MCU is lost by it.
    ExtraData(u32),
    /// A scan was expected for this component (index in the frame); it never came.
    MissingScan(u8),
    /// The next scan was expected; its header or tables are malformed, so that the rest is not read.
    ScanHeader,
    /// An end-of-image marker was expected. No MCU is lost by it.
    MissingEndOfImage,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HuffmanCode => f.write_str("expected a Huffman code of the current table"),
            Self::CoefficientRun => f.write_str("expected at most 63 AC coefficients"),
            Self::Marker(code) => write!(f, "expected more data, found marker FF {code:02X}"),
            Self::EndOfFile => f.write_str("expected more data, found the end of the file"),
            Self::Restart { expected, found } => {
                write!(f, "expected restart marker FF {expected:02X}, found FF {found:02X}")
            }
            Self::ExtraData(bytes) => {
                write!(f, "expected a marker, found {bytes} bytes of data or more")
            }
            Self::MissingScan(index) => write!(f, "expected a scan for component {index}"),
            Self::ScanHeader => f.write_str("expected a well-formed scan header with its tables"),
            Self::MissingEndOfImage => f.write_str("expected an end-of-image marker"),
        }
    }
}

/// One place where a scan could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Damage {
    /// Number of the scan, from 0.
    pub scan: u32,
    /// First MCU of the scan that could not be read (in scan order, from 0).
    pub first_mcu: u32,
    /// Number of MCUs that could not be read from there on.
    pub mcus: u32,
    /// Position in the file where reading stopped, in bytes.
    pub offset: usize,
    /// What was expected there.
    pub problem: Problem,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "scan {}, MCU {} at byte {}: {} ({} MCUs unreadable)",
            self.scan, self.first_mcu, self.offset, self.problem, self.mcus
        )
    }
}

/// Everything that could not be read of a picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DamageReport {
    places: Vec<Damage>,
    omitted: u32,
    mcus: u64,
    unreadable: u64,
}

impl DamageReport {
    /// A hostile file can be damaged everywhere: past this many places only the sums are kept.
    const MAX_PLACES: usize = 256;

    /// Whether every MCU of every scan was read and no irregularity was met.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The damaged places in the order of reading, the first 256 of them.
    #[must_use]
    pub fn places(&self) -> &[Damage] {
        &self.places
    }

    /// Number of further places that are counted in the sums only.
    #[must_use]
    pub fn omitted(&self) -> u32 {
        self.omitted
    }

    /// Number of MCUs in all scans read so far, unreadable ones included.
    #[must_use]
    pub fn mcus(&self) -> u64 {
        self.mcus
    }

    /// Number of those MCUs that could not be read.
    #[must_use]
    pub fn unreadable_mcus(&self) -> u64 {
        self.unreadable
    }

    /// Share of the MCUs that could be read, 0 to 1.
    #[must_use]
    pub fn readable_fraction(&self) -> f64 {
        if self.mcus == 0 {
            return if self.places.is_empty() { 1.0 } else { 0.0 };
        }
        // Both are far below 2^53: exact.
        (self.mcus - self.unreadable.min(self.mcus)) as f64 / self.mcus as f64
    }

    pub(super) fn add_mcus(&mut self, mcus: usize) {
        self.mcus += mcus as u64;
    }

    /// Adds what a part of the picture met, whose MCUs are counted already, and leaves the part's report empty.
    pub fn absorb(&mut self, part: &mut Self) {
        let room = Self::MAX_PLACES - self.places.len();
        let beyond = part.places.len().saturating_sub(room);
        self.places.extend(part.places.drain(..).take(room));
        self.omitted = self
            .omitted
            .saturating_add(part.omitted)
            .saturating_add(u32::try_from(beyond).unwrap_or(u32::MAX));
        self.unreadable += part.unreadable;
        *part = Self::default();
    }

    pub(super) fn record(&mut self, damage: Damage) {
        self.unreadable += u64::from(damage.mcus);
        if self.places.len() < Self::MAX_PLACES {
            self.places.push(damage);
        } else {
            self.omitted = self.omitted.saturating_add(1);
        }
    }
}
