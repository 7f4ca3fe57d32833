//! Which base to try for a runtime.

use super::super::images::Libc;
use super::{Runtime, Subject, Way};

impl Subject<'_> {
    /// The base to try, or why there is none.
    pub(super) fn candidate(&self, way: Way) -> Result<String, String> {
        let own = self.own_base();
        let (repository, tag) = own.rsplit_once(':').unwrap_or((own, ""));
        let version = tag.split('-').next().filter(|v| v.starts_with(|c: char| c.is_ascii_digit()));
        let of_repository = |flavour: &str| {
            let tag = version.map_or(flavour.to_string(), |version| format!("{version}-{flavour}"));
            format!("{repository}:{tag}")
        };
        let scratch = "scratch holds nothing that could run it";
        Ok(match (self.runtime, way) {
            (Runtime::Unknown, Way::Slim) if own.starts_with("debian:") => "debian:bookworm-slim".to_string(),
            (Runtime::Unknown, _) => {
                return Err("what the image runs cannot be told from its base".to_string());
            }
            (runtime, Way::Alpine) if runtime.compiled() => {
                if own.starts_with("alpine") {
                    own.to_string()
                } else {
                    "alpine:3.22".to_string()
                }
            }
            (runtime, Way::Slim) if runtime.compiled() => "debian:bookworm-slim".to_string(),
            (Runtime::Go, Way::Distroless) => static_distroless(own),
            (Runtime::Rust, Way::Distroless) if self.built_on() == Some(Libc::Musl) => static_distroless(own),
            (Runtime::Rust | Runtime::Native, Way::Distroless) => "gcr.io/distroless/cc-debian12".to_string(),
            (runtime, Way::Scratch) if runtime.compiled() => "scratch".to_string(),
            (Runtime::Node | Runtime::Python | Runtime::Ruby, Way::Alpine)
                if repository.starts_with("gcr.io/") =>
            {
                return Err(format!("{own} has no Alpine twin"));
            }
            (Runtime::Node | Runtime::Python | Runtime::Ruby | Runtime::Nginx, Way::Alpine) => {
                of_repository("alpine")
            }
            (Runtime::Node | Runtime::Python | Runtime::Ruby, Way::Slim) => of_repository("slim"),
            (Runtime::Node, Way::Distroless) => "gcr.io/distroless/nodejs20-debian12".to_string(),
            (Runtime::Python, Way::Distroless) => "gcr.io/distroless/python3-debian12".to_string(),
            (Runtime::Java, Way::Alpine) => java_alpine(tag),
            (Runtime::Java, Way::Distroless) => "gcr.io/distroless/java17-debian12".to_string(),
            (Runtime::Dotnet, Way::Alpine) => of_repository("alpine"),
            (Runtime::Dotnet, Way::Distroless)
                if repository.ends_with("/aspnet") || repository.ends_with("/runtime") =>
            {
                of_repository("jammy-chiseled")
            }
            (Runtime::Php, Way::Alpine) => {
                let flavour = ["fpm", "cli"].into_iter().find(|f| tag.contains(f));
                match flavour {
                    Some(flavour) => of_repository(&format!("{flavour}-alpine")),
                    None if tag.contains("apache") => {
                        return Err("there is no PHP with Apache on Alpine; php-fpm behind a web server is"
                            .to_string());
                    }
                    None => of_repository("cli-alpine"),
                }
            }
            (Runtime::Nginx, Way::Distroless) => return Err("there is no distroless web server".to_string()),
            (_, Way::Scratch) => return Err(scratch.to_string()),
            (_, _) => return Err(format!("there is no such image of {repository}")),
        })
    }
}

fn static_distroless(own: &str) -> String {
    let release = if own.contains("debian11") { "11" } else { "12" };
    format!("gcr.io/distroless/static-debian{release}")
}

/// The runtime of a Java version on Alpine.
fn java_alpine(tag: &str) -> String {
    let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>();
    let version = tag
        .split('-')
        .map(|word| digits(word.trim_start_matches("jdk").trim_start_matches("jre")))
        .find(|v| ["8", "11", "17", "21", "25"].contains(&v.as_str()))
        .unwrap_or_else(|| "17".to_string());
    format!("eclipse-temurin:{version}-jre-alpine")
}
