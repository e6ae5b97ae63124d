//! The page of terms, for people new to them.

use askama::Template;

/// A term and what it means.
pub(super) struct Term {
    pub(super) name: &'static str,
    pub(super) meaning: &'static str,
}

/// The page.
#[derive(Template)]
#[template(path = "terms.html")]
pub(super) struct Terms {
    parts: [(&'static str, &'static [Term]); 4],
    tool: &'static str,
}

impl Terms {
    pub(super) fn of(tool: &'static str) -> Self {
        let parts = [
            ("People and services", PEOPLE),
            ("Linking", LINKING),
            ("Counting", COUNTING),
            ("Protecting people", PROTECTING),
        ];
        Terms { parts, tool }
    }
}

const fn term(name: &'static str, meaning: &'static str) -> Term {
    Term { name, meaning }
}

const PEOPLE: &[Term] = &[
    term(
        "Person",
        "All rows that the linkage unit holds to be of one person, under a code that says \
         nothing about who it is.",
    ),
    term(
        "Source",
        "An organisation's own list of the people it helped, as it gave it to the study.",
    ),
    term("Program", "A service that a source reports under one name."),
    term(
        "Event",
        "One line of a source's services: who, which program, when it began and when it ended.",
    ),
    term(
        "Episode",
        "One stay of one person in one program, from its start to its end. Two events that touch \
         or overlap in the same program are one episode.",
    ),
    term("Open episode", "An episode that had not ended when the data were taken."),
    term("Journey", "All episodes of one person, in order of their starts."),
    term(
        "Path",
        "The programs of a journey in order, without dates. The same program several times in a \
         row is told once.",
    ),
    term("Move", "Going from one program to another as the next step of a path."),
    term("Co-use", "The same person using two programs, at one time or at different times."),
];

const LINKING: &[Term] = &[
    term(
        "Row",
        "One person as one source knows them. The same person has a row in each source that \
         helped them.",
    ),
    term(
        "Linking",
        "Finding which rows are of the same person. As a rule it is done on codes made from names \
         and birth dates, which cannot be read back, so that who links sees no names.",
    ),
    term("Linkage unit", "Who does the linking. It sees nothing of the services that people had."),
    term("Linked", "Said of a row that was found to be of the same person as another row."),
    term(
        "Definite, probable",
        "How sure a link is: beyond practical doubt (at least 99 in 100); more likely than not.",
    ),
    term("Single", "Said of a row for which no other row of the same person was found."),
    term(
        "Missed link, false link",
        "Two rows of one person that were not linked; two rows of different people that were. \
         Both happen. A missed link cuts a journey in two, a false one makes one journey of two.",
    ),
    term("Linkage rate", "Of all rows, the share that were linked."),
];

const COUNTING: &[Term] = &[
    term("Cell", "One number in a table."),
    term("Share", "A part of a whole, in per cent. Each table says what its whole is."),
    term(
        "Extract date",
        "The last day that the data tell of. Nobody knows from them what came later.",
    ),
    term(
        "Follow-up",
        "The time from when a person starts to be counted to the extract date. Someone who came \
         last week cannot have come back within a year yet.",
    ),
    term(
        "Censored",
        "Said of a person whose follow-up ended before anything happened. It may still happen; \
         the data do not say.",
    ),
    term(
        "At risk",
        "People to whom something could still be seen to happen: it has not happened yet, and \
         their follow-up has not ended. It does not mean danger.",
    ),
    term(
        "Share so far (Kaplan–Meier)",
        "The share to whom something has happened by a certain day, worked out so that people who \
         are followed for a short time count for as long as they are seen.",
    ),
    term("Median", "The middle one: half are below it and half are above."),
    term("Percentage point", "The difference of two shares: from 40% to 45% is 5 points."),
    term(
        "Flow diagram of steps (Sankey)",
        "A picture of where people begin and where they go next. A band is as wide as the number \
         of people in it.",
    ),
    term("Heat map", "A table whose cells are darker where the number is larger."),
    term(
        "UpSet plot",
        "A picture of sets: each column is one set of programs, shown by dots; the bar above is \
         how many people used just these.",
    ),
];

const PROTECTING: &[Term] = &[
    term(
        "n.p.",
        "Not published. The number is known and is kept back to protect people. It is not nought.",
    ),
    term(
        "Threshold",
        "The least number of people that a published count may stand for. The report says which \
         it is.",
    ),
    term(
        "Withheld",
        "Kept back: because a number is below the threshold, or because someone could work out \
         such a number from it by adding and subtracting.",
    ),
    term(
        "Random rounding, random change",
        "Another way to protect: every number is moved a little at random, so that nobody can \
         tell what a small one really was. Numbers then need not add up.",
    ),
    term(
        "Release",
        "The tables, pictures and pages that are published together. They are protected \
         together, since a number of one can give away a number of another.",
    ),
    term(
        "Unit records",
        "Data with a line for each person or episode. They are never part of a release.",
    ),
    term(
        "Five Safes",
        "Five questions asked before data are used or results published: are the project, the \
         people, the setting, the data and the outputs safe?",
    ),
    term(
        "GUILD, RECORD",
        "Two published lists of what readers of a study with linked data should be told.",
    ),
];
