//! The most memory the process had, as Linux tells it; other systems do not tell.

use std::path::Path;

use crate::files::tell_system;

/// From now on only what comes is counted.
pub(super) fn forget_peak() {
    // proc(5): 5 resets the peak resident set size. Where that is not allowed, a stage is told
    // the peak of all stages so far.
    let _ = tell_system(Path::new("/proc/self/clear_refs"), "5");
}

/// The most bytes of memory since; nothing where the system does not tell.
pub(super) fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(1024 * kilobytes)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_is_seen() {
        forget_peak();
        let taken = vec![1u8; 64 << 20];
        assert!(peak() > Some(taken.len() as u64 / 2));
    }
}
