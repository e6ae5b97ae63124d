//! The Fellegi–Sunter model of candidate pairs: which of them are one person.
//!
//! Every pair is of one of four kinds, and EM estimates how many there are of each:
//!
//! | kind | family name, place | given name, sex | birth date |
//! |---|---|---|---|
//! | the same person | m | m | m |
//! | unrelated people | u | u | u |
//! | people of one household | shared, h | u | u |
//! | twins | shared, h | u | shared |
//!
//! u is known from the agencies' counts; m and h are estimated, with no labels. Without
//! the household kinds EM would settle on the household and not the person. States are seen
//! through a [`Veil`], so counts are shared out over what each observation leaves possible.

mod parts;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::chance::Chance;
use super::space::{Components, GroupKind, GroupStates, Keys, Space};
use super::veil::{OfKinds, Outlooks, Views, ones};
use super::{Judged, MOST_ODDS};
pub(crate) use parts::Parts;

/// One kind of observation between two sources, and how often it was made.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    /// Which pair of sources, as an index into the model's.
    pub(crate) between: usize,
    /// What it leaves possible, as an index into the model's outlooks.
    pub(crate) outlook: usize,
    /// The match keys that agree.
    pub(crate) agree: Keys,
    /// See [`Chance::rarity`].
    pub(crate) rarity: f64,
    /// The components that agree for certain.
    pub(crate) agreeing: Components,
    /// Whether such pairs are among those that blocking is sure to find: households are
    /// counted by them.
    pub(crate) is_sure: bool,
    pub(crate) count: u64,
}

/// Two sources that are linked (or one with itself).
#[derive(Debug, Clone)]
pub(crate) struct Between {
    pub(crate) chance: Chance,
    /// How many people each has of whom anything is known to link by.
    pub(crate) people: [u64; 2],
    /// Whether each holds a person once.
    pub(crate) unique: [bool; 2],
    /// How many pairs of these there are.
    pub(crate) pairs: f64,
}

/// A fitted model.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    /// m: per group, the probability of each state when it is the same person.
    pub(crate) same: Vec<Vec<f64>>,
    household: Vec<Vec<f64>>,
    twin_birth_date: Vec<f64>,
    /// Per pair of sources.
    pub(crate) expected: Vec<Expected>,
    pub(crate) iterations: u32,
    pub(crate) stop: Stop,
}

/// How many pairs of each kind a model expects between two sources.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Expected {
    /// The same person, whether or not a key agrees.
    pub(crate) same: f64,
    /// Of these, pairs of which no key agrees.
    pub(crate) unseen: f64,
    household: f64,
    twins: f64,
}

impl Expected {
    fn add(&mut self, other: Expected) {
        self.same += other.same;
        self.household += other.household;
        self.twins += other.twins;
    }

    /// The share of a source's people who have a match in the other.
    fn linked(&self, between: &Between, side: usize) -> f64 {
        (self.same / between.people[side].max(1) as f64).min(MOST_LINKED)
    }
}

/// Why EM stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The expected number of matches no longer changes.
    Converged,
    /// The most iterations were done without that.
    IterationLimit,
}

/// What a pattern says: the densities of the four kinds, with how many there are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kinds {
    same: f64,
    unrelated: f64,
    household: f64,
    twins: f64,
    /// How much likelier it is the same person once neither has a match elsewhere.
    alone: f64,
}

impl Kinds {
    fn different(self) -> f64 {
        self.unrelated + self.household + self.twins
    }

    /// Odds that it is the same person, if neither has a match elsewhere.
    pub(crate) fn odds(self) -> f64 {
        // A sum over nothing is −0, which is no odds to show.
        self.alone * self.same / self.different().max(f64::MIN_POSITIVE) + 0.0
    }
}

/// The places of kinds in [`OfKinds`].
const SAME: usize = 0;
const HOUSEHOLD: usize = 2;
const TWINS: usize = 3;

/// The share of a kind of pairs between two sources, as an index into the model's, that are
/// candidates, from its state probabilities.
pub(crate) type Seen<'a> = dyn Fn(usize, &[&[f64]]) -> f64 + 'a;

