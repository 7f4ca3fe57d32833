//! Where cache mounts of other tools than npm and yarn are offered, and where they are not.

use super::mounts::check;
use super::offers::GO;

#[test]
fn a_cache_mount_of_other_tools_is_refused_where_it_could_change_more() {
    let node = |before: &str, run: &str, after: &str| {
        format!("FROM node:20 AS b\n{before}WORKDIR /app\nCOPY . .\n{run}\n{after}")
    };
    let go = |before: &str, run: &str, after: &str| {
        format!(
            "FROM golang:1.22 AS b\n{before}WORKDIR /src\nCOPY . .\nRUN go mod download\n{run}\nFROM alpine\nCOPY --from=b /out /out\n{after}"
        )
    };
    let maven = |before: &str, after: &str| {
        format!(
            "FROM maven:3 AS b\nWORKDIR /s\n{before}COPY . .\nRUN mvn package\nFROM debian\nCOPY --from=b /s/target /app\n{after}"
        )
    };
    let apt = |install: &str| {
        format!("FROM debian:12\nWORKDIR /a\nCOPY . .\nRUN ./setup.sh && apt-get update && {install}\n")
    };
    let apk =
        |install: &str| format!("FROM alpine:3.20\nWORKDIR /a\nCOPY . .\nRUN ./setup.sh && {install}\n");
    let nuget = |end: &str| {
        format!(
            "FROM mcr.microsoft.com/dotnet/sdk:8.0 AS b\nWORKDIR /s\nCOPY . .\nRUN dotnet restore\nRUN dotnet publish -o /out\n{end}"
        )
    };
    let ruby = |before: &str, run: &str| {
        format!("FROM ruby:3.3.6-slim AS b\n{before}WORKDIR /a\nCOPY . .\nRUN make gemfile && {run}\n")
    };
    let gems: &[(&str, &str)] = &[("Gemfile", ""), ("Gemfile.lock", ""), ("a.rb", "x")];
    let gems_elsewhere = [gems[0], gems[1], gems[2], (".bundle/config", "---\nBUNDLE_PATH: \"vendor\"\n")];
    let jvm: &[(&str, &str)] = &[("pom.xml", "<project/>"), ("settings.xml", ""), ("A.java", "x")];
    let end = "FROM debian\nCOPY --from=b /out /out\n";
    let net: &[(&str, &str)] = &[("x.csproj", "<Project/>"), ("P.cs", "x")];
    let next: &[(&str, &str)] = &[
        (
            "package.json",
            r#"{"name":"web","scripts":{"build":"tsc && pnpm next","next":"next build","test":"vitest","ng":"ng build"}}"#,
        ),
        ("a.js", "x"),
    ];
    let next_elsewhere: &[(&str, &str)] =
        &[next[0], ("a.js", "x"), ("next.config.mjs", "export default { distDir: 'out' }")];
    let php: &[(&str, &str)] = &[("composer.json", "{}"), ("a.php", "x")];
    check(&[
        ("bundler", ruby("", "bundle install"), gems, &["/root/.bundle/cache", "/usr/local/bundle/cache"]),
        (
            "bundler as Rails writes it",
            ruby("ENV BUNDLE_PATH=/usr/local/bundle BUNDLE_DEPLOYMENT=1\n", "bundle install"),
            gems,
            &["/root/.bundle/cache", "/usr/local/bundle/ruby/3.3.0/cache"],
        ),
        (
            "bundler with a path and no version",
            ruby("ENV BUNDLE_PATH=/usr/local/bundle\n", "bundle install").replace("ruby:3.3.6", "ruby:3"),
            gems,
            &[],
        ),
        ("bundler for a deployment", ruby("ENV BUNDLE_DEPLOYMENT=1\n", "bundle install"), gems, &[]),
        ("bundler with its path in a step", ruby("", "bundle config set path x && bundle install"), gems, &[]),
        (
            "bundler with its path in a step before",
            ruby("RUN bundle config set --local deployment true\n", "bundle install"),
            gems,
            &[],
        ),
        (
            "bundler without groups",
            ruby("RUN bundle config set without 'development test'\n", "bundle install"),
            gems,
            &["/root/.bundle/cache", "/usr/local/bundle/cache"],
        ),
        (
            "bundler whose gems are cleaned",
            ruby("", "bundle install && rm -rf /usr/local/bundle/cache/*.gem"),
            gems,
            &["/root/.bundle/cache", "/usr/local/bundle/cache"],
        ),
        (
            "bundler whose directories are cleaned",
            ruby("", "bundle install && rm -rf ~/.bundle /usr/local/bundle/cache"),
            gems,
            &["/usr/local/bundle/cache"],
        ),
        (
            "bundler whose gems are taken over",
            ruby("", "bundle install") + "FROM ruby:3.3.6\nCOPY --from=b /usr/local/bundle/cache /c\n",
            gems,
            &[],
        ),
        ("bundler elsewhere", ruby("", "bundle install").replace("ruby:3.3.6", "debian:12"), gems, &[]),
        (
            "bundler with a file that moves it",
            ruby("", "bundle install"),
            &gems_elsewhere,
            &[],
        ),
        ("go", go("", "RUN go build -o /out ./cmd", ""), GO, &["/root/.cache/go-build", "/go/pkg/mod"]),
        ("make beside go.mod", go("", "RUN make", ""), GO, &["/root/.cache/go-build", "/go/pkg/mod"]),
        (
            "make alone beside go.mod",
            go("", "RUN make", "").replace("RUN go mod download\n", ""),
            GO,
            &["/root/.cache/go-build", "/go/pkg/mod"],
        ),
        (
            "make without go.mod",
            go("", "RUN make", "").replace("RUN go mod download\n", ""),
            &[("Makefile", "x"), ("a.c", "x")],
            &[],
        ),
        (
            "make alone on another base",
            go("", "RUN make", "").replace("RUN go mod download\n", "").replace("golang:1.22", "debian:12"),
            GO,
            &["/var/cache/go-build", "/var/cache/go/pkg/mod"],
        ),
        (
            "go's cache cleaned elsewhere",
            go("ENV GOMODCACHE=/c/mod GOCACHE=/c/go-build\n", "RUN go build -o /out ./cmd && go clean -cache", ""),
            GO,
            &[],
        ),
        ("go's cache cleaned", go("", "RUN go build -o /out ./cmd && go clean -modcache", ""), GO, &[]),
        (
            "go's modules taken over",
            go("", "RUN go build -o /out ./cmd", "COPY --from=b /go/pkg /go/pkg\n"),
            GO,
            &[],
        ),
        ("go as another user", go("", "USER 1000\nRUN go build -o /out ./cmd", ""), GO, &[]),
        (
            "go as another user all the way",
            go("USER 1000\n", "RUN go build -o /out ./cmd", ""),
            GO,
            &["/var/cache/go-build", "/var/cache/go/pkg/mod"],
        ),
        (
            "make that compiles all anew",
            go("", "RUN make", ""),
            &[("go.mod", "module x\n"), ("Makefile", "all:\n\t$(GO) build -mod=readonly -a -o x\n"), ("a.go", "x")],
            &[],
        ),
        (
            "go elsewhere",
            go("ENV GOMODCACHE=/c/pkg/mod GOCACHE=/c/go-build\n", "RUN go build -o /out ./cmd", ""),
            GO,
            &["/c/go-build", "/c/pkg/mod"],
        ),
        (
            "go on another base",
            go("", "RUN go build -o /out ./cmd", "").replace("golang:1.22", "debian:12"),
            GO,
            &["/var/cache/go-build", "/var/cache/go/pkg/mod"],
        ),
        (
            "go in the image",
            "FROM golang:1.22\nWORKDIR /src\nCOPY . .\nRUN go build -o /out ./cmd\n".to_owned(),
            GO,
            &[],
        ),
        ("maven", maven("", ""), jvm, &["/root/.m2"]),
        ("maven with settings", maven("COPY settings.xml /root/.m2/settings.xml\n", ""), jvm, &[]),
        (
            "maven with settings written",
            maven("RUN mkdir -p /root/.m2 && cp /etc/hosts /root/.m2/settings.xml\n", ""),
            jvm,
            &[],
        ),
        ("maven where a file goes where the image says", maven("COPY settings.xml $MAVEN_CONFIG/\n", ""), jvm, &[]),
        ("maven's repository taken over", maven("", "COPY --from=b /root /root\n"), jvm, &[]),
        (
            "nuget left behind",
            nuget("FROM debian\nCOPY --from=b /out /out\n"),
            net,
            &["/root/.nuget/packages"],
        ),
        ("nuget in the image", nuget(""), net, &[]),
        (
            "nuget in a stage for tests",
            nuget(&format!("FROM b AS test\nRUN dotnet test\n{end}")),
            net,
            &["/root/.nuget/packages"],
        ),
        (
            "nuget in a stage for another target",
            nuget(&format!("FROM b AS dev\nCMD [\"dotnet\", \"run\"]\n{end}")),
            net,
            &[],
        ),
        ("nuget in a stage on it", nuget("FROM b\nRUN dotnet test\n"), net, &[]),
        (
            "apt",
            apt("apt-get install -y gcc make"),
            GO,
            &["/var/cache/apt", "/etc/apt/apt.conf.d/docker-clean"],
        ),
        (
            "apt that is cleaned",
            apt("apt-get install -y gcc make && apt-get clean"),
            GO,
            &["/var/cache/apt", "/etc/apt/apt.conf.d/docker-clean"],
        ),
        ("apt by another name", apt("apt install -y gcc make"), GO, &[]),
        ("apk", apk("apk add --no-cache gcc make"), GO, &["/var/cache/apk"]),
        ("apk, the flag first", apk("apk --no-cache add gcc && apk add --no-cache make"), GO, &["/var/cache/apk"]),
        (
            "apk that is cleaned",
            apk("apk add --no-cache gcc make && rm -rf /var/cache/apk/*"),
            GO,
            &["/var/cache/apk"],
        ),
        ("apk that keeps its index", apk("apk add --no-cache gcc && apk add make"), GO, &[]),
        ("apk with an update", apk("apk update && apk add gcc make"), GO, &[]),
        ("apk with a directory", apk("apk add --no-cache --cache-dir /c gcc make"), GO, &[]),
        ("apk as another user", apk("apk add --no-cache gcc make").replace("WORKDIR", "USER 1\nWORKDIR"), GO, &[]),
        ("apk on an unknown base", apk("apk add --no-cache gcc make").replace("alpine:3.20", "x/y"), GO, &[]),
        (
            "composer",
            "FROM composer:2\nWORKDIR /a\nCOPY . .\nRUN composer install\n".to_owned(),
            php,
            &["/tmp/cache"],
        ),
        (
            "composer elsewhere",
            "FROM php:8\nWORKDIR /a\nCOPY . .\nRUN composer install\n".to_owned(),
            php,
            &["/var/cache/composer"],
        ),
        (
            "composer elsewhere, without a shell",
            "FROM php:8\nWORKDIR /a\nCOPY . .\nRUN [\"composer\", \"install\"]\n".to_owned(),
            php,
            &[],
        ),
        (
            "composer whose cache is cleared",
            "FROM php:8\nWORKDIR /a\nCOPY . .\nRUN composer install && composer clear-cache\n".to_owned(),
            php,
            &["/var/cache/composer"],
        ),
        (
            "composer beside files that go where the image says",
            "FROM php:8\nWORKDIR /a\nCOPY a.php $PHP_INI_DIR/conf.d/\nRUN mv $PHP_INI_DIR/a $PHP_INI_DIR/b\nCOPY . .\nRUN composer install\n".to_owned(),
            php,
            &["/var/cache/composer"],
        ),
        (
            "composer by php",
            "FROM php:8\nWORKDIR /a\nCOPY . .\nRUN true && php composer.phar install && php composer.phar clear-cache && rm composer.phar\n".to_owned(),
            php,
            &["/var/cache/composer"],
        ),
        ("next", node("", "RUN npm run build", ""), next, &["/app/.next/cache"]),
        ("next by npx", node("", "RUN npx next build", ""), next, &["/app/.next/cache"]),
        ("next elsewhere", node("", "RUN npm run build", ""), next_elsewhere, &[]),
        ("next for tests", node("", "RUN npm test", ""), next, &[]),
        (
            "next whose cache is removed",
            node("", "RUN npm run build && rm -rf .next/cache", ""),
            next,
            &["/app/.next/cache"],
        ),
        (
            "next whose cache is removed later",
            node("", "RUN npm run build\nRUN rm -rf .next/cache", ""),
            next,
            &["/app/.next/cache"],
        ),
        (
            "next in the image",
            node("", "RUN npm run build", "FROM node:20\nCOPY --from=b /app /srv\n"),
            next,
            &["/app/.next/cache", "/srv/.next/cache"],
        ),
        ("angular", node("", "RUN npx ng build", ""), next, &["/app/.angular/cache"]),
        ("angular where CI is set", node("ENV CI=1\n", "RUN npx ng build", ""), next, &[]),
        (
            "composer told where",
            "FROM php:8\nENV COMPOSER_HOME=/c\nWORKDIR /a\nCOPY . .\nRUN composer install\n".to_owned(),
            php,
            &["/c/cache"],
        ),
    ]);
}
