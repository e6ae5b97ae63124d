//! The items of a standard, in order. The Common Dataset is read once from the item list that
//! is built in; what is wrong with its document is put right from [`AMENDMENTS`].

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::amendments::{AMENDMENTS, Change};
use super::condition::{Basis, Condition, Term, Test};
use super::dex;
use super::item::{Code, Item, Kind, Meaning, Need, Reach, Tier, Values};
use super::{Standard, Wording};
use crate::sources::{item_number, plain};

/// The ACT Government's public list of Common Dataset items, version 4, as data: names,
/// formats, codes and references. Its descriptions and guides are not reproduced.
const COMMON_DATASET: &str = include_str!("common_dataset_v4.json");

/// The items of a standard, and how its records are made up.
#[derive(Debug, PartialEq, Eq)]
pub struct Dictionary {
    /// What the standard is called, with its version.
    pub title: &'static str,
    /// Its items, in the order of the document.
    pub items: Vec<Item>,
    /// The parts of a record.
    pub parts: Vec<Part>,
}

/// A part of a record: an export may leave out a part, but not half of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// What it is called.
    pub name: &'static str,
    /// The item that numbers it, where a record can be without this part.
    pub id: Option<usize>,
}

impl Dictionary {
    /// The items of a standard, in the document's own wording or with its known defects put
    /// right.
    pub fn of(standard: Standard, wording: Wording) -> &'static Dictionary {
        static CORRECTED: LazyLock<Dictionary> = LazyLock::new(|| common(Wording::Corrected));
        static WRITTEN: LazyLock<Dictionary> = LazyLock::new(|| common(Wording::AsWritten));
        static DEX: LazyLock<Dictionary> = LazyLock::new(dex::dictionary);
        match (standard, wording) {
            (Standard::CommonDataset, Wording::Corrected) => &CORRECTED,
            (Standard::CommonDataset, Wording::AsWritten) => &WRITTEN,
            (Standard::Dex, _) => &DEX,
        }
    }

    /// The item that a heading is the number or the title of.
    pub fn named(&self, heading: &str) -> Option<&Item> {
        let (number, form) = (item_number(heading).0, plain(heading));
        self.items.iter().find(|item| match &number {
            Some(number) => item.id == *number,
            None => item.spellings.contains(&form),
        })
    }

    /// The place of an item.
    pub fn place(&self, id: &str) -> Option<usize> {
        self.items.iter().position(|item| item.id == id)
    }
}

/// The file, as far as it is used.
#[derive(Deserialize)]
struct ListFile {
    items: Vec<RawItem>,
}

#[derive(Deserialize)]
struct RawItem {
    id: String,
    name: String,
    tier: RawTier,
    variant: Option<String>,
    data_type: RawKind,
    max_length: Option<usize>,
    codes: Vec<RawCode>,
    multi_valued: bool,
    range: Option<RawRange>,
    conditional: Option<RawCondition>,
    roles: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawTier {
    Core,
    Extended,
    Unspecified,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawKind {
    Code,
    Date,
    GroupRepeat,
    Integer,
    LinkageKey,
    Text,
    Year,
}

#[derive(Deserialize)]
struct RawRange {
    min: u32,
    max: u32,
}

#[derive(Deserialize)]
struct RawCode {
    code: Scalar,
    label: String,
    alpha: Option<String>,
    #[serde(default)]
    missing: bool,
}

/// A code: a number, or a word such as ACT.
#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Number(u32),
    Word(String),
}

impl Scalar {
    fn text(&self) -> String {
        match self {
            Scalar::Number(number) => number.to_string(),
            Scalar::Word(word) => word.clone(),
        }
    }

