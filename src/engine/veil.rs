//! What an observation leaves possible: a set of joint states of the comparison groups, kept
//! as sums of products so that its probability and its shares are quick to work out.

/// The joint states that an observation leaves possible.
#[derive(Debug, Clone)]
pub(crate) enum Veil {
    /// Seen through tokens: the branches are exclusive.
    Tokens(Vec<Branch>),
    /// Seen in the clear: per group, the states that are possible, as bits.
    Clear(Vec<u64>),
}

/// A sum of products: classes of states of each group, and the combinations of one class per
/// group that are possible. Those that differ in their last class only are one run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Branch {
    /// Group by group, each class's group and its states as bits.
    pub(super) classes: Vec<(u8, u64)>,
    /// Run by run, the places of the classes of all groups but the last.
    pub(super) heads: Vec<u16>,
    /// Run by run, the places of the last group's classes.
    pub(super) tails: Vec<u16>,
    /// Where each run ends in the tails.
    pub(super) ends: Vec<u32>,
}

/// What an observation between two sources leaves possible.
#[derive(Debug, Clone)]
pub(crate) struct Outlook {
    /// Which pair of sources, as an index into the model's.
    pub(crate) between: usize,
    pub(crate) veil: Veil,
}

impl Veil {
    /// The probability of the observation, given each group's state probabilities.
    pub(crate) fn likelihood(&self, states: &[&[f64]]) -> f64 {
        match self {
            Veil::Tokens(branches) => branches
                .iter()
                .map(|branch| {
                    let sums = branch.sums(states);
                    let run = |(head, tail)| product(head, &sums) * total(tail, &sums);
                    branch.runs().map(run).sum::<f64>()
                })
                .sum(),
            Veil::Clear(possible) => {
                possible.iter().zip(states).map(|(&set, p)| sum(set, p)).product()
            }
        }
    }

    /// Adds `weight`, shared out over the possible states in proportion to their
    /// probability, to each group's counts.
    pub(crate) fn share_out(&self, states: &[&[f64]], weight: f64, counts: &mut [Vec<f64>]) {
        if weight <= 0.0 {
            return;
        }
        let branches = match self {
            Veil::Tokens(branches) => branches,
            Veil::Clear(possible) => {
                if self.likelihood(states) <= 0.0 {
                    return;
                }
                for ((&set, p), counts) in possible.iter().zip(states).zip(counts) {
                    let scale = weight / sum(set, p);
                    for s in ones(set) {
                        counts[s] += scale * p[s];
                    }
                }
                return;
            }
        };
        let shares: Vec<(Vec<f64>, Vec<f64>, f64)> =
            branches.iter().map(|branch| branch.shares(states)).collect();
        let all: f64 = shares.iter().map(|(_, _, all)| all).sum();
        if all <= 0.0 {
            return;
        }
        for (branch, (sums, shares, _)) in branches.iter().zip(shares) {
            for ((&(group, class), share), sum) in branch.classes.iter().zip(shares).zip(sums) {
                if sum <= 0.0 {
                    continue;
                }
                let scale = weight * share / (all * sum);
                let (states, counts) =
                    (states[usize::from(group)], &mut counts[usize::from(group)]);
                for s in ones(class) {
                    counts[s] += scale * states[s];
                }
            }
        }
    }

    /// The states of a group that it leaves possible.
    pub(super) fn possible(&self, group: usize) -> u64 {
        let of = |branch: &Branch| {
            let places = branch.heads.iter().chain(&branch.tails);
            let classes = places.map(|&place| branch.classes[usize::from(place)]);
            let here = classes.filter(|&(of, _)| usize::from(of) == group);
            here.fold(0, |set, (_, class)| set | class)
        };
        match self {
            Veil::Tokens(branches) => branches.iter().map(of).fold(0, |all, set| all | set),
            Veil::Clear(possible) => possible[group],
        }
    }
}

/// The probability of a set of states.
fn sum(set: u64, p: &[f64]) -> f64 {
    ones(set).map(|s| p[s]).sum()
}

/// The probability of one class of each of several groups.
fn product(places: &[u16], sums: &[f64]) -> f64 {
    places.iter().map(|&place| sums[usize::from(place)]).product()
}

/// The probability of several classes of one group.
fn total(places: &[u16], sums: &[f64]) -> f64 {
    places.iter().map(|&place| sums[usize::from(place)]).sum()
}

impl Branch {
    /// Run by run, the places of its head and of its tail.
    fn runs(&self) -> impl Iterator<Item = (&[u16], &[u16])> {
        let head = self.heads.len() / self.ends.len().max(1);
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).enumerate().map(move |(run, (start, &end))| {
            (&self.heads[run * head..][..head], &self.tails[start as usize..end as usize])
        })
    }

    /// The probability of each class.
    fn sums(&self, states: &[&[f64]]) -> Vec<f64> {
        self.classes.iter().map(|&(group, class)| sum(class, states[usize::from(group)])).collect()
    }

    /// The probability of each class, that of the combinations it is in, and that of all.
    fn shares(&self, states: &[&[f64]]) -> (Vec<f64>, Vec<f64>, f64) {
        let sums = self.sums(states);
        let mut shares = vec![0.0; sums.len()];
        let mut all = 0.0;
        for (head, tail) in self.runs() {
            let (before, behind) = (product(head, &sums), total(tail, &sums));
            for &place in head {
                shares[usize::from(place)] += before * behind;
            }
            for &place in tail {
                shares[usize::from(place)] += before * sums[usize::from(place)];
            }
            all += before * behind;
        }
        (sums, shares, all)
    }
}

/// The positions of the bits that are set.
pub(crate) fn ones(mut set: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        (set != 0).then(|| {
            let bit = set.trailing_zeros() as usize;
            set &= set - 1;
            bit
        })
    })
}
