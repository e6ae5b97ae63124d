//! The fuzzy column: persons become rows of bits that stay near each other when the persons
//! are nearly the same. Takes standardised persons and the project key, gives rows, says
//! which persons have none, and measures what the rows would give away.

use std::fmt;

use rayon::prelude::*;

use super::bloom::{BITS, BaseFilter, Filter};
use super::eld::{Diffusion, LANES, append_rows, slice};
use crate::error::{Class, Fault};
use crate::key::{ProjectKey, Purpose};
use crate::project::Project;
use crate::project::fuzzy::{FuzzyEncoding, FuzzySettings};
use crate::standardise::Person;

/// A person whose base filter has fewer or more of its 1024 bits set has no row: there is
/// too little to compare, and a filter far from half full shows through the diffusion layer.
const FILL_OF_A_ROW: std::ops::RangeInclusive<u16> = 328..=696;

/// The mean share of bits set, in thousandths, that the rows of a file must have.
const MEAN_FILL: std::ops::RangeInclusive<u64> = 400..=600;

/// Whether a base filter with so many bits set is as full as those of a file must be on average.
pub(super) fn is_near_half_full(fill: u16) -> bool {
    let share = 1000 * u64::from(fill);
    let bits = BITS as u64;
    (MEAN_FILL.start() * bits..=MEAN_FILL.end() * bits).contains(&share)
}

/// Why there is no fuzzy column.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Neither name of the project counts.
    #[error("the fuzzy column needs a family or given name with a weight above 0")]
    NoNames,
}

impl Fault for Error {
    fn class(&self) -> Class {
        match self {
            Error::NoNames => Class::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Error::NoNames => "give a name field a weight in `[fuzzy.weights]` of project.toml",
        };
        Some(hint.to_owned())
    }
}

/// Makes the rows of persons under one project and key. Prints as shape.
pub struct FuzzyEncoder {
    base: BaseFilter,
    /// None for the encoding that leaves the base filter as it is.
    diffusion: Option<Diffusion>,
    width: usize,
}

impl FuzzyEncoder {
    /// Draws all secret positions, those of the base filter and those of the diffusion layer
    /// under subkeys of their own.
    ///
    /// # Errors
    /// When no name counts.
    pub fn new(
        project: &Project,
        key: &ProjectKey,
        settings: &FuzzySettings,
    ) -> Result<Self, Error> {
        if !settings.has_name(&project.fields) {
            return Err(Error::NoNames);
        }
        let diffusion = match settings.encoding {
            FuzzyEncoding::Eld { positions, .. } => {
                let name = settings.encoding.name();
                let subkey = key.subkey(project, Purpose::FuzzyDiffusion, &name);
                let outputs = 8 * settings.encoding.width();
                Some(Diffusion::new(&subkey, outputs, usize::from(positions)))
            }
            FuzzyEncoding::UnhardenedClk => None,
        };
        let base = BaseFilter::new(project, key, settings);
        Ok(FuzzyEncoder { base, diffusion, width: settings.encoding.width() })
    }

    /// Bytes of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The rows of these persons, in their order. The row of a person does not depend on the
    /// others, so parts may be encoded apart and put together with [`FuzzyRows::append`].
    pub fn encode<'p>(&self, persons: impl IntoIterator<Item = &'p Person>) -> FuzzyRows {
        let mut rows = FuzzyRows { width: self.width, bytes: vec![], fills: vec![] };
        let mut sliced = [0; BITS];
        let mut filters: Vec<Filter> = Vec::with_capacity(LANES);
        let (mut diffused, mut tokens) = (vec![], vec![]);
        let mut persons = persons.into_iter().peekable();
        while persons.peek().is_some() {
            filters.clear();
            for person in persons.by_ref().take(LANES) {
                let mut filter = [0; BITS / 64];
                // Without a name there is too little to compare.
                if person.family.known().is_some() || person.given.known().is_some() {
                    self.base.fill(person, &mut tokens, &mut filter);
                }
                filters.push(filter);
            }
            let start = rows.bytes.len();
            match &self.diffusion {
                Some(diffusion) => {
                    slice(&filters, &mut sliced);
                    diffusion.diffuse(&sliced, &mut diffused);
                    append_rows(&diffused, filters.len(), &mut rows.bytes);
                }
                None => rows.bytes.extend(filters.iter().flatten().flat_map(|w| w.to_le_bytes())),
            }
            let values = rows.bytes[start..].chunks_exact_mut(self.width);
            for (filter, value) in filters.iter().zip(values) {
                let fill = filter.iter().map(|word| word.count_ones() as u16).sum();
                if FILL_OF_A_ROW.contains(&fill) {
                    rows.fills.push(fill);
                } else {
                    rows.fills.push(0);
                    value.fill(0);
                }
            }
        }
        rows
    }
}

