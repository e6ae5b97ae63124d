//! `veilway link`.

use std::path::{Path, PathBuf};

use jiff::civil::Date;

use super::Printer;
use crate::deidentify::inhouse;
use crate::error::{Class, Error, Fault};
use crate::files::{Overwrite, clean};
use crate::ids::Band;
use crate::key::is_key_file;
use crate::link::{Assignment, BLOCK_CAP, Job, Linkage, Mode, Summary};
use crate::project::Project;
use crate::sources::{Input, SourceSpec};

/// Link packages into a map per source: which rows are one person.
///
/// Needs no key and sees no name. Give two packages or more, of different sources; one
/// package alone is searched for people it holds twice.
///
/// With --clear, a custodian links its own exports in-house, by names and dates as they
/// stand: the output is the same, and belongs where the exports are.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  veilway link a/to-linkage-unit/agency-a.package.arrow \\\n      \
    b/to-linkage-unit/agency-b.package.arrow --project project.toml --out links\n  \
    veilway link --clear agency_a.csv agency_b.csv --source a.toml --source b.toml \\\n      \
    --project project.toml --out links\n\n\
    Pairs too doubtful to link are in OUT/keep/clerical.csv. Write `match` or `no-match` into\n\
    its last column where you know, and give the file to the next run with --decisions."
)]
pub(crate) struct Args {
    /// The packages of the agencies; with --clear, the exports.
    #[arg(required = true, value_name = "PACKAGE")]
    inputs: Vec<PathBuf>,
    /// Link exports with names, in-house.
    #[arg(long)]
    clear: bool,
    /// With --clear, the description of each export, in the order of the exports.
    #[arg(long, value_name = "FILE", requires = "clear")]
    source: Vec<PathBuf>,
    /// With --clear, the agency's own key for row ids; without it, the one in OUT/keep/ or in
    /// the earlier run's, or a new one.
    #[arg(long, value_name = "FILE", requires = "clear")]
    agency_key: Option<PathBuf>,
    /// With --clear, the day the exports were made, as YYYY-MM-DD: consent that has days is
    /// judged on it, and dates after it are in the future [default of the latter: today].
    #[arg(long, value_name = "DATE", requires = "clear")]
    as_at: Option<Date>,
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
    /// The most people with one token (or value) that are compared with each other.
    #[arg(long, value_name = "N", default_value_t = BLOCK_CAP as u32,
          value_parser = clap::value_parser!(u32).range(2..))]
    max_block: u32,
    /// How much memory tokens and pairs may fill, such as 800M or 4G; what is more goes to the
    /// disk of --out, encrypted. What is known of each person (some 150 bytes) and of each
    /// different observation comes on top [default: a quarter of what there is].
    #[arg(long, value_name = "SIZE", value_parser = super::memory::amount, conflicts_with = "clear")]
    memory: Option<usize>,
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

/// Inputs that are not what they should be.
#[derive(Debug, thiserror::Error)]
enum WrongInput {
    /// A key where there must be none.
    #[error("{}: the linkage unit must not hold a key", clean(.0))]
    KeyOffered(PathBuf),
    /// A key where an export or the agreement is due.
    #[error("{}: is a key", clean(.0))]
    KeyForExport(PathBuf),
    /// Exports that do not have one description each.
    #[error("exports: {exports}, descriptions: {sources}; expected one --source for each export")]
    Unpaired { exports: usize, sources: usize },
    /// A package where an export is due.
    #[error("{}: is a package; with --clear, expected an export", clean(.0))]
    PackageForExport(PathBuf),
}

impl Fault for WrongInput {
    fn class(&self) -> Class {
        match self {
            WrongInput::KeyOffered(_) | WrongInput::KeyForExport(_) => Class::Refused,
            WrongInput::Unpaired { .. } | WrongInput::PackageForExport(_) => Class::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            WrongInput::KeyOffered(_) => {
                "linking needs no key; return the file to the agency and remove it from here"
            }
            WrongInput::KeyForExport(_) => "`link --clear` needs no key; name the exports",
            WrongInput::Unpaired { .. } => {
                "`veilway source new EXPORT` proposes a description of an export"
            }
            WrongInput::PackageForExport(_) => "leave out --clear to link packages",
        };
        Some(hint.into())
    }
}

