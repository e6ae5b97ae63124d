//! A first `source.toml` for an export, from its header and its first rows, for a person to
//! check. Takes headings and cells, gives commented text and what is still to decide. Shows
//! headings and short codes, never a cell of anything else, and decides nothing that the
//! cells leave open.

mod consent;
mod events;

use super::header::{Column, Columns, Role, may_be_consent};
use super::look::{Days, Fit, codes, fitting, is_coded, sex_code, state_codes};
pub use super::proposal::{Known, Placed, Proposal};
use crate::config::quoted;
use crate::project::FieldKind;

/// Proposes a `source.toml`; `sample` holds the first rows, each with its cells.
pub fn propose(header: &[String], sample: &[Vec<String>], known: &Known<'_>) -> Proposal {
    let mut writer = Writer {
        columns: Columns::new(header),
        sample,
        known,
        out: Proposal {
            toml: String::new(),
            placed: Vec::new(),
            unsure: Vec::new(),
            to_decide: Vec::new(),
            missing: Vec::new(),
            unused: Vec::new(),
            notes: Vec::new(),
        },
    };
    writer.write(header);
    writer.out
}

struct Writer<'a> {
    columns: Columns,
    sample: &'a [Vec<String>],
    known: &'a Known<'a>,
    out: Proposal,
}

/// A field of the project and the column found for it, surely or not.
struct Found {
    field: String,
    kind: FieldKind,
    sure: Option<Column>,
    /// What the value goes on with.
    further: Vec<Column>,
    unsure: Option<Column>,
}

impl<'a> Writer<'a> {
    /// Plain headings are placed before any likeness is tried, so that no guess takes a
    /// column that is plainly something else.
    fn write(&mut self, header: &[String]) {
        let record_id = self.columns.take(Role::RecordId, "record_id");
        let mut found = self.fields();
        let slk = self.columns.take(Role::Slk581, "slk581");
        let estimated = self.columns.take(Role::Estimated, "");
        let accuracy = self.columns.take(Role::Accuracy, "");
        let consent = consent::Found::take(&mut self.columns);
        let other_family = self.columns.take(Role::OtherFamily, "");
        let other_given = self.columns.take(Role::OtherGiven, "");
        let program = self.columns.take(Role::Program, "program");
        let start = self.columns.take(Role::Start, "start");
        let end = self.columns.take(Role::End, "end");
        let mut content = Vec::new();
        while let Some(column) = self.columns.take(Role::Content, "") {
            content.push(column);
        }
        for field in found.iter_mut().filter(|f| f.sure.is_none()) {
            field.unsure = self.columns.take_like(Role::Field(field.kind), &field.field);
        }
        let like_id = match record_id {
            Some(_) => None,
            None => self.columns.take_like(Role::RecordId, "record_id"),
        };

        self.head(record_id.as_ref(), like_id.as_ref(), &found);
        self.fields_section(&found, slk.as_ref());
        self.codes_sections(&found);
        self.accuracy_section(estimated.as_ref(), accuracy.as_ref());
        self.aliases_section(other_family.as_ref(), other_given.as_ref());
        self.consent_sections(&consent);
        self.events_section(
            record_id.as_ref(),
            program.as_ref(),
            start.as_ref(),
            end.as_ref(),
            &content,
        );
        self.doubled(header);
        self.fields_to_have();
        self.out.unused = self.columns.left().iter().map(|c| c.heading.clone()).collect();
        for heading in self.out.unused.iter().filter(|heading| may_be_consent(heading)) {
            self.out.notes.push(format!(
                "{} may be about consent; nothing asks it, and whoever refuses there is not left out",
                quoted(heading)
            ));
        }
        if !self.out.unused.is_empty() {
            self.line("");
            self.line("# Columns that nothing above uses; they stay at the agency:");
            for heading in self.out.unused.clone() {
                self.line(&format!("#   {}", quoted(&heading)));
            }
        }
    }

