//! Commands whose arguments need more than a table: those that hold scripts or other commands.

use super::arguments::Arguments;
use super::effects::Study;
use super::paths::PathSet;
use super::script::{Command, Redirect, Scene, Script, ShellKind, Word};
use super::tools::{Rule, Tool};

/// Applies a rule; false where it does not settle the matter and the table should be asked.
pub(super) fn apply(study: &mut Study<'_>, rule: Rule, tool: &Tool, words: &[Word], outer: &Command) -> bool {
    match rule {
        Rule::Shell => shell(study, tool, words, outer),
        Rule::Python => python(study, words, outer),
        Rule::Find => find(study, words, outer),
        Rule::Sed => sed(study, tool, words, outer),
        Rule::Awk => awk(study, words),
        Rule::Xargs => xargs(study, tool, words, outer),
        Rule::Eval => eval(study, words, outer),
        Rule::Tasks => tasks(study, words, outer),
    }
}

/// `sh -c TEXT`, `sh <<EOF`; a script file or piped text cannot be known.
fn shell(study: &mut Study<'_>, tool: &Tool, words: &[Word], outer: &Command) -> bool {
    let arguments = Arguments::read(tool, &words[1..]);
    let heredoc = outer.redirects.iter().find_map(|redirect| match redirect {
        Redirect::Text(word) => Some(word),
        _ => None,
    });
    let text = if arguments.has(&["-c"]) {
        arguments.operands.first().copied()
    } else {
        heredoc.filter(|_| arguments.operands.is_empty())
    };
    match text {
        Some(text) => script_text(study, text, ShellKind::of(&[&words[0].text]), outer),
        None if arguments.operands.is_empty() && !outer.piped && heredoc.is_none() => {}
        None => study.unknown_program(&words[0].text, words, outer.cwd.as_deref()),
    }
    true
}

/// `eval TEXT` for text that is known; what it leaves behind in the shell is not followed.
fn eval(study: &mut Study<'_>, words: &[Word], outer: &Command) -> bool {
    let dynamic = words[1..].iter().any(|word| word.dynamic);
    let text = words[1..].iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
    script_text(study, &Word { text, dynamic, glob: false }, study.scene.shell, outer);
    true
}

fn script_text(study: &mut Study<'_>, text: &Word, shell: ShellKind, outer: &Command) {
    let Some(cwd) = outer.cwd.as_deref().filter(|_| !text.dynamic) else {
        return study.unknown_program("shell text", &[], outer.cwd.as_deref());
    };
    let scene = Scene { cwd, shell, ..study.scene };
    let mut inner = Study { scene, depth: study.depth, total: &mut *study.total };
    inner.script(&Script::read(&text.text, &scene));
}

/// `python -m MODULE …` for modules that are commands of their own.
fn python(study: &mut Study<'_>, words: &[Word], outer: &Command) -> bool {
    let inner = python_module(words);
    if let Some(inner) = &inner {
        study.words(inner, outer);
    }
    inner.is_some()
}

/// Turns `python -m MODULE …` into the command that the module is.
pub(super) fn python_module(words: &[Word]) -> Option<Vec<Word>> {
    let at = words.iter().position(|word| word.text == "-m")?;
    let module = words.get(at + 1).filter(|module| !module.dynamic)?.text.as_str();
    if !["pip", "venv", "virtualenv", "compileall", "pipenv", "poetry"].contains(&module) {
        return None;
    }
    // The module belongs to this interpreter, and so to its environment.
    let directory = words[0].text.rsplit_once('/').map_or("", |(directory, _)| directory);
    let program = if directory.is_empty() { module.to_owned() } else { format!("{directory}/{module}") };
    let mut inner = vec![Word::known(program)];
    inner.extend_from_slice(&words[at + 2..]);
    Some(inner)
}

/// `mix do TASK, TASK + TASK`: each task is a command of its own.
fn tasks(study: &mut Study<'_>, words: &[Word], outer: &Command) -> bool {
    if words.get(1).is_none_or(|word| word.text != "do") {
        return false;
    }
    let mut task = vec![words[0].clone()];
    for word in &words[2..] {
        let (text, ends) = match word.text.strip_suffix(',') {
            Some(text) => (text, true),
            None => (word.text.as_str(), word.text == "+"),
        };
        if text != "+" && !text.is_empty() {
            task.push(Word { text: text.to_owned(), ..word.clone() });
        }
        if ends {
            study.words(&std::mem::replace(&mut task, vec![words[0].clone()]), outer);
        }
    }
    study.words(&task, outer);
    true
}

