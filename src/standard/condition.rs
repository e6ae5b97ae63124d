//! When an item is asked: a test of other items of the same record. What a record does not
//! tell is neither true nor false, so that nothing is called wrong for want of a column.

use jiff::civil::Date;

/// When an item is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// In words.
    pub text: String,
    /// Whether the document says so itself.
    pub basis: Basis,
    pub(super) test: Test,
}

/// Where a condition comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// The document says so.
    Stated,
    /// The document names another item, which cannot be meant.
    Corrected,
    /// It follows from what the item is.
    Inferred,
}

/// What is tested. Items are places in the dictionary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Test {
    /// Every term.
    All(Vec<Term>),
    /// At least one term.
    Any(Vec<Term>),
    /// Where the term holds, the item has this code.
    Code(Term, String),
    /// Nothing that a record could tell.
    Untold,
}

/// One thing that is tested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Term {
    /// One of the values is one of these codes.
    In(usize, Vec<String>),
    /// None of the values is one of these codes.
    NotIn(usize, Vec<String>),
    /// There is a value.
    Present(usize),
    /// The number is greater.
    More(usize, u32),
    /// The age in years is within these bounds.
    Age(u32, u32),
    /// A choice of the service that no record tells.
    Setting,
}

/// What a record tells of its items.
pub(super) trait Told {
    /// The codes of an item; none where it is empty, has no column, or is not a code.
    fn codes(&self, item: usize) -> Option<Vec<&str>>;
    /// Whether these codes of an item include an answer.
    fn answers(&self, item: usize) -> bool;
    /// Whether the item has a value; none where it has no column.
    fn present(&self, item: usize) -> Option<bool>;
    /// The whole number of an item.
    fn number(&self, item: usize) -> Option<u32>;
    /// The person's birth date, and the day that ages are counted on.
    fn ages(&self) -> Option<(Date, Date)>;
}

impl Condition {
    /// Whether it holds for a record, where that can be told.
    pub(super) fn holds(&self, record: &impl Told) -> Option<bool> {
        match &self.test {
            Test::All(terms) => {
                let told: Vec<Option<bool>> = terms.iter().map(|t| t.holds(record)).collect();
                if told.contains(&Some(false)) {
                    return Some(false);
                }
                (!told.contains(&None)).then_some(true)
            }
            Test::Any(terms) => {
                let told: Vec<Option<bool>> = terms.iter().map(|t| t.holds(record)).collect();
                if told.contains(&Some(true)) {
                    return Some(true);
                }
                (!told.contains(&None)).then_some(false)
            }
            Test::Code(..) | Test::Untold => None,
        }
    }

    /// The one code that the item must have in a record, where there is one.
    pub(super) fn code(&self, record: &impl Told) -> Option<&str> {
        match &self.test {
            Test::Code(term, code) if term.holds(record) == Some(true) => Some(code),
            _ => None,
        }
    }
}

impl Term {
    fn holds(&self, record: &impl Told) -> Option<bool> {
        match self {
            Term::In(item, codes) => {
                let has = record.codes(*item)?;
                Some(has.iter().any(|code| codes.iter().any(|one| one == code)))
            }
            Term::NotIn(item, codes) => {
                let has = record.codes(*item)?;
                let found = has.iter().any(|code| codes.iter().any(|one| one == code));
                // A code for "not stated" does not say that it is another.
                if found { Some(false) } else { record.answers(*item).then_some(true) }
            }
            Term::Present(item) => record.present(*item),
            Term::More(item, than) => Some(record.number(*item)? > *than),
            Term::Age(least, most) => {
                let (born, day) = record.ages()?;
                let before = (day.month(), day.day()) < (born.month(), born.day());
                let age = i32::from(day.year()) - i32::from(born.year()) - i32::from(before);
                let age = u32::try_from(age).ok()?;
                Some((*least..=*most).contains(&age))
            }
            Term::Setting => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    /// A record of few items: codes by place, and a birth date.
    struct Few(Vec<Option<&'static str>>, Option<Date>);

    impl Told for Few {
        fn codes(&self, item: usize) -> Option<Vec<&str>> {
            self.0[item].map(|codes| codes.split(';').collect())
        }

        fn answers(&self, item: usize) -> bool {
            self.0[item].is_some_and(|code| code != "99")
        }

        fn present(&self, item: usize) -> Option<bool> {
            Some(self.0[item].is_some())
        }

        fn number(&self, item: usize) -> Option<u32> {
            self.0[item]?.parse().ok()
        }

        fn ages(&self) -> Option<(Date, Date)> {
            Some((self.1?, date(2025, 3, 1)))
        }
    }

    fn holds(test: Test, record: &Few) -> Option<bool> {
        Condition { text: String::new(), basis: Basis::Stated, test }.holds(record)
    }

    fn one(code: &str) -> Vec<String> {
        vec![code.to_owned()]
    }

    #[test]
    fn what_is_not_told_is_neither_true_nor_false() {
        for (cell, is_in, is_not) in [
            (None, None, None),
            (Some("1"), Some(true), Some(false)),
            (Some("3;1"), Some(true), Some(false)),
            (Some("2"), Some(false), Some(true)),
            (Some("99"), Some(false), None),
        ] {
            let record = Few(vec![cell], None);
            let within = Test::All(vec![Term::In(0, one("1"))]);
            let without = Test::All(vec![Term::NotIn(0, one("1"))]);
            assert_eq!((holds(within, &record), holds(without, &record)), (is_in, is_not));
        }
    }

    #[test]
    fn all_and_any_know_what_they_can() {
        let term = |item| Term::In(item, one("1"));
        let table = [
            ([Some("1"), Some("1")], Some(true), Some(true)),
            ([Some("1"), Some("2")], Some(false), Some(true)),
            ([Some("1"), None], None, Some(true)),
            ([Some("2"), None], Some(false), None),
            ([None, None], None, None),
        ];
        for (cells, all, any) in table {
            let record = Few(cells.to_vec(), None);
            assert_eq!(holds(Test::All(vec![term(0), term(1)]), &record), all, "{cells:?}");
            assert_eq!(holds(Test::Any(vec![term(0), term(1)]), &record), any, "{cells:?}");
        }
        let record = Few(vec![Some("1")], None);
        assert_eq!(holds(Test::All(vec![term(0), Term::Setting]), &record), None);
    }

    #[test]
    fn ages_change_on_the_birthday() {
        let school = || Test::All(vec![Term::Age(4, 18)]);
        for (born, expected) in [
            (Some(date(2021, 3, 1)), Some(true)),
            (Some(date(2021, 3, 2)), Some(false)),
            (Some(date(2006, 3, 2)), Some(true)),
            (Some(date(2006, 3, 1)), Some(false)),
            (Some(date(2026, 1, 1)), None),
            (None, None),
        ] {
            assert_eq!(holds(school(), &Few(vec![], born)), expected, "{born:?}");
        }
    }

    #[test]
    fn one_code_is_left_where_another_item_says_so() {
        let test = Test::Code(Term::In(0, one("2")), "0".into());
        let condition = Condition { text: String::new(), basis: Basis::Stated, test };
        assert_eq!(condition.code(&Few(vec![Some("2")], None)), Some("0"));
        assert_eq!(condition.code(&Few(vec![Some("1")], None)), None);
        assert_eq!(condition.code(&Few(vec![None], None)), None);
        let more = Test::All(vec![Term::More(0, 1), Term::Present(1)]);
        assert_eq!(holds(more, &Few(vec![Some("2"), None], None)), Some(false));
    }
}
