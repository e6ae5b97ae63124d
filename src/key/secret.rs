//! A key file and the secret in it: how it is written, read and refused.

use std::io::Read;
use std::path::Path;

use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Bech32m, Hrp};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::Error;
use crate::files::{self, Overwrite, Readers};

/// A key file is smaller than this; more is not a key.
const MAX_FILE: u64 = 4096;

/// The two kinds of key file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Project,
    Agency,
}

impl Kind {
    const ALL: [Kind; 2] = [Kind::Project, Kind::Agency];

    /// The human-readable part of the key line.
    fn prefix(self) -> &'static str {
        match self {
            Kind::Project => "veilway-secret-key-",
            Kind::Agency => "veilway-agency-key-",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Kind::Project => "a project key",
            Kind::Agency => "an agency's own key",
        }
    }

    /// The kind of key that a line claims to hold.
    fn of_line(line: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| {
            let prefix = kind.prefix();
            line.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        })
    }
}

/// 256 random bits. Wiped when dropped; printed, copied and compared by nobody.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(super) struct Secret(pub(super) [u8; 32]);

impl Secret {
    pub(super) fn generate() -> Result<Self, Error> {
        let mut secret = Secret([0; 32]);
        getrandom::fill(&mut secret.0).map_err(|_| Error::Random)?;
        Ok(secret)
    }

    /// Reads a key file of this kind.
    pub(super) fn load(path: &Path, kind: Kind) -> Result<Self, Error> {
        if let Err(e) = path.symlink_metadata()
            && e.kind() == std::io::ErrorKind::NotFound
        {
            return Err(Error::Missing { path: path.to_owned() });
        }
        let file = files::open(path)?;
        let read = |e| files::io_error(path, "read", e);
        // The permissions of the open file, so that they cannot change in between.
        let opened = file.metadata().map_err(read)?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_FILE as usize));
        file.take(MAX_FILE).read_to_end(&mut bytes).map_err(read)?;
        let not_a_key = || Error::NotAKey { path: path.to_owned() };
        let text = std::str::from_utf8(&bytes).map_err(|_| not_a_key())?;
        let mut lines = key_lines(text);
        let (found, line) = lines.next().ok_or_else(not_a_key)?;
        if lines.next().is_some() {
            return Err(not_a_key());
        }
        refuse_exposed(path, &opened)?;
        if found != kind {
            return Err(Error::WrongKind {
                path: path.to_owned(),
                expected: kind.name(),
                found: found.name(),
            });
        }
        let damaged = || Error::Damaged { path: path.to_owned() };
        let checked = CheckedHrpstring::new::<Bech32m>(line).map_err(|_| damaged())?;
        if checked.hrp() != Hrp::parse_unchecked(kind.prefix()) || checked.byte_iter().len() != 32 {
            return Err(damaged());
        }
        let mut secret = Secret([0; 32]);
        for (slot, byte) in secret.0.iter_mut().zip(checked.byte_iter()) {
            *slot = byte;
        }
        Ok(secret)
    }

    /// Writes a key file: owner-only from its first byte, whole or not at all, and never
    /// over another file.
    pub(super) fn save(&self, path: &Path, kind: Kind, comments: &str) -> Result<(), Error> {
        let mut text = Zeroizing::new(String::with_capacity(MAX_FILE as usize));
        text.push_str(comments);
        let hrp = Hrp::parse_unchecked(kind.prefix());
        // The buffer is large enough that no copy of the key is left behind by its growth,
        // and writing to a string cannot fail.
        bech32::encode_lower_to_fmt::<Bech32m, _>(&mut *text, hrp, &self.0)
            .map_err(|_| Error::Damaged { path: path.to_owned() })?;
        text.push('\n');
        match files::write_whole(path, text.as_bytes(), Readers::Owner, Overwrite::Refuse) {
            Err(files::Error::Exists { .. }) => Err(Error::Exists { path: path.to_owned() }),
            other => Ok(other?),
        }
    }
}

