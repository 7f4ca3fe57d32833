//! The names that `--skip` and `--take` are given: what there is none of is told, not passed over.

use std::collections::BTreeSet;

use anyhow::bail;

use super::{Proposed, Proposer};
use crate::reorder::{MoveKind, Offer, Proposal};

/// What is left out, and what is taken.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    pub(super) skip: BTreeSet<String>,
    pub(super) take: BTreeSet<String>,
}

impl Names {
    pub(super) fn new(skip: &[String], take: &[String]) -> Self {
        let set = |names: &[String]| names.iter().map(|name| name.trim().to_owned()).collect();
        Self { skip: set(skip), take: set(take) }
    }

    /// Proposes with these names.
    ///
    /// # Errors
    /// A name is neither a kind nor the id of a move or an offer, or it is that of an advice, which nothing can take.
    pub(super) fn propose(&self, proposer: &Proposer<'_>) -> anyhow::Result<Proposed> {
        let kinds: Vec<&str> = MoveKind::ALL.iter().map(|kind| kind.name()).collect();
        let is_kind = |name: &String| kinds.contains(&name.as_str());
        for name in self.take.iter().filter(|name| is_kind(name)) {
            if !MoveKind::TAKEABLE.iter().any(|kind| kind.name() == name) {
                let able: Vec<&str> = MoveKind::TAKEABLE.iter().map(|kind| kind.name()).collect();
                bail!(
                    "--take: offers of the kind {name} cannot be taken; those of these can: {}",
                    able.join(", ")
                );
            }
        }
        // Some are there only once others are left out or taken.
        let (mut skip, mut take): (BTreeSet<String>, BTreeSet<String>) = (
            self.skip.iter().filter(|name| is_kind(name)).cloned().collect(),
            self.take.iter().filter(|name| is_kind(name)).cloned().collect(),
        );
        let (mut left_out, mut to_take) = (rest(&self.skip, &skip), rest(&self.take, &take));
        loop {
            let proposed = proposer.propose(&skip, &take);
            if left_out.is_empty() && to_take.is_empty() {
                return Ok(proposed);
            }
            let proposal = &proposed.proposal;
            let there = all(proposal);
            let whole: Vec<&str> = proposal
                .offered
                .iter()
                .filter(|offer| offer.is_whole())
                .map(|offer| offer.id.as_str())
                .collect();
            let known = skip.len() + take.len();
            skip.extend(left_out.iter().filter(|id| there.contains(&id.as_str())).cloned());
            take.extend(to_take.iter().filter(|id| whole.contains(&id.as_str())).cloned());
            (left_out, to_take) = (rest(&left_out, &skip), rest(&to_take, &take));
            if known == skip.len() + take.len() {
                if let Some(id) = left_out.first() {
                    bail!("--skip: there is no move or offer {id:?}; {}", listed(&there));
                }
                if let Some(advice) = proposal.offered.iter().find(|offer| to_take.contains(&offer.id)) {
                    bail!("--take: {} is an advice, which is not written out; {}", advice.id, listed(&whole));
                }
                if let Some(id) = to_take.first() {
                    bail!("--take: there is no offer {id:?}; {}", listed(&whole));
                }
            }
        }
    }

    /// The kinds that are to be taken and of which nothing was offered.
    pub(super) fn idle(&self, proposal: &Proposal) -> Vec<&String> {
        let is_taken = |name: &&String| proposal.taken.iter().any(|taken| taken.kind.name() == name.as_str());
        let kinds =
            self.take.iter().filter(|name| MoveKind::ALL.iter().any(|kind| kind.name() == name.as_str()));
        kinds.filter(|name| !is_taken(name)).collect()
    }
}

fn rest(names: &BTreeSet<String>, done: &BTreeSet<String>) -> BTreeSet<String> {
    names.difference(done).cloned().collect()
}

fn all(proposal: &Proposal) -> Vec<&str> {
    let moves = proposal.moves.iter().map(|made| made.id.as_str());
    let taken = proposal.taken.iter().map(|taken| taken.id.as_str());
    let offered = proposal.offered.iter().map(|offer: &Offer| offer.id.as_str());
    moves.chain(taken).chain(offered).collect()
}

fn listed(ids: &[&str]) -> String {
    if ids.is_empty() { "there is none".to_owned() } else { format!("there are {}", ids.join(", ")) }
}
