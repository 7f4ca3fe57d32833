//! What was wrong with proposals for projects that nobody had looked at before, each as its rule.

use super::*;
use crate::graph::GraphOptions;
use crate::simulate::BuildInput;

type Files<'a> = &'a [(&'a str, &'a str)];

/// A proposal as people read it, over edits of these files alone, each with its weight.
fn shown_over(text: &str, files: Files<'_>, weights: &[(&str, f64)]) -> String {
    let dockerfile = parse(text).expect("the test's Dockerfile is valid");
    let tree = Tree::from_pairs(files.iter().copied());
    let read = |path: &str| files.iter().find(|(name, _)| *name == path).map(|(_, text)| (*text).to_owned());
    let edits: Vec<Edit> = weights
        .iter()
        .map(|(path, weight)| Edit { weight: *weight, paths: vec![(*path).to_owned()], build_args: vec![] })
        .collect();
    let edits = Expected::new(edits);
    let options = ReorderOptions::default();
    let input =
        ReorderInput { tree: &tree, files: &read, edits: &edits, seconds: &rough_seconds, options: &options };
    let proposal = propose(&dockerfile, &input);
    let told = proposal.moves.iter().map(|made| {
        format!(
            "* {} [{}]\n  {}\n  saves {:.1} s; lines {:?} -> {:?}\n",
            made.name, made.id, made.why_safe, made.saves, made.before, made.after
        )
    });
    format!("{}\n{}", proposal.text, told.collect::<String>())
}

