//! The quick way to read a date of digits.

use jiff::civil::Date;

/// A date format of numbers and signs only, ready to read texts that have all their digits: nearly
/// every date of nearly every export, at a small part of the cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DigitForm {
    /// The least byte at each place, and how much more it may be: a digit, a sign, or nothing.
    least: [u8; LONGEST],
    range: [u8; LONGEST],
    length: usize,
    day: usize,
    month: usize,
    year: usize,
}

/// Formats of longer dates are left to the slow way.
const LONGEST: usize = 16;

impl DigitForm {
    /// Of a `strptime` format; nothing of one with anything else in it.
    pub(super) fn of(format: &str) -> Option<DigitForm> {
        let (mut least, mut range) = ([0; LONGEST], [0; LONGEST]);
        let (mut day, mut month, mut year, mut length) = (None, None, None, 0);
        let mut bytes = format.bytes();
        while let Some(byte) = bytes.next() {
            let (slot, width) = match byte {
                b'%' => match bytes.next()? {
                    b'd' => (&mut day, 2),
                    b'm' => (&mut month, 2),
                    b'Y' => (&mut year, 4),
                    _ => return None,
                },
                sign if sign.is_ascii_punctuation() => {
                    *least.get_mut(length)? = sign;
                    length += 1;
                    continue;
                }
                _ => return None,
            };
            if slot.replace(length).is_some() {
                return None;
            }
            least.get_mut(length..length + width)?.fill(b'0');
            range[length..length + width].fill(9);
            length += width;
        }
        Some(DigitForm { least, range, length, day: day?, month: month?, year: year? })
    }

    /// The day that a text says; nothing does not say that there is none.
    pub(super) fn read(&self, text: &str) -> Option<Date> {
        if text.len() != self.length {
            return None;
        }
        let mut digits = [0; LONGEST];
        digits.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        // Without a branch, so that the compiler takes all places at once.
        let mut is_other = false;
        for (digit, (least, range)) in digits.iter_mut().zip(self.least.iter().zip(&self.range)) {
            *digit = digit.wrapping_sub(*least);
            is_other |= *digit > *range;
        }
        if is_other {
            return None;
        }
        let digit = |at: usize| i16::from(digits[at]);
        let two = |at: usize| 10 * digit(at) + digit(at + 1);
        let year = 100 * two(self.year) + two(self.year + 2);
        Date::new(year, two(self.month) as i8, two(self.day) as i8).ok()
    }
}

#[cfg(test)]
mod tests {
    use jiff::fmt::strtime;
    use proptest::prelude::*;

    use super::*;

    fn short(format: &str, text: &str) -> Option<Date> {
        DigitForm::of(format)?.read(text)
    }

    proptest! {
        /// The short way gives the day that the long way gives, or nothing.
        #[test]
        fn digits_are_read_as_strptime_reads_them(
            format in "(%[dmYjy]|[-/. 0]){0,7}",
            text in "([0-9]{2}|[-/. x+0]){0,9}",
            day in 0u8..34, month in 0u8..15, year in 0u16..10_000,
            ending in "|x| |1",
        ) {
            let said = |format: &str| format
                .replace("%d", &format!("{day:02}"))
                .replace("%m", &format!("{month:02}"))
                .replace("%Y", &format!("{year:04}"));
            for format in [&*format, "%d/%m/%Y", "%Y-%m-%d", "%d%m%Y", "%m.%Y.%d"] {
                for text in [&text, &(said(format) + &ending)] {
                    let long = strtime::parse(format, text.trim()).and_then(|p| p.to_date()).ok();
                    let short = short(format, text.trim());
                    prop_assert!(short.is_none() || short == long, "{} {}", format, text);
                }
            }
            let whole = said("%d/%m/%Y");
            let long = strtime::parse("%d/%m/%Y", &whole).and_then(|p| p.to_date()).ok();
            prop_assert_eq!(short("%d/%m/%Y", &whole), long);
        }
    }
}
