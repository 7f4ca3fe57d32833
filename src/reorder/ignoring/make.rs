//! What a Makefile has a target do, as far as it can be told that it builds a program in Go and looks at no tests.

use std::collections::BTreeSet;

use super::testing::speaks_of_tests;
use crate::reorder::ReorderInput;

/// What a recipe may call.
const PROGRAMS: [&str; 13] = [
    "go",
    "$(GO)",
    "${GO}",
    "$(GOCMD)",
    "$(GO_CMD)",
    "echo",
    "mkdir",
    "cp",
    "mv",
    "rm",
    "install",
    "cd",
    "upx",
];

/// Words by which a recipe may look at tests, or at all that lies there.
const LOOKS: [&str; 8] = ["vet", "check", "cover", "verify", "generate", "lint", "staticcheck", "run"];

/// Tells whether making these targets (the first one, where none is named) compiles programs in Go and no more.
///
/// The Makefile is that of the context's root, so `cwd` has to be one in which it can lie; a target that it does not
/// have, a pattern, a call of another Makefile or of a script are refusals.
pub(super) fn is_blind(input: &ReorderInput<'_>, cwd: Option<&str>, targets: &[&str]) -> bool {
    let text = ["GNUmakefile", "makefile", "Makefile"].iter().find_map(|name| input.files.read(name));
    let (Some(text), true) = (text, input.tree.contains("go.mod") && cwd.is_some()) else { return false };
    let rules = rules(&text);
    let mut wanted: Vec<String> =
        targets.iter().filter(|word| !word.contains('=')).map(|word| (*word).to_owned()).collect();
    if wanted.is_empty() {
        wanted.extend(rules.iter().map(|rule| rule.target.clone()).find(|name| !name.starts_with('.')));
    }
    let mut seen: BTreeSet<String> = BTreeSet::new();
    while let Some(name) = wanted.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        let mut own = rules.iter().filter(|rule| rule.target == name).peekable();
        if own.peek().is_none() {
            // A file that is there, or nothing known.
            if input.tree.contains(&name) {
                continue;
            }
            return false;
        }
        for rule in own {
            if !rule.recipe.iter().all(|line| is_plain(line))
                || rule.needs.iter().any(|need| need.contains(['$', '%']))
            {
                return false;
            }
            wanted.extend(rule.needs.iter().cloned());
        }
    }
    !seen.is_empty()
}

/// A rule of a Makefile.
struct Rule {
    target: String,
    needs: Vec<String>,
    recipe: Vec<String>,
}

/// The rules of a Makefile, as far as they are written plainly.
fn rules(text: &str) -> Vec<Rule> {
    let text = text.replace("\r\n", "\n").replace("\\\n", " ");
    let mut found: Vec<Rule> = Vec::new();
    let mut open = 0;
    for line in text.lines() {
        if let Some(recipe) = line.strip_prefix('\t') {
            let from = found.len() - open.min(found.len());
            found[from..].iter_mut().for_each(|rule| rule.recipe.push(recipe.to_owned()));
            continue;
        }
        let line = line.split('#').next().unwrap_or_default();
        let Some((names, rest)) = line.split_once(':').filter(|(names, rest)| {
            !rest.starts_with('=') && !names.contains(['=', '$', '(']) && !names.trim().is_empty()
        }) else {
            if !line.trim().is_empty() {
                open = 0;
            }
            continue;
        };
        let (needs, recipe) = rest.split_once(';').unwrap_or((rest, ""));
        let needs: Vec<String> =
            needs.split_whitespace().filter(|word| *word != "|").map(str::to_owned).collect();
        let recipe: Vec<String> =
            Some(recipe.trim().to_owned()).filter(|line| !line.is_empty()).into_iter().collect();
        // `target: VARIABLE := value` sets a variable.
        let sets = needs.iter().any(|word| word.contains('='));
        let own = names.split_whitespace().map(|name| Rule {
            target: name.to_owned(),
            needs: if sets { Vec::new() } else { needs.clone() },
            recipe: recipe.clone(),
        });
        let before = found.len();
        found.extend(own);
        open = found.len() - before;
    }
    found
}

/// Tells whether a line of a recipe calls only what is known.
fn is_plain(line: &str) -> bool {
    let line = line.trim_start_matches(['@', '-', '+', ' ', '\t']);
    let is_known = |command: &str| {
        let mut words = command.split_whitespace().skip_while(|word| word.contains('='));
        let program = words.next().unwrap_or_default();
        program.is_empty() || PROGRAMS.contains(&program) && !words.any(|word| LOOKS.contains(&word))
    };
    !line.contains(['`', '<'])
        && !line.contains("$(shell")
        && !speaks_of_tests(line)
        && line.split("&&").flat_map(|part| part.split(';')).all(|part| is_known(part.trim()))
}
