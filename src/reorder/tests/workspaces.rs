//! Projects of several parts, each with a manifest of its own: what comes first, what is refused.

use super::*;

pub(super) type Files<'a> = &'a [(&'a str, &'a str)];

/// The lines that stand before `COPY . .` but for the first two, or why none do.
fn first(command: &str, files: Files<'_>) -> String {
    let text = format!("FROM debian\nWORKDIR /app\nCOPY . .\nRUN {command}\nRUN make\n");
    let proposal = propose_for(&text, files);
    match (proposal.text.split_once("\nCOPY . ."), of_a_move(&proposal)) {
        (Some((before, _)), _) if before.contains("\nRUN ") => {
            before.lines().skip(2).collect::<Vec<_>>().join("\n")
        }
        (_, Some(refused)) => format!("refused: {}", refused.why),
        _ => "left".to_owned(),
    }
}

/// A project with each of these changes, one at a time: a file with another text, or one more.
pub(super) fn variants(command: &str, base: Files<'_>, changes: Files<'_>) -> String {
    let mut out = format!("{command}\n{}\n", first(command, base));
    for change in changes {
        let mut files: Vec<(&str, &str)> =
            base.iter().filter(|(name, _)| *name != change.0).copied().collect();
        files.push(*change);
        out += &format!("\n# {} = {}\n{}\n", change.0, change.1.escape_debug(), first(command, &files));
    }
    out
}

const ROOT: &str = "<project><modelVersion>4.0.0</modelVersion><groupId>g</groupId><artifactId>root</artifactId><version>1</version><packaging>pom</packaging><modules><module>api</module><module>web</module></modules></project>";
const API: &str = "<project><parent><groupId>g</groupId><artifactId>root</artifactId><version>1</version></parent><artifactId>api</artifactId></project>";
/// Depends on its sibling, and on a module of its own.
const WEB: &str = "<project><parent><groupId>g</groupId><artifactId>base</artifactId><version>1</version><relativePath>../build/base</relativePath></parent><artifactId>web</artifactId><dependencies><dependency><groupId>g</groupId><artifactId>api</artifactId><version>1</version></dependency></dependencies><profiles><profile><id>all</id><modules><module>more</module></modules></profile></profiles></project>";
const BASE: &str = "<project><groupId>g</groupId><artifactId>base</artifactId><version>1</version><packaging>pom</packaging><!-- <modules><module>none</module></modules> --></project>";

const MAVEN: Files<'_> = &[
    ("pom.xml", ROOT),
    (".mvn/maven.config", "-B\n-Dstyle.color=never\n"),
    (".mvn/jvm.config", "-Xmx1g\n"),
    ("api/pom.xml", API),
    ("api/src/main/java/A.java", "class A {}"),
    ("web/pom.xml", WEB),
    ("web/src/main/java/B.java", "class B {}"),
    ("web/more/pom.xml", "<project/>"),
    ("build/base/pom.xml", BASE),
    (
        "ci/settings.xml",
        "<settings><mirrors><mirror><url>https://m.example/</url></mirror></mirrors></settings>",
    ),
    ("README.md", "x"),
];

