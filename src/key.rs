//! Keys: the project's (shared by the agencies, held by no one else) and the agency's own.
//! Every use has its own subkey, derived with HKDF under an injective, length-prefixed
//! label. Clear side only.
//!
//! A key file is text: comment lines that say what it is, and one bech32m line (BIP-350),
//! whose checksum finds typing damage. Nothing here prints a key, not even in an error.

mod secret;
mod states;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256, Sha512};
use zeroize::Zeroizing;

use crate::error::{Class, Fault};
use crate::files::{self, clean};
use crate::project::{Project, Suite};
pub use secret::is_key_file;
use secret::{Kind, Secret};
use states::States;

/// The version of the derivation; a change of any label or layout changes it.
const VERSION: &str = "1";

/// What can be wrong with a key or its file. Never holds a byte of either.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such file.
    #[error("{}: there is no such key file", clean(.path))]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A key is never replaced.
    #[error("{}: is there already, and a key is never replaced", clean(.path))]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Others than the owner may read it.
    #[error("{}: a key only its owner may read was expected; its mode is {mode:04o}", clean(.path))]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It has no key line.
    #[error("{}: is not a key file of veilway", clean(.path))]
    NotAKey {
        /// The file.
        path: PathBuf,
    },
    /// It is a key of the other kind.
    #[error("{}: expected {expected}, found {found}", clean(.path))]
    WrongKind {
        /// The file.
        path: PathBuf,
        /// The kind that was needed.
        expected: &'static str,
        /// The kind it is.
        found: &'static str,
    },
    /// Its checksum or its length is wrong.
    #[error("{}: the key line is damaged: its checksum or length is wrong", clean(.path))]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The system gave no random bits.
    #[error("the system's random generator gave no random bits")]
    Random,
    /// A fingerprint was expected.
    #[error("expected a fingerprint: eight groups of four hexadecimal digits")]
    Fingerprint,
    /// It could not be read or written.
    #[error(transparent)]
    Files(#[from] files::Error),
}

impl Fault for Error {
    fn class(&self) -> Class {
        match self {
            Error::Exists { .. } => Class::Refused,
            Error::Random => Class::Io,
            Error::Files(e) => e.class(),
            Error::Missing { .. }
            | Error::Exposed { .. }
            | Error::NotAKey { .. }
            | Error::WrongKind { .. }
            | Error::Damaged { .. }
            | Error::Fingerprint => Class::Key,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Error::Missing { .. } => {
                "`veilway key new` makes the project key, once; the other agencies get it from \
                 whoever made it"
            }
            Error::Exists { .. } => {
                "with a new key nothing would link to what was made with the old one; name \
                 another place if a second key is meant"
            }
            Error::Exposed { path, .. } => {
                return Some(format!(
                    "run `chmod 600 {}`; if others may have read it, make a new key",
                    clean(path)
                ));
            }
            Error::NotAKey { .. } => "name the file that `veilway key new` wrote",
            Error::Damaged { .. } => {
                "copy the file again from an agency that holds it; do not retype it"
            }
            Error::Files(e) => return e.hint(),
            Error::WrongKind { .. } => {
                "`--key-file` takes the project key, `--agency-key` the agency's own"
            }
            Error::Random | Error::Fingerprint => return None,
        };
        Some(hint.to_owned())
    }
}

impl Secret {
    /// The key's own HKDF state for a project: RFC 5869, the salt bound to the project.
    fn hkdf(&self, project: &Project) -> Hkdf<Sha256> {
        let salt = Sha256::new()
            .chain_update(b"veilway/v1/project")
            .chain_update(project.id.as_bytes())
            .finalize();
        Hkdf::new(Some(&salt), &self.0)
    }

    /// Derives `out.len()` bytes (at most 64) for one use.
    fn derive(&self, project: &Project, purpose: Purpose, name: &str, out: &mut [u8]) {
        let label = label(&[
            purpose.name(),
            project.suite.name(),
            &project.id,
            &project.period,
            name,
            VERSION,
        ]);
        let expanded = self.hkdf(project).expand(&label, out);
        debug_assert!(expanded.is_ok(), "HKDF-SHA-256 gives up to 255 blocks of 32 bytes");
    }