/// Refuses to go on when one of the files is a key.
pub(super) fn refuse_keys<'a>(files: impl IntoIterator<Item = &'a PathBuf>) -> Result<(), Error> {
    match files.into_iter().find(|p| is_key_file(p)) {
        Some(path) => Err(WrongInput::KeyOffered(path.clone()).into()),
        None => Ok(()),
    }
}

pub(crate) fn run(args: Args, printer: &Printer) -> Result<(), Error> {
    if let Some(path) = args.key_file {
        return Err(WrongInput::KeyOffered(path).into());
    }
    let files = args.inputs.iter().chain([&args.project]).chain(&args.decisions);
    match files.clone().find(|p| args.clear && is_key_file(p)) {
        Some(path) => return Err(WrongInput::KeyForExport(path.clone()).into()),
        None => refuse_keys(files)?,
    }
    let project = Project::load(&args.project)?;
    let least = match args.band {
        Least::Probable => Band::Probable,
        Least::Definite => Band::Definite,
    };
    let assignment = args.assignment.into();
    let block_cap = args.max_block as usize;
    let overwrite = if args.force { Overwrite::Replace } else { Overwrite::Refuse };
    let out = args.out.clone();
    let summary = if args.clear {
        let (exports, sources) = (args.inputs.len(), args.source.len());
        if exports != sources {
            return Err(WrongInput::Unpaired { exports, sources }.into());
        }
        let is_package = |path: &&PathBuf| path.to_string_lossy().ends_with(".package.arrow");
        if let Some(path) = args.inputs.iter().find(is_package) {
            return Err(WrongInput::PackageForExport(path.clone()).into());
        }
        let sources = args.source.iter().map(|path| SourceSpec::load(path));
        let sources = sources.collect::<Result<Vec<_>, _>>()?;
        let job = inhouse::Job {
            exports: args.inputs.iter().map(Input::from_arg).zip(sources).collect(),
            project,
            out: args.out,
            agency_key: args.agency_key,
            previous: args.previous,
            least,
            assignment,
            decisions: args.decisions,
            block_cap,
            overwrite,
            today: super::slk::today(),
            as_at: args.as_at,
        };
        inhouse::run(&job, &printer.progress())?
    } else {
        let job = Job {
            project,
            packages: args.inputs,
            out: args.out,
            previous: args.previous,
            least,
            assignment,
            decisions: args.decisions,
            block_cap,
            memory: super::memory::limit(args.memory),
            overwrite,
        };
        let linkage = Linkage::open(&job)?;
        printer.say(&format!("forecast      at most {} candidate pairs", linkage.forecast()));
        linkage.run(&printer.progress())?
    };
    for warning in &summary.warnings {
        printer.warn(warning);
    }
    printer.close(&summary, &told(&summary, &out))
}

/// The five lines a person wants.
fn told(s: &Summary, out: &Path) -> String {
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
            "\nsince before  {} kept their id, {} merged, {} split (keep/changes.csv); {} are new, \
             {} are gone",
            c.kept, c.merged, c.split, c.new, c.gone
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
    let [least, blocked, most] = s.blocking_recall.map(|share| 100.0 * share);
    let scanned = match s.pairs_found_by_scan {
        0 => String::new(),
        found => format!("; {found} more pairs found by their fuzzy values"),
    };
    let clear = match s.mode {
        Mode::Encoded => "",
        Mode::Clear => {
            "in the clear  compared by names and dates; keep holds record numbers and stays here\n"
        }
    };
    format!(
        "{clear}people in     {}\n\
         compared      {} candidate pairs; model {} after {} rounds, expects {:.0} matches\n\
         found         {blocked:.1} % of matches share a token ({least:.1} to {most:.1} %){scanned}\n\
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
        clean(&out.join("to-analyst")),
        s.doubtful_clusters,
    )
}
