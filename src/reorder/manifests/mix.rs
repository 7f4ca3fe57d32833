//! Mix: the dependencies of an Elixir project, which mix.exs and config name in code.
//!
//! Whatever task runs, Mix first runs mix.exs, and the configuration before it compiles dependencies. Only such as is
//! known to look at no other file passes: lists of dependencies, and settings.

use super::{Install, Plan, Why};

/// What looks at files, runs programs, or leads elsewhere.
const LOOKS: [&str; 17] = [
    "File.",
    "Code.",
    "System.cmd",
    "System.shell",
    "Path.wildcard",
    "Port.open",
    ":os.cmd",
    ":file.",
    ":filelib.",
    "Mix.install",
    "@external_resource",
    "apps_path",
    "in_umbrella",
    "deps_path",
    "build_path",
    "lockfile:",
    "config_path",
];

/// Tasks whose aliases of the same name would run in their place.
const TASKS: [&str; 4] = ["deps.get", "deps.compile", "local.hex", "local.rebar"];

/// Refuses what may need more than mix.exs, mix.lock and config.
pub(super) fn check(install: &Install<'_>, plan: &mut Plan) -> Result<(), Why> {
    plan.runs_code = true;
    if let Some(task) = tasks(&install.words[1..]).into_iter().find(|task| !TASKS.contains(&task.as_str())) {
        return Err(Why::SharesCommand(task));
    }
    let project = install.read("mix.exs")?;
    let code = without_comments(&project);
    plain(install, "mix.exs", &code)?;
    if let Some(task) = TASKS.iter().find(|task| code.contains(&format!("\"{task}\":"))) {
        let (path, name) = (install.path("mix.exs"), (*task).to_owned());
        return Err(Why::Script { path, name, text: "an alias of the task".to_owned() });
    }
    let config = install.path("config");
    let others = of_other_environments(install);
    for (path, entry) in install.tree {
        let is_code = ["exs", "ex"].iter().any(|end| path.ends_with(&format!(".{end}")));
        let Some(inner) = path.strip_prefix(&config).filter(|rest| rest.starts_with('/')) else { continue };
        // What runs when the program starts runs no earlier.
        if entry.is_dir() || !is_code || inner == "/runtime.exs" || others.contains(&inner) {
            continue;
        }
        let name = format!("config{inner}");
        let text = without_comments(&install.read(&name)?);
        plain(install, &name, &text)?;
        if text.lines().any(|line| line.contains("import_config") && line.contains("..")) {
            return Err(Why::DependsOnSources(format!("{path} reads files outside of config")));
        }
    }
    let listed = dependencies(&code);
    // A dependency in a directory is read, and compiled, from there. Where the list cannot be told, any may be one.
    let local = match &listed {
        Some(listed) => listed.iter().find(|dependency| dependency.contains("path:")).map(String::as_str),
        None => code.contains("path:").then_some("a dependency"),
    };
    if let Some(dependency) = local {
        let name = dependency.split(',').next().unwrap_or(dependency).to_owned();
        return Err(Why::LocalDependency { path: install.path("mix.exs"), what: name });
    }
    let fetches = tasks(&install.words[1..]).iter().any(|task| task == "deps.get");
    let Some(lock) = install.loose_lock().filter(|_| fetches) else { return Ok(()) };
    let listed = listed.ok_or_else(|| Why::RewritesLock(install.path(lock)))?;
    let text = install.read(lock)?;
    if listed.iter().all(|dependency| is_locked(dependency, &text)) {
        Ok(())
    } else {
        Err(Why::RewritesLock(install.path(lock)))
    }
}

