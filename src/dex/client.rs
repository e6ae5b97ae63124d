//! One client as an upload may have them: no name and no street without consent, a linkage key
//! of the DEX profile, an estimated birth date on 1 January, a number that identifies nobody.

use jiff::civil::{Date, date};

use super::Unconsenting;
use super::ids::Ids;
use super::locality::{self, Locality};
use super::shape::Note;
use crate::project::{Diacritics, Placeholders};
use crate::slk::check::check;
use crate::slk::{Profile, make};
use crate::sources::upload::Element;
use crate::standard::Identity;
use crate::standardise::date::Accuracy;
use crate::standardise::{BirthDate, Name, Person, PlaceholderList, Sex, Value};

/// Nobody alive was born before.
const OLDEST: Date = date(1900, 1, 1);

const NO_KEY: &str = "is none of the DEX profile, and none can be made";

/// What all clients are held to.
pub(super) struct Rules {
    placeholders: PlaceholderList,
    as_at: Date,
    unconsenting: Unconsenting,
    /// The place that stands for people without a fixed address.
    no_fixed_address: Option<Locality>,
    /// Whether a key is written where names are too.
    pub(super) keys: Keys,
}

/// Whose key is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keys {
    /// Everybody's that can be made.
    Everybody,
    /// Those that are recorded, and those of people without names.
    Recorded,
}

impl Rules {
    pub(super) fn new(
        as_at: Date,
        unconsenting: Unconsenting,
        no_fixed_address: Option<Locality>,
        keys: Keys,
    ) -> Rules {
        let placeholders = PlaceholderList::new(&Placeholders::standard());
        Rules { placeholders, as_at, unconsenting, no_fixed_address, keys }
    }

    /// Gives a client who is said to have no fixed address the place that stands for it. It comes
    /// before a client is settled, since every client must have a place.
    ///
    /// # Errors
    /// When no place was given for such clients.
    pub(super) fn place(&self, client: &mut Element, notes: &mut Vec<Note>) -> Result<(), Note> {
        locality::fill(client, self.no_fixed_address.as_ref(), &self.placeholders, notes)
    }

    /// Makes a settled client one that may be written.
    ///
    /// # Errors
    /// When that cannot be.
    pub(super) fn apply(
        &self,
        client: &mut Element,
        ids: &Ids,
        notes: &mut Vec<Note>,
    ) -> Result<(), Note> {
        let fault = |element, reason| Err(Note { element, reason });
        let consents = client.text("ConsentToProvideDetails") == "true";
        if !consents && self.unconsenting == Unconsenting::LeaveOut {
            return fault("ConsentToProvideDetails", "no consent is given");
        }
        let Ok(born) = client.text("BirthDate").parse::<Date>() else {
            return fault("BirthDate", "is no day");
        };
        if born > self.as_at {
            return fault("BirthDate", "is in the future");
        }
        if born < OLDEST {
            return fault("BirthDate", "is before 1900");
        }
        let is_estimate = client.text("IsBirthDateAnEstimate") == "true";
        let recorded = born;
        let born = if is_estimate { date(born.year(), 1, 1) } else { born };
        let (family, given) = (client.text("FamilyName"), client.text("GivenName"));
        let has_names = !family.is_empty() || !given.is_empty();
        let mut key = client.text("Slk").to_ascii_uppercase();
        if ids.are_kept() {
            let is_told = |day| {
                let theirs = Identity::of(family, given, &key, "", Some(day));
                theirs.is_told_by(client.text("ClientId"))
            };
            if is_told(recorded) || is_told(born) {
                return fault("ClientId", "says who the person is");
            }
        }
        if !key.is_empty() {
            if is_estimate && key.is_ascii() && key.len() == 14 {
                key.replace_range(5..9, "0101");
            }
            // What the Common Dataset writes for a sex that is not stated.
            if key.ends_with('4') {
                key.replace_range(key.len() - 1.., "9");
            }
            if check(&key, Profile::Dex).is_err() {
                notes.push(Note { element: "Slk", reason: "is none of the DEX profile" });
                key.clear();
            }
        }
        let is_wanted = !consents || self.keys == Keys::Everybody || !has_names;
        if key.is_empty() && is_wanted {
            key = self.key(client, born, is_estimate).unwrap_or_default();
        }
        if key.is_empty() && (!consents || !has_names) {
            return fault("Slk", NO_KEY);
        }
        if !consents {
            let hidden = ["GivenName", "FamilyName"];
            client.inner.retain(|element| !hidden.contains(&element.name.as_str()));
            if let Some(address) = within(client, "ResidentialAddress") {
                address.inner.retain(|line| !line.name.starts_with("AddressLine"));
            }
        }
        if let Some(element) = within(client, "BirthDate") {
            element.text = born.to_string();
        }
        client.inner.retain(|element| element.name != "Slk");
        if !key.is_empty() {
            // It stands behind the number.
            client.inner.insert(1.min(client.inner.len()), Element::of("Slk", &key));
        }
        Ok(())
    }

    /// The linkage key of the names of a client; none without any name.
    fn key(&self, client: &Element, born: Date, is_estimate: bool) -> Option<String> {
        let name =
            |element: &str| Name::read(client.text(element), Diacritics::Fold, &self.placeholders);
        let accuracy = if is_estimate { Accuracy::ESTIMATED } else { Accuracy::ACCURATE };
        let person = Person {
            family: name("FamilyName"),
            given: name("GivenName"),
            birth: Value::Known(BirthDate::new(born, accuracy)),
            sex: Sex::read(client.text("GenderCode")),
            ..Person::default()
        };
        person.family.known().or(person.given.known())?;
        let (key, _) = make(&person, Profile::Dex).ok()?;
        check(key.as_str(), Profile::Dex).ok().map(|_| key.as_str().to_owned())
    }
}

