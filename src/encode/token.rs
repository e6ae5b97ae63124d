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

    /// The token of one person; `part` gives a component's bytes by its place, with their
    /// length in front. `message` is scratch space.
    pub(super) fn token<'b>(
        &self,
        part: impl Fn(usize) -> Option<&'b [u8]>,
        message: &mut Vec<u8>,
    ) -> Token {
        message.clear();
        for &component in &self.components {
            let Some(bytes) = part(component) else { return NO_TOKEN };
            message.extend_from_slice(bytes);
        }
        self.subkey.mac128(message)
    }
}

/// Bytes of the length in front of a part.
pub(super) const PREFIX: usize = 4;

/// Sets the length in front of a part that was written behind the room for it.
pub(super) fn set_prefix(part: &mut [u8]) {
    let length = (part.len() - PREFIX) as u32;
    part[..PREFIX].copy_from_slice(&length.to_be_bytes());
}

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
        let prefixed = parts.iter().map(|part| {
            let mut bytes = vec![];
            write_prefixed(part.as_ref()?, &mut bytes);
            Some(bytes)
        });
        let prefixed: Vec<Option<Vec<u8>>> = prefixed.collect();
        tokeniser.token(|i| prefixed[i].as_deref(), &mut vec![])
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
