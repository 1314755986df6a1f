//! A global allocator that counts, and ends the process where more is held than was announced.

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

struct Meter;

#[global_allocator]
static METER: Meter = Meter;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(usize::MAX);

fn more(bytes: usize) {
    let live = LIVE.fetch_add(bytes, Relaxed) + bytes;
    let most = MOST.load(Relaxed);
    if live > most {
        // Once: the message below allocates nothing, but what comes after an abort may.
        MOST.store(usize::MAX, Relaxed);
        let mut line = [0; 128];
        let mut rest = &mut line[..];
        let _ = writeln!(
            rest,
            "MORE MEMORY THAN ANNOUNCED: {live} bytes live, {most} allowed, {bytes} asked for"
        );
        let left = rest.len();
        let _ = std::io::stderr().write_all(&line[..128 - left]);
        std::process::abort();
    }
}

fn less(bytes: usize) {
    LIVE.fetch_sub(bytes, Relaxed);
}

// SAFETY: every call goes to the system's allocator as it came; what is counted does not touch the memory.
unsafe impl GlobalAlloc for Meter {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        more(layout.size());
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        more(layout.size());
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        less(layout.size());
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        more(size);
        // SAFETY: the caller keeps the contract of `realloc`.
        let moved = unsafe { System.realloc(pointer, layout, size) };
        less(if moved.is_null() { size } else { layout.size() });
        moved
    }
}

/// Does `work`, which may hold `bytes` beside what is held now.
pub fn within<T>(bytes: u64, work: impl FnOnce() -> T) -> T {
    MOST.store(LIVE.load(Relaxed).saturating_add(bytes as usize), Relaxed);
    let result = work();
    MOST.store(usize::MAX, Relaxed);
    result
}
