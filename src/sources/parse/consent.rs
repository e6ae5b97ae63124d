//! `[[consent]]` of a `source.toml`: which column says what records may be used for, and when.

use toml::Spanned;

use super::date_formats;
use crate::config::{Table, repeated};
use crate::days::DateFormats;
use crate::project::{PLAIN_WORD, is_plain_word};
use crate::sources::spec::ConsentColumn;

/// A consent column; `declared` is how the source writes its dates.
pub(super) fn column(
    mut table: Table<'_>,
    declared: Option<&DateFormats>,
) -> Option<ConsentColumn> {
    let column = table.needed_text("column", "the column that says whether sharing is allowed");
    if !table.has("share") {
        table.miss("share", "the codes that allow sharing, such as `[\"1\"]`");
    }
    let lists = ["share", "partial", "refuse"].map(|key| table.texts(key).unwrap_or_default());
    let mut seen: Vec<(String, &str)> = Vec::new();
    for (list, key) in lists.iter().zip(["share", "partial", "refuse"]) {
        for code in list {
            let plain = code.get_ref().trim().to_lowercase();
            if let Some((_, other)) = seen.iter().find(|(c, k)| *c == plain && *k != key) {
                table.note_at(code, key, format!("the same code is in `{other}`"));
            }
            seen.push((plain, key));
        }
    }
    let purposes = table.texts("purposes");
    if purposes.as_ref().is_some_and(Vec::is_empty) {
        table.note(
            "purposes",
            "expected at least one purpose; without this key, it is asked always",
        );
    }
    let purposes = purposes.unwrap_or_default();
    for purpose in purposes.iter().filter(|purpose| !is_plain_word(purpose.get_ref())) {
        let found = repeated(purpose.get_ref());
        table.note_at(purpose, "purposes", format!("expected {PLAIN_WORD}, found {found}"));
    }
    let [given, until, withdrawn] =
        ["given", "until", "withdrawn"].map(|key| table.text(key).map(Spanned::into_inner));
    // These days may be still to come, so that two digits do not tell the century.
    let declared = declared.filter(|formats| !formats.has_years_of_two_digits());
    let format = date_formats(&mut table);
    if format.as_ref().is_some_and(DateFormats::has_years_of_two_digits) {
        table.note("date_format", "expected years of four digits, since these days may be to come");
    }
    let is_dated = given.is_some() || until.is_some() || withdrawn.is_some();
    if is_dated && declared.is_none() && !table.has("date_format") {
        table.miss("date_format", "how its dates are written, as `%d/%m/%Y`");
    }
    table.close();
    let [share, partial, refuse] =
        lists.map(|list| list.into_iter().map(Spanned::into_inner).collect());
    Some(ConsentColumn {
        column: column?.into_inner(),
        share,
        partial,
        refuse,
        purposes: purposes.into_iter().map(Spanned::into_inner).collect(),
        given,
        until,
        withdrawn,
        date_format: format.or(declared.cloned()).unwrap_or_default(),
    })
}
