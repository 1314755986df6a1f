//! What the decoder's tests share: other people's programs as references, and where the photos are.
#![allow(
    dead_code,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    reason = "each test program uses a part of this and tells what it leaves out"
)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use photofit_jpeg::decode::{DamageReport, Decoder, Header, Planes, Scale};

/// Runs a program with `input` on its standard input; `None` if it fails, with what it said on the way.
pub(crate) fn run(program: &str, arguments: &[&str], input: &[u8]) -> Option<Vec<u8>> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut stdin = child.stdin.take()?;
    let output = std::thread::scope(|scope| {
        scope.spawn(move || {
            // A program that has seen enough closes its input.
            let _ = stdin.write_all(input);
        });
        child.wait_with_output()
    })
    .ok()?;
    output.status.success().then_some(output.stdout)
}

/// Whether cjpeg and djpeg are installed; says so if they are not.
pub(crate) fn have_tools() -> bool {
    let have = ["cjpeg", "djpeg"].iter().all(|program| {
        Command::new(program)
            .arg("-version")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok()
    });
    if !have {
        println!("skipped: cjpeg and djpeg (libjpeg-turbo) are not installed");
    }
    have
}

/// The photos in the folder that PHOTOFIT_PHOTOS names; says so if it names none.
pub(crate) fn photos() -> Vec<PathBuf> {
    let Some(root) = std::env::var_os("PHOTOFIT_PHOTOS") else {
        println!("skipped: PHOTOFIT_PHOTOS does not name a folder of photos");
        return Vec::new();
    };
    let mut found = Vec::new();
    collect(Path::new(&root), &mut found);
    found.sort();
    found
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, found);
        } else if std::fs::read(&path).is_ok_and(|bytes| bytes.starts_with(&[0xFF, 0xD8])) {
            found.push(path);
        }
    }
}

/// The file without APP0 and APP14, and with an Adobe segment that says "no colour transform": djpeg then
/// writes the components as they are.
pub(crate) fn as_plain_components(jpeg: &[u8]) -> Vec<u8> {
    let mut out = vec![0xFF, 0xD8];
    out.extend([0xFF, 0xEE, 0, 14]);
    out.extend(*b"Adobe");
    out.extend([0, 100, 0, 0, 0, 0, 0]);
    let mut pos = 2;
    while let Some(&[0xFF, marker, high, low]) = jpeg.get(pos..pos + 4) {
        if marker == 0xFF {
            // A fill byte.
            pos += 1;
            continue;
        }
        let end = pos + 2 + usize::from(u16::from_be_bytes([high, low]));
        if marker == 0xDA || end > jpeg.len() {
            break;
        }
        if marker != 0xE0 && marker != 0xEE {
            out.extend(&jpeg[pos..end]);
        }
        pos = end;
    }
    out.extend(&jpeg[pos..]);
    out
}

/// A binary PNM picture: width, height, channels, samples.
pub(crate) fn parse_pnm(bytes: &[u8]) -> Option<(usize, usize, usize, &[u8])> {
    let channels = match bytes.get(..2)? {
        b"P5" => 1,
        b"P6" => 3,
        _ => return None,
    };
    let mut pos = 2;
    let mut numbers = [0; 3];
    for number in &mut numbers {
        while bytes.get(pos)?.is_ascii_whitespace() {
            pos += 1;
        }
        while let digit @ b'0'..=b'9' = *bytes.get(pos)? {
            *number = *number * 10 + usize::from(digit - b'0');
            pos += 1;
        }
    }
    let samples = bytes.get(pos + 1..)?;
    let [width, height, _] = numbers;
    (samples.len() == width * height * channels).then_some((width, height, channels, samples))
}

/// Decodes into planes.
pub(crate) fn decode(jpeg: &[u8]) -> (Header, DamageReport, Planes) {
    let mut planes = Planes::new();
    let (header, report) = Decoder::default()
        .planes(jpeg, Scale::Full, &mut planes)
        .expect("decodes");
    (header, report, planes)
}

