//! The consent rule: a record is used only when every consent column that is asked clearly
//! allows it, for the agreement's purposes, on the day of the extract, and nobody has withdrawn
//! it since. Judged before any key is made.

use std::borrow::Cow;
use std::collections::HashMap;

use jiff::civil::Date;

use super::withdrawn::Withdrawn;
use crate::config::one_of;
use crate::days::DateFormats;
use crate::error::{Class, Fault};
use crate::files::clean_text;
use crate::package::manifest::Exclusions;
use crate::sources::spec::ConsentColumn;
use crate::sources::{Row, SourceSpec, Table, may_be_consent, trimmed};

/// Why a record may not be used, strongest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Withheld {
    /// No code, or one in none of the lists.
    NotStated,
    /// A day that the rule needs is not there, or cannot be read.
    Undated,
    /// Given on a later day than that of the extract.
    NotYet,
    /// Given for a time that is over.
    Ended,
    /// Consent in part: a program cannot judge it.
    Partial,
    /// Refused.
    Refused,
    /// Given, and withdrawn since.
    Withdrawn,
}

impl Withheld {
    /// The words for the rejects file.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Withheld::NotStated => "consent is not stated",
            Withheld::Undated => "a day of the consent is missing or cannot be read",
            Withheld::NotYet => "consent is given from a later day on",
            Withheld::Ended => "consent has ended",
            Withheld::Partial => "consent is given in part only",
            Withheld::Refused => "consent is refused",
            Withheld::Withdrawn => "consent is withdrawn",
        }
    }

    /// Where a record is counted that is left out for it.
    pub(crate) fn count_in(self, excluded: &mut Exclusions) {
        *match self {
            // Consent of which nobody knows since when it holds is as good as none on record.
            Withheld::NotStated | Withheld::Undated => &mut excluded.consent_not_stated,
            Withheld::NotYet => &mut excluded.consent_not_yet,
            Withheld::Ended => &mut excluded.consent_ended,
            Withheld::Partial => &mut excluded.consent_partial,
            Withheld::Refused => &mut excluded.consent_refused,
            Withheld::Withdrawn => &mut excluded.consent_withdrawn,
        } += 1;
    }
}

/// Consent that cannot be judged, so that no record may be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Consent for stated purposes, and an agreement without any.
    #[error(
        "source.toml: consent column `{}` is for stated purposes, and the agreement states none",
        clean_text(.column)
    )]
    NoPurpose {
        /// The column.
        column: String,
    },
    /// No consent for a purpose of the agreement.
    #[error("source.toml: no consent column is for the agreement's purpose `{purpose}`")]
    PurposeNotCovered {
        /// The purpose.
        purpose: String,
        /// What there is consent for.
        have: Vec<String>,
    },
    /// Consent that has a time, and an extract that has none.
    #[error(
        "source.toml: consent column `{}` has days, and the day of the extract is not declared",
        clean_text(.column)
    )]
    NoDay {
        /// The column.
        column: String,
    },
}

impl Fault for Error {
    fn class(&self) -> Class {
        match self {
            Error::NoPurpose { .. } | Error::PurposeNotCovered { .. } => Class::Refused,
            Error::NoDay { .. } => Class::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Error::NoPurpose { .. } => {
                "agree on what the records are for: `purposes = [\"…\"]` in [project] of \
                 project.toml, the same at every party"
                    .to_owned()
            }
            Error::PurposeNotCovered { have, .. } => {
                let have: Vec<&str> = have.iter().map(String::as_str).collect();
                format!(
                    "there is consent for {}; where people were asked for this purpose too, add \
                     it to `purposes` of that column",
                    one_of(&have)
                )
            }
            Error::NoDay { .. } => {
                "say with `--as-at YYYY-MM-DD` on which day the export was made".to_owned()
            }
        })
    }
}

/// What the consent of an export is judged for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Use<'a> {
    /// The purposes of the agreement.
    pub(crate) purposes: &'a [String],
    /// The day of the extract, as far as it was declared.
    pub(crate) as_at: Option<Date>,
}

/// The consent columns of an open table that are asked, and who withdrew.
#[derive(Debug)]
pub(crate) struct Consent {
    judges: Vec<Judge>,
    withdrawn: Withdrawn,
    record_id: (usize, String),
}

/// One column, with the days that belong to it.
#[derive(Debug)]
struct Judge {
    code: Cell,
    /// What each code means; `None` allows.
    codes: HashMap<String, Option<Withheld>>,
    given: Option<Cell>,
    until: Option<Cell>,
    withdrawn: Option<Cell>,
    date_format: DateFormats,
    /// The day of the extract; where no day was declared, no column has days to compare.
    as_at: Date,
}

/// A column, by its place and its heading.
#[derive(Debug)]
struct Cell {
    place: usize,
    name: String,
}

