//! The place of people without a fixed address: every upload must say a suburb, a state and a
//! postcode of each client, and has no word for those who have none. An agency names a place that
//! stands for them, such as that of its own outlet.

use super::shape::Note;
use crate::sources::upload::Element;
use crate::standardise::{PlaceholderList, postcode, says_no_fixed_address};

/// What every upload must say of where a client lives.
const MUST: [&str; 3] = ["Suburb", "StateCode", "Postcode"];

const STATES: [&str; 9] = ["ACT", "NSW", "NT", "QLD", "SA", "TAS", "VIC", "WA", "AAT"];

const STANDS_FOR: &str = "is of somebody without a fixed address: the place given stands for it";
const NO_PLACE: &str =
    "is of somebody without a fixed address; `--no-fixed-address` names a place to stand for it";

/// A suburb with its state and postcode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locality {
    suburb: String,
    state: String,
    postcode: String,
}

impl Locality {
    /// Reads `Reid,ACT,2612`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Locality, &'static str> {
        let parts: Vec<&str> = text.split(',').map(str::trim).collect();
        let [suburb, state, postcode] = parts[..] else {
            return Err("expected SUBURB,STATE,POSTCODE, as Reid,ACT,2612");
        };
        if !suburb.contains(char::is_alphabetic) || suburb.contains(char::is_control) {
            return Err("the suburb is no name");
        }
        let state = state.to_ascii_uppercase();
        if !STATES.contains(&state.as_str()) {
            return Err("the state is none of ACT, NSW, NT, QLD, SA, TAS, VIC, WA, AAT");
        }
        if postcode.len() != 4 || !postcode.bytes().all(|b| b.is_ascii_digit()) {
            return Err("the postcode is not of four digits");
        }
        if !postcode::agree(postcode, &state) {
            return Err("the postcode is of another state");
        }
        Ok(Locality { suburb: suburb.to_owned(), state, postcode: postcode.to_owned() })
    }

    fn address(&self) -> Element {
        let values = [&self.suburb, &self.state, &self.postcode];
        let values = MUST.into_iter().zip(values).map(|(name, value)| Element::of(name, value));
        Element::group(ADDRESS, values.collect())
    }
}

const ADDRESS: &str = "ResidentialAddress";

/// Writes the place that stands for it where a client is said to have no fixed address and the
/// record has no whole place. A place that is recorded all the same, as where somebody stays for
/// now, is left as it is; whoever just has none recorded is not taken for homeless.
///
/// # Errors
/// When such a client has no place, and none is given.
pub(super) fn fill(
    client: &mut Element,
    given: Option<&Locality>,
    placeholders: &PlaceholderList,
    notes: &mut Vec<Note>,
) -> Result<(), Note> {
    let address = client.inner.iter().find(|inner| inner.name == ADDRESS);
    let text = |name: &str| address.map_or("", |address| address.text(name)).trim();
    let says_so = |name: &str| says_no_fixed_address(text(name), placeholders);
    let is_empty = MUST.iter().any(|name| text(name).is_empty());
    let is_said = says_so("Suburb")
        || is_empty && (says_so("AddressLine1") || says_so("AddressLine2"))
        || text("Suburb").is_empty() && is_homeless(client);
    if !is_said {
        return Ok(());
    }
    match given {
        Some(place) => {
            client.inner.retain(|inner| inner.name != ADDRESS);
            client.inner.push(place.address());
            notes.push(Note { element: ADDRESS, reason: STANDS_FOR });
            Ok(())
        }
        None if is_empty => Err(Note { element: ADDRESS, reason: NO_PLACE }),
        // Whether the words will do as a suburb is for the Data Exchange to say.
        None => Ok(()),
    }
}

