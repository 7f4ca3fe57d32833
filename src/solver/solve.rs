//! The solve: for every vertex, whether its result is found or made (cache semantics, section 2).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use super::key::{ContentKey, Id};
use super::level::Level;
use super::output::{Output, Piece, Taken};
use super::place::Place;
use super::prediction::{Assumption, Prediction, Status, StepPrediction, VertexPrediction};
use super::runs::{Declared, RunOutput};
use super::store::{Addition, InputKeys, Kept, Record, Store};
use crate::context::select::Memo;
use crate::context::{Digest, Entry, SelectError, Selector, Tree, path};
use crate::dockerfile::{Diagnostic, DiagnosticKind};
use crate::graph::{Action, CopyAction, FileOp, Graph, Label, MountKind, Op, Source, Vertex, VertexId};

/// What a solve looks at, beside the cache.
#[derive(Debug, Clone, Default)]
pub struct Contexts {
    /// The build context after its ignore file.
    pub main: Tree,
    /// Named contexts by name.
    pub named: BTreeMap<String, Tree>,
}

/// A solved build: the prediction, and what the cache learns when it is counted as built.
#[derive(Debug, Clone)]
pub struct Solution {
    /// The prediction.
    pub prediction: Prediction,
    /// What the build adds to the cache.
    pub additions: Vec<Addition>,
    /// What each vertex put out, as far as it is known.
    pub outputs: Vec<Option<Output>>,
}

/// Predicts the build of a graph.
///
/// `declared` says what users know of RUNs, by vertex. `text` is the Dockerfile's, for messages. A source that is
/// not there ends the prediction with [`Prediction::error`]; the steps before it stand.
pub fn solve(
    graph: &Arc<Graph>,
    contexts: &Contexts,
    store: &Store,
    declared: &BTreeMap<VertexId, Declared>,
    memo: &mut Memo,
    text: &str,
) -> Solution {
    let mut forced = BTreeSet::new();
    loop {
        let mut solver = Solver {
            graph,
            contexts,
            store,
            declared,
            memo,
            text,
            labels: labels(graph),
            forced: &forced,
            done: Vec::with_capacity(graph.vertices.len()),
            needed: BTreeSet::new(),
            decides: BTreeMap::new(),
        };
        let error = solver.run();
        let missing = solver.missing();
        if error.is_some() || missing.is_subset(&forced) {
            return solver.finish(error);
        }
        forced.extend(missing);
    }
}

/// The label by which a vertex is spoken of: its step's, or that of the step it serves.
fn labels(graph: &Graph) -> Vec<Option<Label>> {
    let mut out = vec![None; graph.vertices.len()];
    for step in &graph.steps {
        for v in [Some(step.vertex), step.merge].into_iter().flatten() {
            out[v].get_or_insert_with(|| step.label.clone());
        }
    }
    out
}

struct Solver<'a, 'm> {
    graph: &'a Arc<Graph>,
    contexts: &'a Contexts,
    store: &'a Store,
    declared: &'a BTreeMap<VertexId, Declared>,
    memo: &'m mut Memo,
    text: &'a str,
    labels: Vec<Option<Label>>,
    /// Vertices whose result is needed but was left out of an export: they run, under the identity they had.
    forced: &'a BTreeSet<VertexId>,
    done: Vec<Solved>,
    /// Vertices whose result something needs.
    needed: BTreeSet<VertexId>,
    decides: BTreeMap<(VertexId, usize), (String, Label)>,
}

/// What is known of a vertex once it is solved.
struct Solved {
    status: Status,
    id: Id,
    out: Digest,
    output: Output,
    certain: bool,
    assumption: Option<Assumption>,
    /// Identities that it may have instead.
    others: Vec<Id>,
    /// Ran although its result is known: what it put out need not be what it was.
    remade: bool,
    result: Kept,
    /// Its result may be missing from an import.
    in_doubt: bool,
    /// Found, but reported as run.
    unanchored: bool,
    keys: Vec<InputKeys>,
    content: Vec<Option<ContentKey>>,
    op: Digest,
}

