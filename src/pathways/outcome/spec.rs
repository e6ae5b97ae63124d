//! What the analyst chooses of the measures from kept columns: `[outcomes]` of the study file.

use std::collections::BTreeMap;

use super::role::Role;
use crate::config::Table;
use crate::pathways::study::{days, programs};

/// `[outcomes]`. Everything has a default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// Which column tells what, where its name does not say so by itself:
    /// `reason = "presenting_issue"`.
    pub(crate) columns: BTreeMap<Role, String>,
    /// A referral is taken up when the service begins within so many days.
    pub(crate) referral_days: u16,
    /// The programs of each service type that a referral can name (code of Common Dataset
    /// 4.2.3): `11 = ["Public housing"]`. Without it, any other program counts.
    pub(crate) service_types: BTreeMap<String, Vec<String>>,
    /// The share of clients, in per cent, that should have a first and a later assessment of
    /// circumstances or goals.
    pub(crate) expected_pairs: u8,
    /// The share of clients, in per cent, that should have an assessment of satisfaction.
    pub(crate) expected_satisfaction: u8,
}

impl Default for Spec {
    fn default() -> Self {
        Spec {
            columns: BTreeMap::new(),
            referral_days: 90,
            service_types: BTreeMap::new(),
            expected_pairs: 50,
            expected_satisfaction: 10,
        }
    }
}

impl Spec {
    /// Reads `[outcomes]`.
    pub(crate) fn of(mut table: Table<'_>) -> Self {
        let usual = Spec::default();
        let mut columns = BTreeMap::new();
        if let Some(mut named) = table.table("columns") {
            for role in Role::ALL {
                columns.extend(named.text(role.name()).map(|text| (role, text.into_inner())));
            }
            named.close();
        }
        let referral_days = days(&mut table, "referral_days").unwrap_or(usual.referral_days);
        let mut service_types = BTreeMap::new();
        if let Some(mut types) = table.table("service_types") {
            for code in types.keys() {
                let named = programs(&mut types, &code);
                service_types.insert(code, named);
            }
            types.close();
        }
        let mut share = |key, usual| {
            let share = table.integer(key, 0..=100).and_then(|share| u8::try_from(share).ok());
            share.unwrap_or(usual)
        };
        let expected_pairs = share("expected_pairs", usual.expected_pairs);
        let expected_satisfaction = share("expected_satisfaction", usual.expected_satisfaction);
        table.close();
        Spec { columns, referral_days, service_types, expected_pairs, expected_satisfaction }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    fn read(text: &str) -> Result<Spec, config::Error> {
        config::read(text, "study.toml", |root| Some(Spec::of(root.table("outcomes")?)))
    }

    #[test]
    fn a_study_file_says_which_column_tells_what() {
        let text = "[outcomes]\nreferral_days = 28\n[outcomes.columns]\n\
                    reason = \"Presenting issue\"\ntenure_at_end = \"t\"\n\
                    [outcomes.service_types]\n11 = [\"Public housing\"]\n";
        let spec = read(text).expect("a spec");
        assert_eq!(spec.referral_days, 28);
        assert_eq!(spec.columns[&Role::Reason], "Presenting issue");
        assert_eq!(spec.columns[&Role::TenureAtEnd], "t");
        assert_eq!(spec.service_types["11"], ["Public housing"]);
        assert_eq!(spec.expected_pairs, 50);
        let unknown = read("[outcomes]\nrefferal_days = 3\n").expect_err("unknown").to_string();
        assert!(unknown.contains("did you mean `referral_days`"), "{unknown}");
    }
}
