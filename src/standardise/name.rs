//! Names.

/// A standardised name: upper-case, at least one letter from A to Z. Prints as shape.
#[derive(Clone, PartialEq, Eq)]
pub struct Name {
    letters: String,
}

impl Name {
    /// The letters A to Z only, upper-case: what keys are made of.
    pub fn letters(&self) -> &str {
        &self.letters
    }
}
