//! The attack: every cell of every table on one board, every sum, and what they give away.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::Check;
use super::table::{Cell, Counts, Key, Value};
use crate::disclosure::{Room, System, Threshold};
use crate::files::clean_text;

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The place.
    #[serde(flatten)]
    pub at: Place,
    /// What is wrong there.
    #[serde(flatten)]
    pub found: Found,
}

/// A cell of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Its file; of an earlier release, with the release's name.
    pub file: String,
    /// Its line, from 1.
    pub line: u64,
    /// Its column, from 1.
    pub column: usize,
}

/// What is wrong with a cell. Says nothing of its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "found", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Found {
    /// It shows fewer people than the threshold.
    Small,
    /// It is withheld, and stands in another table of the release.
    ShownElsewhere {
        /// Where it is shown.
        other: Place,
    },
    /// It is withheld, and an earlier release of the same people shows it.
    ShownEarlier {
        /// The release.
        release: String,
    },
    /// It shows what an earlier release of the same people withheld.
    WithheldEarlier {
        /// The release.
        release: String,
    },
    /// It differs from an earlier release of other people by fewer than the threshold.
    NearEarlier {
        /// The release.
        release: String,
    },
    /// It is withheld, and the published sums leave one value.
    Exact,
    /// It is withheld, and the published sums leave few values.
    Narrow {
        /// How many.
        values: u64,
    },
    /// It is withheld, and the solver could not say what the sums leave.
    Undecided,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} line {}, column {}", clean_text(&self.file), self.line, self.column)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.at)?;
        match &self.found {
            Found::Small => write!(f, "shows fewer people than the threshold"),
            Found::ShownElsewhere { other } => write!(f, "is withheld, but shown in {other}"),
            Found::ShownEarlier { release } => {
                write!(f, "is withheld, but shown in release `{}`", clean_text(release))
            }
            Found::WithheldEarlier { release } => {
                write!(f, "shows what release `{}` withheld", clean_text(release))
            }
            Found::NearEarlier { release } => write!(
                f,
                "differs from release `{}` by fewer people than the threshold",
                clean_text(release)
            ),
            Found::Exact => write!(f, "is withheld, but can be worked out exactly"),
            Found::Narrow { values } => {
                write!(f, "is withheld, but can be worked out to be one of {values} values")
            }
            Found::Undecided => write!(f, "is withheld, but the solver could not bound it"),
        }
    }
}

/// A cell that may stand in several tables.
#[derive(Default)]
struct Node {
    shown: Option<(u64, Place)>,
    withheld: Vec<Place>,
}

/// Every cell and every sum.
#[derive(Default)]
pub(super) struct Board {
    nodes: Vec<Node>,
    keys: BTreeMap<Key, usize>,
    /// The same for each table that was taken by itself, by its file.
    apart: BTreeMap<String, BTreeMap<Key, usize>>,
    /// Each is the parts and the total of a line of a table.
    sums: Vec<(Vec<usize>, usize)>,
    /// What could not be used, in words.
    pub(super) notes: Vec<String>,
}

/// Attacks tables with each other and with earlier releases.
pub(super) fn attack(
    tables: &[Counts],
    earlier: &[(&str, Vec<Counts>)],
    threshold: Threshold,
) -> Check {
    let (mut board, _) = Board::of(tables);
    let mut findings = small(tables, threshold, &mut board.notes);
    for node in &board.nodes {
        if let (Some((_, other)), withheld) = (&node.shown, &node.withheld) {
            let found = || Found::ShownElsewhere { other: other.clone() };
            findings.extend(withheld.iter().map(|at| Finding { at: at.clone(), found: found() }));
        }
    }
    for (release, tables) in earlier {
        findings.extend(board.compare(release, tables, threshold));
    }
    findings.extend(board.solve(threshold));
    let place = |f: &Finding| {
        let table = tables.iter().position(|t| t.file == f.at.file).unwrap_or(tables.len());
        (table, f.at.line, f.at.column)
    };
    findings.sort_by_key(place);
    let cells = || tables.iter().flat_map(|t| &t.cells);
    Check {
        threshold: threshold.people(),
        tables: tables.len(),
        counts: cells().count(),
        withheld: cells().filter(|c| c.value == Value::Withheld).count(),
        sums: board.sums.len(),
        earlier: earlier.len(),
        notes: board.notes,
        findings,
    }
}

