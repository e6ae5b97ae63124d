//! How the memory that a run may fill is shared out: half of it holds pairs, and what is more
//! goes to the disk; the rest is what stages work with. What is known of each person, and of
//! each different observation, is in memory whatever the limit.

use std::sync::Arc;

use crate::files::{Spill, Staged};

/// The most that a stage works with at a time; more makes nothing faster.
const MOST_AT_ONCE: usize = 128 << 20;

/// What the stages may hold.
pub(super) struct Memory {
    /// Where pairs are held.
    pub(super) pairs: Arc<Spill>,
    /// Bytes of tokens that one thread joins at a time.
    pub(super) tokens: usize,
    /// Bytes of hits, and of fuzzy values, that are worked on at a time.
    pub(super) batch: usize,
}

impl Memory {
    /// Of so many bytes; the rest goes to the disk of the output.
    pub(super) fn of(bytes: usize, disk: &Staged) -> Memory {
        Memory {
            pairs: disk.spill(bytes / 2),
            tokens: (bytes / 4 / rayon::current_num_threads()).min(MOST_AT_ONCE),
            batch: (bytes / 8).min(MOST_AT_ONCE),
        }
    }

    /// As much as there is.
    pub(super) fn all() -> Memory {
        Memory { pairs: Spill::none(), tokens: MOST_AT_ONCE, batch: MOST_AT_ONCE }
    }
}
