//! Items about violence (Common Dataset 3.5) and the rows of people who use it stay at the
//! agency: no column of them is mapped or kept, and no such row becomes a record or an event.

use super::Error;
use crate::sources::spec::AliasColumns;
use crate::sources::{Row, SourceSpec, Table};
use crate::standard::{Item, is_about_violence, is_of_perpetrator, perpetrator_item};

/// Refuses a description that would have the linkage unit or the analyst get such a column.
///
/// # Errors
/// The first that is named.
pub(super) fn check_columns(source: &SourceSpec) -> Result<(), Error> {
    let mapped = source.columns.keys().flat_map(|field| {
        source.columns_of(field).map(move |column| (format!("columns.{field}"), column))
    });
    let keys = source.slk581.iter().map(|column| ("columns.slk581".to_owned(), column));
    let aliases = source.aliases.iter().flat_map(|alias| {
        let AliasColumns { family_name, given_name, slk581 } = alias;
        let parts = [("family_name", family_name), ("given_name", given_name), ("slk581", slk581)];
        parts
            .into_iter()
            .filter_map(|(part, column)| Some((format!("aliases.{part}"), column.as_ref()?)))
    });
    let events = source.events.iter().flat_map(|events| {
        let keys = [("events.start", Some(&events.start)), ("events.end", events.end.as_ref())];
        let program = ("events.program", events.program.column());
        let kept = events.keep.iter().map(|column| ("events.keep", Some(column)));
        let all = keys.into_iter().chain([program]).chain(kept);
        all.filter_map(|(key, column)| Some((key.to_owned(), column?)))
    });
    match mapped
        .chain(keys)
        .chain(aliases)
        .chain(events)
        .find(|(_, column)| is_about_violence(column))
    {
        Some((key, column)) => Err(Error::Violence { key, column: column.clone() }),
        None => Ok(()),
    }
}

/// The columns of a table that tell whether a row is of a person who uses violence.
#[derive(Debug)]
pub(super) struct Perpetrators(Vec<(usize, String, &'static Item)>);

impl Perpetrators {
    /// Finds the columns; most tables have none.
    pub(super) fn new(table: &Table) -> Self {
        let headings = table.header().iter().enumerate();
        let found = headings.filter_map(|(place, heading)| {
            Some((place, heading.clone(), perpetrator_item(heading)?))
        });
        Perpetrators(found.collect())
    }

    /// The column by which a row stays at the agency, and why, in words that do not say more
    /// than the rule.
    pub(super) fn find(&self, row: &Row) -> Option<(&str, String)> {
        let of_one =
            |(place, _, item): &&(usize, String, &Item)| is_of_perpetrator(item, row.cell(*place));
        let (_, column, item) = self.0.iter().find(of_one)?;
        Some((column, format!("stays at the agency, by item {} of the Common Dataset", item.id)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_about_violence_is_refused_at_every_key() {
        let head = "[source]\nname = \"a\"\nrecord_id = \"id\"\n[columns]\n\
                    family_name = \"surname\"\n";
        let alias = |part: &str| format!("[[aliases]]\n{part} = \"perpetrator\"\n");
        for (key, rest) in [
            ("columns.address", "address = [\"addr\", \"perpetrator address\"]\n".to_owned()),
            ("columns.slk581", "slk581 = \"3.5.2\"\n".to_owned()),
            ("aliases.family_name", alias("family_name")),
            ("aliases.given_name", alias("given_name")),
            ("aliases.slk581", alias("slk581")),
        ] {
            let source = SourceSpec::parse(&format!("{head}{rest}"), "a.toml").expect("a source");
            let refused = check_columns(&source).expect_err(key);
            assert!(refused.to_string().contains(&format!("`{key}` names column")), "{refused}");
        }
        let source = SourceSpec::parse(&format!("{head}{}", alias("family_name")), "a.toml");
        let mut source = source.expect("a source");
        source.aliases[0].family_name = Some("maiden name".to_owned());
        assert!(check_columns(&source).is_ok());
    }
}
