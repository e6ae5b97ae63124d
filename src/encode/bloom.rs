//! The base filter: which of 1024 bits a person's values set. Every token of a field (two
//! neighbouring letters of a name, a digit of a date at its place) has secret positions of
//! its own, drawn once for the whole vocabulary and kept as masks, so that no record needs a
//! hash. A value sets
//! as many positions as its field's weight says, however long it is: they are shared out
//! among its tokens, so that filters are as full for people with short names.

use crate::key::{ProjectKey, Purpose, Subkey};
use crate::project::fuzzy::FuzzySettings;
use crate::project::{FieldKind, Project};
use crate::standardise::date::PartAccuracy;
use crate::standardise::{BirthDate, Name, Person};

/// Bits of a base filter.
pub(super) const BITS: usize = 1024;

/// Positions that all values of a person draw together, so that half of the bits are set:
/// 1 − (1 − 1/1024)^n = 1/2. Half is where the diffusion layer leaks least.
const DRAWN: u32 = 709;

/// The edge of a text and the letters of a name.
const LETTERS: usize = 27;
/// The edge of a text, letters, digits and the blank.
const SIGNS: usize = 38;

/// Where the tokens of a date begin: digits at six places, years, days with months.
const YEARS: usize = 60;
const DAYS: usize = YEARS + 512;
/// A year says as much as two of its digits; day and month, in either order, as all four of
/// theirs. With these, a wrong digit, another year or a day that became the month leave most
/// of a date in place (weights compared on a population of 100,000 records).
const YEAR_UNITS: u32 = 2;
const DAY_UNITS: u32 = 4;
const DATE_UNITS: u32 = 6 + YEAR_UNITS + DAY_UNITS;

/// The fields of a project as secret positions.
pub(super) struct BaseFilter {
    fields: Vec<FieldTokens>,
}

impl BaseFilter {
    /// Draws the positions of every token of the fields that have a weight.
    pub(super) fn new(project: &Project, key: &ProjectKey, settings: &FuzzySettings) -> Self {
        let total: u32 = project.fields.iter().map(|f| settings.weight(f)).sum();
        let weighted = project.fields.iter().enumerate().filter(|(_, f)| settings.weight(f) > 0);
        let fields = weighted.map(|(place, field)| {
            // The two names have one vocabulary: they are often written the wrong way round,
            // and a pair of people of which that is so has nothing else in common.
            let label = match field.kind {
                FieldKind::FamilyName | FieldKind::GivenName => "names".to_owned(),
                kind => format!("{}={}", kind.name(), field.name),
            };
            let subkey = key.subkey(project, Purpose::FuzzyBase, &label);
            FieldTokens::new(place, field.kind, DRAWN * settings.weight(field) / total, &subkey)
        });
        BaseFilter { fields: fields.collect() }
    }

    /// Sets the positions of a person's values in an empty filter. `tokens` is scratch space.
    pub(super) fn fill(
        &self,
        person: &Person,
        tokens: &mut Vec<(usize, u32)>,
        filter: &mut Filter,
    ) {
        for field in &self.fields {
            tokens.clear();
            field.tokens(person, |token, units| tokens.push((token, units)));
            // The tokens of a text are alike, so it is enough to work out the share of one.
            let of_text = field.level(1, tokens.len() as u32);
            for &(token, units) in tokens.iter() {
                let level = match field.kind {
                    // What is not known of a date is not made up for by the rest of it.
                    FieldKind::BirthDate => field.of_date[units as usize],
                    _ => of_text,
                };
                let mask = &field.masks[token * field.counts.len() + level];
                filter.iter_mut().zip(mask).for_each(|(word, bits)| *word |= bits);
            }
        }
    }
}

/// A base filter: bit `p % 64` of word `p / 64` is position `p`.
pub(super) type Filter = [u64; BITS / 64];

/// The positions that a token gets of those its field draws, at least one.
fn share(drawn: u32, units: u32, all: u32) -> usize {
    ((2 * drawn * units + all) / (2 * all)).max(1) as usize
}

struct FieldTokens {
    place: usize,
    kind: FieldKind,
    drawn: u32,
    /// The numbers of positions that a token may get, ascending.
    counts: Vec<usize>,
    /// For each token and each of those numbers, so many of its positions set.
    masks: Vec<Filter>,
    /// For the units of a part of a date, the place of its number in `counts`.
    of_date: [usize; DAY_UNITS as usize + 1],
}