/// `find PATH… TESTS ACTIONS`.
fn find(study: &mut Study<'_>, words: &[Word], outer: &Command) -> bool {
    let cwd = outer.cwd.as_deref();
    let here = Word::known(".");
    let starts = |text: &str| text.starts_with(['-', '(', '!']);
    let mut roots: Vec<&Word> =
        words[1..].iter().skip_while(|w| matches!(w.text.as_str(), "-L" | "-P" | "-H")).collect();
    let tests = roots.iter().position(|word| starts(&word.text)).unwrap_or(roots.len());
    let tests = roots.split_off(tests);
    if roots.is_empty() {
        roots.push(&here);
    }
    for root in &roots {
        study.read(root, cwd);
    }
    let mut rest = tests.into_iter();
    while let Some(word) = rest.next() {
        match word.text.as_str() {
            "-delete" => roots.iter().for_each(|root| study.write(root, cwd, true)),
            "-exec" | "-execdir" | "-ok" => {
                let inner: Vec<Word> =
                    rest.by_ref().take_while(|w| !matches!(w.text.as_str(), ";" | "+")).cloned().collect();
                for root in &roots {
                    study.words(&with_found(&inner, root), outer);
                }
            }
            "-fprint" | "-fprintf" | "-fls" => {
                if let Some(file) = rest.next() {
                    study.write(file, cwd, false);
                }
            }
            "-newer" | "-mtime" | "-mmin" | "-atime" | "-ctime" => study.total.deterministic = false,
            _ => {}
        }
    }
    true
}

/// Puts what `find` found in place of `{}`: something below its root.
fn with_found(words: &[Word], root: &Word) -> Vec<Word> {
    words.iter().map(|word| if word.text.contains("{}") { root.clone() } else { word.clone() }).collect()
}

/// `sed [-i] SCRIPT FILE…`.
fn sed(study: &mut Study<'_>, tool: &Tool, words: &[Word], outer: &Command) -> bool {
    let cwd = outer.cwd.as_deref();
    let arguments = Arguments::read(tool, &words[1..]);
    let script_flags = ["-e", "--expression", "-f", "--file"];
    let from_flags = arguments.has(&script_flags);
    let (scripts, files): (Vec<&Word>, &[&Word]) = if from_flags {
        (arguments.values(&script_flags).collect(), &arguments.operands)
    } else {
        let (first, rest) = arguments.operands.split_at(arguments.operands.len().min(1));
        (first.to_vec(), rest)
    };
    arguments.values(&["-f", "--file"]).for_each(|file| study.read(file, cwd));
    let edits = arguments.has(&["-i", "--in-place", "-I"]);
    for file in files {
        study.read(file, cwd);
        if edits {
            study.write(file, cwd, false);
        }
    }
    if scripts.iter().any(|script| may_write_elsewhere(&script.text)) {
        study.unknown_program("sed", &[], cwd);
    }
    true
}

/// Tells whether a sed script may hold a `w` or `e` command: one of these letters where a command or a flag can
/// stand, followed by a blank.
fn may_write_elsewhere(script: &str) -> bool {
    let letters: Vec<char> = script.chars().collect();
    letters.windows(3).any(|three| {
        matches!(three[1], 'w' | 'W' | 'e')
            && three[2] == ' '
            && (three[0].is_ascii_digit() || "/|#,;{}g$".contains(three[0]))
    })
}

/// awk programs that print only; others may write files or run commands.
fn awk(study: &mut Study<'_>, words: &[Word]) -> bool {
    let writes =
        |text: &str| text.contains("system(") || text.contains("getline") || text.contains(['>', '|']);
    if words[1..].iter().any(|word| word.text == "-f" || (word.text.contains('{') && writes(&word.text))) {
        study.unknown_program("awk", &[], None);
        return true;
    }
    if words[1..].iter().any(|word| word.text.contains("rand()") || word.text.contains("time()")) {
        study.total.deterministic = false;
    }
    false
}

/// `xargs COMMAND`: the command with one more operand that is not known.
fn xargs(study: &mut Study<'_>, tool: &Tool, words: &[Word], outer: &Command) -> bool {
    let arguments = Arguments::read(tool, &words[1..]);
    let mut inner: Vec<Word> = arguments.operands.iter().map(|word| (*word).clone()).collect();
    if inner.is_empty() {
        return true;
    }
    inner.push(Word { dynamic: true, ..Word::default() });
    study.words(&inner, outer);
    if study.total.writes.possible == PathSet::Everything {
        study.total.deterministic = false;
    }
    true
}