impl fmt::Debug for FuzzyEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FuzzyEncoder({} bytes a row)", self.width)
    }
}

/// One row per person, of one width; all zeros for a person without. Prints as shape.
#[derive(Clone, PartialEq, Eq)]
pub struct FuzzyRows {
    width: usize,
    bytes: Vec<u8>,
    /// Bits set in the base filter of each person; 0 for a person without a row.
    fills: Vec<u16>,
}

impl FuzzyRows {
    /// How many persons there are.
    pub fn len(&self) -> usize {
        self.fills.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.fills.is_empty()
    }

    /// Bytes of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// All rows, one after the other.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The row of a person; `None` where there is too little to compare, where it was
    /// withheld, and where there is no such person.
    pub fn row(&self, person: usize) -> Option<&[u8]> {
        let fill = self.fills.get(person)?;
        (*fill > 0).then(|| &self.bytes[person * self.width..][..self.width])
    }

    /// Puts the rows of further persons behind these.
    pub fn append(&mut self, mut other: FuzzyRows) {
        debug_assert_eq!(self.width, other.width, "rows of one encoder");
        self.bytes.append(&mut other.bytes);
        self.fills.append(&mut other.fills);
    }

    /// Some of the rows.
    #[cfg(test)]
    pub(super) fn part(&self, places: std::ops::Range<usize>) -> FuzzyRows {
        let bytes = self.bytes[places.start * self.width..places.end * self.width].to_vec();
        FuzzyRows { width: self.width, bytes, fills: self.fills[places].to_vec() }
    }

    /// Bits set in the base filter of each person; 0 for a person without a row.
    pub fn fills(&self) -> &[u16] {
        &self.fills
    }

    /// What the rows look like from outside.
    pub fn statistics(&self) -> Statistics {
        let mut tally = Tally::new(self.width);
        self.fills.iter().filter(|fill| **fill > 0).for_each(|&fill| tally.fill(fill));
        // Rows without a value are all zeros, and add nothing.
        tally.rows(&self.bytes);
        tally.statistics()
    }
}

/// Counts what [`Statistics`] are made of. Prints as shape.
pub struct Tally {
    width: usize,
    /// How many rows have each bit.
    columns: Vec<u64>,
    rows: u64,
    ones: u64,
    least: u16,
    most: u16,
}

impl Tally {
    /// Of rows of so many bytes.
    pub fn new(width: usize) -> Self {
        Tally { width, columns: vec![0; 8 * width], rows: 0, ones: 0, least: u16::MAX, most: 0 }
    }

    /// Counts a row with so many bits in its base filter.
    pub fn fill(&mut self, fill: u16) {
        self.rows += 1;
        self.ones += u64::from(fill);
        (self.least, self.most) = (self.least.min(fill), self.most.max(fill));
    }

    /// Counts the bits of rows.
    pub fn rows(&mut self, rows: &[u8]) {
        let ones = rows
            .par_chunks(self.width << 12)
            .map(|rows| ones(rows, self.width))
            .reduce_with(|a, b| a.iter().zip(&b).map(|(a, b)| a + b).collect());
        self.columns.iter_mut().zip(ones.iter().flatten()).for_each(|(sum, ones)| *sum += ones);
    }

    /// The shares.
    pub fn statistics(&self) -> Statistics {
        let share = |ones: u64, of: u64| if of == 0 { 0.0 } else { ones as f64 / of as f64 };
        let bits = BITS as u64;
        let least = if self.rows == 0 { 0 } else { self.least };
        Statistics {
            rows: self.rows as usize,
            thousandths: (self.ones * 1000).checked_div(self.rows * bits).unwrap_or(0),
            mean_fill: share(self.ones, self.rows * bits),
            least_fill: share(least.into(), bits),
            most_fill: share(self.most.into(), bits),
            lightest_column: share(self.columns.iter().copied().min().unwrap_or(0), self.rows),
            heaviest_column: share(self.columns.iter().copied().max().unwrap_or(0), self.rows),
        }
    }
}

impl fmt::Debug for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tally({} rows)", self.rows)
    }
}

