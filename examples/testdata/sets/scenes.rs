//! The pictures of `photos/`: landscapes and a badge, made of noise and geometry.
//!
//! Every scene is a function of a place: `x` from 0 to the picture's width over its height, `y` from 0 (top) to 1.

use crate::math::{
    Rgb, add, cos, dot, exp, fbm, hash_unit, hex, lerp, mix, mul, noise, normalize, scale, sin, smoothstep,
};

/// About a pixel of a large picture: how soft edges are.
const SOFT: f32 = 0.0005;

/// How much of a pixel at `y` lies below an edge at `edge`.
fn below(y: f32, edge: f32) -> f32 {
    smoothstep(edge - SOFT, edge + SOFT, y)
}

/// Ridged noise, 0 to 1: sharp crests, as mountains have.
fn ridges(x: f32, octaves: u32, seed: u32) -> f32 {
    let (mut sum, mut amplitude, mut x) = (0.0, 0.55, x);
    for octave in 0..octaves {
        let crest = 1.0 - noise(x, 3.7 + octave as f32, seed + octave).abs();
        sum += amplitude * crest * crest;
        amplitude *= 0.46;
        x = 2.13 * x + 5.1;
    }
    sum
}

/// Conifers on a line: their tops above it.
fn conifers(x: f32, density: f32, tallest: f32, seed: u32) -> f32 {
    let mut top: f32 = 0.0;
    for row in 0..2 {
        let u = x * density + row as f32 * 0.5;
        let cell = u.floor();
        let height = tallest * (0.45 + 0.55 * hash_unit(cell as i32, row, seed));
        let centre = 0.35 + 0.3 * hash_unit(cell as i32, row, seed + 1);
        let from_stem = (u - cell - centre).abs() / 0.5;
        // Branches: saw teeth along the slope.
        let branches = 0.06 * noise(u * 9.0, row as f32, seed + 2);
        top = top.max(height * (1.0 - from_stem * 1.5 + branches).max(0.0));
    }
    top
}

/// Layers of a picture, gathered from the front to the back.
struct View {
    color: Rgb,
    /// How much of what lies further back is seen.
    left: f32,
}

impl View {
    const fn new() -> Self {
        Self {
            color: [0.0; 3],
            left: 1.0,
        }
    }

    fn add(&mut self, color: Rgb, cover: f32) {
        self.color = add(self.color, scale(color, self.left * cover));
        self.left *= 1.0 - cover;
    }

    fn is_full(&self) -> bool {
        self.left < 1e-4
    }
}

/// A lake between mountains.
pub(crate) struct Lake {
    pub(crate) zenith: Rgb,
    pub(crate) low_sky: Rgb,
    pub(crate) cloud: Rgb,
    pub(crate) sun: (f32, f32),
    pub(crate) sun_color: Rgb,
    pub(crate) haze: Rgb,
    pub(crate) rock: Rgb,
    pub(crate) forest: Rgb,
    pub(crate) water: Rgb,
    /// How much of the far layers the haze covers.
    pub(crate) mist: f32,
    pub(crate) seed: u32,
}

/// Where the water begins.
const SHORE: f32 = 0.6;

impl Lake {
    /// Early summer morning.
    pub(crate) fn dawn() -> Self {
        Self {
            zenith: hex(0x3F6FB5),
            low_sky: hex(0xFFD9A6),
            cloud: hex(0xFFC2A0),
            sun: (0.47, 0.40),
            sun_color: hex(0xFFE9B0),
            haze: hex(0xE9B99A),
            rock: hex(0x5B5A78),
            forest: hex(0x1E3330),
            water: hex(0x27466B),
            mist: 0.62,
            seed: 100,
        }
    }

    /// Late autumn afternoon.
    pub(crate) fn autumn() -> Self {
        Self {
            zenith: hex(0x4F93CF),
            low_sky: hex(0xEFE7D2),
            cloud: hex(0xFFFAF0),
            sun: (1.05, 0.16),
            sun_color: hex(0xFFF6DA),
            haze: hex(0xC9D3D6),
            rock: hex(0x6A6F7A),
            forest: hex(0xA85A14),
            water: hex(0x2F5560),
            mist: 0.3,
            seed: 300,
        }
    }

