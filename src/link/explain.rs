//! Why one pair of rows was taken for one person, or not: which match keys agree, what each
//! comparison adds to the weight, and which other pairs compete. The same packages are opened
//! and the same model is fitted as by linking. Says of what, and how much; never a value.

mod explainer;

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Assignment;
use super::decisions::{self, Decisions};
use super::found::{Found, Settings};
use super::memory::Memory;
use super::people::People;
use crate::engine::LEVELS;
use crate::error::{Class, Fault};
use crate::ids::{Band, RowId, SourceName};
use crate::progress::Progress;
use crate::project::Project;
use explainer::Explainer;

/// Which pairs to explain, and how they were linked.
#[derive(Debug)]
pub struct Question {
    /// The packages, in any order.
    pub packages: Vec<PathBuf>,
    /// The linkage agreement.
    pub project: Project,
    /// See [`super::Job::decisions`].
    pub decisions: Option<PathBuf>,
    /// See [`super::Job::assignment`].
    pub assignment: Assignment,
    /// See [`super::Job::block_cap`].
    pub block_cap: usize,
    /// The pairs of rows.
    pub pairs: Vec<[RowId; 2]>,
}

/// What is to be said of one pair.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The two rows, in the order of their sources.
    pub rows: [Row; 2],
    /// What their match keys say.
    pub match_keys: MatchKeys,
    /// How the pair was found, or why not.
    pub found: Finding,
    /// What its weight is made of, where it was scored.
    pub weights: Option<Weights>,
    /// What came of it, where it was scored or decided.
    pub outcome: Option<Outcome>,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Its source.
    pub source: SourceName,
    /// Its id.
    pub row_id: String,
}

/// The match keys of a pair, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MatchKeys {
    /// Both rows have an equal token.
    pub agree: Vec<String>,
    /// Both have a token, and the two differ.
    pub differ: Vec<String>,
    /// The first row has none: withheld, or without a value.
    pub lacking_a: Vec<String>,
    /// The second row has none.
    pub lacking_b: Vec<String>,
    /// Neither has one.
    pub lacking_both: Vec<String>,
    /// The tokens are equal, but more people have them than are compared with each other.
    pub too_common: Vec<String>,
}

/// How a pair was found, or why it was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// A match key agrees.
    MatchKeys,
    /// No match key agrees, but the fuzzy values are alike.
    FuzzyValues,
    /// Not found: the agreement has no fuzzy values.
    NoFuzzyValues,
    /// Not found: one of the rows has no fuzzy value.
    FuzzyValueLacking,
    /// Not found: fuzzy values are compared between two sources only.
    OneSource,
    /// Not found: one of the rows has a probable link with the other's source.
    Linked,
    /// Not found: their fuzzy values were compared and are not alike enough.
    Unlike,
    /// Not found: too many people are left over to compare each with each.
    NotAllCompared,
}

/// What a match weight is made of, in bits: the sum of the groups, rarity and likeness.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Weights {
    /// Where every pair starts: log2 of expected matches over pairs of people. No part of the
    /// weight; nothing where fuzzy values alone found the pair, whose odds count it already.
    pub start: Option<f64>,
    /// Per comparison group, in order.
    pub groups: Vec<GroupWeight>,
    /// For tokens that were let out, or withheld, since others have them or not.
    pub rarity: f64,
    /// For how alike the two are as a whole.
    pub likeness: Likeness,
    /// The match weight, as in `pairs.csv`.
    pub total: f64,
    /// What the odds gain beside the weight where sources hold each person once: neither of
    /// the two has a match elsewhere, or that match is a rival.
    pub alone: f64,
}

/// One comparison group of a pair.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupWeight {
    /// Its name.
    pub group: String,
    /// What is known of it.
    pub known: Known,
    /// The components that agree for certain.
    pub agrees: Vec<String>,
    /// The components that differ for certain.
    pub differs: Vec<String>,
    /// What it adds.
    pub bits: f64,
}

/// What is known of a comparison group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Known {
    /// All of it agrees.
    AgreesInFull,
    /// Some components agree for certain.
    AgreesInPart,
    /// The family and given names are each other's.
    NamesCrossed,
    /// None of its components agrees.
    DiffersInFull,
    /// Not all of it agrees, and no component does for certain.
    Differs,
    /// A match key differs that holds some of it, and something else besides.
    Unclear,
    /// No match key tells.
    Unknown,
}

