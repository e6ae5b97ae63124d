//! One source's rows to people: which column is which field, and how each is read. Built
//! once from the open table, the source's description and the project; then a plain
//! function of one row.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;

use super::date::Accuracy;
use super::seen::{Cells, Seen};
use super::{Absent, BirthDate, Name, Person, PlaceholderList, Reason, Sex, Text, Unusable, Value};
use super::{phone, place, postcode};
use crate::days::DateFormats;
use crate::project::{Diacritics, FieldKind, Placeholders, Project};
use crate::slk::Slk581;
use crate::sources::spec::{AccuracyCode, SourceSpec};
use crate::sources::{Error, Row, Table};

/// What `columns` of `source.toml` calls the four identity fields.
const FAMILY: &str = "family_name";
const GIVEN: &str = "given_name";
const BIRTH: &str = "birth_date";
const SEX: &str = "sex";

/// Reads the people of one source.
#[derive(Debug)]
pub struct Standardiser {
    family: Option<Column>,
    given: Option<Column>,
    birth: Option<Column>,
    accuracy: Option<(AccuracyCode, Column)>,
    sex: Option<Column>,
    others: Vec<Other>,
    slk: Option<Column>,
    aliases: Vec<Alias>,
    date_formats: DateFormats,
    diacritics: Diacritics,
    placeholders: PlaceholderList,
    today: Date,
}

/// A column of the table, with its name for messages and its code map.
#[derive(Debug, Clone, Default)]
struct Column {
    place: usize,
    name: String,
    codes: HashMap<String, String>,
}

impl Column {
    /// The cell as it is.
    fn raw<'a>(&self, row: &'a Row) -> &'a str {
        row.cell(self.place)
    }

    /// The cell, or what the code map says it means.
    #[inline]
    fn cell<'a>(&'a self, row: &'a Row) -> &'a str {
        let cell = row.cell(self.place);
        if self.codes.is_empty() { cell } else { self.meaning(cell) }
    }

    fn meaning<'a>(&'a self, cell: &'a str) -> &'a str {
        self.codes.get(&cell.to_lowercase()).map_or(cell, String::as_str)
    }
}

/// A field of the project that is none of the four identity fields.
#[derive(Debug)]
enum Other {
    /// From one column, or from several put together.
    Read(FieldKind, Column, Vec<Column>),
    Absent,
}

#[derive(Debug)]
struct Alias {
    family: Option<Column>,
    given: Option<Column>,
    slk: Option<Column>,
}

impl Standardiser {
    /// A reader of the project's fields from an open table. `today` is the day the run is
    /// held on: dates after it are in the future.
    ///
    /// # Errors
    /// When columns that the source describes are not in the table; every one is named.
    pub fn new(
        table: &Table,
        spec: &SourceSpec,
        project: &Project,
        today: Date,
    ) -> Result<Standardiser, Error> {
        let fields = project.fields.iter().map(|f| (f.name.as_str(), f.kind)).collect();
        let (diacritics, placeholders) = (project.diacritics, &project.placeholders);
        Standardiser::build(table, spec, fields, diacritics, placeholders, today)
    }

    /// A reader of names, birth date and sex only, for making keys without a project.
    ///
    /// # Errors
    /// As [`Standardiser::new`].
    pub fn for_slk(
        table: &Table,
        spec: &SourceSpec,
        diacritics: Diacritics,
        placeholders: &Placeholders,
        today: Date,
    ) -> Result<Standardiser, Error> {
        Standardiser::build(table, spec, Vec::new(), diacritics, placeholders, today)
    }