/// Counts under the threshold that are shown.
fn small(tables: &[Counts], threshold: Threshold, notes: &mut Vec<String>) -> Vec<Finding> {
    /// So many multiples of three in a row are no accident.
    const SURELY_ROUNDED: usize = 20;
    let shown = || {
        let cells = tables.iter().flat_map(|t| t.cells.iter().map(move |c| (t, c)));
        cells.filter_map(|(t, c)| match c.value {
            Value::Shown(n) if n > 0 => Some((t, c, n)),
            _ => None,
        })
    };
    if shown().count() >= SURELY_ROUNDED && shown().all(|(_, _, n)| n.is_multiple_of(3)) {
        notes.push("every count is a multiple of 3: taken as rounded, so none is small".into());
        return Vec::new();
    }
    let found = shown().filter(|(_, _, n)| threshold.is_small(*n));
    found.map(|(t, c, _)| Finding { at: place(&t.file, c), found: Found::Small }).collect()
}

fn place(file: &str, cell: &Cell) -> Place {
    Place { file: file.to_owned(), line: cell.line, column: cell.column }
}

impl Board {
    /// Puts the tables of a release on a board; for each table, where its cells stand.
    pub(super) fn of(tables: &[Counts]) -> (Board, Vec<Vec<usize>>) {
        let mut board = Board::default();
        let mut places = Vec::with_capacity(tables.len());
        for counts in tables {
            if board.agreement(counts).differing > 0 {
                board.notes.push(format!(
                    "{}: has other numbers under the same labels than the tables before it, so it \
                     was taken by itself",
                    clean_text(&counts.file)
                ));
                board.apart.insert(counts.file.clone(), BTreeMap::new());
            }
            places.push(board.add(counts, &counts.file));
        }
        (board, places)
    }

    /// How many cells there are.
    pub(super) fn size(&self) -> usize {
        self.nodes.len()
    }

    /// The parts and the total of every line.
    pub(super) fn sums(&self) -> &[(Vec<usize>, usize)] {
        &self.sums
    }

    /// What the board has of a cell of a table: of its own, where it was taken by itself.
    fn node(&self, counts: &Counts, cell: &Cell) -> Option<&Node> {
        let keys = self.apart.get(&counts.file).unwrap_or(&self.keys);
        keys.get(&counts.key(cell)).map(|&node| &self.nodes[node])
    }

    /// How many counts of people a table shows as the board does, and how many otherwise.
    fn agreement(&self, counts: &Counts) -> Agreement {
        let mut agreement = Agreement::default();
        for cell in &counts.cells {
            let known = self.node(counts, cell).and_then(|node| node.shown.as_ref());
            match (known, cell.value) {
                // That nobody is there is so by chance in other tables too.
                (Some((0, _)), Value::Shown(0)) => {}
                (Some((n, _)), Value::Shown(m)) if *n == m => agreement.equal += 1,
                (Some(_), Value::Shown(_)) => agreement.differing += 1,
                _ => {}
            }
        }
        agreement
    }

    /// Puts a table on the board; where its cells stand.
    fn add(&mut self, counts: &Counts, file: &str) -> Vec<usize> {
        let mut own = Vec::with_capacity(counts.cells.len());
        let keys = self.apart.get_mut(&counts.file).unwrap_or(&mut self.keys);
        for cell in &counts.cells {
            let next = self.nodes.len();
            let node = *keys.entry(counts.key(cell)).or_insert(next);
            if node == next {
                self.nodes.push(Node::default());
            }
            let place = place(file, cell);
            match cell.value {
                Value::Shown(n) => {
                    self.nodes[node].shown.get_or_insert((n, place));
                }
                Value::Withheld => self.nodes[node].withheld.push(place),
            }
            own.push(node);
        }
        for d in 0..counts.dimensions.len() {
            let lines = lines(counts, d);
            if lines.iter().any(|line| !line.adds_up(counts)) {
                let name = match counts.dimensions[d].as_str() {
                    "" => "its columns".to_owned(),
                    name => format!("`{}`", clean_text(name)),
                };
                self.notes.push(format!(
                    "{}: the totals of {name} are not the sums of their parts, so they were not \
                     used",
                    clean_text(file)
                ));
                continue;
            }
            for line in lines {
                self.sums.push((line.parts.iter().map(|&p| own[p]).collect(), own[line.total]));
            }
        }
        own
    }

