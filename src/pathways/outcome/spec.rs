//! What the analyst chooses of the measures from kept columns: `[outcomes]` of the study file.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::role::Role;

/// `[outcomes]`. Everything has a default.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_study_file_says_which_column_tells_what() {
        let text = "referral_days = 28\n[columns]\nreason = \"Presenting issue\"\n\
                    [service_types]\n11 = [\"Public housing\"]\n";
        let spec: Spec = toml::from_str(text).expect("a spec");
        assert_eq!(spec.referral_days, 28);
        assert_eq!(spec.columns[&Role::Reason], "Presenting issue");
        assert_eq!(spec.service_types["11"], ["Public housing"]);
        assert_eq!(spec.expected_pairs, 50);
        let unknown = toml::from_str::<Spec>("[columns]\nraeson = \"x\"\n").expect_err("unknown");
        assert!(unknown.to_string().contains("line 2"), "{unknown}");
        assert!(toml::from_str::<Spec>("refferal_days = 3\n").is_err());
    }
}
