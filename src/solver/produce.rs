//! The result of a vertex: its identity, and what is known of the files that it puts out.

use std::sync::{Arc, Mutex, OnceLock};

use super::Id;
use super::dependency::selector;
use super::lookup::Match;
use super::output::{Output, Piece};
use super::place::Place;
use super::prediction::{Assumption, Status};
use super::prepared::Prepared;
use super::recall::Basis;
use super::runs::RunOutput;
use super::solve::Solver;
use super::solved::Solved;
use super::store::{Addition, InputKeys, Kept, Record};
use crate::context::select::{Landed, Memo};
use crate::context::{Digest, Entry, Selector, path};
use crate::graph::{Action, Op, Source, Vertex, VertexId};

impl Solver<'_, '_> {
    /// What is known of a source.
    pub(super) fn source(&mut self, at: VertexId, source: &Source) -> Arc<Solved> {
        let basis = |out| Basis { out, shaky: false, mounts: Digest::default(), inputs: Vec::new() };
        let (id, output, certain, reference) = match source {
            Source::Context { name } => {
                let tree = match name {
                    None => self.contexts.main.clone(),
                    Some(n) => self.contexts.named.get(n).cloned().unwrap_or_default(),
                };
                // Its definition never repeats: what takes from it is found by content alone.
                let id = Digest::of_parts([&b"context"[..], name.as_deref().unwrap_or_default().as_bytes()]);
                let make = || Output::new(None, Piece::Known(tree.clone()));
                (id, self.recall.output(at, basis(tree.digest()), make), true, None)
            }
            Source::Image { digest, platform, .. } => {
                let id = Digest::of_parts([b"image", digest.as_bytes(), platform.format().as_bytes()]);
                (id, self.recall.output(at, basis(id), || opaque(id, false)), true, None)
            }
            Source::Http { url, checksum, filename } => {
                let id = Digest::of_parts([
                    &b"http"[..],
                    url.as_bytes(),
                    checksum.as_deref().unwrap_or_default().as_bytes(),
                    filename.as_bytes(),
                ]);
                let output = self.recall.output(at, basis(id), || opaque(id, checksum.is_none()));
                (id, output, checksum.is_some(), Some(url.clone()))
            }
            Source::Git { reference, checksum, keep_git_dir } => {
                let fixed = checksum.is_some() || names_a_commit(reference);
                let id = Digest::of_parts([
                    &b"git"[..],
                    reference.as_bytes(),
                    checksum.as_deref().unwrap_or_default().as_bytes(),
                    &[u8::from(*keep_git_dir)],
                ]);
                let output = self.recall.output(at, basis(id), || opaque(id, !fixed));
                (id, output, fixed, Some(reference.clone()))
            }
        };
        let is_context = matches!(source, Source::Context { .. });
        let known = is_context || self.store.knows_source(id);
        let status = if known { Status::Cached } else { Status::Executed };
        if let Some(then) = self.recall.source(at)
            && (then.id, then.status) == (id, status)
            && then.output.is(&output)
        {
            return Arc::clone(then);
        }
        let solved = Arc::new(Solved {
            status,
            id,
            output,
            certain,
            assumption: reference.filter(|_| !certain).map(|reference| Assumption::Upstream { reference }),
            others: Vec::new(),
            remade: false,
            result: Kept::Yes,
            taken: Arc::default(),
            adds: (!is_context).then_some(Addition::Source(id)),
        });
        self.recall.keep_solved(at, &solved, Vec::new(), None);
        solved
    }

    /// The result of a vertex, found or made.
    pub(super) fn built(&mut self, at: VertexId, vertex: &Vertex, m: Match) -> Solved {
        let forced = self.forced.contains(&at);
        let runs = m.ignore || forced || m.found.is_none();
        let id = m.found.as_ref().map_or_else(|| new_id(m.op, &m.keys), |r| r.id);
        let known = m.found.is_some() || self.store.record(id).is_some();
        let out = match &m.found {
            Some(r) if !runs => r.output,
            // Run once more under the identity it had: what comes out is taken to differ.
            _ if known => Digest::of_parts([&id.0[..], &self.store.builds().to_le_bytes()]),
            _ => id,
        };
        let certain = m.ignore || m.level.certain();
        // Of what runs without a look-up, BuildKit hands on no definition key before it has run; who takes its
        // content then goes by content alone (`history-nocache-filter`).
        let remade = m.ignore && known;
        let result = if runs { Kept::Yes } else { m.found.as_ref().map_or(Kept::Yes, |r| r.result) };
        let output = self.output(at, vertex, out, &m, !certain);
        let status = if runs { Status::Executed } else { Status::Cached };
        let made = match self.store.record(id) {
            Some(r) if !runs => r.made,
            _ => self.store.builds() + 1,
        };
        let record = Record { op: m.op, id, output: out, made, result, inputs: m.keys };
        Solved {
            status,
            id,
            output,
            certain,
            assumption: if certain { None } else { m.assumption },
            others: m.others,
            remade,
            result,
            taken: m.taken,
            adds: Some(Addition::Record(Arc::new(record))),
        }
    }

