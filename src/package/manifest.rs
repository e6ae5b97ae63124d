//! What a package says of itself: one JSON document in the schema metadata. It is typed
//! through and through, so that nothing but what is listed here can be in it: counts,
//! names of the agreement, digests. No path, host, user, or time.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::SourceName;
use crate::project::Suite;
use crate::project::fuzzy::FuzzyEncoding;
use crate::project::groups::{ChanceOfGroup, ChanceOfSubset};
use crate::slk::Profile;

/// The format this program writes and reads.
pub const FORMAT: u32 = 1;

/// A package's account of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of the format, [`FORMAT`].
    pub format: u32,
    /// Who may hold the file.
    pub role: Role,
    /// The program and version that wrote it.
    pub tool: String,
    /// The project's id.
    pub project: String,
    /// The period of the agreement.
    pub period: String,
    /// The digest of the whole agreement.
    pub project_digest: String,
    /// The agreement, setting by setting, so that two packages of differing agreements can
    /// be told apart by what differs.
    pub settings: BTreeMap<String, String>,
    /// The fingerprint of the project key; tokens of another key agree with nothing.
    pub key_fingerprint: String,
    /// The keyed hash.
    pub suite: Suite,
    /// The reading of the SLK-581 rules.
    pub slk_profile: Profile,
    /// The source.
    pub source: SourceName,
    /// Whether the agency declares that it holds each person once.
    pub unique_people: bool,
    /// How many people may share a token before it is withheld.
    pub people_per_token: u32,
    /// How many different row ids there are.
    pub people: u64,
    /// How many rows there are: one per person, and one per further set of tokens.
    pub rows: u64,
    /// Records of the export that are not in the package, by reason.
    pub excluded: Exclusions,
    /// The match keys, in the order of their columns.
    pub match_keys: Vec<KeySummary>,
    /// The fuzzy column, where the agreement has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fuzzy: Option<FuzzySummary>,
    /// The names of the project's fields, in the order of the bits of the `quality` column.
    pub fields: Vec<String>,
    /// How often two different people of the source agree by chance, per comparison group;
    /// taken before any token was withheld.
    pub chance: Vec<ChanceOfGroup>,
}

/// Who may hold a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Keyed tokens of identifiers: for the linkage unit.
    IdentityEncoded,
}

impl Role {
    /// The label in the manifest.
    pub fn name(self) -> &'static str {
        match self {
            Role::IdentityEncoded => "identity-encoded",
        }
    }
}

/// Records of an export that are not in the package, by reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exclusions {
    /// Consent was refused.
    pub consent_refused: u64,
    /// Consent was given in part, which a program cannot judge.
    pub consent_partial: u64,
    /// No consent is on record, or none that says since when it holds where that is asked.
    pub consent_not_stated: u64,
    /// Consent holds from a day after that of the extract. What a package has none of, here and
    /// below, is not written: it reads as it did before these could be told apart.
    #[serde(default, skip_serializing_if = "is_none")]
    pub consent_not_yet: u64,
    /// Consent held until a day before that of the extract.
    #[serde(default, skip_serializing_if = "is_none")]
    pub consent_ended: u64,
    /// Consent was given and is withdrawn.
    #[serde(default, skip_serializing_if = "is_none")]
    pub consent_withdrawn: u64,
    /// There is no record number.
    pub no_record_id: u64,
    /// The row cannot be used: it does not have the header's cells, or it is of those that a rule
    /// keeps at the agency. They are one number, so that nobody can tell which.
    pub unreadable: u64,
}

impl Exclusions {
    /// All of them, with the words that say why.
    pub fn by_reason(&self) -> Vec<(&'static str, u64)> {
        let mut reasons = self.by_consent().to_vec();
        reasons.push(("no record number", self.no_record_id));
        reasons.push(("row not usable", self.unreadable));
        reasons
    }

