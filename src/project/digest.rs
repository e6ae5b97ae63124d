//! What two parties must have in common: the settings of an agreement as a flat list, and
//! its digest. Comments, layout and the order of a placeholder list do not count.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Project;

impl Project {
    /// Every setting that changes what a package holds, by its name in `project.toml`.
    pub fn settings(&self) -> BTreeMap<String, String> {
        let mut settings = BTreeMap::new();
        let mut set = |name: String, value: String| settings.insert(name, value);
        set("project.id".into(), self.id.clone());
        set("project.period".into(), self.period.clone());
        // Set only where there are any: agreements that name none are what they always were.
        if !self.purposes.is_empty() {
            set("project.purposes".into(), list(&self.purposes));
        }
        set("project.suite".into(), self.suite.name().into());
        set("project.slk_profile".into(), self.slk_profile.name().into());
        set("project.diacritics".into(), self.diacritics.name().into());
        set("project.people_per_token".into(), self.people_per_token.to_string());
        // The order of fields and match keys is the order of components and columns.
        let fields: Vec<&str> = self.fields.iter().map(|f| f.name.as_str()).collect();
        set("fields".into(), fields.join(" "));
        for field in &self.fields {
            set(format!("fields.{}.kind", field.name), field.kind.name().into());
            set(format!("fields.{}.compare_as", field.name), field.compare_as.clone());
        }
        let keys: Vec<&str> = self.match_keys.iter().map(|k| k.name.as_str()).collect();
        set("match_keys".into(), keys.join(" "));
        for key in &self.match_keys {
            let parts: Vec<String> =
                key.components.iter().map(|c| self.component_name(*c)).collect();
            set(format!("match_keys.{}", key.name), parts.join(" "));
        }
        if let Some(fuzzy) = &self.fuzzy {
            for (name, value) in fuzzy.settings(&self.fields) {
                set(name, value);
            }
        }
        set("placeholders.names".into(), list(&self.placeholders.names));
        set("placeholders.dates".into(), list(&self.placeholders.dates));
        settings
    }

    /// The digest of [`Project::settings`].
    pub fn digest(&self) -> ProjectDigest {
        ProjectDigest::of(&self.settings())
    }

    /// The names of the settings in which two agreements differ.
    pub fn differences(&self, other: &Project) -> Vec<String> {
        differences(&self.settings(), &other.settings())
    }
}

/// A list in its canonical order, in an encoding that no two lists share.
fn list(values: &[String]) -> String {
    let mut values: Vec<&String> = values.iter().collect();
    values.sort();
    values.dedup();
    serde_json::to_string(&values).unwrap_or_default()
}

/// The names of the settings that two lists do not have in common, sorted.
pub fn differences(
    ours: &BTreeMap<String, String>,
    theirs: &BTreeMap<String, String>,
) -> Vec<String> {
    let mut names: Vec<String> = ours
        .keys()
        .chain(theirs.keys())
        .filter(|name| ours.get(*name) != theirs.get(*name))
        .cloned()
        .collect();
    names.sort();
    names.dedup();
    names
}

/// SHA-256 over the settings of an agreement; written as 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProjectDigest([u8; 32]);

