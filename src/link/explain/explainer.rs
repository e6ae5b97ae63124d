//! Takes an explanation from the pairs of a run: looks a pair up, asks the engine for the parts
//! of its weight, and puts them into words of the agreement.

use super::{
    Explanation, Finding, GroupWeight, Known, Likeness, MatchKeys, Outcome, Rivals, Row, Weights,
};
use crate::engine::{self, MOST_ODDS, NOT_COMPARED, Parts};
use crate::files::{self, Pile};
use crate::link::block::Candidate;
use crate::link::compare;
use crate::link::decisions::Decision;
use crate::link::found::Found;
use crate::link::score::ScoredPair;
use crate::package::Package;
use crate::project::{Component, Project};

/// Everything that an explanation is taken from.
pub(super) struct Explainer<'a> {
    packages: &'a [Package],
    project: &'a Project,
    found: Found,
    /// The scored pairs, in order.
    pairs: Vec<ScoredPair>,
    /// As indices, by their second person.
    by_second: Vec<u32>,
}

impl<'a> Explainer<'a> {
    pub(super) fn new(
        packages: &'a [Package],
        project: &'a Project,
        mut found: Found,
    ) -> Result<Self, files::Error> {
        let none = Pile::held(vec![]);
        let pairs = std::mem::replace(&mut found.pairs, none).into_vec()?;
        let mut by_second: Vec<u32> = (0..pairs.len() as u32).collect();
        by_second.sort_by_key(|&i| pairs[i as usize].b);
        Ok(Explainer { packages, project, found, pairs, by_second })
    }

    pub(super) fn explain(&self, a: u32, b: u32) -> Explanation {
        let people = &self.found.people;
        let row = |person| Row {
            source: people.sources[people.source_of(person)].name.clone(),
            row_id: people.id(person).to_string(),
        };
        let pair = self.pairs.binary_search_by_key(&(a, b), |p| (p.a, p.b)).ok();
        let pair = pair.map(|at| &self.pairs[at]);
        // A pair that was found otherwise has no match key that agrees.
        let agree = pair.map_or(0, |pair| pair.agree);
        let candidate = Candidate { a, b, agree };
        let level = self.level(a, b);
        let (found, weights) = match (agree, pair) {
            (1.., _) => (Finding::MatchKeys, Some(self.weights(&candidate, level))),
            (0, Some(pair)) if self.is_found_by_scan(pair) => {
                (Finding::FuzzyValues, Some(by_likeness(pair.weight, level)))
            }
            _ => (self.unfound(a, b), None),
        };
        Explanation {
            rows: [row(a), row(b)],
            match_keys: self.match_keys(&candidate),
            found,
            weights,
            outcome: pair.map(|pair| self.outcome(pair)),
        }
    }

    /// A decision puts a pair among the scored ones without its being found.
    fn is_found_by_scan(&self, pair: &ScoredPair) -> bool {
        let is_pair = |p: &ScoredPair| (p.a, p.b) == (pair.a, pair.b);
        pair.decision.is_none() || self.found.scan.pairs.iter().any(is_pair)
    }

    fn level(&self, a: u32, b: u32) -> Option<u8> {
        let encoding = self.project.fuzzy.as_ref().map(|fuzzy| fuzzy.encoding);
        let pair = Candidate { a, b, agree: 0 };
        let level = compare::level(self.packages, &self.found.people, pair, encoding);
        Some(level).filter(|&level| level != NOT_COMPARED)
    }

    fn unfound(&self, a: u32, b: u32) -> Finding {
        let Found { people, scan, .. } = &self.found;
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

    fn match_keys(&self, pair: &Candidate) -> MatchKeys {
        let Found { people, .. } = &self.found;
        let Candidate { a, b, agree } = *pair;
        let mut keys = MatchKeys::default();
        for (k, key) in self.project.match_keys.iter().enumerate() {
            let [has_a, has_b] = [a, b].map(|person| people.keys_of(person) >> k & 1 == 1);
            let agrees = agree >> k & 1 == 1;
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
        let Found { people, .. } = &self.found;
        let tokens = |person| {
            let column = self.packages[people.source_of(person)].tokens(key);
            let rows = people.rows_of(person).filter(move |&row| column.is_valid(row));
            rows.map(move |row| column.values()[row])
        };
        tokens(a).any(|token| tokens(b).any(|other| other == token))
    }

    /// The weights of a candidate with this level.
    fn weights(&self, pair: &Candidate, level: Option<u8>) -> Weights {
        let Found { people, space, levels, judgement, links, .. } = &self.found;
        let seen = links.observation(space, people, pair);
        let known = levels.as_ref().zip(level);
        let ratio = known.map_or(1.0, |(l, level)| l.ratio(space.agreeing(pair.agree), level));
        let Parts { start, groups, rarity, alone } =
            engine::explain(&judgement.model, space, &links.all, seen);
        let groups: Vec<GroupWeight> = space
            .groups
            .iter()
            .zip(groups)
            .map(|(group, (known, bits))| self.group(group, known, bits))
            .collect();
        let likeness = Likeness { level, bits: ratio.log2() };
        let total = groups.iter().map(|g| g.bits).sum::<f64>() + rarity + likeness.bits;
        Weights { start: Some(start), groups, rarity, likeness, total, alone }
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
        let Found { people, .. } = &self.found;
        let source = people.source_of(other);
        let Explainer { pairs, by_second, .. } = self;
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
        alone: 0.0,
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::deidentify;
    use crate::files::Overwrite;
    use crate::key::ProjectKey;
    use crate::link::BLOCK_CAP;
    use crate::link::found::Settings;
    use crate::link::memory::Memory;
    use crate::link::people::People;
    use crate::progress::Progress;
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
                    as_at: None,
                    memory: usize::MAX,
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
        let settings = Settings { project: &project, block_cap: BLOCK_CAP };
        let people = People::new(&packages);
        let found = Found::new(&packages, people, &settings, &Memory::all(), &Progress::silent());
        let explainer = Explainer::new(&packages, &project, found.expect("in memory"));
        let explainer = explainer.expect("in memory");
        let found = &explainer.found;
        assert!(found.candidates > 200, "{} candidates", found.candidates);
        let (mut levels, mut by_odds) = (0, 0);
        for pair in &explainer.pairs {
            let of = explainer.explain(pair.a, pair.b);
            let weights = of.weights.expect("a scored pair");
            assert!((weights.total - pair.weight).abs() < 1e-6, "{weights:?}: {}", pair.weight);
            let all = weights.start.unwrap_or(0.0) + weights.total + weights.alone;
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