    fn build(
        table: &Table,
        spec: &SourceSpec,
        fields: Vec<(&str, FieldKind)>,
        diacritics: Diacritics,
        placeholders: &Placeholders,
        today: Date,
    ) -> Result<Standardiser, Error> {
        let mut finder = Finder::new(table, spec, &fields)?;
        let others = fields
            .into_iter()
            .map(|(name, kind)| match finder.field(name) {
                Some(column) if !kind.is_single() => {
                    let further = spec.further_columns.get(name).into_iter().flatten();
                    Other::Read(kind, column, further.map(|name| finder.column(name)).collect())
                }
                _ => Other::Absent,
            })
            .collect();
        let aliases = spec.aliases.iter().map(|alias| Alias {
            family: alias.family_name.as_deref().map(|name| finder.column(name)),
            given: alias.given_name.as_deref().map(|name| finder.column(name)),
            slk: alias.slk581.as_deref().map(|name| finder.column(name)),
        });
        let aliases = aliases.collect();
        Ok(Standardiser {
            family: finder.field(FAMILY),
            given: finder.field(GIVEN),
            birth: finder.field(BIRTH),
            accuracy: spec.accuracy.as_ref().map(|a| (a.code, finder.column(&a.column))),
            sex: finder.field(SEX),
            others,
            slk: spec.slk581.as_deref().map(|name| finder.column(name)),
            aliases,
            date_formats: spec.date_format.clone(),
            diacritics,
            placeholders: PlaceholderList::new(placeholders),
            today,
        })
    }

    /// The person of a row. Where the source has recorded keys and no column for the birth
    /// date or the sex, these are taken from the key.
    pub fn person(&self, row: &Row) -> Person {
        let mut person = Person::default();
        self.read(row, &mut Seen::default(), &mut person);
        person
    }

    /// As [`Standardiser::person`], into a person that was used before, with what was `seen`
    /// so far: for many rows. `seen` belongs to one standardiser.
    pub fn read(&self, row: &Row, seen: &mut Seen, person: &mut Person) {
        let slk = self.slk(&self.slk, row);
        person.birth = match (&self.birth, &slk) {
            (Some(column), _) => self.birth(column, row, seen),
            (None, Value::Known(key)) => self.birth_of(key),
            (None, _) => Value::Missing(Absent::Empty),
        };
        person.sex = match (&self.sex, &slk) {
            (Some(column), _) => seen.sexes.value(column.raw(row), || Sex::read(column.cell(row))),
            (None, Value::Known(key)) => Sex::read(key.sex_digit().encode_utf8(&mut [0; 4])),
            (None, _) => Value::Missing(Absent::Empty),
        };
        person.others.clear();
        person.others.extend(self.others.iter().enumerate().map(|(i, other)| match other {
            Other::Read(kind, column, further) if further.is_empty() => {
                seen.text(i).value(column.raw(row), || {
                    Text::read(*kind, column.cell(row), &self.placeholders)
                })
            }
            Other::Read(kind, column, further) => {
                let cell = joined(column, further, row);
                seen.text(i).value(&cell, || Text::read(*kind, &cell, &self.placeholders))
            }
            Other::Absent => Value::Missing(Absent::Empty),
        }));
        self.complete_phones(row, person);
        person.family = self.name(&self.family, row, seen.name(0));
        person.given = self.name(&self.given, row, seen.name(1));
        person.slk = slk;
    }

    /// The same person under each further name of the row. A part that the alias does not
    /// have is the main one's; an alias that adds nothing is left out, and so is a recorded
    /// key when the names are others than its own.
    pub fn alias_persons(&self, row: &Row, main: &Person, seen: &mut Seen) -> Vec<Person> {
        let mut people: Vec<Person> = Vec::new();
        for (i, alias) in self.aliases.iter().enumerate() {
            let family = self.name(&alias.family, row, seen.name(2 + 2 * i));
            let given = self.name(&alias.given, row, seen.name(3 + 2 * i));
            let slk = self.slk(&alias.slk, row);
            let renamed = family.known().is_some() || given.known().is_some();
            // Nearly everybody has no further name.
            if !renamed && slk.known().is_none() {
                continue;
            }
            let mut person = main.clone();
            if family.known().is_some() {
                person.family = family;
            }
            if given.known().is_some() {
                person.given = given;
            }
            if slk.known().is_some() {
                person.slk = slk;
            } else if renamed && (&person.family, &person.given) != (&main.family, &main.given) {
                person.slk = Value::Missing(Absent::Empty);
            }
            if person != *main && !people.contains(&person) {
                people.push(person);
            }
        }
        people
    }