/// How one vertex takes from one input.
struct Dependency {
    vertex: VertexId,
    /// Digest of the paths taken: part of the definition key.
    selected: Digest,
    /// None where only the definition counts.
    selectors: Option<Vec<Selector>>,
}

struct Failure {
    vertex: VertexId,
    error: SelectError,
}

impl Solver<'_, '_> {
    fn run(&mut self) -> Option<Failure> {
        for at in 0..self.graph.vertices.len() {
            match self.vertex(at) {
                Ok(solved) => self.done.push(solved),
                Err(error) => return Some(Failure { vertex: at, error }),
            }
        }
        None
    }

    /// Vertices that were found without a result although something that runs needs it.
    fn missing(&self) -> BTreeSet<VertexId> {
        let mut need = self.needed.clone();
        for (at, done) in self.done.iter().enumerate() {
            if done.status == Status::Executed {
                need.extend(self.graph.vertices[at].inputs.iter().copied());
            }
        }
        need.retain(|&v| self.done[v].result == Kept::No && self.done[v].status == Status::Cached);
        need
    }

    fn vertex(&mut self, at: VertexId) -> Result<Solved, SelectError> {
        let graph = Arc::clone(self.graph);
        let vertex = &graph.vertices[at];
        match &vertex.op {
            Op::Source(source) => Ok(self.source(source)),
            op => {
                let deps = dependencies(vertex);
                let matched = self.look_up(at, op.cache_digest(), &deps, vertex.ignore_cache)?;
                Ok(self.built(at, vertex, matched))
            }
        }
    }

    fn source(&self, source: &Source) -> Solved {
        let (id, output, certain, reference) = match source {
            Source::Context { name } => {
                let tree = match name {
                    None => self.contexts.main.clone(),
                    Some(n) => self.contexts.named.get(n).cloned().unwrap_or_default(),
                };
                // Its definition never repeats: what takes from it is found by content alone.
                let id = Digest::of_parts([&b"context"[..], name.as_deref().unwrap_or_default().as_bytes()]);
                (id, Output::new(None, Piece::Known(tree)), true, None)
            }
            Source::Image { digest, platform, .. } => {
                let id = Digest::of_parts([b"image", digest.as_bytes(), platform.format().as_bytes()]);
                (id, opaque(id, false), true, None)
            }
            Source::Http { url, checksum, filename } => {
                let id = Digest::of_parts([
                    &b"http"[..],
                    url.as_bytes(),
                    checksum.as_deref().unwrap_or_default().as_bytes(),
                    filename.as_bytes(),
                ]);
                (id, opaque(id, checksum.is_none()), checksum.is_some(), Some(url.clone()))
            }
            Source::Git { reference, checksum, keep_git_dir } => {
                let fixed = checksum.is_some() || names_a_commit(reference);
                let id = Digest::of_parts([
                    &b"git"[..],
                    reference.as_bytes(),
                    checksum.as_deref().unwrap_or_default().as_bytes(),
                    &[u8::from(*keep_git_dir)],
                ]);
                (id, opaque(id, !fixed), fixed, Some(reference.clone()))
            }
        };
        let known = self.store.knows_source(id) || matches!(source, Source::Context { .. });
        Solved {
            status: if known { Status::Cached } else { Status::Executed },
            id,
            out: id,
            output,
            certain,
            assumption: reference.filter(|_| !certain).map(|reference| Assumption::Upstream { reference }),
            others: Vec::new(),
            remade: false,
            result: Kept::Yes,
            in_doubt: false,
            unanchored: false,
            keys: Vec::new(),
            content: Vec::new(),
            op: id,
        }
    }

