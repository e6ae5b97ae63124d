//! How much memory a command may fill with data: what `--memory` says, or a share of what the
//! machine, its container or its shell allows. With `unsafe`, since the allocator's settings are
//! a function of the C library.
#![allow(unsafe_code)]

use std::fs;

/// The share of the memory there is that data may fill: as much again is needed to work on
/// it, and other programs run too.
const SHARE: u64 = 4;

/// Where the system does not say how much there is.
const UNKNOWN: u64 = 4 << 30;

/// Reads an amount such as `800M` or `2G`, in powers of 1024.
pub(crate) fn amount(text: &str) -> Result<usize, String> {
    let fail = || "expected a number and K, M, G or T, such as 800M".to_owned();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let scale = match text[digits.len()..].to_ascii_uppercase().as_str() {
        "K" => 10,
        "M" => 20,
        "G" => 30,
        "T" => 40,
        _ => return Err(fail()),
    };
    let number: usize = digits.parse().map_err(|_| fail())?;
    number.checked_mul(1 << scale).filter(|n| *n > 0).ok_or_else(fail)
}

/// Below this, memory is not to be held that is not used.
const LITTLE: usize = 1 << 30;

/// What data may fill: as much as was asked for, or a share of what there is. Where that is little,
/// freed memory goes back to the system at once.
pub(crate) fn limit(asked: Option<usize>) -> usize {
    let limit = asked.unwrap_or_else(share);
    if limit < LITTLE {
        give_back();
    }
    limit
}

/// Has large buffers mapped one by one, so that they are gone once they are freed. The GNU C library
/// keeps what it was given back for later, up to half as much as is in use; getting it anew takes
/// about a tenth of the time.
fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        // SAFETY: sets a number of the allocator, which takes it at any time; a refusal, which is
        // not looked at, changes nothing.
        unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, 1 << 20) };
    }
}

/// A share of the least of all limits.
fn share() -> usize {
    let limits = [
        read("/proc/meminfo").and_then(|text| total(&text)),
        read("/proc/self/limits").and_then(|text| address_space(&text)),
        read("/sys/fs/cgroup/memory.max").and_then(|text| text.trim().parse().ok()),
        own_group().and_then(|text| text.trim().parse().ok()),
        // The own group and that of a container, where groups are of version 1.
        own_old_group().and_then(|text| text.trim().parse().ok()),
        read("/sys/fs/cgroup/memory/memory.limit_in_bytes")
            .and_then(|text| text.trim().parse().ok()),
    ];
    let least = limits.into_iter().flatten().min().unwrap_or(UNKNOWN);
    usize::try_from(least / SHARE).unwrap_or(usize::MAX)
}

fn read(path: &str) -> Option<String> {
    fs::read_to_string(path).ok()
}

/// The limit of this process's own control group (version 2).
fn own_group() -> Option<String> {
    let groups = read("/proc/self/cgroup")?;
    let group = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    read(&format!("/sys/fs/cgroup/{group}/memory.max"))
}

/// The same in version 1: `9:memory:/batch`.
fn own_old_group() -> Option<String> {
    let groups = read("/proc/self/cgroup")?;
    let group = groups.lines().find_map(|line| line.split_once(":memory:/"))?.1;
    read(&format!("/sys/fs/cgroup/memory/{group}/memory.limit_in_bytes"))
}

/// The machine's memory: `MemTotal:  24577100 kB`.
fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// What `ulimit -v` says: `Max address space  1572864000  unlimited  bytes`.
fn address_space(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read() {
        assert_eq!(amount("800M"), Ok(800 << 20));
        assert_eq!(amount("2g"), Ok(2 << 30));
        for wrong in ["", "M", "12", "0G", "1.5G", "-1G", "3 G", "9X", "99999999999T", "٣G"] {
            assert!(amount(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn limits_are_found_where_they_are_set() {
        assert_eq!(total("MemTotal:       2048 kB\nMemFree: 1 kB\n"), Some(2 << 20));
        assert_eq!(total("MemFree: 1 kB\n"), None);
        let limits = |soft| {
            format!("Limit  Soft  Hard  Units\nMax address space  {soft}  unlimited  bytes\n")
        };
        assert_eq!(address_space(&limits("1572864000")), Some(1_572_864_000));
        assert_eq!(address_space(&limits("unlimited")), None);
        assert!(share() > 0);
    }
}
