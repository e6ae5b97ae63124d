//! Person ids: new ones from the cluster itself, earlier ones kept.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::Error;
use super::cluster::Clusters;
use super::people::{People, Source};
use crate::files;
use crate::ids::{PersonId, RowId};

/// The person id of every person of the packages, and what changed since an earlier run.
#[derive(Debug)]
pub(super) struct Persons {
    pub(super) ids: Vec<PersonId>,
    pub(super) changes: Vec<Change>,
    /// Clusters that kept an earlier id.
    pub(super) kept: u64,
    /// Clusters of whom no row was in the earlier run.
    pub(super) new: u64,
    /// Earlier people of whom no row is left.
    pub(super) gone: u64,
    /// The sources, by place, that have rows, and none of them in the earlier run.
    pub(super) strangers: Vec<usize>,
}

/// A person of an earlier run whose rows are together differently now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// Several earlier people are one now; the first id is the one kept.
    Merged {
        /// The id they have now.
        into: PersonId,
        /// The ids they had.
        from: Vec<PersonId>,
    },
    /// One earlier person is several now.
    Split {
        /// The id it had.
        from: PersonId,
        /// The ids its rows have now.
        into: Vec<PersonId>,
    },
}

/// Gives every cluster an id: that of the earlier person with most of its rows, else one
/// made of the project and the cluster's first row. Ids say nothing and repeat with the
/// same input.
pub(super) fn persons(
    project_digest: &str,
    people: &People,
    clusters: &Clusters,
    earlier: &HashMap<RowId, PersonId>,
) -> Persons {
    let all = 0..people.len() as u32;
    let is_stranger = |&source: &usize| {
        let mut rows = people.of_source(source).map(|person| people.id(person)).peekable();
        rows.peek().is_some() && !rows.any(|row| earlier.contains_key(&row))
    };
    let strangers = match earlier.is_empty() {
        true => Vec::new(),
        false => (0..people.sources.len()).filter(is_stranger).collect(),
    };
    // How many rows each cluster has of each earlier person.
    let mut shared: BTreeMap<(u32, PersonId), u64> = BTreeMap::new();
    if !earlier.is_empty() {
        for person in all.clone() {
            if let Some(&old) = earlier.get(&people.id(person)) {
                *shared.entry((clusters.root(person), old)).or_default() += 1;
            }
        }
    }
    let mut claims: Vec<(u64, PersonId, u32)> =
        shared.iter().map(|(&(root, old), &rows)| (rows, old, root)).collect();
    claims.sort_unstable_by(|x, y| y.0.cmp(&x.0).then((x.1, x.2).cmp(&(y.1, y.2))));
    let mut of_root: Vec<Option<PersonId>> = vec![None; people.len()];
    let mut taken: BTreeSet<PersonId> = BTreeSet::new();
    for (_, old, root) in claims {
        let id = &mut of_root[root as usize];
        if id.is_none() && taken.insert(old) {
            *id = Some(old);
        }
    }
    let kept = taken.len() as u64;
    taken.extend(earlier.values());
    let of_root = Fresh::new(project_digest, people).fill(clusters, of_root, &taken);
    let ids: Vec<PersonId> = all.map(|person| of_root[clusters.root(person) as usize]).collect();

    let mut merged: BTreeMap<u32, Vec<PersonId>> = BTreeMap::new();
    let mut split: BTreeMap<PersonId, Vec<PersonId>> = BTreeMap::new();
    for &(root, old) in shared.keys() {
        merged.entry(root).or_default().push(old);
        split.entry(old).or_default().push(of_root[root as usize]);
    }
    let roots = (0..).zip(&of_root).filter(|&(p, _)| clusters.root(p) == p).count();
    let new = if earlier.is_empty() { 0 } else { (roots - merged.len()) as u64 };
    let gone = (taken.len() - split.len()) as u64;
    let mut changes = Vec::new();
    for (root, from) in merged {
        if from.len() > 1 {
            changes.push(Change::Merged { into: of_root[root as usize], from });
        }
    }
    for (from, into) in split {
        if into.len() > 1 {
            changes.push(Change::Split { from, into });
        }
    }
    Persons { ids, changes, kept, new, gone, strangers }
}

