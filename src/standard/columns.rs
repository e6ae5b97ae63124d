//! Which column of an export is which item: by the source's own description, by an item's
//! number in the heading, by its title, or by a usual spelling of it. Takes headings, never a
//! cell.

use std::collections::{BTreeMap, HashMap};

use super::dictionary::Dictionary;
use super::item::{Item, Values};
use super::{Standard, dex};
use crate::sources::spec::AccuracyCode;
use crate::sources::{Error, SourceSpec, Table, item_number, plain, usual_heading};

/// The columns of an open table.
#[derive(Debug)]
pub(super) struct Columns {
    /// Of each item, in the order of the dictionary.
    of: Vec<Vec<Column>>,
    /// Headings that are no item's.
    pub(super) unknown: Vec<String>,
    /// Items of one value with a column more, and its heading.
    pub(super) second: Vec<(usize, String)>,
}

/// One column.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) place: usize,
    pub(super) heading: String,
    /// What the source's description says its codes mean; in lower case.
    pub(super) codes: HashMap<String, String>,
}

impl Columns {
    /// Finds the columns of an open table.
    ///
    /// # Errors
    /// When a column that the source describes is not there, or no heading is known: the first
    /// line may then be data.
    pub(super) fn find(
        table: &Table,
        source: Option<&SourceSpec>,
        standard: Standard,
        dictionary: &Dictionary,
    ) -> Result<Columns, Error> {
        let columns = Columns::any(table, source, standard, dictionary)?;
        if columns.of.iter().all(Vec::is_empty) {
            let (file, columns) = (table.name().to_owned(), table.header().len());
            return Err(Error::NoHeadings { file, columns });
        }
        Ok(columns)
    }

    /// As [`Columns::find`], of a table that may have none of them.
    ///
    /// # Errors
    /// When a column that the source describes is not there.
    pub(super) fn any(
        table: &Table,
        source: Option<&SourceSpec>,
        standard: Standard,
        dictionary: &Dictionary,
    ) -> Result<Columns, Error> {
        let mut finder = Finder { table, dictionary, of: Vec::new(), free: BTreeMap::new() };
        finder.of.resize_with(dictionary.items.len(), Vec::new);
        finder.free = table.header().iter().map(String::as_str).enumerate().collect();
        let mut second = Vec::new();
        if let Some(source) = source {
            finder.described(source, standard)?;
        }
        finder.numbered(&mut second);
        finder.titled(standard, &mut second);
        finder.usual();
        let unknown = finder.free.values().filter(|h| !h.is_empty()).map(|&h| h.to_owned());
        let unknown = unknown.collect();
        Ok(Columns { of: finder.of, unknown, second })
    }

    /// The columns of several tables as those of one; of an item, those of the first that has it.
    pub(super) fn join(all: Vec<Columns>, items: usize) -> Columns {
        let mut joined = Columns { of: Vec::new(), unknown: Vec::new(), second: Vec::new() };
        joined.of.resize_with(items, Vec::new);
        for columns in all {
            for (own, other) in joined.of.iter_mut().zip(columns.of) {
                if own.is_empty() {
                    *own = other;
                }
            }
            joined.unknown.extend(columns.unknown);
            joined.second.extend(columns.second);
        }
        joined
    }

    /// The columns of an item.
    pub(super) fn of(&self, item: usize) -> &[Column] {
        &self.of[item]
    }

    /// How many items have a column.
    pub(super) fn items(&self) -> usize {
        self.of.iter().filter(|columns| !columns.is_empty()).count()
    }
}

struct Finder<'a> {
    table: &'a Table,
    dictionary: &'a Dictionary,
    of: Vec<Vec<Column>>,
    /// Columns that are no item's yet.
    free: BTreeMap<usize, &'a str>,
}

