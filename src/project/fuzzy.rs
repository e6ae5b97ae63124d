//! The fuzzy column of an agreement: how it is encoded, and how much each field counts in it.
//! The settings alone decide how many bits a value sets, so that all agencies encode alike.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Field, FieldKind};
use crate::config::Table;

/// How the fuzzy column is made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FuzzySettings {
    /// The encoding.
    pub encoding: FuzzyEncoding,
    /// How much a field counts, by its name, where that is not what its kind counts.
    pub weights: BTreeMap<String, u32>,
}

/// How a base filter becomes a value of the fuzzy column. In files it is its word, and one
/// without a word cannot be read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum FuzzyEncoding {
    /// Encoding with a linear diffusion layer (Armknecht, Heng, Schnell, PoPETs 2023).
    Eld {
        /// Bits of a value; a multiple of 64.
        outputs: u16,
        /// Secret positions of the base filter that each of them is the XOR of.
        positions: u8,
    },
    /// The base filter itself. Graph matching names nearly everybody in a file of such, with
    /// no key known: for exchange with older tools only.
    UnhardenedClk,
}

impl FuzzyEncoding {
    /// The default: 2048 bits of 5 positions each.
    pub const ELD: FuzzyEncoding = FuzzyEncoding::Eld { outputs: 2048, positions: 5 };

    /// 4096 bits of 6 positions each: leaks less, finds slightly less, takes twice the room.
    pub const ELD_HIGH_ASSURANCE: FuzzyEncoding =
        FuzzyEncoding::Eld { outputs: 4096, positions: 6 };

    const WORDS: [(&str, FuzzyEncoding); 3] = [
        ("eld", FuzzyEncoding::ELD),
        ("eld-high-assurance", FuzzyEncoding::ELD_HIGH_ASSURANCE),
        ("danger-unhardened-clk", FuzzyEncoding::UnhardenedClk),
    ];

    /// What `project.toml` and a manifest call it.
    pub fn name(self) -> String {
        let word = Self::WORDS.iter().find(|(_, encoding)| *encoding == self);
        match (word, self) {
            (Some((word, _)), _) => (*word).to_owned(),
            (None, FuzzyEncoding::Eld { outputs, positions }) => {
                format!("eld-{outputs}-{positions}")
            }
            (None, FuzzyEncoding::UnhardenedClk) => "danger-unhardened-clk".to_owned(),
        }
    }

    /// The encoding that has this word.
    pub fn named(word: &str) -> Option<FuzzyEncoding> {
        Self::WORDS.iter().find(|(name, _)| *name == word).map(|(_, encoding)| *encoding)
    }

    /// Bytes of a value.
    pub fn width(self) -> usize {
        match self {
            FuzzyEncoding::Eld { outputs, .. } => usize::from(outputs).div_ceil(64) * 8,
            FuzzyEncoding::UnhardenedClk => 128,
        }
    }
}

impl From<FuzzyEncoding> for String {
    fn from(encoding: FuzzyEncoding) -> String {
        encoding.name()
    }
}

impl TryFrom<String> for FuzzyEncoding {
    type Error = &'static str;

    fn try_from(word: String) -> Result<Self, Self::Error> {
        FuzzyEncoding::named(&word).ok_or("expected the word of a fuzzy encoding")
    }
}

impl Default for FuzzyEncoding {
    fn default() -> Self {
        FuzzyEncoding::ELD
    }
}

impl FuzzySettings {
    /// The heaviest that a field can be.
    pub const MAX_WEIGHT: u32 = 100;

    /// How much a field counts: its share of the bits that a person sets is its weight over
    /// the weights of all fields. 0 leaves it out.
    pub fn weight(&self, field: &Field) -> u32 {
        self.weights.get(&field.name).copied().unwrap_or(match field.kind {
            FieldKind::GivenName | FieldKind::FamilyName => 5,
            FieldKind::BirthDate => 7,
            FieldKind::Sex | FieldKind::Suburb | FieldKind::Postcode => 1,
            FieldKind::State | FieldKind::Address | FieldKind::Phone | FieldKind::Text => 0,
        })
    }

    /// Whether a name counts: without one there is too little to compare.
    pub fn has_name(&self, fields: &[Field]) -> bool {
        let is_name = |kind| matches!(kind, FieldKind::FamilyName | FieldKind::GivenName);
        fields.iter().any(|field| is_name(field.kind) && self.weight(field) > 0)
    }

    /// The settings that change a value of the fuzzy column, by their names in
    /// `project.toml`.
    pub fn settings(&self, fields: &[Field]) -> BTreeMap<String, String> {
        let weights = fields
            .iter()
            .map(|field| (format!("fuzzy.weights.{}", field.name), self.weight(field).to_string()));
        weights.chain([("fuzzy.encoding".to_owned(), self.encoding.name())]).collect()
    }

    /// Reads the `[fuzzy]` table of an agreement with these fields; mistakes are noted in it.
    pub fn read(mut table: Table<'_>, fields: &[Field]) -> FuzzySettings {
        let encoding = table.choice("encoding", &FuzzyEncoding::WORDS).unwrap_or_default();
        let mut weights = BTreeMap::new();
        if let Some(mut listed) = table.table("weights") {
            for field in fields {
                if let Some(weight) = listed.integer(&field.name, 0..=Self::MAX_WEIGHT) {
                    weights.insert(field.name.clone(), weight);
                }
            }
            listed.close();
        }
        table.close();
        FuzzySettings { encoding, weights }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    fn fields() -> Vec<Field> {
        [("family_name", FieldKind::FamilyName), ("born", FieldKind::BirthDate)]
            .map(|(name, kind)| Field { name: name.into(), kind, compare_as: name.into() })
            .to_vec()
    }

    fn read(text: &str) -> Result<FuzzySettings, config::Error> {
        config::read(text, "project.toml", |root| {
            Some(FuzzySettings::read(root.table("fuzzy")?, &fields()))
        })
    }

    #[test]
    fn an_empty_table_is_the_default() {
        assert_eq!(read("[fuzzy]\n").expect("read"), FuzzySettings::default());
        assert_eq!(FuzzyEncoding::default().width(), 256);
        assert_eq!(FuzzyEncoding::ELD_HIGH_ASSURANCE.width(), 512);
    }

    #[test]
    fn every_encoding_reads_back_under_its_name() {
        for (word, encoding) in FuzzyEncoding::WORDS {
            let settings = read(&format!("[fuzzy]\nencoding = \"{word}\"\n")).expect("read");
            assert_eq!(settings.encoding, encoding);
            assert_eq!(encoding.name(), word);
            let json = serde_json::to_string(&encoding).expect("a word");
            assert_eq!(serde_json::from_str::<FuzzyEncoding>(&json).ok(), Some(encoding));
        }
    }

    #[test]
    fn weights_are_by_field_and_in_the_digest() {
        let settings = read("[fuzzy.weights]\nborn = 20\n").expect("read");
        let lines = settings.settings(&fields());
        let lines: Vec<(&str, &str)> =
            lines.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(
            lines,
            [
                ("fuzzy.encoding", "eld"),
                ("fuzzy.weights.born", "20"),
                ("fuzzy.weights.family_name", "5"),
            ]
        );
    }

    #[test]
    fn mistakes_are_all_told() {
        let wrong = "[fuzzy]\nencoding = \"clk\"\n[fuzzy.weights]\nborn = 101\nbornn = 1\n";
        let message = read(wrong).expect_err("three mistakes").to_string();
        for part in ["line 2", "line 4", "line 5"] {
            assert!(message.contains(part), "{message}");
        }
    }
}