    /// The values of a person that were recorded and cannot be used, with the column each
    /// stood in.
    pub fn problems<'a>(
        &'a self,
        person: &'a Person,
    ) -> impl Iterator<Item = (&'a str, Unusable)> + 'a {
        let slk = self.slk.as_ref();
        let identity = [
            one(self.family.as_ref(), &person.family),
            one(self.given.as_ref(), &person.given),
            one(self.birth.as_ref().or(slk), &person.birth),
            one(self.sex.as_ref().or(slk), &person.sex),
            one(slk, &person.slk),
        ];
        let others = self.others.iter().zip(&person.others).filter_map(|(other, value)| {
            let Other::Read(_, column, _) = other else { return None };
            one(Some(column), value)
        });
        identity.into_iter().flatten().chain(others)
    }

    /// As [`Standardiser::problems`], of the further names of a row.
    pub fn alias_problems(&self, row: &Row, seen: &mut Seen) -> Vec<(&str, Unusable)> {
        let mut problems = Vec::new();
        for (i, alias) in self.aliases.iter().enumerate() {
            let family = self.name(&alias.family, row, seen.name(2 + 2 * i));
            let given = self.name(&alias.given, row, seen.name(3 + 2 * i));
            problems.extend(one(alias.family.as_ref(), &family));
            problems.extend(one(alias.given.as_ref(), &given));
            problems.extend(one(alias.slk.as_ref(), &self.slk(&alias.slk, row)));
        }
        problems
    }

    /// Whether the source has a column for a name; without one there is nothing to make a
    /// key from.
    pub fn has_names(&self) -> bool {
        self.family.is_some() || self.given.is_some()
    }

    /// Gives telephone numbers without an area that of the person's state.
    fn complete_phones(&self, row: &Row, person: &mut Person) {
        if !person.others.contains(&Value::Bad(Reason::PhoneArea)) {
            return;
        }
        let Some(state) = self.state(row, person).map(str::to_owned) else { return };
        for (other, value) in self.others.iter().zip(&mut person.others) {
            if let Other::Read(FieldKind::Phone, column, further) = other
                && *value == Value::Bad(Reason::PhoneArea)
            {
                let cell = joined(column, further, row);
                *value = phone::in_state(&cell, &state, &self.placeholders);
            }
        }
    }

    /// The state that a person lives in: recorded, or behind the suburb.
    fn state<'p>(&self, row: &Row, person: &'p Person) -> Option<&'p str> {
        let others = || self.others.iter().zip(&person.others);
        let recorded = others().find_map(|(other, value)| match other {
            Other::Read(FieldKind::State, ..) => value.known().map(Text::as_str),
            _ => None,
        });
        recorded.or_else(|| {
            others().find_map(|(other, value)| match other {
                Other::Read(FieldKind::Suburb, column, _) if value.known().is_some() => {
                    place::state_of_suburb(column.cell(row))
                }
                _ => None,
            })
        })
    }

    /// Whether the source has columns for a postcode and for a state.
    pub fn has_postcodes_and_states(&self) -> bool {
        let has = |wanted: FieldKind| {
            let is_it = |other: &Other| matches!(other, Other::Read(kind, ..) if *kind == wanted);
            self.others.iter().any(is_it)
        };
        has(FieldKind::Postcode) && has(FieldKind::State)
    }

    /// Whether a postcode is recorded that the recorded state does not have. Both are used as
    /// they are: nobody can tell which of them is wrong.
    pub fn has_postcode_of_another_state(&self, row: &Row, person: &Person) -> bool {
        let mut postcodes = self.others.iter().zip(&person.others).filter_map(|pair| match pair {
            (Other::Read(FieldKind::Postcode, ..), value) => value.known(),
            _ => None,
        });
        let Some(postcode) = postcodes.next() else { return false };
        let state = self.state(row, person);
        state.is_some_and(|state| !postcode::agree(postcode.as_str(), state))
    }

    fn name(
        &self,
        column: &Option<Column>,
        row: &Row,
        seen: &mut Cells<Value<Name>>,
    ) -> Value<Name> {
        let Some(column) = column else { return Value::Missing(Absent::Empty) };
        let cell = column.cell(row);
        if cell.is_empty() {
            return Value::Missing(Absent::Empty);
        }
        if let Some(value) = Name::of_letters(cell, &self.placeholders) {
            return value;
        }
        seen.value(column.raw(row), || Name::read(cell, self.diacritics, &self.placeholders))
    }

    fn birth(&self, column: &Column, row: &Row, seen: &mut Seen) -> Value<BirthDate> {
        let accuracy = self.accuracy.as_ref().map(|(code, column)| (*code, column.cell(row)));
        let text = column.cell(row);
        if let Some(date) = self.date_formats.of_digits(text) {
            let accuracy = match accuracy {
                Some((code, cell)) => Accuracy::read(code, cell),
                None => Some(Accuracy::ACCURATE),
            };
            return match accuracy {
                Some(accuracy) => {
                    BirthDate::new(date, accuracy).checked(self.today, &self.placeholders)
                }
                None => Value::Bad(Reason::UnknownAccuracy),
            };
        }
        let read =
            || BirthDate::read(text, &self.date_formats, self.today, accuracy, &self.placeholders);
        // With an accuracy of its own, a date does not hang on its cell alone.
        if accuracy.is_some() { read() } else { seen.births.value(column.raw(row), read) }
    }

    fn birth_of(&self, key: &Slk581) -> Value<BirthDate> {
        match key.birth_date() {
            Some(date) => {
                BirthDate::new(date, Accuracy::ACCURATE).checked(self.today, &self.placeholders)
            }
            None => Value::Bad(Reason::NoSuchDay),
        }
    }

    fn slk(&self, column: &Option<Column>, row: &Row) -> Value<Slk581> {
        match column.as_ref().map(|column| column.cell(row)) {
            None | Some("") => Value::Missing(Absent::Empty),
            Some(text) => match text.to_ascii_uppercase().parse() {
                Ok(key) => Value::Known(key),
                Err(_) => Value::Bad(Reason::SlkGrammar),
            },
        }
    }
}

