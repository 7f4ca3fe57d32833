//! Tables of commands with what they touch.

use proptest::prelude::*;

use super::*;

fn env(name: &str) -> Option<String> {
    match name {
        "HOME" => Some("/root".to_owned()),
        "PATH" => Some("/usr/local/bin:/usr/bin:/bin".to_owned()),
        "APP" => Some("/srv/app".to_owned()),
        "DEPS" => Some("git make".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    }
}

fn scene(shell: ShellKind) -> Scene<'static> {
    Scene { cwd: "/app", env: &env, shell }
}

fn of(text: &str) -> Effects {
    effects(text, &scene(ShellKind::Posix))
}

fn show(set: &PathSet) -> String {
    let PathSet::Paths(paths) = set else { return "*".to_owned() };
    let mut shown: Vec<String> =
        paths.iter().map(|p| format!("{}{}", p.text, if p.exact { "!" } else { "" })).collect();
    shown.sort();
    shown.join(" ")
}

/// Named paths, then `?` and what is possible besides, then marks: `n` network, `r` differs from run to run.
fn summary(effects: &Effects) -> (String, String, String) {
    let access = |access: &Access| match show(&access.possible) {
        possible if possible.is_empty() => show(&access.named),
        possible => format!("{} ?{possible}", show(&access.named)).trim().to_owned(),
    };
    let mut marks = String::new();
    if effects.network {
        marks.push('n');
    }
    if !effects.deterministic {
        marks.push('r');
    }
    (access(&effects.reads), access(&effects.writes), marks)
}

