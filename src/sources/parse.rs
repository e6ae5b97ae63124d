//! `source.toml` becomes a checked [`SourceSpec`], or a list of every mistake in it.

mod consent;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::Spanned;

use super::spec::{
    AccuracyCode, AccuracyColumn, AliasColumns, Encoding, EventSpec, Program, SourceSpec,
};
use crate::config::{self, Table, repeated};
use crate::days::{DATE_FORMAT, DateFormats, Flaw};
use crate::files::{self, clean};
use crate::ids::SourceName;
use crate::project::{Field, FieldKind, Project};

impl Encoding {
    /// Every encoding.
    pub const ALL: [Encoding; 3] = [Encoding::Utf8, Encoding::Utf16, Encoding::Windows1252];

    /// The word for this encoding in `source.toml`.
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Utf8 => "utf-8",
            Encoding::Utf16 => "utf-16",
            Encoding::Windows1252 => "windows-1252",
        }
    }
}

impl SourceSpec {
    /// Reads and checks a `source.toml`.
    ///
    /// # Errors
    /// When it cannot be read, or has mistakes: all of them at once.
    pub fn load(path: &Path) -> Result<Self, crate::Error> {
        let text = files::read_text(path)?;
        let mut spec = SourceSpec::parse(&text, &clean(path))?;
        // Files that it names are beside it, wherever the program runs.
        let folder = path.parent().unwrap_or(Path::new(""));
        spec.withdrawn = spec.withdrawn.iter().map(|list| folder.join(list)).collect();
        Ok(spec)
    }

    /// Checks the text of a `source.toml`; `shown` is what the file is called in messages.
    ///
    /// # Errors
    /// Every mistake found, when there is one.
    pub fn parse(text: &str, shown: &str) -> Result<Self, config::Error> {
        config::read(text, shown, source)
    }

    /// What a person should know of this source in a project, one sentence each: mapped
    /// fields that the project does not have, and fields of the project without a column.
    pub fn check_against(&self, project: &Project) -> Vec<String> {
        let names: Vec<&str> = project.fields.iter().map(|f| f.name.as_str()).collect();
        let mut warnings = Vec::new();
        for field in self.columns.keys().filter(|f| !names.contains(&f.as_str())) {
            warnings.push(format!(
                "the project has no field {}, so its column is not used{}",
                repeated(field),
                config::did_you_mean(field, &names)
            ));
        }
        for field in project.fields.iter().filter(|field| !self.has(field)) {
            warnings.push(format!(
                "no column is mapped to the field `{}`; match keys that need it stay empty",
                field.name
            ));
        }
        for field in self.codes.keys() {
            let kind = project.fields.iter().find(|f| f.name == *field).map(|f| f.kind);
            if matches!(
                kind,
                Some(FieldKind::FamilyName | FieldKind::GivenName | FieldKind::BirthDate)
            ) {
                warnings.push(format!("the code map of `{field}` is not used: it is no code"));
            }
        }
        warnings
    }

    /// Whether the source has a field of a project: a column, or a recorded SLK-581, which
    /// holds letters of both names, the birth date and the sex.
    pub fn has(&self, field: &Field) -> bool {
        self.columns.contains_key(&field.name) || self.slk581.is_some() && field.kind.is_single()
    }
}

