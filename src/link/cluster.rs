//! Pairs become people: union-find over what was decided, then over pairs in falling weight,
//! under the sources' own constraints and the decisions against, and not against what the
//! other pairs of two clusters say.

use std::cmp::Reverse;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::decisions::Decision;
use super::people::People;
use super::score::{PROBABLE, ScoredPair};
use crate::files::{self, Pile};
use crate::ids::Band;

/// The people who are one person, with the weakest band that holds them together.
#[derive(Debug)]
pub(super) struct Clusters {
    /// Per person, the least number of its cluster.
    root: Vec<u32>,
    /// Per person, the weakest band that holds its cluster together; `Single` alone.
    bands: Vec<Band>,
    /// Links that a source's "each person once" forbade, a decision, or the other pairs of the
    /// two clusters.
    pub(super) forbidden: u64,
    /// Of these, links that were decided.
    pub(super) forbidden_matches: u64,
    /// How many pairs were joined, by their own band: definite, probable.
    pub(super) joined: [u64; 2],
}

/// A cluster that a person should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Doubt {
    pub(super) people: Vec<u32>,
    pub(super) why: Why,
}

/// What is doubtful about a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Why {
    /// It has more people than three for each source.
    Oversize,
    /// Its parts, each of two people or more, hang together by probable links only.
    WeaklyBridged,
}

impl Why {
    pub(super) fn name(self) -> &'static str {
        match self {
            Why::Oversize => "oversize",
            Why::WeaklyBridged => "weakly-bridged",
        }
    }
}

/// Joins pairs of at least this band: those decided to be one person, then the heaviest first;
/// ties go to the lower numbers.
///
/// A probable pair joins two clusters only where the pairs between them are likelier right
/// than not on average. Else one lucky pair in a hundred would bridge people whose other
/// records plainly differ. Two people who were not compared say nothing.
///
/// # Errors
/// When pairs are on disk, and that refuses.
pub(super) fn cluster(
    people: &People,
    pairs: &Pile<ScoredPair>,
    least: Band,
) -> Result<Clusters, files::Error> {
    let mut order: Vec<Heavy> = Vec::new();
    let mut sets = Sets::new(people);
    pairs.each(|pair| {
        if let Some(band) = pair.band().filter(|band| *band >= least) {
            order.push(Heavy::new(pair, band));
        }
        if pair.decision == Some(Decision::NoMatch) {
            sets.keep_apart(pair.a, pair.b);
        }
    })?;
    order.par_sort_unstable();
    let (mut forbidden, mut forbidden_matches) = (0, 0);
    let mut joined = [0, 0];
    for Heavy { ends: (a, b), band, is_left_open, .. } in order {
        if band < Band::Definite && sets.mean(a, b, pairs)? < PROBABLE {
            forbidden += 1;
            continue;
        }
        if let Join::Forbidden = sets.join(a, b, band) {
            forbidden += 1;
            forbidden_matches += u64::from(!is_left_open);
            continue;
        }
        joined[usize::from(band == Band::Probable)] += 1;
    }
    let root: Vec<u32> = (0..people.len() as u32).map(|p| sets.find(p)).collect();
    let bands = root.iter().map(|&root| sets.people[root as usize].band).collect();
    Ok(Clusters { root, bands, forbidden, forbidden_matches, joined })
}

impl Clusters {
    /// The least number of a person's cluster.
    pub(super) fn root(&self, person: u32) -> u32 {
        self.root[person as usize]
    }

    /// The weakest band that holds a person's cluster together.
    pub(super) fn band(&self, person: u32) -> Band {
        self.bands[person as usize]
    }

    /// Every person who is not the least of its cluster, behind the least one; in order.
    fn others(&self) -> Vec<(u32, u32)> {
        let all = self.root.iter().enumerate();
        let mut others: Vec<(u32, u32)> = all
            .filter(|&(person, &root)| root != person as u32)
            .map(|(person, &root)| (root, person as u32))
            .collect();
        others.par_sort_unstable();
        others
    }

    /// How many clusters have two people or more.
    pub(super) fn linked_persons(&self) -> u64 {
        let all = self.root.iter().zip(&self.bands).enumerate();
        all.filter(|&(p, (&root, &band))| root == p as u32 && band != Band::Single).count() as u64
    }

