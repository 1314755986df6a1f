//! How close shrunk photos are to their originals: SSIMULACRA2 against a reference that no tool under test made.
//!
//! Standard input has a line for each output: the original's path, a tab, the output's path. Lines of one original stand
//! together, so that its reference is made once for each size. Standard output has a line for each in the same order: the
//! score, or `-` and a reason. The one argument is the number of threads.
//!
//! The reference: the original decoded by `image`, turned upright, and shrunk by Lanczos3 in 32-bit linear light (see
//! `shrink`). Both sides' numbers are taken as sRGB, whatever profile they carry: no tool converts colours here.

mod shrink;

use std::collections::HashMap;
use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use fast_ssim2::{PixelDescriptor, PixelSlice, Ssimulacra2Reference};
use image::{DynamicImage, ImageDecoder, ImageReader, RgbImage};

/// The outputs made of one original, by the index of their lines.
struct Task {
    original: String,
    outputs: Vec<(usize, String)>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let threads: usize = match std::env::args().nth(1) {
        Some(count) => count.parse()?,
        None => 1,
    };
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input)?;
    let tasks = tasks(&input)?;
    let answers = Mutex::new(vec![String::new(); input.lines().count()]);
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while let Some(task) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = judge(task);
                    let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
                    for ((line, _), answer) in task.outputs.iter().zip(found) {
                        answers[*line] = answer;
                    }
                }
            });
        }
    });
    for answer in answers.into_inner().unwrap_or_else(PoisonError::into_inner) {
        println!("{answer}");
    }
    Ok(())
}

fn tasks(input: &str) -> Result<Vec<Task>, String> {
    let mut tasks: Vec<Task> = Vec::new();
    for (index, line) in input.lines().enumerate() {
        let (original, output) = line
            .split_once('\t')
            .ok_or_else(|| format!("line {} has no tab between the original and the output", index + 1))?;
        match tasks.last_mut().filter(|task| task.original == original) {
            Some(task) => task.outputs.push((index, output.to_owned())),
            None => tasks.push(Task {
                original: original.to_owned(),
                outputs: vec![(index, output.to_owned())],
            }),
        }
    }
    Ok(tasks)
}

/// An answer for each output, in their order.
fn judge(task: &Task) -> Vec<String> {
    let original = match open(&task.original) {
        Ok(original) => original,
        Err(error) => return vec![format!("-\t{}: {error}", task.original); task.outputs.len()],
    };
    let mut references = HashMap::new();
    task.outputs
        .iter()
        .map(|(_, path)| {
            score(&original, path, &mut references)
                .map_or_else(|error| format!("-\t{path}: {error}"), |score| format!("{score:.4}"))
        })
        .collect()
}

fn score(
    original: &RgbImage,
    path: &str,
    references: &mut HashMap<(u32, u32), Ssimulacra2Reference>,
) -> Result<f64, Box<dyn std::error::Error>> {
    let output = open(path)?;
    let size = output.dimensions();
    if !references.contains_key(&size) {
        let pixels = shrink::linear_lanczos3(original, size.0, size.1);
        references.insert(size, Ssimulacra2Reference::new(&view(&pixels)?)?);
    }
    Ok(references[&size].compare(&view(&output)?)?)
}

fn view(image: &RgbImage) -> Result<PixelSlice<'_>, String> {
    let (width, height) = image.dimensions();
    let stride = width as usize * 3;
    PixelSlice::new(image.as_raw(), width, height, stride, PixelDescriptor::RGB8_SRGB)
        .map_err(|error| error.to_string())
}

/// A photo as it is looked at: decoded and turned upright.
fn open(path: &str) -> Result<RgbImage, Box<dyn std::error::Error>> {
    let mut reader = ImageReader::open(path)?.with_guessed_format()?;
    reader.no_limits();
    let mut decoder = reader.into_decoder()?;
    let orientation = decoder.orientation()?;
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    Ok(image.into_rgb8())
}
