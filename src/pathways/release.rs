//! What of the measures may be seen: every count of every table in one ledger, with every
//! sum that ties them together, protected as one.

use std::collections::{BTreeMap, BTreeSet};

use super::Error;
use super::measure::{Linkage, Measures, SETS_UP_TO};
use super::path::{Leaf, Path, Step, Tree};
use super::shown;
use super::tally::{Of, Tally};
use super::told::{self, Placed, Told};
use crate::disclosure::{self, CellId, Count, Ledger, Protection, Suppression, Threshold, Worth};
use crate::ids::SourceName;

/// People using so many programs or more are counted together.
pub(super) const TOP_NUMBER: usize = 4;

/// With fewer people than so many times the threshold, no tally is told.
const HANDFUL: u64 = 10;

/// How much a release tells. Where there are too few people to protect everything, less is
/// told, and what is not told needs no protection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Detail {
    /// Every table, and so many of the tallies.
    Full(usize),
    /// Nothing of pairs of programs, and no tally.
    Paths,
    /// Nothing of paths either.
    Programs,
}

impl Detail {
    /// From the most to the least: tallies are left out first, from the last, half of them at a
    /// time, since every try proves everything anew.
    fn all(tallies: usize) -> impl Iterator<Item = Detail> {
        let halves = std::iter::successors(Some(tallies), |n| (*n > 0).then_some(n / 2));
        halves.map(Detail::Full).chain([Detail::Paths, Detail::Programs])
    }

    fn is_full(self) -> bool {
        matches!(self, Detail::Full(_))
    }

    /// The tallies that are told.
    fn tallies(self, all: &[Tally]) -> &[Tally] {
        match self {
            Detail::Full(told) => &all[..told],
            Detail::Paths | Detail::Programs => &[],
        }
    }

    /// What is left out, in words.
    fn not_told(self, all: &[Tally]) -> Vec<String> {
        let few = |what: &str, how| {
            format!(
                "There are too few people to tell of {what} without telling of single people: {how}."
            )
        };
        let built_in = "moves and programs used together";
        let n_p = "all of it reads n.p. or is left out";
        let mut left: Vec<String> = match self {
            Detail::Full(_) => vec![],
            Detail::Paths => vec![few(built_in, n_p)],
            Detail::Programs => vec![few(&format!("paths, {built_in}"), n_p)],
        };
        let tallies = &all[self.tallies(all).len()..];
        if !tallies.is_empty() {
            let names: Vec<String> = tallies.iter().map(|t| format!("“{}”", t.caption)).collect();
            left.push(few(&names.join(", "), "the table is left out"));
        }
        left
    }
}

/// How the rows of one source were linked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SourceRows {
    pub(crate) source: SourceName,
    /// Rows by band: single, probable, definite.
    pub(crate) bands: [Count; 3],
    pub(crate) rows: Count,
}

/// Everything that may be published of a set of journeys. Holds no exact small count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    pub(crate) threshold: Threshold,
    /// The name of the way its counts are protected.
    pub(crate) protection: &'static str,
    pub(crate) suppression: Suppression,
    /// What is not told at all, and why: each a sentence.
    pub(crate) not_told: Vec<String>,
    pub(crate) programs: Vec<String>,
    pub(crate) people: u64,
    pub(crate) all_episodes: Count,
    pub(crate) users: Vec<Count>,
    pub(crate) episodes: Vec<Count>,
    /// People using 1, 2, … programs.
    pub(crate) by_number: Vec<Count>,
    /// Whether the last of [`Release::by_number`] is "or more".
    pub(crate) number_is_open: bool,
    pub(crate) both: Vec<Vec<Count>>,
    pub(crate) before: Vec<Vec<Count>>,
    pub(crate) moves: Vec<Vec<Count>>,
    pub(crate) tree: Tree,
    pub(crate) sources: Vec<SourceRows>,
    pub(crate) people_in_maps: Count,
    pub(crate) people_with_one_row: Count,
    pub(crate) people_with_more_rows: Count,
    /// The tallies, in the order of the report.
    pub(crate) told: Vec<Told>,
}

impl Release {
    /// Protects measures for publication.
    ///
    /// # Errors
    /// When there are too few people to publish anything.
    pub(crate) fn of(
        m: &Measures,
        tallies: &[Tally],
        linkage: &Linkage,
        sources: &[SourceName],
        threshold: Threshold,
    ) -> Result<Self, Error> {
        if m.people < u64::from(threshold.people()) {
            return Err(Error::TooFewPeople { threshold: threshold.people() });
        }
        let mut refusal = None;
        // Tables of a handful of people would be withheld cell by cell, after much searching.
        let is_handful = m.people < HANDFUL * u64::from(threshold.people());
        for detail in Detail::all(if is_handful { 0 } else { tallies.len() }) {
            match Release::at(detail, m, tallies, linkage, sources, threshold) {
                Ok(release) => return Ok(release),
                Err(e) => refusal = Some(e),
            }
        }
        Err(refusal.map_or(Error::NoJourneys, Error::from))
    }

