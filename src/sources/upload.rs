//! The records of a DEX upload file, one after the other: each a tree of elements with the line
//! it begins on. Streams, so that memory follows one record; the depth is bounded, and a
//! document type is refused. What an element means is decided elsewhere.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::error::Error;
use super::kind::{DEX_ROOT, Kind};
use super::records::MAX_RECORD_BYTES;
use super::several;
use super::spec::Encoding;
use super::table::Input;
use super::unpack::{self, Opened};
use crate::files;

/// Elements within elements go no deeper than this.
const MOST_DEEP: usize = 64;

/// The lists of an upload, in the order in which one refers to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum List {
    Clients,
    Cases,
    Sessions,
    SessionAssessments,
    ClientAssessments,
}

impl List {
    pub(crate) const ALL: [List; 5] = [
        List::Clients,
        List::Cases,
        List::Sessions,
        List::SessionAssessments,
        List::ClientAssessments,
    ];

    /// The element of the list.
    pub(crate) fn name(self) -> &'static str {
        match self {
            List::Clients => "Clients",
            List::Cases => "Cases",
            List::Sessions => "Sessions",
            List::SessionAssessments => "SessionAssessments",
            List::ClientAssessments => "ClientAssessments",
        }
    }

    /// The element of one record.
    pub(crate) fn record(self) -> &'static str {
        let name = self.name();
        &name[..name.len() - 1]
    }
}

/// An element: text, or elements. Prints as shape.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) inner: Vec<Element>,
}

impl Element {
    /// An element of text.
    pub(crate) fn of(name: &str, text: &str) -> Element {
        Element { name: name.to_owned(), text: text.to_owned(), inner: Vec::new() }
    }

    /// An element of elements.
    pub(crate) fn group(name: &str, inner: Vec<Element>) -> Element {
        Element { name: name.to_owned(), text: String::new(), inner }
    }

    /// The first element within this one of a name.
    pub(crate) fn get(&self, name: &str) -> Option<&Element> {
        self.inner.iter().find(|element| element.name == name)
    }

    /// The text of the first element of a name; empty where there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.get(name).map_or("", |element| element.text.as_str())
    }

    /// Whether nothing is in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty() && self.inner.is_empty()
    }
}

impl fmt::Debug for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Element({} elements)", self.inner.len())
    }
}

/// One record of a list. Prints as shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) list: List,
    /// The physical line it begins on.
    pub(crate) line: u64,
    pub(crate) root: Element,
    /// Whether it is longer than 1 MiB; then only its beginning is here.
    pub(crate) is_long: bool,
}

/// Every record of the upload files of an input, in the order of the files.
pub(crate) struct Upload {
    later: Vec<PathBuf>,
    records: Records,
    /// Which of the files, counted from 0.
    file: u32,
}

impl Upload {
    /// Opens the files, each of which must be an upload; none where the first is of another
    /// kind.
    ///
    /// # Errors
    /// When one cannot be read.
    pub(crate) fn open(input: &Input) -> Result<Option<Upload>, Error> {
        let mut later = several::paths(input)?;
        later.reverse();
        let Some(path) = later.pop() else { return Ok(None) };
        let opened = Opened::file(&path)?;
        if opened.kind != Kind::Dex {
            return Ok(None);
        }
        let records = Records::new(opened.bytes.reader(), &path, &List::ALL);
        Ok(Some(Upload { later, records, file: 0 }))
    }

    /// Whether an input is an upload.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn is(input: &Input) -> Result<bool, Error> {
        Ok(Upload::open(input)?.is_some())
    }

    /// The names of the files of an input, to tell records of several apart.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub(crate) fn names(input: &Input) -> Result<several::FileNames, Error> {
        Ok(several::FileNames::of(&several::paths(input)?))
    }

    /// How many bytes each of the files has, as it lies on the disk.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub(crate) fn sizes(input: &Input) -> Result<Vec<u64>, Error> {
        let paths = several::paths(input)?;
        let size = |path: &PathBuf| path.metadata().map(|file| file.len()).unwrap_or_default();
        Ok(paths.iter().map(size).collect())
    }

    /// The next record, and which file it is in.
    ///
    /// # Errors
    /// When the file cannot be read on.
    pub(crate) fn next(&mut self) -> Result<Option<(u32, Record)>, Error> {
        loop {
            if let Some(record) = self.records.next()? {
                return Ok(Some((self.file, record)));
            }
            let Some(path) = self.later.pop() else { return Ok(None) };
            let opened = Opened::file(&path)?;
            if opened.kind != Kind::Dex {
                let (file, kind) = (files::clean(&path), Kind::Dex);
                return Err(Error::Unsound { file, kind, line: None });
            }
            self.records = Records::new(opened.bytes.reader(), &path, &List::ALL);
            self.file += 1;
        }
    }
}

