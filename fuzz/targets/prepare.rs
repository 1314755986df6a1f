//! The whole road, with limits so low that everything has to be done; the promise is checked from outside.
#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use photofit::{Error, Limits, OnDamage, Options, Orientation, OutputFormat, Preparer};

thread_local! {
    static PREPARERS: RefCell<Vec<Preparer>> = RefCell::new(preparers());
}

fn preparers() -> Vec<Preparer> {
    let limits = Limits::bigin().with_max_pixels(900).with_max_bytes(4000);
    let options = Options::default()
        .with_limits(limits)
        .with_max_source_pixels(1_000_000)
        .with_max_memory(100_000_000);
    vec![
        Preparer::new(options.clone()),
        Preparer::new(options.clone().with_on_damage(OnDamage::Keep)),
        Preparer::new(options.with_format(OutputFormat::Png).with_on_damage(OnDamage::Keep)),
    ]
}

fuzz_target!(|data: &[u8]| {
    PREPARERS.with_borrow_mut(|preparers| {
        for preparer in preparers {
            match preparer.prepare(data) {
                Ok(prepared) => {
                    let info = photofit::probe(prepared.bytes()).expect("what was prepared is a photo");
                    assert!(info.pixels() <= 900 && info.bytes <= 4000, "{info:?}");
                    assert_eq!(info.orientation, Orientation::Upright);
                }
                Err(error) => {
                    let defect = matches!(error, Error::BrokenPromise { .. } | Error::Panicked { .. });
                    assert!(!defect, "{error}");
                }
            }
        }
    });
});
