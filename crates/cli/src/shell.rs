//! What the program hands to shells, packagers and bug reports: completions, manual pages, its make.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::LazyLock;

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;

use super::Error;
use super::args::Args;

/// The text of `--version`: the number, the commit where it is known, and the features.
pub(super) static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut text = env!("CARGO_PKG_VERSION").to_owned();
    if let Some(commit) = option_env!("PHOTOFIT_COMMIT").filter(|commit| !commit.is_empty()) {
        text += &format!("\ncommit: {commit}");
    }
    let features = [
        ("cli", true),
        ("heic", cfg!(feature = "heic")),
        ("object-store", cfg!(feature = "object-store")),
        ("upload", cfg!(feature = "upload")),
    ];
    let names: Vec<&str> = features.iter().filter(|(_, on)| *on).map(|(name, _)| *name).collect();
    text += &format!("\nfeatures: {}", names.join(", "));
    text
});

/// Writes the completions of a shell to standard output.
pub(super) fn completions(shell: Shell) -> Result<(), Error> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "photofit", &mut script);
    io::stdout().write_all(&script).map_err(|source| Error::File {
        what: "write",
        path: "standard output".into(),
        source,
    })
}

/// Writes a manual page for the program and one for each of its commands into a folder.
pub(super) fn manual(folder: &Path) -> Result<(), Error> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::File {
            what: "write",
            path,
            source,
        }
    };
    fs::create_dir_all(folder).map_err(failed(folder))?;
    let mut command = Args::command();
    command.build();
    let subcommands: Vec<clap::Command> = command
        .get_subcommands()
        .filter(|c| c.get_name() != "help")
        .cloned()
        .collect();
    for command in std::iter::once(command).chain(subcommands) {
        let name = command
            .get_display_name()
            .unwrap_or(command.get_name())
            .replace(' ', "-");
        let mut page = Vec::new();
        let path = folder.join(format!("{name}.1"));
        let man = Man::new(command.display_name(name));
        man.render(&mut page).map_err(failed(&path))?;
        fs::write(&path, page).map_err(failed(&path))?;
    }
    Ok(())
}
