//! What typing errors hide from every match key: the people left without a link, compared
//! with each other exhaustively by their fuzzy values: all of them where they are few, a
//! sample otherwise, to see how many matches there are that no key has found.
//!
//! How often two different people are so alike is not guessed but counted, between the
//! people left over of one and the same source. Pairs of two sources beyond that number are
//! the matches.

use rayon::prelude::*;

use super::compare::level_of;
use super::people::People;
use super::score::{PROBABLE, ScoredPair};
use crate::engine::LEVELS;
use crate::files::{self, Pile};
use crate::kernel::{Kernel, Rows};
use crate::package::Package;
use crate::project::fuzzy::FuzzyEncoding;

/// Of fewer people than this too little is known of what is due to chance.
const FEWEST: usize = 50;
/// So many pairs are compared in all, shared evenly by the pairs of sources. Where two sources
/// have more, some of the people left over are compared, to estimate what was missed.
const MOST_PAIRS: u64 = 100_000_000;
/// Of a sample, one in so many of these pairs: a match is among so few of all pairs by luck
/// only, so the sample tells whether the keys miss a great deal, and more pairs tell no more.
const SAMPLED: u64 = 5;
/// Candidate rows that one thread takes at a time.
const ROWS_AT_ONCE: usize = 1024;

/// What the comparison of the people left over has shown.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// Pairs that no match key has found, as they are judged.
    pub(super) pairs: Vec<ScoredPair>,
    /// How many pairs of people were compared.
    pub(super) compared: u64,
    /// Matches that no match key has found and the fuzzy values show; nothing where the
    /// packages have none.
    pub(super) seen: Option<f64>,
    /// Whether a probable link with another source kept a person out.
    linked: Linked,
    /// The pairs of sources of which too many people are left over to compare them all.
    sampled: Vec<(usize, usize)>,
}

/// Who has a probable link with which source: a bit for each person and source.
#[derive(Debug, Default)]
struct Linked {
    sources: usize,
    bits: Vec<u64>,
}

impl Linked {
    fn new(people: &People) -> Linked {
        let sources = people.sources.len();
        Linked { sources, bits: vec![0; (people.len() * sources).div_ceil(64)] }
    }

    fn place(&self, person: u32, source: usize) -> (usize, u64) {
        let bit = person as usize * self.sources + source;
        (bit / 64, 1 << (bit % 64))
    }

    fn add(&mut self, person: u32, source: usize) {
        let (word, bit) = self.place(person, source);
        self.bits[word] |= bit;
    }

    fn has(&self, person: u32, source: usize) -> bool {
        let (word, bit) = self.place(person, source);
        self.bits.get(word).is_some_and(|word| word & bit != 0)
    }
}

/// Compares the people of every two sources who have no probable link between them. The scored
/// pairs are all that match keys have found, in order.
///
/// # Errors
/// When these are on disk, and that refuses.
pub(super) fn scan(
    packages: &[Package],
    people: &People,
    scored: &Pile<ScoredPair>,
    encoding: FuzzyEncoding,
) -> Result<Scan, files::Error> {
    let mut scan = Scan::default();
    let sources = people.sources.len();
    let mut linked = Linked::new(people);
    scored.each(|pair| {
        if pair.probability >= PROBABLE {
            linked.add(pair.a, people.source_of(pair.b));
            linked.add(pair.b, people.source_of(pair.a));
        }
    })?;
    let left = |of: usize, with: usize| {
        Left::new(people, &packages[of], of, |person| linked.has(person, with))
    };
    let most = MOST_PAIRS / (sources * sources.saturating_sub(1) / 2).max(1) as u64;
    for s in 0..sources {
        for t in s + 1..sources {
            let (Some(a), Some(b)) = rayon::join(|| left(s, t), || left(t, s)) else { continue };
            let seen = scan.between(&a, &b, scored, encoding, most)?;
            scan.seen = Some(scan.seen.unwrap_or_default() + seen);
            if a.pairs(&b) > most {
                scan.sampled.push((s, t));
            }
        }
    }
    scan.linked = linked;
    scan.pairs.sort_unstable_by_key(|pair| (pair.a, pair.b));
    Ok(scan)
}

