//! What the command line accepts, and its help.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Args as ClapArgs, Parser, Subcommand, ValueEnum};
use photofit::{
    Batch, Check, Chroma, Colour, Effort, Filter, Format, FormatSet, InvalidOption, Light, Limits, LossKind, Metadata,
    OnDamage, Options, OutputFormat, Quality,
};

use super::shard::Shard;
use super::{help, units};

/// Makes photos fit the limits of an upload service.
///
/// Photos are decoded, turned upright, downsampled and re-encoded as far as needed to come within the service's pixels
/// and bytes, and left alone where they already are. Each result is checked before it is written.
#[derive(Debug, Parser)]
#[command(name = "photofit", version, long_version = super::version::VERSION.as_str(), after_help = help::PHOTOFIT, subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(super) command: Command,

    #[command(flatten)]
    pub(super) logs: LogArgs,
}

/// What is told while the program works.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Logs")]
pub(super) struct LogArgs {
    /// Log to standard error instead of showing a progress bar; given twice, log every step of every photo.
    #[arg(short, long, action = ArgAction::Count, global = true)]
    pub(super) verbose: u8,

    /// The form of the log's lines.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = LogFormat::Text, global = true)]
    pub(super) log_format: LogFormat,
}

/// The form of the log's lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

/// The jobs of the program.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Prepare photos: within the limits, upright, without private metadata.
    #[command(after_help = help::PREP)]
    Prep(Box<PrepArgs>),
    /// Prepare photos and upload them to records of Zoho Bigin.
    #[cfg(feature = "upload")]
    #[command(after_help = help::UPLOAD)]
    Upload(Box<super::upload::args::UploadArgs>),
    /// Show what each photo is and what would be done with it, from its header alone.
    #[command(after_help = help::PROBE)]
    Probe(Box<ProbeArgs>),
    /// List the services whose limits are known.
    #[command(after_help = help::LIMITS)]
    Limits(LimitsArgs),
    /// Print completions for a shell.
    #[command(after_help = help::COMPLETIONS)]
    Completions {
        /// The shell.
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Write the manual pages, one for each command, into a folder.
    Man {
        /// The folder, made if it is not there.
        folder: PathBuf,
    },
}

/// Arguments of `photofit prep`.
#[derive(Debug, ClapArgs)]
pub(super) struct PrepArgs {
    #[command(flatten)]
    pub(super) inputs: InputArgs,

    /// The folder to write to, created if missing, or a prefix such as s3://bucket/ready/; `-` writes a single photo to
    /// standard output.
    #[arg(
        short,
        long,
        value_name = "DIR",
        required_unless_present = "dry_run",
        help_heading = "Output"
    )]
    pub(super) output: Option<PathBuf>,

    /// When to write over a file of an earlier run. A source is never written over.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Overwrite::Changed, help_heading = "Output")]
    pub(super) overwrite: Overwrite,

    /// What to do with photos that would get the same name.
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = OnCollision::Refuse, help_heading = "Output")]
    pub(super) on_collision: OnCollision,

    /// Report what would be done, from headers alone, and write nothing.
    #[arg(long, help_heading = "Output")]
    pub(super) dry_run: bool,

    /// Write the report, one JSON line a file, to FILE; `-` is standard output, also on a terminal.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) report: Option<PathBuf>,

    /// Write an HTML report to FILE: totals, charts, and a table with thumbnails that can be sorted and filtered.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) html: Option<PathBuf>,

    /// Record each finished photo in FILE, so that --resume can continue an interrupted run.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) journal: Option<PathBuf>,

    /// Skip photos that the journal lists as done and whose input, options and output have not changed since.
    #[arg(long, requires = "journal", help_heading = "Output")]
    pub(super) resume: bool,

    /// No progress bar, no summary, and no lines for photos that succeed; only --report and failures.
    #[arg(short, long, help_heading = "Output")]
    pub(super) quiet: bool,

    #[command(flatten)]
    pub(super) conform: ConformArgs,

    #[command(flatten)]
    pub(super) encode: EncodeArgs,

    #[command(flatten)]
    pub(super) resources: ResourceArgs,
}

/// Arguments of `photofit probe`.
#[derive(Debug, ClapArgs)]
pub(super) struct ProbeArgs {
    #[command(flatten)]
    pub(super) inputs: InputArgs,

    /// Print JSON lines instead of a table.
    #[arg(long, help_heading = "Output")]
    pub(super) json: bool,

    #[command(flatten)]
    pub(super) conform: ConformArgs,
}

