//! `veilway slk`: add keys to an export, check a column of keys, explain one key.

use std::ffi::OsString;
use std::fmt::{self, Write as _};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{Format, Printer, UsageError};
use crate::days::DateFormats;
use crate::error::{Class, Error, Fault};
use crate::files::{self, Overwrite, Readers, STDOUT, StagedFile};
use crate::project::{Diacritics, Placeholders, Project};
use crate::slk::explain::{Explanation, explain};
use crate::slk::export::{ColumnCheck, Keyed, Sink, add_keys, check_column};
use crate::slk::{NoKey, Profile};
use crate::sources::spec::{AccuracyCode, Encoding};
use crate::sources::{Form, Input, Reject, SourceSpec, Table};
use crate::standardise::date::Accuracy;
use crate::standardise::{
    Absent, BirthDate, Name, Person, PlaceholderList, Sex, Standardiser, Value,
};

/// Set-aside rows that are shown one by one; the rest are counted.
const SHOWN_REJECTS: usize = 20;

/// What was typed.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    override_usage = "veilway slk [OPTIONS] --source <FILE> --out <FILE> <EXPORT>\n       \
                      veilway slk check <FILE> --column <NAME>\n       \
                      veilway slk explain --family <NAME> --given <NAME> --birth-date <DD/MM/YYYY>",
    after_help = "Examples:\n  \
        veilway slk agency_a.csv --source a.toml --out keyed.csv\n  \
        veilway slk check keyed.csv --column slk581\n  \
        veilway slk explain --family Smith --given John --birth-date 01/01/2017 --sex 1\n\n\
        Adds the columns slk581, slk581_profile and slk581_quality. Rows that do not have the\n\
        header's cells go to FILE.rejects.csv, by line and reason. A key is not anonymous: it\n\
        holds the birth date and sex."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
    /// The export: CSV, .xlsx, Parquet, Arrow, JSON Lines or a DEX upload, packed or not; `-` is
    /// standard input.
    #[arg(value_name = "EXPORT", required = true)]
    export: Option<OsString>,
    /// The export's description (`veilway source new` writes one).
    #[arg(long, value_name = "FILE", required = true)]
    source: Option<PathBuf>,
    /// Where the keyed export goes: a file, or `-` for standard output.
    #[arg(long, value_name = "FILE", required = true)]
    out: Option<OsString>,
    #[command(flatten)]
    reading: Reading,
    /// A project whose profile, diacritics and placeholders are used.
    #[arg(long, value_name = "FILE")]
    project: Option<PathBuf>,
    /// The day the export was made, as YYYY-MM-DD: what is in the future, and who would be
    /// older than 120, is judged on it [default: today].
    #[arg(long, value_name = "DATE")]
    as_at: Option<Date>,
    /// Replace the output when it is there already.
    #[arg(long)]
    force: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Check a column of existing keys, position by position.
    ///
    /// The exit code is 1 when a key breaks a rule of the profile. Counts only: no key is
    /// shown.
    #[command(after_help = "Example:\n  veilway slk check keyed.csv --column slk581")]
    Check(CheckArgs),
    /// Show how each character of one person's key comes about.
    ///
    /// Prints back what you type, on your own screen only.
    #[command(after_help = "Example:\n  \
        veilway slk explain --family O\\'Mara --given Jo --birth-date 19/12/2000 --sex 2")]
    Explain(ExplainArgs),
}

/// How names become letters and letters a key.
#[derive(Debug, clap::Args)]
struct Reading {
    /// Whose reading of the SLK-581 rules [default: aihw, or the project's].
    #[arg(long, value_name = "PROFILE", value_parser = profiles())]
    profile: Option<Profile>,
    /// Whether a marked letter becomes its plain one or is dropped [default: fold].
    #[arg(long, value_name = "fold|drop", value_parser = diacritics())]
    diacritics: Option<Diacritics>,
}

