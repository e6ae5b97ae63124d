//! Streams: data to standard output, talk and progress to standard error.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::error::Error;
use crate::files::{STDOUT, clean_text, io_error};
use crate::progress::{Listener, Progress};

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For machines: one JSON document on standard output.
    Json,
}

/// Decides which stream each thing goes to, and whether it is said at all.
#[derive(Debug)]
pub(crate) struct Printer {
    format: Format,
    quiet: bool,
    pipe_closed: AtomicBool,
}

impl Printer {
    pub(crate) fn new(format: Format, quiet: bool) -> Self {
        Printer { format, quiet, pipe_closed: AtomicBool::new(false) }
    }

    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// Whether standard output was closed by its reader.
    pub(crate) fn pipe_closed(&self) -> bool {
        self.pipe_closed.load(Ordering::Relaxed)
    }

    /// Writes data to standard output.
    pub(crate) fn data(&self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        let mut out = io::stdout().lock();
        let written = out.write_all(bytes.as_ref()).and_then(|()| out.flush());
        if let Err(e) = &written
            && super::is_closed_pipe(e)
        {
            self.pipe_closed.store(true, Ordering::Relaxed);
        }
        written
    }

    /// Writes a result: the JSON document, or `text` for people, to standard output.
    pub(crate) fn result<T: Serialize>(&self, value: &T, text: &str) -> Result<(), Error> {
        let written = match self.format {
            Format::Text => self.data(text),
            Format::Json => {
                let mut json = serde_json::to_string_pretty(value).unwrap_or_default();
                json.push('\n');
                self.data(&json)
            }
        };
        written.map_err(|e| io_error(STDOUT.as_ref(), "write", e).into())
    }

    /// Closes a run: lines for people on standard error, or the JSON document for machines
    /// on standard output.
    pub(crate) fn close<T: Serialize>(&self, value: &T, lines: &str) -> Result<(), Error> {
        match self.format {
            Format::Text => {
                self.say(lines);
                Ok(())
            }
            Format::Json => self.result(value, ""),
        }
    }

    /// Says something to the person, on standard error; nothing when quiet or for machines.
    pub(crate) fn say(&self, text: &str) {
        if !self.quiet && self.format == Format::Text {
            let _ = writeln!(io::stderr().lock(), "{text}");
        }
    }

    /// Warns; not when quiet, and not for machines, whose document counts the same things.
    pub(crate) fn warn(&self, text: &str) {
        if !self.quiet && self.format == Format::Text {
            let _ = writeln!(io::stderr().lock(), "warning: {}", clean_text(text));
        }
    }

    /// Prints a failure: where, what, and what to do.
    pub(crate) fn error(&self, e: &Error) {
        let mut err = io::stderr().lock();
        let _ = match self.format {
            Format::Text => {
                let hint = e.hint().map(|h| format!("hint: {h}\n")).unwrap_or_default();
                write!(err, "error: {e}\n{hint}")
            }
            Format::Json => {
                let body = serde_json::json!({
                    "error": {
                        "class": e.class().name(),
                        "code": e.class().exit_code(),
                        "message": e.to_string(),
                        "hint": e.hint(),
                    }
                });
                writeln!(err, "{body}")
            }
        };
    }

    /// Progress on a terminal, silence elsewhere.
    pub(crate) fn progress(&self) -> Progress {
        if self.quiet || self.format == Format::Json || !io::stderr().is_terminal() {
            return Progress::silent();
        }
        Progress::to(Arc::new(Bar(Mutex::new(None))))
    }
}

/// Draws the present stage as a line with a count, a rate and the time left.
struct Bar(Mutex<Option<ProgressBar>>);

impl Bar {
    fn with(&self, act: impl FnOnce(&mut Option<ProgressBar>)) {
        if let Ok(mut bar) = self.0.lock() {
            act(&mut bar);
        }
    }
}

impl Listener for Bar {
    fn begin(&self, stage: &str, total: Option<u64>) {
        let template = match total {
            Some(_) => "{msg:<28} {human_pos:>12} of {human_len} {per_sec:>16} {eta:>6} left",
            None => "{msg:<28} {human_pos:>12} {per_sec:>16}",
        };
        let bar = match total {
            Some(n) => ProgressBar::new(n),
            None => ProgressBar::no_length(),
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(stage.to_owned());
        bar.enable_steady_tick(Duration::from_millis(250));
        self.with(|slot| *slot = Some(bar));
    }

    fn advance(&self, items: u64) {
        self.with(|slot| {
            if let Some(bar) = slot {
                bar.inc(items);
            }
        });
    }

    fn end(&self) {
        self.with(|slot| {
            if let Some(bar) = slot.take() {
                bar.finish_and_clear();
            }
        });
    }
}