    /// Compares with an earlier release, table by table, and puts those tables on the board that
    /// show no other number for any cell. Where most counts are the same, what is withheld in one
    /// and shown in the other is of the same people, or nearly so.
    fn compare(&mut self, release: &str, tables: &[Counts], threshold: Threshold) -> Vec<Finding> {
        let mut findings = Vec::new();
        let each: Vec<Agreement> = tables.iter().map(|counts| self.agreement(counts)).collect();
        let whole = each.iter().fold(Agreement::default(), |sum, one| Agreement {
            equal: sum.equal + one.equal,
            differing: sum.differing + one.differing,
        });
        let mut others = 0;
        let name = || release.to_owned();
        for (counts, own) in tables.iter().zip(&each) {
            let same_people = if own.is_empty() { whole } else { *own }.is_of_same_people();
            others += usize::from(!same_people);
            for cell in &counts.cells {
                let Some(node) = self.node(counts, cell) else { continue };
                match (&node.shown, cell.value) {
                    (Some((n, at)), Value::Shown(m)) if threshold.is_small(n.abs_diff(m)) => {
                        let found = Found::NearEarlier { release: name() };
                        findings.push(Finding { at: at.clone(), found });
                    }
                    (Some((_, at)), Value::Withheld) if same_people => {
                        let found = Found::WithheldEarlier { release: name() };
                        findings.push(Finding { at: at.clone(), found });
                    }
                    (None, Value::Shown(_)) if same_people => {
                        let found = || Found::ShownEarlier { release: name() };
                        let at = node.withheld.iter();
                        findings.extend(at.map(|at| Finding { at: at.clone(), found: found() }));
                    }
                    _ => {}
                }
            }
        }
        for (counts, own) in tables.iter().zip(&each) {
            if own.differing == 0 && (!own.is_empty() || whole.is_of_same_people()) {
                self.add(counts, &format!("release `{release}`, {}", counts.file));
            }
        }
        if others > 0 {
            self.notes.push(format!(
                "release `{}`: most counts of {others} of {} tables are others, so these were \
                 searched for counts that differ by few people only",
                clean_text(release),
                tables.len()
            ));
        }
        findings.dedup();
        findings
    }

    /// What the sums leave open for what is withheld everywhere.
    fn solve(&mut self, threshold: Threshold) -> Vec<Finding> {
        let unknown: Vec<usize> =
            (0..self.nodes.len()).filter(|&n| self.nodes[n].shown.is_none()).collect();
        let mut system = System::new(unknown.len());
        self.sums.sort_unstable();
        self.sums.dedup();
        for (parts, total) in &self.sums {
            let mut terms = Vec::new();
            let mut is = 0;
            for (&node, factor) in parts.iter().map(|p| (p, 1)).chain([(total, -1)]) {
                match (&self.nodes[node].shown, unknown.binary_search(&node)) {
                    (Some((n, _)), _) => is -= factor * i64::try_from(*n).unwrap_or(i64::MAX / 4),
                    (None, Ok(at)) => terms.push((at, factor)),
                    (None, Err(_)) => {}
                }
            }
            if !terms.is_empty() {
                system.sum(terms, is);
            }
        }
        let mut findings = Vec::new();
        let mut torn = 0;
        for (&node, room) in unknown.iter().zip(system.rooms(threshold.width())) {
            let found = match room {
                Room::Wide => continue,
                Room::Narrow(bounds) if bounds.least == bounds.greatest => Found::Exact,
                Room::Narrow(bounds) => Found::Narrow { values: bounds.width() + 1 },
                Room::Unknown => Found::Undecided,
                Room::Torn => {
                    torn += 1;
                    continue;
                }
            };
            let Some(at) = self.nodes[node].withheld.first().cloned() else { continue };
            findings.push(Finding { at, found });
        }
        if torn > 0 {
            self.notes.push(format!(
                "{torn} withheld counts stand in sums that no counts satisfy, so the sums were not \
                 used for them"
            ));
        }
        findings
    }
}

/// How a table goes with what is known: counts of people that both show.
#[derive(Debug, Clone, Copy, Default)]
struct Agreement {
    equal: usize,
    differing: usize,
}

impl Agreement {
    fn is_empty(self) -> bool {
        self.equal + self.differing == 0
    }

    /// Whether most counts are the same, or there is none to tell by.
    fn is_of_same_people(self) -> bool {
        self.equal >= self.differing
    }
}

/// A total and its parts, as cells of one table.
struct Line {
    total: usize,
    parts: Vec<usize>,
}

