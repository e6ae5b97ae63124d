//! Referrals made (Common Dataset 4.2.3), and whether the service began that they name.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::code::{self, Code, NOTHING};
use super::notes::{Note, Notes};
use super::role::Role;
use super::spec::Spec;
use super::{Counts, together};
use crate::pathways::count::Measure;
use crate::pathways::journey::{Day, Episode, Journeys};
use crate::pathways::tally::{Chart, Derived, Group, Of, Tally};

const TAKEN_UP: usize = 0;
const NOT_TAKEN_UP: usize = 1;
const TOO_RECENT: usize = 2;
/// No program of the type is in the data, so nobody could tell.
const NOT_SEEN: usize = 3;

/// Which programs a referral to a service type can lead to.
enum Leads {
    /// Every other program, since the study does not say.
    Anywhere,
    /// These, of the tables.
    To(BTreeMap<Code, Vec<u16>>),
}

/// The table, with a row for each service type that anybody was referred to.
pub(super) fn measure<'a>(
    notes: &'a Notes,
    journeys: &Journeys,
    programs: &[String],
    spec: &Spec,
) -> Option<Measure<'a>> {
    if !notes.has(Role::Referral) {
        return None;
    }
    let referred = journeys.each().fold(Counts::new, |mut counts: Counts, journey| {
        let client = notes.client(journey[0].person);
        let mut types: Vec<Code> =
            client.notes.iter().map(|n| notes.code(Role::Referral, n)).collect();
        types.sort_unstable();
        types.dedup();
        types
            .into_iter()
            .filter(|t| *t != NOTHING)
            .for_each(|t| *counts.entry(t).or_default() += 1);
        counts
    });
    let types: Vec<Code> = referred.reduce(Counts::new, together).into_keys().collect();
    if types.is_empty() {
        return None;
    }
    let leads = leads(spec, programs);
    let days = spec.referral_days;
    let mut categories = vec![
        format!("Taken up within {days} days"),
        format!("Not within {days} days"),
        "Too recent to tell".to_owned(),
    ];
    let taken_up = match leads {
        Leads::Anywhere => "an episode of any other program began",
        Leads::To(_) => {
            categories.push("Service not in the data".to_owned());
            "an episode of a program of that type began (which they are, the study file says)"
        }
    };
    let width = categories.len();
    let group = |code: &Code| {
        Group::empty(vec![code::referral_label(*code).to_owned()], width, Of::Everyone, false)
    };
    let tally = Tally {
        name: "referrals",
        caption: "Referrals made, and taken up".into(),
        rule: format!(
            "People by the type of organisation they were referred to; each counts once for each \
             type, by their first referral to it. Taken up: {taken_up} after the beginning of \
             the event that has the referral, and at most {days} days after that event ended, \
             whatever episode it is part of. Too recent to tell: not taken up by the extract date, which came \
             before the {days} days were over."
        ),
        by: vec!["Referred to".into()],
        categories,
        total: Some("People referred".into()),
        groups: types.iter().map(group).collect(),
        ties: Vec::new(),
        derived: Derived::ShareOfGroup,
        chart: Chart::Bars,
    };
    let sort = move |journey: &[Episode], hits: &mut Vec<(usize, usize)>| {
        let client = notes.client(journey[0].person);
        let mut seen: Vec<Code> = Vec::new();
        for note in client.notes {
            let code = notes.code(Role::Referral, note);
            let Ok(group) = types.binary_search(&code) else { continue };
            if !seen.contains(&code) {
                seen.push(code);
                hits.push((group, outcome(notes, journey, note, code, &leads, days)));
            }
        }
    };
    Some(Measure { tally, counts_episodes: false, sort: Box::new(sort) })
}

/// What became of a referral.
fn outcome(
    notes: &Notes,
    journey: &[Episode],
    note: &Note,
    code: Code,
    leads: &Leads,
    days: u16,
) -> usize {
    let from = notes.program(note);
    let until = Day(note.last.0.saturating_add(i32::from(days)));
    let leads_to = |program: u16| match leads {
        Leads::Anywhere => program != from,
        Leads::To(types) => types.get(&code).is_some_and(|list| list.contains(&program)),
    };
    if let Leads::To(types) = leads
        && types.get(&code).is_none_or(Vec::is_empty)
    {
        return NOT_SEEN;
    }
    let began = |e: &Episode| e.start > note.start && e.start <= until && leads_to(e.program);
    if journey.iter().any(began) {
        TAKEN_UP
    } else if note.has_ended && until <= notes.extract {
        NOT_TAKEN_UP
    } else {
        TOO_RECENT
    }
}

fn leads(spec: &Spec, programs: &[String]) -> Leads {
    if spec.service_types.is_empty() {
        return Leads::Anywhere;
    }
    let place = |name: &String| {
        let found = programs.iter().position(|p| p.eq_ignore_ascii_case(name.trim()));
        found.and_then(|place| u16::try_from(place).ok())
    };
    let types = spec.service_types.iter().map(|(code, names)| {
        (code::referral(code), names.iter().filter_map(place).collect::<Vec<u16>>())
    });
    Leads::To(types.collect())
}
