//! JSON Lines: one object a line. The names of the first lines are the columns; objects within
//! objects give names with a dot between, and lists of single values become one cell.

use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::columns::DIGITS;
use super::error::Error;
use super::feed::{Halt, LOOKED_AT, LOOKED_AT_BYTES, NEW_NAME, Names, Sink};
use super::form::{Form, Pen};
use super::kind::Kind;
use super::records::MAX_RECORD_BYTES;
use super::spec::Encoding;
use super::unpack;

/// Objects within objects go no deeper than this.
const MOST_DEEP: usize = 16;

/// Reads a file of one JSON object a line.
pub(super) fn read(
    reader: Box<dyn Read + Send>,
    shown: &Path,
    form: &Form,
    sink: &mut Sink,
) -> Result<(), Halt> {
    let mut lines = Lines { reader: BufReader::with_capacity(1 << 16, reader), line: 0 };
    let mut table = Objects { form, names: Names::default(), pens: Vec::new(), cells: Vec::new() };
    let mut first = Vec::new();
    let mut held = 0;
    while first.len() < LOOKED_AT && held < LOOKED_AT_BYTES {
        let Some((line, text)) = lines.next(shown, sink)? else { break };
        let is_first = first.is_empty();
        // A line that is no object is set aside below; of a first one the whole file is.
        if table.take_apart(&text, true).is_err_and(|why| why == NO_OBJECT) && is_first {
            let (file, kind) = (sink.file().to_owned(), Kind::JsonLines);
            return Err(Error::Unsound { file, kind, line: Some(line) }.into());
        }
        held += text.len();
        first.push((line, text));
    }
    sink.header(table.names.all().to_vec(), None)?;
    table.cells.resize(table.pens.len(), None);
    for (line, text) in first {
        table.row(line, &text, sink)?;
    }
    while let Some((line, text)) = lines.next(shown, sink)? {
        table.row(line, &text, sink)?;
    }
    Ok(())
}

/// The lines of a file that are not blank.
struct Lines {
    reader: BufReader<Box<dyn Read + Send>>,
    line: u64,
}

impl Lines {
    fn next(&mut self, shown: &Path, sink: &Sink) -> Result<Option<(u64, String)>, Halt> {
        loop {
            let mut bytes = Vec::new();
            let most = MAX_RECORD_BYTES as u64 + 1;
            let read = self.reader.by_ref().take(most).read_until(b'\n', &mut bytes);
            if read.map_err(|e| unpack::broken(&e, shown))? == 0 {
                return Ok(None);
            }
            self.line += 1;
            let (file, line) = (sink.file().to_owned(), self.line);
            if bytes.len() > MAX_RECORD_BYTES {
                return Err(Error::TooLong { file, line, quote: None }.into());
            }
            let text = String::from_utf8(bytes).map_err(|_| {
                let declared = Encoding::Utf8;
                Error::Malformed { file, line, declared }
            })?;
            let text = match self.line {
                1 => text.trim_start_matches('\u{feff}'),
                _ => &text,
            };
            if !text.trim_ascii().is_empty() {
                return Ok(Some((line, text.trim_ascii().to_owned())));
            }
        }
    }
}

/// Takes objects apart.
struct Objects<'f> {
    form: &'f Form,
    names: Names,
    pens: Vec<Pen>,
    /// The cell of each column in the object at hand.
    cells: Vec<Option<String>>,
}

const NO_OBJECT: &str = "is no JSON object";
const TWICE: &str = "has two values under one name";
const DEEP: &str = "has objects within objects, too deep";
const LISTS: &str = "holds a list of lists or objects";

impl Objects<'_> {
    fn row(&mut self, line: u64, text: &str, sink: &mut Sink) -> Result<(), Halt> {
        self.cells.iter_mut().for_each(|cell| *cell = None);
        match self.take_apart(text, false) {
            Err(reason) => sink.reject(line, reason.to_owned()),
            Ok(()) => {
                for cell in &self.cells {
                    sink.cell(cell.as_deref().unwrap_or_default());
                }
                sink.end_row(line)
            }
        }
    }

    /// Fills the cells from an object; with new names where they are still looked for.
    fn take_apart(&mut self, text: &str, is_looking: bool) -> Result<(), &'static str> {
        let mut fault = None;
        let mut path = String::new();
        let mut json = serde_json::Deserializer::from_str(text);
        let seed =
            Value { objects: self, path: &mut path, fault: &mut fault, depth: 0, is_looking };
        let read = json.deserialize_map(seed).and_then(|()| json.end());
        match read {
            Ok(()) => Ok(()),
            Err(_) => Err(fault.unwrap_or(NO_OBJECT)),
        }
    }
}

/// A value in an object, and the name that leads to it.
struct Value<'a, 'f> {
    objects: &'a mut Objects<'f>,
    path: &'a mut String,
    fault: &'a mut Option<&'static str>,
    depth: usize,
    is_looking: bool,
}

impl Value<'_, '_> {
    fn fail<E: serde::de::Error>(&mut self, why: &'static str) -> E {
        *self.fault = Some(why);
        E::custom(why)
    }

