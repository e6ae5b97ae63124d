//! Files, written whole or not at all. Output is made in a hidden temporary neighbour of
//! its final place, synced, and renamed; a run that fails or is killed leaves what was
//! there before, and one run at a time writes to a place. Only this room creates any.

#![allow(clippy::disallowed_methods)] // The one room that may; see `clippy.toml`.

mod claim;
mod pile;
pub(crate) mod saved;
mod scratch;
pub(crate) mod sheet;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::{NamedTempFile, TempDir};

use crate::error::{Class, Fault};
use claim::{Claim, aside, discard};
pub use pile::{Pile, Record, Spill};
pub use scratch::Scratch;

/// Whether existing output may be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// Refuse when the output is there already.
    Refuse,
    /// Replace it (`--force`).
    Replace,
}

/// Who may read a file that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// As the machine's defaults say.
    Default,
    /// The owner only (mode 0600 where the system has modes).
    Owner,
}

/// A file that could not be read, written or replaced.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system refused.
    #[error("{}: cannot {doing}: {}", clean(.path), reason(.source))]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was being done, as a verb: "read", "write".
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The output is there already.
    #[error("{}: is there already", clean(.path))]
    Exists {
        /// The output file or folder.
        path: PathBuf,
    },
    /// Another run is writing the output at this moment.
    #[error("{}: another run is writing it", clean(.path))]
    Busy {
        /// The output file or folder.
        path: PathBuf,
    },
    /// A file was expected and a folder found.
    #[error("{}: is a folder; expected a file", clean(.path))]
    Folder {
        /// The folder.
        path: PathBuf,
    },
    /// A folder was expected and a file found.
    #[error("{}: is a file; expected a folder", clean(.path))]
    NotAFolder {
        /// The file.
        path: PathBuf,
    },
    /// A place for a file was expected and a device or a pipe found.
    #[error("{}: is a device or a pipe; expected a place for a file", clean(.path))]
    NotAFile {
        /// The device or pipe.
        path: PathBuf,
    },
    /// A folder that may be replaced, but holds what somebody else put there.
    #[error("{}: is no output folder of veilway, so it is not replaced", clean(.path))]
    NotOurs {
        /// The folder.
        path: PathBuf,
    },
    /// A text file was expected and something else found.
    #[error("{}: is not UTF-8 text", clean(.path))]
    NotText {
        /// The file.
        path: PathBuf,
    },
}

impl Fault for Error {
    fn class(&self) -> Class {
        match self {
            Error::Io { .. } => Class::Io,
            Error::Exists { .. } | Error::NotOurs { .. } | Error::Busy { .. } => Class::Refused,
            Error::NotAFolder { .. } | Error::NotAFile { .. } => Class::Usage,
            Error::Folder { .. } | Error::NotText { .. } => Class::Input,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Error::Exists { .. } => {
                Some("name another place, or add `--force` to replace it".into())
            }
            Error::Busy { .. } => Some("wait until it is done, or name another place".into()),
            Error::NotOurs { .. } => {
                Some("everything in it would be lost: name a new folder".into())
            }
            Error::NotAFolder { .. } => Some("name a new folder".into()),
            Error::NotAFile { .. } => {
                Some("name a file, or `-` for standard output where the command has it".into())
            }
            Error::NotText { .. } => Some("save the file again as UTF-8 text".into()),
            Error::Folder { .. } => Some("name a file in it".into()),
            Error::Io { path, source, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::FileTooLarge
                    if path == Path::new(STDOUT) =>
                {
                    Some("free some space and run again; what was written so far is cut off".into())
                }
                io::ErrorKind::StorageFull | io::ErrorKind::FileTooLarge => {
                    Some("free some space and run again; nothing was left half-written".into())
                }
                io::ErrorKind::NotFound => {
                    Some("check the spelling and the folder you are in".into())
                }
                io::ErrorKind::PermissionDenied => {
                    Some("ask whoever owns it for access, or name another place".into())
                }
                _ => None,
            },
        }
    }
}

/// What messages call standard output.
pub const STDOUT: &str = "standard output";

fn reason(e: &io::Error) -> String {
    match e.kind() {
        io::ErrorKind::NotFound => "there is no such file or folder".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        io::ErrorKind::StorageFull => "the disk is full".into(),
        io::ErrorKind::FileTooLarge => "no larger file is allowed here".into(),
        _ => e.to_string(),
    }
}

/// A path as it may be shown: control and direction characters escaped.
pub fn clean(path: &Path) -> String {
    clean_text(&path.display().to_string())
}