    /// Finds the columns of the project's fields. Of several fields of one kind, the first
    /// has the usual spellings; the others are found by their own names.
    fn fields(&mut self) -> Vec<Found> {
        let mut seen = Vec::new();
        let mut found = Vec::new();
        for field in &self.known.project.fields {
            let kind = match seen.contains(&field.kind) {
                true => FieldKind::Text,
                false => field.kind,
            };
            seen.push(field.kind);
            let mut columns = match kind {
                FieldKind::Address => self.columns.take_address(&field.name),
                _ => self.columns.take(Role::Field(kind), &field.name).into_iter().collect(),
            };
            let sure = (!columns.is_empty()).then(|| columns.remove(0));
            let (field, further) = (field.name.clone(), columns);
            found.push(Found { field, kind, sure, further, unsure: None });
        }
        found
    }

    fn head(&mut self, id: Option<&Column>, like_id: Option<&Column>, found: &[Found]) {
        self.lines(&[
            "# What this agency's export looks like: which column is which field.",
            "#",
            "# This file stays at the agency. Lines that begin with # are comments: read them,",
            "# take the # away where a line is right, and correct what is not.",
            "",
            "[source]",
            "# What the source is called; its output files are named after it.",
        ]);
        self.line(&format!("name = {}", quoted(self.known.name.as_str())));
        self.line(
            "# Your own number of the client. It stays here; the linkage unit sees none of it.",
        );
        match (id, like_id) {
            (Some(column), _) => self.place("record_id", column),
            (None, Some(column)) => {
                self.unsure("record_id", column);
                self.out.to_decide.push("record_id: the column with your client number".into());
            }
            (None, None) => {
                self.line("# record_id = \"which column?\"");
                self.out.to_decide.push("record_id: the column with your client number".into());
            }
        }
        self.line("# true when the source holds each person once; false when one person may have");
        self.line("# several client numbers.");
        self.line(&format!("unique_people = {}", self.known.unique_people));
        if !self.known.unique_people {
            self.line(
                "# Records under different client numbers that are as good as certainly one person",
            );
            self.line("# become one row; with false, only those that are equal in every part.");
            self.line("join_duplicates = true");
        }
        self.line("# Record numbers of people who withdrew their consent: lists beside this file.");
        self.line("# withdrawn = [\"withdrawn.csv\"]");
        self.line("# \"utf-8\", \"utf-16\", or \"windows-1252\" as older spreadsheets write.");
        self.line(&format!("encoding = {}", quoted(self.known.encoding.name())));
        if let Some(byte) = self.known.delimiter {
            self.line(&format!("delimiter = {}", quoted(&char::from(byte).to_string())));
        }
        let birth = found.iter().find(|f| f.kind == FieldKind::BirthDate);
        if let Some(column) = birth.and_then(|f| f.sure.as_ref().or(f.unsure.as_ref())) {
            self.birth_date_format(column.index);
        } else if let Some(format) = self.known.date_format {
            self.line(&format!("date_format = {}", quoted(format)));
        }
    }

    fn birth_date_format(&mut self, index: usize) {
        self.line(
            "# How birth dates are written: %d day, %m month, %Y year, %b month as Jan. A list of",
        );
        self.line("# formats is tried in order.");
        let cells = self.cells(&[index]);
        let days = Days::of(&cells);
        let filled = days.filled;
        if let Some(format) = self.known.date_format {
            let fit = fitting(format, &cells);
            if fit < filled {
                self.out.notes.push(format!(
                    "the date format `{format}` reads {fit} of the {filled} birth dates looked at"
                ));
            }
            self.line(&format!("date_format = {}", quoted(format)));
        } else if let Some(toml) = days.toml() {
            let examples: Vec<&str> = days.sure.iter().map(|fit| fit.example).collect();
            let examples = examples.join(" and ");
            let which = match days.sure.len() {
                1 => "is the one usual format that reads",
                _ => "are the only two usual formats that read",
            };
            let named: Vec<String> =
                days.sure.iter().map(|fit| format!("`{}`", fit.format)).collect();
            let named = named.join(" and ");
            self.out.notes.push(format!(
                "birth dates: {named} (as {examples}) {which} all {filled} looked at"
            ));
            if days.has_years_of_two_digits() {
                self.line(
                    "# Years of two digits are the latest up to that of the extract (--as-at).",
                );
            }
            self.line(&format!("date_format = {toml}  # as {examples}"));
        } else {
            self.line("# It is not guessed: take the # away from the line that is right.");
            self.format_choices(&days, "");
            let formats: Vec<&str> = days.fits.iter().map(|f| f.format).collect();
            self.out.to_decide.push(match formats.as_slice() {
                [] => "date_format: no usual format reads the birth dates".to_owned(),
                _ if days.fits[0].cells < filled => {
                    "date_format: no usual format reads all birth dates looked at; it can be a list"
                        .to_owned()
                }
                _ => format!("date_format: one of {} for birth dates", formats.join(", ")),
            });
        }
    }