impl Statistics {
    /// Whether the base filters of a file are near half full on average, which the protection
    /// that diffusion gives rests on.
    pub fn is_near_half_full(&self) -> bool {
        self.rows == 0 || MEAN_FILL.contains(&self.thousandths)
    }
}

/// How many rows have each bit. Eight bits of a word are counted at once, each in a byte of
/// its own, which holds 255 rows.
fn ones(rows: &[u8], width: usize) -> Vec<u64> {
    const EVERY_BYTE: u64 = 0x0101_0101_0101_0101;
    let mut columns = vec![0u64; 8 * width];
    let mut counts = vec![[0u64; 8]; width / 8];
    for rows in rows.chunks(width * 255) {
        for row in rows.chunks_exact(width) {
            for (word, counts) in row.as_chunks::<8>().0.iter().zip(&mut counts) {
                let word = u64::from_le_bytes(*word);
                for (bit, count) in counts.iter_mut().enumerate() {
                    *count += word >> bit & EVERY_BYTE;
                }
            }
        }
        for (columns, counts) in columns.as_chunks_mut::<64>().0.iter_mut().zip(&mut counts) {
            for (bit, count) in counts.iter_mut().enumerate() {
                for (byte, ones) in count.to_le_bytes().into_iter().enumerate() {
                    columns[8 * byte + bit] += u64::from(ones);
                }
                *count = 0;
            }
        }
    }
    columns
}

impl fmt::Debug for FuzzyRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FuzzyRows({} of {} bytes)", self.len(), self.width)
    }
}

