//! Caches that are part of the work, in a stage that becomes the image; and what is told of mounts that are not offered.

use super::mounts::check;
use super::offers::{Files, GO};
use super::*;

#[test]
fn a_stage_that_ships_gets_the_mounts_of_a_compiler_where_only_what_was_built_runs() {
    let go = |after: &str| {
        format!("FROM golang:1.22\nWORKDIR /src\nCOPY . .\nRUN go build -o /out/app ./cmd\n{after}")
    };
    let jvm = |tool: &str, after: &str| {
        let base = if tool == "mvn" { "maven:3" } else { "gradle:8" };
        format!("FROM {base}\nUSER root\nWORKDIR /s\nCOPY . .\nRUN {tool} package\n{after}")
    };
    let cargo =
        |after: &str| format!("FROM rust:1.90\nWORKDIR /s\nCOPY . .\nRUN cargo build --release\n{after}");
    let nuget = "FROM mcr.microsoft.com/dotnet/sdk:8.0\nWORKDIR /s\nCOPY . .\nRUN dotnet build\nCMD [\"dotnet\", \"bin/x.dll\"]\n";
    let caches = &["/root/.cache/go-build", "/go/pkg/mod"];
    let pom: Files<'_> = &[("pom.xml", "<project/>"), ("A.java", "x")];
    let crates: Files<'_> =
        &[("Cargo.toml", "x"), ("Cargo.lock", "x"), ("src/main.rs", "x"), ("run.sh", "x")];
    let registry = &["/usr/local/cargo/registry", "/usr/local/cargo/git/db"];
    check(&[
        ("nothing runs", go(""), GO, &[]),
        ("what was built", go("CMD [\"/out/app\"]\n"), GO, caches),
        ("what was built, in a shell's words", go("CMD /out/app --port $PORT\n"), GO, caches),
        (
            "what was built, behind an init",
            go("ENTRYPOINT [\"/sbin/tini\", \"--\", \"/out/app\"]\nCMD [\"-v\"]\n"),
            GO,
            caches,
        ),
        ("the tool", go("CMD [\"go\", \"run\", \"./cmd\"]\n"), GO, &[]),
        ("the tool in a shell", go("CMD cd cmd && go run .\n"), GO, &[]),
        ("a shell", go("ENTRYPOINT [\"sh\", \"-c\"]\nCMD [\"/out/app\"]\n"), GO, &[]),
        ("a builder", go("CMD make run\n"), GO, &[]),
        ("what compiles after each edit", go("CMD [\"air\", \"-c\", \".air.toml\"]\n"), GO, &[]),
        ("a variable", go("CMD $APP\n"), GO, &[]),
        ("a program of Cargo", cargo("CMD [\"./target/release/x\"]\n"), crates, registry),
        ("a script of the project", cargo("CMD [\"./run.sh\"]\n"), crates, &[]),
        ("an archive", jvm("mvn", "CMD [\"java\", \"-jar\", \"target/x.jar\"]\n"), pom, &["/root/.m2"]),
        ("Maven's own server", jvm("mvn", "CMD [\"mvn\", \"spring-boot:run\"]\n"), pom, &[]),
        ("a program of .NET", nuget.to_owned(), &[("x.csproj", "<Project/>"), ("P.cs", "x")], &[]),
    ]);
    let dart = |last: &str| {
        format!(
            "FROM dart:3 AS b\nWORKDIR /a\nCOPY . .\nRUN dart pub get\nRUN {last}\nFROM scratch\nCOPY --from=b /a/x /x\n"
        )
    };
    let pubs: Files<'_> = &[("pubspec.yaml", "x"), ("bin/x.dart", "x")];
    check(&[
        ("dart", dart("dart compile exe bin/x.dart -o x"), pubs, &["/root/.pub-cache"]),
        (
            "dart without the network",
            dart("dart pub get --offline && dart compile exe bin/x.dart"),
            pubs,
            &[],
        ),
    ]);
    let proposal = propose_for(&go("CMD [\"/out/app\"]\n"), GO);
    let offer = proposal.offered.iter().find(|offer| offer.kind == MoveKind::CacheMount).expect("an offer");
    assert!(
        offer.changes.contains("so that Go in a container of it would fetch them again"),
        "{}",
        offer.changes
    );
}