/// How alike the fuzzy values of two rows are.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Likeness {
    /// From 1 (no more alike than any two people) to [`Likeness::MOST`] (the same); nothing
    /// where they were not compared.
    pub level: Option<u8>,
    /// What it adds.
    pub bits: f64,
}

impl Likeness {
    /// The highest level.
    pub const MOST: u8 = LEVELS as u8 - 1;
}

/// What came of a pair.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// The odds that it is one person, by itself: 0 where the match keys contradict each other,
    /// as those of people with several rows may; nothing where a person decided.
    pub odds: Option<f64>,
    /// Whether the odds are as high as odds are told apart.
    pub most_odds: bool,
    /// The other pairs of the first row with the second's source, and the reverse.
    pub rivals: [Rivals; 2],
    /// The probability beside its rivals, as in `pairs.csv`.
    pub probability: f64,
    /// Its band; nothing where it is less than possible.
    pub band: Option<Band>,
    /// What a person decided: `match` or `no-match`.
    pub decision: Option<&'static str>,
}

/// The pairs of one row with a source, other than the pair that is explained.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rivals {
    /// How many there are.
    pub pairs: u64,
    /// Their odds together.
    pub odds: f64,
    /// Whether they compete, as the source holds each person once.
    pub compete: bool,
}

/// Rows that make no pair.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A row of none of the packages.
    #[error("the {} row of pair {pair} is in none of the packages", ordinal(.row))]
    UnknownRow {
        /// Which pair, from 1.
        pair: usize,
        /// Which row of it, 1 or 2.
        row: usize,
    },
    /// A row with itself.
    #[error("pair {pair} is one row twice")]
    OneRow {
        /// Which pair, from 1.
        pair: usize,
    },
    /// Two rows of a source without duplicates.
    #[error("both rows of pair {pair} are of source {source_name}, which holds each person once")]
    OneSource {
        /// Which pair, from 1.
        pair: usize,
        /// The source.
        source_name: SourceName,
    },
}

fn ordinal(row: &usize) -> &'static str {
    if *row == 1 { "first" } else { "second" }
}

impl Fault for Error {
    fn class(&self) -> Class {
        Class::Usage
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Error::UnknownRow { .. } => {
                "give row ids of a map or of keep/pairs.csv, with the packages these were made from"
            }
            Error::OneRow { .. } => "give two different row ids",
            Error::OneSource { .. } => {
                "they are never linked with each other; give rows of two sources"
            }
        };
        Some(hint.into())
    }
}

/// The pairs of a CSV file with the columns `row_id_a` and `row_id_b`, such as
/// `keep/clerical.csv` and `keep/pairs.csv`.
///
/// # Errors
/// When the file cannot be read, or a cell of these columns is no row id.
pub fn pairs(path: &Path) -> Result<Vec<[RowId; 2]>, crate::Error> {
    decisions::pairs(path)
}

/// Explains each of the pairs, in their order.
///
/// # Errors
/// When a package cannot be opened, the packages do not belong together, or a row is in none
/// of them.
pub fn explain(question: &Question, progress: &Progress) -> Result<Vec<Explanation>, crate::Error> {
    let project = &question.project;
    let decisions = question.decisions.as_deref().map(Decisions::read).transpose()?;
    let packages = super::open(&question.packages, project)?;
    let people = People::new(&packages);
    let pairs: Vec<(u32, u32)> = question
        .pairs
        .iter()
        .enumerate()
        .map(|(i, &rows)| of_rows(&people, i + 1, rows))
        .collect::<Result<_, Error>>()?;
    let settings = Settings { project, block_cap: question.block_cap };
    let mut found = Found::new(&packages, people, &settings, &Memory::all(), progress)?;
    super::decide(&found.people, &mut found.pairs, decisions.as_ref(), question.assignment)?;
    let explainer = Explainer::new(&packages, project, found)?;
    Ok(pairs.into_iter().map(|(a, b)| explainer.explain(a, b)).collect())
}

/// The two people of a pair of rows, the first source's first.
fn of_rows(people: &People, pair: usize, rows: [RowId; 2]) -> Result<(u32, u32), Error> {
    let find = |row: usize| people.find(rows[row - 1]).ok_or(Error::UnknownRow { pair, row });
    let (x, y) = (find(1)?, find(2)?);
    if x == y {
        return Err(Error::OneRow { pair });
    }
    if !people.may_be_one(x, y) {
        let source_name = people.sources[people.source_of(x)].name.clone();
        return Err(Error::OneSource { pair, source_name });
    }
    Ok((x.min(y), x.max(y)))
}