/// Reads the table: command, reads, writes, marks, with `|` between; a backslash-n is a line end.
#[test]
fn what_commands_touch() {
    let mut wrong = Vec::new();
    for line in
        include_str!("tests/effects.txt").lines().filter(|line| !line.is_empty() && !line.starts_with("# "))
    {
        let columns: Vec<&str> = line.split(" => ").map(str::trim).collect();
        let [command, reads, writes, marks] = columns[..] else { panic!("four columns: {line}") };
        let (got_reads, got_writes, got_marks) = summary(&of(&command.replace("\\n", "\n")));
        let got = format!("{command} => {got_reads} => {got_writes} => {got_marks}");
        if (got_reads.as_str(), got_writes.as_str(), got_marks.as_str())
            != (dash(reads), dash(writes), dash(marks))
        {
            wrong.push(format!("expected {line}\n     got {got}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

fn dash(text: &str) -> &str {
    if text == "-" { "" } else { text }
}

#[test]
fn chances() {
    let cases = [
        ("echo x > /stamp1", "/stamp1", Chance::Likely),
        ("echo x > /stamp1", "/stamp2", Chance::No),
        ("cat /proc/sys/kernel/random/uuid > /a", "/b", Chance::No),
        ("mkdir -p /a/b", "/a/b/c", Chance::No),
        ("mkdir -p /a/b", "/a", Chance::Likely),
        ("./configure", "/app/Makefile", Chance::Likely),
        ("./configure", "/etc/x", Chance::Possible),
        ("mytool --out=/srv/out", "/srv/out/x", Chance::Likely),
        ("npm ci", "/app/node_modules/a", Chance::Likely),
        ("npm ci", "/app/src", Chance::Possible),
        ("npm ci", "/etc/passwd", Chance::No),
        ("npm run build", "/app/dist/main.js", Chance::Likely),
        ("npm run build", "/app/src/main.js", Chance::Possible),
        ("apt-get install -y git", "/usr/bin/git", Chance::Likely),
        ("apt-get install -y git", "/app", Chance::No),
        ("go build -o /out/app ./cmd/app", "/out/app", Chance::Likely),
        ("go build -o /out/app ./cmd/app", "/app/main.go", Chance::No),
        ("rm -rf /var/lib/apt/lists/*", "/var/lib/apt/lists/x", Chance::Likely),
        ("cd / && ./run", "/top", Chance::Likely),
        ("cd / && ./run", "/usr/lib/x", Chance::Possible),
    ];
    for (text, path, expected) in cases {
        assert_eq!(of(text).may_write(path), expected, "{text}: {path}");
    }
}

#[test]
fn names_of_packages_are_no_files() {
    let cases = [
        ("apt-get install -y gcc", "/app/gcc", false),
        ("apt-get install -y gcc ./x.deb", "/app/x.deb", true),
        ("apt-get install -y /tmp/*.deb", "/tmp/x.deb", true),
        ("apt-get install -y $UNKNOWN", "/app/gcc", true),
        ("apt-get install -y $DEPS", "/app/make", false),
        ("apt-get -c apt.conf install gcc", "/app/apt.conf", true),
        ("apk add --no-cache curl", "/app/curl", false),
        ("apk add --allow-untrusted x-1_amd64.apk", "/app/x-1_amd64.apk", true),
        ("apk add -X packages curl", "/app/packages/x86_64/APKINDEX.tar.gz", true),
        ("dnf install -y @development git", "/app/git", false),
        ("yum install -y tool.rpm", "/app/tool.rpm", true),
        ("rpm -i tool", "/app/tool", true),
        ("dpkg -i tool", "/app/tool", true),
        ("mix do deps.get --only prod, deps.compile", "/root/.mix/archives/hex", true),
        ("mix do deps.get + compile", "/srv/x", true),
    ];
    for (text, path, expected) in cases {
        assert_eq!(
            {
                let reads = of(text).reads;
                reads.named.touches(path) || reads.possible.touches(path)
            },
            expected,
            "{text}: {path}"
        );
    }
}

#[test]
fn variables() {
    let cases = [
        ("npm ci", "NODE_ENV", true),
        ("npm ci", "VERSION", true),
        ("npm install -g pnpm", "VERSION", false),
        ("npm install -g pnpm", "ANYTHING", true),
        ("pip install flask", "GIT_SHA", false),
        ("pip install flask", "SHA1", false),
        ("pip install flask", "APP_SHA", false),
        ("pip install flask", "SOURCE_HASH", false),
        ("pip install flask", "NODE_SHA256", true),
        ("cargo build --release", "GIT_SHA", true),
        ("go mod download", "GIT_COMMIT", false),
        ("go mod download", "GIT_SSH_COMMAND", true),
        ("go mod download", "GIT_CONFIG_COUNT", true),
        ("go mod download", "GOPRIVATE", true),
        ("git describe", "GIT_TAG", false),
        ("git clone https://x/y", "GIT_SSL_NO_VERIFY", true),
        ("git commit -m x", "GIT_AUTHOR_NAME", true),
        ("dotnet restore", "Version", true),
        ("npm run build", "VERSION", true),
        ("echo $VERSION > /v", "VERSION", true),
        ("echo '$VERSION' > /v", "VERSION", false),
        ("VERSION=1; echo $VERSION > /v", "VERSION", false),
        ("echo \"${VERSION:-1}\"", "VERSION", true),
        ("echo $((BUILD + 1))", "BUILD", true),
        ("apt-get update", "DEBIAN_FRONTEND", true),
        ("apt-get update", "http_proxy", true),
        ("mkdir /a", "http_proxy", false),
        ("cat <<EOF > /f\n$VERSION\nEOF\n", "VERSION", true),
        ("cat <<'EOF' > /f\n$VERSION\nEOF\n", "VERSION", false),
    ];
    for (text, name, expected) in cases {
        assert_eq!(of(text).environment.uses(name), expected, "{text}: {name}");
    }
}

#[test]
fn working_directories() {
    let cases = [
        ("cd /x && a", "/app /x"),
        ("cd src; a", "/app /app/src"),
        ("(cd /x && a); b", "/app /x /app"),
        ("{ cd /x; a; }; b", "/app /x /x"),
        ("cd $APP && a", "/app /srv/app"),
        ("cd $WHERE && a", "/app ?"),
        ("if t; then cd /x; fi; a", "/app /app? ?"),
        ("cd /x || exit 1; a", "/app ? /x"),
        ("cd /x || true; a", "/app ? ?"),
        ("t && cd /x; a", "/app /app? ?"),
        ("cd /x | a; b", "/app? /app /app"),
        ("cd - && a", "/app ?"),
        ("cd ~/x && a", "/app /root/x"),
        ("for d in a b; do (cd $d && t); done", "/app /app/a /app /app/b"),
        ("X=/y; cd $X; a", "/app /app /y"),
        ("a || b", "/app /app?"),
        ("a && b", "/app /app"),
        ("a && b; c", "/app /app? /app"),
    ];
    for (text, expected) in cases {
        let script = Script::read(text, &scene(ShellKind::Posix));
        let places: Vec<String> = script
            .commands
            .iter()
            .map(|command| match (&command.cwd, command.conditional) {
                (None, _) => "?".to_owned(),
                (Some(cwd), true) => format!("{cwd}?"),
                (Some(cwd), false) => cwd.clone(),
            })
            .collect();
        assert_eq!(places.join(" "), expected, "{text}");
    }
}

#[test]
fn words_of_commands() {
    let cases = [
        ("a 'b c' \"d $EMPTY e\" f\\ g", "a|b c|d  e|f g"),
        ("a $DEPS \"$DEPS\" x$EMPTY $EMPTY", "a|git|make|git make|x"),
        ("a $UNKNOWN pre/$UNKNOWN/post", "a|?|pre/?"),
        ("a `pwd`/x $(pwd)", "pwd;pwd;a|/app/x|/app"),
        ("A=1 B=2 c", "c"),
        ("a 2>&1 > /x # comment", "a"),
        ("a \\\n  b", "a|b"),
        ("a {b,c}", "a|{b,c}"),
        ("if [ -f x ]; then a; elif b; then c; else d; fi", "[|-f|x|];a;b;c;d"),
        ("case $x in a|b) c ;; *) d ;; esac", "c;d"),
        ("while read l; do a; done < /f", ";read|l;a"),
        ("a <<EOF | b\nbody\nEOF\nc", "a;b;c"),
        ("! a && b", "a;b"),
        ("[[ $x == y && -f /z ]] && a", "[[|?|==|y|-f|/z|]];a"),
        ("a & b", "a;b"),
    ];
    for (text, expected) in cases {
        let script = Script::read(text, &scene(ShellKind::Posix));
        assert!(script.understood, "{text}");
        assert_eq!(shown(&script), expected, "{text}");
    }
    let bash = Script::read("mkdir -p /a/{b,c}/{d,e}", &scene(ShellKind::Bash));
    assert_eq!(shown(&bash), "mkdir|-p|/a/b/d|/a/b/e|/a/c/d|/a/c/e");
}

fn shown(script: &Script) -> String {
    let word = |word: &Word| if word.dynamic { format!("{}?", word.text) } else { word.text.clone() };
    let words = |command: &Command| command.words.iter().map(word).collect::<Vec<_>>().join("|");
    script.commands.iter().map(words).collect::<Vec<_>>().join(";")
}

#[test]
fn text_that_is_not_understood_may_do_anything() {
    for text in ["f() { rm -rf /; }; f", "a 'b", "if a; then b", "( a", "a \"$(b\"", "((x))", "a | ", "}"] {
        let effects = of(text);
        assert_eq!(effects.writes.possible, PathSet::Everything, "{text}");
        assert!(effects.environment.any && !effects.deterministic, "{text}");
    }
    assert!(!Script::read("dir", &scene(ShellKind::Other)).understood);
}

#[test]
fn exec_form_is_not_expanded() {
    let effects = effects_of_exec(&["touch", "$HOME/*"], &scene(ShellKind::Posix));
    assert_eq!(show(&effects.writes.named), "/app/$HOME/*!");
    let inner = effects_of_exec(&["sh", "-c", "touch $APP"], &scene(ShellKind::Posix));
    assert_eq!(show(&inner.writes.named), "/srv/app!");
}

#[test]
fn run_texts() {
    assert_eq!(run_text("<<EOF", [("EOF", "a\nb\n")]), "a\nb\n");
    assert_eq!(run_text("<<-\"EOF\"", [("EOF", "a\n")]), "a\n");
    assert_eq!(
        run_text("cat <<A && cat <<B", [("A", "1\n"), ("B", "2\n")]),
        "cat <<A && cat <<B\n1\nA\n2\nB"
    );
    assert_eq!(show(&of("#!/bin/sh\ntouch /x\n").writes.named), "/x!");
    assert_eq!(of("#!/usr/bin/env python3\nprint(1)\n").writes.possible, PathSet::Everything);
}

proptest! {
    #[test]
    fn never_panics(text in "[ -~\n\t]{0,80}") {
        let _ = of(&text);
    }

    #[test]
    fn never_panics_on_shell_like_text(parts in proptest::collection::vec(
        prop_oneof!["if |then |fi|for x in |do |done|case |esac|;;|\\$\\(|\\)|`|\"|'|\\{ |\\}|&&|\\|\\||\\||<<E\n|E\n|\\$\\{x:-|a |b/c |> |< |\n|; |\\\\|cd |sh -c |find . -exec |\\{\\}|é"], 0..40)) {
        let _ = of(&parts.concat());
    }

    #[test]
    fn a_quoted_text_is_read_back(text in "\\PC{0,40}") {
        let script = Script::read(&format!("x {}", quote(&text)), &scene(ShellKind::Bash));
        prop_assert!(script.understood);
        prop_assert_eq!(&script.commands[0].words[1], &Word::known(text));
    }
}
