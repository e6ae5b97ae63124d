//! Exact competition of pairs between two sources that hold each person once. A pair's
//! probability is its share of all one-to-one assignments, each as likely as the product of
//! its pairs' odds. The pairs of probability one half or more then are the assignment with the
//! most right links expected, less wrong ones: no two of them have a person in common.

use super::decisions::Decision;
use super::people::People;
use super::score::ScoredPair;
use crate::files::{self, Pile};

/// Odds below this join no components: such a pair takes part as a person who is matched
/// elsewhere.
const FAINT: f64 = 1e-3;
/// The most people of the smaller side of a component; all their subsets are gone through.
const MOST_PEOPLE: usize = 12;
/// The most people of the larger side.
const MOST_OTHERS: usize = 64;

/// Whether people compete exactly: between two sources, each without duplicates.
pub(super) fn is_possible(people: &People) -> bool {
    people.sources.len() == 2 && people.sources.iter().all(|source| source.unique)
}

/// Gives each pair its probability over all one-to-one assignments. The pairs are sorted, and
/// those of components that are too large keep the probability that they have.
///
/// # Errors
/// When pairs are on disk, and that refuses.
pub(super) fn compete(people: &People, pairs: &mut Pile<ScoredPair>) -> Result<(), files::Error> {
    // What a person may be matched to beside the component, as odds; 1 is nobody.
    let mut outside = vec![1.0; people.len()];
    let mut parent: Vec<u32> = (0..people.len() as u32).collect();
    // A decision may name two people of one source; they compete with nobody.
    let is_across = |pair: &ScoredPair| people.source_of(pair.a) != people.source_of(pair.b);
    pairs.each(|pair| {
        if !is_across(pair) {
        } else if pair.odds < FAINT {
            outside[pair.a as usize] += pair.odds;
            outside[pair.b as usize] += pair.odds;
        } else {
            let (a, b) = (root(&mut parent, pair.a), root(&mut parent, pair.b));
            parent[a.max(b) as usize] = a.min(b);
        }
    })?;
    // The pairs of each component, with their places among all pairs.
    let mut order: Vec<(u32, usize, Edge)> = Vec::new();
    let mut place = 0;
    pairs.each(|pair| {
        if pair.odds >= FAINT && is_across(pair) {
            let ScoredPair { a, b, odds, .. } = *pair;
            // Odds beside being matched outside, so that being matched outside is 1.
            let odds = odds / outside[a as usize] / outside[b as usize];
            order.push((root(&mut parent, a), place, Edge { a, b, odds }));
        }
        place += 1;
    })?;
    order.sort_unstable_by_key(|&(root, place, _)| (root, place));
    let mut found: Vec<(usize, f64)> = Vec::new();
    for component in order.chunk_by(|x, y| x.0 == y.0) {
        let edges: Vec<Edge> = component.iter().map(|&(_, _, edge)| edge).collect();
        let Some(shares) = shares(&edges) else { continue };
        found.extend(component.iter().map(|&(_, place, _)| place).zip(shares));
    }
    found.sort_unstable_by_key(|&(place, _)| place);
    let mut found = found.into_iter().peekable();
    let mut place = 0;
    pairs.rewrite(|mut chunk, _| {
        for pair in &mut chunk {
            if let Some((_, share)) = found.next_if(|&(of, _)| of == place) {
                pair.probability = pair.decision.map_or(share, Decision::probability);
            }
            place += 1;
        }
        chunk
    })
}

fn root(parent: &mut [u32], mut person: u32) -> u32 {
    while parent[person as usize] != person {
        parent[person as usize] = parent[parent[person as usize] as usize];
        person = parent[person as usize];
    }
    person
}

/// A pair of a component.
#[derive(Debug, Clone, Copy)]
struct Edge {
    a: u32,
    b: u32,
    odds: f64,
}

