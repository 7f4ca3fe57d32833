//! What differs between an operation of now and the same step's in the build before.

use super::cause::{Cause, VariableChange};
use crate::graph::{Action, Exec, FileOp, Op, Step};

/// Lists what of the operation itself differs, as causes; none where it is the same to the cache.
pub(super) fn operations(before: (&Op, &Step), after: (&Op, &Step)) -> Vec<Cause> {
    if before.0.cache_digest() == after.0.cache_digest() {
        return Vec::new();
    }
    let reads = (&before.1.label.instruction, &after.1.label.instruction);
    let mut causes = match (before.0, after.0) {
        (Op::Exec(b), Op::Exec(a)) => execs(b, a, reads),
        (Op::File(b), Op::File(a)) => files(b, a),
        _ => Vec::new(),
    };
    if causes.is_empty() {
        causes.push(Cause::Instruction { before: reads.0.clone(), after: reads.1.clone() });
    }
    causes
}

fn execs(b: &Exec, a: &Exec, reads: (&String, &String)) -> Vec<Cause> {
    let mut causes = Vec::new();
    // SHELL is all words but the last, the command.
    let split = |e: &Exec| e.args.split_last().map(|(l, s)| (l.clone(), s.join(" "))).unwrap_or_default();
    let ((b_text, b_shell), (a_text, a_shell)) = (split(b), split(a));
    if b_text != a_text || b.args.len() != a.args.len() {
        let (before, after) =
            if reads.0 == reads.1 { (b_text, a_text) } else { (reads.0.clone(), reads.1.clone()) };
        causes.push(Cause::Instruction { before, after });
    } else if b_shell != a_shell {
        causes.push(setting("shell", &b_shell, &a_shell));
    }
    let changes = variables(&b.env, &a.env);
    if !changes.is_empty() {
        causes.push(Cause::Environment { changes });
    }
    let user = |u: &str| if u.is_empty() { "root".to_string() } else { u.to_string() };
    let or = |o: &Option<String>, d: &str| o.clone().unwrap_or_else(|| d.to_string());
    let or_default = |name: &str| if name.is_empty() { "default".to_string() } else { name.to_string() };
    let kinds = |e: &Exec| {
        e.mounts
            .iter()
            .map(|m| format!("{:?} {} {}", m.kind, m.target, m.readonly))
            .collect::<Vec<_>>()
            .join(", ")
    };
    for (name, before, after) in [
        ("working directory", b.cwd.clone(), a.cwd.clone()),
        ("user", user(&b.user), user(&a.user)),
        ("network", or(&b.network, "default"), or(&a.network, "default")),
        ("security mode", or(&b.security, "sandbox"), or(&a.security, "sandbox")),
        ("host name", or_default(&b.hostname), or_default(&a.hostname)),
        ("devices", b.devices.join(", "), a.devices.join(", ")),
        ("platform", b.platform.format(), a.platform.format()),
        ("secrets", b.secrets.join("; "), a.secrets.join("; ")),
    ] {
        if before != after {
            causes.push(setting(name, &before, &after));
        }
    }
    if causes.is_empty() && kinds(b) != kinds(a) {
        causes.push(setting("mounts", &kinds(b), &kinds(a)));
    }
    causes
}

/// An owner as people write it.
fn named(owner: &str) -> String {
    if owner == "0" { "root".into() } else { owner.to_string() }
}

fn files(b: &FileOp, a: &FileOp) -> Vec<Cause> {
    let owner = |f: &FileOp| match f.actions.first() {
        Some(Action::Mkdir { owner, .. }) => Some(owner.as_ref().map_or("root".to_string(), |o| named(&o.0))),
        _ => None,
    };
    let path = |f: &FileOp| match f.actions.first() {
        Some(Action::Mkdir { path, .. }) => path.clone(),
        _ => String::new(),
    };
    let dests = |f: &FileOp| {
        let dests = f.actions.iter().filter_map(|x| match x {
            Action::Copy(c) => Some(c.dest.clone()),
            _ => None,
        });
        dests.collect::<Vec<_>>().join(", ")
    };
    match (owner(b), owner(a)) {
        (Some(before), Some(after)) if before != after && path(b) == path(a) => {
            vec![setting("user", &before, &after)]
        }
        _ if dests(b) != dests(a) && b.actions.len() == a.actions.len() => {
            // The text may be the same where the working directory moved a relative destination.
            vec![setting("destination", &dests(b), &dests(a))]
        }
        _ => Vec::new(),
    }
}

fn setting(name: &str, before: &str, after: &str) -> Cause {
    Cause::Setting { name: name.into(), before: before.into(), after: after.into() }
}

/// Variables that were added, removed or changed; all that moved, where the order alone differs.
fn variables(before: &[(String, String)], after: &[(String, String)]) -> Vec<VariableChange> {
    let find = |list: &[(String, String)], n: &str| list.iter().find(|(m, _)| m == n).map(|(_, v)| v.clone());
    let mut changes: Vec<VariableChange> = after
        .iter()
        .map(|(n, v)| VariableChange { name: n.clone(), before: find(before, n), after: Some(v.clone()) })
        .filter(|c| c.before != c.after)
        .collect();
    changes.extend(before.iter().filter(|(n, _)| find(after, n).is_none()).map(|(n, v)| VariableChange {
        name: n.clone(),
        before: Some(v.clone()),
        after: None,
    }));
    if changes.is_empty() {
        let moved = before.iter().zip(after).filter(|(b, a)| b.0 != a.0);
        changes.extend(moved.map(|(_, (n, v))| VariableChange {
            name: n.clone(),
            before: Some(v.clone()),
            after: Some(v.clone()),
        }));
    }
    changes
}
