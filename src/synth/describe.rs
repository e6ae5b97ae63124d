//! The `source.toml` of a made agency, as a data custodian would fill it in: with it
//! `deidentify` takes the export as it is.

use super::agency::{As, EVENTS_SHEET};
use super::journey::Service;
use crate::project::Extra;
use crate::sources::DEX_SOURCE;

/// The text of a `source.toml` for this agency's export and events.
pub(super) fn source_toml(service: Service, kind: As, columns: &[&str]) -> String {
    let text = match kind {
        As::Csv | As::Parquet | As::JsonLines => TEXT.to_owned(),
        As::Workbook => {
            TEXT.replace("[events]\n", &format!("[events]\nsheet = \"{EVENTS_SHEET}\"\n"))
        }
        As::Dex => DEX_SOURCE.to_owned(),
    };
    let mut last = "state = \"state\"\n".to_owned();
    let state = last.clone();
    let further = columns.iter().filter(|c| Extra::ALL.iter().any(|extra| extra.name() == **c));
    further.for_each(|column| last += &format!("{column} = \"{column}\"\n"));
    let text = text.replace(&state, &last);
    text.replace("{name}", service.facts().name)
}

const TEXT: &str = r#"# What is in this agency's export: which column is which field of the project.
# The people are synthetic.

[source]
name = "{name}"
record_id = "client_id"
# Some people are in the export twice.
unique_people = false
date_format = "%d/%m/%Y"

# Field of the project = column of the export.
[columns]
family_name = "family_name"
given_name = "given_name"
birth_date = "birth_date"
sex = "sex"
suburb = "suburb"
postcode = "postcode"
state = "state"

# Common Dataset 1.3.2: 1 means that the birth date is estimated.
[birth_date_accuracy]
column = "birth_date_estimated"
code = "estimated"

# Common Dataset 1.4.1: 99 is not stated.
[codes.sex]
1 = "1"
2 = "2"
3 = "3"
99 = "9"

# Another family name of the same person.
[[aliases]]
family_name = "other_family_name"

# Common Dataset 1.1.1: without consent to collect nothing is shared.
[[consent]]
column = "collect_consent"
share = ["1"]
refuse = ["2"]

# Common Dataset 1.1.2: 99 is partial consent, which a program cannot judge.
[[consent]]
column = "share_consent"
share = ["1"]
partial = ["99"]
refuse = ["2"]

[events]
record_id = "client_id"
program = "program"
start = "start_date"
end = "end_date"
date_format = "%d/%m/%Y"
keep = ["reason_for_presenting", "referral_to", "dwelling", "tenure", "dwelling_at_end",
        "tenure_at_end", "sex", "age"]
"#;

#[cfg(test)]
mod tests {
    use super::super::record::COLUMNS;
    use super::super::{EVENT_COLUMNS, PERIOD, PROJECT_ID};
    use super::*;
    use crate::project::Preset;
    use crate::project::Project;
    use crate::sources::SourceSpec;

    #[test]
    fn every_description_fits_its_export_and_the_project() {
        let toml = Preset::CommonDataset.toml(PROJECT_ID, PERIOD);
        let project = Project::parse(&toml, "project.toml").expect("a project");
        for service in Service::ALL {
            let spec =
                SourceSpec::parse(&source_toml(service, As::Workbook, &COLUMNS), "source.toml")
                    .expect("a source");
            assert_eq!(spec.name.as_str(), service.facts().name);
            assert_eq!(spec.check_against(&project), Vec::<String>::new());
            assert!(spec.columns.values().all(|c| COLUMNS.contains(&c.as_str())));
            assert!(spec.consent.iter().all(|c| COLUMNS.contains(&c.column.as_str())));
            let events = spec.events.expect("events");
            assert!(events.keep.iter().all(|c| EVENT_COLUMNS.contains(&c.as_str())));
        }
    }
}
