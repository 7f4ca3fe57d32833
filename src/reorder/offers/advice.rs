//! What would be better and cannot be written whole: told in words.

use super::Found;
use super::sheet::Sheet;
use crate::dockerfile::ast::{Instruction, InstructionKind};
use crate::reorder::MoveKind;
use crate::reorder::model::names_in;
use crate::reorder::rewrite::edited::Edit;
use crate::reorder::search::least_gain;
use crate::shell::Call;

/// Commands that compile, and the flag that names what they make.
const COMPILERS: [(&str, &[&str], &[&str]); 2] =
    [("go", &["build"], &["-o"]), ("dotnet", &["publish"], &["-o", "--output"])];

/// Two kinds of work that would run beside each other.
const WEB: (&[&str], &[&str]) =
    (&["npm", "yarn", "pnpm", "bun"], &["run", "build", "ci", "install", "i", ""]);
const REST: [(&[&str], &[&str]); 5] = [
    (&["go"], &["build", "install"]),
    (&["cargo"], &["build", "install"]),
    (&["mvn", "mvnw"], &["package", "install", "verify"]),
    (&["gradle", "gradlew"], &["build", "bootJar", "installDist"]),
    (&["dotnet"], &["publish", "build"]),
];

/// An advice: an offer without edits, with the seconds that it would save where they are known.
pub(super) type Advice = (Found, Option<f64>);

/// Tells whether a RUN calls one of these programs with one of those words after it.
fn runs(sheet: &Sheet<'_>, stage: usize, index: usize, (programs, verbs): (&[&str], &[&str])) -> bool {
    sheet.calls(stage, index).iter().any(|call| {
        let verb = call.operands.first().map_or("", |word| word.text.as_str());
        programs.contains(&call.program.as_str()) && verbs.contains(&verb)
    })
}

/// A final image that holds a compiler.
pub(super) fn multi_stage(sheet: &Sheet<'_>, stage: usize, index: usize) -> Option<Advice> {
    if stage != sheet.model.target || sheet.stage(stage).base.is_some() {
        return None;
    }
    let calls = sheet.calls(stage, index);
    let (tool, output) = COMPILERS.iter().find_map(|(tool, verbs, flags)| {
        let call = calls.iter().find(|call| {
            call.program == *tool
                && call.operands.first().is_some_and(|verb| verbs.contains(&verb.text.as_str()))
        })?;
        Some((*tool, call.value(flags).filter(|word| !word.dynamic)?.text.clone()))
    })?;
    let output = sheet.scope(stage, index).path(&output)?;
    let is_static = |call: &Call| {
        let mut own = call.assigns.iter();
        own.any(|(name, word)| name == "CGO_ENABLED" && word.text == "0")
            || sheet.scope(stage, index).value("CGO_ENABLED").as_deref() == Some("0")
    };
    let needs_libraries = tool == "go" && !calls.iter().any(is_static);
    let libraries = if needs_libraries {
        "; where cgo was in use (it is unless CGO_ENABLED=0 is set and a C compiler is there), it needs the C library of the image that it was built in"
    } else {
        ""
    };
    let found = Found {
        kind: MoveKind::MultiStage,
        at: (stage, index),
        name: format!("leave {tool} and the sources out of the final image"),
        changes: format!(
            "end this stage with the build, and begin another on a base without the compiler that copies {output} from it. The image becomes smaller; whatever runs and comes from this stage, certificates and time zones among it, has to be copied too, and ENV, EXPOSE, USER, ENTRYPOINT and CMD have to stand there{libraries}"
        ),
        edits: Vec::new(),
        differs: Vec::new(),
    };
    Some((found, None))
}

/// Two kinds of work in one stage, each of which would run beside the other.
pub(super) fn parallel_stage(sheet: &Sheet<'_>, stage: usize) -> Option<Advice> {
    let mut web: Option<(usize, f64)> = None;
    let mut rest = 0.0;
    for (index, ..) in sheet.runs(stage) {
        if REST.iter().any(|tool| runs(sheet, stage, index, *tool)) {
            rest += sheet.each[stage][index];
        } else if runs(sheet, stage, index, WEB) {
            let before = web.map_or(0.0, |(_, seconds)| seconds);
            web = Some((index, before + sheet.each[stage][index]));
        }
    }
    let (index, seconds) = web?;
    let saves = seconds.min(rest);
    if saves < least_gain(sheet.seconds) {
        return None;
    }
    let found = Found {
        kind: MoveKind::ParallelStage,
        at: (stage, index),
        name: "build the web part in a stage of its own, beside the rest".to_owned(),
        changes: "put the web part's manifests, install and build into a stage on a base with its tools, and copy the directory that the build makes from there. The two run at the same time, and edits of one no longer rerun the other; the base of the new stage, and what else it has to copy over, are yours to choose".to_owned(),
        edits: Vec::new(),
        differs: Vec::new(),
    };
    Some((found, Some(saves)))
}