    /// How columns of days besides the birth date are written, as TOML, where that is sure.
    fn sure_format(&self, cells: &[&str], days: &Days) -> Option<String> {
        let declared = self.known.date_format.filter(|f| fitting(f, cells) == days.filled);
        declared.map(quoted).or_else(|| days.toml())
    }

    /// The formats that fit, as comments; some usual ones where none does.
    fn format_choices(&mut self, Days { fits, filled, .. }: &Days, indent: &str) {
        for &Fit { format, example, cells } in fits {
            let format = quoted(format);
            self.line(&format!(
                "#{indent} date_format = {format}  # as {example}: reads {cells} of {filled} cells"
            ));
        }
        if fits.is_empty() {
            self.line(&format!("#{indent} date_format = \"%d/%m/%Y\"  # as 31/12/1999"));
            self.line(&format!("#{indent} date_format = \"%Y-%m-%d\"  # as 1999-12-31"));
        }
    }

    fn fields_section(&mut self, found: &[Found], slk: Option<&Column>) {
        self.lines(&[
            "",
            "# Each field of the project, and the column of this export that holds it.",
            "[columns]",
        ]);
        for Found { field, sure, further, unsure, .. } in found {
            match (sure, unsure) {
                (Some(column), _) if !further.is_empty() => {
                    let all: Vec<&Column> = std::iter::once(column).chain(further).collect();
                    let headings: Vec<String> = all.iter().map(|c| quoted(&c.heading)).collect();
                    self.line(&format!("{field} = [{}]", headings.join(", ")));
                    all.iter().for_each(|column| self.placed(field, column));
                }
                (Some(column), _) => self.place(field, column),
                (None, Some(column)) => self.unsure(field, column),
                (None, None) => {
                    self.line(&format!("# {field} = \"no column was found\""));
                    self.out.missing.push(field.clone());
                }
            }
        }
        let named = found.iter().any(|f| {
            f.sure.is_some() && matches!(f.kind, FieldKind::FamilyName | FieldKind::GivenName)
        });
        match slk {
            Some(column) if named => {
                self.line("# Keys are made from the names; recorded keys are for exports without.");
                self.line(&format!("# slk581 = {}", quoted(&column.heading)));
                self.out.notes.push(format!(
                    "{} looks like a recorded SLK-581; keys are made from the names instead",
                    quoted(&column.heading)
                ));
            }
            Some(column) => self.place("slk581", column),
            None if named => {}
            None => {
                let what = "columns: a family or given name, or a recorded SLK-581";
                self.out.to_decide.push(what.to_owned());
            }
        }
    }

    fn codes_sections(&mut self, found: &[Found]) {
        for Found { field, kind, sure, .. } in found {
            let Some(column) = sure.as_ref().filter(|_| is_coded(*kind)) else { continue };
            let cells = self.cells(&[column.index]);
            let Some(codes) = codes(&cells) else {
                if *kind == FieldKind::Sex {
                    self.out.notes.push(format!(
                        "{} holds more than a few short codes: is it the right column?",
                        quoted(&column.heading)
                    ));
                }
                continue;
            };
            match kind {
                FieldKind::Sex => self.sex_codes(field, &codes),
                _ => self.state_codes(field, &codes),
            }
        }
    }

