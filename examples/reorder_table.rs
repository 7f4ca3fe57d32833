//! Measures what `layerlab reorder` proposes for real projects: the table in docs/reorder.md.
//!
//! ```sh
//! cargo run --release --example reorder_table -- projects.txt [FOLDER]
//! ```
//! A line of `projects.txt` names a git directory, the project, its ecosystem, the Dockerfile and the build
//! context (both from the repository's root, `.` for the root itself), apart by blanks; a `#` begins a comment.
//! With FOLDER, each proposal is written there as a diff with its reasons, to be read by a person.
//!
//! The Dockerfile and the files are those of the newest commit. The weights of edits come from the older 70% of
//! the last 200 commits, or from guesses where too few of these touch the context, and what is saved is counted on
//! the other 30%.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use layerlab::cli::weights::{ENOUGH, edits_of};
use layerlab::context::{Ignore, Tree};
use layerlab::cost::StepSeconds;
use layerlab::dockerfile::ast::{Instruction, InstructionKind};
use layerlab::dockerfile::{Dockerfile, parse};
use layerlab::history::{
    BuildInput, Commit, ContextOptions, Contexts, Repository, Selection, Series, SeriesEnd,
};
use layerlab::reorder::{
    Edit, Expected, MoveKind, Proposal, ReorderInput, ReorderOptions, Taken, expected_seconds,
    likely_arguments, likely_edits, propose_checked,
};

/// Commits looked at.
const COMMITS: usize = 200;
/// The share of them that weights are learnt from.
const LEARNT: f64 = 0.7;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let list = arguments.next().context("name the list of projects")?;
    let folder = arguments.next().map(PathBuf::from);
    let list = std::fs::read_to_string(&list).with_context(|| format!("cannot read {list}"))?;
    let mut rows = Vec::new();
    for line in list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [git, name, ecosystem, dockerfile, context] = words[..] else {
            anyhow::bail!("{line:?}: five words are wanted");
        };
        match measure(Path::new(git), dockerfile, context) {
            Ok(measured) => {
                if let Some(folder) = &folder {
                    let file = format!("{}-{}.txt", name.replace('/', "+"), dockerfile.replace('/', "+"));
                    std::fs::create_dir_all(folder)?;
                    std::fs::write(folder.join(file), measured.told())?;
                }
                rows.push((name.to_owned(), ecosystem.to_owned(), dockerfile.to_owned(), measured));
            }
            Err(error) => eprintln!("{name} {dockerfile}: {error:#}"),
        }
    }
    print!("{}", table(&rows));
    Ok(())
}

/// What was measured of one project.
struct Measured {
    text: String,
    proposal: Proposal,
    /// Expected seconds over the edits kept for the test: as it is, reordered alone, split and reordered, with the
    /// lines for the ignore file as well, and with the offers taken besides.
    seconds: [f64; 5],
    /// What was taken for the last of these.
    taken: Vec<Taken>,
    /// The Dockerfile with that.
    with: String,
    /// Commits learnt from and tested on.
    commits: (usize, usize),
    took: Duration,
}

fn measure(git: &Path, dockerfile_path: &str, context: &str) -> Result<Measured> {
    let context = if context == "." { "" } else { context };
    let repo = Repository::open(git)?.with_context(context);
    let options = ContextOptions { dockerfile: dockerfile_path.to_owned(), ..ContextOptions::of(&repo) };
    let newest = repo.commit("HEAD")?;
    let head = Contexts::new(&repo, options.clone()).advance(&newest)?;
    let text = head.dockerfile.clone().context("there is no such Dockerfile")?.to_string();
    let dockerfile = parse(&text).map_err(|error| anyhow::anyhow!("{error:?}"))?;
    let series = repo.series(&Selection { limit: Some(COMMITS), ..Selection::default() })?;
    let at = (series.commits.len() as f64 * LEARNT).round() as usize;
    let (older, newer) = series.commits.split_at(at);
    let arguments = likely_arguments(&dockerfile, &head.tree);
    let (learnt, touching) = edits(&repo, &options, series.base.clone(), older, &arguments)?;
    let (tested, _) = edits(&repo, &options, older.last().cloned(), newer, &arguments)?;
    // As the command does where the history says too little.
    let guessed = || Expected::new(likely_edits(&dockerfile, &head.tree));
    let learnt = if touching < ENOUGH { guessed() } else { learnt };

    let propose = |options: &ReorderOptions| proposed(&repo, &newest, &dockerfile, &head, &learnt, options);
    let (proposal, took) = propose(&ReorderOptions::default());
    let skip = names(&["manifests-first", "split-run", "fetch-first"]);
    let (alone, _) = propose(&ReorderOptions { skip, ..ReorderOptions::default() });
    let take = names(&MoveKind::TAKEABLE.map(MoveKind::name));
    let (with, _) = propose(&ReorderOptions { take, ..ReorderOptions::default() });
    let none = BTreeMap::new();
    let lines = proposal.ignore.iter().flat_map(|ignore| &ignore.add).map(|line| line.pattern.as_str());
    let ignored = without(&tested, &lines.collect::<Vec<_>>());
    let sides = [
        (&text, &none, &tested),
        (&alone.text, &alone.seconds, &tested),
        (&proposal.text, &proposal.seconds, &tested),
        (&proposal.text, &proposal.seconds, &ignored),
        (&with.text, &with.seconds, &ignored),
    ];
    let seconds = sides.map(|(text, known, edits)| {
        let dockerfile = parse(text).expect("what is proposed parses");
        let rough = StepSeconds::rough(&dockerfile);
        let of = |stage: usize, own: &Instruction| {
            known.get(&(stage, own.line)).copied().unwrap_or_else(|| rough.get(stage, own))
        };
        let options = ReorderOptions::default();
        with_input(&repo, &newest, &dockerfile, &head.tree, edits, &options, |input| {
            expected_seconds(&dockerfile, &ReorderInput { seconds: &of, ..*input })
        })
    });
    anyhow::ensure!(
        steps(&with.text) >= steps(&proposal.text),
        "what was taken has swallowed a step:\n{}",
        with.text
    );
    let commits = (older.len(), newer.len());
    Ok(Measured { text, proposal, seconds, taken: with.taken, with: with.text, commits, took })
}