    pub(crate) fn light(&self, x: f32, y: f32) -> Rgb {
        if y <= SHORE {
            self.above(x, y)
        } else {
            self.on_water(x, y)
        }
    }

    fn sky(&self, x: f32, y: f32) -> Rgb {
        let t = (y / SHORE).clamp(0.0, 1.0);
        let mut color = mix(self.zenith, self.low_sky, t * t * (1.6 - 0.6 * t));
        let (dx, dy) = (x - self.sun.0, y - self.sun.1);
        let distance = (dx * dx + dy * dy).sqrt();
        let veil = fbm(x * 1.3 + 4.0, y * 5.5, 5, self.seed) + 0.35 * fbm(x * 4.0, y * 15.0, 4, self.seed + 9);
        let cover = smoothstep(0.0, 0.55, veil) * smoothstep(0.62, 0.1, y) * 0.75;
        color = mix(color, scale(self.cloud, 0.85 + 0.3 * exp(-distance * 3.0)), cover);
        let glow = 0.75 * exp(-distance * 9.0) + 0.35 * exp(-distance * 2.6);
        color = add(color, scale(self.sun_color, glow));
        mix(
            color,
            scale(self.sun_color, 2.2),
            smoothstep(0.036, 0.033, distance) * (1.0 - cover),
        )
    }

    /// Everything above the water, from the front to the back, so that what is hidden costs nothing.
    fn above(&self, x: f32, y: f32) -> Rgb {
        let mut view = View::new();
        // The wood on the far shore; its line and its trees reach no higher than this.
        if y > SHORE - 0.075 {
            let line = SHORE - 0.012 - 0.02 * fbm(x * 2.2, 0.5, 3, self.seed + 90);
            let tops = line - conifers(x, 46.0, 0.034, self.seed + 91);
            let shade = 0.75 + 0.8 * fbm(x * 60.0, y * 45.0, 3, self.seed + 95);
            let fog = self.mist * (0.26 + 0.48 * smoothstep(0.05, 0.0, SHORE - y));
            view.add(mix(scale(self.forest, shade.max(0.2)), self.haze, fog), below(y, tops));
        }
        for layer in (0..4u32).rev() {
            let near = layer as f32 / 3.0;
            let seed = self.seed + 20 * layer;
            let tall = lerp(0.34, 0.10, near);
            // Ridges stay below 1.02, so no crest is higher than this.
            if view.is_full() || y < SHORE - tall * 1.02 {
                continue;
            }
            let crest = SHORE - tall * (0.03 + 0.95 * ridges(x * lerp(1.1, 2.6, near) + 7.0 * near, 7, seed));
            let cover = below(y, crest);
            if cover > 0.0 {
                view.add(self.mountain(x, y, y - crest, near, seed), cover);
            }
        }
        if !view.is_full() {
            view.add(self.sky(x, y), 1.0);
        }
        view.color
    }

    fn mountain(&self, x: f32, y: f32, depth: f32, near: f32, seed: u32) -> Rgb {
        let rough = fbm(x * 14.0 + depth * 9.0, y * 17.0 - x * 6.0, 5, seed + 5);
        let lit = 0.75 + 0.9 * rough + 0.25 * noise(x * 6.0 + depth * 8.0, 1.0, seed + 6);
        let mut ground = scale(mix(self.rock, self.forest, near * 0.8), lit.max(0.15));
        // Snow lies high up, in gullies longer.
        let snow = smoothstep(0.10, 0.02, depth + 0.09 * rough) * smoothstep(0.5, 0.0, near);
        ground = mix(
            ground,
            scale(hex(0xFFF2EA), 0.55 + 0.8 * (lit - 0.4).max(0.0)),
            snow * 0.9,
        );
        let fog = (1.0 - near) * self.mist + (1.0 - 0.7 * near) * 0.9 * self.mist * smoothstep(0.14, 0.0, SHORE - y);
        mix(ground, self.haze, fog.clamp(0.0, 0.95))
    }

