//! The consent rule: a record is used only when every consent column clearly allows it.
//! Judged before any key is made.

use std::collections::HashMap;

use crate::sources::spec::ConsentColumn;
use crate::sources::{self, Row, Table};

/// Why a record may not be used, strongest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Withheld {
    /// No code, or one in none of the lists.
    NotStated,
    /// Consent in part: a program cannot judge it.
    Partial,
    /// Refused.
    Refused,
}

impl Withheld {
    /// The words for the rejects file.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Withheld::NotStated => "consent is not stated",
            Withheld::Partial => "consent is given in part only",
            Withheld::Refused => "consent is refused",
        }
    }
}

/// The consent columns of an open table.
#[derive(Debug)]
pub(crate) struct Consent {
    columns: Vec<Judge>,
}

#[derive(Debug)]
struct Judge {
    place: usize,
    name: String,
    /// What each code means; `None` allows.
    codes: HashMap<String, Option<Withheld>>,
}

impl Consent {
    /// Finds the columns.
    ///
    /// # Errors
    /// When one is not in the table.
    pub(crate) fn new(table: &Table, columns: &[ConsentColumn]) -> Result<Self, sources::Error> {
        let places = table.columns(columns.iter().map(|c| c.column.as_str()))?;
        let judges = columns.iter().zip(places).map(|(column, place)| {
            let mut codes = HashMap::new();
            // A code in two lists has the stricter meaning: refusals are read last.
            for (list, meaning) in [
                (&column.share, None),
                (&column.partial, Some(Withheld::Partial)),
                (&column.refuse, Some(Withheld::Refused)),
            ] {
                codes.extend(list.iter().map(|code| (folded(code), meaning)));
            }
            Judge { place, name: column.column.clone(), codes }
        });
        Ok(Consent { columns: judges.collect() })
    }

    /// The strongest reason not to use a row, with its column; nothing when every column
    /// allows it.
    pub(crate) fn withheld(&self, row: &Row) -> Option<(Withheld, &str)> {
        let mut strongest: Option<(Withheld, &str)> = None;
        for judge in &self.columns {
            let code = folded(row.cell(judge.place));
            let meaning = judge.codes.get(&code).copied().unwrap_or(Some(Withheld::NotStated));
            if let Some(reason) = meaning
                && strongest.is_none_or(|(other, _)| reason > other)
            {
                strongest = Some((reason, &judge.name));
            }
        }
        strongest
    }
}

fn folded(code: &str) -> String {
    code.trim().to_lowercase()
}