    fn number(&self) -> u32 {
        match self {
            Scalar::Number(number) => *number,
            Scalar::Word(_) => 0,
        }
    }
}

#[derive(Deserialize)]
struct RawCondition {
    text: String,
    expr: Option<RawTest>,
    basis: RawBasis,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawBasis {
    Stated,
    Corrected,
    Inferred,
}

#[derive(Deserialize)]
struct RawTest {
    all: Option<Vec<RawTerm>>,
    any: Option<Vec<RawTerm>>,
    value_if: Option<Vec<RawCodeIf>>,
    /// Left to the worker: nothing that a file could break.
    #[serde(default)]
    soft: bool,
    /// The item is there once more for each further person.
    repeat: Option<String>,
}

#[derive(Deserialize)]
struct RawCodeIf {
    when: RawTerm,
    then: Scalar,
}

#[derive(Deserialize)]
struct RawTerm {
    item: Option<String>,
    derived: Option<String>,
    op: RawOp,
    values: Vec<Scalar>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawOp {
    Between,
    Gt,
    Gte,
    In,
    NotIn,
    Present,
}

/// The Common Dataset in one of its two wordings.
fn common(wording: Wording) -> Dictionary {
    let list: ListFile =
        serde_json::from_str(COMMON_DATASET).expect("the list is built in, and a test reads it");
    let places: HashMap<String, usize> =
        list.items.iter().enumerate().map(|(at, item)| (item.id.clone(), at)).collect();
    let mut items: Vec<Item> =
        list.items.into_iter().map(|raw| raw.item(&places, wording)).collect();
    // The document's own guide: the name of a person with one name is the last name.
    let alone = places.get("1.2.3").copied();
    for item in &mut items {
        if let ("1.2.1", Some(last_name)) = (item.id.as_str(), alone) {
            item.need = Need::Unless(last_name);
        }
        for amendment in AMENDMENTS {
            if amendment.item == item.id {
                amend(item, amendment.change, &places, wording);
            }
        }
    }
    let parts = vec![Part { name: "record", id: None }];
    Dictionary { title: "ACT Common Dataset for Human Services, version 4", items, parts }
}

fn amend(item: &mut Item, change: Change, places: &HashMap<String, usize>, wording: Wording) {
    match (change, wording) {
        (Change::Asked(other, code), Wording::AsWritten) => {
            if let (Some(condition), Some(&place)) = (&mut item.condition, places.get(other)) {
                condition.text = format!("only if {other}={code}");
                condition.test = Test::All(vec![Term::In(place, vec![code.to_owned()])]);
            }
        }
        (_, Wording::AsWritten) => {}
        (Change::Code(code, meaning), _) => {
            item.codes.push(Code { code: code.to_owned(), letter: None, meaning });
        }
        (Change::CodesTo(last), _) => {
            let first = item.codes.len() as u32 + 1;
            item.codes.extend((first..=last).map(|code| Code {
                code: code.to_string(),
                letter: None,
                meaning: Meaning::Answer,
            }));
        }
        (Change::Text(most), _) => {
            item.kind = Kind::Text;
            item.max_length = Some(most);
        }
        (Change::NotNeeded, _) => item.need = Need::Never,
        (Change::Nothing | Change::Asked(..) | Change::EveryKey, _) => {}
    }
}

impl RawItem {
    fn item(self, places: &HashMap<String, usize>, wording: Wording) -> Item {
        let repeats = self.conditional.as_ref().and_then(|c| c.expr.as_ref());
        let repeats = repeats.is_some_and(|expr| expr.repeat.is_some());
        let kind = match self.data_type {
            RawKind::Date => Kind::Date,
            RawKind::GroupRepeat => Kind::Group,
            RawKind::Integer => {
                let (least, most) = self.range.map_or((0, 99), |range| (range.min, range.max));
                Kind::Integer { least, most }
            }
            RawKind::LinkageKey => Kind::Key,
            RawKind::Text => Kind::Text,
            RawKind::Year => Kind::Year,
            // Codes of a list that the document only points to: postcodes, countries.
            RawKind::Code if self.codes.is_empty() => Kind::Digits(self.max_length.unwrap_or(4)),
            RawKind::Code => Kind::Code,
        };
        let spellings = spellings(&self.name, self.variant.as_deref());
        let condition = self.conditional.and_then(|raw| raw.condition(places));
        let condition =
            condition.filter(|c| wording == Wording::Corrected || c.basis != Basis::Inferred);
        let tier = match self.tier {
            RawTier::Core => Tier::Core,
            RawTier::Extended => Tier::Extended,
            RawTier::Unspecified => Tier::Unspecified,
        };
        let need = match (&tier, &condition) {
            (Tier::Core, None) => Need::Always,
            (Tier::Core, Some(_)) => Need::WhereAsked,
            (Tier::Extended | Tier::Unspecified, _) => Need::Never,
        };
        let mut codes: Vec<Code> = Vec::new();
        for code in self.codes.iter().map(RawCode::code) {
            // 0 of 3.4.3 stands twice: what it can be at most, an answer, is kept.
            if !codes.iter().any(|known| known.code == code.code) {
                codes.push(code);
            }
        }
        let has_role = |role: &str| self.roles.iter().any(|r| r == role);
        let reach = if self.id.starts_with("3.5.") {
            Reach::Violence
        } else if has_role("free_text_risk") {
            Reach::FreeText
        } else if has_role("linkage_identifier") && !has_role("stratifier") && self.id != "1.5.7" {
            // Sex, gender, state and postcode are what tables are made by.
            Reach::Identifies
        } else {
            Reach::Analyst
        };
        Item {
            usual: Some(self.id.clone()),
            reach,
            id: self.id,
            name: self.name,
            tier,
            kind,
            max_length: self.max_length,
            codes,
            values: if self.multi_valued || repeats { Values::Several } else { Values::One },
            condition,
            need,
            part: 0,
            spellings,
        }
    }
}

/// What a title may be written as: whole, without what stands in brackets, and with the
/// standard that a variant of it follows.
fn spellings(name: &str, variant: Option<&str>) -> Vec<String> {
    let whole = plain(name);
    let bare = plain(name.split('(').next().unwrap_or(name));
    let mut all = Vec::new();
    for variant in variant.into_iter().flat_map(|variant| variant.split('-').chain([variant])) {
        all.push(format!("{whole}{}", plain(variant)));
    }
    all.push(whole);
    all.push(bare);
    all.dedup();
    all
}

impl RawCode {
    fn code(&self) -> Code {
        let code = self.code.text();
        let meaning = match (self.missing, code.as_str(), self.label.as_str()) {
            (true, "0", _) => Meaning::NotApplicable,
            (true, ..) => Meaning::NotStated,
            (false, "99", "Partial") => Meaning::Partial,
            (false, "99", _) => Meaning::Other,
            (false, ..) => Meaning::Answer,
        };
        Code { code, letter: self.alpha.clone(), meaning }
    }
}

impl RawCondition {
    /// The condition; none where it is left to the worker.
    fn condition(self, places: &HashMap<String, usize>) -> Option<Condition> {
        let basis = match self.basis {
            RawBasis::Stated => Basis::Stated,
            RawBasis::Corrected => Basis::Corrected,
            RawBasis::Inferred => Basis::Inferred,
        };
        let test = match self.expr {
            None => Test::Untold,
            Some(expr) if expr.soft => return None,
            Some(expr) => expr.test(places),
        };
        Some(Condition { text: self.text, basis, test })
    }
}

impl RawTest {
    fn test(self, places: &HashMap<String, usize>) -> Test {
        let terms = |terms: Vec<RawTerm>| terms.into_iter().map(|t| t.term(places)).collect();
        match (self.all, self.any, self.value_if) {
            (Some(all), ..) => Test::All(terms(all)),
            (None, Some(any), _) => Test::Any(terms(any)),
            (None, None, Some(rules)) => match rules.into_iter().next() {
                Some(rule) => Test::Code(rule.when.term(places), rule.then.text()),
                None => Test::Untold,
            },
            (None, None, None) => Test::Untold,
        }
    }
}

impl RawTerm {
    fn term(self, places: &HashMap<String, usize>) -> Term {
        let bound = |at: usize| self.values.get(at).map_or(u32::MAX, Scalar::number);
        if self.derived.is_some() {
            return match self.op {
                RawOp::Between => Term::Age(bound(0), bound(1)),
                _ => Term::Age(bound(0), u32::MAX),
            };
        }
        let Some(&place) = self.item.as_ref().and_then(|item| places.get(item)) else {
            return Term::Setting;
        };
        let codes = || self.values.iter().map(Scalar::text).collect();
        match self.op {
            RawOp::In => Term::In(place, codes()),
            RawOp::NotIn => Term::NotIn(place, codes()),
            RawOp::Present => Term::Present(place),
            RawOp::Gt => Term::More(place, bound(0)),
            RawOp::Gte | RawOp::Between => Term::Setting,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standard::condition::Basis;

    fn corrected() -> &'static Dictionary {
        Dictionary::of(Standard::CommonDataset, Wording::Corrected)
    }

    #[test]
    fn the_list_is_whole() {
        let items = &corrected().items;
        assert_eq!(items.len(), 91);
        let of_group = |group: &str| items.iter().filter(|i| i.id.starts_with(group)).count();
        assert_eq!(["1.", "2.", "3.", "4."].map(of_group), [24, 34, 22, 11]);
        let of_tier = |tier| items.iter().filter(|i| i.tier == tier).count();
        let tiers = [Tier::Core, Tier::Extended, Tier::Unspecified].map(of_tier);
        assert_eq!(tiers, [25, 58, 8]);
        let written = Dictionary::of(Standard::CommonDataset, Wording::AsWritten);
        let listed = written.items.iter().filter(|i| !i.codes.is_empty()).count();
        let codes: usize = written.items.iter().map(|i| i.codes.len()).sum();
        // 380 in the document, of which 0 of 3.4.3 is there twice.
        assert_eq!((listed, codes), (46, 379));
        assert!(items.iter().enumerate().all(|(at, i)| corrected().place(&i.id) == Some(at)));
    }

    /// 99 has three meanings, each in its own items.
    #[test]
    fn a_code_means_what_its_item_says() {
        let meaning = |id: &str| {
            let item = &corrected().items[corrected().place(id).expect("an item")];
            item.code("99").map(|code| code.meaning)
        };
        for (id, expected) in [
            ("1.1.2", Some(Meaning::Partial)),
            ("2.3.8", Some(Meaning::Other)),
            ("4.2.3", Some(Meaning::Other)),
            ("4.2.1", Some(Meaning::NotStated)),
            ("1.4.1", Some(Meaning::NotStated)),
            ("3.1.1", Some(Meaning::NotStated)),
            ("1.1.1", None),
        ] {
            assert_eq!(meaning(id), expected, "{id}");
        }
    }

    /// Every defect of the table is of an item that there is, and those that change something
    /// change it in one wording only.
    #[test]
    fn every_amendment_takes_effect() {
        let written = Dictionary::of(Standard::CommonDataset, Wording::AsWritten);
        for amendment in AMENDMENTS {
            let place = corrected().place(amendment.item).expect("an item");
            let differs = corrected().items[place] != written.items[place];
            let changes = !matches!(amendment.change, Change::Nothing | Change::EveryKey);
            assert_eq!(differs, changes, "{}", amendment.item);
        }
    }

    /// The document does not state what only follows from it, and cites 2.3.12 in 2.3.17.
    #[test]
    fn the_documents_own_wording_has_its_own_conditions() {
        let written = Dictionary::of(Standard::CommonDataset, Wording::AsWritten);
        let text = |dictionary: &Dictionary, id: &str| {
            let item = &dictionary.items[dictionary.place(id).expect("an item")];
            item.condition.as_ref().map(|condition| condition.text.clone())
        };
        assert_eq!(text(written, "2.3.17").as_deref(), Some("only if 2.3.12=1"));
        assert!(text(corrected(), "2.3.17").is_some_and(|text| text.contains("2.3.16=1")));
        assert_eq!(text(written, "3.5.3"), None);
        assert!(text(corrected(), "3.5.3").is_some());
        let inferred = |i: &Item| i.condition.as_ref().is_some_and(|c| c.basis == Basis::Inferred);
        assert!(!written.items.iter().any(inferred));
        assert_eq!(corrected().items.iter().filter(|i| inferred(i)).count(), 7);
    }

    /// Nothing of violence, nothing that identifies and no free text is the analyst's.
    #[test]
    fn what_stays_at_the_agency() {
        let reach = |heading: &str| corrected().named(heading).map(|item| item.reach);
        for (heading, expected) in [
            ("3.5.3", Some(Reach::Violence)),
            ("3.5.3 Relationship between perpetrator and client", Some(Reach::Violence)),
            ("domestic_and_family_violence_indicator", Some(Reach::Violence)),
            ("Street name", Some(Reach::Identifies)),
            ("date_of_birth", Some(Reach::Identifies)),
            ("1.7.2", Some(Reach::Identifies)),
            ("3.6.1", Some(Reach::FreeText)),
            ("Postcode", Some(Reach::Analyst)),
            ("sex", Some(Reach::Analyst)),
            ("4.2.3", Some(Reach::Analyst)),
            ("reason", None),
        ] {
            assert_eq!(reach(heading), expected, "{heading}");
        }
        let of = |reach| corrected().items.iter().filter(|item| item.reach == reach).count();
        assert_eq!(of(Reach::Violence), 6);
    }

    #[test]
    fn two_items_of_one_title_are_told_apart_by_their_variant() {
        let having = |form: &str| {
            let items = corrected().items.iter();
            items
                .filter(|i| i.spellings.iter().any(|s| s == form))
                .map(|i| i.id.as_str())
                .collect::<Vec<_>>()
        };
        assert_eq!(having("selfcareactivities"), ["2.3.2", "2.3.5"]);
        assert_eq!(having("selfcareactivitiesabs"), ["2.3.5"]);
        assert_eq!(having("selfcareactivitiesaihw"), ["2.3.2"]);
        assert_eq!(having("firstname"), ["1.2.1"]);
        assert_eq!(having("firstnames"), ["1.2.1"]);
    }

    #[test]
    fn dex_has_its_parts() {
        let dex = Dictionary::of(Standard::Dex, Wording::Corrected);
        let ids: Vec<_> =
            dex.parts.iter().map(|part| part.id.map(|id| &dex.items[id].id)).collect();
        assert!(ids.iter().all(Option::is_some));
        for (part, described) in dex.parts.iter().enumerate() {
            assert!(dex.items.iter().any(|item| item.part == part), "{}", described.name);
        }
    }
}