/// Text from outside as it may be shown on a terminal: what steers it, turns text round or
/// cannot be seen is escaped.
pub fn clean_text(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c,
                '\u{a0}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202f}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
                | '\u{e0000}'..='\u{e007f}')
    };
    text.chars()
        .flat_map(|c| {
            let escaped: Vec<char> = if hidden(c) { c.escape_unicode().collect() } else { vec![c] };
            escaped
        })
        .collect()
}

/// Adds the path and what was being done to a system error.
pub fn io_error(path: &Path, doing: &'static str, source: io::Error) -> Error {
    if path.is_dir() && source.kind() != io::ErrorKind::PermissionDenied {
        return Error::Folder { path: path.to_owned() };
    }
    Error::Io { path: path.to_owned(), doing, source }
}

/// Sets a switch of the system, such as those below `/proc`, where there is one: nothing is
/// created, and nothing is said where it cannot be set.
pub(crate) fn switch(path: &Path, word: &str) {
    let open = fs::OpenOptions::new().write(true).open(path);
    let _ = open.and_then(|mut switch| switch.write_all(word.as_bytes()));
}

/// Opens a file for reading.
///
/// # Errors
/// When it is a folder, is not there, or may not be read.
pub fn open(path: &Path) -> Result<File, Error> {
    if path.is_dir() {
        return Err(Error::Folder { path: path.to_owned() });
    }
    File::open(path).map_err(|e| io_error(path, "read", e))
}

/// Reads a whole UTF-8 text file, without its byte-order mark.
///
/// # Errors
/// As [`open`], and when it is not UTF-8.
pub fn read_text(path: &Path) -> Result<String, Error> {
    open(path)?;
    let bytes = fs::read(path).map_err(|e| io_error(path, "read", e))?;
    let text = String::from_utf8(bytes).map_err(|_| Error::NotText { path: path.to_owned() })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// A folder of output files that appears whole, under its final name, or not at all.
///
/// Files are made below [`Staged::path`]; [`Staged::commit`] syncs them and renames the
/// folder. Dropped before that, everything is removed and the old output is untouched.
#[derive(Debug)]
pub struct Staged {
    temp: TempDir,
    target: PathBuf,
    /// The target as it was named, for messages.
    shown: PathBuf,
    overwrite: Overwrite,
    // Dropped last: what is above is still the claimant's to remove.
    claim: Claim,
}

/// Every finished folder holds this file; only a folder that does is ever replaced.
const MARK: &str = ".veilway";
const MARK_TEXT: &str = "Written by veilway. `--force` replaces this whole folder.\n";

impl Staged {
    /// Begins an output folder that will be `target`.
    ///
    /// # Errors
    /// When `target` is there already and may not be replaced (an empty folder may), is no
    /// folder or not one of ours, another run is writing it, or its parent cannot be written.
    pub fn folder(target: &Path, overwrite: Overwrite) -> Result<Self, Error> {
        let shown = target.to_owned();
        let target = std::path::absolute(target).map_err(|e| io_error(target, "write", e))?;
        refuse_occupied(&target, &shown, overwrite)?;
        let parent = target.parent().unwrap_or(&target).to_owned();
        fs::create_dir_all(&parent).map_err(|e| io_error(&parent, "create folder", e))?;
        let fail = |source| Error::Io { path: parent.clone(), doing: "write in", source };
        let claim = Claim::take(&target, fail)?;
        // Another run may have finished meanwhile, or a killed one's old output be back.
        refuse_occupied(&target, &shown, overwrite)?;
        let prefix = claim.prefix();
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix);
        #[cfg(unix)]
        builder.permissions({
            use std::os::unix::fs::PermissionsExt;
            fs::Permissions::from_mode(0o700)
        });
        let temp = builder.tempdir_in(&parent).map_err(fail)?;
        Ok(Staged { temp, target, shown, overwrite, claim })
    }

    /// Where the files are made until [`Staged::commit`].
    pub fn path(&self) -> &Path {
        self.temp.path()
    }

    /// Room for what does not fit in memory: no file of the folder, and gone with the process.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn scratch(&self) -> Result<Scratch, Error> {
        Scratch::new(self.temp.path(), &self.shown)
    }

    /// What piles may hold in memory together, in bytes; the rest goes to a [`Staged::scratch`].
    pub fn spill(&self, most: usize) -> Arc<Spill> {
        Spill::new(most, self.temp.path(), &self.shown)
    }

    /// Creates one file of the folder, with its parents; `name` is relative.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn create(&self, name: &str, readers: Readers) -> Result<OutFile, Error> {
        let path = self.temp.path().join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|e| io_error(parent, "create folder", e))?;
        }
        OutFile::create(path, self.shown.join(name), readers)
    }

    /// Copies a finished file into the folder, with its parents; who may read it stays.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn take_in(&self, from: &Path, name: &str) -> Result<(), Error> {
        let path = self.temp.path().join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|e| io_error(parent, "create folder", e))?;
        }
        fs::copy(from, &path).map(drop).map_err(|e| io_error(&self.target.join(name), "write", e))
    }

    /// Gives a file or folder of the folder another name.
    ///
    /// # Errors
    /// When it is not there, or the name is taken.
    pub fn rename(&self, from: &str, to: &str) -> Result<(), Error> {
        let home = self.temp.path();
        fs::rename(home.join(from), home.join(to))
            .map_err(|e| io_error(&self.target.join(to), "write", e))
    }

    /// Syncs everything and puts the folder in its final place.
    ///
    /// # Errors
    /// When syncing or renaming fails; the old output is then still there.
    pub fn commit(self) -> Result<(), Error> {
        let mut mark = self.create(MARK, Readers::Default)?;
        mark.write_all(MARK_TEXT.as_bytes()).map_err(|e| mark.error(e))?;
        mark.finish()?;
        let Staged { temp, target, shown, overwrite, claim } = self;
        sync_tree(temp.path())?;
        let mode = default_mode(temp.path()).map_err(|e| io_error(&shown, "write", e))?;
        let temp = temp.keep();
        if let Err(e) = replace(&temp, &target, &shown, overwrite) {
            discard(&temp);
            return Err(e);
        }
        // Until now the folder was its owner's alone.
        if let Some(mode) = mode {
            fs::set_permissions(&target, mode).map_err(|e| io_error(&target, "write", e))?;
        }
        drop(claim);
        Ok(())
    }
}

