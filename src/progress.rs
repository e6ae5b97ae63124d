//! How far a long stage is. The rooms count; whoever runs them decides what to show.

use std::fmt;
use std::sync::Arc;

/// Listens to the stages of a run.
pub trait Listener: Send + Sync {
    /// A stage begins; `total` is how many items it will count, where that is known.
    fn begin(&self, stage: &str, total: Option<u64>);
    /// So many more items of the present stage are done.
    fn advance(&self, items: u64);
    /// The present stage is over.
    fn end(&self);
}

/// What the rooms are handed to report their progress: a listener, or nobody.
#[derive(Clone, Default)]
pub struct Progress(Option<Arc<dyn Listener>>);

impl Progress {
    /// Reports to this listener.
    pub fn to(listener: Arc<dyn Listener>) -> Self {
        Progress(Some(listener))
    }

    /// Nobody listens.
    pub fn silent() -> Self {
        Progress(None)
    }

    /// A stage begins.
    pub fn begin(&self, stage: &str, total: Option<u64>) {
        if let Some(listener) = &self.0 {
            listener.begin(stage, total);
        }
    }

    /// So many more items are done.
    pub fn advance(&self, items: u64) {
        if let Some(listener) = &self.0 {
            listener.advance(items);
        }
    }

    /// The stage is over.
    pub fn end(&self) {
        if let Some(listener) = &self.0 {
            listener.end();
        }
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Progress(heard)" } else { "Progress(silent)" })
    }
}
