//! A fetch before a build: what stands above the build and says how it fetches stays above the fetch.

use super::offers::Files;
use super::told::propose_builds;
use super::*;

const GO: Files<'_> = &[
    ("go.mod", "module x\n"),
    ("go.sum", "x"),
    ("cmd/main.go", "x"),
    ("certs/corp.crt", "x"),
    ("VERSION", "1"),
];

/// What is proposed for a build of these RUNs below a COPY of everything.
fn go(runs: &str) -> Proposal {
    let text = format!(
        "FROM golang:1.22 AS b\nWORKDIR /app\nARG TOKEN\nCOPY . .\n{runs}FROM scratch\nCOPY --from=b /a /a\n"
    );
    propose_for(&text, GO)
}

/// What stands before the build in its RUN: a fetch is put before it only if it is known to have no part in that.
#[test]
fn a_fetch_passes_nothing_that_it_may_need() {
    for (before, why) in [
        ("", None),
        ("mkdir -p /out && ", None),
        ("set -eux && cd /app && ", None),
        ("export CGO_ENABLED=0 GOOS=linux && ", None),
        ("CGO_ENABLED=0 GOARCH=$TARGETARCH ", None),
        ("env GOOS=linux ", None),
        ("sed -i s/dev/1/ cmd/main.go && ", None),
        ("V=$(cat VERSION) && ", None),
        ("git config --global url.git@x:.insteadOf https://x/ && ", Some("`git config --global`")),
        (
            "sh -c \"git config --global url.https://$(cat /run/secrets/gh)@x/.insteadOf https://x/\" && ",
            Some("`sh -c`"),
        ),
        ("echo \"machine x login $TOKEN\" > /root/.netrc && ", Some("`echo`")),
        ("mkdir -p ~/.ssh && ssh-keyscan x >> ~/.ssh/known_hosts && ", Some("`mkdir -p`")),
        ("go env -w GOPRIVATE=x && ", Some("`GOPRIVATE` is set")),
        ("GOSUMDB=off ", Some("`GOSUMDB` is set")),
        ("export GOINSECURE=x && ", Some("`GOINSECURE` is set")),
        ("env HTTPS_PROXY=http://x ", Some("`HTTPS_PROXY` is set")),
        ("GIT_SSH_COMMAND='ssh -i k' ", Some("`GIT_SSH_COMMAND` is set")),
        ("cp certs/corp.crt /usr/local/share/ca-certificates/ && update-ca-certificates && ", Some("`cp`")),
        ("go mod edit -replace b=../b && git clone https://x/b ../b && ", Some("`go mod edit -replace`")),
        ("rm -f go.sum && go mod tidy && ", Some("`rm -f go.sum`")),
        ("cp -r ../base/. . && ", Some("`cp -r`")),
        ("./configure && ", Some("`configure`")),
    ] {
        let made = go(&format!("RUN {before}go build -o /a ./cmd\n"));
        let told = made.refused.iter().map(|refused| refused.why.as_str());
        let told: Vec<&str> = told.filter(|why| why.ends_with("what `go mod download` needs")).collect();
        assert_eq!(
            made.text.contains("go mod download\nARG TOKEN\nCOPY . .\n"),
            why.is_none(),
            "{before}: {}",
            made.text
        );
        match why {
            None => assert!(told.is_empty(), "{before}: {told:?}"),
            Some(why) => assert!(told.len() == 1 && told[0].starts_with(why), "{before}: {told:?}"),
        }
    }
}

/// The first of these stays above the second wherever the fetch goes.
#[test]
fn a_fetch_stays_below_the_steps_that_say_how() {
    for (runs, above) in [
        (
            "RUN git config --global url.git@x:.insteadOf https://x/\nRUN go build -o /a ./cmd\n",
            "RUN git config",
        ),
        ("RUN go env -w GOPRIVATE=x\nRUN go build -o /a ./cmd\n", "RUN go env"),
        ("RUN mkdir /root/.ssh && cp /k /root/.ssh/id\nRUN go build -o /a ./cmd\n", "RUN mkdir"),
        (
            "RUN apk add git ca-certificates && update-ca-certificates && go build -o /a ./cmd\n",
            "RUN apk add",
        ),
        ("RUN apt-get update && apt-get install -y git\nRUN go build -o /a ./cmd\n", "RUN apt-get"),
    ] {
        let made = go(runs).text;
        let place = |what: &str| made.find(what).unwrap_or_else(|| panic!("{what} is there: {made}"));
        assert!(place(above) < place("go mod download"), "{made}");
    }
}

