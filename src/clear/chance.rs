//! How often two different people of a source are in each state of a comparison group: u.
//! Full agreement is counted, the states short of it are sampled.

use std::collections::HashMap;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::compare::Comparison;
use super::states::{BANDS, family, given};
use super::traits::NO_WORD;

/// So many pairs of a source are looked at; all of them where there are fewer.
const SAMPLED_PAIRS: u64 = 1_000_000;
/// Pairs of one piece of work.
const PIECE: u64 = 1 << 14;
/// Two names that agree have the same sex this often, where a source has no sexes.
const SAME_SEX: f64 = 0.95;
/// Rounds of sharing out the pairs that are not known in full.
const ROUNDS: usize = 20;

/// Per source and group, the probability of each state.
pub(super) fn of_sources(comparison: &Comparison<'_>) -> Vec<Vec<Vec<f64>>> {
    (0..comparison.sources().len())
        .map(|s| {
            let (seen, pairs) = sample(comparison, s);
            (0..comparison.len())
                .map(|g| {
                    let sampled =
                        shared_out(&comparison.possible()[g], &seen[g], comparison.states(g));
                    let counted = counted(comparison, s, g);
                    let people = comparison.sources()[s].people.len() as f64;
                    let least = 0.1 / (people * people).max(1.0);
                    joined(sampled, &counted, 0.5 / pairs.max(1.0), least)
                })
                .collect()
        })
        .collect()
}

/// Chances without the pairs that are the same person, who are this share of all pairs and
/// in each state so often.
pub(super) fn without(chances: &[Vec<f64>], same: &[Vec<f64>], share: f64) -> Vec<Vec<f64>> {
    chances
        .iter()
        .zip(same)
        .map(|(chances, same)| {
            let left = chances.iter().zip(same).map(|(all, same)| {
                // What is left of a state is never nothing: it was only counted so often.
                (all - share * same).max(all / 50.0)
            });
            normal(left.collect())
        })
        .collect()
}

/// Per group, how often each outcome was seen among sampled pairs; and their number.
fn sample(comparison: &Comparison<'_>, s: usize) -> (Vec<Vec<u64>>, f64) {
    let people = comparison.sources()[s].people.clone();
    let (first, n) = (people.start, people.len() as u64);
    let all = n * n.saturating_sub(1) / 2;
    let groups = comparison.len();
    let count = |pairs: &mut dyn Iterator<Item = (u32, u32)>| {
        let mut seen = vec![vec![0u64; 256]; groups];
        for (a, b) in pairs {
            let outcomes = comparison.outcomes(a, b);
            for (g, seen) in seen.iter_mut().enumerate() {
                seen[usize::from((outcomes >> (8 * g)) as u8)] += 1;
            }
        }
        seen
    };
    let pieces: Vec<Vec<Vec<u64>>> = if all <= SAMPLED_PAIRS {
        let rows = people.clone().into_par_iter();
        rows.map(|a| count(&mut (a + 1..people.end).map(|b| (a, b)))).collect()
    } else {
        (0..SAMPLED_PAIRS / PIECE)
            .into_par_iter()
            .map(|piece| {
                let mut random = ChaCha8Rng::seed_from_u64(piece);
                let mut pair = || {
                    let a = random.random_range(0..n);
                    let b = random.random_range(0..n - 1);
                    let b = if b >= a { b + 1 } else { b };
                    (first + a as u32, first + b as u32)
                };
                count(&mut (0..PIECE).map(|_| pair()))
            })
            .collect()
    };
    let mut seen = vec![vec![0u64; 256]; groups];
    for piece in pieces {
        for (sum, n) in seen.iter_mut().flatten().zip(piece.iter().flatten()) {
            *sum += n;
        }
    }
    (seen, all.min(SAMPLED_PAIRS) as f64)
}

/// State probabilities from outcomes that each leave some states possible: pairs are shared
/// out over those in proportion to what is known of the states so far.
fn shared_out(possible: &[u64], seen: &[u64], states: usize) -> Vec<f64> {
    let mut p = vec![1.0 / states as f64; states];
    for _ in 0..ROUNDS {
        let mut counts = vec![1e-3; states];
        for (&set, &n) in possible.iter().zip(seen).filter(|(_, n)| **n > 0) {
            let among: f64 = crate::engine::ones(set).map(|s| p[s]).sum();
            for s in crate::engine::ones(set) {
                counts[s] += n as f64 * p[s] / among;
            }
        }
        p = normal(counts);
    }
    p
}

/// The states whose probability can be counted over all pairs, with it.
fn counted(comparison: &Comparison<'_>, s: usize, g: usize) -> Vec<(usize, f64)> {
    let people = comparison.sources()[s].people.clone();
    let values = &comparison.common(g).values;
    let mut held: HashMap<u32, u64> = HashMap::new();
    for p in people.clone() {
        *held.entry(values[p as usize]).or_default() += 1;
    }
    let known = people.len() as u64 - held.remove(&NO_WORD).unwrap_or(0);
    if known < 2 {
        return vec![];
    }
    let pairs = |n: u64| (n * n.saturating_sub(1)) as f64;
    let mut bands = [0.0; BANDS];
    for (&value, &n) in &held {
        // Whole numbers: the order of adding does not matter.
        bands[comparison.common(g).band(value, 2)] += pairs(n);
    }
    let share = bands.map(|n| n / pairs(known));
    let full = |band: usize| comparison.full_state(g, band);
    if comparison.is_given(g) {
        let same = same_sex(comparison, people);
        return (0..BANDS)
            .flat_map(|band| {
                let differs = 2 * (given::EQUAL + band);
                [(full(band), share[band] * same), (differs, share[band] * (1.0 - same))]
            })
            .collect();
    }
    let mut all: Vec<(usize, f64)> = (0..BANDS).map(|band| (full(band), share[band])).collect();
    if comparison.is_family(g) {
        all.push((family::CROSSED, crossed(comparison, people)));
    }
    all
}

