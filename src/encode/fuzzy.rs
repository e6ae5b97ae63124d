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

/// Why there is no fuzzy column.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Neither name of the project counts.
    #[error("the fuzzy column needs a family or given name with a weight above 0")]
    NoNames,
    /// The base filters of a file are not near half full.
    #[error(
        "the fuzzy column was not made: its base filters are {}.{} % full on average, expected \
         40 to 60 %", .thousandths / 10, .thousandths % 10
    )]
    Fill {
        /// The mean share of bits set, in thousandths.
        thousandths: u64,
    },
}

impl Fault for Error {
    fn class(&self) -> Class {
        match self {
            Error::NoNames => Class::Usage,
            Error::Fill { .. } => Class::Refused,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Error::NoNames => "give a name field a weight in `[fuzzy.weights]` of project.toml",
            Error::Fill { thousandths: ..400 } => {
                "fields that most records of this source lack leave the filters empty, which \
                 would leak who resembles whom; set their weights to 0 in `[fuzzy.weights]` of \
                 project.toml, at every party"
            }
            Error::Fill { .. } => {
                "give fewer fields a weight in `[fuzzy.weights]` of project.toml, at every party"
            }
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

    /// The rows of these persons, in this order.
    ///
    /// # Panics
    /// When there is no such person.
    pub fn arranged(&self, persons: &[u32]) -> FuzzyRows {
        let mut bytes = Vec::with_capacity(persons.len() * self.width);
        for &person in persons {
            bytes.extend_from_slice(&self.bytes[person as usize * self.width..][..self.width]);
        }
        let fills = persons.iter().map(|&person| self.fills[person as usize]).collect();
        FuzzyRows { width: self.width, bytes, fills }
    }

    /// Leaves out the persons that are not kept, where they are.
    pub fn retain(&mut self, keep: &[bool]) {
        let mut kept = 0;
        for (person, _) in keep.iter().enumerate().filter(|(_, keep)| **keep) {
            let start = person * self.width;
            self.bytes.copy_within(start..start + self.width, kept * self.width);
            self.fills[kept] = self.fills[person];
            kept += 1;
        }
        self.bytes.truncate(kept * self.width);
        self.fills.truncate(kept);
    }

    /// All rows, one after the other.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Takes away the row of a person.
    pub fn withhold(&mut self, person: usize) {
        if let Some(fill) = self.fills.get_mut(person) {
            *fill = 0;
            self.bytes[person * self.width..][..self.width].fill(0);
        }
    }

    /// The persons whose row is also another's, in order: as with tokens, what two people of
    /// a file share is written for neither, so that there is nothing to count.
    pub fn shared(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.len()).filter(|i| self.fills[*i] > 0).collect();
        order.par_sort_unstable_by(|a, b| (self.row(*a), a).cmp(&(self.row(*b), b)));
        let alike = order.chunk_by(|a, b| self.row(*a) == self.row(*b)).filter(|c| c.len() > 1);
        let mut shared: Vec<usize> = alike.flatten().copied().collect();
        shared.sort_unstable();
        shared
    }

    /// What the rows look like from outside.
    pub fn statistics(&self) -> Statistics {
        let with: Vec<usize> = (0..self.len()).filter(|i| self.fills[*i] > 0).collect();
        // Rows without a value are all zeros, and add nothing.
        let columns = self.bytes.par_chunks(self.width << 12).map(|rows| ones(rows, self.width));
        let columns = columns.reduce(
            || vec![0; 8 * self.width],
            |a, b| a.iter().zip(&b).map(|(a, b)| a + b).collect(),
        );
        let fills = || with.iter().map(|i| self.fills[*i]);
        let share = |ones: u64, of: u64| if of == 0 { 0.0 } else { ones as f64 / of as f64 };
        let (rows, bits) = (with.len() as u64, BITS as u64);
        let ones_set = fills().map(u64::from).sum();
        Statistics {
            rows: with.len(),
            without: self.len() - with.len(),
            mean_fill: share(ones_set, rows * bits),
            least_fill: share(fills().min().unwrap_or(0).into(), bits),
            most_fill: share(fills().max().unwrap_or(0).into(), bits),
            lightest_column: share(columns.iter().copied().min().unwrap_or(0), rows),
            heaviest_column: share(columns.iter().copied().max().unwrap_or(0), rows),
        }
    }

    /// Checks the protection that rests on the fill, once all persons of a file are encoded.
    ///
    /// # Errors
    /// When the mean fill of the base filters is outside 0.40 to 0.60: security rests on it.
    pub fn check(&self) -> Result<(), Error> {
        let (ones, rows) = self
            .fills
            .iter()
            .filter(|fill| **fill > 0)
            .fold((0u64, 0u64), |(ones, rows), fill| (ones + u64::from(*fill), rows + 1));
        if rows == 0 {
            return Ok(());
        }
        let thousandths = ones * 1000 / (rows * BITS as u64);
        if MEAN_FILL.contains(&thousandths) { Ok(()) } else { Err(Error::Fill { thousandths }) }
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
    /// Persons without one.
    pub without: usize,
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
            birth: BirthDate::read(values[2], "%Y-%m-%d", today, None, &list),
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
        assert_eq!((statistics.rows, statistics.without), (2, 2));
        rows.check().expect("half full");
    }

    #[test]
    fn bits_are_counted_as_one_by_one() {
        let rows: Vec<u8> = (0..32 * 1000u32).map(|i| (i * i >> 7) as u8).collect();
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
            let mut turned = whole.arranged(&[2, 149, 2]);
            assert_eq!([0, 1, 2].map(|i| turned.row(i)), [2, 149, 2].map(|i| whole.row(i)));
            turned.retain(&[false, true, false]);
            assert_eq!(turned, whole.arranged(&[149]));
        }
    }

    #[test]
    fn rows_that_two_people_share_are_told_and_can_be_withheld() {
        let people = [but(&[]), but(&[(1, "Ann")]), but(&[]), but(&[(1, "Joan")])];
        let mut rows = encoder(&FuzzySettings::default()).encode(&people);
        assert_eq!(rows.shared(), [0, 2]);
        for person in rows.shared() {
            rows.withhold(person);
        }
        assert!(rows.shared().is_empty());
        assert!(rows.row(0).is_none() && rows.row(1).is_some());
    }

    #[test]
    fn base_filters_are_half_full_and_a_file_of_empty_ones_is_refused() {
        let encoder = encoder(&FuzzySettings::default());
        let full = encoder.encode(&[but(&[])]);
        let statistics = full.statistics();
        assert!((statistics.mean_fill - 0.5).abs() < 0.05, "{}", statistics.mean_fill);
        let sparse = but(&[(0, "Ng"), (2, ""), (3, "")]);
        let refused = encoder.encode(&[sparse]).check().expect_err("too empty");
        assert!(matches!(refused, Error::Fill { thousandths: 320..400 }), "{refused}");
        assert!(refused.hint().is_some_and(|hint| hint.contains("[fuzzy.weights]")));
        assert_eq!(refused.class(), Class::Refused);
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
