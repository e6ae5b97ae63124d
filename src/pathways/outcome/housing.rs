//! Where people lived when they came and when they were last seen: dwelling (Common Dataset
//! 3.3.1) and tenure (3.3.2) as one of six housing situations.
//!
//! The situations, and which of them are homelessness, are those of the AIHW's Specialist
//! Homelessness Services reports (data derivations).

use super::code::{self, Code, NOTHING};
use super::notes::{Note, Notes};
use super::role::Role;
use crate::pathways::count::Measure;
use crate::pathways::journey::{Day, Episode};
use crate::pathways::tally::{Chart, Derived, Group, Of, Tally};

/// A housing situation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Situation {
    NoShelter,
    ShortTerm,
    NoTenure,
    Social,
    Private,
    Institution,
}

impl Situation {
    const ALL: [Situation; 6] = [
        Situation::NoShelter,
        Situation::ShortTerm,
        Situation::NoTenure,
        Situation::Social,
        Situation::Private,
        Situation::Institution,
    ];

    fn label(self) -> &'static str {
        match self {
            Situation::NoShelter => "No shelter or improvised dwelling",
            Situation::ShortTerm => "Short-term temporary accommodation",
            Situation::NoTenure => "House or flat with no tenure",
            Situation::Social => "Public or community housing",
            Situation::Private => "Private or other housing",
            Situation::Institution => "Institutional setting",
        }
    }

    pub(super) fn is_homeless(self) -> bool {
        matches!(self, Situation::NoShelter | Situation::ShortTerm | Situation::NoTenure)
    }

    /// The situation of a dwelling and a tenure. The dwelling decides, unless it is a house
    /// or flat, is not known, or is another than those listed: then the tenure does.
    pub(super) fn of(dwelling: Code, tenure: Code) -> Option<Self> {
        match dwelling {
            2..=8 => return Some(Situation::NoShelter),
            9..=11 => return Some(Situation::ShortTerm),
            12..=20 => return Some(Situation::Institution),
            _ => {}
        }
        match tenure {
            // Caravan parks.
            5 | 13 => Some(Situation::NoShelter),
            // Transitional housing, boarding houses, emergency accommodation.
            4 | 6 | 7 | 12 | 14 | 15 => Some(Situation::ShortTerm),
            22 => Some(Situation::NoTenure),
            2 | 3 | 10 | 11 => Some(Situation::Social),
            NOTHING | code::OTHER if dwelling == NOTHING => None,
            _ => Some(Situation::Private),
        }
    }
}

/// Where somebody lived when an event began.
pub(super) fn at_start(notes: &Notes, note: &Note) -> Option<Situation> {
    Situation::of(notes.code(Role::Dwelling, note), notes.code(Role::Tenure, note))
}

/// Where somebody lived when an event ended.
pub(super) fn at_end(notes: &Notes, note: &Note) -> Option<Situation> {
    if !note.has_ended {
        return None;
    }
    Situation::of(notes.code(Role::DwellingAtEnd, note), notes.code(Role::TenureAtEnd, note))
}

/// The first and the last that is recorded of where somebody lived; None where it was
/// recorded once only.
fn first_and_last(notes: &Notes, list: &[Note]) -> Option<(Situation, Situation)> {
    let mut records: Vec<(Day, bool, Situation)> = Vec::new();
    for note in list {
        records.extend(at_start(notes, note).map(|s| (note.start, false, s)));
        records.extend(at_end(notes, note).map(|s| (note.last, true, s)));
    }
    // On one day, how an episode ended comes after how it or another began.
    records.sort_unstable();
    let (first, rest) = records.split_first()?;
    let last = rest.iter().rfind(|(day, is_end, _)| (*day, *is_end) > (first.0, first.1))?;
    Some((first.2, last.2))
}

/// The table from where to where.
pub(super) fn measure(notes: &Notes) -> Option<Measure<'_>> {
    if !notes.has(Role::Dwelling) && !notes.has(Role::Tenure) {
        return None;
    }
    let labels = Situation::ALL.map(|s| s.label().to_owned());
    let mut groups = vec![Group::empty(vec!["All".into()], labels.len(), Of::Everyone, false)];
    groups.extend(labels.iter().map(|label| {
        Group::empty(vec![label.clone()], labels.len(), Of::Group("housing", 0), false)
    }));
    let parts: Vec<usize> = (1..groups.len()).collect();
    let tally = Tally {
        name: "housing",
        caption: "Where people lived at the start and at the end".into(),
        rule: "People whose housing was recorded at least twice: as it was recorded first, and \
               as it was recorded last. Shares are of those who began in the same situation. \
               Situations as in the AIHW's homelessness reports, from dwelling and tenure; the \
               first three are homelessness; a house or flat whose tenure is not recorded is \
               private or other housing."
            .into(),
        by: vec!["At the start".into()],
        ties: super::parted("housing", &parts, labels.len()),
        categories: labels.to_vec(),
        total: Some("People".into()),
        groups,
        derived: Derived::ShareOfGroup,
        chart: Chart::Bars,
    };
    let sort = move |journey: &[Episode], hits: &mut Vec<(usize, usize)>| {
        let client = notes.client(journey[0].person);
        if let Some((first, last)) = first_and_last(notes, client.notes) {
            hits.extend([(0, last as usize), (1 + first as usize, last as usize)]);
        }
    };
    Some(Measure { tally, counts_episodes: false, sort: Box::new(sort) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn situations_are_those_of_the_aihw() {
        use Situation::{Institution, NoShelter, NoTenure, Private, ShortTerm, Social};
        for (dwelling, tenure, situation) in [
            // Street, caravan, car, whatever the tenure.
            (7, 22, Some(NoShelter)),
            (2, 19, Some(NoShelter)),
            (8, 0, Some(NoShelter)),
            // A caravan park says so by the tenure alone.
            (0, 5, Some(NoShelter)),
            (9, 6, Some(ShortTerm)),
            (11, 99, Some(ShortTerm)),
            // A flat rented as transitional housing.
            (1, 4, Some(ShortTerm)),
            (1, 22, Some(NoTenure)),
            (1, 2, Some(Social)),
            (1, 11, Some(Social)),
            (1, 1, Some(Private)),
            (1, 20, Some(Private)),
            (1, 0, Some(Private)),
            (21, 0, Some(Private)),
            (16, 22, Some(Institution)),
            (12, 4, Some(Institution)),
            (0, 0, None),
            (0, code::OTHER, None),
        ] {
            assert_eq!(Situation::of(dwelling, tenure), situation, "{dwelling}, {tenure}");
        }
        let homeless = Situation::ALL.map(Situation::is_homeless);
        assert_eq!(homeless, [true, true, true, false, false, false]);
        for (place, situation) in Situation::ALL.into_iter().enumerate() {
            assert_eq!(situation as usize, place);
        }
    }
}