impl Consent {
    /// Finds the columns, and reads the lists of who withdrew.
    ///
    /// # Errors
    /// When a column is not in the table, a list cannot be read whole, or nobody can say
    /// whether consent covers the use.
    pub(crate) fn new(
        table: &Table,
        source: &SourceSpec,
        wanted: Use<'_>,
    ) -> Result<Self, crate::Error> {
        let asked = asked(&source.consent, wanted.purposes)?;
        // All columns that are not there are named together.
        let names = asked.iter().flat_map(|c| std::iter::once(&c.column).chain(c.dates()));
        table.columns(names.map(String::as_str))?;
        let judges = asked.into_iter().map(|column| Judge::new(table, column, wanted.as_at));
        Ok(Consent {
            judges: judges.collect::<Result<_, crate::Error>>()?,
            withdrawn: Withdrawn::read(source)?,
            record_id: (table.column(&source.record_id)?, source.record_id.clone()),
        })
    }

    /// The strongest reason not to use a row, with its column; nothing when every column
    /// allows it and nobody withdrew.
    pub(crate) fn withheld(&self, row: &Row) -> Option<(Withheld, &str)> {
        if self.withdrawn.has(row.cell(self.record_id.0)) {
            return Some((Withheld::Withdrawn, &self.record_id.1));
        }
        let mut strongest: Option<(Withheld, &str)> = None;
        for (reason, column) in self.judges.iter().filter_map(|judge| judge.withheld(row)) {
            if strongest.is_none_or(|(other, _)| reason > other) {
                strongest = Some((reason, column));
            }
        }
        strongest
    }

    /// Whether a row gives consent anew after a withdrawal that it has too.
    pub(crate) fn is_renewed(&self, row: &Row) -> bool {
        self.judges.iter().any(|judge| judge.is_renewed(row))
    }

    /// How many listed record numbers no row had so far.
    pub(crate) fn listed_in_vain(&self) -> usize {
        self.withdrawn.unseen()
    }
}

/// What a person should know where listed record numbers are of no row: they may be written in
/// another way, as without their leading zeros.
pub(crate) fn warning(listed_in_vain: usize) -> Option<String> {
    (listed_in_vain > 0).then(|| {
        format!(
            "record numbers on the lists of who withdrew that no row of the export has: \
             {listed_in_vain}; are they written as the export writes them?"
        )
    })
}

/// What a person should know of columns that look like consent and that no section names.
pub(crate) fn unasked(table: &Table, source: &SourceSpec) -> Option<String> {
    let is_named = |heading: &str| {
        let named = |c: &ConsentColumn| c.column == heading || c.dates().any(|day| day == heading);
        source.consent.iter().any(named)
    };
    let headings = table.header().iter().filter(|heading| may_be_consent(heading));
    let unasked: Vec<String> = headings
        .filter(|heading| !is_named(heading))
        .map(|heading| format!("`{}`", clean_text(heading)))
        .collect();
    (!unasked.is_empty()).then(|| {
        format!(
            "columns that may be about consent, and that no [[consent]] of source.toml names: {}; \
             whoever refuses there is not left out",
            unasked.join(", ")
        )
    })
}

/// The columns that are asked for these purposes: those for one of them, and those for every
/// use. Where any column is for stated purposes, each purpose needs one: a general column may
/// be no more than the leave to write things down.
fn asked<'c>(
    columns: &'c [ConsentColumn],
    purposes: &[String],
) -> Result<Vec<&'c ConsentColumn>, Error> {
    let have = || columns.iter().flat_map(|column| &column.purposes);
    if let Some(column) = columns.iter().find(|column| !column.purposes.is_empty()) {
        if purposes.is_empty() {
            return Err(Error::NoPurpose { column: column.column.clone() });
        }
        if let Some(purpose) = purposes.iter().find(|purpose| !have().any(|p| p == *purpose)) {
            let mut have: Vec<String> = have().cloned().collect();
            have.sort();
            have.dedup();
            return Err(Error::PurposeNotCovered { purpose: purpose.clone(), have });
        }
    }
    let is_asked = |column: &&ConsentColumn| {
        column.purposes.is_empty() || column.purposes.iter().any(|p| purposes.contains(p))
    };
    Ok(columns.iter().filter(is_asked).collect())
}