/// Arguments of `photofit limits`.
#[derive(Debug, ClapArgs)]
pub(super) struct LimitsArgs {
    /// Print JSON lines instead of a table.
    #[arg(long)]
    pub(super) json: bool,
}

/// Where the photos come from.
#[derive(Debug, ClapArgs)]
pub(super) struct InputArgs {
    /// Photos, or folders, which are read with their subfolders; `-` is one photo on standard input. Also objects, as
    /// s3://bucket/photo.jpg, all objects below a prefix, as s3://bucket/photos/, and web addresses.
    #[arg(value_name = "PATH", required_unless_present = "files_from")]
    pub(super) paths: Vec<PathBuf>,

    /// Read more paths from FILE, one a line; `-` is standard input.
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    pub(super) files_from: Option<PathBuf>,

    /// Paths in --files-from end with a NUL byte instead of a newline, as `find -print0` writes them.
    #[arg(short = '0', long, requires = "files_from", help_heading = "Input")]
    pub(super) null: bool,

    /// Read photos from private and local web addresses too.
    #[arg(long, help_heading = "Input")]
    pub(super) allow_private_urls: bool,

    /// Also trust the certificates in FILE (PEM), for networks that inspect TLS or storage with its own certificate.
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    pub(super) ca_file: Option<PathBuf>,
}

/// What decides whether a photo has to be touched at all.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Limits")]
pub(super) struct ConformArgs {
    /// The service whose limits hold; `photofit limits` lists them.
    #[arg(long, value_name = "PRESET", default_value = Limits::presets()[0].name, hide_possible_values = true,
          value_parser = presets())]
    pub(super) limits: Limits,

    /// The most pixels (width x height) of a result, such as 10MP or 10_000_000 [default: the preset's].
    #[arg(long, value_name = "PIXELS", value_parser = units::parse_pixels)]
    pub(super) max_pixels: Option<u64>,

    /// The most bytes of a result, such as 10MB (decimal), 9.5MiB or 10_000_000 [default: the preset's].
    #[arg(long, value_name = "BYTES", value_parser = units::parse_bytes)]
    pub(super) max_bytes: Option<u64>,

    /// The longest side of a result, in pixels [default: the preset's].
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) max_side: Option<u32>,

    /// The formats that the service accepts, such as jpeg,png [default: the preset's].
    #[arg(long, value_name = "FORMATS", value_delimiter = ',', value_parser = formats())]
    pub(super) accept: Option<Vec<Format>>,

    /// The format of a photo that has to be encoded; auto keeps the source's where possible, else PNG with transparency
    /// and JPEG without.
    #[arg(long, value_name = "FORMAT", default_value = OutputFormat::default().name(),
          value_parser = choice(OutputFormat::ALL))]
    pub(super) format: OutputFormat,

    /// Which metadata stays: keep all that is true, privacy drops place, serial numbers, owner, thumbnails and comments,
    /// strip drops all. Colour profiles stay.
    #[arg(long, value_name = "POLICY", default_value = Metadata::default().name(), value_parser = choice(Metadata::ALL))]
    pub(super) metadata: Metadata,

    /// The most pixels that a source may claim; more is refused before anything is allocated.
    #[arg(long, value_name = "PIXELS", default_value = "300MP", value_parser = units::parse_pixels,
          help_heading = "Resources")]
    pub(super) max_source_pixels: u64,

    /// The most memory that the pixels of one photo may take; more is refused. Also the most bytes read of a file
    /// [default: 2GB, or what the process may have if that is less].
    #[arg(long, value_name = "BYTES", value_parser = units::parse_bytes, help_heading = "Resources")]
    pub(super) max_memory: Option<u64>,
}

/// How a photo is read and encoded.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Picture")]
pub(super) struct EncodeArgs {
    /// JPEG quality, 1 to 100, lowered only if the bytes do not fit; auto is 90, or the source's if that is lower.
    #[arg(long, value_name = "QUALITY", default_value = "auto")]
    pub(super) quality: Quality,

    /// The lowest JPEG quality, 1 to 100: a photo that still has too many bytes is made smaller instead.
    #[arg(long, value_name = "QUALITY", default_value_t = Options::default().min_quality(),
          value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(super) min_quality: u8,

    /// Chroma subsampling of a JPEG; auto is the source's, or 420.
    #[arg(long, value_name = "SAMPLING", default_value = Chroma::default().name(), value_parser = choice(Chroma::ALL))]
    pub(super) chroma: Chroma,

