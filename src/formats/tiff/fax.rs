//! The compressions of faxes: rows of runs, by themselves (ITU-T T.4, one-dimensional) or by what changed since the row
//! above (T.4 two-dimensional, T.6), with the options of TIFF 6.0, sections 10 and 11. The codes are those of `fax`.

use std::convert::Infallible;

use fax::maps::{Mode, black, mode, white};

use super::compression::{Broken, Compression};

/// Bits of the field T4Options.
const TWO_DIMENSIONAL: u64 = 1;

/// A reader of rows. In them 1 is black.
pub(super) struct Fax<'a> {
    bits: Bits<'a>,
    kind: Compression,
    width: u32,
    two_dimensional: bool,
    /// Where the colour changes in the row above, and in this one, beginning with the change to black.
    above: Vec<u32>,
    row: Vec<u32>,
    /// Whether the end of the block was met: what is missing then is white.
    ended: bool,
    rows: u32,
    bad_rows: u32,
}

/// Bits from the highest down. Behind the data there are zeros, which begin no code.
#[derive(Clone, Copy)]
struct Bits<'a> {
    data: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn is_behind(&self) -> bool {
        self.at > self.data.len().saturating_mul(8)
    }

    /// Up to 16 bits.
    fn look(&self, count: u8) -> u16 {
        let byte = |i: usize| u32::from(self.data.get(self.at / 8 + i).copied().unwrap_or(0));
        let word = byte(0) << 16 | byte(1) << 8 | byte(2);
        let shift = 24 - self.at % 8 - usize::from(count.min(16));
        let mask = (1u32 << count.min(16)) - 1;
        u16::try_from(word >> shift & mask).unwrap_or(0)
    }

    fn skip(&mut self, count: usize) {
        self.at = self.at.saturating_add(count);
    }

    /// The bits behind an end of line, if there is one here.
    fn behind_end_of_line(&self) -> Option<Self> {
        if self.look(11) != 0 {
            return None;
        }
        let mut bits = *self;
        while bits.look(1) == 0 {
            // Whole bytes of zeros may fill a line up.
            let step = if bits.look(8) == 0 { 8 } else { 1 };
            bits.skip(step);
            if bits.is_behind() {
                return None;
            }
        }
        bits.skip(1);
        Some(bits)
    }

    fn align(&mut self, unit: usize) {
        self.at = self.at.next_multiple_of(unit);
    }
}

impl fax::BitReader for Bits<'_> {
    type Error = Infallible;

    fn peek(&self, bits: u8) -> Option<u16> {
        Some(self.look(bits))
    }

    fn consume(&mut self, bits: u8) -> Result<(), Infallible> {
        self.skip(bits.into());
        Ok(())
    }

    fn bits_to_byte_boundary(&self) -> u8 {
        u8::try_from((8 - self.at % 8) % 8).unwrap_or(0)
    }
}

/// Why a row ends before its width.
enum End {
    /// No code begins so, or the data ends.
    NoCode,
    /// Two ends of lines of T.6: behind them there is nothing.
    Block,
    Uncompressed,
}

impl<'a> Fax<'a> {
    pub(super) fn new(kind: Compression, data: &'a [u8], width: u32, t4_options: u64) -> Self {
        Self {
            bits: Bits { data, at: 0 },
            kind,
            width,
            two_dimensional: kind == Compression::Fax4
                || (kind == Compression::Fax3 && t4_options & TWO_DIMENSIONAL != 0),
            above: Vec::new(),
            row: Vec::new(),
            ended: false,
            rows: 0,
            bad_rows: 0,
        }
    }

    pub(super) fn bad_rows(&self) -> u32 {
        self.bad_rows
    }

    /// The next row, into as many bytes as it has.
    pub(super) fn read(&mut self, out: &mut [u8]) -> Result<(), Broken> {
        std::mem::swap(&mut self.above, &mut self.row);
        self.row.clear();
        if !self.ended {
            let end = match self.kind {
                Compression::Fax3 => self.row_of_t4()?,
                Compression::Fax4 => self.coded_by_above(),
                _ => self.coded_alone(),
            };
            self.rows += 1;
            match (self.kind, end) {
                (_, Ok(())) => {}
                // Rows that are white to the end of the page may be left out.
                (Compression::Fax4, Err(End::Block)) if self.rows > 1 => self.ended = true,
                (_, Err(End::Uncompressed)) => return Err("a fax row is not compressed".into()),
                // Each row of T.4 begins with a mark that can be found again.
                (Compression::Fax3, Err(_)) => {
                    self.bad_rows += 1;
                    self.find_end_of_line()?;
                }
                (_, Err(_)) => return Err("a fax row has no code where one should be".into()),
            }
            match self.kind {
                Compression::FaxRows { words: true } => self.bits.align(16),
                Compression::FaxRows { words: false } => self.bits.align(8),
                _ => {}
            }
        }
        paint(&self.row, self.width, out);
        Ok(())
    }

