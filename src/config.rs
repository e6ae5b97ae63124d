//! Reading TOML settings so that one run reports every mistake, each with its line.
//!
//! Takes the text of a settings file, gives typed values through a [`Table`] that collects
//! what is wrong: syntax, unknown keys (with the closest known one), missing keys, wrong
//! types and bad values. Never stops at the first, and never reads a file itself.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use jiff::civil::Date;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::{Class, Fault};
use crate::files::clean_text;

/// More mistakes than this are counted, not printed: the file is something else.
const SHOWN: usize = 20;

/// Longer words of a file are not repeated in a message.
const REPEATED: usize = 60;

/// What is wrong with a settings file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Every mistake of one file, in the order of its lines.
    #[error("{}", Listed(.file, .mistakes))]
    Mistakes {
        /// The file, as shown to the person.
        file: String,
        /// At least one.
        mistakes: Vec<Mistake>,
    },
}

impl Fault for Error {
    fn class(&self) -> Class {
        Class::Usage
    }

    fn hint(&self) -> Option<String> {
        let Error::Mistakes { mistakes, .. } = self;
        let (fix, it) = match mistakes.len() {
            1 => ("correct the line", "it"),
            _ => ("correct each line", "them"),
        };
        Some(format!("{fix}; the comments that `veilway` wrote into the file explain {it}"))
    }
}

/// One mistake of a settings file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// The line, from 1; `None` where something is missing that has no place yet.
    pub line: Option<usize>,
    /// What was expected and what was found.
    pub text: String,
}

struct Listed<'a>(&'a str, &'a [Mistake]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Listed(file, mistakes) = self;
        for (i, mistake) in mistakes.iter().take(SHOWN).enumerate() {
            let gap = if i == 0 { "" } else { "\n" };
            match mistake.line {
                Some(line) => write!(f, "{gap}{file} line {line}: {}", mistake.text)?,
                None => write!(f, "{gap}{file}: {}", mistake.text)?,
            }
        }
        if mistakes.len() > SHOWN {
            write!(f, "\n{file}: and {} more mistakes", mistakes.len() - SHOWN)?;
        }
        Ok(())
    }
}

/// Reads one settings file: `build` takes what it needs from the root table, and leaves
/// `None` only where it noted why.
///
/// # Errors
/// Every mistake found, when there is one.
pub fn read<T>(
    text: &str,
    file: &str,
    build: impl FnOnce(&mut Table<'_>) -> Option<T>,
) -> Result<T, Error> {
    let (document, syntax) = DeTable::parse_recoverable(text);
    let sink = Sink::new(text);
    let mut broken = BTreeSet::new();
    for e in &syntax {
        let line = e.span().map(|span| sink.line(span.start));
        broken.insert(line);
        sink.found.borrow_mut().push(Mistake { line, text: e.message().replace('\n', "; ") });
    }
    let mut root = Table::new(&sink, String::new(), None, document.get_ref());
    let built = build(&mut root);
    // What was built of a broken file did not look at all that is there.
    if syntax.is_empty() {
        root.close();
    }
    let mut mistakes = sink.found.into_inner();
    if !syntax.is_empty() {
        // What a broken line should have said is not known: neither call it missing nor
        // repeat what is left of it.
        let (spoken, read) = mistakes.split_at(syntax.len());
        let whole = |m: &&Mistake| m.line.is_some() && !broken.contains(&m.line);
        mistakes = spoken.iter().chain(read.iter().filter(whole)).cloned().collect();
    }
    mistakes.sort();
    mistakes.dedup();
    match built {
        Some(value) if mistakes.is_empty() => Ok(value),
        _ => {
            if mistakes.is_empty() {
                mistakes.push(Mistake { line: None, text: "cannot be read".to_owned() });
            }
            Err(Error::Mistakes { file: clean_text(file), mistakes })
        }
    }
}

/// Where the mistakes go, and how a byte becomes a line.
struct Sink {
    starts: Vec<usize>,
    found: RefCell<Vec<Mistake>>,
}

impl Sink {
    fn new(text: &str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1);
        Sink { starts: std::iter::once(0).chain(ends).collect(), found: RefCell::default() }
    }

    fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at)
    }

    fn note(&self, at: Option<usize>, text: String) {
        let line = at.map(|at| self.line(at));
        self.found.borrow_mut().push(Mistake { line, text });
    }
}

