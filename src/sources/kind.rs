//! What kind of file this is, by its first bytes. A name says less: exports are renamed.

use std::fmt;

/// The kinds of files that tables are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Comma- or otherwise separated text.
    Text,
    /// One JSON object a line.
    JsonLines,
    /// A spreadsheet workbook (`.xlsx`).
    Workbook,
    /// Parquet.
    Parquet,
    /// An Arrow IPC file or stream (Feather).
    Arrow,
    /// A DEX bulk-upload file.
    Dex,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Text => "delimited text",
            Kind::JsonLines => "JSON Lines",
            Kind::Workbook => "an Excel workbook (.xlsx)",
            Kind::Parquet => "Parquet",
            Kind::Arrow => "Arrow IPC",
            Kind::Dex => "a DEX upload file",
        })
    }
}

/// Files that are known by their first bytes and not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// `.xls`, or a workbook with a password.
    OldWorkbook,
    /// One JSON array.
    JsonArray,
    /// XML that is no DEX upload.
    Xml,
    /// Feather before Arrow.
    OldFeather,
    /// Packed twice over.
    PackedTwice,
}

/// How a file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Gzip,
    Zstd,
}

impl Packing {
    pub(super) fn of(head: &[u8]) -> Option<Packing> {
        match head {
            [0x1f, 0x8b, ..] => Some(Packing::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Packing::Zstd),
            _ => None,
        }
    }
}

/// How many bytes are enough to know a file by; XML may begin with comments.
pub(super) const HEAD: usize = 4096;

/// The root of a DEX bulk-upload file.
pub(super) const DEX_ROOT: &str = "DEXFileUpload";

impl Kind {
    /// The kind of a file that is not packed.
    pub(super) fn of(head: &[u8]) -> Result<Kind, Unread> {
        match head {
            [b'P', b'K', 3, 4, ..] => return Ok(Kind::Workbook),
            [b'P', b'A', b'R', b'1', ..] => return Ok(Kind::Parquet),
            [b'A', b'R', b'R', b'O', b'W', b'1', ..] => return Ok(Kind::Arrow),
            // A continuation mark and the length of the schema, which is below 16 MiB.
            [0xff, 0xff, 0xff, 0xff, _, _, _, 0, ..] => return Ok(Kind::Arrow),
            [b'F', b'E', b'A', b'1', ..] => return Err(Unread::OldFeather),
            [0xd0, 0xcf, 0x11, 0xe0, ..] => return Err(Unread::OldWorkbook),
            _ if Packing::of(head).is_some() => return Err(Unread::PackedTwice),
            _ => {}
        }
        let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
        let start = text.trim_ascii_start();
        match start {
            [b'{', ..] => Ok(Kind::JsonLines),
            [b'[', rest @ ..] if rest.trim_ascii_start().starts_with(b"{") => {
                Err(Unread::JsonArray)
            }
            [b'<', ..] if has_root(start, DEX_ROOT) => Ok(Kind::Dex),
            [b'<', b'?' | b'!', ..] => Err(Unread::Xml),
            _ => Ok(Kind::Text),
        }
    }
}

/// Whether the first element of XML has this local name, as far as it is seen.
fn has_root(xml: &[u8], name: &str) -> bool {
    let mut rest = xml;
    loop {
        let end: &[u8] = match rest {
            [b'<', b'?', ..] => b"?>",
            [b'<', b'!', b'-', b'-', ..] => b"-->",
            // A document type; it is refused where the file is read.
            [b'<', b'!', ..] => return memchr::memmem::find(rest, name.as_bytes()).is_some(),
            [b'<', root @ ..] => {
                let end = root.iter().position(|b| b" \t\r\n/>".contains(b));
                let root = &root[..end.unwrap_or(root.len())];
                return root.rsplit(|b| *b == b':').next() == Some(name.as_bytes());
            }
            _ => return false,
        };
        let Some(at) = memchr::memmem::find(rest, end) else { return false };
        rest = rest[at + end.len()..].trim_ascii_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_first_bytes() {
        let cases: [(&[u8], Result<Kind, Unread>); 22] = [
            (b"", Ok(Kind::Text)),
            (b"a,b\n1,2\n", Ok(Kind::Text)),
            (b"[client_id],[name]\n", Ok(Kind::Text)),
            (b"<5,>5\n", Ok(Kind::Text)),
            (b"PARK,b\n", Ok(Kind::Text)),
            (b"\xff\xfea\0,\0", Ok(Kind::Text)),
            (b"PK\x03\x04\x14\0", Ok(Kind::Workbook)),
            (b"PAR1\x15", Ok(Kind::Parquet)),
            (b"ARROW1\0\0\xff", Ok(Kind::Arrow)),
            (b"\xff\xff\xff\xff\x10\x01\0\0", Ok(Kind::Arrow)),
            (b"{\"a\":1}", Ok(Kind::JsonLines)),
            (b"\xef\xbb\xbf \n{\"a\":1}", Ok(Kind::JsonLines)),
            (b"[\n {\"a\":1}]", Err(Unread::JsonArray)),
            (b"<?xml version=\"1.0\"?>\n<DEXFileUpload>", Ok(Kind::Dex)),
            (b"<!-- x --><d:DEXFileUpload xmlns:d=\"y\">", Ok(Kind::Dex)),
            (b"<!DOCTYPE x [<!ENTITY a \"b\">]><DEXFileUpload>", Ok(Kind::Dex)),
            (b"<?xml version=\"1.0\"?><Other/>", Err(Unread::Xml)),
            (b"<!DOCTYPE html><html>", Err(Unread::Xml)),
            (b"FEA1\0", Err(Unread::OldFeather)),
            (b"\xd0\xcf\x11\xe0\xa1\xb1", Err(Unread::OldWorkbook)),
            (b"\x1f\x8b\x08", Err(Unread::PackedTwice)),
            (b"\x28\xb5\x2f\xfd", Err(Unread::PackedTwice)),
        ];
        for (head, expected) in cases {
            assert_eq!(Kind::of(head), expected, "{:?}", String::from_utf8_lossy(head));
        }
    }
}
