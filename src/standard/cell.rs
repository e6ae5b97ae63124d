//! One value against its item: type, length, codes.

use jiff::civil::Date;

use super::Wording;
use super::item::{Item, Kind};
use super::record::Days;
use super::rule::Rule;
use crate::slk::{Profile, check};

/// What a value is judged by besides its item.
pub(super) struct Judge<'a> {
    pub(super) days: &'a Days,
    /// The readings of SLK-581 that a key may keep.
    pub(super) profiles: &'a [Profile],
}

/// The profiles of the Common Dataset's keys.
pub(super) fn profiles(wording: Wording) -> &'static [Profile] {
    match wording {
        Wording::AsWritten => &[Profile::ActV4],
        Wording::Corrected => &[Profile::ActV4, Profile::Aihw],
    }
}

impl Judge<'_> {
    /// The rule that a value of this item breaks, where it breaks one. `place` is the item's
    /// own in the dictionary.
    pub(super) fn breaks(&self, item: &Item, place: usize, value: &str) -> Option<Rule> {
        match item.kind {
            Kind::Code => item.code(value).is_none().then_some(Rule::Code),
            Kind::Text => {
                let most = item.max_length.unwrap_or(usize::MAX);
                (value.chars().count() > most).then_some(Rule::TooLong)
            }
            Kind::Date => self.days.read(place, value).err(),
            Kind::Year if item.code(value).is_some() => None,
            Kind::Year => year(value, self.days.as_at),
            Kind::Integer { least, most } => match value.parse::<u32>() {
                Ok(number) if (least..=most).contains(&number) => None,
                _ if value.bytes().all(|b| b.is_ascii_digit()) => Some(Rule::Range),
                _ => Some(Rule::Type),
            },
            Kind::Digits(digits) => {
                let right = value.len() == digits && value.bytes().all(|b| b.is_ascii_digit());
                (!right).then_some(Rule::Type)
            }
            Kind::Key => {
                let keeps = |profile: &Profile| check::check(value, *profile).is_ok();
                (!self.profiles.iter().any(keeps)).then_some(Rule::KeyMalformed)
            }
            Kind::YesNo => yes_no(value).is_none().then_some(Rule::Type),
            Kind::Group => Some(Rule::Type),
        }
    }
}

fn year(value: &str, as_at: Date) -> Option<Rule> {
    let is_year = value.len() == 4 && value.bytes().all(|b| b.is_ascii_digit());
    match value.parse::<i16>() {
        Ok(year) if is_year && year > as_at.year() => Some(Rule::Future),
        Ok(year) if is_year && year < 1900 => Some(Rule::TooOld),
        Ok(_) if is_year => None,
        _ => Some(Rule::Type),
    }
}

