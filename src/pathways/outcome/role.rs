//! What a kept column is for: found by its name, or said in the study file.

/// What a kept column of an events file tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// Why the person came (Common Dataset 3.1.1, DEX ReasonForAssistanceCode).
    Reason,
    /// The dwelling they lived in when they came (3.3.1).
    Dwelling,
    /// Under which tenure (3.3.2).
    Tenure,
    /// The dwelling they lived in when the episode ended.
    DwellingAtEnd,
    /// Under which tenure.
    TenureAtEnd,
    /// Whether they were homeless when they came (DEX HomelessIndicatorCode).
    Homeless,
    /// The type of organisation they were referred to (4.2.3).
    Referral,
    /// The case an assessment belongs to.
    Case,
    /// The domain that was assessed.
    Domain,
    /// The rating, 1 to 5.
    Score,
    /// Whether it is the first or a later assessment.
    Phase,
    /// Male, female or other (1.4.1, 1.4.2).
    Sex,
    /// Age in years, or a band of ages.
    Age,
    /// Aboriginal or Torres Strait Islander status (2.1.1).
    Indigenous,
    /// Region or state (1.5.8).
    Region,
    /// Whether the person has a disability (2.3.1).
    Disability,
    /// Main language spoken at home (2.2.2).
    Language,
}

impl Role {
    /// Every role, in the order of their numbers.
    pub(crate) const ALL: [Role; 17] = [
        Role::Reason,
        Role::Dwelling,
        Role::Tenure,
        Role::DwellingAtEnd,
        Role::TenureAtEnd,
        Role::Homeless,
        Role::Referral,
        Role::Case,
        Role::Domain,
        Role::Score,
        Role::Phase,
        Role::Sex,
        Role::Age,
        Role::Indigenous,
        Role::Region,
        Role::Disability,
        Role::Language,
    ];

    /// The names that say so by themselves, without separators: Common Dataset item
    /// numbers and names, DEX elements, and plain words that mean nothing else.
    fn names(self) -> &'static [&'static str] {
        match self {
            Role::Reason => &[
                "311",
                "reasonforpresenting",
                "presentingreason",
                "reasontriggereventforneedofserviceinterventionorassistance",
                "reasonforassistance",
                "reasonforassistancecode",
            ],
            Role::Dwelling => &[
                "331",
                "dwelling",
                "dwellingtype",
                "dwellingatstart",
                "typeofresidence",
                "typeofresidencedwellingtheclientlivesinwhenpresentingatservice",
            ],
            Role::Tenure => &["332", "tenure", "housingtenure", "tenureatstart"],
            Role::DwellingAtEnd => &["331end", "dwellingatend", "dwellingend"],
            Role::TenureAtEnd => &["332end", "tenureatend", "housingtenureatend", "tenureend"],
            Role::Homeless => &["homelessindicatorcode", "homelessindicator", "ishomeless"],
            Role::Referral => &["423", "organisationtypereferredto", "referralto", "referredto"],
            Role::Case => &["caseid"],
            Role::Domain => {
                &["domain", "scoredomain", "outcomedomain", "outcomedomainscorecode", "scorecode"]
            }
            Role::Score => &["score", "outcomescore"],
            Role::Phase => {
                &["assessmenttype", "assessmentphase", "assessmentphasecode", "outcometype"]
            }
            Role::Sex => &["141", "142", "sex", "gender", "gendercode"],
            Role::Age => &["age", "ageband", "agegroup"],
            Role::Indigenous => &[
                "211",
                "indigenousstatus",
                "aboriginalortorresstraitislanderstatus",
                "aboriginalortorresstraitislanderorigincode",
            ],
            Role::Region => &["158", "state", "statecode", "region"],
            Role::Disability => &["231", "disabilityflag", "hasdisabilities"],
            Role::Language => &["222", "mainlanguagespokenathome", "languagespokenathomecode"],
        }
    }

    /// The role of a column with this heading.
    pub(crate) fn of(heading: &str) -> Option<Role> {
        let plain = plain(heading);
        Role::ALL.into_iter().find(|role| role.names().contains(&plain.as_str()))
    }

    /// The name in the study file.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Role::Reason => "reason",
            Role::Dwelling => "dwelling",
            Role::Tenure => "tenure",
            Role::DwellingAtEnd => "dwelling_at_end",
            Role::TenureAtEnd => "tenure_at_end",
            Role::Homeless => "homeless",
            Role::Referral => "referral",
            Role::Case => "case",
            Role::Domain => "domain",
            Role::Score => "score",
            Role::Phase => "phase",
            Role::Sex => "sex",
            Role::Age => "age",
            Role::Indigenous => "indigenous",
            Role::Region => "region",
            Role::Disability => "disability",
            Role::Language => "language",
        }
    }

    /// Its place in [`Role::ALL`].
    pub(super) fn place(self) -> usize {
        self as usize
    }
}

/// Letters and digits in lower case, nothing between them.
pub(super) fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_known_by_item_name_or_element() {
        for (heading, role) in [
            ("3.1.1", Some(Role::Reason)),
            ("reason_for_presenting", Some(Role::Reason)),
            ("Housing tenure", Some(Role::Tenure)),
            ("4.2.3", Some(Role::Referral)),
            ("referral_to", Some(Role::Referral)),
            ("HomelessIndicatorCode", Some(Role::Homeless)),
            ("OutcomeDomainScoreCode", Some(Role::Domain)),
            ("ScoreCode", Some(Role::Domain)),
            ("AssessmentPhaseCode", Some(Role::Phase)),
            // Says too little.
            ("reason", None),
            ("type", None),
            ("", None),
        ] {
            assert_eq!(Role::of(heading), role, "{heading}");
        }
    }

    #[test]
    fn each_name_is_of_one_role() {
        let mut names: Vec<&str> = Role::ALL.iter().flat_map(|r| r.names()).copied().collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        for (place, role) in Role::ALL.into_iter().enumerate() {
            assert_eq!(role.place(), place);
        }
    }
}