    /// The clusters that a person should look at.
    ///
    /// # Errors
    /// When pairs are on disk, and that refuses.
    pub(super) fn doubts(
        &self,
        people: &People,
        pairs: &Pile<ScoredPair>,
    ) -> Result<Vec<Doubt>, files::Error> {
        let limit = 3 * people.sources.len();
        let mut firm = Sets::new(people);
        pairs.each(|pair| {
            let is_firm = pair.band() == Some(Band::Definite);
            if is_firm && self.root(pair.a) == self.root(pair.b) {
                firm.join(pair.a, pair.b, Band::Definite);
            }
        })?;
        let mut doubts = Vec::new();
        let mut parts: Vec<u32> = Vec::new();
        for others in self.others().chunk_by(|x, y| x.0 == y.0) {
            let cluster = || std::iter::once(others[0].0).chain(others.iter().map(|o| o.1));
            parts.clear();
            parts.extend(cluster().map(|p| firm.find(p)));
            parts.sort_unstable();
            let large = parts.chunk_by(|x, y| x == y).filter(|part| part.len() > 1).count();
            if others.len() + 1 > limit {
                doubts.push(Doubt { people: cluster().collect(), why: Why::Oversize });
            } else if large > 1 {
                doubts.push(Doubt { people: cluster().collect(), why: Why::WeaklyBridged });
            }
        }
        Ok(doubts)
    }
}

/// A pair, in the order in which pairs are joined: those decided first, then the likeliest,
/// the heaviest, and by their numbers.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Heavy {
    is_left_open: bool,
    probability: Reverse<u64>,
    weight: Reverse<u64>,
    ends: (u32, u32),
    band: Band,
}

impl Heavy {
    fn new(pair: &ScoredPair, band: Band) -> Heavy {
        Heavy {
            is_left_open: pair.decision != Some(Decision::Match),
            probability: Reverse(ascending(pair.probability)),
            weight: Reverse(ascending(pair.weight)),
            ends: (pair.a, pair.b),
            band,
        }
    }
}

/// A whole number for each number, in the same order.
fn ascending(number: f64) -> u64 {
    // Adding nothing makes one zero of the two.
    let bits = (number + 0.0).to_bits();
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}

/// Disjoint sets whose root is their least member, so that labels depend on nothing but
/// the sets; each knows which once-only sources it already has a person of.
struct Sets {
    people: Vec<Member>,
    /// Per root, people who must not be in its set.
    apart: FxHashMap<u32, Vec<u32>>,
}

/// A person among [`Sets`]; all that a join looks at lies together.
#[derive(Clone, Copy)]
struct Member {
    parent: u32,
    /// The next person of the set, from its root on; [`LAST`] behind the last one.
    next: u32,
    /// Of a root, the last person of its set.
    last: u32,
    /// Of a root, the weakest band that holds its set together.
    band: Band,
    /// Of a root, the once-only sources present in its set, by bit.
    present: u64,
}

/// What no person is.
const LAST: u32 = u32::MAX;

enum Join {
    Joined,
    Already,
    Forbidden,
}

impl Sets {
    fn new(people: &People) -> Sets {
        let once = |person: u32| {
            let source = people.source_of(person);
            if people.sources[source].unique { 1u64 << source } else { 0 }
        };
        let alone = |person: u32| Member {
            parent: person,
            next: LAST,
            last: person,
            band: Band::Single,
            present: once(person),
        };
        Sets { people: (0..people.len() as u32).map(alone).collect(), apart: FxHashMap::default() }
    }

    fn at(&mut self, person: u32) -> &mut Member {
        &mut self.people[person as usize]
    }

    /// From now on no set has both; they are in sets of their own yet.
    fn keep_apart(&mut self, a: u32, b: u32) {
        self.apart.entry(a).or_default().push(b);
        self.apart.entry(b).or_default().push(a);
    }

    fn are_apart(&mut self, a: u32, b: u32) -> bool {
        let Some(others) = self.apart.remove(&a) else { return false };
        let found = others.iter().any(|&other| self.find(other) == b);
        self.apart.insert(a, others);
        found
    }

    /// The mean probability of the pairs between the sets of two people.
    fn mean(&mut self, a: u32, b: u32, pairs: &Pile<ScoredPair>) -> Result<f64, files::Error> {
        let (x, y) = (self.find(a), self.find(b));
        let is_alone = |root: u32| self.people[root as usize].next == LAST;
        if x == y || (is_alone(x) && is_alone(y)) {
            return Ok(1.0);
        }
        let (mut sum, mut compared) = (0.0, 0.0f64);
        for p in self.members(x) {
            for q in self.members(y) {
                if let Some(pair) = pairs.find(&(p.min(q), p.max(q)), |pair| (pair.a, pair.b))? {
                    sum += pair.probability;
                    compared += 1.0;
                }
            }
        }
        Ok(sum / compared.max(1.0))
    }