/// The files of config that are read in another environment than that of `MIX_ENV`: config.exs imports one by its name.
fn of_other_environments(install: &Install<'_>) -> Vec<&'static str> {
    const ENVIRONMENTS: [(&str, &str); 3] =
        [("dev", "/dev.exs"), ("test", "/test.exs"), ("prod", "/prod.exs")];
    let text = install.read("config/config.exs").map(|text| without_comments(&text)).unwrap_or_default();
    let mut imports = text.lines().filter(|line| line.contains("import_config"));
    let by_name = ["#{config_env()}.exs\"", "#{Mix.env()}.exs\"", "#{Mix.env}.exs\""];
    let is_known = imports.all(|line| by_name.iter().any(|words| line.contains(words)));
    let Some(own) = (install.env)("MIX_ENV").filter(|_| is_known) else { return Vec::new() };
    ENVIRONMENTS.iter().filter(|(name, _)| *name != own).map(|(_, file)| *file).collect()
}

/// The tasks of `mix TASK …` or `mix do TASK, TASK` (with `+` between them as well), by the words after `mix`.
pub(in crate::reorder) fn tasks(words: &[impl AsRef<str>]) -> Vec<String> {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    let first = |part: &[&str]| part.first().map(|task| (*task).to_owned());
    if words.first().is_none_or(|word| *word != "do") {
        return first(&words).into_iter().collect();
    }
    let text = words[1..].join(" ").replace(',', " , ");
    let words: Vec<&str> = text.split_whitespace().collect();
    words.split(|word| [",", "+"].contains(word)).filter_map(first).collect()
}

fn plain(install: &Install<'_>, name: &str, code: &str) -> Result<(), Why> {
    match LOOKS.iter().find(|word| code.contains(*word)) {
        Some(word) => {
            let word = word.trim_end_matches(['.', ':']);
            Err(Why::DependsOnSources(format!("{} uses `{word}`", install.path(name))))
        }
        None => Ok(()),
    }
}

/// Elixir's code with its comments taken out; what stands in quotes stays.
fn without_comments(text: &str) -> String {
    let line = |line: &str| {
        let (mut quoted, mut before) = (false, ' ');
        let end = line.char_indices().find(|(_, c)| {
            quoted ^= *c == '"' && before != '\\';
            let ends = *c == '#' && !quoted;
            before = *c;
            ends
        });
        line[..end.map_or(line.len(), |(at, _)| at)].to_owned()
    };
    text.lines().map(|own| line(own) + "\n").collect()
}

/// The entries of the function `deps`, each without its braces; `None` where it is more than one list of them.
fn dependencies(code: &str) -> Option<Vec<String>> {
    if !code.contains("deps: deps()") {
        return None;
    }
    let mut starts = code.match_indices("defp deps do\n").chain(code.match_indices("def deps do\n"));
    let (start, head) = starts.next()?;
    let body = &code[start + head.len()..];
    let body = body[..body.find("\n  end\n")?].trim();
    let list = body.strip_prefix('[')?.strip_suffix(']')?;
    if starts.next().is_some() {
        return None;
    }
    let (mut found, mut depth, mut quoted) = (Vec::new(), 0_usize, false);
    let mut entry = String::new();
    for c in list.chars() {
        quoted ^= c == '"';
        match c {
            '{' if !quoted => {
                depth += 1;
                if depth == 1 {
                    continue;
                }
            }
            '}' if !quoted => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    found.push(std::mem::take(&mut entry));
                    continue;
                }
            }
            _ => {}
        }
        if depth > 0 {
            entry.push(c);
        } else if !c.is_whitespace() && c != ',' {
            return None;
        }
    }
    let calls = |entry: &String| entry.replace("Mix.env()", "").replace("Mix.target()", "").contains('(');
    (!found.iter().any(calls)).then_some(found)
}

/// Tells whether a lock file pins a dependency to what it asks for, so that fetching leaves it as it is.
fn is_locked(dependency: &str, lock: &str) -> bool {
    let mut parts = dependency.split(',').map(str::trim);
    let Some(name) = parts.next().and_then(|name| name.strip_prefix(':')) else { return false };
    let entry = lock.lines().find_map(|line| line.trim().strip_prefix(&format!("\"{name}\": {{")));
    let Some(entry) = entry else { return false };
    let option = |key: &str| {
        let rest = &dependency[dependency.find(&format!("{key}: \""))? + key.len() + 3..];
        Some(&rest[..rest.find('"')?])
    };
    if ["git:", "github:"].iter().any(|key| dependency.contains(key)) {
        let keys = ["git", "github", "tag", "ref", "branch", "sparse"];
        return entry.starts_with(":git,")
            && keys.iter().filter_map(|key| option(key)).all(|value| entry.contains(value));
    }
    let wanted = parts.next().and_then(|text| text.strip_prefix('"')?.strip_suffix('"'));
    let version = entry.strip_prefix(":hex,").and_then(|rest| rest.split('"').nth(1));
    match (wanted, version) {
        (Some(wanted), Some(version)) => {
            wanted.split(" or ").any(|any| any.split(" and ").all(|one| fits(one, version)))
        }
        _ => false,
    }
}

/// Tells whether a version fits one requirement (`~> 1.2`, `>= 0.3.1`); any other form does not.
fn fits(wanted: &str, version: &str) -> bool {
    let numbers = |text: &str| -> Option<Vec<u64>> {
        text.split('.').map(|part| part.parse().ok()).collect::<Option<Vec<u64>>>()
    };
    let (operator, wanted) = wanted.trim().split_once(' ').unwrap_or(("==", wanted.trim()));
    let (Some(wanted), Some(version)) = (numbers(wanted), numbers(version)) else { return false };
    match operator {
        "~>" => {
            let fixed = wanted.len().saturating_sub(1);
            fixed > 0
                && version.len() >= wanted.len()
                && version[..fixed] == wanted[..fixed]
                && version >= wanted
        }
        ">=" => version >= wanted,
        "==" => version == wanted,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements() {
        for (wanted, version, expected) in [
            ("~> 1.2", "1.9.0", true),
            ("~> 1.2", "2.0.0", false),
            ("~> 1.2", "1.1.9", false),
            ("~> 1.2.3", "1.2.10", true),
            ("~> 1.2.3", "1.3.0", false),
            (">= 0.0.0", "0.15.1", true),
            (">= 2.0.0", "1.9.9", false),
            ("== 8.0.0", "8.0.0", true),
            ("8.0.0", "8.0.0", true),
            ("8.0.0", "8.0.1", false),
            ("~> 1.0.0-rc2", "1.0.0", false),
            ("< 2.0.0", "1.0.0", false),
        ] {
            assert_eq!(fits(wanted, version), expected, "{wanted} {version}");
        }
    }

    #[test]
    fn tasks_of_a_call() {
        for (text, expected) in [
            ("mix deps.get --only prod", "deps.get"),
            ("mix do deps.get, deps.compile", "deps.get deps.compile"),
            ("mix do deps.get --only prod, deps.compile --force", "deps.get deps.compile"),
            ("mix do deps.get + deps.compile + release x", "deps.get deps.compile release"),
        ] {
            let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
            assert_eq!(tasks(&words[1..]).join(" "), expected, "{text}");
        }
    }
}
