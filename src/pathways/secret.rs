//! The release key: the analyst's own secret, from which noise is made. It is made on first
//! use, written beside the journeys, and named again for the next release.

use std::path::Path;

use super::Error;
use crate::disclosure::NoiseKey;
use crate::files;

/// Where a run keeps it, below its folder.
pub(crate) const RELEASE_KEY: &str = "keep/release.key";

/// The key of an earlier run where one is named; the one that the output folder holds already;
/// or a new one.
///
/// # Errors
/// When the key that is named cannot be read, is none, or can be read by others.
pub fn release_key(named: Option<&Path>, out: &Path) -> Result<NoiseKey, Error> {
    let kept = out.join(RELEASE_KEY);
    let path = match named {
        Some(path) => path,
        None if kept.is_file() => &kept,
        None => return Ok(NoiseKey::generate()?),
    };
    let text = files::read_text(path)?;
    let key = NoiseKey::parse(&text);
    let key = key.map_err(|_| Error::NotAReleaseKey { path: path.to_owned() })?;
    is_private(path)?;
    Ok(key)
}

#[cfg(unix)]
fn is_private(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;
    let there = path.metadata().map_err(|e| files::io_error(path, "read", e))?;
    match there.permissions().mode() & 0o077 {
        0 => Ok(()),
        _ => Err(Error::ExposedKey { path: path.to_owned() }),
    }
}

/// Other systems have no file modes.
#[cfg(not(unix))]
fn is_private(_: &Path) -> Result<(), Error> {
    Ok(())
}
