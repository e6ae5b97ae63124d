//! A measure as counted: a table of people (or episodes) in groups, exact and internal. What
//! may be seen of it is decided by the release; how it is drawn by the report.

use crate::disclosure::Contributions;

/// One measure: a row for each group, a column for each category.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tally {
    /// File name without ending, and anchor in the report.
    pub(crate) name: &'static str,
    pub(crate) caption: String,
    /// Denominator and rule, in plain words.
    pub(crate) rule: String,
    /// Headings of the labels of a group: "Program", or "From" and "To".
    pub(crate) by: Vec<String>,
    /// Headings of the categories.
    pub(crate) categories: Vec<String>,
    /// Heading of the sum over the categories, where it is printed.
    pub(crate) total: Option<String>,
    pub(crate) groups: Vec<Group>,
    /// What further columns are worked out from the protected counts.
    pub(crate) derived: Derived,
    /// How the report draws it.
    pub(crate) chart: Chart,
}

/// One row of a tally. Every unit counted is in one category, and one only.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Group {
    /// One label for each of [`Tally::by`].
    pub(crate) labels: Vec<String>,
    /// One count for each category.
    pub(crate) counts: Vec<u64>,
    /// The cell key of each count, where noise is put on; else empty.
    pub(crate) keys: Vec<u64>,
    /// Who stands behind each count, where it is of episodes and not of people; else empty.
    pub(crate) contributions: Vec<Contributions>,
    /// The people that the group is part of.
    pub(crate) of: Of,
    /// Whether the group is all of them: then its total is their count.
    pub(crate) is_all: bool,
}

/// People whose count stands elsewhere in the release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// All people with a journey.
    Everyone,
    /// The people of a program.
    Program(usize),
    /// The people of both programs.
    Both(usize, usize),
    /// A group of an earlier tally, by the tally's name and its place there.
    Group(&'static str, usize),
}

/// Columns worked out from protected counts only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Derived {
    /// None.
    Nothing,
    /// Each category's share of the group.
    ShareOfGroup,
    /// The group's share of the people it is part of.
    ShareOfWhole,
}

/// How a table is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Chart {
    /// As a table only.
    #[default]
    Table,
    /// A bar for each group, its categories stacked.
    Bars,
    /// A step line for each group over the categories: shares so far, of those at risk.
    Curves,
    /// An area for each category over the groups, which are periods.
    Months,
    /// The commonest sets of programs, as an UpSet plot; a group is a set, its label the
    /// programs joined by " + ".
    Upset,
    /// The change of each group: declined to the left, improved to the right.
    Change,
    /// A point for each group with the share of its first category.
    Points,
}
