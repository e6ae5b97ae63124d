//! An axis from nought to a round number, with round numbers on it.

use super::drawing::px;
use crate::pathways::thousands;

/// What an axis counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    People,
    PerCent,
}

/// An axis of so many pixels.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    unit: Unit,
    step: f64,
    top: f64,
    length: f64,
}

impl Axis {
    /// An axis that holds numbers up to `most`, with about `ticks` steps.
    pub(super) fn new(unit: Unit, most: f64, ticks: f64, length: f64) -> Self {
        let most = match unit {
            Unit::People => most.max(1.0),
            Unit::PerCent => most.clamp(1.0, 100.0),
        };
        let rough = most / ticks;
        let power = 10f64.powf(rough.log10().floor());
        let round = [1.0, 2.0, 5.0, 10.0].into_iter().find(|m| m * power >= rough * 0.999);
        // Half a person is none.
        let step = (round.unwrap_or(10.0) * power).max(1.0);
        // A number just above the last step stands on it, not a step below the top.
        let top = (most / step - 1e-9).ceil().max(1.0) * step;
        let top = if unit == Unit::PerCent { top.min(100.0) } else { top };
        Axis { unit, step, top, length }
    }

    /// How far along a number is.
    pub(super) fn at(&self, number: f64) -> f64 {
        px((number / self.top).clamp(0.0, 1.0) * self.length)
    }

    /// Its numbers: how far along, and how written.
    pub(super) fn ticks(&self) -> Vec<(f64, String)> {
        let steps = (self.top / self.step + 1e-9).floor() as u64;
        let tick = |i: u64| {
            let number = i as f64 * self.step;
            let text = match self.unit {
                Unit::People => thousands(number as u64),
                Unit::PerCent => format!("{number:.0}%"),
            };
            (self.at(number), text)
        };
        (0..=steps).map(tick).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(unit: Unit, most: f64) -> String {
        let ticks = Axis::new(unit, most, 4.0, 100.0).ticks();
        ticks.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn numbers_are_round_and_hold_all() {
        assert_eq!(numbers(Unit::People, 1.0), "0 1");
        assert_eq!(numbers(Unit::People, 13.0), "0 5 10 15");
        assert_eq!(numbers(Unit::People, 1234.0), "0 500 1,000 1,500");
        assert_eq!(numbers(Unit::People, 0.0), "0 1");
        assert_eq!(numbers(Unit::PerCent, 100.0), "0% 50% 100%");
        assert_eq!(numbers(Unit::PerCent, 34.5), "0% 10% 20% 30% 40%");
        assert_eq!(numbers(Unit::PerCent, 0.0), "0% 1%");
    }

    #[test]
    fn every_number_has_a_place_on_it() {
        let axis = Axis::new(Unit::PerCent, 80.0, 4.0, 200.0);
        assert_eq!(axis.at(0.0), 0.0);
        assert_eq!(axis.at(40.0), 100.0);
        assert_eq!(axis.at(1000.0), 200.0);
    }
}
