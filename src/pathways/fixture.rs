//! The room as a whole, against numbers worked out by hand and against an attacker.

use std::collections::BTreeMap;
use std::path::{Path as FilePath, PathBuf};

use proptest::prelude::*;

use super::input;
use super::journey::{self, Day, Episode, Journeys, Rules};
use super::measure::{Linkage, Measures, Vocabulary};
use super::path::{Leaf, Path, Step};
use super::release::Release;
use super::study::RuleChoices;
use super::table::Cell;
use super::{Analysis, Error, Settings, analyse};
use crate::disclosure::{Count, NoiseKey, Protection, Threshold};
use crate::files::Overwrite;
use crate::ids::{Band, PersonId};
use crate::progress::Progress;

const TODAY: jiff::civil::Date = jiff::civil::date(2026, 7, 1);
const DIR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/pathways");

fn events() -> Vec<PathBuf> {
    ["north", "south"].map(|s| FilePath::new(DIR).join(format!("{s}.events.csv"))).to_vec()
}

fn settings(threshold: u32) -> Settings {
    let extract = Some(jiff::civil::date(2024, 12, 31));
    Settings { threshold: Threshold::new(threshold), extract, ..Settings::on(TODAY) }
}

fn fixture(threshold: u32) -> Result<Analysis, Error> {
    let maps = FilePath::new(DIR).join("maps");
    analyse(&maps, &events(), &settings(threshold), &Progress::silent())
}

/// The journeys (F Family, H Housing, Y Youth), by person:
///
/// 1-4 H F · 5 H · 6 H H · 7 H · 8 F · 9 F · 10 F H · 11 F Y (one day) · 12 H Y H
#[test]
fn measures_are_those_worked_out_by_hand() {
    let silent = Progress::silent();
    let maps = input::read_maps(&FilePath::new(DIR).join("maps"), &silent).expect("maps");
    let read = input::read_events(&events(), &Default::default(), TODAY, &silent).expect("events");
    let extract = Day::of(jiff::civil::date(2024, 12, 31));
    let rules = Rules { extract, choices: RuleChoices::default(), frame: None };
    let linkage = Linkage::of(&maps, |_| 1);
    let journeys = journey::build(maps, read.events, &read.programs, &rules);
    let vocabulary = Vocabulary::of(&journeys, &read.programs);
    let m = Measures::of(&journeys, &vocabulary, |_| 1).expect("measures");

    assert_eq!(m.programs, ["Family", "Housing", "Youth"]);
    assert_eq!(m.people, 12);
    // Family: 1-4, 8-11. Housing: 1-7, 10, 12. Youth: 11, 12.
    assert_eq!(m.users, [8, 9, 2]);
    // Housing: two each for 6 and 12; the two of 4 touch and are one.
    assert_eq!(m.episodes, [8, 11, 2]);
    let stays: Vec<u64> = m.stays.iter().map(|stays| stays.total()).collect();
    assert_eq!(stays, m.episodes);
    // One: 5-9. Two: 1-4, 10, 11, 12.
    assert_eq!(m.by_number, [0, 5, 7, 0]);
    // Family and Housing: 1-4, 10. Family and Youth: 11. Housing and Youth: 12.
    assert_eq!(m.both, [[0, 5, 1], [5, 0, 1], [1, 1, 0]]);
    // 11 begins both on one day: neither is first.
    assert_eq!(m.before, [[0, 1, 0], [4, 0, 1], [0, 0, 0]]);
    assert_eq!(m.moves, [[0, 1, 1], [4, 0, 1], [0, 1, 0]]);
    let (f, h, y) = (Step::Program(0), Step::Program(1), Step::Program(2));
    let paths: BTreeMap<Path, u64> = [
        (vec![f, Step::End], 2),
        (vec![f, h, Step::End], 1),
        (vec![f, y, Step::End], 1),
        (vec![h, Step::End], 3),
        (vec![h, f, Step::End], 4),
        (vec![h, y, h, Step::End], 1),
    ]
    .into();
    assert_eq!(m.paths, paths);
    // North (Housing, Youth): 1-7, 10-12; single 5, 6, 7, 12. South (Family): 1-4, 8-11;
    // single 8, 9. Person 3 is the probable link.
    assert_eq!(linkage.rows, [[4, 1, 5], [2, 1, 5]]);
    assert_eq!((linkage.people, linkage.one_row), (12, 6));
}