/// Why a value is of no use, with its column.
fn one<'a, T>(column: Option<&'a Column>, value: &Value<T>) -> Option<(&'a str, Unusable)> {
    Some((column?.name.as_str(), Unusable::of(value)?))
}

/// The cells of several columns as one text; empty ones leave nothing behind.
fn joined(first: &Column, further: &[Column], row: &Row) -> String {
    let cells = std::iter::once(first).chain(further).map(|column| column.cell(row).trim());
    cells.filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join(", ")
}

/// Looks columns up that are known to be there.
struct Finder<'a> {
    places: HashMap<&'a str, usize>,
    columns: &'a BTreeMap<String, String>,
    codes: &'a BTreeMap<String, BTreeMap<String, String>>,
}

impl<'a> Finder<'a> {
    /// Finds every column at once, so that one error names all that are missing.
    fn new(
        table: &Table,
        spec: &'a SourceSpec,
        fields: &[(&str, FieldKind)],
    ) -> Result<Self, Error> {
        let wanted = |name: &str| {
            matches!(name, FAMILY | GIVEN | BIRTH | SEX) || fields.iter().any(|f| f.0 == name)
        };
        let mapped = spec
            .columns
            .keys()
            .filter(|field| wanted(field))
            .flat_map(|field| spec.columns_of(field));
        let aliases = spec.aliases.iter().flat_map(|alias| {
            [&alias.family_name, &alias.given_name, &alias.slk581].into_iter().flatten()
        });
        let names: Vec<&str> = mapped
            .chain(&spec.slk581)
            .chain(spec.accuracy.as_ref().map(|a| &a.column))
            .chain(aliases)
            .map(String::as_str)
            .collect();
        let places = table.columns(names.iter().copied())?;
        Ok(Finder {
            places: names.into_iter().zip(places).collect(),
            columns: &spec.columns,
            codes: &spec.codes,
        })
    }

