//! One table in several files: a folder, a pattern such as `2024-*.csv`, or files one by one, as
//! monthly exports come. They have the same columns, in any order.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::Error;
use super::table::Input;
use crate::files;

/// How the names of tables end, packed or not; of a folder no other files are read.
const ENDS: [&str; 15] = [
    "csv", "tsv", "tab", "psv", "txt", "xlsx", "xlsm", "parquet", "pq", "arrow", "arrows",
    "feather", "jsonl", "ndjson", "xml",
];

/// How the names of packed files end.
const PACKED: [&str; 3] = ["gz", "zst", "zstd"];

/// Every file of an input, in the order of their names; nothing for standard input.
pub(super) fn paths(input: &Input) -> Result<Vec<PathBuf>, Error> {
    let named = match input {
        Input::Stdin => return Ok(Vec::new()),
        Input::File(path) => std::slice::from_ref(path),
        Input::Files(paths) => paths,
    };
    let mut all = Vec::new();
    for path in named {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            all.extend(listed(path, path, is_table)?);
        } else if name.contains(['*', '?']) && !path.exists() {
            let folder = match path.parent() {
                Some(parent) if parent != Path::new("") => parent,
                _ => Path::new("."),
            };
            all.extend(listed(folder, path, |file| fits(&name, file))?);
        } else {
            all.push(path.clone());
        }
    }
    Ok(all)
}

