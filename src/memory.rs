//! How much memory this process may take, and whether the system would give it.
//!
//! An allocation that fails ends the process, and nothing can be said or tidied up any more. So what a
//! user's sizes ask for is held against a limit first, and the limit knows what stands in the way.

use std::fs;
use std::path::{Path, PathBuf};

use sysinfo::{MemoryRefreshKind, RefreshKind, System};

/// Bytes that work may hold where the user sets no limit: 80 % of what the process may still have.
pub fn default_limit() -> u64 {
    available() / 5 * 4
}

/// Bytes that this process may have: the least of the machine's memory, that of its control groups, and
/// the part of its address space that is still free.
pub fn available() -> u64 {
    let refresh = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    let machine = System::new_with_specifics(refresh).total_memory();
    let proc = Path::new("/proc/self");
    let limits = [control_group(proc), unmapped(proc)];
    limits.into_iter().flatten().fold(machine, u64::min)
}

/// Whether the system would give that many bytes at once now. They are asked for and given back
/// unused, which takes a few microseconds.
pub fn can_have(bytes: u64) -> bool {
    usize::try_from(bytes).is_ok_and(|bytes| Vec::<u8>::new().try_reserve_exact(bytes).is_ok())
}

/// Whether the address space of this process is limited, as by `ulimit -v`.
pub fn has_limited_addresses() -> bool {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    soft_limit(&limits, "Max address space").is_some()
}

/// What the limits on addresses and on data leave, on systems that tell.
fn unmapped(proc: &Path) -> Option<u64> {
    let limits = fs::read_to_string(proc.join("limits")).ok()?;
    let status = fs::read_to_string(proc.join("status")).ok()?;
    let left = |limit: &str, taken: &str| {
        let taken = status.lines().find_map(|line| line.strip_prefix(taken))?;
        let kilobytes: u64 = taken.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(soft_limit(&limits, limit)?.saturating_sub(kilobytes << 10))
    };
    let all = [left("Max address space", "VmSize:"), left("Max data size", "VmData:")];
    all.into_iter().flatten().min()
}

/// The first figure of a line of `/proc/self/limits`, unless it is `unlimited`.
fn soft_limit(limits: &str, name: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The least limit of the process's control groups and all groups above them.
fn control_group(proc: &Path) -> Option<u64> {
    let groups = fs::read_to_string(proc.join("cgroup")).ok()?;
    let mounts = fs::read_to_string(proc.join("mountinfo")).ok()?;
    let of_line = |line: &str| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, group) = (fields.next()?, fields.next()?);
        let version = Version::of(controllers)?;
        version.limit(&mounts, Path::new(group.trim_start_matches('/')))
    };
    groups.lines().filter_map(of_line).min()
}

/// A version of control groups.
#[derive(Clone, Copy)]
enum Version {
    /// One hierarchy for each kind of resource.
    One,
    /// One hierarchy.
    Two,
}

impl Version {
    /// That of a line with these controllers, where it tells of memory.
    fn of(controllers: &str) -> Option<Self> {
        match controllers {
            "" => Some(Self::Two),
            list => list.split(',').any(|one| one == "memory").then_some(Self::One),
        }
    }

    /// The least limit of `group` and those above it.
    fn limit(self, mounts: &str, group: &Path) -> Option<u64> {
        let file = match self {
            Self::One => "memory.limit_in_bytes",
            Self::Two => "memory.max",
        };
        let (root, place) = mounts.lines().find_map(|line| self.mount(line))?;
        // A container may see a part of the hierarchy alone: then its own group is where it begins.
        let inside = group.strip_prefix(root.trim_start_matches('/')).unwrap_or(group);
        let limit = |group: &Path| {
            let text = fs::read_to_string(place.join(group).join(file)).ok()?;
            text.trim().parse::<u64>().ok()
        };
        inside.ancestors().filter_map(limit).min()
    }

    /// Where a line of `mountinfo` mounts the hierarchy, and what of it: `ID PARENT MAJOR:MINOR ROOT
    /// PLACE OPTIONS ... - TYPE SOURCE SUPER_OPTIONS`.
    fn mount(self, line: &str) -> Option<(&str, PathBuf)> {
        let (mount, kind) = line.split_once(" - ")?;
        let mut kind = kind.split_whitespace();
        let (name, options) = (kind.next()?, kind.nth(1).unwrap_or_default());
        let is_it = match self {
            Self::One => name == "cgroup" && options.split(',').any(|one| one == "memory"),
            Self::Two => name == "cgroup2",
        };
        let mut fields = mount.split_whitespace().skip(3);
        let (root, place) = (fields.next()?, fields.next()?);
        is_it.then(|| (root, PathBuf::from(place)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory with files as the system has them.
    fn place(files: &[(&str, &str)]) -> tempfile::TempDir {
        let place = tempfile::tempdir().expect("a directory");
        for (name, text) in files {
            let path = place.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("created");
            let text = text.replace("HERE", place.path().to_str().expect("UTF-8"));
            fs::write(path, text).expect("written");
        }
        place
    }

    #[test]
    fn the_least_group_counts() {
        let two = place(&[
            ("cgroup", "0::/user.slice/job.scope\n"),
            ("mountinfo", "30 23 0:26 / HERE/unified rw,nosuid - cgroup2 cgroup2 rw\n"),
            ("unified/user.slice/memory.max", "3000000\n"),
            ("unified/user.slice/job.scope/memory.max", "max\n"),
        ]);
        assert_eq!(control_group(two.path()), Some(3_000_000));
        let one = place(&[
            ("cgroup", "9:name=systemd:/\n4:cpu,memory:/jobs/a:b\n0::/\n"),
            (
                "mountinfo",
                "29 23 0:25 / HERE/cpu rw - cgroup cgroup rw,cpu\n\
                 31 23 0:27 / HERE/memory rw shared:9 - cgroup cgroup rw,memory\n",
            ),
            ("memory/memory.limit_in_bytes", "9223372036854771712\n"),
            ("memory/jobs/a:b/memory.limit_in_bytes", "5000000\n"),
        ]);
        assert_eq!(control_group(one.path()), Some(5_000_000));
        let container = place(&[
            ("cgroup", "0::/docker/abc\n"),
            ("mountinfo", "30 23 0:26 /docker/abc HERE/unified rw - cgroup2 cgroup2 rw\n"),
            ("unified/memory.max", "7000000\n"),
        ]);
        assert_eq!(control_group(container.path()), Some(7_000_000));
        assert_eq!(control_group(Path::new("/nonexistent")), None);
    }

    #[test]
    fn addresses_that_are_taken_are_not_free() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
                      Max data size             unlimited            unlimited            bytes     \n\
                      Max address space         409600000            unlimited            bytes     \n";
        let limited = place(&[
            ("limits", limits),
            ("status", "Name:\theconv\nVmSize:\t  100000 kB\nVmData:\t    9000 kB\n"),
        ]);
        assert_eq!(unmapped(limited.path()), Some(409_600_000 - (100_000 << 10)));
        let free = place(&[("limits", &limits.replace("409600000", "unlimited")), ("status", "")]);
        assert_eq!(unmapped(free.path()), None);
    }

    #[test]
    fn the_system_is_asked() {
        assert!(can_have(1 << 20));
        assert!(!can_have(u64::MAX) && !can_have(1 << 62));
        assert!(default_limit() > 0 && default_limit() < available());
    }
}