    fn at(
        detail: Detail,
        m: &Measures,
        tallies: &[Tally],
        linkage: &Linkage,
        sources: &[SourceName],
        threshold: Threshold,
    ) -> Result<Self, disclosure::Error> {
        let not_told = detail.not_told(tallies);
        let tallies = detail.tallies(tallies);
        let mut hidden: BTreeSet<Path> = BTreeSet::new();
        if detail == Detail::Programs {
            hidden.extend(m.paths.keys().map(|p| p[..1].to_vec()));
        }
        loop {
            let tree = fold_safely(m, threshold, &mut hidden);
            let (mut ledger, ids) = Ids::build(detail, m, linkage, &tree, threshold);
            let places = told::place(&mut ledger, tallies, |of| ids.base(m, of));
            shown::declare(&mut ledger, m, &tree, tallies, &places);
            let suppression = ledger.protect()?;
            let lost: Vec<Path> = (0..m.programs.len())
                .filter(|&a| ids.entry_is_shown[a] && ledger.count(ids.entry[a]) == Count::Withheld)
                .map(first_step)
                .collect();
            if lost.is_empty() {
                let release = ids.release(m, sources, threshold, suppression, tree, &ledger);
                let told = tallies.iter().zip(&places).map(|(t, p)| p.told(t, &ledger)).collect();
                return Ok(Release { not_told, told, ..release });
            }
            hidden.extend(lost);
        }
    }

    /// People whose first program is each one, where shown, and the others together.
    pub(crate) fn entries(&self) -> (Vec<Count>, u64) {
        let shown: Vec<Option<u64>> =
            (0..self.programs.len()).map(|a| self.tree.beginning(&first_step(a))).collect();
        let others = self.tree.seen(|_| true) - shown.iter().flatten().sum::<u64>();
        (shown.into_iter().map(|n| n.map_or(Count::Withheld, Count::Shown)).collect(), others)
    }
}

fn first_step(program: usize) -> Path {
    vec![Step::Program(program as u8)]
}

/// Folds paths so that the people of a program less those whose shown path has it are not a
/// small number; folding one more path loses less than withholding the program's count.
pub(super) fn fold_safely(m: &Measures, threshold: Threshold, hidden: &mut BTreeSet<Path>) -> Tree {
    loop {
        let tree = Tree::fold(&m.paths, threshold, hidden);
        let more = (0..m.programs.len()).find_map(|a| {
            let with = |l: &Leaf| l.programs().any(|p| p == a);
            let unseen = m.users[a] - tree.seen(with);
            if !threshold.is_small(unseen) {
                return None;
            }
            // Folding the beginning that ends where a path first comes to the program takes
            // the program out of sight for everyone who began so.
            let stems = tree.leaves.iter().filter_map(|l| {
                let at = l.programs().position(|p| p == a)?;
                Some(l.path[..=at].to_vec())
            });
            stems.min_by_key(|stem| (tree.beginning(stem), stem.clone()))
        });
        match more {
            Some(path) if hidden.insert(path.clone()) => {}
            _ => return tree,
        }
    }
}

/// Where each count of the release stands in the ledger.
struct Ids {
    people: CellId,
    all_episodes: CellId,
    users: Vec<CellId>,
    episodes: Vec<CellId>,
    entry: Vec<CellId>,
    entry_is_shown: Vec<bool>,
    by_number: Vec<CellId>,
    number_is_open: bool,
    both: Pairs,
    before: Pairs,
    moves: Pairs,
    rows: Vec<([CellId; 3], CellId)>,
    people_in_maps: CellId,
    one_row: CellId,
    more_rows: CellId,
    /// Exact sets of programs, where the tables nearly fix how many people used them.
    sets: BTreeMap<u32, CellId>,
}

