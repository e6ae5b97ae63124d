//! Forty people whose every count is worked out by hand (`testdata/pathways/forty`):
//!
//! ```text
//! 1-10   Crisis 1-10 Jan 2024, Housing 1 Feb-31 Aug 2024           ten of  C H
//! 11-18  Housing from 1 Mar 2024                                   eight   H
//! 19-24  Crisis 15-20 Jan 2024, Crisis 10-15 Feb 2024              six     C C
//! 25-30  Legal 1-31 May 2024, Housing 20 May-31 Dec 2024           six     L H
//! 31-35  Crisis Dec 2023, Legal 1 Jan-30 Jun, Housing from 1 Jul   five    C L H
//! 36-40  Legal from 15 Dec 2024                                    five    L
//! ```
//!
//! Programs are numbered Crisis, Housing, Legal. 2024 has 366 days; the data ends with it.

use std::path::Path as FilePath;

use super::count;
use super::input;
use super::journey::{self, Day, Rules};
use super::measure::{Measures, Vocabulary};
use super::study::{Frame, MeasureChoices, RuleChoices, Study};
use super::tally::{Of, Tally};
use super::usage::{self, Ground};
use super::{Settings, analyse};
use crate::disclosure::{Count, NoiseKey, Protection, Threshold};
use crate::files::Overwrite;
use crate::progress::Progress;

const DIR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/pathways/forty");
const TODAY: jiff::civil::Date = jiff::civil::date(2026, 7, 1);
const EXTRACT: jiff::civil::Date = jiff::civil::date(2024, 12, 31);

fn files() -> Vec<std::path::PathBuf> {
    ["north", "south"].map(|s| FilePath::new(DIR).join(format!("{s}.events.csv"))).to_vec()
}

/// The exact measures and tallies.
fn counted() -> (Measures, Vec<Tally>) {
    let silent = Progress::silent();
    let maps = input::read_maps(&FilePath::new(DIR).join("maps"), &silent).expect("maps");
    let read = input::read_events(&files(), &Default::default(), TODAY, &silent).expect("events");
    let extract = Day::of(EXTRACT);
    let rules = Rules { extract, choices: RuleChoices::default(), frame: None };
    let journeys = journey::build(maps, read.events, &read.programs, &rules);
    let vocabulary = Vocabulary::of(&journeys, &read.programs);
    let measures = Measures::of(&journeys, &vocabulary, |_| 1).expect("measures");
    let ground = Ground {
        measures: &measures,
        choices: &MeasureChoices::default(),
        threshold: Threshold::new(3),
        first: Day::of(jiff::civil::date(2023, 12, 1)),
        extract,
        has_sessions: false,
    };
    let list = usage::measures(&ground, &mut Vec::new());
    let tallies = count::count(&journeys, &vocabulary.code, None, list);
    (measures, tallies)
}

/// The counts of a tally, a row for each group.
fn rows(tallies: &[Tally], name: &str) -> Vec<Vec<u64>> {
    let tally = tallies.iter().find(|t| t.name == name).expect("the tally");
    tally.groups.iter().map(|group| group.counts.clone()).collect()
}

/// The counts of a tally of one category.
fn column(tallies: &[Tally], name: &str) -> Vec<u64> {
    rows(tallies, name).concat()
}

#[test]
fn who_used_what() {
    let (m, t) = counted();
    assert_eq!(m.people, 40);
    // Crisis 10 + 6 + 5; Housing 10 + 8 + 6 + 5; Legal 6 + 5 + 5.
    assert_eq!(m.users, [21, 29, 16]);
    // Crisis twice for the six.
    assert_eq!(m.episodes, [27, 29, 16]);
    // One program 8 + 6 + 5; two 10 + 6; three 5.
    assert_eq!(m.by_number, [0, 19, 16, 5]);
    // Crisis and Housing 10 + 5, Crisis and Legal 5, Housing and Legal 6 + 5.
    assert_eq!(m.both, [[0, 15, 5], [15, 0, 11], [5, 11, 0]]);
    assert_eq!(m.before, [[0, 15, 5], [0, 0, 0], [0, 11, 0]]);
    // Straight: Crisis to Housing the ten only; Crisis to Legal five; Legal to Housing 6 + 5.
    assert_eq!(m.moves, [[0, 10, 5], [0, 0, 0], [0, 11, 0]]);
    // C H 10, H 8, C 6, H L 6, L 5, C H L 5, others none.
    assert_eq!(column(&t, "program_sets"), [10, 8, 6, 6, 5, 5, 0]);
    let names: Vec<&str> = {
        let sets = t.iter().find(|t| t.name == "program_sets").expect("sets");
        sets.groups.iter().map(|group| group.labels[0].as_str()).collect()
    };
    assert_eq!(names[0], "Crisis + Housing");
    assert_eq!(names[5], "Crisis + Housing + Legal");
    // At one time: only the six, 20-31 May. The five changed from one day to the next.
    assert_eq!(column(&t, "at_one_time"), [0, 0, 6]);
    // Before Crisis nothing: 21. Before Housing: Crisis 10, Legal 6 + 5, nothing 8. Before
    // Legal: Crisis 5, nothing 6 + 5.
    assert_eq!(column(&t, "last_before"), [21, 10, 11, 8, 5, 11]);
}