    fn sex_codes(&mut self, field: &str, codes: &[String]) {
        if codes.is_empty() {
            return;
        }
        self.lines(&[
            "",
            "# What the codes found in the first rows mean: \"1\" male, \"2\" female, \"3\" another",
            "# term, \"9\" not stated. Case does not count. Check each one.",
        ]);
        self.line(&format!("[codes.{field}]"));
        for code in codes {
            // In Common Dataset keys 4 is "not stated"; elsewhere it may be anything.
            match sex_code(code) {
                Some(meaning) => self.line(&format!("{} = \"{meaning}\"", quoted(code))),
                None => {
                    self.line(&format!("# {} = \"9\"  # what does it mean?", quoted(code)));
                    self.out.notes.push(format!(
                        "the code {} of {} is not known: say what it means",
                        quoted(code),
                        quoted(field)
                    ));
                }
            }
        }
    }

    fn state_codes(&mut self, field: &str, codes: &[String]) {
        let Some(map) = state_codes(codes) else { return };
        self.lines(&["", "# The column holds numbers: these are the ABS ones. Check them."]);
        self.line(&format!("[codes.{field}]"));
        for (number, state) in map {
            self.line(&format!("\"{number}\" = \"{state}\""));
        }
    }

    fn accuracy_section(&mut self, estimated: Option<&Column>, accuracy: Option<&Column>) {
        let Some(column) = accuracy.or(estimated) else { return };
        self.lines(&[
            "",
            "# How sure the birth date is: \"aeu\" for three letters A, E, U (day, month, year),",
            "# \"estimated\" for yes or no.",
            "[birth_date_accuracy]",
        ]);
        self.place_as("birth_date_accuracy.column", "column", column);
        self.line(match accuracy {
            Some(_) => "code = \"aeu\"",
            None => "code = \"estimated\"",
        });
    }

    fn aliases_section(&mut self, family: Option<&Column>, given: Option<&Column>) {
        let names = [("family_name", family), ("given_name", given)];
        for (key, column) in names.iter().filter_map(|(key, c)| c.map(|c| (*key, c))) {
            self.lines(&[
                "",
                "# Another name of the same person: each finds the person too. What it leaves out is",
                "# taken from the columns above; put both names in one section where they belong",
                "# together.",
                "[[aliases]]",
            ]);
            self.place_as(&format!("aliases.{key}"), key, column);
        }
    }

    /// Says of what the project could link by, too.
    fn fields_to_have(&mut self) {
        for (extra, kind) in [("address", FieldKind::Address), ("phone", FieldKind::Phone)] {
            if self.known.project.field_of(kind).is_none()
                && let Some(column) = self.columns.find(Role::Field(kind))
            {
                self.out.notes.push(format!(
                    "{} looks like a field of kind `{extra}`, which the project has none of: \
                     `project new --with {extra}` writes one",
                    quoted(&column.heading)
                ));
            }
        }
    }

    /// A heading that two columns have names neither of them.
    fn doubled(&mut self, header: &[String]) {
        let mut said: Vec<String> = Vec::new();
        for Placed { column, .. } in self.out.placed.iter().chain(&self.out.unsure) {
            let columns = header.iter().filter(|h| h.trim() == column).count();
            if columns > 1 && !said.contains(column) {
                said.push(column.clone());
            }
        }
        for heading in said {
            let heading = quoted(&heading);
            self.out.to_decide.push(format!(
                "{heading} is the heading of more than one column: rename one in the export"
            ));
        }
    }

