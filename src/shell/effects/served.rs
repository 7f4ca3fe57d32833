//! Whether an install of packages may put files where web servers look for theirs.

use super::super::script::Word;

/// Tells whether a package manager leaves `/var/www` alone, by its operands: packages, behind the verb that installs
/// them where the table does not take that away.
///
/// Debian's web servers put a page there when they are installed, those of Alpine and Fedora own directories there, and
/// many a package brings a web server along (`php`, `phpmyadmin`). So only packages that are known to bring none count,
/// and no other verb: an upgrade may be of any.
pub(super) fn leaves_web_root(operands: &[&Word]) -> bool {
    let packages = match operands {
        [verb, packages @ ..] if !verb.dynamic && matches!(verb.text.as_str(), "install" | "add") => packages,
        [] => return false,
        all => all,
    };
    packages.iter().all(|word| {
        let name = word.text.split(['=', '/', ':']).next().unwrap_or_default();
        !word.dynamic && !word.glob && (PLAIN.contains(&name) || is_library(name))
    })
}

/// Libraries and their headers, those of web servers, of PHP and of Perl left out.
fn is_library(name: &str) -> bool {
    const SERVE: [&str; 8] = ["apache", "nginx", "http", "php", "web", "www", "cgi", "js"];
    let is_one = name.starts_with("lib") || name.ends_with("-dev") || name.ends_with("-devel");
    is_one && !name.ends_with("-perl") && !SERVE.iter().any(|part| name.contains(part))
}

/// Programs that neither depend on a web server nor recommend one, in Debian, Alpine and Fedora.
const PLAIN: [&str; 76] = [
    "autoconf",
    "automake",
    "bash",
    "bison",
    "build-base",
    "build-essential",
    "bzip2",
    "ca-certificates",
    "cmake",
    "coreutils",
    "cron",
    "curl",
    "default-mysql-client",
    "dos2unix",
    "ffmpeg",
    "file",
    "findutils",
    "flex",
    "g++",
    "gcc",
    "gettext",
    "ghostscript",
    "git",
    "git-lfs",
    "gnupg",
    "gnupg2",
    "gosu",
    "grep",
    "gzip",
    "htop",
    "icu",
    "imagemagick",
    "inotify-tools",
    "iputils-ping",
    "jq",
    "less",
    "linux-headers",
    "locales",
    "lsb-release",
    "m4",
    "make",
    "mariadb-client",
    "mysql-client",
    "nano",
    "net-tools",
    "netcat",
    "netcat-openbsd",
    "netcat-traditional",
    "openssh-client",
    "openssl",
    "patch",
    "pkg-config",
    "pkgconf",
    "poppler-utils",
    "postgresql-client",
    "procps",
    "python3",
    "re2c",
    "rsync",
    "sed",
    "shadow",
    "su-exec",
    "sudo",
    "supervisor",
    "tar",
    "tini",
    "tzdata",
    "unixodbc",
    "unzip",
    "vim",
    "wget",
    "which",
    "xz",
    "xz-utils",
    "zip",
    "zsh",
];
