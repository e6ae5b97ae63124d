//! Why one pair of rows was taken for one person, or not: which match keys agree, what each
//! comparison adds to the weight, and which other pairs compete. The same packages are opened
//! and the same model is fitted as by linking. Says of what, and how much; never a value.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::block::Candidate;
use super::decisions::{self, Decision, Decisions};
use super::found::{Found, Settings};
use super::people::People;
use super::score::ScoredPair;
use super::{Assignment, compare};
use crate::engine::{self, LEVELS, MOST_ODDS, NOT_COMPARED, Parts};
use crate::error::{Class, Fault};
use crate::ids::{Band, RowId, SourceName};
use crate::package::Package;
use crate::progress::Progress;
use crate::project::{Component, Project};

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
    let settings = Settings {
        project,
        block_cap: question.block_cap,
        assignment: question.assignment,
        decisions: decisions.as_ref(),
    };
    let found = Found::new(&packages, people, &settings, progress);
    let explainer = Explainer::new(&packages, project, &found);
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

/// Everything that an explanation is taken from.
struct Explainer<'a> {
    packages: &'a [Package],
    project: &'a Project,
    found: &'a Found,
    /// The scored pairs, as indices, by their second person.
    by_second: Vec<u32>,
}

impl<'a> Explainer<'a> {
    fn new(packages: &'a [Package], project: &'a Project, found: &'a Found) -> Self {
        let pairs = &found.scored.pairs;
        let mut by_second: Vec<u32> = (0..pairs.len() as u32).collect();
        by_second.sort_by_key(|&i| pairs[i as usize].b);
        Explainer { packages, project, found, by_second }
    }

    fn explain(&self, a: u32, b: u32) -> Explanation {
        let Found { people, candidates, scored, .. } = self.found;
        let row = |person| Row {
            source: people.sources[people.source_of(person)].name.clone(),
            row_id: people.id(person).to_string(),
        };
        let candidate = candidates.binary_search_by_key(&(a, b), |c| (c.a, c.b)).ok();
        let pair = scored.pairs.binary_search_by_key(&(a, b), |p| (p.a, p.b)).ok();
        let pair = pair.map(|at| &scored.pairs[at]);
        let level = self.level(a, b);
        let (found, weights) = match (candidate, pair) {
            (Some(at), _) => (Finding::MatchKeys, Some(self.weights(at))),
            (None, Some(pair)) if self.is_found_by_scan(pair) => {
                (Finding::FuzzyValues, Some(by_likeness(pair.weight, level)))
            }
            _ => (self.unfound(a, b), None),
        };
        Explanation {
            rows: [row(a), row(b)],
            match_keys: self.match_keys(a, b, candidate.map(|at| &candidates[at])),
            found,
            weights,
            outcome: pair.map(|pair| self.outcome(pair)),
        }
    }

    /// A decision puts a pair among the scored ones without its being found.
    fn is_found_by_scan(&self, pair: &ScoredPair) -> bool {
        let is_pair = |c: &Candidate| (c.a, c.b) == (pair.a, pair.b);
        pair.decision.is_none() || self.found.scan.pairs.iter().any(|(c, _)| is_pair(c))
    }

    fn level(&self, a: u32, b: u32) -> Option<u8> {
        let encoding = self.project.fuzzy.as_ref().map(|fuzzy| fuzzy.encoding);
        let pair = [Candidate { a, b, agree: 0 }];
        let levels = compare::levels(self.packages, &self.found.people, &pair, encoding);
        levels.first().copied().filter(|&level| level != NOT_COMPARED)
    }

    fn unfound(&self, a: u32, b: u32) -> Finding {
        let Found { people, scan, .. } = self.found;
        let is_lacking = |person| people.fuzzy_row(person).is_none();
        if self.project.fuzzy.is_none() {
            Finding::NoFuzzyValues
        } else if is_lacking(a) || is_lacking(b) {
            Finding::FuzzyValueLacking
        } else if people.source_of(a) == people.source_of(b) {
            Finding::OneSource
        } else if scan.is_linked(people, a, b) {
            Finding::Linked
        } else if scan.is_sample(people, a, b) {
            Finding::NotAllCompared
        } else {
            Finding::Unlike
        }
    }