fn within<'e>(element: &'e mut Element, name: &str) -> Option<&'e mut Element> {
    element.inner.iter_mut().find(|inner| inner.name == name)
}

#[cfg(test)]
mod tests {
    use super::super::shape;
    use super::*;
    use crate::sources::upload::{List, parse};

    const START: &str = "<Client><ClientId>C7</ClientId>";
    const REST: &str = "<HasDisabilities>false</HasDisabilities><ResidentialAddress>\
        <AddressLine1>1 Elm St</AddressLine1><Suburb>Reid</Suburb><StateCode>ACT</StateCode>\
        <Postcode>2612</Postcode></ResidentialAddress></Client>";

    fn written(middle: &str, unconsenting: Unconsenting, keys: Keys) -> Result<String, Note> {
        written_of(START, middle, unconsenting, keys)
    }

    fn written_of(
        start: &str,
        middle: &str,
        unconsenting: Unconsenting,
        keys: Keys,
    ) -> Result<String, Note> {
        let mut client = parse(format!("{start}{middle}{REST}").as_bytes()).expect("a client");
        let mut notes = Vec::new();
        shape::settle(List::Clients, &mut client, &mut notes)?;
        let rules = Rules::new(date(2026, 7, 1), unconsenting, None, keys);
        rules.apply(&mut client, &Ids::kept(), &mut notes)?;
        let mut text = String::new();
        shape::write(&client, &mut text);
        Ok(text)
    }

    fn middle(consent: &str, names: &str, born: &str, estimate: &str, more: &str) -> String {
        format!(
            "<ConsentToProvideDetails>{consent}</ConsentToProvideDetails>{names}\
             <BirthDate>{born}</BirthDate><GenderCode>FEMALE</GenderCode>\
             <IsBirthDateAnEstimate>{estimate}</IsBirthDateAnEstimate>{more}"
        )
    }

    const NAMES: &str = "<GivenName>Ottilie</GivenName><FamilyName>Brackenfern</FamilyName>";

    #[test]
    fn without_consent_there_is_a_key_and_no_name_or_street() {
        let middle = middle("false", NAMES, "1987-03-14", "false", "");
        let text = written(&middle, Unconsenting::Unnamed, Keys::Recorded).expect("a client");
        assert!(text.contains("<ClientId>C7</ClientId><Slk>RAKTT140319872</Slk>"), "{text}");
        assert!(text.contains("<Suburb>Reid</Suburb>"));
        assert!(["Ottilie", "Bracken", "Elm"].iter().all(|value| !text.contains(value)));
        let left_out = written(&middle, Unconsenting::LeaveOut, Keys::Recorded);
        assert_eq!(left_out.map_err(|note| note.reason), Err("no consent is given"));
    }

    #[test]
    fn an_estimate_is_on_1_january_in_the_key_too() {
        let key = "<Slk>RAKTT140319872</Slk>";
        for more in [key, ""] {
            let middle = middle("true", NAMES, "1987-03-14", "true", more);
            let text = written(&middle, Unconsenting::Unnamed, Keys::Everybody).expect("a client");
            assert!(text.contains("<BirthDate>1987-01-01</BirthDate>"), "{text}");
            assert!(text.contains("<Slk>RAKTT010119872</Slk>"), "{text}");
            assert!(text.contains("Ottilie"));
        }
    }

    #[test]
    fn who_cannot_be_written_is_set_aside_with_the_reason() {
        let (named, unnamed) = (NAMES, "");
        for (consent, names, born, more, reason) in [
            ("true", named, "2026-07-02", "", "is in the future"),
            ("true", named, "1899-12-31", "", "is before 1900"),
            ("false", unnamed, "1987-03-14", "", NO_KEY),
            ("true", unnamed, "1987-03-14", "<Slk>22299140319872</Slk>", NO_KEY),
        ] {
            let middle = middle(consent, names, born, "false", more);
            let set_aside = written(&middle, Unconsenting::Unnamed, Keys::Recorded);
            assert_eq!(set_aside.map_err(|note| note.reason), Err(reason), "{middle}");
        }
        let surname = "<GivenName>C7</GivenName>";
        let middle = middle("true", surname, "1987-03-14", "false", "");
        let set_aside = written(&middle, Unconsenting::Unnamed, Keys::Recorded);
        assert_eq!(set_aside.map_err(|note| note.reason), Err("says who the person is"));
    }

    #[test]
    fn a_number_may_be_neither_an_estimate_as_recorded_nor_any_key() {
        let names = "<GivenName>Ida</GivenName><FamilyName>Merriweather</FamilyName>";
        for number in ["14031987", "1987-03-14", "01/01/1987", "raktt140319872", "a@b"] {
            let client = format!("<Client><ClientId>{number}</ClientId>");
            let middle = middle("true", names, "1987-03-14", "true", "");
            let set_aside = written_of(&client, &middle, Unconsenting::Unnamed, Keys::Recorded);
            assert_eq!(set_aside.map_err(|note| note.reason), Err("says who the person is"));
        }
    }

    #[test]
    fn a_key_is_added_only_where_it_is_wanted() {
        let middle = middle("true", NAMES, "1987-03-14", "false", "");
        let has_key = |keys| {
            written(&middle, Unconsenting::Unnamed, keys).expect("a client").contains("<Slk>")
        };
        assert!(has_key(Keys::Everybody) && !has_key(Keys::Recorded));
    }
}
