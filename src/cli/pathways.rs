//! `veilway pathways`.

use std::path::PathBuf;

use jiff::civil::Date;

use super::slk::today;
use super::{Printer, UsageError};
use crate::disclosure::{Profile, Protection, Threshold};
use crate::error::Error;
use crate::files::{Overwrite, clean};
use crate::pathways::study::Study;
use crate::pathways::{self, Record, Settings, without_events};
use crate::report;

/// What was typed.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  veilway pathways --map links --events a/to-analyst/agency-a.events.csv \\\n      \
    b/to-analyst/agency-b.events.csv --out pathways\n\nWrites OUT/release (protected tables and report.html, fit to \
    publish) and OUT/keep\n(journeys, one line a step: not for release)."
)]
pub(crate) struct Args {
    /// Folder of maps: what `veilway link` wrote, or its `to-analyst` folder.
    #[arg(long, value_name = "DIR")]
    map: PathBuf,
    /// Event files (`<source>.events.csv`), as `veilway deidentify` wrote them.
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    events: Vec<PathBuf>,
    /// Folder to write; appears whole or not at all.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Whose rule says how many people a published count must stand for.
    #[arg(long, value_enum, default_value_t = Rule::Abs)]
    profile: Rule,
    /// Least number of people that a published count may stand for (default: the profile's).
    #[arg(long, value_name = "N",
          value_parser = clap::value_parser!(u32).range(i64::from(Threshold::FLOOR)..=1000))]
    threshold: Option<u32>,
    /// How counts are protected.
    #[arg(long, value_enum, default_value_t = Protect::Suppress)]
    protect: Protect,
    /// Release key of an earlier run, so that the same people get the same noise (default: the
    /// one in OUT/keep, or a new one).
    #[arg(long, value_name = "FILE")]
    release_key: Option<PathBuf>,
    /// Last day that the extract covers, not after today (default: the latest date in the
    /// events; ends in the future, such as 9999-12-31, are none).
    #[arg(long, value_name = "YYYY-MM-DD")]
    extract_date: Option<Date>,
    /// Study file (study.toml): rules, whom to count, and what to measure.
    #[arg(long, value_name = "FILE")]
    study: Option<PathBuf>,
    /// Episodes of one program with at most so many days between them are one (default: what
    /// the study file says, or 0).
    #[arg(long, value_name = "DAYS")]
    merge_gap: Option<u16>,
    /// Replace the output folder if it is there.
    #[arg(long)]
    force: bool,
}

/// `--profile`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Rule {
    /// Ten people: the output rule of the ABS DataLab.
    Abs,
    /// Five people: the rule of the AIHW.
    Aihw,
}

impl From<Rule> for Profile {
    fn from(rule: Rule) -> Self {
        match rule {
            Rule::Abs => Profile::Abs,
            Rule::Aihw => Profile::Aihw,
        }
    }
}

/// `--protect`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Protect {
    /// Withhold small counts, and those that tell of them.
    Suppress,
    /// Round every count at random to a multiple of 3.
    Round,
    /// Move every count at random by up to 5.
    Perturb,
}

impl Args {
    fn protection(&self) -> Result<Protection, Error> {
        let key = || pathways::release_key(self.release_key.as_deref(), &self.out);
        match self.protect {
            Protect::Suppress if self.release_key.is_some() => {
                Err(UsageError::Clash("`--release-key` is for `--protect round` or `perturb`")
                    .into())
            }
            Protect::Suppress => Ok(Protection::Suppress),
            Protect::Round => Ok(Protection::Round(key()?)),
            Protect::Perturb => Ok(Protection::Perturb(key()?)),
        }
    }
}

/// The threshold that two flags come to.
pub(super) fn threshold(profile: Rule, people: Option<u32>) -> Threshold {
    people.map_or_else(|| Profile::from(profile).threshold(), Threshold::new)
}

pub(crate) fn run(args: Args, printer: &Printer) -> Result<(), Error> {
    let mut study = args.study.as_deref().map(Study::read).transpose()?.unwrap_or_default();
    study.rules.merge_gap = args.merge_gap.unwrap_or(study.rules.merge_gap);
    let settings = Settings {
        threshold: threshold(args.profile, args.threshold),
        protection: args.protection()?,
        extract: args.extract_date,
        today: today(),
        study,
    };
    let overwrite = if args.force { Overwrite::Replace } else { Overwrite::Refuse };
    report::check(&args.out, overwrite)?;
    let analysis = pathways::analyse(&args.map, &args.events, &settings, &printer.progress())?;
    report::write(&analysis, &args.out, overwrite)?;
    let record = &analysis.record;
    let rejects = clean(&args.out.join("keep/rejects.csv"));
    for (count, what) in [
        (
            record.events_set_aside,
            format!("not usable, and set aside; lines and reasons in {rejects}"),
        ),
        (record.events_not_in_maps, "of no row of the maps, and left out".to_owned()),
        (record.events_after_extract, "after the extract date, and left out".to_owned()),
    ] {
        if count > 0 {
            printer.warn(&format!("{count} of {} events: {what}", record.events_read));
        }
    }
    if record.ends_in_future > 0 {
        printer.warn(&format!(
            "{} of {} events: with an end in the future (9999-12-31, say), and so taken as open",
            record.ends_in_future, record.events_read
        ));
    }
    if !record.sources_without_events.is_empty() {
        printer.warn(&without_events(&record.sources_without_events));
    }
    printer.close(record, &summary(record, &clean(&args.out.join("release/report.html"))))
}

fn summary(r: &Record, report: &str) -> String {
    format!(
        "events    {} read, {} used as {} episodes\n\
         people    {} with a journey, of {} in the maps\n\
         programs  {}\n\
         counts    {}\n\
         report    {report}",
        r.events_read,
        r.events_read
            - r.events_set_aside
            - r.assessments
            - r.events_not_in_maps
            - r.events_after_extract,
        r.episodes,
        r.people,
        r.people_in_maps,
        r.programs,
        match r.protection {
            "round" => format!("{} printed, each rounded at random to a multiple of 3", r.cells),
            "perturb" => format!("{} printed, each moved at random by up to 5", r.cells),
            _ => format!(
                "{} printed: {} withheld as small, {} to protect those",
                r.cells - r.withheld_small - r.withheld_to_protect,
                r.withheld_small,
                r.withheld_to_protect
            ),
        },
    )
}
