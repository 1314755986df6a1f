//! Restart intervals: which MCUs of a scan can be read, and where reading goes on after damage
//! (T.81 E.2.4, B.2.1).

use super::bits::{Entropy, ends_scan};
use super::error::{Damage, DamageReport, Problem};
use super::markers::{code, next_marker};

/// MCUs that come next in a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Run {
    /// This many are to be read; if the flag is set, predictions and runs start anew before them.
    Read { mcus: usize, reset: bool },
    /// This many cannot be read.
    Lost(usize),
}

/// Walks over the MCUs of a scan, from restart marker to restart marker.
#[derive(Debug, Default)]
pub(super) struct Intervals {
    pub(super) entropy: Entropy,
    scan: u32,
    /// MCUs in the scan.
    total: usize,
    /// MCUs between restart markers, 0 if there are none.
    interval: usize,
    /// The next MCU.
    mcu: usize,
    /// The next MCU that can be read; `total` if there is none.
    resume: usize,
    /// Whether the entropy-coded data stands at the first MCU of an interval.
    fresh: bool,
}

/// How far a found restart marker may be ahead of the one that is due. Beyond it the marker is taken for a
/// stale one: it counts modulo 8 only.
const MAX_AHEAD: u8 = 3;

impl Intervals {
    /// Starts scan number `scan` of `total` MCUs, whose data begins at `pos` of the file.
    pub(super) fn start(&mut self, pos: usize, scan: u32, total: usize, interval: u16, report: &mut DamageReport) {
        self.start_at(pos, scan, (0, total), interval);
        report.add_mcus(total);
    }

    /// Starts at MCU `first` of a scan of `total` MCUs, where an interval begins.
    pub(super) fn start_at(&mut self, pos: usize, scan: u32, (first, total): (usize, usize), interval: u16) {
        self.entropy.start(pos);
        self.scan = scan;
        self.total = total;
        self.interval = usize::from(interval);
        self.mcu = first;
        self.resume = first;
        self.fresh = true;
    }

    /// Passes over `mcus` MCUs that somebody else reads, and says where in the file they begin.
    ///
    /// Only whole intervals can be passed over, behind each of which stands the marker that is due and nothing else;
    /// so what is damaged in them ends with them.
    pub(super) fn pass_over(&mut self, file: &[u8], mcus: usize, report: &mut DamageReport) -> Option<usize> {
        let whole = |mcus: usize| self.interval > 0 && mcus.is_multiple_of(self.interval);
        if !whole(mcus) || !whole(self.mcu) || self.mcu != self.resume || self.mcu + mcus >= self.total {
            return None;
        }
        if !self.fresh {
            self.cross(file, report);
        }
        if self.mcu != self.resume {
            return None;
        }
        let start = self.entropy.file_pos();
        let (next, mut pos, mut last) = (self.mcu / self.interval, start, start);
        for n in next + 1..=next + mcus / self.interval {
            let (marker, after) = next_marker(file, pos).filter(|(marker, _)| marker.code == restart_code(n))?;
            (pos, last) = (after, marker.offset);
        }
        self.entropy.start(last);
        self.fresh = false;
        self.advance(mcus);
        Some(start)
    }

    /// The next MCUs, at most `want` of them and at most what remains of the interval.
    pub(super) fn next_run(&mut self, file: &[u8], want: usize, report: &mut DamageReport) -> Run {
        if self.mcu == self.resume && !self.fresh && self.interval > 0 && self.mcu.is_multiple_of(self.interval) {
            self.cross(file, report);
        }
        if self.mcu < self.resume {
            let lost = want.min(self.resume - self.mcu);
            self.mcu += lost;
            return Run::Lost(lost);
        }
        let mcus = if self.interval > 0 {
            want.min(self.interval - self.mcu % self.interval)
        } else {
            want
        };
        Run::Read {
            mcus,
            reset: std::mem::take(&mut self.fresh),
        }
    }

