//! What a reader should be told about linked data, and what should be judged before counts
//! leave the room: GUILD (Gilbert and others 2018) and the Five Safes (Desai, Ritchie and
//! Welpton 2016). What this run knows is filled in; the rest is for people.

use crate::disclosure::Count;
use crate::pathways::{Cell, Record, Release};

/// One part of a checklist.
pub(super) struct Part {
    pub(super) name: &'static str,
    pub(super) lines: Vec<Line>,
}

/// One line to be answered.
pub(super) struct Line {
    pub(super) asked: &'static str,
    /// What this run says; empty where it cannot.
    pub(super) said: String,
    /// Who fills in the blank.
    pub(super) who: &'static str,
}

fn line(asked: &'static str, said: impl Into<String>, who: &'static str) -> Line {
    Line { asked, said: said.into(), who }
}

const CUSTODIAN: &str = "Data custodian";
const LINKAGE_UNIT: &str = "Linkage unit";
const ANALYST: &str = "Analyst";
const CHECKER: &str = "Output checker";

/// What those who provide, link and analyse data should tell each other and their readers.
pub(super) fn guild(release: &Release, record: &Record) -> Vec<Part> {
    let said = |count: Count| Cell::Count(count).to_string();
    let sources: Vec<String> = release.sources.iter().map(|s| s.source.to_string()).collect();
    vec![
        Part {
            name: "1. Providing the data",
            lines: vec![
                line("Sources, and whom each holds", sources.join(", "), CUSTODIAN),
                line("Period, and changes in what was collected or how", "", CUSTODIAN),
                line("How complete and how good names, dates and sex are", "", CUSTODIAN),
                line(
                    "Who was left out (consent, age, services), and how many",
                    "For want of consent: left-out.csv, which each agency gave beside its events, \
                     has how many clients, by reason.",
                    CUSTODIAN,
                ),
            ],
        },
        Part {
            name: "2. Linking",
            lines: vec![
                line(
                    "Method and its version",
                    "Probabilistic, on keyed hashes of name, birth date, sex and place, so that no \
                     names leave an agency; on the names themselves only where one custodian \
                     links its own exports.",
                    LINKAGE_UNIT,
                ),
                line(
                    "When two rows are taken for one person",
                    "Definite: probability of 0.99 or more. Probable: 0.5 or more. A single row \
                     was linked to none.",
                    LINKAGE_UNIT,
                ),
                line(
                    "Missed links and false links, and how they were found",
                    "Not known to the analyst. The linkage unit's keep/run.json has \
                     expected_precision and expected_recall.",
                    LINKAGE_UNIT,
                ),
                line("Pairs looked at by a person, and what was decided", "", LINKAGE_UNIT),
                line(
                    "How linked and single rows differ",
                    "By source: table linkage.csv.",
                    LINKAGE_UNIT,
                ),
            ],
        },
        Part {
            name: "3. Analysing",
            lines: vec![
                line(
                    "Who is counted, and who is not",
                    format!(
                        "{} people with an episode, of {} people in the maps. Events up to {}.",
                        crate::pathways::thousands(release.people),
                        said(release.people_in_maps),
                        record.extract_date
                    ),
                    ANALYST,
                ),
                line(
                    "Rules by which episodes and journeys were made",
                    "Below, under “How journeys are made”.",
                    ANALYST,
                ),
                line("How missed and false links may bend the results", "", ANALYST),
                line("What changes when probable links are left out", "", ANALYST),
                line("Software", record.tool, ANALYST),
            ],
        },
    ]
}

/// The five questions that are judged together before anything is published.
pub(super) fn five_safes(release: &Release) -> Vec<Part> {
    let rule = match release.protection {
        "round" => "Every count rounded at random to a multiple of 3.".to_owned(),
        "perturb" => "Every count moved at random by up to 5.".to_owned(),
        _ => format!(
            "No count of people from 1 to {} is shown or can be worked out from the tables of \
             this release.",
            release.threshold.people() - 1
        ),
    };
    vec![
        Part {
            name: "Safe projects",
            lines: vec![
                line("Purpose, and who benefits", "", ANALYST),
                line("Approval, ethics reference and date", "", ANALYST),
                line("Engagement of those whom the data are about", "", ANALYST),
            ],
        },
        Part {
            name: "Safe people",
            lines: vec![line("Analysts, their training and undertakings", "", ANALYST)],
        },
        Part {
            name: "Safe settings",
            lines: vec![line("Where maps, events and keep/ are held, and until when", "", ANALYST)],
        },
        Part {
            name: "Safe data",
            lines: vec![line(
                "What the analyst held",
                "Row ids, person ids and events; no names, birth dates, record numbers or keys.",
                ANALYST,
            )],
        },
        Part {
            name: "Safe outputs",
            lines: vec![
                line("Rule for small counts", rule, CHECKER),
                line(
                    "Compared with earlier releases (veilway release check)",
                    "Not done by this run.",
                    CHECKER,
                ),
                line("Files checked, by whom, when; decision", "", CHECKER),
            ],
        },
    ]
}