    fn subkey(&self, project: &Project, purpose: Purpose, name: &str) -> Subkey {
        match project.suite {
            Suite::HmacSha256 => {
                let mut key = Zeroizing::new([0; 32]);
                self.derive(project, purpose, name, &mut *key);
                Subkey(Keyed::Sha256(States::new(&key)))
            }
            Suite::HmacSha512 => {
                let mut key = Zeroizing::new([0; 64]);
                self.derive(project, purpose, name, &mut *key);
                Subkey(Keyed::Sha512(Box::new(keyed_sha512(&key[..]))))
            }
        }
    }
}

/// Several words as one byte string, each with its length in front, so that no two lists of
/// words have the same bytes: ("ab", "c") differs from ("a", "bc").
fn label(words: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(128);
    for word in words {
        bytes.extend_from_slice(&(word.len() as u64).to_be_bytes());
        bytes.extend_from_slice(word.as_bytes());
    }
    bytes
}

/// The project key: the same at every agency of a project, and nowhere else.
///
/// ```no_run
/// # fn main() -> Result<(), veilway::Error> {
/// # let project = veilway::project::Project::load("project.toml".as_ref())?;
/// let key = veilway::key::ProjectKey::create("project.key".as_ref(), &project)?;
/// println!("{}", key.fingerprint(&project));
/// # Ok(())
/// # }
/// ```
pub struct ProjectKey(Secret);

impl ProjectKey {
    /// Makes a key of 256 random bits and writes its file, which only its owner may read.
    ///
    /// # Errors
    /// When the file is there already or cannot be written; nothing is left then.
    pub fn create(path: &Path, project: &Project) -> Result<Self, Error> {
        let key = ProjectKey(Secret::generate()?);
        let comments = format!(
            "# The secret key of the linkage project `{}`.\n\
             # fingerprint: {} (this may be published)\n\
             # secret: do not send by e-mail; only the agencies of the project hold it, and the\n\
             # linkage unit and the analysts must never have it\n",
            project.id,
            key.fingerprint(project)
        );
        key.0.save(path, Kind::Project, &comments)?;
        Ok(key)
    }

    /// Reads a key file.
    ///
    /// # Errors
    /// When it is missing, readable by others (where the system has modes), damaged, or no
    /// project key.
    pub fn load(path: &Path) -> Result<Self, Error> {
        Secret::load(path, Kind::Project).map(ProjectKey)
    }

    /// What tells that two parties hold the same key for the same project. The key is
    /// random, so this may be published.
    pub fn fingerprint(&self, project: &Project) -> Fingerprint {
        let mut bytes = [0; 16];
        self.0.derive(project, Purpose::Fingerprint, "", &mut bytes);
        Fingerprint(bytes)
    }

    /// The subkey of one use.
    pub fn subkey(&self, project: &Project, purpose: Purpose, name: &str) -> Subkey {
        self.0.subkey(project, purpose, name)
    }
}

impl fmt::Debug for ProjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProjectKey(secret)")
    }
}

/// An agency's own key, for what the other agencies of the project must not be able to work
/// out: its row ids. It never leaves the agency.
pub struct AgencyKey(Secret);

impl AgencyKey {
    /// Makes a key of 256 random bits and writes its file, which only its owner may read.
    ///
    /// # Errors
    /// When the file is there already or cannot be written; nothing is left then.
    pub fn create(path: &Path, project: &Project) -> Result<Self, Error> {
        let key = AgencyKey(Secret::generate()?);
        key.save(path, project)?;
        Ok(key)
    }