#[test]
fn the_poms_of_all_modules_come_first() {
    let project = |inner: &str| format!("<project>{inner}</project>");
    let poms = [
        project("<modelVersion>4.1.0</modelVersion>"),
        project("<subprojects><subproject>a</subproject></subprojects>"),
        project(
            "<profiles><profile><activation><file><exists>src/main/java</exists></file></activation></profile></profiles>",
        ),
        project(
            "<profiles><profile><activation><property><name>x</name></property></activation></profile></profiles>",
        ),
        project(
            "<dependencies><dependency><systemPath>${basedir}/lib/a.jar</systemPath></dependency></dependencies>",
        ),
        project(
            "<repositories><repository><url>file://${project.basedir}/repo</url></repository></repositories>",
        ),
        project("<repositories><repository><url>https://r.example/</url></repository></repositories>"),
        project("<build><directory>out</directory></build>"),
        project(
            "<build><resources><resource><directory>${project.basedir}/res</directory></resource></resources></build>",
        ),
        project(
            "<build><extensions><extension><groupId>x</groupId><artifactId>git-versions</artifactId></extension></extensions></build>",
        ),
        project(
            "<build><extensions><extension><groupId>kr.motd.maven</groupId><artifactId>os-maven-plugin</artifactId></extension></extensions></build>",
        ),
        project(
            "<build><plugins><plugin><artifactId>bundle</artifactId><extensions>true</extensions></plugin></plugins></build>",
        ),
        project(
            "<build><plugins><plugin><artifactId>native-maven-plugin</artifactId></plugin></plugins></build>",
        ),
        project(
            "<build><plugins><plugin><artifactId>maven-dependency-plugin</artifactId><configuration><outputFile>a.txt</outputFile></configuration></plugin></plugins></build>",
        ),
        project("<modules><module>../../elsewhere</module></modules>"),
        project("<modules><module>missing</module></modules>"),
        project("<modules><module>${name}</module></modules>"),
        project("<parent><groupId>x</groupId><artifactId>corp</artifactId><version>1</version></parent>"),
        project(
            "<parent><groupId>x</groupId><artifactId>corp</artifactId><version>1</version><relativePath/></parent>",
        ),
        project(
            "<parent><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-parent</artifactId><version>3.3.1</version><relativePath/></parent>",
        ),
        project(
            "<parent><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-parent</artifactId><version>2.1.0.RELEASE</version><relativePath/></parent>",
        ),
        project(
            "<parent><groupId>g</groupId><artifactId>root</artifactId><version>1</version><relativePath>../../up</relativePath></parent>",
        ),
        "<project><modules>".to_owned(),
    ];
    let mut changes: Vec<(&str, &str)> = poms.iter().map(|pom| ("api/pom.xml", pom.as_str())).collect();
    changes.extend([
        ("web/target/classes/B.class", "x"),
        (".mvn/extensions.xml", "<extensions/>"),
        (".mvn/maven.config", "-f other"),
        (".mvn/maven.config", "package"),
        (".mvn/jvm.config", "-javaagent:tools/agent.jar"),
    ]);
    insta::assert_snapshot!(variants("mvn -B dependency:go-offline", MAVEN, &changes));
}

#[test]
fn flags_of_maven_are_told_apart() {
    let mut out = String::new();
    for command in [
        "mvn -pl web -am dependency:go-offline",
        "mvn dependency:resolve -pl api,web --also-make -P all",
        "mvn -s ci/settings.xml -B dependency:go-offline",
        "mvn --settings=/app/ci/settings.xml dependency:go-offline",
        "mvn -s /app/ci/settings.xml dependency:go-offline",
        "mvn dependency:go-offline -s /usr/share/maven/ref/settings-docker.xml",
        "mvn dependency:go-offline -s /etc/maven.xml",
        "mvn dependency:go-offline -s none.xml",
        "mvn dependency:go-offline -s ../settings.xml",
        "mvn dependency:go-offline -gs README.md",
        "mvn dependency:go-offline -f web",
        "mvn dependency:go-offline -Dmaven.repo.local=.m2",
        "mvn dependency:resolve -DoutputFile=list.txt",
        "mvn -pl web package",
        "mvn -pl web dependency:go-offline package",
    ] {
        out += &format!("# {command}\n{}\n\n", first(command, MAVEN));
    }
    insta::assert_snapshot!(out);
}

#[test]
fn a_parent_above_the_directory_of_maven_is_refused() {
    let text = "FROM debian\nCOPY . /app\nWORKDIR /app/web\nRUN mvn dependency:go-offline\nRUN make\n";
    let files: Files<'_> = &[("pom.xml", ROOT), ("web/pom.xml", API), ("web/B.java", "x")];
    assert_eq!(text_of(text, files), text);
    let alone: Files<'_> = &[("web/pom.xml", "<project/>"), ("web/B.java", "x"), ("a", "x")];
    assert_ne!(text_of(text, alone), text);
    let configured: Files<'_> =
        &[(".mvn/maven.config", "-B"), ("web/pom.xml", "<project/>"), ("web/B.java", "x")];
    assert_eq!(text_of(text, configured), text);
}