/// What the fuzzy column of a file looks like: shares between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Statistics {
    /// Persons with a row.
    pub rows: usize,
    /// Bits set in a base filter, on average, in whole thousandths.
    thousandths: u64,
    /// Bits set in a base filter, on average.
    pub mean_fill: f64,
    /// Bits set in the emptiest base filter.
    pub least_fill: f64,
    /// Bits set in the fullest base filter.
    pub most_fill: f64,
    /// Rows that have the bit that fewest have.
    pub lightest_column: f64,
    /// Rows that have the bit that most have.
    pub heaviest_column: f64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::days::DateFormats;
    use crate::kernel::Kernel;
    use crate::project::{Diacritics, Field, FieldKind, Placeholders, Preset};
    use crate::standardise::{Absent, BirthDate, Name, PlaceholderList, Sex, Text, Value};

    const KINDS: [FieldKind; 6] = [
        FieldKind::FamilyName,
        FieldKind::GivenName,
        FieldKind::BirthDate,
        FieldKind::Sex,
        FieldKind::Suburb,
        FieldKind::Postcode,
    ];

    fn project() -> Project {
        let mut project =
            Project::parse(&Preset::Minimal.toml("yard", "2026"), "p").expect("a preset");
        project.match_keys.clear();
        project.fields = KINDS
            .map(|kind| Field { name: kind.name().into(), kind, compare_as: kind.name().into() })
            .to_vec();
        project
    }

    fn encoder(settings: &FuzzySettings) -> FuzzyEncoder {
        let project = project();
        let folder = tempfile::tempdir().expect("a folder");
        let key = ProjectKey::create(&folder.path().join("k"), &project).expect("a key");
        FuzzyEncoder::new(&project, &key, settings).expect("names")
    }

    fn person(values: [&str; 6]) -> Person {
        let list = PlaceholderList::new(&Placeholders::default());
        let name = |text| Name::read(text, Diacritics::Fold, &list);
        let today = "2026-01-01".parse().expect("a date");
        let mut others = vec![Value::Missing(Absent::Empty); 4];
        others.extend([4, 5].map(|i| Text::read(KINDS[i], values[i], &list)));
        Person {
            family: name(values[0]),
            given: name(values[1]),
            birth: BirthDate::read(values[2], &DateFormats::default(), today, None, &list),
            sex: Sex::read(values[3]),
            others,
            slk: Value::Missing(Absent::Empty),
        }
    }

    const JANE: [&str; 6] = ["Citizen", "Jane", "1984-05-12", "2", "Woden Valley", "2606"];

    fn but(places: &[(usize, &'static str)]) -> Person {
        let mut values = JANE;
        places.iter().for_each(|&(place, value)| values[place] = value);
        person(values)
    }

    #[test]
    fn nearly_the_same_person_is_near_and_another_is_not() {
        let people = [
            but(&[]),
            but(&[(0, "Citizne")]),
            but(&[(0, "Jane"), (1, "Citizen")]),
            but(&[(2, "1984-12-05")]),
            but(&[(2, "1984-05-13")]),
            but(&[(4, "Belconnen"), (5, "2617")]),
            person(["Nguyen", "Peter", "1961-11-30", "1", "Fitzroy", "3065"]),
        ];
        let rows = encoder(&FuzzySettings::default()).encode(&people);
        assert_eq!(rows.row(0).map(<[u8]>::len), Some(256));
        let distance = |i: usize| {
            Kernel::best().hamming(rows.row(0).expect("a row"), rows.row(i).expect("a row"))
        };
        // 1024 bits differ by chance, give or take 23.
        for (i, what) in
            [(1, "a name"), (2, "names"), (3, "day and month"), (4, "a digit"), (5, "a place")]
        {
            assert!(distance(i) < 860, "{what}: {}", distance(i));
        }
        assert!(distance(2) == 0, "one vocabulary for both names");
        assert!(distance(6) > 900, "another person: {}", distance(6));
    }

    #[test]
    fn too_little_to_compare_has_no_row() {
        let people = [
            but(&[(0, ""), (1, "")]),
            person(["", "Jane", "", "", "", ""]),
            but(&[(3, ""), (4, ""), (5, "")]),
            but(&[]),
        ];
        let rows = encoder(&FuzzySettings::default()).encode(&people);
        let with: Vec<bool> = (0..5).map(|i| rows.row(i).is_some()).collect();
        assert_eq!(with, [false, false, true, true, false]);
        assert!(rows.bytes()[..512].iter().all(|byte| *byte == 0));
        let statistics = rows.statistics();
        assert_eq!(statistics.rows, 2);
        assert!(statistics.is_near_half_full());
    }

    #[test]
    fn bits_are_counted_as_one_by_one() {
        let rows: Vec<u8> = (0..32 * 1000u32).map(|i| ((i * i) >> 7) as u8).collect();
        let plain = |bit: usize| {
            let set = |row: &[u8]| u64::from(row[bit / 8] >> (bit % 8) & 1);
            rows.chunks_exact(32).map(set).sum::<u64>()
        };
        assert_eq!(ones(&rows, 32), (0..256).map(plain).collect::<Vec<_>>());
    }

    #[test]
    fn parts_put_together_are_the_whole() {
        let days = ["1984-05-12", "1990-01-01", "2001-02-28"];
        let people: Vec<Person> = (0..150).map(|i| but(&[(2, days[i % 3])])).collect();
        for encoding in
            [FuzzyEncoding::ELD, FuzzyEncoding::ELD_HIGH_ASSURANCE, FuzzyEncoding::UnhardenedClk]
        {
            let encoder = encoder(&FuzzySettings { encoding, ..FuzzySettings::default() });
            let whole = encoder.encode(&people);
            let mut parts = encoder.encode(&people[..67]);
            parts.append(encoder.encode(&people[67..]));
            assert_eq!(parts, whole);
            assert_eq!(whole.bytes().len(), 150 * encoding.width());
        }
    }

    #[test]
    fn base_filters_are_half_full_and_those_of_little_are_too_empty() {
        let encoder = encoder(&FuzzySettings::default());
        let full = encoder.encode(&[but(&[])]);
        let statistics = full.statistics();
        assert!((statistics.mean_fill - 0.5).abs() < 0.05, "{}", statistics.mean_fill);
        let sparse = but(&[(0, "Ng"), (2, ""), (3, "")]);
        let statistics = encoder.encode(&[sparse]).statistics();
        assert_eq!(statistics.rows, 1);
        assert!(!statistics.is_near_half_full(), "{}", statistics.mean_fill);
    }

    #[test]
    fn a_filter_is_near_half_full_from_40_to_60_percent() {
        let is = [0, 409, 410, 512, 614, 615].map(is_near_half_full);
        assert_eq!(is, [false, false, true, true, true, false]);
    }

    #[test]
    fn a_column_without_names_is_refused() {
        let project = project();
        let folder = tempfile::tempdir().expect("a folder");
        let key = ProjectKey::create(&folder.path().join("k"), &project).expect("a key");
        let mut settings = FuzzySettings::default();
        for name in ["family-name", "given-name"] {
            settings.weights.insert(name.into(), 0);
        }
        assert_eq!(FuzzyEncoder::new(&project, &key, &settings).err(), Some(Error::NoNames));
    }
}