const WORKSPACE: Files<'_> = &[
    ("web/package.json", r#"{"workspaces":["shared","frps","frpc"]}"#),
    ("web/shared/package.json", r#"{"name":"shared"}"#),
    ("web/shared/a.ts", "x"),
    ("web/frps/package.json", r#"{"name":"frps"}"#),
    ("web/frps/b.ts", "x"),
    ("web/frpc/package.json", r#"{"name":"frpc"}"#),
    ("web/frpc/c.ts", "x"),
];

#[test]
fn a_copy_that_stays_above_the_install_needs_no_manifests_beside_it() {
    let text = "FROM node:22\nCOPY web/package.json /web/package.json\nCOPY web/shared/ /web/shared/\nCOPY web/frps/ /web/frps/\nWORKDIR /web\nRUN npm install\nWORKDIR /web/frps\nRUN npm run build\n";
    insta::assert_snapshot!(shown_over(text, WORKSPACE, &[("web/frps/b.ts", 1.0)]));
    // One of the files that an added COPY would bring stays there, too.
    let text =
        "FROM node:20\nWORKDIR /server\nCOPY index.js package.json ./\nCOPY . .\nRUN npm ci --omit=dev\n";
    let files: Files<'_> = &[
        ("package.json", NPM[0].1),
        ("package-lock.json", NPM[1].1),
        ("index.js", "x"),
        ("server/a.js", "x"),
    ];
    insta::assert_snapshot!(shown_over(text, files, &[("server/a.js", 1.0)]));
}

#[test]
fn a_copy_that_an_install_passed_is_told_with_the_install() {
    let text = "FROM golang:1.22 AS build\nCOPY . /go/src/x\nWORKDIR /go/src/x\nENV NODE_OPTIONS=--openssl-legacy-provider\nRUN cat ossl.cnf >> /tmp/openssl.cnf && \\\n  make build\nFROM alpine\nCOPY --from=build /go/src/x/x /x\n";
    let files: Files<'_> = &[("go.mod", "module x\n"), ("go.sum", ""), ("main.go", "x"), ("ossl.cnf", "x")];
    insta::assert_snapshot!(shown_over(text, files, &[("main.go", 1.0)]));
}

#[test]
fn a_run_is_cut_in_three_only_where_the_third_part_is_worth_it() {
    let text = "FROM node:22\nWORKDIR /ui\nCOPY ui .\nRUN corepack enable && \\\n    pnpm install --frozen-lockfile && \\\n    pnpm build\n";
    let files: Files<'_> = &[("ui/package.json", "{}"), ("ui/pnpm-lock.yaml", ""), ("ui/a.ts", "x")];
    let weights: &[(&str, f64)] = &[("ui/a.ts", 0.8), ("ui/package.json", 0.2)];
    insta::assert_snapshot!(shown_over(text, files, weights));
    // Where the manifests never change, nothing is gained by a part that does not read them.
    let sources_alone = shown_over(text, files, &[("ui/a.ts", 1.0)]);
    assert!(sources_alone.contains("cut the RUN in two before `pnpm build`"), "{sources_alone}");
}

#[test]
fn a_build_that_env_calls_fetches_first_as_well() {
    let go = |build: &str| {
        format!(
            "FROM golang:1.22 AS b\nWORKDIR /src\nCOPY . .\nRUN {build}\nFROM alpine\nCOPY --from=b /app /app\n"
        )
    };
    let files: Files<'_> = &[("go.mod", "module x\n"), ("go.sum", ""), ("main.go", "x"), ("a.go", "x")];
    for (build, is_fetched) in [
        ("go build -o /app ./cmd", true),
        ("env CGO_ENABLED=0 go build -o /app ./cmd", true),
        ("go mod tidy -diff\nRUN go build -o /app ./cmd", true),
        ("go mod tidy -diff && go build -o /app ./cmd", true),
        ("go mod tidy\nRUN go build -o /app ./cmd", false),
        ("go mod tidy && go build -o /app ./cmd", false),
        ("env GOFLAGS=-mod=mod go build -o /app ./cmd", false),
        ("env -u HOME go build -o /app ./cmd", false),
        ("--mount=type=cache,target=/root/.cache/go-build go build -o /app ./cmd", true),
        ("--mount=type=cache,target=/go/pkg/mod go build -o /app ./cmd", false),
        ("env", false),
    ] {
        let made = text_of(&go(build), files);
        assert_eq!(made.contains("RUN go mod download\n"), is_fetched, "{made}");
    }
}

#[test]
fn a_gain_that_few_of_many_edits_bring_is_found_by_the_simulated_builder() {
    let text = "FROM node:22\nWORKDIR /app\nCOPY lib lib\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\nRUN make\n";
    let mut files: Vec<(String, String)> =
        (0..300).map(|at| (format!("src/{at}.js"), "x".to_owned())).collect();
    files.extend(NPM.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())));
    files.push(("lib/a.js".to_owned(), "x".to_owned()));
    // Three hundred files of the sources, each as often as the one that makes the difference in a tenth of all.
    let mut edits: Vec<Edit> = files
        .iter()
        .filter(|(path, _)| path.starts_with("src/"))
        .map(|(path, _)| Edit { weight: 1.0, paths: vec![path.clone()], build_args: vec![] })
        .collect();
    let rare = Edit { weight: 1.0, paths: vec!["lib/a.js".to_owned()], build_args: vec![] };
    for at in 0..33 {
        edits.insert(at * 10 + 3, rare.clone());
    }
    let edits = Expected::new(edits);
    let tree = Tree::from_pairs(files.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    let read = |path: &str| files.iter().find(|(name, _)| name == path).map(|(_, text)| text.clone());
    let dockerfile = parse(text).expect("the test's Dockerfile is valid");
    let options = ReorderOptions::default();
    let input =
        ReorderInput { tree: &tree, files: &read, edits: &edits, seconds: &rough_seconds, options: &options };
    let build = BuildInput {
        dockerfile: dockerfile.clone().into(),
        options: GraphOptions::default(),
        context: tree.clone(),
        named: BTreeMap::new(),
    };
    let proposal = propose_checked(&dockerfile, &input, &build);
    assert!(proposal.improves(), "{proposal:#?}");
    let above = proposal.text.split("RUN npm ci").next().unwrap_or_default();
    assert!(!above.contains("COPY lib") && !above.contains("COPY . ."), "{}", proposal.text);
}

#[test]
fn mavens_options_and_settings_are_looked_into_wherever_they_stand() {
    let files: Files<'_> = &[
        ("pom.xml", "<project/>"),
        ("src/A.java", "x"),
        (
            "plain.xml",
            "<settings><mirrors><mirror><url>https://m.example/</url></mirror></mirrors></settings>",
        ),
        ("moved.xml", "<settings><localRepository>/app/repo</localRepository></settings>"),
        (
            "here.xml",
            "<settings><mirrors><mirror><url>file:///app/mirror</url></mirror></mirrors></settings>",
        ),
        ("build.log", "x"),
    ];
    let mut out = String::new();
    for (before, goal) in [
        ("", "dependency:go-offline"),
        ("", "org.apache.maven.plugins:maven-dependency-plugin:3.6.0:go-offline"),
        ("", "org.apache.maven.plugins:maven-dependency-plugin:resolve"),
        ("", "org.apache.maven.plugins:maven-dependency-plugin:3.6.0:analyze"),
        ("", "org.example:maven-dependency-plugin:3.6.0:go-offline"),
        ("", "-l fetch.log dependency:go-offline"),
        ("", "--log-file=build.log dependency:go-offline"),
        ("", "--log-file /var/log/maven.log dependency:go-offline"),
        ("ENV MAVEN_OPTS=-Xmx2g\n", "dependency:go-offline"),
        ("ENV MAVEN_OPTS=\"-Xmx2g -Dmaven.repo.local=repo\"\n", "dependency:go-offline"),
        ("ENV MAVEN_OPTS=-Dmaven.wagon.http.retryHandler.count=3\n", "dependency:go-offline"),
        ("ENV MAVEN_OPTS=-javaagent:agent.jar\n", "dependency:go-offline"),
        ("ARG MAVEN_OPTS\n", "dependency:go-offline"),
        ("ENV MAVEN_ARGS=-B\n", "dependency:go-offline"),
        ("COPY plain.xml /root/.m2/settings.xml\n", "dependency:go-offline"),
        ("COPY moved.xml /root/.m2/settings.xml\n", "dependency:go-offline"),
        ("COPY here.xml /usr/share/maven/conf/settings.xml\n", "dependency:go-offline"),
        ("COPY --from=maven:3 /x/settings.xml /root/.m2/\n", "dependency:go-offline"),
        ("COPY <<E /root/.m2/settings.xml\n<settings/>\nE\n", "dependency:go-offline"),
        ("RUN echo '<settings/>' > /root/.m2/settings.xml\n", "dependency:go-offline"),
    ] {
        let text = format!("FROM maven:3 AS b\nWORKDIR /app\n{before}COPY . .\nRUN mvn {goal}\nRUN make\n");
        let proposal = propose_for(&text, files);
        let is_above = proposal.text.find("RUN mvn") < proposal.text.find("COPY . .");
        let said = match of_a_move(&proposal) {
            _ if is_above => "above the sources".to_owned(),
            Some(refused) => format!("refused: {}", refused.why),
            None => "left".to_owned(),
        };
        out += &format!("{before}mvn {goal}\n  {said}\n");
    }
    insta::assert_snapshot!(out);
}

