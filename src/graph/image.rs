//! Names of images, as the registry client reads them (`distribution/reference`).
//!
//! [`ImageRef`] of the `dockerfile-parser` crate takes a reference apart; what it leaves open is decided here:
//! its parts are not checked, a tag beside a digest stays in the name, and the docker.io defaults are not filled
//! in.

use dockerfile_parser::ImageRef;

/// The registry of names that give none.
const DOCKER_IO: &str = "docker.io";

/// Turns a reference as people write it into the one that BuildKit prints: registry and repository in full,
/// `:latest` where neither tag nor digest is given (`reference.ParseNormalizedNamed`, `TagNameOnly`).
///
/// `alpine` becomes `docker.io/library/alpine:latest`, `ghcr.io/a/b@sha256:…` stays. A text that is no reference
/// comes out as something that is none either; see [`check`].
pub fn canonical(name: &str) -> String {
    let parts = Parts::of(name);
    let mut out = format!("{}/{}", parts.domain, parts.path);
    let tag = parts.tag.or(if parts.digest.is_none() { Some("latest".into()) } else { None });
    if let Some(tag) = tag {
        out.push(':');
        out.push_str(&tag);
    }
    if let Some(digest) = parts.digest {
        out.push('@');
        out.push_str(&digest);
    }
    out
}

/// Checks that a text is a reference to an image.
///
/// # Errors
/// A sentence that says which part of it cannot be, where BuildKit says "invalid reference format".
pub fn check(name: &str) -> Result<(), String> {
    let hexadecimal = |text: &str| text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
    if name.len() == 64 && hexadecimal(name) {
        return Err("64 hexadecimal digits alone are no image's name".into());
    }
    let Parts { domain, path, tag, digest } = Parts::of(name);
    if path.contains(|c: char| c.is_uppercase()) {
        let written = path.strip_prefix("library/").unwrap_or(&path);
        return Err(format!("an image's name has no upper-case letters: `{written}`"));
    }
    if !is_domain(&domain) {
        return Err(format!("`{domain}` is no registry"));
    }
    if let Some(part) = path.split('/').find(|part| !is_path_part(part)) {
        return Err(match part {
            "" => "a part of the image's name is empty".into(),
            _ => format!("`{part}` cannot be a part of an image's name"),
        });
    }
    if domain.len() + path.len() + 1 > 255 {
        return Err("an image's name has at most 255 characters".into());
    }
    match (tag.as_deref(), digest.as_deref()) {
        (Some(tag), _) if !is_tag(tag) => Err(format!("`{tag}` cannot be a tag")),
        (_, Some(digest)) if !is_digest(digest) => Err(format!("`{digest}` is no digest")),
        _ => Ok(()),
    }
}

/// A reference taken apart, the defaults of docker.io filled in.
struct Parts {
    domain: String,
    path: String,
    tag: Option<String>,
    digest: Option<String>,
}

impl Parts {
    fn of(name: &str) -> Self {
        let parsed = ImageRef::parse(name);
        // With a digest, the crate leaves the tag in the name.
        let (image, tag) = match (parsed.tag, parsed.image.rsplit_once(':')) {
            (None, Some((image, tag))) if !tag.contains('/') => (image.to_owned(), Some(tag.to_owned())),
            (tag, _) => (parsed.image, tag),
        };
        let (domain, path) = match (parsed.registry, image.split_once('/')) {
            (Some(registry), _) => (registry, image),
            // A first part in upper case can only be a registry, since names are in lower case.
            (None, Some((first, rest))) if first.contains(|c: char| c.is_uppercase()) => {
                (first.to_owned(), rest.to_owned())
            }
            _ => (DOCKER_IO.to_owned(), image),
        };
        let domain = if domain == "index.docker.io" { DOCKER_IO.to_owned() } else { domain };
        let path = if domain == DOCKER_IO && !path.contains('/') { format!("library/{path}") } else { path };
        Self { domain, path, tag, digest: parsed.hash }
    }
}