    /// Writes this key to another file, as [`AgencyKey::create`] does: a new output folder
    /// keeps the key of the old one, and so its row ids.
    ///
    /// # Errors
    /// When the file is there already or cannot be written; nothing is left then.
    pub fn save(&self, path: &Path, project: &Project) -> Result<(), Error> {
        let comments = format!(
            "# This agency's own key in the linkage project `{}`: it makes the row ids.\n\
             # Keep it: with another key, every client gets another row id.\n\
             # secret: it never leaves the agency; do not send by e-mail\n",
            project.id
        );
        self.0.save(path, Kind::Agency, &comments)
    }

    /// Reads a key file.
    ///
    /// # Errors
    /// When it is missing, readable by others (where the system has modes), damaged, or no
    /// agency key.
    pub fn load(path: &Path) -> Result<Self, Error> {
        Secret::load(path, Kind::Agency).map(AgencyKey)
    }

    /// Makes a key for the numbers of upload files, of an agency that is in no project.
    ///
    /// # Errors
    /// As [`AgencyKey::create`].
    pub fn create_for_uploads(path: &Path) -> Result<Self, Error> {
        let key = AgencyKey(Secret::generate()?);
        key.save_for_uploads(path)?;
        Ok(key)
    }

    /// Writes this key to another file, as [`AgencyKey::create_for_uploads`] does.
    ///
    /// # Errors
    /// As [`AgencyKey::create`].
    pub fn save_for_uploads(&self, path: &Path) -> Result<(), Error> {
        let comments = "# This agency's own key: it makes the numbers of its upload files.\n\
             # Keep it: with another key, every client gets another number.\n\
             # secret: it never leaves the agency; do not send by e-mail\n";
        self.0.save(path, Kind::Agency, comments)
    }

    /// The subkey of the numbers in upload files. It hangs on no project and no period: a client
    /// keeps the number for as long as the agency keeps the key.
    pub fn upload_ids(&self) -> Subkey {
        let salt = Sha256::digest(b"veilway/v1/uploads");
        let mut key = Zeroizing::new([0; 32]);
        let label = label(&[Purpose::UploadId.name(), VERSION]);
        let expanded = Hkdf::<Sha256>::new(Some(&salt), &self.0.0).expand(&label, &mut *key);
        debug_assert!(expanded.is_ok(), "HKDF-SHA-256 gives up to 255 blocks of 32 bytes");
        Subkey(Keyed::Sha256(States::new(&key)))
    }

    /// The subkey of one use.
    pub fn subkey(&self, project: &Project, purpose: Purpose, name: &str) -> Subkey {
        self.0.subkey(project, purpose, name)
    }
}

impl fmt::Debug for AgencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AgencyKey(secret)")
    }
}

/// What a subkey is for. No two purposes share a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purpose {
    /// The tokens of one match key; the name is the match key's.
    MatchKey,
    /// Row ids, from record numbers.
    RowId,
    /// The public fingerprint of the project key.
    Fingerprint,
    /// The bit positions of the fuzzy column's base filter.
    FuzzyBase,
    /// The secret positions of the fuzzy column's diffusion layer.
    FuzzyDiffusion,
    /// The numbers of upload files, from those of the agency.
    UploadId,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Purpose; 6] = [
        Purpose::MatchKey,
        Purpose::RowId,
        Purpose::Fingerprint,
        Purpose::FuzzyBase,
        Purpose::FuzzyDiffusion,
        Purpose::UploadId,
    ];

    /// The word for this purpose in labels.
    pub fn name(self) -> &'static str {
        match self {
            Purpose::MatchKey => "match-key",
            Purpose::RowId => "row-id",
            Purpose::Fingerprint => "fingerprint",
            Purpose::FuzzyBase => "fuzzy-base",
            Purpose::FuzzyDiffusion => "fuzzy-diffusion",
            Purpose::UploadId => "upload-id",
        }
    }
}

/// The key of one use: an HMAC that is keyed once, for all its messages. Wiped
/// when dropped.
pub struct Subkey(Keyed);

enum Keyed {
    Sha256(States),
    Sha512(Box<Hmac<Sha512>>),
}