    /// A row of T.4, behind the end of line that should stand in front of it.
    fn row_of_t4(&mut self) -> Result<Result<(), End>, Broken> {
        let marked = self.skip_end_of_line();
        if self.bits.is_behind() || self.bits.at / 8 >= self.bits.data.len() {
            return Err("a strip or tile is cut short".into());
        }
        if self.two_dimensional {
            let alone = self.bits.look(1) == 1;
            if marked {
                self.bits.skip(1);
            }
            if marked && self.skip_end_of_line() {
                return Err("a fax ends before its last row".into());
            }
            return Ok(if alone || !marked {
                self.coded_alone()
            } else {
                self.coded_by_above()
            });
        }
        if marked && self.skip_end_of_line() {
            return Err("a fax ends before its last row".into());
        }
        Ok(self.coded_alone())
    }

    /// Passes over an end of line, eleven zeros or more and a one, if there is one here.
    fn skip_end_of_line(&mut self) -> bool {
        let behind = self.bits.behind_end_of_line();
        if let Some(behind) = behind {
            self.bits = behind;
        }
        behind.is_some()
    }

    /// Goes on to the next end of line.
    fn find_end_of_line(&mut self) -> Result<(), Broken> {
        while self.bits.look(11) != 0 {
            self.bits.skip(1);
        }
        // The zeros may be those behind the data.
        match self.bits.behind_end_of_line() {
            Some(_) => Ok(()),
            None => Err("a strip or tile is cut short".into()),
        }
    }

    /// A run of one colour (T.4, tables 2 and 3): codes for 64 pixels and more, and one for fewer.
    fn run(&mut self, is_black: bool) -> Result<u32, End> {
        let mut run = 0u32;
        loop {
            let before = self.bits;
            let code = if is_black {
                black::decode(&mut self.bits)
            } else {
                white::decode(&mut self.bits)
            };
            let Some(length) = code.filter(|_| !self.bits.is_behind()) else {
                self.bits = before;
                return Err(End::NoCode);
            };
            run = run.saturating_add(length.into());
            if length < 64 {
                return Ok(run);
            }
        }
    }

    /// A row of runs alone (T.4, 4.1).
    fn coded_alone(&mut self) -> Result<(), End> {
        let mut at = 0u32;
        let mut is_black = false;
        while at < self.width {
            at = at.saturating_add(self.run(is_black)?).min(self.width);
            self.row.push(at);
            is_black = !is_black;
        }
        Ok(())
    }

    /// A row by the changes of the one above (T.4, 4.2; T.6, 2.2).
    fn coded_by_above(&mut self) -> Result<(), End> {
        let mut at = 0u32;
        // Before the first change the row's own beginning counts as one.
        let mut begun = false;
        let mut is_black = false;
        let mut next = 0;
        while at < self.width {
            // The first change above that lies to the right and is to the other colour than the current one.
            let parity = usize::from(is_black);
            let mut i = next & !1 | parity;
            let change = |i: usize| self.above.get(i).copied().unwrap_or(self.width);
            while i >= 2 && change(i - 2) > at {
                i -= 2;
            }
            while i < self.above.len() && (change(i) < at || (change(i) == at && begun)) {
                i += 2;
            }
            next = i;
            let (b1, b2) = (change(i), change(i + 1));
            let before = self.bits;
            let code = mode::decode(&mut self.bits).filter(|_| !self.bits.is_behind());
            match code {
                Some(Mode::Pass) => at = b2,
                Some(Mode::Vertical(by)) => {
                    let to = i64::from(b1) + i64::from(by);
                    let to = u32::try_from(to).ok().filter(|&to| to >= at && to <= self.width);
                    at = to.ok_or(End::NoCode)?;
                    self.row.push(at);
                    is_black = !is_black;
                }
                Some(Mode::Horizontal) => {
                    for color in [is_black, !is_black] {
                        at = at.saturating_add(self.run(color)?).min(self.width);
                        self.row.push(at);
                    }
                }
                Some(Mode::Extension) => return Err(End::Uncompressed),
                Some(Mode::EOF) if before.look(12) == 1 => return Err(End::Block),
                _ => {
                    self.bits = before;
                    return Err(End::NoCode);
                }
            }
            begun = true;
        }
        if is_black {
            self.row.push(self.width);
        }
        Ok(())
    }
}