impl Scan {
    /// Whether one of the two was kept out, having a probable link with the other's source.
    pub(super) fn is_linked(&self, people: &People, a: u32, b: u32) -> bool {
        let is = |one: u32, other: u32| self.linked.has(one, people.source_of(other));
        is(a, b) || is(b, a)
    }

    /// Whether not all people left over of their sources were compared.
    pub(super) fn is_sample(&self, people: &People, a: u32, b: u32) -> bool {
        let (s, t) = (people.source_of(a), people.source_of(b));
        self.sampled.contains(&(s.min(t), s.max(t)))
    }

    /// Two sources, of which at most so many pairs are compared, and as many within each to
    /// tell what is due to chance; gives how many matches the fuzzy values show between them.
    fn between(
        &mut self,
        a: &Left<'_>,
        b: &Left<'_>,
        scored: &Pile<ScoredPair>,
        encoding: FuzzyEncoding,
        most: u64,
    ) -> Result<f64, files::Error> {
        if a.len().min(b.len()) < FEWEST {
            return Ok(0.0);
        }
        let all = a.pairs(b);
        let is_sample = all > most;
        let some = if is_sample { most / SAMPLED } else { most };
        // Of a sample about as many of either side, or all where those are fewer.
        let side = some.isqrt().max(1) as usize;
        let of_either = |other: &Left<'_>| side.max(some as usize / other.len());
        let limit = limit(a, b);
        let level = |distance: u32| usize::from(level_of(distance as u16, encoding));
        let (from_a, from_b) = match is_sample {
            true => (a.sample(of_either(b)), b.sample(of_either(a))),
            false => (a.people.clone(), b.people.clone()),
        };
        let by_chance = |of: &Left<'_>| {
            let people = of.sample(side);
            let mut counts = [0.0; LEVELS];
            for (_, _, distance) in
                near([of, of], [&people, &people], limit).into_iter().filter(|(i, j, _)| i != j)
            {
                counts[level(distance)] += 1.0;
            }
            (counts, people.len() as f64 * (people.len() as f64 - 1.0).max(1.0))
        };
        let (between, (within_a, within_b)) = rayon::join(
            || near([a, b], [&from_a, &from_b], limit),
            || rayon::join(|| by_chance(a), || by_chance(b)),
        );
        let by_chance = [within_a, within_b];
        let mut hits: Vec<(u32, u32, usize)> = Vec::new();
        for (i, j, distance) in between {
            if scored.find(&(i, j), |pair| (pair.a, pair.b))?.is_none() {
                hits.push((i, j, level(distance)));
            }
        }
        let compared = from_a.len() as f64 * from_b.len() as f64;
        self.compared += compared as u64;

        let mut odds = [0.0; LEVELS];
        let mut counts = [0.0; LEVELS];
        for &(_, _, level) in &hits {
            counts[level] += 1.0;
        }
        for level in 1..LEVELS {
            let [(n, of), (m, among)] = by_chance.map(|(counts, pairs)| (counts[level], pairs));
            // Of a small source few people decide how often, so both together and either alone
            // have a say. Seen nowhere is rare, not impossible.
            let chance = compared * (n / of).max(m / among).max((n + m + 0.5) / (of + among));
            // Beyond what chance may be in as many counts: two standard deviations.
            let beyond = counts[level] - chance - 2.0 * chance.sqrt();
            odds[level] = (beyond / chance).max(odds[level - 1]);
        }
        let probability = |level: usize| odds[level] / (1.0 + odds[level]);
        let scale = all as f64 / compared;
        let found: f64 = hits.iter().map(|h| probability(h.2)).sum();
        if !is_sample {
            let pair = |&(a, b, level): &(u32, u32, usize)| {
                ScoredPair::new(a, b, 0, odds[level].log2(), odds[level])
            };
            self.pairs.extend(hits.iter().filter(|h| odds[h.2] > 0.0).map(pair));
        }
        Ok(found * scale)
    }
}

/// The people of a source left without a link who have a fuzzy value.
struct Left<'a> {
    package: &'a Package,
    people: Vec<u32>,
    rows: Rows<'a>,
    /// Per person of [`Left::people`], the row of its value.
    row_of: Vec<u32>,
}