    /// Every filled cell of these columns in the sample, without the blanks around it.
    fn cells(&self, indexes: &[usize]) -> Vec<&'a str> {
        let rows = self.sample.iter();
        rows.flat_map(|row| indexes.iter().filter_map(|i| row.get(*i)))
            .map(|cell| cell.trim())
            .filter(|cell| !cell.is_empty())
            .collect()
    }

    fn place(&mut self, key: &str, column: &Column) {
        self.place_as(key, key, column);
    }

    /// Writes a line and reports it under its full name.
    fn place_as(&mut self, full: &str, key: &str, column: &Column) {
        self.line(&format!("{key} = {}", quoted(&column.heading)));
        self.placed(full, column);
    }

    fn placed(&mut self, key: &str, column: &Column) {
        self.out.placed.push(Placed { key: key.to_owned(), column: column.heading.clone() });
    }

    fn unsure(&mut self, key: &str, column: &Column) {
        self.line(&format!("# {key} = {}  # is it this column?", quoted(&column.heading)));
        self.out.unsure.push(Placed { key: key.to_owned(), column: column.heading.clone() });
    }

    fn lines(&mut self, lines: &[&str]) {
        lines.iter().for_each(|line| self.line(line));
    }

    fn line(&mut self, line: &str) {
        self.out.toml.push_str(line);
        self.out.toml.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::{Extra, Preset, Project};
    use crate::sources::SourceSpec;
    use crate::sources::spec::{AccuracyCode, Encoding};

    pub(super) fn proposed(preset: Preset, date_format: Option<&str>, csv: &[&str]) -> Proposal {
        proposed_for(&preset.toml("yard", "2026"), date_format, csv)
    }

    fn proposed_for(project: &str, date_format: Option<&str>, csv: &[&str]) -> Proposal {
        let project = Project::parse(project, "p").expect("the preset");
        proposed_under(&project, date_format, csv)
    }

    pub(super) fn proposed_under(
        project: &Project,
        date_format: Option<&str>,
        csv: &[&str],
    ) -> Proposal {
        let mut rows = csv.iter().map(|row| row.split(',').map(str::to_owned).collect());
        let header: Vec<String> = rows.next().expect("a header");
        proposed_of(project, date_format, &header, &rows.collect::<Vec<Vec<String>>>())
    }

    fn proposed_of(
        project: &Project,
        date_format: Option<&str>,
        header: &[String],
        sample: &[Vec<String>],
    ) -> Proposal {
        let name = "agency-a".parse().expect("a name");
        let known = Known {
            name: &name,
            project,
            unique_people: true,
            encoding: Encoding::Utf8,
            delimiter: Some(b'\t'),
            date_format,
        };
        propose(header, sample, &known)
    }

    pub(super) fn spec(proposal: &Proposal) -> SourceSpec {
        assert_eq!(proposal.to_decide, [""; 0]);
        SourceSpec::parse(&proposal.toml, "a.toml").expect("a sound file")
    }

    fn column<'a>(spec: &'a SourceSpec, field: &str) -> Option<&'a str> {
        spec.columns.get(field).map(String::as_str)
    }

    #[test]
    fn a_plain_export_needs_no_hand() {
        let proposal = proposed(
            Preset::Minimal,
            Some("%Y-%m-%d"),
            &["rec_id,given_name,surname,sex,dob,suburb,postcode", "1,A,B,f,1999-12-31,C,2600"],
        );
        let spec = spec(&proposal);
        assert_eq!(spec.record_id, "rec_id");
        assert!(spec.unique_people);
        assert_eq!(spec.date_format.to_string(), "%Y-%m-%d");
        assert_eq!(column(&spec, "family_name"), Some("surname"));
        assert_eq!(column(&spec, "birth_date"), Some("dob"));
        assert_eq!(spec.columns.len(), 6);
        assert_eq!(spec.codes["sex"]["f"], "2");
        assert!(proposal.unsure.is_empty() && proposal.missing.is_empty());
        assert!(proposal.unused.is_empty() && proposal.notes.is_empty());
    }

    #[test]
    fn addresses_and_numbers_are_placed_where_the_project_has_them() {
        let csv = ["id,surname,Unit,Street No,Street Name,Mobile", "1,A,2,14,B,0491570156"];
        let project = Preset::Minimal.toml_with("yard", "2026", &Extra::ALL);
        let spec = spec(&proposed_for(&project, None, &csv));
        let columns: Vec<&String> = spec.columns_of("address").collect();
        assert_eq!(columns, ["Unit", "Street No", "Street Name"]);
        assert_eq!(column(&spec, "phone"), Some("Mobile"));
        let without = proposed(Preset::Minimal, None, &csv);
        assert_eq!(without.notes.len(), 2, "{:?}", without.notes);
        assert!(without.unused.contains(&"Mobile".to_owned()));
    }

    #[test]
    fn a_dex_client_list_is_recognised() {
        let proposal = proposed(
            Preset::Dex,
            None,
            &[
                "ClientId,Slk,ConsentToProvideDetails,ConsentedForFutureContacts,GivenName,\
                 FamilyName,IsUsingPsuedonym,BirthDate,IsBirthDateAnEstimate,GenderCode,Suburb,\
                 StateCode,Postcode",
                "c1,,true,true,A,B,false,1999-12-31,false,FEMALE,C,ACT,2600",
                "c2,,false,true,A,B,false,1999-01-01,true,NOTSTATED,C,ACT,2600",
            ],
        );
        let spec = spec(&proposal);
        assert_eq!(spec.record_id, "ClientId");
        assert_eq!(column(&spec, "given_name"), Some("GivenName"));
        assert_eq!(column(&spec, "sex"), Some("GenderCode"));
        assert_eq!(column(&spec, "state"), Some("StateCode"));
        assert_eq!(spec.date_format.to_string(), "%Y-%m-%d");
        assert_eq!(spec.codes["sex"]["FEMALE"], "2");
        assert_eq!(spec.codes["sex"]["NOTSTATED"], "9");
        assert_eq!(
            spec.accuracy.map(|a| (a.column, a.code)),
            Some(("IsBirthDateAnEstimate".to_owned(), AccuracyCode::Estimated))
        );
        assert_eq!(spec.consent.len(), 1);
        assert_eq!(spec.consent[0].column, "ConsentToProvideDetails");
        assert!(spec.consent[0].refuse.contains(&"False".to_owned()));
        assert_eq!(spec.slk581, None, "names are there");
        assert!(proposal.notes.iter().any(|n| n.contains("recorded SLK-581")));
        assert_eq!(proposal.unused, ["IsUsingPsuedonym"]);
    }

    #[test]
    fn a_source_of_recorded_keys_is_recognised() {
        let csv = ["client_id,SLK,postcode", "1,canary,2600"];
        let spec = spec(&proposed(Preset::Minimal, None, &csv));
        assert_eq!(spec.slk581.as_deref(), Some("SLK"));
        assert_eq!(spec.columns.len(), 1);
    }

    /// A date format that the cells leave open is asked for, and the file does not load
    /// before it is answered.
    #[test]
    fn date_formats_are_not_guessed() {
        let csv = ["id,surname,dob", "1,A,01/02/1999", "2,B,03/04/2001"];
        let open = proposed(Preset::Minimal, None, &csv);
        assert_eq!(open.to_decide, ["date_format: one of %d/%m/%Y, %m/%d/%Y for birth dates"]);
        let refused = SourceSpec::parse(&open.toml, "a.toml").expect_err("nothing is chosen");
        assert!(refused.to_string().contains("`source.date_format` is missing"), "{refused}");
        let choice = "# date_format = \"%d/%m/%Y\"";
        let chosen = open.toml.replace(choice, &choice[2..]);
        assert_eq!(
            SourceSpec::parse(&chosen, "a.toml").map(|s| s.date_format.to_string()),
            Ok("%d/%m/%Y".to_owned())
        );

        let none = proposed(Preset::Minimal, None, &["id,surname,dob", "1,A,99"]);
        assert_eq!(none.to_decide.len(), 1);
        let sure = proposed(Preset::Minimal, None, &["id,surname,dob", "1,A,31/12/1999"]);
        assert_eq!(spec(&sure).date_format.to_string(), "%d/%m/%Y");
        assert!(sure.notes[0].contains("the one usual format"));
        let short = proposed(Preset::Minimal, None, &["id,surname,dob", "1,A,31/12/99"]);
        assert_eq!(spec(&short).date_format.to_string(), "%d/%m/%y");
        assert!(short.toml.contains("# Years of two digits are the latest"), "{}", short.toml);
        let both = ["id,surname,dob", "1,A,31/12/1999", "1,A,36525"];
        let both = proposed(Preset::Minimal, None, &both);
        assert_eq!(spec(&both).date_format.to_string(), "%d/%m/%Y or excel");
        assert!(both.notes[0].contains("the only two usual formats"), "{:?}", both.notes);
        let said = proposed(Preset::Minimal, Some("%Y-%m-%d"), &csv);
        assert_eq!(spec(&said).date_format.to_string(), "%Y-%m-%d");
        assert!(said.notes[0].contains("reads 0 of the 2 birth dates"), "{:?}", said.notes);
    }

    #[test]
    fn what_looks_alike_is_for_a_person_to_confirm() {
        let csv = ["id,surnme,first_name,dob", "1,A,B,31/12/1999"];
        let proposal = proposed(Preset::Minimal, None, &csv);
        let unsure: Vec<&str> = proposal.unsure.iter().map(|p| p.column.as_str()).collect();
        assert_eq!(unsure, ["surnme"]);
        assert!(proposal.toml.contains("# family_name = \"surnme\"  # is it this column?"));
        assert_eq!(column(&spec(&proposal), "family_name"), None);
    }

    #[test]
    fn what_the_file_needs_is_asked_for() {
        let proposal = proposed(Preset::Minimal, None, &["colour,size", "red,1"]);
        assert_eq!(proposal.to_decide.len(), 2, "{:?}", proposal.to_decide);
        assert!(SourceSpec::parse(&proposal.toml, "a.toml").is_err());
        let twice = proposed(Preset::Minimal, None, &["id,surname,surname", "1,A,B"]);
        assert_eq!(twice.to_decide.len(), 1);
        assert!(twice.to_decide[0].contains("more than one column"), "{:?}", twice.to_decide);
    }

    #[test]
    fn no_cell_but_a_code_is_shown() {
        let mut csv = vec!["id,surname,sex,dob,consent,start".to_owned()];
        for i in 0..20 {
            csv.push(format!("canary{i},zyzzyva{i},zyzzyva{i},31/12/1999,zyzzyva{i},zyzzyva"));
        }
        let csv: Vec<&str> = csv.iter().map(String::as_str).collect();
        let proposal = proposed(Preset::Minimal, None, &csv);
        let shown = format!("{proposal:?}");
        assert!(!shown.contains("canary") && !shown.contains("zyzzyva"), "{shown}");
    }

    proptest::proptest! {
        /// Whatever the header holds, the file is TOML: a heading never leaves its quotes or
        /// its comment.
        #[test]
        fn odd_headings_stay_in_their_place(
            odd in proptest::collection::vec("(\\PC|[\n\r\t\"#=\\[\\]\\x00\\x7f]){0,12}", 0..6),
        ) {
            let project = Project::parse(&Preset::Minimal.toml("yard", "2026"), "p");
            let project = project.expect("the preset");
            let plain = ["record_id", "surname", "sex", "dob", "start"];
            let header: Vec<String> =
                plain.iter().map(|h| (*h).to_owned()).chain(odd.iter().cloned()).collect();
            let row: Vec<String> = header.clone();
            let proposal = proposed_of(&project, Some("%d/%m/%Y"), &header, &[row]);
            let read = SourceSpec::parse(&proposal.toml, "a.toml");
            proptest::prop_assert!(read.is_ok(), "{:?}\n{}", read, proposal.toml);
        }
    }
}
