//! The eight EXIF orientations as a group: what turns a stored picture upright.

/// An EXIF orientation: the turn and mirroring that make a stored picture upright.
///
/// The eight values are the symmetries of a rectangle's grid, with composition ([`then`](Self::then)) and
/// [`inverse`](Self::inverse). The numbers are those of tag 0x0112 in Exif 2.32, section 4.6.4.A.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum Orientation {
    /// 1: upright as stored.
    #[default]
    Upright = 1,
    /// 2: mirrored left to right.
    FlipHorizontal = 2,
    /// 3: upside down.
    Rotate180 = 3,
    /// 4: mirrored top to bottom.
    FlipVertical = 4,
    /// 5: mirrored along the main diagonal.
    Transpose = 5,
    /// 6: to be turned by 90° clockwise.
    Rotate90 = 6,
    /// 7: mirrored along the other diagonal.
    Transverse = 7,
    /// 8: to be turned by 270° clockwise.
    Rotate270 = 8,
}

/// Every orientation is a transposition, or none, followed by mirrorings of the axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steps {
    /// Exchange columns and rows.
    pub transpose: bool,
    /// Then mirror left to right.
    pub flip_horizontal: bool,
    /// Then mirror top to bottom.
    pub flip_vertical: bool,
}

impl Orientation {
    /// All eight, in the order of their numbers.
    pub const ALL: [Self; 8] = [
        Self::Upright,
        Self::FlipHorizontal,
        Self::Rotate180,
        Self::FlipVertical,
        Self::Transpose,
        Self::Rotate90,
        Self::Transverse,
        Self::Rotate270,
    ];

    /// The orientation with this EXIF number, or `None` outside 1 to 8.
    #[must_use]
    pub fn from_exif(value: u32) -> Option<Self> {
        let index = usize::try_from(value).ok()?.checked_sub(1)?;
        Self::ALL.get(index).copied()
    }

    /// The EXIF number, 1 to 8.
    #[must_use]
    pub const fn to_exif(self) -> u8 {
        self as u8
    }

    /// Whether width and height change places.
    #[must_use]
    pub const fn swaps_axes(self) -> bool {
        matches!(
            self,
            Self::Transpose | Self::Rotate90 | Self::Transverse | Self::Rotate270
        )
    }

    /// The upright size of a picture stored as `width` × `height`, and the other way round.
    #[must_use]
    pub const fn apply_to_size(self, width: u32, height: u32) -> (u32, u32) {
        if self.swaps_axes() {
            (height, width)
        } else {
            (width, height)
        }
    }

    /// What is to be done, in steps.
    #[must_use]
    pub const fn steps(self) -> Steps {
        let (transpose, flip_horizontal, flip_vertical) = match self {
            Self::Upright => (false, false, false),
            Self::FlipHorizontal => (false, true, false),
            Self::Rotate180 => (false, true, true),
            Self::FlipVertical => (false, false, true),
            Self::Transpose => (true, false, false),
            Self::Rotate90 => (true, true, false),
            Self::Transverse => (true, true, true),
            Self::Rotate270 => (true, false, true),
        };
        Steps {
            transpose,
            flip_horizontal,
            flip_vertical,
        }
    }

    /// First this one, then `next`.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        let (a, b) = (self.steps(), next.steps());
        // A transposition that comes after mirrorings exchanges them.
        let (horizontal, vertical) = if b.transpose {
            (a.flip_vertical, a.flip_horizontal)
        } else {
            (a.flip_horizontal, a.flip_vertical)
        };
        let both = Steps {
            transpose: a.transpose != b.transpose,
            flip_horizontal: horizontal != b.flip_horizontal,
            flip_vertical: vertical != b.flip_vertical,
        };
        // All eight combinations are among the eight.
        Self::ALL.into_iter().find(|o| o.steps() == both).unwrap_or_default()
    }

    /// The one that undoes this one.
    #[must_use]
    pub const fn inverse(self) -> Self {
        match self {
            Self::Rotate90 => Self::Rotate270,
            Self::Rotate270 => Self::Rotate90,
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the stored pixel (x, y) of a w × h picture stands once upright: the table of Exif 2.32 spelled out.
    fn moved(o: Orientation, x: u32, y: u32, w: u32, h: u32) -> (u32, u32) {
        match o.to_exif() {
            1 => (x, y),
            2 => (w - 1 - x, y),
            3 => (w - 1 - x, h - 1 - y),
            4 => (x, h - 1 - y),
            5 => (y, x),
            6 => (h - 1 - y, x),
            7 => (h - 1 - y, w - 1 - x),
            _ => (y, w - 1 - x),
        }
    }

    #[test]
    fn composition_and_inverse_agree_with_moving_pixels() {
        let (w, h) = (5, 3);
        for a in Orientation::ALL {
            let (aw, ah) = a.apply_to_size(w, h);
            for b in Orientation::ALL {
                for (x, y) in [(0, 0), (4, 0), (1, 2)] {
                    let (ax, ay) = moved(a, x, y, w, h);
                    assert_eq!(
                        moved(a.then(b), x, y, w, h),
                        moved(b, ax, ay, aw, ah),
                        "{a:?} then {b:?}"
                    );
                }
            }
            assert_eq!(a.then(a.inverse()), Orientation::Upright);
            assert_eq!(a.inverse().then(a), Orientation::Upright);
            assert_eq!(Orientation::from_exif(u32::from(a.to_exif())), Some(a));
        }
        assert_eq!(Orientation::from_exif(0), None);
        assert_eq!(Orientation::from_exif(9), None);
    }
}
