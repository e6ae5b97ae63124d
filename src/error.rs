//! What can go wrong, and whose fault it is. Every room has its own small error enum; each
//! says its [`Class`], and the class alone decides the exit code.

use std::fmt;

/// Whose fault a failure is. The exit code of the program is [`Class::exit_code`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Nobody's: the answer is "no" (a check that found something).
    Finding,
    /// The caller's: a wrong flag or a mistake in a settings file.
    Usage,
    /// The data provider's: a missing column, a wrong encoding, an empty file.
    Input,
    /// The operator's: a key that is missing, damaged or readable by others.
    Key,
    /// A partner's or the disk's: a damaged package, or packages of differing projects.
    Package,
    /// The program's, on purpose: what was asked would break a protection.
    Refused,
    /// The machine's: disk full, no permission, a vanished file.
    Io,
    /// Ours: a broken invariant.
    Internal,
}

impl Class {
    /// Every class, in exit-code order.
    pub const ALL: [Class; 8] = [
        Class::Finding,
        Class::Usage,
        Class::Input,
        Class::Key,
        Class::Package,
        Class::Refused,
        Class::Io,
        Class::Internal,
    ];

    /// The process exit code of this class.
    pub fn exit_code(self) -> u8 {
        match self {
            Class::Finding => 1,
            Class::Usage => 2,
            Class::Input => 3,
            Class::Key => 4,
            Class::Package => 5,
            Class::Refused => 6,
            Class::Io => 7,
            Class::Internal => 70,
        }
    }

    /// The word for this class in machine-readable errors.
    pub fn name(self) -> &'static str {
        match self {
            Class::Finding => "finding",
            Class::Usage => "usage",
            Class::Input => "input",
            Class::Key => "key",
            Class::Package => "package",
            Class::Refused => "refused",
            Class::Io => "io",
            Class::Internal => "internal",
        }
    }
}

/// What every room's error enum says of itself beside its message.
///
/// A message says where, what was expected and what was found, never a data value; it is
/// lower case with no full stop. A hint says what to do.
pub trait Fault: std::error::Error + Send + Sync + 'static {
    /// Whose fault it is.
    fn class(&self) -> Class;
    /// What to do about it.
    fn hint(&self) -> Option<String> {
        None
    }
}

/// Any failure of the library: a room's error with its class and hint.
pub struct Error(Box<dyn Fault>);

impl Error {
    /// Whose fault it is.
    pub fn class(&self) -> Class {
        self.0.class()
    }

    /// What to do about it, where there is something to say.
    pub fn hint(&self) -> Option<String> {
        self.0.hint()
    }
}

impl<E: Fault> From<E> for Error {
    fn from(fault: E) -> Self {
        Error(Box::new(fault))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.0, self.class().name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_the_documented_ones() {
        let codes: Vec<(&str, u8)> = Class::ALL.iter().map(|c| (c.name(), c.exit_code())).collect();
        assert_eq!(
            codes,
            [
                ("finding", 1),
                ("usage", 2),
                ("input", 3),
                ("key", 4),
                ("package", 5),
                ("refused", 6),
                ("io", 7),
                ("internal", 70)
            ]
        );
    }
}
