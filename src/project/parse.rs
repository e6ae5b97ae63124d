//! `project.toml` becomes a checked [`Project`], or a list of every mistake in it.

use std::collections::BTreeSet;
use std::path::Path;

use toml::Spanned;

use super::fuzzy::FuzzySettings;
use super::{Component, Diacritics, Field, FieldKind, MatchKey, Part, Placeholders};
use super::{Project, Suite};
use crate::config::{self, Table, one_of, repeated};
use crate::files::{self, clean};
use crate::slk::Profile;

/// The names that the four identity kinds have in every project, so that a source can be
/// described without one.
const IDENTITY: [(&str, FieldKind); 4] = [
    ("family_name", FieldKind::FamilyName),
    ("given_name", FieldKind::GivenName),
    ("birth_date", FieldKind::BirthDate),
    ("sex", FieldKind::Sex),
];

/// Names that mean something else in a match key, in a package or in a `source.toml`.
const RESERVED: [&str; 5] = ["names", "slk581", "row_id", "fuzzy", "quality"];

/// The components that `slk581` stands for.
const SLK581: [&str; 4] = ["family_name.slk", "given_name.slk", "birth_date", "sex"];

const MAX_MATCH_KEYS: usize = 64;

impl Project {
    /// Reads and checks a `project.toml`.
    ///
    /// # Errors
    /// When it cannot be read, or has mistakes: all of them at once.
    pub fn load(path: &Path) -> Result<Self, crate::Error> {
        let text = files::read_text(path)?;
        Ok(Project::parse(&text, &clean(path))?)
    }

    /// Checks the text of a `project.toml`; `shown` is what the file is called in messages.
    ///
    /// # Errors
    /// Every mistake found, when there is one.
    pub fn parse(text: &str, shown: &str) -> Result<Self, config::Error> {
        config::read(text, shown, project)
    }
}

fn project(root: &mut Table<'_>) -> Option<Project> {
    let Some(mut head) = root.table("project") else {
        if !root.has("project") {
            root.miss(
                "project",
                match root.has("source") {
                    true => "the agreement, `project.toml`; this looks like a `source.toml`",
                    false => "a section [project] with an id and a period",
                },
            );
        }
        return None;
    };
    let id = head.needed_text("id", "a short name of the project, such as `housing-2026`");
    let id = id.and_then(|id| plain_word(&head, "id", id));
    let period = head.needed_text("period", "the time the agreement covers, such as `2026`");
    let period = period.and_then(|period| plain_word(&head, "period", period));
    let purposes = purposes(&mut head);
    let suites = Suite::ALL.map(|s| (s.name(), s));
    let suite = head.choice("suite", &suites).unwrap_or(Suite::HmacSha256);
    let profiles = Profile::ALL.map(|p| (p.name(), p));
    let slk_profile = head.choice("slk_profile", &profiles).unwrap_or(Profile::Aihw);
    let marks = Diacritics::ALL.map(|d| (d.name(), d));
    let diacritics = head.choice("diacritics", &marks).unwrap_or(Diacritics::Fold);
    let people_per_token = head.integer("people_per_token", 1..=100).unwrap_or(1);
    head.close();

    let (fields, broken) = match root.table("fields") {
        Some(table) => fields(table),
        None => {
            if !root.has("fields") {
                root.miss("fields", "a section [fields] with one line a field");
            }
            Default::default()
        }
    };
    let mut project = Project {
        id: id.unwrap_or_default(),
        period: period.unwrap_or_default(),
        purposes,
        suite,
        slk_profile,
        diacritics,
        people_per_token,
        fields,
        match_keys: Vec::new(),
        fuzzy: None,
        placeholders: placeholders(root),
    };
    match root.table("match_keys") {
        // With no field every component would be unknown: one mistake, not sixty.
        Some(table) if !project.fields.is_empty() => {
            project.match_keys = match_keys(table, &project, &broken);
        }
        Some(_) => {}
        None => {
            if !root.has("match_keys") {
                root.miss("match_keys", "a section [match_keys] with one line a match key");
            }
        }
    }
    if let Some(table) = root.table("fuzzy") {
        let settings = FuzzySettings::read(table, &project.fields);
        // A field that has a mistake has been spoken of already.
        if broken.is_empty() && !project.fields.is_empty() && !settings.has_name(&project.fields) {
            root.note("fuzzy", "needs a family or given name with a weight above 0");
        }
        project.fuzzy = Some(settings);
    }
    Some(project)
}

