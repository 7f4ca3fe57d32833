//! Where cache mounts are offered, and where they are not.

use super::offers::{Files, GO};
use super::*;

#[test]
fn a_cache_mount_is_refused_where_it_could_change_more() {
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
            r#"{"scripts":{"build":"tsc && pnpm next","next":"next build","test":"vitest","ng":"ng build"}}"#,
        ),
        ("a.js", "x"),
    ];
    let next_elsewhere: &[(&str, &str)] =
        &[next[0], ("a.js", "x"), ("next.config.mjs", "export default { distDir: 'out' }")];
    let php: &[(&str, &str)] = &[("composer.json", "{}"), ("a.php", "x")];
    let table: Vec<(&str, String, Files<'_>, &[&str])> = vec![
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
        ("an unknown base, as root", unknown(&node("USER root\n", "RUN npm ci", "")), NPM, &["/var/cache/npm"]),
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
        ("moved in the step for all of it", node("", "RUN export npm_config_cache=/c && npm ci", ""), NPM, &[]),
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
        (
            "yarn's later ones with links to a store",
            node("", "RUN yarn install", ""),
            &stored,
            &[],
        ),
        (
            "yarn's third, which cleans the project's own cache",
            node("", "RUN yarn install && yarn cache clean && rm -rf .yarn/berry", ""),
            &third,
            &["/root/.yarn/berry/cache"],
        ),
        ("yarn's third, which cleans all", node("", "RUN yarn install && yarn cache clean --all", ""), &third, &[]),
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
    ];
    for (name, text, files, expected) in &table {
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
