//! The still life of `photos/`: balls on a table by a window, by ray tracing.

use crate::math::{Rgb, add, dot, fbm, hash_unit, hex, mix, mul, noise, normalize, scale, sin, smoothstep};

/// What a ball is made of.
#[derive(Clone, Copy)]
enum Skin {
    Orange,
    Marble,
    Melon,
    Chrome,
    Cherry,
}

struct Ball {
    centre: [f32; 3],
    radius: f32,
    skin: Skin,
}

/// The still life's balls, resting on a table at height 0.
const BALLS: [Ball; 6] = [
    Ball {
        centre: [-1.25, 0.62, 0.25],
        radius: 0.62,
        skin: Skin::Orange,
    },
    Ball {
        centre: [0.15, 0.85, 1.05],
        radius: 0.85,
        skin: Skin::Melon,
    },
    Ball {
        centre: [1.42, 0.60, 0.15],
        radius: 0.60,
        skin: Skin::Chrome,
    },
    Ball {
        centre: [0.28, 0.40, -0.75],
        radius: 0.40,
        skin: Skin::Marble,
    },
    Ball {
        centre: [-0.52, 0.20, -0.95],
        radius: 0.20,
        skin: Skin::Cherry,
    },
    Ball {
        centre: [-0.86, 0.19, -1.12],
        radius: 0.19,
        skin: Skin::Cherry,
    },
];
const WALL: f32 = 3.2;
const WINDOW_LIGHT: [f32; 3] = [-0.55, 0.72, -0.42];
const EYE: [f32; 3] = [0.0, 1.55, -4.6];

/// Fruit and balls on a wooden table, by ray tracing; `aspect` is the picture's width over its height.
pub(crate) fn light(x: f32, y: f32, aspect: f32) -> Rgb {
    let ray = normalize([(x - aspect / 2.0) * 0.82, (0.5 - y) * 0.82 - 0.21, 1.0]);
    trace(EYE, ray, 0)
}

