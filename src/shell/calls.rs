//! The programs that a script runs, told apart from what only passes them on (`env`, `sudo`, `sh -c`).

use super::arguments::Arguments;
use super::rules::python_module;
use super::script::{Command, Redirect, Scene, Script, ShellKind, Word};
use super::tools::{self, Rule, Tool};

/// One program with its arguments.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Its name without the directory: `pip`.
    pub program: String,
    /// The program as it is called: `/opt/venv/bin/pip`.
    pub path: String,
    /// The words that are neither flags nor their values: `install`, `flask`.
    pub operands: Vec<Word>,
    /// Flags by name (`-x`, `--long`), with the value where one was given.
    pub flags: Vec<(String, Option<Word>)>,
    /// Files that its output is redirected to.
    pub writes: Vec<Word>,
    /// Working directory, where it is known.
    pub cwd: Option<String>,
    /// Whether the script may succeed without having run it to its end.
    pub conditional: bool,
    /// Variables set for it alone.
    pub assigns: Vec<(String, Word)>,
}

impl Call {
    /// Tells whether one of these flags was given.
    pub fn has(&self, names: &[impl AsRef<str>]) -> bool {
        self.flags.iter().any(|(given, _)| names.iter().any(|name| name.as_ref() == given))
    }

    /// The value given to one of these flags, the last of several.
    pub fn value(&self, names: &[impl AsRef<str>]) -> Option<&Word> {
        self.flags
            .iter()
            .rev()
            .filter(|(given, _)| names.iter().any(|name| name.as_ref() == given))
            .find_map(|(_, value)| value.as_ref())
    }

    /// The operands after the words of a subcommand (`mod download`), if they begin with them.
    pub fn after(&self, sub: &str) -> Option<&[Word]> {
        let mut rest = self.operands.as_slice();
        for wanted in sub.split_whitespace() {
            let (first, others) = rest.split_first()?;
            // `*` is any word, `build*` one that begins so.
            let fits = match wanted.strip_suffix('*') {
                Some(start) => first.text.starts_with(start),
                None => first.text == wanted,
            };
            if first.dynamic || !fits {
                return None;
            }
            rest = others;
        }
        Some(rest)
    }
}

/// Lists the programs that a script runs, in the order written.
///
/// Scripts given to a shell (`sh -c`) and commands given to `env`, `sudo`, `time`, `xargs` and the like are looked
/// into; `python -m pip` is `pip`. Programs that only the run can tell are left out.
pub fn calls(script: &Script, scene: &Scene<'_>) -> Vec<Call> {
    let mut found = Vec::new();
    for command in &script.commands {
        collect(&command.words, command, scene, 0, &mut found);
    }
    found
}

/// How deep commands may run commands.
const DEEPEST: usize = 8;

fn collect(words: &[Word], outer: &Command, scene: &Scene<'_>, depth: usize, found: &mut Vec<Call>) {
    let Some(program) = words.first().filter(|word| !word.dynamic && !word.text.is_empty()) else {
        // Redirections alone (`> file`) and programs that are not known.
        return;
    };
    if depth > DEEPEST {
        return;
    }
    let plain = Tool::default();
    let tool = tools::find(&program.text);
    let arguments = Arguments::read(tool.unwrap_or(&plain), &words[1..]);
    if let Some(tool) = tool {
        match tool.rule {
            Some(Rule::Shell) => {
                let text = outer.redirects.iter().find_map(|redirect| match redirect {
                    Redirect::Text(word) => Some(word),
                    _ => None,
                });
                let text = if arguments.has(&["-c"]) {
                    arguments.operands.first().copied()
                } else {
                    text.filter(|_| arguments.operands.is_empty())
                };
                if let (Some(text), Some(cwd)) = (text.filter(|text| !text.dynamic), outer.cwd.as_deref()) {
                    let scene = Scene { cwd, shell: ShellKind::of(&[&program.text]), ..*scene };
                    for command in &Script::read(&text.text, &scene).commands {
                        collect(&command.words, command, &scene, depth + 1, found);
                    }
                    return;
                }
            }
            Some(Rule::Python) => {
                if let Some(inner) = python_module(words) {
                    return collect(&inner, outer, scene, depth + 1, found);
                }
            }
            Some(Rule::Xargs) => {
                let inner: Vec<Word> = arguments.operands.iter().map(|word| (*word).clone()).collect();
                return collect(&inner, outer, scene, depth + 1, found);
            }
            _ => {}
        }
        let wraps = tool.uses.iter().find(|usage| {
            let fits = |sub: &String| {
                if sub.is_empty() {
                    arguments.operands.is_empty()
                } else {
                    arguments.subcommand(sub).is_some()
                }
            };
            usage.sub.is_empty() || usage.sub.iter().any(fits)
        });
        if let Some(skip) = wraps.and_then(|usage| usage.wraps) {
            let operands = arguments.operands.iter().skip(skip).skip_while(|word| word.text.contains('='));
            let inner: Vec<Word> = operands.map(|word| (*word).clone()).collect();
            return collect(&inner, outer, scene, depth + 1, found);
        }
    }
    let name = program.text.rsplit('/').next().unwrap_or(&program.text);
    let writes = outer.redirects.iter().filter_map(|redirect| match redirect {
        Redirect::Write(word) => Some(word.clone()),
        _ => None,
    });
    found.push(Call {
        program: name.to_owned(),
        path: program.text.clone(),
        operands: arguments.operands.into_iter().cloned().collect(),
        flags: arguments.flags,
        writes: writes.collect(),
        cwd: outer.cwd.clone(),
        conditional: outer.conditional,
        assigns: outer.assigns.clone(),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let scene = Scene { cwd: "/app", env: &|_| None, shell: ShellKind::Posix };
        calls(&Script::read(text, &scene), &scene)
            .into_iter()
            .map(|call| {
                let operands: Vec<_> = call.operands.iter().map(|word| word.text.as_str()).collect();
                format!("{} {} @{}", call.program, operands.join(" "), call.cwd.unwrap_or_default())
            })
            .collect()
    }

    #[test]
    fn programs_are_found_behind_what_passes_them_on() {
        for (text, want) in [
            ("npm ci --omit dev", &["npm ci @/app"][..]),
            ("cd x && python3 -m pip install -r r.txt flask", &["cd x @/app", "pip install flask @/app/x"]),
            ("sh -c 'apk add curl'", &["apk add curl @/app"]),
            ("CGO_ENABLED=0 env A=1 go build -o /b .", &["go build . @/app"]),
            ("sudo -E apt-get install -y a b", &["apt-get install a b @/app"]),
            ("$TOOL x; make", &["make  @/app"]),
        ] {
            assert_eq!(shown(text), want, "{text}");
        }
    }

    #[test]
    fn subcommands_and_flags_are_told_apart() {
        let scene = Scene { cwd: "/", env: &|_| None, shell: ShellKind::Posix };
        let all = calls(&Script::read("go build -ldflags '-s -w' -o /out/a ./cmd > log", &scene), &scene);
        let call = &all[0];
        assert_eq!(call.after("build").map(<[Word]>::len), Some(1));
        assert_eq!(call.value(&["-o"]).map(|word| word.text.as_str()), Some("/out/a"));
        assert!(call.has(&["-ldflags"]) && !call.has(&["-s"]));
        assert_eq!(call.writes, [Word::known("log")]);
    }
}