fn refuse_occupied(target: &Path, shown: &Path, overwrite: Overwrite) -> Result<(), Error> {
    if target.symlink_metadata().is_ok() && !target.is_dir() {
        return Err(Error::NotAFolder { path: shown.to_owned() });
    }
    match overwrite {
        _ if !occupied(target) => Ok(()),
        Overwrite::Refuse => Err(Error::Exists { path: shown.to_owned() }),
        Overwrite::Replace if !target.join(MARK).is_file() => {
            Err(Error::NotOurs { path: shown.to_owned() })
        }
        Overwrite::Replace => Ok(()),
    }
}

fn occupied(target: &Path) -> bool {
    match fs::read_dir(target) {
        Ok(mut entries) => entries.next().is_some(),
        Err(_) => target.symlink_metadata().is_ok(),
    }
}

/// The permissions that the machine's defaults give to a new folder.
#[cfg(unix)]
fn default_mode(within: &Path) -> io::Result<Option<fs::Permissions>> {
    let probe = within.join(".mode");
    fs::create_dir(&probe)?;
    let mode = fs::metadata(&probe)?.permissions();
    fs::remove_dir(&probe)?;
    Ok(Some(mode))
}

#[cfg(not(unix))]
fn default_mode(_within: &Path) -> io::Result<Option<fs::Permissions>> {
    Ok(None)
}

/// Puts `temp` in the place of `target`, and removes what was there.
fn replace(temp: &Path, target: &Path, shown: &Path, overwrite: Overwrite) -> Result<(), Error> {
    let fail = |e| io_error(shown, "write", e);
    refuse_occupied(target, shown, overwrite)?;
    if !occupied(target) {
        // An empty folder may be in the way; rename replaces it on Unix, not elsewhere.
        #[cfg(not(unix))]
        let _ = fs::remove_dir(target);
        fs::rename(temp, target).map_err(fail)?;
    } else if exchange(temp, target).map_err(fail)? == Exchanged::Yes {
        discard(temp);
    } else {
        let aside = aside(temp);
        fs::rename(target, &aside).map_err(fail)?;
        if let Err(e) = fs::rename(temp, target) {
            let _ = fs::rename(&aside, target);
            return Err(fail(e));
        }
        discard(&aside);
    }
    if let Some(parent) = target.parent() {
        sync_folder(parent)?;
    }
    Ok(())
}

/// Whether two folders changed places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exchanged {
    Yes,
    /// The system or the file system cannot do it.
    Unsupported,
}

/// Lets two folders change places in one step, so that there is no moment without either.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn exchange(a: &Path, b: &Path) -> io::Result<Exchanged> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    match renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(Exchanged::Yes),
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => Ok(Exchanged::Unsupported),
        Err(e) => Err(e.into()),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn exchange(_a: &Path, _b: &Path) -> io::Result<Exchanged> {
    Ok(Exchanged::Unsupported)
}

