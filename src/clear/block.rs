//! Candidate pairs in the clear: people who have a match key's values in common, or names
//! that are close in spelling. Nothing is withheld here, so blocks of common values are
//! capped instead.

use std::hash::{DefaultHasher, Hasher};

use rayon::prelude::*;

use super::compare::Comparison;
use super::traits::NO_WORD;
use crate::encode::chance::joint_value;
use crate::encode::{NO_VALUE, TokenSets};
use crate::engine::Keys;
use crate::project::{Component, Project};

/// What is compared with what, at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Up to so many people, names of nearly the same spelling make pairs too.
    pub(crate) spelling: usize,
    /// The most people with one value who are compared with each other.
    pub(crate) block: usize,
    /// A match key that makes more pairs per person than this is too loose to be worth it.
    pub(crate) pairs_each: u64,
    /// The most pairs of all match keys, each counted as often as it is found. Pairs by chance
    /// grow with the square of the people; where there would be more, the loosest keys go.
    pub(crate) pairs: u64,
}

/// Candidate pairs, and what the limits left out.
#[derive(Debug, Default)]
pub(crate) struct Candidates {
    /// By number, the lower first; sorted.
    pub(crate) pairs: Vec<(u32, u32)>,
    /// Pairs in blocks over the cap.
    pub(crate) dropped: u64,
    /// How many blocks those are.
    pub(crate) dropped_blocks: u64,
    /// Match keys that would make too many pairs, by place in the project.
    pub(crate) too_loose: Vec<usize>,
}

/// The people of a comparison with the values of their components.
#[derive(Debug)]
pub(crate) struct Blocking<'a> {
    pub(crate) project: &'a Project,
    /// The columns of the values.
    pub(crate) components: &'a [Component],
    pub(crate) sets: &'a TokenSets,
    pub(crate) comparison: &'a Comparison<'a>,
}

impl Blocking<'_> {
    /// All candidate pairs within the limits.
    pub(crate) fn candidates(&self, limits: Limits) -> Candidates {
        let mut found = Found::within(limits);
        for key in 0..self.project.match_keys.len() {
            let columns = self.columns(key);
            let of = |&set: &u32| joint_value(&columns, set);
            let values: Vec<u64> = self.comparison.places().par_iter().map(of).collect();
            let values = (0..).zip(values).map(|(person, value)| (value, person)).collect();
            self.block(Some(key), values, &mut found);
        }
        let people = self.comparison.places().len();
        if people <= limits.spelling {
            for misspelt in [Misspelt::Given, Misspelt::Family] {
                self.block(None, self.spellings(misspelt), &mut found);
            }
        }
        if people <= LOOSE_UP_TO {
            for single in self.comparison.singles() {
                self.block(None, single, &mut found);
            }
        }
        found.candidates()
    }

    /// Per person, one name whole with the other less any one letter: names that one typing
    /// error keeps apart have such a value in common.
    fn spellings(&self, misspelt: Misspelt) -> Vec<(u64, u32)> {
        let people = 0..self.comparison.places().len() as u32;
        people
            .into_par_iter()
            .flat_map_iter(|person| {
                let (family, given) = self.comparison.names_of(person);
                let (whole, misspelt) = match misspelt {
                    Misspelt::Given => (family, given),
                    Misspelt::Family => (given, family),
                };
                let text = self.comparison.word(misspelt).text();
                let is_long = whole != NO_WORD && text.len() >= SHORTEST_MISSPELT;
                let letters = if is_long { text.len() + 1 } else { 0 };
                (0..letters).map(move |left_out| (spelling(whole, text, left_out), person))
            })
            .collect()
    }

    /// The match keys that agree in a pair.
    pub(crate) fn agreeing(&self, a: u32, b: u32) -> Keys {
        let places = self.comparison.places();
        let (a, b) = (places[a as usize], places[b as usize]);
        (0..self.project.match_keys.len())
            .filter(|&key| {
                let columns = self.columns(key);
                let value = joint_value(&columns, a);
                value != NO_VALUE && value == joint_value(&columns, b)
            })
            .fold(0, |set, key| set | 1 << key)
    }

    fn columns(&self, key: usize) -> Vec<&[u64]> {
        let components = &self.project.match_keys[key].components;
        let columns = components.iter().filter_map(|c| self.components.binary_search(c).ok());
        columns.map(|column| self.sets.values[column].as_slice()).collect()
    }

    /// Adds the pairs of people with equal values, of a match key or of something else.
    fn block(&self, key: Option<usize>, mut order: Vec<(u64, u32)>, found: &mut Found) {
        order.retain(|(value, _)| *value != NO_VALUE);
        order.par_sort_unstable();
        order.dedup();
        let blocks: Vec<&[(u64, u32)]> =
            order.chunk_by(|x, y| x.0 == y.0).filter(|block| block.len() > 1).collect();
        let (kept, capped): (Vec<&[_]>, Vec<&[_]>) =
            blocks.into_iter().partition(|block| block.len() <= found.limits.block);
        let count = |blocks: &[&[(u64, u32)]]| -> u64 {
            blocks.iter().map(|block| (block.len() * (block.len() - 1) / 2) as u64).sum()
        };
        let forecast = count(&kept);
        let most = found.limits.pairs_each * self.comparison.places().len() as u64;
        if forecast > most || forecast >= found.loosest {
            found.too_loose.extend(key);
            return;
        }
        let pairs: Vec<(u32, u32)> = kept
            .par_iter()
            .flat_map_iter(|block| {
                block.iter().enumerate().flat_map(|(i, &(_, a))| {
                    block[i + 1..].iter().map(move |&(_, b)| (a.min(b), a.max(b)))
                })
            })
            .filter(|&(a, b)| self.comparison.may_be_one(a, b))
            .collect();
        let (dropped, dropped_blocks) = (count(&capped), capped.len() as u64);
        found.add(Block { key, forecast, pairs, dropped, dropped_blocks });
    }
}

