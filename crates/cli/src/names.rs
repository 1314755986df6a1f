//! What each output is called, and that no two photos of a run get the same name.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use photofit::place::Place;
use photofit::pool::{Batch, Worker};
use photofit::{Format, Options};

use super::Error;
use super::args::OnCollision;
use super::destination;
use super::inputs::{Input, has_picture_extension};
use super::source;
use super::verdict::target;

/// The names of a run's outputs. They depend on the format that is written, which is certain only once a photo is
/// prepared: a PNG that does not fit becomes a JPEG.
pub(super) struct Names {
    stems: Vec<Stem>,
    /// Whether an input lies in the folder or prefix that its output goes to.
    beside: Vec<bool>,
    /// Which input writes a path, by the path's key.
    taken: Mutex<HashMap<Key, usize>>,
    /// Why an input gets no name: another one would get the same.
    refused: HashMap<usize, String>,
}

/// A path without its extension, and the extension where it is that of a picture.
struct Stem {
    base: PathBuf,
    extension: Option<OsString>,
}

/// A path without regard to upper and lower case: on many file systems the two are the same file.
type Key = Vec<u8>;

fn key(path: &Path) -> Key {
    match path.to_str() {
        Some(text) => text.to_lowercase().into_bytes(),
        None => path.as_os_str().as_encoded_bytes().to_ascii_lowercase(),
    }
}

impl Stem {
    fn of(relative: &Path) -> Self {
        // "holiday.2024" has no extension to be replaced.
        if has_picture_extension(relative) {
            Self {
                base: relative.with_extension(""),
                extension: relative.extension().map(OsStr::to_owned),
            }
        } else {
            Self {
                base: relative.to_owned(),
                extension: None,
            }
        }
    }

    /// The extension of the source, if it names `format` already.
    fn kept(&self, format: Format) -> Option<&OsStr> {
        self.extension
            .as_deref()
            .filter(|extension| names_format(extension, format))
    }

    fn path(&self, format: Format) -> PathBuf {
        let extension = self.kept(format).unwrap_or_else(|| OsStr::new(format.extension()));
        with_suffix(&self.base, extension)
    }
}

/// Whether a file with this extension is taken for one of the format everywhere.
fn names_format(extension: &OsStr, format: Format) -> bool {
    let usual: &[&str] = match format {
        Format::Jpeg => &["jpg", "jpeg", "jpe", "jfif"],
        Format::Tiff => &["tif", "tiff"],
        Format::Heif => &["heic", "heif", "hif"],
        _ => &[format.extension()],
    };
    usual.iter().any(|known| extension.eq_ignore_ascii_case(known))
}

