//! Keys that are the same in every run of the tests, so that what hangs on a key by chance
//! (the order of row ids, which pair is a tie's first) is the same too.

use std::fs;
use std::path::Path;

use bech32::{Bech32m, Hrp};

/// A project key.
pub(crate) const PROJECT: &str = "veilway-secret-key-";
/// An agency's own key.
pub(crate) const AGENCY: &str = "veilway-agency-key-";

/// Writes the file of a key that is made of a word, and that only its owner may read.
pub(crate) fn write(path: &Path, kind: &str, word: &str) {
    let bytes: Vec<u8> = word.bytes().cycle().take(32).collect();
    let kind = Hrp::parse(kind).expect("a prefix");
    let text = bech32::encode::<Bech32m>(kind, &bytes).expect("a key");
    fs::write(path, text + "\n").expect("written");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("its owner's");
    }
}