/// The record that this text of it holds, as this program wrote it.
pub(crate) fn parse(text: &[u8]) -> Option<Element> {
    let mut records = Records::new(Box::new(io::Cursor::new(text.to_vec())), Path::new(""), &[]);
    records.root = None;
    records.next().ok().flatten().map(|record| record.root)
}

/// The records of some lists of one file.
pub(super) struct Records {
    xml: Reader<Bounded>,
    buffer: Vec<u8>,
    shown: PathBuf,
    wanted: &'static [List],
    /// What the root must be called; none where a record stands by itself.
    root: Option<&'static str>,
    /// The local names of the elements around the record at hand.
    around: Vec<String>,
    /// The list of the record at hand, and the line it begins on.
    at: Option<(List, u64)>,
    /// The elements of the record that are open.
    open: Vec<Element>,
    /// Bytes of its names and values.
    bytes: usize,
}

impl Records {
    pub(super) fn new(reader: Box<dyn Read + Send>, shown: &Path, wanted: &'static [List]) -> Self {
        let reader = BufReader::with_capacity(1 << 16, reader);
        Records {
            xml: Reader::from_reader(Bounded { reader, line: 1, since: 0 }),
            buffer: Vec::new(),
            shown: shown.to_owned(),
            wanted,
            root: Some(DEX_ROOT),
            around: Vec::new(),
            at: None,
            open: Vec::new(),
            bytes: 0,
        }
    }