fn sync_tree(path: &Path) -> Result<(), Error> {
    for entry in fs::read_dir(path).map_err(|e| io_error(path, "read", e))? {
        let entry = entry.map_err(|e| io_error(path, "read", e))?;
        if entry.path().is_dir() {
            sync_tree(&entry.path())?;
        }
    }
    sync_folder(path)
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> Result<(), Error> {
    let sync = || File::open(path)?.sync_all();
    sync().map_err(|e| Error::Io { path: path.to_owned(), doing: "sync", source: e })
}

#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> Result<(), Error> {
    Ok(())
}

/// One file of a [`Staged`] folder, buffered; [`OutFile::finish`] flushes and syncs it.
#[derive(Debug)]
pub struct OutFile {
    inner: BufWriter<File>,
    shown: PathBuf,
}

impl OutFile {
    fn create(path: PathBuf, shown: PathBuf, readers: Readers) -> Result<Self, Error> {
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        if readers == Readers::Owner {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        #[cfg(not(unix))]
        let _ = readers;
        let file = options.open(&path).map_err(|e| io_error(&shown, "write", e))?;
        Ok(OutFile { inner: BufWriter::with_capacity(1 << 16, file), shown })
    }

    /// The place the file will have, for error messages.
    pub fn shown(&self) -> &Path {
        &self.shown
    }

    /// Turns a write error of this file into one that names it.
    pub fn error(&self, e: io::Error) -> Error {
        io_error(&self.shown, "write", e)
    }

    /// Flushes and syncs the file.
    ///
    /// # Errors
    /// When the disk refuses the last bytes.
    pub fn finish(self) -> Result<(), Error> {
        let OutFile { inner, shown } = self;
        let file = inner.into_inner().map_err(|e| io_error(&shown, "write", e.into_error()))?;
        file.sync_all().map_err(|e| io_error(&shown, "write", e))
    }
}

impl Write for OutFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// One file that appears whole, under its final name, or not at all: a temporary neighbour
/// that [`StagedFile::commit`] syncs and renames. Dropped before that, it is removed.
#[derive(Debug)]
pub struct StagedFile {
    inner: BufWriter<NamedTempFile>,
    target: PathBuf,
    /// The target as it was named, for messages.
    shown: PathBuf,
    overwrite: Overwrite,
    claim: Claim,
}

impl StagedFile {
    /// Begins a file that will be `target`.
    ///
    /// # Errors
    /// When it is there already and may not be replaced, is a folder or a device, another run
    /// is writing it, or its parent cannot be written.
    pub fn create(target: &Path, readers: Readers, overwrite: Overwrite) -> Result<Self, Error> {
        let shown = target.to_owned();
        let target = std::path::absolute(target).map_err(|e| io_error(target, "write", e))?;
        let parent = target.parent().unwrap_or(&target);
        match target.metadata() {
            Ok(there) if there.is_dir() => return Err(Error::Folder { path: shown }),
            Ok(there) if !there.is_file() => return Err(Error::NotAFile { path: shown }),
            _ => {}
        }
        if overwrite == Overwrite::Refuse && target.symlink_metadata().is_ok() {
            return Err(Error::Exists { path: shown });
        }
        fs::create_dir_all(parent).map_err(|e| io_error(parent, "create folder", e))?;
        let claim = Claim::take(&target, |e| io_error(&target, "write", e))?;
        let prefix = claim.prefix();
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix);
        #[cfg(unix)]
        if readers == Readers::Default {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        #[cfg(not(unix))]
        let _ = readers;
        let temp = builder.tempfile_in(parent).map_err(|e| io_error(&shown, "write", e))?;
        let inner = BufWriter::with_capacity(1 << 16, temp);
        Ok(StagedFile { inner, target, shown, overwrite, claim })
    }

    /// The place the file will have.
    pub fn shown(&self) -> &Path {
        &self.shown
    }

