//! `veilway explain`.

use std::path::PathBuf;

use super::Printer;
use super::link::{Competition, refuse_keys};
use crate::error::{Class, Error, Fault};
use crate::ids::RowId;
use crate::link::BLOCK_CAP;
use crate::link::explain::{
    Explanation, Finding, GroupWeight, Known, Likeness, MatchKeys, Outcome, Question, Rivals,
    Weights, explain, pairs,
};
use crate::project::Project;

/// Explain why two rows were taken for one person, or not: the weight of the pair, part by part.
///
/// For the linkage unit, with the packages and settings of a run of `link`: the same model is
/// fitted. Shows row ids and names of match keys, and no value.
#[derive(Debug, clap::Args)]
#[command(
    group = clap::ArgGroup::new("which").required(true).multiple(true),
    after_help = "Example:\n  veilway explain a/to-linkage-unit/agency-a.package.arrow \\\n      \
    b/to-linkage-unit/agency-b.package.arrow --project project.toml \\\n      \
    --pairs links/keep/clerical.csv\n\n\
    Each bar begins where the one before it ends; bits are added up, and one bit doubles the odds."
)]
pub(crate) struct Args {
    /// The packages of the agencies, as they were given to `link`.
    #[arg(required = true, value_name = "PACKAGE")]
    packages: Vec<PathBuf>,
    /// The linkage agreement.
    #[arg(long, value_name = "FILE")]
    project: PathBuf,
    /// The ids of two rows, as in `keep/pairs.csv`; may be given several times.
    #[arg(long, num_args = 2, value_names = ["ROW_ID", "ROW_ID"], group = "which")]
    rows: Vec<String>,
    /// A file of pairs: `keep/clerical.csv`, `keep/pairs.csv`, or any CSV with their columns
    /// row_id_a and row_id_b.
    #[arg(long, value_name = "FILE", group = "which")]
    pairs: Option<PathBuf>,
    /// As given to `link`.
    #[arg(long, value_name = "FILE")]
    decisions: Option<PathBuf>,
    /// As given to `link`.
    #[arg(long, value_enum, default_value_t = Competition::Greedy)]
    assignment: Competition,
    /// As given to `link`.
    #[arg(long, value_name = "N", default_value_t = BLOCK_CAP as u32,
          value_parser = clap::value_parser!(u32).range(2..))]
    max_block: u32,
}

/// Something else where a row id must be; what it was is not repeated.
#[derive(Debug, thiserror::Error)]
#[error("--rows: id {0} is no row id; expected 32 hexadecimal digits, with hyphens or without")]
struct NotARowId(usize);

impl Fault for NotARowId {
    fn class(&self) -> Class {
        Class::Usage
    }

    fn hint(&self) -> Option<String> {
        Some("copy row ids from keep/pairs.csv or keep/clerical.csv; record numbers stay at the agencies".into())
    }
}

pub(crate) fn run(args: Args, printer: &Printer) -> Result<(), Error> {
    let files = args.packages.iter().chain([&args.project]).chain(&args.decisions);
    refuse_keys(files.chain(&args.pairs))?;
    let mut asked = Vec::new();
    for (i, two) in args.rows.chunks_exact(2).enumerate() {
        asked.push([row_id(&two[0], 2 * i + 1)?, row_id(&two[1], 2 * i + 2)?]);
    }
    if let Some(file) = &args.pairs {
        asked.extend(pairs(file)?);
    }
    let question = Question {
        project: Project::load(&args.project)?,
        packages: args.packages,
        decisions: args.decisions,
        assignment: args.assignment.into(),
        block_cap: args.max_block as usize,
        pairs: asked,
    };
    let explanations = explain(&question, &printer.progress())?;
    let texts: Vec<String> = explanations.iter().map(text).collect();
    let text = match texts.is_empty() {
        true => "no pairs to explain\n".to_owned(),
        false => texts.join("\n\n"),
    };
    printer.result(&explanations, &text)
}

fn row_id(typed: &str, place: usize) -> Result<RowId, NotARowId> {
    typed.replace('-', "").parse().map_err(|_| NotARowId(place))
}

