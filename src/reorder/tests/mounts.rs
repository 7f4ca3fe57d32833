//! Where cache mounts are offered, and where they are not.

use super::offers::Files;
use super::*;

/// Checks where mounts are offered for each Dockerfile of a table: its name, its text, its files, the directories.
pub(super) fn check(table: &[(&str, String, Files<'_>, &[&str])]) {
    for (name, text, files, expected) in table {
        let proposal = propose_for(text, files);
        let mounts: Vec<&str> = proposal
            .offered
            .iter()
            .filter(|offer| offer.kind == MoveKind::CacheMount)
            .flat_map(|offer| offer.differs.iter().map(String::as_str))
            .collect();
        assert_eq!(mounts, *expected, "{name}: {text}");
    }
}

#[test]
fn a_cache_mount_of_npm_and_yarn_is_refused_where_it_could_change_more() {
    let node = |before: &str, run: &str, after: &str| {
        format!("FROM node:20 AS b\n{before}WORKDIR /app\nCOPY . .\n{run}\n{after}")
    };
    let maven = |before: &str, after: &str| {
        format!(
            "FROM maven:3 AS b\nWORKDIR /s\n{before}COPY . .\nRUN mvn package\nFROM debian\nCOPY --from=b /s/target /app\n{after}"
        )
    };
    let unknown =
        |text: &str| text.replace("node:20", "example.com/x:20").replace("maven:3", "example.com/x:3");
    let npmrc: &[(&str, &str)] = &[("package.json", "{}"), ("a.js", "x"), (".npmrc", "cache=/x\n")];
    let berry: &[(&str, &str)] =
        &[("package.json", "{}"), ("yarn.lock", ""), ("a.js", "x"), (".yarnrc.yml", "")];
    let yarn = |settings| [berry[0], berry[1], berry[2], (".yarnrc.yml", settings)];
    let linked = yarn("nodeLinker: node-modules\n");
    let stored = yarn("nodeLinker: node-modules\nnmMode: hardlinks-global\n");
    let third = yarn("nodeLinker: node-modules\nyarnPath: .yarn/releases/yarn-3.8.3.cjs\n");
    let fourth = yarn("nodeLinker: node-modules\nyarnPath: .yarn/releases/yarn-4.1.0.cjs\n");
    let jvm: &[(&str, &str)] = &[("pom.xml", "<project/>"), ("settings.xml", ""), ("A.java", "x")];
    check(&[
        ("plain", node("", "RUN npm ci", ""), NPM, &["/root/.npm"]),
        ("as root by name", node("USER root\n", "RUN npm ci", ""), NPM, &["/root/.npm"]),
        ("another user", node("USER node\n", "RUN npm ci", ""), NPM, &["/var/cache/npm"]),
        ("a user of a name", node("USER someone\n", "RUN npm ci", ""), NPM, &[]),
        (
            "a user that is made twice",
            node("RUN useradd -u 7 someone\nRUN usermod -u 8 someone\nUSER someone\n", "RUN npm ci", ""),
            NPM,
            &[],
        ),
        (
            "a user that is made under a condition",
            node("RUN id someone || useradd -u 7 someone\nUSER someone\n", "RUN npm ci", ""),
            NPM,
            &[],
        ),
        (
            "a user that is made with a number",
            node("RUN useradd --uid 7 --create-home someone\nUSER someone\n", "RUN npm ci", ""),
            NPM,
            &["/var/cache/npm"],
        ),
        ("a user that may be any", node("ARG U\nUSER $U\n", "RUN npm ci", ""), NPM, &[]),
        ("two users", node("USER node\n", "RUN npm ci\nUSER 1234\nRUN npm ci", ""), NPM, &[]),
        ("root again", node("USER node\nUSER 0:0\n", "RUN npm ci", ""), NPM, &["/root/.npm"]),
        ("becomes another user", node("", "RUN su node -c 'npm ci' && npm ci", ""), NPM, &[]),
        ("an unknown base", unknown(&node("", "RUN npm ci", "")), NPM, &["/var/cache/npm"]),
        (
            "an unknown base, as root",
            unknown(&node("USER root\n", "RUN npm ci", "")),
            NPM,
            &["/var/cache/npm"],
        ),
        (
            "an unknown base that is told where",
            unknown(&node("ENV NPM_CONFIG_CACHE=/c/npm\n", "RUN npm ci", "")),
            NPM,
            &[],
        ),
        (
            "an unknown base that is told where, as a user of whom the number is known",
            unknown(&node("ENV NPM_CONFIG_CACHE=/c/npm\nUSER 1000:0\n", "RUN npm ci", "")),
            NPM,
            &["/c/npm"],
        ),
        ("an unknown base without a shell", unknown(&node("", "RUN [\"npm\", \"ci\"]", "")), NPM, &[]),
        (
            "an unknown base with another shell",
            unknown(&node("SHELL [\"pwsh\", \"-c\"]\n", "RUN npm ci", "")),
            NPM,
            &[],
        ),
        (
            "an unknown base that may be any",
            format!("ARG B=x\n{}", node("", "RUN npm ci", "").replace("node:20", "$B")),
            NPM,
            &[],
        ),
        (
            "an unknown base of Windows",
            node("", "RUN npm ci", "").replace("node:20", "example.com/windows/node:20"),
            NPM,
            &[],
        ),
        ("an unknown base whose caches have no variable", unknown(&maven("", "")), jvm, &[]),
        ("moved by ENV", node("ENV npm_config_cache=/c/npm\n", "RUN npm ci", ""), NPM, &["/c/npm"]),
        ("another home", node("ENV HOME=/home/x\n", "RUN npm ci", ""), NPM, &["/home/x/.npm"]),
        ("moved by an ARG without a value", node("ARG npm_config_cache\n", "RUN npm ci", ""), NPM, &[]),
        ("moved in the step", node("", "RUN npm_config_cache=/c npm ci", ""), NPM, &[]),
        (
            "moved in the step for all of it",
            node("", "RUN export npm_config_cache=/c && npm ci", ""),
            NPM,
            &[],
        ),
        ("told in the step", node("", "RUN echo $npm_config_cache && npm ci", ""), NPM, &["/root/.npm"]),
        ("moved by a flag", node("", "RUN npm ci --cache /c", ""), NPM, &[]),
        ("moved by a file", node("", "RUN npm ci", ""), npmrc, &[]),
        ("removed in the step", node("", "RUN npm ci && rm -rf /root/.npm", ""), NPM, &["/root/.npm"]),
        ("removed with others", node("", "RUN npm ci && rm -rf /root/.npm /tmp/x", ""), NPM, &["/root/.npm"]),
        ("removed with what lies around it", node("", "RUN npm ci && rm -rf /root/.npm /root", ""), NPM, &[]),
        ("removed with others in a list", node("", "RUN npm ci; rm -rf /root/.npm /tmp/x", ""), NPM, &[]),
        (
            "removed in a step of its own",
            node("", "RUN npm ci\nRUN rm -rf /root/.npm", ""),
            NPM,
            &["/root/.npm"],
        ),
        ("cleaned", node("", "RUN npm ci && npm cache clean --force", ""), NPM, &["/root/.npm"]),
        (
            "cleaned elsewhere",
            node("ENV npm_config_cache=/c/npm\n", "RUN npm ci && npm cache clean --force", ""),
            NPM,
            &["/c/npm"],
        ),
        (
            "cleaned elsewhere in a list",
            node("ENV npm_config_cache=/c/npm\n", "RUN npm ci; npm cache clean --force", ""),
            NPM,
            &[],
        ),
        (
            "cleaned where a step is told where",
            unknown(&node("", "RUN npm ci && npm cache clean --force", "")),
            NPM,
            &["/var/cache/npm"],
        ),
        (
            "cleaned where a step is told where, in a list",
            unknown(&node("", "RUN npm ci; npm cache clean --force", "")),
            NPM,
            &[],
        ),
        ("cleaned in a list", node("", "RUN npm ci; npm cache clean --force", ""), NPM, &[]),
        ("cleaned, or what follows", node("", "RUN npm ci && (npm cache clean --force)", ""), NPM, &[]),
        ("removed around it", node("", "RUN npm ci && rm -rf /root", ""), NPM, &[]),
        ("mounted already", node("", "RUN --mount=type=cache,target=/root/.npm npm ci", ""), NPM, &[]),
        (
            "taken over",
            node("", "RUN npm ci", "FROM node:20\nCOPY --from=b /root/.npm /root/.npm\n"),
            NPM,
            &[],
        ),
        (
            "an old language",
            format!("# syntax=docker/dockerfile:1.1\n{}", node("", "RUN npm ci", "")),
            NPM,
            &[],
        ),
        ("yarn's first", node("", "RUN yarn install", ""), &berry[..3], &["/usr/local/share/.cache/yarn"]),
        ("yarn's later ones", node("", "RUN yarn install", ""), berry, &[]),
        (
            "yarn's later ones with node_modules",
            node("", "RUN yarn install", ""),
            &linked,
            &["/root/.yarn/berry/cache"],
        ),
        ("yarn's later ones with links to a store", node("", "RUN yarn install", ""), &stored, &[]),
        (
            "yarn's third, which cleans the project's own cache",
            node("", "RUN yarn install && yarn cache clean && rm -rf .yarn/berry", ""),
            &third,
            &["/root/.yarn/berry/cache"],
        ),
        (
            "yarn's third, which cleans all",
            node("", "RUN yarn install && yarn cache clean --all", ""),
            &third,
            &[],
        ),
        (
            "yarn's fourth, which cleans its cache",
            node("", "RUN yarn install && yarn cache clean", ""),
            &fourth,
            &[],
        ),
        (
            "yarn's third, whose cache is removed",
            node("", "RUN yarn install && rm -rf ~/.yarn", ""),
            &third,
            &[],
        ),
    ]);
}