    fn put<E: serde::de::Error>(
        mut self,
        write: impl FnOnce(&Pen, &mut String) -> Result<(), &'static str>,
    ) -> Result<(), E> {
        let objects = &mut *self.objects;
        if self.is_looking {
            let place = objects.names.place_or_new(self.path);
            if place == objects.pens.len() {
                objects.pens.push(objects.form.pen(self.path));
            }
            return Ok(());
        }
        let Some(place) = objects.names.place(self.path) else { return Err(self.fail(NEW_NAME)) };
        if objects.cells[place].is_some() {
            return Err(self.fail(TWICE));
        }
        let mut text = String::new();
        if let Err(why) = write(&objects.pens[place], &mut text) {
            return Err(self.fail(why));
        }
        objects.cells[place] = Some(text);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of single values")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.put(|_, _| Ok(()))
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<(), E> {
        self.put(|_, into| {
            into.push_str(if value { "true" } else { "false" });
            Ok(())
        })
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<(), E> {
        self.put(|pen, into| {
            pen.whole(i128::from(value), into);
            Ok(())
        })
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        self.put(|pen, into| {
            pen.whole(i128::from(value), into);
            Ok(())
        })
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        self.put(|pen, into| pen.number(value, into).map_err(|_| DIGITS))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<(), E> {
        self.put(|_, into| {
            into.push_str(value);
            Ok(())
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        let mut items: Vec<String> = Vec::new();
        loop {
            match list.next_element::<serde_json::Value>()? {
                None => break,
                Some(serde_json::Value::String(text)) => items.push(text),
                Some(serde_json::Value::Null) => {}
                Some(serde_json::Value::Array(_) | serde_json::Value::Object(_)) => {
                    return Err(self.fail(LISTS));
                }
                Some(value) => items.push(value.to_string()),
            }
        }
        self.put(|_, into| {
            into.push_str(&items.join(";"));
            Ok(())
        })
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        if self.depth > MOST_DEEP {
            return Err(self.fail(DEEP));
        }
        let before = self.path.len();
        while let Some(name) = map.next_key::<String>()? {
            if before > 0 {
                self.path.push('.');
            }
            self.path.push_str(&name);
            map.next_value_seed(Value {
                objects: self.objects,
                path: self.path,
                fault: self.fault,
                depth: self.depth + 1,
                is_looking: self.is_looking,
            })?;
            self.path.truncate(before);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::{plain, read};
    use super::*;

    fn rows(text: &str) -> Vec<String> {
        read(text.as_bytes(), &plain()).expect("rows")
    }

    #[test]
    fn objects_become_rows_of_the_names_in_their_order() {
        assert_eq!(
            rows(
                "\u{feff}{\"id\": 7, \"name\": \"O'Hara\", \"ok\": true}\r\n\n\
                 {\"name\": null, \"more\": {\"a\": 1.0, \"b\": [1, \"x\", null]}, \"id\": -2.5}\n"
            ),
            ["id|name|ok|more.a|more.b", "1:7|O'Hara|true||", "3:-2.5|||1|1;x"]
        );
        let text = "{\"a\":\"x\\ny\",\"b\":\"\\u00e9\"}";
        assert_eq!(rows(text), ["a|b", "1:x\ny|é"]);
    }

    #[test]
    fn objects_that_cannot_be_rows_are_set_aside() {
        let text = "{\"a\":1}\nnot json canary\n[1]\n{\"a\":1} x\n{\"a\":1,\"a\":2}\n\
            {\"a\":[[1]]}\n{\"a\":123456789012345678901234567890}\n{\"a\":\"\\u0000\"}\n{}\n";
        assert_eq!(
            rows(text),
            [
                "a",
                "1:1",
                "2!is no JSON object",
                "3!is no JSON object",
                "4!is no JSON object",
                "5!has two values under one name",
                "6!holds a list of lists or objects",
                "9:",
                "7!holds a number of more digits than are kept; write the column as text",
                "8!holds a NUL byte",
            ]
        );
        let deep = format!("{{\"a\":1}}\n{}1{}\n", "{\"a\":".repeat(99), "}".repeat(99));
        let shallow = "{\"a\":1}\n".repeat(LOOKED_AT);
        let late = format!("{shallow}{{\"b\":1}}\n");
        assert_eq!(
            rows(&deep).last().map(String::as_str),
            Some("2!has objects within objects, too deep")
        );
        let last = format!("{}!{NEW_NAME}", LOOKED_AT + 1);
        assert_eq!(rows(&late).last(), Some(&last));
        let refused = read(b"{canary: 1}\n", &plain());
        assert_eq!(refused, Err("f line 1: is not sound as JSON Lines".to_owned()));
        let refused = read(b"{\"a\":1}\n{\"a\":\"\xff\"}\n", &plain());
        assert_eq!(refused, Err("f line 2: is not UTF-8 text".to_owned()));
        let long = format!("{{\"a\":1}}\n{{\"a\":\"{}\"}}\n", "x".repeat(MAX_RECORD_BYTES));
        let refused = read(long.as_bytes(), &plain()).expect_err("too long");
        assert_eq!(refused, "f line 2: the row that begins here is longer than 1 MiB");
    }

    proptest::proptest! {
        /// What serde_json writes is read back, in any order of the names.
        #[test]
        fn written_objects_read_back(
            rows in proptest::collection::vec(
                (proptest::option::of("\\PC{0,8}"), -9_000_000_000_000_000i64..9_000_000_000_000_000), 1..20),
        ) {
            let mut text = String::new();
            let mut expected = vec!["name|id".to_owned()];
            for (at, (name, id)) in rows.iter().enumerate() {
                let name_text = serde_json::to_string(name).expect("written");
                let pair = [format!("\"name\":{name_text}"), format!("\"id\":{id}")];
                let (a, b) = if at % 2 == 0 { (0, 1) } else { (1, 0) };
                text += &format!("{{{},{}}}\n", pair[a], pair[b]);
                expected.push(format!("{}:{}|{id}", at + 1, name.as_deref().unwrap_or_default()));
            }
            proptest::prop_assert_eq!(read(text.as_bytes(), &plain()), Ok(expected));
        }
    }
}