impl ProjectDigest {
    /// The digest of a list of settings: each name and value with its length in front, so
    /// that no two lists have the same bytes.
    pub fn of(settings: &BTreeMap<String, String>) -> Self {
        let mut hash = Sha256::new_with_prefix(b"veilway/v1/settings");
        for text in settings.iter().flat_map(|(name, value)| [name, value]) {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        }
        ProjectDigest(hash.finalize().into())
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for ProjectDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A text is not a [`ProjectDigest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a project digest of 64 hexadecimal digits")]
pub struct NotADigest;

impl FromStr for ProjectDigest {
    type Err = NotADigest;

    fn from_str(s: &str) -> Result<Self, NotADigest> {
        if s.len() != 64 || !s.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(NotADigest);
        }
        let mut bytes = [0; 32];
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&s[at..at + 2], 16).map_err(|_| NotADigest)?;
        }
        Ok(ProjectDigest(bytes))
    }
}

impl TryFrom<String> for ProjectDigest {
    type Error = NotADigest;

    fn try_from(s: String) -> Result<Self, NotADigest> {
        s.parse()
    }
}

impl From<ProjectDigest> for String {
    fn from(digest: ProjectDigest) -> String {
        digest.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::project::fuzzy::FuzzyEncoding;
    use crate::project::{Diacritics, FieldKind, Preset, Suite};
    use crate::slk::Profile;

    fn project() -> Project {
        Project::parse(&Preset::Minimal.toml("yard", "2026"), "p").expect("the preset")
    }

    #[test]
    fn comments_and_layout_do_not_count() {
        let text = Preset::Minimal.toml("yard", "2026");
        let bare: String = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| format!("  {line}\r\n\r\n"))
            .collect();
        let bare = Project::parse(&bare, "p").expect("the same agreement");
        assert_eq!(bare.digest(), project().digest());
        let mut shuffled = project();
        shuffled.placeholders.names.reverse();
        shuffled.placeholders.dates.push(shuffled.placeholders.dates[0].clone());
        assert_eq!(shuffled.digest(), project().digest());
    }

    #[test]
    fn every_setting_counts_and_is_named() {
        type Change = (&'static str, fn(&mut Project));
        let changes: [Change; 15] = [
            ("project.id", |p| p.id.push('2')),
            ("project.purposes", |p| p.purposes.push("research".into())),
            ("project.period", |p| p.period.push('2')),
            ("project.suite", |p| p.suite = Suite::HmacSha512),
            ("project.slk_profile", |p| p.slk_profile = Profile::Dex),
            ("project.diacritics", |p| p.diacritics = Diacritics::Drop),
            ("project.people_per_token", |p| p.people_per_token = 2),
            ("fields.suburb.kind", |p| p.fields[4].kind = FieldKind::Postcode),
            ("fields.suburb.compare_as", |p| p.fields[4].compare_as = "suburb".into()),
            ("match_keys", |p| p.match_keys.swap(1, 2)),
            ("match_keys.slk581", |p| p.match_keys[0].components.truncate(2)),
            ("fuzzy.encoding", |p| {
                let fuzzy = p.fuzzy.as_mut().expect("the preset has it");
                fuzzy.encoding = FuzzyEncoding::ELD_HIGH_ASSURANCE;
            }),
            ("fuzzy.weights.suburb", |p| {
                let fuzzy = p.fuzzy.as_mut().expect("the preset has it");
                fuzzy.weights.insert("suburb".into(), 2);
            }),
            ("placeholders.names", |p| drop(p.placeholders.names.pop())),
            ("placeholders.dates", |p| p.placeholders.dates.push("02021900".into())),
        ];
        for (name, change) in changes {
            let mut changed = project();
            change(&mut changed);
            assert_eq!(project().differences(&changed), [name]);
            assert_ne!(project().digest(), changed.digest(), "{name}");
        }
        assert_eq!(project().differences(&project()), [""; 0]);
    }

    #[test]
    fn a_fuzzy_column_that_one_side_lacks_is_a_difference() {
        let mut without = project();
        without.fuzzy = None;
        let differences = project().differences(&without);
        assert!(differences.contains(&"fuzzy.encoding".to_owned()));
        assert!(differences.iter().all(|name| name.starts_with("fuzzy.")));
    }

    #[test]
    fn a_key_that_one_side_lacks_is_named() {
        let mut fewer = project();
        let last = fewer.match_keys.pop().expect("a match key");
        let differences = project().differences(&fewer);
        assert_eq!(differences, fewer.differences(&project()));
        assert_eq!(differences, ["match_keys".to_owned(), format!("match_keys.{}", last.name)]);
    }

    proptest! {
        #[test]
        fn lists_are_injective(a in prop::collection::vec("[a,\"\\[ ]{0,3}", 0..3),
                               b in prop::collection::vec("[a,\"\\[ ]{0,3}", 0..3)) {
            let plain = |list: &Vec<String>| -> std::collections::BTreeSet<String> {
                list.iter().cloned().collect()
            };
            prop_assert_eq!(list(&a) == list(&b), plain(&a) == plain(&b));
        }

        #[test]
        fn digests_tell_settings_apart(a in prop::collection::btree_map("[a-c]{0,2}", "[a-c]{0,2}", 0..3),
                                       b in prop::collection::btree_map("[a-c]{0,2}", "[a-c]{0,2}", 0..3)) {
            prop_assert_eq!(ProjectDigest::of(&a) == ProjectDigest::of(&b), a == b);
        }

        #[test]
        fn digests_read_back(bytes: [u8; 32]) {
            let digest = ProjectDigest(bytes);
            prop_assert_eq!(digest.to_string().parse(), Ok(digest));
            let json = serde_json::to_string(&digest).expect("json");
            prop_assert_eq!(serde_json::from_str::<ProjectDigest>(&json).ok(), Some(digest));
        }
    }
}
