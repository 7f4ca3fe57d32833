//! Maven: the poms of all modules, their parents, and what makes Maven look at more than those.
//!
//! Why the poms are enough, also where one module depends on another: `dependency:go-offline`, `dependency:resolve` and
//! `dependency:resolve-plugins` are called by name, so no phase of a lifecycle runs and no plugin that is bound to one
//! (`GoOfflineMojo` forks at most the goal `resolve-plugins`, `ResolveDependenciesMojo` only asks for its dependencies;
//! both in apache/maven-dependency-plugin, `resolvers/`). A module that is a dependency is looked up by Maven's
//! `ReactorReader` (apache/maven, maven-core): its pom is its file, its jar is what this run packaged, else what an
//! earlier one left in `target`, else nothing; sources are never looked at. Whether the goal then leaves the module
//! out, finds it in a repository or fails (MDEP-204, MDEP-516) depends on the poms and the plugin's version, the same
//! above the sources as below them. So `target` must not be in the context, nor anywhere else (`<build><directory>`).

use super::xml::{Element, elements};
use super::{Install, ManifestView, Plan, Why};
use crate::context::{Entry, Tree, path};

/// Flags whose next word is a value, and no goal.
pub(super) const VALUES: [&str; 21] = [
    "-P",
    "--activate-profiles",
    "-D",
    "--define",
    "-T",
    "--threads",
    "-l",
    "--log-file",
    "-s",
    "--settings",
    "-gs",
    "--global-settings",
    "-t",
    "--toolchains",
    "-b",
    "--builder",
    "--color",
    "-rf",
    "--resume-from",
    "-pl",
    "--projects",
];

/// The variable whose words are options of the virtual machine that Maven runs in.
pub(super) const OPTIONS: &str = "MAVEN_OPTS";

/// The goals of the dependency plugin as they are written for short.
const GOALS: [&str; 3] = ["dependency:go-offline", "dependency:resolve", "dependency:resolve-plugins"];

/// A goal of the dependency plugin for short, where it is written in full, with or without its version
/// (`org.apache.maven.plugins:maven-dependency-plugin:3.6.0:go-offline`); any other word as it is.
pub(super) fn goal(word: &str) -> &str {
    let parts: Vec<&str> = word.split(':').collect();
    let (["org.apache.maven.plugins", "maven-dependency-plugin", rest @ ..] | ["dependency", rest @ ..]) =
        parts.as_slice()
    else {
        return word;
    };
    // A version may stand before the goal.
    let Some(goal) = rest.last().filter(|_| rest.len() <= 2) else { return word };
    let is_it = |known: &&str| known.strip_prefix("dependency:") == Some(*goal);
    GOALS.into_iter().find(is_it).unwrap_or(word)
}

/// Tells whether the word after this one is a flag's value.
pub(in crate::reorder) fn takes_value(flag: &str) -> bool {
    VALUES.contains(&flag)
}

/// Tells whether a project below a directory of the context depends on another one there, or is built with it as a
/// plugin. `dependency:go-offline` may look for that one in a repository, where it is not (MDEP-204, MDEP-516).
pub(in crate::reorder) fn modules_need_each_other(tree: &Tree, files: &dyn ManifestView, dir: &str) -> bool {
    let is_pom = |path: &str| path.rsplit('/').next() == Some("pom.xml") && path::is_within(path, dir);
    let poms = tree.iter().filter(|(path, entry)| is_pom(path) && matches!(entry, Entry::File(_)));
    let texts = poms.filter_map(|(path, _)| elements(&files.read(&path)?));
    let (mut own, mut needed) = (Vec::new(), Vec::new());
    for one in texts.flatten() {
        if one.path == "project/artifactId" {
            own.push(one.text);
        } else if one.path.ends_with("/dependencies/dependency/artifactId")
            && !one.path.contains("/dependencyManagement/")
            || one.path.ends_with("build/plugins/plugin/artifactId")
        {
            needed.push(one.text);
        }
    }
    needed.iter().any(|name| own.contains(name))
}

/// Flags that name a file which Maven writes.
const LOGS: [&str; 2] = ["-l", "--log-file"];

/// Flags that name a file which Maven reads.
const FILES: [&str; 6] = ["-s", "--settings", "-gs", "--global-settings", "-t", "--toolchains"];

/// The settings that the official image of Maven holds.
const OF_THE_IMAGE: &str = "/usr/share/maven/ref/";

/// Extensions of the build that look at the machine alone.
///
/// `os-maven-plugin` sets properties from the names of the system and its processor (trustin/os-maven-plugin).
const KNOWN_EXTENSIONS: [&str; 2] = ["kr.motd.maven", "os-maven-plugin"];

