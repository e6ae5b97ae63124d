//! How long each stage took and how much memory it needed. Timings are for `bench`; the demo
//! itself shows none.

use std::path::Path;
use std::time::{Duration, Instant};

/// One stage, as it went.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Timed {
    pub(crate) stage: &'static str,
    pub(crate) took: Duration,
    /// The most memory the program had in use, in bytes, where the system says so.
    pub(crate) peak: Option<u64>,
}

/// Times stages, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    pub(crate) stages: Vec<Timed>,
}

impl Watch {
    /// Does the work of a stage; a stage that is named again goes on from before.
    pub(crate) fn time<T>(&mut self, stage: &'static str, work: impl FnOnce() -> T) -> T {
        forget_peak();
        let start = Instant::now();
        let done = work();
        let (took, peak) = (start.elapsed(), peak());
        match self.stages.iter_mut().find(|timed| timed.stage == stage) {
            Some(timed) => {
                timed.took += took;
                timed.peak = timed.peak.max(peak);
            }
            None => self.stages.push(Timed { stage, took, peak }),
        }
        done
    }
}

/// Has Linux count the peak of memory from now on; elsewhere there is none to forget.
fn forget_peak() {
    // 5 resets the peak resident set size: proc_pid_clear_refs(5).
    crate::files::switch(Path::new("/proc/self/clear_refs"), "5");
}

/// The peak resident set size, as Linux counts it: proc_pid_status(5).
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(1024 * line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_named_again_goes_on() {
        let mut watch = Watch::default();
        let wait = || std::thread::sleep(Duration::from_millis(2));
        watch.time("a", wait);
        watch.time("b", wait);
        watch.time("a", wait);
        let names: Vec<&str> = watch.stages.iter().map(|timed| timed.stage).collect();
        assert_eq!(names, ["a", "b"]);
        assert!(watch.stages[0].took >= Duration::from_millis(4));
    }
}
