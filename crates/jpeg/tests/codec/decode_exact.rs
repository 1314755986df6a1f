//! Planes equal those of libjpeg-turbo's accurate method, bit for bit.
#![allow(clippy::print_stdout, reason = "a test tells what it left out")]

use crate::decode_support::{Random, compare, decode, have_tools, random_ppm, reference, run};
use photofit_jpeg::decode::{DecodeError, Decoder, Planes, Scale};

/// Every arrangement of sampling factors that divide, in cjpeg's notation.
fn sampling(random: &mut Random) -> String {
    let factors = [
        "1x1", "2x1", "1x2", "2x2", "4x1", "1x4", "4x2", "2x4", "3x1", "1x3", "3x2",
    ];
    if random.below(3) > 0 {
        return random.pick(&factors).to_string();
    }
    // Chroma with more samples than luma, or of two kinds.
    let odd = [
        "1x1,2x2,1x1",
        "2x2,2x1,1x2",
        "2x1,1x1,2x1",
        "1x2,1x2,1x1",
        "4x1,2x1,1x1",
        "1x1,1x1,2x1",
    ];
    random.pick(&odd).to_string()
}

#[test]
fn random_pictures() {
    if !have_tools() {
        return;
    }
    let count = std::env::var("PHOTOFIT_RANDOM_PICTURES")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(600);
    let mut random = Random(0x1234_5678_9ABC_DEF1);
    let mut compared = 0;
    for round in 0..count {
        let (width, height) = (1 + random.below(70), 1 + random.below(70));
        let ppm = random_ppm(&mut random, width, height);
        let quality = random.pick(&["1", "10", "50", "75", "90", "95", "100"]);
        let mut arguments = vec!["-quality".to_string(), quality.to_string()];
        if random.below(8) == 0 {
            arguments.push("-grayscale".to_string());
        } else {
            if random.below(6) == 0 {
                arguments.push("-rgb".to_string());
            }
            arguments.extend(["-sample".to_string(), sampling(&mut random)]);
        }
        match random.below(3) {
            0 => arguments.push("-progressive".to_string()),
            1 => arguments.push("-optimize".to_string()),
            _ => {}
        }
        if random.below(2) == 0 {
            let interval = random.pick(&["1", "2", "1B", "3B", "7B", "50B"]);
            arguments.extend(["-restart".to_string(), interval.to_string()]);
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let Some(jpeg) = run("cjpeg", &arguments, &ppm) else {
            continue;
        };
        let Some(expected) = reference(&jpeg) else {
            continue;
        };
        let (header, report, planes) = decode(&jpeg);
        assert!(report.is_empty(), "{round} {arguments:?}: {report:?}");
        if let Err(difference) = compare(&header, &planes, &expected) {
            panic!("{round}, {width}x{height}, {arguments:?}: {difference}");
        }
        compared += 1;
    }
    println!("{compared} of {count} random pictures compared");
    assert!(
        compared * 10 >= count * 8,
        "only {compared} of {count} pictures could be made"
    );
}

/// Quantisation steps that no encoder writes make values that do not fit 16 bits. What happens to them is the
/// same as in libjpeg-turbo's vector code, which it has for this processor.
#[cfg(target_arch = "x86_64")]
#[test]
fn wild_values() {
    if !have_tools() {
        return;
    }
    let mut random = Random(4242);
    for round in 0..200 {
        let (width, height) = (1 + random.below(70), 1 + random.below(70));
        let ppm = random_ppm(&mut random, width, height);
        let quality = random.pick(&["20", "75", "98"]);
        let mut jpeg = run("cjpeg", &["-quality", quality], &ppm).expect("cjpeg");
        let wide = random.pick(&[false, true]);
        let most = random.pick(&[255, 2000, 65_535]);
        let scan = crate::decode_support::find_marker(&jpeg, 0xDA);
        let mut tables = Vec::new();
        for selector in 0..2 {
            tables.extend([0xFF, 0xDB, 0, if wide { 131 } else { 67 }]);
            tables.push(selector | u8::from(wide) << 4);
            for _ in 0..64 {
                let step = 1 + random.below(most);
                match u16::try_from(step) {
                    Ok(step) if wide => tables.extend(step.to_be_bytes()),
                    _ => tables.push(u8::try_from(1 + step % 255).expect("a byte")),
                }
            }
        }
        jpeg.splice(scan..scan, tables);
        let (header, report, planes) = decode(&jpeg);
        assert!(report.is_empty(), "{round}: {report:?}");
        compare(&header, &planes, &reference(&jpeg).expect("djpeg takes it"))
            .unwrap_or_else(|difference| panic!("{round}, {most}: {difference}"));
    }
}

/// Scans that hold one component each, and sequential scans of two.
#[test]
fn scan_scripts() {
    if !have_tools() {
        return;
    }
    let scripts = [
        "0;1;2;",
        "0;1 2;",
        "0 1;2;",
        "2;0;1;",
        "0 1 2: 0-0, 0, 0; 0: 1-63, 0, 0; 1: 1-63, 0, 0; 2: 1-63, 0, 0;",
        "0: 0-0, 0, 1; 1 2: 0-0, 0, 1; 0: 1-5, 0, 2; 2: 1-63, 0, 1; 1: 1-63, 0, 1; 0: 6-63, 0, 2; \
         0: 1-63, 2, 1; 0: 0-0, 1, 0; 1 2: 0-0, 1, 0; 2: 1-63, 1, 0; 1: 1-63, 1, 0; 0: 1-63, 1, 0;",
    ];
    let folder = std::env::temp_dir().join(format!("jpeg-scan-scripts-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the scripts");
    let mut random = Random(77);
    for (index, script) in scripts.iter().enumerate() {
        let path = folder.join(format!("{index}.txt"));
        std::fs::write(&path, script).expect("a script");
        let path = path.to_str().expect("a name in UTF-8");
        for sampling in ["1x1", "2x2", "2x1", "1x2", "4x2"] {
            for (width, height) in [(1, 1), (17, 33), (64, 48), (70, 9)] {
                let ppm = random_ppm(&mut random, width, height);
                let arguments = ["-quality", "92", "-sample", sampling, "-scans", path, "-restart", "3B"];
                let arguments = &arguments[..if width % 2 == 0 { 6 } else { 8 }];
                let jpeg = run("cjpeg", arguments, &ppm).expect("cjpeg takes the script");
                let (header, report, planes) = decode(&jpeg);
                assert!(report.is_empty(), "{script} {sampling}: {report:?}");
                compare(&header, &planes, &reference(&jpeg).expect("djpeg takes it"))
                    .unwrap_or_else(|difference| panic!("{script} {sampling} {width}x{height}: {difference}"));
            }
        }
    }
    std::fs::remove_dir_all(&folder).expect("the folder goes");
}

#[test]
fn photos() {
    if !have_tools() {
        return;
    }
    let mut decoder = Decoder::default();
    let mut planes = Planes::new();
    let (mut equal, mut damaged, mut declined, mut differing) = (0, 0, 0, 0);
    for path in crate::decode_support::photos() {
        let bytes = std::fs::read(&path).expect("a photo");
        let name = path.display();
        match decoder.planes(&bytes, Scale::Full, &mut planes) {
            Err(DecodeError::Declined(what)) => {
                println!("declined {name}: {what}");
                declined += 1;
            }
            Err(error) => {
                println!(
                    "refused {name}: {error}; djpeg takes it: {}",
                    reference(&bytes).is_some()
                );
                declined += 1;
            }
            Ok((_, report)) if report.unreadable_mcus() > 0 => {
                println!(
                    "damaged {name}: {:.4} readable, {}",
                    report.readable_fraction(),
                    report.places()[0]
                );
                damaged += 1;
            }
            Ok((header, report)) => {
                for place in report.places() {
                    println!("note {name}: {place}");
                }
                let Some(expected) = reference(&bytes) else {
                    println!("djpeg refuses {name}");
                    continue;
                };
                match compare(&header, &planes, &expected) {
                    Ok(()) => equal += 1,
                    Err(difference) => {
                        println!("DIFFERENT {name}: {difference}");
                        differing += 1;
                    }
                }
            }
        }
    }
    println!("{equal} photos equal, {damaged} damaged, {declined} not decoded, {differing} different");
    assert_eq!(differing, 0);
}