impl<'a> Left<'a> {
    /// `None` where the package has no fuzzy values.
    fn new(
        people: &People,
        package: &'a Package,
        source: usize,
        is_linked: impl Fn(u32) -> bool,
    ) -> Option<Left<'a>> {
        let column = package.fuzzy()?;
        let rows = Rows::new(column.bytes(), column.width())?;
        let (people, row_of) = people
            .of_source(source)
            .filter(|&person| !is_linked(person))
            .filter_map(|person| Some((person, people.fuzzy_row(person)?)))
            .unzip();
        Some(Left { package, people, rows, row_of })
    }

    fn len(&self) -> usize {
        self.people.len()
    }

    /// How many pairs there are with people of another source.
    fn pairs(&self, other: &Left<'_>) -> u64 {
        self.len() as u64 * other.len() as u64
    }

    /// At most so many people, evenly from the first to the last.
    fn sample(&self, most: usize) -> Vec<u32> {
        self.people.iter().copied().step_by(self.len().div_ceil(most.max(1)).max(1)).collect()
    }

    /// The values of some of the people, one after the other.
    fn values(&self, people: &[u32]) -> Vec<u8> {
        let places = people.iter().filter_map(|person| self.people.binary_search(person).ok());
        self.values_at(&places.collect::<Vec<_>>())
    }

    /// The fuzzy values of people by their places among those left over, one after the other.
    /// They are read from front to back, and the file's memory goes back in between.
    fn values_at(&self, places: &[usize]) -> Vec<u8> {
        let width = self.rows.width();
        let mut order: Vec<(usize, usize)> =
            places.iter().enumerate().map(|(i, &place)| (place, i)).collect();
        order.sort_unstable();
        let mut values = vec![0; places.len() * width];
        for some in order.chunks(ROWS_AT_ONCE) {
            for &(place, i) in some {
                let value = self.rows.row(self.row_of[place] as usize);
                values[i * width..][..width].copy_from_slice(value);
            }
            self.package.forget_fuzzy();
        }
        values
    }
}

/// The distance within which about as many pairs are due to chance as there are people: so
/// many standard deviations below the mean of unlike people.
fn limit(a: &Left<'_>, b: &Left<'_>) -> u32 {
    const SAMPLE: usize = 1 << 14;
    let kernel = Kernel::best();
    let values = |of: &Left<'_>, step: usize| {
        of.values_at(&(0..SAMPLE).map(|i| i * step % of.len()).collect::<Vec<_>>())
    };
    let (x, y) = rayon::join(|| values(a, 7919), || values(b, 104_729));
    let both = x.chunks(a.rows.width()).zip(y.chunks(b.rows.width()));
    let mut distances: Vec<u32> = both.map(|(x, y)| kernel.hamming(x, y)).collect();
    // Matches among them would widen the spread, so it is taken from the middle half.
    distances.sort_unstable();
    let at = |share: usize| f64::from(distances[SAMPLE * share / 100]);
    let deviation = ((at(75) - at(25)) / 1.349).max(1.0);
    let people = a.len().min(b.len()).max(2) as f64;
    (at(50) - (2.0 * people.ln()).sqrt() * deviation).max(0.0) as u32
}

/// Some people of either side against each other: the pairs within the limit and their
/// distances, in order.
fn near([a, b]: [&Left<'_>; 2], [from_a, from_b]: [&[u32]; 2], limit: u32) -> Vec<(u32, u32, u32)> {
    // The smaller side is laid out once for each chunk of the larger one.
    if from_a.len() > from_b.len() {
        let mut hits = near([b, a], [from_b, from_a], limit);
        hits.iter_mut().for_each(|(i, j, _)| std::mem::swap(i, j));
        hits.sort_unstable();
        return hits;
    }
    let (kernel, width) = (Kernel::best(), a.rows.width());
    let queries = a.values(from_a);
    let mut hits: Vec<(u32, u32, u32)> = from_b
        .par_chunks(ROWS_AT_ONCE)
        .flat_map_iter(|chunk| {
            let mut hits = Vec::new();
            let candidates = b.values(chunk);
            let rows = Rows::new(&queries, width).zip(Rows::new(&candidates, width));
            if let Some((queries, candidates)) = rows {
                kernel.hamming_within(queries, candidates, limit, |q, c, distance| {
                    hits.push((from_a[q], chunk[c], distance));
                });
            }
            hits
        })
        .collect();
    hits.sort_unstable();
    hits
}