fn text(e: &Explanation) -> String {
    let mut text = String::new();
    for (letter, row) in ["a", "b"].iter().zip(&e.rows) {
        let row_name = format!("row {letter}");
        text += &format!("{row_name:MARGIN$}{}  {}\n", row.row_id, row.source);
    }
    text += &keys_text(&e.match_keys);
    if e.found != Finding::MatchKeys {
        text += &format!("\n{}\n", found_text(e.found));
    }
    if let Some(weights) = &e.weights {
        text += &format!("\n{}", waterfall(weights));
    }
    if let Some(outcome) = &e.outcome {
        text += &format!("\n{}", outcome_text(outcome, e));
    }
    text
}

/// Names of keys are wrapped at this width.
const WIDTH: usize = 96;
/// What stands before the text of a line.
const MARGIN: usize = 17;

fn keys_text(keys: &MatchKeys) -> String {
    let mut text = String::new();
    for (what, names) in [
        ("keys that agree", &keys.agree),
        ("that differ", &keys.differ),
        ("that a lacks", &keys.lacking_a),
        ("that b lacks", &keys.lacking_b),
        ("that both lack", &keys.lacking_both),
        ("too common", &keys.too_common),
    ] {
        let is_first = what == "keys that agree";
        if names.is_empty() && !is_first {
            continue;
        }
        let mut line = format!("{what:MARGIN$}");
        if names.is_empty() {
            line += "none";
        }
        for name in names {
            if line.len() > MARGIN && line.len() + 1 + name.len() > WIDTH {
                text += &format!("{}\n", line.trim_end());
                line = " ".repeat(MARGIN);
            }
            line += &format!("{name} ");
        }
        text += &format!("{}\n", line.trim_end());
    }
    text
}

fn found_text(found: Finding) -> &'static str {
    match found {
        Finding::MatchKeys => "found by match keys",
        Finding::FuzzyValues => "no match key agrees; found by fuzzy values alone",
        Finding::NoFuzzyValues => {
            "no candidate: no match key agrees, and the agreement has no fuzzy values to find it by"
        }
        Finding::FuzzyValueLacking => {
            "no candidate: no match key agrees, and a row has no fuzzy value to find it by"
        }
        Finding::OneSource => {
            "no candidate: no match key agrees, and fuzzy values find pairs of two sources only"
        }
        Finding::Linked => {
            "no candidate: no match key agrees, and a row has a probable link with the other's \
             source,\nso fuzzy values were not asked"
        }
        Finding::Unlike => {
            "no candidate: no match key agrees, and the fuzzy values are no more alike than those \
             of any two\npeople"
        }
        Finding::NotAllCompared => {
            "no candidate: no match key agrees, and too many people are left over to compare all \
             of them by\nfuzzy values"
        }
    }
}

/// How many characters the bars have.
const BARS: usize = 32;

/// One line for each part, with a bar from the sum before it to the sum after it.
fn waterfall(weights: &Weights) -> String {
    let level = weights
        .likeness
        .level
        .map_or("not compared".to_owned(), |level| format!("level {level} of {}", Likeness::MOST));
    let mut lines: Vec<(&str, f64, String)> = Vec::new();
    if let Some(start) = weights.start {
        lines.push(("start", start, "expected matches over pairs of people".to_owned()));
    }
    lines.extend(weights.groups.iter().map(|g| (g.group.as_str(), g.bits, known_text(g))));
    if weights.start.is_some() {
        let why = "tokens let out or withheld, as others have them";
        lines.push(("rarity", weights.rarity, why.to_owned()));
    }
    lines.push(("likeness", weights.likeness.bits, level));
    if weights.alone != 0.0 {
        let why = "each person is held once, so few others are left to be the match";
        lines.push(("held once", weights.alone, why.to_owned()));
    }
    let mut sum = 0.0;
    let sums: Vec<f64> = std::iter::once(0.0)
        .chain(lines.iter().map(|(_, bits, _)| {
            sum += bits;
            sum
        }))
        .collect();
    let least = sums.iter().copied().fold(0.0, f64::min);
    let most = sums.iter().copied().fold(0.0, f64::max);
    let place = |sum: f64| match most - least {
        span if span > 0.0 => ((sum - least) / span * BARS as f64).round() as usize,
        _ => 0,
    };
    let name_width = lines.iter().map(|(name, ..)| name.len()).max().unwrap_or(0).max(MARGIN - 1);
    let mut text = format!("{:name_width$} {:>8}\n", "", "bits");
    for ((name, bits, what), ends) in lines.iter().zip(sums.windows(2)) {
        let (from, to) = (place(ends[0]), place(ends[1]));
        let (sign, begin, end) = if to < from { ("-", to, from) } else { ("+", from, to) };
        let mut bar = " ".repeat(begin) + &sign.repeat(end - begin);
        if begin == end {
            bar.push('|');
        }
        text += &format!("{name:name_width$} {}  {bar:<w$}  {what}\n", signed(*bits), w = BARS + 1);
    }
    let total = signed(weights.total);
    let what = match weights.start {
        Some(_) => "of groups, rarity and likeness, as in pairs.csv",
        None => "log2 of the odds, as in pairs.csv",
    };
    text + &format!("{:name_width$} {total}  {what}\n", "weight")
}

