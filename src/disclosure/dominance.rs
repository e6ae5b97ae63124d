//! Dominance: a total that one or two contributors make up tells of them, however many
//! others there are.

/// What is known of the contributors to a total of days, stays or dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Contributions {
    people: u64,
    total: u64,
    largest: u64,
    second: u64,
}

impl Contributions {
    /// The greatest contributor may have at most so many per cent (ABS DataLab: (1, 50)).
    const MOST_OF_ONE: u64 = 50;
    /// The two greatest may have at most so many per cent together (ABS DataLab: (2, 67)).
    /// With the other rule, the second contributor cannot tell the first one's part to within
    /// less than 33 / 50, so the p % rule holds for any p up to 66.
    const MOST_OF_TWO: u64 = 67;

    /// Adds what one contributor gave; each contributor is added once.
    pub fn add(&mut self, amount: u64) {
        let people = u64::from(amount > 0);
        *self = self.plus(Contributions { people, total: amount, largest: amount, second: 0 });
    }

    /// The contributions of two groups of contributors that share nobody.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let largest = self.largest.max(other.largest);
        let second = self.second.max(other.second).max(self.largest.min(other.largest));
        let total = self.total.saturating_add(other.total);
        Contributions { people: self.people + other.people, total, largest, second }
    }

    /// The contributions of two groups that may share contributors, as bad as they can be: the
    /// greatest of both may be one, and nobody more than the larger group may be behind them.
    #[must_use]
    pub fn overlapping(self, other: Self) -> Self {
        Contributions {
            people: self.people.max(other.people),
            total: self.total.saturating_add(other.total),
            largest: self.largest.saturating_add(other.largest),
            second: self.second.saturating_add(other.second),
        }
    }

    /// How many contributed at all.
    pub fn people(self) -> u64 {
        self.people
    }

    /// The sum.
    pub fn total(self) -> u64 {
        self.total
    }

    /// Whether the total tells of its greatest contributor.
    pub fn is_dominated(self) -> bool {
        let percent = |part: u64| u128::from(part) * 100;
        let whole = u128::from(self.total);
        let two = self.largest.saturating_add(self.second);
        self.total > 0
            && (percent(self.largest) > whole * u128::from(Self::MOST_OF_ONE)
                || percent(two) > whole * u128::from(Self::MOST_OF_TWO))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(amounts: &[u64]) -> Contributions {
        let mut all = Contributions::default();
        amounts.iter().for_each(|&a| all.add(a));
        all
    }

    #[test]
    fn one_or_two_great_contributors_dominate() {
        // (1, 50): just over a half.
        assert!(of(&[51, 25, 24]).is_dominated());
        assert!(!of(&[50, 16, 17, 17]).is_dominated());
        // (2, 67): two have 68 of 100.
        assert!(of(&[34, 34, 16, 16]).is_dominated());
        assert!(!of(&[34, 33, 17, 16]).is_dominated());
        // Nothing at all is nobody's.
        assert!(!of(&[]).is_dominated());
        assert!(!of(&[0, 0]).is_dominated());
        assert!(of(&[u64::MAX, u64::MAX]).is_dominated());
    }

    #[test]
    fn who_may_be_in_both_groups_is_taken_to_be() {
        let both = of(&[20, 10, 10, 10]).overlapping(of(&[15, 15, 10]));
        assert_eq!((both.people(), both.total()), (4, 90));
        // One person may have 20 and 15, another 10 and 15: 60 of 90.
        assert!(!both.is_dominated());
        assert!(of(&[20, 10]).overlapping(of(&[15, 5])).is_dominated());
        // Nobody at all adds nothing.
        assert_eq!(both.overlapping(of(&[])), both);
    }

    proptest! {
        #[test]
        fn groups_add_up_in_any_order(
            amounts in prop::collection::vec(0u64..1000, 1..20), cut in 0usize..20,
        ) {
            let (a, b) = amounts.split_at(cut.min(amounts.len()));
            prop_assert_eq!(of(a).plus(of(b)), of(&amounts));
            let mut sorted = amounts.clone();
            sorted.sort_unstable_by(|a, b| b.cmp(a));
            let expected = Contributions {
                people: amounts.iter().filter(|a| **a > 0).count() as u64,
                total: amounts.iter().sum(),
                largest: sorted[0],
                second: sorted.get(1).copied().unwrap_or(0),
            };
            prop_assert_eq!(of(&amounts), expected);
        }
    }
}
