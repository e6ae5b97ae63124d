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
/// fuzzy value. Of the columns no more than `room` bytes are kept in memory beside those of the
/// first people.
pub(super) fn levels(
    packages: &[Package],
    people: &People,
    candidates: &[Candidate],
    encoding: Option<FuzzyEncoding>,
    room: usize,
) -> Vec<u8> {
    let mut levels = vec![NOT_COMPARED; candidates.len()];
    let Some(encoding) = encoding else { return levels };
    let columns = Columns::new(packages, encoding);
    // The first people of all candidates are near each other; by the second ones, their rows
    // are read from front to back.
    let key = |c: &Candidate| (people.source_of(c.a) as u64) << 32 | u64::from(c.b);
    let mut order: Vec<(u64, u32)> =
        candidates.iter().enumerate().map(|(i, c)| (key(c), i as u32)).collect();
    order.par_sort_unstable();
    let window = (room / encoding.width()).max(AT_ONCE) as u64;
    let mut left = &order[..];
    while let Some(&(first, _)) = left.first() {
        let (now, later) = left.split_at(left.partition_point(|(key, _)| *key < first + window));
        let found: Vec<Vec<u8>> = now
            .par_chunks(AT_ONCE)
            .map(|chunk| {
                let pair = |&(_, i): &(u64, u32)| candidates[i as usize];
                columns.levels(people, chunk.iter().map(pair).collect())
            })
            .collect();
        for (&(_, i), level) in now.iter().zip(found.concat()) {
            levels[i as usize] = level;
        }
        if let (Some(&(key, _)), Some(_)) = (now.last(), later.first()) {
            packages[people.source_of(key as u32)].forget_fuzzy();
        }
        left = later;
    }
    levels
}

/// The level of one pair; [`NOT_COMPARED`] where one has no fuzzy value.
pub(super) fn level(
    packages: &[Package],
    people: &People,
    pair: Candidate,
    encoding: Option<FuzzyEncoding>,
) -> u8 {
    let levels = |encoding| Columns::new(packages, encoding).levels(people, vec![pair]);
    encoding.map_or(NOT_COMPARED, |encoding| levels(encoding)[0])
}

/// So many pairs are compared by one thread at a time.
const AT_ONCE: usize = 1 << 12;

/// The fuzzy columns of the packages.
struct Columns<'a> {
    packages: &'a [Package],
    rows: Vec<Option<Rows<'a>>>,
    /// The level of each distance.
    of_distance: Vec<u8>,
}

impl<'a> Columns<'a> {
    fn new(packages: &'a [Package], encoding: FuzzyEncoding) -> Columns<'a> {
        let rows = packages
            .iter()
            .map(|p| p.fuzzy().and_then(|column| Rows::new(column.bytes(), column.width())))
            .collect();
        let most = 8 * encoding.width() as u16;
        let of_distance = (0..=most).map(|distance| level_of(distance, encoding)).collect();
        Columns { packages, rows, of_distance }
    }

    fn levels(&self, people: &People, pairs: Vec<Candidate>) -> Vec<u8> {
        let mut levels = vec![NOT_COMPARED; pairs.len()];
        let mut distances = Vec::new();
        let (mut rows, mut places) = (Vec::new(), Vec::new());
        let sources = |c: &Candidate| (people.source_of(c.a), people.source_of(c.b));
        let mut start = 0;
        for run in pairs.chunk_by(|x, y| sources(x) == sources(y)) {
            let out = &mut levels[start..start + run.len()];
            start += run.len();
            let (a, b) = sources(&run[0]);
            let (Some(rows_a), Some(rows_b)) = (self.rows[a], self.rows[b]) else { continue };
            rows.clear();
            places.clear();
            for (place, c) in run.iter().enumerate() {
                for row_a in fuzzy_rows(self.packages, people, c.a) {
                    for row_b in fuzzy_rows(self.packages, people, c.b) {
                        rows.push((row_a, row_b));
                        places.push(place);
                    }
                }
            }
            distances.resize(rows.len(), 0);
            Kernel::best().hamming_pairs(rows_a, rows_b, &rows, &mut distances);
            // Of people with several records, the two that are most alike.
            for (&distance, &place) in distances.iter().zip(&places) {
                out[place] = out[place].max(self.of_distance[usize::from(distance)]);
            }
        }
        levels
    }
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