    /// Notes that `mcus` of the last run were read.
    pub(super) fn advance(&mut self, mcus: usize) {
        self.mcu += mcus;
        self.resume = self.mcu;
    }

    /// Notes that the next MCU cannot be read, and looks for the place where reading goes on.
    pub(super) fn fail(&mut self, file: &[u8], problem: Problem, report: &mut DamageReport) {
        let offset = self.entropy.offset(file);
        let problem = if self.entropy.is_past(self.entropy.bits) || problem == Problem::EndOfFile {
            what_ended(file, self.entropy.file_pos())
        } else {
            problem
        };
        let next = self.mcu.checked_div(self.interval).map(|n| n + 1);
        self.resync(file, next);
        self.note(offset, problem, report);
    }

    /// Ends the scan: the position in the file behind its data.
    pub(super) fn finish(&mut self, file: &[u8], report: &mut DamageReport) -> usize {
        if self.resume == self.mcu {
            self.check_extra(file, report);
        }
        self.entropy.file_pos()
    }

    /// Goes over the restart marker between two intervals.
    fn cross(&mut self, file: &[u8], report: &mut DamageReport) {
        self.check_extra(file, report);
        let offset = self.entropy.file_pos();
        let next = self.mcu / self.interval;
        let found = self.resync(file, Some(next));
        if self.resume == self.mcu {
            return;
        }
        let problem = match found {
            Some(found) => Problem::Restart {
                expected: restart_code(next),
                found,
            },
            None => what_ended(file, offset),
        };
        self.note(offset, problem, report);
    }

    /// Looks for the restart marker before interval `next` or one of those after it, and sets where
    /// reading goes on. The found marker is returned.
    fn resync(&mut self, file: &[u8], next: Option<usize>) -> Option<u8> {
        self.resume = self.total;
        let next = next?;
        let mut pos = self.entropy.file_pos();
        while let Some((marker, after)) = next_marker(file, pos) {
            if (code::RST0..=code::RST7).contains(&marker.code) {
                let ahead = marker.code.wrapping_sub(restart_code(next)) & 7;
                let resume = (next + usize::from(ahead))
                    .checked_mul(self.interval)
                    .filter(|&resume| resume < self.total);
                if let Some(resume) = resume.filter(|_| ahead <= MAX_AHEAD) {
                    self.entropy.start(after);
                    self.resume = resume;
                    self.fresh = true;
                    return Some(marker.code);
                }
            } else if ends_scan(marker) {
                self.entropy.start(marker.offset);
                return None;
            }
            pos = after;
        }
        self.entropy.start(file.len());
        None
    }

    fn check_extra(&self, file: &[u8], report: &mut DamageReport) {
        // The last byte may be there for nothing but its padding.
        let left = self.entropy.bytes_left();
        if left > 1 {
            report.record(Damage {
                scan: self.scan,
                first_mcu: saturate(self.mcu),
                mcus: 0,
                offset: self.entropy.offset(file),
                problem: Problem::ExtraData(saturate(left)),
            });
        }
    }

    fn note(&self, offset: usize, problem: Problem, report: &mut DamageReport) {
        report.record(Damage {
            scan: self.scan,
            first_mcu: saturate(self.mcu),
            mcus: saturate(self.resume - self.mcu),
            offset,
            problem,
        });
    }
}

/// The code of the restart marker before interval `interval`, which is at least 1: they count modulo 8.
fn restart_code(interval: usize) -> u8 {
    const CODES: [u8; 8] = [0, 1, 2, 3, 4, 5, 6, 7];
    code::RST0 + CODES[interval.wrapping_sub(1) & 7]
}

/// What stands where data ended too early.
fn what_ended(file: &[u8], pos: usize) -> Problem {
    match next_marker(file, pos) {
        Some((marker, _)) => Problem::Marker(marker.code),
        None => Problem::EndOfFile,
    }
}

/// Counts of MCUs are below 2^26 (a side has at most 65,535 samples), those of bytes in hand still less.
fn saturate(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
