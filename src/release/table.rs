//! A published table, read from CSV as any statistics office writes it: label columns first,
//! then columns of counts, some of them `n.p.`, with or without totals.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Error, Reading};

/// A table as it stands in its file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sheet {
    /// What its file is called.
    pub(super) file: String,
    /// The number of each line and its cells, the header first.
    pub(super) rows: Vec<(u64, Vec<String>)>,
}

/// A count of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cell {
    /// From 1.
    pub(super) line: u64,
    /// From 1.
    pub(super) column: usize,
    /// What is counted, where the header says it.
    pub(super) measure: String,
    /// The category in each dimension of the table; None is the total.
    pub(super) at: Vec<Option<String>>,
    pub(super) value: Value,
}

/// What stands in a cell of counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    /// A number.
    Shown(u64),
    /// `n.p.` or another word for it.
    Withheld,
}

/// What a count is of: the measure, and its category in each dimension that is not a total.
pub(super) type Key = (String, BTreeMap<String, String>);

/// The counts of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) file: String,
    /// Names of the dimensions; that of the columns, where they are one, is empty.
    pub(super) dimensions: Vec<String>,
    /// Columns of percentages and the like, from 0.
    pub(super) shares: Vec<usize>,
    pub(super) cells: Vec<Cell>,
}

impl Counts {
    /// What a cell is of.
    pub(super) fn key(&self, cell: &Cell) -> Key {
        let at = self.dimensions.iter().zip(&cell.at);
        let known = at.filter_map(|(d, at)| Some((d.clone(), at.clone()?)));
        (cell.measure.clone(), known.collect())
    }

    /// Finds the counts of a sheet.
    ///
    /// # Errors
    /// When it is empty, has no column of counts, or has two lines for the same labels.
    pub(super) fn of(sheet: &Sheet, reading: &Reading) -> Result<Counts, Error> {
        let file = || sheet.file.clone();
        let Some(((_, header), rows)) = sheet.rows.split_first() else {
            return Err(Error::Empty { file: file() });
        };
        let kinds: Vec<Kind> = (0..header.len())
            .map(|c| {
                let cells = rows.iter().filter_map(|(_, row)| row.get(c));
                Kind::of(&header[c], cells.map(String::as_str))
            })
            .collect();
        let first =
            kinds.iter().skip(1).position(|k| *k != Kind::Text).map_or(header.len(), |c| c + 1);
        let labels = reading.labels.map_or(first, |n| n.clamp(1, header.len()));
        let columns: Vec<usize> =
            (labels..header.len()).filter(|&c| kinds[c] == Kind::Counts).collect();
        if columns.is_empty() {
            return Err(Error::NoCounts { file: file() });
        }
        // With a column of totals the others are its parts; without, each is a measure.
        let is_spread = columns.len() > 1 && columns.iter().any(|&c| reading.is_total(&header[c]));
        let mut dimensions: Vec<String> = header[..labels].iter().map(|h| plain(h)).collect();
        if is_spread {
            dimensions.push(String::new());
        }
        let category = |label: &str| (!reading.is_total(label)).then(|| plain(label));
        let mut cells = Vec::new();
        let mut lines: BTreeMap<Vec<Option<String>>, u64> = BTreeMap::new();
        for &(line, ref row) in rows {
            let label = |c: usize| category(row.get(c).map_or("", String::as_str));
            let own: Vec<Option<String>> = (0..labels).map(label).collect();
            if let Some(first) = lines.insert(own.clone(), line) {
                return Err(Error::LabelsTwice { file: file(), first, line });
            }
            for &c in &columns {
                let Some(value) = row.get(c).and_then(|text| value(text)) else { continue };
                let mut at = own.clone();
                let measure = match is_spread {
                    true => {
                        at.push(category(&header[c]));
                        String::new()
                    }
                    false => measure(&header[c]),
                };
                cells.push(Cell { line, column: c + 1, measure, at, value });
            }
        }
        let shares = (labels..header.len()).filter(|&c| kinds[c] == Kind::Shares).collect();
        Ok(Counts { file: file(), dimensions, shares, cells })
    }
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Counts,
    /// Percentages, means and other numbers that do not add up.
    Shares,
}

impl Kind {
    fn of<'a>(header: &str, cells: impl Iterator<Item = &'a str>) -> Kind {
        let header = plain(header);
        let mut kind = Kind::Text;
        for cell in cells.map(str::trim).filter(|cell| !is_missing(cell)) {
            match (value(cell), cell.trim_end_matches('%').parse::<f64>()) {
                (Some(_), _) if kind == Kind::Text => kind = Kind::Counts,
                (Some(_), _) => {}
                (None, Ok(number)) if number.is_finite() => kind = Kind::Shares,
                (None, _) => return Kind::Text,
            }
        }
        let shares = ["share", "per cent", "percent", "%", "rate", "mean", "median", "average"];
        let is_share = shares.iter().any(|word| header.contains(word));
        if kind == Kind::Counts && is_share { Kind::Shares } else { kind }
    }
}