#[test]
fn go_that_compiles_all_anew_no_longer_does() {
    let text = |run: &str| {
        format!(
            "FROM golang:1.22 AS b\nWORKDIR /src\nCOPY . .\nRUN {run}\nFROM alpine\nCOPY --from=b /out /out\n"
        )
    };
    let options =
        ReorderOptions { take: [MoveKind::CacheMount.name().to_owned()].into(), ..ReorderOptions::default() };
    for (run, expected) in [
        ("CGO_ENABLED=0 go build -a -o /out ./cmd", "CGO_ENABLED=0 go build -o /out ./cmd\n"),
        ("go build \\\n    -a \\\n    -o /out ./cmd", "go build \\\n    -o /out ./cmd\n"),
    ] {
        let with = propose_with(&text(run), GO, &options);
        assert!(with.text.contains(expected), "{}", with.text);
        assert!(
            with.taken.iter().any(|taken| taken.changes.contains("`-a` is left out")),
            "{:?}",
            with.taken
        );
    }
}

#[test]
fn what_is_put_into_a_directory_after_the_last_use_is_in_nobodys_way() {
    let node = |before: &str, after: &str| {
        format!("FROM node:20 AS b\nWORKDIR /a\n{before}COPY . .\nRUN ./x.sh && npm ci\n{after}")
    };
    let files: Files<'_> = &[("package.json", "{}"), ("a.js", "x"), ("x.sh", "x")];
    let all = "COPY --from=example.com/tools /npm /root/.npm\n";
    let around = "COPY --from=example.com/tools / /\n";
    check(&[
        ("before", node(all, ""), files, &[]),
        ("around it", node(around, ""), files, &["/root/.npm"]),
        ("after", node("", all), files, &["/root/.npm"]),
        (
            "in a stage that is built on it",
            node("", &format!("FROM b\n{all}RUN make\n")),
            files,
            &["/root/.npm"],
        ),
        (
            "in a stage that is built on it and uses it then",
            node("", &format!("FROM b\n{all}RUN npm install\n")),
            files,
            &[],
        ),
    ]);
}

#[test]
fn a_dear_step_that_gets_no_mount_says_why() {
    let why = |text: &str, files: Files<'_>| {
        let proposal = propose_for(text, files);
        let mut told = proposal.refused.iter().filter(|refused| refused.what.starts_with("offer"));
        told.next().map_or("nothing", |refused| refused.why.as_str()).to_owned()
    };
    let of = |base: &str, before: &str, run: &str| {
        format!(
            "ARG B=x\nFROM {base} AS b\n{before}WORKDIR /app\nCOPY . .\nRUN {run}\nFROM debian\nCOPY --from=b /out /out\n"
        )
    };
    let pom: Files<'_> = &[("pom.xml", "<project/>"), ("A.java", "x")];
    for (text, files, expected) in [
        (of("$B", "", "go build -o /out ./cmd"), GO, "named by a variable"),
        (of("example.com/jdk:21", "", "mvn package"), pom, "neither the image nor its user is known"),
        (
            of("maven:3", "RUN useradd someone\nUSER someone\n", "mvn package"),
            pom,
            "neither the image nor its user",
        ),
        (of("golang:1.22", "", "go env -w GOCACHE=/x && go build -o /out ./cmd"), GO, "line 5 is in its way"),
        (
            "FROM golang:1.22\nWORKDIR /src\nCOPY . .\nRUN go build ./cmd\n".to_owned(),
            GO,
            "what runs there may need it",
        ),
        (of("golang:1.22", "", "go build -o /out ./cmd"), GO, "nothing"),
        (
            of("golang:1.22", "", "--mount=type=cache,target=/root/.cache/go-build go build -o /out ./cmd"),
            GO,
            "nothing",
        ),
    ] {
        assert!(why(&text, files).contains(expected), "{expected}: {} for {text}", why(&text, files));
    }
}

#[test]
fn a_variable_that_turns_a_cache_off_is_unset_where_there_is_a_mount() {
    let with = |env: &str, run: &str| {
        let text = format!("FROM python:3.12\nENV {env}\nWORKDIR /a\nCOPY . .\nRUN ./x.sh && {run}\n");
        let options = ReorderOptions {
            take: [MoveKind::CacheMount.name().to_owned()].into(),
            ..ReorderOptions::default()
        };
        let files = &[("requirements.txt", "flask"), ("uv.lock", ""), ("x.sh", "x")];
        let with = propose_with(&text, files, &options);
        with.text.lines().last().unwrap_or_default().to_owned()
    };
    let pip = "RUN --mount=type=cache,target=/root/.cache/pip";
    for (env, run, expected) in [
        ("A=1", "pip install -r requirements.txt", format!("{pip} ./x.sh && pip install -r requirements.txt")),
        (
            "PIP_NO_CACHE_DIR=1",
            "pip install -r requirements.txt",
            format!("{pip} unset PIP_NO_CACHE_DIR && ./x.sh && pip install -r requirements.txt"),
        ),
        (
            "PIP_NO_CACHE_DIR=1",
            "PIP_NO_CACHE_DIR=0 pip install -r requirements.txt",
            "RUN ./x.sh && PIP_NO_CACHE_DIR=0 pip install -r requirements.txt".to_owned(),
        ),
        (
            "UV_NO_CACHE=1",
            "uv pip install -r requirements.txt",
            "RUN --mount=type=cache,target=/root/.cache/uv unset UV_NO_CACHE && ./x.sh && uv pip install -r requirements.txt"
                .to_owned(),
        ),
    ] {
        assert_eq!(with(env, run), expected, "{env}");
    }
}

