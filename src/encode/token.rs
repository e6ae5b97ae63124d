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

    /// The token of one person; `part` gives a component's bytes by its place. `message` is
    /// scratch space.
    pub(super) fn token<'b>(
        &self,
        part: impl Fn(usize) -> Option<&'b [u8]>,
        message: &mut Vec<u8>,
    ) -> Token {
        message.clear();
        for &component in &self.components {
            let Some(bytes) = part(component) else { return NO_TOKEN };
            write_prefixed(bytes, message);
        }
        self.subkey.mac128(message)
    }
}

/// Appends bytes with their length in front, so that no two lists have the same bytes.
pub(super) fn write_prefixed(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
    out.extend_from_slice(bytes);
}