#[test]
fn how_long_until_what() {
    let (_, t) = counted();
    // Bands 28, 90, 180, 365: happened, follow-up ended; last, followed beyond.
    assert_eq!(
        rows(&t, "time_to_next"),
        [
            // The ten and the five after 31 days; the six followed 366 - 15 = 351 days.
            [0, 0, 15, 0, 0, 0, 0, 6, 0],
            // Nobody goes on; followed 334, 305, 225 and 183 days.
            [0, 0, 0, 0, 0, 0, 0, 29, 0],
            // The six after 19 days, the five after 182; the last five followed 16 days.
            [6, 5, 0, 0, 0, 0, 5, 0, 0],
        ]
    );
    assert_eq!(
        rows(&t, "returns"),
        [
            // Crisis to Crisis: the six after 21 days; the ten followed 356 days, the five 366.
            [6, 0, 0, 0, 0, 0, 0, 10, 5],
            // To any: the ten after 22 days, the six after 21, the five after 1.
            [21, 0, 0, 0, 0, 0, 0, 0, 0],
            // Housing: the six left on the last day, the ten are followed 122 days.
            [0, 6, 0, 0, 0, 10, 0, 0, 0],
            [0, 6, 0, 0, 0, 10, 0, 0, 0],
            // Legal: the six followed 214 days (their Housing began before), the five 184 ...
            [0, 0, 0, 0, 0, 0, 0, 11, 0],
            // ... who were in Housing the day after.
            [5, 0, 0, 0, 0, 0, 0, 6, 0],
        ]
    );
    // Bands 28, 90, 180, 365, 730.
    assert_eq!(
        rows(&t, "length_of_stay"),
        [
            // 10 and 6 days; December's 31.
            [16, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0],
            // 213 and 226 days; open since 306 and 184.
            [0, 0, 0, 0, 0, 0, 16, 13, 0, 0, 0],
            // May's 31; 182; open since 17.
            [0, 5, 6, 0, 0, 0, 5, 0, 0, 0, 0],
        ]
    );
}

#[test]
fn who_was_where_when() {
    let (_, t) = counted();
    // July to December 2023, January to June 2024, July to December 2024.
    assert_eq!(rows(&t, "episodes_by_period"), [[5, 22, 0], [0, 24, 5], [0, 11, 5]]);
    // The second: all but the last five. The third: 10 + 8 + 6 + 5 + 5.
    assert_eq!(column(&t, "people_by_period"), [5, 35, 34]);
    assert_eq!(
        column(&t, "people_by_program_and_period"),
        [
            [5, 16, 0],
            // Housing: 10 + 8 + 6, then the five more.
            [0, 24, 29],
            [0, 11, 5],
        ]
        .concat()
    );
    // In none, Crisis, Housing, Legal, several; December 2023 to December 2024.
    assert_eq!(
        rows(&t, "state_by_month"),
        [
            // 31 December is the five's last day of Crisis.
            [35, 5, 0, 0, 0],
            [35, 0, 0, 5, 0],
            [25, 0, 10, 5, 0],
            [17, 0, 18, 5, 0],
            [17, 0, 18, 5, 0],
            // 31 May: the six in both.
            [11, 0, 18, 5, 6],
            // 30 June is the five's last day of Legal.
            [11, 0, 24, 5, 0],
            [11, 0, 29, 0, 0],
            // 31 August is the ten's last day of Housing.
            [11, 0, 29, 0, 0],
            [21, 0, 19, 0, 0],
            [21, 0, 19, 0, 0],
            [21, 0, 19, 0, 0],
            [16, 0, 19, 5, 0],
        ]
    );
}

fn settings(protection: Protection) -> Settings {
    let threshold = Threshold::new(3);
    Settings { threshold, protection, extract: Some(EXTRACT), ..Settings::on(TODAY) }
}

fn analysed(protection: Protection) -> super::Analysis {
    let maps = FilePath::new(DIR).join("maps");
    analyse(&maps, &files(), &settings(protection), &Progress::silent()).expect("analysed")
}

