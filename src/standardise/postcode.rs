//! Which states a postcode is in (Australia Post's ranges). Some postcodes on a border are in
//! two or three. Rules about records and rules about linkage fields both ask here.

/// The ranges of each state; ranges of large-volume receivers and boxes are the state's too.
const RANGES: [(&str, u16, u16); 19] = [
    ("ACT", 200, 299),
    ("ACT", 2600, 2618),
    ("ACT", 2900, 2920),
    ("NSW", 1000, 2599),
    ("NSW", 2619, 2899),
    ("NSW", 2921, 2999),
    ("NT", 800, 999),
    ("QLD", 4000, 4999),
    ("QLD", 9000, 9999),
    ("SA", 5000, 5999),
    ("TAS", 7000, 7999),
    ("VIC", 3000, 3999),
    ("VIC", 8000, 8999),
    ("WA", 6000, 6999),
    // Jervis Bay, and the islands of the Indian Ocean.
    ("OT", 2540, 2540),
    ("OT", 2899, 2899),
    ("OT", 6798, 6799),
    ("OT", 9999, 9999),
    // Antarctic stations get their post by Kingston in Tasmania.
    ("AAT", 7050, 7151),
];

/// Postcodes that reach over a border: the states beyond the one of their range.
const BORDERS: [(u16, &str); 22] = [
    (872, "SA"),
    (872, "WA"),
    (872, "QLD"),
    (2406, "QLD"),
    (2540, "ACT"),
    (2611, "NSW"),
    (2618, "NSW"),
    (2620, "ACT"),
    (2648, "VIC"),
    (3500, "NSW"),
    (3585, "NSW"),
    (3586, "NSW"),
    (3644, "NSW"),
    (3691, "NSW"),
    (3707, "NSW"),
    (4375, "NSW"),
    (4377, "NSW"),
    (4380, "NSW"),
    (4383, "NSW"),
    (4385, "NSW"),
    (4825, "NT"),
    (5440, "NSW"),
];

/// Whether a state has a postcode. What is no postcode or no state is not judged.
pub(crate) fn agree(postcode: &str, state: &str) -> bool {
    let Ok(number) = postcode.parse::<u16>() else { return true };
    let is_it = |name: &str| name.eq_ignore_ascii_case(state);
    RANGES.iter().any(|(name, from, to)| (*from..=*to).contains(&number) && is_it(name))
        || BORDERS.iter().any(|(border, name)| *border == number && is_it(name))
        || postcode.len() != 4
        || !RANGES.iter().any(|(name, ..)| is_it(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_are_in_their_states_and_in_no_other() {
        let capitals = [
            ("2600", "ACT"),
            ("2000", "NSW"),
            ("0800", "NT"),
            ("4000", "QLD"),
            ("5000", "SA"),
            ("7000", "TAS"),
            ("3000", "VIC"),
            ("6000", "WA"),
        ];
        for (postcode, state) in capitals {
            for (_, other) in capitals {
                assert_eq!(agree(postcode, other), state == other, "{postcode} {other}");
            }
        }
    }

    #[test]
    fn borders_belong_to_both_sides() {
        for (postcode, states) in
            [("2620", ["NSW", "act"]), ("0872", ["NT", "WA"]), ("4383", ["QLD", "NSW"])]
        {
            assert!(states.iter().all(|state| agree(postcode, state)), "{postcode}");
        }
        assert!(!agree("2620", "VIC"));
    }

    /// As one says it: a state that there is has the postcodes of its ranges and borders.
    #[test]
    fn every_postcode_is_in_its_states_only() {
        let states = ["ACT", "NSW", "NT", "QLD", "SA", "TAS", "VIC", "WA", "OT", "AAT", "XX", ""];
        for number in 0..10_000u16 {
            for state in states {
                let is_state = RANGES.iter().any(|(name, ..)| *name == state);
                let in_range = |&(name, from, to): &(&str, u16, u16)| {
                    name == state && (from..=to).contains(&number)
                };
                let expected =
                    !is_state || RANGES.iter().any(in_range) || BORDERS.contains(&(number, state));
                assert_eq!(agree(&format!("{number:04}"), state), expected, "{number} {state}");
            }
        }
    }

    #[test]
    fn what_cannot_be_judged_agrees() {
        for (postcode, state) in
            [("", "ACT"), ("26", "ACT"), ("2600", ""), ("2600", "XX"), ("ACT", "2600")]
        {
            assert!(agree(postcode, state), "{postcode} {state}");
        }
    }
}
