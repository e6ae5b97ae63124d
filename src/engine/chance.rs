//! How often two different people agree by chance: u, from the counts that the agencies
//! took before any token was withheld. Never estimated from blocked pairs.

use crate::project::groups::{ChanceOfGroup, NAMES_CROSSED};

use super::space::{Keys, Space};
use super::veil::ones;

/// What one source counted of itself.
#[derive(Debug, Clone)]
pub(crate) struct Tally<'a> {
    /// Its people.
    pub(crate) people: u64,
    /// How often two of them agree, per comparison group.
    pub(crate) groups: &'a [ChanceOfGroup],
    /// Per match key, where tokens that two people share were withheld; else nothing.
    pub(crate) withheld: Option<Vec<KeyTally>>,
}

/// What one source counted of one match key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct KeyTally {
    /// Tokens let out.
    pub(crate) filled: u64,
    /// Tokens withheld, since another person has the same.
    pub(crate) shared: u64,
    /// Values that exactly two people have.
    pub(crate) held_by_two: u64,
    /// How often two people agree.
    pub(crate) chance: f64,
}

/// Chance agreement between the people of two sources.
#[derive(Debug, Clone)]
pub(crate) struct Chance {
    /// Per comparison group, the probability of each state for two different people.
    pub(crate) states: Vec<Vec<f64>>,
    /// Per match key, how much rarer a chance agreement is when both tokens were unique in
    /// their file, than before any was withheld.
    unique: Vec<f64>,
    /// Per match key, how much commoner it is when a token was withheld since others have
    /// it; `None` where too few are withheld to tell.
    withheld: Vec<Option<f64>>,
    /// Per match key of names alone, how much oftener two people agree on it than if family
    /// and given names had nothing to do with each other; 1 for other keys.
    namesakes: Vec<f64>,
}

impl Chance {
    /// From what two sources counted (the same one twice, inside one source).
    pub(crate) fn between(space: &Space, a: &Tally<'_>, b: &Tally<'_>) -> Chance {
        let people = (a.people.max(1) as f64) * (b.people.max(1) as f64);
        let least = 0.1 / people;
        let states = space
            .groups
            .iter()
            .map(|group| {
                let joint = |subset: usize| {
                    if subset == 0 {
                        return 1.0;
                    }
                    mean([a, b].map(|m| {
                        let of = m.groups.iter().find(|g| g.group == group.name);
                        of.and_then(|g| g.subsets.get(subset - 1)).map_or(0.0, |s| s.chance)
                    }))
                };
                let all = (1usize << group.components.len()) - 1;
                let mut p: Vec<f64> = (0..group.states.len())
                    .map(|s| {
                        if group.crossed == Some(s) {
                            return crossed(a, b).max(least);
                        }
                        // Inclusion and exclusion: exactly these agree and no others.
                        let these = group.subset(s);
                        let exactly: f64 = (0..=all)
                            .filter(|t| t & these == these)
                            .map(|t| {
                                let sign =
                                    if (t ^ these).count_ones() % 2 == 0 { 1.0 } else { -1.0 };
                                sign * joint(t)
                            })
                            .sum();
                        exactly.max(least)
                    })
                    .collect();
                let total: f64 = p.iter().sum();
                p.iter_mut().for_each(|p| *p /= total);
                p
            })
            .collect();
        let (Some(a), Some(b)) = (&a.withheld, &b.withheld) else {
            return Chance::in_clear(states);
        };
        let (unique, withheld) = a.iter().zip(b).map(|(a, b)| rarity(a, b)).unzip();
        let namesakes = a.iter().zip(b).enumerate().map(|(key, (a, b))| {
            let apart = space.agreement(key, &states);
            let is_of_names = space.is_of_names(key) && apart > 0.0;
            if is_of_names { (mean([a.chance, b.chance]) / apart).max(1.0) } else { 1.0 }
        });
        let namesakes = namesakes.collect();
        Chance { states, unique, withheld, namesakes }
    }

    /// Known per state, and nothing more.
    pub(crate) fn in_clear(states: Vec<Vec<f64>>) -> Chance {
        Chance { states, unique: Vec::new(), withheld: Vec::new(), namesakes: Vec::new() }
    }

    /// Whether tokens that two people of a file share were withheld.
    pub(crate) fn is_withheld(&self) -> bool {
        !self.unique.is_empty()
    }

    /// How much rarer (below 1) or commoner an observation is among different people than
    /// the states alone say: a loose key that agrees although its tokens are unique speaks
    /// of rare values, one that is withheld of common ones; and where both names agree, they
    /// often go together.
    ///
    /// `agree` are the keys that agree; `silent` those that must agree, since all their
    /// components do, but are withheld.
    pub(crate) fn rarity(&self, agree: Keys, silent: Keys) -> f64 {
        if !self.is_withheld() {
            return 1.0;
        }
        let rarest = ones(agree).map(|k| self.unique[k]).fold(1.0, f64::min);
        let commonest = ones(silent).filter_map(|k| self.withheld[k]).fold(1.0, f64::max);
        let together = ones(agree | silent).map(|k| self.namesakes[k]).fold(1.0, f64::max);
        rarest * commonest * together
    }
}

fn mean(of: [f64; 2]) -> f64 {
    (of[0] + of[1]) / 2.0
}

fn crossed(a: &Tally<'_>, b: &Tally<'_>) -> f64 {
    mean([a, b].map(|m| {
        let of = m.groups.iter().find(|g| g.group == NAMES_CROSSED);
        of.and_then(|g| g.subsets.first()).map_or(0.0, |s| s.chance)
    }))
}

/// For one key: how much the chance of agreement changes when both tokens are unique in
/// their files, and when one is withheld.
///
/// The chance of agreeing on unique tokens is that of a value met exactly once in each of
/// two samples. With values met at rate λ the expected number of those is Σ λ² e^(−2λ), and
/// the number met exactly twice in one sample is Σ ½ λ² e^(−λ): so about twice that number,
/// thinned by e^(−λ) with λ judged from the ratio of twos to ones (Good 1953, Turing's
/// estimate of rates).
fn rarity(a: &KeyTally, b: &KeyTally) -> (f64, Option<f64>) {
    let unique = mean([a, b].map(|k| {
        let people = (k.filled + k.shared) as f64;
        let twos = k.held_by_two as f64;
        let thinned = 2.0 * twos * (-2.0 * twos / (k.filled.max(1) as f64)).exp();
        thinned.max(0.5) / (people * (people - 1.0)).max(1.0)
    }));
    let before = mean([a.chance, b.chance]);
    let kept = [a, b]
        .map(|k| k.filled as f64 / (k.filled + k.shared).max(1) as f64)
        .into_iter()
        .product::<f64>();
    let share = if before > 0.0 { (unique / before).min(1.0) } else { 1.0 };
    let withheld = 1.0 - kept;
    (
        if kept > 0.0 { share / kept } else { 1.0 },
        (withheld > 0.002).then(|| (1.0 - share) / withheld),
    )
}
