//! A release as tables: each with its denominator and its rule, ready for CSV and for the
//! report. Percentages and life tables are worked out from protected counts only.

use std::fmt;

use super::derived::{change, differs};
use super::measure::BANDS;
use super::path::{Leaf, Step};
use super::release::Release;
use super::tally::{Chart, Derived};
use super::told::{Told, ToldGroup};
use super::usage::NEXT;
use crate::disclosure::Count;

/// What stands in a table where a number is withheld.
pub(crate) const WITHHELD: &str = "n.p.";

/// One cell of a table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    /// A name or label.
    Text(String),
    /// A count of people or episodes.
    Count(Count),
    /// A per cent of two protected counts, where both may be seen.
    Share(Option<f64>),
    /// A mean worked out from protected counts, where all may be seen.
    Mean(Option<f64>),
}

impl Cell {
    pub(super) fn share(part: Count, whole: Count) -> Self {
        let shares = part.shown().zip(whole.shown()).filter(|(_, whole)| *whole > 0);
        // With noise, a part can be more than its whole.
        let percent = |(part, whole)| (100.0 * part as f64 / whole as f64).min(100.0);
        Cell::Share(shares.map(percent))
    }

    /// Whether it stands right-aligned.
    pub(crate) fn is_number(&self) -> bool {
        !matches!(self, Cell::Text(_))
    }

    /// The cell for a CSV file. Text that a spreadsheet would run as a formula gets a
    /// leading apostrophe.
    pub(crate) fn plain(&self) -> String {
        match self {
            Cell::Text(text) => neutral(text),
            Cell::Count(Count::Shown(n)) => n.to_string(),
            Cell::Share(Some(share)) => format!("{share:.1}"),
            Cell::Mean(Some(mean)) => format!("{mean:.2}"),
            Cell::Count(Count::Withheld) | Cell::Share(None) | Cell::Mean(None) => {
                WITHHELD.to_owned()
            }
        }
    }
}

impl fmt::Display for Cell {
    /// The cell for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Text(text) => f.write_str(text),
            Cell::Count(Count::Shown(n)) => f.write_str(&thousands(*n)),
            Cell::Share(Some(share)) => write!(f, "{share:.1}%"),
            Cell::Mean(Some(mean)) => write!(f, "{mean:.2}"),
            Cell::Count(Count::Withheld) | Cell::Share(None) | Cell::Mean(None) => {
                f.write_str(WITHHELD)
            }
        }
    }
}

/// A number with thousands set apart.
pub(crate) fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Text that no spreadsheet runs as a formula.
pub(crate) fn neutral(text: &str) -> String {
    match text.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r') => format!("'{text}"),
        _ => text.to_owned(),
    }
}

/// One table of a release.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Table {
    /// File name without ending, and anchor in the report.
    pub(crate) name: &'static str,
    pub(crate) caption: String,
    /// Denominator and rule, in plain words.
    pub(crate) rule: String,
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<Cell>>,
    /// How it is drawn, where it is a [`super::tally::Tally`].
    pub(crate) chart: Chart,
    /// How many columns, from the first, are labels.
    pub(crate) labels: usize,
    /// How many columns after them are categories, which the chart shows.
    pub(crate) categories: usize,
}

impl Table {
    /// Whether a column holds numbers.
    pub(crate) fn is_number_column(&self, column: &usize) -> bool {
        self.rows.first().and_then(|row| row.get(*column)).is_some_and(Cell::is_number)
    }
}

fn columns(names: &[&str]) -> Vec<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

fn text(name: &str) -> Cell {
    Cell::Text(name.to_owned())
}

impl Table {
    /// A tally as it is printed: labels, counts, their sum, and what is worked out of them.
    fn of(told: &Told) -> Self {
        let (columns, rows) = match told.derived {
            Derived::LifeTable { event } => told.life_table(event),
            Derived::Nothing
            | Derived::ShareOfGroup
            | Derived::ShareOfWhole
            | Derived::Compared
            | Derived::MeanChange => told.counts_table(),
        };
        let categories = match told.derived {
            Derived::LifeTable { .. } => 3,
            _ => told.categories.len(),
        };
        let band = usize::from(matches!(told.derived, Derived::LifeTable { .. }));
        Table {
            name: told.name,
            caption: told.caption.clone(),
            rule: match told.derived {
                Derived::LifeTable { event } => told.rule.clone() + &told.medians(event),
                _ => told.rule.clone(),
            },
            columns,
            rows,
            chart: told.chart,
            labels: told.by.len() + band,
            categories,
        }
    }
}