/// Parameters of the goals, and properties, that name what they write.
const WRITTEN: [&str; 3] = ["outputFile", "mdep.outputFile", "markersDirectory"];

/// Files of `.mvn` that change what Maven does in more ways than are looked into here.
const OTHER_SETTINGS: [&str; 5] = [
    ".mvn/extensions.xml",
    ".mvn/maven-user.properties",
    ".mvn/maven-system.properties",
    ".mvn/maven.properties",
    ".mvn/maven-installation.properties",
];

/// Adds the poms that the command reads to its plan.
pub(super) fn check(install: &Install<'_>, plan: &mut Plan) -> Result<(), Why> {
    flags(install, plan)?;
    configuration(install)?;
    let mut poms = vec![Pom { file: "pom.xml".to_owned(), is_module: true }];
    let mut at = 0;
    while at < poms.len() {
        let (file, is_module) = (poms[at].file.clone(), poms[at].is_module);
        at += 1;
        let found = elements_of(install, &file)?;
        install.need(&file, plan);
        check_pom(install, &file, &found)?;
        let mut next = parent(install, &file, &found, plan)?.into_iter().collect::<Vec<_>>();
        // A parent that is no module itself brings none.
        if is_module {
            plan.writes.insert(install.path(&path::join(dir_of(&file), "target")));
            next.extend(modules(install, &file, &found)?);
        }
        for pom in next {
            // One that was a parent before it is a module is looked at again, for its own modules.
            let is_known = |known: &Pom| known.file == pom.file && (known.is_module || !pom.is_module);
            if !poms.iter().any(is_known) {
                poms.push(pom);
            }
        }
    }
    Ok(())
}

struct Pom {
    /// Relative to where Maven runs.
    file: String,
    is_module: bool,
}

fn dir_of(file: &str) -> &str {
    path::split(file).0
}

