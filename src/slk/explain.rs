//! How each character of one person's key came about, in plain words: for a person who
//! typed the values and wants to understand the key. Shows the key, so it is for a screen
//! and never for a log.

use serde::Serialize;

use super::make::{Birth, FAMILY_PLACES, GIVEN_PLACES, NoKey, Plan, Quality, Slot, make};
use super::profile::Profile;
use crate::standardise::{Absent, Person, Reason, Value};

/// A key taken apart.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The key.
    pub key: String,
    /// The profile and the version of its rules.
    pub profile: String,
    /// What was doubtful, as in a quality column.
    pub quality: String,
    /// One step for each character, in order.
    pub steps: Vec<Step>,
}

/// Where one character comes from.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Its position, counted from 1.
    pub position: usize,
    /// The character.
    pub character: char,
    /// The reason.
    pub because: String,
}

/// Explains the key that [`make`] gives.
///
/// # Errors
/// As [`make`].
pub fn explain(person: &Person, profile: Profile) -> Result<Explanation, NoKey> {
    let (key, quality): (_, Quality) = make(person, profile)?;
    let plan = Plan::of(person, profile)?;
    let mut reasons = name_reasons(&plan.family, "family", "given", &FAMILY_PLACES);
    reasons.extend(name_reasons(&plan.given, "given", "family", &GIVEN_PLACES));
    reasons.extend(birth_reasons(&plan.birth));
    reasons.push(sex_reason(person, profile));
    let steps = key.as_str().chars().zip(reasons).enumerate();
    let steps =
        steps.map(|(at, (character, because))| Step { position: at + 1, character, because });
    Ok(Explanation {
        key: key.as_str().to_owned(),
        profile: profile.label(),
        quality: quality.to_string(),
        steps: steps.collect(),
    })
}

fn name_reasons(slot: &Slot<'_>, own: &str, other: &str, places: &[usize]) -> Vec<String> {
    let source = match slot {
        Slot::Other(_) => format!("{other} name, the person's only one"),
        _ => format!("{own} name"),
    };
    let reason = |place: &usize| match slot {
        Slot::Own(name) | Slot::Other(name) if *place <= name.bytes().len() => {
            format!("letter {place} of the {source}")
        }
        Slot::Own(_) | Slot::Other(_) => format!("there is no letter {place} in the {source}"),
        Slot::Moved => format!("the person's only name counts as the {other} name"),
        Slot::OneLetter => format!("a {own} name of one letter counts as missing"),
        Slot::Absent(absent) => missing_name(own, *absent),
    };
    places.iter().map(reason).collect()
}

fn missing_name(name: &str, absent: Absent) -> String {
    match absent {
        Absent::Empty => format!("no {name} name"),
        absent => format!("no {name} name: {absent}"),
    }
}

fn birth_reasons(birth: &Birth) -> Vec<String> {
    let (day, month, year) = match birth {
        Birth::Recorded(_) => ("day of birth", "month of birth", "year of birth"),
        Birth::Month(_) => {
            ("first of the month: the day is an estimate", "month of birth", "year of birth")
        }
        Birth::Year(_) => (
            "1 January: the date is an estimate",
            "1 January: the date is an estimate",
            "year of birth",
        ),
        Birth::Filler => ["the filler for an unknown birth date"; 3].into(),
    };
    let parts = [day, day, month, month, year, year, year, year];
    parts.map(str::to_owned).to_vec()
}

fn sex_reason(person: &Person, profile: Profile) -> String {
    match &person.sex {
        Value::Known(_) => "code for sex".into(),
        Value::Missing(_) => format!("sex not stated, as {profile} codes it"),
        Value::Bad(Reason::UnknownCode) => {
            format!("sex has no known code: not stated, as {profile} codes it")
        }
        Value::Bad(reason) => format!("sex {reason}: not stated, as {profile} codes it"),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::project::{Diacritics, Placeholders};
    use crate::standardise::date::Accuracy;
    use crate::standardise::{BirthDate, Name, PlaceholderList};

    fn person(family: &str, given: &str) -> Person {
        let list = PlaceholderList::new(&Placeholders::standard());
        Person {
            family: Name::read(family, Diacritics::Fold, &list),
            given: Name::read(given, Diacritics::Fold, &list),
            birth: Value::Known(BirthDate::new(date(2000, 12, 19), Accuracy::ESTIMATED)),
            sex: Value::Missing(Absent::NotStated),
            others: Vec::new(),
            slk: Value::Missing(Absent::Empty),
        }
    }

    #[test]
    fn every_character_has_its_reason() {
        for profile in Profile::ALL {
            for (family, given) in [("Lee", "J"), ("", "Suharto"), ("Suharto", ""), ("李", "?")] {
                let person = person(family, given);
                let explanation = explain(&person, profile).expect("a key");
                let spelt: String = explanation.steps.iter().map(|s| s.character).collect();
                assert_eq!(spelt, explanation.key, "{profile}");
                assert!(explanation.steps.iter().map(|s| s.position).eq(1..=14));
            }
        }
    }

    #[test]
    fn reasons_follow_the_profile() {
        let reasons = |family, given, profile| -> Vec<String> {
            let explanation = explain(&person(family, given), profile).expect("a key");
            explanation.steps.into_iter().map(|step| step.because).collect()
        };
        let aihw = reasons("Lee", "J", Profile::Aihw);
        assert_eq!(aihw[1], "letter 3 of the family name");
        assert_eq!(aihw[2], "there is no letter 5 in the family name");
        assert_eq!(aihw[13], "sex not stated, as aihw codes it");
        let dex = reasons("Lee", "J", Profile::Dex);
        assert_eq!(dex[3], "a given name of one letter counts as missing");
        assert_eq!(dex[5], "1 January: the date is an estimate");
        let eppoc = reasons("Suharto", "", Profile::Eppoc);
        assert_eq!(eppoc[0], "the person's only name counts as the given name");
        assert_eq!(eppoc[3], "letter 2 of the family name, the person's only one");
        let other = reasons("李", "Jo", Profile::Aihw);
        assert_eq!(other[0], "no family name: it is in a script without Latin letters");
    }
}
