//! The events of a proposed `source.toml`: which columns they are in, and how their days are
//! written.

use super::Writer;
use crate::config::quoted;
use crate::sources::header::Column;
use crate::sources::look::Days;
use crate::sources::proposal::Placed;

impl Writer<'_> {
    pub(super) fn events_section(
        &mut self,
        id: Option<&Column>,
        program: Option<&Column>,
        start: Option<&Column>,
        end: Option<&Column>,
        content: &[Column],
    ) {
        let Some((start, id)) = start.zip(id) else {
            let rest = [program, start, end].into_iter().flatten().chain(content);
            let mut headings: Vec<(usize, String)> =
                rest.map(|c| (c.index, c.heading.clone())).collect();
            headings.sort();
            if !headings.is_empty() {
                let list: Vec<String> = headings.iter().map(|(_, h)| quoted(h)).collect();
                self.out.notes.push(format!(
                    "{} may be about services; no [events] section was written, for want of a \
                     start date or a client number",
                    list.join(", ")
                ));
            }
            return;
        };
        let indexes: Vec<usize> =
            std::iter::once(start.index).chain(end.map(|c| c.index)).collect();
        let cells = self.cells(&indexes);
        let days = Days::of(&cells);
        let format = self.sure_format(&cells, &days);
        self.lines(&[
            "",
            "# Service events: one row, one event. They go to the analyst with row ids and without",
            "# anything else of the client. With --events another file is read for them.",
        ]);
        // Without a date format the section is no use yet: all of it is a comment then.
        let mark = if format.is_some() { "" } else { "# " };
        self.line(&format!("{mark}[events]"));
        self.line(&format!("{mark}record_id = {}", quoted(&id.heading)));
        let mut placed = vec![("events.start", start)];
        match program {
            Some(column) => {
                self.line(&format!("{mark}program = {}", quoted(&column.heading)));
                placed.push(("events.program", column));
            }
            None => {
                self.line(
                    "# No column names the program: one name for all of this source's events.",
                );
                let name = quoted(self.known.name.as_str());
                self.line(&format!("{mark}program_always = {name}"));
            }
        }
        self.line(&format!("{mark}start = {}", quoted(&start.heading)));
        if let Some(column) = end {
            self.line("# Empty cells are services that go on.");
            self.line(&format!("{mark}end = {}", quoted(&column.heading)));
            placed.push(("events.end", column));
        }
        match &format {
            Some(format) => {
                self.line(&format!("date_format = {format}"));
                for (key, column) in placed {
                    self.placed(key, column);
                }
            }
            None => {
                self.format_choices(&days, " ");
                for (key, column) in placed {
                    let (key, column) = (key.to_owned(), column.heading.clone());
                    self.out.unsure.push(Placed { key, column });
                }
                self.out.notes.push(
                    "the [events] section is a comment until its date format is chosen".to_owned(),
                );
            }
        }
        let keep: Vec<String> = content.iter().map(|c| quoted(&c.heading)).collect();
        self.line("# Further columns that the analyst needs. Nothing that says who somebody is.");
        self.line(&format!("# keep = [{}]", keep.join(", ")));
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{proposed, spec};
    use crate::project::Preset;
    use crate::sources::SourceSpec;
    use crate::sources::spec::Program;

    #[test]
    fn common_dataset_items_and_events_are_recognised() {
        let proposal = proposed(
            Preset::CommonDataset,
            None,
            &[
                "1.7.1,1.2.1 First name(s),1.2.3 Last name (s),1.3.1 Date of birth,1.4.1 Sex,\
                 1.1.2 Consent to share information,4.1.1 Date service started,4.1.4,4.2.3,Phone",
                "1,A,B,31121999,X,1,01022020,,3,0",
                "2,A,B,01021999,1,7,01022020,28022021,3,0",
            ],
        );
        let spec = spec(&proposal);
        let events = spec.events.expect("events");
        assert_eq!(events.record_id, "1.7.1");
        assert_eq!(events.program, Program::Always("agency-a".to_owned()));
        assert_eq!(events.start, "4.1.1 Date service started");
        assert_eq!(events.end.as_deref(), Some("4.1.4"));
        assert_eq!(events.date_format.to_string(), "%d%m%Y");
        assert!(events.keep.is_empty(), "what the analyst gets is a person's choice");
        assert!(proposal.toml.contains("# keep = [\"4.2.3\"]"));
        assert_eq!(proposal.missing, ["suburb", "postcode", "state"]);
        assert!(proposal.notes.iter().any(|n| n.contains("in no list") && n.contains("\"7\"")));
        assert_eq!(proposal.unused, ["Phone"]);
    }

    #[test]
    fn events_without_a_sure_date_format_are_a_comment() {
        let csv = ["id,surname,dob,program,start", "1,A,31/12/1999,p,01-02-2020", "1,A,,p,May"];
        let proposal = proposed(Preset::Minimal, None, &csv);
        assert!(spec(&proposal).events.is_none());
        assert!(proposal.toml.contains("# [events]"));
        let uncommented: String = proposal
            .toml
            .lines()
            .skip_while(|line| *line != "# [events]")
            .map(|line| line.strip_prefix("# ").filter(|l| l.contains(['=', '['])).unwrap_or(""))
            .map(|line| format!("{line}\n"))
            .collect();
        let whole = proposal.toml.replace("# [events]", "") + &uncommented;
        let spec = SourceSpec::parse(&whole, "a.toml").expect("the comment is a sound section");
        assert_eq!(spec.events.map(|e| e.start).as_deref(), Some("start"));
    }
}
