//! Keyed tokens: HMAC, cut to 128 bits, over the components of a match key. The bytes that
//! are hashed are injective, and every match key has its own subkey, so two tokens agree
//! exactly when they are of one match key and all components agree.

use crate::key::{ProjectKey, Purpose, Subkey};
use crate::project::{MatchKey, Project};

/// One token; all zero bytes stand for none.
pub type Token = [u8; 16];

/// No token: a component is missing or weak.
pub const NO_TOKEN: Token = [0; 16];

/// A match key ready to make tokens.
pub(super) struct Tokeniser {
    subkey: Subkey,
    /// Places of the components in the encoder's list.
    components: Vec<usize>,
    /// The same as bits.
    needed: Vec<u64>,
    /// The same as runs of components that follow each other there too, first and last: what is
    /// side by side is copied in one go.
    runs: Vec<(usize, usize)>,
}

impl Tokeniser {
    /// The tokeniser of one match key. The label names the match key and its components, so
    /// that a key whose definition changes has tokens that agree with no earlier ones.
    pub(super) fn new(
        project: &Project,
        key: &ProjectKey,
        match_key: &MatchKey,
        components: Vec<usize>,
    ) -> Self {
        let names: Vec<String> =
            match_key.components.iter().map(|&c| project.component_name(c)).collect();
        let label = format!("{}={}", match_key.name, names.join("+"));
        let runs = Tokeniser::runs(&components);
        let mut needed = vec![0; components.iter().max().map_or(0, |last| last / 64 + 1)];
        components.iter().for_each(|place| needed[place / 64] |= 1 << (place % 64));
        let subkey = key.subkey(project, Purpose::MatchKey, &label);
        Tokeniser { subkey, components, needed, runs }
    }

    /// The first and last of components that follow each other.
    fn runs(components: &[usize]) -> Vec<(usize, usize)> {
        let runs = components.chunk_by(|one, next| one + 1 == *next);
        runs.map(|run| (run[0], run[run.len() - 1])).collect()
    }

    /// The token of one person. `message` is scratch space.
    pub(super) fn token(&self, parts: &Parts, message: &mut Vec<u8>) -> Token {
        if self.needed.iter().zip(&parts.known).any(|(needed, known)| needed & !known != 0) {
            return NO_TOKEN;
        }
        let (mut block, mut length) = ([0; BLOCK + WINDOW], 0);
        for &(first, last) in &self.runs {
            let (start, end) = (parts.places[first].0 as usize, parts.places[last].1 as usize);
            let room = block.get_mut(length..).and_then(|room| room.first_chunk_mut::<WINDOW>());
            match (room, parts.bytes[start..].first_chunk()) {
                // A copy of a size that is known beforehand is but two instructions.
                (Some(room), Some(window)) if end - start <= WINDOW => *room = *window,
                _ => return self.long(parts, message),
            }
            length += end - start;
        }
        self.subkey.mac128_of(&block, length)
    }

    /// As [`Tokeniser::token`] of parts that are all there, of any length.
    fn long(&self, parts: &Parts, message: &mut Vec<u8>) -> Token {
        message.clear();
        let all = self.components.iter().filter_map(|&component| parts.part(component));
        all.for_each(|part| message.extend_from_slice(part));
        self.subkey.mac128(message)
    }
}

/// A message of up to so many bytes is put together on the stack.
const BLOCK: usize = 64;

/// Bytes of a run of parts that are copied in one go.
const WINDOW: usize = 32;

/// The components of one person, each with its length in front.
#[derive(Default)]
pub(super) struct Parts {
    bytes: Vec<u8>,
    /// Where each begins and ends; nowhere for one that is missing.
    places: Vec<(u32, u32)>,
    /// Those that are not missing, as bits.
    known: Vec<u64>,
}

