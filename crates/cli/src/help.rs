//! What the help of each command says beside its options: at most 80 columns wide, as clap wraps lines but does not
//! fill them again.

/// What follows the list of commands.
pub(super) const PHOTOFIT: &str = "\
Examples:
  photofit prep photos -o ready    a folder and its subfolders, for Zoho Bigin
  photofit prep IMG_1.HEIC -o .    one photo, next to its source
  photofit probe photos            what each photo is and what would be done
  photofit limits                  the services whose limits are known

`photofit help prep` explains every option.";

/// What follows the options of `photofit prep`.
pub(super) const PREP: &str = "\
Examples:
  photofit prep photos -o ready
      Every photo in the folder and its subfolders, within 10 MP and 10 MB
      (Zoho Bigin).
  photofit prep a.heic b.png -o ready --limits mastodon
      Two photos for another service; `photofit limits` lists them.
  photofit prep photos -o ready --max-pixels 2MP --max-bytes 500kB --format jpeg
      Your own limits.
  photofit prep photos -o ready --dry-run
      Show what would be done; write nothing.
  photofit prep photos -o ready --report report.jsonl --deny-loss animation,alpha
      Refuse photos that would lose animation or transparency; write a report.
  photofit prep photos -o ready --journal done.jsonl --resume
      Continue an earlier run; without --resume a new journal is started.
  photofit prep photos -o ready --html report.html
      Write an HTML report with thumbnails.
  find . -mtime -7 -print0 | photofit prep --files-from - -0 -o ready
      Take the list of photos from another program.
  photofit prep - -o - < in.heic > out.jpg
      From standard input to standard output.
  photofit prep s3://album/in/ -o s3://album/ready
      All objects under one prefix, written under another. gs:// and az:// work
      too. Credentials come from the environment (AWS_*, GOOGLE_*, AZURE_*).

Inputs:
  A file named on the command line is always prepared or refused, never
  skipped. It may be a FIFO, such as <(command). In a folder, these are
  reported as skipped: hidden files and folders, videos, and files that have
  neither the extension nor the first bytes of an image format. Symbolic links
  are followed. The output folder may be inside an input folder; it is not
  read.

Names:
  A file named on the command line keeps its name. A file found in a folder
  keeps its path within that folder, and a path from --files-from keeps its
  folders. The extension becomes that of the format written (IMG_1.HEIC to
  IMG_1.jpg) unless it already fits (IMG_2.JPG, scan.jpeg). If two photos would
  get the same name, ignoring case, both are refused before anything is
  written, and the rest are prepared; see --on-collision. A source is never
  overwritten. In the folder of its source, an output replaces another file
  only with --overwrite always.

Report:
  One JSON line for each file, in the order of the inputs, is written to
  standard output or to the file given by --report; with -o - it goes to
  standard error. A terminal gets a short line for each photo instead. The
  progress bar and the summary go to standard error. The fields of a line:
    input, output
    status           ok, failed or skipped
    error, reason    kind and message; only if failed or skipped
    dry_run          true; only with --dry-run
    action           kept, rewritten or transcoded
    source           format, width, height, bytes, orientation
    result           format, width, height, bytes, quality
    losses           what the result lost, each with its kind
    encodes          how many times the picture was encoded
    elapsed_ms

Exit codes:
  0  every photo was prepared, or skipped for a reason in the report
  1  some photos failed, or the run was interrupted. Ctrl-C, SIGTERM and SIGHUP
     let photos in progress finish; a second signal stops at once
  2  wrong usage; nothing was done";

/// What follows the options of `photofit upload`.
#[cfg(feature = "upload")]
pub(super) const UPLOAD: &str = "\
Examples:
  photofit upload --records photos.csv --data-center eu
      Upload every photo in the list to its record.
  photofit upload --record Contacts/3000000038009 photo.jpg
      One photo.
  photofit upload --records photos.csv --dry-run
      Prepare and validate everything, send nothing.
  photofit upload --records photos.csv --journal done.jsonl --resume
      Continue an earlier run.
  photofit upload --records photos.csv --memory 500MB --timeout 60
      For a small container, and with at most a minute to prepare each photo.
  photofit upload --records photos.csv --shard 1/4
      A quarter of the list, for one of four machines.

List:
  A CSV file whose first line names the columns module, record_id and photo;
  other columns are ignored. A photo is a path relative to the current folder,
  an http or https URL, or an object such as s3://bucket/photo.jpg. The whole
  list is checked before anything is sent, and mistakes are reported with their
  line numbers.

Credentials:
  BIGIN_ACCESS_TOKEN, or BIGIN_REFRESH_TOKEN, BIGIN_CLIENT_ID and
  BIGIN_CLIENT_SECRET, in the environment or in the file given by --credentials.

Report:
  The same lines as `photofit prep`, with one more field:
    upload   record, http_status, code, message, attempts, elapsed_ms, and
             tightened if it had to be prepared again with tighter limits

Exit codes:
  0  every photo is stored
  1  some photos failed or were not sent. Ctrl-C, SIGTERM and SIGHUP let uploads
     in flight finish; a second signal stops at once
  2  wrong usage; nothing was sent
  3  the service refused the caller: scope, permission or token";

/// What follows the options of `photofit probe`.
pub(super) const PROBE: &str = "\
Examples:
  photofit probe photos                      a table of a folder's photos
  photofit probe photos --limits mastodon    what another service would need
  photofit probe --json IMG_1.HEIC           one JSON line for each photo

Only headers are read and no pixel is decoded, so damage inside the picture is
not detected. The fields of a JSON line:
  input
  info             format, width and height as stored, orientation, bytes, ...
  plan             action (keep, rewrite or transcode), format, width, height
  error, reason    kind and message; only if refused or skipped

Exit codes:
  0  every photo can be prepared, as far as its header tells
  1  some cannot
  2  wrong usage";

/// What follows the options of `photofit limits`.
pub(super) const LIMITS: &str = "\
Examples:
  photofit limits
      The presets as a table.
  photofit prep photos -o ready --limits x-post
      Photos for one of them.
  photofit prep photos -o ready --limits x-post --max-bytes 2MB
      A preset, with one limit of one's own.";

/// Examples of `photofit completions`.
pub(super) const COMPLETIONS: &str = "\
Examples:
  photofit completions bash > ~/.local/share/bash-completion/completions/photofit
  photofit completions zsh > ~/.zfunc/_photofit
  photofit completions fish > ~/.config/fish/completions/photofit.fish";
