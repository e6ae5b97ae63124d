//! Keys that different people share: how many there are, and how many chance alone would make.

use std::collections::HashMap;

use crate::slk::Slk581;

/// Keys and their people.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shared {
    /// Different keys.
    pub(super) keys: u64,
    /// Keys of more than one person.
    pub(super) shared: u64,
    /// Pairs of people with one key.
    pub(super) pairs: u64,
    /// How many such pairs there would be, were letters, dates and sexes dealt out by chance.
    pub(super) by_chance: f64,
}

/// Counts the keys of records, whose people are known.
pub(super) fn count(keys: &[Option<Slk581>], person_of: &[u32]) -> Shared {
    let mut held: Vec<(&str, u32)> = keys
        .iter()
        .zip(person_of)
        .filter_map(|(key, &person)| Some((key.as_ref()?.as_str(), person)))
        .collect();
    held.sort_unstable();
    held.dedup();
    let mut sum = Shared { keys: 0, shared: 0, pairs: 0, by_chance: by_chance(&held) };
    for people in held.chunk_by(|a, b| a.0 == b.0) {
        let people = people.len() as u64;
        sum.keys += 1;
        sum.shared += u64::from(people > 1);
        sum.pairs += people * (people - 1) / 2;
    }
    sum
}

/// The pairs that chance would make: all pairs, times the chance that two people have the same
/// letters, the same birth date and the same sex. Names and dates are taken for independent,
/// so that families and namesakes of one age add to what is counted.
fn by_chance(held: &[(&str, u32)]) -> f64 {
    let all = held.len() as f64 * (held.len() as f64 - 1.0) / 2.0;
    if all <= 0.0 {
        return 0.0;
    }
    let alike = [0..5, 5..13, 13..14].map(|part| {
        let mut counts: HashMap<&str, u64> = HashMap::new();
        for (key, _) in held {
            *counts.entry(&key[part.clone()]).or_default() += 1;
        }
        // Whole numbers, so that the order of counting does not matter.
        counts.values().map(|n| n * (n - 1) / 2).sum::<u64>() as f64 / all
    });
    (all * alike.iter().product::<f64>() * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(texts: &[&str]) -> Vec<Option<Slk581>> {
        texts.iter().map(|text| text.parse().ok()).collect()
    }

    #[test]
    fn a_key_is_shared_by_people_and_not_by_records() {
        let one = "MIHOH010120171";
        let two = "ONSAN010119802";
        let keys = keys(&[one, one, two, one, "none", two]);
        // The first two records are one person, and so are the last and the one before.
        let shared = count(&keys, &[0, 0, 2, 3, 4, 2]);
        assert_eq!((shared.keys, shared.shared, shared.pairs), (2, 1, 1));
    }

    #[test]
    fn chance_is_the_product_of_the_parts() {
        // Four people: two and two share letters, three the birth date, all the sex.
        let keys = keys(&["MIHOH010120171", "MIHOH010120171", "ONSAN010120171", "ONSAN020120171"]);
        let shared = count(&keys, &[0, 1, 2, 3]);
        // 6 pairs, 2 of them alike in letters, 3 in dates, 6 in sex: 6 · 1/3 · 1/2 · 1.
        assert_eq!(shared.by_chance, 1.0);
        assert_eq!(shared.pairs, 1);
        assert_eq!(count(&[], &[]).by_chance, 0.0);
    }
}