/// One table of a settings file, read key by key; every key read is a known one, and
/// [`Table::close`] reports the others.
pub struct Table<'t> {
    sink: &'t Sink,
    path: String,
    at: Option<usize>,
    entries: Vec<Entry<'t>>,
    known: Vec<String>,
    missing: Vec<(String, &'static str)>,
}

struct Entry<'t> {
    key: &'t str,
    at: usize,
    value: &'t Spanned<DeValue<'t>>,
    taken: bool,
}

impl fmt::Debug for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Table({}, {} keys)", self.path, self.entries.len())
    }
}

impl<'t> Table<'t> {
    fn new(sink: &'t Sink, path: String, at: Option<usize>, table: &'t DeTable<'t>) -> Self {
        let mut entries: Vec<Entry<'t>> = table
            .iter()
            .map(|(key, value)| Entry {
                key: key.get_ref(),
                at: key.span().start,
                value,
                taken: false,
            })
            .collect();
        entries.sort_by_key(|e| e.at);
        Table { sink, path, at, entries, known: Vec::new(), missing: Vec::new() }
    }

    /// The keys of the table, in the order of the file.
    pub fn keys(&self) -> Vec<String> {
        self.entries.iter().map(|e| e.key.to_owned()).collect()
    }

    /// Notes a mistake of one key of this table (its line where the key is there).
    pub fn note(&self, key: &str, text: impl fmt::Display) {
        let at = self.entries.iter().find(|e| e.key == key).map(|e| e.at).or(self.at);
        self.sink.note(at, format!("{}: {text}", self.named(key)));
    }

    /// Notes a mistake at a value that was read.
    pub fn note_at<T>(&self, value: &Spanned<T>, key: &str, text: impl fmt::Display) {
        self.sink.note(Some(value.span().start), format!("{}: {text}", self.named(key)));
    }

    /// Notes that a key is needed; said by [`Table::close`], unless an unknown key of the
    /// table is plainly meant to be it.
    pub fn miss(&mut self, key: &str, what: &'static str) {
        self.missing.push((key.to_owned(), what));
    }

    /// A text, where the key is there; blank text is a mistake.
    pub fn text(&mut self, key: &str) -> Option<Spanned<String>> {
        let text = self.any_text(key)?;
        if text.get_ref().trim().is_empty() {
            self.note_at(&text, key, "expected a text, found an empty one");
            return None;
        }
        Some(text)
    }

    /// A text that may be blank, where the key is there.
    pub fn any_text(&mut self, key: &str) -> Option<Spanned<String>> {
        let value = self.take(key)?;
        self.as_text(key, value)
    }

    /// A text that must be there; `what` says what it is.
    pub fn needed_text(&mut self, key: &str, what: &'static str) -> Option<Spanned<String>> {
        if !self.has(key) {
            self.known.push(key.to_owned());
            self.miss(key, what);
            return None;
        }
        self.text(key)
    }

    /// A text that parses, where the key is there; `expected` says what would.
    pub fn parsed<T: FromStr>(&mut self, key: &str, expected: &str) -> Option<T> {
        let text = self.text(key)?;
        let parsed = text.get_ref().parse().ok();
        if parsed.is_none() {
            let found = repeated(text.get_ref());
            self.note_at(&text, key, format!("expected {expected}, found {found}"));
        }
        parsed
    }

    /// One of a closed list of words, where the key is there.
    pub fn choice<T: Copy>(&mut self, key: &str, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text(key)?;
        if let Some((_, value)) = choices.iter().find(|(word, _)| *word == text.get_ref()) {
            return Some(*value);
        }
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let message = format!(
            "expected {}, found {}{}",
            one_of(&words),
            repeated(text.get_ref()),
            did_you_mean(text.get_ref(), &words)
        );
        self.note_at(&text, key, message);
        None
    }

