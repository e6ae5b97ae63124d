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

/// A sum of products: per group, classes of states; and the combinations of one class per
/// group that are possible.
#[derive(Debug, Clone)]
pub(crate) struct Branch {
    pub(super) classes: Vec<Vec<u64>>,
    pub(super) combinations: Vec<Vec<u8>>,
}

impl Veil {
    /// The probability of the observation, given each group's state probabilities.
    pub(crate) fn likelihood(&self, states: &[&[f64]]) -> f64 {
        match self {
            Veil::Tokens(branches) => branches
                .iter()
                .map(|branch| {
                    let sums = branch.sums(states);
                    branch.combinations.iter().map(|c| product(c, &sums)).sum::<f64>()
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
        let total = self.likelihood(states);
        if total <= 0.0 || weight <= 0.0 {
            return;
        }
        let branches = match self {
            Veil::Tokens(branches) => branches,
            Veil::Clear(possible) => {
                for ((&set, p), counts) in possible.iter().zip(states).zip(counts) {
                    let scale = weight / sum(set, p);
                    for s in ones(set) {
                        counts[s] += scale * p[s];
                    }
                }
                return;
            }
        };
        for branch in branches {
            let sums = branch.sums(states);
            let mut shares: Vec<Vec<f64>> = sums.iter().map(|g| vec![0.0; g.len()]).collect();
            for combination in &branch.combinations {
                let product = product(combination, &sums);
                for (g, &class) in combination.iter().enumerate() {
                    shares[g][usize::from(class)] += product;
                }
            }
            for (g, classes) in branch.classes.iter().enumerate() {
                for (c, &class) in classes.iter().enumerate() {
                    if sums[g][c] <= 0.0 {
                        continue;
                    }
                    let scale = weight * shares[g][c] / (total * sums[g][c]);
                    for s in ones(class) {
                        counts[g][s] += scale * states[g][s];
                    }
                }
            }
        }
    }
}

/// The probability of a set of states.
fn sum(set: u64, p: &[f64]) -> f64 {
    ones(set).map(|s| p[s]).sum()
}

/// The probability of one combination of classes.
fn product(combination: &[u8], sums: &[Vec<f64>]) -> f64 {
    combination.iter().zip(sums).map(|(&class, group)| group[usize::from(class)]).product()
}

impl Branch {
    fn sums(&self, states: &[&[f64]]) -> Vec<Vec<f64>> {
        self.classes
            .iter()
            .zip(states)
            .map(|(classes, p)| classes.iter().map(|&class| sum(class, p)).collect())
            .collect()
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