/// Of each edge, its share in the sum over all assignments; `None` when there are too many.
///
/// People of the larger side are gone through one by one; the state is which people of the
/// smaller side are taken. Sums from both ends meet at each edge.
fn shares(edges: &[Edge]) -> Option<Vec<f64>> {
    let distinct = |side: fn(&Edge) -> u32| {
        let mut people: Vec<u32> = edges.iter().map(side).collect();
        people.sort_unstable();
        people.dedup();
        people
    };
    let (mut others, mut few) = (distinct(|e| e.a), distinct(|e| e.b));
    let mut ends: Vec<(u32, u32)> = edges.iter().map(|e| (e.a, e.b)).collect();
    if few.len() > others.len() {
        std::mem::swap(&mut others, &mut few);
        ends.iter_mut().for_each(|(a, b)| std::mem::swap(a, b));
    }
    if few.len() > MOST_PEOPLE || others.len() > MOST_OTHERS {
        return None;
    }
    let states = 1usize << few.len();
    // Per person of the larger side, its edges: the edge, and the other end as a bit.
    let mut of_other: Vec<Vec<(usize, usize)>> = vec![vec![]; others.len()];
    for (i, (other, person)) in ends.iter().enumerate() {
        let (other, person) = (others.binary_search(other).ok()?, few.binary_search(person).ok()?);
        of_other[other].push((i, 1 << person));
    }
    let mut before = vec![vec![0.0; states]; others.len() + 1];
    before[0][0] = 1.0;
    for (o, own) in of_other.iter().enumerate() {
        for taken in 0..states {
            let sum = before[o][taken];
            before[o + 1][taken] += sum;
            for &(i, bit) in own.iter().filter(|(_, bit)| taken & bit == 0) {
                before[o + 1][taken | bit] += sum * edges[i].odds;
            }
        }
    }
    let mut after = vec![1.0; states];
    let mut shares = vec![0.0; edges.len()];
    for (o, own) in of_other.iter().enumerate().rev() {
        let mut here = after.clone();
        for taken in 0..states {
            for &(i, bit) in own.iter().filter(|(_, bit)| taken & bit == 0) {
                let rest = edges[i].odds * after[taken | bit];
                shares[i] += before[o][taken] * rest;
                here[taken] += rest;
            }
        }
        after = here;
    }
    let all = after[0];
    Some(shares.into_iter().map(|share| (share / all).clamp(0.0, 1.0)).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::link::people::tests::people;

    /// The pairs after they competed.
    fn competed(people: &People, pairs: Vec<ScoredPair>) -> Vec<ScoredPair> {
        let mut pairs = Pile::held(pairs);
        compete(people, &mut pairs).expect("in memory");
        pairs.into_vec().expect("in memory")
    }

    fn pair(a: u32, b: u32, odds: f64) -> ScoredPair {
        ScoredPair { a, b, weight: 0.0, odds, probability: -1.0, agree: 1, decision: None }
    }

    /// Every set of edges in which no person is twice.
    fn assignments(edges: &[ScoredPair]) -> Vec<Vec<usize>> {
        (0..1u32 << edges.len())
            .map(|set| (0..edges.len()).filter(|i| set >> i & 1 == 1).collect())
            .filter(|chosen: &Vec<usize>| {
                let mut ends: Vec<u32> =
                    chosen.iter().flat_map(|&i| [edges[i].a, edges[i].b]).collect();
                ends.sort_unstable();
                ends.windows(2).all(|two| two[0] != two[1])
            })
            .collect()
    }

    #[test]
    fn a_rival_who_is_better_off_elsewhere_does_not_count() {
        let people = people(&[(true, &[1, 2]), (true, &[3, 4])]);
        // The first person fits both; the better of the two is surely the second's.
        let pairs = vec![pair(0, 2, 10.0), pair(0, 3, 12.0), pair(1, 3, 1e6)];
        let pairs = competed(&people, pairs);
        assert!(pairs[0].probability > 0.9 && pairs[1].probability < 1e-4);
        assert!(pairs[2].probability > 0.999);
    }

    #[test]
    fn too_large_a_component_is_left_as_it_is() {
        let many: Vec<u8> = (0..20).collect();
        let people = people(&[(true, &many), (true, &many)]);
        let pairs = (0..20).flat_map(|a| (20..40).map(move |b| pair(a, b, 1.0))).collect();
        let pairs = competed(&people, pairs);
        assert!(pairs.iter().all(|pair| pair.probability == -1.0));
    }

    proptest! {
        /// Against all assignments, one by one.
        #[test]
        fn probabilities_and_choice_are_those_of_brute_force(
            edges in prop::collection::btree_map((0u32..4, 4u32..8), -4.0f64..9.0, 1..11),
        ) {
            let people = people(&[(true, &[1, 2, 3, 4]), (true, &[5, 6, 7, 8])]);
            let pairs = edges.into_iter().map(|((a, b), log)| pair(a, b, log.exp())).collect();
            let pairs = competed(&people, pairs);
            let assignments = assignments(&pairs);
            let weight = |chosen: &Vec<usize>| chosen.iter().map(|&i| pairs[i].odds).product::<f64>();
            let all: f64 = assignments.iter().map(weight).sum();
            for (i, pair) in pairs.iter().enumerate() {
                let with: f64 = assignments.iter().filter(|c| c.contains(&i)).map(weight).sum();
                prop_assert!((pair.probability - with / all).abs() < 1e-9);
            }
            // The expected number of right links, less wrong ones.
            let worth = |chosen: &[usize]| {
                chosen.iter().map(|&i| 2.0 * pairs[i].probability - 1.0).sum::<f64>()
            };
            let best = assignments.iter().map(|c| worth(c)).fold(0.0, f64::max);
            let linked: Vec<usize> =
                (0..pairs.len()).filter(|&i| pairs[i].probability >= 0.5).collect();
            prop_assert!((worth(&linked) - best).abs() < 1e-9);
        }
    }
}
