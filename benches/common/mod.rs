//! What the benches measure with, and how.

#![allow(dead_code, reason = "not every user needs all of it")]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Duration;

use criterion::Criterion;
use photofit::Preparer;

mod photos;

pub(crate) use photos::*;

/// The version of what [`photos`] makes: files of other versions in the cache are not used.
const VERSION: &str = "2";

/// A size of photos as cameras take them.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) name: &'static str,
    pub(crate) width: u16,
    pub(crate) height: u16,
}

impl Size {
    const fn new(name: &'static str, width: u16, height: u16) -> Self {
        Self { name, width, height }
    }

    pub(crate) fn pixels(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}

/// A phone's usual size.
pub(crate) const MP12: Size = Size::new("12MP", 4032, 3024);
/// A camera's.
pub(crate) const MP24: Size = Size::new("24MP", 6000, 4000);
/// A phone's with all pixels of its sensor.
pub(crate) const MP48: Size = Size::new("48MP", 8064, 6048);
/// The most that phones have.
pub(crate) const MP108: Size = Size::new("108MP", 12000, 9000);
/// All of them.
pub(crate) const SIZES: [Size; 4] = [MP12, MP24, MP48, MP108];

/// How a photo is coded.
#[derive(Clone, Copy)]
pub(crate) enum Coding {
    Baseline,
    Progressive,
}

impl Coding {
    /// The part of a benchmark's name that stands for the format.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Baseline => "jpeg-baseline",
            Self::Progressive => "jpeg-progressive",
        }
    }
}

/// A photo to measure with.
pub(crate) struct Sample {
    /// `format/size`, or `corpus/` and the file's name.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) pixels: u64,
}

/// A generated photo, from the cache in the target folder if it was made before: large ones take a while to make.
pub(crate) fn sample(coding: Coding, size: Size) -> Sample {
    let name = format!("{}/{}", coding.name(), size.name);
    let path = cache().join(format!("{}-{}.jpg", coding.name(), size.name));
    let bytes = std::fs::read(&path).unwrap_or_else(|_| {
        let bytes = match coding {
            Coding::Baseline => photo(size.width, size.height),
            Coding::Progressive => progressive(size.width, size.height),
        };
        // Beside its place and renamed, so that a run that ends early leaves no half of it. Without a cache it is made
        // each time.
        let unfinished = path.with_extension(std::process::id().to_string());
        let _ = std::fs::create_dir_all(cache())
            .and_then(|()| std::fs::write(&unfinished, &bytes))
            .and_then(|()| std::fs::rename(&unfinished, &path));
        bytes
    });
    Sample {
        name,
        bytes,
        pixels: size.pixels(),
    }
}

fn cache() -> PathBuf {
    let folder = option_env!("CARGO_TARGET_TMPDIR").map_or_else(std::env::temp_dir, PathBuf::from);
    folder.join(format!("bench-photos-{VERSION}"))
}

/// The JPEGs of the folder that `PHOTOFIT_CORPUS` names, by name.
pub(crate) fn corpus() -> Vec<Sample> {
    let Some(folder) = std::env::var_os("PHOTOFIT_CORPUS") else {
        return Vec::new();
    };
    let entries = std::fs::read_dir(&folder).expect("PHOTOFIT_CORPUS names a folder that can be read");
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths.iter().filter_map(|path| real(path)).collect()
}

/// A file as a sample, if it is a JPEG that photofit prepares.
fn real(path: &Path) -> Option<Sample> {
    let bytes = std::fs::read(path).ok()?;
    let info = photofit::probe(&bytes).ok()?;
    if info.format != photofit::Format::Jpeg || photofit::prepare(&bytes, &photofit::Options::default()).is_err() {
        return None;
    }
    Some(Sample {
        name: format!("corpus/{}", path.file_name()?.to_string_lossy()),
        pixels: u64::from(info.width) * u64::from(info.height),
        bytes,
    })
}

/// Prepares a photo that can be made to fit, and says how many bytes it has then.
pub(crate) fn prepare(preparer: &mut Preparer, photo: &[u8]) -> usize {
    preparer
        .prepare(black_box(photo))
        .expect("a photo that fits")
        .bytes()
        .len()
}

/// Measurements of work that takes tens of milliseconds and more: few, so that all of them take minutes. Of ten samples a
/// thousand resamples say as much as criterion's hundred thousand, which take seven seconds a measurement to plot.
pub(crate) fn criterion() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .nresamples(1000)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2))
}

/// The largest size of at most `max_pixels` with the ratio of the given one, rounded down.
pub(crate) fn fit((width, height): (u32, u32), max_pixels: u64) -> (u32, u32) {
    let (w, h) = (u64::from(width), u64::from(height));
    let scaled = |side: u64| u32::try_from((side * side * max_pixels.min(w * h) / (w * h)).isqrt());
    (scaled(w).unwrap_or(width), scaled(h).unwrap_or(height))
}

/// A pool of all the machine's cores, and how many they are.
pub(crate) fn pool() -> (rayon::ThreadPool, usize) {
    let pool = rayon::ThreadPoolBuilder::new()
        .build()
        .expect("a pool of the machine's cores");
    let threads = pool.current_num_threads();
    (pool, threads)
}
