//! Names. Takes what was typed into a name field, gives upper-case letters A to Z, or says
//! why there are none. Keeps every given name of a field that holds several: METEOR 349483
//! drops the blank of "Eu Jin" and goes on counting.

use std::fmt;
use std::sync::Arc;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::placeholders::PlaceholderList;
use super::{Absent, Value};
use crate::project::Diacritics;

/// Words before a name that are no part of it.
const TITLES: [&str; 8] = ["DR", "MISS", "MR", "MRS", "MS", "MX", "PROF", "REV"];

/// Words after a name that are no part of it. Roman numerals stay: II is also a name.
const SUFFIXES: [&str; 4] = ["JNR", "JR", "SNR", "SR"];

/// A standardised name: upper-case, at least one letter from A to Z. Prints as shape.
#[derive(Clone, PartialEq, Eq)]
pub struct Name(Letters);

/// Bytes of names that need no memory of their own; nearly all are shorter.
const SHORT: usize = 21;

/// The letters of a name, and how many of them are those of the first word.
#[derive(Clone, PartialEq, Eq)]
enum Letters {
    Short { bytes: [u8; SHORT], length: u8, first_word: u8 },
    Long { letters: Arc<str>, first_word: u32 },
}

impl Name {
    /// Reads a name field.
    ///
    /// Separators (hyphen, apostrophe, blank, digits, any sign) are dropped, as METEOR 349481
    /// and 349483 say; so is a title before the name or a "Jr" after it that stands as a
    /// word of its own. Missing, with the reason, when the cell is empty, a placeholder, of
    /// symbols only, or in a script without Latin letters.
    pub fn read(text: &str, diacritics: Diacritics, placeholders: &PlaceholderList) -> Value<Self> {
        let text = text.trim();
        if text.is_empty() {
            return Value::Missing(Absent::Empty);
        }
        Name::of_letters(text, placeholders)
            .unwrap_or_else(|| Name::of_words(text, diacritics, placeholders))
    }

    /// As [`Name::read`] of any text that is not empty.
    fn of_words(text: &str, diacritics: Diacritics, placeholders: &PlaceholderList) -> Value<Self> {
        let words = fold(text, diacritics);
        if words.is_empty() {
            return Value::Missing(no_letters(text));
        }
        let bare = without_titles(&words);
        if placeholders.has_name(&words) || placeholders.has_name(bare) {
            return Value::Missing(Absent::Placeholder);
        }
        let count = |s: &str| s.bytes().filter(u8::is_ascii_uppercase).count();
        let first_word = count(bare.split(' ').next().unwrap_or(bare));
        let letters: String = bare.chars().filter(char::is_ascii_uppercase).collect();
        Value::Known(Name::new(&letters, first_word))
    }

    /// As [`Name::read`] of a short text of letters A to Z, large or small, and nothing else: most
    /// names are that, and cost no more than to look one up. Nothing of any other text.
    pub(super) fn of_letters(text: &str, placeholders: &PlaceholderList) -> Option<Value<Self>> {
        let mut bytes = [0; SHORT];
        bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        // All places are looked at, so that the compiler takes many at once.
        bytes.make_ascii_uppercase();
        let count: u8 = bytes.iter().map(|byte| u8::from(byte.is_ascii_uppercase())).sum();
        if text.is_empty() || usize::from(count) != text.len() {
            return None;
        }
        let letters = &bytes[..text.len()];
        if placeholders.may_have_name(letters)
            && placeholders.has_name(std::str::from_utf8(letters).ok()?)
        {
            return Some(Value::Missing(Absent::Placeholder));
        }
        let length = letters.len() as u8;
        Some(Value::Known(Name(Letters::Short { bytes, length, first_word: length })))
    }

    fn new(letters: &str, first_word: usize) -> Self {
        let mut bytes = [0; SHORT];
        Name(match bytes.get_mut(..letters.len()) {
            Some(short) => {
                short.copy_from_slice(letters.as_bytes());
                let (length, first_word) = (letters.len() as u8, first_word as u8);
                Letters::Short { bytes, length, first_word }
            }
            // Cells are far below four gigabytes.
            None => Letters::Long { letters: letters.into(), first_word: first_word as u32 },
        })
    }