const MOST_ITERATIONS: u32 = 200;
/// How much prior belief weighs, in pairs. It must hold where few people are in both files: else
/// EM takes people of one household, of whom there are then more than matches, for people whose
/// given names were written wrongly. Of thousands of matches it is nothing.
const PRIOR_PAIRS: f64 = 200.0;
/// In the clear, where typing errors are seen for what they are and twins are held to their share,
/// enough to keep a file of ten people sane; more would join people of one file who are not one.
const PRIOR_PAIRS_IN_CLEAR: f64 = 5.0;
/// Households share the family name and the place; this belief is held firmly, lest the
/// kind drift to whatever else the data has.
const HOUSEHOLD_PRIOR_PAIRS: f64 = 200.0;
/// No more of a source's people are taken to have a match for certain.
const MOST_LINKED: f64 = 0.98;
/// Twins are rarer than one person in a hundred.
const MOST_TWINS: f64 = 0.01;
/// Three in a hundred children have a twin, so of the pairs of people of a household about as
/// many are twins: at least and at most this share. In the clear, where what looks like twins
/// may as well be one person under two given names, EM is held to that.
const TWINS_OF_HOUSEHOLD: [f64; 2] = [0.01, 0.05];

impl Model {
    /// Fits the model to the patterns. `seen` gives the share of a kind of pairs that are
    /// candidates at all, from its state probabilities.
    pub(crate) fn fit(
        space: &Space,
        seen: &Seen<'_>,
        between: &[Between],
        outlooks: &Outlooks,
        patterns: &[Pattern],
    ) -> Model {
        let household: Vec<Vec<f64>> = space.groups.iter().map(|g| full_or(g, 0.9)).collect();
        let prior: Vec<Vec<f64>> = space.groups.iter().map(|g| full_or(g, 0.85)).collect();
        let twin_birth_date = space
            .groups
            .iter()
            .find(|g| g.kind == GroupKind::BirthDate)
            .map(|g| full_or(g, 0.999))
            .unwrap_or_default();
        let mut model = Model {
            same: prior.clone(),
            household: household.clone(),
            twin_birth_date,
            expected: between
                .iter()
                .map(|b| {
                    let least = b.people[0].min(b.people[1]) as f64;
                    Expected {
                        same: 0.5 * least,
                        unseen: 0.0,
                        household: 0.3 * least,
                        twins: 0.005 * least,
                    }
                })
                .collect(),
            iterations: 0,
            stop: Stop::IterationLimit,
        };
        let counted = Counted::new(patterns);
        while model.iterations < MOST_ITERATIONS {
            model.iterations += 1;
            let before: f64 = model.expected.iter().map(|e| e.same).sum();
            model.step(space, between, outlooks, &counted, [&prior, &household], seen);
            let after: f64 = model.expected.iter().map(|e| e.same).sum();
            if model.iterations > 5 && (after - before).abs() <= 1e-4 * before.max(1.0) {
                model.stop = Stop::Converged;
                break;
            }
        }
        model
    }

