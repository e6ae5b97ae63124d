//! How alike two people's fuzzy values are, as a level that the engine reads beside the
//! agreement of their tokens.

use rayon::prelude::*;

use super::block::Candidate;
use super::people::People;
use crate::engine::{LEVELS, NOT_COMPARED};
use crate::kernel::{Kernel, Rows};
use crate::package::Package;
use crate::project::fuzzy::FuzzyEncoding;

/// The level of every candidate, in their order; [`NOT_COMPARED`] where one of them has no
/// fuzzy value.
pub(super) fn levels(
    packages: &[Package],
    people: &People,
    candidates: &[Candidate],
    encoding: Option<FuzzyEncoding>,
) -> Vec<u8> {
    let mut levels = vec![NOT_COMPARED; candidates.len()];
    let Some(encoding) = encoding else { return levels };
    let kernel = Kernel::best();
    let columns: Vec<Option<Rows<'_>>> = packages
        .iter()
        .map(|p| p.fuzzy().and_then(|column| Rows::new(column.bytes(), column.width())))
        .collect();
    // Sorted by person, so runs of pairs of the same two sources read the columns in order.
    levels.par_chunks_mut(1 << 12).zip(candidates.par_chunks(1 << 12)).for_each(|(out, pairs)| {
        let mut distances = Vec::new();
        let (mut rows, mut places) = (Vec::new(), Vec::new());
        let sources = |c: &Candidate| (people.source_of(c.a), people.source_of(c.b));
        let mut start = 0;
        for run in pairs.chunk_by(|x, y| sources(x) == sources(y)) {
            let out = &mut out[start..start + run.len()];
            start += run.len();
            let (a, b) = sources(&run[0]);
            let (Some(rows_a), Some(rows_b)) = (columns[a], columns[b]) else { continue };
            rows.clear();
            places.clear();
            for (place, c) in run.iter().enumerate() {
                for row_a in fuzzy_rows(packages, people, c.a) {
                    for row_b in fuzzy_rows(packages, people, c.b) {
                        rows.push((row_a, row_b));
                        places.push(place);
                    }
                }
            }
            distances.resize(rows.len(), 0);
            kernel.hamming_pairs(rows_a, rows_b, &rows, &mut distances);
            // Of people with several records, the two that are most alike.
            for (&distance, &place) in distances.iter().zip(&places) {
                out[place] = out[place].max(level_of(distance, encoding));
            }
        }
    });
    levels
}

/// The rows of a person that have a fuzzy value.
fn fuzzy_rows<'a>(
    packages: &'a [Package],
    people: &'a People,
    person: u32,
) -> impl Iterator<Item = u32> + 'a {
    let column = packages[people.source_of(person)].fuzzy();
    let first = people.fuzzy_row(person);
    let further = first
        .filter(|_| people.has_several_rows(person))
        .map(|row| row + 1..people.rows_of(person).end as u32);
    first.into_iter().chain(
        further
            .into_iter()
            .flatten()
            .filter(move |&row| column.is_some_and(|column| column.is_valid(row as usize))),
    )
}

/// The level of a Hamming distance: 1 where nothing can be told from chance, then even steps
/// of the share of their bits that two people have in common.
///
/// Two base filters that differ in a share d of their bits give diffused values that differ
/// in (1 − (1 − 2d)^t)/2 of theirs (security of the diffusion layer: Armknecht, Heng,
/// Schnell 2023), so d follows from the distance. In filters half full, people who have a
/// share φ of their positions in common differ in d = 1 − 2^(φ−1) of the bits.
pub(super) fn level_of(distance: u16, encoding: FuzzyEncoding) -> u8 {
    let (bits, positions) = match encoding {
        FuzzyEncoding::Eld { outputs, positions } => (f64::from(outputs), f64::from(positions)),
        FuzzyEncoding::UnhardenedClk => (8.0 * encoding.width() as f64, 1.0),
    };
    let share = |likeness: f64| 1.0 + (1.0 - (1.0 - likeness.powf(1.0 / positions)) / 2.0).log2();
    // Half a standard deviation of the likeness of unlike values.
    let noise = 0.5 / bits.sqrt();
    let likeness = 1.0 - 2.0 * f64::from(distance) / bits;
    if likeness <= noise {
        return 1;
    }
    let least = share(noise);
    let steps = (LEVELS - 2) as f64;
    let step = ((share(likeness) - least) / (1.0 - least) * steps).floor();
    2 + step.clamp(0.0, steps - 1.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_rise_as_distances_fall() {
        let level = |distance| level_of(distance, FuzzyEncoding::ELD);
        assert_eq!((level(2048), level(1024), level(1015)), (1, 1, 1));
        assert_eq!(usize::from(level(0)), LEVELS - 1);
        let all: Vec<u8> = (0..=2048).map(level).collect();
        assert!(all.is_sorted_by(|x, y| x >= y));
        let used: std::collections::BTreeSet<u8> = all.into_iter().collect();
        assert_eq!(used.len(), LEVELS - 1);
    }
}