#[derive(Debug, clap::Args)]
struct CheckArgs {
    /// The file: CSV, .xlsx, Parquet, Arrow or JSON Lines, packed or not; `-` is standard input.
    #[arg(value_name = "FILE")]
    file: OsString,
    /// The column with the keys.
    #[arg(long, value_name = "NAME")]
    column: String,
    /// Whose reading of the SLK-581 rules.
    #[arg(long, value_name = "PROFILE", default_value = "aihw", value_parser = profiles())]
    profile: Profile,
    /// How the file's bytes become text.
    #[arg(long, value_name = "ENCODING", default_value = "utf-8", value_parser = encodings())]
    encoding: Encoding,
}

/// A person as typed. Prints as shape.
#[derive(clap::Args)]
struct ExplainArgs {
    /// The family name; leave it out when there is none.
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    family: Option<String>,
    /// The given name; leave it out when there is none.
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    given: Option<String>,
    /// The birth date as DD/MM/YYYY; leave it out when it is not known.
    #[arg(long, value_name = "DD/MM/YYYY")]
    birth_date: Option<String>,
    /// How far day, month and year can be trusted: three letters of A, E and U.
    #[arg(long, value_name = "AEU")]
    accuracy: Option<String>,
    /// The sex as a code or word; leave it out when it is not stated.
    #[arg(long, value_name = "CODE")]
    sex: Option<String>,
    #[command(flatten)]
    reading: Reading,
}

impl fmt::Debug for ExplainArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExplainArgs(..)")
    }
}

fn profiles() -> impl TypedValueParser<Value = Profile> {
    PossibleValuesParser::new(Profile::ALL.map(Profile::name)).try_map(|s| s.parse::<Profile>())
}

fn diacritics() -> impl TypedValueParser<Value = Diacritics> {
    PossibleValuesParser::new(["fold", "drop"]).map(|s| match s.as_str() {
        "drop" => Diacritics::Drop,
        _ => Diacritics::Fold,
    })
}

fn encodings() -> impl TypedValueParser<Value = Encoding> {
    PossibleValuesParser::new(Encoding::ALL.map(Encoding::name))
        .map(|s| Encoding::ALL.into_iter().find(|e| e.name() == s).unwrap_or(Encoding::Utf8))
}

/// An answer of "no" to `check`, and a key that cannot be explained.
#[derive(Debug, thiserror::Error)]
enum SlkError {
    #[error("{failed} of {keys} keys break a rule of {profile}")]
    Failed { failed: u64, keys: u64, profile: String },
    #[error("there is no {profile} key: {why}")]
    NoKey { profile: Profile, why: NoKey },
    #[error("`--accuracy`: expected three letters of A, E and U, such as AAE")]
    Accuracy,
}

impl Fault for SlkError {
    fn class(&self) -> Class {
        match self {
            SlkError::Failed { .. } | SlkError::NoKey { .. } => Class::Finding,
            SlkError::Accuracy => Class::Usage,
        }
    }
}

pub(crate) fn run(args: Args, printer: &Printer) -> Result<(), Error> {
    match &args.action {
        Some(Action::Check(args)) => run_check(args, printer),
        Some(Action::Explain(args)) => run_explain(args, printer),
        None => run_export(&args, printer),
    }
}

/// The latest date it is anywhere on earth: nobody born today is in the future, whatever
/// time zone the machine is set to.
pub(super) fn today() -> Date {
    let ahead = Timestamp::now().checked_add(SignedDuration::from_hours(14));
    ahead.unwrap_or_default().to_zoned(TimeZone::UTC).date()
}

