//! The memory of the machine, or what its operator leaves to this process.

use sysinfo::{MemoryRefreshKind, RefreshKind, System};

/// The bytes of memory that this process could have: the machine's, or its control group's limit if that is less.
pub(super) fn memory() -> u64 {
    let kinds = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(kinds);
    let total = system.total_memory();
    match system.cgroup_limits() {
        Some(limits) if limits.total_memory > 0 => total.min(limits.total_memory),
        _ => total,
    }
}