impl Line {
    /// Whether the parts could come to the total.
    fn adds_up(&self, counts: &Counts) -> bool {
        let shown = |i: usize| match counts.cells[i].value {
            Value::Shown(n) => Some(n),
            Value::Withheld => None,
        };
        let sum: u64 = self.parts.iter().filter_map(|&p| shown(p)).sum();
        let whole = self.parts.iter().all(|&p| shown(p).is_some());
        shown(self.total).is_none_or(|total| if whole { sum == total } else { sum <= total })
    }
}

/// The lines of a table along a dimension that have a total and parts.
fn lines(counts: &Counts, d: usize) -> Vec<Line> {
    let mut lines: BTreeMap<_, (Option<usize>, Vec<usize>)> = BTreeMap::new();
    for (i, cell) in counts.cells.iter().enumerate() {
        let rest: Vec<&Option<String>> =
            cell.at.iter().enumerate().filter(|(e, _)| *e != d).map(|(_, at)| at).collect();
        let (total, parts) = lines.entry((cell.measure.as_str(), rest)).or_default();
        match cell.at[d] {
            None => *total = Some(i),
            Some(_) => parts.push(i),
        }
    }
    let whole = |(total, parts): (Option<usize>, Vec<usize>)| {
        total.filter(|_| !parts.is_empty()).map(|total| Line { total, parts })
    };
    lines.into_values().filter_map(whole).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Reading;
    use super::super::table::Sheet;
    use super::*;

    fn counts(file: &str, text: &str) -> Counts {
        let cells = |line: &str| line.split(';').map(str::to_owned).collect();
        let rows = (1..).zip(text.lines()).map(|(n, line)| (n, cells(line))).collect();
        Counts::of(&Sheet { file: file.into(), rows }, &Reading::default()).expect("read")
    }

    fn found(tables: &[Counts], earlier: &[(&str, Vec<Counts>)]) -> Vec<String> {
        let check = attack(tables, earlier, Threshold::new(5));
        check.findings.iter().map(Finding::to_string).chain(check.notes).collect()
    }

    const LONE: &str = "Age;F;M;Total\n15;n.p.;12;20\n25;30;40;70\nTotal;38;52;90";
    const SAFE: &str = "Age;F;M;Total\n15;n.p.;n.p.;20\n25;n.p.;n.p.;70\nTotal;38;52;90";

    #[test]
    fn a_lone_withheld_cell_is_recovered_and_a_square_is_not() {
        let exact = "a line 2, column 2: is withheld, but can be worked out exactly";
        assert_eq!(found(&[counts("a", LONE)], &[]), [exact]);
        assert!(found(&[counts("a", SAFE)], &[]).is_empty());
    }

    #[test]
    fn a_narrow_interval_is_found_in_three_dimensions() {
        // The square of each sex is open by itself; with all people known, little is left.
        let long = "Sex;Age;Area;n\n\
                    F;15;N;n.p.\nF;15;S;n.p.\nF;15;Total;10\n\
                    F;25;N;n.p.\nF;25;S;n.p.\nF;25;Total;50\n\
                    F;Total;N;20\nF;Total;S;40\nF;Total;Total;60\n\
                    M;15;N;n.p.\nM;15;S;n.p.\nM;15;Total;3\n\
                    M;25;N;n.p.\nM;25;S;n.p.\nM;25;Total;90\n\
                    M;Total;N;50\nM;Total;S;43\nM;Total;Total;93\n\
                    Total;15;N;6\nTotal;15;S;7\nTotal;15;Total;13\n\
                    Total;25;N;64\nTotal;25;S;76\nTotal;25;Total;140\n\
                    Total;Total;N;70\nTotal;Total;S;83\nTotal;Total;Total;153";
        let found = found(&[counts("a", long)], &[]);
        // The three men of 15 are 0 to 3 by area, so all eight cells have four values; and
        // their total of 3 is shown.
        assert_eq!(found.len(), 9, "{found:#?}");
        assert_eq!(found.iter().filter(|f| f.ends_with("one of 4 values")).count(), 8);
    }

    #[test]
    fn one_cell_in_two_tables_is_one_cell() {
        let by_sex =
            "Program;Sex;People\nA;F;n.p.\nA;M;30\nA;Total;n.p.\nB;F;20\nB;M;20\nB;Total;40";
        let by_age = "Program;Age;People\nA;15;20\nA;25;14\nA;All;34";
        let found = found(&[counts("sex", by_sex), counts("age", by_age)], &[]);
        assert_eq!(
            found,
            [
                "sex line 2, column 3: is withheld, but can be worked out exactly",
                "sex line 4, column 3: is withheld, but shown in age line 4, column 3"
            ]
        );
    }

    #[test]
    fn totals_that_are_no_sums_are_not_used() {
        let overlapping = "Program;People\nA;70\nB;n.p.\nTotal;60";
        let said = found(&[counts("a", overlapping)], &[]);
        assert_eq!(
            said,
            ["a: the totals of `program` are not the sums of their parts, so they were not used"]
        );
    }

    #[test]
    fn earlier_releases_are_compared() {
        let now = "Program;People\nA;70\nB;n.p.\nC;n.p.\nTotal;130";
        // The same people, with B told: C is the rest.
        let told = "Program;People\nA;70\nB;50\nTotal;130";
        let told = ("first", vec![counts("a", told)]);
        let found_now = found(&[counts("a", now)], &[told]);
        let shown = "a line 3, column 2: is withheld, but shown in release `first`";
        assert!(found_now.contains(&shown.to_owned()), "{found_now:#?}");
        assert!(found_now.iter().any(|f| f.starts_with("a line 4") && f.ends_with("exactly")));
        // Other people: two more in A.
        let other = ("second", vec![counts("a", "Program;People\nA;68\nB;50")]);
        assert_eq!(
            found(&[counts("a", now)], &[other]),
            [
                "a line 2, column 2: differs from release `second` by fewer people than the threshold",
                "release `second`: most counts of 1 of 1 tables are others, so these were searched \
                 for counts that differ by few people only"
            ]
        );
        let withheld = ("third", vec![counts("a", "Program;People\nA;n.p.\nB;n.p.")]);
        assert_eq!(
            found(&[counts("a", now)], &[withheld]),
            ["a line 2, column 2: shows what release `third` withheld"]
        );
    }

    const STAYS: &str = "Program;Within;At risk;Left\nA;28;500;60\nB;28;400;70";

    #[test]
    fn a_table_with_the_labels_of_another_is_compared_with_its_own_earlier_one() {
        let next =
            |risk: u64| format!("Program;Within;At risk;Started\nA;28;{risk};40\nB;28;200;30");
        let of = |risk: u64| vec![counts("stays", STAYS), counts("next", &next(risk))];
        let said = found(&of(301), &[("first", of(300))]);
        let near = "next line 2, column 3: differs from release `first` by fewer people than the threshold";
        assert!(said.contains(&near.to_owned()), "{said:?}");
        assert!(!said.iter().any(|f| f.starts_with("stays")), "{said:?}");
        let same = found(&of(300), &[("first", of(300))]);
        assert!(same.iter().all(|note| note.contains("taken by itself")), "{same:?}");
    }

    #[test]
    fn what_is_withheld_is_found_though_some_count_differs() {
        let now = "Program;People\nA;70\nB;n.p.\nC;50\nD;33\nOther;90";
        let before = "Program;People\nA;70\nB;12\nC;50\nD;n.p.\nOther;40";
        let said = found(&[counts("a", now)], &[("first", vec![counts("a", before)])]);
        assert_eq!(
            said,
            [
                "a line 3, column 2: is withheld, but shown in release `first`",
                "a line 5, column 2: shows what release `first` withheld"
            ]
        );
        // Another table that differs as a whole changes nothing; that it does is said.
        let [new, old] = [STAYS, "Program;Within;At risk;Left\nA;28;900;200\nB;28;900;300"];
        let tables = [counts("a", now), counts("stays", new)];
        let earlier = vec![counts("a", before), counts("stays", old)];
        let said = found(&tables, &[("first", earlier)]);
        assert_eq!(said.len(), 3, "{said:?}");
        assert!(said[2].contains("most counts of 1 of 2 tables are others"), "{said:?}");
    }

    #[test]
    fn small_counts_are_found_unless_all_is_rounded() {
        let small = "a line 2, column 2: shows fewer people than the threshold";
        assert_eq!(found(&[counts("a", "Program;People\nA;3\nB;12")], &[]), [small]);
        let rounded: String = (0..20).map(|i| format!("\nP{i};{}", 3 * (i + 1))).collect();
        let said = found(&[counts("a", &format!("Program;People{rounded}"))], &[]);
        assert!(said.len() == 1 && said[0].contains("multiple of 3"), "{said:?}");
    }
}
