//! A table of clients or events as its agency has it: the cells of Common Dataset items, and
//! those of columns that are called as DEX elements are. Takes headings and rows; decides
//! nothing.

use std::collections::HashMap;

use jiff::civil::Date;

use super::columns::Columns;
use super::dictionary::Dictionary;
use super::record::Days;
use super::{Standard, Wording, dex};
use crate::days::DateFormats;
use crate::sources::{self, Row, SourceSpec, Table, day, plain};

/// The columns of an open table. Prints as shape.
#[derive(Debug)]
pub(crate) struct Extract {
    dictionary: &'static Dictionary,
    common: Columns,
    /// Place of each item in the dictionary.
    items: HashMap<&'static str, usize>,
    elements: HashMap<&'static str, usize>,
    days: Days,
    /// Whether dates were declared for the whole file.
    is_declared: bool,
}

impl Extract {
    /// Finds the columns of these items and elements. `described` is what the agency says of the
    /// table.
    ///
    /// # Errors
    /// When a column that is described is not there, or there is none of an item or element.
    pub(crate) fn new(
        table: &Table,
        described: Option<&SourceSpec>,
        date_format: Option<&DateFormats>,
        as_at: Date,
        items: &[&'static str],
        elements: &[&'static str],
    ) -> Result<Extract, sources::Error> {
        let dictionary = Dictionary::of(Standard::CommonDataset, Wording::Corrected);
        let common = Columns::any(table, described, Standard::CommonDataset, dictionary)?;
        let items = items.iter().filter_map(|id| Some((*id, dictionary.place(id)?))).collect();
        let has = |element: &str, heading: &String| dex::forms(heading).contains(&plain(element));
        let place = |element: &&'static str| {
            table.header().iter().position(|heading| has(element, heading))
        };
        let elements: HashMap<_, _> =
            elements.iter().filter_map(|element| Some((*element, place(element)?))).collect();
        if common.items() == 0 && elements.is_empty() {
            let (file, columns) = (table.name().to_owned(), table.header().len());
            return Err(sources::Error::NoHeadings { file, columns });
        }
        let standard = DateFormats::named(Standard::CommonDataset.date_format());
        let of = |said: Option<&DateFormats>| date_format.or(said).unwrap_or(&standard).clone();
        let birth = described.filter(|source| source.columns.contains_key("birth_date"));
        let events = described.and_then(|source| source.events.as_ref());
        let days = Days {
            birth: of(birth.map(|source| &source.date_format)),
            other: of(events
                .map(|events| &events.date_format)
                .or(birth.map(|source| &source.date_format))),
            as_at,
            birth_item: dictionary.place("1.3.1"),
            start_item: None,
        };
        let is_declared = date_format.is_some();
        Ok(Extract { dictionary, common, items, elements, days, is_declared })
    }

    /// Whether there is a column of an element, or of an item.
    pub(crate) fn has(&self, element: &str, item: &str) -> bool {
        let of_item = self.items.get(item).is_some_and(|item| !self.common.of(*item).is_empty());
        self.elements.contains_key(element) || of_item
    }

    /// What a column says that is called as an element is.
    pub(crate) fn element<'r>(&self, row: &'r Row, element: &str) -> &'r str {
        self.elements.get(element).map_or("", |place| row.cell(*place))
    }

    /// The code or the text of an item; codes as the dictionary has them.
    pub(crate) fn item<'s>(&'s self, row: &'s Row, item: &str) -> &'s str {
        self.items(row, item).into_iter().next().unwrap_or_default()
    }

    /// Every value of an item.
    pub(crate) fn items<'s>(&'s self, row: &'s Row, item: &str) -> Vec<&'s str> {
        let Some(&place) = self.items.get(item) else { return Vec::new() };
        let described = &self.dictionary.items[place];
        let cells = self.common.of(place).iter().map(|column| {
            let cell = row.cell(column.place);
            column.codes.get(&cell.to_lowercase()).map_or(cell, String::as_str)
        });
        let values = cells.flat_map(|cell| described.values(cell)).filter(|v| !v.is_empty());
        values.map(|value| described.code(value).map_or(value, |code| &code.code)).collect()
    }

    /// The day of an element, or else of an item, as an upload writes it; empty where neither
    /// says anything, and as it stands where it is no day, for whoever judges it.
    pub(crate) fn day(&self, row: &Row, element: &str, item: &str) -> String {
        let declared = |cell: &str| match self.items.get(item) {
            Some(&place) => self.days.parse(place, cell),
            None => self.days.parse(usize::MAX, cell),
        };
        match self.element(row, element) {
            "" => self.days(row, item).into_iter().next().unwrap_or_default(),
            cell if self.is_declared => told(declared(cell), cell),
            cell => cell.to_owned(),
        }
    }

    /// Every day of an item, as [`Extract::day`].
    pub(crate) fn days(&self, row: &Row, item: &str) -> Vec<String> {
        let Some(&place) = self.items.get(item) else { return Vec::new() };
        let cells = self.items(row, item).into_iter();
        cells.map(|cell| told(self.days.parse(place, cell), cell)).collect()
    }
}

/// A day as read in the declared form, or else as a typed cell of a workbook is written.
fn told(read: Option<Date>, cell: &str) -> String {
    let read = read.or_else(|| day(cell).map(|moment| moment.date()));
    read.map_or_else(|| cell.to_owned(), |day| day.to_string())
}
