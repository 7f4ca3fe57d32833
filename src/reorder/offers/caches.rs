//! Where package managers keep what they download, and what moves it.

/// What a package manager keeps, which nothing needs once it is done.
pub(super) struct Cache {
    /// The tool as people call it.
    pub(super) tool: &'static str,
    pub(super) programs: &'static [&'static str],
    /// First operands of the calls that use it; none stands for any, "" for a call without an operand.
    pub(super) verbs: &'static [&'static str],
    /// Its directories. Of each the first place counts of those whose variable is set; `~` is the home directory.
    pub(super) places: &'static [&'static [&'static str]],
    /// Variables and words of a call that turn it off or move it in a way that is not followed.
    pub(super) unless: &'static [&'static str],
    /// A flag that says that it is not used, to be taken out.
    pub(super) without: Option<&'static str>,
    /// Why that flag goes.
    pub(super) because: &'static str,
    /// Flags and variables (with a `$`, and perhaps a value) by which a step may not fetch what the mount lacks.
    pub(super) offline: &'static [&'static str],
    /// A variable that says so; the step unsets it.
    pub(super) off: Option<&'static str>,
    /// What is written in place of that flag; every call has to have it then.
    pub(super) instead: &'static str,
    /// Files of the project that can move it, with a word that does.
    pub(super) settings: &'static [(&'static str, &'static str)],
    /// Files of the project that have to be there, and to have a line, for the cache to hold nothing but copies.
    pub(super) needs: &'static [(&'static str, &'static str)],
    /// Words in a call of the tool's `config` that move it.
    pub(super) config: &'static [&'static str],
    /// Images (the last part of the name) in which it lies where the last of the places says; none stands for any.
    pub(super) images: &'static [&'static str],
    /// The tool does not keep two of itself apart in it, so that builds take turns.
    pub(super) locked: bool,
    /// Where neither a variable nor the image tells a place, or who runs the step: for each place a variable that the
    /// step then sets, and to what. Nothing but the cache is moved by it.
    pub(super) set: &'static [(&'static str, &'static str)],
    /// Words in a script of package.json that use it, where the programs run scripts.
    pub(super) script: &'static str,
    /// A file that lies where programs that build what others tell them (`make`) use it.
    pub(super) beside: Option<&'static str>,
    /// What else mounting it changes.
    pub(super) changes: &'static str,
    /// What lies in it is part of the work and not only a copy of a download: each RUN that may use it needs it, and
    /// nothing of it may get into the image.
    pub(super) whole: bool,
}

const PLAIN: Cache = Cache {
    tool: "",
    programs: &[],
    verbs: &[],
    places: &[],
    unless: &[],
    without: None,
    because: "it would leave the mount unused",
    offline: &[],
    off: None,
    instead: "",
    settings: &[],
    needs: &[],
    config: &["cache", "store"],
    images: &[],
    locked: false,
    set: &[],
    script: "",
    beside: None,
    changes: "",
    whole: false,
};

/// What runs a script of package.json.
const RUNNERS: &[&str] = &["npm", "yarn", "pnpm", "bun", "npx", "next", "ng", "react-scripts"];