#[test]
fn nothing_is_lost_silently() {
    let record = fixture(3).expect("an analysis").record;
    // 15 of north with one unknown row and one after the extract; 9 of south, one reversed.
    assert_eq!(record.events_read, 25);
    assert_eq!(record.events_set_aside, 1);
    assert_eq!(record.events_not_in_maps, 1);
    assert_eq!(record.events_after_extract, 1);
    // Two of the other 22 are one.
    assert_eq!(record.episodes, 21);
}

/// Neither 9999-12-31 nor a mistyped year makes the extract end there.
#[test]
fn an_end_in_the_future_is_an_open_end() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let analysed = |end: &str| {
        let files = events().into_iter().map(|path| {
            let text = std::fs::read_to_string(&path).expect("read");
            let lines = text.lines().map(|line| match line.split(',').collect::<Vec<_>>()[..] {
                [row, program, start, ended, ..] if ended.ends_with("-31") => {
                    format!("{row},{program},{start},{end},1\n")
                }
                _ => format!("{line}\n"),
            });
            let copy = dir.path().join(path.file_name().expect("a name"));
            std::fs::write(&copy, lines.collect::<String>()).expect("written");
            copy
        });
        let files: Vec<PathBuf> = files.collect();
        let settings = Settings { extract: None, ..settings(3) };
        let maps = FilePath::new(DIR).join("maps");
        let analysis = analyse(&maps, &files, &settings, &Progress::silent()).expect("analysed");
        let tables: Vec<String> =
            analysis.release.tables().iter().map(|t| format!("{t:?}")).collect();
        (tables, analysis.record.extract_date, analysis.record.ends_in_future)
    };
    let (tables, extract, in_future) = analysed("");
    assert_eq!(in_future, 0);
    for end in ["9999-12-31", "2999-12-31", "2062-03-01"] {
        let (same, day, in_future) = analysed(end);
        assert!(same == tables && day == extract, "{end}: {day} instead of {extract}");
        assert!(in_future >= 5, "{in_future}");
    }
}

#[test]
fn a_source_without_events_is_named() {
    let maps = FilePath::new(DIR).join("maps");
    for (files, silent) in [(&events()[..], 0), (&events()[..1], 1)] {
        let analysis = analyse(&maps, files, &settings(3), &Progress::silent()).expect("analysed");
        let names: Vec<&str> =
            analysis.record.sources_without_events.iter().map(|s| s.as_str()).collect();
        assert_eq!(names, ["south"][..silent]);
        let told = analysis.release.not_told.iter().any(|told| told.contains("event of south"));
        assert_eq!(told, silent == 1);
    }
}

#[test]
fn no_table_of_the_fixture_shows_a_small_count() {
    let release = fixture(3).expect("an analysis").release;
    assert_eq!(release.users[2], Count::Withheld);
    assert_eq!(release.both[0][2], Count::Withheld);
    assert!(small_counts(&release).is_empty());
    let words = release.program_table_rows();
    assert_eq!(words[2], "Youth|n.p.|n.p.|n.p.");
}

fn small_counts(release: &Release) -> Vec<String> {
    let tables = release.tables();
    let cells = tables.iter().flat_map(|t| t.rows.iter().flatten().map(|c| (t.name, c)));
    cells
        .filter_map(|(name, cell)| match cell {
            Cell::Count(Count::Shown(n)) if release.threshold.is_small(*n) => {
                Some(format!("{name}: {n}"))
            }
            _ => None,
        })
        .collect()
}

impl Release {
    /// The program table as lines.
    fn program_table_rows(&self) -> Vec<String> {
        let tables = self.tables();
        let table = tables.iter().find(|t| t.name == "programs").expect("the table");
        let line = |row: &Vec<Cell>| row.iter().map(Cell::plain).collect::<Vec<_>>().join("|");
        table.rows.iter().map(line).collect()
    }
}

#[test]
fn too_few_people_are_refused() {
    assert!(matches!(fixture(13), Err(Error::TooFewPeople { threshold: 13 })));
}

/// Every file of an output folder.
fn bytes(dir: &FilePath) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for part in ["keep", "release"] {
        for entry in std::fs::read_dir(dir.join(part)).expect("listed") {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(dir).expect("within").to_owned();
            files.insert(name, std::fs::read(&path).expect("read"));
        }
    }
    files
}