    fn step(
        &mut self,
        space: &Space,
        between: &[Between],
        outlooks: &Outlooks,
        counted: &Counted,
        [prior, household_prior]: [&[Vec<f64>]; 2],
        seen: &Seen<'_>,
    ) {
        let views: Vec<Views> = between.iter().map(|b| self.views(space, b)).collect();
        let likelihoods = outlooks.likelihoods(&views);
        let (weights, found) = self.weights(space, between, &likelihoods.all, counted);
        let [same, _, mut household, twins] = outlooks.share_out(&likelihoods, &views, &weights);
        for (sum, more) in household.iter_mut().flatten().zip(twins.into_iter().flatten()) {
            *sum += more;
        }
        let mut expected = Vec::with_capacity(between.len());
        for (b, sum) in found.iter().enumerate() {
            let least = between[b].people[0].min(between[b].people[1]) as f64;
            let seen = |states: &[&[f64]]| seen(b, states).clamp(1e-3, 1.0);
            let has_place = space.groups.iter().any(|g| g.kind == GroupKind::Other);
            let most_households = match has_place || !space.is_clear() {
                true => 20.0 * least,
                // A household cannot be told from people of one name.
                false => least,
            };
            let household = (sum.household / seen(&views[b][HOUSEHOLD])).min(most_households);
            let [fewest_twins, most_twins] = match space.is_clear() {
                true if has_place => TWINS_OF_HOUSEHOLD.map(|share| share * household),
                true => [TWINS_OF_HOUSEHOLD[0] * household; 2],
                false => [0.0, MOST_TWINS * least],
            };
            // In the clear, where a pair is found by more than its states, a match that is not
            // found is too rare to be counted by those that are.
            let same_seen = if space.is_clear() { 1.0 } else { seen(&views[b][SAME]) };
            // Without a person there is no match; yet there is no logarithm of none.
            let same = (sum.same / same_seen).min(least).max(1e-6);
            expected.push(Expected {
                same,
                unseen: same * (1.0 - same_seen),
                household,
                twins: (sum.twins / seen(&views[b][TWINS]))
                    .min(most_twins)
                    .max(fewest_twins)
                    .max(1e-6),
            });
        }
        drop(views);
        self.expected = expected;
        let weight = if space.is_clear() { PRIOR_PAIRS_IN_CLEAR } else { PRIOR_PAIRS };
        self.same = settle(same, prior, weight);
        for (p, group) in self.same.iter_mut().zip(&space.groups) {
            part(p, group.beside);
        }
        self.household = settle(household, household_prior, HOUSEHOLD_PRIOR_PAIRS);
    }

    /// The probability that the same person agrees in full, group by group.
    pub(crate) fn full_agreement(&self, space: &Space) -> Vec<f64> {
        let full = |(group, p): (&GroupStates, &Vec<f64>)| {
            (0..p.len()).filter(|&s| group.is_full(s)).map(|s| p[s]).sum()
        };
        space.groups.iter().zip(&self.same).map(full).collect()
    }

    /// What the fitted model says of each pattern.
    pub(crate) fn judge(
        &self,
        space: &Space,
        between: &[Between],
        outlooks: &Outlooks,
        patterns: &[Pattern],
    ) -> Vec<Judged> {
        let views: Vec<Views> = between.iter().map(|b| self.views(space, b)).collect();
        let likelihoods = outlooks.likelihoods(&views).all;
        let survival = self.survival(space, between);
        let judged = |pattern: &Pattern| {
            let survival = &survival[pattern.between];
            let kinds = self.kinds(between, &likelihoods[pattern.outlook], pattern, survival);
            Judged {
                weight: self.weight(between, pattern, kinds),
                odds: kinds.odds().min(MOST_ODDS),
                agreeing: pattern.agreeing,
            }
        };
        patterns.par_iter().map(judged).collect()
    }

    /// The match weight of a pattern: log2 of how much likelier it is for the same person
    /// than for different ones.
    pub(crate) fn weight(&self, between: &[Between], pattern: &Pattern, kinds: Kinds) -> f64 {
        let b = pattern.between;
        let same = kinds.same / self.expected[b].same.max(f64::MIN_POSITIVE);
        let different = kinds.different() / between[b].pairs.max(1.0);
        (same.max(f64::MIN_POSITIVE) / different.max(f64::MIN_POSITIVE)).log2()
    }

    fn kinds(
        &self,
        between: &[Between],
        likelihoods: &OfKinds,
        pattern: &Pattern,
        survival: &[[f64; 2]],
    ) -> Kinds {
        let b = pattern.between;
        let [same, unrelated, household, twins] = self.pairs(between, b, likelihoods);
        let sides = sides(pattern.agree, survival);
        // Of chance agreements, those of people with a match elsewhere go where a source
        // holds each person once; some of them went with the tokens that were withheld.
        let alone = (0..2)
            .filter(|&side| between[b].unique[1 - side])
            .map(|side| sides[side] / (1.0 - self.expected[b].linked(&between[b], side)))
            .product();
        let unrelated = unrelated * pattern.rarity * (sides[0] * sides[1]);
        Kinds { same, unrelated, household, twins, alone }
    }

