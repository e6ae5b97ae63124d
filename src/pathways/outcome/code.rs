//! The code lists of kept columns: the ACT Common Dataset's, those of DEX, and words that
//! say the same. A cell becomes a small number; what is in no list becomes [`OTHER`], so that
//! no text of a cell is ever printed unless it is a region or a band of ages.

use super::role::plain;

/// A cell as a number: a code of its list, [`NOTHING`] or [`OTHER`].
pub(super) type Code = u16;

/// Not recorded, not stated, not known.
pub(super) const NOTHING: Code = 0;
/// Recorded, but in no list.
pub(super) const OTHER: Code = u16::MAX;

/// Yes, where the question is yes or no.
pub(super) const YES: Code = 1;
/// No.
pub(super) const NO: Code = 2;

/// Reasons for presenting, Common Dataset 3.1.1, from 1.
pub(super) const REASONS: [&str; 28] = [
    "Financial difficulties",
    "Housing affordability stress",
    "Housing crisis",
    "Inadequate or inappropriate dwelling conditions",
    "Previous accommodation ended",
    "Time out from family/other situation",
    "Relationship/family breakdown",
    "Sexual abuse",
    "Domestic and family violence",
    "Non-family violence",
    "Mental health issues",
    "Medical issues",
    "Problematic drug or substance use",
    "Problematic alcohol use",
    "Employment difficulties",
    "Unemployment",
    "Problematic gambling",
    "Transition from custodial arrangements",
    "Transition from foster care and child safety residential placements",
    "Transition from other care arrangements",
    "Discrimination including racial and sexual",
    "Itinerant",
    "Unable to return home due to environmental reasons",
    "Disengagement with school or other education and training",
    "Lack of family and/or community support",
    "Other",
    "Child protection",
    "Youth justice",
];

/// Types of organisation referred to, Common Dataset 4.2.3, from 1. There 99 is "Other".
pub(super) const SERVICE_TYPES: [&str; 20] = [
    "Specialist homelessness agency/outreach worker",
    "Telephone/crisis referral agency",
    "Centrelink or employment service case worker",
    "Child protection agency",
    "Family and child support agency",
    "Hospital",
    "Mental health service",
    "Disability support service",
    "Drug and alcohol service",
    "Aged care service",
    "Social housing",
    "Youth/juvenile justice correctional centre",
    "Adult correctional facility",
    "Legal unit (including legal aid)",
    "School/other education institution",
    "Police",
    "Courts",
    "Immigration department or asylum seeker/refugee support service",
    "Other agency (government or non-government)",
    "Family and/or friends",
];

/// Dwellings, Common Dataset 3.3.1, from 1.
const DWELLINGS: [&str; 21] = [
    "House/townhouse/flat",
    "Caravan",
    "Tent",
    "Cabin",
    "Boat",
    "Improvised building/dwelling",
    "No dwelling/street/park/in the open",
    "Motor vehicle",
    "Boarding/rooming house",
    "Emergency accommodation",
    "Hotel/motel/bed and breakfast",
    "Hospital (excluding psychiatric)",
    "Psychiatric hospital/unit",
    "Disability support",
    "Rehabilitation",
    "Adult correctional facility",
    "Youth/juvenile justice correctional centre",
    "Boarding school/residential college",
    "Aged care facility",
    "Immigration detention centre",
    "Other",
];

/// How many codes of tenure there are (Common Dataset 3.3.2); their labels are too long for
/// anyone to type.
const TENURES: u16 = 22;

/// What data sets write where nothing is known.
fn says_nothing(plain: &str) -> bool {
    const WORDS: [&str; 11] = [
        "",
        "99",
        "notstated",
        "notknown",
        "unknown",
        "dontknow",
        "notstatedinadequatelydescribed",
        "na",
        "null",
        "none",
        "notapplicable",
    ];
    WORDS.contains(&plain)
}

/// The number of a list, or the place of a label.
fn listed(plain_text: &str, labels: &[&str]) -> Code {
    match plain_text.parse::<u16>() {
        Ok(n) if (1..=labels.len()).contains(&usize::from(n)) => n,
        Ok(_) => OTHER,
        Err(_) => {
            let found = labels.iter().position(|label| plain(label) == plain_text);
            found.map_or(OTHER, |i| i as Code + 1)
        }
    }
}