impl Ids {
    fn build(
        detail: Detail,
        m: &Measures,
        linkage: &Linkage,
        tree: &Tree,
        threshold: Threshold,
    ) -> (Ledger, Ids) {
        let mut ledger = Ledger::new(threshold);
        let l = &mut ledger;
        let n = m.programs.len();
        let people = l.publish(m.people, Worth::Fixed);
        let users: Vec<CellId> = m.users.iter().map(|&u| l.publish(u, Worth::Headline)).collect();
        for (a, &id) in users.iter().enumerate() {
            l.seen_in_part(id, m.users[a] - tree.seen(|leaf| leaf.programs().any(|p| p == a)));
        }

        let all: u64 = m.episodes.iter().sum();
        let all_episodes = l.publish(all, Worth::Headline);
        let episodes: Vec<CellId> = (0..n)
            .map(|a| match threshold.is_small(m.users[a]) || m.stays[a].is_dominated() {
                true => l.withhold(m.episodes[a]),
                false => l.publish(m.episodes[a], Worth::Row),
            })
            .collect();
        l.total(all_episodes, episodes.iter().copied());
        for a in 0..n {
            l.remainder(episodes[a], users[a], m.episodes[a] - m.users[a]);
        }

        let (entry, entry_is_shown) = entries(l, m, tree, people, &users);
        let (both, before, moves) = if detail.is_full() {
            let both = overlaps(l, m, tree, people, &users);
            let (before, moves) = orders(l, m, tree, &both);
            (both, before, moves)
        } else {
            untold(l, &users)
        };
        let (by_number, number_is_open, sets) =
            numbers(l, m, tree, people, &users, detail.is_full().then_some(&both));

        let people_in_maps = l.publish(linkage.people, Worth::Headline);
        l.remainder(people_in_maps, people, linkage.people - m.people);
        let one_row = l.publish(linkage.one_row, Worth::Row);
        let more_rows = l.publish(linkage.more_rows, Worth::Row);
        l.total(people_in_maps, [one_row, more_rows]);
        let rows: Vec<([CellId; 3], CellId)> = linkage
            .rows
            .iter()
            .map(|bands| {
                let total = l.publish(bands.iter().sum(), Worth::Row);
                let ids = bands.map(|b| l.publish(b, Worth::Detail));
                l.total(total, ids);
                (ids, total)
            })
            .collect();
        if linkage.rows.iter().map(|r| r[0]).sum::<u64>() == linkage.one_row {
            l.total(one_row, rows.iter().map(|(bands, _)| bands[0]));
        }
        let ids = Ids {
            people,
            all_episodes,
            users,
            episodes,
            entry,
            entry_is_shown,
            by_number,
            number_is_open,
            both,
            before,
            moves,
            rows,
            people_in_maps,
            one_row,
            more_rows,
            sets,
        };
        (ledger, ids)
    }

    fn release(
        &self,
        m: &Measures,
        sources: &[SourceName],
        threshold: Threshold,
        suppression: Suppression,
        tree: Tree,
        ledger: &Ledger,
    ) -> Release {
        let count = |id: CellId| ledger.count(id);
        let list = |ids: &[CellId]| ids.iter().map(|&id| count(id)).collect::<Vec<_>>();
        let square = |ids: &[Vec<CellId>]| ids.iter().map(|r| list(r)).collect::<Vec<_>>();
        let source_rows = |(source, (bands, rows)): (&SourceName, &([CellId; 3], CellId))| {
            SourceRows { source: source.clone(), bands: bands.map(count), rows: count(*rows) }
        };
        Release {
            threshold,
            protection: Protection::Suppress.name(),
            suppression,
            not_told: Vec::new(),
            programs: m.programs.clone(),
            people: m.people,
            all_episodes: count(self.all_episodes),
            users: list(&self.users),
            episodes: list(&self.episodes),
            by_number: list(&self.by_number),
            number_is_open: self.number_is_open,
            both: square(&self.both),
            before: square(&self.before),
            moves: square(&self.moves),
            tree,
            sources: sources.iter().zip(&self.rows).map(source_rows).collect(),
            people_in_maps: count(self.people_in_maps),
            people_with_one_row: count(self.one_row),
            people_with_more_rows: count(self.more_rows),
            told: Vec::new(),
        }
    }

    /// Where a count that tallies are part of stands, and its value.
    fn base(&self, m: &Measures, of: Of) -> Option<Placed> {
        Some(match of {
            Of::Program(a) => (self.users[a], m.users[a]),
            Of::Both(a, b) => (self.both[a][b], m.both[a][b]),
            Of::Moves(a, b) => (self.moves[a][b], m.moves[a][b]),
            Of::Entry(a) => (self.entry[a], m.entered(a)),
            Of::Number(k) => {
                let open = k == self.by_number.len() && self.number_is_open;
                let people = if open { m.by_number[k..].iter().sum() } else { m.by_number[k] };
                (self.by_number[k - 1], people)
            }
            Of::Episodes(a) => (self.episodes[a], m.episodes[a]),
            // Tallies find each other before they ask here.
            Of::Everyone | Of::Group(..) | Of::Count(..) => (self.people, m.people),
            Of::Set(set) => {
                let people = m.sets.get(&set).copied().unwrap_or(0);
                (*self.sets.get(&set)?, people)
            }
        })
    }
}