    fn column(&self, name: &str) -> Column {
        let place = self.places.get(name).copied().unwrap_or_default();
        Column { place, name: name.to_owned(), codes: HashMap::new() }
    }

    fn field(&mut self, field: &str) -> Option<Column> {
        let mut column = self.column(self.columns.get(field)?);
        let codes = self.codes.get(field).into_iter().flatten();
        column.codes =
            codes.map(|(code, means)| (code.trim().to_lowercase(), means.clone())).collect();
        Some(column)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::path::Path;

    use jiff::civil::date;

    use super::*;
    use crate::project::Field;
    use crate::slk::Profile;

    const TODAY: Date = date(2026, 7, 1);

    const SOURCE: &str = r#"
        [source]
        name = "a"
        record_id = "id"
        date_format = "%d/%m/%Y"
        [columns]
        family_name = "Surname"
        given_name = "First"
        birth_date = "DOB"
        sex = "Gender"
        postcode = "PC"
        [codes.sex]
        "J" = "1"
        "K" = "2"
        [birth_date_accuracy]
        column = "Est"
        code = "estimated"
        [[aliases]]
        family_name = "Maiden"
        [[aliases]]
        given_name = "Nick"
    "#;

    const HEADER: &str = "id,Surname,First,DOB,Est,Gender,PC,Maiden,Nick\n";

    fn table(text: &str) -> Table {
        let reader = Box::new(Cursor::new(text.as_bytes().to_vec()));
        let spec = spec(SOURCE);
        Table::from_reader(reader, Path::new("t.csv"), spec.encoding, None).expect("a table")
    }

    fn spec(text: &str) -> SourceSpec {
        SourceSpec::parse(text, "a.toml").expect("a source")
    }

    fn project() -> Project {
        let field = |name: &str, kind| Field { name: name.into(), kind, compare_as: name.into() };
        Project {
            id: "p".into(),
            period: "1".into(),
            purposes: Vec::new(),
            suite: crate::project::Suite::HmacSha256,
            slk_profile: Profile::Aihw,
            diacritics: Diacritics::Fold,
            people_per_token: 1,
            fields: vec![
                field(FAMILY, FieldKind::FamilyName),
                field("suburb", FieldKind::Suburb),
                field("postcode", FieldKind::Postcode),
            ],
            match_keys: Vec::new(),
            fuzzy: None,
            placeholders: Placeholders::standard(),
        }
    }

    fn read(source: &str, text: &str) -> (Standardiser, Vec<Row>) {
        let mut table = table(text);
        let standardiser = Standardiser::new(&table, &spec(source), &project(), TODAY);
        let rows = table.next_batch(100).expect("rows").rows;
        (standardiser.expect("a standardiser"), rows)
    }

    #[test]
    fn a_row_becomes_a_person() {
        let text = format!("{HEADER}1,O'Mara,Zoë,02/03/1980,Yes,k,800,,\n");
        let (standardiser, rows) = read(SOURCE, &text);
        let person = standardiser.person(&rows[0]);
        assert_eq!(person.family.known().map(Name::letters), Some("OMARA"));
        assert_eq!(person.given.known().map(Name::letters), Some("ZOE"));
        assert_eq!(person.birth.known().map(BirthDate::date), Some(date(1980, 3, 2)));
        assert_eq!(person.birth.known().map(BirthDate::is_estimated), Some(true));
        assert_eq!(person.sex, Value::Known(Sex::Female));
        assert_eq!(
            person.others[..2],
            [Value::Missing(Absent::Empty), Value::Missing(Absent::Empty)]
        );
        assert_eq!(person.others[2].known().map(Text::as_str), Some("0800"));
        let shown = format!("{person:?}");
        assert!(!shown.contains("OMARA") && !shown.contains("1980") && !shown.contains("0800"));
    }

    /// With an accuracy of its own or without, a birth date is read as by itself.
    #[test]
    fn a_birth_date_is_what_its_cells_say() {
        let dates = ["02/03/1980", "2/3/1980", "31/02/1980", "01/01/1900", "02/03/2080", "x", ""];
        let cells = ["", "1", "2", "no", "?"].iter().flat_map(|est| dates.map(|date| (date, *est)));
        let list = PlaceholderList::new(&Placeholders::standard());
        let without = &SOURCE[..SOURCE.find("[birth_date_accuracy]").expect("a section")];
        for (date, estimated) in cells {
            let text = format!("{HEADER}1,Li,Bo,{date},{estimated},1,2600,,\n");
            let accuracy = Some((AccuracyCode::Estimated, estimated));
            for (source, accuracy) in [(SOURCE, accuracy), (without, None)] {
                let (standardiser, rows) = read(source, &text);
                let formats = DateFormats::named("%d/%m/%Y");
                let expected = BirthDate::read(date, &formats, TODAY, accuracy, &list);
                assert_eq!(standardiser.person(&rows[0]).birth, expected, "{date} {estimated}");
            }
        }
    }

    #[test]
    fn addresses_and_numbers_are_put_together_from_their_columns() {
        let source = r#"
            [source]
            name = "a"
            record_id = "id"
            [columns]
            family_name = "N"
            suburb = "Town"
            postcode = "PC"
            home = ["U", "No", "Street"]
            mobile = ["Tel", "At home"]
        "#;
        let mut project = project();
        for (name, kind) in [("home", FieldKind::Address), ("mobile", FieldKind::Phone)] {
            project.fields.push(Field { name: name.into(), kind, compare_as: name.into() });
        }
        let mut table = table(
            "id,N,Town,PC,U,No,Street,Tel,At home\n\
             1,Li,Queanbeyan NSW,2620,2,14,Smith St,,5550 4321\n\
             2,Li,Queanbeyan NSW,3000,,14-16,Smith Street,0491 570 156,\n\
             3,Li,Queanbeyan,2620,,,,5550 4321,\n",
        );
        let standardiser = Standardiser::new(&table, &spec(source), &project, TODAY);
        let standardiser = standardiser.expect("a standardiser");
        let rows = table.next_batch(100).expect("rows").rows;
        let people: Vec<Person> = rows.iter().map(|row| standardiser.person(row)).collect();
        let others = |person: &Person, at: usize| {
            person.others[at].known().map(|text| text.as_str().to_owned())
        };
        let found = |at| people.iter().map(|person| others(person, at)).collect::<Vec<_>>();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(found(1), vec![some("QUEANBEYAN"); 3]);
        assert_eq!(found(3), [some("2/14 SMITH STREET"), some("14 SMITH STREET"), None]);
        assert_eq!(found(4), [some("+61255504321"), some("+61491570156"), None]);
        let problems: Vec<_> = standardiser.problems(&people[2]).collect();
        assert_eq!(problems, [("Tel", Unusable::Bad(Reason::PhoneArea))]);
        let other_state =
            |i: usize| standardiser.has_postcode_of_another_state(&rows[i], &people[i]);
        assert_eq!([0, 1, 2].map(other_state), [false, true, false]);
    }

    #[test]
    fn problems_name_the_agencys_own_columns() {
        let text = format!("{HEADER}1,Li,Bo,31/02/1980,,Q,26O0,,\n");
        let (standardiser, rows) = read(SOURCE, &text);
        let person = standardiser.person(&rows[0]);
        let problems: Vec<_> = standardiser.problems(&person).collect();
        let expected =
            [("DOB", Reason::NoSuchDay), ("Gender", Reason::UnknownCode), ("PC", Reason::Postcode)];
        assert_eq!(problems, expected.map(|(column, reason)| (column, Unusable::Bad(reason))));
    }

    #[test]
    fn what_stands_for_nothing_is_told_and_an_answer_is_not() {
        let text = format!(
            "{HEADER}1,\u{674e},Unknown,01/01/1900,,9,,,\n2,-,Bo,unknown,,,,,\n3,,,,,,,,\n"
        );
        let (standardiser, rows) = read(SOURCE, &text);
        let problems = |row: &Row| -> Vec<(String, Unusable)> {
            let person = standardiser.person(row);
            standardiser.problems(&person).map(|(c, why)| (c.to_owned(), why)).collect()
        };
        let found: Vec<_> = rows.iter().map(problems).collect();
        let absent = |list: &[(&str, Absent)]| -> Vec<(String, Unusable)> {
            list.iter().map(|&(c, why)| (c.to_owned(), Unusable::Absent(why))).collect()
        };
        let first = absent(&[
            ("Surname", Absent::OtherScript),
            ("First", Absent::Placeholder),
            ("DOB", Absent::Placeholder),
        ]);
        let second = absent(&[("Surname", Absent::NoLetters), ("DOB", Absent::Placeholder)]);
        assert_eq!(found, [first, second, vec![]]);
    }

    #[test]
    fn aliases_take_missing_parts_from_the_main_name() {
        let text = format!("{HEADER}1,Lee,Ana,02/03/1980,,1,,Chan,\n2,Lee,Ana,,,1,,lee,unknown\n");
        let (standardiser, rows) = read(SOURCE, &text);
        let names = |row: &Row| -> Vec<(String, String)> {
            let main = standardiser.person(row);
            let letters = |name: &Value<Name>| name.known().map(|n| n.letters().to_owned());
            let pair = |p: &Person| Some((letters(&p.family)?, letters(&p.given)?));
            standardiser
                .alias_persons(row, &main, &mut Seen::default())
                .iter()
                .filter_map(pair)
                .collect()
        };
        assert_eq!(names(&rows[0]), [("CHAN".to_owned(), "ANA".to_owned())]);
        assert_eq!(names(&rows[1]), [], "an alias that adds nothing is none");
    }

    #[test]
    fn a_recorded_key_gives_what_has_no_column() {
        let source = "[source]\nname = \"a\"\nrecord_id = \"id\"\n[columns]\nslk581 = \"K\"\n";
        let keys = "id,K\n1,mihoh010120171\n2,MIHOH310220171\n3,\n4,EEROA310219801\n";
        let (standardiser, rows) = read(source, keys);
        let people: Vec<Person> = rows.iter().map(|row| standardiser.person(row)).collect();
        assert_eq!(people[0].slk.known().map(Slk581::family_letters), Some("MIH"));
        assert_eq!(people[0].birth.known().map(BirthDate::date), Some(date(2017, 1, 1)));
        assert_eq!(people[0].sex, Value::Known(Sex::Male));
        for bad in [&people[1], &people[3]] {
            let problems: Vec<_> = standardiser.problems(bad).collect();
            assert_eq!(problems, [("K", Unusable::Bad(Reason::SlkGrammar))]);
        }
        assert_eq!(people[2].slk, Value::Missing(Absent::Empty));
        assert!(!standardiser.has_names());
    }

    #[test]
    fn every_missing_column_is_named_at_once() {
        let table = table("id,surname,DOB\n1,Lee,x\n");
        let error = Standardiser::new(&table, &spec(SOURCE), &project(), TODAY);
        assert_eq!(
            error.expect_err("columns are missing").to_string(),
            "t.csv: has no column `First`\nt.csv: has no column `PC`\n\
             t.csv: has no column `Gender`\nt.csv: has no column `Est`\n\
             t.csv: has no column `Maiden`\nt.csv: has no column `Nick`"
        );
        let for_slk = Standardiser::for_slk(
            &table,
            &spec(SOURCE),
            Diacritics::Fold,
            &Placeholders::standard(),
            TODAY,
        );
        let message = for_slk.expect_err("columns are missing").to_string();
        assert!(!message.contains("PC"), "a key needs no postcode: {message}");
    }
}