/// A reason for presenting: an item of the Common Dataset, or one of DEX, which are its
/// domains of circumstances.
pub(super) fn reason(text: &str) -> Code {
    let text = plain(text);
    if says_nothing(&text) {
        return NOTHING;
    }
    match listed(&text, &REASONS) {
        OTHER => domain(&text).map_or(OTHER, |(d, _)| FIRST_DEX_REASON + Code::from(d)),
        code => code,
    }
}

/// DEX reasons come after those of the Common Dataset.
const FIRST_DEX_REASON: Code = 101;

/// The label of a reason.
pub(super) fn reason_label(code: Code) -> &'static str {
    match code {
        NOTHING => "Not recorded",
        OTHER => "Other reasons",
        c if c >= FIRST_DEX_REASON => {
            DOMAINS.get(usize::from(c - FIRST_DEX_REASON)).map_or("Other reasons", |d| d.label)
        }
        c => REASONS.get(usize::from(c) - 1).copied().unwrap_or("Other reasons"),
    }
}

/// A type of organisation referred to. Here 99 is "Other".
pub(super) fn referral(text: &str) -> Code {
    let text = plain(text);
    match text.as_str() {
        "99" | "other" => OTHER,
        text if says_nothing(text) => NOTHING,
        text => listed(text, &SERVICE_TYPES),
    }
}

/// The label of a type of organisation.
pub(super) fn referral_label(code: Code) -> &'static str {
    SERVICE_TYPES.get(usize::from(code).wrapping_sub(1)).copied().unwrap_or("Other")
}

/// A dwelling.
pub(super) fn dwelling(text: &str) -> Code {
    let text = plain(text);
    if says_nothing(&text) { NOTHING } else { listed(&text, &DWELLINGS) }
}

/// A tenure, by its number only.
pub(super) fn tenure(text: &str) -> Code {
    let text = plain(text);
    match text.parse::<u16>() {
        Ok(n) if (1..=TENURES).contains(&n) => n,
        _ if says_nothing(&text) => NOTHING,
        _ => OTHER,
    }
}

/// Yes, no, or not recorded.
pub(super) fn yes_or_no(text: &str) -> Code {
    match plain(text).as_str() {
        "1" | "yes" | "y" | "true" | "t" => YES,
        "2" | "0" | "no" | "n" | "false" | "f" => NO,
        _ => NOTHING,
    }
}

/// Whether somebody is homeless; at risk of it is not.
pub(super) fn homeless(text: &str) -> Code {
    match plain(text).as_str() {
        "homeless" => YES,
        "atrisk" | "atriskofhomelessness" | "nothomeless" => NO,
        text => yes_or_no(text),
    }
}

/// Male, female, other.
pub(super) const SEXES: [&str; 3] = ["Male", "Female", "Other"];

/// Sex or gender.
pub(super) fn sex(text: &str) -> Code {
    match plain(text).as_str() {
        "1" | "m" | "male" | "man" | "manmale" => 1,
        "2" | "f" | "female" | "woman" | "womanfemale" => 2,
        "3"
        | "x"
        | "other"
        | "nonbinary"
        | "differentterm"
        | "intersex"
        | "indeterminate"
        | "intersexorindeterminate" => 3,
        _ => NOTHING,
    }
}

/// Whether somebody is Aboriginal, Torres Strait Islander, or both.
pub(super) fn indigenous(text: &str) -> Code {
    match plain(text).as_str() {
        "1"
        | "2"
        | "3"
        | "aboriginal"
        | "tsi"
        | "torresstraitislander"
        | "both"
        | "bothaboriginalandtorresstraitislander"
        | "yes" => YES,
        "4" | "no" | "neither" | "neitheraboriginalnortorresstraitislander" => NO,
        _ => NOTHING,
    }
}

/// Whether the main language at home is another than English. Numbers are those of the
/// Common Dataset, or with four digits those of the Australian Standard Classification of
/// Languages, whose first nought says that nothing is known.
pub(super) fn language(text: &str) -> Code {
    let text = plain(text);
    match text.as_str() {
        "1" | "1201" | "english" | "noenglish" => NO,
        text if says_nothing(text) => NOTHING,
        text if text.len() == 4 && text.starts_with('0') => NOTHING,
        _ => YES,
    }
}

/// What a domain of SCORE is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    Circumstances,
    Goals,
    Satisfaction,
    Community,
}

/// A domain of SCORE.
#[derive(Debug)]
pub(super) struct Domain {
    code: &'static str,
    pub(super) label: &'static str,
    pub(super) about: About,
}

const fn one(code: &'static str, label: &'static str, about: About) -> Domain {
    Domain { code, label, about }
}

