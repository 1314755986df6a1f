//! Small ICC profiles (ICC.1:2001, version 2), with round numbers of their own making.

/// A matrix profile: a wide-gamut RGB space with a gamma of 2.2.
pub(crate) fn rgb() -> Vec<u8> {
    let curve = |gamma: u16| [b"curv\0\0\0\0\0\0\0\x01".as_slice(), &gamma.to_be_bytes(), &[0; 2]].concat();
    // 2.2 in u8Fixed8; the columns add up to the D50 white point, as they must.
    let gamma = curve(0x0233);
    profile(
        b"RGB ",
        b"XYZ ",
        b"mntr",
        &[
            (b"desc", description("Testdata wide RGB")),
            (b"cprt", text("Public domain")),
            (b"wtpt", xyz(0.9642, 1.0, 0.8249)),
            (b"rXYZ", xyz(0.5151, 0.2412, -0.0011)),
            (b"gXYZ", xyz(0.2919, 0.6922, 0.0419)),
            (b"bXYZ", xyz(0.1572, 0.0666, 0.7841)),
            (b"rTRC", gamma.clone()),
            (b"gTRC", gamma.clone()),
            (b"bTRC", gamma),
        ],
    )
}

/// A gray profile with a gamma of 2.2.
pub(crate) fn gray() -> Vec<u8> {
    profile(
        b"GRAY",
        b"XYZ ",
        b"mntr",
        &[
            (b"desc", description("Testdata gray 2.2")),
            (b"cprt", text("Public domain")),
            (b"wtpt", xyz(0.9642, 1.0, 0.8249)),
            (
                b"kTRC",
                [b"curv\0\0\0\0\0\0\0\x01".as_slice(), &[0x02, 0x33, 0, 0]].concat(),
            ),
        ],
    )
}

/// A printer profile: four inks to Lab through a table with two points a side.
pub(crate) fn cmyk() -> Vec<u8> {
    // lut8Type (clause 6.5.8): inputs, outputs, grid points, an identity matrix, then curves and table.
    let mut lut = b"mft1\0\0\0\0\x04\x03\x02\0".to_vec();
    for i in 0..9u32 {
        lut.extend(if i % 4 == 0 { 0x0001_0000u32 } else { 0 }.to_be_bytes());
    }
    for _ in 0..4 {
        lut.extend(0..=255u8);
    }
    // Lab of paper, inks and their overprints; the last ink varies fastest.
    let lab = |c: u8, m: u8, y: u8| match (c, m, y) {
        (0, 0, 0) => [242, 128, 126],
        (1, 0, 0) => [142, 92, 78],
        (0, 1, 0) => [122, 202, 124],
        (0, 0, 1) => [226, 122, 218],
        (1, 1, 0) => [64, 152, 82],
        (1, 0, 1) => [130, 60, 158],
        (0, 1, 1) => [120, 196, 176],
        _ => [58, 128, 128],
    };
    for i in 0..16u8 {
        let (c, m, y, k) = (i >> 3, i >> 2 & 1, i >> 1 & 1, i & 1);
        let [l, a, b] = lab(c, m, y);
        lut.extend(if k == 0 { [l, a, b] } else { [l / 9, 128, 128] });
    }
    for _ in 0..3 {
        lut.extend(0..=255u8);
    }
    profile(
        b"CMYK",
        b"Lab ",
        b"prtr",
        &[
            (b"desc", description("Testdata four inks")),
            (b"cprt", text("Public domain")),
            (b"wtpt", xyz(0.9642, 1.0, 0.8249)),
            (b"A2B0", lut.clone()),
            (b"A2B1", lut),
        ],
    )
}

fn profile(space: &[u8; 4], connection: &[u8; 4], class: &[u8; 4], tags: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut table = (tags.len() as u32).to_be_bytes().to_vec();
    let mut data = Vec::new();
    let start = 128 + 4 + 12 * tags.len();
    for (name, body) in tags {
        table.extend_from_slice(*name);
        table.extend(((start + data.len()) as u32).to_be_bytes());
        table.extend((body.len() as u32).to_be_bytes());
        data.extend_from_slice(body);
        data.resize(data.len().next_multiple_of(4), 0);
    }
    let mut out = ((start + data.len()) as u32).to_be_bytes().to_vec();
    out.extend(b"\0\0\0\0\x02\x40\0\0");
    out.extend_from_slice(class);
    out.extend_from_slice(space);
    out.extend_from_slice(connection);
    // 2024-01-01 00:00:00, the same for every run.
    for v in [2024u16, 1, 1, 0, 0, 0] {
        out.extend(v.to_be_bytes());
    }
    out.extend(b"acsp");
    out.resize(68, 0);
    out.extend_from_slice(&xyz(0.9642, 1.0, 0.8249)[8..]);
    out.resize(128, 0);
    out.extend(table);
    out.extend(data);
    out
}

fn xyz(x: f64, y: f64, z: f64) -> Vec<u8> {
    let mut out = b"XYZ \0\0\0\0".to_vec();
    for v in [x, y, z] {
        out.extend(((v * 65536.0 + 0.5).floor() as i32).to_be_bytes());
    }
    out
}

fn text(value: &str) -> Vec<u8> {
    [b"text\0\0\0\0", value.as_bytes(), &[0]].concat()
}

/// textDescriptionType (clause 6.5.17): ASCII, then empty Unicode and Macintosh forms.
fn description(value: &str) -> Vec<u8> {
    let mut out = b"desc\0\0\0\0".to_vec();
    out.extend((value.len() as u32 + 1).to_be_bytes());
    out.extend(value.as_bytes());
    out.resize(out.len() + 1 + 8 + 3 + 67, 0);
    out
}