    /// A whole number within a range, where the key is there.
    pub fn integer(&mut self, key: &str, range: RangeInclusive<u32>) -> Option<u32> {
        let value = self.take(key)?;
        self.as_integer(key, value, range)
    }

    /// A list of whole numbers within a range, where the key is there.
    pub fn integers(&mut self, key: &str, range: RangeInclusive<u32>) -> Option<Vec<u32>> {
        let value = self.take(key)?;
        let Some(array) = value.get_ref().as_array() else {
            let found = kind_of(value.get_ref());
            self.note_at(value, key, format!("expected a list of numbers in [ ], found {found}"));
            return None;
        };
        array.iter().map(|item| self.as_integer(key, item, range.clone())).collect()
    }

    /// A date, with or without quotes, where the key is there.
    pub fn date(&mut self, key: &str) -> Option<Date> {
        let value = self.take(key)?;
        let (text, found) = match value.get_ref() {
            DeValue::Datetime(date) => (date.to_string(), "another"),
            DeValue::String(text) => (text.to_string(), "a text that is none"),
            other => (String::new(), kind_of(other)),
        };
        let date = text.parse().ok().filter(|_| text.len() == "YYYY-MM-DD".len());
        if date.is_none() {
            self.note_at(value, key, format!("expected a date YYYY-MM-DD, found {found}"));
        }
        date
    }

    fn as_integer(
        &self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        range: RangeInclusive<u32>,
    ) -> Option<u32> {
        let number = value
            .get_ref()
            .as_integer()
            .and_then(|i| u32::from_str_radix(i.as_str(), i.radix()).ok())
            .filter(|n| range.contains(n));
        if number.is_none() {
            let (low, high) = range.into_inner();
            let expected = format!("expected a whole number from {low} to {high}");
            let found = match value.get_ref() {
                DeValue::Integer(i) => repeated(&i.to_string()),
                other => kind_of(other).to_owned(),
            };
            self.note_at(value, key, format!("{expected}, found {found}"));
        }
        number
    }