#[test]
fn what_is_fetched_for_maven_is_what_the_build_fetches() {
    let one: Files<'_> =
        &[("pom.xml", "<project/>"), ("ci.xml", "<settings/>"), ("A.java", "x"), ("B.java", "x")];
    let parts: Files<'_> = &[
        ("pom.xml", "<project><modules><module>a</module><module>b</module></modules></project>"),
        ("a/pom.xml", "<project><artifactId>a</artifactId></project>"),
        ("a/A.java", "x"),
        ("b/B.java", "x"),
        ("b/pom.xml", "<project><artifactId>b</artifactId></project>"),
    ];
    let needs = "<project><artifactId>b</artifactId><dependencies><dependency><artifactId>a</artifactId></dependency></dependencies></project>";
    let needing: Vec<(&str, &str)> = parts[..4].iter().copied().chain([("b/pom.xml", needs)]).collect();
    let mut out = String::new();
    for (files, before, build) in [
        (one, "", "mvn -B clean package"),
        (one, "", "./mvnw -Pprod -DskipTests -Dversion=1 package"),
        (one, "", "mvn -s ci.xml -P prod,all package"),
        (one, "", "mvn -o package"),
        (one, "", "mvn -f other package"),
        (one, "", "mvn $FLAGS package"),
        (one, "", "mvn -pl $MODULE -am package"),
        (one, "", "mvn -P$PROFILE package"),
        (one, "", "MAVEN_OPTS=-Dmaven.repo.local=/r mvn package"),
        (one, "ENV MAVEN_ARGS=-Pprod\n", "mvn package"),
        (one, "RUN mvn org.apache.maven.plugins:maven-dependency-plugin:3.6.0:go-offline\n", "mvn package"),
        (parts, "", "mvn package"),
        (&needing, "", "mvn package"),
    ] {
        let text = format!(
            "FROM maven:3 AS b\nWORKDIR /app\nCOPY . .\n{before}RUN {build}\nFROM debian\nCOPY --from=b /app/target /app\n"
        );
        let proposal = propose_for(&text, files);
        let found = proposal.offered.iter().find(|offer| offer.kind == MoveKind::FetchFirst);
        let said = found.map_or("nothing", |offer| offer.text.lines().last().unwrap_or_default());
        out += &format!("{before}{build}\n  {said}\n");
    }
    insta::assert_snapshot!(out);
}