/// Every domain that DEX has, in its order.
pub(super) const DOMAINS: [Domain; 24] = [
    one("AGE", "Age-appropriate development", About::Circumstances),
    one("COMMUNITY", "Community participation and networks", About::Circumstances),
    one("EDUCEMPL", "Education and skills training", About::Circumstances),
    one("EMPLOYMENT", "Employment", About::Circumstances),
    one("FAMILY", "Family functioning", About::Circumstances),
    one("MONEY", "Financial resilience", About::Circumstances),
    one("HOUSING", "Housing", About::Circumstances),
    one("MATERIAL", "Material wellbeing and basic necessities", About::Circumstances),
    one("MENTAL", "Mental health, wellbeing and self-care", About::Circumstances),
    one("PERSONAL", "Personal and family safety", About::Circumstances),
    one("PHYSICAL", "Physical health", About::Circumstances),
    one("BEHAVIOURS", "Changed behaviours", About::Goals),
    one("CRISIS", "Changed impact of immediate crisis", About::Goals),
    one("KNOWLEDGE", "Changed knowledge and access to information", About::Goals),
    one("SKILLS", "Changed skills", About::Goals),
    one("EMPOWERMENT", "Empowerment, choice and control to make own decisions", About::Goals),
    one("ENGAGEMENT", "Engagement with relevant support services", About::Goals),
    one("DEAL", "Better able to deal with issues", About::Satisfaction),
    one("SATISFIED", "Satisfied with the services received", About::Satisfaction),
    one("LISTENED", "Listened to and understood", About::Satisfaction),
    one("GROUPNETWORKS", "Community infrastructure and networks", About::Community),
    one("GROUPSKILLS", "Group knowledge, skills and behaviours", About::Community),
    one("ORGSKILLS", "Organisational knowledge and skills", About::Community),
    one("SOCIALCOHESION", "Social cohesion", About::Community),
];

/// A domain by its code or name, and the rating where the code ends in one ("HOUSING3").
pub(super) fn domain(text: &str) -> Option<(u8, Option<u8>)> {
    let text = plain(text);
    let word = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let rating = text[word.len()..].parse::<u8>().ok().filter(|r| (1..=5).contains(r));
    if word.len() < text.len() && rating.is_none() {
        return None;
    }
    // What the reference data of upload files call some domains.
    let word = match word {
        "impact" => "crisis",
        "confidence" => "empowerment",
        "situationimproved" => "deal",
        "servicereceived" => "satisfied",
        "servicelistened" => "listened",
        word => word,
    };
    let is = |d: &Domain| d.code.eq_ignore_ascii_case(word) || plain(d.label) == word;
    let place = DOMAINS.iter().position(is)?;
    Some((place as u8, rating))
}

/// Whether an assessment is a first one or a later one, where that is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    First,
    Later,
    NotSaid,
}

/// First or later.
pub(super) fn phase(text: &str) -> Phase {
    match plain(text).as_str() {
        "pre" | "initial" | "first" | "baseline" => Phase::First,
        "post" | "final" | "last" | "later" | "subsequent" => Phase::Later,
        _ => Phase::NotSaid,
    }
}

