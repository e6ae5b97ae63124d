//! A whole export against a standard: streams through the file, and counts what it finds by
//! item and rule. Memory follows the number of records where records are compared, by a
//! digest each.

use jiff::civil::Date;
use rayon::prelude::*;
use serde::Serialize;

use super::cell::profiles;
use super::checker::{Checker, Places};
use super::columns::Columns;
use super::coverage::Coverage;
use super::dex::Period;
use super::dictionary::Dictionary;
use super::fact::{Fact, Facts};
use super::findings::{Fill, Tally};
use super::item::{Kind, Need};
use super::record::Days;
use super::rule::Rule;
use super::{Standard, Wording, dex, page, structure};
use crate::days::DateFormats;
use crate::error::{Class, Fault};
use crate::progress::Progress;
use crate::project::Placeholders;
use crate::slk::Profile;
use crate::sources::spec::Encoding;
use crate::sources::upload::List;
use crate::sources::{self, Form, Input, Row, SourceSpec, Table, Whom};
use crate::standardise::PlaceholderList;

/// Rows read in one go, and rows of one piece of parallel work: neither depends on the number
/// of threads.
const BATCH: usize = 1 << 14;
const PIECE: usize = 1 << 10;

/// What an export is held against, and how it is read.
#[derive(Debug, Clone)]
pub struct Job {
    /// The standard.
    pub standard: Standard,
    /// How its document is read.
    pub wording: Wording,
    /// The export's description, where it has one.
    pub source: Option<SourceSpec>,
    /// How dates are written; else as the description says, or else as the standard has it.
    pub date_format: Option<DateFormats>,
    /// The half-year that sessions are of (DEX).
    pub period: Option<Period>,
    /// The day of the extract: dates after it are in the future.
    pub as_at: Date,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The standard, with its version.
    pub standard: &'static str,
    /// Whether the document's known defects were put right, or its own wording was kept.
    pub wording: &'static str,
    /// The file.
    pub file: String,
    /// Data rows in the file.
    pub rows: u64,
    /// Rows that do not have the header's cells.
    pub set_aside: u64,
    /// Rows of which something was found by themselves.
    pub rows_with_findings: u64,
    /// How many findings there are.
    pub found: u64,
    /// What was found, by item and rule.
    pub findings: Vec<Finding>,
    /// How each item that has a column is filled.
    pub items: Vec<Filled>,
    /// What a DEX file covers.
    pub coverage: Option<Coverage>,
    /// How many items have no column.
    pub items_without_column: usize,
    /// How many columns are no item's.
    pub columns_not_known: usize,
    /// Their headings; none where one of them may be data.
    pub headings_not_known: Vec<String>,
}

/// One rule that one item breaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The item; empty for whole rows.
    pub item: String,
    /// Its title.
    pub name: String,
    /// Its column, where it has one.
    pub column: Option<String>,
    /// The rule.
    pub rule: &'static str,
    /// The rule in words.
    pub text: String,
    /// What the standard expects, where that says more.
    pub expected: Option<String>,
    /// How many records break it.
    pub count: u64,
    /// The first lines where.
    pub lines: Vec<u64>,
}

/// How an item is filled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Filled {
    /// The item.
    pub item: String,
    /// Its title.
    pub name: String,
    /// Its column.
    pub column: String,
    /// Records with an answer, with a code for none, and with nothing.
    #[serde(flatten)]
    pub fill: Fill,
}

/// An answer of "no", and a page that could not be laid out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Something was found.
    #[error("{file}: {found} findings against {standard}")]
    Found {
        /// The file.
        file: String,
        /// How many.
        found: u64,
        /// The standard.
        standard: &'static str,
    },
    /// The page's template failed.
    #[error("the page could not be laid out")]
    Layout,
}

impl Fault for Error {
    fn class(&self) -> Class {
        match self {
            Error::Found { .. } => Class::Finding,
            Error::Layout => Class::Internal,
        }
    }
}

impl Report {
    /// Nothing was found.
    ///
    /// # Errors
    /// When something was.
    pub fn pass(&self) -> Result<(), Error> {
        match self.found {
            0 => Ok(()),
            found => Err(Error::Found { file: self.file.clone(), found, standard: self.standard }),
        }
    }

    /// The report as one HTML page that stands alone.
    ///
    /// # Errors
    /// When it cannot be laid out.
    pub fn html(&self) -> Result<String, Error> {
        page::html(self)
    }
}

