//! Commands that install and do more: what else they do may need the sources.

use super::*;

type Files<'a> = &'a [(&'a str, &'a str)];

/// What becomes of an install below `COPY . .`: moved above it, refused with a reason, or left without a word.
fn becomes(command: &str, files: Files<'_>) -> String {
    let text = format!("FROM debian\nWORKDIR /app\nCOPY . .\nRUN {command}\n");
    let proposal = propose_for(&text, files);
    match (proposal.text.find("\nRUN ") < proposal.text.find("\nCOPY . ."), of_a_move(&proposal)) {
        (true, _) => "moved".to_owned(),
        (false, Some(refused)) => refused.why.clone(),
        (false, None) => "left".to_owned(),
    }
}

#[test]
fn a_command_that_does_more_than_fetch_stays_below_the_sources() {
    let pom: Files<'_> = &[("pom.xml", "<project/>"), ("src/A.java", "x")];
    let gradle: Files<'_> = &[("build.gradle", "plugins {}\n"), ("src/A.java", "x")];
    let node: Files<'_> =
        &[("package.json", "{}"), ("yarn.lock", ""), ("pnpm-lock.yaml", ""), ("src/a.js", "x")];
    let npm: Files<'_> = &[("package.json", "{}"), ("src/a.js", "x")];
    let ruby: Files<'_> =
        &[("Gemfile", "gem 'rails'\n"), ("Gemfile.lock", "PLATFORMS\n  ruby\n\n"), ("a.rb", "x")];
    let php: Files<'_> = &[("composer.json", "{}"), ("composer.lock", "{}"), ("src/a.php", "x")];
    let python: Files<'_> = &[
        ("pyproject.toml", "[tool.poetry]\n"),
        ("poetry.lock", ""),
        ("requirements.txt", "x\n"),
        ("a.py", "x"),
    ];
    let go: Files<'_> = &[("go.mod", "module x\n"), ("main.go", "x")];
    let needs = |word: &str| format!("`{word}` in the same command may need the sources");
    let table: &[(&str, Files<'_>, &str)] = &[
        ("mvn -B dependency:go-offline", pom, "moved"),
        ("mvn dependency:go-offline -T 1C -P prod", pom, "moved"),
        ("mvn dependency:resolve dependency:resolve-plugins", pom, "moved"),
        ("mvn dependency:go-offline package", pom, &needs("package")),
        ("mvn -B dependency:resolve -DskipTests verify", pom, &needs("verify")),
        ("mvn dependency:go-offline my:goal", pom, &needs("my:goal")),
        ("mvn clean dependency:go-offline", pom, "left"),
        ("gradle dependencies --no-daemon", gradle, "moved"),
        ("gradle dependencies --configuration runtimeClasspath", gradle, "moved"),
        ("gradle dependencies build", gradle, &needs("build")),
        ("gradle dependencies -x test :app:assemble", gradle, &needs(":app:assemble")),
        ("yarn install --frozen-lockfile", node, "moved"),
        ("yarn install --frozen-lockfile --network-timeout 100000", node, "moved"),
        ("yarn --frozen-lockfile build", node, "left"),
        ("yarn install --frozen-lockfile --network-timeout 100000 build", node, "left"),
        ("pnpm install --frozen-lockfile lodash", node, "left"),
        ("npm install --maxsockets 1 express", node, "left"),
        ("npm ci --omit dev", npm, "moved"),
        ("sudo npm ci", npm, "moved"),
        ("sudo -E /usr/bin/npm ci", npm, "moved"),
        ("sudo -u node npm ci", npm, "left"),
        ("sudo npm run build", npm, "left"),
        ("npm install --registry https://registry.example", npm, "moved"),
        ("npm install https://example.com/x.tgz", npm, "left"),
        ("bundle install --jobs 4 --retry 3", ruby, "moved"),
        ("bundle install --jobs 4 exec", ruby, "left"),
        ("composer install --no-scripts", php, "moved"),
        ("composer install dump-autoload --no-scripts", php, "left"),
        ("poetry install --no-root", python, "moved"),
        ("poetry install --no-root build", python, "left"),
        ("pip install -r requirements.txt flask", python, "moved"),
        (
            "pip install -r requirements.txt .",
            python,
            "it installs the project itself, which needs its sources (.)",
        ),
        ("go mod download", go, "moved"),
        ("go mod download example.com/x", go, "left"),
    ];
    for (command, files, expected) in table {
        assert_eq!(becomes(command, files), *expected, "{command}");
    }
}
