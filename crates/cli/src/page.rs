//! The report as a page to look at: one HTML file that needs nothing else.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minijinja::Environment;
use photofit::place::{Existing, Mark, Writer};
use photofit::{Effort, Limits, Metadata, Options, OutputFormat, Quality};
use serde::Serialize;

use super::Error;
use super::report::{Answer, Timings};
use super::units;
use super::verdict::Verdict;

/// How many photos are listed, with their thumbnails; those that failed are listed in any case.
const LISTED: usize = 500;

/// The longest side of a thumbnail, in pixels.
const SIDE: u32 = 200;

/// What is gathered for the page.
pub(super) struct Page {
    path: PathBuf,
    start: Instant,
    rows: Vec<Row>,
    unlisted: usize,
    counts: BTreeMap<&'static str, usize>,
    before: Sum,
    after: Sum,
    timings: Timings,
}

/// Bytes and pixels of many photos.
#[derive(Clone, Copy, Default)]
struct Sum {
    bytes: u64,
    pixels: u64,
}

/// A line of the table.
#[derive(Serialize)]
struct Row {
    input: String,
    output: Option<String>,
    status: &'static str,
    /// What was done, or `skipped` or `failed`.
    result: &'static str,
    reason: Option<String>,
    losses: Vec<String>,
    /// The kinds of the losses, separated by spaces.
    loss_kinds: String,
    before: Option<Size>,
    after: Option<Size>,
    milliseconds: f64,
    seconds: String,
    /// A `data:` URL.
    thumbnail: Option<String>,
}

/// Size and format of a photo, as numbers and in words.
#[derive(Serialize)]
struct Size {
    format: String,
    width: u32,
    height: u32,
    bytes: u64,
    size: String,
}

impl Size {
    fn new(format: photofit::Format, (width, height): (u32, u32), bytes: u64) -> Self {
        Self {
            format: format.to_string(),
            width,
            height,
            bytes,
            size: units::bytes(bytes),
        }
    }

    fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}

/// Two bars of a chart.
#[derive(Serialize)]
struct Chart {
    title: &'static str,
    bars: [Bar; 2],
}

#[derive(Serialize)]
struct Bar {
    name: &'static str,
    text: String,
    /// The length in percent of the longer one.
    percent: f64,
}

fn chart(title: &'static str, before: u64, after: u64, text: fn(u64) -> String) -> Chart {
    let most = before.max(after).max(1) as f64;
    let bar = |name, value: u64| Bar {
        name,
        text: text(value),
        percent: value as f64 / most * 100.0,
    };
    Chart {
        title,
        bars: [bar("before", before), bar("after", after)],
    }
}

/// A step's share of the time.
#[derive(Serialize)]
struct Step {
    name: &'static str,
    seconds: String,
    percent: f64,
}

/// A small picture of a result, as a `data:` URL; `None` if it cannot be made.
pub(super) fn thumbnail(bytes: &[u8]) -> Option<String> {
    let options = Options::default()
        .with_limits(Limits::bigin().with_max_side(SIDE))
        .with_format(OutputFormat::Jpeg)
        .with_quality(Quality::fixed(70).ok()?)
        .with_effort(Effort::Balanced)
        .with_metadata(Metadata::Strip);
    let small = photofit::prepare(bytes, &options).ok()?;
    let format = small.report().result.format.to_string().to_ascii_lowercase();
    Some(format!("data:image/{format};base64,{}", STANDARD.encode(small.bytes())))
}

/// Whether the page wants a thumbnail of the photo at this place.
pub(super) fn wants(place: usize) -> bool {
    place < LISTED
}

