//! The right to make one output, held by one run at a time. Everything a run makes before
//! its output is whole lies beside the output, in hidden files and folders named after it;
//! whoever holds the claim knows that those of another run are left over from one that was
//! killed, and removes them: they hold unit-level data.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::Error;

/// What the names of hidden files and folders begin with.
const HIDDEN: &str = ".veilway-";
/// What a folder or file set aside, to be replaced, ends with.
const ASIDE: &str = ".old";
/// How many random letters and digits `tempfile` puts at the end of a name.
const RANDOM: usize = 6;

/// The claim on one output; given back when dropped, and by the system when the run dies.
#[derive(Debug)]
pub(super) struct Claim {
    target: PathBuf,
    lock_path: PathBuf,
    /// Nothing on a file system without locks; then nothing is ever taken for left over.
    lock: Option<File>,
}

impl Claim {
    /// Claims `target`, whose parent is there, and clears away what killed runs left.
    ///
    /// # Errors
    /// When another run holds the claim, or the parent cannot be written; `fail` says the
    /// latter in words.
    pub(super) fn take(
        target: &Path,
        fail: impl FnOnce(io::Error) -> Error,
    ) -> Result<Self, Error> {
        let lock_path = target.with_file_name(hidden_name(target, ".lock"));
        let lock = loop {
            let lock = match open_lock(&lock_path) {
                Ok(lock) => lock,
                Err(e) => return Err(fail(e)),
            };
            match lock.try_lock() {
                // Its last holder may have removed the file before this lock was given.
                Ok(()) if !is_at(&lock, &lock_path) => {}
                Ok(()) => break Some(lock),
                Err(TryLockError::WouldBlock) => {
                    return Err(Error::Busy { path: target.to_owned() });
                }
                Err(TryLockError::Error(_)) => break None,
            }
        };
        let claim = Claim { target: target.to_owned(), lock_path, lock };
        if claim.lock.is_some() {
            claim.clear();
        }
        Ok(claim)
    }

    /// What the name of a hidden neighbour begins with; random letters follow.
    pub(super) fn prefix(&self) -> OsString {
        hidden_name(&self.target, "-")
    }

    /// Removes what killed runs left; puts an output back that one of them had set aside.
    /// What cannot be removed stays for the next run.
    fn clear(&self) {
        let Some(entries) = self.target.parent().and_then(|parent| fs::read_dir(parent).ok())
        else {
            return;
        };
        for entry in entries.flatten() {
            match self.left_over(&entry.path()) {
                Some(LeftOver::Aside) if self.target.symlink_metadata().is_err() => {
                    let _ = fs::rename(entry.path(), &self.target);
                }
                Some(_) => discard(&entry.path()),
                None => {}
            }
        }
    }

    /// Whether a neighbour is what a run to this very target made.
    fn left_over(&self, neighbour: &Path) -> Option<LeftOver> {
        let prefix = self.prefix();
        let name = neighbour.file_name()?.as_encoded_bytes();
        let rest = name.strip_prefix(prefix.as_encoded_bytes())?;
        let (random, kind) = match rest.strip_suffix(ASIDE.as_bytes()) {
            Some(random) => (random, LeftOver::Aside),
            None => (rest, LeftOver::Unfinished),
        };
        let is_random = random.len() == RANDOM && random.iter().all(u8::is_ascii_alphanumeric);
        is_random.then_some(kind)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // While the lock is held: nobody else can hold this very file.
        let _ = fs::remove_file(&self.lock_path);
    }
}

enum LeftOver {
    /// Output that was not whole yet, or an old one that was being removed.
    Unfinished,
    /// An old output on its way out when nothing may have been in its place yet.
    Aside,
}

/// Where an output is set aside whose place is taken by what is now at `temp`.
pub(super) fn aside(temp: &Path) -> PathBuf {
    let mut name = temp.as_os_str().to_owned();
    name.push(ASIDE);
    PathBuf::from(name)
}

/// Removes a file, a link or a whole folder, as far as the system lets us.
pub(super) fn discard(path: &Path) {
    let is_folder = path.symlink_metadata().is_ok_and(|m| m.is_dir());
    if !is_folder {
        let _ = fs::remove_file(path);
        return;
    }
    // Removing takes time; meanwhile nobody else should look into it.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o700));
    }
    let _ = fs::remove_dir_all(path);
}

fn hidden_name(target: &Path, ending: &str) -> OsString {
    let mut name = OsString::from(HIDDEN);
    name.push(target.file_name().unwrap_or_default());
    name.push(ending);
    name
}

fn open_lock(path: &Path) -> io::Result<File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

/// Whether an open file is still the one of this name.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let same = |a: &fs::Metadata, b: &fs::Metadata| (a.dev(), a.ino()) == (b.dev(), b.ino());
    matches!((file.metadata(), path.symlink_metadata()), (Ok(a), Ok(b)) if same(&a, &b))
}

/// Elsewhere an open file keeps its name.
#[cfg(not(unix))]
fn is_at(_file: &File, _path: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(target: &Path) -> Result<Claim, Error> {
        Claim::take(target, |e| super::super::io_error(target, "write", e))
    }

    #[test]
    fn one_run_at_a_time() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let target = home.path().join("out");
        let first = claim(&target).expect("claimed");
        assert!(matches!(claim(&target), Err(Error::Busy { .. })));
        claim(&home.path().join("other")).expect("another place is free");
        drop(first);
        drop(claim(&target).expect("free again"));
        assert_eq!(fs::read_dir(home.path()).expect("listed").count(), 0);
    }

    #[test]
    fn only_what_a_run_to_the_same_place_left_is_removed() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let target = home.path().join("out");
        let folder = |name: &str| fs::create_dir_all(home.path().join(name)).expect("made");
        let stale = [".veilway-out-aB3dEf/keep", ".veilway-out-zzzzzz", ".veilway-out-aaaaaa.old"];
        let others = [
            ".veilway-out-1-aB3dEf",
            ".veilway-out-b-aaaaaa.old",
            ".veilway-out-abc",
            ".veilway-aB3dEf",
            "veilway-out-aB3dEf",
            "out",
        ];
        stale.iter().chain(&others).for_each(|name| folder(name));
        fs::write(home.path().join(".veilway-out-aB3dEf/keep/rows.csv"), "x").expect("written");
        fs::write(home.path().join(".veilway-out-file00"), "x").expect("written");
        drop(claim(&target).expect("claimed"));
        let mut left: Vec<String> = fs::read_dir(home.path())
            .expect("listed")
            .map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        left.sort();
        let mut expected = others.to_vec();
        expected.sort_unstable();
        assert_eq!(left, expected);
    }

    #[test]
    fn an_output_set_aside_by_a_killed_run_comes_back() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let target = home.path().join("out");
        let aside = aside(&home.path().join(".veilway-out-aB3dEf"));
        fs::create_dir_all(&aside).expect("made");
        fs::write(aside.join("old"), "x").expect("written");
        drop(claim(&target).expect("claimed"));
        assert!(target.join("old").exists() && !aside.exists());
    }
}