pub(super) const CACHES: [Cache; 22] = [
    // https://docs.npmjs.com/cli/v10/using-npm/config#cache
    Cache {
        tool: "npm",
        programs: &["npm"],
        verbs: &["ci", "clean-install", "install", "i", "add"],
        places: &[&["$npm_config_cache", "$NPM_CONFIG_CACHE", "~/.npm"]],
        unless: &["--cache", "--userconfig", "$npm_config_userconfig", "$NPM_CONFIG_USERCONFIG"],
        offline: &["--offline", "$npm_config_offline", "$NPM_CONFIG_OFFLINE"],
        settings: &[(".npmrc", "cache")],
        set: &[("npm_config_cache", "/var/cache/npm")],
        ..PLAIN
    },
    // The first version: as root it lies in /usr/local/share. Later ones keep theirs in the project, or elsewhere.
    Cache {
        tool: "yarn",
        programs: &["yarn"],
        verbs: &["", "install", "add"],
        places: &[&["$YARN_CACHE_FOLDER", "$XDG_CACHE_HOME/yarn", "/usr/local/share/.cache/yarn"]],
        unless: &["--cache-folder"],
        offline: &["--offline"],
        settings: &[
            (".yarnrc.yml", ""),
            (".yarnrc", "cache-folder"),
            ("package.json", "\"yarn@2"),
            ("package.json", "\"yarn@3"),
            ("package.json", "\"yarn@4"),
        ],
        locked: true,
        set: &[("YARN_CACHE_FOLDER", "/var/cache/yarn")],
        ..PLAIN
    },
    // The later ones, where packages are unpacked into node_modules: what lies in the cache is copied from, and never run.
    // https://yarnpkg.com/configuration/yarnrc#globalFolder
    Cache {
        tool: "Yarn",
        programs: &["yarn"],
        verbs: &["", "install", "add", "workspaces"],
        places: &[&["$YARN_GLOBAL_FOLDER/cache", "~/.yarn/berry/cache"]],
        unless: &[
            "$YARN_CACHE_FOLDER",
            "$YARN_ENABLE_GLOBAL_CACHE",
            "$YARN_ENABLE_MIRROR",
            "$YARN_NODE_LINKER",
        ],
        needs: &[(".yarnrc.yml", "nodeLinker: node-modules")],
        settings: &[
            (".yarnrc.yml", "acheFolder"),
            (".yarnrc.yml", "globalFolder"),
            (".yarnrc.yml", "enableGlobalCache"),
            (".yarnrc.yml", "enableMirror"),
            (".yarnrc.yml", "enableOfflineMode"),
            (".yarnrc.yml", "nmMode"),
        ],
        config: &["ache", "irror", "globalFolder", "nodeLinker", "nmMode"],
        locked: true,
        ..PLAIN
    },
    // https://pnpm.io/settings#storedir
    Cache {
        tool: "pnpm",
        programs: &["pnpm"],
        verbs: &["install", "i", "fetch", "add", "deploy"],
        places: &[&["$PNPM_HOME/store", "$XDG_DATA_HOME/pnpm/store", "~/.local/share/pnpm/store"]],
        // What is installed for all (`-g`) is run from the store by the later ones, and so is all that is installed with a
        // store for several projects. https://pnpm.io/global-virtual-store
        unless: &[
            "--store-dir",
            "$npm_config_store_dir",
            "$NPM_CONFIG_STORE_DIR",
            "$pnpm_config_store_dir",
            "-g",
            "--global",
        ],
        offline: &["--offline", "$npm_config_offline", "$NPM_CONFIG_OFFLINE"],
        settings: &[
            (".npmrc", "store-dir"),
            (".npmrc", "enable-global-virtual-store"),
            ("pnpm-workspace.yaml", "storeDir"),
            ("pnpm-workspace.yaml", "enableGlobalVirtualStore"),
        ],
        ..PLAIN
    },
    // https://bun.sh/docs/install/cache
    Cache {
        tool: "bun",
        programs: &["bun"],
        verbs: &["install", "i", "add"],
        places: &[&[
            "$BUN_INSTALL_CACHE_DIR",
            "$BUN_INSTALL/install/cache",
            "$XDG_CACHE_HOME/.bun/install/cache",
            "~/.bun/install/cache",
        ]],
        unless: &["--cache-dir", "--no-cache"],
        settings: &[("bunfig.toml", "cache")],
        set: &[("BUN_INSTALL_CACHE_DIR", "/var/cache/bun")],
        ..PLAIN
    },
    // https://pip.pypa.io/en/stable/topics/caching/
    Cache {
        tool: "pip",
        programs: &["pip", "pip3"],
        verbs: &["install", "wheel"],
        places: &[&["$PIP_CACHE_DIR", "$XDG_CACHE_HOME/pip", "~/.cache/pip"]],
        unless: &["--cache-dir", "$PIP_CONFIG_FILE"],
        offline: &["--no-index", "$PIP_NO_INDEX"],
        without: Some("--no-cache-dir"),
        off: Some("PIP_NO_CACHE_DIR"),
        set: &[("PIP_CACHE_DIR", "/var/cache/pip")],
        ..PLAIN
    },
    // Its virtual environments lie beside these two, and stay in the layer.
    Cache {
        tool: "poetry",
        programs: &["poetry"],
        verbs: &["install", "sync"],
        places: &[
            &["$POETRY_CACHE_DIR/cache", "$XDG_CACHE_HOME/pypoetry/cache", "~/.cache/pypoetry/cache"],
            &[
                "$POETRY_CACHE_DIR/artifacts",
                "$XDG_CACHE_HOME/pypoetry/artifacts",
                "~/.cache/pypoetry/artifacts",
            ],
        ],
        unless: &["cache-dir"],
        without: Some("--no-cache"),
        settings: &[("poetry.toml", "cache-dir")],
        ..PLAIN
    },
    // https://docs.astral.sh/uv/concepts/cache/
    Cache {
        tool: "uv",
        programs: &["uv"],
        verbs: &["sync", "pip"],
        places: &[&["$UV_CACHE_DIR", "$XDG_CACHE_HOME/uv", "~/.cache/uv"]],
        unless: &["--cache-dir", "$UV_CONFIG_FILE", "$UV_LINK_MODE=symlink", "symlink"],
        offline: &["--offline", "$UV_OFFLINE"],
        without: Some("--no-cache"),
        off: Some("UV_NO_CACHE"),
        settings: &[
            ("uv.toml", "cache-dir"),
            ("uv.toml", "symlink"),
            ("pyproject.toml", "cache-dir"),
            ("pyproject.toml", "symlink"),
        ],
        set: &[("UV_CACHE_DIR", "/var/cache/uv")],
        ..PLAIN
    },
    // Without one of these variables, which Composer's own image sets, it depends on which directories there are.
    Cache {
        tool: "Composer",
        programs: &["composer", "composer.phar"],
        verbs: &["install", "i"],
        places: &[&["$COMPOSER_CACHE_DIR", "$COMPOSER_HOME/cache", "/tmp/cache"]],
        unless: &["cache-dir", "$XDG_CACHE_HOME"],
        offline: &["$COMPOSER_DISABLE_NETWORK"],
        set: &[("COMPOSER_CACHE_DIR", "/var/cache/composer")],
        without: Some("--no-cache"),
        settings: &[("composer.json", "cache-dir"), ("composer.json", "cache-files-dir")],
        images: &["composer"],
        locked: true,
        ..PLAIN
    },
    // Two directories of copies: the index of the server (`Bundler.user_cache`), and the .gem files, which an install takes
    // from there by name where they are (`Source::Rubygems#fetch_gem`, rubygems/rubygems). What is compiled stays in the
    // layer: Bundler's cache of compiled extensions (BUNDLE_GLOBAL_GEM_CACHE) leaves out what some of them need
    // (ruby/rubygems#6616, open). https://bundler.io/man/bundle-config.1.html
    Cache {
        tool: "Bundler",
        programs: &["bundle", "bundler"],
        verbs: &["", "install"],
        places: &[
            &["$BUNDLE_USER_CACHE", "$BUNDLE_USER_HOME/cache", "~/.bundle/cache"],
            // A deployment without a path goes to the project's vendor/bundle: a value that is no directory is refused.
            &[
                "$BUNDLE_PATH/ruby/{ruby}/cache",
                "$BUNDLE_DEPLOYMENT",
                "$GEM_HOME/cache",
                "/usr/local/bundle/cache",
            ],
        ],
        unless: &["--path", "--deployment", "--system", "$BUNDLE_GLOBAL_GEM_CACHE", "$BUNDLE_APP_CONFIG"],
        settings: &[
            (".bundle/config", "PATH"),
            (".bundle/config", "DEPLOYMENT"),
            (".bundle/config", "CACHE"),
        ],
        config: &["path", "deployment", "cache", "shared_gems", "$"],
        images: &["ruby"],
        changes: "the .gem files are no longer in the image, so that `bundle pristine` and `gem pristine` would fetch them there; a download that is cut short makes the next install fail once, which removes it",
        locked: true,
        ..PLAIN
    },
    // The archives alone: what is unpacked lies in the project. Hex compares each with the checksum in mix.lock.
    Cache {
        tool: "Hex",
        programs: &["mix"],
        verbs: &["deps.get", "do"],
        places: &[&["$HEX_HOME/packages", "~/.hex/packages"]],
        unless: &["$MIX_XDG", "$HEX_OFFLINE"],
        locked: true,
        ..PLAIN
    },
    // Modules and compiled packages only together: a build without the modules of `go mod download` fetches again.
    Cache {
        tool: "Go",
        programs: &["go"],
        places: &[
            &["$GOCACHE", "$XDG_CACHE_HOME/go-build", "~/.cache/go-build"],
            &["$GOMODCACHE", "$GOPATH/pkg/mod", "/go/pkg/mod"],
        ],
        unless: &["env -w"],
        offline: &["$GOPROXY=off"],
        images: &["golang"],
        beside: Some("go.mod"),
        // What it compiles anew each time is the same: what the cache holds is named by all that went into it.
        without: Some("-a"),
        whole: true,
        set: &[("GOCACHE", "/var/cache/go-build"), ("GOMODCACHE", "/var/cache/go/pkg/mod")],
        ..PLAIN
    },
    // Its lock lies beside the registry, so builds have to take turns.
    Cache {
        tool: "Cargo",
        programs: &["cargo"],
        places: &[
            &["$CARGO_HOME/registry", "/usr/local/cargo/registry"],
            &["$CARGO_HOME/git/db", "/usr/local/cargo/git/db"],
        ],
        offline: &["--offline", "--frozen", "$CARGO_NET_OFFLINE"],
        images: &["rust", "cargo-chef"],
        locked: true,
        whole: true,
        ..PLAIN
    },
    Cache {
        tool: "Maven",
        programs: &["mvn", "mvnw", "mvnd"],
        places: &[&["~/.m2"]],
        offline: &["-o", "--offline"],
        // The settings of Maven's own image move it to where they lie.
        unless: &[
            "maven.repo.local",
            "settings-docker.xml",
            "-gs",
            "$MAVEN_OPTS",
            "$MAVEN_ARGS",
            "$MAVEN_USER_HOME",
        ],
        settings: &[
            (".mvn/maven.config", "repo.local"),
            (".mvn/jvm.config", "repo.local"),
            ("settings.xml", "localRepository"),
        ],
        locked: true,
        whole: true,
        ..PLAIN
    },
    Cache {
        tool: "Gradle",
        programs: &["gradle", "gradlew"],
        places: &[&["$GRADLE_USER_HOME", "~/.gradle"]],
        unless: &["-g", "--gradle-user-home", "gradle.user.home", "$GRADLE_OPTS"],
        offline: &["--offline"],
        locked: true,
        whole: true,
        ..PLAIN
    },
    // What is restored is needed where it is built, so never on the restore alone.
    Cache {
        tool: "NuGet",
        programs: &["dotnet", "nuget", "msbuild"],
        places: &[&["$NUGET_PACKAGES", "~/.nuget/packages"]],
        unless: &["--packages", "$RestorePackagesPath", "RestorePackagesPath"],
        // Restoring what is there takes a moment; building what is not fails (NETSDK1064).
        without: Some("--no-restore"),
        because: "the build would fail where the mount is empty and the restore is found in a cache",
        offline: &["--no-build"],
        settings: &[
            ("Directory.Build.props", "RestorePackagesPath"),
            ("nuget.config", "globalPackagesFolder"),
        ],
        images: &["sdk"],
        locked: true,
        whole: true,
        ..PLAIN
    },
    // .dart_tool names the packages by their places in it. https://dart.dev/tools/pub/environment-variables
    Cache {
        tool: "Dart",
        programs: &["dart", "flutter"],
        places: &[&["$PUB_CACHE", "~/.pub-cache"]],
        offline: &["--offline"],
        images: &["dart"],
        locked: true,
        whole: true,
        ..PLAIN
    },
    // https://nextjs.org/docs/app/guides/ci-build-caching
    Cache {
        tool: "Next.js",
        programs: RUNNERS,
        places: &[&["./.next/cache"]],
        script: "next build",
        settings: &[
            ("next.config.js", "distDir"),
            ("next.config.mjs", "distDir"),
            ("next.config.ts", "distDir"),
        ],
        changes: "what it fetched while it built before is taken from there as well, as long as the pages allow it, and a server that starts in the image begins without what it fetched while it built",
        locked: true,
        ..PLAIN
    },
    // https://angular.dev/cli/cache: off where CI is set.
    Cache {
        tool: "Angular",
        programs: RUNNERS,
        places: &[&["./.angular/cache"]],
        script: "ng build",
        unless: &["$CI", "$NG_PERSISTENT_BUILD_CACHE"],
        settings: &[("angular.json", "\"cache\"")],
        locked: true,
        ..PLAIN
    },
    // Babel's and webpack's.
    Cache {
        tool: "react-scripts",
        programs: RUNNERS,
        places: &[&["./node_modules/.cache"]],
        script: "react-scripts build",
        locked: true,
        ..PLAIN
    },
    // The archives alone: the lists of packages and what is installed stay in the layer.
    Cache {
        tool: "apt",
        programs: &["apt-get"],
        verbs: &["install"],
        places: &[&["/var/cache/apt"]],
        unless: &["Dir::Cache"],
        locked: true,
        ..PLAIN
    },
    // apk keeps packages where a directory for them is named (`setup_cache` in src/database.c of apk-tools 3, and in 2.10 to
    // 2.14), the flag says that none is used. `--update-cache` fetches the index anew, as without a cache.
    Cache {
        tool: "apk",
        programs: &["apk"],
        verbs: &["add"],
        places: &[&["/var/cache/apk"]],
        unless: &["--cache-dir", "--root", "--no-network", "-p"],
        without: Some("--no-cache"),
        instead: "--update-cache --cache-dir /var/cache/apk",
        locked: true,
        ..PLAIN
    },
];