/// What djpeg makes of a file, if it takes it: raw components, chroma repeated.
pub(crate) fn reference(jpeg: &[u8]) -> Option<Vec<u8>> {
    run(
        "djpeg",
        &["-nosmooth", "-dct", "int", "-pnm"],
        &as_plain_components(jpeg),
    )
}

/// Compares planes with djpeg's samples; the first difference is told.
pub(crate) fn compare(header: &Header, planes: &Planes, reference: &[u8]) -> Result<(), String> {
    let (width, height, channels, samples) = parse_pnm(reference).ok_or("not a PNM picture")?;
    if (width, height) != (usize::from(header.width), usize::from(header.height)) {
        return Err(format!("size is {width}x{height}"));
    }
    if channels != planes.planes().len() {
        return Err(format!("{channels} channels"));
    }
    let (h_max, v_max) = if channels == 1 {
        (1, 1)
    } else {
        let parts = &header.components;
        (
            parts.iter().map(|c| c.h).max().unwrap_or(1),
            parts.iter().map(|c| c.v).max().unwrap_or(1),
        )
    };
    for (index, (plane, component)) in planes.planes().iter().zip(&header.components).enumerate() {
        let (sx, sy) = if channels == 1 {
            (1, 1)
        } else {
            (usize::from(h_max / component.h), usize::from(v_max / component.v))
        };
        if plane.width() != width.div_ceil(sx) || plane.height() != height.div_ceil(sy) {
            return Err(format!("plane {index} is {}x{}", plane.width(), plane.height()));
        }
        let rows: Vec<&[u8]> = plane.rows().collect();
        for y in 0..height {
            let row = rows[y / sy];
            for x in 0..width {
                let expected = samples[(y * width + x) * channels + index];
                if row[x / sx] != expected {
                    return Err(format!(
                        "component {index} at {x},{y}: {} instead of {expected}",
                        row[x / sx]
                    ));
                }
            }
        }
    }
    Ok(())
}

/// A small generator of numbers that look random: the same in every run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// The next number (xorshift64*, Vigna 2014).
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap_or(0) % end.max(1)
    }

    /// A byte.
    pub(crate) fn byte(&mut self) -> u8 {
        (self.next() >> 40) as u8
    }

    /// One of `items`.
    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }
}

/// A PPM picture with edges, gradients and noise in random measure.
pub(crate) fn random_ppm(random: &mut Random, width: usize, height: usize) -> Vec<u8> {
    let mut out = format!("P6\n{width} {height}\n255\n").into_bytes();
    let noise = random.pick(&[0, 0, 8, 64, 256]);
    let cell = 1 + random.below(24);
    let colors: Vec<[u8; 3]> = (0..4).map(|_| std::array::from_fn(|_| random.byte())).collect();
    for y in 0..height {
        for x in 0..width {
            let color = colors[(x / cell + y / cell) % colors.len()];
            for channel in color {
                let value =
                    i64::from(channel) + random.below(noise + 1) as i64 - noise as i64 / 2 + (x + y) as i64 % 40;
                out.push(value.clamp(0, 255) as u8);
            }
        }
    }
    out
}

/// The small files beside the tests, by name.
pub(crate) fn samples() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/codec/data");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder of small files")
        .flatten()
        .map(|entry| {
            let bytes = std::fs::read(entry.path()).expect("a small file");
            (entry.file_name().to_string_lossy().into_owned(), bytes)
        })
        .collect();
    files.sort();
    files
}

/// One of the small files beside the tests.
pub(crate) fn sample(name: &str) -> Vec<u8> {
    let mut files = samples();
    let index = files.iter().position(|file| file.0 == name);
    files.swap_remove(index.expect("a small file of this name")).1
}

/// Where the first marker of this code stands, segments being passed over.
pub(crate) fn find_marker(jpeg: &[u8], code: u8) -> usize {
    let mut pos = 2;
    while jpeg[pos + 1] != code {
        pos += 2 + usize::from(u16::from_be_bytes([jpeg[pos + 2], jpeg[pos + 3]]));
    }
    pos
}
