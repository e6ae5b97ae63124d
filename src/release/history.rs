//! The ledger of earlier releases: their tables as they were published, in one JSON file. It
//! holds nothing that readers do not have.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::table::Sheet;
use super::{Error, Reading};
use crate::files::{self, Overwrite, Readers};

/// Every release so far, the oldest first.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct History {
    format: Format,
    releases: Vec<Release>,
}

/// The form of the file.
#[derive(Default, Serialize, Deserialize)]
enum Format {
    #[default]
    #[serde(rename = "veilway-releases-1")]
    One,
}

/// The tables of one release, and how they are read.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Release {
    pub(super) name: String,
    totals: Vec<String>,
    labels: Option<usize>,
    pub(super) tables: Vec<Sheet>,
}

impl Release {
    pub(super) fn new(name: &str, reading: &Reading, tables: Vec<Sheet>) -> Self {
        let Reading { totals, labels } = reading.clone();
        Release { name: name.to_owned(), totals, labels, tables }
    }

    pub(super) fn reading(&self) -> Reading {
        Reading { totals: self.totals.clone(), labels: self.labels }
    }
}

impl History {
    /// Reads a ledger; one that is not there yet is empty.
    ///
    /// # Errors
    /// When it cannot be read, or is something else.
    pub(super) fn load(path: &Path) -> Result<History, Error> {
        if !path.try_exists().map_err(|e| files::io_error(path, "read", e))? {
            return Ok(History::default());
        }
        let text = files::read_text(path)?;
        serde_json::from_str(&text).map_err(|_| Error::NotALedger { path: path.to_owned() })
    }

    pub(super) fn releases(&self) -> &[Release] {
        &self.releases
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.releases.iter().any(|release| release.name == name)
    }

    pub(super) fn add(&mut self, release: Release) {
        self.releases.push(release);
    }

    /// Writes the ledger whole.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(super) fn save(&self, path: &Path) -> Result<(), Error> {
        let mut text = serde_json::to_string_pretty(self)
            .map_err(|_| Error::NotALedger { path: path.to_owned() })?;
        text.push('\n');
        Ok(files::write_whole(path, text.as_bytes(), Readers::Default, Overwrite::Replace)?)
    }
}