    fn match_keys(&self, a: u32, b: u32, candidate: Option<&Candidate>) -> MatchKeys {
        let Found { people, .. } = self.found;
        let mut keys = MatchKeys::default();
        for (k, key) in self.project.match_keys.iter().enumerate() {
            let [has_a, has_b] = [a, b].map(|person| people.keys_of(person) >> k & 1 == 1);
            let agrees = candidate.is_some_and(|c| c.agree >> k & 1 == 1);
            let list = match (has_a, has_b) {
                (false, false) => &mut keys.lacking_both,
                (false, true) => &mut keys.lacking_a,
                (true, false) => &mut keys.lacking_b,
                (true, true) if agrees => &mut keys.agree,
                (true, true) if self.is_equal(k, a, b) => &mut keys.too_common,
                (true, true) => &mut keys.differ,
            };
            list.push(key.name.clone());
        }
        keys
    }

    /// Whether two people have a token of a match key in common.
    fn is_equal(&self, key: usize, a: u32, b: u32) -> bool {
        let Found { people, .. } = self.found;
        let tokens = |person| {
            let column = self.packages[people.source_of(person)].tokens(key);
            let rows = people.rows_of(person).filter(move |&row| column.is_valid(row));
            rows.map(move |row| column.values()[row])
        };
        tokens(a).any(|token| tokens(b).any(|other| other == token))
    }

    /// The weights of a candidate, by its place.
    fn weights(&self, at: usize) -> Weights {
        let Found { people, space, candidates, levels, scored, .. } = self.found;
        let seen = scored.links.observation(people, &candidates[at]);
        let Parts { start, groups, rarity } =
            engine::explain(&scored.model, space, &scored.links.all, seen);
        let groups: Vec<GroupWeight> = space
            .groups
            .iter()
            .zip(groups)
            .map(|(group, (known, bits))| self.group(group, known, bits))
            .collect();
        let likeness = Likeness {
            level: Some(levels[at]).filter(|&level| level != NOT_COMPARED),
            bits: scored.ratios[at].log2(),
        };
        let total = groups.iter().map(|g| g.bits).sum::<f64>() + rarity + likeness.bits;
        Weights { start: Some(start), groups, rarity, likeness, total }
    }

    fn group(&self, group: &engine::GroupStates, known: engine::Known, bits: f64) -> GroupWeight {
        let names = |components: &[Component]| {
            components.iter().map(|&c| self.project.component_name(c)).collect::<Vec<_>>()
        };
        let what = if known.crossed {
            Known::NamesCrossed
        } else if known.agrees.len() == group.components.len() {
            Known::AgreesInFull
        } else if !known.agrees.is_empty() {
            Known::AgreesInPart
        } else if known.differs.len() == group.components.len() {
            Known::DiffersInFull
        } else if !known.may_be_full {
            Known::Differs
        } else if bits.abs() > NOTHING {
            Known::Unclear
        } else {
            Known::Unknown
        };
        GroupWeight {
            group: group.name.clone(),
            known: what,
            agrees: names(&known.agrees),
            differs: names(&known.differs),
            bits,
        }
    }

    fn outcome(&self, pair: &ScoredPair) -> Outcome {
        Outcome {
            odds: pair.decision.is_none().then_some(pair.odds),
            most_odds: pair.decision.is_none() && pair.odds >= MOST_ODDS,
            rivals: [self.rivals(pair, pair.a, pair.b), self.rivals(pair, pair.b, pair.a)],
            probability: pair.probability,
            band: pair.band(),
            decision: pair.decision.map(Decision::name),
        }
    }

    /// The pairs of a row with the other's source.
    fn rivals(&self, pair: &ScoredPair, one: u32, other: u32) -> Rivals {
        let Found { people, scored, .. } = self.found;
        let source = people.source_of(other);
        let (pairs, by_second) = (&scored.pairs, &self.by_second);
        let first = pairs.partition_point(|p| p.a < one)..pairs.partition_point(|p| p.a <= one);
        let second = |i: &u32| pairs[*i as usize].b;
        let begin = by_second.partition_point(|i| second(i) < one);
        let end = by_second.partition_point(|i| second(i) <= one);
        let of_first = pairs[first].iter().filter(|p| people.source_of(p.b) == source);
        let of_second = by_second[begin..end].iter().map(|&i| &pairs[i as usize]);
        let of_second = of_second.filter(|p| people.source_of(p.a) == source);
        let rivals = of_first.chain(of_second).filter(|p| (p.a, p.b) != (pair.a, pair.b));
        let (mut count, mut odds) = (0, 0.0);
        for rival in rivals {
            count += 1;
            odds += rival.odds;
        }
        Rivals { pairs: count, odds, compete: people.sources[source].unique }
    }
}