impl Subkey {
    /// The HMAC (RFC 2104) of a message under the project's suite, cut to its first 128 bits.
    pub fn mac128(&self, message: &[u8]) -> [u8; 16] {
        match &self.0 {
            Keyed::Sha256(states) => states.mac128(message),
            Keyed::Sha512(keyed) => first_half(&finish((**keyed).clone(), message)),
        }
    }

    /// As [`Subkey::mac128`] of the first `length` of these bytes; what follows them is
    /// immaterial. For short messages in large numbers.
    ///
    /// # Panics
    /// When they are fewer.
    pub(crate) fn mac128_of(&self, bytes: &[u8], length: usize) -> [u8; 16] {
        match (&self.0, bytes.first_chunk()) {
            (Keyed::Sha256(states), Some(block)) if length <= states::SHORT => {
                states.mac128_short(block, length)
            }
            _ => self.mac128(&bytes[..length]),
        }
    }
}

impl fmt::Debug for Subkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subkey(secret)")
    }
}

fn keyed_sha512(key: &[u8]) -> Hmac<Sha512> {
    // A key of any length is taken (RFC 2104, section 2).
    <Hmac<Sha512> as KeyInit>::new_from_slice(key).expect("HMAC takes keys of every length")
}

fn finish<M: Mac>(mut mac: M, message: &[u8]) -> hmac::digest::Output<M> {
    mac.update(message);
    mac.finalize().into_bytes()
}

fn first_half(mac: &[u8]) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&mac[..16]);
    bytes
}

/// 128 bits that tell two project keys apart, bound to the project; written as eight groups
/// of four hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint([u8; 16]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, pair) in self.0.chunks_exact(2).enumerate() {
            let gap = if i == 0 { "" } else { "-" };
            write!(f, "{gap}{:02x}{:02x}", pair[0], pair[1])?;
        }
        Ok(())
    }
}

impl FromStr for Fingerprint {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self, Error> {
        let groups: Vec<&str> = s.split('-').collect();
        let digits = |g: &&str| g.len() == 4 && g.bytes().all(|b| b.is_ascii_hexdigit());
        if groups.len() != 8 || !groups.iter().all(digits) {
            return Err(Error::Fingerprint);
        }
        let bits = u128::from_str_radix(&groups.concat(), 16).map_err(|_| Error::Fingerprint)?;
        Ok(Fingerprint(bits.to_be_bytes()))
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = Error;