/// How often two people with one given name have one sex.
fn same_sex(comparison: &Comparison<'_>, people: std::ops::Range<u32>) -> f64 {
    let mut held: HashMap<u32, HashMap<u8, u64>> = HashMap::new();
    for p in people {
        let (name, sex) = (comparison.given.values[p as usize], comparison.sex(p));
        if name != 0 && sex != 0 {
            *held.entry(name).or_default().entry(sex).or_default() += 1;
        }
    }
    let pairs = |n: u64| n * n.saturating_sub(1);
    let (mut all, mut same) = (0, 0);
    for sexes in held.values() {
        all += pairs(sexes.values().sum());
        same += sexes.values().map(|&n| pairs(n)).sum::<u64>();
    }
    // A little belief for small files.
    (same as f64 + 20.0 * SAME_SEX) / (all as f64 + 20.0)
}

/// How often the family name of each of two people is the given name of the other.
fn crossed(comparison: &Comparison<'_>, people: std::ops::Range<u32>) -> f64 {
    let mut held: HashMap<(u32, u32), u64> = HashMap::new();
    let mut known = 0u64;
    for p in people {
        let (family, given) = comparison.names_of(p);
        if family != NO_WORD && given != NO_WORD {
            *held.entry((family, given)).or_default() += 1;
            known += 1;
        }
    }
    let pairs: u64 = held
        .iter()
        .filter(|((family, given), _)| family != given)
        .map(|(&(family, given), n)| n * held.get(&(given, family)).copied().unwrap_or(0))
        .sum();
    pairs as f64 / (known * known.saturating_sub(1)).max(1) as f64
}

/// Sampled probabilities, with those that were counted in their place.
fn joined(sampled: Vec<f64>, counted: &[(usize, f64)], least: f64, least_counted: f64) -> Vec<f64> {
    let mut p: Vec<f64> = sampled.iter().map(|p| p.max(least)).collect();
    for &(state, _) in counted {
        p[state] = 0.0;
    }
    let rest: f64 = p.iter().sum();
    let sum: f64 = counted.iter().map(|(_, share)| share).sum();
    let scale = (1.0 - sum).max(0.0) / rest.max(f64::MIN_POSITIVE);
    p.iter_mut().for_each(|p| *p = (*p * scale).max(least_counted));
    for &(state, share) in counted {
        p[state] = share.max(least_counted);
    }
    normal(p)
}

fn normal(p: Vec<f64>) -> Vec<f64> {
    let total: f64 = p.iter().sum();
    p.into_iter().map(|p| p / total).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clear::Source;
    use crate::clear::tests::{person, project, traits};

    #[test]
    fn chances_are_shares_of_the_pairs_of_people() {
        let project = project();
        let people: Vec<_> = (0..60)
            .map(|i| {
                let family = ["SMITH", "JONES", "NGUYEN"][i % 3];
                let given = ["ANNA", "PETER"][i % 2];
                let date = format!("{:02}/05/{}", i % 28 + 1, 1940 + i);
                person([family, given, &date, ["2", "1"][i % 2], "BRUCE", "2617"])
            })
            .collect();
        let traits = traits(&project, &people);
        let source = Source { people: 0..60, unique: false };
        let comparison = Comparison::new(&project, &traits, vec![source], (0..60).collect());
        let chances = of_sources(&comparison).remove(0);
        for group in &chances {
            assert!((group.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            assert!(group.iter().all(|p| *p > 0.0));
        }
        let full = |g: usize| -> f64 {
            (0..BANDS).map(|band| chances[g][comparison.full_state(g, band)]).sum()
        };
        // 20 of each family name: 19 of the other 59. 30 of each given name, one sex each.
        assert!((full(1) - 19.0 / 59.0).abs() < 1e-3, "{}", full(1));
        assert!((full(0) - 29.0 / 59.0).abs() < 0.01, "{}", full(0));
        assert!(full(2) < 1e-3 && full(3) > 0.99);
    }

    #[test]
    fn the_same_person_is_taken_out_of_what_was_counted() {
        let (u, m) = (vec![0.9, 0.1], vec![0.2, 0.8]);
        let counted: Vec<f64> = u.iter().zip(&m).map(|(u, m)| 0.95 * u + 0.05 * m).collect();
        let back = &without(&[counted], &[m], 0.05)[0];
        assert!((back[0] - 0.9).abs() < 1e-9 && (back[1] - 0.1).abs() < 1e-9);
        // Never to nothing.
        assert!(without(&[vec![0.9, 0.1]], &[vec![0.0, 1.0]], 0.5)[0][1] > 0.0);
    }
}