/// What a project's id and period may be: they go into labels.
pub const PLAIN_WORD: &str = "up to 64 letters, digits, `-`, `_` or `.`";

/// Whether a word is a [`PLAIN_WORD`].
pub fn is_plain_word(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (1..=64).contains(&word.len()) && word.chars().all(plain)
}

fn plain_word(table: &Table<'_>, key: &str, word: Spanned<String>) -> Option<String> {
    if is_plain_word(word.get_ref()) {
        return Some(word.into_inner());
    }
    let found = repeated(word.get_ref());
    let message = format!("expected {PLAIN_WORD}, found {found}");
    table.note_at(&word, key, message);
    None
}

/// What the linked records are for: each word once.
fn purposes(head: &mut Table<'_>) -> Vec<String> {
    let mut purposes: Vec<String> = Vec::new();
    for purpose in head.texts("purposes").unwrap_or_default() {
        if purposes.contains(purpose.get_ref()) {
            head.note_at(&purpose, "purposes", "the same purpose is there twice");
        }
        purposes.extend(plain_word(head, "purposes", purpose));
    }
    purposes
}

/// The fields, and the names of those that have a mistake.
fn fields(mut table: Table<'_>) -> (Vec<Field>, BTreeSet<String>) {
    let mut fields: Vec<Field> = Vec::new();
    let kinds = FieldKind::ALL.map(|k| (k.name(), k));
    for name in table.keys() {
        let Some(mut line) = table.table(&name) else { continue };
        if !line.has("kind") {
            line.miss("kind", "how the field is standardised, such as `kind = \"suburb\"`");
        }
        let kind = line.choice("kind", &kinds);
        let compare_as = line.text("compare_as").and_then(|word| {
            let ok = is_name(word.get_ref());
            if !ok {
                let found = repeated(word.get_ref());
                line.note_at(&word, "compare_as", format!("expected {NAME}, found {found}"));
            }
            ok.then(|| word.into_inner())
        });
        line.close();
        if !is_name(&name) || RESERVED.contains(&name.as_str()) {
            let reserved = RESERVED.contains(&name.as_str());
            let why = if reserved { "the name has another meaning; expected" } else { "expected" };
            let another = if reserved { "another name" } else { NAME };
            table.note(&name, format!("{why} {another}"));
            continue;
        }
        let Some(kind) = kind else { continue };
        let fixed = IDENTITY.iter().find(|(n, k)| *n == name || *k == kind);
        if let Some((fixed_name, fixed_kind)) = fixed
            && (*fixed_name != name || *fixed_kind != kind)
        {
            table.note(
                &name,
                format!(
                    "a field of kind `{}` is always called `{fixed_name}`, and no other is",
                    fixed_kind.name()
                ),
            );
            continue;
        }
        let compare_as = compare_as.unwrap_or_else(|| name.clone());
        fields.push(Field { name, kind, compare_as });
    }
    if fields.is_empty() && table.keys().is_empty() {
        table.miss("family_name", "at least one field");
    }
    let sound: BTreeSet<&str> = fields.iter().map(|f| f.name.as_str()).collect();
    let broken = table.keys().into_iter().filter(|name| !sound.contains(name.as_str())).collect();
    table.close();
    (fields, broken)
}

fn match_keys(mut table: Table<'_>, project: &Project, broken: &BTreeSet<String>) -> Vec<MatchKey> {
    let mut keys: Vec<MatchKey> = Vec::new();
    let names = table.keys();
    for name in &names {
        let Some(words) = table.texts(name) else { continue };
        if !is_name(name) || RESERVED[2..].contains(&name.as_str()) {
            table.note(name, format!("expected a match key's name: {NAME}"));
            continue;
        }
        let mut components = BTreeSet::new();
        let mut known = true;
        for word in &words {
            match component(project, word.get_ref()) {
                Some(parts) => components.extend(parts),
                None => {
                    known = false;
                    // A field that has a mistake has been spoken of already.
                    if !draws_on(word.get_ref(), broken) {
                        table.note_at(word, name, unknown_component(project, word.get_ref()));
                    }
                }
            }
        }
        if !known {
            continue;
        }
        let components: Vec<Component> = components.into_iter().collect();
        if !is_composite(&components) {
            table.note(
                name,
                "a match key needs parts of at least two fields: how often a value of one \
                 field occurs would give it away",
            );
            continue;
        }
        if let Some(same) = keys.iter().find(|k| k.components == components) {
            table.note(name, format!("has the same components as `{}`", same.name));
            continue;
        }
        keys.push(MatchKey { name: name.clone(), components });
    }
    if names.is_empty() {
        table.miss("slk581", "at least one match key, such as `slk581 = [\"slk581\"]`");
    }
    if names.len() > MAX_MATCH_KEYS {
        table.note(
            &names[MAX_MATCH_KEYS],
            format!("expected at most {MAX_MATCH_KEYS} match keys, found {}", names.len()),
        );
    }
    table.close();
    keys
}