impl Judge {
    fn new(
        table: &Table,
        column: &ConsentColumn,
        as_at: Option<Date>,
    ) -> Result<Self, crate::Error> {
        let mut codes = HashMap::new();
        // A code in two lists has the stricter meaning: refusals are read last.
        for (list, meaning) in [
            (&column.share, None),
            (&column.partial, Some(Withheld::Partial)),
            (&column.refuse, Some(Withheld::Refused)),
        ] {
            codes.extend(list.iter().map(|code| (folded(code).into_owned(), meaning)));
        }
        let cell = |name: &String| -> Result<Cell, crate::Error> {
            Ok(Cell { place: table.column(name)?, name: name.clone() })
        };
        let day = |name: &Option<String>| name.as_ref().map(cell).transpose();
        let as_at = match (as_at, column.given.as_ref().or(column.until.as_ref())) {
            (None, Some(column)) => return Err(Error::NoDay { column: column.clone() }.into()),
            (as_at, _) => as_at.unwrap_or_default(),
        };
        Ok(Judge {
            code: cell(&column.column)?,
            codes,
            given: day(&column.given)?,
            until: day(&column.until)?,
            withdrawn: day(&column.withdrawn)?,
            date_format: column.date_format.clone(),
            as_at,
        })
    }

    fn is_renewed(&self, row: &Row) -> bool {
        let day = |cell: &Option<Cell>| {
            self.date_format.read(row.cell(cell.as_ref()?.place), self.as_at).ok()
        };
        day(&self.given).zip(day(&self.withdrawn)).is_some_and(|(given, gone)| given > gone)
    }

    fn withheld(&self, row: &Row) -> Option<(Withheld, &str)> {
        let day = |cell: &str| self.date_format.read(cell, self.as_at).ok();
        let filled = |cell: &Option<Cell>| {
            let text = row.cell(cell.as_ref()?.place);
            (!text.is_empty()).then_some(text)
        };
        let given = filled(&self.given).and_then(day);
        if let (Some(column), Some(text)) = (&self.withdrawn, filled(&self.withdrawn)) {
            // It counts from when it is known, whatever its day: only consent that was given
            // anew after it undoes it, and what is no day undoes nothing.
            let is_renewed = given.zip(day(text)).is_some_and(|(given, gone)| given > gone);
            if !is_renewed {
                return Some((Withheld::Withdrawn, &column.name));
            }
        }
        let code = folded(row.cell(self.code.place));
        if let Some(reason) = self.codes.get(&*code).copied().unwrap_or(Some(Withheld::NotStated)) {
            return Some((reason, &self.code.name));
        }
        if let Some(column) = &self.given {
            match given {
                None => return Some((Withheld::Undated, &column.name)),
                Some(given) if given > self.as_at => return Some((Withheld::NotYet, &column.name)),
                Some(_) => {}
            }
        }
        let (column, text) = (self.until.as_ref()?, filled(&self.until)?);
        match day(text) {
            None => Some((Withheld::Undated, &column.name)),
            Some(last) if last < self.as_at => Some((Withheld::Ended, &column.name)),
            Some(_) => None,
        }
    }
}

