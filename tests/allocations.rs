//! What a warm batch allocates, counted by the allocator: buffers are used again from photo to photo.

#![allow(clippy::unwrap_used)]
#![allow(clippy::print_stdout, reason = "the figures")]

use std::alloc::System;
use std::path::PathBuf;

use photofit::pool::Worker;
use photofit::{Batch, Effort, Limits, Options};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[test]
fn a_warm_worker_allocates_little_more_than_its_results() {
    const PHOTOS: usize = 40;
    let photo = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata/photos/dunes.jpg");
    for effort in [Effort::Fastest, Effort::Balanced, Effort::Smallest] {
        let options = Options::default()
            .with_limits(Limits::bigin().with_max_pixels(200_000))
            .with_effort(effort);
        let mut region = None;
        let mut per_photo = Vec::new();
        let work = |worker: &mut Worker<'_>, _: usize, source: &PathBuf| {
            let mut photo = worker.open(source).unwrap();
            photo.prepare().unwrap().bytes().len()
        };
        Batch::new(options)
            .jobs(1)
            .ahead(1)
            .each(std::iter::repeat_n(&photo, PHOTOS), &(), work, |index, result| {
                if index < PHOTOS / 2 {
                    region = Some(Region::new(ALLOCATOR));
                } else {
                    per_photo.push(result.unwrap());
                }
            })
            .unwrap();
        let stats = region.unwrap().change();
        let result: usize = per_photo.iter().sum::<usize>() / per_photo.len();
        let allocated = stats.bytes_allocated / per_photo.len();
        let times = stats.allocations / per_photo.len();
        println!("{effort:?}: {allocated} bytes in {times} allocations for a result of {result} bytes");
        // The filter's weights, the first guess of a result's size, and the result with its metadata; the picture
        // itself has 3.7 million samples.
        assert!(
            allocated <= 800_000 && times <= 300,
            "{effort:?}: {allocated} in {times}"
        );
    }
}
