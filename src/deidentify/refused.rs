//! Who refuses in one row refuses in all: a client's other rows are taken out again, though their
//! own cells allow them. Takes an export that is read, gives it without them.

use super::export::{Aside, Export, Kind};
use crate::encode::bits::Bits;
use crate::sources::{FileNames, Row};

impl Export<'_> {
    /// Sets aside the rows of record numbers that another row refuses for; `column` is that of the
    /// record number.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(super) fn without_refused(
        mut self,
        column: &str,
        files: &FileNames,
    ) -> Result<Self, crate::Error> {
        let all = self.records.len() as u32;
        let mut kept = Bits::none(self.records.len());
        for record in 0..all {
            let Some(why) = self.left_out.refuses(self.records.id(record)) else {
                kept.set(record as usize);
                continue;
            };
            why.count_in(&mut self.excluded);
            let (file, line) = Row::file_and_line(self.records.place(record));
            self.asides.push(Aside {
                kind: Kind::Row,
                file: files.of_several(file),
                line,
                column: Some(column.to_owned()),
                reason: format!("another row of the client: {}", why.reason()),
            });
        }
        if kept.count() == u64::from(all) {
            return Ok(self);
        }
        let sets = self.store.len();
        let mut kept_sets = Bits::none(sets);
        for (set, (record, _)) in self.records.of_sets(sets as u32).enumerate() {
            if kept.get(record as usize) {
                kept_sets.set(set);
            }
        }
        self.records = self.records.only(&kept, sets as u32);
        self.traits.retain(&kept_sets);
        self.store = self.store.only(&kept_sets)?;
        Ok(self)
    }
}