/// Bits that are as good as none.
const NOTHING: f64 = 1e-9;

/// The weights of a pair that fuzzy values alone found.
fn by_likeness(weight: f64, level: Option<u8>) -> Weights {
    Weights {
        start: None,
        groups: Vec::new(),
        rarity: 0.0,
        likeness: Likeness { level, bits: weight },
        total: weight,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deidentify;
    use crate::files::Overwrite;
    use crate::key::ProjectKey;
    use crate::sources::{Input, SourceSpec};
    use crate::synth;

    /// The packages of a made town.
    fn packages(home: &Path) -> (Vec<Package>, Project) {
        let progress = Progress::silent();
        let plan = synth::Plan::new(1500, 2, 11).expect("a plan");
        let made = synth::write(&plan, &home.join("town"), Overwrite::Refuse, &progress);
        let project = Project::load(&home.join("town/project.toml")).expect("an agreement");
        let key_file = home.join("project.key");
        ProjectKey::create(&key_file, &project).expect("a key");
        let paths: Vec<PathBuf> = made
            .expect("a town")
            .sources
            .iter()
            .map(|source| {
                let folder = home.join("town").join(source.name.as_str());
                let out = home.join(source.name.as_str());
                let job = deidentify::Job {
                    unhardened: deidentify::Unhardened::Refuse,
                    export: Input::from_arg(folder.join("export.csv")),
                    events: Some(folder.join("events.csv")),
                    project: project.clone(),
                    source: SourceSpec::load(&folder.join("source.toml")).expect("a description"),
                    key_file: key_file.clone(),
                    agency_key: None,
                    out: out.clone(),
                    overwrite: Overwrite::Refuse,
                    today: jiff::civil::date(2026, 6, 30),
                };
                out.join(deidentify::run(&job, &progress).expect("a package").package)
            })
            .collect();
        (crate::link::open(&paths, &project).expect("packages"), project)
    }

    #[test]
    fn the_parts_of_every_pair_add_up_to_its_weight_and_odds() {
        let folder = tempfile::tempdir().expect("a folder");
        let (packages, project) = packages(folder.path());
        let settings = Settings {
            project: &project,
            block_cap: super::super::BLOCK_CAP,
            assignment: Assignment::Greedy,
            decisions: None,
        };
        let people = People::new(&packages);
        let found = Found::new(&packages, people, &settings, &Progress::silent());
        let explainer = Explainer::new(&packages, &project, &found);
        assert!(found.candidates.len() > 200, "{} candidates", found.candidates.len());
        let (mut levels, mut by_odds) = (0, 0);
        for pair in &found.scored.pairs {
            let of = explainer.explain(pair.a, pair.b);
            let weights = of.weights.expect("a scored pair");
            assert!((weights.total - pair.weight).abs() < 1e-6, "{weights:?}: {}", pair.weight);
            let all = weights.start.unwrap_or(0.0) + weights.total;
            let odds = of.outcome.expect("a scored pair").odds.expect("no decision");
            match odds {
                // Rows with several tokens of a key can contradict each other.
                0.0 => assert!(weights.groups.iter().all(|g| g.known == Known::Unknown)),
                // Before the fuzzy values and after, odds beyond the most are not told apart.
                _ if all.max(all - weights.likeness.bits) > MOST_ODDS.log2() => {}
                _ => {
                    assert!((all - odds.log2()).abs() < 1e-6, "{all}: {odds}");
                    by_odds += 1;
                }
            }
            levels += usize::from(weights.likeness.bits != 0.0);
            match of.found {
                Finding::MatchKeys => {
                    assert_eq!(weights.groups.len(), found.space.groups.len());
                    assert_eq!(of.match_keys.agree.len(), pair.agree.count_ones() as usize);
                    // What no key tells of weighs nothing, and what agrees speaks for the pair.
                    for group in &weights.groups {
                        match group.known {
                            Known::Unknown => assert!(group.bits.abs() < 1e-9, "{group:?}"),
                            Known::AgreesInFull => assert!(group.bits > -1.0, "{group:?}"),
                            _ => {}
                        }
                    }
                }
                found => assert_eq!((found, pair.agree), (Finding::FuzzyValues, 0)),
            }
        }
        assert!(by_odds > 100, "the odds of {by_odds} pairs are told apart");
        assert!(levels > 100, "the fuzzy values of {levels} pairs speak");
    }
}