/// A band of ages as it is printed: an age in years becomes one of seven bands, a band that
/// the file has already stays. None where it is neither.
pub(super) fn age(text: &str) -> Option<String> {
    const ENDS: [u16; 6] = [14, 24, 34, 44, 54, 64];
    let text = text.trim();
    if let Ok(years) = text.parse::<u16>() {
        let from = |i: usize| if i == 0 { 0 } else { ENDS[i - 1] + 1 };
        return match ENDS.iter().position(|end| years <= *end) {
            _ if years > 120 => None,
            Some(i) => Some(format!("{:02}–{} years", from(i), ENDS[i])),
            None => Some("65 years and over".into()),
        };
    }
    let mut numbers = text
        .split(|c: char| !c.is_ascii_digit())
        .filter(|n| !n.is_empty())
        .map(|n| n.parse::<u16>().ok().filter(|n| *n <= 120));
    match (numbers.next(), numbers.next(), numbers.next()) {
        (Some(from), None, None) if text.ends_with('+') => {
            from.map(|from| format!("{from:02} years and over"))
        }
        (Some(from), Some(to), None) => {
            from.zip(to).map(|(from, to)| format!("{from:02}–{to:02} years"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_codes_labels_or_nothing() {
        assert_eq!(reason("9"), 9);
        assert_eq!(reason(" 09 "), 9);
        assert_eq!(reason("Domestic and family violence"), 9);
        // The item lists no 99, but its guide defines "don't know".
        assert_eq!([reason(""), reason("99"), reason("Don't know")], [NOTHING; 3]);
        assert_eq!([reason("29"), reason("0"), reason("Wanted a chat")], [OTHER; 3]);
        assert_eq!(reason_label(reason("MENTAL")), "Mental health, wellbeing and self-care");
        // In 4.2.3, and there only, 99 is "Other".
        assert_eq!([referral("99"), referral("21"), referral("")], [OTHER, OTHER, NOTHING]);
        assert_eq!(referral_label(referral("11")), "Social housing");
        assert_eq!([dwelling("7"), dwelling("22"), dwelling("99")], [7, OTHER, NOTHING]);
        assert_eq!([tenure("22"), tenure("23"), tenure("Don't know")], [22, OTHER, NOTHING]);
        assert_eq!([yes_or_no("TRUE"), yes_or_no("2"), yes_or_no("perhaps")], [YES, NO, NOTHING]);
        assert_eq!([homeless("ATRISK"), homeless("Homeless")], [NO, YES]);
        assert_eq!([sex("F"), sex("Man/Male"), sex("4"), sex("X")], [2, 1, NOTHING, 3]);
        assert_eq!([indigenous("TSI"), indigenous("4"), indigenous("99")], [YES, NO, NOTHING]);
        assert_eq!([language("1201"), language("0002"), language("4202")], [NO, NOTHING, YES]);
    }

    /// The analyst's room knows nothing of the rooms that read names, nor of the standard that
    /// these hold exports against; so the lists are held to it here.
    #[test]
    fn lists_are_those_of_the_common_dataset() {
        let text = include_str!("../../standard/common_dataset_v4.json");
        let dataset: serde_json::Value = serde_json::from_str(text).expect("JSON");
        let codes = |id: &str| -> Vec<(u64, String)> {
            let items = dataset["items"].as_array().expect("items");
            let item = items.iter().find(|item| item["id"] == id).expect("the item");
            let codes = item["codes"].as_array().expect("codes").iter();
            let code = |c: &serde_json::Value| {
                let label = c["label"].as_str().expect("a label").to_lowercase();
                (c["code"].as_u64().expect("a number"), label)
            };
            codes.map(code).filter(|(code, _)| *code != 99).collect()
        };
        for (id, list) in
            [("3.1.1", &REASONS[..]), ("4.2.3", &SERVICE_TYPES[..]), ("3.3.1", &DWELLINGS[..])]
        {
            let ours: Vec<(u64, String)> =
                (1..).zip(list.iter().map(|label| label.to_lowercase())).collect();
            assert_eq!(codes(id), ours, "{id}");
        }
        assert_eq!(codes("3.3.2").len(), usize::from(TENURES));
    }

    #[test]
    fn domains_are_codes_names_or_codes_with_a_rating() {
        let housing = domain("HOUSING").expect("a domain").0;
        assert_eq!(DOMAINS[usize::from(housing)].label, "Housing");
        assert_eq!(domain("Housing4"), Some((housing, Some(4))));
        assert_eq!(domain("SERVICELISTENED5").map(|d| d.1), Some(Some(5)));
        assert_eq!(domain("SERVICELISTENED").map(|d| d.0), domain("LISTENED").map(|d| d.0));
        assert_eq!(
            domain("personal and family safety").map(|d| d.0),
            domain("PERSONAL").map(|d| d.0)
        );
        assert_eq!(
            [domain("HOUSING6"), domain("HOUSING0"), domain("WEATHER"), domain("")],
            [None; 4]
        );
        let about = |a| DOMAINS.iter().filter(|d| d.about == a).count();
        use About::{Circumstances, Community, Goals, Satisfaction};
        assert_eq!([Circumstances, Goals, Satisfaction, Community].map(about), [11, 6, 3, 4]);
    }

    #[test]
    fn ages_become_bands() {
        for (text, band) in [
            ("0", Some("00–14 years")),
            ("14", Some("00–14 years")),
            ("15", Some("15–24 years")),
            ("64", Some("55–64 years")),
            ("65", Some("65 years and over")),
            ("120", Some("65 years and over")),
            ("121", None),
            ("20-29", Some("20–29 years")),
            ("5 to 9", Some("05–09 years")),
            ("85+", Some("85 years and over")),
            ("1990-05-04", None),
            ("old", None),
            ("", None),
        ] {
            assert_eq!(age(text).as_deref(), band, "{text}");
        }
    }
}
