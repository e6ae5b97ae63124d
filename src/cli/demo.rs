//! `veilway demo`.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::Printer;
use crate::demo::{self, Agency, Benchmark, Followed, Job, Story};
use crate::error::Error;
use crate::evaluate::Pairs;
use crate::files::{Overwrite, clean};

/// Run the whole story on bundled data.
///
/// Makes a folder with one folder for each party, in which everything that the party would
/// hold can be looked at. The people are synthetic.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  veilway demo --out demo")]
pub(crate) struct Args {
    /// The folder to make; one that the demo made before is replaced.
    #[arg(long, value_name = "DIR", default_value = "demo")]
    out: PathBuf,
    /// Replace the folder even if the demo did not make it.
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(args: Args, printer: &Printer) -> Result<(), Error> {
    let overwrite = if args.force { Overwrite::Replace } else { Overwrite::Refuse };
    let job = Job { out: args.out, overwrite, today: super::slk::today() };
    let story = demo::run(&job, &printer.progress())?;
    printer.result(&story, &text(&story, &clean(&job.out)))
}

fn text(story: &Story, out: &str) -> String {
    let mut text = format!(
        "ACT ONE: a made-up town of {} people and {} agencies that help some of them\n",
        thousands(story.people),
        story.agencies.len()
    );
    agencies(&mut text, story, out);
    linkage_unit(&mut text, story, out);
    analyst(&mut text, story, out);
    if let Some(person) = &story.followed {
        one_person(&mut text, person);
    }
    figures(&mut text, story);
    benchmark(&mut text, &story.benchmark);
    let _ = writeln!(text, "\nThe report, for any browser:\n{}", clean(&story.report));
    text
}

/// One line of what a party has or does.
fn line(text: &mut String, what: &str, said: &str) {
    let _ = writeln!(text, "    {what:<11}{said}");
}

fn agencies(text: &mut String, story: &Story, out: &str) {
    let _ = writeln!(text, "\n  THE AGENCIES  {out}/agency-*");
    for Agency { name, records, events, run, .. } in &story.agencies {
        let aside = run.rows_set_aside;
        let consent = aside.without_consent();
        let _ = writeln!(
            text,
            "    {name:<15}  {:>6} records with names ({consent} lack consent), {} events",
            thousands(*records),
            thousands(*events)
        );
    }
    line(text, "give away", "a package to the linkage unit: row ids and coded values, no name");
    line(text, "", "events to the analyst: row ids, services and dates, no name");
    line(text, "keep", "names, the key, and which record is which row");
    line(text, "cannot see", "who is known to another agency");
}

fn linkage_unit(text: &mut String, story: &Story, out: &str) {
    let links = &story.links;
    let people: u64 = links.sources.iter().map(|s| s.people).sum();
    let _ = writeln!(text, "\n  THE LINKAGE UNIT  {out}/linkage-unit");
    line(
        text,
        "has",
        &format!(
            "{} packages: {} rows of coded values, and no key",
            links.sources.len(),
            thousands(people)
        ),
    );
    line(
        text,
        "finds",
        &format!(
            "{} links ({} definite, {} probable); {} doubtful pairs are left apart",
            thousands(links.definite + links.probable),
            thousands(links.definite),
            links.probable,
            links.possible
        ),
    );
    line(text, "gives away", "maps to the analyst: row id to person id");
    line(text, "cannot see", "a name, a birth date, a service");
}

fn analyst(text: &mut String, story: &Story, out: &str) {
    let p = &story.pathways;
    let _ = writeln!(text, "\n  THE ANALYST  {out}/analyst");
    line(
        text,
        "has",
        &format!(
            "maps and events: {} people, {} stays in {} programs",
            thousands(p.people),
            thousands(p.episodes),
            p.programs
        ),
    );
    line(
        text,
        "publishes",
        &format!(
            "{} counts; {} more are withheld: of fewer than {} people, or telling of such a one",
            thousands((p.cells - p.withheld_small - p.withheld_to_protect) as u64),
            p.withheld_small + p.withheld_to_protect,
            p.threshold
        ),
    );
    line(text, "cannot see", "a name, a birth date, a coded value, a key");
}

fn one_person(text: &mut String, person: &Followed) {
    let _ = writeln!(text, "\n  ONE OF THE PEOPLE, as each party sees them");
    for trace in &person.traces {
        let _ = writeln!(text, "    {:<14} {}", trace.agency, clean_row(&trace.record));
    }
    for trace in &person.traces {
        let from = format!("from {}", trace.agency);
        let _ = writeln!(
            text,
            "    {:<14} {:<19} row {}  {} {}",
            "linkage unit",
            from,
            short(&trace.row_id),
            person.match_key,
            short(&person.token)
        );
    }
    for trace in &person.traces {
        let from = format!("from {}", trace.agency);
        let _ = writeln!(
            text,
            "    {:<14} {:<19} row {}  is {}",
            "the maps",
            from,
            short(&trace.row_id),
            person.person_id
        );
    }
    for step in &person.journey {
        let end = if step.end.is_empty() { "still there" } else { &step.end };
        let program = crate::files::clean_text(&step.program);
        let _ = writeln!(
            text,
            "    {:<14} {}  {} to {:<11}  {program}",
            "analyst", person.person_id, step.start, end
        );
    }
}

fn figures(text: &mut String, story: &Story) {
    let quality = &story.quality.pairs;
    let _ = writeln!(text, "\n  HOW WELL IT WENT, by the town's own truth");
    let mut figure = |what: &str, said: String| {
        let _ = writeln!(text, "    {what:<48}{said:>8}");
    };
    figure("pairs of records that are one person", thousands(quality.true_pairs));
    figure("of these, out of reach: consent is lacking", thousands(quality.true_not_packaged));
    figure("of the rest, found (recall)", percent(quality.recall_packaged));
    figure("of those linked, right (precision)", percent(quality.precision));
    figure("people seen to use more than one agency", thousands(story.links.linked_persons));
}

fn benchmark(text: &mut String, b: &Benchmark) {
    let _ = writeln!(
        text,
        "\nACT TWO: FEBRL 4, a public benchmark: {} people at two agencies, one record of each \
         damaged\n\n    {:<24}{:>10}{:>10}{:>10}",
        thousands(b.people),
        "linked by",
        "precision",
        "recall",
        "F1"
    );
    let mut row = |name: String, p: &Pairs| {
        let number = |share: Option<f64>| share.map_or("none".into(), |s| format!("{s:.3}"));
        let (p, r, f1) = (number(p.precision), number(p.recall), number(p.f1));
        let _ = writeln!(text, "    {name:<24}{p:>10}{r:>10}{f1:>10}");
    };
    row("SLK-581 alone".into(), &b.slk_alone);
    row(format!("{} keys, fuzzy", b.keys), &b.match_keys);
}

/// The cells of a record, side by side.
fn clean_row(record: &[String; 4]) -> String {
    let [number, family, given, born] = record.each_ref().map(|c| crate::files::clean_text(c));
    format!("{number:<12} {:<22} born {born}", format!("{}, {}", family.trim(), given.trim()))
}

/// The beginning of an id or token.
fn short(hex: &str) -> String {
    format!("{}…", hex.get(..10).unwrap_or(hex))
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "none".to_owned(), |s| format!("{:.1} %", 100.0 * s))
}

fn thousands(n: u64) -> String {
    crate::pathways::thousands(n)
}