#[test]
fn any_thread_count_and_order_of_files_gives_the_same_bytes() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let run = |threads: usize, reverse: bool| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        let mut files = events();
        if reverse {
            files.reverse();
        }
        let maps = FilePath::new(DIR).join("maps");
        let analysis = pool
            .install(|| analyse(&maps, &files, &settings(3), &Progress::silent()))
            .expect("an analysis");
        let out = home.path().join(format!("{threads}-{reverse}"));
        crate::report::write(&analysis, &out, Overwrite::Refuse).expect("written");
        bytes(&out)
    };
    let one = run(1, false);
    assert_eq!(one.len(), 13);
    assert_eq!(one, run(7, false));
    assert_eq!(one, run(2, true));
}

#[test]
fn hostile_program_names_stay_text() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let mut map = "row_id,person_id,band\n".to_owned();
    let mut events = "row_id,program,start,end\n".to_owned();
    for i in 0..20 {
        map += &format!("{i:032x},p{i:016},single\n");
        events += &format!("{i:032x},<script>alert(1)</script>,2024-01-01,\n");
        events += &format!("{i:032x},=HYPERLINK(1),2024-02-01,\n");
    }
    std::fs::write(dir.path().join("a.map.csv"), map).expect("written");
    let file = dir.path().join("a.events.csv");
    std::fs::write(&file, events).expect("written");
    let analysis =
        analyse(dir.path(), &[file], &Settings::on(TODAY), &Progress::silent()).expect("analysed");
    let out = dir.path().join("out");
    crate::report::write(&analysis, &out, Overwrite::Refuse).expect("written");
    for (name, bytes) in bytes(&out) {
        let text = String::from_utf8(bytes).expect("text");
        match name.extension().and_then(|e| e.to_str()) {
            Some("html") => assert!(!text.to_lowercase().contains("<script")),
            _ => assert!(!text.contains("\n=") && !text.contains(",="), "{name:?}"),
        }
    }
}

/// An open episode that begins so many times ten days in.
fn stay(person: u32, step: i32, program: u16) -> Episode {
    let start = Day(step * 10);
    Episode { person, start, program, end: None, band: Band::Single, sessions: 0 }
}

fn journeys(persons: Vec<PersonId>, episodes: Vec<Episode>) -> Journeys {
    let (merged, outside) = Default::default();
    Journeys { persons, episodes, unmapped: 0, after_extract: 0, merged, outside, silent: vec![] }
}

/// Journeys of people who used exactly these sets of three programs, each set so many times.
fn people_of(sets: &[u64]) -> Journeys {
    let mut episodes = Vec::new();
    let mut persons = Vec::new();
    for (set, &count) in (1u16..).zip(sets) {
        for _ in 0..count {
            let person = persons.len() as u32;
            let mut id = [0; 10];
            id[..4].copy_from_slice(&person.to_be_bytes());
            persons.push(PersonId::from_bytes(id));
            for program in (0..3).filter(|p| set >> p & 1 == 1) {
                episodes.push(stay(person, i32::from(program), program));
            }
        }
    }
    journeys(persons, episodes)
}

/// What may be published, under a threshold of three, of people who used exactly these sets.
fn release_of(sets: &[u64]) -> Result<Release, Error> {
    let journeys = people_of(sets);
    let names = ["a", "b", "c"].map(str::to_owned);
    let linkage = Linkage {
        rows: Vec::new(),
        people: journeys.persons.len() as u64,
        one_row: 0,
        more_rows: journeys.persons.len() as u64,
    };
    let m = Measures::of(&journeys, &Vocabulary::of(&journeys, &names), |_| 1)?;
    Release::of(&m, &[], &linkage, &[], Threshold::new(3))
}

