//! Upload files of the Data Exchange (DEX): what is read whole is written again byte for byte,
//! large ones come apart into files that are each whole, and what cannot be written is set aside
//! with its reason.

#![allow(clippy::disallowed_methods)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::civil::date;
use proptest::prelude::*;
use veilway::dex::{Job, Locality, Numbers, Summary, Unconsenting, write};
use veilway::files::Overwrite;
use veilway::progress::Progress;
use veilway::sources::{Input, SourceSpec};
use veilway::standard::{Job as Check, Standard, Wording, validate_upload};

/// A folder that is gone afterwards.
struct Room(tempfile::TempDir);

impl Room {
    fn new() -> Room {
        Room(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        fs::write(self.path(name), text).expect("written");
        self.path(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    fn run(&self, job: &Job) -> Summary {
        write(job, &Progress::silent()).expect("uploads")
    }
}

fn job(export: PathBuf, out: PathBuf) -> Job {
    Job {
        export: Input::File(export),
        events: None,
        source: None,
        date_format: None,
        encoding: None,
        outlet: Some(77),
        service: Some(12),
        period: None,
        as_at: date(2026, 7, 1),
        numbers: Numbers::AsUsual,
        agency_key: None,
        unconsenting: Unconsenting::Unnamed,
        no_fixed_address: None,
        out,
        overwrite: Overwrite::Refuse,
        most: None,
    }
}

fn fixture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    fs::read_to_string(folder.join(name)).expect("a fixture")
}

/// What was set aside: list, element, how much, how often.
fn aside(summary: &Summary) -> Vec<(&str, &str, &str, u64)> {
    let of = summary.set_aside.iter();
    of.map(|aside| (aside.list, aside.element.as_str(), aside.much, aside.count)).collect()
}

#[test]
fn a_file_with_every_element_is_written_as_it_was_read() {
    let room = Room::new();
    let whole = fixture("dex/whole.xml");
    let export = room.write("upload.xml", &whole);
    let summary = room.run(&job(export, room.path("out")));
    assert_eq!(aside(&summary), []);
    assert_eq!(summary.files.len(), 1);
    assert!(room.read("out/to-dex/upload-001.xml") == whole, "not the same");
    assert!(!room.path("out/keep/ids.csv").exists());
}

/// The form of the XML does not count, and neither does the order of lists and elements.
#[test]
fn another_spelling_of_the_same_upload_becomes_the_same_file() {
    let room = Room::new();
    let whole = fixture("dex/whole.xml");
    let part = |from: &str, to: &str| {
        let start = whole.find(from).expect("a list");
        whole[start..whole.find(to).expect("the end")].to_owned() + to
    };
    let lists = ["Clients", "Cases", "Sessions", "SessionAssessments", "ClientAssessments"];
    let mut turned: Vec<String> =
        lists.iter().map(|list| part(&format!("<{list}>"), &format!("</{list}>"))).collect();
    turned.reverse();
    let other = format!(
        "\u{feff}<!-- x -->\n<d:DEXFileUpload xmlns:d=\"y\">{}</d:DEXFileUpload>",
        turned.concat()
    )
    .replace("><", ">\r\n  <")
    .replace("<HasCarer>true</HasCarer>\r\n", "")
    .replace(
        "<ClientId>k001</ClientId>\r\n  <Slk>",
        "<HasCarer>1</HasCarer><ClientId>k001</ClientId><Slk>",
    )
    .replace(">1987-03-14<", "> 1987-03-14T00:00:00+10:00 <")
    .replace("&amp;", "&#38;")
    .replace("Wattle Bend", "<![CDATA[Wattle Bend]]>");
    let export = room.write("upload.xml", &other);
    let summary = room.run(&job(export, room.path("out")));
    assert_eq!(aside(&summary), []);
    assert!(room.read("out/to-dex/upload-001.xml") == whole, "not the same");
}

/// What refers to something that is not there goes, and what refers to that.
#[test]
fn what_cannot_be_written_is_set_aside_with_what_hangs_on_it() {
    let room = Room::new();
    let broken = fixture("dex/whole.xml")
        // k003 has no birth date: nobody is left at the session of case003.
        .replace("<BirthDate>1951-01-01</BirthDate>", "")
        // A second assessment of one type and phase.
        .replace(">POST<", ">PRE<")
        // Somebody who is not on the case.
        .replace(
            "<ClientId>k002</ClientId><ParticipationCode>",
            "<ClientId>k009</ClientId><ParticipationCode>",
        )
        .replace(
            "</DEXFileUpload>",
            "<Outlets><Outlet><Name>x</Name></Outlet></Outlets></DEXFileUpload>",
        );
    let export = room.write("upload.xml", &broken);
    let summary = room.run(&job(export, room.path("out")));
    assert_eq!(
        aside(&summary),
        [
            ("Cases", "ClientId", "part", 1),
            ("ClientAssessments", "Assessment", "part", 1),
            ("ClientAssessments", "SessionId", "record", 1),
            ("Clients", "BirthDate", "record", 1),
            ("SessionAssessments", "Assessment", "part", 1),
            ("Sessions", "ClientId", "part", 2),
            ("Sessions", "SessionClients", "record", 1),
        ]
    );
    let written = room.read("out/to-dex/upload-001.xml");
    assert!(!written.contains("k003") && !written.contains("k009"));
    assert!(written.contains("case003"), "k001 is on it");
    let rejects = room.read("out/keep/rejects.csv");
    assert_eq!(rejects.lines().count(), 9, "{rejects}");
    assert!(["Nettle", "k003", "1987"].iter().all(|value| !rejects.contains(value)), "{rejects}");
    assert_eq!((summary.read["Sessions"], summary.written["Sessions"]), (3, 2));
}

#[test]
fn clients_without_consent_can_be_left_out() {
    let room = Room::new();
    let export = room.write("upload.xml", &fixture("dex/whole.xml"));
    let leave = Job { unconsenting: Unconsenting::LeaveOut, ..job(export, room.path("out")) };
    let summary = room.run(&leave);
    assert_eq!(summary.written["Clients"], 2);
    assert!(!room.read("out/to-dex/upload-001.xml").contains("k002"));
}

/// Numbers that say who somebody is are not kept.
#[test]
fn numbers_are_kept_only_where_they_identify_nobody() {
    let room = Room::new();
    let named = fixture("dex/whole.xml").replace("k003", "peregrine.nettlestone");
    let export = room.write("upload.xml", &named);
    let kept = room.run(&job(export.clone(), room.path("kept")));
    assert!(!room.read("kept/to-dex/upload-001.xml").contains("peregrine"));
    assert_eq!(kept.written["Clients"], 2);
    let new = Job { numbers: Numbers::New, ..job(export, room.path("new")) };
    let summary = room.run(&new);
    assert_eq!((summary.written["Clients"], aside(&summary)), (3, vec![]));
    let text = room.read("new/to-dex/upload-001.xml");
    assert!(!text.contains("peregrine") && !text.contains("case001") && !text.contains("s001"));
    let ids = room.read("new/keep/ids.csv");
    assert_eq!(ids.lines().count(), 1 + 3 + 3 + 3, "{ids}");
    assert!(ids.contains("client,peregrine.nettlestone,"));
    // The key makes the same numbers again.
    let again = Job { overwrite: Overwrite::Replace, ..new };
    room.run(&again);
    assert!(room.read("new/to-dex/upload-001.xml") == text);
}

/// An extract of the Common Dataset: names by consent, keys, pseudonyms, sessions.
#[test]
fn an_extract_becomes_an_upload() {
    let room = Room::new();
    let export = room.write("clients.csv", &fixture("cli/common_dataset.csv"));
    let summary = room.run(&job(export.clone(), room.path("out")));
    let text = room.read("out/to-dex/upload-001.xml");
    assert_eq!((summary.written["Clients"], summary.written["Sessions"]), (5, 6));
    // The second person has no fixed address, and every upload must say a place.
    let expected = [
        ("Cases", "CaseClients", "record", 1),
        ("Cases", "ClientId", "part", 1),
        ("Clients", "ResidentialAddress", "record", 1),
        ("Sessions", "CaseId", "record", 1),
    ];
    assert_eq!(aside(&summary), expected);
    assert!(text.contains("<Slk>RAKTT140319872</Slk><ConsentToProvideDetails>true<"));
    assert!(!text.contains("c-01"));
    // Read back, the upload is as it should be.
    let upload = room.path("out/to-dex/upload-001.xml");
    let again = room.run(&job(upload, room.path("again")));
    assert_eq!(aside(&again), []);
    assert!(room.read("again/to-dex/upload-001.xml") == text);

    let refused = fixture("cli/common_dataset.csv").replace("c-01,1,1,", "c-01,1,2,");
    let export = room.write("refused.csv", &refused);
    room.run(&job(export, room.path("refused")));
    let text = room.read("refused/to-dex/upload-001.xml");
    assert!(!text.contains("Ottilie") && text.contains("<Slk>RAKTT140319872</Slk>"));
}

/// People without a home are written with the place that the agency names, and who they are is
/// listed.
#[test]
fn the_place_given_stands_for_people_without_a_fixed_address() {
    let room = Room::new();
    let export = room.write("clients.csv", &fixture("cli/common_dataset.csv"));
    let outlet = Locality::parse("Braddon,ACT,2612").expect("a place");
    let given = Job { no_fixed_address: Some(outlet), ..job(export, room.path("out")) };
    let summary = room.run(&given);
    assert_eq!((summary.written["Clients"], summary.written["Sessions"]), (6, 7));
    assert_eq!(aside(&summary), [("Clients", "ResidentialAddress", "part", 1)]);
    let text = room.read("out/to-dex/upload-001.xml");
    let place = "<ResidentialAddress><Suburb>Braddon</Suburb><StateCode>ACT</StateCode>\
        <Postcode>2612</Postcode></ResidentialAddress>";
    assert_eq!(text.matches(place).count(), 1, "{text}");
    assert_eq!(text.matches("<Suburb>Wattle Bend</Suburb>").count(), 5, "{text}");
    let rejects = room.read("out/keep/rejects.csv");
    assert!(rejects.contains(",3,Clients,ResidentialAddress,part,"), "{rejects}");

    // Who has only none recorded is not taken for homeless.
    let unsaid =
        fixture("cli/common_dataset.csv").replace("30111962,2,1,2,,,,,", "30111962,2,1,,,,,,");
    let export = room.write("unsaid.csv", &unsaid);
    let summary = room.run(&Job { export: Input::File(export), out: room.path("unsaid"), ..given });
    assert!(aside(&summary).contains(&("Clients", "Suburb", "record", 1)), "{summary:?}");
}

/// The street is put together of the items that hold it, or of the columns that are described,
/// and is of those who consent only.
#[test]
fn streets_are_written_of_those_who_consent() {
    let room = Room::new();
    let clients = "ClientId,1.1.1,1.1.2,1.2.1,1.2.3,1.3.1,1.4.1,1.5.1,1.5.2,1.5.3,1.5.4,1.5.5,1.5.6,1.5.7,\
        1.5.8,2.3.1,4.1.1\n\
        a,1,1,Zelda,Thistlewick,01021980,2,1,2,14,Elm,Street,Reid,2612,ACT,2,03022025\n\
        b,1,1,Wilhelm,Fernsby,01021981,1,1,,7,Oak,Road,Reid,2612,ACT,2,03022025\n\
        c,1,2,Ambrose,Quillfeather,05061975,1,1,,9,Ash,Lane,Reid,2612,ACT,1,03022025\n\
        d,1,1,Ida,Merriweather,05061976,2,2,,,,,Reid,2612,ACT,1,03022025\n";
    let export = room.write("clients.csv", clients);
    let kept = Job { numbers: Numbers::Keep, ..job(export, room.path("items")) };
    let summary = room.run(&kept);
    assert_eq!((aside(&summary), summary.written["Clients"]), (vec![], 4));
    let text = room.read("items/to-dex/upload-001.xml");
    for line in ["2/14 Elm Street", "7 Oak Road"] {
        assert!(text.contains(&format!("<AddressLine1>{line}</AddressLine1>")), "{text}");
    }
    assert_eq!(text.matches("<AddressLine").count(), 2, "{text}");

    let header = clients.replace("1.5.3,1.5.4,1.5.5", "number,road,sort");
    let export = room.write("described.csv", &header.replace("1.5.2", "flat"));
    let source = "[source]\nname = \"made\"\nrecord_id = \"ClientId\"\ndate_format = \"%d%m%Y\"\n\
        [columns]\nfamily_name = \"1.2.3\"\naddress = [\"number\", \"road\", \"sort\"]\n";
    let source = SourceSpec::parse(source, "made").expect("a source");
    let out = room.path("described");
    room.run(&Job { export: Input::File(export), source: Some(source), out, ..kept });
    let text = room.read("described/to-dex/upload-001.xml");
    assert!(text.contains("<AddressLine1>14 Elm Street</AddressLine1>"), "{text}");
    assert_eq!(text.matches("<AddressLine").count(), 2, "{text}");
}

/// Clients who were asked, and what was written down of it later.
const ASKED: &str = "id,share,given,until,gone,ConsentToProvideDetails,1.2.1,1.2.3,1.3.1,1.4.1,1.5.3,\
    1.5.4,1.5.6,1.5.7,1.5.8,2.3.1\n";

/// Each way of saying no is one, whatever else says yes.
#[test]
fn consent_that_is_withdrawn_ended_or_refused_anywhere_names_nobody() {
    let room = Room::new();
    let rest = "Zelda,Thistlewick,01021980,2,14,Elm,Reid,2612,ACT,2\n";
    let rows = [
        ("a", "1,01012024,,,"),
        ("b", "1,01012024,,,true"),
        ("c", "1,01012024,,01022024,"),
        ("d", "1,01012024,30062026,,"),
        ("e", "1,02072026,,,true"),
        ("f", "1,01012024,,,false"),
        ("g", "2,01012024,,,true"),
        ("h", ",,,,true"),
        ("i", "1,01012024,,,true"),
    ];
    let rows: String = rows.iter().map(|(id, asked)| format!("{id},{asked},{rest}")).collect();
    room.write("gone.csv", "id\ni\nj\n");
    let source = "[source]\nname = \"made\"\nrecord_id = \"id\"\nwithdrawn = [\"gone.csv\"]\n\
        date_format = \"%d%m%Y\"\n[columns]\nfamily_name = \"1.2.3\"\n[[consent]]\n\
        column = \"share\"\nshare = [\"1\"]\nrefuse = [\"2\"]\ngiven = \"given\"\n\
        until = \"until\"\nwithdrawn = \"gone\"\npurposes = [\"research\"]\n";
    let source = SourceSpec::load(&room.write("made.toml", source)).expect("a source");
    let export = room.write("clients.csv", &format!("{ASKED}{rows}"));
    let kept = Job { numbers: Numbers::Keep, ..job(export, room.path("out")) };
    let summary = room.run(&Job { source: Some(source), ..kept });
    assert_eq!((aside(&summary), summary.written["Clients"]), (vec![], 9));
    assert_eq!(summary.warnings.len(), 1, "one number of the list is no row's");
    assert_eq!(named(&room.read("out/to-dex/upload-001.xml")), ["a", "b"]);

    // An element is no yes where an item says no, and what is no answer is set aside.
    let items = "ClientId,1.1.1,1.1.2,ConsentToProvideDetails,1.2.1,1.2.3,1.3.1,1.4.1,1.5.3,1.5.4,\
        1.5.6,1.5.7,1.5.8,2.3.1\n";
    let rows = [
        ("a", "1,1,"),
        ("b", ",,true"),
        ("c", "1,2,true"),
        ("d", "1,1,false"),
        ("e", ",,"),
        ("f", "1,1,maybe"),
        ("g", "1,99,yes"),
    ];
    let rows: String = rows.iter().map(|(id, asked)| format!("{id},{asked},{rest}")).collect();
    let export = room.write("items.csv", &format!("{items}{rows}"));
    let kept = Job { numbers: Numbers::Keep, ..job(export, room.path("items")) };
    let summary = room.run(&kept);
    assert_eq!(aside(&summary), [("Clients", "ConsentToProvideDetails", "record", 1)]);
    assert_eq!(named(&room.read("items/to-dex/upload-001.xml")), ["a", "b"]);
}

/// The numbers of the clients who have a name or a street, each of whom has both.
fn named(text: &str) -> Vec<&str> {
    let clients = text.lines().filter(|line| line.starts_with("<Client>"));
    let named = clients.filter(|client| {
        let has =
            ["<GivenName>", "<FamilyName>", "<AddressLine1>"].map(|name| client.contains(name));
        let consents = client.contains("<ConsentToProvideDetails>true<");
        assert!(has.iter().all(|has| *has == consents), "{client}");
        consents
    });
    named
        .map(|client| client["<Client><ClientId>".len()..].split('<').next().unwrap_or(""))
        .collect()
}

/// Whom one record does not let be named, no other names, whichever comes first.
#[test]
fn records_that_contradict_each_other_name_nobody() {
    let room = Room::new();
    let header = "ClientId,1.1.1,1.1.2,1.2.1,1.2.3,1.3.1,1.4.1,1.5.3,1.5.4,1.5.6,1.5.7,1.5.8,2.3.1,\
        4.1.1\n";
    let row = |id: &str, consent: &str| {
        format!("{id},{consent},Zelda,Thistlewick,01021980,2,14,Elm,Reid,2612,ACT,2,03022025\n")
    };
    let other = row("b", "1,1");
    // A row that says nothing of consent takes none back, and one without a birth date can.
    let blank = "a,,,,,,,,,,,,,10022025\n";
    let bare = "a,1,2,,,,,,,,,,,10022025\n";
    for (at, (rows, names, clients)) in [
        ([row("a", "1,1"), other.clone(), row("a", "1,2")], "b", 1),
        ([row("a", "1,2"), other.clone(), row("a", "1,1")], "b", 1),
        ([row("a", "1,1"), other.clone(), bare.to_owned()], "b", 1),
        ([row("a", "1,1"), other.clone(), blank.to_owned()], "a b", 2),
    ]
    .into_iter()
    .enumerate()
    {
        let export = room.write("clients.csv", &format!("{header}{}", rows.concat()));
        for numbers in [Numbers::Keep, Numbers::New] {
            let out = format!("{at}{numbers:?}");
            let unnamed = Job { numbers, ..job(export.clone(), room.path(&out)) };
            let summary = room.run(&unnamed);
            let text = room.read(&format!("{out}/to-dex/upload-001.xml"));
            let named = named(&text);
            assert_eq!(named.len(), names.split(' ').count(), "{text}");
            assert!(numbers == Numbers::New || named.join(" ") == names, "{text}");
            assert_eq!((summary.written["Clients"], text.matches("<Slk>").count()), (2, 2));
            let said = ("Clients", "ConsentToProvideDetails", "part", 1);
            assert_eq!(aside(&summary).contains(&said), names == "b", "{summary:?}");

            let out = format!("{out}-consenting");
            let unconsenting = Unconsenting::LeaveOut;
            let summary = room.run(&Job { unconsenting, out: room.path(&out), ..unnamed });
            assert_eq!(summary.written["Clients"], clients);
            let text = room.read(&format!("{out}/to-dex/upload-001.xml"));
            assert_eq!(text.matches("<FamilyName>").count() as u64, clients, "{text}");
        }
    }

    // The files of an upload.
    let whole = fixture("dex/whole.xml");
    let no = whole.replace("<ConsentToProvideDetails>true<", "<ConsentToProvideDetails>false<");
    let both = whole.replace(
        "<ConsentToProvideDetails>true</ConsentToProvideDetails>",
        "<ConsentToProvideDetails>true</ConsentToProvideDetails>\
         <ConsentToProvideDetails>no</ConsentToProvideDetails>",
    );
    let single = room.write("both.xml", &both);
    room.run(&job(single, room.path("both")));
    assert_eq!(named(&room.read("both/to-dex/upload-001.xml")), [""; 0]);
    for (first, second) in [(&whole, &no), (&no, &whole)] {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("1.xml"), first).expect("written");
        fs::write(folder.path().join("2.xml"), second).expect("written");
        let out = room.path(if first == &whole { "yes first" } else { "no first" });
        let several = job(folder.path().to_owned(), out);
        let summary = room.run(&several);
        assert_eq!(summary.written["Clients"], 3);
        let text = fs::read_to_string(several.out.join("to-dex/upload-001.xml")).expect("a file");
        assert_eq!(named(&text), [""; 0]);
    }
}

/// A row without a client's number is nobody's, and each is listed; it may count people.
#[test]
fn rows_without_a_client_are_set_aside() {
    let room = Room::new();
    let header = "ClientId,1.1.1,1.1.2,1.2.1,1.2.3,1.3.1,1.4.1,1.5.6,1.5.7,1.5.8,2.3.1";
    let person = "1,1,Zelda,Thistlewick,01021980,2,Reid,2612,ACT,2";
    let clients = format!("{header}\na,{person}\n,{person}\n,{person}\n");
    let export = room.write("clients.csv", &clients);
    let summary = room.run(&job(export, room.path("clients")));
    assert_eq!(aside(&summary), [("", "ClientId", "record", 2)]);
    let rejects = room.read("clients/keep/rejects.csv");
    assert!(rejects.contains(",3,,ClientId,") && rejects.contains(",4,,ClientId,"), "{rejects}");

    let rows = format!(
        "{header},4.1.1,TotalNumberOfUnidentifiedClients\na,{person},03022025,\n\
         ,{person},03022025,\n,{person},03022025,0\n,,,,,,,,,,,04022025,3\n"
    );
    let export = room.write("rows.csv", &rows);
    let summary = room.run(&job(export, room.path("rows")));
    assert_eq!(aside(&summary), [("", "ClientId", "record", 2)]);
    let counts = ["Clients", "Cases", "Sessions"].map(|list| summary.written[list]);
    assert_eq!(counts, [1, 2, 2]);
}

/// The list of numbers has them as the agency has them.
#[test]
fn a_number_is_found_in_the_list_as_it_is() {
    let room = Room::new();
    let clients = "ClientId,1.1.1,1.1.2,1.2.1,1.2.3,1.3.1,1.4.1,1.5.6,1.5.7,1.5.8,2.3.1\n\
        -5,1,1,Zelda,Thistlewick,01021980,2,Reid,2612,ACT,2\n";
    let export = room.write("clients.csv", clients);
    room.run(&job(export, room.path("out")));
    let ids = room.read("out/keep/ids.csv");
    assert!(ids.lines().any(|line| line.starts_with("client,-5,")), "{ids}");
}

/// A session is of one day and one type of service; a disability that is named is one.
#[test]
fn rows_of_one_day_are_a_session_for_each_service() {
    let room = Room::new();
    let clients = "ClientId,1.1.1,1.1.2,1.2.1,1.2.3,1.3.1,1.4.1,1.5.6,1.5.7,1.5.8,DisabilityCode\n\
        a,1,1,Zelda,Thistlewick,01021980,2,Reid,2612,ACT,PHYSICAL;SENSORY\n\
        b,1,1,Ambrose,Quillfeather,05061975,1,Reid,2612,ACT,\n";
    let events = "ClientId,CaseId,SessionDate,ServiceTypeId\n\
        a,K,2025-02-03,5\na,K,2025-02-03,7\na,K,2025-02-03,7\nb,L,2025-02-03,\n";
    let export = room.write("clients.csv", clients);
    let events = Some(room.write("events.csv", events));
    let summary = room.run(&Job { events, ..job(export, room.path("out")) });
    assert_eq!((aside(&summary), summary.written["Sessions"]), (vec![], 3));
    let text = room.read("out/to-dex/upload-001.xml");
    for service in [5, 7, 12] {
        let of = format!("<ServiceTypeId>{service}</ServiceTypeId>");
        assert_eq!(text.matches(&of).count(), 1, "{text}");
    }
    let has = "<HasDisabilities>true</HasDisabilities><Disabilities>\
        <DisabilityCode>PHYSICAL</DisabilityCode>";
    assert!(text.contains(has), "{text}");
    assert_eq!(text.matches("<HasDisabilities>false<").count(), 1, "{text}");
}

/// Of a description of an upload its lists of who withdrew count.
#[test]
fn withdrawals_count_for_an_upload_too() {
    let room = Room::new();
    room.write("gone.csv", "ClientId\nk001\nk01\n");
    let source = "[source]\nname = \"made\"\nrecord_id = \"ClientId\"\n\
        withdrawn = [\"gone.csv\"]\n[columns]\nfamily_name = \"FamilyName\"\n";
    let source = SourceSpec::load(&room.write("made.toml", source)).expect("a source");
    let export = room.write("upload.xml", &fixture("dex/whole.xml"));
    let summary = room.run(&Job { source: Some(source), ..job(export, room.path("out")) });
    assert_eq!(aside(&summary), []);
    assert!(summary.warnings.len() == 1 && summary.warnings[0].contains(": 1;"), "{summary:?}");
    let text = room.read("out/to-dex/upload-001.xml");
    assert!(!text.contains("Ottilie") && !text.contains("1 Elm"), "{text}");
    assert!(text.contains("<ClientId>k001</ClientId><Slk>RAKTT140319872</Slk>"), "{text}");
}

/// Events in a file of their own, with scores.
#[test]
fn events_and_scores_come_from_a_second_file() {
    let room = Room::new();
    let clients = "ClientId,1.1.1,1.1.2,1.2.1,1.2.3,1.3.1,1.3.2,1.4.1,1.5.6,1.5.7,1.5.8,2.3.1\n\
        a,1,1,Zelda,Thistlewick,01021980,1,2,Reid,2612,ACT,2\n\
        b,1,99,Ambrose,Quillfeather,05061975,2,1,Reid,2612,ACT,1\n";
    let events = "ClientId,CaseId,SessionId,SessionDate,ServiceTypeId,ScoreTypeCode,AssessmentPhaseCode,\
        ScoreCode,Score\n\
        a,K,S1,2025-02-03,5,CIRCUMSTANCES,PRE,HOUSING,2\n\
        a,K,S1,2025-02-03,5,CIRCUMSTANCES,PRE,MONEY3,\n\
        b,K,S1,2025-02-03,5,,,,\n\
        a,K,S2,2025-07-01,5,CIRCUMSTANCES,POST,HOUSING,4\n\
        c,L,S3,2025-02-03,5,,,,\n";
    let export = room.write("clients.csv", clients);
    let events = room.write("events.csv", events);
    let job = Job {
        events: Some(events),
        period: veilway::standard::Period::parse("2025-jan-jun"),
        numbers: Numbers::Keep,
        ..job(export, room.path("out"))
    };
    let summary = room.run(&job);
    let text = room.read("out/to-dex/upload-001.xml");
    let expected = "<Session><SessionId>S1</SessionId><CaseId>K</CaseId>\
        <SessionDate>2025-02-03</SessionDate><ServiceTypeId>5</ServiceTypeId>\
        <TotalNumberOfUnidentifiedClients>0</TotalNumberOfUnidentifiedClients><SessionClients>\
        <SessionClient><ClientId>a</ClientId><ParticipationCode>CLIENT</ParticipationCode>\
        </SessionClient><SessionClient><ClientId>b</ClientId>\
        <ParticipationCode>CLIENT</ParticipationCode></SessionClient></SessionClients></Session>\n";
    assert!(text.contains(expected), "{text}");
    let expected = "<ClientAssessment><ClientId>a</ClientId><CaseId>K</CaseId>\
        <SessionId>S1</SessionId><Assessments><Assessment>\
        <ScoreTypeCode>CIRCUMSTANCES</ScoreTypeCode><AssessmentPhaseCode>PRE</AssessmentPhaseCode>\
        <Scores><ScoreCode>HOUSING2</ScoreCode><ScoreCode>MONEY3</ScoreCode></Scores></Assessment>\
        </Assessments></ClientAssessment>\n";
    assert!(text.contains(expected), "{text}");
    // An estimate is on 1 January; who consents in part is not named.
    assert!(text.contains("<BirthDate>1980-01-01</BirthDate>") && !text.contains("Ambrose"));
    assert_eq!(
        aside(&summary),
        [
            ("Cases", "CaseClients", "record", 1),
            ("Cases", "ClientId", "part", 1),
            ("ClientAssessments", "SessionId", "record", 1),
            ("Sessions", "CaseId", "record", 1),
            ("Sessions", "SessionDate", "record", 1),
        ]
    );
}

/// One client of a made upload.
fn client(number: usize, consents: bool, estimate: bool) -> String {
    let (day, names) = match (estimate, consents) {
        (true, true) => (
            "1980-01-01",
            "<GivenName>Zo\u{eb}</GivenName><FamilyName>O'Hara &lt;x&gt;</FamilyName>",
        ),
        (true, false) => ("1980-01-01", ""),
        (false, true) => ("1980-02-29", "<GivenName>Li</GivenName>"),
        (false, false) => ("1980-02-29", ""),
    };
    let key = match (consents, estimate) {
        (true, _) => "",
        (false, true) => "<Slk>ARAOE010119802</Slk>",
        (false, false) => "<Slk>999I2290219809</Slk>",
    };
    format!(
        "<Client><ClientId>n{number}</ClientId>{key}\
         <ConsentToProvideDetails>{consents}</ConsentToProvideDetails>\
         <ConsentedForFutureContacts>false</ConsentedForFutureContacts>{names}\
         <IsUsingPsuedonym>false</IsUsingPsuedonym><BirthDate>{day}</BirthDate>\
         <IsBirthDateAnEstimate>{estimate}</IsBirthDateAnEstimate><GenderCode>FEMALE</GenderCode>\
         <CountryOfBirthCode>1101</CountryOfBirthCode>\
         <LanguageSpokenAtHomeCode>1201</LanguageSpokenAtHomeCode>\
         <AboriginalOrTorresStraitIslanderOriginCode>NO</AboriginalOrTorresStraitIslanderOriginCode>\
         <HasDisabilities>false</HasDisabilities><ResidentialAddress><Suburb>Reid</Suburb>\
         <StateCode>ACT</StateCode><Postcode>2612</Postcode></ResidentialAddress></Client>"
    )
}

/// A case: its clients, and for each session who of them came and whether they were assessed.
type Made = (Vec<usize>, Vec<(u16, bool)>);

/// The records of an upload, list by list.
fn upload(clients: &[(bool, bool)], cases: &[Made]) -> [Vec<String>; 4] {
    let mut lists: [Vec<String>; 4] = Default::default();
    for (number, &(consents, estimate)) in clients.iter().enumerate() {
        lists[0].push(client(number, consents, estimate));
    }
    for (case, (members, sessions)) in cases.iter().enumerate() {
        let members: BTreeSet<usize> =
            members.iter().map(|member| member % clients.len()).collect();
        let on: String = members
            .iter()
            .map(|n| format!("<CaseClient><ClientId>n{n}</ClientId></CaseClient>"))
            .collect();
        let others = usize::from(members.is_empty());
        let on = if on.is_empty() { on } else { format!("<CaseClients>{on}</CaseClients>") };
        lists[1].push(format!(
            "<Case><CaseId>K{case}</CaseId><OutletActivityId>7</OutletActivityId>\
             <TotalNumberOfUnidentifiedClients>{others}</TotalNumberOfUnidentifiedClients>{on}</Case>"
        ));
        for (session, (came, is_assessed)) in sessions.iter().enumerate() {
            let there: Vec<usize> =
                members.iter().copied().filter(|n| came >> (n % 16) & 1 == 1).collect();
            let at: String = there
                .iter()
                .map(|n| {
                    format!(
                        "<SessionClient><ClientId>n{n}</ClientId>\
                         <ParticipationCode>CLIENT</ParticipationCode></SessionClient>"
                    )
                })
                .collect();
            let at =
                if at.is_empty() { at } else { format!("<SessionClients>{at}</SessionClients>") };
            let place = format!("<CaseId>K{case}</CaseId><SessionId>{session}</SessionId>");
            lists[2].push(format!(
                "<Session><SessionId>{session}</SessionId><CaseId>K{case}</CaseId>\
                 <SessionDate>2025-02-03</SessionDate><ServiceTypeId>5</ServiceTypeId>\
                 <TotalNumberOfUnidentifiedClients>3</TotalNumberOfUnidentifiedClients>{at}</Session>"
            ));
            if let (Some(n), true) = (there.first(), is_assessed) {
                lists[3].push(format!(
                    "<ClientAssessment><ClientId>n{n}</ClientId>{place}<Assessments><Assessment>\
                     <ScoreTypeCode>GOALS</ScoreTypeCode><AssessmentPhaseCode>PRE</AssessmentPhaseCode>\
                     <Scores><ScoreCode>SKILLS3</ScoreCode></Scores></Assessment></Assessments>\
                     </ClientAssessment>"
                ));
            }
        }
    }
    lists
}

const LISTS: [&str; 4] = ["Clients", "Cases", "Sessions", "ClientAssessments"];

fn text(lists: &[Vec<String>; 4]) -> String {
    let list = |(records, name): (&Vec<String>, &str)| match records.is_empty() {
        true => String::new(),
        false => format!("<{name}>\n{}\n</{name}>\n", records.join("\n")),
    };
    let lists: String = lists.iter().zip(LISTS).map(list).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<DEXFileUpload>\n{lists}</DEXFileUpload>\n"
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Any sound upload is written as it was read; in small files each record of cases, sessions
    /// and assessments stands once, with all that it refers to.
    #[test]
    fn any_upload_comes_back_whole_or_in_parts(
        clients in prop::collection::vec(any::<(bool, bool)>(), 1..12),
        cases in prop::collection::vec(
            (prop::collection::vec(any::<usize>(), 0..5),
             prop::collection::vec(any::<(u16, bool)>(), 0..6)),
            0..12,
        ),
    ) {
        let room = Room::new();
        let lists = upload(&clients, &cases);
        let whole = text(&lists);
        let export = room.write("upload.xml", &whole);
        let summary = room.run(&job(export.clone(), room.path("out")));
        prop_assert_eq!(aside(&summary), vec![]);
        prop_assert!(room.read("out/to-dex/upload-001.xml") == whole);

        let small = Job { most: Some(8_000), ..job(export, room.path("small")) };
        let summary = room.run(&small);
        prop_assert_eq!(aside(&summary), vec![]);
        let check = Check {
            standard: Standard::Dex,
            wording: Wording::Corrected,
            source: None,
            date_format: None,
            period: None,
            as_at: small.as_at,
        };
        let folder = Input::File(room.path("small/to-dex"));
        let report = validate_upload(&folder, &check, &Progress::silent()).expect("a report");
        prop_assert!(report.findings.iter().all(|finding| finding.rule != "twice"));
        let mut seen: [Vec<String>; 4] = Default::default();
        for file in &summary.files {
            let part = room.read(&format!("small/{}", file.file));
            prop_assert_eq!(part.len() as u64, file.bytes);
            prop_assert!(part.len() <= 8_000);
            for line in part.lines() {
                let starts = ["<Client>", "<Case>", "<Session>", "<ClientAssessment>"];
                if let Some(list) = starts.iter().position(|start| line.starts_with(start)) {
                    seen[list].push(line.to_owned());
                }
                // What it refers to is in the same file.
                for id in ["ClientId>n", "CaseId>K"] {
                    for (at, _) in line.match_indices(id) {
                        let end = line[at..].find('<').map_or(line.len(), |end| at + end);
                        let number = &line[at..end];
                        let root = if id.starts_with("Client") { "<Client><" } else { "<Case><" };
                        let own = format!("{root}{number}<");
                        prop_assert!(part.contains(&own), "{}", own);
                    }
                }
            }
        }
        for (list, (mut seen, mut all)) in seen.into_iter().zip(lists).enumerate() {
            seen.sort();
            // A client stands with each of their cases, a long case with each of its sessions.
            if list < 2 {
                seen.dedup();
            }
            all.sort();
            prop_assert!(seen == all);
        }
    }
}
