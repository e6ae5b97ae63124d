//! SLK-581 statistical linkage keys.

use serde::{Deserialize, Serialize};

/// Which reading of the SLK-581 rules: they differ in the sex code for "not stated", in
/// short and missing names, and in one-name people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// METEOR 349510, as AIHW reads it (the default).
    Aihw,
    /// ACT Common Dataset for Human Services v4, item 1.7.2.
    ActV4,
    /// DSS Data Exchange.
    Dex,
    /// Primary Mental Health Care minimum data set.
    Pmhc,
    /// Alcohol and other drug treatment services national minimum data set.
    Aodts,
    /// Electronic Persistent Pain Outcomes Collaboration.
    Eppoc,
    /// Specialist Homelessness Services Collection.
    Shsc,
}

/// A key: 14 ASCII characters that keep the grammar. Prints as shape.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Slk581([u8; 14]);

impl Slk581 {
    /// The 14 characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}
