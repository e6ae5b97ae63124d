//! Coded values and other text.

/// Sex as METEOR codes it; not stated is a missing value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sex {
    /// 1.
    Male,
    /// 2.
    Female,
    /// 3: intersex, indeterminate, or another term.
    Other,
}

/// Any other standardised text. Prints as shape.
#[derive(Clone, PartialEq, Eq)]
pub struct Text(String);

impl Text {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
