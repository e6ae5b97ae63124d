//! The study file: what an analyst chooses of rules, of whom to count, and of measures.
//!
//! ```toml
//! [rules]
//! merge_gap = 0                    # days between two episodes of one program that are one
//! nested = "one"                   # an episode inside another of its program: "one" or "apart"
//! [rules.merge_gaps]               # other gaps, by program
//! "Crisis line" = 14
//!
//! [frame]                          # count those whose first start lies in a window
//! begins = 2023-01-01
//! ends = 2023-12-31
//! programs = ["Public housing"]    # of which programs; without it, of any
//! months_before = 48               # look back so far
//! months_after = 48                # and follow so far
//!
//! [measures]
//! targets = ["Public housing"]     # last program before these
//! return_days = [28, 90, 180, 365]
//! period = "half-year"             # or "year"; without it, by the length of the data
//!
//! [outcomes]                       # measures of kept columns
//! referral_days = 90               # taken up within so many days
//! [outcomes.columns]               # where a name does not say what a column is for
//! reason = "presenting_issue"
//! [outcomes.service_types]         # programs of a type of Common Dataset 4.2.3
//! 11 = ["Public housing"]
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use jiff::ToSpan;
use jiff::civil::Date;

use super::Error;
use super::journey::Day;
use super::outcome;
use crate::config::{self, Table};
use crate::files::{self, clean, clean_text};

/// Everything an analyst may choose in a study file. All of it has defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Study {
    /// How events become episodes.
    pub rules: RuleChoices,
    /// Whom to count; everyone where there is none.
    pub frame: Option<Frame>,
    /// What to measure.
    pub measures: MeasureChoices,
    /// What to measure of kept columns.
    pub outcomes: outcome::Spec,
}

/// `[rules]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleChoices {
    /// Episodes of one program with at most so many whole days between them are one.
    pub merge_gap: u16,
    /// Other gaps for some programs.
    pub merge_gaps: BTreeMap<String, u16>,
    /// What an episode inside another of the same program is.
    pub nested: Nested,
}

/// What an episode that lies inside another of the same program is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Nested {
    /// Part of it.
    #[default]
    One,
    /// An episode of its own.
    Apart,
}

/// `[frame]`: people whose first start lies in a window are counted, looking back and
/// following so many months. Episodes belong to the day on which they start, as in the
/// longitudinal data of the AIHW on homelessness services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// First day of the window.
    pub begins: Date,
    /// Last day of the window.
    pub ends: Date,
    /// First start in one of these programs; in any where there are none.
    pub programs: Vec<String>,
    /// Months looked back from the first day of the window; without it, all there are.
    pub months_before: Option<u16>,
    /// Months followed from the last day of the window; without it, to the extract date.
    pub months_after: Option<u16>,
}

impl Frame {
    /// The first day that is looked back to.
    pub(crate) fn first_day(&self) -> Option<Day> {
        let months = i32::from(self.months_before?);
        Some(Day::of(self.begins.saturating_sub(months.months())))
    }

    /// The last day that people are followed to.
    pub(crate) fn last_day(&self) -> Option<Day> {
        let months = i32::from(self.months_after?);
        Some(Day::of(self.ends.saturating_add(months.months())))
    }

    /// Whether a first start makes somebody one of those counted.
    pub(crate) fn has(&self, first: Day) -> bool {
        (Day::of(self.begins)..=Day::of(self.ends)).contains(&first)
    }
}

/// `[measures]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeasureChoices {
    /// Programs whose last program before is told; without it, all, where they are few.
    pub targets: Vec<String>,
    /// Ends of the bands of time to a return, in days.
    pub return_days: Vec<u16>,
    /// How long the periods of the tables are; without it, by the length of the data.
    pub period: Option<Period>,
}

impl Default for MeasureChoices {
    fn default() -> Self {
        let return_days = vec![28, 90, 180, 365];
        MeasureChoices { targets: Vec::new(), return_days, period: None }
    }
}

/// How long a reporting period is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// January to June, July to December.
    HalfYear,
    /// A calendar year.
    Year,
}

