//! Compressions that give bytes one after another: none, PackBits, LZW, deflate and those of faxes.

use flate2::{Decompress, FlushDecompress, Status};
use weezl::decode::{Configuration, Decoder as LzwDecoder};
use weezl::{BitOrder, LzwStatus};

use super::compression::{Broken, Compression};
use super::fax::Fax;

/// The bytes of a strip or tile, read one after another.
pub(super) enum Bytes<'a> {
    Plain(&'a [u8]),
    PackBits(PackBits<'a>),
    Lzw(LzwDecoder, &'a [u8]),
    Deflate(Box<Decompress>, &'a [u8]),
    Fax(Box<Fax<'a>>),
}

impl<'a> Bytes<'a> {
    /// Those of `stored`; not for JPEG. A fax has rows of `width` pixels.
    pub(super) fn new(compression: Compression, stored: &'a [u8], width: u32, t4_options: u64) -> Self {
        match compression {
            Compression::Lzw => Self::Lzw(lzw(stored), stored),
            Compression::Deflate => Self::Deflate(Box::new(Decompress::new(true)), stored),
            Compression::PackBits => Self::PackBits(PackBits {
                rest: stored,
                run: Run::None,
            }),
            fax if fax.is_fax() => Self::Fax(Box::new(Fax::new(fax, stored, width, t4_options))),
            _ => Self::Plain(stored),
        }
    }

    /// Fills `out` with the next bytes: for a fax with a row.
    ///
    /// # Errors
    /// Why there are not so many.
    pub(super) fn read(&mut self, out: &mut [u8]) -> Result<(), Broken> {
        match self {
            Self::Plain(rest) => {
                let (head, tail) = rest.split_at_checked(out.len()).ok_or(CUT)?;
                out.copy_from_slice(head);
                *rest = tail;
                Ok(())
            }
            Self::PackBits(packed) => packed.read(out),
            Self::Lzw(decoder, rest) => read_lzw(decoder, rest, out),
            Self::Deflate(decoder, rest) => read_deflate(decoder, rest, out),
            Self::Fax(fax) => fax.read(out),
        }
    }

    /// Rows that were given although a part of them could not be read.
    pub(super) fn bad_rows(&self) -> u32 {
        match self {
            Self::Fax(fax) => fax.bad_rows(),
            _ => 0,
        }
    }
}

/// What is said of data that ends before its rows do.
const CUT: &str = "a strip or tile is cut short";

/// The first versions of libtiff, and those who had their code from it, wrote codes from the low bits up, and widened them
/// one code later. Such data begins with a clear code of 9 bits, which in the order of TIFF 6.0 would be no code to begin with.
fn lzw(stored: &[u8]) -> LzwDecoder {
    let old = matches!(stored, [0, second, ..] if second & 1 == 1);
    let configuration = if old {
        Configuration::new(BitOrder::Lsb, 8)
    } else {
        Configuration::with_tiff_size_switch(BitOrder::Msb, 8)
    };
    // Codes behind the last row need not be sound.
    configuration.with_yield_on_full_buffer(true).build()
}

fn read_lzw(decoder: &mut LzwDecoder, rest: &mut &[u8], mut out: &mut [u8]) -> Result<(), Broken> {
    // A code may be taken in with nothing given out for it yet, so that only twice nothing is the end. The status
    // `NoProgress` comes with progress too.
    let mut idle = 0;
    while !out.is_empty() {
        let result = decoder.decode_bytes(rest, out);
        *rest = rest.get(result.consumed_in..).unwrap_or_default();
        out = out.get_mut(result.consumed_out..).unwrap_or_default();
        let status = result.status?;
        idle = if result.consumed_in == 0 && result.consumed_out == 0 {
            idle + 1
        } else {
            0
        };
        if !out.is_empty() && (matches!(status, LzwStatus::Done) || idle == 2) {
            return Err(CUT.into());
        }
    }
    Ok(())
}

fn read_deflate(decoder: &mut Decompress, rest: &mut &[u8], mut out: &mut [u8]) -> Result<(), Broken> {
    while !out.is_empty() {
        let before = (decoder.total_in(), decoder.total_out());
        let status = decoder.decompress(rest, out, FlushDecompress::None)?;
        let taken = usize::try_from(decoder.total_in() - before.0).unwrap_or(usize::MAX);
        let given = usize::try_from(decoder.total_out() - before.1).unwrap_or(usize::MAX);
        *rest = rest.get(taken..).unwrap_or_default();
        out = out.get_mut(given..).unwrap_or_default();
        let stands = taken == 0 && given == 0;
        if !out.is_empty() && (status == Status::StreamEnd || stands) {
            return Err(CUT.into());
        }
    }
    Ok(())
}

/// PackBits (TIFF 6.0, section 9).
pub(super) struct PackBits<'a> {
    rest: &'a [u8],
    run: Run,
}

/// What is left of a run. Runs should end with their row, and do not always.
enum Run {
    None,
    Copy(usize),
    Repeat(u8, usize),
}

impl PackBits<'_> {
    fn read(&mut self, mut out: &mut [u8]) -> Result<(), Broken> {
        while !out.is_empty() {
            match self.run {
                Run::None => self.next_run()?,
                Run::Copy(left) => {
                    let now = left.min(out.len());
                    let (from, rest) = self.rest.split_at_checked(now).ok_or(CUT)?;
                    let (to, tail) = out.split_at_mut(now);
                    to.copy_from_slice(from);
                    (self.rest, out) = (rest, tail);
                    self.run = if left > now { Run::Copy(left - now) } else { Run::None };
                }
                Run::Repeat(value, left) => {
                    let now = left.min(out.len());
                    let (to, tail) = out.split_at_mut(now);
                    to.fill(value);
                    out = tail;
                    self.run = if left > now {
                        Run::Repeat(value, left - now)
                    } else {
                        Run::None
                    };
                }
            }
        }
        Ok(())
    }

    fn next_run(&mut self) -> Result<(), Broken> {
        let (&head, rest) = self.rest.split_first().ok_or(CUT)?;
        self.rest = rest;
        self.run = match head {
            0..=127 => Run::Copy(usize::from(head) + 1),
            // It stands for nothing.
            128 => Run::None,
            129.. => {
                let (&value, rest) = self.rest.split_first().ok_or(CUT)?;
                self.rest = rest;
                Run::Repeat(value, 257 - usize::from(head))
            }
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_may_go_on_in_the_next_row() {
        let packed = [0xFD, 7, 128, 2, 1, 2, 3];
        let mut bytes = Bytes::new(Compression::PackBits, &packed, 1, 0);
        let mut row = [0; 3];
        bytes.read(&mut row).unwrap();
        assert_eq!(row, [7, 7, 7]);
        bytes.read(&mut row).unwrap();
        assert_eq!(row, [7, 1, 2]);
        assert!(bytes.read(&mut row).is_err());
    }

    #[test]
    fn lzw_comes_out_the_same_in_rows_of_any_length() {
        let data: Vec<u8> = (0..40_000u32)
            .map(|i| u8::try_from(i * i / 7000 % 5).unwrap())
            .collect();
        let packed = weezl::encode::Encoder::with_tiff_size_switch(BitOrder::Msb, 8)
            .encode(&data)
            .unwrap();
        for length in [1, 2, 3, 4, 7, 64, 1000, 40_000] {
            let mut bytes = Bytes::new(Compression::Lzw, &packed, 1, 0);
            let mut row = vec![0; length];
            for want in data.chunks_exact(length) {
                bytes.read(&mut row).unwrap();
                assert!(row == want, "{length}");
            }
        }
    }

    #[test]
    fn what_is_cut_short_is_told_and_ends() {
        let mut out = [0; 1000];
        for compression in [
            Compression::None,
            Compression::Lzw,
            Compression::PackBits,
            Compression::Deflate,
            Compression::FaxRows { words: true },
            Compression::Fax3,
            Compression::Fax4,
        ] {
            for stored in [&[][..], &[0; 9]] {
                let mut bytes = Bytes::new(compression, stored, 8000, 1);
                let told = bytes.read(&mut out).is_err() || bytes.bad_rows() > 0;
                assert!(told, "{compression:?} {stored:?}");
            }
        }
    }
}