    /// The content key of one input, computed once.
    fn content(
        &mut self,
        at: VertexId,
        number: usize,
        dep: &Dependency,
        cache: &mut [Option<Option<Taken>>],
    ) -> Result<Option<ContentKey>, SelectError> {
        if cache[number].is_none() {
            let taken = match &dep.selectors {
                None => None,
                Some(selectors) => {
                    self.needed.insert(dep.vertex);
                    let taken = self.done[dep.vertex].output.take(selectors, self.memo)?;
                    if let Some(decides) = &taken.decides {
                        self.decides.insert((at, number), decides.clone());
                    }
                    Some(taken)
                }
            };
            cache[number] = Some(taken);
        }
        Ok(cache[number].as_ref().and_then(|t| t.as_ref().map(|t| t.key.clone())))
    }

    /// Looks for a record (section 2): the operation's digest, and for every input its definition or its content.
    fn look_up(
        &mut self,
        at: VertexId,
        op: Digest,
        deps: &[Dependency],
        ignore: bool,
    ) -> Result<Match, SelectError> {
        let mut cache: Vec<Option<Option<Taken>>> = deps.iter().map(|_| None).collect();
        // A context has to be looked at in any case: nothing else can match, and what is missing is an error.
        for (n, dep) in deps.iter().enumerate() {
            if matches!(self.graph.vertices[dep.vertex].op, Op::Source(Source::Context { .. })) {
                self.content(at, n, dep, &mut cache)?;
            }
        }
        let store = self.store;
        let mut best: Option<(Level, u64, &Arc<Record>, Vec<Level>)> = None;
        let mut others = Vec::new();
        for record in store.of_op(op) {
            if record.inputs.len() != deps.len() {
                continue;
            }
            let mut levels = Vec::with_capacity(deps.len());
            for (n, dep) in deps.iter().enumerate() {
                levels.push(self.input_level(at, n, dep, &record.inputs[n], &mut cache)?);
            }
            let level = levels.iter().copied().min().unwrap_or(Level::Yes);
            if level == Level::AssumedNo {
                others.push(record.id);
            }
            if best.as_ref().is_none_or(|(l, made, ..)| (level, record.made) >= (*l, *made)) {
                best = Some((level, record.made, record, levels));
            }
        }
        let found =
            best.as_ref().filter(|(level, ..)| level.found()).map(|(.., record, _)| Arc::clone(record));
        let runs = ignore || found.is_none();
        if runs {
            for (n, dep) in deps.iter().enumerate() {
                self.content(at, n, dep, &mut cache)?;
            }
        }
        let level = best.as_ref().map_or(Level::No, |(l, ..)| *l);
        let doubtful = best.and_then(|(level, .., levels)| {
            (!level.certain()).then(|| levels.iter().position(|l| *l == level).unwrap_or(0))
        });
        let assumption = doubtful.and_then(|n| self.assumption(at, n, &deps[n], &cache[n], level));
        let content: Vec<Option<ContentKey>> =
            cache.into_iter().map(|c| c.flatten().map(|t| t.key)).collect();
        let keys = deps
            .iter()
            .zip(&content)
            .map(|(d, c)| InputKeys {
                definitions: vec![(self.done[d.vertex].id, d.selected)],
                contents: c.iter().cloned().collect(),
            })
            .collect();
        Ok(Match { op, found, level, others, assumption, ignore, content, keys })
    }

    /// How one input matches a record's keys for it.
    fn input_level(
        &mut self,
        at: VertexId,
        number: usize,
        dep: &Dependency,
        keys: &InputKeys,
        cache: &mut [Option<Option<Taken>>],
    ) -> Result<Level, SelectError> {
        let input = &self.done[dep.vertex];
        let is_context = matches!(self.graph.vertices[dep.vertex].op, Op::Source(Source::Context { .. }));
        let by_content = dep.selectors.is_some();
        let mut level = Level::No;
        // Content decides where there is any to compare and the input was made anew under an old identity.
        if !(is_context || by_content && input.remade) {
            let has = |id: Id| keys.definitions.iter().any(|&(i, s)| i == id && s == dep.selected);
            if has(input.id) {
                level = if input.certain { Level::Yes } else { Level::AssumedYes };
            } else if input.others.iter().any(|&o| has(o)) {
                level = Level::AssumedNo;
            }
        }
        if level < Level::Yes
            && by_content
            && let Some(now) = self.content(at, number, dep, cache)?
        {
            let best = keys.contents.iter().map(|stored| now.compare(stored)).max();
            level = level.max(best.unwrap_or(Level::No));
        }
        Ok(level)
    }