impl Study {
    /// Reads a study file.
    ///
    /// # Errors
    /// When it cannot be read, or what it says is not a study: every mistake, with its line.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = files::read_text(path)?;
        Ok(config::read(&text, &clean(path), |root| {
            let mut study = Study::default();
            if let Some(table) = root.table("rules") {
                study.rules = RuleChoices::of(table);
            }
            if let Some(table) = root.table("frame") {
                study.frame = Frame::of(table);
            }
            if let Some(table) = root.table("measures") {
                study.measures = MeasureChoices::of(table);
            }
            if let Some(table) = root.table("outcomes") {
                study.outcomes = outcome::Spec::of(table);
            }
            Some(study)
        })?)
    }

    /// Checks that the programs it names are those of events.
    ///
    /// # Errors
    /// The first that no event is of.
    pub(crate) fn check(&self, programs: &[String]) -> Result<(), Error> {
        let framed = self.frame.iter().flat_map(|frame| &frame.programs);
        let named = [
            ("rules.merge_gaps", self.rules.merge_gaps.keys().collect::<Vec<_>>()),
            ("frame.programs", framed.collect()),
            ("measures.targets", self.measures.targets.iter().collect()),
            ("outcomes.service_types", self.outcomes.service_types.values().flatten().collect()),
        ];
        for (key, names) in named {
            if let Some(name) = names.into_iter().find(|name| !programs.contains(name)) {
                return Err(Error::NoSuchProgram { key, name: clean_text(name) });
            }
        }
        Ok(())
    }
}

impl RuleChoices {
    fn of(mut table: Table<'_>) -> Self {
        let merge_gap = days(&mut table, "merge_gap").unwrap_or_default();
        let words = [("one", Nested::One), ("apart", Nested::Apart)];
        let nested = table.choice("nested", &words).unwrap_or_default();
        let mut merge_gaps = BTreeMap::new();
        if let Some(mut gaps) = table.table("merge_gaps") {
            for program in gaps.keys() {
                merge_gaps.extend(days(&mut gaps, &program).map(|gap| (program, gap)));
            }
            gaps.close();
        }
        table.close();
        RuleChoices { merge_gap, merge_gaps, nested }
    }
}

impl Frame {
    /// Nothing where a day of the window is missing, which is said.
    fn of(mut table: Table<'_>) -> Option<Self> {
        let mut day = |key, what| {
            let day = table.date(key);
            if !table.has(key) {
                table.miss(key, what);
            }
            day
        };
        let begins = day("begins", "the first day of the window, YYYY-MM-DD");
        let ends = day("ends", "the last day of the window, YYYY-MM-DD");
        let window = begins.zip(ends);
        if window.is_some_and(|(begins, ends)| ends < begins) {
            table.note("ends", "expected a day that is not before `begins`");
        }
        let programs = programs(&mut table, "programs");
        let months_before = days(&mut table, "months_before");
        let months_after = days(&mut table, "months_after");
        table.close();
        let (begins, ends) = window?;
        Some(Frame { begins, ends, programs, months_before, months_after })
    }
}

impl MeasureChoices {
    fn of(mut table: Table<'_>) -> Self {
        let targets = programs(&mut table, "targets");
        let usual = MeasureChoices::default().return_days;
        let return_days = match table.integers("return_days", 1..=MOST) {
            None => usual,
            Some(days) => {
                if days.is_empty() || days.len() > 8 || !days.is_sorted_by(|a, b| a < b) {
                    table.note("return_days", "expected one to eight numbers of days, rising");
                }
                days.into_iter().filter_map(|days| u16::try_from(days).ok()).collect()
            }
        };
        let words = [("half-year", Period::HalfYear), ("year", Period::Year)];
        let period = table.choice("period", &words);
        table.close();
        MeasureChoices { targets, return_days, period }
    }
}

/// The most days or months that can be said.
const MOST: u32 = u16::MAX as u32;

/// A number of days, or of months, where it is there.
pub(super) fn days(table: &mut Table<'_>, key: &str) -> Option<u16> {
    table.integer(key, 0..=MOST).and_then(|days| u16::try_from(days).ok())
}