/// Refuses a key that its group or others may read or write.
#[cfg(unix)]
fn refuse_exposed(path: &Path, opened: &std::fs::Metadata) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;
    match opened.permissions().mode() & 0o7777 {
        mode if mode & 0o077 != 0 => Err(Error::Exposed { path: path.to_owned(), mode }),
        _ => Ok(()),
    }
}

/// Systems without modes have nothing to look at.
#[cfg(not(unix))]
fn refuse_exposed(_path: &Path, _opened: &std::fs::Metadata) -> Result<(), Error> {
    Ok(())
}

/// The lines that claim to be keys; comments and blank lines are passed over.
fn key_lines(text: &str) -> impl Iterator<Item = (Kind, &str)> {
    text.trim_start_matches('\u{feff}')
        .lines()
        .map(str::trim)
        .filter_map(|line| Kind::of_line(line).map(|kind| (kind, line)))
}

/// Whether a file holds a key: a cheap look at its beginning. False where it cannot be read.
pub fn is_key_file(path: &Path) -> bool {
    let mut start = Zeroizing::new(Vec::with_capacity(MAX_FILE as usize));
    let Ok(file) = files::open(path) else { return false };
    if file.take(MAX_FILE).read_to_end(&mut start).is_err() {
        return false;
    }
    // A cut in the middle of a character, or another encoding further on, hides nothing.
    let valid = match std::str::from_utf8(&start) {
        Ok(text) => text,
        Err(e) => std::str::from_utf8(&start[..e.valid_up_to()]).unwrap_or_default(),
    };
    key_lines(valid).next().is_some()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use proptest::prelude::*;

    use super::*;
    use crate::error::{Class, Fault};
    use crate::key::ProjectKey;
    use crate::project::{Preset, Project};

    fn project() -> Project {
        Project::parse(&Preset::Minimal.toml("yard", "2026"), "p").expect("the preset")
    }

    /// A file of this text that only its owner may read.
    fn key_file(folder: &Path, text: &str) -> PathBuf {
        let path = folder.join("k");
        files::write_whole(&path, text.as_bytes(), Readers::Owner, Overwrite::Replace)
            .expect("written");
        path
    }

    proptest! {
        /// Whatever a key file holds, it is read or refused, and nothing of it is repeated.
        #[test]
        fn no_key_file_makes_a_panic(line in "\\PC{0,80}", which in 0usize..3) {
            let home = tempfile::tempdir().expect("a folder");
            let prefix = ["", "veilway-secret-key-", "veilway-agency-key-1"][which];
            let path = key_file(home.path(), &format!("# x\n{prefix}{line}\n"));
            let refused = ProjectKey::load(&path).expect_err("no key");
            prop_assert_eq!(refused.class(), Class::Key);
        }
    }

    #[test]
    fn a_key_file_reads_back() {
        let home = tempfile::tempdir().expect("a folder");
        let (path, project) = (home.path().join("project.key"), project());
        let made = ProjectKey::create(&path, &project).expect("made");
        let read = ProjectKey::load(&path).expect("read");
        assert_eq!(made.fingerprint(&project), read.fingerprint(&project));
        assert!(is_key_file(&path));
        let text = fs::read_to_string(&path).expect("text");
        assert!(text.starts_with("# The secret key of the linkage project `yard`.\n"));
        assert!(text.contains(&made.fingerprint(&project).to_string()));
        assert_eq!(text.lines().filter(|l| !l.starts_with('#')).count(), 1);
        // A copy made on another system is the same key.
        let copy = key_file(home.path(), &format!("\u{feff}{}", text.replace('\n', "\r\n")));
        let read = ProjectKey::load(&copy).expect("read with Windows line ends");
        assert_eq!(made.fingerprint(&project), read.fingerprint(&project));
        assert!(is_key_file(&copy));

        let other = ProjectKey::create(&home.path().join("2"), &project).expect("made");
        assert_ne!(made.fingerprint(&project), other.fingerprint(&project));
    }

    #[test]
    fn a_key_is_never_replaced() {
        let home = tempfile::tempdir().expect("a folder");
        let (path, project) = (home.path().join("k"), project());
        ProjectKey::create(&path, &project).expect("made");
        let before = fs::read(&path).expect("read");
        let again = ProjectKey::create(&path, &project);
        assert!(matches!(again, Err(Error::Exists { .. })));
        assert_eq!(fs::read(&path).expect("read"), before);
        assert_eq!(fs::read_dir(home.path()).expect("listed").count(), 1, "nothing half-made");
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read_a_key() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("k");
        ProjectKey::create(&path, &project()).expect("made");
        let mode = |m| fs::set_permissions(&path, fs::Permissions::from_mode(m)).expect("set");
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        for open in [0o640, 0o604, 0o644, 0o666, 0o620] {
            mode(open);
            let refused = ProjectKey::load(&path).expect_err("readable by others");
            assert_eq!(refused.class(), Class::Key);
            assert!(refused.hint().is_some_and(|h| h.contains("chmod 600")), "{refused}");
        }
        mode(0o400);
        ProjectKey::load(&path).expect("its owner may");
    }

    #[test]
    fn a_damaged_line_is_found_and_not_repeated() {
        let home = tempfile::tempdir().expect("a folder");
        let project = project();
        ProjectKey::create(&home.path().join("whole"), &project).expect("made");
        let text = fs::read_to_string(home.path().join("whole")).expect("text");
        let line = text.lines().last().expect("a key line").to_owned();
        let (prefix, body) = line.rsplit_once('1').expect("the separator");
        for at in 0..body.len() {
            let letter = if body.as_bytes()[at] == b'q' { "p" } else { "q" };
            let damaged = format!("{prefix}1{}{letter}{}", &body[..at], &body[at + 1..]);
            let refused = ProjectKey::load(&key_file(home.path(), &damaged)).expect_err("damaged");
            assert!(matches!(refused, Error::Damaged { .. }));
            for shown in [refused.to_string(), format!("{refused:?}")] {
                assert!(!shown.contains(&body[at + 1..]) || at + 8 > body.len(), "{shown}");
                assert!(!shown.contains(&body[..at]) || at < 8, "{shown}");
            }
        }
        for (text, expected) in [
            (format!("{prefix}1{}", &body[1..]), "damaged"),
            (line.replace("secret", "secreu"), "not a key file"),
            (format!("{line}\n{line}\n"), "not a key file"),
            ("first,last\nann,lee\n".to_owned(), "not a key file"),
            (String::new(), "not a key file"),
        ] {
            let path = key_file(home.path(), &text);
            let refused = ProjectKey::load(&path).expect_err(expected);
            assert!(refused.to_string().contains(expected), "{refused}");
            assert_eq!(refused.class(), Class::Key);
        }
        // Bech32 of 2017 has weaker checksums: only bech32m is taken.
        let old = bech32::encode_lower::<bech32::Bech32>(
            Hrp::parse_unchecked(Kind::Project.prefix()),
            &[7; 32],
        );
        let path = key_file(home.path(), &old.expect("encoded"));
        assert!(matches!(ProjectKey::load(&path), Err(Error::Damaged { .. })));
    }

    #[test]
    fn what_is_no_key_is_not_taken_for_one() {
        let home = tempfile::tempdir().expect("a folder");
        assert!(!is_key_file(&home.path().join("missing")));
        assert!(!is_key_file(home.path()), "a folder");
        assert!(!is_key_file(&key_file(home.path(), "id,name\n1,x\n")));
        let missing = ProjectKey::load(&home.path().join("missing")).expect_err("missing");
        assert_eq!(missing.class(), Class::Key);
        let folder = ProjectKey::load(home.path()).expect_err("a folder");
        assert!(folder.to_string().contains("is a folder"));
    }
}
