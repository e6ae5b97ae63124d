//! `veilway link`.

use std::path::PathBuf;

use super::Printer;
use crate::error::{Class, Error, Fault};
use crate::files::{Overwrite, clean};
use crate::ids::Band;
use crate::key::is_key_file;
use crate::link::{Assignment, BLOCK_CAP, Job, Linkage, Summary};
use crate::project::Project;

/// Link packages into a map per source: which rows are one person.
///
/// Needs no key and sees no name. Give two packages or more, of different sources; one
/// package alone is searched for people it holds twice.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  veilway link a/to-linkage-unit/agency-a.package.arrow \\\n      \
    b/to-linkage-unit/agency-b.package.arrow --project project.toml --out links\n\n\
    Pairs too doubtful to link are in OUT/keep/clerical.csv. Write `match` or `no-match` into\n\
    its last column where you know, and give the file to the next run with --decisions."
)]
pub(crate) struct Args {
    /// The packages of the agencies.
    #[arg(required = true, value_name = "PACKAGE")]
    packages: Vec<PathBuf>,
    /// The linkage agreement.
    #[arg(long, value_name = "FILE")]
    project: PathBuf,
    /// The output folder.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The output folder of an earlier run: people keep the ids they have there.
    #[arg(long, value_name = "DIR")]
    previous: Option<PathBuf>,
    /// A clerical file of an earlier run with decisions in it: a `match` is linked before all
    /// others, a `no-match` never.
    #[arg(long, value_name = "FILE")]
    decisions: Option<PathBuf>,
    /// The weakest band that is linked.
    #[arg(long, value_enum, default_value_t = Least::Probable)]
    band: Least,
    /// How pairs compete where each source holds each person once.
    #[arg(long, value_enum, default_value_t = Competition::Greedy)]
    assignment: Competition,
    /// The most people with one token that are compared with each other.
    #[arg(long, value_name = "N", default_value_t = BLOCK_CAP as u32,
          value_parser = clap::value_parser!(u32).range(2..))]
    max_block: u32,
    /// Replace earlier output.
    #[arg(long)]
    force: bool,
    /// Refused: linking needs no key.
    #[arg(long, hide = true, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Least {
    /// Likelier than not (the default).
    Probable,
    /// 99 % sure.
    Definite,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum Competition {
    /// Each pair against the odds of its rivals (the default).
    Greedy,
    /// Each pair over all one-to-one assignments at once; two such sources only.
    Optimal,
}

impl From<Competition> for Assignment {
    fn from(competition: Competition) -> Self {
        match competition {
            Competition::Greedy => Assignment::Greedy,
            Competition::Optimal => Assignment::Optimal,
        }
    }
}

/// A key where there must be none.
#[derive(Debug, thiserror::Error)]
#[error("{}: the linkage unit must not hold a key", clean(.0))]
struct KeyOffered(PathBuf);

impl Fault for KeyOffered {
    fn class(&self) -> Class {
        Class::Refused
    }

    fn hint(&self) -> Option<String> {
        Some("linking needs no key; return the file to the agency and remove it from here".into())
    }
}

/// Refuses to go on when one of the files is a key.
pub(super) fn refuse_keys<'a>(files: impl IntoIterator<Item = &'a PathBuf>) -> Result<(), Error> {
    match files.into_iter().find(|p| is_key_file(p)) {
        Some(path) => Err(KeyOffered(path.clone()).into()),
        None => Ok(()),
    }
}

pub(crate) fn run(args: Args, printer: &Printer) -> Result<(), Error> {
    if let Some(path) = args.key_file {
        return Err(KeyOffered(path).into());
    }
    let files = args.packages.iter().chain([&args.project]).chain(&args.decisions);
    refuse_keys(files)?;
    let job = Job {
        project: Project::load(&args.project)?,
        packages: args.packages,
        out: args.out,
        previous: args.previous,
        decisions: args.decisions,
        least: match args.band {
            Least::Probable => Band::Probable,
            Least::Definite => Band::Definite,
        },
        assignment: args.assignment.into(),
        block_cap: args.max_block as usize,
        overwrite: if args.force { Overwrite::Replace } else { Overwrite::Refuse },
    };
    let linkage = Linkage::open(&job)?;
    printer.say(&format!("forecast      at most {} candidate pairs", linkage.forecast()));
    let summary = linkage.run(&printer.progress())?;
    for warning in &summary.warnings {
        printer.warn(warning);
    }
    printer.close(&summary, &told(&summary, &job))
}

/// The five lines a person wants.
fn told(s: &Summary, job: &Job) -> String {
    let rows: Vec<String> =
        s.sources.iter().map(|source| format!("{} {}", source.people, source.name)).collect();
    let linked: Vec<String> = s
        .sources
        .iter()
        .map(|source| {
            let share = 100.0 * source.linked as f64 / source.people.max(1) as f64;
            format!("{} {share:.1} %", source.name)
        })
        .collect();
    let changes = s.changes.as_ref().map_or(String::new(), |c| {
        format!(
            "\nsince before  {} kept their id, {} merged, {} split (keep/changes.csv)",
            c.kept, c.merged, c.split
        )
    });
    let decisions = s.decisions.as_ref().map_or(String::new(), |d| {
        format!(
            "\ndecisions     {} match, {} no-match; {} of unknown rows",
            d.matches, d.no_matches, d.unknown_rows
        )
    });
    let expected = match s.definite + s.probable {
        0 => String::new(),
        _ => format!(
            " (expected precision {:.1} %, recall {:.1} %)",
            100.0 * s.expected_precision,
            100.0 * s.expected_recall
        ),
    };
    let blocking = s.blocking_recall.map_or(String::new(), |share| {
        let [least, mean, most] = share.map(|share| 100.0 * share);
        format!(
            "\nmatches       {mean:.1} % share a token ({least:.1} to {most:.1} %); {} more pairs found among \
             {} by fuzzy values",
            s.pairs_found_by_scan, s.pairs_scanned
        )
    });
    format!(
        "people in     {}\n\
         compared      {} candidate pairs; model {} after {} rounds, expects {:.0} matches{blocking}\n\
         linked        {} definite, {} probable{expected}; {} possible left for review\
         {decisions}\n\
         people out    {} persons, {} of them in more than one row; linked: {}{changes}\n\
         written       {} for the analyst; pairs, those for review and {} doubtful clusters in keep",
        rows.join(", "),
        s.candidate_pairs,
        s.model.stopped,
        s.model.iterations,
        s.model.expected_matches,
        s.definite,
        s.probable,
        s.possible,
        s.persons,
        s.linked_persons,
        linked.join(", "),
        clean(&job.out.join("to-analyst")),
        s.doubtful_clusters,
    )
}
