//! How alike two words are, beyond equality. Takes letters, gives one of a few steps; which
//! step means how much is for the decision engine to find out.

/// How alike two different words are, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Likeness {
    /// Not to speak of.
    Unlike,
    /// Some letters differ, or only the sound is the same.
    Alike,
    /// One typing error apart, or as good as that.
    Near,
}

/// A word with what makes comparing it quick.
#[derive(Clone, Default)]
pub(super) struct Word {
    text: Box<str>,
    /// Which letters it has, by bit.
    letters: u32,
    /// The number of its phonetic code; 0 for none.
    sound: u32,
}

/// Jaro–Winkler similarity of near words; the steps are those of Splink's comparisons.
const NEAR: f64 = 0.92;
/// And of words somewhat alike.
const ALIKE: f64 = 0.85;
/// In words shorter than this, one edit makes another name.
const SHORTEST_NEAR: usize = 4;

/// What stands behind so many letters is no name, and is not looked at: comparing takes time
/// with the square of them.
const LONGEST: usize = 100;

impl Word {
    /// A word and the number of its phonetic code.
    pub(super) fn new(text: &str, sound: u32) -> Word {
        let text = text.char_indices().nth(LONGEST).map_or(text, |(end, _)| &text[..end]);
        let letters = text.bytes().fold(0, |set, b| set | 1 << (b & 31));
        Word { text: text.into(), letters, sound }
    }

    /// How alike this and another word are.
    pub(super) fn likeness(&self, other: &Word) -> Likeness {
        let (a, b) = (self.text.as_bytes(), other.text.as_bytes());
        let is_one_edit = one_edit(a, b);
        let most = self.most_similar(other);
        let similarity = if most >= ALIKE { jaro_winkler(&self.text, &other.text) } else { 0.0 };
        let is_long = a.len().min(b.len()) >= SHORTEST_NEAR;
        if similarity >= NEAR || (is_one_edit && is_long) {
            Likeness::Near
        } else if similarity >= ALIKE
            || is_one_edit
            || (self.sound != 0 && self.sound == other.sound)
        {
            Likeness::Alike
        } else {
            Likeness::Unlike
        }
    }

    /// Whether one of the words begins with the other.
    pub(super) fn begins_with(&self, other: &Word) -> bool {
        let (short, long) = self.in_length_order(other);
        !short.is_empty() && long.starts_with(short)
    }

    /// Whether one of the words begins or ends with the other, as a double-barrelled name
    /// does; a few letters say nothing.
    pub(super) fn is_part(&self, other: &Word) -> bool {
        let (short, long) = self.in_length_order(other);
        short.len() >= 3 && (long.starts_with(short) || long.ends_with(short))
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The number of its phonetic code; 0 for none.
    pub(super) fn sound(&self) -> u32 {
        self.sound
    }

    fn in_length_order<'a>(&'a self, other: &'a Word) -> (&'a str, &'a str) {
        if self.text.len() <= other.text.len() {
            (&self.text, &other.text)
        } else {
            (&other.text, &self.text)
        }
    }

    /// A bound on the Jaro–Winkler similarity, from lengths and letters alone: a letter that
    /// the other word lacks has no match there.
    fn most_similar(&self, other: &Word) -> f64 {
        let (a, b) = (self.text.as_bytes(), other.text.as_bytes());
        let only = |x: &Word, y: &Word| (x.letters & !y.letters).count_ones() as usize;
        let matches = (a.len() - only(self, other).min(a.len()))
            .min(b.len() - only(other, self).min(b.len())) as f64;
        let share = |len: usize| matches / len.max(1) as f64;
        let jaro = (share(a.len()) + share(b.len()) + 1.0) / 3.0;
        let prefix = a.iter().zip(b).take(4).take_while(|(x, y)| x == y).count() as f64;
        jaro + 0.1 * prefix * (1.0 - jaro)
    }
}

fn jaro_winkler(a: &str, b: &str) -> f64 {
    strsim::jaro_winkler(a, b)
}

/// Whether one letter was changed, added, left out, or changed places with its neighbour.
pub(super) fn one_edit(a: &[u8], b: &[u8]) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let start = short.iter().zip(long).take_while(|(x, y)| x == y).count();
    let (short, long) = (&short[start..], &long[start..]);
    match long.len() - short.len() {
        0 => match (short, long) {
            ([], _) => false,
            ([p, q, rest @ ..], [x, y, others @ ..]) if p == y && q == x && rest == others => true,
            _ => short[1..] == long[1..],
        },
        1 => short == &long[1..],
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_steps() {
        use Likeness::{Alike, Near, Unlike};
        for (a, b, expected) in [
            ("CATHERINE", "CATHRINE", Near),
            ("JOHNSON", "JONHSON", Near),
            ("SMITH", "SMYTH", Near),
            ("MARTIN", "MARTINEZ", Near),
            ("LEE", "LEA", Alike),
            ("HARRIS", "HARRISON", Near),
            ("SMITH", "JONES", Unlike),
            ("ANN", "BOB", Unlike),
        ] {
            let (a, b) = (Word::new(a, 1), Word::new(b, 2));
            assert_eq!(a.likeness(&b), expected, "{} {}", a.text(), b.text());
            assert_eq!(b.likeness(&a), expected);
        }
        let same_sound = (Word::new("STEPHEN", 7), Word::new("STEVEN", 7));
        assert!(same_sound.0.likeness(&same_sound.1) >= Alike);
        assert!(Word::new("ALEX", 0).begins_with(&Word::new("ALEXANDER", 0)));
        assert!(Word::new("JONES", 0).is_part(&Word::new("SMITHJONES", 0)));
        assert!(!Word::new("O", 0).is_part(&Word::new("OBRIEN", 0)));
    }

    proptest! {
        #[test]
        fn one_edit_is_a_restricted_distance_of_one(a in "[A-C]{0,6}", b in "[A-C]{0,6}") {
            prop_assert_eq!(one_edit(a.as_bytes(), b.as_bytes()), strsim::osa_distance(&a, &b) == 1);
        }

        #[test]
        fn the_bound_is_a_bound(a in "[A-F]{1,9}", b in "[A-F]{1,9}") {
            let (x, y) = (Word::new(&a, 0), Word::new(&b, 0));
            prop_assert!(x.most_similar(&y) + 1e-12 >= strsim::jaro_winkler(&a, &b));
        }
    }
}
