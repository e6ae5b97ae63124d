//! Files, written whole or not at all. Output is made in a hidden temporary neighbour of
//! its final place, synced, and renamed; a run that fails or is killed leaves what was
//! there before. This is the only room that creates files and folders.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempDir};

use crate::error::{Class, Fault};

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
    /// A file was expected and a folder found.
    #[error("{}: is a folder; expected a file", clean(.path))]
    Folder {
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
            Error::Exists { .. } => Class::Refused,
            Error::Folder { .. } | Error::NotText { .. } => Class::Input,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Error::Exists { .. } => {
                Some("name another place, or add `--force` to replace it".into())
            }
            Error::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => Some(
                "free some space on the disk and run again; nothing was left half-written".into(),
            ),
            _ => None,
        }
    }
}

fn reason(e: &io::Error) -> String {
    match e.kind() {
        io::ErrorKind::NotFound => "there is no such file or folder".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        io::ErrorKind::StorageFull => "the disk is full".into(),
        _ => e.to_string(),
    }
}

/// A path as it may be shown: control and direction characters escaped.
pub fn clean(path: &Path) -> String {
    clean_text(&path.display().to_string())
}

/// Text from outside as it may be shown on a terminal: control and direction characters
/// escaped.
pub fn clean_text(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
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
    overwrite: Overwrite,
}

impl Staged {
    /// Begins an output folder that will be `target`.
    ///
    /// # Errors
    /// When `target` is there already and may not be replaced (an empty folder may), or its
    /// parent cannot be written.
    pub fn folder(target: &Path, overwrite: Overwrite) -> Result<Self, Error> {
        let target = std::path::absolute(target).map_err(|e| io_error(target, "write", e))?;
        if overwrite == Overwrite::Refuse && occupied(&target) {
            return Err(Error::Exists { path: target });
        }
        let parent = target.parent().unwrap_or(&target).to_owned();
        fs::create_dir_all(&parent).map_err(|e| io_error(&parent, "create folder", e))?;
        let temp = tempfile::Builder::new()
            .prefix(".veilway-")
            .tempdir_in(&parent)
            .map_err(|e| Error::Io { path: parent, doing: "write in", source: e })?;
        Ok(Staged { temp, target, overwrite })
    }

    /// Where the files are made until [`Staged::commit`].
    pub fn path(&self) -> &Path {
        self.temp.path()
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
        OutFile::create(path, self.target.join(name), readers)
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
        sync_tree(self.temp.path())?;
        let fail = |e| io_error(&self.target, "write", e);
        share_folder(self.temp.path()).map_err(fail)?;
        let temp = self.temp.keep();
        let result = replace(&temp, &self.target, self.overwrite);
        if result.is_err() {
            let _ = fs::remove_dir_all(&temp);
        }
        result
    }
}

fn occupied(target: &Path) -> bool {
    match fs::read_dir(target) {
        Ok(mut entries) => entries.next().is_some(),
        Err(_) => target.symlink_metadata().is_ok(),
    }
}

/// A temporary folder is the owner's alone; the finished one follows the machine's defaults.
#[cfg(unix)]
fn share_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let probe = path.join(".mode");
    fs::create_dir(&probe)?;
    let mode = fs::metadata(&probe)?.permissions().mode();
    fs::remove_dir(&probe)?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn share_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

fn replace(temp: &Path, target: &Path, overwrite: Overwrite) -> Result<(), Error> {
    let fail = |e| io_error(target, "write", e);
    if !occupied(target) {
        // An empty folder may be in the way; rename replaces it on Unix, not elsewhere.
        let _ = fs::remove_dir(target);
        fs::rename(temp, target).map_err(fail)?;
    } else if overwrite == Overwrite::Replace {
        let old = tempfile::Builder::new()
            .prefix(".veilway-old-")
            .tempdir_in(target.parent().unwrap_or(target))
            .map_err(fail)?;
        let aside = old.path().join("old");
        fs::rename(target, &aside).map_err(fail)?;
        if let Err(e) = fs::rename(temp, target) {
            let _ = fs::rename(&aside, target);
            return Err(fail(e));
        }
    } else {
        return Err(Error::Exists { path: target.to_owned() });
    }
    if let Some(parent) = target.parent() {
        sync_folder(parent)?;
    }
    Ok(())
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
        Ok(OutFile { inner: BufWriter::with_capacity(1 << 18, file), shown })
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
    overwrite: Overwrite,
}

impl StagedFile {
    /// Begins a file that will be `target`.
    ///
    /// # Errors
    /// When it is there already and may not be replaced, is a folder, or its parent cannot
    /// be written.
    pub fn create(target: &Path, readers: Readers, overwrite: Overwrite) -> Result<Self, Error> {
        let target = std::path::absolute(target).map_err(|e| io_error(target, "write", e))?;
        let parent = target.parent().unwrap_or(&target);
        if target.is_dir() {
            return Err(Error::Folder { path: target });
        }
        if overwrite == Overwrite::Refuse && target.symlink_metadata().is_ok() {
            return Err(Error::Exists { path: target });
        }
        fs::create_dir_all(parent).map_err(|e| io_error(parent, "create folder", e))?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".veilway-");
        #[cfg(unix)]
        if readers == Readers::Default {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        #[cfg(not(unix))]
        let _ = readers;
        let temp = builder.tempfile_in(parent).map_err(|e| io_error(&target, "write", e))?;
        Ok(StagedFile { inner: BufWriter::with_capacity(1 << 18, temp), target, overwrite })
    }

    /// The place the file will have.
    pub fn shown(&self) -> &Path {
        &self.target
    }

    /// Syncs the file and gives it its final name.
    ///
    /// # Errors
    /// When the disk refuses, or somebody made `target` meanwhile and it may not be replaced.
    pub fn commit(self) -> Result<(), Error> {
        let StagedFile { inner, target, overwrite } = self;
        let fail = |e: io::Error| io_error(&target, "write", e);
        let temp = inner.into_inner().map_err(|e| fail(e.into_error()))?;
        temp.as_file().sync_all().map_err(fail)?;
        match overwrite {
            Overwrite::Replace => temp.persist(&target).map(drop).map_err(|e| fail(e.error))?,
            Overwrite::Refuse => temp.persist_noclobber(&target).map(drop).map_err(|e| {
                if e.error.kind() == io::ErrorKind::AlreadyExists {
                    Error::Exists { path: target.clone() }
                } else {
                    fail(e.error)
                }
            })?,
        }
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
    file.write_all(bytes).map_err(|e| io_error(&file.target, "write", e))?;
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