impl FieldTokens {
    fn new(place: usize, kind: FieldKind, drawn: u32, subkey: &Subkey) -> Self {
        let tokens = match kind {
            FieldKind::FamilyName | FieldKind::GivenName => LETTERS * LETTERS,
            FieldKind::BirthDate => DAYS + 32 * 32,
            FieldKind::Sex => 3,
            FieldKind::Postcode => 40,
            FieldKind::Suburb
            | FieldKind::State
            | FieldKind::Address
            | FieldKind::Phone
            | FieldKind::Text => SIGNS * SIGNS,
        };
        let mut counts: Vec<usize> = match kind {
            FieldKind::BirthDate => {
                [1, YEAR_UNITS, DAY_UNITS].map(|units| share(drawn, units, DATE_UNITS)).to_vec()
            }
            // A text has any number of tokens, each of one unit; in the end each gets one
            // position.
            _ => (1..=2 * drawn.max(1)).map(|tokens| share(drawn, 1, tokens)).collect(),
        };
        counts.push(1);
        counts.sort_unstable();
        counts.dedup();
        let deepest = counts.last().copied().unwrap_or(0);
        let mut masks = Vec::with_capacity(tokens * counts.len());
        for token in 0..tokens as u32 {
            let mut mask = [0; BITS / 64];
            let mut set = 0;
            for position in draw(subkey, token).take(deepest) {
                mask[usize::from(position) / 64] |= 1 << (position % 64);
                set += 1;
                if counts.binary_search(&set).is_ok() {
                    masks.push(mask);
                }
            }
        }
        let mut field = FieldTokens { place, kind, drawn, counts, masks, of_date: [0; 5] };
        field.of_date = std::array::from_fn(|units| field.level(units as u32, DATE_UNITS));
        field
    }

    /// The place in `counts` of what a token of so many units gets.
    fn level(&self, units: u32, all: u32) -> usize {
        let count = share(self.drawn, units, all.max(1));
        self.counts.partition_point(|&c| c < count)
    }

    /// Gives the tokens of a person's value with their units; none where it is missing.
    fn tokens(&self, person: &Person, mut give: impl FnMut(usize, u32)) {
        let letters = |name: Option<&Name>, give: &mut dyn FnMut(usize, u32)| {
            if let Some(name) = name {
                neighbours(name.letters(), LETTERS, give);
            }
        };
        let text = person.others.get(self.place).and_then(|value| value.known());
        match self.kind {
            FieldKind::FamilyName => letters(person.family.known(), &mut give),
            FieldKind::GivenName => letters(person.given.known(), &mut give),
            FieldKind::BirthDate => {
                if let Some(birth) = person.birth.known() {
                    date_tokens(birth, &mut give);
                }
            }
            FieldKind::Sex => {
                if let Some(sex) = person.sex.known() {
                    give(usize::from(sex.digit().saturating_sub(b'1')).min(2), 1);
                }
            }
            FieldKind::Postcode => {
                for (place, digit) in text.iter().flat_map(|t| t.as_str().bytes().enumerate()) {
                    give((place % 4) * 10 + usize::from(digit.saturating_sub(b'0')).min(9), 1);
                }
            }
            FieldKind::Suburb
            | FieldKind::State
            | FieldKind::Address
            | FieldKind::Phone
            | FieldKind::Text => {
                if let Some(text) = text {
                    neighbours(text.as_str(), SIGNS, &mut give);
                }
            }
        }
    }
}

/// The parts of a date that are accurate: each digit at its place but for those of the
/// century, the year, and day and month in either order.
fn date_tokens(birth: &BirthDate, give: &mut dyn FnMut(usize, u32)) {
    let (day, month) = (usize::from(birth.day() as u8 & 31), usize::from(birth.month() as u8 & 15));
    let year = usize::from(birth.year().unsigned_abs());
    let accuracy = birth.accuracy();
    let known = |part| part == PartAccuracy::Accurate;
    let digits = [
        (known(accuracy.day), day / 10),
        (known(accuracy.day), day % 10),
        (known(accuracy.month), month / 10),
        (known(accuracy.month), month % 10),
        (known(accuracy.year), year / 10 % 10),
        (known(accuracy.year), year % 10),
    ];
    for (place, (is_known, digit)) in digits.into_iter().enumerate() {
        if is_known {
            give(place * 10 + digit, 1);
        }
    }
    if known(accuracy.year) {
        give(YEARS + year % 512, YEAR_UNITS);
    }
    if known(accuracy.day) && known(accuracy.month) {
        give(DAYS + day.min(month) * 32 + day.max(month), DAY_UNITS);
    }
}