    /// What a doubtful match rests on.
    fn assumption(
        &self,
        at: VertexId,
        number: usize,
        dep: &Dependency,
        taken: &Option<Option<Taken>>,
        level: Level,
    ) -> Option<Assumption> {
        let input = &self.done[dep.vertex];
        if let Some(a @ Assumption::Upstream { .. }) = &input.assumption {
            return Some(a.clone());
        }
        if taken.as_ref().is_some_and(Option::is_some)
            && let Some((path, step)) = self.decides.get(&(at, number))
        {
            let assumed_changed = level == Level::AssumedNo;
            return Some(Assumption::Output { path: path.clone(), step: step.clone(), assumed_changed });
        }
        match &self.labels[dep.vertex] {
            Some(step) => Some(Assumption::Follows { step: step.clone() }),
            None => input.assumption.clone(),
        }
    }

    /// The result of a vertex, found or made.
    fn built(&mut self, at: VertexId, vertex: &Vertex, m: Match) -> Solved {
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
        Solved {
            status: if runs { Status::Executed } else { Status::Cached },
            id,
            out,
            output,
            certain,
            assumption: if certain { None } else { m.assumption },
            others: m.others,
            remade,
            result,
            in_doubt: false,
            unanchored: false,
            keys: m.keys,
            content: m.content,
            op: m.op,
        }
    }

    fn output(&self, at: VertexId, vertex: &Vertex, out: Digest, m: &Match, shaky: bool) -> Output {
        let below = |n: Option<usize>| n.map(|n| self.done[vertex.inputs[n]].output.clone());
        match &vertex.op {
            Op::Source(_) => Output::empty(),
            Op::Merge => {
                let mut inputs = vertex.inputs.iter().map(|&i| self.done[i].output.clone());
                let lower = inputs.next();
                inputs.fold(lower.unwrap_or_else(Output::empty), |lower, upper| {
                    let place = Place { dest: String::new(), into: true, owner: None, mode: None };
                    Output::new(
                        Some(lower),
                        Piece::Copy { source: upper, selector: Selector::default(), place },
                    )
                })
            }
            Op::File(file) => {
                let base = below(file.base);
                file.actions
                    .iter()
                    .fold(base, |base, action| Some(self.act(vertex, action, base)))
                    .unwrap_or_else(Output::empty)
            }
            Op::Exec(exec) => {
                let root = exec.mounts.iter().find(|m| m.output).and_then(|m| below(m.input));
                let below = root.unwrap_or_else(Output::empty);
                let mounts: Vec<&Digest> = m.content.iter().flatten().map(|c| &c.guess).collect();
                let script = exec.mounts.iter().find(|m| m.target == "/dev/pipes/").and_then(|m| {
                    let source = &self.graph.vertices[vertex.inputs[m.input?]];
                    match &source.op {
                        Op::File(FileOp { actions, .. }) => actions.iter().find_map(|a| match a {
                            Action::Mkfile { content, .. } => Some(content.clone()),
                            _ => None,
                        }),
                        _ => None,
                    }
                });
                let label = self.labels[at].clone().unwrap_or_else(|| unnamed(&exec.args.join(" ")));
                let run = RunOutput {
                    output: out,
                    label,
                    shaky,
                    exec: Arc::new(exec.clone()),
                    script,
                    below: below.clone(),
                    mounts: Digest::of_parts(mounts.iter().map(|d| &d.0[..])),
                    declared: self.declared.get(&at).cloned().unwrap_or_default(),
                    effects: OnceLock::new(),
                    guess: OnceLock::new(),
                };
                Output::new(Some(below), Piece::Run(run))
            }
        }
    }