/// The files of a folder whose names are wanted; `shown` is what was asked for.
fn listed(
    folder: &Path,
    shown: &Path,
    is_wanted: impl Fn(&str) -> bool,
) -> Result<Vec<PathBuf>, Error> {
    let fail = |e| Error::from(files::io_error(shown, "read", e));
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(fail)? {
        let name = entry.map_err(fail)?.file_name();
        let text = name.to_string_lossy();
        // Hidden files, and those that Excel keeps beside an open workbook.
        if text.starts_with(['.', '~']) || !is_wanted(&text) {
            continue;
        }
        let path = match folder == Path::new(".") {
            true => PathBuf::from(name),
            false => folder.join(name),
        };
        if path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    match found.is_empty() {
        true => Err(Error::NoFiles { place: files::clean(shown) }),
        false => Ok(found),
    }
}

fn is_table(name: &str) -> bool {
    let lower = name.to_lowercase();
    let packed = PACKED.iter().find_map(|end| lower.strip_suffix(end)?.strip_suffix('.'));
    let plain = packed.unwrap_or(&lower);
    plain.rsplit_once('.').is_some_and(|(_, end)| ENDS.contains(&end))
}

/// Whether a name fits a pattern: `*` is any letters or none, `?` is one.
fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    // Where to go on when what follows the last star does not fit.
    let mut back = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                back = Some((p, n));
                p += 1;
            }
            Some(c) if *c == '?' || *c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match back {
                Some((star, at)) => {
                    back = Some((star, at + 1));
                    p = star + 1;
                    n = at + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// The names of a table's files, where there are several.
#[derive(Debug, Clone, Default)]
pub struct FileNames(Arc<[Arc<str>]>);

impl FileNames {
    pub(super) fn of(paths: &[PathBuf]) -> Self {
        FileNames(paths.iter().map(|path| files::clean(path).into()).collect())
    }

    /// The name of one of several files, by its place; nothing where there is one file only,
    /// which need not be told from others.
    pub fn of_several(&self, file: u32) -> Option<Arc<str>> {
        let names = Some(&self.0).filter(|names| names.len() > 1)?;
        names.get(file as usize).cloned()
    }
}

/// Where the rows of one file of several belong.
#[derive(Debug, Clone, Default)]
pub(super) struct Part {
    /// Which file, counted from 0.
    pub(super) file: u32,
    /// For each column of the table its place in the file; nothing where they are the same.
    pub(super) order: Option<Arc<[usize]>>,
}

impl Part {
    /// Finds the columns of the first file in another one.
    pub(super) fn of(
        file: u32,
        name: &str,
        header: &[String],
        first: &str,
        expected: &[String],
    ) -> Result<Part, Error> {
        if header == expected {
            return Ok(Part { file, order: None });
        }
        let plain = |name: &String| name.trim().to_lowercase();
        let mut order = Vec::with_capacity(expected.len());
        for column in expected {
            let mut places = (0..header.len()).filter(|&at| plain(&header[at]) == plain(column));
            match (places.next(), places.next()) {
                (Some(place), None) => order.push(place),
                _ => {
                    let (file, first) = (name.to_owned(), first.to_owned());
                    return Err(Error::OtherColumns { file, column: column.clone(), first });
                }
            }
        }
        // A first line that is data has no business in a message: only its place is said.
        match (0..header.len()).find(|place| !order.contains(place)) {
            Some(place) => {
                let (file, first) = (name.to_owned(), first.to_owned());
                Err(Error::MoreColumns { file, place: place + 1, first })
            }
            None => Ok(Part { file, order: Some(order.into()) }),
        }
    }

    /// Where a column of the table is in the file.
    pub(super) fn place(&self, column: usize) -> usize {
        match &self.order {
            None => column,
            Some(order) => order.get(column).copied().unwrap_or(usize::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::plain;
    use super::super::{Input, Table};
    use super::*;

    #[test]
    fn patterns_fit_names() {
        for (pattern, name, expected) in [
            ("*", "", true),
            ("*.csv", "2024.csv", true),
            ("*.csv", "2024.csv.gz", false),
            ("2024-??.csv", "2024-07.csv", true),
            ("2024-??.csv", "2024-7.csv", false),
            ("a*b*c", "axbxbxc", true),
            ("a*b*c", "axcxb", false),
            ("é*", "éa", true),
            ("?", "", false),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }

    /// The rows of an input as `file:line:cell|cell`, with the rejects.
    fn read(input: &Input) -> Result<Vec<String>, String> {
        let mut table = Table::open(input, &plain()).map_err(|e| e.to_string())?;
        let mut lines = Vec::new();
        loop {
            let batch = table.next_batch(2).map_err(|e| e.to_string())?;
            if batch.is_empty() {
                return Ok(lines);
            }
            for row in &batch.rows {
                let own: Vec<&str> = row.cells().collect();
                let asked: Vec<&str> = (0..own.len()).map(|column| row.cell(column)).collect();
                assert_eq!(own, asked);
                lines.push(format!("{}:{}:{}", row.file(), row.line, own.join("|")));
            }
            lines.extend(batch.rejects.iter().map(|r| format!("{}:{}!", r.file, r.line)));
        }
    }

    #[test]
    #[allow(clippy::disallowed_methods)]
    fn months_are_one_table() {
        let home = tempfile::tempdir().expect("a folder");
        let put =
            |name: &str, text: &str| fs::write(home.path().join(name), text).expect("written");
        put("2024-01.csv", "id,name\n1,a\n2,b\n");
        put("2024-02.csv", "Name;ID\r\nc;3\r\nd\r\n");
        put("2024-03.csv", "id,name\n");
        put("2024-04.jsonl", "{\"name\":\"e\",\"id\":4}\n");
        put("notes.md", "no table");
        fs::create_dir(home.path().join("empty")).expect("a folder");
        put(".hidden.csv", "x\n1\n");
        let whole = ["0:2:1|a", "0:3:2|b", "1:2:3|c", "1:3!", "3:1:4|e"];
        let lines = read(&Input::File(home.path().to_owned())).expect("rows");
        assert_eq!(lines, whole);
        let pattern = home.path().join("2024-*");
        assert_eq!(read(&Input::File(pattern)).expect("rows"), whole);
        let two = ["2024-02.csv", "2024-01.csv"].map(|name| home.path().join(name)).to_vec();
        let lines = read(&Input::Files(two)).expect("rows");
        assert_eq!(lines, ["0:2:c|3", "0:3!", "1:2:a|1", "1:3:b|2"]);

        let refused = |second: &str| {
            put("2024-02.csv", second);
            let files = ["2024-01.csv", "2024-02.csv"].map(|name| home.path().join(name));
            let refused = read(&Input::Files(files.to_vec())).expect_err("refused");
            refused.replace(&format!("{}/", files::clean(home.path())), "")
        };
        let lacks = "2024-02.csv: has no column `name` of its own, which 2024-01.csv has";
        assert_eq!(refused("id,surname\n1,2\n"), lacks);
        assert_eq!(refused("7,canary\n8,x\n").replace("`id`", "`name`"), lacks);
        let more = "2024-02.csv: the heading of its column 3 is none of those of 2024-01.csv";
        assert_eq!(refused("id,name,canary\n1,2,3\n"), more);
        let empty = read(&Input::File(home.path().join("empty")));
        assert!(empty.is_err_and(|e| e.ends_with("empty: there is no such table")));
        let none = read(&Input::File(home.path().join("2023-*.csv"))).expect_err("no file");
        assert!(none.ends_with("2023-*.csv: there is no such table"), "{none}");
    }
}