/// Paints a row: black from each change with an even index to the next one.
fn paint(changes: &[u32], width: u32, out: &mut [u8]) {
    out.fill(0);
    for pair in changes.chunks(2) {
        // What ends in black is black to the end, unless the row was cut: then it stays white.
        let &[start, end] = pair else { continue };
        let (start, end) = (start as usize, end.min(width) as usize);
        if start >= end {
            continue;
        }
        let (first, last) = (start / 8, (end - 1) / 8);
        let (head, tail) = (0xFF >> (start % 8), 0xFFu8 << (7 - (end - 1) % 8));
        let Some(bytes) = out.get_mut(first..=last) else { return };
        match bytes {
            [one] => *one |= head & tail,
            [front, middle @ .., back] => {
                *front |= head;
                middle.fill(0xFF);
                *back |= tail;
            }
            [] => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fax::{BitWriter, Bits as Code, VecWriter};

    /// Codes one after another: their bits, and how many.
    fn coded(codes: &[(u16, u8)]) -> Vec<u8> {
        let mut writer = VecWriter::new();
        for &(data, len) in codes {
            writer.write(Code { data, len }).unwrap();
        }
        writer.finish()
    }

    const END_OF_LINE: (u16, u8) = (1, 12);
    /// White 2, black 3, white 11: a row of 16 pixels (T.4, table 2).
    const ROW: [(u16, u8); 3] = [(0b0111, 4), (0b10, 2), (0b01000, 5)];
    const SHADES: [u8; 2] = [0b0011_1000, 0];

    #[test]
    fn rows_are_read_with_marks_and_without() {
        let [a, b, c] = ROW;
        let plain = coded(&[a, b, c, (0, 5), a, b, c]);
        let mut words = Fax::new(Compression::FaxRows { words: true }, &plain, 16, 0);
        let marked = coded(&[END_OF_LINE, a, b, c, (0, 9), END_OF_LINE, a, b, c]);
        let mut fax = Fax::new(Compression::Fax3, &marked, 16, 0);
        for reader in [&mut words, &mut fax] {
            let mut row = [9; 2];
            for _ in 0..2 {
                reader.read(&mut row).unwrap();
                assert_eq!(row, SHADES);
            }
        }
    }

    #[test]
    fn rows_repeat_the_one_above() {
        let [a, b, c] = ROW;
        // A row by itself, one that is the same (vertical 0, three times), and one that is a pixel to the right.
        let same = [(0, 1), (1, 1), (1, 1), (1, 1)];
        let right = [(0, 1), (0b011, 3), (0b011, 3), (1, 1)];
        let codes = [
            &[END_OF_LINE, (1, 1), a, b, c, END_OF_LINE],
            &same[..],
            &[END_OF_LINE],
            &right,
        ]
        .concat();
        let data = coded(&codes);
        let mut fax = Fax::new(Compression::Fax3, &data, 16, TWO_DIMENSIONAL);
        for want in [SHADES, SHADES, [0b0001_1100, 0]] {
            let mut row = [9; 2];
            fax.read(&mut row).unwrap();
            assert_eq!(row, want);
        }
        assert_eq!(fax.bad_rows(), 0);
    }

    #[test]
    fn a_bad_row_costs_itself_alone() {
        let [a, b, c] = ROW;
        // Black 3 is followed by what begins no code.
        let data = coded(&[END_OF_LINE, a, b, END_OF_LINE, a, b, c]);
        let mut fax = Fax::new(Compression::Fax3, &data, 16, 0);
        let mut row = [9; 2];
        fax.read(&mut row).unwrap();
        assert_eq!((row, fax.bad_rows()), (SHADES, 1));
        fax.read(&mut row).unwrap();
        assert_eq!((row, fax.bad_rows()), (SHADES, 1));
    }

    #[test]
    fn white_to_the_end_of_the_page_may_be_left_out() {
        // Vertical 0: a white row; then the end of the block.
        let data = coded(&[(1, 1), END_OF_LINE, END_OF_LINE]);
        let mut fax = Fax::new(Compression::Fax4, &data, 16, 0);
        for _ in 0..3 {
            let mut row = [9; 2];
            fax.read(&mut row).unwrap();
            assert_eq!(row, [0, 0]);
        }
    }
}