fn sub(a: [f32; 3], b: [f32; 3]) -> [f32; 3] {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

fn at(from: [f32; 3], ray: [f32; 3], distance: f32) -> [f32; 3] {
    add(from, scale(ray, distance))
}

/// The distance along the ray at which it meets the ball.
fn meet(ball: &Ball, from: [f32; 3], ray: [f32; 3]) -> Option<f32> {
    let to = sub(from, ball.centre);
    let b = dot(to, ray);
    let root = b * b - dot(to, to) + ball.radius * ball.radius;
    (root > 0.0).then(|| -b - root.sqrt()).filter(|&d| d > 1e-3)
}

fn trace(from: [f32; 3], ray: [f32; 3], bounce: u32) -> Rgb {
    let hit = BALLS
        .iter()
        .enumerate()
        .filter_map(|(i, ball)| Some((i, meet(ball, from, ray)?)))
        .fold(None, |best: Option<(usize, f32)>, hit| {
            if best.is_some_and(|b| b.1 <= hit.1) {
                best
            } else {
                Some(hit)
            }
        });
    if let Some((index, distance)) = hit {
        return ball_light(index, at(from, ray, distance), ray, bounce);
    }
    let table = if ray[1] < -1e-4 { -from[1] / ray[1] } else { f32::MAX };
    let wall = if ray[2] > 1e-4 {
        (WALL - from[2]) / ray[2]
    } else {
        f32::MAX
    };
    if table < wall {
        let place = at(from, ray, table);
        let shine = if bounce == 0 && table < 30.0 {
            trace(place, [ray[0], -ray[1], ray[2]], 2)
        } else {
            [0.0; 3]
        };
        let grazing = (1.0 + ray[1]).max(0.0);
        let gloss = 0.04 + 0.30 * grazing * grazing * grazing * grazing;
        return add(scale(wood(place), 1.0 - gloss * 0.5), scale(shine, gloss));
    }
    if wall < f32::MAX {
        plaster(at(from, ray, wall))
    } else {
        room(ray)
    }
}

/// What the room behind the viewer looks like in a mirror: dim, with a bright window.
fn room(ray: [f32; 3]) -> Rgb {
    let dim = mix(hex(0x4A4038), hex(0x8A8078), smoothstep(-0.3, 0.9, ray[1]));
    let (u, v) = (ray[0] / (-ray[2]).max(0.05), ray[1] / (-ray[2]).max(0.05));
    let pane = smoothstep(0.02, 0.06, (u + 1.3).abs()) * smoothstep(0.02, 0.06, (v - 0.95).abs());
    let window = smoothstep(0.55, 0.5, (u + 1.3).abs()) * smoothstep(0.7, 0.65, (v - 0.95).abs()) * pane;
    mix(dim, scale(hex(0xF4F8FF), 2.6), if ray[2] < 0.0 { window } else { 0.0 })
}

/// How much of the window's light reaches a place, 0 to 1, with soft edges.
fn sunlight(place: [f32; 3], without: usize) -> f32 {
    let toward = normalize(WINDOW_LIGHT);
    let mut light: f32 = 1.0;
    for ball in BALLS.iter().enumerate().filter(|b| b.0 != without).map(|b| b.1) {
        let to = sub(ball.centre, place);
        let along = dot(to, toward);
        if along > 0.0 {
            let aside = (dot(to, to) - along * along).max(0.0).sqrt();
            let blur = 0.05 + 0.11 * along;
            light = light.min(smoothstep(ball.radius - blur, ball.radius + blur, aside));
        }
    }
    light
}

/// How open a place is to the room's soft light.
fn openness(place: [f32; 3], normal: [f32; 3], without: usize) -> f32 {
    BALLS
        .iter()
        .enumerate()
        .filter(|b| b.0 != without)
        .fold(1.0, |open, (_, ball)| {
            let to = sub(ball.centre, place);
            let squared = dot(to, to);
            let facing = (dot(normal, to) / squared.sqrt()).max(0.0);
            open * (1.0 - 0.85 * facing * ball.radius * ball.radius / squared).clamp(0.1, 1.0)
        })
}

const NOBODY: usize = usize::MAX;

fn lit(color: Rgb, normal: [f32; 3], place: [f32; 3], without: usize) -> Rgb {
    let direct = dot(normal, normalize(WINDOW_LIGHT)).max(0.0) * sunlight(place, without);
    let open = openness(place, normal, without);
    let ambient = scale(mix([0.20, 0.16, 0.13], [0.30, 0.33, 0.38], 0.5 + 0.5 * normal[1]), open);
    mul(color, add(scale([1.15, 1.06, 0.92], direct), ambient))
}

fn wood(place: [f32; 3]) -> Rgb {
    let plank = (place[2] / 0.9).floor();
    let shift = hash_unit(plank as i32, 0, 77) * 20.0;
    let (u, v) = (place[0] * 0.55 + shift, place[2] * 5.0);
    let flow = fbm(u, v * 0.5, 4, 78);
    let rings = 0.5 + 0.5 * sin(v * 4.0 + flow * 16.0);
    let fibre = fbm(u * 9.0, v * 14.0, 3, 79);
    let tone = hash_unit(plank as i32, 1, 77);
    let mut color = mix(hex(0x8C5A33), hex(0xC08A54), 0.25 + 0.45 * rings + 0.35 * fibre);
    color = scale(color, 0.82 + 0.3 * tone);
    let gap = (place[2] / 0.9 - plank - 0.5).abs();
    color = scale(color, 1.0 - 0.75 * smoothstep(0.492, 0.498, gap));
    lit(color, [0.0, 1.0, 0.0], place, NOBODY)
}

fn plaster(place: [f32; 3]) -> Rgb {
    let rough = fbm(place[0] * 3.0, place[1] * 3.0, 5, 88);
    let color = scale(mix(hex(0x6E8284), hex(0x8C9C98), 0.5 + 0.5 * rough), 0.8);
    // The window's light falls across the wall in two slanted panes.
    let (u, v) = (place[0] + 0.45 * place[1] - 1.5, place[1] - 1.75);
    let pane = smoothstep(0.03, 0.09, u.abs()) * smoothstep(0.03, 0.08, (v - 0.1).abs());
    let patch = smoothstep(1.05, 0.9, u.abs()) * smoothstep(1.15, 1.0, v.abs()) * pane;
    let ground = smoothstep(-0.1, 1.4, place[1]) * 0.3 + 0.42;
    add(scale(color, ground), mul(color, scale([1.0, 0.9, 0.72], 0.75 * patch)))
}

fn ball_light(index: usize, place: [f32; 3], ray: [f32; 3], bounce: u32) -> Rgb {
    let ball = &BALLS[index];
    let smooth = scale(sub(place, ball.centre), 1.0 / ball.radius);
    let (color, bump, gloss) = skin(ball.skin, smooth);
    let normal = normalize(add(smooth, bump));
    let mirrored = sub(ray, scale(normal, 2.0 * dot(ray, normal)));
    let edge = 1.0 + dot(ray, normal).min(0.0);
    let fresnel = gloss + (1.0 - gloss) * edge * edge * edge * edge * edge;
    let body = lit(color, normal, place, index);
    let highlight = dot(mirrored, normalize(WINDOW_LIGHT)).max(0.0);
    let sharp = (0..6).fold(highlight, |h, _| h * h);
    let mut light = add(
        body,
        scale([1.1, 1.08, 1.0], sharp * (0.25 + gloss) * sunlight(place, index)),
    );
    if bounce < 2 && gloss > 0.03 {
        light = mix(
            light,
            trace(place, normalize(mirrored), bounce + 1),
            fresnel.clamp(0.0, 0.95),
        );
    }
    light
}

/// Colour, unevenness of the surface, and how much of the light is mirrored head on.
fn skin(skin: Skin, n: [f32; 3]) -> (Rgb, [f32; 3], f32) {
    match skin {
        Skin::Chrome => (hex(0x9AA0A8), [0.0; 3], 0.72),
        Skin::Cherry => {
            let color = mix(
                hex(0x8E0F1C),
                hex(0xC62A2A),
                0.5 + 0.5 * fbm(n[0] * 2.0 + 5.0, n[1] * 2.0, 3, 64),
            );
            (color, [0.0; 3], 0.06)
        }
        Skin::Orange => {
            let pores = |dx: f32, dy: f32| {
                let (u, v) = (n[0] * 17.0 + n[2] * 9.0 + dx, n[1] * 17.0 - n[2] * 7.0 + dy);
                noise(u, v, 61) + 0.5 * noise(u * 2.1, v * 2.1, 62)
            };
            let here = pores(0.0, 0.0);
            let bump = [here - pores(0.2, 0.0), here - pores(0.0, 0.2), 0.0];
            let color = mix(
                hex(0xE87512),
                hex(0xFFA02A),
                0.5 + 0.4 * fbm(n[0] * 1.5, n[1] * 1.5 + n[2], 3, 63),
            );
            (scale(color, 1.0 + 0.08 * here), scale(bump, 0.22), 0.035)
        }
        Skin::Marble => {
            let warp = fbm(n[0] * 2.0 + n[2], n[1] * 2.0, 4, 65);
            let vein = 1.0 - sin((n[0] + 0.6 * n[1] - 0.4 * n[2]) * 5.0 + warp * 9.0).abs();
            let vein = smoothstep(0.72, 1.0, vein) + 0.35 * smoothstep(0.1, 0.6, warp);
            (mix(hex(0xEDEAE4), hex(0x2C5A9A), vein.min(1.0)), [0.0; 3], 0.07)
        }
        Skin::Melon => {
            // Stripes run from pole to pole of a tilted axis.
            let (u, v) = (n[0] * 0.9 + n[1] * 0.43, n[1] * 0.9 - n[0] * 0.43);
            let girth = (1.0 - v * v).max(0.05).sqrt();
            let wobble = 0.16 * fbm(v * 7.0, u * 2.0, 4, 66);
            let stripe = sin((u / girth + wobble) * 11.0);
            let mottle = fbm(u * 12.0, v * 12.0 + n[2] * 5.0, 4, 67);
            let dark = smoothstep(-0.15, 0.25, stripe + 0.7 * mottle);
            (mix(hex(0xB9CF7A), hex(0x1F5A2C), dark), [0.0; 3], 0.045)
        }
    }
}
