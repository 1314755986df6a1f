//! The typical Huffman tables, which Motion JPEG frames use without sending them.

use std::sync::LazyLock;

use super::huffman::HuffmanSpec;
use crate::typical::{AC_CHROMINANCE, AC_LUMINANCE, DC_CHROMINANCE, DC_LUMINANCE, Table};

static STANDARD: LazyLock<[[Option<HuffmanSpec>; 2]; 2]> = LazyLock::new(|| {
    let spec = |(counts, symbols): Table| HuffmanSpec::new(counts, symbols).ok();
    [
        [spec(DC_LUMINANCE), spec(DC_CHROMINANCE)],
        [spec(AC_LUMINANCE), spec(AC_CHROMINANCE)],
    ]
});

/// The table of class 0 (DC) or 1 (AC) that stands in for selector 0 (luminance) or 1 (chrominance).
pub(super) fn standard_table(class: usize, selector: usize) -> Option<&'static HuffmanSpec> {
    STANDARD.get(class)?.get(selector)?.as_ref()
}
