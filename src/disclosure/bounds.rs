//! What a reader can work out: for each unknown count, the least and the greatest value that
//! all published sums allow, by linear programming.
//!
//! The solver computes in floating point, so what it says is used one way only. That a count
//! *can* take a value is believed of a whole-number point that satisfies every sum in
//! whole-number arithmetic ([`System::reach`]). That it *cannot* only makes the program more
//! careful: more is withheld, or a finding is reported ([`System::bounds`]).
//!
//! Counts that no chain of sums ties together are solved apart.

use microlp::{
    ComparisonOp, Error, LinearExpr, OptimizationDirection, Problem, SolveOptions, SolveOutcome,
};

/// The least and the greatest value of an unknown count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// No less.
    pub least: u64,
    /// No more; None where nothing limits it.
    pub greatest: Option<u64>,
}

impl Bounds {
    /// How far apart the two are; None where nothing limits it.
    pub fn width(self) -> Option<u64> {
        self.greatest.map(|most| most.saturating_sub(self.least))
    }
}

/// Published sums that no counts satisfy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contradiction;

/// Which end of a count's interval is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The least value, though no less than this.
    Least(i64),
    /// The greatest value, though no more than this.
    Greatest(i64),
}

/// Unknown counts, none below nought, and the sums that are known of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct System {
    unknowns: usize,
    /// Each is Σ factor × unknown = a number.
    sums: Vec<(Vec<(usize, i64)>, i64)>,
}

/// What the solver says.
enum Answer {
    /// The best point.
    Point(Vec<f64>),
    /// There is none: the sums contradict each other.
    None,
    /// There is no limit.
    Unlimited,
    /// It could not say.
    Unknown,
}

impl System {
    /// Nodes of a search for whole numbers before it is given up.
    const NODES: u64 = 32;
    /// How far from a whole number the solver's whole numbers may be.
    const NEAR: f64 = 1e-5;

    /// A system of so many unknown counts.
    pub fn new(unknowns: usize) -> Self {
        System { unknowns, sums: Vec::new() }
    }

    /// Declares that Σ factor × unknown is this number. Each unknown stands once in a sum.
    pub fn sum(&mut self, terms: Vec<(usize, i64)>, is: i64) {
        self.sums.push((terms, is));
    }

    /// A whole-number point that satisfies every sum and takes one unknown as far as it goes,
    /// where one is found.
    pub fn reach(&self, unknown: usize, end: End) -> Option<Vec<i64>> {
        let Answer::Point(point) = self.solve(unknown, end, Numbers::Real) else { return None };
        self.whole(&point).or_else(|| match self.solve(unknown, end, Numbers::Whole) {
            Answer::Point(point) => self.whole(&point),
            Answer::None | Answer::Unlimited | Answer::Unknown => None,
        })
    }

    /// The bounds of each unknown that are narrower than `width`; None where they are at least
    /// so wide. Bounds are those of real numbers, drawn in to whole ones. An unknown that the
    /// solver cannot bound is in the second list.
    ///
    /// # Errors
    /// When no counts satisfy the sums.
    pub fn bounds(&self, width: u64) -> Result<(Vec<Option<Bounds>>, Vec<usize>), Contradiction> {
        let mut narrow = vec![None; self.unknowns];
        let mut unsure = Vec::new();
        for (part, system) in self.parts() {
            let mut seen: Vec<Option<(i64, i64)>> = vec![None; part.len()];
            for (i, &unknown) in part.iter().enumerate() {
                let is_wide = |seen: Option<(i64, i64)>| {
                    seen.is_some_and(|(least, most)| most.abs_diff(least) >= width)
                };
                let mut ends = [None; 2];
                for (found, end) in ends.iter_mut().zip([End::Least(0), End::Greatest(i64::MAX)]) {
                    if is_wide(seen[i]) {
                        break;
                    }
                    *found = Some(match system.solve(i, end, Numbers::Real) {
                        Answer::Point(point) => {
                            if let Some(whole) = system.whole(&point) {
                                for (seen, value) in seen.iter_mut().zip(whole) {
                                    let (least, most) = seen.unwrap_or((value, value));
                                    *seen = Some((least.min(value), most.max(value)));
                                }
                            }
                            Some(point[i])
                        }
                        Answer::None => return Err(Contradiction),
                        Answer::Unlimited => None,
                        Answer::Unknown => {
                            unsure.push(unknown);
                            break;
                        }
                    });
                }
                if let ([Some(Some(least)), Some(most)], false) = (ends, is_wide(seen[i])) {
                    let bounds = Bounds {
                        least: (least - Self::NEAR).ceil().max(0.0) as u64,
                        greatest: most.map(|most| (most + Self::NEAR).floor().max(0.0) as u64),
                    };
                    narrow[unknown] =
                        Some(bounds).filter(|b| b.width().is_some_and(|wide| wide < width));
                }
            }
        }
        Ok((narrow, unsure))
    }

    /// The unknowns that sums tie together, directly or through others, and those sums.
    fn parts(&self) -> Vec<(Vec<usize>, System)> {
        let mut group: Vec<usize> = (0..self.unknowns).collect();
        for (terms, _) in &self.sums {
            for pair in terms.windows(2) {
                let (a, b) = (top(&mut group, pair[0].0), top(&mut group, pair[1].0));
                group[a.max(b)] = a.min(b);
            }
        }
        let mut parts: Vec<(Vec<usize>, System)> = Vec::new();
        let mut place = vec![(0, 0); self.unknowns];
        for i in 0..self.unknowns {
            // The first of a group stands at its top, so the top has its part already.
            let first = top(&mut group, i);
            let part = if first == i { parts.len() } else { place[first].0 };
            if first == i {
                parts.push((Vec::new(), System::default()));
            }
            let (unknowns, system) = &mut parts[part];
            place[i] = (part, unknowns.len());
            unknowns.push(i);
            system.unknowns += 1;
        }
        for (terms, is) in &self.sums {
            let Some((first, _)) = terms.first() else { continue };
            let inside = terms.iter().map(|&(i, factor)| (place[i].1, factor)).collect();
            parts[place[*first].0].1.sum(inside, *is);
        }
        parts
    }

