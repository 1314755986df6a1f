//! What `photofit upload` accepts.

use std::path::PathBuf;

use clap::{ArgGroup, Args as ClapArgs};
use photofit::bigin::{ApiVersion, DataCenter};

use super::super::args::{ConformArgs, EncodeArgs, ResourceArgs};
use super::super::units;

/// Arguments of `photofit upload`.
#[derive(Debug, ClapArgs)]
#[command(group = ArgGroup::new("what").required(true).args(["records", "record"]))]
pub(crate) struct UploadArgs {
    /// The list of uploads: a CSV or Parquet file with the columns module, record_id and photo, which is a path, an
    /// http(s) URL or an object such as s3://bucket/photo.jpg; or a folder of such files. It may be an object too, or a
    /// prefix that ends in /. What photofit.ray and photofit.spark wrote is read as it is: output_uri is the photo,
    /// and rows whose status is not ok are reported as failed.
    #[arg(long, value_name = "LIST", help_heading = "Input")]
    pub(super) records: Option<PathBuf>,

    /// One upload: a record such as Contacts/3000000038009, and its photo.
    #[arg(long, num_args = 2, value_names = ["MODULE/ID", "PHOTO"], help_heading = "Input")]
    pub(super) record: Option<Vec<String>>,

    /// Fetch photos from private and local addresses too.
    #[arg(long, help_heading = "Input")]
    pub(super) allow_private_urls: bool,

    /// The most bytes of a photo that is fetched from a URL.
    #[arg(long, value_name = "BYTES", default_value = "100MB", value_parser = units::parse_bytes, help_heading = "Input")]
    pub(super) max_download: u64,

    /// The data centre of the account: us, eu, in, au, cn, jp, sa or ca.
    #[arg(long, value_name = "NAME", default_value_t, help_heading = "Service")]
    pub(super) data_center: DataCenter,

    /// Where photos go, instead of the data centre's host.
    #[arg(long, value_name = "URL", help_heading = "Service")]
    pub(super) api_url: Option<String>,

    /// Where tokens come from, instead of the data centre's host.
    #[arg(long, value_name = "URL", help_heading = "Service")]
    pub(super) accounts_url: Option<String>,

    /// Also trust the certificates in FILE (PEM), for networks that inspect TLS.
    #[arg(long, value_name = "FILE", help_heading = "Service")]
    pub(super) ca_file: Option<PathBuf>,

    /// The version of the API: 1 or 2.
    #[arg(long, value_name = "N", default_value = "1", help_heading = "Service")]
    pub(super) api_version: ApiVersion,

    /// Read the credentials from FILE, lines such as BIGIN_ACCESS_TOKEN=..., instead of the environment; refused if
    /// others can read it.
    #[arg(long, value_name = "FILE", help_heading = "Service")]
    pub(super) credentials: Option<PathBuf>,

    /// The most uploads at the same time, 1 to 100.
    #[arg(long, value_name = "N", default_value_t = 5, help_heading = "Service")]
    pub(super) concurrency: usize,

    /// The most requests in a minute [default: no limit].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Service")]
    pub(super) requests_per_minute: Option<u32>,

    /// Prepare and validate everything, send nothing.
    #[arg(long, help_heading = "Output")]
    pub(super) dry_run: bool,

    /// Record each success in FILE, so that the run can be resumed. An existing file is refused without --resume.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) journal: Option<PathBuf>,

    /// Skip photos that the journal lists as done.
    #[arg(long, requires = "journal", help_heading = "Output")]
    pub(super) resume: bool,

    /// Write the report, one JSON line a photo, to FILE; `-` is standard output, also on a terminal.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) report: Option<PathBuf>,

    /// No progress bars, no summary, and no lines for photos that succeed; only --report and failures.
    #[arg(short, long, help_heading = "Output")]
    pub(super) quiet: bool,

    #[command(flatten)]
    pub(super) conform: ConformArgs,

    #[command(flatten)]
    pub(super) encode: EncodeArgs,

    #[command(flatten)]
    pub(super) resources: ResourceArgs,
}
