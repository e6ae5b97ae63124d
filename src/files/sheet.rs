//! A CSV file of the output.

use std::path::PathBuf;

use super::{Error, OutFile, Readers, Staged, io_error};

/// Takes lines. Cells are written as they are, for programs that look them up.
pub(crate) struct CsvFile {
    writer: csv::Writer<OutFile>,
    shown: PathBuf,
}

impl CsvFile {
    /// A file that only its owner may read.
    pub(crate) fn create(staged: &Staged, name: &str) -> Result<Self, Error> {
        CsvFile::create_for(staged, name, Readers::Owner)
    }

    /// A file for these readers.
    pub(crate) fn create_for(staged: &Staged, name: &str, readers: Readers) -> Result<Self, Error> {
        let out = staged.create(name, readers)?;
        let shown = out.shown().to_owned();
        let writer = csv::WriterBuilder::new().flexible(true).from_writer(out);
        Ok(CsvFile { writer, shown })
    }

    /// Writes a line.
    pub(crate) fn line<'c>(
        &mut self,
        cells: impl IntoIterator<Item = &'c str>,
    ) -> Result<(), Error> {
        self.writer.write_record(cells).map_err(|e| match e.into_kind() {
            csv::ErrorKind::Io(e) => io_error(&self.shown, "write", e),
            // A flexible writer fails in no other way.
            _ => io_error(&self.shown, "write", std::io::ErrorKind::Other.into()),
        })
    }

    /// Ends the file.
    pub(crate) fn finish(self) -> Result<(), Error> {
        let CsvFile { writer, shown } = self;
        let out = writer.into_inner().map_err(|e| io_error(&shown, "write", e.into_error()))?;
        out.finish()
    }
}
