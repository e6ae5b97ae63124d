//! One row as a record of a standard: the cells of its items, and what they tell.

use jiff::civil::Date;

use super::columns::{Column, Columns};
use super::condition::Told;
use super::dictionary::Dictionary;
use super::item::{Kind, Values};
use super::rule::Rule;
use crate::days::{DateFormats, NoDay};
use crate::sources::Row;

/// Earlier years are typing errors.
const OLDEST_YEAR: i16 = 1900;

/// How dates are written, and the day that they are judged on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Days {
    /// The format of birth dates.
    pub(super) birth: DateFormats,
    /// The format of all others.
    pub(super) other: DateFormats,
    /// The day of the extract.
    pub(super) as_at: Date,
    /// The items that conditions and ages hang on.
    pub(super) birth_item: Option<usize>,
    pub(super) start_item: Option<usize>,
}

impl Days {
    /// The format of an item.
    pub(super) fn format(&self, item: usize) -> &DateFormats {
        if Some(item) == self.birth_item { &self.birth } else { &self.other }
    }

    /// The day that a cell says, whenever it was.
    pub(super) fn parse(&self, item: usize, cell: &str) -> Option<Date> {
        self.parsed(item, cell).ok()
    }

    /// The day that a cell says, or the rule it breaks.
    pub(super) fn read(&self, item: usize, cell: &str) -> Result<Date, Rule> {
        let date = self.parsed(item, cell)?;
        if date > self.as_at {
            return Err(Rule::Future);
        }
        if date.year() < OLDEST_YEAR {
            return Err(Rule::TooOld);
        }
        Ok(date)
    }

    fn parsed(&self, item: usize, cell: &str) -> Result<Date, Rule> {
        self.format(item).read(cell, self.as_at).map_err(|why| match why {
            NoDay::OtherForm => Rule::Type,
            NoDay::NotInCalendar => Rule::NoSuchDay,
        })
    }
}

/// A row, read as a record.
pub(super) struct Record<'a> {
    pub(super) row: &'a Row,
    pub(super) columns: &'a Columns,
    pub(super) dictionary: &'a Dictionary,
    pub(super) days: &'a Days,
}

impl<'a> Record<'a> {
    /// The first filled cell of an item.
    pub(super) fn cell(&self, item: usize) -> &'a str {
        let cells = self.columns.of(item).iter().map(|column| self.in_column(column));
        cells.into_iter().find(|cell| !cell.is_empty()).unwrap_or_default()
    }

    /// As [`Record::cell`], of an item that the dictionary may not have.
    pub(super) fn cell_of(&self, item: Option<usize>) -> &'a str {
        item.map_or("", |item| self.cell(item))
    }

    /// Every value of an item.
    pub(super) fn values(&self, item: usize) -> Vec<&'a str> {
        let described = &self.dictionary.items[item];
        let columns = self.columns.of(item).iter();
        match described.values {
            Values::One => vec![self.cell(item)].into_iter().filter(|c| !c.is_empty()).collect(),
            Values::Several => {
                columns.flat_map(|column| described.values(self.in_column(column))).collect()
            }
        }
    }

    /// The day of an item, where it is one that can be.
    pub(super) fn date(&self, item: Option<usize>) -> Option<Date> {
        let item = item?;
        let cell = self.cell(item);
        if cell.is_empty() { None } else { self.days.read(item, cell).ok() }
    }

    fn in_column(&self, column: &'a Column) -> &'a str {
        let cell = self.row.cell(column.place);
        if column.codes.is_empty() {
            return cell;
        }
        column.codes.get(&cell.to_lowercase()).map_or(cell, String::as_str)
    }
}

impl Told for Record<'_> {
    fn codes(&self, item: usize) -> Option<Vec<&str>> {
        let described = &self.dictionary.items[item];
        let values = self.values(item);
        if values.is_empty() {
            return None;
        }
        if described.kind != Kind::Code {
            return Some(values);
        }
        values.iter().map(|value| described.code(value).map(|code| code.code.as_str())).collect()
    }

    fn answers(&self, item: usize) -> bool {
        let described = &self.dictionary.items[item];
        self.values(item)
            .iter()
            .any(|value| described.code(value).is_none_or(|code| code.meaning.is_answer()))
    }

    fn present(&self, item: usize) -> Option<bool> {
        match self.columns.of(item) {
            [] => None,
            _ => Some(!self.cell(item).is_empty()),
        }
    }

    fn number(&self, item: usize) -> Option<u32> {
        self.cell(item).parse().ok()
    }

    fn ages(&self) -> Option<(Date, Date)> {
        let born = self.date(self.days.birth_item)?;
        Some((born, self.date(self.days.start_item).unwrap_or(self.days.as_at)))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_day_is_read_in_its_declared_form_only() {
        let read = |format: &str, cell: &str| {
            let days = Days {
                birth: DateFormats::named(format),
                other: DateFormats::named("%Y"),
                as_at: date(2026, 7, 1),
                birth_item: Some(3),
                start_item: None,
            };
            days.read(3, cell)
        };
        let day = Ok(date(1999, 12, 31));
        for (format, cell, expected) in [
            ("%d%m%Y", "31121999", day),
            ("%Y%m%d", "19991231", day),
            ("%d%m%Y", "3112999", Err(Rule::Type)),
            ("%d%m%Y", "311219990", Err(Rule::Type)),
            ("%d%b%Y", "31Dec1999", day),
            ("%d/%m/%Y", "31/12/1999", day),
            ("%d/%m/%Y", "31/2/1999", Err(Rule::NoSuchDay)),
            ("%d/%m/%Y", "12/31/1999", Err(Rule::Type)),
            ("%Y-%m-%dT%H:%M:%S", "1999-12-31T00:00:00", day),
            ("%Y-%m-%d", "2026-07-02", Err(Rule::Future)),
            ("%Y-%m-%d", "1899-12-31", Err(Rule::TooOld)),
        ] {
            assert_eq!(read(format, cell), expected, "{format} {cell}");
        }
    }
}