    /// Those without the consent that was needed.
    pub fn by_consent(&self) -> [(&'static str, u64); 6] {
        [
            ("consent refused", self.consent_refused),
            ("consent in part only", self.consent_partial),
            ("consent not stated", self.consent_not_stated),
            ("consent not yet given", self.consent_not_yet),
            ("consent ended", self.consent_ended),
            ("consent withdrawn", self.consent_withdrawn),
        ]
    }

    /// Records without the consent that was needed.
    pub fn without_consent(&self) -> u64 {
        self.by_consent().iter().map(|(_, n)| n).sum()
    }

    /// Adds the records of other rows.
    pub fn add(&mut self, other: Exclusions) {
        let Exclusions {
            consent_refused,
            consent_partial,
            consent_not_stated,
            consent_not_yet,
            consent_ended,
            consent_withdrawn,
            no_record_id,
            unreadable,
        } = other;
        self.consent_refused += consent_refused;
        self.consent_partial += consent_partial;
        self.consent_not_stated += consent_not_stated;
        self.consent_not_yet += consent_not_yet;
        self.consent_ended += consent_ended;
        self.consent_withdrawn += consent_withdrawn;
        self.no_record_id += no_record_id;
        self.unreadable += unreadable;
    }

    /// How many records are not in the package.
    pub fn total(&self) -> u64 {
        self.by_reason().iter().map(|(_, n)| n).sum()
    }
}

fn is_none(count: &u64) -> bool {
    *count == 0
}

/// What one match-key column holds. The four counts add up to the rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySummary {
    /// The match key, and its column.
    pub name: String,
    /// Its components, as written in `project.toml`.
    pub components: Vec<String>,
    /// Rows with a token.
    pub filled: u64,
    /// Rows without, since a component is missing or weak.
    pub missing: u64,
    /// Rows without, since more people than the project allows have the token.
    pub shared: u64,
    /// Further rows of a person without, since an earlier row of the person has the token.
    pub repeated: u64,
    /// Token values that exactly two people have, before any was withheld: says how rare the
    /// values of the key are.
    pub held_by_two: u64,
    /// The share of the pairs of people who agree on the key, before any was withheld.
    pub chance: f64,
}

/// What the fuzzy column holds. The four counts add up to the rows; the shares are between 0
/// and 1, over the rows with a value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FuzzySummary {
    /// How the values are made, and so their width. `danger-unhardened-clk` says that whoever
    /// holds the file can name nearly everybody in it, without a key.
    pub encoding: FuzzyEncoding,
    /// Rows with a value.
    pub filled: u64,
    /// Rows without, since there is too little to compare, or to harden safely.
    pub missing: u64,
    /// Rows without, since another person has the same value.
    pub shared: u64,
    /// Further rows of a person without, since an earlier row of the person has the value.
    pub repeated: u64,
    /// Bits set in a base filter, on average: security rests on a half.
    pub mean_fill: f64,
    /// Bits set in the emptiest base filter.
    pub least_fill: f64,
    /// Bits set in the fullest base filter.
    pub most_fill: f64,
    /// Rows that have the bit that fewest have.
    pub lightest_column: f64,
    /// Rows that have the bit that most have.
    pub heaviest_column: f64,
}

/// A share of pairs as it may be published: three significant digits. The exact share tells
/// the exact number of agreeing pairs of a file; three digits are all that a match weight
/// needs.
pub fn published(share: f64) -> f64 {
    format!("{share:.2e}").parse().unwrap_or(0.0)
}

impl Manifest {
    /// The chance that two different people of the source agree on all of these components
    /// of this group.
    pub fn chance_of(&self, group: &str, components: &[&str]) -> Option<&ChanceOfSubset> {
        let group = self.chance.iter().find(|g| g.group == group)?;
        group.subsets.iter().find(|s| s.components == components)
    }

    /// The manifest as it is written: compact JSON with the fields in the order above.
    pub(super) fn to_json(&self) -> String {
        // Strings, numbers and maps with string keys always serialise.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The part of a manifest that every version of the format has.
#[derive(Deserialize)]
pub(super) struct Heading {
    pub(super) format: u32,
    pub(super) role: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_are_published() {
        for (share, shown) in [(0.0, 0.0), (1.0, 1.0), (0.012_345_6, 0.0123), (9.999e-7, 1e-6)] {
            assert_eq!(published(share), shown);
        }
    }
}
