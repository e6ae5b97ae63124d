//! Exports small enough to count by hand, and every measure of them.

#![allow(clippy::disallowed_methods)]

use std::fs;

use jiff::civil::date;

use super::{Job, Quality, Report, Services, run};
use crate::progress::Progress;
use crate::project::{Preset, Project};
use crate::slk::Profile;
use crate::sources::{Input, SourceSpec};

const SOURCE: &str = "\
[source]
name = \"made\"
record_id = \"id\"
unique_people = false
date_format = \"%d/%m/%Y\"
[columns]
family_name = \"family\"
given_name = \"given\"
birth_date = \"born\"
sex = \"sex\"
postcode = \"postcode\"
[birth_date_accuracy]
column = \"estimated\"
code = \"estimated\"
[[consent]]
column = \"share\"
share = [\"1\"]
partial = [\"99\"]
refuse = [\"2\"]
given = \"signed\"
until = \"ends\"
withdrawn = \"gone\"
";

/// Thirteen rows, one of them ragged; 1 and 2 are one person under two numbers.
const PEOPLE: &str = "\
id,family,given,born,sex,postcode,estimated,share,signed,ends,gone
1,Quartone,Brunhilde,23/11/1961,2,2600,N,1,01/01/2024,,
2,QUARTONE,Brunhilde,23/11/1961,2,2600,N,1,01/01/2024,30/06/2024,
3,Unknown,Asha,01/01/1970,1,2601,Y,2,01/01/2024,,
4,O,Wei,15/03/1980,1,2602,N,99,01/01/2024,,
5,,Kylie,01/02/1990,9,,N,,01/01/2024,,
6,Singh,,31/02/1990,3,2603,N,1,,,
7,Иванов,Tom,,,2604,N,1,01/07/2024,,
8,Brown,Mary,01/01/1900,q,2605,N,1,01/01/2023,29/06/2024,
9,Nguyen,An,17/05/1980,2,2606,N,1,01/01/2024,,01/02/2024
10,Tranter,Lanie,18/06/1981,2,2607,N,1,01/01/2024,,
11,Brantley,Janet,18/06/1981,2,2608,N,1,01/01/2024,,
,Lee,Bo,19/07/1982,1,2609,N,1,01/01/2024,,
12,short
";

const UPLOAD: &str = r#"<?xml version="1.0"?>
<DEXFileUpload>
<Clients>
<Client><ClientId>C1</ClientId><ConsentToProvideDetails>true</ConsentToProvideDetails><GivenName>Asha</GivenName><FamilyName>Quartone</FamilyName><BirthDate>1961-11-23</BirthDate><GenderCode>FEMALE</GenderCode></Client>
<Client><ClientId>C2</ClientId><ConsentToProvideDetails>false</ConsentToProvideDetails><BirthDate>1970-01-01</BirthDate><IsBirthDateAnEstimate>true</IsBirthDateAnEstimate><GenderCode>MALE</GenderCode></Client>
</Clients>
<Cases>
<Case><CaseId>K1</CaseId><CaseClients><CaseClient><ClientId>C1</ClientId></CaseClient><CaseClient><ClientId>C2</ClientId></CaseClient></CaseClients></Case>
<Case><CaseId>K2</CaseId><CaseClients><CaseClient><ClientId>C2</ClientId></CaseClient></CaseClients></Case>
<Case><CaseId>K3</CaseId></Case>
</Cases>
<Sessions>
<Session><SessionId>S1</SessionId><CaseId>K1</CaseId><SessionDate>2024-03-01</SessionDate><SessionClients><SessionClient><ClientId>C1</ClientId></SessionClient><SessionClient><ClientId>C2</ClientId></SessionClient></SessionClients></Session>
<Session><SessionId>S2</SessionId><CaseId>K1</CaseId><SessionDate>2024-03-08</SessionDate></Session>
<Session><SessionId>S3</SessionId><CaseId>K1</CaseId><SessionDate>2024-03-09</SessionDate><TotalNumberOfUnidentifiedClients>7</TotalNumberOfUnidentifiedClients></Session>
<Session><SessionId>S4</SessionId><CaseId>K1</CaseId><SessionDate>2024-03-10</SessionDate><SessionClients><SessionClient><ClientId>C2</ClientId><ParticipationCode>SUPPORTPERSON</ParticipationCode></SessionClient></SessionClients></Session>
</Sessions>
</DEXFileUpload>
"#;

/// Rows of DEX elements: two clients with a score before, one of them after in the same domain,
/// the other in another; a session of unidentified ones, and one of nobody; a case without one.
const FLAT: &str = "\
ClientId,FamilyName,GivenName,BirthDate,CaseId,SessionId,TotalNumberOfUnidentifiedClients,\
ScoreTypeCode,AssessmentPhaseCode,OutcomeDomainScoreCode
C1,Quartone,Asha,1961-11-23,K1,S1,,CIRCUMSTANCES,PRE,PHYSICAL2
C1,Quartone,Asha,1961-11-23,K1,S2,,CIRCUMSTANCES,POST,PHYSICAL4
C2,Singh,Bo,1970-05-05,K1,S1,,CIRCUMSTANCES,PRE,HOUSING2
C2,Singh,Bo,1970-05-05,K1,S2,,GOALS,POST,HOUSING3
C3,Lee,Wei,1980-06-06,K2,,,,,
,,,,K3,S3,4,,,
,,,,K3,S4,0,,,
";

fn look(source: &str, files: &[(&str, &str)]) -> Report {
    let folder = tempfile::tempdir().expect("a folder");
    let exports = files.iter().map(|(name, text)| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("written");
        Input::File(path)
    });
    let project = Preset::CommonDataset.toml("quality", "now");
    let job = Job {
        exports: exports.collect(),
        source: SourceSpec::parse(source, "made").expect("a source"),
        project: Project::parse(&project, "the preset").expect("the preset"),
        profile: Profile::Aihw,
        today: date(2026, 1, 31),
        as_at: Some(date(2024, 6, 30)),
    };
    run(&job, &Progress::silent()).expect("a report")
}

fn rows(of: &[super::Reason], code: &str) -> u64 {
    of.iter().find(|reason| reason.reason == code).map_or(0, |reason| reason.rows)
}

#[test]
fn every_measure_of_people_is_what_a_hand_counts() {
    let report = look(SOURCE, &[("people.csv", PEOPLE)]);
    let [q] = &report.files[..] else { panic!("one file") };
    assert_eq!((q.rows, q.set_aside, q.read(), q.without_number), (13, 1, 12, 1));

    let names = &q.family_names;
    // 3 is a placeholder, 5 has none, 7 is in another script.
    let counts =
        (names.known, names.placeholder, names.empty, names.other_script, names.no_letters);
    assert_eq!(counts, (9, 1, 1, 1, 0));
    assert_eq!((q.given_names.known, q.given_names.empty), (11, 1));

    let births = &q.birth_dates;
    // 6 is no day, 7 is empty, 8 is a filler.
    assert_eq!((births.known, births.estimated, births.empty, births.placeholder), (9, 1, 1, 1));
    assert_eq!(births.bad.iter().map(|reason| reason.rows).sum::<u64>(), 1);
    // On 1 January: 3. On a first: 3 and 5. On a 15th: 4.
    let heaps: Vec<u64> = births.heaps.iter().map(|heap| heap.dates).collect();
    assert_eq!(heaps, [1, 2, 1]);
    // Nine dates a year of 365.25 days, twelve firsts: 0.30 by chance.
    assert_eq!((births.heaps[1].by_chance, births.heaps[1].ratio), (0.3, 6.76));

    let s = &q.sexes;
    let counts = (s.male, s.female, s.other, s.not_stated, s.empty, s.unknown_code);
    assert_eq!(counts, (3, 5, 1, 1, 1, 1));

    let consent = q.consent.as_ref().expect("columns of consent");
    // 1, 2 (its last day is the day of the export), 10, 11 and the row without a number.
    let counts = (consent.given, consent.partial, consent.refused, consent.not_stated);
    assert_eq!(counts, (5, 1, 1, 2));
    assert_eq!((consent.not_yet, consent.ended, consent.withdrawn), (1, 1, 1));

    // Whole keys: 1, 2, 4 (a short name is whole), 9, 10, 11 and the row without a number.
    assert_eq!((q.keys.complete, q.keys.complete_share), (7, 0.583));
    assert_eq!(rows(&q.keys.reasons, "family-placeholder"), 1);
    assert_eq!(rows(&q.keys.reasons, "birth-date-estimated"), 1);
    // Tranter and Brantley, Lanie and Janet make the key RATAN18061981 of two people.
    let people = &q.people;
    assert_eq!((people.numbers, people.people, people.numbers_too_many), (11, 10, 1));
    assert_eq!((people.keys_shared, people.pairs_sharing), (1, 1));
    let filled = |heading: &str| {
        let column = q.columns.iter().find(|column| column.column == heading);
        column.map(|column| (column.filled, column.empty)).expect(heading)
    };
    assert_eq!(filled("family"), (11, 1));
    assert_eq!(filled("postcode"), (11, 1));
    assert_eq!(filled("gone"), (1, 11));
    assert!(q.services.is_none());
}

/// Of a state beside the postcode or behind the suburb. A postcode of two states is of either, and
/// of one who has no state nobody can tell.
#[test]
fn postcodes_of_another_state_are_counted() {
    let [without, with] = ["", "state = \"state\"\n"].map(|state| {
        format!(
            "[source]\nname = \"made\"\nrecord_id = \"id\"\ndate_format = \"%d/%m/%Y\"\n\
             [columns]\nfamily_name = \"family\"\nsuburb = \"suburb\"\npostcode = \"postcode\"\n\
             {state}"
        )
    });
    let people = "id,family,suburb,postcode,state\n\
        1,Quartone,Reid,2612,ACT\n2,Singh,Reid,2612,VIC\n3,Brown,Queanbeyan,2620,ACT\n\
        4,Nguyen,Reid,3000,\n5,Li,,3000,Victoria\n6,Lee,Queanbeyan NSW,3000,\n";
    let plain = "id,family,suburb,postcode\n1,Quartone,Reid,2612\n";
    let report = look(&with, &[("people.csv", people)]);
    assert_eq!(report.files[0].postcodes_of_another_state, Some(2));
    let page = report.html().expect("a page");
    assert!(page.contains("a postcode of another state") && page.contains("33.3 %"), "{page}");
    let csv = String::from_utf8(report.csv().expect("a table")).expect("text");
    let mut rows = csv.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = rows.next().expect("a header");
    let at = header.iter().position(|name| *name == "postcodes_of_another_state");
    assert_eq!(rows.next().expect("a row")[at.expect("a column")], "2");
    // Behind the suburb only; and nowhere at all.
    let found = |text| look(&without, &[("people.csv", text)]).files[0].postcodes_of_another_state;
    assert_eq!((found(people), found(plain)), (Some(1), None));
}

/// Those of further names and of a value that stands in two columns, too.
#[test]
fn values_of_no_use_are_listed_by_column_and_reason() {
    let source = "[source]\nname = \"made\"\nrecord_id = \"id\"\ndate_format = \"%d/%m/%Y\"\n\
                  [columns]\nfamily_name = \"family\"\nbirth_date = \"dob\"\n\
                  suburb = [\"Suburb\", \"suburb 2\"]\n[[aliases]]\nfamily_name = \"Known as\"\n";
    let people = "id,family,dob,suburb,suburb 2,known as\n\
        1,Quartone,31/02/1999,Reid,,Unknown\n2,Singh,1999-02-01,UNKNOWN,,\n\
        3,Brown,01/02/1999,Reid,,Unknown\n4,Lee,2/1/1999,,Reid,\u{738b}\n";
    let report = look(source, &[("people.csv", people)]);
    let columns = report.files[0].columns.iter();
    let found: Vec<(&str, &str, u64)> = columns
        .flat_map(|c| c.unusable.iter().map(|r| (c.column.as_str(), r.reason.as_str(), r.rows)))
        .collect();
    assert_eq!(
        found,
        [
            ("dob", "day does not exist in that month", 1),
            ("dob", "does not have the declared date format", 1),
            ("suburb", "a placeholder is recorded", 1),
            ("known as", "a placeholder is recorded", 2),
            ("known as", "it is in a script without Latin letters", 1),
        ]
    );
    assert!(report.html().expect("a page").contains("known as: a placeholder is recorded"));
}

#[test]
fn days_of_events_are_judged_as_deidentify_judges_them() {
    let plain = "[source]\nname = \"made\"\nrecord_id = \"id\"\ndate_format = \"%d/%m/%Y\"\n\
                 [columns]\nfamily_name = \"family\"\n";
    let described = format!(
        "{plain}[events]\nrecord_id = \"id\"\nprogram = \"p\"\nstart = \"from\"\nend = \"to\"\n\
         date_format = \"%d/%m/%Y\"\n"
    );
    // The day of the export is 30 June 2024.
    let people = "id,family,p,from,to\n1,Quartone,A,01/02/2024,31/12/9999\n\
        2,Singh,A,01/02/2024,\n3,Brown,A,01/02/2024,30/06/2024\n4,Lee,A,01/07/2024,\n\
        5,Li,A,01/01/1900,01/02/2024\n6,Nguyen,A,2024-02-01,\n7,Cole,A,,01/02/2024\n8,Ray,,,\n";
    let report = look(&described, &[("people.csv", people)]);
    let days = report.files[0].events.as_ref().expect("events");
    assert_eq!((days.events, days.open, days.ends_in_future), (7, 2, 1));
    let bad: Vec<(&str, u64)> = days.bad.iter().map(|r| (r.reason.as_str(), r.rows)).collect();
    assert_eq!(
        bad,
        [
            ("is no day in the declared date format", 1),
            ("the first day is 1 January 1900 or earlier", 1),
            ("the first day is in the future", 1),
            ("the first day is not recorded", 1),
        ]
    );
    assert!(report.html().expect("a page").contains("Days of events"));
    // Described, and in a file of their own; and not described.
    assert!(look(&described, &[("x.csv", "id,family\n1,Cole\n")]).files[0].events.is_none());
    assert!(look(plain, &[("people.csv", people)]).files[0].events.is_none());
}

#[test]
fn services_of_an_upload_are_counted_over_its_lists() {
    let text = crate::sources::DEX_SOURCE.replace("{name}", "made");
    let report = look(&text, &[("upload.xml", UPLOAD)]);
    let services = report.files[0].services.expect("an upload");
    let expected = Services {
        cases: 2,
        cases_without_session: 1,
        cases_without_client: 1,
        // Nobody is named at the second, and only who supports at the fourth.
        sessions: 4,
        sessions_without_client: 2,
        clients: 2,
        // The upload has no list of them.
        clients_with_score: None,
        clients_with_pair: None,
    };
    assert_eq!(services, expected);
}

#[test]
fn services_of_flat_rows_are_counted_as_they_are_read() {
    let source = "[source]\nname = \"made\"\nrecord_id = \"ClientId\"\ndate_format = \"%Y-%m-%d\"\n\
                  [columns]\nfamily_name = \"FamilyName\"\ngiven_name = \"GivenName\"\n\
                  birth_date = \"BirthDate\"\n";
    let report = look(source, &[("flat.csv", FLAT)]);
    let expected = Services {
        cases: 3,
        cases_without_session: 1,
        cases_without_client: 0,
        sessions: 4,
        sessions_without_client: 1,
        clients: 3,
        clients_with_score: Some(2),
        clients_with_pair: Some(1),
    };
    assert_eq!(report.files[0].services, Some(expected));
}

#[test]
fn files_side_by_side_are_a_trend() {
    let shorter: String = PEOPLE.lines().take(3).map(|line| format!("{line}\n")).collect();
    let report = look(SOURCE, &[("may.csv", PEOPLE), ("june.csv", &shorter)]);
    let share = |q: &Quality| q.keys.complete_share;
    assert_eq!(report.files.iter().map(share).collect::<Vec<_>>(), [0.583, 1.0]);
    let page = report.html().expect("a page");
    // 58.3 per cent of one, all of the other.
    assert!(page.contains("100.0 %, +41.7 points"), "{page}");
    assert!(page.contains("<h3>Consent given</h3>") && !page.contains("Quartone"));
    let csv = String::from_utf8(report.csv().expect("a table")).expect("text");
    assert_eq!(csv.lines().count(), 3);
}
