//! The limit on the address space (`ulimit -v`): what is mapped counts, whether it is used or not.

use std::fs;
use std::path::Path;
use std::thread;

/// What a thread maps before it has allocated anything that counts: its stack of 2 MiB, and an arena of glibc, which
/// reserves 64 MiB. Measured with glibc 2.36 on two processors as `VmSize` of the program while it waited for a FIFO: 237 MB
/// with one worker, 370 with two, 642 with four, 913 with eight, and with sixteen 1067, as there are at most eight arenas
/// for each processor. So much less without workers: 40 MB.
const THREAD: u64 = 66 << 20;

/// Threads beside the workers: one waits for signals, and one for the workers.
const OTHERS: u64 = 2;

/// The bytes that photos may take of the address space: what is left of its limit beside what is mapped already, and what
/// the threads of a run will map. `root` is `/`, or what stands for it in a test. `None` without a limit.
pub(super) fn left(root: &Path) -> Option<u64> {
    let limit = number(root, "proc/self/limits", "Max address space")?;
    // In kibibytes, as the file says.
    let mapped = number(root, "proc/self/status", "VmSize:").map_or(0, |size| size.saturating_mul(1024));
    let threads = thread::available_parallelism().map_or(1, usize::from);
    Some(beside(limit, mapped, threads as u64 + OTHERS))
}

/// The same in numbers. Where the threads would take most of it they get half: an arena that finds no room is done without.
fn beside(limit: u64, mapped: u64, threads: u64) -> u64 {
    let left = limit.saturating_sub(mapped);
    left - threads.saturating_mul(THREAD).min(left / 2)
}

/// The first number behind `name` in a file; `None` where there is a word such as `unlimited`.
fn number(root: &Path, file: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(root.join(file)).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_read_and_unlimited_is_none() {
        let root = tempfile::tempdir().expect("a folder");
        let folder = root.path().join("proc/self");
        fs::create_dir_all(&folder).expect("made");
        let limits = |soft: &str| {
            let text = format!(
                "Limit                     Soft Limit           Hard Limit           Units     \n\
                 Max data size             7                    unlimited            bytes     \n\
                 Max address space         {soft:<21}unlimited            bytes     \n"
            );
            fs::write(folder.join("limits"), text).expect("written");
            left(root.path())
        };
        assert_eq!(limits("unlimited"), None);
        let without = limits("1000000000000").expect("a limit");
        fs::write(
            folder.join("status"),
            "Name:\tx\nVmPeak:\t  9 kB\nVmSize:\t   1000 kB\n",
        )
        .expect("written");
        assert_eq!(limits("1000000000000"), Some(without - 1_024_000));
        assert_eq!(left(Path::new("/nowhere")), None);
    }

    #[test]
    fn threads_get_what_they_map_but_never_more_than_half() {
        assert_eq!(beside(10 << 30, 1 << 30, 4), (9 << 30) - 4 * THREAD);
        assert_eq!(beside(300 << 20, 100 << 20, 64), 100 << 20);
        assert_eq!(beside(100, 200, 4), 0);
        assert_eq!(beside(u64::MAX, 0, u64::MAX), u64::MAX - u64::MAX / 2);
    }
}
