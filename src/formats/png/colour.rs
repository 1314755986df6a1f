//! What a PNG says about its colours, by the chunk that comes first in rank (PNG specification, third edition, 4.3).

use std::io::Read;

use super::chunks::{Chunk, Chunks};
use crate::colour::{Description, Numbers, Primaries, Transfer, whole_profile};
use crate::formats::bytes::be32;

/// The most bytes that a compressed profile may have when inflated: real ones are below 4 MB.
const MAX_PROFILE: u64 = 16_000_000;

pub(super) fn colour(data: &[u8]) -> Description {
    let mut profile = None;
    let mut srgb = false;
    let (mut gamma, mut primaries) = (None, None);
    for chunk in Chunks::new(data).take_while(|chunk| &chunk.name != b"IDAT") {
        match &chunk.name {
            b"cICP" => {
                if let Some(numbers) = by_code_points(&chunk) {
                    return Description::Numbers(numbers);
                }
            }
            b"iCCP" => profile = profile.or(Some(inflated(&chunk))),
            b"sRGB" => srgb = true,
            b"gAMA" => gamma = be32(chunk.body, 0).and_then(|v| Transfer::of_gamma(100_000.0 / f64::from(v))),
            b"cHRM" => primaries = chromaticities(chunk.body),
            _ => {}
        }
    }
    match profile {
        Some(Some(profile)) => Description::Profile(profile),
        _ if srgb => Description::Srgb,
        _ if gamma.is_some() || primaries.is_some() => Description::Numbers(Numbers {
            primaries: primaries.unwrap_or(Primaries::SRGB),
            transfer: gamma.unwrap_or(Transfer::Srgb),
        }),
        Some(None) => Description::Unusable,
        None => Description::Unsaid,
    }
}

/// cICP (11.3.2.6), whose matrix is that of RGB and whose range is the full one.
pub(super) fn by_code_points(chunk: &Chunk<'_>) -> Option<Numbers> {
    match chunk.body {
        [primaries, transfer, 0, 1] => Numbers::of_codes((*primaries).into(), (*transfer).into()),
        _ => None,
    }
}

/// cHRM (11.3.2.1): white, red, green and blue, of 100,000.
fn chromaticities(body: &[u8]) -> Option<Primaries> {
    let number = |i: usize| be32(body, 4 * i).map(|v| f64::from(v) / 100_000.0);
    let point = |i: usize| Some([number(2 * i)?, number(2 * i + 1)?]);
    let (white, red, green, blue) = (point(0)?, point(1)?, point(2)?, point(3)?);
    Primaries {
        red,
        green,
        blue,
        white,
    }
    .checked()
}

/// The profile in an iCCP chunk (11.3.2.3). What is wrong behind its last byte, as a checksum, costs nothing.
pub(super) fn inflated(chunk: &Chunk<'_>) -> Option<Vec<u8>> {
    // The compressed data begins with two bytes that say how it was made (RFC 1950).
    const ZLIB_HEADER: usize = 2;
    let name = chunk.body.iter().position(|&b| b == 0)?;
    let compressed = chunk.body.get(name + 2 + ZLIB_HEADER..)?;
    let mut stream = flate2::read::DeflateDecoder::new(compressed);
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let rest = u64::from(u32::from_be_bytes(length))
        .checked_sub(4)
        .filter(|&rest| rest < MAX_PROFILE)?;
    let mut profile = length.to_vec();
    // No more than there is of it is held.
    stream.take(rest).read_to_end(&mut profile).ok()?;
    whole_profile(&profile).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::png::chunks::SIGNATURE;

    fn file(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let mut out = SIGNATURE.to_vec();
        for (name, body) in chunks {
            out.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
            out.extend(*name);
            out.extend(*body);
            out.extend([0; 4]);
        }
        out
    }

    fn gamma(v: u32) -> [u8; 4] {
        v.to_be_bytes()
    }

    #[test]
    fn the_chunk_of_the_highest_rank_counts() {
        let p3 = [12, 13, 0, 1];
        let all: [(&[u8; 4], &[u8]); 4] = [
            (b"gAMA", &gamma(100_000)),
            (b"sRGB", &[0]),
            (b"iCCP", b"x\0\0rubbish"),
            (b"cICP", &p3),
        ];
        let Description::Numbers(numbers) = colour(&file(&all)) else {
            panic!()
        };
        assert_eq!(Some(numbers.primaries), Primaries::of_code(12));
        // A profile that is none leaves the word to the others.
        assert_eq!(colour(&file(&all[..3])), Description::Srgb);
        let Description::Numbers(numbers) = colour(&file(&all[..1])) else {
            panic!()
        };
        assert_eq!(numbers.transfer, Transfer::Gamma(1.0));
        assert_eq!(colour(&file(&all[2..3])), Description::Unusable);
        assert_eq!(colour(&file(&[])), Description::Unsaid);
        // A chunk behind the picture says nothing about it.
        assert_eq!(colour(&file(&[(b"IDAT", b""), (b"sRGB", &[0])])), Description::Unsaid);
    }
}