fn folded(code: &str) -> Cow<'_, str> {
    let code = trimmed(code);
    // Nearly every code is a digit or two.
    if code.bytes().all(|byte| byte.is_ascii_digit()) {
        code.into()
    } else {
        code.to_lowercase().into()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const SOURCE: &str = "\
[source]
name = \"a\"
record_id = \"id\"
[columns]
family_name = \"name\"
[[consent]]
column = \"share\"
share = [\"1\"]
partial = [\"99\"]
refuse = [\"2\"]
given = \"given\"
until = \"until\"
withdrawn = \"gone\"
date_format = \"%d/%m/%Y\"
";

    fn spec(text: &str) -> SourceSpec {
        SourceSpec::parse(text, "a.toml").expect("a sound description")
    }

    fn column(purposes: &[&str]) -> ConsentColumn {
        ConsentColumn {
            column: purposes.join("+"),
            share: vec!["1".into()],
            partial: vec![],
            refuse: vec![],
            purposes: purposes.iter().map(|p| (*p).to_owned()).collect(),
            given: None,
            until: None,
            withdrawn: None,
            date_format: DateFormats::named("%d/%m/%Y"),
        }
    }

    /// What one row of `id,name,share,given,until,gone` is, as at 30 June 2024.
    fn judged(cells: &str) -> Option<(Withheld, String)> {
        let text = format!("id,name,share,given,until,gone\n1,A,{cells}\n");
        let source = spec(SOURCE);
        let shown = std::path::Path::new("made");
        let mut table = Table::from_stream(
            Box::new(std::io::Cursor::new(text.into_bytes())),
            shown,
            &source.form(),
        )
        .expect("a table");
        let wanted = Use { purposes: &[], as_at: Some(date(2024, 6, 30)) };
        let consent = Consent::new(&table, &source, wanted).expect("the columns are there");
        let batch = table.next_batch(10).expect("a row");
        let found = consent.withheld(&batch.rows[0]);
        found.map(|(withheld, column)| (withheld, column.to_owned()))
    }

    /// Each rule by hand: the code, given, until and withdrawn; the day of the extract is
    /// 30 June 2024.
    #[test]
    fn consent_is_judged_on_the_day_of_the_extract() {
        use Withheld::{Ended, NotStated, NotYet, Partial, Refused, Undated, Withdrawn};
        for (cells, expected) in [
            ("1,01/01/2024,,", None),
            (" 1 ,30/06/2024,30/06/2024,", None),
            ("1,01/07/2024,,", Some((NotYet, "given"))),
            ("1,,,", Some((Undated, "given"))),
            ("1,2024-01-01,,", Some((Undated, "given"))),
            ("1,01/01/2024,29/06/2024,", Some((Ended, "until"))),
            ("1,01/01/2024,soon,", Some((Undated, "until"))),
            ("1,01/01/2024,,01/02/2024", Some((Withdrawn, "gone"))),
            // The day itself; a day after the extract; what is no day; given anew after it.
            ("1,01/02/2024,,01/02/2024", Some((Withdrawn, "gone"))),
            ("1,01/01/2024,,05/07/2024", Some((Withdrawn, "gone"))),
            ("1,01/01/2024,,yes", Some((Withdrawn, "gone"))),
            ("1,02/02/2024,,01/02/2024", None),
            ("1,01/07/2024,,01/02/2024", Some((NotYet, "given"))),
            ("1,,,01/02/2024", Some((Withdrawn, "gone"))),
            // The code comes before the time, and withdrawal before both.
            ("2,01/07/2024,,", Some((Refused, "share"))),
            ("99,01/01/2024,,", Some((Partial, "share"))),
            (",01/01/2024,,", Some((NotStated, "share"))),
            ("7,01/01/2024,01/02/2024,", Some((NotStated, "share"))),
            ("2,01/01/2024,,01/02/2024", Some((Withdrawn, "gone"))),
        ] {
            let expected = expected.map(|(withheld, column)| (withheld, column.to_owned()));
            assert_eq!(judged(cells), expected, "{cells}");
        }
    }

    #[test]
    fn columns_are_asked_for_their_purposes() {
        let words = |list: &[&str]| list.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        let names = |columns: &[ConsentColumn], purposes: &[&str]| {
            let found = asked(columns, &words(purposes));
            found.map(|list| list.iter().map(|c| c.column.clone()).collect::<Vec<_>>())
        };
        let general = [column(&[]), column(&[])];
        assert_eq!(names(&general, &[]).expect("asked").len(), 2);
        assert_eq!(names(&general, &["planning"]).expect("asked").len(), 2);
        let stated = [column(&[]), column(&["research"]), column(&["planning", "audit"])];
        assert_eq!(names(&stated, &["research"]).expect("asked"), ["", "research"]);
        assert_eq!(names(&stated, &["audit"]).expect("asked"), ["", "planning+audit"]);
        assert_eq!(names(&stated, &["audit", "research"]).expect("asked").len(), 3);
        assert!(matches!(names(&stated, &[]), Err(Error::NoPurpose { .. })));
        match names(&stated, &["research", "follow-up"]) {
            Err(Error::PurposeNotCovered { purpose, have }) => {
                assert_eq!(purpose, "follow-up");
                assert_eq!(have, ["audit", "planning", "research"]);
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn days_of_consent_need_a_declared_day() {
        let source = spec(SOURCE);
        let text = "id,name,share,given,until,gone\n1,A,1,01/01/2024,,\n";
        let table = || {
            let bytes = std::io::Cursor::new(text.as_bytes());
            let shown = std::path::Path::new("made");
            Table::from_stream(Box::new(bytes), shown, &source.form()).expect("a table")
        };
        let wanted = Use { purposes: &[], as_at: None };
        let refused = Consent::new(&table(), &source, wanted).expect_err("no day");
        assert!(refused.to_string().contains("the day of the extract is not declared"));
        // A withdrawal needs none: it counts from when it is known.
        let undated = SOURCE.replace("given = \"given\"\nuntil = \"until\"\n", "");
        Consent::new(&table(), &spec(&undated), wanted).expect("nothing to compare");
    }

    proptest::proptest! {
        /// Whatever the cells hold, there is no panic, and a filled day of withdrawal never
        /// leads to use unless consent was given after it.
        #[test]
        fn a_withdrawal_is_never_overlooked(
            code in "[0-9]{0,2}", given in "[0-9/]{0,10}", until in "[0-9/]{0,10}",
            gone in "[0-9/]{1,10}",
        ) {
            let found = judged(&format!("{code},{given},{until},{gone}"));
            let day = |text: &str| Date::strptime("%d/%m/%Y", text).ok();
            let renewed = day(&given).zip(day(&gone)).is_some_and(|(g, w)| g > w);
            if !renewed {
                proptest::prop_assert_eq!(found.map(|(w, _)| w), Some(Withheld::Withdrawn));
            }
        }
    }
}
