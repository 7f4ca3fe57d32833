//! Every vertex's layer: a walk over the graph that keeps what is known of the files.

use std::collections::BTreeMap;

use super::files::{self, Amount, Files, Weight};
use super::measured::Measured;
use super::{Basis, Figure, archives, images, run};
use crate::context::select::{self, Selector};
use crate::context::{Entry, Tree, path};
use crate::declare::Declarations;
use crate::graph::{Action, CopyAction, FileOp, Graph, Op, Source, Vertex};

/// What an estimate rests on, besides the graph.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// The build context after its ignore file.
    pub context: &'a Tree,
    /// The `--build-context` folders by name.
    pub named: &'a BTreeMap<String, Tree>,
    /// What was measured here.
    pub measured: &'a Measured,
    /// What the Dockerfile declares.
    pub declared: &'a Declarations,
}

/// The layer that a vertex adds, piece by piece.
#[derive(Debug, Clone, Default)]
pub struct Layer {
    /// What is in it, in order.
    pub pieces: Vec<Piece>,
    /// The whole, where it is measured or declared instead of the sum of its pieces.
    pub told: Option<Figure>,
}

/// One thing in a layer, or one that it hides.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// Path without a leading slash.
    pub at: String,
    /// How much.
    pub weight: Weight,
    /// What it is.
    pub kind: PieceKind,
    /// Bytes of a `.git` folder among them.
    pub git: f64,
    /// It is what a build is for: a program, a jar.
    pub artifact: bool,
}

impl Piece {
    /// Makes a piece.
    pub fn new(at: impl Into<String>, weight: Weight, kind: PieceKind) -> Self {
        Self { at: at.into(), weight, kind, git: 0.0, artifact: false }
    }
}

/// What a piece of a layer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PieceKind {
    /// The base image.
    Base,
    /// Files copied in.
    Copied,
    /// Files that a command made.
    Output,
    /// Files that nothing which runs needs, with the way to be rid of them.
    Leftover {
        /// What they are: `pip's download cache`.
        what: String,
        /// What to write.
        fix: String,
    },
    /// Files of a layer below, here a second time because a command changed them.
    CopiedUp {
        /// The command: `chown`.
        by: String,
    },
    /// Files of a layer below that are hidden here; they add nothing and cost what they cost there.
    Deleted,
    /// Files among those copied that were there before, unchanged; they add nothing to what is copied.
    Repeated,
}

impl PieceKind {
    /// Tells whether its bytes are part of the layer.
    pub const fn adds(&self) -> bool {
        !matches!(self, Self::Deleted | Self::Repeated)
    }
}

impl Layer {
    /// Bytes that the layer adds.
    pub fn bytes(&self) -> Figure {
        self.told.unwrap_or_else(|| {
            let sum = self.added().fold(Weight::NONE, Weight::plus);
            let basis = if sum.exact { Basis::Measured } else { Basis::Estimated };
            Figure { value: sum.bytes, basis }
        })
    }

    fn added(&self) -> impl Iterator<Item = Weight> {
        self.pieces.iter().filter(|piece| piece.kind.adds()).map(|piece| piece.weight)
    }

    /// Sets the whole to what is told, and the pieces in proportion.
    fn tell(&mut self, told: Figure) {
        let sum = self.added().fold(Weight::NONE, Weight::plus);
        self.told = Some(told);
        if sum.bytes > 0.0 {
            let factor = told.value / sum.bytes;
            for piece in self.pieces.iter_mut().filter(|piece| piece.kind.adds()) {
                piece.weight.bytes *= factor;
            }
        } else if told.value > 0.0 {
            let weight = Weight { bytes: told.value, files: 1.0, exact: false };
            self.pieces.push(Piece::new("", weight, PieceKind::Output));
        }
    }
}

/// What is worked out of one vertex.
#[derive(Debug, Clone, Default)]
pub struct Worked {
    /// The layer.
    pub layer: Layer,
    /// Seconds it takes.
    pub seconds: f64,
    /// Seconds that it is spared by what lies in the layers below.
    pub spared: f64,
    /// Files after it.
    pub files: Files,
}

