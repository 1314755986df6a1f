//! RGB pictures in memory, and the chart that most test files show.

use rayon::prelude::*;

use crate::math::{Rgb, hash_unit, tone};

/// Interleaved 8-bit RGB.
#[derive(Clone)]
pub(crate) struct Picture {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) rgb: Vec<u8>,
}

impl Picture {
    /// A picture from its pixels' bytes.
    pub(crate) fn from_fn(width: usize, height: usize, pixel: impl Fn(usize, usize) -> [u8; 3] + Sync) -> Self {
        let mut rgb = vec![0; width * height * 3];
        rgb.par_chunks_mut(width * 3).enumerate().for_each(|(y, row)| {
            for (x, p) in row.chunks_exact_mut(3).enumerate() {
                p.copy_from_slice(&pixel(x, y));
            }
        });
        Self { width, height, rgb }
    }

    /// A picture from colours in linear light, with film grain of `grain` byte steps that also hides banding.
    ///
    /// `light` gets coordinates in which the picture is `width / height` wide and 1 high.
    pub(crate) fn render(width: usize, height: usize, grain: f32, light: impl Fn(f32, f32) -> Rgb + Sync) -> Self {
        let step = 1.0 / height as f32;
        Self::from_fn(width, height, |x, y| {
            let g = hash_unit(x as i32, y as i32, 7001) + hash_unit(x as i32, y as i32, 7002) - 1.0;
            tone(light((x as f32 + 0.5) * step, (y as f32 + 0.5) * step), g * grain)
        })
    }

    pub(crate) fn pixel(&self, x: usize, y: usize) -> [u8; 3] {
        let at = (y * self.width + x) * 3;
        [self.rgb[at], self.rgb[at + 1], self.rgb[at + 2]]
    }

    /// The pixels as they have to be stored so that EXIF `orientation` (1 to 8) turns them into this picture.
    ///
    /// EXIF (CIPA DC-008, 4.6.5.1.6) says which visual sides the stored row 0 and column 0 are.
    pub(crate) fn stored(&self, orientation: u16) -> Self {
        let (right, bottom) = (self.width - 1, self.height - 1);
        let (width, height) = if orientation >= 5 {
            (self.height, self.width)
        } else {
            (self.width, self.height)
        };
        Self::from_fn(width, height, |sx, sy| match orientation {
            2 => self.pixel(right - sx, sy),
            3 => self.pixel(right - sx, bottom - sy),
            4 => self.pixel(sx, bottom - sy),
            5 => self.pixel(sy, sx),
            6 => self.pixel(right - sy, sx),
            7 => self.pixel(right - sy, bottom - sx),
            8 => self.pixel(sy, bottom - sx),
            _ => self.pixel(sx, sy),
        })
    }

    /// Rec. 601 luma of each pixel.
    pub(crate) fn gray(&self) -> Vec<u8> {
        self.rgb.chunks_exact(3).map(|p| luma([p[0], p[1], p[2]])).collect()
    }

    /// The pixels with the alpha that `alpha` gives them.
    pub(crate) fn rgba(&self, alpha: impl Fn(usize, usize) -> u8) -> Vec<u8> {
        let with = |(i, p): (usize, &[u8])| [p[0], p[1], p[2], alpha(i % self.width, i / self.width)];
        self.rgb.chunks_exact(3).enumerate().flat_map(with).collect()
    }
}

fn luma(p: [u8; 3]) -> u8 {
    let [r, g, b] = p.map(u32::from);
    ((299 * r + 587 * g + 114 * b + 500) / 1000) as u8
}

/// The chart's width; odd and no multiple of 8, like its height.
pub(crate) const CHART_WIDTH: usize = 61;
/// The chart's height.
pub(crate) const CHART_HEIGHT: usize = 43;

/// The colours of the chart's corners: top left, top right, bottom left, bottom right.
const CORNERS: [[u8; 3]; 4] = [[220, 40, 40], [40, 180, 60], [40, 70, 220], [240, 210, 40]];

/// A letter F on a gradient, with a colour of its own in each corner: no turn or mirroring leaves it as it is.
pub(crate) fn chart() -> Picture {
    chart_sized(CHART_WIDTH, CHART_HEIGHT)
}

/// The chart at another size.
pub(crate) fn chart_sized(width: usize, height: usize) -> Picture {
    Picture::from_fn(width, height, |x, y| {
        let (cw, ch) = (width / 5, height / 4);
        let (left, right) = (x < cw, x >= width - cw);
        let (top, bottom) = (y < ch, y >= height - ch);
        match (left, right, top, bottom) {
            (true, _, true, _) => return CORNERS[0],
            (_, true, true, _) => return CORNERS[1],
            (true, _, _, true) => return CORNERS[2],
            (_, true, _, true) => return CORNERS[3],
            _ => {}
        }
        // The letter stands on a grid of 16 × 12 cells.
        let (u, v) = (x * 16 / width, y * 12 / height);
        let stem = (6..8).contains(&u) && (2..10).contains(&v);
        let arm = (6..11).contains(&u) && (2..4).contains(&v);
        let bar = (6..10).contains(&u) && (5..7).contains(&v);
        if stem || arm || bar {
            return [20, 24, 32];
        }
        let across = x * 255 / width;
        let down = y * 255 / height;
        [
            (150 + across / 4) as u8,
            (205 - down / 5) as u8,
            (235 - across / 3) as u8,
        ]
    })
}

/// The alpha that goes with a chart of this size: opaque, but for a soft round hole below the middle and a clear right
/// edge.
pub(crate) fn chart_alpha(width: usize, height: usize) -> impl Fn(usize, usize) -> u8 {
    move |x, y| {
        if x * 20 >= width * 19 {
            return 0;
        }
        let (dx, dy) = (x as f32 - width as f32 * 0.72, y as f32 - height as f32 * 0.55);
        let distance = (dx * dx + dy * dy).sqrt() / (height as f32 * 0.2);
        (distance * distance * 255.0).min(255.0) as u8
    }
}