#[test]
fn a_restore_passes_nothing_that_it_may_need() {
    let files: Files<'_> =
        &[("src/App.csproj", "<Project Sdk=\"Microsoft.NET.Sdk\"></Project>"), ("src/Program.cs", "x")];
    for (before, expected) in [
        ("", Some("RUN dotnet restore src/App.csproj\nCOPY . .\n")),
        ("mkdir -p /out && ", Some("RUN dotnet restore src/App.csproj\n")),
        (
            "dotnet nuget add source https://x/nuget -u x -p $PAT && ",
            Some("-p $PAT\nCOPY src/App.csproj src/\nRUN dotnet restore src/App.csproj\nCOPY . .\n"),
        ),
        ("export RuntimeIdentifier=linux-x64 && ", None),
        ("cp /corp/nuget.config . && ", None),
        ("sed -i s/8/9/ src/App.csproj && ", None),
    ] {
        let text = format!(
            "FROM mcr.microsoft.com/dotnet/sdk:8.0 AS b\nARG PAT\nWORKDIR /s\nCOPY . .\nRUN {before}dotnet publish src/App.csproj -o /o\nFROM alpine\nCOPY --from=b /o /o\n"
        );
        let made = propose_for(&text, files);
        match expected {
            Some(part) => assert!(made.text.contains(part), "{before}: {}", made.text),
            None => {
                assert!(!made.text.contains("dotnet restore"), "{before}: {}", made.text);
                let told: Vec<&str> = made.refused.iter().map(|refused| refused.why.as_str()).collect();
                assert!(
                    told.iter().any(|why| why.contains("may change what `dotnet restore` needs")),
                    "{told:?}"
                );
            }
        }
    }
}

/// A fetch stands right below what was copied for it, and above the ARGs that it does not read.
#[test]
fn a_fetch_stands_above_the_arguments_that_it_does_not_read() {
    const COPY: &str = "COPY go.mod go.sum ./\n";
    for (stage, expected) in [
        (
            "ARG LITESTREAM_VERSION=latest\nCOPY . .\nRUN go build -ldflags $LITESTREAM_VERSION -o /a ./cmd\n",
            "RUN go mod download\nARG LITESTREAM_VERSION=latest\nCOPY . .\n",
        ),
        (
            "COPY . .\nARG LITESTREAM_VERSION=latest\nRUN go build -ldflags $LITESTREAM_VERSION -o /a ./cmd\n",
            "RUN go mod download\nCOPY . .\nARG LITESTREAM_VERSION=latest\n",
        ),
        (
            "ARG TARGETOS TARGETARCH\nCOPY . .\nRUN GOOS=$TARGETOS GOARCH=$TARGETARCH go build -o /a ./cmd\n",
            "RUN go mod download\nARG TARGETOS TARGETARCH\nCOPY . .\n",
        ),
        (
            "ARG SHA1\nARG TAG\nCOPY . .\nRUN go build -ldflags $SHA1$TAG -o /a ./cmd\n",
            "RUN go mod download\nARG SHA1\nARG TAG\nCOPY . .\n",
        ),
        (
            "ARG GIT_COMMIT\nCOPY . .\nRUN go build -ldflags $GIT_COMMIT -o /a ./cmd\n",
            "RUN go mod download\nARG GIT_COMMIT\nCOPY . .\n",
        ),
    ] {
        let text = format!("FROM golang:1.22 AS b\nWORKDIR /app\n{stage}FROM scratch\nCOPY --from=b /a /a\n");
        let made = propose_for(&text, GO);
        assert!(made.text.contains(&format!("{COPY}{expected}")), "{}", made.text);
    }
    // What it reads stays above it.
    for argument in ["GOPRIVATE", "GOPROXY", "HTTPS_PROXY", "GIT_SSH_COMMAND"] {
        let text = format!(
            "FROM golang:1.22 AS b\nWORKDIR /app\nARG {argument}\nCOPY . .\nRUN go mod download\nRUN go build -o /a ./cmd\nFROM scratch\nCOPY --from=b /a /a\n"
        );
        let made = propose_for(&text, GO);
        let expected = format!("ARG {argument}\n{COPY}RUN go mod download\n");
        assert!(made.text.contains(&expected), "{}", made.text);
    }
    // A step of the system is not to run anew with the manifests.
    let made = go("RUN apk add git && go build -o /a ./cmd\n").text;
    assert!(made.contains(&format!("RUN apk add git\n{COPY}RUN go mod download\n")), "{made}");
}

/// The modules of a directory may be named above it, up to the root: base images of Go work in /go.
#[test]
fn a_fetch_stays_below_manifests_above_its_directory() {
    for (place, workdir) in [("/", ""), ("/", "WORKDIR /usr/src/x\n"), ("/usr/src/", "WORKDIR /usr/src/x\n")]
    {
        let text = format!(
            "FROM golang:1.22 AS b\nARG VERSION\nARG GIT_COMMIT\n{workdir}ADD go.mod go.sum {place}\nRUN go mod download\nWORKDIR /app\nCOPY . .\nRUN go build -ldflags $VERSION$GIT_COMMIT -o /a ./cmd\nFROM scratch\nCOPY --from=b /a /a\n"
        );
        let made = propose_builds(&text, GO);
        let expected = format!("ADD go.mod go.sum {place}\nRUN go mod download\nARG VERSION\n");
        assert!(made.text.contains(&expected), "{}", made.text);
    }
}
