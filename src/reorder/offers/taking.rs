//! Offers that are taken, one after the other, each in the text that the one before left.

use super::sheet::Sheet;
use super::{find, gain, line_edits, named, new_lines};
use crate::dockerfile::ast::Dockerfile;
use crate::reorder::moves::{Attempt, Made, id_of, propose_bare};
use crate::reorder::{MoveKind, Offer, Proposal, Refusal, ReorderInput, ReorderOptions, Taken, rewrite};

/// The order in which kinds are taken: what cuts a stage comes last and takes the flags of a step along.
const ORDER: [MoveKind; 4] =
    [MoveKind::BindMount, MoveKind::CacheMount, MoveKind::LinkCopy, MoveKind::CompileDependencies];

/// Takes what is asked for, offers the rest, and writes both into a proposal whose text the sheet is.
pub(in crate::reorder) fn complete(sheet: Sheet<'_>, made: &[Made], proposal: &mut Proposal) {
    let options = sheet.input.options;
    let start = sheet.seconds;
    let (found, refused) = find(&sheet, true);
    let offers = named(&sheet, &found, &proposal.moves, &[]);
    drop(found);
    proposal.refused.extend(refused);
    let mut wanted: Vec<&Offer> = offers
        .iter()
        .filter(|offer| offer.is_whole() && options.takes(offer.kind, &offer.id))
        .filter(|offer| !options.skips(offer.kind, &offer.id))
        .collect();
    wanted.sort_by_key(|offer| ORDER.iter().position(|kind| *kind == offer.kind));
    proposal.taken = made.iter().filter(|made| !made.proven).map(Made::taken).collect();
    if wanted.is_empty() {
        proposal.offered = offers;
    } else {
        let mut sheet = sheet;
        for offer in &wanted {
            let is_it = |one: &super::Priced<'_>, own: &Offer| {
                own.kind == offer.kind
                    && own.name == offer.name
                    && own.lines == offer.lines
                    && one.after.is_some()
            };
            let (now, _) = find(&sheet, false);
            let told = named(&sheet, &now, &proposal.moves, &[]);
            let place = now.iter().zip(&told).position(|(one, own)| is_it(one, own));
            match place.and_then(|at| now.into_iter().nth(at)) {
                Some(one) => {
                    proposal.taken.push(taken(offer, one.saves.unwrap_or(0.0)));
                    sheet = one.after.unwrap_or(sheet);
                }
                None => proposal.refused.push(Refusal {
                    line: offer.lines.start,
                    what: offer.name.clone(),
                    why: "what was taken before it leaves no place for it".to_owned(),
                }),
            }
        }
        proposal.expected_after = (proposal.expected_after - start + sheet.seconds).max(0.0);
        proposal.text = sheet.draft.dockerfile.text.to_string();
        proposal.offered = named(&sheet, &find(&sheet, true).0, &proposal.moves, &proposal.taken);
        proposal.seconds = sheet.draft.by_line();
    }
    proposal.offered.retain(|offer| !options.skips(offer.kind, &offer.id));
}

fn taken(offer: &Offer, saves: f64) -> Taken {
    Taken {
        id: offer.id.clone(),
        name: offer.name.clone(),
        kind: offer.kind,
        lines: offer.lines.clone(),
        changes: offer.changes.clone(),
        differs: offer.differs.clone(),
        saves,
    }
}

/// Rewrites that cannot be proved to leave the image as it is: each is what would be proposed with it, against what is.
pub(in crate::reorder) fn rewrites(
    attempt: &Attempt<'_>,
    dockerfile: &Dockerfile,
    made: &[Made],
    proposal: &Proposal,
) -> Vec<Offer> {
    let input = attempt.input;
    let found = rewrite::find(&attempt.draft, &attempt.original, input);
    let unproven = found.into_iter().filter(|rewrite| !rewrite.proven);
    unproven
        .filter_map(|rewrite| {
            gain(attempt, &rewrite)?;
            let id = id_of(&rewrite, &attempt.draft, made);
            if input.options.skips(rewrite.kind, &id) {
                return None;
            }
            let mut options: ReorderOptions = input.options.clone();
            options.take.insert(id.clone());
            let with = propose_bare(dockerfile, &ReorderInput { options: &options, ..*input });
            if !with.taken.iter().any(|taken| taken.id == id) {
                return None;
            }
            let own = attempt.draft.replaced(&rewrite).first()?;
            Some(Offer {
                id,
                name: rewrite.name.clone(),
                kind: rewrite.kind,
                lines: attempt.draft.lines_of(own),
                changes: rewrite.why.clone(),
                text: new_lines(&proposal.text, &with.text),
                edits: line_edits(&proposal.text, &with.text),
                differs: Vec::new(),
                saves: Some((proposal.expected_after - with.expected_after).max(0.0)),
            })
        })
        .collect()
}