/// A label in its plain form.
fn plain(label: &str) -> String {
    label.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The measure that a header names; words that only say "a number" name none.
fn measure(header: &str) -> String {
    let header = plain(header);
    let says_nothing = ["count", "number", "n", "no", "no.", "freq", "frequency", "value"];
    if says_nothing.contains(&header.as_str()) { String::new() } else { header }
}

fn is_missing(cell: &str) -> bool {
    matches!(cell, "" | ".." | ". ." | "n.a." | "na" | "N/A" | "n/a")
}

/// A count, or a word for a withheld one.
fn value(cell: &str) -> Option<Value> {
    let cell = cell.trim();
    // AIHW: a dash is nil.
    if matches!(cell, "-" | "–" | "—") {
        return Some(Value::Shown(0));
    }
    let words = ["n.p.", "n.p", "np", "n.p.*", "*", "**", "x", "c", "s", "suppressed", "withheld"];
    let word = cell.to_lowercase();
    if words.contains(&word.as_str()) || word.starts_with('<') && word.len() > 1 {
        return Some(Value::Withheld);
    }
    let is_space = |c: char| matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | ',');
    let groups: Vec<&str> = cell.split(is_space).collect();
    let are_digits = |g: &&str| !g.is_empty() && g.bytes().all(|b| b.is_ascii_digit());
    let fits = groups.iter().all(are_digits) && groups.iter().skip(1).all(|g| g.len() == 3);
    // Beyond 15 digits it is no count of anything.
    let digits = groups.concat();
    (fits && digits.len() <= 15).then(|| digits.parse().ok().map(Value::Shown)).flatten()
}

impl Reading {
    /// Whether a label names a total.
    fn is_total(&self, label: &str) -> bool {
        let label = plain(label);
        if self.totals.iter().any(|total| plain(total) == label) {
            return true;
        }
        let mut words = label.split(' ');
        match (words.next(), words.next(), words.next()) {
            (Some("total" | "totals" | "all" | "sum" | "overall"), None, _) => true,
            (Some("total"), Some(_), _) | (Some("grand" | "sub"), Some("total"), None) => true,
            // "All people", not "All other programs".
            (Some("all"), Some(word), None) => !word.starts_with("other"),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(text: &str) -> Sheet {
        let cells = |line: &str| line.split(';').map(str::to_owned).collect();
        let rows = (1..).zip(text.lines()).map(|(n, line)| (n, cells(line))).collect();
        Sheet { file: "t.csv".into(), rows }
    }

    #[test]
    fn counts_are_read_as_offices_write_them() {
        let shown = [("7", 7), ("1,234", 1234), ("12 345", 12345), ("1\u{a0}000", 1000), ("–", 0)];
        for (text, n) in shown {
            assert_eq!(value(text), Some(Value::Shown(n)), "{text}");
        }
        for text in ["n.p.", "NP", "*", "<5", "Suppressed"] {
            assert_eq!(value(text), Some(Value::Withheld), "{text}");
        }
        for text in ["", "..", "1.5", "12,34", "A1", "1234567890123456", "<", ",", "1,,000"] {
            assert_eq!(value(text), None, "{text}");
        }
    }

    #[test]
    fn totals_are_known_by_their_labels() {
        let reading = Reading { totals: vec!["Persons".into()], labels: None };
        for label in ["Total", " ALL ", "All people", "Grand total", "total females", "persons"] {
            assert!(reading.is_total(label), "{label}");
        }
        for label in ["All other programs", "All others", "People", "Overalls", "Sum of us"] {
            assert!(!reading.is_total(label), "{label}");
        }
    }

    #[test]
    fn a_column_of_totals_makes_the_others_its_parts() {
        let text = "Age;Female;Male;Total;Share\n15–24;n.p.;12;20;1.5\nAll ages;30;41;71;100";
        let counts = Counts::of(&sheet(text), &Reading::default()).expect("read");
        assert_eq!(counts.dimensions, ["age", ""]);
        assert_eq!(counts.cells.len(), 6);
        let cell = &counts.cells[0];
        assert_eq!((cell.line, cell.column, cell.value), (2, 2, Value::Withheld));
        assert_eq!(cell.at, [Some("15–24".to_owned()), Some("female".to_owned())]);
        assert_eq!(counts.cells[5].at, [None, None]);
    }

    #[test]
    fn without_totals_each_column_is_a_measure_of_its_own() {
        let text = "Program;Area;People;Episodes\nA;North;10;12\nA;South;n.p.;n.p.";
        let counts = Counts::of(&sheet(text), &Reading::default()).expect("read");
        assert_eq!(counts.dimensions, ["program", "area"]);
        let measures: Vec<&str> = counts.cells.iter().map(|c| c.measure.as_str()).collect();
        assert_eq!(measures, ["people", "episodes", "people", "episodes"]);
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let read = |text: &str, labels| {
            Counts::of(&sheet(text), &Reading { labels, ..Reading::default() })
                .map(|c| c.cells.len())
        };
        assert!(matches!(read("", None), Err(Error::Empty { .. })));
        assert!(matches!(read("a;b\nx;y", None), Err(Error::NoCounts { .. })));
        // A year is a number too: it has to be said that it is a label.
        let years = "Program;Year;People\nA;2023;10\nA;2024;20";
        assert!(matches!(read(years, None), Err(Error::LabelsTwice { first: 2, line: 3, .. })));
        assert!(matches!(read(years, Some(2)), Ok(2)));
    }
}