impl Parts {
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.places.clear();
        self.known.clear();
    }

    /// Appends a component that `write` gives the bytes of, or says that it is missing.
    pub(super) fn push(&mut self, write: impl FnOnce(&mut Vec<u8>) -> bool) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; PREFIX]);
        let is_known = write(&mut self.bytes);
        if is_known {
            let length = (self.bytes.len() - start - PREFIX) as u32;
            self.bytes[start..start + PREFIX].copy_from_slice(&length.to_be_bytes());
        } else {
            self.bytes.truncate(start);
        }
        let place = self.places.len();
        if place.is_multiple_of(64) {
            self.known.push(0);
        }
        self.known[place / 64] |= u64::from(is_known) << (place % 64);
        self.places.push((start as u32, self.bytes.len() as u32));
    }

    /// Makes room behind the last, so that every part can be copied with what follows it.
    pub(super) fn close(&mut self) {
        self.bytes.extend_from_slice(&[0; WINDOW]);
    }

    /// A component with its length; nothing where it is missing.
    pub(super) fn part(&self, component: usize) -> Option<&[u8]> {
        let (start, end) = self.places[component];
        (start < end).then(|| &self.bytes[start as usize..end as usize])
    }

    /// A component without its length.
    pub(super) fn value(&self, component: usize) -> Option<&[u8]> {
        self.part(component).map(|part| &part[PREFIX..])
    }
}

/// Bytes of the length in front of a part.
const PREFIX: usize = 4;

/// Appends bytes with their length in front, so that no two lists have the same bytes.
pub(super) fn write_prefixed(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::project::Preset;

    fn tokenisers() -> (Tokeniser, Tokeniser) {
        let home = tempfile::tempdir().expect("a temporary folder");
        let text = Preset::Minimal.toml("yard", "2026");
        let project = Project::parse(&text, "project.toml").expect("the preset");
        let key = ProjectKey::create(&home.path().join("k"), &project).expect("a key");
        let match_key = &project.match_keys[0];
        let renamed = MatchKey { name: "other".into(), ..match_key.clone() };
        let made = |match_key| Tokeniser::new(&project, &key, match_key, vec![0, 1]);
        (made(match_key), made(&renamed))
    }

    fn token(tokeniser: &Tokeniser, parts: &[Option<Vec<u8>>]) -> Token {
        let mut all = Parts::default();
        for part in parts {
            all.push(|bytes| {
                bytes.extend(part.iter().flatten());
                part.is_some()
            });
        }
        all.close();
        tokeniser.token(&all, &mut vec![])
    }

    #[test]
    fn parts_of_any_length_are_what_is_hashed() {
        let (tokeniser, _) = tokenisers();
        for lengths in [[0, 0], [1, 27], [28, 29], [31, 80], [200, 3]] {
            let parts = lengths.map(|length| Some(vec![b'A'; length]));
            let mut message = vec![];
            parts.iter().flatten().for_each(|part| write_prefixed(part, &mut message));
            assert_eq!(token(&tokeniser, &parts), tokeniser.subkey.mac128(&message));
        }
    }

    #[test]
    fn parts_that_are_side_by_side_or_not_are_what_is_hashed() {
        let (mut tokeniser, _) = tokenisers();
        let parts: Vec<_> = (1..5).map(|length| Some(vec![b'A' + length; length.into()])).collect();
        for components in [&[0, 2][..], &[2, 0], &[1, 2, 3], &[0, 2, 3], &[3, 1]] {
            let runs = Tokeniser::runs(components);
            tokeniser = Tokeniser { components: components.to_vec(), runs, ..tokeniser };
            let mut message = vec![];
            for &component in components {
                parts[component].iter().for_each(|part| write_prefixed(part, &mut message));
            }
            assert_eq!(token(&tokeniser, &parts), tokeniser.subkey.mac128(&message));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn tokens_agree_exactly_when_all_components_do(
            a in prop::collection::vec(prop::option::of("[AB]{0,3}"), 2),
            b in prop::collection::vec(prop::option::of("[AB]{0,3}"), 2),
        ) {
            let (one, other) = tokenisers();
            let raw = |parts: &[Option<String>]| -> Vec<Option<Vec<u8>>> {
                parts.iter().map(|p| p.clone().map(String::into_bytes)).collect()
            };
            let (token_a, token_b) = (token(&one, &raw(&a)), token(&one, &raw(&b)));
            prop_assert_eq!(token_a == NO_TOKEN, a.contains(&None));
            if token_a != NO_TOKEN && token_b != NO_TOKEN {
                prop_assert_eq!(token_a == token_b, a == b);
                prop_assert_ne!(token_a, token(&other, &raw(&a)), "another match key, another token");
            }
        }
    }
}
