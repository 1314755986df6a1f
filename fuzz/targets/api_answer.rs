//! What the service may answer: a success, a refusal or a typed error, and nothing else.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Some((status, body)) = data.split_first_chunk::<2>() {
        photofit::bigin::fuzzing::answer(100 + u16::from_le_bytes(*status) % 500, body);
    }
});