/// Works out every vertex of a graph, inputs first.
pub fn work_out(graph: &Graph, inputs: &Inputs<'_>) -> Vec<Worked> {
    let mut told: BTreeMap<usize, Figure> = BTreeMap::new();
    for step in &graph.steps {
        let operation = graph.vertices[step.vertex].op.cache_digest();
        let measured = inputs.measured.find(operation, &step.label.instruction).1;
        let declared =
            step.instruction.and_then(|i| inputs.declared.get(step.stage, i)).and_then(|d| d.bytes);
        let figure = |bytes: u64, basis| Figure { value: bytes as f64, basis };
        let runs = matches!(graph.vertices[step.vertex].op, Op::Exec(_));
        let best = measured
            .filter(|_| runs)
            .map(|b| figure(b, Basis::Measured))
            .or(declared.map(|b| figure(b, Basis::Declared)));
        if let Some(best) = best {
            told.insert(step.vertex, best);
        }
    }
    let mut all: Vec<Worked> = Vec::with_capacity(graph.vertices.len());
    for (at, vertex) in graph.vertices.iter().enumerate() {
        let mut worked = work_out_one(vertex, &all, inputs);
        if let Some(told) = told.get(&at) {
            let before = worked.layer.bytes().value;
            worked.layer.tell(*told);
            scale_new(&mut worked.files, vertex, &all, before, told.value);
        }
        all.push(worked);
    }
    all
}

/// Scales what a step newly put out to what is told of its layer.
fn scale_new(files: &mut Files, vertex: &Vertex, all: &[Worked], before: f64, told: f64) {
    let old = vertex.inputs.first().map_or(0, |&below| all[below].files.amounts.len());
    if before > 0.0 {
        for amount in files.amounts.iter_mut().skip(old) {
            amount.bytes *= told / before;
        }
    } else if told > 0.0 {
        files.amounts.push(Amount { at: String::new(), bytes: told, files: 1.0, diffuse: true });
    }
}

fn work_out_one(vertex: &Vertex, all: &[Worked], inputs: &Inputs<'_>) -> Worked {
    let below = |number: usize| &all[vertex.inputs[number]];
    match &vertex.op {
        Op::Source(Source::Image { name, .. }) => {
            let unknown = Figure { value: 0.0, basis: Basis::Estimated };
            let size = images::size(name, inputs.measured).bytes.unwrap_or(unknown);
            let bytes = size.value;
            let weight = Weight { bytes, files: 0.0, exact: false };
            let piece = Piece::new("", weight, PieceKind::Base);
            let layer = Layer { pieces: vec![piece], told: Some(size) };
            // Files of an image are 20 kB on average; only the seconds of a copy of all of them rest on it.
            let base = Amount { at: String::new(), bytes, files: bytes / 20_000.0, diffuse: false };
            let files = Files { amounts: vec![base], ..Files::default() };
            Worked { layer, files, ..Worked::default() }
        }
        Op::Source(Source::Context { name }) => {
            let tree = match name {
                None => Some(inputs.context),
                Some(name) => inputs.named.get(name),
            };
            let files = Files { known: tree.cloned().unwrap_or_default(), ..Files::default() };
            Worked { files, ..Worked::default() }
        }
        Op::Source(Source::Http { .. } | Source::Git { .. }) => {
            let amount = Amount { at: String::new(), bytes: REMOTE_BYTES, files: 1.0, diffuse: true };
            Worked { files: Files { amounts: vec![amount], ..Files::default() }, ..Worked::default() }
        }
        Op::Exec(exec) => {
            let root = exec.mounts.iter().find(|mount| mount.output).and_then(|mount| mount.input);
            let mut files = root.map(|number| below(number).files.clone()).unwrap_or_default();
            let (layer, time) = run::layer(exec, &mut files);
            Worked { layer, seconds: time.seconds, spared: time.spared, files }
        }
        Op::File(op) => file_op(op, vertex, all, inputs.measured),
        Op::Merge => {
            let mut files = below(0).files.clone();
            let over = &below(1).files;
            files.put("", &Entry::Dir(over.known.root().clone()));
            files.amounts.extend(over.amounts.iter().cloned());
            Worked { files, ..Worked::default() }
        }
    }
}