#[test]
fn what_is_left_out_of_a_step_leaves_no_joint_behind() {
    let with = |run: &str| {
        let text = format!("FROM debian:12\nWORKDIR /a\nCOPY . .\n{run}\n\nCOPY . /b\n");
        let options = ReorderOptions {
            take: [MoveKind::CacheMount.name().to_owned()].into(),
            ..ReorderOptions::default()
        };
        propose_with(&text, &[("x.sh", "x"), ("y", "y")], &options).text
    };
    let start = "RUN --mount=type=cache,target=/var/cache/apt,sharing=locked rm -f /etc/apt/apt.conf.d/docker-clean && ./x.sh && apt-get update && apt-get install -y make";
    for (end, expected) in [
        ("rm -rf \\\n  /var/lib/apt/lists/* \\\n  /var/cache/apt/*", "rm -rf \\\n  /var/lib/apt/lists/*"),
        ("rm -rf \\\n  /var/cache/apt/* \\\n  /var/lib/apt/lists/*", "rm -rf \\\n  /var/lib/apt/lists/*"),
        ("rm -rf /tmp/a /var/cache/apt/* /tmp/b", "rm -rf /tmp/a /tmp/b"),
        ("rm -rf /var/cache/apt/* \\\n  /tmp/b && echo", "rm -rf \\\n  /tmp/b && echo"),
    ] {
        let run = format!("RUN ./x.sh && apt-get update && apt-get install -y make && {end}");
        let made = with(&run);
        assert!(made.contains(&format!("{start} && {expected}\n\nCOPY . /b\n")), "{end}:\n{made}");
    }
}

#[test]
fn what_builds_without_the_network_gets_no_mount_that_may_be_empty() {
    let of = |base: &str, runs: &str| {
        format!("FROM {base} AS b\nWORKDIR /a\nCOPY . .\n{runs}\nFROM debian\nCOPY --from=b /a/out /out\n")
    };
    let pom: Files<'_> = &[("pom.xml", "<project/>"), ("A.java", "x")];
    let net: Files<'_> = &[("x.csproj", "<Project/>"), ("P.cs", "x")];
    let pnpm: Files<'_> = &[("package.json", "{}"), ("pnpm-lock.yaml", "x"), ("a.js", "x")];
    let shared: Files<'_> =
        &[pnpm[0], pnpm[1], pnpm[2], ("pnpm-workspace.yaml", "enableGlobalVirtualStore: true\n")];
    let crates: Files<'_> = &[("Cargo.toml", "x"), ("Cargo.lock", "x"), ("src/main.rs", "x")];
    let uv: Files<'_> = &[("pyproject.toml", "x"), ("uv.lock", "x"), ("x.sh", "x")];
    let go = &["/root/.cache/go-build", "/go/pkg/mod"];
    check(&[
        ("go", of("golang:1.22", "RUN go build -o out ./cmd"), GO, go),
        ("go without the network", of("golang:1.22", "RUN go mod download\nRUN --network=none go build -o out ./cmd"), GO, &[]),
        ("go without a proxy", of("golang:1.22", "RUN go mod download\nRUN GOPROXY=off go build -o out ./cmd"), GO, &[]),
        ("go with any proxy", of("golang:1.22", "ARG GOPROXY\nRUN go build -o out ./cmd"), GO, go),
        ("go with a proxy", of("golang:1.22", "ENV GOPROXY=https://x\nRUN go build -o out ./cmd"), GO, go),
        ("go with no proxy for all", of("golang:1.22", "RUN go mod download\nENV GOPROXY=off\nRUN go build -o out ./cmd"), GO, &[]),
        ("maven", of("maven:3", "RUN mvn dependency:go-offline\nRUN mvn -o package"), pom, &[]),
        (
            "maven that installs for a later step",
            of("maven:3", "RUN mvn install -pl a\nRUN mvn package -pl b"),
            &[pom[0], pom[1], ("a/pom.xml", "<project/>"), ("b/pom.xml", "<project/>")],
            &[],
        ),
        ("maven of one module", of("maven:3", "RUN mvn install\nRUN mvn package"), pom, &["/root/.m2"]),
        (
            "maven with settings that move it",
            of("maven:3", "RUN mvn -s /usr/share/maven/ref/settings-docker.xml package"),
            pom,
            &[],
        ),
        ("cargo", of("rust:1.90", "RUN cargo fetch\nRUN cargo build --release --frozen"), crates, &[]),
        (
            "pnpm",
            of("node:20", "RUN corepack enable && pnpm install"),
            pnpm,
            &["/root/.local/share/pnpm/store"],
        ),
        ("pnpm without the network", of("node:20", "RUN pnpm fetch\nRUN pnpm install --offline"), pnpm, &[]),
        ("pnpm for all", of("node:20", "RUN pnpm install && pnpm add -g serve"), pnpm, &[]),
        ("pnpm with a store for several projects", of("node:20", "RUN pnpm install"), shared, &[]),
        ("uv that links", of("python:3.12", "ENV UV_LINK_MODE=symlink\nRUN ./x.sh && uv sync"), uv, &[]),
        ("uv that copies", of("python:3.12", "ENV UV_LINK_MODE=copy\nRUN ./x.sh && uv sync"), uv, &["/root/.cache/uv"]),
        (
            "nuget for a platform",
            of(
                "mcr.microsoft.com/dotnet/sdk:8.0",
                "RUN dotnet restore -r linux-x64\nRUN dotnet publish --no-restore -r linux-x64",
            ),
            net,
            &["/root/.nuget/packages"],
        ),
        (
            "nuget for a platform that the build is not told",
            of(
                "mcr.microsoft.com/dotnet/sdk:8.0",
                "RUN dotnet restore -r linux-x64\nRUN dotnet publish --no-restore",
            ),
            net,
            &[],
        ),
        (
            "nuget with versions that are locked",
            of(
                "mcr.microsoft.com/dotnet/sdk:8.0",
                "RUN dotnet restore --locked-mode\nRUN dotnet publish --no-restore",
            ),
            net,
            &[],
        ),
        (
            "nuget with a source of its own",
            of("mcr.microsoft.com/dotnet/sdk:8.0", "RUN dotnet restore -s https://x\nRUN dotnet publish --no-restore"),
            net,
            &[],
        ),
        ("nuget without a build", of("mcr.microsoft.com/dotnet/sdk:8.0", "RUN dotnet build\nRUN dotnet publish --no-build"), net, &[]),
        (
            "apt that empties all",
            "FROM debian:12\nWORKDIR /a\nCOPY . .\nRUN ./x.sh && apt-get update && apt-get install -y make && apt-get distclean\n".to_owned(),
            &[("x.sh", "x")],
            &[],
        ),
    ]);
}