/// Makes ids for clusters that have none yet.
struct Fresh<'a> {
    people: &'a People,
    /// Per source, what the ids of its people have in common, hashed.
    beginnings: Vec<Sha256>,
}

impl<'a> Fresh<'a> {
    fn new(project_digest: &str, people: &'a People) -> Fresh<'a> {
        let beginning = |source: &Source| {
            let mut hash = Sha256::new();
            for part in ["veilway/v1/person-id", project_digest, source.name.as_str()] {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            }
            hash
        };
        Fresh { people, beginnings: people.sources.iter().map(beginning).collect() }
    }

    fn id(&self, root: u32, attempt: u32) -> PersonId {
        let mut hash = self.beginnings[self.people.source_of(root)].clone();
        hash.update(self.people.id(root).0);
        hash.update(attempt.to_be_bytes());
        let mut bytes = [0u8; 10];
        bytes.copy_from_slice(&hash.finalize()[..10]);
        PersonId::from_bytes(bytes)
    }

    /// Gives every root an id that no other has, and that is not taken; what is no root has
    /// no meaning.
    fn fill(
        &self,
        clusters: &Clusters,
        known: Vec<Option<PersonId>>,
        taken: &BTreeSet<PersonId>,
    ) -> Vec<PersonId> {
        let ids: Vec<PersonId> = known
            .par_iter()
            .enumerate()
            .with_min_len(1 << 12)
            .map(|(root, id)| match id {
                Some(id) => *id,
                None if clusters.root(root as u32) != root as u32 => PersonId::from_bytes([0; 10]),
                None => self.id(root as u32, 0),
            })
            .collect();
        let is_new =
            |root: usize| known[root].is_none() && clusters.root(root as u32) == root as u32;
        let mut order: Vec<(PersonId, u32)> =
            (0..ids.len()).filter(|&root| is_new(root)).map(|r| (ids[r], r as u32)).collect();
        order.par_sort_unstable();
        let is_twice = |x: &(PersonId, u32), y: &(PersonId, u32)| x.0 == y.0;
        let mut clashing: Vec<u32> = order
            .chunk_by(is_twice)
            .flat_map(|same| &same[usize::from(!taken.contains(&same[0].0))..])
            .map(|&(_, root)| root)
            .collect();
        // One in 2^80 pairs: those who came first keep theirs.
        clashing.sort_unstable();
        self.apart(ids, &clashing, taken)
    }

    fn apart(
        &self,
        mut ids: Vec<PersonId>,
        clashing: &[u32],
        taken: &BTreeSet<PersonId>,
    ) -> Vec<PersonId> {
        if clashing.is_empty() {
            return ids;
        }
        let mut taken: BTreeSet<PersonId> =
            taken.union(&ids.iter().copied().collect()).copied().collect();
        for &root in clashing {
            let free = (1..).map(|attempt| self.id(root, attempt)).find(|&id| taken.insert(id));
            ids[root as usize] = free.unwrap_or(ids[root as usize]);
        }
        ids
    }
}

/// Reads the maps of an earlier run: its output folder, or the maps' own folder.
///
/// # Errors
/// When there is no map, or one cannot be read.
pub(crate) fn earlier(folder: &Path) -> Result<HashMap<RowId, PersonId>, crate::Error> {
    let inner = folder.join("to-analyst");
    let folder = if inner.is_dir() { inner } else { folder.to_owned() };
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .map_err(|e| files::io_error(&folder, "read", e))?
        .filter_map(|entry| entry.ok().map(|e| e.path()))
        .filter(|path| path.to_string_lossy().ends_with(".map.csv"))
        .collect();
    paths.sort();
    if paths.is_empty() {
        return Err(Error::NoEarlierMap { path: folder }.into());
    }
    let mut persons = HashMap::new();
    for path in paths {
        let bad = |line: u64| Error::EarlierMap { path: path.clone(), line };
        let mut reader = files::saved::saved_csv(&path)?;
        let header = reader.headers().map_err(|_| bad(1))?.clone();
        let at = |name: &str| header.iter().position(|h| h == name).ok_or_else(|| bad(1));
        let (row_id, person_id) = (at("row_id")?, at("person_id")?);
        for record in reader.records() {
            let record = record.map_err(|e| bad(e.position().map_or(0, |p| p.line())))?;
            let line = record.position().map_or(0, |p| p.line());
            let row = record.get(row_id).and_then(|s| s.parse().ok()).ok_or_else(|| bad(line))?;
            let id = record.get(person_id).and_then(|s| s.parse().ok()).ok_or_else(|| bad(line))?;
            persons.insert(row, id);
        }
    }
    Ok(persons)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Pile;
    use crate::ids::Band;
    use crate::link::cluster::cluster;
    use crate::link::people::tests::people;
    use crate::link::score::ScoredPair;

    fn run(pairs: &[(u32, u32)], earlier: &HashMap<RowId, PersonId>) -> (Vec<PersonId>, Persons) {
        let people = people(&[(false, &[1, 2, 3]), (false, &[4, 5])]);
        let pairs: Vec<ScoredPair> = pairs
            .iter()
            .map(|&(a, b)| ScoredPair {
                a,
                b,
                weight: 1.0,
                odds: 1e9,
                probability: 1.0,
                agree: 1,
                decision: None,
            })
            .collect();
        let pairs = Pile::held(pairs);
        let clusters = cluster(&people, &pairs, Band::Probable).expect("in memory");
        let persons = persons("digest", &people, &clusters, earlier);
        (persons.ids.clone(), persons)
    }

    #[test]
    fn sources_of_whom_no_row_was_there_before_are_strangers() {
        let old = PersonId::from_bytes([7; 10]);
        let first = people(&[(false, &[1, 2, 3]), (false, &[4, 5])]);
        let strangers = |rows: &[u32]| {
            let earlier = rows.iter().map(|&row| (first.id(row), old)).collect();
            run(&[], &earlier).1.strangers
        };
        assert_eq!(strangers(&[0]), [1]);
        assert_eq!(strangers(&[4]), [0]);
        assert_eq!(strangers(&[2, 3]), [0; 0]);
        assert_eq!(strangers(&[]), [0; 0], "there is no earlier run");
    }

    #[test]
    fn ids_are_one_per_cluster_and_kept_in_the_next_run() {
        let (ids, _) = run(&[(0, 3), (1, 4)], &HashMap::new());
        assert_eq!((ids[0], ids[1]), (ids[3], ids[4]));
        let distinct: BTreeSet<PersonId> = ids.iter().copied().collect();
        assert_eq!(distinct.len(), 3);

        let rows = [1, 2, 3, 4, 5].map(|id| RowId([id; 16]));
        let earlier: HashMap<RowId, PersonId> = rows.into_iter().zip(ids.clone()).collect();
        let (again, same) = run(&[(0, 3), (1, 4)], &earlier);
        assert_eq!(again, ids);
        assert_eq!((same.kept, same.new, same.gone, same.changes.len()), (3, 0, 0, 0));

        // Of the second person one row is not there before, of the third none; one earlier person
        // has no row any more.
        let gone = (RowId([9; 16]), PersonId::from_bytes([9; 10]));
        let fewer = [0, 1, 3].map(|row| (rows[row], ids[row])).into_iter().chain([gone]).collect();
        let (_, other) = run(&[(0, 3), (1, 4)], &fewer);
        assert_eq!((other.kept, other.new, other.gone, other.changes.len()), (2, 1, 1, 0));

        // The first two people turn out to be one; the second loses a row.
        let (now, changed) = run(&[(0, 3), (0, 1)], &earlier);
        assert_eq!(now[0], ids[0]);
        assert_eq!(now[1], ids[0]);
        assert!(!ids.contains(&now[4]) || now[4] == ids[1]);
        assert_eq!(now[2], ids[2]);
        let from = {
            let mut from = vec![ids[0], ids[1]];
            from.sort();
            from
        };
        assert!(changed.changes.contains(&Change::Merged { into: ids[0], from }));
        assert!(
            changed
                .changes
                .iter()
                .any(|c| matches!(c, Change::Split { from, .. } if *from == ids[1]))
        );
    }

    #[test]
    fn another_project_gives_other_ids() {
        let people = people(&[(true, &[1])]);
        let clusters = cluster(&people, &Pile::held(vec![]), Band::Probable);
        let clusters = clusters.expect("in memory");
        let none = HashMap::new();
        let a = persons("digest a", &people, &clusters, &none).ids[0];
        let b = persons("digest b", &people, &clusters, &none).ids[0];
        assert_ne!(a, b);
    }
}