/// Whether an element says that a client is homeless; at risk of it is not yet.
fn is_homeless(client: &Element) -> bool {
    let is = |name: &str, words: &[&str]| {
        words.iter().any(|word| client.text(name).trim().eq_ignore_ascii_case(word))
    };
    is("HomelessIndicatorCode", &["homeless"]) || is("IsHomeless", &["true", "1"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Placeholders;
    use crate::sources::upload::parse;

    #[test]
    fn a_place_is_a_suburb_a_state_and_a_postcode_of_it() {
        let place = Locality::parse(" Mount Nullum , act,2612").expect("a place");
        assert_eq!(
            (&*place.suburb, &*place.state, &*place.postcode),
            ("Mount Nullum", "ACT", "2612")
        );
        for (text, fault) in [
            ("Reid", "expected"),
            ("Reid,ACT", "expected"),
            ("Reid,ACT,2612,x", "expected"),
            (",ACT,2612", "suburb"),
            ("Re\u{7}id,ACT,2612", "suburb"),
            ("Reid,XY,2612", "state"),
            ("Reid,ACT,261", "four digits"),
            ("Reid,ACT,26l2", "four digits"),
            ("Reid,VIC,2612", "another state"),
        ] {
            let said = Locality::parse(text).expect_err(text);
            assert!(said.contains(fault), "{text}: {said}");
        }
    }

    /// What becomes of a client with these elements, and this within the address.
    fn filled(more: &str, address: &str, given: Option<&Locality>) -> Result<String, &'static str> {
        let text = format!(
            "<Client><ClientId>c</ClientId>{more}<ResidentialAddress>{address}\
             </ResidentialAddress></Client>"
        );
        let mut client = parse(text.as_bytes()).expect("a client");
        let placeholders = PlaceholderList::new(&Placeholders::standard());
        let mut notes = Vec::new();
        fill(&mut client, given, &placeholders, &mut notes).map_err(|note| note.reason)?;
        // An element without anything in it is none.
        let address = client.inner.iter().find(|inner| inner.name == ADDRESS);
        let values = address.iter().flat_map(|address| &address.inner);
        let values: Vec<&str> = values.map(|inner| inner.text.as_str()).collect();
        assert_eq!(notes.is_empty(), values.first() != Some(&"Outlet"));
        Ok(values.join("|"))
    }

    #[test]
    fn the_place_given_stands_for_whoever_is_said_to_have_none() {
        let place = Locality::parse("Outlet,ACT,2600").expect("a place");
        let instead = "Outlet|ACT|2600";
        let homeless = "<HomelessIndicatorCode>HOMELESS</HomelessIndicatorCode>";
        let suburb = "<Suburb>No fixed address</Suburb>";
        let line = "<AddressLine1>N.F.A.</AddressLine1>";
        let whole = "<Suburb>Reid</Suburb><StateCode>ACT</StateCode><Postcode>2612</Postcode>";
        let rest = "<StateCode>ACT</StateCode><Postcode>2612</Postcode>";
        for (more, address, expected) in [
            ("", suburb.to_owned(), instead),
            ("", format!("{suburb}{rest}"), instead),
            ("", line.to_owned(), instead),
            ("", format!("{line}<Suburb>Reid</Suburb>"), instead),
            (homeless, String::new(), instead),
            (homeless, rest.to_owned(), instead),
            ("<IsHomeless>true</IsHomeless>", String::new(), instead),
            // A place that is recorded all the same.
            ("", format!("{line}{whole}"), "N.F.A.|Reid|ACT|2612"),
            (homeless, whole.to_owned(), "Reid|ACT|2612"),
            (homeless, "<Suburb>Reid</Suburb>".to_owned(), "Reid"),
            // Not recorded is not homeless, and neither is at risk of it.
            ("", String::new(), ""),
            ("", rest.to_owned(), "ACT|2612"),
            ("<HomelessIndicatorCode>ATRISK</HomelessIndicatorCode>", String::new(), ""),
            ("<IsHomeless>false</IsHomeless>", String::new(), ""),
        ] {
            assert_eq!(
                filled(more, &address, Some(&place)),
                Ok(expected.into()),
                "{more}{address}"
            );
            let without = filled(more, &address, None);
            let is_whole = address.ends_with(rest) && !address.starts_with("<StateCode>");
            match expected == instead && !is_whole {
                true => assert_eq!(without, Err(NO_PLACE), "{more}{address}"),
                false => assert!(without.is_ok_and(|text| text != instead), "{more}{address}"),
            }
        }
    }
}
