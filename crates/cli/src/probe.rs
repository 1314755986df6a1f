//! `photofit probe`: what each photo is and what would be done with it, as a table or as JSON lines.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use comfy_table::{ContentArrangement, Table, presets};
use photofit::place::Place;
use photofit::{Batch, ImageInfo, Options, Plan};
use serde::Serialize;

use super::args::ProbeArgs;
use super::inputs::{self, Input};
use super::network::Network;
use super::report::printable;
use super::verdict::{Note, Verdict, target};
use super::{ALL_DONE, Error, SOME_FAILED, source, units};

/// A table as all commands print it: columns and no lines, good for pipes.
pub(super) fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header);
    if io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table
}

/// The table as text: columns two spaces apart, nothing at the end of a line.
pub(super) fn text(mut table: Table) -> String {
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}

/// Shows the photos that the command line names.
///
/// # Errors
/// [`Error`] when the inputs cannot be collected.
pub(super) fn run(args: ProbeArgs) -> Result<u8, Error> {
    let options = args.conform.options();
    let network = Network::new(0, args.inputs.allow_private_urls, args.inputs.ca_file.as_deref())?;
    let nowhere = Place::Path(PathBuf::new());
    let inputs = inputs::collect(&args.inputs, &network.places(), &nowhere)?;
    let mut table = table([
        "file",
        "format",
        "size",
        "pixels",
        "bytes",
        "orientation",
        "picture",
        "profile",
        "extras",
        "plan",
    ]);
    let (mut failed, mut skipped) = (0_usize, 0_usize);
    let mut out = io::stdout().lock();
    // Who reads a part of it and goes away has seen enough.
    let mut readers = true;
    let shown = Batch::new(options.clone()).each(
        &inputs,
        &(),
        |_, _, input| look(input, &options),
        |index, found| {
            let found = found.unwrap_or_else(|panic| {
                Found::answered(Verdict::Failed(Note::new(
                    "panicked",
                    format!("internal error: {panic}"),
                )))
            });
            let name = inputs[index].display();
            failed += usize::from(found.error.is_some());
            skipped += usize::from(found.skipped);
            if args.json {
                readers = readers && writeln!(out, "{}", found.to_json(&name)).is_ok();
            } else if !found.skipped {
                table.add_row(found.to_row(&name));
            }
        },
    );
    shown.map_err(Error::Workers)?;
    if !args.json {
        if !table.is_empty() {
            readers = writeln!(out, "{}", text(table)).is_ok();
        }
        if skipped > 0 && readers {
            let _ = writeln!(io::stderr(), "{skipped} skipped: not photos");
        }
    }
    Ok(if failed > 0 { SOME_FAILED } else { ALL_DONE })
}

/// What was found out about an input.
struct Found {
    info: Option<ImageInfo>,
    plan: Option<Plan>,
    error: Option<Note>,
    reason: Option<Note>,
    skipped: bool,
}

/// What would be done, for the JSON line.
#[derive(Serialize)]
struct PlanLine {
    action: &'static str,
    format: photofit::Format,
    width: u32,
    height: u32,
}

/// One JSON line; the field names are stable.
#[derive(Serialize)]
struct Line<'a> {
    input: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    info: Option<&'a ImageInfo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<PlanLine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a Note>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a Note>,
}

fn look(input: &Input, options: &Options) -> Found {
    if let Some(verdict) = &input.verdict {
        return Found::answered(verdict.clone());
    }
    match source::look(input, options) {
        Err(verdict) => Found::answered(verdict),
        Ok(look) => {
            tracing::debug!(input = %input.display(), read = look.read, "looked at");
            let (plan, error) = match look.plan {
                Ok(plan) => (Some(plan), None),
                Err(error) => (None, Some(Note::of(&error))),
            };
            Found {
                info: Some(look.info),
                plan,
                error,
                reason: None,
                skipped: false,
            }
        }
    }
}

impl Found {
    fn answered(verdict: Verdict) -> Self {
        let (error, reason) = match verdict {
            Verdict::Failed(note) => (Some(note), None),
            Verdict::Skipped(note) => (None, Some(note)),
            Verdict::Done(_) | Verdict::Planned(_) => (None, None),
        };
        Self {
            info: None,
            plan: None,
            skipped: reason.is_some(),
            error,
            reason,
        }
    }

    fn to_json(&self, input: &str) -> String {
        let plan = self.info.as_ref().zip(self.plan.as_ref()).map(|(info, plan)| {
            let (format, width, height) = target(info, plan);
            PlanLine {
                action: verb(plan),
                format,
                width,
                height,
            }
        });
        let line = Line {
            input,
            info: self.info.as_ref(),
            plan,
            reason: self.reason.as_ref(),
            error: self.error.as_ref(),
        };
        // Strings and numbers under fixed names: there is nothing that JSON could refuse.
        serde_json::to_string(&line).unwrap_or_default()
    }

    fn to_row(&self, input: &str) -> Vec<String> {
        let name = printable(input).into_owned();
        let plan = match (&self.info, &self.plan, &self.error) {
            (Some(info), Some(plan), _) => plan_in_words(info, plan),
            (_, _, Some(note)) => format!("refused: {}", printable(&note.message)),
            _ => String::new(),
        };
        let Some(info) = &self.info else {
            let mut row = vec![String::new(); 10];
            row[0] = name;
            row[9] = plan;
            return row;
        };
        let (width, height) = info.upright_size();
        vec![
            name,
            info.format.to_string(),
            format!("{width}x{height}"),
            units::megapixels(info.pixels()),
            units::bytes(info.bytes),
            info.orientation.to_exif().to_string(),
            picture(info),
            info.profile
                .as_deref()
                .map_or("-", |p| if p.is_empty() { "unnamed" } else { p })
                .to_owned(),
            extras(info),
            plan,
        ]
    }
}

/// The word for a plan in JSON lines.
fn verb(plan: &Plan) -> &'static str {
    match plan {
        Plan::Keep => "keep",
        Plan::Rewrite => "rewrite",
        _ => "transcode",
    }
}

fn plan_in_words(info: &ImageInfo, plan: &Plan) -> String {
    let (format, width, height) = target(info, plan);
    match plan {
        Plan::Keep | Plan::Rewrite => verb(plan).to_owned(),
        _ => format!("{} to {format} {width}x{height}", verb(plan)),
    }
}

/// Colour model, depth, and what only a JPEG has.
fn picture(info: &ImageInfo) -> String {
    let mut text = format!("{} {}-bit", info.color.name(), info.bit_depth);
    if info.alpha {
        text += " alpha";
    }
    if let Some(jpeg) = &info.jpeg {
        if let Some(subsampling) = jpeg.subsampling() {
            text += &format!(" {subsampling}");
        }
        text += &format!(" {}", jpeg.process.name());
        if let Some(quality) = jpeg.quality {
            text += &format!(" q{quality}");
        }
    }
    text
}

/// What comes with the picture.
fn extras(info: &ImageInfo) -> String {
    let mut extras = Vec::new();
    if info.frames > 1 {
        extras.push(format!("{} frames", info.frames));
    }
    if info.images > 1 {
        extras.push(format!("{} pictures", info.images));
    }
    if info.hdr {
        extras.push("HDR".to_owned());
    }
    if info.gain_map {
        extras.push("gain map".to_owned());
    }
    if info.motion_photo {
        extras.push("motion photo".to_owned());
    }
    if info.metadata {
        extras.push("metadata".to_owned());
    }
    if extras.is_empty() {
        "-".to_owned()
    } else {
        extras.join(", ")
    }
}