/// Bytes assumed of what ADD takes from elsewhere, where nothing is declared.
const REMOTE_BYTES: f64 = 10e6;

/// A copy costs a start, and then bytes and files; rates are those of an SSD with a cold target.
const COPY_SECONDS: f64 = 0.1;
const COPY_BYTES_A_SECOND: f64 = 300e6;
const COPY_FILES_A_SECOND: f64 = 10_000.0;

fn file_op(op: &FileOp, vertex: &Vertex, all: &[Worked], measured: &Measured) -> Worked {
    let mut files = op.base.map(|number| all[vertex.inputs[number]].files.clone()).unwrap_or_default();
    let mut layer = Layer::default();
    for action in &op.actions {
        match action {
            Action::Mkdir { path: at, mode, .. } => {
                let dir = crate::context::Dir::new(*mode, []);
                files.put(at, &Entry::Dir(dir.into()));
            }
            Action::Mkfile { path: at, mode, content } => {
                let entry = Entry::file(*mode, content.as_bytes());
                let weight = files::weigh_entry(&entry);
                let at = path::clean(at).into_owned();
                files.put(&at, &entry);
                layer.pieces.push(Piece::new(at, weight, PieceKind::Copied));
            }
            Action::Copy(copy) => {
                let source = copy.input.map(|number| &all[vertex.inputs[number]].files);
                if let Some(source) = source {
                    copy_in(copy, source, &mut files, &mut layer, measured);
                }
            }
        }
    }
    let sum = layer.added().fold(Weight::NONE, Weight::plus);
    let seconds = COPY_SECONDS + sum.bytes / COPY_BYTES_A_SECOND + sum.files / COPY_FILES_A_SECOND;
    Worked { layer, seconds, spared: 0.0, files }
}

/// One source of a COPY or ADD.
fn copy_in(copy: &CopyAction, source: &Files, files: &mut Files, layer: &mut Layer, measured: &Measured) {
    let dest = path::clean(&copy.dest).into_owned();
    let into = copy.dest.ends_with('/')
        || copy.dest.ends_with("/.")
        || files.known.get(&dest).is_some_and(|entry| entry.is_dir());
    let selector = files::plain(&copy.selector);
    let mut weight = source.select(&copy.selector);
    let unpacked = copy.unpack.then(|| unpacks(&selector, source, weight, measured)).flatten();
    if let Some(unpacked) = unpacked {
        weight = unpacked;
        let (bytes, count) = (weight.bytes, weight.files);
        files.amounts.push(Amount { at: dest.clone(), bytes, files: count, diffuse: true });
    } else {
        let mut again = Weight::NONE;
        for (to, entry) in placed(&source.known, &selector, &dest, into) {
            if let Some(old) = files.known.get(&to) {
                again = again.plus(files::weigh_same(&old, &entry));
            }
            files.put(&to, &with_mode(&entry, copy.mode.as_deref()));
        }
        carry_amounts(&selector, source, files, &dest, into);
        if again.bytes > 0.0 {
            layer.pieces.push(Piece::new(dest.clone(), again, PieceKind::Repeated));
        }
    }
    let mut piece = Piece::new(dest.clone(), weight, PieceKind::Copied);
    if unpacked.is_none() {
        piece.git =
            files.known.get(&path::join(&dest, ".git")).map_or(0.0, |git| files::weigh_entry(&git).bytes);
    }
    layer.pieces.push(piece);
}