#[test]
fn steps_after_a_copy_that_is_left_out_are_still_told_apart() {
    let text = "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm ci\nCOPY package.json .\nRUN npm run build\nRUN make\n";
    let made = text_of(text, NPM);
    assert_eq!(made.matches("package.json").count(), 1, "{made}");
}

#[test]
fn a_copy_that_the_next_one_overwrites_is_left_out_once_the_install_is_above() {
    let text =
        "FROM node:20\nWORKDIR /app\nCOPY ui/package*.json ./\nCOPY /ui/ .\nRUN npm ci\nRUN npm run build\n";
    let files: Files<'_> = &[
        ("ui/package.json", NPM[0].1),
        ("ui/package-lock.json", NPM[1].1),
        ("ui/packages.lock.json", "{}"),
        ("ui/a.ts", "x"),
        ("ui/b.ts", "x"),
    ];
    let weights: &[(&str, f64)] = &[("ui/a.ts", 0.5), ("ui/packages.lock.json", 0.5)];
    insta::assert_snapshot!(shown_over(text, files, weights));
    // Where its files get another owner, and where somebody wants them twice, they stay.
    let owned = text.replace("COPY /ui/ .", "COPY --chown=node /ui/ .");
    assert!(shown_over(&owned, files, weights).contains("COPY ui/package*.json ./"));
    let twice = "FROM node:20\nWORKDIR /app\nCOPY ui/a.ts ./\nCOPY ui/ .\nRUN make\n";
    assert!(shown_over(twice, files, weights).contains("COPY ui/a.ts ./"));
}

#[test]
fn blank_lines_stay_between_those_that_stay() {
    let text = "FROM node:20\nWORKDIR /app\n\nARG BUILD_ID\nENV BUILD_ID=$BUILD_ID\nARG REGION\nENV REGION=$REGION\n\nRUN apt-get update && apt-get install -y curl tzdata\n\nRUN make\n";
    let made = text_of(text, &[("Makefile", "x")]);
    let expected = "WORKDIR /app\n\nARG REGION\nENV REGION=$REGION\n\nRUN apt-get update && apt-get install -y curl tzdata\n\nARG BUILD_ID\nENV BUILD_ID=$BUILD_ID\n\nRUN make\n";
    assert_eq!(made, format!("FROM node:20\n{expected}"));
}

#[test]
fn what_an_install_passed_is_set_off_as_the_install_was() {
    let text = "FROM node:20\nWORKDIR /ui\nCOPY ui .\n\n# flags for one package\nRUN npm ci && \\\n    npm run pack\nCMD [\"x\"]\n";
    let files: Files<'_> = &[
        ("ui/package.json", NPM[0].1),
        ("ui/package-lock.json", NPM[1].1),
        ("ui/a.ts", "x"),
        ("ui/b.ts", "x"),
    ];
    let expected = "FROM node:20\nWORKDIR /ui\nCOPY ui/package.json ui/package-lock.json ./\n\n# flags for one package\nRUN npm ci\n\nCOPY ui .\nRUN npm run pack\nCMD [\"x\"]\n";
    assert_eq!(text_of(text, files), expected);
    let bare = text.replace("# flags for one package\n", "");
    assert_eq!(text_of(&bare, files), expected.replace("\n# flags for one package\n", ""));
}