    fn on_water(&self, x: f32, y: f32) -> Rgb {
        let depth = y - SHORE;
        // Perspective: waves are seen closer together far away.
        let far = 1.0 / (depth + 0.03);
        let (u, v) = (x * far * 0.55, far * 2.3);
        let wave = fbm(u * 2.2, v * 2.6, 4, self.seed + 70);
        let calm = smoothstep(0.0, 0.1, depth);
        let mirrored_y = (SHORE - depth * 0.92 - wave * 0.05 * calm).clamp(0.0, SHORE);
        let mirrored = self.above(x + wave * 0.03 * calm, mirrored_y);
        let mut color = mix(
            scale(mirrored, 0.82),
            self.water,
            0.18 + 0.5 * depth / (1.0 - SHORE) + 0.12 * wave,
        );
        let aside = (x - self.sun.0).abs() / (0.05 + depth * 0.42);
        let spark = smoothstep(0.12, 0.5, noise(u * 9.0, v * 8.0, self.seed + 80)) * exp(-aside * aside * 2.0);
        color = add(color, scale(self.sun_color, 0.9 * spark * smoothstep(0.0, 0.03, depth)));
        // The shore's shadow line.
        scale(color, 0.65 + 0.35 * smoothstep(0.0, 0.006, depth))
    }
}

/// Northern lights over snow.
pub(crate) fn aurora(x: f32, y: f32) -> Rgb {
    let mut view = View::new();
    // The snow field and the wood in front.
    let field = 0.905 + 0.012 * fbm(x * 2.0, 9.0, 3, 700);
    if y > 0.88 {
        let drift = 0.5 + 0.5 * fbm(x * 3.0 + y * 6.0, y * 26.0, 5, 740);
        let snow = mul(
            scale(hex(0xBFE3DD), 0.08 + 0.22 * drift),
            add([0.7, 0.9, 1.0], scale(hex(0x55FFA5), 0.5)),
        );
        view.add(snow, below(y, field));
    }
    if y > 0.78 && !view.is_full() {
        let tallest = 0.55 + 0.6 * smoothstep(-0.2, 0.5, noise(x * 1.7, 4.0, 720));
        let tops = field - conifers(x, 24.0, 0.085, 710) * tallest;
        let wood = scale(hex(0x0B1518), 0.8 + 0.6 * fbm(x * 70.0, y * 60.0, 2, 730));
        view.add(wood, below(y, tops));
    }
    // Snow mountains, lit green from above.
    for near in [1.0, 0.0] {
        if view.is_full() || y < 0.56 {
            continue;
        }
        let seed = if near > 0.5 { 530 } else { 500 };
        let peaks = ridges(x * lerp(1.3, 2.1, near) + 2.0, 7, seed);
        let crest = 0.80 + 0.06 * near - lerp(0.24, 0.12, near) * (peaks - 0.15);
        let cover = below(y, crest);
        if cover > 0.0 {
            view.add(
                mix(moonlit(x, y, y - crest, seed), hex(0x1B4450), 0.35 * (1.0 - near)),
                cover,
            );
        }
    }
    if !view.is_full() {
        view.add(northern_lights(x, y), 1.0);
    }
    view.color
}

/// Snow and rock of a slope, `depth` below its crest.
fn moonlit(x: f32, y: f32, depth: f32, seed: u32) -> Rgb {
    // A relief: the noise is a height, and the side that faces the light is bright.
    let height = |d: f32| fbm((x + d) * 6.0 + y * 2.0, (y + d) * 9.0 - x * 2.0, 6, seed + 9);
    let rough = height(0.0);
    let relief = rough - height(-0.018);
    let lit = (0.5 + 2.4 * relief + 0.3 * rough).clamp(0.05, 1.3);
    let snow = mul(hex(0x9CC8C8), add([0.16, 0.2, 0.26], scale(hex(0x58F0A8), 0.35)));
    let rock = smoothstep(0.02, 0.22, rough - 0.8 * relief + 0.25 * depth);
    mix(scale(snow, lit), scale(hex(0x1B2B36), lit), rock * 0.8)
}