    /// The filter that makes photos smaller: lanczos3 is sharpest, box fastest.
    #[arg(long, value_name = "FILTER", default_value = Filter::default().name(), value_parser = choice(Filter::ALL))]
    pub(super) filter: Filter,

    /// The light in which pixels are averaged: linear keeps the brightness of fine detail, gamma is a little faster.
    #[arg(long, value_name = "LIGHT", default_value = Light::default().name(), value_parser = choice(Light::ALL))]
    pub(super) light: Light,

    /// Colours that are not sRGB's: keep leaves them, with their profile; srgb converts them, for services that ignore profiles.
    #[arg(long, value_name = "COLOUR", default_value = Colour::default().name(), value_parser = choice(Colour::ALL))]
    pub(super) colour: Colour,

    /// How hard JPEGs are compressed: the pixels are the same, the bytes are not.
    #[arg(long, value_name = "EFFORT", default_value = Effort::default().name(), value_parser = choice(Effort::ALL))]
    pub(super) effort: Effort,

    /// The colour behind transparent pixels where the result has none: #rrggbb, #rgb, white or black.
    #[arg(long, value_name = "COLOR", default_value = "white", value_parser = units::parse_color)]
    pub(super) background: [u8; 3],

    /// How a photo that already conforms is checked: full decodes it, header only reads its structure.
    #[arg(long, value_name = "CHECK", default_value = Check::default().name(), value_parser = choice(Check::ALL))]
    pub(super) check: Check,

    /// What to do with a photo that can only be read in part: refuse it, or keep the readable part.
    #[arg(long, value_name = "WHAT", default_value = OnDamage::default().name(), value_parser = choice(OnDamage::ALL))]
    pub(super) on_damage: OnDamage,

    /// Refuse photos that would lose any of these, separated by commas.
    #[arg(long, value_name = "LOSSES", value_delimiter = ',', value_parser = losses())]
    pub(super) deny_loss: Vec<LossKind>,
}

/// What the work may take, and how much of it there is.
#[derive(Debug, ClapArgs)]
pub(super) struct ResourceArgs {
    /// How many photos to prepare at a time [default: the number of processors].
    #[arg(short, long, value_name = "N", value_parser = jobs, help_heading = "Resources")]
    pub(super) jobs: Option<usize>,

    /// The memory that all photos in work may take together, such as 2GB; a larger photo is prepared alone [default: a
    /// quarter of the machine's, or of what control groups and `ulimit -v` leave to the process].
    #[arg(long, value_name = "BYTES", value_parser = units::parse_bytes, help_heading = "Resources")]
    pub(super) memory: Option<u64>,

    /// The longest time that one photo may take, in seconds, including reading it and waiting for memory [default: no
    /// limit].
    #[arg(long, value_name = "SECONDS", value_parser = seconds, help_heading = "Resources")]
    pub(super) timeout: Option<Duration>,

    /// Prepare the I-th of N parts, for one of N machines or jobs: each photo belongs to one part, by the hash of its path.
    #[arg(long, value_name = "I/N", help_heading = "Resources")]
    pub(super) shard: Option<Shard>,
}

/// When an existing output is written over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Overwrite {
    /// Leave it, and report the photo as skipped
    Never,
    /// Replace it if its bytes differ from the new ones
    Changed,
    /// Replace it
    Always,
}

/// What happens to photos that would get the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum OnCollision {
    /// Refuse them, each with the name of the other; the rest goes on
    Refuse,
    /// Put the source's extension into the name: IMG_1.HEIC.jpg beside IMG_1.JPG
    Rename,
}

impl ConformArgs {
    /// The library's options, with everything that is not here at its default.
    pub(super) fn options(&self) -> Options {
        let mut limits = self.limits;
        if let Some(pixels) = self.max_pixels {
            limits = limits.with_max_pixels(pixels);
        }
        if let Some(bytes) = self.max_bytes {
            limits = limits.with_max_bytes(bytes);
        }
        if let Some(side) = self.max_side {
            limits = limits.with_max_side(side);
        }
        if let Some(formats) = &self.accept {
            limits = limits.with_formats(FormatSet::of(formats));
        }
        Options::default()
            .with_limits(limits)
            .with_format(self.format)
            .with_metadata(self.metadata)
            .with_max_source_pixels(self.max_source_pixels)
            .with_max_memory(self.max_memory.unwrap_or_else(max_memory))
    }
}

/// The memory of one photo where nothing else is said: more than the process may have would end it.
fn max_memory() -> u64 {
    Options::default().max_memory().min(Batch::process_memory())
}