/// The components that a word of a match key stands for.
fn component(project: &Project, word: &str) -> Option<Vec<Component>> {
    let family = project.field_of(FieldKind::FamilyName);
    let given = project.field_of(FieldKind::GivenName);
    match word {
        "names.any_order" => {
            given?;
            return Some(vec![Component { field: family?, part: Part::NamesAnyOrder }]);
        }
        "slk581" => {
            let parts: Option<Vec<Vec<Component>>> =
                SLK581.iter().map(|part| component(project, part)).collect();
            return parts.map(|parts| parts.concat());
        }
        _ => {}
    }
    let (name, part) = word.split_once('.').unwrap_or((word, ""));
    let field = project.fields.iter().position(|f| f.name == name)?;
    let kind = project.fields[field].kind;
    if kind == FieldKind::BirthDate && part.is_empty() && !word.contains('.') {
        let whole = [Part::Day, Part::Month, Part::Year];
        return Some(whole.map(|part| Component { field, part }).to_vec());
    }
    let part = Part::of(kind).iter().find(|p| p.name() == part)?;
    (!word.ends_with('.')).then(|| vec![Component { field, part: *part }])
}

/// Whether a word of a match key draws on one of these fields.
fn draws_on(word: &str, fields: &BTreeSet<String>) -> bool {
    match word {
        "names.any_order" | "slk581" => IDENTITY.iter().any(|(name, _)| fields.contains(*name)),
        _ => fields.contains(word.split_once('.').map_or(word, |(name, _)| name)),
    }
}

fn unknown_component(project: &Project, word: &str) -> String {
    let mut known: Vec<String> = Vec::new();
    for field in &project.fields {
        if field.kind == FieldKind::BirthDate {
            known.push(field.name.clone());
        }
        known.extend(Part::of(field.kind).iter().map(|part| match part.name() {
            "" => field.name.clone(),
            part => format!("{}.{part}", field.name),
        }));
    }
    for word in ["names.any_order", "slk581"] {
        if component(project, word).is_some() {
            known.push(word.to_owned());
        }
    }
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let found = repeated(word);
    match config::closest(word, &known) {
        Some(close) => format!("unknown component {found}; did you mean `{close}`?"),
        None => format!("unknown component {found}; expected {}", one_of(&known)),
    }
}

/// Whether a key draws on enough to have almost as many values as people: two fields, both
/// names, or several parts of the birth date. A single value falls to frequency counting.
fn is_composite(components: &[Component]) -> bool {
    let both_names = components.iter().any(|c| c.part == Part::NamesAnyOrder);
    let fields: BTreeSet<usize> = components.iter().map(|c| c.field).collect();
    let date_parts = components
        .iter()
        .filter(|c| matches!(c.part, Part::Day | Part::Month | Part::Year))
        .count();
    both_names || fields.len() > 1 || date_parts > 1
}

fn placeholders(root: &mut Table<'_>) -> Placeholders {
    let standard = Placeholders::standard();
    let Some(mut table) = root.table("placeholders") else { return standard };
    let plain = |list: Vec<Spanned<String>>| list.into_iter().map(Spanned::into_inner).collect();
    let names = table.texts("names").map_or(standard.names, plain);
    let dates = match table.texts("dates") {
        None => standard.dates,
        Some(dates) => {
            for date in &dates {
                let text = date.get_ref();
                if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
                    let found = repeated(text);
                    let message = format!("expected a date as DDMMYYYY, found {found}");
                    table.note_at(date, "dates", message);
                }
            }
            plain(dates)
        }
    };
    table.close();
    Placeholders { names, dates }
}

