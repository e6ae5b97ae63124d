//! Every row against every row, with those kept that are near enough.
//!
//! Candidates are turned on their side in tiles: word `w` of sixteen rows lies together, so
//! that one vector instruction works on sixteen pairs and nothing is added up across a
//! vector. Eight query rows meet a tile that stays in the cache. Both measures come down to
//! bits in common, and a pair is given up as soon as the bits that are left cannot bring it
//! to the limit, which is exact: common so far + the smaller of the two numbers of ones left
//! is the most it can reach.

use std::fmt;

use super::{Dice, Implementation, Kernel, Rows, plain};

/// Candidate rows side by side in one vector.
pub(super) const GROUP: usize = 16;
/// Query rows that meet a group at once.
pub(super) const QUERIES: usize = 8;
/// A tile takes this many bytes, half of the second-level cache of small machines.
const TILE_BYTES: usize = 128 * 1024;
/// Query rows that are laid out at once; a tile is laid out again for each so many.
const QUERIES_AT_ONCE: usize = 8192;
/// From this many pairs on, it pays to look for the best place to give up.
const WORTH_A_LOOK: usize = 1 << 20;

/// A share between 0 and 1 as two whole numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Ratio {
    num: u16,
    den: u16,
}

impl Ratio {
    /// The share num/den; `None` unless 0 < num ≤ den ≤ 10,000.
    pub fn new(num: u16, den: u16) -> Option<Self> {
        (num > 0 && num <= den && den <= 10_000).then_some(Ratio { num, den })
    }

    /// Numerator and denominator.
    pub fn parts(self) -> (u16, u16) {
        (self.num, self.den)
    }
}

impl fmt::Debug for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.num, self.den)
    }
}

impl Kernel {
    /// Every pair with at most `limit` differing bits: the place of the query row, that of the
    /// candidate row, and the bits that differ. The order is the same on every machine: by
    /// runs of query rows, in them by candidates.
    ///
    /// # Panics
    /// When the widths differ.
    pub fn hamming_within(
        self,
        queries: Rows<'_>,
        candidates: Rows<'_>,
        limit: u32,
        mut hit: impl FnMut(usize, usize, u32),
    ) {
        // At most so many bits differ as two rows have, so a larger limit says no more.
        let limit = Limit { common: 2, slack: i64::from(limit.min(1 << 17)), ones: 1 };
        self.scan(queries, candidates, limit, |q, c, dice| hit(q, c, dice.sum - 2 * dice.common));
    }

    /// Every pair of filters whose Dice coefficient is at least `ratio`: the place of the query
    /// row, that of the candidate row, and their counts. In the order of
    /// [`Kernel::hamming_within`]. An empty filter is near to none.
    ///
    /// # Panics
    /// When the widths differ.
    pub fn dice_at_least(
        self,
        queries: Rows<'_>,
        candidates: Rows<'_>,
        ratio: Ratio,
        mut hit: impl FnMut(usize, usize, Dice),
    ) {
        let limit = Limit { common: 2 * i64::from(ratio.den), slack: 0, ones: ratio.num.into() };
        self.scan(queries, candidates, limit, |q, c, dice| {
            if dice.sum > 0 {
                hit(q, c, dice);
            }
        });
    }

    fn scan(
        self,
        queries: Rows<'_>,
        candidates: Rows<'_>,
        limit: Limit,
        mut hit: impl FnMut(usize, usize, Dice),
    ) {
        assert_eq!(queries.width(), candidates.width(), "rows of one width");
        let width = queries.width();
        let words = width.div_ceil(4);
        let cut = best_cut(queries, candidates, limit);
        let ones_of = |rows: Rows<'_>| rows.iter().map(plain::ones).collect::<Vec<u32>>();
        let (query_ones, candidate_ones) = (ones_of(queries), ones_of(candidates));
        let rows_of_tile = (TILE_BYTES / (words * 4)).next_multiple_of(GROUP);
        let mut tile = Tile::default();
        let mut near = Vec::new();
        for from in (0..queries.len()).step_by(QUERIES_AT_ONCE) {
            let to = queries.len().min(from + QUERIES_AT_ONCE);
            let blocks: Vec<(usize, Block)> = (from..to)
                .step_by(QUERIES)
                .map(|i| (i, Block::new(queries, i..to.min(i + QUERIES), &query_ones, limit, cut)))
                .collect();
            for first in (0..candidates.len()).step_by(rows_of_tile) {
                let last = candidates.len().min(first + rows_of_tile);
                tile.fill(candidates, first..last, &candidate_ones, limit, cut);
                for (start, block) in &blocks {
                    self.sweep(&tile, block, cut, &mut near);
                    near.sort_unstable_by_key(|n| (n.query, n.candidate));
                    for Near { query, candidate, common } in near.drain(..) {
                        let (q, c) = (start + query, first + candidate);
                        // A lane behind the last row of a ragged tile is no candidate.
                        if c < last {
                            let sum = query_ones[q] + candidate_ones[c];
                            if limit.allows(common, sum) {
                                hit(q, c, Dice { common, sum });
                            }
                        }
                    }
                }
            }
        }
    }