    /// The people of a root's set, the root first.
    fn members(&self, root: u32) -> impl Iterator<Item = u32> {
        let next =
            |person: &u32| Some(self.people[*person as usize].next).filter(|&next| next != LAST);
        std::iter::successors(Some(root), next)
    }

    fn find(&mut self, mut person: u32) -> u32 {
        loop {
            let parent = self.at(person).parent;
            if parent == person {
                return person;
            }
            let above = self.at(parent).parent;
            self.at(person).parent = above;
            person = above;
        }
    }

    fn join(&mut self, a: u32, b: u32, band: Band) -> Join {
        let (a, b) = (self.find(a), self.find(b));
        if a == b {
            return Join::Already;
        }
        if self.at(a).present & self.at(b).present != 0 || self.are_apart(a, b) {
            return Join::Forbidden;
        }
        let (root, child) = (a.min(b), a.max(b));
        if let Some(others) = self.apart.remove(&child) {
            self.apart.entry(root).or_default().extend(others);
        }
        self.at(child).parent = root;
        let Member { last, present, .. } = *self.at(child);
        let before = std::mem::replace(&mut self.at(root).last, last);
        self.at(before).next = child;
        self.at(root).present |= present;
        // Pairs come heaviest first, so the latest link is the weakest.
        self.at(root).band = band;
        Join::Joined
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::link::people::tests::people;

    impl Clusters {
        /// Every cluster of two people or more, by least number; its people in order.
        fn linked(&self) -> Vec<Vec<u32>> {
            let others = self.others();
            let clusters = others.chunk_by(|x, y| x.0 == y.0);
            let with_least = |o: &[(u32, u32)]| -> Vec<u32> {
                std::iter::once(o[0].0).chain(o.iter().map(|o| o.1)).collect()
            };
            clusters.map(with_least).collect()
        }
    }

    fn pair(a: u32, b: u32, probability: f64) -> ScoredPair {
        ScoredPair { a, b, weight: 0.0, odds: 1.0, probability, agree: 1, decision: None }
    }

    /// The clusters of pairs in any order, and those of them to be looked at.
    fn clustered(people: &People, pairs: &[ScoredPair], least: Band) -> (Clusters, Vec<Doubt>) {
        let mut pairs = pairs.to_vec();
        pairs.sort_unstable_by_key(|pair| (pair.a, pair.b));
        let pairs = Pile::held(pairs);
        let clusters = cluster(people, &pairs, least).expect("in memory");
        let doubts = clusters.doubts(people, &pairs).expect("in memory");
        (clusters, doubts)
    }

    fn decided(a: u32, b: u32, decision: Decision) -> ScoredPair {
        let probability = decision.probability();
        ScoredPair { decision: Some(decision), ..pair(a, b, probability) }
    }

    #[test]
    fn a_decision_comes_before_any_link() {
        let people = people(&[(true, &[1, 2]), (true, &[3, 4])]);
        let pairs = [pair(0, 2, 1.0), decided(0, 3, Decision::Match), pair(1, 2, 0.6)];
        let (clusters, _) = clustered(&people, &pairs, Band::Definite);
        assert_eq!(clusters.linked(), [vec![0, 3]]);
        assert_eq!((clusters.forbidden, clusters.forbidden_matches), (1, 0));
        assert_eq!(clusters.band(3), Band::Definite);
    }

    #[test]
    fn two_people_kept_apart_are_not_held_together_by_others() {
        let people = people(&[(false, &[1, 2]), (false, &[3, 4])]);
        // Two sets of two, each held together; one of each must not be the other.
        let mut pairs = vec![
            pair(0, 2, 0.999),
            pair(1, 3, 0.998),
            pair(2, 3, 0.997),
            decided(0, 1, Decision::NoMatch),
        ];
        let (clusters, _) = clustered(&people, &pairs, Band::Probable);
        assert_eq!(clusters.linked(), [vec![0, 2], vec![1, 3]]);
        assert_eq!((clusters.forbidden, clusters.forbidden_matches), (1, 0));
        // Decisions that contradict each other: the decision against holds.
        pairs[2] = decided(2, 3, Decision::Match);
        pairs[0] = decided(0, 2, Decision::Match);
        pairs[1] = decided(1, 3, Decision::Match);
        let (clusters, _) = clustered(&people, &pairs, Band::Probable);
        assert_eq!(clusters.linked(), [vec![0, 2], vec![1, 3]]);
        assert_eq!((clusters.forbidden, clusters.forbidden_matches), (1, 1));
    }

    #[test]
    fn the_likelier_link_wins_where_each_person_is_once() {
        let people = people(&[(true, &[1, 2]), (true, &[3, 4])]);
        let pairs = [pair(0, 2, 0.6), pair(0, 3, 0.995), pair(1, 3, 0.7)];
        let (clusters, _) = clustered(&people, &pairs, Band::Probable);
        assert_eq!(clusters.linked(), [vec![0, 3]]);
        assert_eq!((clusters.forbidden, clusters.joined), (2, [1, 0]));
        assert_eq!(clusters.band(0), Band::Definite);
        assert_eq!(clusters.band(1), Band::Single);
    }

    #[test]
    fn a_person_is_as_sure_as_its_weakest_link() {
        let people = people(&[(false, &[1, 2]), (false, &[3, 4])]);
        let pairs = [pair(0, 2, 0.999), pair(1, 3, 0.999), pair(1, 2, 0.6)];
        let (clusters, _) = clustered(&people, &pairs, Band::Probable);
        assert_eq!(clusters.linked(), [vec![0, 1, 2, 3]]);
        assert!((0..4).all(|p| clusters.band(p) == Band::Probable));
        let (_, doubts) = clustered(&people, &pairs, Band::Probable);
        assert_eq!(doubts, [Doubt { people: vec![0, 1, 2, 3], why: Why::WeaklyBridged }]);
        let (definite, _) = clustered(&people, &pairs, Band::Definite);
        assert_eq!(definite.linked(), [vec![0, 2], vec![1, 3]]);
    }

    #[test]
    fn one_lucky_pair_does_not_bridge_people_whose_other_records_differ() {
        let people = people(&[(false, &[1, 2]), (false, &[3, 4])]);
        let firm = [pair(0, 1, 0.999), pair(2, 3, 0.999)];
        let against = [pair(0, 3, 0.02), pair(1, 2, 0.02), pair(1, 3, 0.02)];
        let with = |bridge: f64, others: &[ScoredPair]| {
            let pairs: Vec<ScoredPair> =
                firm.iter().chain([&pair(0, 2, bridge)]).chain(others).copied().collect();
            let (clusters, _) = clustered(&people, &pairs, Band::Probable);
            (clusters.linked().len(), clusters.forbidden)
        };
        assert_eq!(with(0.9, &against), (2, 1));
        // Nothing is known of the others; or it is definite.
        assert_eq!(with(0.9, &[]), (1, 0));
        assert_eq!(with(0.995, &against), (1, 0));
    }

    #[test]
    fn numbers_stay_in_order_as_whole_numbers() {
        let numbers = [f64::NEG_INFINITY, -3.5, -1e-300, 0.0, 1e-300, 0.5, 2.0, f64::INFINITY];
        assert!(numbers.map(ascending).is_sorted_by(|x, y| x < y));
        assert_eq!(ascending(-0.0), ascending(0.0));
    }

    proptest! {
        /// With no constraint, clusters are the connected components; with one, no cluster
        /// has two people of a source that holds each person once.
        #[test]
        fn clusters_are_components_under_the_constraints(
            edges in prop::collection::vec((0u32..12, 0u32..12, 0.5f64..1.0), 0..30),
            unique: [bool; 3],
        ) {
            let ids: [&[u8]; 3] = [&[1, 2, 3, 4], &[5, 6, 7, 8], &[9, 10, 11, 12]];
            let sources: Vec<(bool, &[u8])> = unique.into_iter().zip(ids).collect();
            let people = people(&sources);
            let pairs: Vec<ScoredPair> = edges
                .into_iter()
                .map(|(a, b, p)| pair(a.min(b), a.max(b), p))
                .filter(|p| people.may_be_one(p.a, p.b))
                .collect();
            let (clusters, _) = clustered(&people, &pairs, Band::Probable);
            for (source, &(unique, _)) in sources.iter().enumerate() {
                let mut roots: Vec<u32> =
                    people.of_source(source).map(|p| clusters.root(p)).collect();
                roots.sort_unstable();
                roots.dedup();
                prop_assert!(!unique || roots.len() == 4);
            }
            if !unique.contains(&true) {
                let mut label: Vec<u32> = (0..12).collect();
                for _ in 0..12 {
                    for p in pairs.iter().filter(|p| p.probability >= 0.5) {
                        let least = label[p.a as usize].min(label[p.b as usize]);
                        label[p.a as usize] = least;
                        label[p.b as usize] = least;
                    }
                }
                let roots: Vec<u32> = (0..12).map(|p| clusters.root(p)).collect();
                prop_assert_eq!(roots, label);
            }
        }
    }
}