fn run_export(args: &Args, printer: &Printer) -> Result<(), Error> {
    let (Some(export), Some(source), Some(out_arg)) = (&args.export, &args.source, &args.out)
    else {
        return Err(UsageError::Clash("expected an export, `--source` and `--out`").into());
    };
    let spec = SourceSpec::load(source)?;
    let project = args.project.as_deref().map(Project::load).transpose()?;
    let project = project.as_ref();
    let profile = args.reading.profile.or(project.map(|p| p.slk_profile)).unwrap_or(Profile::Aihw);
    let diacritics =
        args.reading.diacritics.or(project.map(|p| p.diacritics)).unwrap_or(Diacritics::Fold);
    let placeholders = project.map_or_else(Placeholders::standard, |p| p.placeholders.clone());
    if out_arg == "-" && printer.format() == Format::Json {
        return Err(UsageError::Clash(
            "`--out -` writes the export to standard output, where the JSON document would go; \
             name a file",
        )
        .into());
    }
    super::guard(out_arg.as_ref(), &[export.as_ref(), source])?;
    let input = Input::from_arg(export);
    let table = Table::open(&input, &spec.form())?;
    let as_at = args.as_at.unwrap_or_else(today);
    let standardiser = Standardiser::for_slk(&table, &spec, diacritics, &placeholders, as_at)?;
    let job = Job { table, standardiser, profile, printer };
    if out_arg == "-" {
        let mut out = Stdout(printer);
        let keyed = job.run(&mut out, Path::new(STDOUT), |_| Ok(()))?;
        report(&keyed, &spec, printer);
        return Ok(());
    }
    let overwrite = if args.force { Overwrite::Replace } else { Overwrite::Refuse };
    let target = Path::new(out_arg);
    let mut beside = out_arg.clone();
    beside.push(".rejects.csv");
    let mut out = StagedFile::create(target, Readers::Owner, overwrite)?;
    let rejects = StagedFile::create(Path::new(&beside), Readers::Owner, overwrite)?;
    let rejects_fail = |e: csv::Error| files::io_error(Path::new(&beside), "write", e.into());
    let mut rejects = csv::Writer::from_writer(rejects);
    let files = job.table.files();
    let heading = files.of_several(0).map(|_| "file").into_iter();
    let headings = heading.chain(["line", "column", "reason"]);
    rejects.write_record(headings).map_err(rejects_fail)?;
    let keyed = job.run(&mut out, target, |reject| {
        let (file, line) = (files.of_several(reject.file), reject.line.to_string());
        let column = reject.column.as_deref().unwrap_or_default();
        let cells = file.as_deref().into_iter().chain([&*line, column, &reject.reason]);
        Ok(rejects.write_record(cells).map_err(rejects_fail)?)
    })?;
    let rejects = rejects
        .into_inner()
        .map_err(|e| files::io_error(Path::new(&beside), "write", e.into_error()))?;
    // Both are on the disk before the first has its name.
    out.flush().map_err(|e| files::io_error(target, "write", e))?;
    rejects.commit()?;
    out.commit()?;
    report(&keyed, &spec, printer);
    printer.say(&format!("written: {}", files::clean(target)));
    if printer.format() == Format::Json {
        printer.result(&keyed, "")?;
    }
    Ok(())
}

/// One run over an export.
struct Job<'a> {
    table: Table,
    standardiser: Standardiser,
    profile: Profile,
    printer: &'a Printer,
}

impl Job<'_> {
    fn run(
        self,
        out: &mut dyn Write,
        shown: &Path,
        mut keep: impl FnMut(&Reject) -> Result<(), Error>,
    ) -> Result<Keyed, Error> {
        let (file, printer) = (self.table.name().to_owned(), self.printer);
        let files = self.table.files();
        let mut seen = 0;
        let rejects = |reject: &Reject| {
            seen += 1;
            if seen <= SHOWN_REJECTS {
                let Reject { line, reason, .. } = reject;
                let own = files.of_several(reject.file);
                let file = own.as_deref().unwrap_or(&file);
                printer.warn(&format!("{file} line {line}: {reason}; set aside"));
            }
            keep(reject)
        };
        let progress = printer.progress();
        let sink = Sink { out, shown };
        let keyed =
            add_keys(self.table, &self.standardiser, self.profile, sink, rejects, &progress)?;
        if seen > SHOWN_REJECTS {
            let more = seen - SHOWN_REJECTS;
            printer.warn(&format!("{file}: and {more} more rows set aside"));
        }
        Ok(keyed)
    }
}

/// Standard output as the printer sees it, so that a closed pipe is nobody's fault.
struct Stdout<'a>(&'a Printer);

