//! The limits of control groups, of versions 1 and 2, which may lie inside one another: the tightest one holds.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// The files with limits, by version; those of version 2 say `max` where there is none. Beyond `memory.high` a process is
/// not ended but held up, which helps nobody.
const VERSION_1: &[&str] = &["memory.limit_in_bytes"];
const VERSION_2: &[&str] = &["memory.max", "memory.high"];

/// A place where groups are mounted.
struct Mount {
    /// The group that is at the mount point.
    group: PathBuf,
    /// The mount point.
    point: PathBuf,
    /// Whether it is of version 2.
    unified: bool,
}

/// The tightest limit on memory, in bytes, of the control groups that this process is in, from its own up to the root.
/// `root` is `/`, or what stands for it in a test. `None` if there is none, or if that cannot be found out.
pub(super) fn limit(root: &Path) -> Option<u64> {
    let own = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let mounts = fs::read_to_string(root.join("proc/self/mountinfo")).ok()?;
    let mounts: Vec<Mount> = mounts.lines().filter_map(mount).collect();
    let groups = own.lines().filter_map(group);
    let limits = groups.flat_map(|(unified, path)| {
        let of_version = mounts.iter().filter(move |mount| mount.unified == unified);
        of_version.filter_map(move |mount| tightest(root, mount, path))
    });
    limits.min()
}

/// A line of `/proc/self/cgroup` such as `0::/user.slice` or `4:cpu,memory:/docker/abc`: whether it is of version 2, and the
/// group. `None` where the group has nothing to do with memory.
fn group(line: &str) -> Option<(bool, &Path)> {
    let mut fields = line.splitn(3, ':');
    let (number, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
    let unified = number == "0" && controllers.is_empty();
    let of_memory = unified || controllers.split(',').any(|controller| controller == "memory");
    of_memory.then_some((unified, Path::new(path)))
}

/// A line of `/proc/self/mountinfo`, if groups of memory are mounted there (see proc_pid_mountinfo(5)).
fn mount(line: &str) -> Option<Mount> {
    let (place, system) = line.split_once(" - ")?;
    let mut place = place.split(' ').skip(3);
    let (group, point) = (unescaped(place.next()?), unescaped(place.next()?));
    let mut system = system.split(' ');
    let unified = match system.next()? {
        "cgroup2" => true,
        "cgroup" if system.nth(1)?.split(',').any(|option| option == "memory") => false,
        _ => return None,
    };
    Some(Mount { group, point, unified })
}

/// A path in which blanks and the like stand as three octal digits behind a backslash.
fn unescaped(text: &str) -> PathBuf {
    let mut parts = text.split('\\');
    let mut path = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let escaped = part.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match escaped {
            Some(byte) => {
                path.push(char::from(byte));
                path += &part[3..];
            }
            None => {
                path.push('\\');
                path += part;
            }
        }
    }
    PathBuf::from(path)
}

/// The tightest limit from the group up to the mount point.
fn tightest(root: &Path, mount: &Mount, group: &Path) -> Option<u64> {
    // In a container the group may be named as it is called outside, and lie elsewhere: what is mounted holds then.
    let inside = group.strip_prefix(&mount.group).unwrap_or(Path::new(""));
    let steps = inside.components().filter(|c| matches!(c, Component::Normal(_)));
    let inside: PathBuf = steps.collect();
    let point = root.join(mount.point.strip_prefix("/").unwrap_or(&mount.point));
    let names = if mount.unified { VERSION_2 } else { VERSION_1 };
    let files = inside
        .ancestors()
        .flat_map(|group| names.iter().map(move |name| group.join(name)));
    files.filter_map(|file| bytes(&point.join(file))).min()
}

/// The limit in a file; `None` for `max`, and for 0, within which no process would run.
fn bytes(file: &Path) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    text.trim().parse().ok().filter(|&bytes| bytes > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file system with these files.
    fn root(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, text).expect("written");
        }
        root
    }

    const UNIFIED: &str = "29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
    const SPLIT: &str = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n\
                         32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n\
                         35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
                         41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";

    #[test]
    fn the_tightest_limit_on_the_way_up_holds() {
        let tree = |own: &'static str, above: &'static str, high: &'static str| {
            let root = root(&[
                ("proc/self/cgroup", "0::/user.slice/job.scope\n"),
                ("proc/self/mountinfo", UNIFIED),
                ("sys/fs/cgroup/user.slice/job.scope/memory.max", own),
                ("sys/fs/cgroup/user.slice/memory.max", above),
                ("sys/fs/cgroup/user.slice/memory.high", high),
                // Of another group.
                ("sys/fs/cgroup/system.slice/memory.max", "5\n"),
            ]);
            limit(root.path())
        };
        assert_eq!(tree("max\n", "max\n", "max\n"), None);
        assert_eq!(tree("1000\n", "max\n", "max\n"), Some(1000));
        assert_eq!(tree("1000\n", "900\n", "max\n"), Some(900));
        assert_eq!(tree("max\n", "900\n", "800\n"), Some(800));
        assert_eq!(tree("0\n", "many\n", "\n"), None);
    }

    #[test]
    fn version_1_has_its_own_tree_and_file() {
        let root = root(&[
            (
                "proc/self/cgroup",
                "5:devices:/x\n4:cpu,memory:/jobs/one\n1:cpu:/\n0::/\n",
            ),
            ("proc/self/mountinfo", SPLIT),
            (
                "sys/fs/cgroup/memory/jobs/one/memory.limit_in_bytes",
                "9223372036854771712\n",
            ),
            ("sys/fs/cgroup/memory/jobs/memory.limit_in_bytes", "700\n"),
            ("sys/fs/cgroup/cpu/memory.limit_in_bytes", "5\n"),
            ("sys/fs/cgroup/memory/memory.max", "5\n"),
        ]);
        assert_eq!(limit(root.path()), Some(700));
    }

    #[test]
    fn in_a_container_the_mount_point_is_the_group_itself() {
        for mounted in ["/docker/abc", "/docker/another"] {
            let mounts = format!("35 31 0:32 {mounted} /my\\040groups/memory ro - cgroup cgroup rw,memory\n");
            let root = root(&[
                ("proc/self/cgroup", "4:memory:/docker/abc\n"),
                ("proc/self/mountinfo", &mounts),
                ("my groups/memory/memory.limit_in_bytes", "600\n"),
            ]);
            assert_eq!(limit(root.path()), Some(600), "{mounted}");
        }
    }

    #[test]
    fn what_cannot_be_understood_is_no_limit() {
        assert_eq!(limit(root(&[]).path()), None);
        let root = root(&[
            ("proc/self/cgroup", "nonsense\n0::/../../etc\n::\n"),
            (
                "proc/self/mountinfo",
                "a - b\n - cgroup2\n1 2 3 / - cgroup2 x\n\\777 \\",
            ),
        ]);
        assert_eq!(limit(root.path()), None);
    }
}