#[test]
fn what_is_told_is_no_small_count_and_nothing_is_left_over() {
    let release = analysed(Protection::Suppress).release;
    let (measures, tallies) = counted();
    assert_eq!(release.people, 40);
    assert_eq!(release.told.len(), tallies.len());
    // They have no kept columns, and that is all that is missing.
    assert!(release.not_told.iter().all(|said| said.contains("column")), "{:?}", release.not_told);
    let small = |n: u64| n == 1 || n == 2;
    let base = |of: Of| match of {
        Of::Everyone => Some(Count::Shown(40)),
        Of::Program(a) => Some(release.users[a]),
        Of::Both(a, b) => Some(release.both[a][b]),
        Of::Moves(a, b) => Some(release.moves[a][b]),
        Of::Number(k) => Some(release.by_number[k - 1]),
        Of::Episodes(a) => Some(release.episodes[a]),
        Of::Group(name, i) => {
            release.told.iter().find(|told| told.name == name).map(|told| told.groups[i].total)
        }
        Of::Count(name, i, c) => {
            release.told.iter().find(|told| told.name == name).map(|told| told.groups[i].counts[c])
        }
        _ => None,
    };
    let mut tried = 0;
    for (tally, told) in tallies.iter().zip(&release.told) {
        for (group, exact) in told.groups.iter().zip(&tally.groups) {
            for (count, exact) in group.counts.iter().zip(&exact.counts) {
                // Shown as it is, or not at all.
                assert!(count.shown().is_none_or(|n| n == *exact && !small(n)), "{}", told.name);
            }
            if let Some((part, whole)) = group.total.shown().zip(group.whole.shown()) {
                assert!(tally.groups[0].contributions.is_empty() || part == whole);
                assert!(!small(whole - part), "{}", told.name);
            }
        }
        for tie in &tally.ties {
            let wholes: Option<u64> = tie.wholes.iter().map(|of| base(*of)?.shown()).sum();
            let parts: Option<u64> =
                tie.parts.iter().map(|&(g, c)| told.groups[g].counts[c].shown()).sum();
            if let Some((whole, part)) = wholes.zip(parts) {
                tried += 1;
                assert!(!small(whole - part) && (!tie.is_all || whole == part), "{}", told.name);
            }
        }
    }
    assert!(tried > 60, "{tried} sums could be tried");
    assert_eq!(measures.people, release.people);
}

#[test]
fn an_attacker_finds_nothing_in_the_files() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let out = home.path().join("out");
    let analysis = analysed(Protection::Suppress);
    crate::report::write(&analysis, &out, Overwrite::Refuse).expect("written");
    let job = crate::release::Job {
        tables: vec![out.join("release")],
        reading: crate::release::Reading::default(),
        threshold: Threshold::new(3),
        ledger: None,
        record: None,
    };
    let check = crate::release::check(&job).expect("read");
    assert!(check.findings.is_empty(), "{}", check.findings.len());
    assert!(check.counts > 250, "{}", check.counts);
}

#[test]
fn noise_is_the_same_for_the_same_people_in_every_measure() {
    let key = NoiseKey::generate().expect("random bits");
    let release = analysed(Protection::Round(key)).release;
    let told = |name: &str| release.told.iter().find(|told| told.name == name).expect("told");
    // Everyone of Crisis left it, so who has left is who was there.
    assert_eq!(told("returns").groups[0].total, release.users[0]);
    assert_eq!(told("returns").groups[0].total, told("returns").groups[1].total);
    // The five of July to December 2023 are those in Crisis at its end.
    let five = told("people_by_period").groups[0].counts[0];
    assert_eq!(told("state_by_month").groups[0].counts[1], five);
    for told in &release.told {
        for count in told.groups.iter().flat_map(|group| &group.counts) {
            assert!(count.shown().is_some_and(|n| n.is_multiple_of(3)), "{}", told.name);
        }
    }
}

#[test]
fn a_frame_counts_those_who_first_come_in_its_window() {
    let frame = Frame {
        begins: jiff::civil::date(2024, 1, 1),
        ends: jiff::civil::date(2024, 3, 31),
        programs: vec!["Crisis".into(), "Housing".into()],
        months_before: None,
        months_after: Some(6),
    };
    let study = Study { frame: Some(frame), ..Study::default() };
    let maps = FilePath::new(DIR).join("maps");
    let settings = Settings { study, ..settings(Protection::Suppress) };
    let analysis = analyse(&maps, &files(), &settings, &Progress::silent()).expect("analysed");
    let record = &analysis.record;
    // The ten, the eight and the six. The five came in December, the six of Legal in May; the
    // last five began after 30 September, to which people are followed.
    assert_eq!((record.people, record.outside_frame.people), (24, 11));
    assert_eq!(record.extract_date, "2024-09-30");
    assert_eq!((record.events_after_extract, record.outside_frame.episodes), (5, 27));
    // C H of the ten, H of the eight, C C of the six.
    assert_eq!(record.episodes, 20 + 8 + 12);
    let words = record.rules.last().expect("words");
    assert!(words.contains("first start in Crisis or Housing is from 2024-01-01 to 2024-03-31"));
}