const WORKSPACE: Files<'_> = &[
    ("package.json", r#"{"name":"r","workspaces":["packages/*"]}"#),
    ("package-lock.json", r#"{"name":"r","lockfileVersion":3,"packages":{"":{"name":"r"}}}"#),
    ("yarn.lock", "# yarn lockfile v1\n"),
    ("pnpm-lock.yaml", "lock\n"),
    ("bun.lock", "{}"),
    ("pnpm-workspace.yaml", "packages:\n  - packages/*\n"),
    ("packages/a/package.json", r#"{"name":"a","bin":{"a":"./dist/cli.js"},"files":["dist"]}"#),
    ("packages/a/src/cli.ts", "x"),
    ("packages/b/package.json", r#"{"name":"b"}"#),
    ("packages/b/i.js", "x"),
];

#[test]
fn a_command_that_is_built_later_needs_no_sources() {
    let member = "packages/a/package.json";
    let changes: &[(&str, &str)] = &[
        (member, r#"{"name":"a","bin":"cli.js"}"#),
        (member, r#"{"name":"a","bin":{}}"#),
        (member, r#"{"name":"a","bin":"src/cli.ts"}"#),
        (member, r#"{"name":"a","bin":{"a":"dist/cli.js","b":"src/later.js"}}"#),
        (member, r#"{"name":"a","bin":"../b/i.js"}"#),
        (member, r#"{"name":"a","bin":["x"]}"#),
        (member, r#"{"name":"a","man":"./a.1"}"#),
        (member, r#"{"name":"a","directories":{"bin":"bin"}}"#),
        (member, r#"{"name":"a","publishConfig":{"directory":"dist"}}"#),
        (member, r#"{"name":"a","dependenciesMeta":{"b":{"injected":true}}}"#),
        (member, r#"{"name":"a","scripts":{"prepare":"tsc"}}"#),
        (member, r#"{"name":"a","scripts":{"preinstall":"node setup.js"}}"#),
        ("packages/a/dist/cli.js", "#!/usr/bin/env node\n"),
        ("packages/a/dist/other.js", "x"),
        (".npmrc", "install-links=true\n"),
        (".npmrc", "inject-workspace-packages=true\n"),
        ("pnpm-workspace.yaml", "packages:\n  - packages/*\ninjectWorkspacePackages: true\n"),
        (
            "package.json",
            r#"{"name":"r","workspaces":["packages/*"],"scripts":{"dependencies":"node x.js"}}"#,
        ),
        (
            "package.json",
            r#"{"name":"r","workspaces":["packages/*"],"scripts":{"pnpm:devPreinstall":"node x.js"}}"#,
        ),
    ];
    let mut out = variants("npm ci", WORKSPACE, changes);
    out += "\n----\n";
    out += &variants("pnpm install --frozen-lockfile", WORKSPACE, &[changes[0], changes[2]]);
    out += "\n----\n";
    let yarn: &[(&str, &str)] = &[
        changes[2],
        ("yarn.lock", "__metadata:\n  version: 8\n"),
        (".yarnrc.yml", "nodeLinker: node-modules\n"),
        ("package.json", r#"{"name":"r","workspaces":["packages/*"],"packageManager":"yarn@4.1.0"}"#),
        ("package.json", r#"{"name":"r","workspaces":["packages/*"],"packageManager":"yarn@1.22.22"}"#),
    ];
    out += &variants("yarn install --frozen-lockfile", WORKSPACE, yarn);
    out += "\n----\n";
    out += &variants("bun install --frozen-lockfile", WORKSPACE, &[]);
    insta::assert_snapshot!(out);
}

#[test]
fn what_puts_a_command_in_place_stays_before_the_install() {
    let text = "FROM node AS built\nRUN touch /cli.js\nFROM node\nWORKDIR /app\nCOPY . .\nCOPY --from=built /cli.js packages/a/dist/cli.js\nRUN npm ci\nRUN make\n";
    let new = text_of(text, WORKSPACE);
    assert!(new.find("COPY --from=built") < new.find("RUN npm ci"), "{new}");
}

#[test]
fn an_install_beside_other_sources_moves_above_them() {
    let files: Files<'_> = &[
        ("mix.exs", "x"),
        ("lib/a.ex", "x"),
        ("lib/b.ex", "x"),
        ("server.js", "x"),
        ("assets/package.json", r#"{"name":"x"}"#),
        ("assets/package-lock.json", r#"{"name":"x","lockfileVersion":3,"packages":{"":{"name":"x"}}}"#),
        ("assets/app.js", "x"),
        ("package.json", r#"{"name":"y"}"#),
    ];
    let mut out = String::new();
    for text in [
        "FROM node\nWORKDIR /app\nCOPY mix.exs ./\nRUN mix deps.get\nCOPY lib lib\nCOPY assets/package.json assets/package-lock.json assets/\nRUN cd assets && npm ci\nCOPY assets assets\nRUN mix compile\n",
        "FROM node\nWORKDIR /app\nCOPY server.js package.json ./\nRUN npm install\n",
        // The workspace above is no part of this, but the sources that lie where it works are.
        "FROM node\nWORKDIR /app\nCOPY lib/a.ex assets/node_modules/x\nCOPY assets/package.json assets/package-lock.json assets/\nRUN cd assets && npm ci\n",
        "FROM node\nWORKDIR /app\nCOPY lib/a.ex assets/.npmrc\nCOPY assets/package.json assets/package-lock.json assets/\nRUN cd assets && npm ci\n",
        "FROM node\nWORKDIR /app\nCOPY lib lib\nCOPY assets/package.json assets/package-lock.json assets/\nRUN cd assets && npm ci && node build.js\n",
        // What was read is not what lies there: another manifest, one that is changed, one of the stage below.
        "FROM node\nWORKDIR /app\nCOPY lib lib\nCOPY package.json assets/package.json\nCOPY assets/app.js assets/\nRUN cd assets && npm install\n",
        "FROM node\nWORKDIR /app\nCOPY package.json ./\nRUN npm pkg set scripts.postinstall='node server.js'\nCOPY server.js ./\nRUN npm install\n",
        "FROM node AS a\nWORKDIR /app\nCOPY package.json ./\nFROM a\nCOPY server.js ./\nRUN npm install\n",
        "FROM node\nWORKDIR /app\nCOPY package.json ./\nCOPY server.js ./\nRUN npm install\n",
    ] {
        out += &shown(text, files);
        out += "----\n";
    }
    insta::assert_snapshot!(out);
}

const MIX_EXS: &str = r#"defmodule X.MixProject do
  use Mix.Project
  def project do
    [
      app: :x,
      version: System.get_env("VERSION", "0.1.0"),
      elixirc_paths: elixirc_paths(Mix.env()),
      aliases: aliases(),
      deps: deps()
    ]
  end

  # Each is pinned by the lock file.
  defp deps do
    [
      {:phoenix, "~> 1.7.0"},
      {:heroicons,
       github: "tailwindlabs/heroicons", tag: "v2.1.1", compile: false},
      {:esbuild, "~> 0.8", runtime: Mix.env() == :dev} # no more
    ]
  end

  defp aliases do
    [setup: ["deps.get", "ecto.setup"]]
  end
end
"#;
const MIX_LOCK: &str = r#"%{
  "esbuild": {:hex, :esbuild, "0.8.1", "0cbf", [:mix], [], "hexpm", "25fc"},
  "heroicons": {:git, "https://github.com/tailwindlabs/heroicons.git", "88ab", [tag: "v2.1.1"]},
  "phoenix": {:hex, :phoenix, "1.7.14", "a7d0", [:mix], [{:castore, ">= 0.0.0", [hex: :castore]}], "hexpm", "c7"},
}
"#;
const MIX: Files<'_> = &[
    ("mix.exs", MIX_EXS),
    ("mix.lock", MIX_LOCK),
    ("config/config.exs", "import Config\nimport_config \"#{config_env()}.exs\"\n"),
    ("config/prod.exs", "import Config\n"),
    ("lib/x.ex", "x"),
    ("lib/y.ex", "x"),
];

#[test]
fn the_dependencies_of_mix_need_its_manifests_and_the_configuration() {
    let exs = |from: &str, to: &str| MIX_EXS.replace(from, to);
    let changed = [
        exs("\"0.1.0\"", "File.read!(\"VERSION\")"),
        exs("app: :x", "apps_path: \"apps\""),
        exs("\"~> 1.7.0\"", "path: \"../phoenix\""),
        exs("{:phoenix, \"~> 1.7.0\"}", "phoenix()"),
        exs("\"~> 1.7.0\"", "version()"),
        exs("~> 1.7.0", "~> 1.8.0"),
        exs("{:phoenix,", "{:ecto, \"~> 3.0\"},\n      {:phoenix,"),
        exs("v2.1.1", "v2.2.0"),
        exs("deps: deps()", "deps: more(deps())"),
        exs("setup: [", "\"deps.get\": [\"cmd ./fetch.sh\", \"deps.get\"], more: ["),
        exs("# no more", "# File.read!(\"VERSION\")"),
    ];
    let mut changes: Vec<(&str, &str)> = changed.iter().map(|text| ("mix.exs", text.as_str())).collect();
    changes.extend([
        ("config/prod.exs", "config :x, key: File.read!(\"key\")\n"),
        ("config/prod.exs", "import_config \"../secret.exs\"\n"),
        ("config/runtime.exs", "config :x, key: File.read!(\"key\")\n"),
        ("deps/phoenix/mix.exs", "x"),
    ]);
    let mut out = variants("mix deps.get --only prod", MIX, &changes);
    for command in [
        "mix deps.compile",
        "mix do deps.get, deps.compile",
        "mix do deps.get --only prod + deps.compile",
        "mix do deps.get, compile",
        "mix do deps.get + deps.compile + release",
        "mix local.hex --force && mix local.rebar --force && mix deps.get --only prod && mix deps.compile",
        "mix compile",
        "mix deps.get && mix compile",
    ] {
        out += &format!("\n# {command}\n{}\n", first(command, MIX));
    }
    let local = exs("\"~> 1.7.0\"", "path: \"../phoenix\"");
    for command in ["mix deps.compile", "mix deps.get --check-locked"] {
        out += &variants(command, MIX, &[("mix.exs", &local)]);
    }
    // Its code may look at any variable: what sets one stays before it.
    out += &format!(
        "\n----\n{}",
        text_of(
            "FROM elixir\nWORKDIR /app\nCOPY . .\nARG VERSION\nRUN mix deps.get\nENV MIX_HOME=/m\nRUN mix deps.compile\n",
            MIX
        )
    );
    // Sources between what fetches and what compiles.
    out += &format!(
        "\n----\n{}",
        text_of(
            "FROM elixir\nWORKDIR /app\nRUN mix local.hex --force\nCOPY mix.exs mix.lock ./\nCOPY config config\nRUN mix deps.get\nCOPY lib lib\nRUN mix deps.compile\nRUN mix release\n",
            MIX
        )
    );
    insta::assert_snapshot!(out);
}

#[test]
fn the_configuration_of_another_environment_is_not_read() {
    let moves = |env: &str, config: &str| {
        let files = [
            &MIX[..2],
            &[("config/config.exs", config), ("config/test.exs", "File.read!(\"x\")"), ("lib/x.ex", "x")],
            &MIX[3..4],
        ]
        .concat();
        let text = format!("FROM elixir\n{env}WORKDIR /app\nCOPY . .\nRUN mix deps.get\nRUN mix compile\n");
        let made = text_of(&text, &files);
        made.find("mix deps.get") < made.find("COPY . .")
    };
    let by_name = "import Config\nimport_config \"#{config_env()}.exs\"\n";
    for (env, config, expected) in [
        ("ENV MIX_ENV=prod\n", by_name, true),
        ("ENV MIX_ENV=prod\n", "import Config\nimport_config \"#{Mix.env()}.exs\"\n", true),
        ("ENV MIX_ENV=prod\n", "import Config\n", true),
        ("ENV MIX_ENV=test\n", by_name, false),
        ("ARG MIX_ENV\n", by_name, false),
        ("", by_name, false),
        ("ENV MIX_ENV=prod\n", "import Config\nimport_config \"test.exs\"\n", false),
    ] {
        assert_eq!(moves(env, config), expected, "{env}{config}");
    }
}

#[test]
fn what_composer_pins_is_unpacked_before_the_sources_are_there() {
    let files: Files<'_> = &[
        ("composer.json", r#"{"autoload":{"classmap":["src"]},"scripts":{"post-autoload-dump":"x"}}"#),
        ("composer.lock", r#"{"packages":[{"name":"symfony/runtime","type":"composer-plugin"}]}"#),
        ("src/a.php", "x"),
        ("src/b.php", "x"),
    ];
    let changes: Files<'_> = &[
        ("composer.json", r#"{"scripts":{"pre-install-cmd":"x"}}"#),
        ("composer.json", r#"{"scripts":{"post-package-install":"x"}}"#),
        ("composer.json", r#"{"repositories":[{"type":"path","url":"packages/*"}]}"#),
        ("composer.lock", r#"{"packages-dev":[{"name":"symfony/flex","type":"composer-plugin"}]}"#),
        ("vendor/autoload.php", "x"),
    ];
    let mut out = variants("composer install --no-dev -o", files, changes);
    for command in [
        "COMPOSER_ALLOW_SUPERUSER=1 composer install --optimize-autoloader --no-interaction && php artisan cache",
        "apk add --no-cache git unzip && composer install --no-dev -o",
        "curl https://x | sh && composer install --no-dev -o",
        "cd /app && composer install -a",
        "composer install --no-autoloader && composer dump-autoload -o",
        "composer install --working-dir=/app -o",
        "composer install $FLAGS",
        "composer update -o",
    ] {
        out += &format!("\n# {command}\n{}\n", first(command, files));
    }
    let no_lock: Files<'_> = &[
        ("composer.json", r#"{"config":{"allow-plugins":{"symfony/flex":true,"symfony/runtime":true}}}"#),
        ("a.php", "x"),
        ("b.php", "x"),
    ];
    out += &format!("\n----\n{}\n", first("composer install --no-scripts", no_lock));
    insta::assert_snapshot!(out);
}