fn source(root: &mut Table<'_>) -> Option<SourceSpec> {
    let Some(mut head) = root.table("source") else {
        if !root.has("source") {
            root.miss("source", match root.has("project") {
                true => "a description of the export, `source.toml`; this looks like a `project.toml`",
                false => "a section [source] with a name and a record_id",
            });
        }
        return None;
    };
    let name = match head.needed_text("name", "what the source is called, such as `agency-a`") {
        Some(_) => head.parsed::<SourceName>(
            "name",
            "1 to 64 lower-case letters, digits and hyphens, beginning with a letter",
        ),
        None => None,
    };
    let record_id = head.needed_text("record_id", "the column with your own client number");
    let unique_people = head.flag("unique_people").unwrap_or(false);
    let join_duplicates = head.flag("join_duplicates").unwrap_or(true);
    let encoding =
        head.choice("encoding", &Encoding::ALL.map(|e| (e.name(), e))).unwrap_or(Encoding::Utf8);
    let delimiter = delimiter(&mut head);
    let sheet = head.text("sheet").map(Spanned::into_inner);
    let declared = date_formats(&mut head);
    let withdrawn = head.texts("withdrawn").unwrap_or_default();

    let mut columns = BTreeMap::new();
    let mut further_columns = BTreeMap::new();
    let mut slk581 = None;
    match root.table("columns") {
        Some(table) => (columns, further_columns, slk581) = mapped(table),
        None => {
            if !root.has("columns") {
                root.miss("columns", "a section [columns] that says which column is which field");
            }
        }
    }
    if columns.contains_key("birth_date") && !head.has("date_format") {
        head.miss("date_format", "how birth dates are written, such as `%d/%m/%Y`");
    }
    head.close();
    if !columns.is_empty() && slk581.is_none() {
        let named = columns.contains_key("family_name") || columns.contains_key("given_name");
        if !named {
            root.note(
                "columns",
                "expected a column for `family_name` or `given_name`, or for `slk581`",
            );
        }
    }
    let accuracy = root.table("birth_date_accuracy").and_then(accuracy);
    let codes = root.table("codes").map(codes).unwrap_or_default();
    let aliases = root.tables("aliases").into_iter().filter_map(alias).collect();
    let sections = root.tables("consent").into_iter();
    let consent = sections.filter_map(|table| consent::column(table, declared.as_ref())).collect();
    let events = root.table("events").map(events);
    Some(SourceSpec {
        name: name?,
        unique_people,
        join_duplicates,
        encoding,
        delimiter,
        sheet,
        record_id: record_id?.into_inner(),
        columns,
        further_columns,
        slk581,
        date_format: declared.unwrap_or_default(),
        accuracy,
        codes,
        aliases,
        consent,
        withdrawn: withdrawn.into_iter().map(|list| PathBuf::from(list.into_inner())).collect(),
        events: match events {
            Some(events) => Some(events?),
            None => None,
        },
    })
}

fn delimiter(head: &mut Table<'_>) -> Option<u8> {
    let value = head.any_text("delimiter")?;
    match value.get_ref().as_bytes() {
        [byte @ (b',' | b'\t' | b';' | b'|')] => Some(*byte),
        _ => {
            let found = repeated(value.get_ref());
            let message = format!("expected `,`, `;`, `|` or a tab as \"\\t\", found {found}");
            head.note_at(&value, "delimiter", message);
            None
        }
    }
}

/// How dates are written: one format, or a list of formats that are tried in order.
fn date_formats(table: &mut Table<'_>) -> Option<DateFormats> {
    const KEY: &str = "date_format";
    let listed = match table.has_list(KEY) {
        true => table.texts(KEY)?,
        false => vec![table.text(KEY)?],
    };
    let texts: Vec<&str> = listed.iter().map(|text| text.get_ref().as_str()).collect();
    let flaw = match DateFormats::all(&texts) {
        Ok(formats) => return Some(formats),
        Err(flaw) => flaw,
    };
    match flaw {
        Flaw::None => table.note(KEY, "expected at least one format, found none"),
        Flaw::NoFormat(i) => {
            let found = repeated(texts[i]);
            table.note_at(&listed[i], KEY, format!("expected {DATE_FORMAT}; found {found}"));
        }
        Flaw::Ambiguous(i, j) => {
            let (one, other) = (repeated(texts[i]), repeated(texts[j]));
            let message = format!(
                "expected formats that cannot read one cell as two different days, as {one} and \
                 {other} can"
            );
            table.note_at(&listed[j], KEY, message);
        }
    }
    None
}

/// The section [columns]: field to column, and the column of recorded keys.
/// The column of each field, the further columns of those that have several, and the column
/// of recorded keys.
type Mapped = (BTreeMap<String, String>, BTreeMap<String, Vec<String>>, Option<String>);

/// What a source may have in one column only.
const SINGLE: [&str; 5] = ["family_name", "given_name", "birth_date", "sex", "slk581"];