/// The sky: stars, and three curtains of light.
fn northern_lights(x: f32, y: f32) -> Rgb {
    let sky = mix(hex(0x070B22), hex(0x123848), smoothstep(0.1, 0.75, y));
    let mut color = add(sky, scale(stars(x, y), smoothstep(0.75, 0.3, y)));
    for curtain in 0..3u32 {
        let order = curtain as f32;
        let phase = order * 1.9;
        let sway = 0.10 * sin(x * 2.1 + phase)
            + 0.05 * sin(x * 4.7 + 2.0 * phase)
            + 0.09 * fbm(x * 1.4, phase, 3, 40 + curtain);
        let up = 0.60 - 0.13 * order + sway - y;
        if up < -0.012 {
            continue;
        }
        let rays = 0.55 + 0.75 * fbm(x * 9.0 + up * 0.8, phase + up * 0.6, 4, 50 + curtain);
        let strength = smoothstep(-0.012, 0.025, up) * exp(-up.max(0.0) * (5.0 + 2.0 * order)) * rays.max(0.0);
        let tint = mix(hex(0x4DFFA0), hex(0xB65CFF), smoothstep(0.05, 0.42, up));
        let broad = 0.5 + 0.5 * sin(x * 1.3 + 0.8 + phase * 2.3);
        color = add(
            color,
            scale(tint, strength * lerp(0.35, 1.0, broad) * (0.85 - 0.2 * order)),
        );
    }
    color
}

/// Stars on a jittered grid; few of them bright.
fn stars(x: f32, y: f32) -> Rgb {
    let mut sum = [0.0; 3];
    for (level, cells) in [70.0f32, 160.0].into_iter().enumerate() {
        let (u, v) = (x * cells, y * cells);
        let (cx, cy) = (u.floor() as i32, v.floor() as i32);
        let seed = 900 + level as u32 * 10;
        let chance = hash_unit(cx, cy, seed);
        if chance > 0.4 {
            continue;
        }
        let px = cx as f32 + 0.2 + 0.6 * hash_unit(cx, cy, seed + 1);
        let py = cy as f32 + 0.2 + 0.6 * hash_unit(cx, cy, seed + 2);
        let (dx, dy) = ((u - px) / cells, (v - py) / cells);
        let bright = hash_unit(cx, cy, seed + 3);
        let bright = bright * bright * bright * bright * if level == 0 { 1.6 } else { 0.7 };
        let size = 0.0004 + 0.0006 * bright;
        let color = mix(hex(0xBFD4FF), hex(0xFFE6C8), hash_unit(cx, cy, seed + 4));
        sum = add(
            sum,
            scale(color, (0.12 + bright) * exp(-(dx * dx + dy * dy) / (size * size))),
        );
    }
    sum
}

/// Dunes in the evening.
pub(crate) fn dunes(x: f32, y: f32) -> Rgb {
    let (sun_x, sun_y) = (1.12, 0.27);
    let distance = ((x - sun_x) * (x - sun_x) + (y - sun_y) * (y - sun_y)).sqrt();
    let mut color = mix(hex(0x5C7FB8), hex(0xFFD3A0), smoothstep(0.0, 0.36, y));
    let streak = smoothstep(0.05, 0.6, fbm(x * 1.1, y * 9.0, 5, 21));
    color = mix(color, hex(0xFFB98A), streak * 0.55);
    color = add(
        color,
        scale(hex(0xFFD890), 0.7 * exp(-distance * 7.0) + 0.3 * exp(-distance * 2.0)),
    );
    color = mix(color, scale(hex(0xFFF0C8), 2.0), smoothstep(0.042, 0.039, distance));
    for layer in 0..5u32 {
        let near = layer as f32 / 4.0;
        let seed = 60 + 11 * layer;
        let base = lerp(0.36, 0.78, near * near * 0.6 + near * 0.4);
        let wide = lerp(2.4, 0.75, near);
        let crest_at =
            |x: f32| base - lerp(0.035, 0.16, near) * (1.0 - 2.0 * noise(x * wide + near * 3.1, 2.0, seed).abs());
        let crest = crest_at(x);
        let cover = below(y, crest);
        if cover <= 0.0 {
            continue;
        }
        let depth = y - crest;
        // The wind-blown edge winds down from the crest; one side is in the sun.
        let winding = noise(
            x * wide + near * 3.1 - depth * 2.4 + 0.12 * sin(depth * 30.0),
            2.0,
            seed,
        );
        let sunny = smoothstep(-0.04, 0.05, winding + 0.1 - depth * 0.5);
        let ripple = sin((y * 260.0 + 40.0 * fbm(x * 2.0, y * 6.0, 4, seed + 5)) / (0.35 + near * 0.9));
        let texture = 1.0 + 0.07 * near * ripple + 0.10 * fbm(x * 30.0, y * 60.0, 4, seed + 7);
        let bright = scale(mix(hex(0xE9A862), hex(0xFFCF8C), smoothstep(0.2, 0.0, depth)), texture);
        let dark = scale(mix(hex(0x7A4A3C), hex(0x95604A), near), texture);
        let sand = mix(dark, bright, sunny);
        color = mix(
            color,
            mix(sand, hex(0xF3C196), 0.6 * (1.0 - near) * (1.0 - near)),
            cover,
        );
    }
    color
}

