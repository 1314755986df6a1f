//! The progress bar and the closing summary, both on standard error.

use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use photofit::Action;
use photofit::pool::Stage;

use super::report::{Answer, printable};
use super::units;
use super::verdict::Verdict;

/// How many reasons for refusals the summary shows.
const REASONS: usize = 5;

/// The bar: photos done of all, rate, time left and megabytes read.
pub(super) struct Progress {
    bar: ProgressBar,
    read: AtomicU64,
}

impl photofit::pool::Progress for Progress {
    fn started(&self, index: usize) {
        tracing::debug!(index, "started");
    }

    fn stage(&self, index: usize, stage: Stage) {
        tracing::debug!(index, ?stage);
    }

    fn finished(&self, index: usize) {
        tracing::debug!(index, "finished");
        self.bar.inc(1);
    }
}

impl Progress {
    /// A bar for `total` inputs, unless `quiet` or standard error is no terminal.
    pub(super) fn new(total: usize, quiet: bool) -> Self {
        let hidden = quiet || !io::stderr().is_terminal();
        let target = if hidden {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let bar = ProgressBar::with_draw_target(Some(total as u64), target);
        let template = "{bar:30} {pos}/{len} photos, {per_sec}, {msg}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.with_key(
                "per_sec",
                |state: &indicatif::ProgressState, out: &mut dyn std::fmt::Write| {
                    let _ = write!(out, "{:.1}/s", state.per_sec());
                },
            ));
        }
        if !hidden {
            bar.enable_steady_tick(Duration::from_millis(250));
        }
        Self {
            bar,
            read: AtomicU64::new(0),
        }
    }

    /// An input is answered for which `bytes` were read.
    pub(super) fn read(&self, bytes: u64) {
        let read = self.read.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.bar.set_message(units::bytes(read));
    }

    /// Takes the bar away while `print` prints.
    pub(super) fn suspend<R>(&self, print: impl FnOnce() -> R) -> R {
        if self.bar.is_hidden() {
            print()
        } else {
            self.bar.suspend(print)
        }
    }

    /// Takes the bar away for good.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// What the run came to.
pub(super) struct Summary {
    start: Instant,
    dry_run: bool,
    kept: usize,
    rewritten: usize,
    transcoded: usize,
    skipped: usize,
    no_photos: usize,
    failed: usize,
    resumed: usize,
    before: u64,
    after: u64,
    reasons: Vec<(String, String)>,
}

impl Summary {
    /// Nothing done yet.
    pub(super) fn new(dry_run: bool) -> Self {
        Self {
            start: Instant::now(),
            dry_run,
            kept: 0,
            rewritten: 0,
            transcoded: 0,
            skipped: 0,
            no_photos: 0,
            failed: 0,
            resumed: 0,
            before: 0,
            after: 0,
            reasons: Vec::new(),
        }
    }

    /// Counts an answer.
    pub(super) fn add(&mut self, answer: &Answer) {
        self.resumed += usize::from(answer.resumed);
        match &answer.verdict {
            Verdict::Done(report) => {
                self.before += report.source.bytes;
                self.after += report.result.bytes;
                self.count(report.action);
            }
            Verdict::Planned(planned) => {
                self.before += planned.source.bytes;
                self.count(planned.action);
            }
            Verdict::Skipped(note) => {
                self.skipped += 1;
                self.no_photos += usize::from(note.kind == "not-a-photo");
            }
            Verdict::Failed(note) => {
                self.failed += 1;
                if self.reasons.len() < REASONS {
                    self.reasons.push((answer.input.clone(), note.message.clone()));
                }
            }
        }
    }

    fn count(&mut self, action: Action) {
        match action {
            Action::Kept => self.kept += 1,
            Action::Rewritten => self.rewritten += 1,
            _ => self.transcoded += 1,
        }
    }

    /// Whether any input failed.
    pub(super) fn any_failed(&self) -> bool {
        self.failed > 0
    }

    /// The summary in words; `left` inputs were not started because the run was interrupted,
    /// and can be `resumable`.
    pub(super) fn to_text(&self, left: usize, resumable: bool) -> String {
        let elapsed = self.start.elapsed().as_secs_f64();
        let done = self.kept + self.rewritten + self.transcoded;
        let mut counts = vec![
            format!("{} kept", self.kept),
            format!("{} rewritten", self.rewritten),
            format!("{} transcoded", self.transcoded),
            format!("{} refused", self.failed),
        ];
        counts.push(match self.no_photos {
            0 => format!("{} skipped", self.skipped),
            n if n == self.skipped => format!("{n} skipped (not photos)"),
            n => format!("{} skipped ({n} not photos)", self.skipped),
        });
        let counts = counts.join(", ");
        let mut text = if self.dry_run {
            let before = units::bytes(self.before);
            format!("would be: {counts}; {before}, nothing was written")
        } else {
            let (before, after) = (units::bytes(self.before), units::bytes(self.after));
            let rate = done as f64 / elapsed.max(0.001);
            format!("{counts}; {before} -> {after} in {elapsed:.1} s ({rate:.1} photos/s)")
        };
        if self.resumed > 0 {
            text += &format!("\n{} were done by an earlier run", self.resumed);
        }
        if left > 0 {
            text += &format!("\ninterrupted: {left} not started");
            if resumable {
                text += "; go on with --resume";
            }
        }
        if !self.reasons.is_empty() {
            text += "\nrefused:";
            for (input, message) in &self.reasons {
                text += &format!("\n  {}: {}", printable(input), printable(message));
            }
            if self.failed > self.reasons.len() {
                text += &format!("\n  and {} more", self.failed - self.reasons.len());
            }
        }
        text
    }
}