    /// Syncs the file and gives it its final name.
    ///
    /// # Errors
    /// When the disk refuses, or somebody made `target` meanwhile and it may not be replaced.
    pub fn commit(self) -> Result<(), Error> {
        let StagedFile { inner, target, shown, overwrite, claim } = self;
        let fail = |e: io::Error| io_error(&shown, "write", e);
        let temp = inner.into_inner().map_err(|e| fail(e.into_error()))?;
        temp.as_file().sync_all().map_err(fail)?;
        match overwrite {
            Overwrite::Replace => temp.persist(&target).map(drop).map_err(|e| fail(e.error))?,
            Overwrite::Refuse => temp.persist_noclobber(&target).map(drop).map_err(|e| {
                if e.error.kind() == io::ErrorKind::AlreadyExists {
                    Error::Exists { path: shown.clone() }
                } else {
                    fail(e.error)
                }
            })?,
        }
        drop(claim);
        sync_folder(target.parent().unwrap_or(&target))
    }
}

impl Write for StagedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Writes one file whole, as a [`StagedFile`].
///
/// # Errors
/// When it is there already and may not be replaced, or cannot be written.
pub fn write_whole(
    target: &Path,
    bytes: &[u8],
    readers: Readers,
    overwrite: Overwrite,
) -> Result<(), Error> {
    let mut file = StagedFile::create(target, readers, overwrite)?;
    file.write_all(bytes).map_err(|e| io_error(&file.shown, "write", e))?;
    file.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_staged_folder_appears_whole_or_not_at_all() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let out = home.path().join("out");
        let staged = Staged::folder(&out, Overwrite::Refuse).expect("staged");
        let mut file = staged.create("keep/a.csv", Readers::Owner).expect("a file");
        file.write_all(b"x").expect("written");
        file.finish().expect("finished");
        assert!(!out.exists());
        staged.commit().expect("committed");
        assert_eq!(fs::read(out.join("keep/a.csv")).expect("read"), b"x");
        assert_eq!(fs::read_dir(home.path()).expect("listed").count(), 1);

        let refused = Staged::folder(&out, Overwrite::Refuse);
        assert!(matches!(refused, Err(Error::Exists { .. })));

        drop(Staged::folder(&out, Overwrite::Replace).expect("staged"));
        assert!(out.join("keep/a.csv").exists(), "a dropped run leaves the old output");

        let staged = Staged::folder(&out, Overwrite::Replace).expect("staged");
        staged.create("b", Readers::Default).expect("a file").finish().expect("finished");
        staged.commit().expect("committed");
        assert!(out.join("b").exists() && !out.join("keep").exists());
        assert_eq!(fs::read_dir(home.path()).expect("listed").count(), 1);
    }

    /// Where two folders can change places, a reader always finds one of them.
    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    #[test]
    fn there_is_no_moment_without_an_output() {
        use std::sync::atomic::{AtomicBool, Ordering};
        let home = tempfile::tempdir().expect("a temporary folder");
        let out = home.path().join("out");
        let write = || {
            let staged = Staged::folder(&out, Overwrite::Replace).expect("staged");
            staged.create("a", Readers::Default).expect("a file").finish().expect("finished");
            staged.commit().expect("committed");
        };
        write();
        fs::create_dir(home.path().join("other")).expect("made");
        if exchange(&out, &home.path().join("other")).expect("tried") == Exchanged::Unsupported {
            return;
        }
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let mut looks = 0;
                while !done.load(Ordering::Relaxed) {
                    assert!(out.symlink_metadata().is_ok(), "the output is gone");
                    looks += 1;
                }
                looks
            });
            (0..100).for_each(|_| write());
            done.store(true, Ordering::Relaxed);
            assert!(reader.join().expect("always there") > 100);
        });
    }

    #[test]
    fn what_somebody_else_put_there_is_never_replaced() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let theirs = home.path().join("theirs");
        fs::create_dir(&theirs).expect("a folder");
        Staged::folder(&theirs, Overwrite::Refuse).expect("an empty folder is free");
        let file = theirs.join("thesis.txt");
        fs::write(&file, "x").expect("written");
        let refused = Staged::folder(&theirs, Overwrite::Replace);
        assert!(matches!(refused, Err(Error::NotOurs { .. })));
        let refused = Staged::folder(&file, Overwrite::Replace);
        assert!(matches!(refused, Err(Error::NotAFolder { .. })));
        assert!(file.exists());
    }

    #[test]
    fn one_file_is_not_replaced_unasked() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let path = home.path().join("p.toml");
        write_whole(&path, b"1", Readers::Default, Overwrite::Refuse).expect("written");
        let again = write_whole(&path, b"2", Readers::Default, Overwrite::Refuse);
        assert!(matches!(again, Err(Error::Exists { .. })));
        assert_eq!(read_text(&path).expect("read"), "1");
        write_whole(&path, b"3", Readers::Default, Overwrite::Replace).expect("replaced");
        assert_eq!(read_text(&path).expect("read"), "3");
    }

    #[test]
    fn hostile_names_are_escaped() {
        assert_eq!(clean_text("a\u{1b}[31mb"), "a\\u{1b}[31mb");
    }
}
