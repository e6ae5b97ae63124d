//! The numbers that an upload has: those it came with, or pseudonyms made from the agency's own
//! with a key that stays there.

use crate::ids::RowId;
use crate::key::{AgencyKey, Subkey};
use crate::sources::upload::Element;

/// What a number is of. The same number of two kinds gives two pseudonyms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum IdKind {
    Client,
    Case,
    Session,
}

impl IdKind {
    const ALL: [IdKind; 3] = [IdKind::Client, IdKind::Case, IdKind::Session];

    /// The word for it in lists.
    pub(super) fn name(self) -> &'static str {
        match self {
            IdKind::Client => "client",
            IdKind::Case => "case",
            IdKind::Session => "session",
        }
    }

    /// The element that holds it.
    fn element(self) -> &'static str {
        match self {
            IdKind::Client => "ClientId",
            IdKind::Case => "CaseId",
            IdKind::Session => "SessionId",
        }
    }
}

/// Gives numbers. Prints as shape.
#[derive(Debug)]
pub(super) struct Ids(Option<Subkey>);

impl Ids {
    /// Numbers stay as they are.
    pub(super) fn kept() -> Ids {
        Ids(None)
    }

    /// Numbers become pseudonyms under the agency's key.
    pub(super) fn new(key: &AgencyKey) -> Ids {
        Ids(Some(key.upload_ids()))
    }

    /// Whether numbers stay as they are.
    pub(super) fn are_kept(&self) -> bool {
        self.0.is_none()
    }

    /// Gives every number within an element its pseudonym.
    pub(super) fn replace(&self, element: &mut Element) {
        let Some(subkey) = &self.0 else { return };
        for inner in &mut element.inner {
            match IdKind::ALL.into_iter().find(|kind| kind.element() == inner.name) {
                Some(kind) => {
                    let message = format!("{}\0{}", kind.name(), inner.text);
                    inner.text = RowId(subkey.mac128(message.as_bytes())).to_string();
                }
                None => self.replace(inner),
            }
        }
    }
}
