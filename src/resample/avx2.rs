//! The kernels of [`kernels`](super::kernels) with AVX2; the results are the same, bit for bit.

use super::kernels::{Column, Columns, FROM_LINEAR, FROM_LINEAR_SHIFT, LINES, Rows, Square, TILE, TileRow};
use bytemuck::{must_cast, must_cast_ref};
use std::arch::x86_64::*;

/// Makes the columns of one tile.
#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn sum_rows(rows: &Rows<'_>, tile: &[TileRow], columns: &mut [Column]) {
    let mut made = [[[0.0; 8]; TILE / 8]; LINES];
    for ((first, weights), line) in rows.sums().zip(&mut made) {
        weigh(&tile[first..first + rows.taps], weights, line);
    }
    transpose(&made, columns);
}

/// Weighted sums of the rows of a tile, four vectors at a time.
#[target_feature(enable = "avx2")]
#[inline]
fn weigh(tile: &[TileRow], weights: &[f32], out: &mut TileRow) {
    for half in 0..TILE / 32 {
        let mut sums = [_mm256_setzero_ps(); 4];
        for (row, &weight) in tile.iter().zip(weights) {
            let weight = _mm256_set1_ps(weight);
            for (i, sum) in sums.iter_mut().enumerate() {
                let value = must_cast::<[f32; 8], __m256>(row[half * 4 + i]);
                *sum = _mm256_add_ps(*sum, _mm256_mul_ps(weight, value));
            }
        }
        for (i, sum) in sums.into_iter().enumerate() {
            out[half * 4 + i] = must_cast(sum);
        }
    }
}

/// Turns sixteen rows of a tile into columns.
#[target_feature(enable = "avx2")]
#[inline]
fn transpose(made: &[TileRow; LINES], columns: &mut [Column]) {
    for (group, columns) in columns.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        for half in 0..2 {
            let mut r = [_mm256_setzero_ps(); 8];
            for (i, r) in r.iter_mut().enumerate() {
                *r = must_cast(made[half * 8 + i][group]);
            }
            for (column, values) in columns.iter_mut().zip(transpose_8x8(r)) {
                let halves: &mut [[f32; 8]; 2] = bytemuck::must_cast_mut(column);
                halves[half] = must_cast(values);
            }
        }
    }
}

#[target_feature(enable = "avx2")]
#[inline]
fn transpose_8x8(r: [__m256; 8]) -> [__m256; 8] {
    let (a0, a1) = (_mm256_unpacklo_ps(r[0], r[1]), _mm256_unpackhi_ps(r[0], r[1]));
    let (a2, a3) = (_mm256_unpacklo_ps(r[2], r[3]), _mm256_unpackhi_ps(r[2], r[3]));
    let (a4, a5) = (_mm256_unpacklo_ps(r[4], r[5]), _mm256_unpackhi_ps(r[4], r[5]));
    let (a6, a7) = (_mm256_unpacklo_ps(r[6], r[7]), _mm256_unpackhi_ps(r[6], r[7]));
    let (b0, b1) = (_mm256_shuffle_ps::<0x44>(a0, a2), _mm256_shuffle_ps::<0xEE>(a0, a2));
    let (b2, b3) = (_mm256_shuffle_ps::<0x44>(a1, a3), _mm256_shuffle_ps::<0xEE>(a1, a3));
    let (b4, b5) = (_mm256_shuffle_ps::<0x44>(a4, a6), _mm256_shuffle_ps::<0xEE>(a4, a6));
    let (b6, b7) = (_mm256_shuffle_ps::<0x44>(a5, a7), _mm256_shuffle_ps::<0xEE>(a5, a7));
    [
        _mm256_permute2f128_ps::<0x20>(b0, b4),
        _mm256_permute2f128_ps::<0x20>(b1, b5),
        _mm256_permute2f128_ps::<0x20>(b2, b6),
        _mm256_permute2f128_ps::<0x20>(b3, b7),
        _mm256_permute2f128_ps::<0x31>(b0, b4),
        _mm256_permute2f128_ps::<0x31>(b1, b5),
        _mm256_permute2f128_ps::<0x31>(b2, b6),
        _mm256_permute2f128_ps::<0x31>(b3, b7),
    ]
}

/// Weighted sums of columns, as bytes.
#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn horizontal(sums: &Columns<'_>, columns: &[Column], out: &mut [[u8; LINES]]) {
    let weights = sums.weights.chunks_exact(sums.taps);
    for ((out, &first), weights) in out.iter_mut().zip(sums.first).zip(weights) {
        *out = column(&columns[first..first + sums.taps], weights, sums.linear);
    }
}

#[target_feature(enable = "avx2")]
#[inline]
fn column(columns: &[Column], weights: &[f32], linear: bool) -> [u8; LINES] {
    let (mut top, mut bottom) = (_mm256_setzero_ps(), _mm256_setzero_ps());
    for (column, &weight) in columns.iter().zip(weights) {
        let weight = _mm256_set1_ps(weight);
        let halves: &[[f32; 8]; 2] = must_cast_ref(column);
        top = _mm256_add_ps(top, _mm256_mul_ps(weight, must_cast(halves[0])));
        bottom = _mm256_add_ps(bottom, _mm256_mul_ps(weight, must_cast(halves[1])));
    }
    let words = _mm256_packs_epi32(whole(top, linear), whole(bottom, linear));
    // The packs work within halves; bring the rows back in order.
    let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(words);
    let bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256::<1>(words));
    must_cast(bytes)
}

/// Whole numbers from 0 to 255.
#[target_feature(enable = "avx2")]
#[inline]
fn whole(sum: __m256, linear: bool) -> __m256i {
    let positive = _mm256_max_ps(sum, _mm256_setzero_ps());
    let value = if linear {
        let root = _mm256_sqrt_ps(_mm256_add_ps(positive, _mm256_set1_ps(FROM_LINEAR_SHIFT)));
        let [first, rest @ ..] = FROM_LINEAR;
        let next = |sum, &factor| _mm256_add_ps(_mm256_set1_ps(factor), _mm256_mul_ps(root, sum));
        let high = rest.iter().rev().fold(_mm256_setzero_ps(), next);
        _mm256_add_ps(_mm256_set1_ps(first), _mm256_mul_ps(root, high))
    } else {
        positive
    };
    // To the nearest, ties to even.
    _mm256_cvtps_epi32(_mm256_min_ps(value, _mm256_set1_ps(255.0)))
}

/// Transposes bytes: four rounds of interleaving what is eight registers apart (the perfect shuffle).
#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn turn(square: &Square) -> Square {
    let mut r: [__m128i; 16] = must_cast(*square);
    for _ in 0..4 {
        let mut next = r;
        for i in 0..8 {
            next[2 * i] = _mm_unpacklo_epi8(r[i], r[i + 8]);
            next[2 * i + 1] = _mm_unpackhi_epi8(r[i], r[i + 8]);
        }
        r = next;
    }
    must_cast(r)
}