#[test]
fn comments_stay_with_the_build_that_a_fetch_goes_before() {
    let text = "FROM golang:1.22 AS b\nWORKDIR /app\n\n# all of it\nCOPY . /app\n\n# Build the app,\n# for all\nRUN go build -o main .\nFROM alpine\nCOPY --from=b /app/main /main\n";
    let files: Files<'_> = &[("go.mod", "module x\n"), ("go.sum", ""), ("main.go", "x"), ("a.go", "x")];
    let expected = "FROM golang:1.22 AS b\nWORKDIR /app\n\nCOPY go.mod go.sum /app/\nRUN go mod download\n\n# all of it\nCOPY . /app\n\n# Build the app,\n# for all\nRUN go build -o main .\nFROM alpine\nCOPY --from=b /app/main /main\n";
    let proposal = propose_for(text, files);
    assert_eq!(proposal.text, expected);
    let mut ids: Vec<&str> = proposal.moves.iter().map(|made| made.id.as_str()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["fetch-first:9", "manifests-first:9"], "the line is that of the build");
    let declared = text.replace("# for all", "# layerlab: seconds=40");
    let made = text_of(&declared, files);
    assert_eq!(made.matches("# layerlab: seconds=").count(), 2, "each part declares its share: {made}");
}

#[test]
fn pip_stays_below_what_its_lists_name_by_path() {
    let files = |list: &'static str| {
        vec![
            ("requirements.txt", list),
            ("more/dev.txt", "flask\n"),
            ("more/own.txt", "-e ..\n"),
            ("setup.py", "x"),
            ("src/a.py", "x"),
            ("src/b.py", "x"),
        ]
    };
    let text = |before: &str, list: &str| {
        format!(
            "FROM python:3.12\nWORKDIR /app\n{before}COPY setup.py ./\nCOPY more more\nCOPY src src\nRUN pip install -r {list}\n"
        )
    };
    let here = "COPY requirements.txt .\n";
    let there = "COPY requirements.txt /tmp/\n";
    for (before, list, content, moves) in [
        (here, "requirements.txt", "flask\n", true),
        (here, "requirements.txt", "flask\n-e .\n", false),
        (here, "requirements.txt", "./src\n", false),
        (here, "requirements.txt", "own @ file:///app\n", false),
        (here, "requirements.txt", "-r more/own.txt\n", false),
        (here, "requirements.txt", "-r https://example.com/list.txt\n", true),
        (there, "/tmp/requirements.txt", "flask\n", true),
        (there, "/tmp/requirements.txt", "-e /app\n", false),
        (
            "COPY requirements.txt .\nRUN sed -i s/a/b/ requirements.txt\n",
            "requirements.txt",
            "flask\n",
            false,
        ),
        (here, "$LIST", "flask\n", false),
    ] {
        let text = text(before, list);
        let made = text_of(&text, &files(content));
        let is_above = made.find("RUN pip") < made.find("COPY src");
        assert_eq!(is_above, moves, "{content:?} {text}\n{made}");
    }
    for command in [
        "pip3.12 install -r requirements.txt",
        "pip download -r requirements.txt -d /w",
        "python3 -m pip install -rrequirements.txt",
        "/venv/bin/pip install --requirement=requirements.txt",
        "uv pip sync requirements.txt --system",
        "pipx install .",
        "npm install -g .",
        "npm i -g ./src",
        "yarn global add file:./src",
        "pnpm add -g ../app/src",
        "bun install -g ./src",
        "gem install ./x.gem",
        "gem install -g src/Gemfile",
        "dotnet tool install -g x --add-source ./src",
    ] {
        let text = text(here, "requirements.txt").replace("pip install -r requirements.txt", command);
        assert_eq!(text_of(&text, &files("-e .\n")), text, "{command}");
    }
    // What a list includes has to be there, too.
    let made = text_of(&text(here, "requirements.txt"), &files("-r more/dev.txt\n"));
    let (install, included) = (made.find("RUN pip"), made.find("more/dev.txt").or(made.find("COPY more")));
    assert!(included.is_some() && included < install, "{made}");
}
