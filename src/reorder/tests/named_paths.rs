//! Files that manifests, settings and the habits of other managers name: copied with the manifests, or a reason to stay.

use super::workspaces::{Files, variants};

const PROJECT: Files<'_> = &[
    ("package.json", r#"{"name":"r"}"#),
    ("package-lock.json", r#"{"name":"r","lockfileVersion":3,"packages":{"":{"name":"r"}}}"#),
    ("pnpm-lock.yaml", "lock\n"),
    ("bun.lock", "{}"),
    ("yarn.lock", "# yarn lockfile v1\n"),
    (".nvmrc", "22"),
    (".node-version", "22"),
    ("tools/a.patch", "x"),
    ("tools/hooks.cjs", "x"),
    ("tools/ca.pem", "x"),
    ("sharp/a.js", "x"),
    ("a.js", "x"),
];

/// The project without some of its files.
fn without<'a>(names: &[&str]) -> Vec<(&'a str, &'a str)> {
    PROJECT.iter().filter(|(name, _)| !names.contains(name)).copied().collect()
}

#[test]
fn lock_files_of_other_managers_come_along_where_they_are_read() {
    let mut out = String::new();
    let own = ["package-lock.json", "pnpm-lock.yaml", "bun.lock", "yarn.lock"];
    for command in ["npm install", "npm ci", "npm install --no-save", "bun install", "bun install --yarn"] {
        for kept in [
            &[][..],
            &own[..1],
            &own[1..2],
            &own[2..3],
            &own[3..],
            &["package-lock.json", "yarn.lock"],
            &["bun.lock", "yarn.lock"],
        ] {
            let gone: Vec<&str> = own.iter().filter(|name| !kept.contains(*name)).copied().collect();
            out += &format!("# {}\n{}", kept.join(" "), variants(command, &without(&gone), &[]));
        }
    }
    let prints: Files<'_> = &[("bunfig.toml", "[install.lockfile]\nprint = \"yarn\"\n")];
    out += &variants("bun install --frozen-lockfile", PROJECT, prints);
    insta::assert_snapshot!(out);
}

