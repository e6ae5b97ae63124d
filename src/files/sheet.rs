//! A CSV file of the output.

use std::path::PathBuf;

use crate::files::{self, OutFile, Readers, Staged};

/// A file that only its owner may read.
pub(super) struct CsvFile {
    writer: csv::Writer<OutFile>,
    shown: PathBuf,
}

impl CsvFile {
    pub(super) fn create(staged: &Staged, name: &str) -> Result<Self, files::Error> {
        let out = staged.create(name, Readers::Owner)?;
        let shown = out.shown().to_owned();
        Ok(CsvFile { writer: csv::Writer::from_writer(out), shown })
    }

    /// Writes a line. What a spreadsheet would take for a formula gets a quote mark in front.
    pub(super) fn line<const N: usize>(&mut self, cells: [&str; N]) -> Result<(), files::Error> {
        let plain = |cell: &str| match cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
            true => format!("'{cell}"),
            false => cell.to_owned(),
        };
        self.writer.write_record(cells.map(plain)).map_err(|e| match e.into_kind() {
            csv::ErrorKind::Io(e) => files::io_error(&self.shown, "write", e),
            // Every line has as many cells as the first.
            _ => files::io_error(&self.shown, "write", std::io::ErrorKind::Other.into()),
        })
    }

    pub(super) fn finish(self) -> Result<(), files::Error> {
        let CsvFile { writer, shown } = self;
        let out =
            writer.into_inner().map_err(|e| files::io_error(&shown, "write", e.into_error()))?;
        out.finish()
    }
}
