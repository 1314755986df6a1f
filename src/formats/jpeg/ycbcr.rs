//! From the codec's planes to interleaved gray or RGB (JFIF 1.02: ITU-R BT.601 at full range).

use crate::error::Error;
use crate::jpeg::decode::{ColorModel, Header, Plane, Planes};
use crate::pixels::{Layout, zeros};

/// The picture's samples side by side. Chroma at half the size is interpolated between its centred samples by the
/// triangle filter; at a quarter it is repeated.
pub(super) fn interleave(header: &Header, planes: &Planes) -> Result<(Layout, Vec<u8>), Error> {
    let (width, height) = (usize::from(header.width), usize::from(header.height));
    if let [luma] = planes.planes() {
        let mut out = zeros(width * height)?;
        for (out, row) in out.chunks_exact_mut(width).zip(luma.rows()) {
            out.copy_from_slice(&row[..width]);
        }
        return Ok((Layout::Gray, out));
    }
    let largest = |side: fn(&crate::jpeg::decode::FrameComponent) -> u8| {
        header.components.iter().map(side).max().map_or(1, usize::from)
    };
    let (across, down) = (largest(|c| c.h), largest(|c| c.v));
    let mut out = zeros(width * height * 3)?;
    let mut lines: [Vec<u8>; 3] = [zeros(width)?, zeros(width)?, zeros(width)?];
    let mut blend = Vec::new();
    for (y, row) in out.chunks_exact_mut(width * 3).enumerate() {
        for ((line, plane), component) in lines.iter_mut().zip(planes.planes()).zip(&header.components) {
            let factors = (across / usize::from(component.h), down / usize::from(component.v));
            upsample(plane, factors, y, &mut blend, line);
        }
        let [first, second, third] = &lines;
        let samples = first.iter().zip(second).zip(third);
        let (pixels, _) = row.as_chunks_mut::<3>();
        if header.color == ColorModel::Rgb {
            pixels
                .iter_mut()
                .zip(samples)
                .for_each(|(p, ((&r, &g), &b))| *p = [r, g, b]);
        } else {
            pixels
                .iter_mut()
                .zip(samples)
                .for_each(|(p, ((&y, &cb), &cr))| *p = to_rgb(y, cb, cr));
        }
    }
    Ok((Layout::Rgb, out))
}

/// One row of the picture from a plane that is `factors` times smaller.
pub(in crate::formats) fn upsample(
    plane: &Plane,
    (across, down): (usize, usize),
    y: usize,
    blend: &mut Vec<u16>,
    out: &mut [u8],
) {
    let width = out.len().div_ceil(across).min(plane.width());
    let row = |y: usize| {
        let start = y.min(plane.height() - 1) * plane.stride();
        &plane.samples()[start..start + width]
    };
    // Rows first, in quarters: three of the nearer one and one of the farther.
    let near = y / down;
    let far = match (down, y % 2) {
        (2, 0) => near.saturating_sub(1),
        (2, _) => near + 1,
        _ => near,
    };
    blend.clear();
    blend.extend(
        row(near)
            .iter()
            .zip(row(far))
            .map(|(&n, &f)| 3 * u16::from(n) + u16::from(f)),
    );
    let at = |i: usize| blend[i.min(width - 1)];
    if across == 2 {
        // Then columns, in sixteenths; the bias alternates so that rounding favours neither side.
        for (i, pair) in out.chunks_mut(2).enumerate() {
            let (before, here, after) = (at(i.saturating_sub(1)), at(i), at(i + 1));
            let values = [(3 * here + before + 8) >> 4, (3 * here + after + 7) >> 4];
            for (out, v) in pair.iter_mut().zip(values) {
                *out = u8::try_from(v).unwrap_or(u8::MAX);
            }
        }
    } else {
        for (i, group) in out.chunks_mut(across).enumerate() {
            group.fill(u8::try_from((at(i) + 2) >> 2).unwrap_or(u8::MAX));
        }
    }
}

/// R = Y + 1.402 Cr, G = Y − 0.344136 Cb − 0.714136 Cr, B = Y + 1.772 Cb, in 16-bit fixed point.
pub(in crate::formats) fn to_rgb(y: u8, cb: u8, cr: u8) -> [u8; 3] {
    let (y, cb, cr) = (i32::from(y) << 16, i32::from(cb) - 128, i32::from(cr) - 128);
    let round = |v: i32| u8::try_from(((v + 0x8000) >> 16).clamp(0, 255)).unwrap_or(u8::MAX);
    [
        round(y + 91_881 * cr),
        round(y - 22_554 * cb - 46_802 * cr),
        round(y + 116_130 * cb),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_come_back_from_their_planes() {
        for (ycc, rgb) in [
            ([76, 85, 255], [254, 0, 0]),
            ([150, 44, 21], [0, 255, 1]),
            ([29, 255, 107], [0, 0, 254]),
            ([200, 128, 128], [200, 200, 200]),
        ] {
            assert_eq!(to_rgb(ycc[0], ycc[1], ycc[2]), rgb);
        }
    }
}
