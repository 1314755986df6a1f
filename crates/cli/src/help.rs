//! What the help of each command says beside its options: at most 80 columns wide, as clap wraps lines but does not
//! fill them again.

/// What follows the list of commands.
pub(super) const PHOTOFIT: &str = "\
Examples:
  photofit prep photos -o ready    a folder with all in it, for Zoho Bigin
  photofit prep IMG_1.HEIC -o .    one photo, beside its source
  photofit probe photos            what each photo is and what would be done
  photofit limits                  the services whose limits are known

`photofit help prep` explains every option.";

/// What follows the options of `photofit prep`.
pub(super) const PREP: &str = "\
Examples:
  photofit prep photos -o ready
      Every photo of the folder and of the folders in it, within 10 MP and
      10 MB (Zoho Bigin).
  photofit prep a.heic b.png -o ready --limits mastodon
      Two photos for another service; `photofit limits` lists them.
  photofit prep photos -o ready --max-pixels 2MP --max-bytes 500kB --format jpeg
      Limits of one's own.
  photofit prep photos -o ready --dry-run
      What would be done; nothing is written.
  photofit prep photos -o ready --report report.jsonl --deny-loss animation,alpha
      Refuse what would lose its animation or transparency; keep a report.
  photofit prep photos -o ready --journal done.jsonl --resume
      Go on where an earlier run ended; without --resume the journal is begun.
  photofit prep photos -o ready --html report.html
      A page to look at.
  find . -mtime -7 -print0 | photofit prep --files-from - -0 -o ready
      Whatever another program lists.
  photofit prep - -o - < in.heic > out.jpg
      From standard input to standard output.
  photofit prep s3://album/in/ -o s3://album/ready
      All objects below a prefix, into another: also gs:// and az://, with the
      credentials of the environment (AWS_*, GOOGLE_*, AZURE_*).

What is taken:
  A file named on the command line is always answered: prepared or refused; it
  may be a FIFO, such as <(command). In
  a folder, files that neither have a picture's extension nor start like one
  are reported as skipped, and so are hidden files and folders, and videos.
  Symbolic links are followed. The output folder may lie inside an input
  folder; it is not read.

Names:
  A file named on the command line keeps its name, a file of a folder its path
  in that folder, and a path of --files-from its folders too. The extension
  becomes that of the format written (IMG_1.HEIC to IMG_1.jpg) unless it names
  it already (IMG_2.JPG, scan.jpeg). Two photos that would get the same name,
  apart from upper and lower case, are both refused before anything is written,
  and the rest goes on; see --on-collision. A source is never written over, and
  in the folder of its source an output replaces another file only with
  --overwrite always.

Report:
  One JSON line for each file, in the order of the inputs, goes to standard
  output, or to the file of --report; with -o - it goes to standard error. On a
  terminal a short line for each photo is shown instead. The progress bar and
  the closing summary go to standard error. The fields of a line:
    input, output
    status           ok, failed or skipped
    error, reason    kind and message; only if failed or skipped
    dry_run          true; only with --dry-run
    action           kept, rewritten or transcoded
    source           format, width, height, bytes, orientation
    result           format, width, height, bytes, quality
    losses           what the result lacks, each with its kind
    encodes          how many times the picture was encoded
    elapsed_ms

Exit codes:
  0  every photo was prepared, or skipped for a reason in the report
  1  some photos failed, or the run was interrupted: Ctrl-C, SIGTERM and SIGHUP
     finish the photos in work, and the second time stop at once
  2  wrong usage, and nothing was done";

/// What follows the options of `photofit upload`.
#[cfg(feature = "upload")]
pub(super) const UPLOAD: &str = "\
Examples:
  photofit upload --records photos.csv --data-center eu
      Every photo of the list onto its record.
  photofit upload --record Contacts/3000000038009 photo.jpg
      One photo.
  photofit upload --records photos.csv --dry-run
      Prepare and validate everything, send nothing.
  photofit upload --records photos.csv --journal done.jsonl --resume
      Go on where an earlier run ended.
  photofit upload --records photos.csv --memory 500MB --timeout 60
      In a small container, and no photo takes longer than a minute to prepare.
  photofit upload --records photos.csv --shard 1/4
      A quarter of the list, for one of four machines.

List:
  A CSV file whose first line names the columns module, record_id and photo; more
  columns do not matter. A photo is a path, from the current folder, an http or
  https URL, or an object such as s3://bucket/photo.jpg. The whole list is checked
  before anything is sent, and mistakes are told with their lines.

Credentials:
  BIGIN_ACCESS_TOKEN, or BIGIN_REFRESH_TOKEN, BIGIN_CLIENT_ID and
  BIGIN_CLIENT_SECRET, in the environment or in the file of --credentials.

Report:
  The lines of `photofit prep`, with one field more:
    upload   record, http_status, code, message, attempts, elapsed_ms, and
             tightened if it had to be prepared again with tighter limits

Exit codes:
  0  every photo is stored
  1  some photos failed or were not sent: Ctrl-C, SIGTERM and SIGHUP finish the
     uploads in flight, and the second time stop at once
  2  wrong usage, and nothing was sent
  3  the service refused the caller: scope, permission or token";

/// What follows the options of `photofit probe`.
pub(super) const PROBE: &str = "\
Examples:
  photofit probe photos                      a table of a folder's photos
  photofit probe photos --limits mastodon    what another service would need
  photofit probe --json IMG_1.HEIC           one JSON line for each photo

Only headers are read: no pixel is decoded, so damage inside the picture is not
seen. The fields of a JSON line:
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