#[test]
fn files_that_settings_of_node_name_are_followed() {
    let package = "package.json";
    let pnpm: Files<'_> = &[
        (package, r#"{"name":"r","pnpm":{"patchedDependencies":{"a@1":"tools/a.patch"}}}"#),
        (package, r#"{"name":"r","pnpm":{"patchedDependencies":{"a@1":"tools/none.patch"}}}"#),
        (package, r#"{"name":"r","pnpm":{"patchedDependencies":{"a@1":"../a.patch"}}}"#),
        (package, r#"{"name":"r","pnpm":{"overrides":{"a":"link:./sharp"}}}"#),
        (package, r#"{"name":"r","scripts":{"postinstall":"patch-package --patch-dir tools"}}"#),
        (package, r#"{"name":"r","scripts":{"postinstall":"echo $(cat a.js)"}}"#),
        (package, r#"{"name":"r","scripts":{"postinstall":"husky 2>/dev/null || true"}}"#),
        ("pnpm-workspace.yaml", "packages:\n  - sharp\n\npatchedDependencies:\n  'a@1': tools/a.patch\n"),
        ("pnpm-workspace.yaml", "onlyBuiltDependencies:\n  - sharp\n"),
        ("pnpm-workspace.yaml", "overrides: {a: 'link:./sharp'}\n"),
        ("pnpm-workspace.yaml", "pnpmfile: tools/hooks.cjs\n"),
        (".npmrc", "pnpmfile=tools/hooks.cjs\n"),
        (".npmrc", "modules-dir=lib\n"),
        (".npmrc", "modules-dir=node_modules\n"),
        (".npmrc", "cafile=tools/ca.pem\n//r.example/:_authToken=${TOKEN}\n"),
        (".npmrc", "cafile=${CA}\n"),
        (".npmrc", "# cafile=tools/ca.pem\n"),
        (".npmrc", "cafile=/app/tools/ca.pem\n"),
        (".npmrc", "cafile=/etc/ssl/certs/ca-certificates.crt\n"),
        (".npmrc", "script-shell=tools/hooks.cjs\n"),
        (".npmrc", "node-options=--require ./tools/hooks.cjs\n"),
        (".npmrc", "node-options=--max-old-space-size=4096\n"),
        (".pnpmfile.cjs", "module.exports = {}"),
        (".pnpmfile.cjs", "require('./tools/hooks.cjs')"),
    ];
    let yarn: Files<'_> = &[
        (package, r#"{"name":"r","dependencies":{"a":"patch:a@npm%3A1#./tools/a.patch"}}"#),
        (package, r#"{"name":"r","resolutions":{"a":"patch:a@1#~/tools/a.patch::version=1&hash=2"}}"#),
        (package, r#"{"name":"r","resolutions":{"a":"patch:a@1#optional!builtin<compat/a>"}}"#),
        (package, r#"{"name":"r","resolutions":{"a":"patch:a@1#./tools/hooks.cjs"}}"#),
        (package, r#"{"name":"r","resolutions":{"a":"file:./sharp"}}"#),
        (".yarnrc.yml", "yarnPath: tools/hooks.cjs\nnodeLinker: node-modules\n"),
        (".yarnrc.yml", "plugins:\n  - path: tools/hooks.cjs\n"),
        (".yarnrc.yml", "httpsCaFilePath: tools/ca.pem # ours\n"),
        (".yarnrc.yml", "lockfileFilename: tools.lock\n"),
        (".yarnrc", "yarn-path \"./tools/hooks.cjs\"\n"),
    ];
    let bun: Files<'_> = &[
        (package, r#"{"name":"r","patchedDependencies":{"a@1":"tools/a.patch"}}"#),
        ("bunfig.toml", "[install]\ncafile = \"tools/ca.pem\"\n"),
    ];
    let out = [
        variants("pnpm install --frozen-lockfile", PROJECT, pnpm),
        variants("yarn install --immutable", PROJECT, yarn),
        variants("bun install --frozen-lockfile", PROJECT, bun),
        variants("npm ci", PROJECT, &pnpm[..1]),
        variants("NODE_EXTRA_CA_CERTS=tools/ca.pem npm ci", PROJECT, &[]),
        variants("NODE_EXTRA_CA_CERTS=/app/tools/ca.pem npm ci", PROJECT, &[]),
    ];
    insta::assert_snapshot!(out.join("\n----\n"));
}

#[test]
fn wheels_of_the_project_keep_uv_and_poetry_below_them() {
    let lock = "[[package]]\nname = \"a\"\nsource = { registry = \"https://pypi.org/simple\" }\n";
    let wheels: Files<'_> = &[
        ("pyproject.toml", "[project]\nname = \"x\"\n"),
        ("uv.lock", lock),
        ("poetry.lock", ""),
        ("wheels/a.whl", "x"),
        ("a.py", "x"),
    ];
    let changes: Files<'_> = &[
        ("uv.lock", "[[package]]\nname = \"a\"\nsource = { registry = \"wheels\" }\n"),
        ("pyproject.toml", "[tool.uv]\nfind-links = [\"wheels\"]\n"),
        ("pyproject.toml", "[tool.uv]\nfind-links = [\"https://x.example/\"]\n"),
        ("pyproject.toml", "[[tool.uv.index]]\nurl = \"file:///app/wheels\"\n"),
        ("uv.toml", "[[index]]\nurl = \"./wheels\"\n"),
        ("uv.toml", "[[index]]\nurl = \"https://x.example/simple\"\n"),
    ];
    let poetry: Files<'_> =
        &[("pyproject.toml", "[tool.poetry.dependencies]\na = [{ path = \"wheels\", python = \"<3\" }]\n")];
    let out = [
        variants("uv sync --frozen", wheels, changes),
        variants("uv sync --frozen --find-links=wheels", wheels, &[]),
        variants("poetry install --no-root", wheels, poetry),
    ];
    insta::assert_snapshot!(out.join("\n----\n"));
}

#[test]
fn pnpm_is_followed_to_the_directory_that_it_is_led_to() {
    let led: Files<'_> = &[
        ("web/package.json", r#"{"name":"w"}"#),
        ("web/pnpm-lock.yaml", "lock\n"),
        ("web/a.ts", "x"),
        ("main.go", "x"),
    ];
    let root: Files<'_> = &[
        ("package.json", r#"{"name":"r","packageManager":"pnpm@9.1.0"}"#),
        ("package.json", r#"{"name":"r","workspaces":["web"]}"#),
    ];
    let out = [
        variants("pnpm --dir ./web i --frozen-lockfile", led, root),
        variants("sudo pnpm -C web install --frozen-lockfile", led, &[]),
        variants("cd main && pnpm --dir ../web i --frozen-lockfile", led, root),
        variants("pnpm --dir ../web i --frozen-lockfile", led, &[]),
        variants("pnpm --dir $WEB i --frozen-lockfile", led, &[]),
        variants("pnpm --dir web run build", led, &[]),
        variants("npm --prefix web ci", led, &[]),
        variants("yarn --cwd web install --frozen-lockfile", led, &[]),
    ];
    insta::assert_snapshot!(out.join("\n----\n"));
}
