//! The agreements that `project new` writes: a commented `project.toml` that teaches a
//! person who has never linked records.

use std::fmt;
use std::fmt::Write;
use std::str::FromStr;

use super::{FieldKind, Placeholders};
use crate::config::quoted;

/// Which agreement to begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// Names, birth date, sex, suburb and postcode: what most exports have.
    Minimal,
    /// The identifying items of the DSS Data Exchange (DEX).
    Dex,
    /// The identifying items of the ACT Common Dataset for Human Services v4.
    CommonDataset,
}

/// A field that no preset has by itself, since many exports lack it and people in their
/// households share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extra {
    /// The street address.
    Address,
    /// The telephone number.
    Phone,
}

impl Extra {
    /// Every further field.
    pub const ALL: [Extra; 2] = [Extra::Address, Extra::Phone];

    /// The name of the field.
    pub fn name(self) -> &'static str {
        match self {
            Extra::Address => "address",
            Extra::Phone => "phone",
        }
    }
}

/// Every match key of the presets. A preset takes those whose fields it has.
///
/// SLK-581 first, then keys that leave one or two components out ("drop-one", as AIHW's
/// linkage does), then loose ones, which say something only where they are unique: in a small
/// file nearly all of them, in a large one few.
const MATCH_KEYS: &[(&str, &[&str])] = &[
    ("slk581", &["slk581"]),
    ("names_sound_birth", &["family_name.phonetic", "given_name.phonetic", "birth_date"]),
    ("family_birth", &["family_name", "birth_date"]),
    ("given_birth", &["given_name", "birth_date"]),
    ("given_initial_birth_sex", &["given_name.initial", "birth_date", "sex"]),
    ("family_initial_birth_sex", &["family_name.initial", "birth_date", "sex"]),
    ("initials_birth", &["family_name.initial", "given_name.initial", "birth_date"]),
    ("names_any_order_birth", &["names.any_order", "birth_date"]),
    ("birth", &["birth_date"]),
    ("birth_sex", &["birth_date", "sex"]),
    ("birth_sex_postcode", &["birth_date", "sex", "postcode"]),
    ("given_slk_birth_postcode", &["given_name.slk", "birth_date", "postcode"]),
    ("names", &["family_name", "given_name"]),
    ("names_slk", &["family_name.slk", "given_name.slk"]),
    ("names_year", &["family_name", "given_name", "birth_date.year"]),
    ("names_day_month", &["family_name", "given_name", "birth_date.day", "birth_date.month"]),
    (
        "names_slk_day_month",
        &["family_name.slk", "given_name.slk", "birth_date.day", "birth_date.month"],
    ),
    ("family_year_postcode", &["family_name", "birth_date.year", "postcode"]),
    ("given_year_postcode", &["given_name", "birth_date.year", "postcode"]),
    (
        "family_day_month_postcode",
        &["family_name", "birth_date.day", "birth_date.month", "postcode"],
    ),
    ("given_day_month_postcode", &["given_name", "birth_date.day", "birth_date.month", "postcode"]),
    ("names_any_order_postcode", &["names.any_order", "postcode"]),
    ("names_sound_postcode", &["family_name.phonetic", "given_name.phonetic", "postcode"]),
    (
        "family_given_initial_sex_postcode",
        &["family_name", "given_name.initial", "sex", "postcode"],
    ),
    ("family_initial_given_suburb", &["family_name.initial", "given_name", "suburb"]),
    ("given_postcode", &["given_name", "postcode"]),
    ("family_postcode", &["family_name", "postcode"]),
    ("family_slk_given_initial_suburb", &["family_name.slk", "given_name.initial", "suburb"]),
    ("birth_any_order_suburb", &["birth_date.any_order", "suburb"]),
    ("family_sound_sex_suburb", &["family_name.phonetic", "sex", "suburb"]),
    ("given_suburb", &["given_name", "suburb"]),
    ("family_given_initial_sex", &["family_name", "given_name.initial", "sex"]),
    ("given_slk_birth_any_order_sex", &["given_name.slk", "birth_date.any_order", "sex"]),
    ("family_slk_birth_any_order_sex", &["family_name.slk", "birth_date.any_order", "sex"]),
    ("names_slk_postcode", &["family_name.slk", "given_name.slk", "postcode"]),
    ("names_state", &["family_name", "given_name", "state"]),
    // Addresses and telephone numbers, each with something that tells the people of a
    // household apart.
    ("birth_address", &["birth_date", "address.number_and_street"]),
    ("given_address", &["given_name", "address.number_and_street"]),
    ("year_sex_address", &["birth_date.year", "sex", "address.number_and_street"]),
    ("names_sound_street", &["family_name.phonetic", "given_name.phonetic", "address.street"]),
    ("birth_phone", &["birth_date", "phone.last_eight"]),
    ("given_phone", &["given_name", "phone.last_eight"]),
    ("year_sex_phone", &["birth_date.year", "sex", "phone.last_eight"]),
    ("names_sound_phone", &["family_name.phonetic", "given_name.phonetic", "phone.last_six"]),
];

