//! What a reader can work out: for each unknown count, the least and the greatest value that
//! all published sums allow, by linear programming.
//!
//! The solver computes in floating point, so what it says is used one way only. That a count
//! *can* take a value is believed of a whole-number point that satisfies every sum in
//! whole-number arithmetic ([`System::reach`]). That it *cannot* only makes the program more
//! careful: more is withheld, or a finding is reported ([`System::rooms`]).
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
    /// No more.
    pub greatest: u64,
}

impl Bounds {
    /// How far apart the two are.
    pub fn width(self) -> u64 {
        self.greatest.saturating_sub(self.least)
    }
}

/// What all sums leave open for an unknown count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// An interval as wide as was asked for, or wider.
    Wide,
    /// A narrower one.
    Narrow(Bounds),
    /// The solver could not say.
    Unknown,
    /// Nothing: no counts satisfy the sums it stands in.
    Torn,
}

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

    /// What the sums leave open for each unknown, told apart where it is narrower than
    /// `width`. Bounds are those of real numbers, drawn in to whole ones.
    pub fn rooms(&self, width: u64) -> Vec<Room> {
        let mut rooms = vec![Room::Wide; self.unknowns];
        for (part, system) in self.parts() {
            let mut seen = vec![None; part.len()];
            for (i, &unknown) in part.iter().enumerate() {
                rooms[unknown] = system.room(i, width, &mut seen);
                if rooms[unknown] == Room::Torn {
                    part.iter().for_each(|&other| rooms[other] = Room::Torn);
                    break;
                }
            }
        }
        rooms
    }

    /// What the sums leave open for one unknown. `seen` holds the least and the greatest
    /// value of each unknown in the points met so far, which mostly spares solving.
    fn room(&self, unknown: usize, width: u64, seen: &mut [Option<(i64, i64)>]) -> Room {
        let mut ends = [0.0; 2];
        for (at, end) in ends.iter_mut().zip([End::Least(0), End::Greatest(i64::MAX)]) {
            if seen[unknown].is_some_and(|(least, most)| most.abs_diff(least) >= width) {
                return Room::Wide;
            }
            match self.solve(unknown, end, Numbers::Real) {
                Answer::Point(point) => {
                    *at = point[unknown];
                    for (seen, value) in seen.iter_mut().zip(self.whole(&point).unwrap_or_default())
                    {
                        let (least, most) = seen.unwrap_or((value, value));
                        *seen = Some((least.min(value), most.max(value)));
                    }
                }
                Answer::None => return Room::Torn,
                Answer::Unlimited => return Room::Wide,
                Answer::Unknown => return Room::Unknown,
            }
        }
        let bounds = Bounds {
            least: (ends[0] - Self::NEAR).ceil().max(0.0) as u64,
            greatest: (ends[1] + Self::NEAR).floor().max(0.0) as u64,
        };
        if bounds.width() < width { Room::Narrow(bounds) } else { Room::Wide }
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

    fn narrow(least: u64, greatest: u64) -> Room {
        Room::Narrow(Bounds { least, greatest })
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
        let rooms = [narrow(0, 4), narrow(6, 10), narrow(0, 4), narrow(1, 5)];
        assert_eq!(square().rooms(5), rooms);
        assert_eq!(square().rooms(4), [Room::Wide; 4]);
    }

    #[test]
    fn what_nothing_limits_is_wide_and_a_difference_is_exact() {
        let mut system = System::new(4);
        system.sum(vec![(0, 1), (1, -1)], 3);
        system.sum(vec![(2, 1)], 7);
        assert_eq!(system.rooms(1), [Room::Wide, Room::Wide, narrow(7, 7), Room::Wide]);
    }

    #[test]
    fn sums_that_contradict_each_other_tear_what_they_tie_together_only() {
        let mut system = square();
        system.unknowns += 1;
        system.sum(vec![(0, 1)], 5);
        system.sum(vec![(4, 1)], 2);
        let torn = Room::Torn;
        assert_eq!(system.rooms(3), [torn, torn, torn, torn, narrow(2, 2)]);
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