/// Holds every record of a table against a standard.
///
/// # Errors
/// When a column that the source describes is not there, no heading is known, or the table
/// cannot be read on.
pub fn validate(mut table: Table, job: &Job, progress: &Progress) -> Result<Report, crate::Error> {
    let mut run = Run::new(job);
    let columns = Columns::find(&table, job.source.as_ref(), job.standard, run.dictionary)?;
    missing_columns(run.dictionary, &columns, None, &mut run.tally);
    let name = table.name().to_owned();
    run.table(&mut table, &columns, None, progress)?;
    Ok(run.report(name, &columns))
}

/// Holds every list of upload files against DEX, and the lists against each other.
///
/// # Errors
/// When a file cannot be read on.
pub fn validate_upload(
    input: &Input,
    job: &Job,
    progress: &Progress,
) -> Result<Report, crate::Error> {
    let job = &Job { source: None, ..job.clone() };
    let mut run = Run::new(job);
    structure::check(input, run.dictionary, &mut run.tally)?;
    let mut all = Vec::new();
    for list in List::ALL {
        let mut form = Form::of(Encoding::Utf8);
        form.sheet = Some(list.name().to_owned());
        form.whom = Whom::Everybody;
        let mut table = match Table::open(input, &form) {
            // An upload may leave out any list.
            Err(sources::Error::NoRows { .. }) => continue,
            table => table?,
        };
        let columns = Columns::any(&table, None, job.standard, run.dictionary)?;
        let part = match list {
            List::Clients => Some(dex::CLIENT),
            List::Cases => Some(dex::CASE),
            List::Sessions => Some(dex::SESSION),
            List::SessionAssessments | List::ClientAssessments => None,
        };
        if part.is_some() {
            missing_columns(run.dictionary, &columns, part, &mut run.tally);
        }
        run.table(&mut table, &columns, Some(list), progress)?;
        all.push(columns);
    }
    let columns = Columns::join(all, run.dictionary.items.len());
    Ok(run.report(crate::files::clean(input.shown()), &columns))
}

/// Tables being held against a standard.
struct Run<'j> {
    job: &'j Job,
    dictionary: &'static Dictionary,
    days: Days,
    placeholders: PlaceholderList,
    tally: Tally,
    facts: Facts,
    rows: u64,
    set_aside: u64,
}

impl<'j> Run<'j> {
    fn new(job: &'j Job) -> Self {
        let dictionary = Dictionary::of(job.standard, job.wording);
        Run {
            job,
            dictionary,
            days: job.days(&Places::of(job.standard, dictionary)),
            placeholders: PlaceholderList::new(&Placeholders::standard()),
            tally: Tally::of(dictionary.items.len()),
            facts: Facts::default(),
            rows: 0,
            set_aside: 0,
        }
    }

    /// Judges the rows of a table.
    fn table(
        &mut self,
        table: &mut Table,
        columns: &Columns,
        list: Option<List>,
        progress: &Progress,
    ) -> Result<(), crate::Error> {
        let job = self.job;
        let checker = Checker {
            standard: job.standard,
            dictionary: self.dictionary,
            columns,
            days: &self.days,
            profiles: match job.standard {
                Standard::CommonDataset => profiles(job.wording),
                Standard::Dex => &[Profile::Dex],
            },
            period: job.period,
            placeholders: &self.placeholders,
            list,
            places: Places::of(job.standard, self.dictionary),
        };
        let mut batch = table.next_batch(BATCH)?;
        progress.begin("checking records", table.about_rows(batch.len()));
        while !batch.is_empty() {
            let (parts, next) = rayon::join(
                || {
                    let pieces = batch.rows.par_chunks(PIECE);
                    pieces.map(|rows| piece(&checker, rows)).collect::<Vec<_>>()
                },
                || table.next_batch(BATCH),
            );
            for (part, said) in parts {
                self.tally.append(part);
                self.facts.take(said, &mut self.tally);
            }
            for reject in &batch.rejects {
                self.tally.note(None, Rule::Unreadable, reject.line);
            }
            self.rows += batch.len() as u64;
            self.set_aside += batch.rejects.len() as u64;
            progress.advance(batch.len() as u64);
            batch = next?;
        }
        progress.end();
        Ok(())
    }

    fn report(self, file: String, columns: &Columns) -> Report {
        let Run { job, dictionary, days, mut tally, facts, rows, set_aside, .. } = self;
        let coverage = (job.standard == Standard::Dex).then(|| facts.coverage());
        facts.conclude(&mut tally);
        let is_word = |heading: &String| heading.contains(char::is_alphabetic);
        let are_words = columns.unknown.iter().all(is_word);
        Report {
            standard: dictionary.title,
            wording: match (job.standard, job.wording) {
                (Standard::CommonDataset, Wording::Corrected) => "known defects put right",
                (Standard::CommonDataset, Wording::AsWritten) => "as written",
                (Standard::Dex, _) => "elements as public exporters write them",
            },
            file,
            rows,
            set_aside,
            rows_with_findings: tally.records,
            found: tally.count(),
            findings: findings(dictionary, columns, &days, &tally),
            items: filled(dictionary, columns, &tally),
            coverage,
            items_without_column: dictionary.items.len() - columns.items(),
            columns_not_known: columns.unknown.len(),
            headings_not_known: if are_words { columns.unknown.clone() } else { Vec::new() },
        }
    }
}