/// Entry programs: everyone has one, and nobody entered a program they did not use.
fn entries(
    l: &mut Ledger,
    m: &Measures,
    tree: &Tree,
    people: CellId,
    users: &[CellId],
) -> (Vec<CellId>, Vec<bool>) {
    let mut ids = Vec::new();
    let mut is_shown = Vec::new();
    for (a, &users_of_a) in users.iter().enumerate() {
        let entered = m.entered(a);
        let shown = tree.beginning(&first_step(a)).is_some();
        let id = if shown { l.publish(entered, Worth::Row) } else { l.derive(entered) };
        l.remainder(users_of_a, id, m.users[a] - entered);
        ids.push(id);
        is_shown.push(shown);
    }
    l.total(people, ids.iter().copied());
    (ids, is_shown)
}

/// Tables of pairs of which nothing is told: withheld, whatever their values, and so tied to
/// nothing that readers know.
fn untold(l: &mut Ledger, users: &[CellId]) -> (Pairs, Pairs, Pairs) {
    let mut square = || -> Pairs {
        let pairs = users.iter().enumerate().map(|(a, &own)| {
            let cell = |b| if a == b { own } else { l.withhold(0) };
            (0..users.len()).map(cell).collect()
        });
        pairs.collect()
    };
    (square(), square(), square())
}

/// Counts by two programs; on the diagonal the program's own people.
type Pairs = Vec<Vec<CellId>>;

/// Co-use: each pair of programs is a two-by-two table with known margins.
fn overlaps(l: &mut Ledger, m: &Measures, tree: &Tree, people: CellId, users: &[CellId]) -> Pairs {
    let n = m.programs.len();
    let mut both: Pairs = (0..n).map(|a| vec![users[a]; n]).collect();
    for a in 0..n {
        for b in a + 1..n {
            let value = m.both[a][b];
            let id = l.publish_in(value, m.users[a].min(m.users[b]), Worth::Detail);
            both[a][b] = id;
            both[b][a] = id;
            let a_not_b = l.remainder(users[a], id, m.users[a] - value);
            l.remainder(users[b], id, m.users[b] - value);
            let neither = l.derive(m.people + value - m.users[a] - m.users[b]);
            l.total(people, [a_not_b, users[b], neither]);
            if value > 0 {
                let seen = tree.seen(|leaf| {
                    let set = leaf.set();
                    set.contains(&a) && set.contains(&b)
                });
                l.seen_in_part(id, value - seen);
            }
        }
    }
    both
}

/// Order of first starts, and direct moves, both within co-use.
fn orders(l: &mut Ledger, m: &Measures, tree: &Tree, both: &[Vec<CellId>]) -> (Pairs, Pairs) {
    let n = m.programs.len();
    let (mut before, mut moves) = (both.to_vec(), both.to_vec());
    for a in 0..n {
        for b in a + 1..n {
            let together = m.both[a][b];
            if together == 0 {
                continue;
            }
            for (from, to) in [(a, b), (b, a)] {
                before[from][to] = l.publish_in(m.before[from][to], together, Worth::Detail);
                let value = m.moves[from][to];
                let id = l.publish_in(value, together, Worth::Detail);
                moves[from][to] = id;
                l.remainder(both[from][to], id, together - value);
                let seen = tree.seen(|leaf| {
                    let steps: Vec<usize> = leaf.programs().collect();
                    steps.windows(2).any(|w| w == [from, to])
                });
                l.seen_in_part(id, value - seen);
            }
            let same_day = l.derive(together - m.before[a][b] - m.before[b][a]);
            l.total(both[a][b], [before[a][b], before[b][a], same_day]);
        }
    }
    (before, moves)
}