/// Walks every way to fill the seven sets that agrees with what is published of people,
/// programs, pairs and numbers of programs; the least and greatest of each set.
fn attack(release: &Release) -> Vec<(u64, u64)> {
    fn fill(release: &Release, sets: &mut Vec<u64>, left: u64, seen: &mut [(u64, u64)]) {
        if sets.len() == 6 {
            sets.push(left);
            if agrees(release, sets) {
                for (range, n) in seen.iter_mut().zip(sets.iter()) {
                    *range = (range.0.min(*n), range.1.max(*n));
                }
            }
            sets.pop();
            return;
        }
        for n in 0..=left {
            sets.push(n);
            fill(release, sets, left - n, seen);
            sets.pop();
        }
    }
    fn agrees(release: &Release, sets: &[u64]) -> bool {
        let sum = |has: &dyn Fn(usize) -> bool| -> u64 {
            (1..=7).filter(|s| has(*s)).map(|s| sets[s - 1]).sum()
        };
        let fits = |count: Count, n: u64| count.shown().is_none_or(|shown| shown == n);
        (0..3).all(|a| {
            let n = release.programs.len();
            a >= n
                || fits(release.users[a], sum(&|s| s >> a & 1 == 1))
                    && (a + 1..n).all(|b| {
                        fits(release.both[a][b], sum(&|s| s >> a & 1 == 1 && s >> b & 1 == 1))
                    })
        }) && (1..=release.by_number.len())
            .all(|k| fits(release.by_number[k - 1], sum(&|s| s.count_ones() as usize == k)))
    }
    let mut seen = vec![(u64::MAX, 0); 7];
    fill(release, &mut Vec::new(), release.people, &mut seen);
    seen
}

/// Journeys of people who used these programs in this order, ten days apart.
fn people_with(paths: &[Vec<u16>]) -> Journeys {
    let mut episodes = Vec::new();
    let mut persons = Vec::new();
    for (person, path) in (0u32..).zip(paths) {
        let mut id = [0; 10];
        id[..4].copy_from_slice(&person.to_be_bytes());
        persons.push(PersonId::from_bytes(id));
        for (step, &program) in (0..).zip(path) {
            episodes.push(stay(person, step, program));
        }
    }
    journeys(persons, episodes)
}

/// What a release tells of a set of groups, and what the groups shown among the paths tell of
/// it: neither may be small, nor the difference.
fn is_told_apart(told: Count, groups: u64, threshold: Threshold) -> bool {
    let is_small = |n| threshold.is_small(n);
    is_small(groups) || told.shown().is_some_and(|n| is_small(n) || is_small(n - groups))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn no_beginning_end_or_step_of_a_path_tells_of_few(
        paths in prop::collection::vec(prop::collection::vec(0u16..4, 1..5), 20..120),
    ) {
        let journeys = people_with(&paths);
        let threshold = Threshold::new(3);
        let names = ["a", "b", "c", "d"].map(str::to_owned);
            let people = journeys.persons.len() as u64;
        let linkage = Linkage { rows: Vec::new(), people, one_row: 0, more_rows: people };
        let m = Measures::of(&journeys, &Vocabulary::of(&journeys, &names), |_| 1).expect("measures");
        let Ok(r) = Release::of(&m, &[], &linkage, &[], threshold) else { return Ok(()) };
        let n = r.programs.len();
        let steps = |leaf: &Leaf| leaf.programs().collect::<Vec<_>>();
        for leaf in &r.tree.leaves {
            for cut in 0..=leaf.path.len() {
                // Beginnings, and ends of whole paths.
                let begin = r.tree.beginning(&leaf.path[..cut]).expect("shown");
                prop_assert!(!threshold.is_small(begin));
                let end = &leaf.path[cut..];
                let ending = r.tree.seen(|other| other.is_whole() && other.path.ends_with(end));
                prop_assert!(!threshold.is_small(ending));
            }
        }
        for flow in r.flows() {
            prop_assert!(!threshold.is_small(flow.people));
        }
        for a in 0..n {
            let users = r.tree.seen(|leaf| steps(leaf).contains(&a));
            prop_assert!(!is_told_apart(r.users[a], users, threshold), "people of {a}");
            for b in (0..n).filter(|b| *b != a) {
                let both = |leaf: &Leaf| leaf.set().is_superset(&[a, b].into());
                prop_assert!(!is_told_apart(r.both[a][b], r.tree.seen(both), threshold));
                let moved = |leaf: &Leaf| steps(leaf).windows(2).any(|w| w == [a, b]);
                prop_assert!(!is_told_apart(r.moves[a][b], r.tree.seen(moved), threshold));
            }
        }
        for (k, &told) in (1..).zip(&r.by_number) {
            let whole = |leaf: &Leaf| {
                let used = leaf.set().len();
                let is_open = r.number_is_open && k == r.by_number.len();
                leaf.path.last() == Some(&Step::End) && (used == k || is_open && used > k)
            };
            prop_assert!(!is_told_apart(told, r.tree.seen(whole), threshold), "{k} programs");
        }
    }
}