impl Told {
    fn counts_table(&self) -> (Vec<String>, Vec<Vec<Cell>>) {
        let mut columns = self.by.clone();
        columns.extend(self.categories.iter().cloned());
        columns.extend(self.total.clone());
        match self.derived {
            Derived::ShareOfGroup => {
                columns.extend(self.categories.iter().map(|c| format!("Share: {c}")));
            }
            Derived::ShareOfWhole => columns.push("Share".into()),
            Derived::Compared => columns.extend(
                [&format!("Share: {}", self.categories[0]), "Differs from the others"]
                    .map(str::to_owned),
            ),
            Derived::MeanChange => columns.extend(
                ["Share: Declined", "Share: The same", "Share: Improved", "Mean change"]
                    .map(str::to_owned),
            ),
            Derived::Nothing | Derived::LifeTable { .. } => {}
        }
        let row = |group: &ToldGroup| {
            let mut row: Vec<Cell> = group.labels.iter().map(|label| text(label)).collect();
            row.extend(group.counts.iter().map(|count| Cell::Count(*count)));
            row.extend(self.total.as_ref().map(|_| Cell::Count(group.total)));
            match self.derived {
                Derived::ShareOfGroup => {
                    row.extend(group.counts.iter().map(|n| Cell::share(*n, group.total)));
                }
                Derived::ShareOfWhole => row.push(Cell::share(group.total, group.whole)),
                Derived::Compared => {
                    row.push(Cell::share(group.counts[0], group.total));
                    row.push(differs(group, &self.groups));
                }
                Derived::MeanChange => row.extend(change(group)),
                Derived::Nothing | Derived::LifeTable { .. } => {}
            }
            row
        };
        (columns, self.groups.iter().map(row).collect())
    }

    /// A row for each group and band.
    fn life_table(&self, event: &str) -> (Vec<String>, Vec<Vec<Cell>>) {
        let mut columns = self.by.clone();
        // A heading of its own: those at risk of leaving are not those at risk of another program.
        columns.push(format!("{event} within"));
        columns.extend(["At risk", event, "Follow-up ended", "Share so far"].map(str::to_owned));
        let row = |group: &ToldGroup, band: &str, life: LifeBand| {
            let mut row: Vec<Cell> = group.labels.iter().map(|label| text(label)).collect();
            row.push(text(band));
            row.extend([life.at_risk, life.happened, life.ended].map(Cell::Count));
            row.push(Cell::Share(life.share));
            row
        };
        let bands = || self.categories.iter().step_by(2);
        let rows = self.groups.iter().flat_map(|group| {
            bands().zip(group.life()).map(move |(band, life)| row(group, band, life))
        });
        (columns, rows.collect())
    }

    /// For each group of a life table, by when it had happened to half of those at risk.
    fn medians(&self, event: &str) -> String {
        let half = |group: &ToldGroup| {
            let by = self.categories.iter().step_by(2).zip(group.life());
            let mut by = by.filter(|(_, life)| life.share.is_some_and(|share| share >= 50.0));
            by.next().map(|(band, _)| format!("{} within {band}", group.labels.join(", ")))
        };
        let list: Vec<String> = self.groups.iter().filter_map(half).collect();
        match list.is_empty() {
            true => String::new(),
            false => format!(" Half ({}): {}.", event.to_lowercase(), list.join("; ")),
        }
    }
}

/// One band of a life table.
struct LifeBand {
    at_risk: Count,
    happened: Count,
    ended: Count,
    /// To how many per cent it had happened by its end.
    share: Option<f64>,
}

impl ToldGroup {
    /// The bands of a life table. Whose follow-up ends within a band is at risk for half of
    /// it, as in every actuarial life table. From the first withheld count on, neither those at
    /// risk nor the share are known.
    fn life(&self) -> impl Iterator<Item = LifeBand> + '_ {
        let mut at_risk = self.total;
        let mut left = Some(1.0);
        self.counts.chunks_exact(2).map(move |pair| {
            let (happened, ended) = (pair[0], pair[1]);
            let counts = at_risk.shown().zip(happened.shown()).zip(ended.shown());
            left = left.zip(counts).map(|(left, ((at_risk, happened), ended))| {
                let exposed = at_risk as f64 - ended as f64 / 2.0;
                let share = if exposed > 0.0 { happened as f64 / exposed } else { 0.0 };
                left * (1.0 - share.min(1.0))
            });
            let share = left.map(|left| 100.0 * (1.0 - left));
            let band = LifeBand { at_risk, happened, ended, share };
            at_risk = counts.map_or(Count::Withheld, |((at_risk, happened), ended)| {
                Count::Shown(at_risk.saturating_sub(happened + ended))
            });
            band
        })
    }
}