fn mapped(mut table: Table<'_>) -> Mapped {
    let mut columns: BTreeMap<String, String> = BTreeMap::new();
    let mut further: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut slk581 = None;
    let names = table.keys();
    for field in &names {
        let listed = match table.has_list(field) && !SINGLE.contains(&field.as_str()) {
            true => table.texts(field),
            false => table.text(field).map(|column| vec![column]),
        };
        let Some(mut listed) = listed else { continue };
        if listed.is_empty() {
            table.note(field, "expected the columns that it is put together from, found none");
            continue;
        }
        for column in &listed {
            let is_it = |other: &String| other == column.get_ref();
            let has_it = |(field, first): &(&String, &String)| {
                is_it(first) || further.get(*field).is_some_and(|more| more.iter().any(is_it))
            };
            if let Some((other, _)) = columns.iter().find(has_it) {
                let message = format!("the column is mapped to `{other}` already");
                table.note_at(column, field, message);
            }
        }
        let first = listed.remove(0).into_inner();
        if !listed.is_empty() {
            further.insert(field.clone(), listed.into_iter().map(Spanned::into_inner).collect());
        }
        match field.as_str() {
            "slk581" => slk581 = Some(first),
            _ => drop(columns.insert(field.clone(), first)),
        }
    }
    if names.is_empty() {
        table.miss("family_name", "a column for each field you have, or one for `slk581`");
    }
    table.close();
    (columns, further, slk581)
}

fn accuracy(mut table: Table<'_>) -> Option<AccuracyColumn> {
    let column = table.needed_text("column", "the column that says how sure the birth date is");
    if !table.has("code") {
        table.miss("code", "`aeu` for three letters A, E, U, or `estimated` for yes and no");
    }
    let code =
        table.choice("code", &[("aeu", AccuracyCode::Aeu), ("estimated", AccuracyCode::Estimated)]);
    table.close();
    Some(AccuracyColumn { column: column?.into_inner(), code: code? })
}

/// Per field, a table of codes; two codes that differ in case or blanks only are one.
fn codes(mut table: Table<'_>) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut maps = BTreeMap::new();
    for field in table.keys() {
        let Some(mut map) = table.table(&field) else { continue };
        let mut codes: BTreeMap<String, String> = BTreeMap::new();
        for code in map.keys() {
            let Some(meaning) = map.any_text(&code) else { continue };
            let same = |other: &&String| other.trim().to_lowercase() == code.trim().to_lowercase();
            if codes.keys().any(|other| same(&other)) {
                map.note(&code, "the code is there twice: case and blanks do not count");
            }
            if field == "sex" && !["1", "2", "3", "9"].contains(&meaning.get_ref().trim()) {
                let found = repeated(meaning.get_ref());
                let message = format!(
                    "expected `1` male, `2` female, `3` another term or `9` not stated, \
                     found {found}"
                );
                map.note_at(&meaning, &code, message);
            }
            codes.insert(code, meaning.into_inner().trim().to_owned());
        }
        map.close();
        maps.insert(field, codes);
    }
    table.close();
    maps
}

fn alias(mut table: Table<'_>) -> Option<AliasColumns> {
    let mut column = |key: &str| table.text(key).map(Spanned::into_inner);
    let alias = AliasColumns {
        family_name: column("family_name"),
        given_name: column("given_name"),
        slk581: column("slk581"),
    };
    let empty = table.keys().is_empty();
    if empty {
        table.miss("family_name", "a column of another name, or of another `slk581`");
    }
    table.close();
    (!empty).then_some(alias)
}

