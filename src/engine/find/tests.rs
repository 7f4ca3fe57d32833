//! Versions as clients print them, and engines that answer from a script.

use super::*;

#[test]
fn versions_are_found_in_what_clients_print() {
    let table = [
        ("github.com/docker/buildx 0.13.1+ds1 0.13.1+ds1-3", Some((0, 13))),
        ("github.com/docker/buildx v0.9.1 ed00243a", Some((0, 9))),
        ("26.1.5+dfsg1", Some((26, 1))),
        ("20.10.24", Some((20, 10))),
        ("buildctl github.com/moby/buildkit v0.23.2 abc", Some((0, 23))),
        ("dev", None),
        ("", None),
    ];
    for (text, expected) in table {
        assert_eq!(version_of(text), expected, "{text}");
    }
}

/// A client that answers from a script.
#[cfg(unix)]
fn with_client(script: &str, kind: Kind) -> Result<Engine, NoEngine> {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("client");
    // Written by a child, so that no other test's fork holds it open for writing when it is started.
    let copy = std::process::Command::new("sh")
        .args(["-c", "printf '%s' \"$1\" >\"$2\"", "sh", &format!("#!/bin/sh\n{script}\n")])
        .arg(&path)
        .status();
    assert!(copy.expect("sh").success());
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("ours");
    let wish = Wish {
        docker: Some(path.clone()),
        buildctl: Some(path.clone()),
        kind: Some(kind),
        ..Wish::default()
    };
    Engine::find(&wish)
}

#[cfg(unix)]
const VERSION: &str = r#"echo '{"Client":{"Version":"CLIENT"},"Server":{"Version":"26.1.5","Os":"linux","Arch":"arm64","Components":[{"Name":"Engine"}]}}'"#;

#[cfg(unix)]
#[test]
fn each_reason_for_no_engine_is_told_apart_and_comes_with_advice() {
    let missing = Wish { docker: Some("/no/docker".into()), kind: Some(Kind::Docker), ..Wish::default() };
    let no_daemon = r#"echo '{"Client":{"Version":"26.1.5"},"Server":null}'; echo 'Cannot connect to the Docker daemon' >&2; exit 1"#;
    let podman =
        r#"echo '{"Client":null,"Server":{"Version":"5.0","Components":[{"Name":"Podman Engine"}]}}'"#;
    let no_buildx = format!(
        "case \"$1\" in version) {};; buildx) exit 1;; *) echo;; esac",
        VERSION.replace("CLIENT", "26.1.5")
    );
    let no_builder = no_buildx.replace(
        "buildx) exit 1",
        "buildx) [ $2 = version ] && echo buildx v0.13.1 || { echo no such builder >&2; exit 1; }",
    );
    let table: [(Result<Engine, NoEngine>, &str); 6] = [
        (Engine::find(&missing), "/no/docker cannot be started"),
        (with_client(no_daemon, Kind::Docker), "no daemon answers: Cannot connect to the Docker daemon"),
        (with_client(podman, Kind::Docker), "Podman Engine builds without BuildKit"),
        (with_client(&no_buildx, Kind::Docker), "the docker client 26.1.5 has no buildx"),
        (with_client(&no_builder, Kind::Docker), "the builder cannot be used: no such builder"),
        (with_client("echo refused >&2; exit 1", Kind::Buildkit), "no daemon answers: refused"),
    ];
    for (found, words) in table {
        let error = found.expect_err(words);
        assert!(error.to_string().contains(words), "{error}");
        assert!(!error.advice().is_empty());
    }
}

#[cfg(unix)]
#[test]
fn what_the_clients_say_becomes_an_engine() {
    let old = format!(
        "case \"$1\" in version) {};; buildx) exit 1;; network) echo bridge; echo host;; *) echo '{{}}';; esac",
        VERSION.replace("CLIENT", "20.10.24").replace("26.1.5", "20.10.24")
    );
    let engine = with_client(&old, Kind::Docker).expect("an old engine");
    assert_eq!((engine.client, engine.raw_json, engine.host_network), (Client::Docker, false, false));
    assert_eq!((engine.store, engine.dockerd()), (ImageStore::Classic, Some((20, 10))));

    let info = r#"echo '{"DriverStatus":[["driver-type","io.containerd.snapshotter.v1"]]}'"#;
    let new = format!(
        "case \"$1\" in version) {};; info) {info};; network) echo host;; buildx) [ $2 = version ] && echo x v0.12.0 || echo 'Driver:   docker';; esac",
        VERSION.replace("CLIENT", "26.1.5")
    );
    let engine = with_client(&new, Kind::Docker).expect("a new engine");
    assert_eq!((engine.client, engine.raw_json, engine.host_network), (Client::Buildx, false, true));
    assert_eq!((engine.store, engine.platform.as_str()), (ImageStore::Containerd, "linux/arm64"));
    assert!(engine.has_local_images());

    let other = new.replace("Driver:   docker", "Driver: docker-container").replace("0.12", "0.14");
    let engine = with_client(&other, Kind::Docker).expect("a builder of its own");
    assert!(engine.raw_json && !engine.has_local_images() && engine.dockerd().is_none());

    let plain = r#"[ $1 = debug ] && echo '[{"platforms":[{"os":"linux","architecture":"riscv64"}]}]' || echo 'buildctl github.com/moby/buildkit v0.23.2 abc'"#;
    let engine = with_client(plain, Kind::Buildkit).expect("plain BuildKit");
    assert_eq!((engine.client, engine.version.as_str()), (Client::Buildctl, "v0.23.2"));
    assert_eq!((engine.platform.as_str(), engine.raw_json), ("linux/riscv64", true));
}