    /// `true` or `false`, where the key is there.
    pub fn flag(&mut self, key: &str) -> Option<bool> {
        let value = self.take(key)?;
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            let found = kind_of(value.get_ref());
            self.note_at(value, key, format!("expected true or false, found {found}"));
        }
        flag
    }

    /// A list of texts, where the key is there.
    pub fn texts(&mut self, key: &str) -> Option<Vec<Spanned<String>>> {
        let value = self.take(key)?;
        let Some(array) = value.get_ref().as_array() else {
            let found = kind_of(value.get_ref());
            self.note_at(value, key, format!("expected a list of texts in [ ], found {found}"));
            return None;
        };
        Some(array.iter().filter_map(|item| self.as_text(key, item)).collect())
    }

    /// A table, where the key is there.
    pub fn table(&mut self, key: &str) -> Option<Table<'t>> {
        let at = self.entries.iter().find(|e| e.key == key).map(|e| e.at);
        let value = self.take(key)?;
        match value.get_ref().as_table() {
            Some(table) => Some(Table::new(self.sink, self.joined(key), at, table)),
            None => {
                let found = kind_of(value.get_ref());
                self.note_at(value, key, format!("expected a table, found {found}"));
                None
            }
        }
    }

    /// Tables of a repeated section, `[[key]]`; none where the key is not there.
    pub fn tables(&mut self, key: &str) -> Vec<Table<'t>> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let Some(array) = value.get_ref().as_array() else {
            let message = format!(
                "expected sections that begin with [[{}]], found {}",
                self.joined(key),
                kind_of(value.get_ref())
            );
            self.note_at(value, key, message);
            return Vec::new();
        };
        let path = self.joined(key);
        let mut tables = Vec::new();
        for item in array.iter() {
            match item.get_ref().as_table() {
                Some(table) => {
                    let at = Some(item.span().start);
                    tables.push(Table::new(self.sink, path.clone(), at, table));
                }
                None => {
                    let found = kind_of(item.get_ref());
                    self.note_at(item, key, format!("expected a table, found {found}"));
                }
            }
        }
        tables
    }

    /// Whether the key is there.
    pub fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|e| e.key == key)
    }

    /// Whether a list stands under the key.
    pub fn has_list(&self, key: &str) -> bool {
        self.entries.iter().any(|e| e.key == key && e.value.get_ref().is_array())
    }

    /// Ends the reading of this table: the keys that nothing asked for are unknown, and the
    /// needed ones that are not there are missing.
    pub fn close(mut self) {
        let known: Vec<&str> = self.known.iter().map(String::as_str).collect();
        let mut meant = BTreeSet::new();
        for entry in self.entries.iter().filter(|e| !e.taken) {
            let absent: Vec<&str> = known.iter().copied().filter(|k| !self.has(k)).collect();
            let close = closest(entry.key, &absent);
            meant.extend(close.map(str::to_owned));
            let close = close.or_else(|| closest(entry.key, &known));
            let advice = match close {
                Some(word) => format!("did you mean `{word}`?"),
                None => format!("expected {}", one_of(&known)),
            };
            let place = match self.path.as_str() {
                "" => String::new(),
                path => format!(" in [{path}]"),
            };
            let text = format!("unknown key {}{place}; {advice}", repeated(entry.key));
            self.sink.note(Some(entry.at), text);
        }
        for (key, what) in std::mem::take(&mut self.missing) {
            if !meant.contains(&key) {
                self.sink
                    .note(self.at, format!("{} is missing: expected {what}", self.named(&key)));
            }
        }
    }

    fn take(&mut self, key: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.known.push(key.to_owned());
        let entry = self.entries.iter_mut().find(|e| e.key == key)?;
        entry.taken = true;
        Some(entry.value)
    }

    fn as_text(&self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<Spanned<String>> {
        match value.get_ref().as_str() {
            Some(text) => Some(Spanned::new(value.span(), text.to_owned())),
            None => {
                let found = kind_of(value.get_ref());
                self.note_at(value, key, format!("expected a text in quotes, found {found}"));
                None
            }
        }
    }

    fn joined(&self, key: &str) -> String {
        match self.path.as_str() {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        }
    }

    fn named(&self, key: &str) -> String {
        repeated(&self.joined(key))
    }
}

/// What a value of the wrong type is, in plain words.
fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a number with a decimal point",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date without quotes",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// A word of a settings file as a message may repeat it: in backticks, escaped, and only
/// when short, since another file may have been offered by mistake.
pub fn repeated(word: &str) -> String {
    match word.chars().count() {
        0..=REPEATED => format!("`{}`", clean_text(word)),
        n => format!("a word of {n} characters"),
    }
}

/// A text as a TOML basic string, in quotes.
pub fn quoted(text: &str) -> String {
    // A JSON string is a TOML one, but for the one control character that JSON leaves.
    serde_json::to_string(text).unwrap_or_default().replace('\u{7f}', "\\u007f")
}

