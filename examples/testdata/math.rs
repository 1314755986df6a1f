//! Arithmetic that gives the same bits on every machine.
//!
//! Only `+ - * /`, `sqrt` and `floor` are exact by IEEE 754; `sin` or `exp` of the standard library come from the
//! platform. So those are written out here, as are the noise functions that the pictures are made of.

/// A small seeded generator (SplitMix64): the same numbers for the same seed, everywhere.
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| (self.next_u64() >> 56) as u8).collect()
    }
}

/// Sine by its series, after reduction to half a turn; exact to about 1e-9.
pub(crate) fn sin(x: f32) -> f32 {
    const TURN: f64 = std::f64::consts::TAU;
    let x = f64::from(x);
    let mut r = x - TURN * (x / TURN + 0.5).floor();
    // Fold into a quarter turn, where the series is short.
    if r > TURN / 4.0 {
        r = TURN / 2.0 - r;
    } else if r < -TURN / 4.0 {
        r = -TURN / 2.0 - r;
    }
    let q = r * r;
    let series =
        1.0 + q * (-1.0 / 6.0 + q * (1.0 / 120.0 + q * (-1.0 / 5040.0 + q * (1.0 / 362_880.0 - q / 39_916_800.0))));
    (r * series) as f32
}

pub(crate) fn cos(x: f32) -> f32 {
    sin(x + std::f32::consts::FRAC_PI_2)
}

/// Exponential function: the series of a 64th, squared six times. Meant for -20 to 20.
pub(crate) fn exp(x: f32) -> f32 {
    let q = f64::from(x.clamp(-40.0, 40.0)) / 64.0;
    let mut v = 1.0 + q * (1.0 + q / 2.0 * (1.0 + q / 3.0 * (1.0 + q / 4.0 * (1.0 + q / 5.0))));
    for _ in 0..6 {
        v *= v;
    }
    v as f32
}

pub(crate) fn smoothstep(low: f32, high: f32, x: f32) -> f32 {
    let t = ((x - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

pub(crate) fn lerp(a: f32, b: f32, t: f32) -> f32 {
    a + (b - a) * t
}

/// A colour in linear light.
pub(crate) type Rgb = [f32; 3];

pub(crate) fn mix(a: Rgb, b: Rgb, t: f32) -> Rgb {
    [lerp(a[0], b[0], t), lerp(a[1], b[1], t), lerp(a[2], b[2], t)]
}

pub(crate) fn scale(a: Rgb, k: f32) -> Rgb {
    a.map(|v| v * k)
}

pub(crate) fn add(a: Rgb, b: Rgb) -> Rgb {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

pub(crate) fn mul(a: Rgb, b: Rgb) -> Rgb {
    [a[0] * b[0], a[1] * b[1], a[2] * b[2]]
}

pub(crate) fn dot(a: [f32; 3], b: [f32; 3]) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(crate) fn normalize(a: [f32; 3]) -> [f32; 3] {
    scale(a, 1.0 / dot(a, a).sqrt().max(1e-12))
}

/// A colour from sRGB bytes (`0xRRGGBB`), squared into roughly linear light; [`tone`] is the way back.
pub(crate) fn hex(rgb: u32) -> Rgb {
    [16, 8, 0].map(|shift| {
        let v = ((rgb >> shift) & 0xFF) as f32 / 255.0;
        v * v
    })
}

/// Linear light to bytes: a soft shoulder above 0.8, then gamma 2, with `grain` (in byte steps) added.
pub(crate) fn tone(color: Rgb, grain: f32) -> [u8; 3] {
    color.map(|v| {
        let v = v.max(0.0);
        let v = if v > 0.8 {
            0.8 + 0.2 * (1.0 - 1.0 / (1.0 + (v - 0.8) / 0.2))
        } else {
            v
        };
        (v.sqrt() * 255.0 + grain + 0.5).clamp(0.0, 255.0) as u8
    })
}

/// Thirty-two well-mixed bits for a lattice point.
pub(crate) fn hash(x: i32, y: i32, seed: u32) -> u32 {
    let mut h =
        (x as u32).wrapping_mul(0x85EB_CA6B) ^ (y as u32).wrapping_mul(0xC2B2_AE35) ^ seed.wrapping_mul(0x27D4_EB2F);
    h = (h ^ (h >> 15)).wrapping_mul(0x2C1B_3C6D);
    h = (h ^ (h >> 12)).wrapping_mul(0x297A_2D39);
    h ^ (h >> 15)
}

/// A lattice point's number in `0.0..1.0`.
pub(crate) fn hash_unit(x: i32, y: i32, seed: u32) -> f32 {
    (hash(x, y, seed) >> 8) as f32 / 16_777_216.0
}

/// Gradient noise (Perlin 2002) in about -1 to 1, with a period of one lattice cell.
pub(crate) fn noise(x: f32, y: f32, seed: u32) -> f32 {
    const D: f32 = std::f32::consts::FRAC_1_SQRT_2;
    const GRADIENTS: [(f32, f32); 8] = [
        (1.0, 0.0),
        (-1.0, 0.0),
        (0.0, 1.0),
        (0.0, -1.0),
        (D, D),
        (-D, D),
        (D, -D),
        (-D, -D),
    ];
    let (fx, fy) = (x.floor(), y.floor());
    let (ix, iy) = (fx as i32, fy as i32);
    let (tx, ty) = (x - fx, y - fy);
    let corner = |dx: i32, dy: i32| {
        let (gx, gy) = GRADIENTS[(hash(ix.wrapping_add(dx), iy.wrapping_add(dy), seed) >> 29) as usize];
        gx * (tx - dx as f32) + gy * (ty - dy as f32)
    };
    let fade = |t: f32| t * t * t * (t * (t * 6.0 - 15.0) + 10.0);
    let (u, v) = (fade(tx), fade(ty));
    1.5 * lerp(
        lerp(corner(0, 0), corner(1, 0), u),
        lerp(corner(0, 1), corner(1, 1), u),
        v,
    )
}

/// Fractal noise: `octaves` of [`noise`], each twice as fine and half as strong, in about -1 to 1.
pub(crate) fn fbm(x: f32, y: f32, octaves: u32, seed: u32) -> f32 {
    let (mut sum, mut amplitude, mut x, mut y) = (0.0, 0.5, x, y);
    for octave in 0..octaves {
        sum += amplitude * noise(x, y, seed.wrapping_add(octave));
        // A turn of about 37 degrees between octaves hides the lattice.
        (x, y) = (1.6 * x - 1.2 * y + 17.3, 1.2 * x + 1.6 * y - 9.1);
        amplitude *= 0.5;
    }
    sum
}