#[test]
fn a_build_cache_that_is_removed_while_it_is_mounted_gets_no_mount() {
    let text = |run: &str| {
        format!("FROM node:20 AS b\nWORKDIR /a\nCOPY . .\nRUN {run}\nFROM nginx\nCOPY --from=b /a/out /out\n")
    };
    let offers = |run: &str, scripts: &str| {
        let package = format!("{{\"name\":\"@x/web\",\"scripts\":{{{scripts}}}}}");
        let files = [("package.json", package.as_str()), ("a.js", "x")];
        let offered = propose_for(&text(run), &files).offered;
        let found = offered.into_iter().find(|offer| offer.name.contains("build cache"));
        found.map_or_else(String::new, |offer| offer.text)
    };
    let next =
        "RUN --mount=type=cache,id=a-.next-cache-x-web,target=/a/.next/cache,sharing=locked npm run build";
    for (run, scripts, expected) in [
        ("npm run build", r#""build":"next build""#, next),
        ("npm run build", r#""build":"rm -rf out && next build""#, next),
        ("npm run build", r#""build":"rm -rf .next && next build""#, ""),
        ("npm run build", r#""build":"next build","prebuild":"rimraf ./.next out""#, ""),
        ("npm run build", r#""build":"npm run clean && next build","clean":"del .next""#, ""),
        ("npm run build", r#""build":"next build","clean":"rm -rf .next""#, next),
        ("npm run build", r#""build":"rimraf '{.next,out}' && next build""#, ""),
        ("npm run build", r#""build":"rm -rf * && next build""#, ""),
        ("npm run build", r#""build":"git clean -fdx && next build""#, ""),
        ("npm ci; npm run build", r#""build":"react-scripts build""#, ""),
    ] {
        assert_eq!(offers(run, scripts), expected, "{run} with {scripts}");
    }
}

#[test]
fn results_of_tests_that_a_mount_keeps_are_told() {
    let told = |run: &str| {
        let text = format!(
            "FROM golang:1.22 AS b\nWORKDIR /a\nCOPY . .\nRUN {run}\nFROM debian\nCOPY --from=b /a/out /out\n"
        );
        propose_for(&text, GO).offered.iter().any(|offer| offer.changes.contains("results of tests"))
    };
    assert!(told("go test ./... && go build -o out ./cmd"));
    assert!(!told("go build -o out ./cmd"));
}
