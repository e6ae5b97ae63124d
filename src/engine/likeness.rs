//! How alike whole records are, as evidence beside the agreement of their tokens.
//!
//! A pair's *level* says how much two records resemble each other as a whole; what that
//! means depends on what is known to agree already: records with one surname and one
//! address resemble each other whoever they are of. So levels are read in a context, the
//! set of components that agree for certain, and can speak of what is left only.
//!
//! The levels of different people are learnt from pairs that cannot be one person, since
//! one of the two has its match elsewhere (or, where few have, from all that are likelier of
//! two people), and then stay as they are; those of the same person are learnt with the odds
//! that they change. Were both free, EM would settle on any two kinds of pairs that differ in
//! likeness.

use rustc_hash::FxHashMap;

use super::space::{Components, Space};

/// The level of a pair whose records were not compared as a whole.
pub(crate) const NOT_COMPARED: u8 = 0;
/// How many levels there are: [`NOT_COMPARED`], 1 (not alike) up to `LEVELS` - 1 (the same).
pub(crate) const LEVELS: usize = 16;

/// How much all contexts together weigh in a coarse context, in pairs.
const COARSE_PRIOR: f64 = 10.0;
/// How much a coarse context weighs in a fine one, in pairs.
const FINE_PRIOR: f64 = 50.0;

/// A set of components that agree for certain, by number.
pub(crate) type Context = u32;

/// The contexts that there are, each with the coarse one it belongs to.
pub(crate) struct Likeness {
    numbers: FxHashMap<Components, Context>,
    /// Per context, the coarse one: which comparison groups agree in full.
    coarse: Vec<usize>,
    coarse_contexts: usize,
}

/// The levels of each context, by what pairs weigh or how likely each is.
#[derive(Debug, Clone)]
pub(crate) struct Levels(Vec<[f64; LEVELS]>);

impl Likeness {
    /// Of pairs of which these components agree for certain.
    pub(crate) fn new(space: &Space, agreeing: impl Iterator<Item = Components>) -> Likeness {
        let (mut numbers, mut coarse) = (FxHashMap::default(), vec![]);
        for components in agreeing {
            numbers.entry(components).or_insert_with(|| {
                coarse.push(space.context(components));
                coarse.len() as Context - 1
            });
        }
        Likeness { numbers, coarse, coarse_contexts: 1 << space.groups.len() }
    }

    /// The context of components, one of those that there are.
    pub(crate) fn context(&self, agreeing: Components) -> Context {
        self.numbers.get(&agreeing).copied().unwrap_or_default()
    }

    /// No pair counted yet.
    pub(crate) fn none(&self) -> Levels {
        Levels(vec![[0.0; LEVELS]; self.coarse.len()])
    }

    /// The probabilities of the levels, from pairs as counted. A context that few pairs are in
    /// is read as the wider one it belongs to.
    pub(crate) fn learn(&self, counted: Levels) -> Levels {
        let Levels(mut fine) = counted;
        let mut coarse = vec![[0.0; LEVELS]; self.coarse_contexts];
        let mut every = [0.0; LEVELS];
        for (counts, &context) in fine.iter().zip(&self.coarse) {
            for level in 0..LEVELS {
                coarse[context][level] += counts[level];
                every[level] += counts[level];
            }
        }
        let even = [1.0 / (LEVELS - 1) as f64; LEVELS];
        let every = settled(&every, &even, COARSE_PRIOR);
        for counts in &mut coarse {
            *counts = settled(counts, &every, COARSE_PRIOR);
        }
        for (counts, &context) in fine.iter_mut().zip(&self.coarse) {
            *counts = settled(counts, &coarse[context], FINE_PRIOR);
        }
        Levels(fine)
    }
}

impl Levels {
    /// Counts pairs too that were counted elsewhere, at so much of their weight.
    pub(crate) fn add(&mut self, more: &Levels, weight: f64) {
        for (sum, more) in self.0.as_flattened_mut().iter_mut().zip(more.0.as_flattened()) {
            *sum += weight * more;
        }
    }