fn signed(bits: f64) -> String {
    let shown = format!("{bits:+.2}");
    let shown = if shown == "-0.00" || shown == "+0.00" { "0.00" } else { &shown };
    format!("{shown:>8}")
}

fn known_text(group: &GroupWeight) -> String {
    let list = |names: &[String]| names.join(", ");
    let differs = match group.differs.is_empty() {
        true => String::new(),
        false => format!("; differs: {}", list(&group.differs)),
    };
    match group.known {
        Known::AgreesInFull => "agrees in full".to_owned(),
        Known::AgreesInPart => format!("agrees: {}{differs}", list(&group.agrees)),
        Known::NamesCrossed => "the names are each other's".to_owned(),
        Known::DiffersInFull => "differs in full".to_owned(),
        Known::Differs if differs.is_empty() => "differs in some part".to_owned(),
        Known::Differs => format!("differs: {}", list(&group.differs)),
        Known::Unclear => "unclear: keys that differ hold it and others".to_owned(),
        Known::Unknown => "unknown".to_owned(),
    }
}

fn outcome_text(outcome: &Outcome, e: &Explanation) -> String {
    let mut text = String::new();
    let Some(odds) = outcome.odds else {
        let decision = outcome.decision.unwrap_or_default();
        return format!("{:MARGIN$}{decision}, by a person\n", "decided");
    };
    let why = match odds {
        0.0 => ": the match keys contradict each other",
        _ if outcome.most_odds => ", as high as odds are told apart",
        _ => "",
    };
    text += &format!("{:MARGIN$}{}{why}\n", "odds by itself", odds_text(odds));
    for (what, rivals, other) in [
        ("rivals of a", &outcome.rivals[0], &e.rows[1]),
        ("rivals of b", &outcome.rivals[1], &e.rows[0]),
    ] {
        text += &format!("{what:MARGIN$}{}\n", rivals_text(rivals, other.source.as_str()));
    }
    let band = outcome.band.map_or("less than possible", |band| band.name());
    text + &format!("{:MARGIN$}{:.6}, {band}\n", "probability", outcome.probability)
}

fn rivals_text(rivals: &Rivals, source: &str) -> String {
    let odds = odds_text(rivals.odds);
    match rivals {
        Rivals { pairs: 0, .. } => format!("no other pair with {source}"),
        Rivals { compete: true, pairs, .. } => {
            format!("{pairs} with {source}, odds {odds} in all")
        }
        Rivals { compete: false, pairs, .. } => {
            format!("{pairs} with {source}, not counted: it may hold a person twice")
        }
    }
}

/// Odds to three digits or so.
fn odds_text(odds: f64) -> String {
    let number = |n: f64| match n {
        n if n >= 1e7 => format!("{n:.1e}"),
        n if n >= 100.0 => format!("{n:.0}"),
        n => format!("{n:.1}"),
    };
    match odds {
        odds if odds >= 1.0 => format!("{} to 1", number(odds)),
        odds if odds > 0.0 => format!("1 to {}", number(1.0 / odds)),
        _ => "none".to_owned(),
    }
}