/// The pairs with equal values in one match key, or in something else.
struct Block {
    key: Option<usize>,
    /// How many pairs there are, those that cannot be one person too.
    forecast: u64,
    pairs: Vec<(u32, u32)>,
    dropped: u64,
    dropped_blocks: u64,
}

/// What was found so far, within limits.
struct Found {
    limits: Limits,
    blocks: Vec<Block>,
    too_loose: Vec<usize>,
    /// What makes so many pairs or more was too much.
    loosest: u64,
}

impl Found {
    fn within(limits: Limits) -> Found {
        Found { limits, blocks: vec![], too_loose: vec![], loosest: u64::MAX }
    }

    /// Adds a block; where all together are too many, the loosest go. So the ones that stay are
    /// tighter than any that went, whatever their order.
    fn add(&mut self, block: Block) {
        self.blocks.push(block);
        let mut all: u64 = self.blocks.iter().map(|block| block.forecast).sum();
        while all > self.limits.pairs {
            let places = 0..self.blocks.len();
            let Some(place) = places.max_by_key(|&place| self.blocks[place].forecast) else {
                break;
            };
            let block = self.blocks.swap_remove(place);
            all -= block.forecast;
            self.loosest = block.forecast;
            self.too_loose.extend(block.key);
        }
    }

    fn candidates(self) -> Candidates {
        let Found { blocks, mut too_loose, .. } = self;
        too_loose.sort_unstable();
        let dropped = blocks.iter().map(|block| block.dropped).sum();
        let dropped_blocks = blocks.iter().map(|block| block.dropped_blocks).sum();
        // The same pairs come again with most keys.
        let mut pairs = Vec::new();
        for block in blocks {
            pairs.extend(block.pairs);
            if pairs.len() > MOST_UNTIDY {
                tidy(&mut pairs);
            }
        }
        tidy(&mut pairs);
        Candidates { pairs, dropped, dropped_blocks, too_loose }
    }
}

/// Which name was misspelt.
#[derive(Debug, Clone, Copy)]
enum Misspelt {
    Given,
    Family,
}

/// Up to so many people, a single value in common may be enough to be compared, where it
/// makes no more pairs than a match key may.
const LOOSE_UP_TO: usize = 200_000;

/// Short names have too many neighbours.
const SHORTEST_MISSPELT: usize = 4;

/// A number for a whole name and the letters of another but one; all of them where it is
/// the letter behind the last that is left out.
fn spelling(whole: u32, text: &str, left_out: usize) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write_u32(whole);
    let letters = text.bytes().enumerate().filter(|(i, _)| *i != left_out);
    letters.for_each(|(_, letter)| hasher.write_u8(letter));
    hasher.finish().max(NO_VALUE + 1)
}