    /// What all pairs together weigh.
    pub(crate) fn total(&self) -> f64 {
        self.0.as_flattened().iter().sum()
    }

    /// Counts a pair that weighs so much.
    pub(crate) fn count(&mut self, context: Context, level: u8, weight: f64) {
        if level != NOT_COMPARED {
            self.0[context as usize][usize::from(level)] += weight;
        }
    }
}

/// How much likelier each level is, in each context, for the same person than for different
/// ones.
#[derive(Debug)]
pub(crate) struct Ratios(Vec<[f64; LEVELS]>);

impl Ratios {
    /// Every level says as much of the one as of the other.
    pub(crate) fn even(likeness: &Likeness) -> Ratios {
        Ratios(vec![[1.0; LEVELS]; likeness.coarse.len()])
    }

    /// From the probabilities of the levels.
    pub(crate) fn new(same: &Levels, different: &Levels) -> Ratios {
        let ratio = |(same, different): (&[f64; LEVELS], &[f64; LEVELS])| {
            let at = |level| match level {
                0 => 1.0,
                level => same[level] / different[level],
            };
            std::array::from_fn(at)
        };
        Ratios(same.0.iter().zip(&different.0).map(ratio).collect())
    }

    /// That of a level in a context.
    pub(crate) fn of(&self, context: Context, level: u8) -> f64 {
        self.0[context as usize][usize::from(level)]
    }
}

/// Counts and a prior of so many pairs, as probabilities; neighbouring levels share, since
/// where a level ends is arbitrary.
fn settled(counts: &[f64; LEVELS], prior: &[f64; LEVELS], weight: f64) -> [f64; LEVELS] {
    let total = counts.iter().sum::<f64>() + weight;
    let at = |l: usize| counts[l.clamp(1, LEVELS - 1)];
    let mut p = [0.0; LEVELS];
    for l in 1..LEVELS {
        let smooth = 0.2 * at(l - 1) + 0.6 * at(l) + 0.2 * at(l + 1);
        p[l] = (smooth + weight * prior[l]) / total;
    }
    p
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::{Preset, Project};

    #[test]
    fn likeness_speaks_for_the_same_person_and_few_pairs_are_read_as_their_wider_context() {
        let text = Preset::Minimal.toml("p", "2026");
        let space = Space::of_match_keys(&Project::parse(&text, "p").expect("a preset"));
        // A thousand pairs with nothing agreeing, half of them alike; one with one component;
        // one that was not compared.
        let mut agreeing = vec![0; 1000];
        let mut levels = [[14, 2]; 500].concat();
        agreeing.extend([1, 0]);
        levels.extend([14, NOT_COMPARED]);
        let likeness = Likeness::new(&space, agreeing.iter().copied());
        let pairs: Vec<(Context, u8)> =
            agreeing.iter().map(|&c| likeness.context(c)).zip(levels).collect();
        let learn = |weight: fn(u8) -> bool| {
            let mut counted = likeness.none();
            for &(context, level) in &pairs {
                counted.count(context, level, f64::from(u8::from(weight(level))));
            }
            likeness.learn(counted)
        };
        let (same, different) = (learn(|level| level > 8), learn(|level| level <= 8));
        let ratios = Ratios::new(&same, &different);
        let ratios: Vec<f64> = pairs.iter().map(|&(c, level)| ratios.of(c, level)).collect();
        assert!(ratios[0] > 20.0 && ratios[1] < 0.05, "{} and {}", ratios[0], ratios[1]);
        assert!(ratios[1000] > 10.0, "{}", ratios[1000]);
        assert_eq!(ratios[1001], 1.0);
        for levels in [same, different] {
            for p in levels.0 {
                assert!((p.iter().sum::<f64>() - 1.0).abs() < 0.01, "{p:?}");
            }
        }
    }
}
