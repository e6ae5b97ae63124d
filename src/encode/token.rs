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
        Tokeniser { subkey: key.subkey(project, Purpose::MatchKey, &label), components }
    }

    /// The token of one person. `message` is scratch space.
    pub(super) fn token(&self, parts: &Parts, message: &mut Vec<u8>) -> Token {
        let mut length = 0;
        for &component in &self.components {
            let Some(part) = parts.part(component) else { return NO_TOKEN };
            let end = length + part.len();
            if message.len() < end + WINDOW {
                message.resize(end + 2 * WINDOW, 0);
            }
            match parts.window(component) {
                // A copy of a size that is known beforehand is but two instructions.
                Some(window) if part.len() <= WINDOW => {
                    message[length..length + WINDOW].copy_from_slice(window);
                }
                _ => message[length..end].copy_from_slice(part),
            }
            length = end;
        }
        self.subkey.mac128_of(message, length)
    }
}

/// Bytes of a part that are copied in one go.
const WINDOW: usize = 32;

/// The components of one person, each with its length in front.
#[derive(Default)]
pub(super) struct Parts {
    bytes: Vec<u8>,
    /// Where each begins and ends; nowhere for one that is missing.
    places: Vec<(u32, u32)>,
}

impl Parts {
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.places.clear();
    }

    /// Appends a component that `write` gives the bytes of, or says that it is missing.
    pub(super) fn push(&mut self, write: impl FnOnce(&mut Vec<u8>) -> bool) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; PREFIX]);
        if write(&mut self.bytes) {
            let length = (self.bytes.len() - start - PREFIX) as u32;
            self.bytes[start..start + PREFIX].copy_from_slice(&length.to_be_bytes());
        } else {
            self.bytes.truncate(start);
        }
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

    fn window(&self, component: usize) -> Option<&[u8; WINDOW]> {
        self.bytes[self.places[component].0 as usize..].first_chunk()
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