    fn sweep(self, tile: &Tile, block: &Block, cut: usize, near: &mut Vec<Near>) {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Implementation::Avx512 => super::avx512::sweep(tile, block, cut, near),
            #[cfg(target_arch = "x86_64")]
            Implementation::Avx2 => super::avx2::sweep(tile, block, cut, near),
            Implementation::Plain => plain::sweep(tile, block, cut, near),
        }
    }
}

/// What a pair must reach: `common`·(bits in common) + `slack` ≥ `ones`·(ones of the two).
/// A Dice coefficient of num/den is 2·den, 0, num; and since differing bits are all ones but
/// twice the common ones, a Hamming distance of d is 2, d, 1.
#[derive(Debug, Clone, Copy)]
struct Limit {
    common: i64,
    slack: i64,
    ones: i64,
}

impl Limit {
    fn allows(self, common: u32, sum: u32) -> bool {
        self.common * i64::from(common) + self.slack >= self.ones * i64::from(sum)
    }

    /// What a query row adds to the bits that must be in common. Rounded down, as that of the
    /// candidate is, so their sum is never above the true number and less than 2 below it.
    fn needed_by_query(self, ones: u32) -> i32 {
        (self.ones * i64::from(ones)).div_euclid(self.common) as i32
    }

    /// What a candidate row adds to the bits that must be in common.
    fn needed_by_candidate(self, ones: u32) -> i32 {
        (self.ones * i64::from(ones) - self.slack).div_euclid(self.common) as i32
    }
}

/// A pair that is near enough but for rounding.
#[derive(Debug, Clone, Copy)]
pub(super) struct Near {
    pub(super) query: usize,
    pub(super) candidate: usize,
    pub(super) common: u32,
}

/// Candidates in groups of sixteen, on their side.
#[derive(Default)]
pub(super) struct Tile {
    words: usize,
    /// Group by group, word by word: that word of each row of the group. Short rows and short
    /// groups are filled up with zeros, which have nothing in common with anything.
    lanes: Vec<[u32; GROUP]>,
    /// Per group, what each row adds to the bits that must be in common.
    pub(super) needed: Vec<[i32; GROUP]>,
    /// Per group, the ones of each row behind the cut.
    pub(super) tail: Vec<[u32; GROUP]>,
}

impl Tile {
    fn fill(
        &mut self,
        rows: Rows<'_>,
        range: std::ops::Range<usize>,
        ones: &[u32],
        limit: Limit,
        cut: usize,
    ) {
        let groups = range.len().div_ceil(GROUP);
        self.words = rows.width().div_ceil(4);
        for (list, len) in [(&mut self.lanes, groups * self.words), (&mut self.tail, groups)] {
            list.clear();
            list.resize(len, [0; GROUP]);
        }
        self.needed.clear();
        self.needed.resize(groups, [i32::MAX / 2; GROUP]);
        for (i, row) in range.enumerate() {
            let (group, lane) = (i / GROUP, i % GROUP);
            for (w, word) in words_of(rows.row(row)).enumerate() {
                self.lanes[group * self.words + w][lane] = word;
            }
            self.needed[group][lane] = limit.needed_by_candidate(ones[row]);
            self.tail[group][lane] = ones_behind(rows.row(row), cut);
        }
    }

    pub(super) fn groups(&self) -> usize {
        self.needed.len()
    }