impl Release {
    fn everyone(&self) -> Count {
        Count::Shown(self.people)
    }

    /// Every table of the release, in the order of the report.
    pub(crate) fn tables(&self) -> Vec<Table> {
        let mut tables = self.built_in_tables();
        tables.extend(self.told.iter().map(Table::of));
        tables
    }

    fn built_in_tables(&self) -> Vec<Table> {
        vec![
            self.linkage_table(),
            self.program_table(),
            self.number_table(),
            self.entry_table(),
            self.flow_table(),
            self.path_table(),
            self.move_table(),
            self.overlap_table(),
        ]
    }

    fn linkage_table(&self) -> Table {
        let row = |s: &super::release::SourceRows| {
            let mut row = vec![text(s.source.as_str())];
            row.extend(s.bands.iter().rev().map(|c| Cell::Count(*c)));
            row.push(Cell::Count(s.rows));
            row
        };
        Table {
            name: "linkage",
            caption: "Rows of each source by how they were linked".into(),
            rule: "Counts rows (people as one source knows them). Definite and probable rows were \
                   linked to at least one other row; a single row was linked to none."
                .into(),
            columns: columns(&["Source", "Definite", "Probable", "Single", "All rows"]),
            rows: self.sources.iter().map(row).collect(),
            ..Table::default()
        }
    }

    fn program_table(&self) -> Table {
        let row = |a: usize| {
            vec![
                text(&self.programs[a]),
                Cell::Count(self.users[a]),
                Cell::share(self.users[a], self.everyone()),
                Cell::Count(self.episodes[a]),
            ]
        };
        Table {
            name: "programs",
            caption: "People and episodes by program".into(),
            rule: "Share is of all people with a journey. A person counts once in each program \
                   they used, so shares add up to more than 100%."
                .into(),
            columns: columns(&["Program", "People", "Share of people", "Episodes"]),
            rows: (0..self.programs.len()).map(row).collect(),
            ..Table::default()
        }
    }

    fn number_table(&self) -> Table {
        let last = self.by_number.len() - 1;
        let row = |(i, count): (usize, &Count)| {
            let label = match (i == last && self.number_is_open, i) {
                (true, _) => format!("{} or more programs", i + 1),
                (false, 0) => "1 program".into(),
                (false, _) => format!("{} programs", i + 1),
            };
            vec![Cell::Text(label), Cell::Count(*count), Cell::share(*count, self.everyone())]
        };
        Table {
            name: "programs_per_person",
            caption: "People by how many programs they used".into(),
            rule: "Share is of all people with a journey. Different programs, at any time.".into(),
            columns: columns(&["Programs used", "People", "Share of people"]),
            rows: self.by_number.iter().enumerate().map(row).collect(),
            ..Table::default()
        }
    }

    fn entry_table(&self) -> Table {
        let (shown, others) = self.entries();
        let mut rows: Vec<Vec<Cell>> = self
            .programs
            .iter()
            .zip(&shown)
            .filter(|(_, count)| count.shown().is_some())
            .map(|(name, count)| {
                vec![text(name), Cell::Count(*count), Cell::share(*count, self.everyone())]
            })
            .collect();
        rows.sort_by_key(|row| match row[1] {
            Cell::Count(Count::Shown(n)) => std::cmp::Reverse(n),
            _ => std::cmp::Reverse(0),
        });
        if others > 0 {
            let others = Count::Shown(others);
            let share = Cell::share(others, self.everyone());
            rows.push(vec![text("Other programs, together"), Cell::Count(others), share]);
        }
        Table {
            name: "entry",
            caption: "Where journeys begin".into(),
            rule: "The program of a person's first episode. Programs that too few people entered \
                   first are counted together."
                .into(),
            columns: columns(&["First program", "People", "Share of people"]),
            rows,
            ..Table::default()
        }
    }

