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
    /// What else ties its counts to others: to be declared wherever a reader could subtract.
    pub(crate) ties: Vec<Tie>,
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
    /// The people (or episodes) that the group is part of.
    pub(crate) of: Of,
    /// Whether the group is all of them: then its total is their count.
    pub(crate) is_all: bool,
}

impl Group {
    /// How many units it has.
    pub(crate) fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// A group of which nothing is counted yet.
    pub(crate) fn empty(labels: Vec<String>, categories: usize, of: Of, is_all: bool) -> Self {
        let counts = vec![0; categories];
        Group { labels, counts, keys: Vec::new(), contributions: Vec::new(), of, is_all }
    }
}

/// Counts of a tally that share nobody, and that together are people counted elsewhere or part
/// of them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tie {
    /// The group and the category of each.
    pub(crate) parts: Vec<(usize, usize)>,
    /// Counts that share nobody; the tally's own may be among them.
    pub(crate) wholes: Vec<Of>,
    /// Whether nobody of the wholes is left over.
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
    /// The people whose journey begins with a program.
    Entry(usize),
    /// The people who went at least once straight from the first program to the second.
    Moves(usize, usize),
    /// The people who used so many programs; so many or more, where the table stops there.
    Number(usize),
    /// The people who used exactly these programs (bits), where that can be worked out.
    Set(u32),
    /// The people of one of the commonest paths ([`super::measure::Measures::commonest`]),
    /// where the release shows it; else nothing is told of the group.
    Path(usize),
    /// The episodes of a program, which are no people.
    Episodes(usize),
    /// The people with more than one row in the maps.
    MoreRows,
    /// The people with one row in the maps.
    OneRow,
    /// A group of an earlier tally, or an earlier one of this, by the tally's name and its
    /// place there.
    Group(&'static str, usize),
    /// One count of an earlier tally, or of this one: its name, the group, the category.
    Count(&'static str, usize, usize),
    /// Nobody: what is counted is no people, and part of nothing else that is told.
    Apart,
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
    /// The share of the first category, and whether it differs from that of all others with the
    /// same first label of whom something is recorded: by five points, and by more than chance
    /// would have it. The first group is everyone.
    Compared,
    /// Where the categories are changes, an odd number of them with no change in the middle:
    /// the shares that declined, stayed and improved, and the mean.
    MeanChange,
    /// The share to whom it had happened by the end of each band of time (a life table, which
    /// is Kaplan–Meier by bands). The categories go in pairs, "4–28 days" and its number of
    /// people whose follow-up ended within it; the last stands alone: people followed beyond
    /// every band. Printed with a row for each group and band: at risk at its beginning,
    /// happened, follow-up ended, share so far.
    LifeTable {
        /// What may happen, as a heading: "Started another program".
        event: &'static str,
    },
}

/// How a table is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Chart {
    /// As a table only.
    #[default]
    Table,
    /// A bar for each group, its categories stacked.
    Bars,
    /// A step line for each group over the bands of time; rows that agree in all labels but
    /// the last are one line, the last label is the band, the last cell the share so far.
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