const NAME: &str = "lower-case letters, digits and `_`, beginning with a letter, at most 48";

fn is_name(word: &str) -> bool {
    (1..=48).contains(&word.len())
        && word.starts_with(|c: char| c.is_ascii_lowercase())
        && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Preset;

    const SMALL: &str = "\
[project]
id = \"yard\"
period = \"2026\"
[fields]
family_name = { kind = \"family-name\" }
given_name = { kind = \"given-name\" }
birth_date = { kind = \"birth-date\" }
sex = { kind = \"sex\" }
region = { kind = \"text\", compare_as = \"place\" }
[match_keys]
slk581 = [\"slk581\"]
";

    fn small(match_keys: &str) -> Result<Project, config::Error> {
        Project::parse(&format!("{SMALL}{match_keys}"), "p.toml")
    }

    fn mistakes(text: &str) -> Vec<String> {
        let refused = Project::parse(text, "p.toml").expect_err("mistakes");
        refused.to_string().lines().map(str::to_owned).collect()
    }

    fn components(word: &str) -> Vec<String> {
        let project = small("").expect("the small agreement");
        let parts = component(&project, word).unwrap_or_default();
        parts.into_iter().map(|c| project.component_name(c)).collect()
    }

    #[test]
    fn what_is_left_out_has_a_default() {
        let project = small("").expect("the small agreement");
        assert_eq!(project.suite, Suite::HmacSha256);
        assert_eq!(project.slk_profile, Profile::Aihw);
        assert_eq!(project.diacritics, Diacritics::Fold);
        assert_eq!(project.people_per_token, 1);
        assert_eq!(project.placeholders, Placeholders::standard());
        assert_eq!(project.fields[0].compare_as, "family_name");
        assert_eq!(project.fields[4].compare_as, "place");
    }

    #[test]
    fn shorthands_stand_for_their_parts() {
        let day_month_year = ["birth_date.day", "birth_date.month", "birth_date.year"];
        assert_eq!(components("birth_date"), day_month_year);
        assert_eq!(
            components("slk581"),
            ["family_name.slk", "given_name.slk"]
                .iter()
                .chain(&day_month_year)
                .chain(&["sex"])
                .copied()
                .collect::<Vec<_>>()
        );
        assert_eq!(components("names.any_order"), ["names.any_order"]);
        assert_eq!(components("birth_date.any_order"), ["birth_date.any_order"]);
        assert_eq!(components("region"), ["region"]);
        for unknown in ["", ".", "region.", "region.phonetic", "names", "sex.initial", "Region"] {
            assert_eq!(components(unknown), [""; 0], "{unknown}");
        }
    }

    #[test]
    fn components_are_sorted_and_distinct() {
        let project = small("a = [\"region\", \"birth_date.year\", \"birth_date\", \"region\"]\n");
        let project = project.expect("sound");
        let a = &project.match_keys[1];
        let names: Vec<String> = a.components.iter().map(|c| project.component_name(*c)).collect();
        assert_eq!(names, ["birth_date.day", "birth_date.month", "birth_date.year", "region"]);
        assert!(a.components.is_sorted_by(|x, y| x < y));
    }

    /// A token of one value falls to frequency counting.
    #[test]
    fn keys_of_a_single_value_are_refused() {
        for alone in [
            "[]",
            "[\"region\"]",
            "[\"family_name\"]",
            "[\"birth_date.year\"]",
            "[\"birth_date.any_order\"]",
            "[\"family_name\", \"family_name.initial\", \"family_name.phonetic\"]",
        ] {
            let refused = small(&format!("a = {alone}\n")).expect_err(alone).to_string();
            assert!(refused.contains("line 12: `match_keys.a`: a match key needs"), "{refused}");
        }
        for several in ["[\"birth_date\"]", "[\"names.any_order\"]", "[\"sex\", \"region\"]"] {
            small(&format!("a = {several}\n")).expect(several);
        }
    }

    #[test]
    fn every_mistake_is_found_in_one_run() {
        let text = "\
[project]
id = \"our yard\"
periode = \"2026\"
suite = \"hmac-sha265\"
people_per_token = 0
[fields]
family_name = { kind = \"family-name\" }
given_name = { kind = \"givn-name\" }
surname = { kind = \"family-name\" }
names = { kind = \"text\" }
birth_date = { kind = \"birth-date\", compare = \"x\" }
[match_keys]
a = [\"family_name\", \"birth_dat\"]
b = [\"family_name\", \"birth_date.year\"]
c = [\"birth_date.year\", \"family_name\"]
d = [\"given_name\", \"family_name\"]
Bad = [\"family_name\", \"birth_date\"]
[placeholders]
dates = [\"1900-01-01\"]
";
        assert_eq!(
            mistakes(text),
            [
                "p.toml line 2: `project.id`: expected up to 64 letters, digits, `-`, `_` or `.`, \
                 found `our yard`",
                "p.toml line 3: unknown key `periode` in [project]; did you mean `period`?",
                "p.toml line 4: `project.suite`: expected `hmac-sha256` or `hmac-sha512`, found \
                 `hmac-sha265`; did you mean `hmac-sha256`?",
                "p.toml line 5: `project.people_per_token`: expected a whole number from 1 to 100, \
                 found `0`",
                "p.toml line 8: `fields.given_name.kind`: expected `family-name`, `given-name`, \
                 `birth-date`, `sex`, `suburb`, `postcode`, `state`, `address`, `phone` or `text`, \
                 found `givn-name`; did you mean `given-name`?",
                "p.toml line 9: `fields.surname`: a field of kind `family-name` is always called \
                 `family_name`, and no other is",
                "p.toml line 10: `fields.names`: the name has another meaning; expected another \
                 name",
                "p.toml line 11: unknown key `compare` in [fields.birth_date]; did you mean \
                 `compare_as`?",
                "p.toml line 13: `match_keys.a`: unknown component `birth_dat`; did you mean \
                 `birth_date`?",
                "p.toml line 15: `match_keys.c`: has the same components as `b`",
                "p.toml line 17: `match_keys.Bad`: expected a match key's name: lower-case \
                 letters, digits and `_`, beginning with a letter, at most 48",
                "p.toml line 19: `placeholders.dates`: expected a date as DDMMYYYY, found \
                 `1900-01-01`",
            ]
        );
    }

    #[test]
    fn missing_sections_and_doubled_names_are_mistakes() {
        let empty = mistakes("");
        assert_eq!(empty.len(), 1, "{empty:?}");
        assert!(empty[0].starts_with("p.toml: `project` is missing"), "{empty:?}");
        let bare = mistakes("[project]\nid = \"a\"\nperiod = \"b\"\n");
        assert_eq!(bare.len(), 2, "{bare:?}");
        assert_eq!(
            mistakes("[project]\nid=\"a\"\nperiod=\"b\"\n[fields]\n[match_keys]\n").len(),
            1
        );
        let twice = mistakes(&format!("{SMALL}slk581 = [\"sex\", \"region\"]\n"));
        assert!(twice[0].starts_with("p.toml line 12: "), "{twice:?}");
        let same = mistakes(&format!("{SMALL}again = [\"slk581\"]\n"));
        assert!(same[0].contains("has the same components as `slk581`"), "{same:?}");
    }

    #[test]
    fn the_number_of_match_keys_has_a_limit() {
        let fields: String = (0..70).map(|i| format!("t{i} = {{ kind = \"text\" }}\n")).collect();
        let keys = |n: usize| -> String {
            (0..n).map(|i| format!("k{i} = [\"t{i}\", \"sex\"]\n")).collect()
        };
        let text =
            |n| SMALL.replace("[match_keys]\n", &format!("{fields}[match_keys]\n")) + &keys(n);
        assert_eq!(Project::parse(&text(63), "p").map(|p| p.match_keys.len()), Ok(64));
        let refused = mistakes(&text(64));
        assert_eq!(refused.len(), 1);
        assert!(refused[0].contains("at most 64 match keys, found 65"), "{refused:?}");
    }

    #[test]
    fn the_slk_profile_is_one_of_the_seven() {
        for profile in Profile::ALL {
            let text =
                Preset::Minimal.toml("a", "b").replace("\"aihw\"\n", &format!("\"{profile}\"\n"));
            assert_eq!(Project::parse(&text, "p").map(|p| p.slk_profile), Ok(profile));
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_a_panic(tail in "(\\PC|\n|=|\"|\\[|\\]|\\{|\\}){0,80}") {
            let _ = small(&tail);
            let _ = Project::parse(&tail, "p");
        }
    }
}
