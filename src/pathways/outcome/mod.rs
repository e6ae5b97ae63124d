//! Measures from the columns that sources kept: why people came, where they lived, to whom
//! they were referred, how they fared, whom linkage missed.
//!
//! In: the kept columns, as codes (`kept`), and the maps. Out: `Measure`s, which are
//! counted beside those of journeys. Must never: print a cell that is in no code list, unless
//! it is a region or a band of ages that enough people have.
//!
//! ```text
//!  kept ─► notes ─┬─► reason, housing, referral, homeless
//!  codes   by     ├─► score ─► kpi
//!  by event person└─► subgroup
//! ```

mod code;
#[cfg(test)]
mod fixture;
mod homeless;
mod housing;
mod kept;
mod kpi;
mod notes;
mod period;
mod reason;
mod referral;
mod role;
mod score;
mod spec;
mod subgroup;

use std::collections::BTreeMap;

use self::code::Code;
use self::role::Role;
use super::count::Measure;
use super::journey::Journeys;
use super::measure::Vocabulary;
use super::path::Path;
use super::tally::{Of, Tie};
use crate::disclosure::Threshold;

pub(crate) use self::kept::{Kept, Taken};
pub(crate) use self::notes::Notes;
pub use self::spec::Spec;

/// People by a code.
type Counts = BTreeMap<Code, u64>;

fn together(mut a: Counts, b: Counts) -> Counts {
    b.into_iter().for_each(|(code, n)| *a.entry(code).or_default() += n);
    a
}

/// Says that these rows of a table share nobody and together are its first row, category by
/// category.
fn parted(name: &'static str, rows: &[usize], categories: usize) -> Vec<Tie> {
    let tie = |category: usize| Tie {
        parts: rows.iter().map(|&row| (row, category)).collect(),
        wholes: vec![Of::Count(name, 0, category)],
        is_all: true,
    };
    (0..categories).map(tie).collect()
}

/// The measures for which there are columns, and what is not told for want of them: each a
/// sentence.
pub(super) fn measures<'a>(
    notes: Option<&'a Notes>,
    journeys: &Journeys,
    vocabulary: &Vocabulary,
    paths: &[&Path],
    others: &[Measure<'_>],
    spec: &Spec,
    threshold: Threshold,
) -> (Vec<Measure<'a>>, Vec<String>) {
    let (tables, programs) = (&vocabulary.code, &vocabulary.programs);
    let one = |measure: Option<Measure<'a>>| measure.into_iter().collect::<Vec<_>>();
    // Each with the columns that it needs.
    type Make<'m, 'a> = Box<dyn Fn(&'a Notes) -> Vec<Measure<'a>> + 'm>;
    let all: [(&str, Make<'_, 'a>); 7] = [
        (
            "reasons for presenting (`reason_for_presenting`, 3.1.1)",
            Box::new(|notes| reason::measures(notes, journeys, tables, programs, paths)),
        ),
        (
            "housing at start and end (`dwelling`, 3.3.1; `tenure`, 3.3.2)",
            Box::new(|notes| one(housing::measure(notes))),
        ),
        ("homelessness (the same)", Box::new(|notes| one(homeless::measure(notes)))),
        (
            "referrals (`referral_to`, 4.2.3)",
            Box::new(|notes| one(referral::measure(notes, journeys, programs, spec))),
        ),
        (
            "linkage by subgroup (`sex`, `age`, `indigenous_status`, `region`)",
            Box::new(|notes| one(subgroup::measure(notes, journeys, threshold))),
        ),
        ("outcomes (`domain` and `score`)", Box::new(|notes| score::measures(notes, spec))),
        (
            "DEX key performance indicators (`domain` and `score`, or `indigenous_status`, \
             `disability_flag`, `main_language_spoken_at_home`)",
            Box::new(|notes| kpi::measures(notes, others)),
        ),
    ];
    let mut measures = Vec::new();
    let mut missing = Vec::new();
    for (what, make) in all {
        let made = notes.map_or_else(Vec::new, make);
        if made.is_empty() {
            missing.push(what);
        }
        measures.extend(made);
    }
    let missing_roles =
        notes.map_or_else(|| spec.columns.keys().copied().collect(), |notes| notes.missing.clone());
    let named = |role: &Role| {
        format!("No events file has the column that the study file names for “{}”.", role.name())
    };
    let mut not_told: Vec<String> = missing_roles.iter().map(named).collect();
    if !missing.is_empty() {
        not_told.push(format!(
            "Not told, since no events file has a column for it: {}.",
            missing.join("; ")
        ));
    }
    (measures, not_told)
}