impl EncodeArgs {
    /// `options` with these choices.
    ///
    /// # Errors
    /// [`InvalidOption`] for a value that the library refuses.
    pub(super) fn apply(&self, options: Options) -> Result<Options, InvalidOption> {
        let options = options
            .with_quality(self.quality)
            .with_chroma(self.chroma)
            .with_filter(self.filter)
            .with_light(self.light)
            .with_colour(self.colour)
            .with_effort(self.effort)
            .with_background(self.background)
            .with_check(self.check)
            .with_on_damage(self.on_damage)
            .with_deny_loss(self.deny_loss.iter().copied());
        options.with_min_quality(self.min_quality)
    }
}

/// A parser of the values of `all` by name, which the help lists.
fn choice<T: Copy + Send + Sync + 'static>(all: &'static [(T, &'static str)]) -> impl TypedValueParser<Value = T> {
    named(all.to_vec())
}

fn presets() -> impl TypedValueParser<Value = Limits> {
    named(Limits::presets().iter().map(|p| (p.limits, p.name)).collect())
}

fn losses() -> impl TypedValueParser<Value = LossKind> {
    named(LossKind::ALL.iter().map(|&kind| (kind, kind.name())).collect())
}

fn formats() -> impl TypedValueParser<Value = Format> {
    named(vec![
        (Format::Jpeg, "jpeg"),
        (Format::Png, "png"),
        (Format::Gif, "gif"),
        (Format::Bmp, "bmp"),
        (Format::WebP, "webp"),
        (Format::Tiff, "tiff"),
        (Format::Heif, "heic"),
    ])
}

fn named<T: Clone + Send + Sync + 'static>(all: Vec<(T, &'static str)>) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(all.iter().map(|(_, name)| *name)).try_map(move |text| {
        let found = all.iter().find(|(_, name)| *name == text);
        found
            .map(|(value, _)| value.clone())
            .ok_or("not among the possible values")
    })
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|&seconds: &f64| seconds > 0.0);
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "a number of seconds above 0 is expected".to_owned())
}

fn jobs(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(jobs @ 1..=1024) => Ok(jobs),
        _ => Err("a number from 1 to 1024 is expected".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn prep(args: &[&str]) -> Result<Options, clap::Error> {
        let args = Args::try_parse_from(["photofit", "prep", "a.jpg", "-o", "out"].iter().chain(args))?;
        match args.command {
            Command::Prep(args) => Ok(args.encode.apply(args.conform.options()).expect("a valid option")),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_definition_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn without_options_the_library_s_defaults_hold() {
        // But for the memory, of which the process may have less.
        let expected = Options::default().with_max_memory(max_memory());
        assert_eq!(prep(&[]).expect("parses"), expected);
    }

    #[test]
    fn limits_start_from_the_preset() {
        let options = prep(&["--limits", "mastodon", "--max-bytes", "2MB", "--max-side", "4000"]).expect("parses");
        let expected = Limits::preset("mastodon")
            .expect("known")
            .with_max_bytes(2_000_000)
            .with_max_side(4000);
        assert_eq!(options.limits(), &expected);
        let options = prep(&["--max-pixels=12.5MP", "--accept", "jpeg,webp"]).expect("parses");
        assert_eq!(options.limits().max_pixels(), 12_500_000);
        assert_eq!(options.limits().formats(), FormatSet::of(&[Format::Jpeg, Format::WebP]));
    }

    #[test]
    fn every_choice_of_the_library_is_offered() {
        for (_, name) in Filter::ALL {
            assert!(prep(&["--filter", name]).is_ok(), "{name}");
        }
        for &kind in LossKind::ALL {
            assert_eq!(prep(&["--deny-loss", kind.name()]).expect("parses").deny_loss(), [kind]);
        }
        let both = prep(&["--deny-loss", "alpha,damage"]).expect("parses");
        assert_eq!(both.deny_loss(), [LossKind::Alpha, LossKind::Damage]);
    }

    #[test]
    fn impossible_values_are_refused() {
        for bad in [
            ["--quality", "0"],
            ["--quality", "101"],
            ["--min-quality", "0"],
            ["--max-pixels", "0"],
            ["--max-side", "0"],
            ["--max-bytes", "tiny"],
            ["--jobs", "0"],
            ["--limits", "nobody"],
            ["--format", "avif"],
            ["--deny-loss", "everything"],
            ["--background", "reddish"],
        ] {
            assert!(prep(&bad).is_err(), "{bad:?}");
        }
    }
}
