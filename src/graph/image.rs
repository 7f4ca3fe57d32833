//! Names of images.

/// Turns a reference as people write it into the one that BuildKit prints: registry and repository in full,
/// `:latest` where neither tag nor digest is given (`reference.ParseNormalizedNamed`, `TagNameOnly`).
///
/// `alpine` becomes `docker.io/library/alpine:latest`, `ghcr.io/a/b@sha256:…` stays.
pub fn canonical(name: &str) -> String {
    let (rest, digest) = match name.split_once('@') {
        Some((r, d)) => (r, Some(d)),
        None => (name, None),
    };
    let (repository, tag) = match rest.rsplit_once(':') {
        Some((r, t)) if !t.contains('/') => (r, Some(t)),
        _ => (rest, None),
    };
    let mut out = match repository.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => {
            let host = if host == "index.docker.io" { "docker.io" } else { host };
            if host == "docker.io" && !path.contains('/') {
                format!("docker.io/library/{path}")
            } else {
                format!("{host}/{path}")
            }
        }
        Some(_) => format!("docker.io/{repository}"),
        None => format!("docker.io/library/{repository}"),
    };
    if let Some(t) = tag.or(if digest.is_none() { Some("latest") } else { None }) {
        out.push(':');
        out.push_str(t);
    }
    if let Some(d) = digest {
        out.push('@');
        out.push_str(d);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn names_are_completed_as_the_registry_client_does() {
        for (given, want) in [
            ("alpine", "docker.io/library/alpine:latest"),
            ("alpine:3.17", "docker.io/library/alpine:3.17"),
            ("bitnami/redis", "docker.io/bitnami/redis:latest"),
            ("gcr.io/distroless/static-debian11", "gcr.io/distroless/static-debian11:latest"),
            ("localhost:5000/a", "localhost:5000/a:latest"),
            ("localhost/a:1", "localhost/a:1"),
            ("alpine@sha256:aa", "docker.io/library/alpine@sha256:aa"),
            ("alpine:3@sha256:aa", "docker.io/library/alpine:3@sha256:aa"),
            ("docker.io/alpine", "docker.io/library/alpine:latest"),
            ("index.docker.io/a/b", "docker.io/a/b:latest"),
        ] {
            assert_eq!(canonical(given), want, "{given}");
            assert_eq!(canonical(want), want, "canonical names stay");
        }
    }
}