    fn try_from(s: String) -> Result<Self, Error> {
        s.parse()
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> String {
        fingerprint.to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::project::Preset;

    fn project() -> Project {
        Project::parse(&Preset::Minimal.toml("yard", "2026"), "p").expect("the preset")
    }

    /// The key of bytes 0 to 31.
    fn counted() -> ProjectKey {
        ProjectKey(Secret(std::array::from_fn(|i| i as u8)))
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }

    /// RFC 5869, appendix A.1.
    #[test]
    fn hkdf_is_that_of_the_rfc() {
        let salt: Vec<u8> = (0..=0x0c).collect();
        let info: Vec<u8> = (0xf0..=0xf9).collect();
        let mut out = [0; 42];
        Hkdf::<Sha256>::new(Some(&salt), &[0x0b; 22]).expand(&info, &mut out).expect("42 bytes");
        assert_eq!(
            hex(&out),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf\
             34007208d5b887185865"
        );
    }

    /// RFC 4231, test cases 1 and 2, cut to 128 bits.
    #[test]
    fn mac128_is_the_start_of_the_rfcs_hmac() {
        let cases: [(&[u8], &[u8], &str, &str); 2] = [
            (
                &[0x0b; 20],
                b"Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b",
                "87aa7cdea5ef619d4ff0b4241a1d6cb0",
            ),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c7",
                "164b7a7bfcf819e2e395fbe73b56e0a3",
            ),
        ];
        for (key, message, sha256, sha512) in cases {
            // A short key is filled up with zeros (RFC 2104).
            let filled = std::array::from_fn(|i| key.get(i).copied().unwrap_or(0));
            let short = Subkey(Keyed::Sha256(States::new(&filled)));
            let long = Subkey(Keyed::Sha512(Box::new(keyed_sha512(key))));
            assert_eq!(hex(&short.mac128(message)), sha256);
            assert_eq!(hex(&short.mac128(message)), sha256, "the same again");
            assert_eq!(hex(&long.mac128(message)), sha512);
        }
    }

    /// Worked out with another implementation (Python's hmac). A change here makes every
    /// package ever written unlinkable: it needs a new version of the derivation.
    #[test]
    fn the_derivation_stays_as_it_is() {
        let mut project = project();
        let key = counted();
        assert_eq!(
            key.fingerprint(&project).to_string(),
            "798d-f23d-1068-95db-7389-f16a-868e-afff"
        );
        let subkey = key.subkey(&project, Purpose::MatchKey, "slk581");
        assert_eq!(hex(&subkey.mac128(b"message")), "7b5a60f03c29d1d5295f02620044ce2c");
        project.suite = Suite::HmacSha512;
        let subkey = key.subkey(&project, Purpose::MatchKey, "slk581");
        assert_eq!(hex(&subkey.mac128(b"message")), "98a600ffdbf36364188aefefb8d0409c");
    }

    #[test]
    fn every_use_has_a_key_of_its_own() {
        let base = project();
        let mut projects = vec![base.clone()];
        projects.push(Project { id: "yard2".into(), ..base.clone() });
        projects.push(Project { period: "2027".into(), ..base.clone() });
        projects.push(Project { suite: Suite::HmacSha512, ..base.clone() });
        // The same letters cut at another place.
        projects.push(Project { id: "yard202".into(), period: "6".into(), ..base });
        let key = counted();
        let mut macs = BTreeSet::new();
        let mut fingerprints = BTreeSet::new();
        let mut uses = 0;
        for project in &projects {
            fingerprints.insert(key.fingerprint(project).to_string());
            for purpose in Purpose::ALL {
                for name in ["", "a", "ab", "slk581"] {
                    macs.insert(key.subkey(project, purpose, name).mac128(b"x"));
                    uses += 1;
                }
            }
        }
        assert_eq!(macs.len(), uses);
        assert_eq!(fingerprints.len(), projects.len());
    }

    proptest! {
        #[test]
        fn labels_are_injective(a in ".{0,4}", b in ".{0,4}", c in ".{0,4}", d in ".{0,4}") {
            prop_assert_eq!(label(&[&a, &b]) == label(&[&c, &d]), (a, b) == (c, d));
        }

        #[test]
        fn fingerprints_read_back(bytes: [u8; 16]) {
            let fingerprint = Fingerprint(bytes);
            let text = fingerprint.to_string();
            prop_assert_eq!(text.len(), 39);
            prop_assert_eq!(text.parse::<Fingerprint>().ok(), Some(fingerprint));
        }

    }

    #[test]
    fn labels_keep_their_borders() {
        assert_ne!(label(&["ab", "c"]), label(&["a", "bc"]));
        assert_ne!(label(&["a", ""]), label(&["a"]));
    }

    #[test]
    fn an_agency_key_moves_to_another_file() {
        let home = tempfile::tempdir().expect("a folder");
        let (path, project) = (home.path().join("a"), project());
        let made = AgencyKey::create(&path, &project).expect("made");
        made.save(&home.path().join("b"), &project).expect("saved");
        let moved = AgencyKey::load(&home.path().join("b")).expect("read");
        let row_id = |key: &AgencyKey| key.subkey(&project, Purpose::RowId, "").mac128(b"7");
        assert_eq!(row_id(&made), row_id(&moved));
        assert!(matches!(ProjectKey::load(&path), Err(Error::WrongKind { .. })));
    }

    #[test]
    fn nothing_prints_a_key() {
        let key = counted();
        assert_eq!(format!("{key:?}"), "ProjectKey(secret)");
        let subkey = key.subkey(&project(), Purpose::RowId, "");
        assert_eq!(format!("{subkey:?}"), "Subkey(secret)");
    }
}