/// `base.suffix`, whatever dots `base` has.
fn with_suffix(base: &Path, suffix: &OsStr) -> PathBuf {
    let mut name = base.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

impl Names {
    /// Names the output of every input below `output`. Photos that may get the same name are planned from their headers
    /// to learn whether they do; those that would are refused, unless they may be renamed.
    ///
    /// # Errors
    /// [`Error::Usage`] for a photo that would be written over itself.
    pub(super) fn assign(
        inputs: &[Input],
        output: &Place,
        options: &Options,
        on_collision: OnCollision,
        batch: &Batch,
    ) -> Result<Self, Error> {
        let mut stems: Vec<Stem> = inputs.iter().map(|input| Stem::of(&input.relative)).collect();
        let mut groups: HashMap<Key, usize> = HashMap::new();
        let open = |index: &usize| inputs[*index].verdict.is_none();
        for index in (0..inputs.len()).filter(open) {
            *groups.entry(key(&stems[index].base)).or_default() += 1;
        }
        let sources = inputs.iter().map(|input| &input.place);
        let beside = destination::beside(output, sources, stems.iter().map(|stem| stem.base.as_path()));
        let doubtful: Vec<usize> = (0..inputs.len())
            .filter(open)
            .filter(|&index| beside[index] || groups[&key(&stems[index].base)] > 1)
            .collect();
        let planned = formats(inputs, &doubtful, options, batch)?;

        for &(index, format) in planned.iter().filter(|(index, _)| beside[*index]) {
            let place = output.join(&stems[index].path(format));
            if let Ok(place) = place
                && destination::is_same(&place, &inputs[index].place)
            {
                let message = format!("{place} would be written over itself: name another folder for -o");
                return Err(Error::Usage(message));
            }
        }

        // Who keeps its extension has the first right to the name.
        let (keep, change): (Vec<_>, Vec<_>) = planned
            .iter()
            .partition(|(i, format)| stems[*i].kept(*format).is_some());
        let mut used: HashSet<Key> = groups.into_keys().collect();
        let mut taken: HashMap<Key, usize> = HashMap::new();
        let mut refused: HashMap<usize, String> = HashMap::new();
        for (index, format) in keep.into_iter().chain(change) {
            let path = stems[index].path(format);
            match taken.get(&key(&path)) {
                None => {}
                Some(&other) if on_collision == OnCollision::Refuse => {
                    refused.insert(index, refusal(&inputs[other], &path));
                    refused.entry(other).or_insert_with(|| refusal(&inputs[index], &path));
                    continue;
                }
                Some(_) => stems[index] = renamed(&stems[index], &mut used),
            }
            taken.insert(key(&stems[index].path(format)), index);
        }
        Ok(Self {
            stems,
            beside,
            taken: Mutex::new(taken),
            refused,
        })
    }

    /// Why an input gets no name, if it gets none.
    pub(super) fn refused(&self, index: usize) -> Option<&str> {
        self.refused.get(&index).map(String::as_str)
    }

    /// The output's path below the destination.
    pub(super) fn path(&self, index: usize, format: Format) -> PathBuf {
        self.stems[index].path(format)
    }

    /// Takes the name for this input; the other input that has it already, if there is one.
    pub(super) fn take(&self, index: usize, format: Format) -> Result<PathBuf, usize> {
        let relative = self.stems[index].path(format);
        // A panic while it was held cannot have left it half changed.
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        match *taken.entry(key(&relative)).or_insert(index) {
            owner if owner == index => Ok(relative),
            owner => Err(owner),
        }
    }

    /// Whether the output goes to the folder or prefix in which the source lies.
    pub(super) fn is_beside_source(&self, index: usize) -> bool {
        self.beside[index]
    }
}

/// The formats that the inputs `wanted` will be written in, as far as their headers tell; those that cannot be prepared
/// are left out.
fn formats(
    inputs: &[Input],
    wanted: &[usize],
    options: &Options,
    batch: &Batch,
) -> Result<Vec<(usize, Format)>, Error> {
    let mut found = Vec::new();
    let work = |_: &mut Worker<'_>, _: usize, index: &usize| {
        let input = &inputs[*index];
        // It can be read once only, and that is when it is prepared.
        if input.is_stream() {
            return None;
        }
        // What cannot be prepared needs no name: why, it is told when its turn comes.
        let look = source::look(input, options).ok()?;
        let plan = look.plan.ok()?;
        Some(target(&look.info, &plan).0)
    };
    let note = |place, format| {
        if let Ok(Some(format)) = format {
            found.push((wanted[place], format));
        }
    };
    batch.each(wanted, &(), work, note).map_err(Error::Workers)?;
    Ok(found)
}

/// A name with the source's extension in it, and a number if that is not enough.
fn renamed(stem: &Stem, used: &mut HashSet<Key>) -> Stem {
    let base = match &stem.extension {
        Some(extension) => with_suffix(&stem.base, extension),
        None => stem.base.clone(),
    };
    let mut candidate = base.clone();
    let mut number = 2;
    while !used.insert(key(&candidate)) {
        let mut name = base.as_os_str().to_owned();
        name.push(format!("-{number}"));
        candidate = PathBuf::from(name);
        number += 1;
    }
    Stem {
        base: candidate,
        extension: None,
    }
}

fn refusal(other: &Input, path: &Path) -> String {
    format!(
        "{} would get the same name, {}: prepare them into different folders, or let them be renamed with \
         --on-collision rename",
        other.display(),
        path.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(relative: &str, format: Format) -> String {
        Stem::of(Path::new(relative))
            .path(format)
            .to_string_lossy()
            .into_owned()
    }

    #[test]
    fn the_extension_changes_only_when_it_has_to() {
        for (source, format, expected) in [
            ("a/IMG_1.HEIC", Format::Jpeg, "a/IMG_1.jpg"),
            ("IMG_1.JPG", Format::Jpeg, "IMG_1.JPG"),
            ("scan.jpeg", Format::Jpeg, "scan.jpeg"),
            ("3d.mpo", Format::Jpeg, "3d.jpg"),
            ("a.png", Format::Jpeg, "a.jpg"),
            ("a.jpg", Format::Png, "a.png"),
            ("holiday.2024", Format::Jpeg, "holiday.2024.jpg"),
            ("b.out.jpg", Format::Jpeg, "b.out.jpg"),
            ("photo", Format::Gif, "photo.gif"),
        ] {
            assert_eq!(path(source, format), expected);
        }
    }

    #[test]
    fn a_new_name_is_nobody_else_s() {
        let mut used: HashSet<Key> = [key(Path::new("img_1.heic"))].into();
        let stem = Stem::of(Path::new("IMG_1.HEIC"));
        assert_eq!(renamed(&stem, &mut used).base, Path::new("IMG_1.HEIC-2"));
        assert_eq!(renamed(&stem, &mut used).base, Path::new("IMG_1.HEIC-3"));
    }
}