/// What ADD unpacks of an archive; none for what is no archive.
///
/// Read from the archive where that was done, else by what such archives usually come to.
fn unpacks(selector: &Selector, source: &Files, packed: Weight, measured: &Measured) -> Option<Weight> {
    const USUAL: [(&str, f64); 4] = [(".tar", 1.0), (".xz", 5.0), (".bz2", 4.5), ("", 4.0)];
    let entry = source.known.resolve(&selector.path, true).ok().flatten().map(|(_, entry)| entry);
    if let Some(Entry::File(file)) = entry
        && let Some(read) = measured.archives.get(&file.content)
    {
        return Some(Weight { bytes: read.bytes as f64, files: read.files as f64, exact: read.exact });
    }
    let name = selector.path.to_lowercase();
    let factor = USUAL.iter().find(|(end, _)| name.ends_with(end)).map_or(1.0, |(_, factor)| *factor);
    archives::is_archive(&name).then_some(Weight { bytes: packed.bytes * factor, files: 100.0, exact: false })
}

/// Where what a selector takes comes to stand.
fn placed(tree: &Tree, selector: &Selector, dest: &str, into: bool) -> Vec<(String, Entry)> {
    if !selector.is_filtered() {
        return match tree.resolve(&selector.path, selector.follow_links) {
            Ok(Some((_, entry))) if entry.is_dir() => vec![(dest.to_string(), entry)],
            Ok(Some((_, entry))) if into => {
                vec![(path::join(dest, path::split(&selector.path).1), entry)]
            }
            Ok(Some((_, entry))) => vec![(dest.to_string(), entry)],
            _ => Vec::new(),
        };
    }
    // Names below the pattern's own depth are what a matched directory holds.
    let depth = if selector.wildcard { selector.path.split('/').count() } else { 0 };
    let base = if selector.wildcard { 0 } else { selector.path.split('/').filter(|p| !p.is_empty()).count() };
    let paths = select::paths(tree, selector).unwrap_or_default();
    let found = paths.into_iter().filter_map(|from| {
        let entry = tree.get(&from)?;
        let parts: Vec<&str> = from.split('/').collect();
        let below = if depth == 0 {
            parts.get(base..).map(|rest| rest.join("/")).filter(|rest| !rest.is_empty())
        } else {
            parts.get(depth..).map(|rest| rest.join("/")).filter(|rest| !rest.is_empty())
        };
        let name = below.unwrap_or_else(|| parts.last().copied().unwrap_or_default().to_string());
        Some((path::join(dest, &name), entry))
    });
    found.collect()
}

/// Takes the amounts of a source along to where they are copied.
fn carry_amounts(selector: &Selector, source: &Files, files: &mut Files, dest: &str, into: bool) {
    let fixed: Vec<&str> = selector
        .path
        .split('/')
        .take_while(|part| !selector.wildcard || !part.contains(['*', '?', '[']))
        .collect();
    let from = fixed.join("/");
    let known = source.known.get(&from).map_or(Weight::NONE, |entry| files::weigh_entry(&entry));
    let above = source.above(known, &from);
    for amount in &source.amounts {
        let one_file = amount.files <= 1.0 && amount.at == from;
        let at = if one_file && into {
            path::join(dest, path::split(&from).1)
        } else if let Some(rest) =
            amount.at.strip_prefix(&from).filter(|_| path::is_within(&amount.at, &from))
        {
            path::clean(&format!("{dest}/{rest}")).into_owned()
        } else if path::is_within(&from, &amount.at) {
            dest.to_string()
        } else {
            continue;
        };
        let part = amount.within(&from, above);
        let (bytes, count) = (part.bytes, part.files);
        if bytes > 0.0 {
            files.amounts.push(Amount { at, bytes, files: count, diffuse: amount.diffuse });
        }
    }
}

/// An entry with the mode of `--chmod`, where that is one number and the entry a file.
fn with_mode(entry: &Entry, mode: Option<&str>) -> Entry {
    match (entry, mode.and_then(|mode| u32::from_str_radix(mode, 8).ok())) {
        (Entry::File(file), Some(mode)) => Entry::File(crate::context::File { mode, ..*file }),
        _ => entry.clone(),
    }
}