    /// The letters A to Z only, upper-case: what keys are made of.
    pub fn letters(&self) -> &str {
        match &self.0 {
            Letters::Short { .. } => std::str::from_utf8(self.bytes()).unwrap_or_default(),
            Letters::Long { letters, .. } => letters,
        }
    }

    /// As [`Name::letters`], one byte each.
    pub fn bytes(&self) -> &[u8] {
        match &self.0 {
            Letters::Short { bytes, length, .. } => &bytes[..usize::from(*length)],
            Letters::Long { letters, .. } => letters.as_bytes(),
        }
    }

    /// How many letters the first word has; a hyphenated name is one word.
    ///
    /// METEOR 624484 asks for the first given name only. Where a field holds several, this
    /// tells whether that reading would give another key.
    pub fn first_word(&self) -> usize {
        match self.0 {
            Letters::Short { first_word, .. } => first_word.into(),
            Letters::Long { first_word, .. } => first_word as usize,
        }
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({} letters)", self.bytes().len())
    }
}

/// Upper-case A to Z with one blank between words and one hyphen between joined parts,
/// neither at the ends.
pub(super) fn fold(text: &str, diacritics: Diacritics) -> String {
    let mut words = Words { out: String::with_capacity(text.len()), gap: None };
    if text.is_ascii() {
        text.bytes().for_each(|b| words.push(char::from(b.to_ascii_uppercase())));
        return words.out;
    }
    match diacritics {
        Diacritics::Fold => plain_letters(text).for_each(|c| words.push(c)),
        Diacritics::Drop => {
            // Composed first, so that both ways to write a letter drop it whole.
            text.nfc().flat_map(char::to_uppercase).for_each(|c| words.push(c));
        }
    }
    words.out
}

/// Upper-case characters with marks taken off, wide and joined forms made plain.
pub(super) fn plain_letters(text: &str) -> impl Iterator<Item = char> {
    text.nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(|c| undecomposed(c).chars().chain(undecomposed(c).is_empty().then_some(c)))
        .flat_map(char::to_uppercase)
}

/// Latin letters that Unicode does not decompose, as people without the key type them.
fn undecomposed(c: char) -> &'static str {
    match c {
        'Æ' | 'æ' => "AE",
        'Œ' | 'œ' => "OE",
        'Þ' | 'þ' => "TH",
        'Ŋ' | 'ŋ' => "NG",
        'ẞ' | 'ß' => "SS",
        'Ə' | 'ə' => "A",
        'Ɓ' | 'ɓ' | 'Ƀ' | 'ƀ' => "B",
        'Đ' | 'đ' | 'Ð' | 'ð' | 'Ɗ' | 'ɗ' | 'Ɖ' | 'ɖ' => "D",
        'Ɛ' | 'ɛ' | 'Ǝ' | 'ǝ' => "E",
        'Ƒ' | 'ƒ' => "F",
        'Ǥ' | 'ǥ' | 'Ɣ' | 'ɣ' => "G",
        'Ħ' | 'ħ' => "H",
        'ı' | 'Ɨ' | 'ɨ' => "I",
        'Ƙ' | 'ƙ' | 'ĸ' => "K",
        'Ł' | 'ł' | 'Ƚ' | 'ƚ' => "L",
        'Ɲ' | 'ɲ' => "N",
        'Ø' | 'ø' | 'Ɔ' | 'ɔ' | 'Ɵ' | 'ɵ' => "O",
        'Ŧ' | 'ŧ' => "T",
        'Ʉ' | 'ʉ' => "U",
        'Ƴ' | 'ƴ' => "Y",
        'Ƶ' | 'ƶ' => "Z",
        _ => "",
    }
}

/// Collects letters; a sign between two of them is a gap, or nothing at all.
struct Words {
    out: String,
    gap: Option<char>,
}

impl Words {
    fn push(&mut self, c: char) {
        if c.is_ascii_uppercase() {
            if let Some(gap) = self.gap.take().filter(|_| !self.out.is_empty()) {
                self.out.push(gap);
            }
            self.out.push(c);
        } else if is_hyphen(c) {
            self.gap = self.gap.or(Some('-'));
        } else if !is_inside_word(c) {
            self.gap = Some(' ');
        }
    }
}

fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}')
}

