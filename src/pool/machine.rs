//! The memory of the machine, or what its operator leaves to this process.

mod groups;
mod space;

use std::path::Path;

use sysinfo::{MemoryRefreshKind, RefreshKind, System};

/// The bytes of memory that this process could have: the machine's, or the tightest limit of its control groups, or what
/// its address space has room for, if that is less.
pub(super) fn memory() -> u64 {
    let kinds = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    let total = System::new_with_specifics(kinds).total_memory();
    // Elsewhere than on Linux there are none of these files, and so no limit.
    let root = Path::new("/");
    let limits = [groups::limit(root), space::left(root)];
    limits.into_iter().flatten().fold(total, u64::min)
}