    /// How many pairs of each kind between two sources would be observed so, of unrelated people
    /// before any token is withheld.
    fn pairs(&self, between: &[Between], b: usize, likelihoods: &OfKinds) -> OfKinds {
        let [same, unrelated, household, twins] = likelihoods;
        let expected = self.expected[b];
        [
            expected.same * same,
            between[b].pairs * unrelated,
            expected.household * household,
            expected.twins * twins,
        ]
    }

    /// How many pairs of each kind the patterns are: per outlook, and, of those that are sure to
    /// be found, per pair of sources.
    fn weights(
        &self,
        space: &Space,
        between: &[Between],
        likelihoods: &[OfKinds],
        counted: &Counted,
    ) -> (Vec<OfKinds>, Vec<Expected>) {
        let survival = self.survival(space, between);
        let alive = |&(b, agree): &(usize, Keys)| {
            let [one, other] = sides(agree, &survival[b]);
            one * other
        };
        let alive: Vec<f64> = counted.agreeing.par_iter().map(alive).collect();
        let weights = |outlook: usize| {
            let pairs = self.pairs(between, counted.between[outlook], &likelihoods[outlook]);
            let [same, unrelated, household, twins] = pairs;
            let others = same + household + twins;
            let (mut all, mut sure) = (0.0, 0.0);
            for count in counted.of(outlook) {
                let total = others + unrelated * count.rarity * alive[count.agreeing as usize];
                if total > 0.0 {
                    let share = count.count / total;
                    all += share;
                    sure += if count.is_sure { share } else { 0.0 };
                }
            }
            let (same, of_sure) = (all * same, [household, twins].map(|kind| sure * kind));
            let [household, twins] = [household, twins].map(|kind| all * kind);
            // What unrelated people are like is known from the counts.
            ([same, 0.0, household, twins], of_sure)
        };
        let outlooks = (0..counted.between.len()).into_par_iter().with_min_len(1 << 8);
        let (weights, of_sure): (Vec<OfKinds>, Vec<[f64; 2]>) = outlooks.map(weights).unzip();
        let mut found = vec![Expected::default(); between.len()];
        for ((&b, weights), &[household, twins]) in
            counted.between.iter().zip(&weights).zip(&of_sure)
        {
            found[b].add(Expected { same: weights[SAME], household, twins, unseen: 0.0 });
        }
        (weights, found)
    }

    /// Per pair of sources, match key and source, the chance that two different people's agreeing
    /// tokens were both let out: where the one's own record in the other file has the same
    /// token, it is shared there and was withheld.
    fn survival(&self, space: &Space, between: &[Between]) -> Vec<Vec<[f64; 2]>> {
        let agreement: Vec<f64> =
            (0..space.keys()).map(|k| space.agreement(k, &self.same)).collect();
        between
            .iter()
            .zip(&self.expected)
            .map(|(b, expected)| {
                if !b.chance.is_withheld() {
                    return vec![[1.0; 2]; agreement.len()];
                }
                agreement
                    .iter()
                    .map(|p| [0, 1].map(|side| 1.0 - expected.linked(b, side) * p))
                    .collect()
            })
            .collect()
    }

    /// Each kind's state probabilities, group by group. In the clear, where typing errors
    /// are seen for what they are, what people of a household share is written down with the
    /// same errors as one person's own.
    fn views<'a>(&'a self, space: &Space, between: &'a Between) -> Views<'a> {
        let chance = &between.chance.states;
        let household = |g: usize| match space.groups[g].kind {
            GroupKind::GivenNameAndSex | GroupKind::BirthDate => chance[g].as_slice(),
            GroupKind::FamilyName | GroupKind::Other if space.is_clear() => self.same[g].as_slice(),
            GroupKind::FamilyName | GroupKind::Other => self.household[g].as_slice(),
        };
        let twins = |g: usize| match space.groups[g].kind {
            GroupKind::BirthDate if space.is_clear() => self.same[g].as_slice(),
            GroupKind::BirthDate => self.twin_birth_date.as_slice(),
            _ => household(g),
        };
        let groups = 0..chance.len();
        [
            slices(&self.same),
            slices(chance),
            groups.clone().map(household).collect(),
            groups.map(twins).collect(),
        ]
    }
}

