//! Persons become tokens. Takes standardised persons and the project key, gives keyed
//! tokens, quality flags and counts; what leaves this room holds no name and no date.

pub mod bits;
mod bloom;
pub mod chance;
pub mod component;
mod eld;
pub mod fuzzy;
pub mod order;
pub mod people;
pub mod phonetic;
pub mod rows;
mod spread;
pub mod store;
pub mod token;

use std::fmt;
use std::hash::{BuildHasher, DefaultHasher, Hasher, RandomState};

use crate::key::ProjectKey;
use crate::project::{Component, FieldKind, Part, Project};
use crate::standardise::Person;
use component::Details;
use phonetic::Sounds;
pub use token::{NO_TOKEN, Token};
use token::{Parts, Tokeniser};

/// Makes the tokens of persons under one project and key. Prints as shape.
pub struct Encoder<'a> {
    project: &'a Project,
    components: Vec<Component>,
    tokenisers: Vec<Tokeniser>,
    /// Fields that say where a person lives, down to the suburb, or how to reach them.
    places: Vec<usize>,
    /// What identities are hashed with, two halves of them. Nobody knows it, so that nobody can
    /// make up two people of one identity.
    identity: [RandomState; 2],
}

impl<'a> Encoder<'a> {
    /// Derives one subkey per match key.
    pub fn new(project: &'a Project, key: &ProjectKey) -> Self {
        let mut encoder = Encoder::for_values(project);
        let components = &encoder.components;
        let tokenisers = project.match_keys.iter().map(|match_key| {
            let places = match_key.components.iter();
            let places = places.filter_map(|c| components.binary_search(c).ok()).collect();
            Tokeniser::new(project, key, match_key, places)
        });
        encoder.tokenisers = tokenisers.collect();
        encoder
    }

    /// Makes no tokens, and needs no key: only the values that are compared in memory.
    pub fn for_values(project: &'a Project) -> Self {
        let mut components: Vec<Component> =
            project.match_keys.iter().flat_map(|k| k.components.iter().copied()).collect();
        // How often names are crossed is counted on whole names, whether a key has them or not.
        if components.iter().any(|c| c.part == Part::NamesAnyOrder) {
            components.extend(whole_names(project));
        }
        components.sort_unstable();
        components.dedup();
        let is_place = |i: &usize| {
            use FieldKind::{Address, Phone, Postcode, Suburb};
            matches!(project.fields[*i].kind, Suburb | Postcode | Address | Phone)
        };
        let places = (0..project.fields.len()).filter(is_place).collect();
        let identity = [RandomState::new(), RandomState::new()];
        Encoder { project, components, tokenisers: vec![], places, identity }
    }

    /// The distinct components of the match keys: the columns of [`TokenSets::values`].
    pub fn components(&self) -> &[Component] {
        &self.components
    }

    /// Room for the token sets of so many persons.
    pub fn token_sets(&self, persons: usize) -> TokenSets {
        TokenSets {
            tokens: vec![Vec::with_capacity(persons); self.tokenisers.len()],
            quality: Vec::with_capacity(persons),
            values: vec![Vec::with_capacity(persons); self.components.len()],
        }
    }

    /// Appends the token set of one person.
    pub fn encode(&self, person: &Person, scratch: &mut Scratch, out: &mut TokenSets) {
        let details = Details::of(person, &self.project.placeholders);
        let Scratch { parts, message, sounds, .. } = scratch;
        parts.clear();
        for &component in &self.components {
            parts.push(|bytes| details.write(self.project, component, sounds, bytes));
        }
        parts.close();
        for (tokeniser, column) in self.tokenisers.iter().zip(&mut out.tokens) {
            column.push(tokeniser.token(parts, message));
        }
        for (i, column) in out.values.iter_mut().enumerate() {
            column.push(parts.value(i).map_or(NO_VALUE, value_of));
        }
        out.quality.push(details.quality(self.project));
    }

    /// What makes two records one person beyond doubt: whole family and given name, accurate
    /// birth date, sex, and a place, all known and equal. One value per known place.
    pub fn identities<'s>(
        &self,
        person: &Person,
        scratch: &'s mut Scratch,
    ) -> impl Iterator<Item = Identity> + 's {
        let details = Details::of(person, &self.project.placeholders);
        let Scratch { message: parts, sounds, identities, .. } = scratch;
        parts.clear();
        identities.clear();
        if !details.is_estimated() && details.write_identity(parts).is_some() {
            let common = self.identity.each_ref().map(|random| {
                let mut hasher = random.build_hasher();
                hasher.write(parts);
                hasher
            });
            for &field in &self.places {
                parts.clear();
                let place = Component { field, part: Part::Whole };
                if details.write(self.project, place, sounds, parts) {
                    identities.push(Identity::of(&common, field, parts));
                }
            }
        }
        identities.drain(..)
    }
}

impl fmt::Debug for Encoder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Encoder({} match keys)", self.tokenisers.len())
    }
}

/// The whole family and given name as components, where the project has both.
fn whole_names(project: &Project) -> Vec<Component> {
    [FieldKind::FamilyName, FieldKind::GivenName]
        .into_iter()
        .filter_map(|kind| project.field_of(kind))
        .map(|field| Component { field, part: Part::Whole })
        .collect()
}

/// A hash of everything that identifies a person, another one in every run; only ever compared.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Identity([[u8; 8]; 2]);

impl Identity {
    /// Of what all identities of the person have in common, and a place.
    fn of(common: &[DefaultHasher; 2], field: usize, place: &[u8]) -> Self {
        Identity(common.each_ref().map(|common| {
            let mut hasher = common.clone();
            hasher.write_usize(field);
            hasher.write(place);
            hasher.finish().to_ne_bytes()
        }))
    }

    /// The halves as numbers.
    fn halves(&self) -> [u64; 2] {
        self.0.map(u64::from_ne_bytes)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity")
    }
}

/// Buffers that are used again for each person. Prints as shape.
#[derive(Default)]
pub struct Scratch {
    parts: Parts,
    message: Vec<u8>,
    sounds: Sounds,
    identities: Vec<Identity>,
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scratch")
    }
}

/// Token sets, column by column: one set per person, and one per further name of a person.
/// Prints as shape.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct TokenSets {
    /// Per match key, the token of each set.
    pub tokens: Vec<Vec<Token>>,
    /// The quality flags of each set.
    pub quality: Vec<u32>,
    /// Per component of [`Encoder::components`], a number that stands for the value of each
    /// set, 0 for none: for counting how many people agree, never written.
    pub values: Vec<Vec<u64>>,
}

impl TokenSets {
    /// How many sets there are.
    pub fn len(&self) -> usize {
        self.quality.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.quality.is_empty()
    }

    /// Takes all sets away.
    pub fn clear(&mut self) {
        self.tokens.iter_mut().for_each(Vec::clear);
        self.values.iter_mut().for_each(Vec::clear);
        self.quality.clear();
    }

    /// Moves all sets of another batch behind these.
    pub fn append(&mut self, mut other: TokenSets) {
        for (column, more) in self.tokens.iter_mut().zip(&mut other.tokens) {
            column.append(more);
        }
        for (column, more) in self.values.iter_mut().zip(&mut other.values) {
            column.append(more);
        }
        self.quality.append(&mut other.quality);
    }
}

impl fmt::Debug for TokenSets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenSets({})", self.len())
    }
}

/// The number of a missing value.
pub(crate) const NO_VALUE: u64 = 0;

/// A number for a value, to count agreements with. At 64 bits, two different values of a
/// million share a number once in tens of millions of files.
fn value_of(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish().max(NO_VALUE + 1)
}