impl Finder<'_> {
    fn give(&mut self, item: usize, place: usize, codes: HashMap<String, String>) {
        let heading = self.table.header()[place].clone();
        self.of[item].push(Column { place, heading, codes });
        self.free.remove(&place);
    }

    /// Gives a column to the first of these items that can take it; else notes that it is one
    /// too many.
    fn give_one(&mut self, items: &[usize], place: usize, second: &mut Vec<(usize, String)>) {
        let takes = |item: &&usize| {
            self.of[**item].is_empty() || self.dictionary.items[**item].values == Values::Several
        };
        match (items.iter().find(takes), items.first()) {
            (Some(&item), _) => self.give(item, place, HashMap::new()),
            (None, Some(&item)) => {
                self.free.remove(&place);
                second.push((item, self.table.header()[place].clone()));
            }
            (None, None) => {}
        }
    }

    /// What `source.toml` says.
    fn described(&mut self, source: &SourceSpec, standard: Standard) -> Result<(), Error> {
        let events = source.events.as_ref();
        let estimated = source
            .accuracy
            .as_ref()
            .filter(|a| a.code == AccuracyCode::Estimated)
            .map(|a| &a.column);
        let field = |name: &str| source.columns.get(name);
        // The item of the Common Dataset, the element of DEX, the column.
        let described = [
            ("1.7.1", "ClientId", Some(&source.record_id), ""),
            ("1.2.3", "FamilyName", field("family_name"), "family_name"),
            ("1.2.1", "GivenName", field("given_name"), "given_name"),
            ("1.3.1", "BirthDate", field("birth_date"), "birth_date"),
            ("1.3.2", "IsBirthDateAnEstimate", estimated, ""),
            ("1.4.1", "GenderCode", field("sex"), "sex"),
            ("1.5.6", "Suburb", field("suburb"), "suburb"),
            ("1.5.7", "Postcode", field("postcode"), "postcode"),
            ("1.5.8", "StateCode", field("state"), "state"),
            ("1.7.2", "Slk", source.slk581.as_ref(), ""),
            ("4.1.1", "SessionDate", events.map(|e| &e.start), ""),
            ("4.1.4", "EndDate", events.and_then(|e| e.end.as_ref()), ""),
        ];
        let mut asked = Vec::new();
        for (item, element, column, field) in described {
            let id = if standard == Standard::Dex { element } else { item };
            let Some(column) = column else { continue };
            // Events may be in a file of their own.
            let is_event = ["4.1.1", "4.1.4", "SessionDate", "EndDate"].contains(&id);
            if is_event && self.table.column(column).is_err() {
                continue;
            }
            if let Some(item) = self.dictionary.place(id) {
                asked.push((item, column.as_str(), field));
            }
        }
        let places = self.table.columns(asked.iter().map(|(_, column, _)| *column))?;
        for ((item, _, field), place) in asked.into_iter().zip(places) {
            let codes = source.codes.get(field).into_iter().flatten();
            let codes = codes.map(|(code, means)| (code.trim().to_lowercase(), means.clone()));
            self.give(item, place, codes.collect());
        }
        Ok(())
    }

    /// Headings that begin with an item's number.
    fn numbered(&mut self, second: &mut Vec<(usize, String)>) {
        for (place, heading) in self.free.clone() {
            let (Some(number), _) = item_number(heading) else { continue };
            let is_it = |item: &Item| item.usual.as_deref() == Some(number.as_str());
            if let Some(item) = self.dictionary.items.iter().position(is_it) {
                self.give_one(&[item], place, second);
            }
        }
    }

    /// Headings that are an item's title. Several items may have one title.
    fn titled(&mut self, standard: Standard, second: &mut Vec<(usize, String)>) {
        for (place, heading) in self.free.clone() {
            let forms = match standard {
                Standard::CommonDataset => vec![plain(heading)],
                Standard::Dex => dex::forms(heading),
            };
            let titled: Vec<usize> = forms
                .iter()
                .map(|form| self.having(form))
                .find(|items| !items.is_empty())
                .unwrap_or_default();
            if !titled.is_empty() {
                self.give_one(&titled, place, second);
            }
        }
    }

    fn having(&self, form: &str) -> Vec<usize> {
        let items = self.dictionary.items.iter().enumerate();
        let has = |spellings: &[String]| spellings.iter().any(|spelling| spelling == form);
        items.filter(|(_, item)| has(&item.spellings)).map(|(at, _)| at).collect()
    }

    /// Items that are still without a column take one of a usual heading.
    fn usual(&mut self) {
        for item in 0..self.of.len() {
            if !self.of[item].is_empty() {
                continue;
            }
            let usual = self.dictionary.items[item].usual.as_deref();
            if let Some(place) = usual.and_then(|of| usual_heading(of, &self.free)) {
                self.give(item, place, HashMap::new());
            }
        }
    }
}