/// Of the keys that agree, the one by which two different people are least likely to have been
/// let out, source by source; see [`Model::survival`].
fn sides(agree: Keys, survival: &[[f64; 2]]) -> [f64; 2] {
    ones(agree)
        .map(|k| survival[k])
        .min_by(|x, y| (x[0] * x[1]).total_cmp(&(y[0] * y[1])))
        .unwrap_or([1.0; 2])
}

/// Patterns as EM counts them, outlook by outlook.
struct Counted {
    all: Vec<Count>,
    /// The pair of sources of each outlook, and where its patterns end.
    between: Vec<usize>,
    ends: Vec<usize>,
    /// Which keys agree, each set once for each pair of sources.
    agreeing: Vec<(usize, Keys)>,
}

/// What EM needs of a pattern.
#[derive(Clone, Copy)]
struct Count {
    count: f64,
    rarity: f64,
    /// The place among the different sets of agreeing keys.
    agreeing: u32,
    is_sure: bool,
}

impl Counted {
    /// Of patterns of which each outlook has some.
    fn new(patterns: &[Pattern]) -> Counted {
        let outlooks = patterns.iter().map(|pattern| pattern.outlook + 1).max().unwrap_or(0);
        let mut ends = vec![0; outlooks];
        patterns.iter().for_each(|pattern| ends[pattern.outlook] += 1);
        let mut end = 0;
        for count in &mut ends {
            end += std::mem::replace(count, end);
        }
        let none = Count { count: 0.0, rarity: 0.0, agreeing: 0, is_sure: false };
        let (mut all, mut between) = (vec![none; patterns.len()], vec![0; outlooks]);
        let (mut agreeing, mut places) = (vec![], FxHashMap::default());
        for pattern in patterns {
            let place = *places.entry((pattern.between, pattern.agree)).or_insert_with(|| {
                agreeing.push((pattern.between, pattern.agree));
                agreeing.len() - 1
            });
            let end = &mut ends[pattern.outlook];
            all[*end] = Count {
                count: pattern.count as f64,
                rarity: pattern.rarity,
                agreeing: place as u32,
                is_sure: pattern.is_sure,
            };
            *end += 1;
            between[pattern.outlook] = pattern.between;
        }
        Counted { all, between, ends, agreeing }
    }

    /// The patterns of an outlook.
    fn of(&self, outlook: usize) -> &[Count] {
        let start = outlook.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.all[start..self.ends[outlook]]
    }
}

fn slices(tables: &[Vec<f64>]) -> Vec<&[f64]> {
    tables.iter().map(Vec::as_slice).collect()
}

/// Full agreement with this probability, the rest even over the other states.
fn full_or(group: &GroupStates, full: f64) -> Vec<f64> {
    let others = (0..group.states.len()).filter(|&s| !group.is_full(s)).count().max(1) as f64;
    let p: Vec<f64> = (0..group.states.len())
        .map(|s| if group.is_full(s) { full * group.full[s] } else { (1.0 - full) / others })
        .collect();
    let total: f64 = p.iter().sum();
    p.into_iter().map(|p| p / total).collect()
}

/// Counts and a prior's pseudo-counts, as probabilities.
fn settle(counts: Vec<Vec<f64>>, prior: &[Vec<f64>], weight: f64) -> Vec<Vec<f64>> {
    counts
        .into_iter()
        .zip(prior)
        .map(|(counts, prior)| {
            let total: f64 = counts.iter().sum::<f64>() + weight;
            counts.iter().zip(prior).map(|(n, p)| (n + weight * p) / total).collect()
        })
        .collect()
}

/// Makes two features of a group independent: the states of one come in runs of the other's.
/// Else EM could take people of one household whose given names differ, and their sex does
/// not, for one person.
fn part(p: &mut [f64], beside: usize) {
    if beside == 1 {
        return;
    }
    let of_run: Vec<f64> = p.chunks(beside).map(|run| run.iter().sum()).collect();
    let of_place: Vec<f64> = (0..beside).map(|i| p.iter().skip(i).step_by(beside).sum()).collect();
    for (s, p) in p.iter_mut().enumerate() {
        *p = of_run[s / beside] * of_place[s % beside];
    }
}