/// The fixture with noise from a secret.
fn noised(protection: Protection) -> Analysis {
    let maps = FilePath::new(DIR).join("maps");
    let settings = Settings { protection, ..settings(3) };
    analyse(&maps, &events(), &settings, &Progress::silent()).expect("an analysis")
}

#[test]
fn the_same_people_have_the_same_rounded_number_in_every_table() {
    let key = NoiseKey::generate().expect("random bits");
    let analysis = noised(Protection::Round(key.clone()));
    let tables = analysis.release.tables();
    for table in &tables {
        for cell in table.rows.iter().flatten() {
            if let Cell::Count(count) = cell {
                assert!(
                    count.shown().is_some_and(|n| n.is_multiple_of(3)),
                    "{}: {cell}",
                    table.name
                );
            }
        }
    }
    let people = |table: &str, column: usize| -> Vec<Cell> {
        let table = tables.iter().find(|t| t.name == table).expect("the table");
        table.rows.iter().map(|row| row[column].clone()).collect()
    };
    // At risk at the beginning of the first of four bands.
    let at_risk: Vec<Cell> = people("time_to_next", 2).into_iter().step_by(4).collect();
    assert_eq!(people("programs", 1), at_risk);
    // Again, and in another run, with the same secret.
    assert_eq!(analysis.release, noised(Protection::Round(key)).release);
    // The true numbers are 8, 9 and 2 people: 9 stays, the others do not.
    assert_eq!(analysis.release.users[1], Count::Shown(9));
}

#[test]
fn perturbed_counts_are_near_and_never_one_or_two() {
    let exact = fixture(3).expect("an analysis").record;
    for _ in 0..20 {
        let analysis = noised(Protection::Perturb(NoiseKey::generate().expect("random bits")));
        let tables = analysis.release.tables();
        for table in &tables {
            // Those at risk are a difference of counts.
            let at_risk = table.columns.iter().position(|c| c == "At risk");
            for row in &table.rows {
                let counts = row.iter().enumerate().filter(|(i, _)| Some(*i) != at_risk);
                for (_, cell) in counts {
                    assert!(!matches!(cell, Cell::Count(Count::Withheld | Count::Shown(1 | 2))));
                }
            }
        }
        assert!(analysis.release.people.abs_diff(exact.people) <= 5);
        // Twelve people, of whom six have one row.
        let rows = analysis.release.people_with_one_row.shown().expect("shown");
        assert!(rows.abs_diff(6) <= 5);
    }
}

#[test]
fn the_secret_is_kept_and_not_released() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let out = home.path().join("out");
    let made = super::release_key(None, &out).expect("made");
    let secret = made.expose_text().trim().to_owned();
    crate::report::write(&noised(Protection::Round(made)), &out, Overwrite::Refuse)
        .expect("written");
    for (name, bytes) in bytes(&out) {
        let holds = String::from_utf8_lossy(&bytes).contains(&secret);
        assert_eq!(holds, name == FilePath::new("keep/release.key"), "{name:?}");
    }
    // The next run into the same folder finds it, and so does one elsewhere that names it.
    let again = super::release_key(None, &out).expect("kept");
    let named = super::release_key(Some(&out.join("keep/release.key")), home.path()).expect("kept");
    assert_eq!(*again.expose_text().trim(), secret);
    assert_eq!(*named.expose_text().trim(), secret);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let open = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(out.join("keep/release.key"), open).expect("set");
        assert!(matches!(super::release_key(None, &out), Err(Error::ExposedKey { .. })));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn who_used_exactly_what_cannot_be_worked_out_across_tables(
        sets in prop::collection::vec(0u64..5, 7),
    ) {
        prop_assume!((0..3).all(|p| (1..=7).any(|s| s >> p & 1 == 1 && sets[s - 1] > 0)));
        // A refusal publishes nothing, so there is nothing to work out.
        let Ok(release) = release_of(&sets) else { return Ok(()) };
        prop_assert!(small_counts(&release).is_empty());
        for (n, (least, most)) in sets.iter().zip(attack(&release)) {
            prop_assert!(!(1..3).contains(n) || most - least >= 3, "{n} in {least}..{most}");
        }
    }

    #[test]
    fn enough_people_are_never_refused(sets in prop::collection::vec(5u64..40, 7)) {
        let release = release_of(&sets).expect("a release");
        prop_assert_eq!(release.people, sets.iter().sum::<u64>());
        prop_assert!(small_counts(&release).is_empty());
    }
}