/// `host.name:port`, or an IPv6 address in brackets.
fn is_domain(domain: &str) -> bool {
    let (host, port) = match domain.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (domain, None),
    };
    let label = |label: &str| {
        let inner = label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        !label.is_empty() && inner && !label.starts_with('-') && !label.ends_with('-')
    };
    let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let fits = match address {
        Some(address) => !address.is_empty() && address.chars().all(|c| c.is_ascii_hexdigit() || c == ':'),
        None => host.split('.').all(label),
    };
    fits && port.is_none_or(|port| !port.is_empty() && port.chars().all(|c| c.is_ascii_digit()))
}

/// Letters in lower case and digits, with `.`, `_`, `__` or dashes between them.
fn is_path_part(part: &str) -> bool {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let mut rest = part;
    loop {
        let end = rest.find(|c| !word(c)).unwrap_or(rest.len());
        if end == 0 {
            return false;
        }
        rest = &rest[end..];
        if rest.is_empty() {
            return true;
        }
        let after = rest.find(word).unwrap_or(rest.len());
        let separator = &rest[..after];
        let dashes = !separator.is_empty() && separator.chars().all(|c| c == '-');
        if !matches!(separator, "." | "_" | "__") && !dashes {
            return false;
        }
        rest = &rest[after..];
    }
}

fn is_tag(tag: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    tag.starts_with(word) && tag.len() <= 128 && tag.chars().all(|c| word(c) || matches!(c, '.' | '-'))
}

/// `sha256:`, `sha384:` or `sha512:` with the digits that it has.
pub(super) fn is_digest(digest: &str) -> bool {
    let Some((algorithm, digits)) = digest.split_once(':') else { return false };
    let length = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return false,
    };
    digits.len() == length && digits.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'))
}

#[cfg(test)]
mod tests {
    use super::{canonical, check};

    #[test]
    fn names_are_completed_as_the_registry_client_does() {
        for (given, want) in [
            ("alpine", "docker.io/library/alpine:latest"),
            ("alpine:3.17", "docker.io/library/alpine:3.17"),
            ("bitnami/redis", "docker.io/bitnami/redis:latest"),
            ("gcr.io/distroless/static-debian11", "gcr.io/distroless/static-debian11:latest"),
            ("localhost:5000/a", "localhost:5000/a:latest"),
            ("localhost:5000/a:b", "localhost:5000/a:b"),
            ("localhost/a:1", "localhost/a:1"),
            ("alpine@sha256:aa", "docker.io/library/alpine@sha256:aa"),
            ("alpine:3@sha256:aa", "docker.io/library/alpine:3@sha256:aa"),
            ("docker.io/alpine", "docker.io/library/alpine:latest"),
            ("index.docker.io/a/b", "docker.io/a/b:latest"),
            ("REGISTRY/a", "REGISTRY/a:latest"),
            ("[::1]:5000/a", "[::1]:5000/a:latest"),
            ("a/b/c:d", "docker.io/a/b/c:d"),
        ] {
            assert_eq!(canonical(given), want, "{given}");
            assert_eq!(canonical(want), want, "canonical names stay");
        }
    }

    #[test]
    fn what_cannot_be_a_reference_is_refused() {
        let digest = format!("sha256:{}", "a".repeat(64));
        for good in [
            "alpine",
            "a__b/c-d.e:v1.2-x",
            "REGISTRY/a",
            "[2001:db8::1]:5000/a",
            "localhost:5000/a",
            &format!("alpine:3@{digest}"),
            &format!("gcr.io/a/b@{digest}"),
            "a--b",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "Alpine",
            "a/B",
            "alpine:",
            "alpine:-x",
            "a..b",
            "a.",
            "_a",
            "a___b",
            "a/",
            "alpine@sha256:aa",
            "alpine@md5:aa",
            "a b",
            "-a.com/b",
            "a.com:x/b",
            &"a".repeat(64),
            &"a".repeat(250),
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