fn events(mut table: Table<'_>) -> Option<EventSpec> {
    let sheet = table.text("sheet").map(Spanned::into_inner);
    let record_id = table.needed_text("record_id", "the column with your own client number");
    let named = table.text("program").map(Spanned::into_inner);
    let always = table.text("program_always").map(Spanned::into_inner);
    let program = match (named, always) {
        (Some(_), Some(_)) => {
            table.note("program_always", "expected this or `program`, not both");
            None
        }
        (Some(column), None) => Some(Program::Column(column)),
        (None, Some(name)) => Some(Program::Always(name)),
        (None, None) => {
            if !table.has("program") && !table.has("program_always") {
                table.miss(
                    "program",
                    "the column that names the program, or `program_always` with its name",
                );
            }
            None
        }
    };
    let start = table.needed_text("start", "the column of the first day of service");
    let end = table.text("end").map(Spanned::into_inner);
    if !table.has("date_format") {
        table.miss("date_format", "how its dates are written, as `%d/%m/%Y`");
    }
    let format = date_formats(&mut table);
    let keep = table.texts("keep").unwrap_or_default();
    table.close();
    Some(EventSpec {
        sheet,
        record_id: record_id?.into_inner(),
        program: program?,
        start: start?.into_inner(),
        end,
        date_format: format?,
        keep: keep.into_iter().map(Spanned::into_inner).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Preset;
    use crate::sources::spec::ConsentColumn;

    const SMALL: &str = "\
[source]
name = \"agency-a\"
record_id = \"rec_id\"
date_format = \"%d/%m/%Y\"
[columns]
family_name = \"surname\"
birth_date = \"dob\"
";

    const WHOLE: &str = "\
[source]
name = \"agency-a\"
record_id = \"rec_id\"
unique_people = true
join_duplicates = false
withdrawn = [\"withdrawn.csv\"]
encoding = \"windows-1252\"
delimiter = \"\\t\"
sheet = \"Clients 2024\"
date_format = \"%d/%m/%Y\"
[columns]
family_name = \"Last name\"
home = [\"Unit\", \"No\", \"Street\"]
slk581 = \"SLK\"
[codes.sex]
M = \"1\"
\" not stated \" = \"9\"
[birth_date_accuracy]
column = \"acc\"
code = \"aeu\"
[[aliases]]
given_name = \"known as\"
[[aliases]]
slk581 = \"old SLK\"
[[consent]]
column = \"share\"
share = [\"1\"]
refuse = [\"2\", \"\"]
[[consent]]
column = \"research\"
share = [\"Y\"]
purposes = [\"research\", \"planning\"]
given = \"signed\"
until = \"expires\"
withdrawn = \"revoked\"
date_format = \"%Y-%m-%d\"
[events]
sheet = \"Services\"
record_id = \"client\"
program_always = \"Housing\"
start = \"from\"
end = \"to\"
date_format = \"%Y-%m-%d\"
keep = [\"reason\"]
";

    fn mistakes(text: &str) -> Vec<String> {
        let refused = SourceSpec::parse(text, "a.toml").expect_err("mistakes");
        refused.to_string().lines().map(str::to_owned).collect()
    }

    #[test]
    fn lists_of_columns_have_their_mistakes() {
        let lines = "home = []\nsuburb = [\"a\", \"dob\"]\nsex = [\"b\", \"c\"]\n";
        let mistakes = mistakes(&format!("{SMALL}{lines}"));
        for (at, part) in [
            "`columns.home`: expected the columns that it is put together from",
            "`columns.suburb`: the column is mapped to `birth_date` already",
            "`columns.sex`: expected a text",
        ]
        .into_iter()
        .enumerate()
        {
            assert!(mistakes[at].contains(part), "{mistakes:?}");
        }
    }

    fn minimal() -> Project {
        Project::parse(&Preset::Minimal.toml("yard", "2026"), "p").expect("the preset")
    }

    #[test]
    fn everything_that_can_be_said_is_read() {
        let spec = SourceSpec::parse(WHOLE, "a.toml").expect("sound");
        let text = |s: &str| s.to_owned();
        let expected = SourceSpec {
            name: "agency-a".parse().expect("a name"),
            unique_people: true,
            join_duplicates: false,
            encoding: Encoding::Windows1252,
            delimiter: Some(b'\t'),
            sheet: Some(text("Clients 2024")),
            record_id: text("rec_id"),
            columns: BTreeMap::from([
                (text("family_name"), text("Last name")),
                (text("home"), text("Unit")),
            ]),
            further_columns: BTreeMap::from([(text("home"), vec![text("No"), text("Street")])]),
            slk581: Some(text("SLK")),
            date_format: DateFormats::named("%d/%m/%Y"),
            accuracy: Some(AccuracyColumn { column: text("acc"), code: AccuracyCode::Aeu }),
            codes: BTreeMap::from([(
                text("sex"),
                BTreeMap::from([(text("M"), text("1")), (text(" not stated "), text("9"))]),
            )]),
            aliases: vec![
                AliasColumns { given_name: Some(text("known as")), ..Default::default() },
                AliasColumns { slk581: Some(text("old SLK")), ..Default::default() },
            ],
            consent: vec![
                ConsentColumn {
                    column: text("share"),
                    share: vec![text("1")],
                    partial: vec![],
                    refuse: vec![text("2"), text("")],
                    purposes: vec![],
                    given: None,
                    until: None,
                    withdrawn: None,
                    date_format: DateFormats::named("%d/%m/%Y"),
                },
                ConsentColumn {
                    column: text("research"),
                    share: vec![text("Y")],
                    partial: vec![],
                    refuse: vec![],
                    purposes: vec![text("research"), text("planning")],
                    given: Some(text("signed")),
                    until: Some(text("expires")),
                    withdrawn: Some(text("revoked")),
                    date_format: DateFormats::named("%Y-%m-%d"),
                },
            ],
            withdrawn: vec![PathBuf::from("withdrawn.csv")],
            events: Some(EventSpec {
                sheet: Some(text("Services")),
                record_id: text("client"),
                program: Program::Always(text("Housing")),
                start: text("from"),
                end: Some(text("to")),
                date_format: DateFormats::named("%Y-%m-%d"),
                keep: vec![text("reason")],
            }),
        };
        assert_eq!(spec, expected);
    }

    #[test]
    fn what_is_left_out_has_a_default() {
        let spec = SourceSpec::parse(SMALL, "a.toml").expect("sound");
        assert!(!spec.unique_people && spec.join_duplicates);
        assert_eq!((spec.encoding, spec.delimiter), (Encoding::Utf8, None));
        assert!(spec.consent.is_empty() && spec.events.is_none() && spec.codes.is_empty());
    }

    #[test]
    fn every_mistake_is_found_in_one_run() {
        let text = "\
[source]
name = \"Agency A\"
recordid = \"x\"
encoding = \"latin-1\"
delimiter = \"tab\"
[columns]
family_name = \"surname\"
given_name = \"surname\"
birth_date = \"dob\"
[codes.sex]
M = \"male\"
F = \"2\"
f = \"2\"
[birth_date_accuracy]
code = \"AEU\"
[[aliases]]
[[consent]]
column = \"share\"
share = [\"1\"]
refuse = [\"1\"]
[events]
record_id = \"x\"
program = \"p\"
program_always = \"q\"
start = \"s\"
date_format = \"%d/%m\"
";
        let found = mistakes(text);
        let begins = [
            "a.toml line 1: `source.date_format` is missing: expected how birth dates",
            "a.toml line 2: `source.name`: expected 1 to 64 lower-case letters",
            "a.toml line 3: unknown key `recordid` in [source]; did you mean `record_id`?",
            "a.toml line 4: `source.encoding`: expected `utf-8`, `utf-16` or `windows-1252`",
            "a.toml line 5: `source.delimiter`: expected `,`, `;`, `|` or a tab",
            "a.toml line 8: `columns.given_name`: the column is mapped to `family_name` already",
            "a.toml line 11: `codes.sex.M`: expected `1` male",
            "a.toml line 13: `codes.sex.f`: the code is there twice",
            "a.toml line 14: `birth_date_accuracy.column` is missing",
            "a.toml line 15: `birth_date_accuracy.code`: expected `aeu` or `estimated`",
            "a.toml line 16: `aliases.family_name` is missing",
            "a.toml line 20: `consent.refuse`: the same code is in `share`",
            "a.toml line 24: `events.program_always`: expected this or `program`, not both",
            "a.toml line 26: `events.date_format`: expected a format with day, month and year",
        ];
        assert_eq!(found.len(), begins.len(), "{found:#?}");
        for (found, begin) in found.iter().zip(begins) {
            assert!(found.starts_with(begin), "{found}\n{begin}");
        }
    }

    #[test]
    fn a_source_needs_names_or_a_recorded_key() {
        let nameless = SMALL.replace("family_name = \"surname\"", "sex = \"sex\"");
        let found = mistakes(&nameless);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("a.toml line 5: `columns`: expected a column for"));
        for enough in ["given_name = \"first\"", "slk581 = \"slk\""] {
            let text = SMALL.replace("family_name = \"surname\"", enough);
            SourceSpec::parse(&text, "a.toml").expect(enough);
        }
        let keyed = "[source]\nname = \"a\"\nrecord_id = \"r\"\n[columns]\nslk581 = \"s\"\n";
        let spec = SourceSpec::parse(keyed, "a.toml").expect("no birth date, so no format");
        assert_eq!(spec.date_format.to_string(), "%Y-%m-%d");
        assert_eq!(mistakes(&keyed.replace("slk581 = \"s\"\n", "")).len(), 1);
        assert_eq!(mistakes("").len(), 1);
    }

    #[test]
    fn consent_has_purposes_that_are_words_and_days_that_can_be_read() {
        let with = |lines: &str| {
            format!("{SMALL}[[consent]]\ncolumn = \"ok\"\nshare = [\"1\"]\n{lines}\n")
        };
        let spec = SourceSpec::parse(&with("given = \"signed\""), "a.toml").expect("sound");
        assert_eq!(spec.consent[0].date_format.to_string(), "%d/%m/%Y", "that of the source");
        let short = |text: String| text.replace("%d/%m/%Y", "%d/%m/%y");
        let undated = with("given = \"signed\"")
            .replace("date_format = \"%d/%m/%Y\"\n", "")
            .replace("birth_date = \"dob\"\n", "");
        for (text, begin) in [
            (with("purposes = []"), "a.toml line 11: `consent.purposes`: expected at least one"),
            (with("purposes = [\"a b\"]"), "a.toml line 11: `consent.purposes`: expected up to 64"),
            (with("date_format = \"%d/%m\""), "a.toml line 11: `consent.date_format`: expected a"),
            (undated, "a.toml line 6: `consent.date_format` is missing: expected how its dates"),
            (short(with("given = \"signed\"")), "a.toml line 8: `consent.date_format` is missing"),
            (
                with("date_format = \"%d/%m/%y\""),
                "a.toml line 11: `consent.date_format`: expected years of four digits",
            ),
        ] {
            let found = mistakes(&text);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].starts_with(begin), "{}\n{begin}", found[0]);
        }
    }

    #[test]
    fn date_formats_are_one_or_a_list() {
        let with = |formats: &str| SMALL.replace("\"%d/%m/%Y\"", formats);
        for (formats, said) in [
            ("\"%d/%m/%y\"", "%d/%m/%y"),
            ("\"excel\"", "excel"),
            ("[\"%d/%m/%Y\"]", "%d/%m/%Y"),
            ("[\"%d/%m/%Y\", \"%Y-%m-%d\", \"excel\"]", "%d/%m/%Y or %Y-%m-%d or excel"),
        ] {
            let spec = SourceSpec::parse(&with(formats), "a.toml").expect("sound");
            assert_eq!(spec.date_format.to_string(), said);
        }
        for (formats, begin) in [
            ("[]", "expected at least one format, found none"),
            ("[\"%d/%m/%Y\", \"%m\"]", "expected a format with day, month and year"),
            ("[\"%d/%m/%Y\", \"%m/%d/%Y\"]", "expected formats that cannot read one cell as two"),
        ] {
            let found = mistakes(&with(formats));
            assert_eq!(found.len(), 1, "{found:?}");
            let begin = format!("a.toml line 4: `source.date_format`: {begin}");
            assert!(found[0].starts_with(&begin), "{}\n{begin}", found[0]);
        }
    }

    #[test]
    fn a_source_is_compared_with_its_project() {
        let text = SMALL.replace("[columns]\n", "[columns]\npostcod = \"pc\"\nsex = \"sex\"\n");
        let spec = SourceSpec::parse(&text, "a.toml").expect("sound");
        let warnings = spec.check_against(&minimal());
        assert_eq!(
            warnings,
            [
                "the project has no field `postcod`, so its column is not used; did you mean \
                 `postcode`?",
                "no column is mapped to the field `given_name`; match keys that need it stay empty",
                "no column is mapped to the field `suburb`; match keys that need it stay empty",
                "no column is mapped to the field `postcode`; match keys that need it stay empty",
            ]
        );
        let keyed = "[source]\nname = \"a\"\nrecord_id = \"r\"\n[columns]\nslk581 = \"s\"\n\
                     suburb = \"t\"\npostcode = \"p\"\n[codes.family_name]\nx = \"y\"\n";
        let spec = SourceSpec::parse(keyed, "a.toml").expect("sound");
        let warnings = spec.check_against(&minimal());
        assert_eq!(warnings, ["the code map of `family_name` is not used: it is no code"]);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_a_panic(tail in "(\\PC|\n|=|\"|\\[|\\]|\\{|\\}){0,80}") {
            let _ = SourceSpec::parse(&format!("{SMALL}{tail}"), "a.toml");
            let _ = SourceSpec::parse(&tail, "a.toml");
        }
    }
}