/// Every field of the presets: name, kind, what it is compared as, and what it is.
const FIELDS: &[(&str, FieldKind, &str, &str)] = &[
    ("family_name", FieldKind::FamilyName, "", "surname, last name"),
    ("given_name", FieldKind::GivenName, "", "first name"),
    ("birth_date", FieldKind::BirthDate, "", "date of birth"),
    ("sex", FieldKind::Sex, "", "1 male, 2 female, 3 another term"),
    ("suburb", FieldKind::Suburb, "place", "suburb, town or locality"),
    ("postcode", FieldKind::Postcode, "place", "four digits"),
    ("state", FieldKind::State, "place", "ACT, NSW, NT, QLD, SA, TAS, VIC, WA"),
    ("address", FieldKind::Address, "place", "number and street, or a post box"),
    ("phone", FieldKind::Phone, "", "mobile, else home"),
];

impl Preset {
    /// Every preset.
    pub const ALL: [Preset; 3] = [Preset::Minimal, Preset::Dex, Preset::CommonDataset];

    /// The word for this preset on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Preset::Minimal => "minimal",
            Preset::Dex => "dex",
            Preset::CommonDataset => "common-dataset",
        }
    }

    /// The text of a `project.toml`, with comments that say what each setting is for. The id
    /// and the period are taken as they are: [`super::Project::parse`] judges them.
    pub fn toml(self, id: &str, period: &str) -> String {
        self.toml_with(id, period, &[])
    }

    /// As [`Preset::toml`], with further fields and their match keys.
    pub fn toml_with(self, id: &str, period: &str, extras: &[Extra]) -> String {
        let has = |field: &str| self.has(field, extras);
        let mut text = HEAD
            .replace("{preset}", self.about())
            .replace("{id}", &quoted(id))
            .replace("{period}", &quoted(period))
            .replace("{profile}", self.slk_profile());
        text += FIELDS_HEAD;
        for (name, kind, compare_as, what) in FIELDS.iter().filter(|f| has(f.0)) {
            let compare_as = match *compare_as {
                "" => String::new(),
                word => format!(", compare_as = \"{word}\""),
            };
            let line = format!("{name} = {{ kind = \"{}\"{compare_as} }}", kind.name());
            let _ = writeln!(text, "{line:<58}# {what}");
        }
        text += MATCH_KEYS_HEAD;
        for (name, parts) in MATCH_KEYS {
            if parts.iter().all(|part| has(part.split('.').next().unwrap_or(part))) {
                let parts: Vec<String> = parts.iter().map(|p| quoted(p)).collect();
                let _ = writeln!(text, "{name} = [{}]", parts.join(", "));
            }
        }
        text += FUZZY;
        text += PLACEHOLDERS_HEAD;
        let standard = Placeholders::standard();
        text += &wrapped("names", &standard.names);
        text += &wrapped("dates", &standard.dates);
        text
    }

    /// Whether the preset has a field; the words for several fields are in all of them.
    fn has(self, field: &str, extras: &[Extra]) -> bool {
        if let Some(extra) = Extra::ALL.iter().find(|extra| extra.name() == field) {
            return extras.contains(extra);
        }
        match self {
            Preset::Minimal => field != "state",
            Preset::Dex | Preset::CommonDataset => true,
        }
    }

    fn slk_profile(self) -> &'static str {
        match self {
            Preset::Minimal => "aihw",
            Preset::Dex => "dex",
            Preset::CommonDataset => "act-v4",
        }
    }

    fn about(self) -> &'static str {
        match self {
            Preset::Minimal => "the identifying columns that most exports have",
            Preset::Dex => "the identifying items of the DSS Data Exchange (DEX)",
            Preset::CommonDataset => {
                "the identifying items of the ACT Common Dataset for Human Services v4"
            }
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Preset {
    type Err = ();

    fn from_str(s: &str) -> Result<Self, ()> {
        Preset::ALL.into_iter().find(|p| p.name() == s).ok_or(())
    }
}

/// A list over several lines of at most 90 characters.
fn wrapped(name: &str, values: &[String]) -> String {
    let mut text = format!("{name} = [\n");
    let mut line = String::from("   ");
    for value in values {
        let word = quoted(value);
        if line.len() + word.len() > 88 {
            text += &line;
            text.push('\n');
            line = String::from("   ");
        }
        let _ = write!(line, " {word},");
    }
    text + &line + "\n]\n"
}

const HEAD: &str = r##"# The linkage agreement: {preset}.
#
# Every party of the project has this same file: each agency that gives records, the
# linkage unit, and nobody needs to hide it. What it says goes into every coded value, so a
# party with another version of it cannot link by accident: `veilway link` refuses, and says
# which settings differ. Agree on it first, then send it around, then leave it alone.
#
# `veilway project check` reads it back and says what it understood.

[project]
# A short name for the project. Two projects with different ids have nothing in common, even
# with the same people and the same key.
id = {id}
# The time the agreement covers. A new period gives new codes: files of two periods cannot be
# joined by whoever holds both.
period = {period}
# What the linked records are for, a word for each use. Where an agency's source.toml has consent
# for stated purposes, a record is used only when its consent covers every one of these.
# purposes = ["service-planning"]
# The keyed hash: "hmac-sha256", or "hmac-sha512" where your security policy asks for it.
suite = "hmac-sha256"
# Which reading of the SLK-581 rules is used: "aihw", "act-v4", "dex", "pmhc", "aodts",
# "eppoc" or "shsc". They differ in short and missing names and in unknown sex.
slk_profile = "{profile}"
# What happens to letters such as é or ễ. "fold" makes them e, so that Nguyễn agrees with
# Nguyen; "drop" leaves them out, as some older tools do.
diacritics = "fold"
# How many people of one file may have the same code before it is withheld. With 1, no two
# rows of a file have anything in common, and nobody can count how often a name occurs.
# Raising it weakens that protection.
people_per_token = 1
"##;

const FIELDS_HEAD: &str = r##"
# The fields: what can be known of a person. Each agency says in its own source.toml which of
# its columns is which field; a field that an agency does not have is simply missing there.
#
# kind says how a value is made alike before it is coded (upper case, no punctuation, real
# dates, four-digit postcodes). compare_as groups fields that change together: somebody who
# moves changes suburb and postcode, and that is one disagreement, not two.
#
# Street addresses (kind "address") and telephone numbers (kind "phone") can be fields too:
# `veilway project new --with address,phone` writes them with match keys.
[fields]
"##;

const MATCH_KEYS_HEAD: &str = r##"
# The match keys. Each is a set of small pieces of the fields that is coded as one value; two
# records agree on a match key when every piece of it is the same. One typing error breaks the
# keys that hold that piece and leaves the others, so several keys that each leave something
# out find people whose records are not quite alike.
#
# A piece is a field, or a part of one:
#   family_name.phonetic   how the name sounds (names, suburb)
#   family_name.slk        the letters that SLK-581 takes (names)
#   family_name.initial    the first letter (names)
#   birth_date             day, month and year; also birth_date.day, .month, .year
#   birth_date.any_order   the same with day and month in either order
#   names.any_order        family and given name in either order
#   address.number_and_street  without the dwelling and the type of the street; also .street
#   phone.last_eight       the last eight digits; also phone.last_six
#   slk581                 the pieces of SLK-581: name letters, birth date, sex
# A key of a single piece is refused: how often a value occurs would give it away.
[match_keys]
"##;

const FUZZY: &str = r##"
# The fuzzy column: the whole person as one long row of bits, of which nearly alike people
# have nearly all in common. It finds people whose typing errors break every match key. Take
# this section out, at every party, and there is no such column.
[fuzzy]
# "eld" is hardened, so that the rows give away hardly anything of who resembles whom;
# "eld-high-assurance" gives away less still, finds slightly less and is twice as large.
encoding = "eld"
# How much a field counts, where that is not right as it is; 0 leaves it out. A field that
# most records of an agency lack should be left out.
# [fuzzy.weights]
# suburb = 0
"##;

const PLACEHOLDERS_HEAD: &str = r##"
# What people type when they do not know. A name or birth date that is one of these, whole,
# is treated as missing, and counted. Case and punctuation do not matter. Add what your
# agencies use; take out what is somebody's real name.
[placeholders]
# "Na" is a real family name, so it is not in the list.
"##;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::project::fuzzy::FuzzySettings;
    use crate::project::{Part, Project};

    #[test]
    fn every_preset_is_an_agreement_that_reads_back() {
        for preset in Preset::ALL {
            let text = preset.toml("yard", "2026");
            let project = Project::parse(&text, preset.name()).expect("the preset");
            assert_eq!((project.id.as_str(), project.period.as_str()), ("yard", "2026"));
            assert_eq!(project.placeholders, Placeholders::standard());
            assert_eq!(project.fuzzy, Some(FuzzySettings::default()));
            assert!((20..=40).contains(&project.match_keys.len()), "{preset}");
            let used: BTreeSet<usize> =
                project.match_keys.iter().flat_map(|k| &k.components).map(|c| c.field).collect();
            assert_eq!(used.len(), project.fields.len(), "{preset}: every field is in a key");
            assert_eq!(preset.name().parse(), Ok(preset));
            let text = preset.toml_with("yard", "2026", &Extra::ALL);
            let more = Project::parse(&text, preset.name()).expect("the preset with all");
            assert_eq!(more.fields.len(), project.fields.len() + Extra::ALL.len());
            assert_eq!(more.match_keys.len(), project.match_keys.len() + 8, "{preset}");
        }
    }

    #[test]
    fn minimal_has_the_six_fields() {
        let text = Preset::Minimal.toml("yard", "open");
        let project = Project::parse(&text, "p").expect("the preset");
        let names: Vec<&str> = project.fields.iter().map(|f| f.name.as_str()).collect();
        let expected = ["family_name", "given_name", "birth_date", "sex", "suburb", "postcode"];
        assert_eq!(names, expected);
        assert_eq!(project.fields[4].compare_as, "place");
        assert_eq!(project.fields[5].compare_as, "place");
        let first = &project.match_keys[0];
        let parts: Vec<String> =
            first.components.iter().map(|c| project.component_name(*c)).collect();
        assert_eq!(first.name, "slk581");
        assert_eq!(
            parts,
            [
                "family_name.slk",
                "given_name.slk",
                "birth_date.day",
                "birth_date.month",
                "birth_date.year",
                "sex"
            ]
        );
        assert_eq!(first.components[0].part, Part::Slk);
    }

    #[test]
    fn an_odd_id_is_quoted_and_then_refused_with_its_line() {
        let text = Preset::Minimal.toml("a\"b\n", "2026");
        let refused = Project::parse(&text, "p.toml").expect_err("a bad id").to_string();
        assert!(refused.starts_with("p.toml line 13: `project.id`: expected"), "{refused}");
        assert_eq!(refused.lines().count(), 1);
    }

    #[test]
    fn no_comment_is_wider_than_a_terminal() {
        for preset in Preset::ALL {
            for line in preset.toml("yard", "2026").lines().filter(|l| l.starts_with('#')) {
                assert!(line.chars().count() <= 100, "{line}");
            }
        }
    }
}