/// A list of words for people: "`a`, `b` or `c`".
pub fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|w| format!("`{w}`")).collect();
    match quoted.split_last() {
        None => "nothing here".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

/// "; did you mean `x`?" when one of the candidates is close, and nothing otherwise.
pub fn did_you_mean(word: &str, candidates: &[&str]) -> String {
    closest(word, candidates).map(|c| format!("; did you mean `{c}`?")).unwrap_or_default()
}

/// The candidate that a word was most likely meant to be: the fewest typing errors, at most
/// one in three letters; the first of equals.
pub fn closest<'c>(word: &str, candidates: &[&'c str]) -> Option<&'c str> {
    candidates
        .iter()
        .map(|c| (strsim::damerau_levenshtein(&word.to_lowercase(), c), *c))
        .filter(|(errors, c)| *errors <= (c.chars().count().max(3)) / 3)
        .min_by_key(|(errors, _)| *errors)
        .map(|(_, c)| c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Sample {
        name: Option<String>,
        size: Option<u32>,
        sort: Option<char>,
    }

    fn sample(text: &str) -> Result<Sample, Error> {
        read(text, "s.toml", |root| {
            let mut table = root.table("sample")?;
            let name = table.needed_text("name", "a name");
            let sample = Sample {
                name: name.map(Spanned::into_inner),
                size: table.integer("size", 1..=9),
                sort: table.choice("sort", &[("alpha", 'a'), ("beta", 'b')]),
            };
            table.flag("open");
            table.texts("words");
            table.close();
            Some(sample)
        })
    }

    fn lines(text: &str) -> Vec<String> {
        sample(text).expect_err("mistakes").to_string().lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_sound_file_is_read() {
        let text = "[sample]\r\nname = 'é'\r\nsize = 0x9\r\nsort = \"beta\"\r\n";
        let expected = Sample { name: Some("é".into()), size: Some(9), sort: Some('b') };
        assert_eq!(sample(text), Ok(expected));
    }

    #[test]
    fn five_mistakes_give_five_messages() {
        let text = "# a comment\n[sample]\nnam = \"x\"\nsize = 10\nsort = \"beto\"\n\
                    open = \"yes\"\nwords = [\"a\", 7]\n";
        assert_eq!(
            lines(text),
            [
                "s.toml line 3: unknown key `nam` in [sample]; did you mean `name`?",
                "s.toml line 4: `sample.size`: expected a whole number from 1 to 9, found `10`",
                "s.toml line 5: `sample.sort`: expected `alpha` or `beta`, found `beto`; did you \
                 mean `beta`?",
                "s.toml line 6: `sample.open`: expected true or false, found a text",
                "s.toml line 7: `sample.words`: expected a text in quotes, found a number",
            ]
        );
    }

    #[test]
    fn what_is_missing_is_said_where_its_section_begins() {
        assert_eq!(
            lines("\n[sample]\nsize = 1\n"),
            ["s.toml line 2: `sample.name` is missing: expected a name"]
        );
        assert_eq!(lines("[sample]\nname = \" \"\n").len(), 1);
    }

    #[test]
    fn broken_syntax_does_not_hide_the_other_mistakes() {
        let text = "[sample]\nname = \nsize = 100\nsort = [\n\"beta\"\n";
        let found = lines(text);
        assert!(found.iter().any(|l| l.starts_with("s.toml line 2: ")), "{found:?}");
        assert!(found.iter().any(|l| l.contains("line 3: `sample.size`")), "{found:?}");
        assert!(!found.iter().any(|l| l.contains("missing")), "{found:?}");
    }

    #[test]
    fn a_file_of_another_kind_is_not_repeated() {
        let row = "veilway-secret-key-1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0sx5xuk7";
        let text = lines(row).join("\n");
        assert!(!text.contains("qqqsyq"), "{text}");
        let csv = "id,given,family\n1,canary,zyzzyva\n".repeat(100);
        let found = lines(&csv);
        assert!(found.len() <= SHOWN + 1, "{}", found.len());
        assert!(!found.join("\n").contains("canary"), "{found:?}");
        let last = found.last().expect("a message");
        assert!(last.contains("more mistakes"), "{last}");
    }

    #[test]
    fn mistakes_are_the_callers() {
        assert_eq!(sample("").expect_err("empty").class(), Class::Usage);
    }

    #[test]
    fn the_closest_word_is_close() {
        let known = ["family_name", "given_name", "sex"];
        assert_eq!(closest("famly_name", &known), Some("family_name"));
        assert_eq!(closest("SEX", &known), Some("sex"));
        assert_eq!(closest("postcode", &known), None);
        assert_eq!(closest("", &[]), None);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_a_panic(text in "(\\[sample\\]\n)?(\\PC|\n|=|\"|\\[|\\]){0,60}") {
            let _ = sample(&text);
        }
    }
}