/// Yes or no, in the ways that exports write it.
pub(super) fn yes_no(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "y" => Some(true),
        "false" | "0" | "no" | "n" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::days::DateFormats;
    use crate::standard::{Dictionary, Standard};

    /// Of each item, values that it may have and values that it may not, with the rule that
    /// each breaks.
    fn values(item: &Item) -> (Vec<String>, Vec<(String, Rule)>) {
        let codes = item.codes.iter().map(|code| code.code.clone());
        let text = |text: &str| text.to_owned();
        match item.kind {
            Kind::Code => {
                let letters = item.codes.iter().filter_map(|code| code.letter.clone());
                let padded = item.codes.iter().map(|code| format!("0{}", code.code));
                let padded = padded.filter(|code| code.bytes().all(|b| b.is_ascii_digit()));
                let good = codes.chain(letters).chain(padded).collect();
                let bad = ["77", "Q", "1.0", "-1", "1;2"].map(|v| (text(v), Rule::Code));
                (good, bad.to_vec())
            }
            Kind::Text => {
                let most = item.max_length.expect("a length");
                let good = vec!["é".repeat(most), text("1")];
                (good, vec![("é".repeat(most + 1), Rule::TooLong)])
            }
            Kind::Date => {
                let good = vec![text("31121999"), text("29022024")];
                let bad = [
                    ("31021999", Rule::NoSuchDay),
                    ("1999-12-31", Rule::Type),
                    ("1012017", Rule::Type),
                    ("02072026", Rule::Future),
                    ("31121899", Rule::TooOld),
                ];
                (good, bad.map(|(v, rule)| (text(v), rule)).to_vec())
            }
            Kind::Year => {
                let good = codes.chain([text("1999"), text("2026")]).collect();
                let bad = [
                    ("2027", Rule::Future),
                    ("1899", Rule::TooOld),
                    ("98", Rule::Type),
                    ("+999", Rule::Type),
                ];
                (good, bad.map(|(v, rule)| (text(v), rule)).to_vec())
            }
            Kind::Integer { least, most } => {
                let good = vec![least.to_string(), most.to_string()];
                let bad = vec![
                    ((most + 1).to_string(), Rule::Range),
                    (text("99999999999999999999"), Rule::Range),
                    (text("two"), Rule::Type),
                    (text("2.0"), Rule::Type),
                ];
                (good, bad)
            }
            Kind::Digits(digits) => {
                let good = vec!["0".repeat(digits)];
                let bad = vec![
                    ("1".repeat(digits + 1), Rule::Type),
                    ("1".repeat(digits - 1), Rule::Type),
                    ("x".repeat(digits), Rule::Type),
                ];
                (good, bad)
            }
            Kind::Key => {
                let good = vec![text("MIHOH010120171"), text("MIHOH010120174")];
                (
                    good,
                    vec![
                        (text("MIHOH310220171"), Rule::KeyMalformed),
                        (text("MIHOH"), Rule::KeyMalformed),
                    ],
                )
            }
            Kind::YesNo => {
                let good = ["true", "No", "0"].map(text).to_vec();
                (good, vec![(text("2"), Rule::Type)])
            }
            // Nothing but an empty cell, which is not judged.
            Kind::Group => (vec![], vec![(text("1"), Rule::Type)]),
        }
    }

    #[test]
    fn each_of_the_91_items_takes_what_it_may_have_and_nothing_else() {
        let days = Days {
            birth: DateFormats::named("%d%m%Y"),
            other: DateFormats::named("%d%m%Y"),
            as_at: date(2026, 7, 1),
            birth_item: None,
            start_item: None,
        };
        for wording in [Wording::Corrected, Wording::AsWritten] {
            let judge = Judge { days: &days, profiles: profiles(wording) };
            let dictionary = Dictionary::of(Standard::CommonDataset, wording);
            let mut judged = 0;
            for (place, item) in dictionary.items.iter().enumerate() {
                let (good, bad) = values(item);
                for value in &good {
                    assert_eq!(judge.breaks(item, place, value), None, "{} {value}", item.id);
                }
                for (value, rule) in &bad {
                    assert_eq!(
                        judge.breaks(item, place, value),
                        Some(*rule),
                        "{} {value}",
                        item.id
                    );
                }
                assert!(!bad.is_empty() && (!good.is_empty() || item.kind == Kind::Group));
                judged += 1;
            }
            assert_eq!(judged, 91);
        }
    }

    /// Only the document's own profile is strict about a sex that is not stated.
    #[test]
    fn keys_of_other_collections_are_keys_too() {
        let days = Days {
            birth: DateFormats::default(),
            other: DateFormats::default(),
            as_at: date(2026, 7, 1),
            birth_item: None,
            start_item: None,
        };
        for (wording, expected) in
            [(Wording::Corrected, None), (Wording::AsWritten, Some(Rule::KeyMalformed))]
        {
            let dictionary = Dictionary::of(Standard::CommonDataset, wording);
            let place = dictionary.place("1.7.2").expect("the key");
            let judge = Judge { days: &days, profiles: profiles(wording) };
            assert_eq!(judge.breaks(&dictionary.items[place], place, "MIHOH010120179"), expected);
        }
    }
}
