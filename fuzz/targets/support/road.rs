//! A file through everything that reads photos, within the memory that is announced for it.

use photofit::{Error, Limits, Metadata, OnDamage, Options, Preparer};

use super::meter::within;

/// What may be held before there is an estimate, beside the file's own size: a probe holds no pixels.
const PROBE: u64 = 64_000_000;
/// Beyond an estimate, which is of the pixels: tables that all photos share, which the first one makes, and for each byte
/// of the file what lists of boxes and directories take.
const MARGIN: u64 = 4_000_000;
const A_BYTE: u64 = 8;

/// Probes, estimates and prepares `data` with limits so low that everything has to be done.
pub fn travel(data: &[u8], policies: &[Metadata]) {
    let size = data.len() as u64;
    let probed = within(PROBE + size, || photofit::probe(data));
    if let Err(error) = &probed {
        sound(error);
    }
    for &policy in policies {
        let options = Options::default()
            .with_limits(Limits::bigin().with_max_pixels(900).with_max_bytes(4000))
            .with_metadata(policy)
            .with_on_damage(OnDamage::Keep)
            .with_max_source_pixels(1_000_000)
            .with_max_memory(100_000_000);
        let estimate = within(PROBE + size, || photofit::estimate_memory(data, &options));
        assert_eq!(probed.is_ok(), estimate.is_ok(), "only what is probed has an estimate");
        // What is refused for its estimate takes no more than what is refused for its header.
        let allowed = match estimate {
            Ok(estimate) if estimate <= options.max_memory() => estimate + MARGIN + A_BYTE * size,
            _ => PROBE + size,
        };
        let mut preparer = Preparer::new(options);
        let prepared = within(allowed, || preparer.prepare(data).map(|prepared| prepared.into_owned()));
        match prepared {
            Ok(prepared) => {
                let info = photofit::probe(prepared.bytes()).expect("what was prepared is a photo");
                assert!(info.pixels() <= 900 && info.bytes <= 4000, "{info:?}");
            }
            Err(error) => sound(&error),
        }
    }
}

/// An error is about the file, not about photofit.
fn sound(error: &Error) {
    let defect = matches!(
        error,
        Error::BrokenPromise { .. } | Error::Panicked { .. } | Error::OutOfMemory { .. }
    );
    assert!(!defect, "{error}");
}
