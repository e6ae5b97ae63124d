//! The same input gives the same bytes: at any number of threads, in any order of rows and of
//! packages, and with every kernel.

#![allow(clippy::disallowed_methods)]

mod town;

use std::collections::BTreeMap;
use std::path::PathBuf;

use town::{Draws, Town, tree};
use veilway::files::Overwrite;
use veilway::ids::Band;
use veilway::kernel::Kernel;
use veilway::link;
use veilway::progress::Progress;
use veilway::project::Project;

/// The files of a run, without the day in its record.
fn files(town: &Town, folder: &str) -> BTreeMap<String, String> {
    let files = tree(&town.path(folder)).expect("a folder");
    let text = |bytes: Vec<u8>| bytes.iter().map(|&b| char::from(b)).collect::<String>();
    let without_day = |text: String| {
        let lines = text.lines().filter(|line| !line.trim_start().starts_with("\"day\":"));
        lines.collect::<Vec<_>>().join("\n")
    };
    files
        .into_iter()
        .map(|(name, bytes)| match name.ends_with("run.json") {
            true => (name, without_day(text(bytes))),
            false => (name, text(bytes)),
        })
        .collect()
}

/// Fails with the name of the file that differs, not with its bytes.
fn assert_same(a: &BTreeMap<String, String>, b: &BTreeMap<String, String>, what: &str) {
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>(), "{what}");
    for (name, bytes) in a {
        assert!(b[name] == *bytes, "{what}: {name} differs");
    }
}

/// Puts the rows of a CSV file without line breaks in cells in another order.
fn shuffle(town: &Town, name: &str, seed: u64) {
    let text = town.read(name);
    let mut lines: Vec<&str> = text.lines().collect();
    Draws(seed).shuffle(&mut lines[1..]);
    town.write(name, lines.join("\n") + "\n");
}

#[test]
fn any_number_of_threads_and_any_order_give_the_same_bytes() {
    let town = Town::synth(6_000, 3, 11);
    let agencies = town.agencies();
    // The first run makes the agencies' keys; the others are given them.
    town.deidentify_all();
    let packages = town.packages();
    town.ok(&format!("link {} --project town/project.toml --out links", packages.join(" ")));
    let events: Vec<String> =
        agencies.iter().map(|a| format!("{a}/to-analyst/{a}.events.csv")).collect();
    town.ok(&format!("pathways --map links --events {} --out paths", events.join(" ")));

    for (threads, memory) in [(1, "1G"), (2, "64K"), (7, "2M")] {
        // With little memory, tokens go to the disk and come back.
        let with = |agency: &str| {
            format!("--agency-key {agency}/keep/agency.key --threads {threads} --memory {memory}")
        };
        for agency in &agencies {
            let out = format!("again-{agency}-{threads}");
            town.deidentify(agency, &out, &with(agency));
            assert_same(&files(&town, agency), &files(&town, &out), &out);
        }
        let links = format!("links-{threads}");
        let mut turned = packages.clone();
        turned.rotate_left(threads % 3);
        let turned = turned.join(" ");
        town.ok(&format!(
            "link {turned} --project town/project.toml --out {links} --threads {threads} \
             --memory {memory}"
        ));
        assert_same(&files(&town, "links"), &files(&town, &links), &links);
        let paths = format!("paths-{threads}");
        let mut events = events.clone();
        events.rotate_left(threads % 3);
        town.ok(&format!(
            "pathways --map links --events {} --out {paths} --threads {threads}",
            events.join(" ")
        ));
        assert_same(&files(&town, "paths"), &files(&town, &paths), &paths);
    }

    for agency in &agencies {
        shuffle(&town, &format!("town/{agency}/export.csv"), 1);
        shuffle(&town, &format!("town/{agency}/events.csv"), 2);
        let out = format!("shuffled-{agency}");
        town.deidentify(agency, &out, &format!("--agency-key {agency}/keep/agency.key"));
        let (mut before, mut after) = (files(&town, agency), files(&town, &out));
        // The rejects say the line, which is another one now; as many, for the same reasons.
        let name = format!("keep/{agency}.rejects.csv");
        let without_line = |text: String| {
            let mut lines: Vec<String> = text
                .lines()
                .map(|line| line.split_once(',').expect("a comma").1.to_owned())
                .collect();
            lines.sort();
            lines
        };
        let rejects = [&mut before, &mut after]
            .map(|files| without_line(files.remove(&name).expect("the rejects")));
        assert!(rejects[0].len() > 10);
        assert!(rejects[0] == rejects[1], "{name}");
        assert_same(&before, &after, &out);
    }
}

#[test]
fn every_kernel_gives_the_same_bytes() {
    let town = Town::synth(3_000, 2, 23);
    town.deidentify_all();
    let packages: Vec<PathBuf> = town.packages().iter().map(|p| town.path(p)).collect();
    let project = Project::load(&town.path("town/project.toml")).expect("an agreement");
    let kernels = Kernel::available();
    for kernel in &kernels {
        kernel.prefer();
        let job = link::Job {
            packages: packages.clone(),
            project: project.clone(),
            out: town.path(kernel.name()),
            previous: None,
            decisions: None,
            least: Band::Probable,
            assignment: link::Assignment::default(),
            block_cap: link::BLOCK_CAP,
            memory: usize::MAX,
            overwrite: Overwrite::Refuse,
        };
        let summary = link::run(&job, &Progress::silent()).expect("links");
        assert!(summary.pairs_scanned > 0, "fuzzy values were compared");
        assert_same(&files(&town, kernels[0].name()), &files(&town, kernel.name()), kernel.name());
    }
    kernels[0].prefer();
    assert_eq!(kernels.last().map(|kernel| kernel.name()), Some("plain"));
}

#[test]
fn other_keys_give_other_tokens_and_other_row_ids() {
    let town = Town::synth(300, 2, 3);
    town.deidentify("housing", "one", "");
    town.deidentify("housing", "two", "");
    let ids = |out: &str| {
        let text = town.read(&format!("{out}/keep/housing.rows.csv"));
        text.lines().map(|l| l.split_once(',').expect("two cells").1.to_owned()).collect::<Vec<_>>()
    };
    let (one, two) = (ids("one"), ids("two"));
    assert_eq!(one.len(), two.len());
    assert!(one.iter().skip(1).all(|id| !two.contains(id)), "the agency keys differ");
}

#[test]
fn records_of_one_client_number_may_come_in_any_order() {
    let town = Town::synth(2_000, 2, 17);
    // Every third record gets the client number of the one before.
    let name = "town/housing/export.csv";
    let text = town.read(name);
    let mut before = String::new();
    let mut lines = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let (id, rest) = line.split_once(',').expect("a comma");
        let id = if i % 3 == 2 { before } else { id.to_owned() };
        lines.push(format!("{id},{rest}"));
        before = id;
    }
    town.write(name, lines.join("\n") + "\n");
    town.deidentify("housing", "one", "");
    for seed in 1..4 {
        shuffle(&town, name, seed);
        let out = format!("shuffled-{seed}");
        town.deidentify("housing", &out, "--agency-key one/keep/agency.key");
        let package = format!("{out}/to-linkage-unit/housing.package.arrow");
        let same = std::fs::read(town.path(&package)).expect("read")
            == std::fs::read(town.path("one/to-linkage-unit/housing.package.arrow")).expect("read");
        assert!(same, "{package} differs");
    }
}
