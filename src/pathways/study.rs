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
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, de};

use super::Error;
use super::journey::Day;
use crate::files::{self, clean_text};

/// Everything an analyst may choose in a study file. All of it has defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Study {
    /// How events become episodes.
    pub rules: RuleChoices,
    /// Whom to count; everyone where there is none.
    pub frame: Option<Frame>,
    /// What to measure.
    pub measures: MeasureChoices,
}

/// `[rules]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RuleChoices {
    /// Episodes of one program with at most so many whole days between them are one.
    pub merge_gap: u16,
    /// Other gaps for some programs.
    pub merge_gaps: BTreeMap<String, u16>,
    /// What an episode inside another of the same program is.
    pub nested: Nested,
}

/// What an episode that lies inside another of the same program is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
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
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frame {
    /// First day of the window.
    #[serde(deserialize_with = "date")]
    pub begins: Date,
    /// Last day of the window.
    #[serde(deserialize_with = "date")]
    pub ends: Date,
    /// First start in one of these programs; in any where there are none.
    #[serde(default)]
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
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
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
    /// When it cannot be read, or a key or value is not one of a study: with its line.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = files::read_text(path)?;
        let fail =
            |line, text: &str| Error::Study { path: path.to_owned(), line, text: clean_text(text) };
        let study: Study = toml::from_str(&text).map_err(|e| {
            let line = e.span().map(|at| 1 + text[..at.start].matches('\n').count());
            fail(line, &e.message().replace('\n', "; "))
        })?;
        let days = &study.measures.return_days;
        if days.is_empty() || days.len() > 8 || days[0] == 0 || !days.is_sorted_by(|a, b| a < b) {
            return Err(fail(None, "`return_days`: expected one to eight numbers of days, rising"));
        }
        if study.frame.as_ref().is_some_and(|frame| frame.ends < frame.begins) {
            return Err(fail(None, "`frame`: the window ends before it begins"));
        }
        Ok(study)
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
        ];
        for (key, names) in named {
            if let Some(name) = names.into_iter().find(|name| !programs.contains(name)) {
                return Err(Error::NoSuchProgram { key, name: clean_text(name) });
            }
        }
        Ok(())
    }
}

/// A date with or without quotes.
fn date<'de, D: Deserializer<'de>>(from: D) -> Result<Date, D::Error> {
    let expected = || de::Error::custom("expected a date YYYY-MM-DD");
    let text = match toml::Value::deserialize(from)? {
        toml::Value::String(text) => text,
        toml::Value::Datetime(date) => date.to_string(),
        _ => return Err(expected()),
    };
    text.parse().map_err(|_| expected())
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn mistakes_are_told_with_their_line() {
        for (text, line, says) in [
            ("[rules]\nmerge_gapp = 1\n", Some(2), "merge_gapp"),
            ("[rules]\n\nnested = \"two\"\n", Some(3), "two"),
            ("[frame]\nbegins = 2023-01-01\n", Some(1), "ends"),
            ("[frame]\nbegins = 2023-13-01\nends = 2023-12-31\n", Some(2), ""),
            ("[frame]\nbegins = \"1/1/2023\"\nends = 2023-12-31\n", Some(2), "YYYY-MM-DD"),
            ("[frame]\nbegins = 2024-01-01\nends = 2023-12-31\n", None, "ends before"),
            ("[measures]\nreturn_days = [90, 28]\n", None, "rising"),
            ("[measures]\nreturn_days = []\n", None, "rising"),
            ("[rules\n", Some(1), ""),
        ] {
            match read(text) {
                Err(Error::Study { line: at, text: said, .. }) => {
                    assert_eq!(at, line, "{text}: {said}");
                    assert!(said.contains(says), "{text}: {said}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
    }
}