impl Job {
    fn days(&self, places: &Places) -> Days {
        let standard = || DateFormats::named(self.standard.date_format());
        let source = self.source.as_ref();
        let described = |said: Option<&DateFormats>| {
            self.date_format.clone().or_else(|| said.cloned()).unwrap_or_else(standard)
        };
        let events = source.and_then(|source| source.events.as_ref());
        let birth = source.filter(|source| source.columns.contains_key("birth_date"));
        let birth = birth.map(|source| &source.date_format);
        Days {
            birth: described(birth),
            other: described(events.map(|events| &events.date_format).or(birth)),
            as_at: self.as_at,
            birth_item: places.birth,
            start_item: places.start,
        }
    }
}

fn piece(checker: &Checker<'_>, rows: &[Row]) -> (Tally, Vec<Fact>) {
    let mut tally = Tally::of(checker.dictionary.items.len());
    let mut facts = Vec::new();
    rows.iter().for_each(|row| checker.check(row, &mut tally, &mut facts));
    (tally, facts)
}

/// Items that every record must have and no column has, of the parts that the file has, or of
/// one part.
fn missing_columns(
    dictionary: &Dictionary,
    columns: &Columns,
    only: Option<usize>,
    tally: &mut Tally,
) {
    let has = |item: usize| !columns.of(item).is_empty();
    let has_part = |part: usize| {
        let Some(id) = dictionary.parts[part].id else { return true };
        let items = dictionary.items.iter().enumerate();
        let mut own = items.filter(|(at, item)| item.part == part && *at != id);
        own.any(|(at, _)| has(at))
    };
    for (place, item) in dictionary.items.iter().enumerate() {
        let needed = match item.need {
            _ if only.is_some_and(|only| only != item.part) => false,
            Need::Always => has_part(item.part),
            Need::Unless(_) => true,
            Need::WhereAsked | Need::Never => false,
        };
        if needed && !has(place) {
            tally.note(Some(place), Rule::MissingColumn, 0);
        }
    }
    for (item, _) in &columns.second {
        tally.note(Some(*item), Rule::SecondColumn, 0);
    }
}

fn findings(
    dictionary: &Dictionary,
    columns: &Columns,
    days: &Days,
    tally: &Tally,
) -> Vec<Finding> {
    let found = tally.found().map(|(place, rule, places)| {
        let item = place.map(|place| &dictionary.items[place]);
        let column = place.and_then(|place| match rule {
            Rule::SecondColumn => {
                let mut second = columns.second.iter().filter(|(item, _)| *item == place);
                second.next().map(|(_, heading)| heading.clone())
            }
            _ => columns.of(place).first().map(|column| column.heading.clone()),
        });
        Finding {
            item: item.map(|item| item.id.clone()).unwrap_or_default(),
            name: item.map(|item| item.name.clone()).unwrap_or_default(),
            column,
            rule: rule.code(),
            text: rule.to_string(),
            expected: place.and_then(|place| expected(dictionary, days, place, rule)),
            count: places.count,
            lines: places.lines.clone(),
        }
    });
    found.collect()
}

/// What the standard expects of an item, where a rule alone does not say it.
fn expected(dictionary: &Dictionary, days: &Days, place: usize, rule: Rule) -> Option<String> {
    let item = &dictionary.items[place];
    match rule {
        Rule::Type if item.kind == Kind::Date => Some(format!("a date as {}", days.format(place))),
        Rule::Type | Rule::TooLong | Rule::Code | Rule::Range => Some(item.expected()),
        Rule::MustBeFilled | Rule::MustBeEmpty | Rule::MustBeCode => {
            item.condition.as_ref().map(|condition| condition.text.clone())
        }
        _ => None,
    }
}

fn filled(dictionary: &Dictionary, columns: &Columns, tally: &Tally) -> Vec<Filled> {
    let items = dictionary.items.iter().enumerate();
    let with_column = items.filter_map(|(place, item)| {
        let column = columns.of(place).first()?.heading.clone();
        let fill = tally.fill[place];
        Some(Filled { item: item.id.clone(), name: item.name.clone(), column, fill })
    });
    with_column.collect()
}