    fn flow_table(&self) -> Table {
        let flows = self.flows();
        let rows = flows
            .iter()
            .map(|flow| {
                vec![
                    Cell::Text(format!("{} to {}", flow.step, flow.step + 1)),
                    Cell::Text(self.place(flow.from)),
                    Cell::Text(self.place(flow.to)),
                    Cell::Count(Count::Shown(flow.people)),
                ]
            })
            .collect();
        Table {
            name: "first_steps",
            caption: "The first four steps of journeys".into(),
            rule: "People by consecutive steps, from the paths shown below only; rarer \
                   continuations are counted together as “other”."
                .into(),
            columns: columns(&["Steps", "From", "To", "People"]),
            rows,
            ..Table::default()
        }
    }

    fn path_table(&self) -> Table {
        let row = |leaf: &&Leaf| {
            let people = Count::Shown(leaf.people);
            vec![
                Cell::Text(self.path_in_words(leaf)),
                Cell::Count(people),
                Cell::share(people, self.everyone()),
            ]
        };
        Table {
            name: "paths",
            caption: "Paths through programs".into(),
            rule: "Programs in order of start, repeats in a row told once, up to six. Paths that \
                   too few people share are counted under the longest beginning that enough \
                   people share. Each person is in one row."
                .into(),
            columns: columns(&["Path", "People", "Share of people"]),
            rows: self.ranked_paths().iter().map(row).collect(),
            ..Table::default()
        }
    }

    /// The shown paths, commonest first, the rest last.
    pub(crate) fn ranked_paths(&self) -> Vec<&Leaf> {
        let mut leaves: Vec<&Leaf> = self.tree.leaves.iter().collect();
        leaves.sort_by(|a, b| {
            let rest = |l: &Leaf| l.path.is_empty();
            rest(a).cmp(&rest(b)).then(b.people.cmp(&a.people)).then(a.path.cmp(&b.path))
        });
        leaves
    }

    fn path_in_words(&self, leaf: &Leaf) -> String {
        let mut words: Vec<&str> = leaf.programs().map(|p| self.programs[p].as_str()).collect();
        match leaf.path.last() {
            None => return "Other paths".into(),
            Some(Step::End) => {}
            Some(Step::More) => words.push("… (more than six)"),
            Some(Step::Program(_)) => words.push("… (other continuations)"),
        }
        words.join(" → ")
    }

    fn move_table(&self) -> Table {
        let pairs = self.ordered_pairs().filter(|(a, b)| self.moves[*a][*b] != Count::Shown(0));
        let row = |(a, b): (usize, usize)| {
            vec![
                text(&self.programs[a]),
                text(&self.programs[b]),
                Cell::Count(self.moves[a][b]),
                Cell::share(self.moves[a][b], self.users[a]),
            ]
        };
        Table {
            name: "transitions",
            caption: "Moves from one program straight to another".into(),
            rule: "People who at least once started the second program as their next step after \
                   the first. Share is of the people of the first program. Pairs not listed had \
                   nobody."
                .into(),
            columns: columns(&["From", "To", "People", "Share of the first"]),
            rows: pairs.map(row).collect(),
            ..Table::default()
        }
    }

    fn overlap_table(&self) -> Table {
        let pairs = self.ordered_pairs().filter(|(a, b)| self.both[*a][*b] != Count::Shown(0));
        let row = |(a, b): (usize, usize)| {
            vec![
                text(&self.programs[a]),
                text(&self.programs[b]),
                Cell::Count(self.both[a][b]),
                Cell::share(self.both[a][b], self.users[a]),
                Cell::Count(self.before[a][b]),
            ]
        };
        Table {
            name: "co_use",
            caption: "People who used two programs".into(),
            rule: "At any time and in any order; “this program first” counts those whose first \
                   start in this program was on an earlier day. Share is of the people of this \
                   program. Pairs not listed had nobody."
                .into(),
            columns: columns(&[
                "This program",
                "And this one",
                "People in both",
                "Share of this program",
                "This program first",
            ]),
            rows: pairs.map(row).collect(),
            ..Table::default()
        }
    }

    fn ordered_pairs(&self) -> impl Iterator<Item = (usize, usize)> {
        let n = self.programs.len();
        (0..n).flat_map(move |a| (0..n).map(move |b| (a, b))).filter(|(a, b)| a != b)
    }

    /// The share of each program's people who had started another by the end of each band.
    pub(crate) fn shares_within(&self) -> Vec<[Option<f64>; BANDS.len()]> {
        let n = self.programs.len();
        let Some(told) = self.told.iter().find(|told| told.name == NEXT) else {
            return vec![[None; BANDS.len()]; n];
        };
        let shares = |group: &ToldGroup| {
            let mut so_far = group.life().map(|life| life.share);
            std::array::from_fn(|_| so_far.next().flatten())
        };
        told.groups.iter().map(shares).collect()
    }

