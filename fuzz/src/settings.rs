//! `project.toml`, `source.toml` and `study.toml` with some bytes changed, and any text: what is
//! read means the same with Windows line ends, or the file is refused with messages that a
//! terminal shows as they are.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use veilway::config;
use veilway::error::{Class, Fault};
use veilway::pathways::study::Study;
use veilway::project::{Preset, Project};
use veilway::sources::SourceSpec;

use super::{edited, home, shown};

const SOURCE: &str = "[source]\nname = \"a\"\nrecord_id = \"i\"\ndate_format = \"%d/%m/%Y\"\n\
    unique_people = true\ndelimiter = \";\"\n\
    [columns]\nfamily_name = \"f\"\ngiven_name = \"g\"\nbirth_date = \"b\"\nsex = \"s\"\n\
    [codes]\nsex = { M = \"1\", F = \"2\" }\n\
    [[consent]]\ncolumn = \"c\"\nshare = [\"1\"]\npartial = [\"3\"]\nrefuse = [\"2\"]\n";
const STUDY: &str = "[rules]\nmerge_gap = 7\nnested = \"apart\"\n[rules.merge_gaps]\n\"Crisis line\" = 14\n\
    [frame]\nbegins = 2025-01-01\nends = 2025-06-30\nmonths_before = 3\nprograms = [\"a\"]\n\
    [measures]\nreturn_days = [28, 90]\ntargets = [\"a\"]\nperiod = \"half-year\"\n\
    [outcomes]\nreferral_days = 90\n";

/// One input: which file, and what is changed in it.
pub fn run(input: (u8, &[u8])) {
    let (choice, edits) = input;
    let preset = |preset: Preset| preset.toml("yard", "2026");
    let base = match choice % 5 {
        0 => preset(Preset::Minimal),
        1 => preset(Preset::CommonDataset),
        2 => SOURCE.to_owned(),
        3 => STUDY.to_owned(),
        _ => String::new(),
    };
    let bytes = match base.is_empty() {
        true => edits.to_vec(),
        false => edited(base.as_bytes(), edits),
    };
    let text = String::from_utf8_lossy(&bytes);
    let sound = edits.is_empty() && !base.is_empty();
    let windows = text.replace("\r\n", "\n").replace('\n', "\r\n");
    match choice % 5 {
        0 | 1 => {
            let digest = |text: &str| settled(Project::parse(text, "p")).map(|p| p.digest());
            let read = digest(&text);
            assert!(read.is_some() || !sound);
            assert!(read == digest(&windows), "line ends do not count");
        }
        2 => assert!(settled(SourceSpec::parse(&text, "s")).is_some() || !sound),
        3 => assert!(study(&text) || !sound),
        _ => {
            drop(settled(Project::parse(&text, "p")));
            drop(settled(SourceSpec::parse(&text, "s")));
            let _ = study(&text);
        }
    }
}

fn settled<T>(read: Result<T, config::Error>) -> Option<T> {
    read.inspect_err(|e| {
        assert!(e.class() == Class::Usage || e.class() == Class::Input);
        shown(&e.to_string());
    })
    .ok()
}

fn study(text: &str) -> bool {
    static PLACE: OnceLock<PathBuf> = OnceLock::new();
    let path = PLACE.get_or_init(|| home("settings").join("study.toml"));
    fs::write(path, text).expect("written");
    let study = Study::read(path).inspect_err(|e| shown(&e.to_string()));
    study.is_ok_and(|study| study.measures.return_days.is_sorted())
}