/// Balloons over fields.
pub(crate) fn balloons(x: f32, y: f32) -> Rgb {
    let mut color = mix(hex(0x4C9BE0), hex(0xFFE8CC), smoothstep(0.0, 0.85, y));
    let puff = fbm(x * 2.2, y * 4.5, 6, 31) + 0.15;
    let lit = fbm(x * 2.2 - 0.04, y * 4.5 - 0.12, 4, 31);
    let cover = smoothstep(0.05, 0.45, puff) * smoothstep(0.75, 0.25, y) * 0.85;
    color = mix(
        color,
        scale(hex(0xFFFFFF), 0.92 - 0.35 * (lit - puff + 0.1).max(0.0)),
        cover,
    );
    for layer in 0..4u32 {
        let near = layer as f32 / 3.0;
        let seed = 130 + 7 * layer;
        let crest = lerp(0.74, 0.93, near) - 0.045 * fbm(x * lerp(2.5, 1.2, near), 1.0, 4, seed) - 0.01;
        let stripes =
            0.5 + 0.5 * sin((x * 36.0 - y * 60.0 * near) / (0.4 + near) + 3.0 * fbm(x * 1.5, y * 3.0, 3, seed + 1));
        let field = mix(hex(0x7FA645), hex(0xC7B24E), smoothstep(0.3, 0.7, stripes) * 0.6);
        let field = scale(field, 0.8 + 0.35 * fbm(x * 26.0, y * 60.0, 4, seed + 2));
        color = mix(color, mix(field, hex(0xD5DDD8), 0.65 * (1.0 - near)), below(y, crest));
    }
    for (cx, cy, radius, first, second) in [
        (1.12, 0.50, 0.050, 0x2F6DB5, 0xF4F1E6),
        (0.22, 0.56, 0.036, 0x3D8F5F, 0xF7E27A),
        (0.93, 0.19, 0.072, 0x7A3FA0, 0xFFB84D),
        (0.47, 0.36, 0.170, 0xD8352F, 0xFFD25A),
    ] {
        color = balloon(color, (x - cx) / radius, (y - cy) / radius, hex(first), hex(second));
    }
    color
}

/// A balloon of radius 1 around the origin, over `behind`; light comes from the upper right.
fn balloon(behind: Rgb, u: f32, v: f32, first: Rgb, second: Rgb) -> Rgb {
    if u.abs() > 1.1 || !(-1.1..2.2).contains(&v) {
        return behind;
    }
    let mut color = behind;
    // Ropes and basket first, the envelope over them.
    let rope = smoothstep(
        0.02,
        0.008,
        (u.abs() - lerp(0.2, 0.12, ((v - 1.4) / 0.4).clamp(0.0, 1.0))).abs(),
    );
    if (1.3..1.75).contains(&v) {
        color = mix(color, hex(0x3A2A20), rope * 0.8);
    }
    if u.abs() < 0.15 && (1.75..1.98).contains(&v) {
        let weave = 0.8 + 0.2 * sin(u * 120.0) * sin(v * 120.0);
        color = scale(hex(0x8A5A2C), weave * (1.0 + u));
    }
    // The width narrows to the mouth below the equator.
    let width = if v < 0.0 {
        (1.0 - v * v).max(0.0).sqrt()
    } else {
        let t = (v / 1.42).min(1.0);
        lerp((1.0 - t * t * 0.98).sqrt(), 1.0 - 0.82 * t, 0.7)
    };
    if v > 1.42 || width <= 0.0 {
        return color;
    }
    let inside = smoothstep(width + 0.008, width - 0.008, u.abs());
    let across = (u / width).clamp(-1.0, 1.0);
    // The angle around the balloon, near enough to an arc sine.
    let around = across * (1.0 + 0.17 * across * across + 0.4 * across * across * across * across);
    let gore = smoothstep(-0.12, 0.12, sin(around * 12.0));
    let band = smoothstep(0.03, 0.0, (v - 0.15).abs() - 0.16);
    let cloth = mix(mix(first, second, gore), mix(second, first, gore), band);
    let normal = normalize([across, v.clamp(-1.0, 1.0) * 0.9, (1.0 - across * across * 0.97).sqrt()]);
    let light = dot(normal, normalize([0.5, -0.6, 0.62])).max(0.0);
    let fold = 1.0 - 0.12 * (1.0 - smoothstep(0.0, 0.3, cos(around * 24.0) + 1.0));
    mix(
        color,
        add(
            scale(cloth, (0.28 + 0.85 * light) * fold),
            scale([1.0; 3], 0.10 * light * light * light),
        ),
        inside,
    )
}