    fn act(&self, vertex: &Vertex, action: &Action, base: Option<Output>) -> Output {
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
                Output::new(base, Piece::Copy { source, selector, place })
            }
        }
    }

    /// Statuses that depend on what is needed of a vertex, once all is solved.
    fn settle(&mut self) {
        for at in (0..self.done.len()).rev() {
            let consumers: Vec<VertexId> =
                (at + 1..self.done.len()).filter(|&c| self.graph.vertices[c].inputs.contains(&at)).collect();
            let needed = self.needed.contains(&at)
                || consumers
                    .iter()
                    .any(|&c| self.done[c].status == Status::Executed || self.done[c].in_doubt);
            let done = &mut self.done[at];
            if done.status == Status::Executed {
                continue;
            }
            // What may not be there would have to run, and all that it is built on.
            if needed && done.result == Kept::Perhaps {
                done.in_doubt = true;
                done.certain = false;
                done.assumption.get_or_insert(Assumption::Export);
            }
            // The daemon does not say of a step that stands on nothing that it was found, until something needs
            // what it made (`random-1595`).
            let file = matches!(self.graph.vertices[at].op, Op::File(_));
            if file && self.graph.vertices[at].inputs.is_empty() && !needed {
                done.status = Status::Executed;
                done.unanchored = true;
            }
        }
    }

    fn finish(mut self, failure: Option<Failure>) -> Solution {
        if failure.is_none() {
            self.settle();
        }
        let error = failure.as_ref().map(|f| self.diagnose(f));
        // What ends the build is told at its step; the steps printed before it stand.
        let until = failure.as_ref().map_or(self.graph.steps.len(), |f| {
            let fails = |v: VertexId| v >= f.vertex;
            self.graph.steps.iter().position(|s| fails(s.vertex) || s.merge.is_some_and(fails)).unwrap_or(0)
        });
        let steps = (0..until).map(|n| self.step(n)).collect();
        let made = self.store.builds() + 1;
        let mut additions = Vec::new();
        if failure.is_none() {
            for (vertex, done) in self.graph.vertices.iter().zip(&self.done) {
                if let Op::Source(source) = &vertex.op {
                    if !matches!(source, Source::Context { .. }) {
                        additions.push(Addition::Source(done.id));
                    }
                    continue;
                }
                let made = match self.store.record(done.id) {
                    Some(r) if done.status == Status::Cached || done.unanchored => r.made,
                    _ => made,
                };
                additions.push(Addition::Record(Record {
                    op: done.op,
                    id: done.id,
                    output: done.out,
                    made,
                    result: done.result,
                    inputs: done.keys.clone(),
                }));
            }
        }
        let mut vertices = Vec::with_capacity(self.graph.vertices.len());
        let mut outputs = Vec::with_capacity(self.graph.vertices.len());
        for (n, done) in self.done.into_iter().enumerate() {
            vertices.push(Some(VertexPrediction {
                status: done.status,
                id: done.id,
                ignored_cache: self.graph.vertices[n].ignore_cache,
                unanchored: done.unanchored,
                content: done.content,
            }));
            outputs.push(Some(done.output));
        }
        vertices.resize_with(self.graph.vertices.len(), || None);
        outputs.resize_with(self.graph.vertices.len(), || None);
        let prediction = Prediction { graph: Arc::clone(self.graph), steps, vertices, error };
        Solution { prediction, additions, outputs }
    }

    fn step(&self, number: usize) -> StepPrediction {
        let step = &self.graph.steps[number];
        let copy = &self.done[step.vertex];
        let merge = step.merge.map(|m| &self.done[m]);
        let all = [Some(copy), merge];
        let doubtful = all.iter().flatten().find(|s| !s.certain);
        // A download is doubtful for what copies it; an image is taken to be what it is called.
        StepPrediction {
            label: step.label.clone(),
            step: number,
            status: copy.status,
            merge: merge.map(|m| m.status),
            certain: doubtful.is_none(),
            assumption: doubtful.and_then(|s| s.assumption.clone()),
            key: merge.unwrap_or(copy).id,
        }
    }

    fn diagnose(&self, failure: &Failure) -> Diagnostic {
        let step = self
            .graph
            .steps
            .iter()
            .find(|s| s.vertex == failure.vertex || s.merge == Some(failure.vertex))
            .or_else(|| self.graph.steps.iter().find(|s| s.vertex > failure.vertex));
        let span = step.map_or(0..0, |s| s.span.clone());
        let (kind, message, path) = match &failure.error {
            SelectError::NotFound { path } => (
                DiagnosticKind::SourceNotFound,
                format!("{path} is not there to be copied"),
                Some(path.clone()),
            ),
            SelectError::BadPattern { .. } => (DiagnosticKind::Parse, failure.error.to_string(), None),
            SelectError::TooManyLinks(e) => {
                (DiagnosticKind::SourceNotFound, failure.error.to_string(), Some(format!("/{}", e.path)))
            }
        };
        let mut d = Diagnostic::at(kind, self.text, span, message);
        d.path = path;
        if kind == DiagnosticKind::SourceNotFound {
            d.help = Some("check the path (it starts at the context's root), and the ignore file".into());
        }
        d
    }
}