/// Each sign with its neighbour; the edge of the text is a sign too.
fn neighbours(text: &str, alphabet: usize, give: &mut dyn FnMut(usize, u32)) {
    let mut before = 0;
    for sign in text.bytes().map(sign).chain([0]) {
        let sign = sign.min(alphabet - 1);
        give(before * alphabet + sign, 1);
        before = sign;
    }
}

fn sign(byte: u8) -> usize {
    match byte {
        b'A'..=b'Z' => usize::from(byte - b'A') + 1,
        b'0'..=b'9' => usize::from(byte - b'0') + 27,
        _ => SIGNS - 1,
    }
}

/// Positions without end: HMACs of a counter, each two bytes one position. 2^16 is a multiple
/// of 1024, so all are equally likely.
pub(super) fn draw(subkey: &Subkey, item: u32) -> impl Iterator<Item = u16> {
    (0u32..).flat_map(move |block| {
        let mut message = [0; 8];
        message[..4].copy_from_slice(&item.to_be_bytes());
        message[4..].copy_from_slice(&block.to_be_bytes());
        let mac = subkey.mac128(&message);
        let (pairs, _) = mac.as_chunks::<2>();
        let position = |pair: &[u8; 2]| u16::from_be_bytes(*pair) % BITS as u16;
        pairs.iter().map(position).collect::<Vec<u16>>()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::days::DateFormats;
    use crate::project::Placeholders;
    use crate::standardise::{PlaceholderList, Value};

    fn date(text: &str) -> Vec<(usize, u32)> {
        let list = PlaceholderList::new(&Placeholders::default());
        let today = "2030-01-01".parse().expect("a date");
        let formats = DateFormats::default();
        let Value::Known(birth) = BirthDate::read(text, &formats, today, None, &list) else {
            panic!("a date")
        };
        let mut tokens = vec![];
        date_tokens(&birth, &mut |token, units| tokens.push((token, units)));
        tokens
    }

    /// The units that two dates share, of twelve.
    fn shared(a: &str, b: &str) -> u32 {
        let b = date(b);
        date(a).iter().filter(|token| b.contains(token)).map(|(_, units)| units).sum()
    }

    #[test]
    fn dates_that_are_mistyped_stay_near() {
        assert_eq!(date("1984-05-12").iter().map(|(_, units)| units).sum::<u32>(), DATE_UNITS);
        for (other, units, what) in [
            ("1984-05-12", 12, "the same"),
            ("1984-12-05", 9, "day and month exchanged; both have a 1 or a 0 somewhere"),
            ("1984-05-13", 7, "one digit of the day"),
            ("1985-05-12", 9, "one digit of the year"),
            ("1972-11-30", 0, "another date"),
        ] {
            let found = shared("1984-05-12", other);
            assert!(found.abs_diff(units) <= 2, "{what}: {found}");
        }
        assert!(shared("1984-05-12", "1984-12-05") > shared("1984-05-12", "1991-03-27"));
    }

    #[test]
    fn neighbours_of_every_text_are_in_the_vocabulary() {
        for (text, alphabet) in [("A", LETTERS), ("ZZ", LETTERS), ("9 AZ-\u{e9}", SIGNS)] {
            let mut count = 0;
            neighbours(text, alphabet, &mut |token, _| {
                assert!(token < alphabet * alphabet);
                count += 1;
            });
            assert_eq!(count, text.len() + 1);
        }
    }

    #[test]
    fn positions_are_shared_out_whole() {
        assert_eq!([share(200, 1, 7), share(200, 1, 200), share(0, 1, 5)], [29, 1, 1]);
        assert_eq!(share(142, DAY_UNITS, DATE_UNITS) + share(142, YEAR_UNITS, DATE_UNITS), 71);
    }
}