    /// What a vertex puts out; the very output of the solve before where it rests on the same.
    fn output(&mut self, at: VertexId, vertex: &Vertex, out: Digest, m: &Match, shaky: bool) -> Output {
        // Of a RUN's mounts only the content counts.
        let counts = |n: usize| match &vertex.op {
            Op::Exec(exec) => exec.mounts.iter().any(|mount| mount.output && mount.input == Some(n)),
            _ => true,
        };
        let inputs = vertex.inputs.iter().enumerate().filter(|(n, _)| counts(*n));
        let inputs = inputs.map(|(_, &input)| self.done[input].output.clone()).collect();
        let mounts = match &vertex.op {
            Op::Exec(_) => Digest::of_parts(m.taken.iter().flatten().map(|t| &t.key.guess.0[..])),
            _ => Digest::default(),
        };
        let basis = Basis { out, shaky, mounts, inputs };
        let make = Maker { done: &self.done, prepared: self.prepared };
        self.recall.output(at, basis, || make.output(at, vertex, out, mounts, shaky))
    }
}

/// Makes outputs of vertices from those of their inputs.
struct Maker<'a> {
    done: &'a [Arc<Solved>],
    prepared: &'a Prepared,
}

impl Maker<'_> {
    fn output(&self, at: VertexId, vertex: &Vertex, out: Digest, mounts: Digest, shaky: bool) -> Output {
        let below = |n: Option<usize>| n.map(|n| self.done[vertex.inputs[n]].output.clone());
        match &vertex.op {
            Op::Source(_) => Output::empty(),
            Op::Merge => {
                let landed = self.prepared.vertices[at].landed.iter().map(Arc::clone);
                let mut inputs = vertex.inputs.iter().map(|&i| self.done[i].output.clone()).zip(landed);
                let lower = inputs.next().map(|(lower, _)| lower);
                inputs.fold(lower.unwrap_or_else(Output::empty), |lower, (source, landed)| {
                    let place = Place { dest: String::new(), into: true, owner: None, mode: None };
                    let selector = Selector::default();
                    Output::new(Some(lower), Piece::Copy { source, selector, place, landed })
                })
            }
            Op::File(file) => {
                let base = below(file.base);
                let landed = &self.prepared.vertices[at].landed;
                file.actions
                    .iter()
                    .zip(landed)
                    .fold(base, |base, (action, landed)| Some(self.act(vertex, action, base, landed)))
                    .unwrap_or_else(Output::empty)
            }
            Op::Exec(exec) => {
                let root = exec.mounts.iter().find(|m| m.output).and_then(|m| below(m.input));
                let below = root.unwrap_or_else(Output::empty);
                // Every RUN was made ready as one.
                let Some(run) = &self.prepared.vertices[at].run else { return below };
                let run = RunOutput {
                    output: out,
                    shaky,
                    run: Arc::clone(run),
                    below: below.clone(),
                    mounts,
                    guess: OnceLock::new(),
                };
                Output::new(Some(below), Piece::Run(run))
            }
        }
    }

    fn act(
        &self,
        vertex: &Vertex,
        action: &Action,
        base: Option<Output>,
        landed: &Arc<Mutex<Landed>>,
    ) -> Output {
        let relative = |p: &str| path::clean(p).into_owned();
        match action {
            Action::Mkdir { path, mode, owner, created } => {
                let usual = *mode == 0o755 && owner.is_none() && created.is_none();
                let stamp = (!usual).then(|| Digest::of(format!("{mode} {owner:?} {created:?}").as_bytes()));
                Output::new(base, Piece::Dir(relative(path), stamp))
            }
            Action::Mkfile { path, mode, content } => {
                let entry = Entry::file(*mode, content.as_bytes());
                Output::new(base, Piece::File(relative(path), entry))
            }
            Action::Copy(copy) => {
                let source = copy.input.map(|n| self.done[vertex.inputs[n]].output.clone());
                let source = source.unwrap_or_else(Output::empty);
                let dest = relative(&copy.dest);
                let selector = selector(copy);
                if copy.unpack && looks_like_archive(&copy.selector.path) {
                    let key = source.take(std::slice::from_ref(&selector), &mut Memo::default());
                    let key = key.map_or_else(|_| Digest::default(), |t| t.key.exact);
                    return Output::new(base, Piece::Opaque { at: dest, mark: key, shaky: false });
                }
                let place = Place {
                    dest,
                    into: copy.dest.ends_with('/') || copy.dest.ends_with("/."),
                    owner: copy.owner.as_ref().map(|o| o.0.clone()).filter(|o| !is_root(o)),
                    mode: copy.mode.clone(),
                };
                Output::new(base, Piece::Copy { source, selector, place, landed: Arc::clone(landed) })
            }
        }
    }
}

fn opaque(mark: Digest, shaky: bool) -> Output {
    Output::new(None, Piece::Opaque { at: String::new(), mark, shaky })
}

/// The identity of a result under keys that no record has.
fn new_id(op: Digest, keys: &[InputKeys]) -> Id {
    let parts = keys.iter().flat_map(|k| {
        let definitions = k.definitions.iter().flat_map(|(i, s)| [i.0.to_vec(), s.0.to_vec()]);
        definitions.chain(k.contents.iter().map(|c| c.exact.0.to_vec()))
    });
    let all: Vec<Vec<u8>> = [op.0.to_vec()].into_iter().chain(parts).collect();
    Digest::of_parts(all.iter().map(Vec::as_slice))
}

/// `url#commit` with all 40 digits of a commit.
fn names_a_commit(reference: &str) -> bool {
    let fragment = reference.split_once('#').map_or("", |(_, f)| f);
    let commit = fragment.split(':').next().unwrap_or_default();
    commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit())
}

fn is_root(owner: &str) -> bool {
    matches!(owner, "0" | "root" | "0:0" | "root:root" | "0:root" | "root:0")
}

fn looks_like_archive(path: &str) -> bool {
    let name = path.to_ascii_lowercase();
    [".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst"]
        .iter()
        .any(|e| name.ends_with(e))
}