/// The outcome of a look-up.
struct Match {
    op: Digest,
    found: Option<Arc<Record>>,
    level: Level,
    others: Vec<Id>,
    assumption: Option<Assumption>,
    ignore: bool,
    content: Vec<Option<ContentKey>>,
    keys: Vec<InputKeys>,
}

fn opaque(mark: Digest, shaky: bool) -> Output {
    Output::new(None, Piece::Opaque { at: String::new(), mark, shaky })
}

fn unnamed(text: &str) -> Label {
    Label { stage: None, index: 0, of: 0, instruction: text.to_string() }
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

/// A graph's selector as the context reads it.
pub(crate) fn selector(copy: &CopyAction) -> Selector {
    let s = &copy.selector;
    let relative = |p: &str| path::clean(p).into_owned();
    Selector {
        path: s.path.trim_start_matches('/').to_string(),
        wildcard: s.wildcard,
        follow_links: s.follow_links,
        include: s.include.clone(),
        exclude: s.exclude.clone(),
        required: s.required.first().map(|r| relative(r)),
    }
}

/// How a vertex takes from its inputs (section 3).
fn dependencies(vertex: &Vertex) -> Vec<Dependency> {
    (0..vertex.inputs.len())
        .map(|n| {
            let (texts, selectors) = match &vertex.op {
                Op::File(f) => file_dependency(f, n),
                Op::Exec(e) => {
                    let mounts = e
                        .mounts
                        .iter()
                        .filter(|m| m.input == Some(n) && !matches!(m.kind, MountKind::Tmpfs { .. }));
                    // Of several mounts of one input, the last in the order of targets says whether content
                    // counts (BuildKit's getMountDeps), and the paths of all are taken.
                    let (mut texts, mut content) = (Vec::new(), false);
                    for m in mounts {
                        texts.push(m.selector.clone());
                        content = !m.output;
                    }
                    let whole = texts.iter().any(String::is_empty);
                    let paths = if whole { &[][..] } else { &texts[..] };
                    let selectors = paths.iter().map(|t| Selector::of_mount(t)).collect();
                    (texts, content.then_some(selectors))
                }
                Op::Merge | Op::Source(_) => (Vec::new(), None),
            };
            let selected = Digest::of_parts(texts.iter().map(String::as_bytes));
            Dependency { vertex: vertex.inputs[n], selected, selectors }
        })
        .collect()
}

fn file_dependency(file: &FileOp, input: usize) -> (Vec<String>, Option<Vec<Selector>>) {
    let selectors: Vec<Selector> = file
        .actions
        .iter()
        .filter_map(|a| match a {
            Action::Copy(c) if c.input == Some(input) => Some(selector(c)),
            _ => None,
        })
        .collect();
    if file.base == Some(input) || selectors.is_empty() {
        return (Vec::new(), None);
    }
    // Plain data with string keys always serializes.
    let texts =
        Selector::combine(&selectors).iter().map(|s| serde_json::to_string(s).unwrap_or_default()).collect();
    (texts, Some(selectors))
}
