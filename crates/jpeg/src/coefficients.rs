//! Quantised DCT coefficients of a whole picture: what a lossless transform,
//! a requantisation and a progressive decode work on.

/// The quantised coefficients of one component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// Component identifier of the frame header (T.81 B.2.2, `C_i`).
    pub id: u8,
    /// Horizontal sampling factor, 1 to 4 (`H_i`).
    pub h: u8,
    /// Vertical sampling factor, 1 to 4 (`V_i`).
    pub v: u8,
    /// Quantisation table in natural (row-major) order, each entry at least 1.
    pub quant: [u16; 64],
    /// Blocks in a row, padded to whole MCUs of an interleaved scan.
    pub blocks_wide: usize,
    /// Rows of blocks, padded to whole MCUs of an interleaved scan.
    pub blocks_high: usize,
    /// `blocks_wide * blocks_high` blocks, row by row; each holds its 64
    /// quantised coefficients in natural (row-major) order.
    pub blocks: Vec<[i16; 64]>,
}

/// The quantised coefficients of a picture with one or three components.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coefficients {
    /// Width of the picture in pixels.
    pub width: u16,
    /// Height of the picture in pixels.
    pub height: u16,
    /// One component (gray) or three (Y, Cb, Cr, or R, G, B as the transform says).
    pub components: Vec<Component>,
}
