//! Photos that need nothing but other metadata: rewritten under every policy, and rewritten again without a change.
#![no_main]

use libfuzzer_sys::fuzz_target;
use photofit::{Check, Error, Format, FormatSet, Limits, Metadata, Options, Preparer};

fuzz_target!(|data: &[u8]| {
    for policy in [Metadata::Privacy, Metadata::Strip, Metadata::Keep] {
        // The pixels are the target `prepare`'s.
        let options = Options::default()
            .with_metadata(policy)
            // So that files of every format stay as they are.
            .with_limits(Limits::bigin().with_formats(FormatSet::of(Format::ALL)))
            .with_check(Check::Header)
            .with_max_source_pixels(1_000_000)
            .with_max_memory(100_000_000);
        let mut preparer = Preparer::new(options);
        match preparer.prepare(data) {
            Ok(prepared) => {
                let bytes = prepared.into_owned().bytes().to_vec();
                let again = preparer.prepare(&bytes).expect("what was prepared conforms");
                assert!(again.bytes() == bytes, "{policy:?} changes what it has made");
            }
            Err(error) => {
                let defect = matches!(error, Error::BrokenPromise { .. } | Error::Panicked { .. });
                assert!(!defect, "{error}");
            }
        }
    }
});
