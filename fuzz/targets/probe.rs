//! Headers: whatever the bytes are, they are described or refused, and the plan agrees.
#![no_main]

use libfuzzer_sys::fuzz_target;
use photofit::Options;

fuzz_target!(|data: &[u8]| {
    let options = Options::default();
    let probed = photofit::probe(data);
    let planned = photofit::plan(data, &options);
    if let Ok(info) = &probed {
        assert_eq!(info.bytes, data.len() as u64);
        assert!(photofit::estimate_memory(data, &options).is_ok());
    }
    // What has no readable header has no plan.
    assert!(probed.is_ok() || planned.is_err());
});
