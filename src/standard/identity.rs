//! Whether a number says who somebody is: whether it is their name, their birth date, their
//! linkage key or an address.

use jiff::civil::Date;

use crate::slk::Slk581;
use crate::sources::plain;

/// What would say who one person is. Prints nothing.
pub(crate) struct Identity(Vec<String>);

impl Identity {
    /// What is known of a person; empty where it is not.
    pub(crate) fn of(
        family: &str,
        given: &str,
        key: &str,
        birth: &str,
        born: Option<Date>,
    ) -> Self {
        let (family, given) = (plain(family), plain(given));
        let mut theirs = vec![
            format!("{family}{given}"),
            format!("{given}{family}"),
            plain(key),
            plain(birth),
            family,
            given,
        ];
        if let Some(born) = born {
            let (year, month, day) = (born.year(), born.month(), born.day());
            theirs.push(format!("{day:02}{month:02}{year:04}"));
            theirs.push(format!("{year:04}{month:02}{day:02}"));
        }
        Identity(theirs)
    }

    /// Whether a number is any of that, or a key or an address of whomever.
    pub(crate) fn is_told_by(&self, number: &str) -> bool {
        let bare = plain(number);
        let is_theirs = bare.len() > 1 && self.0.contains(&bare);
        let is_key = number.to_ascii_uppercase().parse::<Slk581>().is_ok();
        is_theirs || is_key || number.contains('@')
    }
}
