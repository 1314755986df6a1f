//! `photos/`: what the README's first command is run on. Photo-like pictures, each with another thing to do.

use heifer::Metadata;
use jpeg_encoder::SamplingFactor;
use rayon::prelude::*;

use super::scenes::{self, Lake};
use super::still_life;
use crate::entry::{Result, Shelf};
use crate::formats::exif::Camera;
use crate::formats::jpeg::{self, Coding, exif_segment};
use crate::formats::{heic, png};
use crate::math::{add, scale};
use crate::picture::Picture;

pub(crate) fn shelf() -> Result<Shelf> {
    let mut shelf = Shelf::new("photos");
    lake(&mut shelf)?;
    still_life(&mut shelf)?;
    aurora(&mut shelf)?;
    badge(&mut shelf);
    balloons(&mut shelf)?;
    dunes(&mut shelf)?;
    autumn(&mut shelf)?;
    Ok(shelf)
}

fn thumbnail(picture: &Picture) -> Result<Vec<u8>> {
    let (width, height) = if picture.width > picture.height {
        (160, 120)
    } else {
        (120, 160)
    };
    let small = Picture::from_fn(width, height, |x, y| {
        picture.pixel(x * picture.width / width, y * picture.height / height)
    });
    let coding = Coding {
        quality: 60,
        sampling: SamplingFactor::R_4_2_0,
        ..Coding::default()
    };
    Ok(jpeg::bare(&jpeg::encode_rgb(&small, coding)?))
}

/// A phone held upright: the sensor's picture lies on its side.
fn lake(shelf: &mut Shelf) -> Result<()> {
    let scene = Lake::dawn();
    let stored = Picture::render(3000, 4000, 1.2, |x, y| scene.light(x, y)).stored(6);
    let size = (stored.width, stored.height);
    let camera = Camera {
        orientation: 6,
        size,
        place: Some((465_558, 79_802, 564)),
        personal: true,
        thumbnail: Some(thumbnail(&stored)?),
        ..Camera::default()
    };
    let coding = Coding {
        quality: 74,
        sampling: SamplingFactor::R_4_2_0,
        ..Coding::default()
    };
    let bytes = jpeg::with_segments(&jpeg::encode_rgb(&stored, coding)?, &[exif_segment(&camera.block())]);
    shelf.turned(
        "lake.jpg",
        "JPEG",
        size,
        6,
        "12 MP, 4:2:0, on its side, with GPS and serial numbers",
        bytes,
    );
    Ok(())
}

fn still_life(shelf: &mut Shelf) -> Result<()> {
    let size = (4608, 3456);
    let aspect = size.0 as f32 / size.1 as f32;
    let half = 0.25 / size.1 as f32;
    // Two rays a pixel, on its diagonal.
    let picture = Picture::render(size.0, size.1, 0.4, |x, y| {
        let one = still_life::light(x - half, y - half, aspect);
        scale(add(one, still_life::light(x + half, y + half, aspect)), 0.5)
    });
    let camera = Camera {
        size,
        taken: "2024:03:02 15:20:05",
        exposure: (1, 60),
        f_number: (56, 10),
        iso: 200,
        focal_length: (50, 1),
        ..Camera::default()
    };
    let coding = Coding {
        quality: 66,
        progressive: true,
        optimized: true,
        ..Coding::default()
    };
    let bytes = jpeg::with_segments(&jpeg::encode_rgb(&picture, coding)?, &[exif_segment(&camera.block())]);
    shelf.ok("still-life.jpg", "JPEG", size, "16 MP, progressive, 4:4:4", bytes);
    Ok(())
}