impl Page {
    /// A page to be written to `path`, without any photo yet.
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            start: Instant::now(),
            rows: Vec::new(),
            unlisted: 0,
            counts: BTreeMap::new(),
            before: Sum::default(),
            after: Sum::default(),
            timings: Timings::default(),
        }
    }

    /// Adds an answer.
    pub(super) fn add(&mut self, answer: &Answer) {
        let mut row = Row {
            input: answer.input.clone(),
            output: answer.output.clone(),
            status: answer.status(),
            result: answer.status(),
            reason: None,
            losses: Vec::new(),
            loss_kinds: String::new(),
            before: None,
            after: None,
            milliseconds: 0.0,
            seconds: String::new(),
            thumbnail: answer.thumbnail.clone(),
        };
        match &answer.verdict {
            Verdict::Done(report) => {
                let (source, result) = (&report.source, &report.result);
                row.result = report.action.name();
                row.losses = report.losses.iter().map(ToString::to_string).collect();
                let kinds: Vec<&str> = report.losses.iter().map(|loss| loss.kind().name()).collect();
                row.loss_kinds = kinds.join(" ");
                row.milliseconds = super::report::milliseconds(report.elapsed);
                row.seconds = format!("{:.2}", report.elapsed.as_secs_f64());
                row.before = Some(Size::new(source.format, (source.width, source.height), source.bytes));
                row.after = Some(Size::new(result.format, (result.width, result.height), result.bytes));
            }
            Verdict::Planned(planned) => row.result = planned.action.name(),
            Verdict::Skipped(note) | Verdict::Failed(note) => row.reason = Some(note.message.clone()),
        }
        for (sum, size) in [(&mut self.before, &row.before), (&mut self.after, &row.after)] {
            if let Some(size) = size {
                sum.bytes += size.bytes;
                sum.pixels += size.pixels();
            }
        }
        let Timings {
            wait,
            read,
            prepare,
            write,
        } = answer.timings;
        self.timings.wait += wait;
        self.timings.read += read;
        self.timings.prepare += prepare;
        self.timings.write += write;
        *self.counts.entry(row.result).or_default() += 1;
        if self.rows.len() < LISTED || row.status == "failed" {
            self.rows.push(row);
        } else {
            self.unlisted += 1;
        }
    }

    /// Writes the page, beside its place first.
    ///
    /// # Errors
    /// [`Error::File`] if it cannot be written.
    pub(super) fn write(&self) -> Result<(), Error> {
        let failed = |source| Error::File {
            what: "write",
            path: self.path.clone(),
            source,
        };
        let html = self.render().map_err(|e| failed(std::io::Error::other(e)))?;
        let writer = Writer::new(Mark::of_this_process());
        writer
            .write(&self.path, html.as_bytes(), Existing::Replace)
            .map_err(failed)
    }

    fn render(&self) -> Result<String, minijinja::Error> {
        let mut environment = Environment::new();
        // The name's end makes it escape what it is given.
        environment.add_template("page.html", include_str!("page.html"))?;
        let count = |name| self.counts.get(name).copied().unwrap_or(0);
        let names = ["kept", "rewritten", "transcoded", "skipped", "failed"];
        let tiles: Vec<(&str, usize)> = names.into_iter().map(|name| (name, count(name))).collect();
        let charts = [
            chart("Bytes", self.before.bytes, self.after.bytes, units::bytes),
            chart("Megapixels", self.before.pixels, self.after.pixels, units::megapixels),
        ];
        let mut losses: Vec<&str> = self
            .rows
            .iter()
            .flat_map(|row| row.loss_kinds.split_whitespace())
            .collect();
        losses.sort_unstable();
        losses.dedup();
        environment.get_template("page.html")?.render(minijinja::context! {
            version => env!("CARGO_PKG_VERSION"),
            total => self.counts.values().sum::<usize>(),
            seconds => seconds(self.start.elapsed()),
            tiles, charts, losses,
            steps => steps(self.timings),
            rows => &self.rows,
            unlisted => self.unlisted,
        })
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64())
}

fn steps(timings: Timings) -> Vec<Step> {
    let all = [
        ("wait for memory", timings.wait),
        ("read", timings.read),
        ("prepare", timings.prepare),
        ("write", timings.write),
    ];
    let sum: f64 = all.iter().map(|(_, milliseconds)| milliseconds).sum();
    let step = |(name, milliseconds): (&'static str, f64)| Step {
        name,
        seconds: format!("{:.2}", milliseconds / 1e3),
        percent: milliseconds / sum.max(0.001) * 100.0,
    };
    all.into_iter().map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::super::verdict::Note;
    use super::*;

    #[test]
    fn names_and_reasons_are_text_and_not_markup() {
        let mut page = Page::new(Path::new("unused"));
        page.add(&Answer {
            input: "<script>alert(1)</script>.jpg".to_owned(),
            output: None,
            read: 0,
            verdict: Verdict::Failed(Note::new("io", "\"<b>&")),
            resumed: false,
            timings: Timings::default(),
            thumbnail: None,
        });
        let html = page.render().expect("renders");
        assert!(!html.contains("<script>alert"), "{html}");
        assert!(
            html.contains("&lt;script&gt;alert(1)") && html.contains("&quot;&lt;b&gt;&amp;"),
            "{html}"
        );
        // Nothing from elsewhere.
        assert!(!html.contains("http://") && !html.contains("https://") && !html.contains("src=\"/"));
    }
}