impl Write for Stdout<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.data(bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn report(keyed: &Keyed, spec: &SourceSpec, printer: &Printer) {
    let Keyed { profile, rows, keys, without_key, set_aside, quality, birth_dates } = keyed;
    birth_dates.warning(spec).iter().for_each(|warning| printer.warn(warning));
    printer.say(&format!("rows: {rows}"));
    printer.say(&format!("with a key ({profile}): {keys}"));
    printer.say(&format!("without a key: {without_key}"));
    printer.say(&format!("set aside: {set_aside}"));
    let list: Vec<String> = quality.iter().map(|(code, n)| format!("{code} {n}")).collect();
    printer.say(&format!("quality: {}", list.join(", ")));
}

fn run_check(args: &CheckArgs, printer: &Printer) -> Result<(), Error> {
    let input = Input::from_arg(&args.file);
    let table = Table::open(&input, &Form::of(args.encoding))?;
    let sum = check_column(table, &args.column, args.profile, &printer.progress())?;
    printer.result(&sum, &check_text(&sum))?;
    if sum.failed == 0 {
        return Ok(());
    }
    let keys = sum.rows - sum.empty - sum.set_aside;
    Err(SlkError::Failed { failed: sum.failed, keys, profile: sum.profile }.into())
}

fn check_text(sum: &ColumnCheck) -> String {
    let mut text = String::new();
    let lines = [
        ("rows", sum.rows),
        ("well-formed", sum.well_formed),
        ("digests", sum.digests),
        ("empty", sum.empty),
        ("failed", sum.failed),
        ("set aside", sum.set_aside),
    ];
    let _ = writeln!(text, "profile      {}", sum.profile);
    for (what, n) in lines {
        let _ = writeln!(text, "{what:<12} {n}");
    }
    for defect in &sum.defects {
        let at = match defect.position {
            0 => defect.part.to_owned(),
            position => format!("position {position} ({})", defect.part),
        };
        let (reason, keys, line) = (&defect.reason, defect.keys, defect.first_line);
        let _ = writeln!(text, "{keys:>8}  {at} {reason}; first on line {line}");
    }
    text
}

fn run_explain(args: &ExplainArgs, printer: &Printer) -> Result<(), Error> {
    if args.family.is_none() && args.given.is_none() && args.birth_date.is_none() {
        return Err(UsageError::Clash("expected `--family`, `--given` and `--birth-date`").into());
    }
    let list = PlaceholderList::new(&Placeholders::standard());
    let diacritics = args.reading.diacritics.unwrap_or(Diacritics::Fold);
    let profile = args.reading.profile.unwrap_or(Profile::Aihw);
    if let Some(cell) = &args.accuracy
        && Accuracy::read(AccuracyCode::Aeu, cell).is_none()
    {
        return Err(SlkError::Accuracy.into());
    }
    let accuracy = args.accuracy.as_deref().map(|cell| (AccuracyCode::Aeu, cell));
    let date = args.birth_date.as_deref().unwrap_or_default();
    let name =
        |text: &Option<String>| Name::read(text.as_deref().unwrap_or_default(), diacritics, &list);
    let person = Person {
        family: name(&args.family),
        given: name(&args.given),
        birth: BirthDate::read(date, &DateFormats::named("%d/%m/%Y"), today(), accuracy, &list),
        sex: Sex::read(args.sex.as_deref().unwrap_or_default()),
        others: Vec::new(),
        slk: Value::Missing(Absent::Empty),
    };
    let explanation = explain(&person, profile).map_err(|why| SlkError::NoKey { profile, why })?;
    printer.result(&explanation, &explain_text(&explanation))
}

fn explain_text(explanation: &Explanation) -> String {
    let mut text = format!("{}  ({})\n\n", explanation.key, explanation.profile);
    for step in &explanation.steps {
        let _ = writeln!(text, "{:>4}  {}  {}", step.position, step.character, step.because);
    }
    let _ = writeln!(text, "\nquality: {}", explanation.quality);
    text
}