/// A list of programs; an empty one where there is none.
pub(super) fn programs(table: &mut Table<'_>, key: &str) -> Vec<String> {
    let texts = table.texts(key).unwrap_or_default();
    texts.into_iter().map(toml::Spanned::into_inner).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Fault;

    fn read(text: &str) -> Result<Study, Error> {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("study.toml");
        std::fs::write(&path, text).expect("written");
        Study::read(&path)
    }

    #[test]
    fn everything_has_a_default() {
        assert_eq!(read("").expect("read"), Study::default());
        assert_eq!(Study::default().measures.return_days, [28, 90, 180, 365]);
    }

    #[test]
    fn every_key_is_read() {
        let text = "[rules]\r\nmerge_gap = 3\r\nnested = \"apart\"\r\n[rules.merge_gaps]\r\n\
                    \"Crisis line\" = 14\r\n[frame]\r\nbegins = 2023-01-01\r\nends = \"2023-12-31\"\r\n\
                    programs = [\"A\"]\r\nmonths_before = 48\r\nmonths_after = 12\r\n[measures]\r\n\
                    targets = [\"A\", \"B\"]\r\nreturn_days = [7, 30]\r\nperiod = \"half-year\"\r\n";
        let study = read(text).expect("read");
        assert_eq!(study.rules.merge_gap, 3);
        assert_eq!(study.rules.nested, Nested::Apart);
        assert_eq!(study.rules.merge_gaps["Crisis line"], 14);
        let frame = study.frame.clone().expect("a frame");
        assert_eq!(frame.first_day().expect("a day").date(), jiff::civil::date(2019, 1, 1));
        assert_eq!(frame.last_day().expect("a day").date(), jiff::civil::date(2024, 12, 31));
        assert!(frame.has(Day::of(frame.begins)) && frame.has(Day::of(frame.ends)));
        assert!(!frame.has(Day(Day::of(frame.ends).0 + 1)));
        assert_eq!(study.measures.return_days, [7, 30]);
        assert_eq!(study.measures.period, Some(Period::HalfYear));
        let programs = ["A", "B", "Crisis line"].map(str::to_owned);
        assert!(study.check(&programs).is_ok());
        let missing = study.check(&programs[..1]);
        assert!(matches!(missing, Err(Error::NoSuchProgram { key: "rules.merge_gaps", .. })));
    }

    #[test]
    fn every_mistake_is_told_with_its_line() {
        let text = "[rules]\nmerge_gapp = 1\nnested = \"two\"\n[rules.merge_gaps]\nA = -5\n\
            [frame]\nbegins = \"1/1/2023\"\n[measures]\nreturn_days = [90, 28]\n\
            [outcomes]\nexpected_pairs = 200\n[outcomes.columns]\nraeson = \"x\"\n[more]\n";
        let said = read(text).expect_err("mistakes").to_string();
        let said: Vec<&str> =
            said.lines().filter_map(|line| line.split_once("study.toml").map(|l| l.1)).collect();
        let expected = [
            " line 2: unknown key `merge_gapp` in [rules]; did you mean `merge_gap`?",
            " line 3: `rules.nested`: expected `one` or `apart`, found `two`",
            " line 5: `rules.merge_gaps.A`: expected a whole number from 0 to 65535, found `-5`",
            " line 6: `frame.ends` is missing: expected the last day of the window, YYYY-MM-DD",
            " line 7: `frame.begins`: expected a date YYYY-MM-DD, found a text that is none",
            " line 9: `measures.return_days`: expected one to eight numbers of days, rising",
            " line 11: `outcomes.expected_pairs`: expected a whole number from 0 to 100, found `200`",
            " line 13: unknown key `raeson` in [outcomes.columns]; did you mean `reason`?",
            " line 14: unknown key `more`; expected `rules`, `frame`, `measures` or `outcomes`",
        ];
        assert_eq!(said, expected);
        for (text, says) in [
            ("[frame]\nbegins = 2023-13-01\nends = 2023-12-31\n", "line 2"),
            ("[frame]\nbegins = 2023-01-01T10:00:00\nends = 2023-12-31\n", "YYYY-MM-DD"),
            ("[frame]\nbegins = 2024-01-01\nends = 2023-12-31\n", "not before `begins`"),
            ("[frame]\nbegins = 7\nends = 2023-12-31\n", "found a number"),
            ("[measures]\nreturn_days = []\n", "rising"),
            ("[measures]\nreturn_days = 28\n", "a list of numbers in [ ], found a number"),
            ("[measures]\nreturn_days = [0, \"x\"]\n", "from 1 to 65535"),
            ("[rules\n", "line 1"),
            ("rules = 3\n", "expected a table, found a number"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.to_string().contains(says), "{text}: {error}");
            assert_eq!(error.class(), crate::error::Class::Usage);
            assert!(error.hint().is_some_and(|hint| hint.contains("docs/study.md")));
        }
    }
}