/// The instructions of a Dockerfile but for its COPYs, which an offer may take out.
fn steps(text: &str) -> usize {
    let dockerfile = parse(text).expect("what is proposed parses");
    let all = dockerfile.stages.iter().flat_map(|stage| &stage.instructions);
    all.filter(|own| !matches!(own.kind, InstructionKind::Copy(_))).count()
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// The edits with the paths that these lines would ignore taken out.
fn without(edits: &Expected, patterns: &[&str]) -> Expected {
    let ignore = Ignore::parse(&patterns.join("\n")).expect("what is proposed can be read");
    let is_left = |path: &String| !ignore.is_ignored(path);
    let left = |edit: &Edit| Edit {
        paths: edit.paths.iter().filter(|path| is_left(path)).cloned().collect(),
        ..edit.clone()
    };
    Expected::new(edits.iter().map(left).collect())
}

fn edits(
    repo: &Repository,
    options: &ContextOptions,
    base: Option<Commit>,
    commits: &[Commit],
    arguments: &[Edit],
) -> Result<(Expected, usize)> {
    let series = Series { base, commits: commits.to_vec(), end: SeriesEnd::Limit };
    let observed = repo.observed_edits(&series, options)?;
    Ok((edits_of(&observed).with_arguments(arguments.to_vec()), observed.touching()))
}

fn with_input<T>(
    repo: &Repository,
    newest: &Commit,
    dockerfile: &Dockerfile,
    tree: &Tree,
    edits: &Expected,
    options: &ReorderOptions,
    call: impl FnOnce(&ReorderInput<'_>) -> T,
) -> T {
    // Where the command reads a file from disk, this unpacks it, which takes longer.
    let all = repo.changes(None, newest).expect("the newest commit has been read");
    let blobs: HashMap<&str, _> =
        all.iter().filter_map(|change| Some((&*change.path, change.new.as_ref()?))).collect();
    let read = |path: &str| String::from_utf8(repo.bytes(blobs.get(path)?.id).ok()?).ok();
    let known = StepSeconds::rough(dockerfile);
    let seconds = |stage: usize, own: &Instruction| known.get(stage, own);
    call(&ReorderInput { tree, files: &read, edits, seconds: &seconds, options })
}

fn proposed(
    repo: &Repository,
    newest: &Commit,
    dockerfile: &Dockerfile,
    head: &BuildInput,
    edits: &Expected,
    options: &ReorderOptions,
) -> (Proposal, Duration) {
    with_input(repo, newest, dockerfile, &head.tree, edits, options, |input| {
        let start = Instant::now();
        let build = layerlab::simulate::BuildInput {
            dockerfile: std::sync::Arc::new(dockerfile.clone()),
            options: layerlab::graph::GraphOptions::default(),
            context: head.tree.clone(),
            named: BTreeMap::new(),
        };
        let proposal = propose_checked(dockerfile, input, &build);
        (proposal, start.elapsed())
    })
}

impl Measured {
    fn share(&self, which: usize) -> f64 {
        if self.seconds[0] > 0.0 { 1.0 - self.seconds[which] / self.seconds[0] } else { 0.0 }
    }

    /// The proposal as a person reads it.
    fn told(&self) -> String {
        let mut out = format!(
            "{:.1} s -> alone {:.1} s, split {:.1} s, ignored {:.1} s, with offers {:.1} s; learnt {}, tested {}; took {:?}\n",
            self.seconds[0],
            self.seconds[1],
            self.seconds[2],
            self.seconds[3],
            self.seconds[4],
            self.commits.0,
            self.commits.1,
            self.took
        );
        let diff = similar::TextDiff::from_lines(&self.text, &self.proposal.text);
        let _ = writeln!(out, "{}", diff.unified_diff().context_radius(30).header("old", "new"));
        for made in &self.proposal.moves {
            let _ =
                writeln!(out, "* {} [{}] saves {:.1}\n    {}", made.name, made.id, made.saves, made.why_safe);
        }
        for offer in &self.proposal.offered {
            let _ = writeln!(
                out,
                "? {} [{}] saves {:?}\n    {}\n{}",
                offer.name, offer.id, offer.saves, offer.changes, offer.text
            );
        }
        if !self.taken.is_empty() {
            let diff = similar::TextDiff::from_lines(&self.proposal.text, &self.with);
            let _ = writeln!(out, "{}", diff.unified_diff().header("proposed", "with offers"));
        }
        for taken in &self.taken {
            let _ = writeln!(out, "+ taken: {} [{}] saves {:.1}", taken.name, taken.id, taken.saves);
        }
        if let Some(ignore) = &self.proposal.ignore {
            let _ = writeln!(out, "ignore, saves {:.1}: {:#?}", ignore.saves, ignore.add);
        }
        for refused in &self.proposal.refused {
            let _ = writeln!(out, "! line {}: {}: {}", refused.line, refused.what, refused.why);
        }
        if self.proposal.moves.is_empty() {
            let _ = writeln!(out, "\n{}", self.text);
        }
        out
    }
}

type Row = (String, String, String, Measured);

fn table(rows: &[Row]) -> String {
    let mut out = String::from(
        "| project | ecosystem | Dockerfile | s now | reordered alone | split and reordered | and ignored | with offers taken | moves | taken | refused | ms |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for (name, ecosystem, dockerfile, measured) in rows {
        let kinds: Vec<&str> = measured.proposal.moves.iter().map(|made| made.kind.name()).collect();
        let taken: Vec<&str> = measured.taken.iter().map(|taken| taken.kind.name()).collect();
        let listed = |names: &[&str]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let percent =
            |which| format!("{:.1} ({:+.0}%)", measured.seconds[which], -measured.share(which) * 100.0);
        let _ = writeln!(
            out,
            "| {name} | {ecosystem} | {dockerfile} | {:.1} | {} | {} | {} | {} | {} | {} | {} | {:.0} |",
            measured.seconds[0],
            percent(1),
            percent(2),
            percent(3),
            percent(4),
            listed(&kinds),
            listed(&taken),
            measured.proposal.refused.len(),
            measured.took.as_secs_f64() * 1000.0,
        );
    }
    out.push_str(&summary(rows));
    out
}

fn summary(rows: &[Row]) -> String {
    let mut out = String::new();
    for (title, which) in [
        ("reordered alone", 1),
        ("split and reordered", 2),
        ("with the ignore lines", 3),
        ("with offers taken", 4),
    ] {
        let mut shares: Vec<f64> = rows.iter().map(|row| row.3.share(which)).collect();
        shares.sort_by(f64::total_cmp);
        let count = shares.len().max(1) as f64;
        let over = |least: f64| shares.iter().filter(|share| **share > least).count() as f64 / count * 100.0;
        let _ = writeln!(
            out,
            "\n{title}: median -{:.1}%, mean -{:.1}%, improved {:.0}%, by more than half {:.0}%, worse {:.0}%",
            shares.get(shares.len() / 2).copied().unwrap_or(0.0) * 100.0,
            shares.iter().sum::<f64>() / count * 100.0,
            over(0.001),
            over(0.5),
            shares.iter().filter(|share| **share < -0.001).count() as f64 / count * 100.0,
        );
    }
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let mut offers: BTreeMap<&str, usize> = BTreeMap::new();
    let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows {
        row.3.proposal.moves.iter().for_each(|made| *kinds.entry(made.kind.name()).or_default() += 1);
        row.3.proposal.offered.iter().for_each(|offer| *offers.entry(offer.kind.name()).or_default() += 1);
    }
    for one in rows.iter().flat_map(|row| &row.3.taken) {
        *taken.entry(one.kind.name()).or_default() += 1;
    }
    let refused: usize = rows.iter().map(|row| row.3.proposal.refused.len()).sum();
    let ignores = rows.iter().filter(|row| row.3.proposal.ignore.is_some()).count();
    let slowest = rows.iter().map(|row| row.3.took).max().unwrap_or_default();
    let _ = writeln!(
        out,
        "\nmoves: {kinds:?}\noffers: {offers:?}\ntaken: {taken:?}\nignore files: {ignores}\nrefused: {refused}\nslowest: {slowest:?}"
    );
    out
}
