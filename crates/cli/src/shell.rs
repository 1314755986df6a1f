//! What the program hands to shells and packagers: completions and manual pages.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;
use photofit::place::{Existing, Mark, Writer};

use super::Error;
use super::args::Args;

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
    let writer = Writer::new(Mark::of_this_process());
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
        writer.write(&path, &page, Existing::Replace).map_err(failed(&path))?;
    }
    Ok(())
}
