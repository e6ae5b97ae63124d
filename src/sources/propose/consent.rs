//! The consent columns of a proposed `source.toml`: which there are, what their codes mean, and
//! the days that go with them.

use super::Writer;
use crate::config::quoted;
use crate::sources::header::{Column, Columns, Role};
use crate::sources::look::{Days, codes};
use crate::sources::spec::FOLLOW_UP;

/// The columns of an export that are about consent.
pub(super) struct Found {
    /// Consent to collect, to share: each is asked.
    asked: Vec<Column>,
    /// Consent to be contacted later.
    follow_up: Option<Column>,
    /// The keys of days, and their columns.
    days: Vec<(&'static str, Column)>,
}

impl Found {
    pub(super) fn take(columns: &mut Columns) -> Found {
        // Days first: a heading of theirs may begin as that of the consent itself.
        let days = [
            ("given", Role::ConsentGiven),
            ("until", Role::ConsentUntil),
            ("withdrawn", Role::ConsentWithdrawn),
        ];
        let days = days.into_iter().filter_map(|(key, role)| Some((key, columns.take(role, "")?)));
        let days = days.collect();
        let follow_up = columns.take(Role::FollowUp, "");
        let mut asked = Vec::new();
        for role in [Role::Consent, Role::CollectConsent] {
            while let Some(column) = columns.take(role, "") {
                asked.push(column);
            }
        }
        Found { asked, follow_up, days }
    }
}

impl Writer<'_> {
    pub(super) fn consent_sections(&mut self, found: &Found) {
        let Found { asked, follow_up, days } = found;
        for (at, column) in asked.iter().enumerate() {
            self.lines(&[
                "",
                "# Whether the client allows sharing. A record is used only when every consent column",
                "# allows it; partial consent, no code and an unknown code leave it out. Where it was",
                "# asked for some uses only: purposes = [\"service-planning\"], as the agreement names",
                "# them.",
            ]);
            self.consent_section(column);
            // The surest heading comes first, and days are of that consent.
            if at == 0 {
                self.consent_days(days);
            }
        }
        if asked.is_empty() && !days.is_empty() {
            let headings: Vec<String> = days.iter().map(|(_, c)| quoted(&c.heading)).collect();
            self.out.notes.push(format!(
                "{} may be days of consent; no column was found that says what was consented to",
                headings.join(", ")
            ));
        }
        let Some(column) = follow_up else { return };
        if self.known.project.purposes.iter().any(|purpose| purpose == FOLLOW_UP) {
            self.lines(&["", "# Whether the client may be contacted later."]);
            self.consent_section(column);
        } else {
            self.lines(&[
                "",
                "# Whether the client may be contacted later. It is not asked here: the agreement has",
                "# no purpose \"follow-up\".",
            ]);
            self.line(&format!("#   {}", quoted(&column.heading)));
        }
    }

    fn consent_section(&mut self, column: &Column) {
        self.line("[[consent]]");
        self.place_as("consent.column", "column", column);
        let lists = [
            ("share", ["1", "Y", "Yes", "True"].as_slice()),
            ("partial", ["99", "P", "Partial"].as_slice()),
            ("refuse", ["2", "0", "N", "No", "False"].as_slice()),
        ];
        for (key, codes) in lists {
            let codes: Vec<String> = codes.iter().map(|c| quoted(c)).collect();
            self.line(&format!("{key} = [{}]", codes.join(", ")));
        }
        let cells = self.cells(&[column.index]);
        let in_list = |code: &String| {
            let mut all = lists.iter().flat_map(|(_, codes)| codes.iter());
            all.any(|c| c.eq_ignore_ascii_case(code))
        };
        let others: Vec<String> = codes(&cells)
            .unwrap_or_default()
            .iter()
            .filter(|code| !in_list(code))
            .map(|code| quoted(code))
            .collect();
        if !others.is_empty() {
            let others = others.join(", ");
            self.line(&format!("# Also in the first rows, and in no list yet: {others}"));
            self.out.notes.push(format!(
                "consent codes in no list, so that their records are left out: {others}"
            ));
        }
    }

