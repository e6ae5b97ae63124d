//! Any two texts as names: every profile gives a key that it accepts itself and that reads
//! back, or says why there is none. Any text as a key: what is accepted reads back the same.

use jiff::civil::Date;
use veilway::project::{Diacritics, Placeholders};
use veilway::slk::check::{Checked, check};
use veilway::slk::{Profile, make};
use veilway::standardise::date::Accuracy;
use veilway::standardise::{Absent, BirthDate, Name, Person, PlaceholderList, Sex, Value};

/// One input.
pub fn run(input: (u8, &[u8])) {
    let (choice, [high, low, text @ ..]) = input else { return };
    let day = u16::from_be_bytes([*high, *low]);
    let (estimated, drop) = (choice & 1 == 1, choice & 2 == 2);
    let text = String::from_utf8_lossy(text);
    let mut words = text.splitn(3, '\n').map(str::to_owned);
    let mut word = || words.next().unwrap_or_default();
    let (family, given, sex) = (word(), word(), word());
    let list = PlaceholderList::new(&Placeholders::standard());
    let diacritics = if drop { Diacritics::Drop } else { Diacritics::Fold };
    let accuracy = if estimated { Accuracy::ESTIMATED } else { Accuracy::ACCURATE };
    let Ok(date) = Date::new((day % 9999 + 1) as i16, (day % 12 + 1) as i8, (day % 28 + 1) as i8)
    else {
        return;
    };
    let person = Person {
        family: Name::read(&family, diacritics, &list),
        given: Name::read(&given, diacritics, &list),
        birth: Value::Known(BirthDate::new(date, accuracy)),
        sex: Sex::read(&sex),
        others: Vec::new(),
        slk: Value::Missing(Absent::Empty),
    };
    for profile in Profile::ALL {
        if let Ok((key, _)) = make(&person, profile) {
            assert!(check(key.as_str(), profile) == Ok(Checked::Key(key)));
            assert!(key.as_str().parse() == Ok(key));
        } else {
            assert!(profile == Profile::Dex, "only the year range refuses a known date");
        }
        if let Ok(Checked::Key(key)) = check(&family, profile) {
            assert!(key.as_str() == family);
        }
    }
}
