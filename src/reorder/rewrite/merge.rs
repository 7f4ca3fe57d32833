//! `apt-get update` in a RUN of its own: its layer is found again while the install after it changes, and then the
//! lists are stale.

use super::{Rewrite, Site};
use crate::dockerfile::ast::{CommandLine, InstructionKind};
use crate::reorder::MoveKind;

/// Finds an update that stands right before its install.
pub(super) fn find(site: &Site<'_>) -> Option<Rewrite> {
    let next = site.instructions().get(site.index + 1)?;
    let InstructionKind::Run(install) = &next.kind else { return None };
    let (CommandLine::Shell(update), CommandLine::Shell(text)) = (&site.run.command, &install.command) else {
        return None;
    };
    let is_plain = |run: &crate::dockerfile::ast::Run| {
        run.mounts.is_empty() && run.network.is_none() && run.security.is_none() && run.heredocs.is_empty()
    };
    let words: Vec<&str> = update.split_whitespace().collect();
    let is_update = matches!(words[..], ["apt-get" | "apt", ref rest @ ..]
        if rest.iter().filter(|word| !word.starts_with('-')).eq(["update"].iter()));
    let installs = [
        "apt-get install",
        "apt install",
        "apt-get -y install",
        "apt-get -qq install",
        "apt-get -yqq install",
    ]
    .iter()
    .any(|start| text.trim_start().starts_with(start));
    if !(is_update && installs && is_plain(site.run) && is_plain(install) && next.comments.is_empty()) {
        return None;
    }
    let (head, update) = site.written()?;
    let (_, command) = super::segments::head_and_command(&site.draft.dockerfile.text[next.span.clone()])?;
    Some(Rewrite {
        kind: MoveKind::MergeUpdate,
        stage: site.stage,
        replaced: site.index..site.index + 2,
        text: format!("{head} {update} && {command}"),
        name: format!("run `{}` and the install after it in one RUN", update.trim()),
        why: "the same commands run in the same order, one right after the other. Apart, the update is found in the cache while the install changes, and then installs from old lists, or fails".to_owned(),
        proven: true,
        always: true,
        finer: false,
    })
}
