//! The weight of one pattern, taken apart: what each comparison group adds to it.
//!
//! The groups are looked at one after the other. Those not looked at yet count, in every kind
//! of pair, as they would among unrelated people, and so for nothing; what changes when the
//! next one is looked at is what that group adds. Where no key ties two groups together that
//! is the weight of the group by itself. The sum is the weight of the pattern, whichever kinds
//! of pairs the model has.

use super::{Between, Model, Pattern};
use crate::engine::space::{Known, Space};
use crate::engine::veil::{Outlooks, Views};

/// What a weight is made of, in bits; the sum is [`Model::weight`].
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    /// log2 of the odds that any pair is the same person, before it is looked at.
    pub(crate) start: f64,
    /// Per comparison group, what is known of it and what it adds.
    pub(crate) groups: Vec<(Known, f64)>,
    /// What it adds that tokens were let out although others could have had them: rarity and
    /// survival.
    pub(crate) rarity: f64,
    /// What the odds gain beside the weight where neither has a match elsewhere.
    pub(crate) alone: f64,
}

impl Model {
    /// Takes the weight of a pattern apart.
    pub(crate) fn parts(
        &self,
        space: &Space,
        between: &[Between],
        outlooks: &Outlooks,
        pattern: &Pattern,
    ) -> Parts {
        let b = pattern.between;
        let survival = self.survival(space, between);
        let views = self.views(space, &between[b]);
        // Of no other pair of sources is anything asked.
        let kinds = |views: &Views<'_>, pattern: &Pattern| {
            let likelihoods = outlooks.likelihoods(&vec![views.clone(); between.len()]);
            self.kinds(between, &likelihoods.all[pattern.outlook], pattern, &survival[b])
        };
        let weight = |views: &Views<'_>, pattern: &Pattern| {
            self.weight(between, pattern, kinds(views, pattern))
        };
        // No key is said to agree, so none is rare or has survived.
        let plain = Pattern { agree: 0, rarity: 1.0, ..pattern.clone() };
        let first = weight(&looked_at(&views, 0), &plain);
        let mut before = first;
        let groups = space
            .known(outlooks, pattern.outlook)
            .into_iter()
            .enumerate()
            .map(|(g, known)| {
                let after = weight(&looked_at(&views, g + 1), &plain);
                (known, after - std::mem::replace(&mut before, after))
            })
            .collect();
        let pairs = between[b].pairs.max(1.0);
        Parts {
            start: (self.expected[b].same.max(f64::MIN_POSITIVE) / pairs).log2(),
            groups,
            rarity: weight(&views, pattern) - before + first,
            alone: kinds(&views, pattern).alone.log2(),
        }
    }
}

/// The same, but for all groups from this one on, which are as among unrelated people.
fn looked_at<'a>(views: &Views<'a>, groups: usize) -> Views<'a> {
    let [_, unrelated, ..] = views;
    views.each_ref().map(|kind| {
        let (seen, rest) = (kind.iter().take(groups), unrelated.iter().skip(groups));
        seen.chain(rest).copied().collect()
    })
}