/// An ENV of the commit or the like in a stage that others are built on, all of whose RUNs it makes run anew.
pub(super) fn volatile_base(sheet: &Sheet<'_>, stage: usize, index: usize, worth: f64) -> Option<Advice> {
    let own = &sheet.instructions(stage)[index];
    let InstructionKind::Env(pairs) = &own.kind else { return None };
    let changing: Vec<&String> = sheet.input.edits.iter().flat_map(|edit| &edit.build_args).collect();
    let pair = pairs.iter().find(|pair| {
        let mut used = names_in(&pair.value).into_iter();
        used.any(|name| changing.contains(&&name))
    })?;
    let family = sheet.family(stage);
    let others = family.iter().filter(|other| **other != stage && sheet.runs(**other).next().is_some());
    let names: Vec<String> = others.map(|other| name_of(sheet, *other)).collect();
    // What it costs: the seconds of all that would be found again without it.
    let without = sheet.with(&[Edit::remove(own.span.clone())])?;
    if names.is_empty() || sheet.seconds - without.seconds < worth {
        return None;
    }
    let stages = match names.as_slice() {
        [one] => format!("{one}, which is"),
        many => format!("{}, which are", many.join(", ")),
    };
    let found = Found {
        kind: MoveKind::VolatileLater,
        at: (stage, index),
        name: format!("set {} where it is needed, not in a stage that others are built on", pair.key),
        changes: format!(
            "it changes with every build, and all RUNs of {stages} built on this stage, run anew with it. Declare the ARG and set the ENV in the stages that need it, below their dear steps; what reads {} before that would find it unset",
            pair.key
        ),
        edits: Vec::new(),
        differs: Vec::new(),
    };
    Some((found, None))
}

/// A build in C or C++ that compiles all of it after each edit.
///
/// Written whole it could not be proved: where the compiler comes from, and which CMake it is, is the image's.
pub(super) fn compiler_cache(sheet: &Sheet<'_>, stage: usize, index: usize) -> Option<Advice> {
    const LAUNCHERS: [&str; 2] = ["ccache", "sccache"];
    let tree = sheet.input.tree;
    let builds = |call: &Call| match call.program.as_str() {
        "cmake" => tree.iter().any(|(path, _)| path.rsplit('/').next() == Some("CMakeLists.txt")),
        "make" | "ninja" => {
            ["configure", "configure.ac", "CMakeLists.txt"].iter().any(|name| tree.contains(name))
        }
        _ => false,
    };
    let own = &sheet.instructions(stage)[index];
    let brings = |own: &Instruction| match &own.kind {
        InstructionKind::Copy(copy) => copy.from.is_none(),
        InstructionKind::Add(_) => true,
        _ => false,
    };
    let is_of_the_project = sheet.instructions(stage)[..index].iter().any(brings);
    let has_one = |text: &str| LAUNCHERS.iter().any(|name| text.contains(name));
    let is_known = || {
        let settings = ["CMakeLists.txt", "CMakePresets.json", "configure.ac", "Makefile"];
        settings.iter().filter_map(|name| sheet.input.files.read(name)).any(|text| has_one(&text))
    };
    let calls = sheet.calls(stage, index);
    if !is_of_the_project || !calls.iter().any(builds) || has_one(&sheet.draft.dockerfile.text) || is_known()
    {
        return None;
    }
    let by_cmake = calls.iter().any(|call| call.program == "cmake");
    let how = if by_cmake {
        "set CMAKE_C_COMPILER_LAUNCHER and CMAKE_CXX_COMPILER_LAUNCHER to ccache for the step (CMake 3.17 and later)"
    } else {
        "put the directory of its links before PATH for the step (/usr/lib/ccache on Debian, /usr/lib/ccache/bin on Alpine)"
    };
    let found = Found {
        kind: MoveKind::CacheMount,
        at: (stage, index),
        name: "keep what the C and C++ compilers make in a cache mount, with ccache".to_owned(),
        changes: format!(
            "install ccache beside the compiler, {how}, and give it `--mount=type=cache,target=/var/cache/ccache` with CCACHE_DIR=/var/cache/ccache. After an edit it compiles only the files that the edit reaches; line {} compiles all of them now. A builder that is new starts without it",
            sheet.draft.line(own.line)
        ),
        edits: Vec::new(),
        differs: Vec::new(),
    };
    Some((found, None))
}

fn name_of(sheet: &Sheet<'_>, stage: usize) -> String {
    sheet.draft.dockerfile.stages[stage].name.clone().unwrap_or_else(|| stage.to_string())
}