    /// The next record of the lists; nothing at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Record>, Error> {
        loop {
            let mut buffer = std::mem::take(&mut self.buffer);
            buffer.clear();
            self.xml.get_mut().since = 0;
            let event = self.xml.read_event_into(&mut buffer);
            let line = self.xml.get_ref().line;
            let whole = match event {
                Ok(Event::Start(element)) => {
                    self.start(&element, line)?;
                    None
                }
                Ok(Event::Empty(element)) => {
                    self.start(&element, line)?;
                    self.end(line)?
                }
                Ok(Event::End(_)) => self.end(line)?,
                Ok(Event::Text(text)) => {
                    self.add(&text);
                    None
                }
                Ok(Event::CData(text)) => {
                    self.add(&text);
                    None
                }
                Ok(Event::GeneralRef(reference)) => {
                    match character(&reference) {
                        Some(c) => self.add(c.encode_utf8(&mut [0; 4])),
                        None => return Err(self.unsound(line)),
                    }
                    None
                }
                Ok(Event::DocType(_)) => {
                    return Err(Error::DocumentType { file: files::clean(&self.shown), line });
                }
                Ok(Event::Comment(_) | Event::Decl(_) | Event::PI(_)) => None,
                Ok(Event::Eof) if self.around.is_empty() && self.open.is_empty() => {
                    return Ok(None);
                }
                Ok(Event::Eof) => return Err(self.unsound(line)),
                Err(e) => return Err(self.explain(e, line)),
            };
            self.buffer = buffer;
            if whole.is_some() {
                return Ok(whole);
            }
        }
    }

    fn start(&mut self, element: &BytesStart<'_>, line: u64) -> Result<(), Error> {
        let name = element.local_name();
        let name: &str = name.as_ref();
        let depth = self.around.len() + self.open.len();
        let is_root = depth == 0 && self.root.is_some_and(|root| root != name);
        if depth >= MOST_DEEP || is_root {
            return Err(self.unsound(line));
        }
        if self.at.is_none() {
            self.at = self.begins(name).map(|list| (list, line));
            self.bytes = 0;
        } else {
            self.bytes += name.len();
        }
        match self.at {
            // Of a record that is too long no more is kept than shows that it is.
            Some(_) if self.bytes <= MAX_RECORD_BYTES => {
                self.open.push(Element { name: name.to_owned(), ..Element::default() });
            }
            Some(_) => self.open.push(Element::default()),
            None => self.around.push(name.to_owned()),
        }
        Ok(())
    }

    /// The list that an element of this name is a record of, here.
    fn begins(&self, name: &str) -> Option<List> {
        if self.root.is_none() {
            let list = List::ALL.into_iter().find(|list| list.record() == name);
            return list.filter(|_| self.around.is_empty());
        }
        let [_, around] = &self.around[..] else { return None };
        let mut wanted = self.wanted.iter();
        wanted.find(|list| list.name() == around && list.record() == name).copied()
    }

    /// Ends the element at hand; gives a record that is whole.
    fn end(&mut self, line: u64) -> Result<Option<Record>, Error> {
        let Some((list, begun)) = self.at else {
            return self.around.pop().map(|_| None).ok_or_else(|| self.unsound(line));
        };
        let Some(mut element) = self.open.pop() else { return Err(self.unsound(line)) };
        if element.inner.is_empty() {
            let text = element.text.trim();
            self.bytes += text.len();
            if text.len() < element.text.len() {
                element.text = text.to_owned();
            }
        } else {
            element.text.clear();
        }
        let Some(outer) = self.open.last_mut() else {
            self.at = None;
            let is_long = self.bytes > MAX_RECORD_BYTES;
            return Ok(Some(Record { list, line: begun, root: element, is_long }));
        };
        if !element.is_empty() && self.bytes <= MAX_RECORD_BYTES {
            outer.inner.push(element);
        }
        Ok(None)
    }

    fn add(&mut self, text: &str) {
        if let Some(element) = self.open.last_mut()
            && element.inner.is_empty()
            && element.text.len() <= MAX_RECORD_BYTES
        {
            element.text.push_str(text);
        }
    }

    fn unsound(&self, line: u64) -> Error {
        Error::Unsound { file: files::clean(&self.shown), kind: Kind::Dex, line: Some(line) }
    }

    fn explain(&self, e: quick_xml::Error, line: u64) -> Error {
        let file = files::clean(&self.shown);
        match e {
            quick_xml::Error::Io(e) if e.get_ref().is_some_and(|inner| inner.is::<TooLong>()) => {
                Error::TooLong { file, line, quote: None }
            }
            quick_xml::Error::Io(e) => unpack::broken(&e, &self.shown),
            quick_xml::Error::Encoding(_) => {
                Error::Malformed { file, line, declared: Encoding::Utf8 }
            }
            _ => self.unsound(line),
        }
    }
}

/// The character that a reference stands for: by number, or one of the five that XML defines.
fn character(reference: &BytesRef<'_>) -> Option<char> {
    if let Ok(Some(c)) = reference.resolve_char_ref() {
        return Some(c);
    }
    let name: &str = reference;
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "apos" => '\'',
        "quot" => '"',
        _ => return None,
    })
}

/// A text or a tag longer than any.
#[derive(Debug, thiserror::Error)]
#[error("longer than 1 MiB")]
struct TooLong;

/// Counts lines, and stops a text or tag that does not end.
struct Bounded {
    reader: BufReader<Box<dyn Read + Send>>,
    line: u64,
    since: usize,
}

impl Read for Bounded {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let bytes = self.fill_buf()?;
        let length = bytes.len().min(into.len());
        into[..length].copy_from_slice(&bytes[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl BufRead for Bounded {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self.since > MAX_RECORD_BYTES {
            true => Err(io::Error::other(TooLong)),
            false => self.reader.fill_buf(),
        }
    }

    fn consume(&mut self, length: usize) {
        let used = &self.reader.buffer()[..length];
        self.line += memchr::memchr_iter(b'\n', used).count() as u64;
        self.since += length;
        self.reader.consume(length);
    }
}