/// A round badge: colour (in sRGB bytes) and alpha of a place.
pub(crate) fn badge(x: f32, y: f32, aspect: f32) -> [u8; 4] {
    // Over one another from the ground up: each is a colour and how much it covers.
    let (u, v) = ((x - aspect / 2.0) * 2.3, (y - 0.5) * 2.3);
    let r = (u * u + v * v).sqrt();
    let soft = SOFT * 2.3;
    let disc = |radius: f32| smoothstep(radius + soft, radius - soft, r);
    let inside = disc(0.82);
    let ridge = |centre: f32, top: f32, slope: f32| {
        let edge = top + (u - centre).abs() * slope;
        smoothstep(edge - soft, edge + soft, v) * inside
    };
    let sun = smoothstep(
        0.17 + soft,
        0.17 - soft,
        ((u - 0.3) * (u - 0.3) + (v + 0.28) * (v + 0.28)).sqrt(),
    ) * inside;
    let wave = |level: f32, phase: f32| {
        let edge = level + 0.03 * sin(u * 9.0 + phase);
        smoothstep(edge - soft, edge + soft, v) * inside
    };
    let tooth = 0.05 * smoothstep(-0.2, 0.2, sin(24.0 * turn(u, v)));
    let rim = smoothstep(0.96 + tooth + soft, 0.96 + tooth - soft, r);
    let layers: [(u32, f32); 10] = [
        (0x1D3A5F, rim),
        (0xF7F3E8, disc(0.90)),
        (0xF2A65A, inside),
        (0xFFE9B8, sun),
        (0x7C9AAE, ridge(-0.30, -0.30, 0.75)),
        (
            0xF7F3E8,
            ridge(-0.30, -0.30, 0.75) * (1.0 - ridge(-0.30, -0.16, 0.30).max(ridge(-0.22, -0.18, 0.9))),
        ),
        (0x4F728A, ridge(0.26, -0.02, 0.70)),
        (0x2E5E5A, ridge(-0.55, 0.22, 0.18)),
        (0x2A6FA8, wave(0.38, 0.0)),
        (0x1D4F80, wave(0.56, 1.6)),
    ];
    let mut color = [0.0; 3];
    let mut alpha: f32 = 0.0;
    for (rgb, cover) in layers {
        let paint = [16, 8, 0].map(|shift| ((rgb >> shift) & 0xFF) as f32);
        let total = cover + alpha * (1.0 - cover);
        if total > 0.0 {
            color = mix(color, paint, cover / total);
        }
        alpha = total;
    }
    let [r, g, b] = color.map(|c| (c + 0.5) as u8);
    // Nothing is hidden under clear pixels.
    if alpha < 1.0 / 255.0 {
        [0; 4]
    } else {
        [r, g, b, (alpha * 255.0 + 0.5) as u8]
    }
}

/// The angle of a point, in radians, by a rational approximation that is good to a few thousandths.
fn turn(u: f32, v: f32) -> f32 {
    const QUARTER: f32 = std::f32::consts::FRAC_PI_2;
    let (a, b) = (u.abs().max(1e-6), v.abs());
    let (small, large) = (a.min(b), a.max(b));
    let t = small / large;
    let angle = t * (0.9953 - t * t * (0.2887 - 0.0793 * t * t));
    let angle = if b > a { QUARTER - angle } else { angle };
    let angle = if u < 0.0 { 2.0 * QUARTER - angle } else { angle };
    if v < 0.0 { -angle } else { angle }
}