    pub(super) fn words_of(&self, group: usize) -> &[[u32; GROUP]] {
        &self.lanes[group * self.words..][..self.words]
    }
}

/// Up to eight query rows, word by word.
pub(super) struct Block {
    pub(super) len: usize,
    pub(super) words: Vec<[u32; QUERIES]>,
    /// What each row adds to the bits that must be in common; a place without a row needs
    /// more than any pair has.
    pub(super) needed: [i32; QUERIES],
    /// The ones of each row behind the cut.
    pub(super) tail: [u32; QUERIES],
}

impl Block {
    fn new(
        rows: Rows<'_>,
        range: std::ops::Range<usize>,
        ones: &[u32],
        limit: Limit,
        cut: usize,
    ) -> Self {
        let mut block = Block {
            len: range.len(),
            words: vec![[0; QUERIES]; rows.width().div_ceil(4)],
            needed: [i32::MAX / 2; QUERIES],
            tail: [0; QUERIES],
        };
        for (i, row) in range.enumerate() {
            for (words, word) in block.words.iter_mut().zip(words_of(rows.row(row))) {
                words[i] = word;
            }
            block.needed[i] = limit.needed_by_query(ones[row]);
            block.tail[i] = ones_behind(rows.row(row), cut);
        }
        block
    }
}

/// The words of 32 bits of a row, the last one filled up with zeros.
fn words_of(row: &[u8]) -> impl Iterator<Item = u32> {
    let (words, rest) = row.as_chunks::<4>();
    let last = (!rest.is_empty()).then(|| {
        let mut word = [0; 4];
        word[..rest.len()].copy_from_slice(rest);
        u32::from_ne_bytes(word)
    });
    words.iter().map(|w| u32::from_ne_bytes(*w)).chain(last)
}

fn ones_behind(row: &[u8], cut: usize) -> u32 {
    plain::ones(row.get(cut * 4..).unwrap_or_default())
}

/// The number of words after which to look whether a pair can still reach the limit: the one
/// that costs least on a sample spread over both sides. Pairs are given up only when they
/// cannot reach it, so this changes the time and never the answer.
fn best_cut(queries: Rows<'_>, candidates: Rows<'_>, limit: Limit) -> usize {
    let words = queries.width().div_ceil(4);
    if queries.len().saturating_mul(candidates.len()) < WORTH_A_LOOK {
        return words;
    }
    const QUERY_SAMPLE: usize = 8;
    const GROUP_SAMPLE: usize = 8;
    let query_step = (queries.len() / QUERY_SAMPLE).max(1);
    let group_step = (candidates.len() / GROUP_SAMPLE).max(GROUP);
    // How many groups are still looked at after so many words.
    let mut alive = vec![0usize; words + 1];
    let mut seen = 0;
    for q in (0..queries.len()).step_by(query_step) {
        for first in (0..candidates.len()).step_by(group_step) {
            let group = first..candidates.len().min(first + GROUP);
            let until = group.map(|c| alive_until(queries.row(q), candidates.row(c), limit));
            let until = until.max().unwrap_or_default();
            alive[..=until].iter_mut().for_each(|n| *n += 1);
            seen += 1;
        }
    }
    // A look costs about as much as two words; what is left of a group is counted by itself,
    // without its neighbours' words at hand, at about three times the price.
    let cost = |cut: usize| (cut + 2) * seen + 3 * alive[cut] * (words - cut);
    (1..words).min_by_key(|cut| cost(*cut)).filter(|cut| cost(*cut) < words * seen).unwrap_or(words)
}

/// After how many words a pair is still not given up.
fn alive_until(query: &[u8], candidate: &[u8], limit: Limit) -> usize {
    let (query_ones, candidate_ones) = (plain::ones(query), plain::ones(candidate));
    let needed = limit.needed_by_query(query_ones) + limit.needed_by_candidate(candidate_ones);
    let (mut common, mut query_tail, mut candidate_tail) = (0, query_ones, candidate_ones);
    for (w, (q, c)) in words_of(query).zip(words_of(candidate)).enumerate() {
        if ((common + query_tail.min(candidate_tail)) as i32) < needed {
            return w.saturating_sub(1);
        }
        common += (q & c).count_ones();
        query_tail -= q.count_ones();
        candidate_tail -= c.count_ones();
    }
    query.len().div_ceil(4)
}