    /// The first four steps of journeys, from the shown groups only: people by consecutive
    /// steps, in order.
    pub(crate) fn flows(&self) -> Vec<Flow> {
        let mut flows: Vec<Flow> = Vec::new();
        for leaf in &self.tree.leaves {
            let mut places: Vec<Place> = leaf
                .path
                .iter()
                .filter_map(|s| match s {
                    Step::Program(p) => Some(Place::Program(usize::from(*p))),
                    Step::End => Some(Place::End),
                    Step::More => None,
                })
                .collect();
            if !leaf.is_whole() {
                places.push(Place::Other);
            }
            places.truncate(FLOW_STEPS);
            for (i, pair) in places.windows(2).enumerate() {
                let (step, from, to) = (i + 1, pair[0], pair[1]);
                match flows.iter_mut().find(|f| (f.step, f.from, f.to) == (step, from, to)) {
                    Some(flow) => flow.people += leaf.people,
                    None => flows.push(Flow { step, from, to, people: leaf.people }),
                }
            }
        }
        flows.sort_by_key(|f| (f.step, f.from, f.to));
        flows
    }

    /// A place of a flow in words.
    pub(crate) fn place(&self, place: Place) -> String {
        match place {
            Place::Program(p) => self.programs[p].clone(),
            Place::End => "No further program".into(),
            Place::Other => "Other".into(),
        }
    }
}

/// Flows are told for so many steps.
pub(crate) const FLOW_STEPS: usize = 4;

/// Where people are at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// In a program.
    Program(usize),
    /// In one of several that are not told apart.
    Other,
    /// In none: the journey ended.
    End,
}

/// People who go from one place to another between two steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Flow {
    /// The step they come from, from 1.
    pub(crate) step: usize,
    pub(crate) from: Place,
    pub(crate) to: Place,
    pub(crate) people: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_neutralised_and_withheld_is_never_nought() {
        assert_eq!(text("=1+1").plain(), "'=1+1");
        assert_eq!(text("@x").plain(), "'@x");
        assert_eq!(text("Housing - long").plain(), "Housing - long");
        assert_eq!(Cell::Count(Count::Withheld).plain(), "n.p.");
        assert_eq!(Cell::Count(Count::Shown(1_234_567)).to_string(), "1,234,567");
        assert_eq!(Cell::Share(None).plain(), "n.p.");
        assert_eq!(Cell::share(Count::Shown(1), Count::Withheld), Cell::Share(None));
    }

    #[test]
    fn a_life_table_counts_half_of_those_whose_follow_up_ends() {
        let told = |counts: [Count; 5]| Told {
            name: "x",
            caption: String::new(),
            rule: String::new(),
            by: vec!["Program".into()],
            categories: ["28 days", "ended", "90 days", "ended", "beyond"]
                .map(str::to_owned)
                .into(),
            total: None,
            groups: vec![ToldGroup {
                labels: vec!["A".into()],
                counts: counts.to_vec(),
                total: Count::Shown(200),
                whole: Count::Shown(200),
            }],
            derived: Derived::LifeTable { event: "Started" },
            chart: Chart::Curves,
        };
        let lines = |told: &Told| -> Vec<String> {
            let table = Table::of(told);
            assert_eq!((table.labels, table.categories, table.columns.len()), (2, 3, 6));
            let line = |row: &Vec<Cell>| row.iter().map(Cell::plain).collect::<Vec<_>>().join("|");
            table.rows.iter().map(line).collect()
        };
        // 200 at risk, 40 of them half: 18 of 180 is a tenth. Then 200 - 18 - 40 = 142, 28 of
        // them half: 32 of 128 is a quarter of the 0.9 left: 1 - 0.9 × 0.75 = 0.325.
        let counts = [18, 40, 32, 28, 82].map(Count::Shown);
        let all = told(counts);
        assert_eq!(lines(&all), ["A|28 days|200|18|40|10.0", "A|90 days|142|32|28|32.5"]);
        // What is withheld is withheld from there on.
        let some = told([counts[0], Count::Withheld, counts[2], counts[3], counts[4]]);
        assert_eq!(lines(&some), ["A|28 days|200|18|n.p.|n.p.", "A|90 days|n.p.|32|28|n.p."]);
    }
}