/// A path from a directory of the project, if it stays in the project.
fn inside(dir: &str, name: &str) -> Option<String> {
    let mut parts: Vec<&str> = dir.split('/').filter(|part| !part.is_empty()).collect();
    if name.starts_with('/') || name.contains(['\\', '$']) {
        return None;
    }
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn is_file(install: &Install<'_>, name: &str) -> bool {
    matches!(install.tree.get(&install.path(name)), Some(Entry::File(_)))
}

fn elements_of(install: &Install<'_>, file: &str) -> Result<Vec<Element>, Why> {
    if !is_file(install, file) {
        return Err(install.no_manifest(file));
    }
    let found = elements(&install.read(file)?).ok_or_else(|| Why::Unreadable(install.path(file)))?;
    // What a profile says counts whether it is on or not.
    let plain = |path: String| path.replacen("project/profiles/profile/", "project/", 1);
    Ok(found.into_iter().map(|one| Element { path: plain(one.path), ..one }).collect())
}

/// Refuses flags that lead to other directories, and adds the files that others name.
fn flags(install: &Install<'_>, plan: &mut Plan) -> Result<(), Why> {
    for (at, word) in install.words.iter().enumerate() {
        let property = word.strip_prefix("-D").or_else(|| word.strip_prefix("--define="));
        let property = property.filter(|text| !text.is_empty()).or_else(|| {
            let before = at.checked_sub(1).map(|before| install.words[before].as_str());
            before.filter(|flag| ["-D", "--define"].contains(flag)).map(|_| word.as_str())
        });
        if let Some(text) = property {
            let name = text.split('=').next().unwrap_or(text);
            if name == "maven.repo.local" || WRITTEN.contains(&name) {
                return Err(Why::Elsewhere(format!("-D{name}")));
            }
        }
        let named_by = |flags: &[&str]| match word.split_once('=') {
            Some((flag, value)) if flags.contains(&flag) => Some(value),
            _ => flags.contains(&word.as_str()).then(|| install.words.get(at + 1).map_or("", String::as_str)),
        };
        if let Some(log) = named_by(&LOGS) {
            let file = inside("", log).ok_or_else(|| Why::Elsewhere(log.to_owned()))?;
            plan.writes.insert(install.path(&file));
        }
        let Some(named) = named_by(&FILES).filter(|named| !named.starts_with(OF_THE_IMAGE)) else { continue };
        let file = inside("", named).ok_or_else(|| Why::Elsewhere(named.to_owned()))?;
        settings(install, &file)?;
        install.need(&file, plan);
    }
    Ok(())
}

/// Settings may name a local repository, switch profiles on by files, or name a repository that is a directory.
fn settings(install: &Install<'_>, file: &str) -> Result<(), Why> {
    if !is_file(install, file) {
        return Err(install.no_manifest(file));
    }
    check_settings(&install.read(file)?, &install.path(file))
}

/// Refuses what settings say, if it leads Maven elsewhere.
pub(super) fn check_settings(text: &str, path: &str) -> Result<(), Why> {
    for one in elements(text).ok_or_else(|| Why::Unreadable(path.to_owned()))? {
        let is_url = one.path.ends_with("/url") && !is_remote(&one.text);
        if is_url || one.path.ends_with("/localRepository") || one.path.contains("/activation/file") {
            return Err(Why::Elsewhere(format!("<{}> of {path}", name_of(&one))));
        }
    }
    Ok(())
}

/// Tells whether a place is one where Maven looks for settings by itself: of the user, and of the installation.
pub(super) fn is_settings(place: &str) -> bool {
    place.ends_with("/.m2/settings.xml") || place.ends_with("/conf/settings.xml")
}

/// Refuses options of the virtual machine that lead Maven elsewhere.
pub(super) fn check_options(options: Option<&str>) -> Result<(), Why> {
    let known = ["-X", "-D", "-ea", "-server", "--add-opens", "--add-exports", "java."];
    let leads = |word: &&str| leads(word) || !known.iter().any(|start| word.starts_with(start));
    let word = match options {
        None => Some("a value that is not known"),
        Some(text) => text.split_whitespace().find(leads),
    };
    match word {
        Some(word) => Err(Why::Elsewhere(format!("{OPTIONS}, with {word},"))),
        None => Ok(()),
    }
}

/// Tells whether an option sets a property by which Maven, or a goal, works elsewhere.
fn leads(word: &str) -> bool {
    let harmless = ["-Dmaven.wagon.", "-Dmaven.artifact.threads"];
    let starts = ["-Dmaven.", "-Duser.", "-DoutputFile", "-Dmdep.", "-Dmarkers"];
    starts.iter().any(|start| word.starts_with(start))
        && !harmless.iter().any(|start| word.starts_with(start))
}

fn name_of(element: &Element) -> &str {
    element.path.rsplit('/').next().unwrap_or_default()
}

fn is_remote(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

/// What `.mvn` says; Maven looks for it in the directories above, too.
fn configuration(install: &Install<'_>) -> Result<(), Why> {
    let mut above = install.dir;
    while !above.is_empty() {
        above = path::split(above).0;
        let folder = path::join(above, ".mvn");
        if install.tree.contains(&folder) {
            return Err(Why::Elsewhere(folder));
        }
    }
    if let Some(name) = OTHER_SETTINGS.iter().find(|name| install.has(name)) {
        return Err(Why::DependsOnSources(format!("{} changes how Maven works", install.path(name))));
    }
    if install.has(".mvn/settings.xml") {
        settings(install, ".mvn/settings.xml")?;
    }
    for (name, known) in [
        (".mvn/maven.config", &["-B", "-T", "-P", "-U", "-e", "-q", "-ntp", "--batch-mode", "-D"][..]),
        (".mvn/jvm.config", &["-X", "-D", "--add-opens=", "--add-exports="][..]),
    ] {
        if !install.has(name) {
            continue;
        }
        let text = install.read(name)?;
        let is_known = |word: &&str| !leads(word) && known.iter().any(|start| word.starts_with(start));
        if let Some(word) = text.split_whitespace().find(|word| !is_known(word)) {
            return Err(Why::Elsewhere(format!("`{word}` in {}", install.path(name))));
        }
    }
    Ok(())
}

/// Refuses a pom by which files of the project decide what is fetched, or where to.
fn check_pom(install: &Install<'_>, file: &str, found: &[Element]) -> Result<(), Why> {
    let pom = install.path(file);
    let depends = |what: String| Err(Why::DependsOnSources(format!("{pom} {what}")));
    let is_called = found.iter().any(|one| one.text == "default-cli");
    for one in found {
        let (at, text) = (one.path.as_str(), one.text.as_str());
        let at = at.strip_prefix("project/").unwrap_or(at);
        match at {
            "modelVersion" if text != "4.0.0" => return depends(format!("is of model version {text}")),
            // Maven's FileProfileActivator asks whether a file is there.
            "activation/file" | "activation/condition" => {
                return depends("switches a profile on by files of the project".to_owned());
            }
            "repositories/repository/url" | "pluginRepositories/pluginRepository/url" if !is_remote(text) => {
                let what = format!("the repository {text}");
                return Err(Why::LocalDependency { path: pom, what });
            }
            "build/directory" | "build/outputDirectory" | "build/testOutputDirectory" => {
                return depends(format!("sets <{}>, where Maven looks for what was built", name_of(one)));
            }
            "build/extensions/extension/groupId" | "build/extensions/extension/artifactId"
                if !KNOWN_EXTENSIONS.contains(&text) =>
            {
                return depends(format!("loads the extension {text} before anything else"));
            }
            _ if at.strip_prefix("properties/").is_some_and(|name| WRITTEN.contains(&name)) => {
                return depends(format!("sets <{}>, where a goal writes", name_of(one)));
            }
            _ => {}
        }
        let in_plugin = at.rsplit_once("plugin/").map_or("", |(_, inner)| inner);
        // Spring Boot's parent makes the second an extension.
        let is_extension = in_plugin == "extensions" && text != "false"
            || in_plugin == "artifactId" && text == "native-maven-plugin";
        if is_extension {
            return depends("has a plugin as an extension, which runs before anything else".to_owned());
        }
        let configured = in_plugin
            .strip_prefix("configuration/")
            .or_else(|| in_plugin.strip_prefix("executions/execution/configuration/").filter(|_| is_called));
        if configured.is_some_and(|name| WRITTEN.contains(&name)) {
            return depends(format!("sets <{}>, where a goal writes", name_of(one)));
        }
        if at.starts_with("subprojects") {
            return depends("names subprojects, which are of Maven 4".to_owned());
        }
        if at.ends_with("/systemPath") {
            return Err(Why::LocalDependency { path: pom, what: format!("the file {text}") });
        }
    }
    Ok(())
}

/// The poms of the modules that a pom names.
fn modules(install: &Install<'_>, file: &str, found: &[Element]) -> Result<Vec<Pom>, Why> {
    let named = found.iter().filter(|one| one.path == "project/modules/module");
    named
        .map(|one| {
            let unknown = || Why::LocalDependency { path: install.path(file), what: one.text.clone() };
            let module = inside(dir_of(file), &one.text).ok_or_else(unknown)?;
            let file = if is_file(install, &module) { module } else { path::join(&module, "pom.xml") };
            Ok(Pom { file, is_module: true })
        })
        .collect()
}

/// The parent's pom where it is a file of the project. One that comes from a repository has to be known, for its
/// profiles may be switched on by files of the project that inherits them.
fn parent(install: &Install<'_>, file: &str, found: &[Element], plan: &mut Plan) -> Result<Option<Pom>, Why> {
    let value = |name: &str| {
        let path = format!("project/parent/{name}");
        found.iter().find(|one| one.path == path).map(|one| one.text.as_str())
    };
    let Some(artifact) = value("artifactId") else { return Ok(None) };
    let relative = value("relativePath").unwrap_or("../pom.xml");
    let local = match inside(dir_of(file), relative) {
        _ if relative.is_empty() => None,
        Some(named) if is_file(install, &named) => Some(named),
        Some(named) => Some(path::join(&named, "pom.xml")),
        // Above where Maven runs: a file of the context there would be read, and nothing brings it before.
        None if install.dir.is_empty() && relative == "../pom.xml" => None,
        None => {
            let above = path::join(path::split(install.dir).0, "pom.xml");
            if relative != "../pom.xml" || install.tree.contains(&above) {
                let what = "a parent in another directory".to_owned();
                return Err(Why::LocalDependency { path: install.path(file), what });
            }
            None
        }
    };
    let mut pom = None;
    if let Some(local) = local {
        plan.looks_at.insert(install.path(&local));
        if is_file(install, &local) {
            let own = elements_of(install, &local)?;
            let says = |path: &str| own.iter().find(|one| one.path == path).map(|one| one.text.as_str());
            let version = says("project/version").or_else(|| says("project/parent/version"));
            let is_it = says("project/artifactId") == Some(artifact) && version == value("version");
            pom = Some(Pom { file: local, is_module: false });
            // Another than the one asked for is read and passed over for that of a repository.
            if is_it {
                return Ok(pom);
            }
        }
    }
    let id = format!(
        "{}:{artifact}:{}",
        value("groupId").unwrap_or_default(),
        value("version").unwrap_or_default()
    );
    if is_known_parent(&id) { Ok(pom) } else { Err(unknown_parent(install, file, &id)) }
}

fn unknown_parent(install: &Install<'_>, file: &str, id: &str) -> Why {
    let pom = install.path(file);
    Why::DependsOnSources(format!(
        "{pom} inherits from {id}, whose profiles files of the project may switch on"
    ))
}

/// Parents without a profile that a file switches on: those of Spring Boot since 2.3, which are made by its Gradle build
/// (spring-projects/spring-boot, `spring-boot-starter-parent/build.gradle`).
fn is_known_parent(id: &str) -> bool {
    let known = ["spring-boot-starter-parent", "spring-boot-dependencies"];
    let mut parts = id.split(':');
    let (group, artifact, version) = (parts.next(), parts.next(), parts.next().unwrap_or_default());
    let mut numbers = version.split('.').map_while(|part| part.parse::<u32>().ok());
    let release = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    group == Some("org.springframework.boot")
        && artifact.is_some_and(|name| known.contains(&name))
        && release >= (2, 3)
}