fn aurora(shelf: &mut Shelf) -> Result<()> {
    let size = (6000, 4000);
    let picture = Picture::render(size.0, size.1, 0.5, scenes::aurora);
    let camera = Camera {
        big_endian: true,
        size,
        taken: "2024:02:11 23:41:10",
        place: Some((684_385, 174_272, 12)),
        exposure: (8, 1),
        f_number: (18, 10),
        iso: 1600,
        focal_length: (14, 1),
        ..Camera::default()
    };
    let coding = Coding {
        quality: 62,
        sampling: SamplingFactor::R_4_2_2,
        restart: 375,
        ..Coding::default()
    };
    let bytes = jpeg::with_segments(&jpeg::encode_rgb(&picture, coding)?, &[exif_segment(&camera.block())]);
    let special = "24 MP, 4:2:2, restart markers, big endian EXIF with GPS";
    shelf.ok("aurora.jpg", "JPEG", size, special, bytes);
    Ok(())
}

fn badge(shelf: &mut Shelf) {
    let (width, height) = (4200, 2800);
    let aspect = width as f32 / height as f32;
    let mut samples = vec![0u16; width * height * 4];
    samples.par_chunks_mut(width * 4).enumerate().for_each(|(y, row)| {
        for (x, p) in row.chunks_exact_mut(4).enumerate() {
            let place = ((x as f32 + 0.5) / height as f32, (y as f32 + 0.5) / height as f32);
            p.copy_from_slice(&scenes::badge(place.0, place.1, aspect).map(u16::from));
        }
    });
    let bytes = png::file(&png::Header::new((width, height), 6, 8), &samples, &[], &[]);
    shelf.ok("badge.png", "PNG", (width, height), "11.8 MP with alpha", bytes);
}

fn balloons(shelf: &mut Shelf) -> Result<()> {
    let picture = Picture::render(1600, 1200, 0.8, scenes::balloons);
    let coding = Coding {
        quality: 82,
        sampling: SamplingFactor::R_4_2_0,
        optimized: true,
        ..Coding::default()
    };
    let bytes = jpeg::with_segments(&jpeg::encode_rgb(&picture, coding)?, &[jpeg::jfif()]);
    shelf.ok(
        "balloons.jpg",
        "JPEG",
        (1600, 1200),
        "conforms, no metadata: comes back byte for byte",
        bytes,
    );
    Ok(())
}

fn dunes(shelf: &mut Shelf) -> Result<()> {
    let size = (1920, 1280);
    let picture = Picture::render(size.0, size.1, 0.8, scenes::dunes);
    let camera = Camera {
        size,
        taken: "2023:11:05 17:02:33",
        place: Some((311_466, -39_743, 730)),
        personal: true,
        thumbnail: Some(thumbnail(&picture)?),
        ..Camera::default()
    };
    let coding = Coding {
        quality: 80,
        sampling: SamplingFactor::R_4_2_0,
        ..Coding::default()
    };
    let bytes = jpeg::with_segments(&jpeg::encode_rgb(&picture, coding)?, &[exif_segment(&camera.block())]);
    let special = "conforms but for its GPS and serial numbers: only the metadata is rewritten";
    shelf.ok("dunes.jpg", "JPEG", size, special, bytes);
    Ok(())
}

fn autumn(shelf: &mut Shelf) -> Result<()> {
    let scene = Lake::autumn();
    let picture = Picture::render(4032, 3024, 0.6, |x, y| scene.light(x, y));
    let size = (picture.width, picture.height);
    let camera = Camera {
        size,
        taken: "2024:10:19 16:05:55",
        place: Some((477_402, 129_531, 620)),
        ..Camera::default()
    };
    let metadata = Metadata {
        exif: Some(camera.block()),
        ..Metadata::default()
    };
    // The sensor's picture is upside down, and a property of the container says so.
    let stored = picture.stored(3);
    let bytes = heic::turn(&heic::encode_rgb(&stored, 58, &metadata)?, 3)?;
    shelf.turned(
        "autumn.heic",
        "HEIC",
        size,
        3,
        "12 MP in tiles of 512 pixels, upside down, with GPS",
        bytes,
    );
    Ok(())
}
