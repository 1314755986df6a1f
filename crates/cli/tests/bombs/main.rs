//! Bombs: files that claim, repeat or refer to far more than they hold, made by the generator of the test data.
//!
//! `outside` runs the program on them within an address space and a timeout, alone and among photos; `inside` counts what
//! the library allocates for them. The generator's writers are compiled in, so that bombs too large for `testdata/` need
//! not stand there.

#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::print_stdout,
    reason = "tests panic, make up data and tell figures"
)]
#![cfg(target_os = "linux")]

#[allow(dead_code, reason = "the generator asks for more than the tests")]
#[path = "../../../../examples/testdata/bombs/mod.rs"]
mod bombs;
#[allow(dead_code, reason = "only bombs are made here")]
#[path = "../../../../examples/testdata/entry.rs"]
mod entry;
#[allow(dead_code, reason = "only bombs are made here")]
#[path = "../../../../examples/testdata/formats/mod.rs"]
mod formats;
#[allow(dead_code, reason = "only bombs are made here")]
#[path = "../../../../examples/testdata/math.rs"]
mod math;
#[allow(dead_code, reason = "only bombs are made here")]
#[path = "../../../../examples/testdata/picture.rs"]
mod picture;

mod inside;
mod outside;
mod support;

use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;