    fn solve(&self, unknown: usize, end: End, numbers: Numbers) -> Answer {
        let (direction, least, most) = match end {
            End::Least(no_less) => (OptimizationDirection::Minimize, no_less.max(0), i64::MAX),
            End::Greatest(no_more) => (OptimizationDirection::Maximize, 0, no_more),
        };
        let mut problem = Problem::new(direction);
        let variables: Vec<_> = (0..self.unknowns)
            .map(|i| {
                let is_it = i == unknown;
                let (least, most) = if is_it { (least, most) } else { (0, i64::MAX) };
                let worth = f64::from(u8::from(is_it));
                match numbers {
                    Numbers::Real if most == i64::MAX => {
                        problem.add_var(worth, (least as f64, f64::INFINITY))
                    }
                    Numbers::Real => problem.add_var(worth, (least as f64, most as f64)),
                    Numbers::Whole => {
                        let int = |n: i64| i32::try_from(n).unwrap_or(i32::MAX);
                        problem.add_integer_var(worth, (int(least), int(most)))
                    }
                }
            })
            .collect();
        for (terms, is) in &self.sums {
            let mut sum = LinearExpr::empty();
            for &(unknown, factor) in terms {
                sum.add(variables[unknown], factor as f64);
            }
            problem.add_constraint(sum, ComparisonOp::Eq, *is as f64);
        }
        let mut options = SolveOptions::default();
        options.node_limit = Some(Self::NODES);
        match problem.solve_with(options) {
            Ok(SolveOutcome::Solution(solution)) => {
                Answer::Point(variables.iter().map(|&v| solution.var_value(v)).collect())
            }
            Ok(SolveOutcome::Interrupted(_)) => Answer::Unknown,
            Err(Error::Infeasible) => Answer::None,
            Err(Error::Unbounded) => Answer::Unlimited,
            Err(_) => Answer::Unknown,
        }
    }

    /// A point in whole numbers, where it is one and satisfies every sum.
    fn whole(&self, point: &[f64]) -> Option<Vec<i64>> {
        let whole = |x: &f64| {
            let near = x.round();
            let fits = (x - near).abs() <= Self::NEAR && (0.0..9e15).contains(&near);
            fits.then_some(near as i64)
        };
        let point: Vec<i64> = point.iter().map(whole).collect::<Option<_>>()?;
        let holds = |(terms, is): &(Vec<(usize, i64)>, i64)| {
            let sum: i128 = terms.iter().map(|&(i, f)| i128::from(f) * i128::from(point[i])).sum();
            sum == i128::from(*is)
        };
        self.sums.iter().all(holds).then_some(point)
    }
}

/// The unknown that stands for a group.
fn top(group: &mut [usize], mut i: usize) -> usize {
    while group[i] != i {
        group[i] = group[group[i]];
        i = group[i];
    }
    i
}

/// Among which numbers the solver looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Numbers {
    Real,
    Whole,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(least: u64, greatest: u64) -> Option<Bounds> {
        Some(Bounds { least, greatest: Some(greatest) })
    }

    /// A two-by-two table with all totals known: a + b = 10, c + d = 5, a + c = 4, b + d = 11.
    fn square() -> System {
        let mut system = System::new(4);
        for (a, b, is) in [(0, 1, 10), (2, 3, 5), (0, 2, 4), (1, 3, 11)] {
            system.sum(vec![(a, 1), (b, 1)], is);
        }
        system
    }

    #[test]
    fn bounds_are_those_worked_out_by_hand() {
        // a is 0 to 4: c = 4 - a, b = 10 - a, d = 1 + a.
        let narrow = vec![bounds(0, 4), bounds(6, 10), bounds(0, 4), bounds(1, 5)];
        assert_eq!(square().bounds(5), Ok((narrow, vec![])));
        assert_eq!(square().bounds(4), Ok((vec![None; 4], vec![])));
    }

    #[test]
    fn what_nothing_limits_is_wide_and_a_difference_is_exact() {
        let mut system = System::new(4);
        system.sum(vec![(0, 1), (1, -1)], 3);
        system.sum(vec![(2, 1)], 7);
        let (narrow, unsure) = system.bounds(1).expect("consistent");
        assert_eq!((narrow, unsure), (vec![None, None, bounds(7, 7), None], vec![]));
    }

    #[test]
    fn contradictions_are_told() {
        let mut system = square();
        system.sum(vec![(0, 1)], 5);
        assert_eq!(system.bounds(3), Err(Contradiction));
    }

    #[test]
    fn the_ends_are_reached_in_whole_numbers() {
        let system = square();
        assert_eq!(system.reach(0, End::Greatest(100)), Some(vec![4, 6, 0, 5]));
        assert_eq!(system.reach(0, End::Greatest(2)), Some(vec![2, 8, 2, 3]));
        assert_eq!(system.reach(3, End::Least(0)), Some(vec![0, 10, 4, 1]));
        // Three pairs of three: real numbers go to a half, whole ones cannot.
        let mut odd = System::new(3);
        for (a, b) in [(0, 1), (1, 2), (0, 2)] {
            odd.sum(vec![(a, 1), (b, 1)], 1);
        }
        assert_eq!(odd.reach(0, End::Greatest(10)), None);
    }
}