/// Pairs are kept as they come up to so many.
const MOST_UNTIDY: usize = 1 << 25;

fn tidy(pairs: &mut Vec<(u32, u32)>) {
    pairs.par_sort_unstable();
    pairs.dedup();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clear::tests::{person, project, traits};
    use crate::clear::{Source, Traits};
    use crate::encode::{Encoder, Scratch};

    const LIMITS: Limits =
        Limits { spelling: usize::MAX, block: 50, pairs_each: 5, pairs: u64::MAX };

    fn found(people: &[crate::standardise::Person], unique: bool, limits: Limits) -> Candidates {
        let project = project();
        let encoder = Encoder::for_values(&project);
        let mut sets = encoder.token_sets(people.len());
        let mut scratch = Scratch::default();
        people.iter().for_each(|person| encoder.encode(person, &mut scratch, &mut sets));
        let traits: Traits = traits(&project, people);
        let n = people.len() as u32;
        let source = Source { people: 0..n, unique };
        let comparison = Comparison::new(&project, &traits, vec![source], (0..n).collect());
        let components = encoder.components();
        Blocking { project: &project, components, sets: &sets, comparison: &comparison }
            .candidates(limits)
    }

    #[test]
    fn names_one_letter_apart_are_compared() {
        let two = |a: &str, b: &str| {
            // Nothing else in common, down to the sounds.
            let people = [
                person([a, "CATHERINE", "17/05/1980", "2", "BRUCE", "2617"]),
                person([b, "CATHERINE", "29/11/1955", "1", "PERTH", "6000"]),
            ];
            let project = project();
            let traits = traits(&project, &people);
            let source = Source { people: 0..2, unique: false };
            let comparison = Comparison::new(&project, &traits, vec![source], vec![0, 1]);
            let encoder = Encoder::for_values(&project);
            let sets = encoder.token_sets(0);
            let components = encoder.components();
            let blocking =
                Blocking { project: &project, components, sets: &sets, comparison: &comparison };
            let mut found = Found::within(LIMITS);
            blocking.block(None, blocking.spellings(Misspelt::Family), &mut found);
            found.candidates().pairs.len()
        };
        for (other, expected) in
            [("BRADXEY", 1), ("BARDLEY", 1), ("BRADLE", 1), ("BRADLEYS", 1), ("BRXDLXY", 0)]
        {
            assert_eq!(two("BRADLEY", other), expected, "{other}");
        }
    }

    #[test]
    fn blocks_over_the_cap_are_counted_and_a_source_of_single_people_has_no_pairs() {
        let people: Vec<_> = (0..40)
            .map(|i| person(["SMITH", "ANNA", &format!("17/05/{}", 1940 + i), "2", "", ""]))
            .collect();
        let pairs = 40 * 39 / 2;
        let all = Limits { pairs_each: 1000, ..LIMITS };
        assert_eq!(found(&people, false, all).pairs.len(), pairs);
        assert!(found(&people, true, all).pairs.is_empty());
        let capped = found(&people, false, Limits { block: 10, ..all });
        assert!(capped.pairs.is_empty() && capped.dropped_blocks > 0);
        assert_eq!(capped.dropped % pairs as u64, 0);
        let loose = found(&people, false, LIMITS);
        assert!(loose.pairs.is_empty() && !loose.too_loose.is_empty());
    }

    #[test]
    fn of_too_many_pairs_those_of_the_loosest_keys_go() {
        let sizes = [40u64, 7, 90, 20, 60, 3, 90];
        let kept = |order: &[usize], pairs| {
            let mut found = Found::within(Limits { pairs, ..LIMITS });
            for &key in order {
                let (key, forecast) = (Some(key), sizes[key]);
                if forecast < found.loosest {
                    found.add(Block {
                        key,
                        forecast,
                        pairs: vec![],
                        dropped: 0,
                        dropped_blocks: 0,
                    });
                }
            }
            let mut kept: Vec<usize> = found.blocks.iter().filter_map(|block| block.key).collect();
            kept.sort_unstable();
            kept
        };
        for order in [[0, 1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1, 0], [2, 4, 0, 6, 3, 1, 5]] {
            assert_eq!(kept(&order, 100), [0, 1, 3, 5]);
            assert_eq!(kept(&order, 30), [1, 3, 5]);
            assert_eq!(kept(&order, 2), [0; 0]);
        }
    }
}