    /// The days of the consent written last. Without a sure format they are comments.
    fn consent_days(&mut self, days: &[(&'static str, Column)]) {
        if days.is_empty() {
            return;
        }
        let indexes: Vec<usize> = days.iter().map(|(_, column)| column.index).collect();
        let cells = self.cells(&indexes);
        let found = Days::of(&cells);
        // These days may be still to come, so that two digits do not tell the century.
        let format = self
            .sure_format(&cells, &found)
            .filter(|format| found.filled > 0 && !format.contains("%y"));
        self.lines(&[
            "# From when it holds, until when, and when it was withdrawn, judged on the day that",
            "# --as-at says the export was made. No day given leaves a record out, and so does any",
            "# withdrawal.",
        ]);
        for (key, column) in days {
            match &format {
                Some(_) => self.place_as(&format!("consent.{key}"), key, column),
                None => self.unsure(key, column),
            }
        }
        match format {
            Some(format) => {
                self.line(&format!("date_format = {format}"));
                if days.iter().any(|(key, _)| *key != "withdrawn") {
                    self.out.notes.push(
                        "consent has days: `deidentify` needs --as-at with the day of the export"
                            .to_owned(),
                    );
                }
            }
            None => self.format_choices(&found, ""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Proposal;
    use super::super::tests::proposed_under;
    use crate::project::{Preset, Project};
    use crate::sources::SourceSpec;

    fn proposed(purposes: &[&str], csv: &[&str]) -> (Proposal, SourceSpec) {
        let text = Preset::Dex.toml("yard", "2026");
        let mut project = Project::parse(&text, "p").expect("the preset");
        project.purposes = purposes.iter().map(|p| (*p).to_owned()).collect();
        let proposal = proposed_under(&project, None, csv);
        let spec = SourceSpec::parse(&proposal.toml, "a.toml").expect("a sound file");
        (proposal, spec)
    }

    #[test]
    fn common_dataset_consent_needs_no_hand() {
        let (proposal, spec) = proposed(
            &[],
            &[
                "1.7.1,1.2.3,1.3.1,1.1.1 Consent to collect information,1.1.2,1.1.3 Partial Consent",
                "1,A,31121999,1,99,words",
            ],
        );
        let columns: Vec<&str> = spec.consent.iter().map(|c| c.column.as_str()).collect();
        assert_eq!(columns, ["1.1.2", "1.1.1 Consent to collect information"]);
        assert!(spec.consent.iter().all(|c| c.partial.contains(&"99".to_owned())));
        assert_eq!(proposal.unused, ["1.1.3 Partial Consent"], "words are for people to read");
    }

    #[test]
    fn consent_to_be_contacted_is_asked_where_the_agreement_is_for_that() {
        let csv = [
            "ClientId,FamilyName,BirthDate,ConsentToProvideDetails,ConsentedForFutureContacts",
            "1,A,1999-12-31,true,false",
        ];
        let (proposal, spec) = proposed(&[], &csv);
        assert_eq!(spec.consent.len(), 1);
        assert!(proposal.toml.contains("#   \"ConsentedForFutureContacts\""));
        assert!(proposal.unused.is_empty());
        let (_, spec) = proposed(&["research", "follow-up"], &csv);
        let columns: Vec<&str> = spec.consent.iter().map(|c| c.column.as_str()).collect();
        assert_eq!(columns, ["ConsentToProvideDetails", "ConsentedForFutureContacts"]);
        assert!(
            spec.consent.iter().all(|c| c.purposes.is_empty()),
            "asked whatever else it is for"
        );
    }

    #[test]
    fn days_of_consent_are_placed_where_their_form_is_sure() {
        let header = "id,surname,dob,consent,consent date,consent expiry date,withdrawal date";
        let csv = [header, "1,A,31/12/1999,Y,13/01/2024,14/01/2026,", "2,A,,N,,,15/02/2024"];
        let (proposal, spec) = proposed(&[], &csv);
        let consent = &spec.consent[0];
        assert_eq!(consent.given.as_deref(), Some("consent date"));
        assert_eq!(consent.until.as_deref(), Some("consent expiry date"));
        assert_eq!(consent.withdrawn.as_deref(), Some("withdrawal date"));
        assert_eq!(consent.date_format.to_string(), "%d/%m/%Y");
        assert!(proposal.notes.iter().any(|note| note.contains("--as-at")), "{:?}", proposal.notes);
        let open = [header, "1,A,31/12/1999,Y,01/02/2024,,"];
        let (proposal, spec) = proposed(&[], &open);
        assert_eq!(spec.consent[0].dates().count(), 0);
        assert!(proposal.unsure.iter().any(|placed| placed.key == "given"));
    }
}