/// People by number of programs, which sums over people tie to the counts by program and by
/// pair.
fn numbers(
    l: &mut Ledger,
    m: &Measures,
    tree: &Tree,
    people: CellId,
    users: &[CellId],
    both: Option<&Pairs>,
) -> (Vec<CellId>, bool, BTreeMap<u32, CellId>) {
    let n = m.programs.len();
    let top = n.min(TOP_NUMBER);
    let open = n > TOP_NUMBER;
    let counts: Vec<u64> = (1..=top)
        .map(|k| if k == top { m.by_number[k..].iter().sum() } else { m.by_number[k] })
        .collect();
    let ids: Vec<CellId> = counts.iter().map(|&c| l.publish(c, Worth::Row)).collect();
    l.total(people, ids.iter().copied());
    for (k, (&id, &count)) in (1..).zip(ids.iter().zip(&counts)) {
        let seen = tree.seen(|leaf| {
            let used = leaf.set().len();
            leaf.path.last() == Some(&Step::End) && (used == k || (k == top && used > k))
        });
        l.seen_in_part(id, count - seen);
    }
    if n <= SETS_UP_TO {
        let sets = sets(l, m, people, users, both, &ids);
        return (ids, open, sets);
    }
    let pairs: Vec<CellId> = both.map_or(Vec::new(), |both| {
        (0..n).flat_map(|a| (a + 1..n).map(move |b| (a, b))).map(|(a, b)| both[a][b]).collect()
    });
    let users_sum: u64 = m.users.iter().sum();
    let pairs_sum: u64 = m.both.iter().flatten().sum::<u64>() / 2;
    let one_each: fn(usize) -> usize = |k| k;
    let choose_two: fn(usize) -> usize = |k| k * k.saturating_sub(1) / 2;
    let ways = [(users, users_sum, one_each), (pairs.as_slice(), pairs_sum, choose_two)];
    for (parts, sum, each) in ways {
        if parts.is_empty() {
            continue;
        }
        let mut terms: Vec<(CellId, i64)> = parts.iter().map(|&p| (p, 1)).collect();
        let mut told = 0;
        for (k, (&id, &count)) in (1..).zip(ids.iter().zip(&counts)) {
            if each(k) > 0 {
                terms.push((id, -(each(k) as i64)));
            }
            told += each(k) as u64 * count;
        }
        // Those of the open last group have more, up to all programs.
        if counts[top - 1] > 0 {
            let more = l.slack(sum - told);
            terms.push((more, -1));
            let most = (each(n) - each(top)) as u64;
            let room = l.slack(most * counts[top - 1] - (sum - told));
            l.relate(vec![(more, 1), (room, 1), (ids[top - 1], -(most as i64))]);
        }
        l.relate(terms);
    }
    let mut alone = BTreeMap::new();
    if let Some(both) = both {
        alone.extend((0..n).map(|a| (1 << a, only(l, m, a, users, both))));
    }
    (ids, open, alone)
}

/// With few programs the tables fix, or nearly fix, how many people used each exact set.
fn sets(
    l: &mut Ledger,
    m: &Measures,
    people: CellId,
    users: &[CellId],
    both: Option<&Pairs>,
    by_number: &[CellId],
) -> BTreeMap<u32, CellId> {
    let n = m.programs.len();
    let cells: Vec<(u32, CellId)> =
        (1..1u32 << n).map(|set| (set, l.derive(m.sets.get(&set).copied().unwrap_or(0)))).collect();
    let having = |mask: u32| cells.iter().filter(move |(s, _)| s & mask == mask).map(|(_, id)| *id);
    l.total(people, having(0));
    for a in 0..n {
        l.total(users[a], having(1 << a));
        for b in a + 1..n {
            if let Some(both) = both {
                l.total(both[a][b], having(1 << a | 1 << b));
            }
        }
    }
    for (k, &id) in (1..).zip(by_number) {
        l.total(id, cells.iter().filter(|(s, _)| s.count_ones() == k).map(|(_, id)| *id));
    }
    cells.into_iter().collect()
}

/// People who used program `a` and no other: the people of `a`, less each pair, plus those
/// whom that takes off more than once.
fn only(l: &mut Ledger, m: &Measures, a: usize, users: &[CellId], both: &[Vec<CellId>]) -> CellId {
    let n = m.programs.len();
    let alone = m.paths.get(&vec![Step::Program(a as u8), Step::End]).copied().unwrap_or(0);
    let others: Vec<usize> = (0..n).filter(|&b| b != a && m.both[a][b] > 0).collect();
    let pairs: u64 = others.iter().map(|&b| m.both[a][b]).sum();
    let id = l.derive(alone);
    let mut terms = vec![(users[a], -1), (id, 1)];
    terms.extend((0..n).filter(|&b| b != a).map(|b| (both[a][b], 1)));
    let can_be_three = others.iter().any(|&b| others.iter().any(|&c| b < c && m.both[b][c] > 0));
    if can_be_three {
        let twice = l.slack(alone + pairs - m.users[a]);
        terms.push((twice, -1));
    }
    l.relate(terms);
    id
}