/// Apostrophes of every shape, invisible characters and dropped letters do not end a word.
fn is_inside_word(c: char) -> bool {
    matches!(c, '\'' | '`' | '\u{b4}' | '\u{ad}' | '\u{2018}'..='\u{201b}' | '\u{2032}'
        | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{ff07}')
        || !c.is_ascii() && c.is_alphabetic()
        || is_combining_mark(c)
}

/// A name without titles before it and suffixes after it, as long as a word is left.
fn without_titles(words: &str) -> &str {
    let mut rest = words;
    while let Some((first, after)) = rest.split_once(' ')
        && TITLES.contains(&first)
    {
        rest = after;
    }
    while let Some((before, last)) = rest.rsplit_once(' ')
        && SUFFIXES.contains(&last)
    {
        rest = before;
    }
    rest
}

/// Why a text without one letter A to Z has none.
pub(super) fn no_letters(text: &str) -> Absent {
    // Modifier letters such as the okina count as letters in Unicode, but are signs here.
    let foreign = |c: char| c.is_alphabetic() && !matches!(c, '\u{2b0}'..='\u{2ff}');
    let latin = plain_letters(text).any(|c| c.is_ascii_uppercase());
    if text.chars().any(foreign) && !latin { Absent::OtherScript } else { Absent::NoLetters }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::project::Placeholders;

    fn read(text: &str, diacritics: Diacritics) -> Value<Name> {
        let list = PlaceholderList::new(&Placeholders::standard());
        Name::read(text, diacritics, &list)
    }

    fn letters(text: &str) -> String {
        read(text, Diacritics::Fold).known().map(|n| n.letters().to_owned()).unwrap_or_default()
    }

    #[test]
    fn separators_are_dropped_as_meteor_349481_and_349483_say() {
        for (text, expected) in [
            ("Lee-Archer", "LEEARCHER"),
            ("O'Mara", "OMARA"),
            ("De Vries", "DEVRIES"),
            ("Jo-Anne", "JOANNE"),
            ("D'Arcy", "DARCY"),
            ("Eu Jin", "EUJIN"),
            ("St. John", "STJOHN"),
            ("Mc Donald", "MCDONALD"),
            ("van der Berg", "VANDERBERG"),
            ("Smith2", "SMITH"),
        ] {
            assert_eq!(letters(text), expected, "{text}");
        }
    }

    #[test]
    fn signs_of_every_alphabet_do_not_change_a_name() {
        for text in [
            "O\u{2019}Mara",
            "O\u{2bc}Mara",
            "O\u{2013}Mara",
            "O\u{a0}Mara",
            "O\u{200b}Mara",
            "O\tMara.",
            "\u{ff2f}\u{ff4d}\u{ff41}\u{ff52}\u{ff41}",
            "O\u{ad}Mara",
            "o mara",
        ] {
            assert_eq!(letters(text), "OMARA", "{text}");
        }
    }

    #[test]
    fn marked_letters_fold_to_the_plain_letter_or_drop() {
        for (text, fold, drop) in [
            ("Nguyễn", "NGUYEN", "NGUYN"),
            ("Müller", "MULLER", "MLLER"),
            ("Łukasz", "LUKASZ", "UKASZ"),
            ("Ngô", "NGO", "NG"),
            ("Đặng", "DANG", "NG"),
            ("Élodie", "ELODIE", "LODIE"),
            ("Zoë", "ZOE", "ZO"),
            ("Siân", "SIAN", "SIN"),
            ("Thảo", "THAO", "THO"),
            ("Strauß", "STRAUSS", "STRAUSS"),
            ("Øystein Þór Æsir Œuf", "OYSTEINTHORAESIROEUF", "YSTEINRSIRUF"),
            ("Işık", "ISIK", "IIK"),
        ] {
            let got = |d| read(text, d).known().map(|n| n.letters().to_owned()).unwrap_or_default();
            assert_eq!(got(Diacritics::Fold), fold, "{text}");
            assert_eq!(got(Diacritics::Drop), drop, "{text}");
        }
    }

    #[test]
    fn a_name_without_letters_is_missing_with_its_reason() {
        for (text, diacritics, why) in [
            ("", Diacritics::Fold, Absent::Empty),
            (" \u{a0}", Diacritics::Fold, Absent::Empty),
            ("---", Diacritics::Fold, Absent::NoLetters),
            ("?", Diacritics::Fold, Absent::NoLetters),
            ("0", Diacritics::Fold, Absent::NoLetters),
            ("\u{2bb}", Diacritics::Fold, Absent::NoLetters),
            ("Ó", Diacritics::Drop, Absent::NoLetters),
            ("李", Diacritics::Fold, Absent::OtherScript),
            ("Иван", Diacritics::Drop, Absent::OtherScript),
            ("محمد", Diacritics::Fold, Absent::OtherScript),
        ] {
            assert_eq!(read(text, diacritics), Value::Missing(why), "{text}");
        }
    }

    /// Domain 1.6: whole values only, and a project may take a real surname off its list.
    #[test]
    fn placeholders_are_missing_only_as_whole_names() {
        for text in ["Unknown", "BABY OF", "baby-boy", "N/A", "n.a.", "Mr Unknown", "Twin 1", "tbc"]
        {
            assert_eq!(read(text, Diacritics::Fold), Value::Missing(Absent::Placeholder), "{text}");
        }
        for text in ["Testa", "Na", "Nason", "Babyak", "Nila", "Childs"] {
            assert!(read(text, Diacritics::Fold).known().is_some(), "{text}");
        }
        let none = PlaceholderList::new(&Placeholders::default());
        for text in ["Null", "Test"] {
            assert!(Name::read(text, Diacritics::Fold, &none).known().is_some(), "{text}");
        }
    }

    #[test]
    fn titles_and_suffixes_are_dropped_as_whole_words() {
        for (text, expected) in [
            ("Mr John", "JOHN"),
            ("Dr. Mary", "MARY"),
            ("Smith, Jr.", "SMITH"),
            ("Mrs Smith Snr", "SMITH"),
            ("Drake", "DRAKE"),
            ("Smith II", "SMITHII"),
            ("Mr-Ed", "MRED"),
            ("II", "II"),
        ] {
            assert_eq!(letters(text), expected, "{text}");
        }
    }

    #[test]
    fn the_first_word_ends_at_a_blank() {
        for (text, first) in [("J Paul", "J"), ("Jo-Anne Mary", "JOANNE"), ("Ana", "ANA")] {
            let name = read(text, Diacritics::Fold);
            assert_eq!(name.known().map(Name::first_word), Some(first.len()), "{text}");
        }
    }

    #[test]
    fn prints_as_shape() {
        assert_eq!(format!("{:?}", read("Zaphod", Diacritics::Fold)), "Known(Name(6 letters))");
    }

    proptest! {
        /// The short way gives what the long way gives, and for nothing but letters.
        #[test]
        fn letters_are_read_as_any_text_is(text in "[A-Za-z]{1,30}|[ABab' -9é]{1,6}", own in "[a-c]{1,2}") {
            let mut placeholders = Placeholders::standard();
            placeholders.names.push(own.clone());
            let list = PlaceholderList::new(&placeholders);
            let standard = Placeholders::standard().names;
            let titles = TITLES.map(str::to_owned);
            for text in [text, own].into_iter().chain(standard).chain(titles) {
                let short = Name::of_letters(&text, &list);
                let is_plain = text.len() <= SHORT && text.bytes().all(|b| b.is_ascii_alphabetic());
                prop_assert_eq!(short.is_some(), is_plain && !text.is_empty());
                if let Some(value) = short {
                    prop_assert_eq!(value, Name::of_words(&text, Diacritics::Fold, &list));
                }
            }
        }

        #[test]
        fn letters_are_a_to_z_and_standardising_twice_is_once(text in "\\PC{0,30}") {
            for diacritics in [Diacritics::Fold, Diacritics::Drop] {
                let none = PlaceholderList::new(&Placeholders::default());
                if let Value::Known(name) = Name::read(&text, diacritics, &none) {
                    prop_assert!(!name.letters().is_empty());
                    prop_assert!(name.bytes().iter().all(u8::is_ascii_uppercase));
                    let again = Name::read(name.letters(), diacritics, &none);
                    prop_assert_eq!(again.known().map(Name::letters), Some(name.letters()));
                }
            }
        }

        #[test]
        fn composed_and_decomposed_text_agree(text in "\\PC{0,30}") {
            let composed: String = text.nfc().collect();
            let decomposed: String = text.nfd().collect();
            for diacritics in [Diacritics::Fold, Diacritics::Drop] {
                prop_assert_eq!(fold(&composed, diacritics), fold(&decomposed, diacritics));
            }
        }
    }
}
