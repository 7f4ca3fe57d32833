use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::context::Digest;

/// One header block with its check sum.
fn header(name: &str, kind: u8, mode: u32, size: usize, link: &str) -> Vec<u8> {
    let mut block = vec![0u8; 512];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[100..107].copy_from_slice(format!("{mode:07o}").as_bytes());
    block[108..115].copy_from_slice(b"0001750");
    block[116..123].copy_from_slice(b"0000000");
    block[124..135].copy_from_slice(format!("{size:011o}").as_bytes());
    block[156] = kind;
    block[157..157 + link.len()].copy_from_slice(link.as_bytes());
    block[257..263].copy_from_slice(b"ustar\0");
    block[148..156].copy_from_slice(b"        ");
    let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
    block[148..154].copy_from_slice(format!("{sum:06o}").as_bytes());
    block
}

fn with_data(mut header: Vec<u8>, data: &[u8]) -> Vec<u8> {
    header.extend_from_slice(data);
    header.resize(header.len().next_multiple_of(512), 0);
    header
}

fn record(key: &str, value: &str) -> String {
    // The length counts its own digits.
    let rest = format!(" {key}={value}\n");
    let length = (1..5).map(|d| rest.len() + d).find(|l| l.to_string().len() + rest.len() == *l);
    format!("{}{rest}", length.expect("short records"))
}

fn sample() -> Vec<u8> {
    let records = record("path", &"deep/".repeat(40)) + &record("SCHILY.xattr.user.a", "1");
    [
        header("./", b'5', 0o755, 0, ""),
        header("./bin/", b'5', 0o1777, 0, ""),
        with_data(header("bin/sh", b'0', 0o4755, 5, ""), b"hello"),
        header("bin/ash", b'1', 0o644, 0, "bin/sh"),
        header("bin/link", b'2', 0o777, 0, "sh"),
        with_data(header("PaxHeaders/x", b'x', 0o644, records.len(), ""), records.as_bytes()),
        with_data(header("short", b'0', 0o600, 0, ""), b""),
        with_data(header("././@LongLink", b'L', 0o644, 130, ""), "n".repeat(130).as_bytes()),
        with_data(header("nnn", b'0', 0o600, 600, ""), &[7; 600]),
        vec![0; 1024],
    ]
    .concat()
}

#[test]
fn a_tar_is_read_with_its_long_names_links_and_attributes() {
    let listing = Listing::from_tar(sample().as_slice()).expect("a tar");
    let paths: Vec<_> = listing.iter().map(|(p, _)| p.to_owned()).collect();
    let deep = "deep/".repeat(40).trim_end_matches('/').to_owned();
    assert_eq!(paths, ["bin", "bin/ash", "bin/link", "bin/sh", &deep, &"n".repeat(130)]);
    let sh = listing.get("bin/sh").expect("listed");
    assert_eq!((sh.mode, sh.uid, sh.gid), (0o4755, 1000, 0));
    assert_eq!(sh.kind, NodeKind::File { bytes: 5, content: Digest::of(b"hello") });
    assert_eq!(listing.get("bin/ash"), Some(sh));
    assert_eq!(listing.get("bin/link").map(|n| &n.kind), Some(&NodeKind::Symlink { target: "sh".into() }));
    assert_eq!(listing.get(&deep).map(|n| n.attributes.len()), Some(1));
    assert_eq!(listing.bytes(), 5 + 5 + 600);
}

#[test]
fn what_is_no_tar_is_refused() {
    for bytes in [&b"hello"[..], &[1; 512], &sample()[..1600], &sample()[..2050]] {
        let error = Listing::from_tar(bytes).expect_err("cut or wrong");
        assert!(matches!(error.kind(), std::io::ErrorKind::InvalidData | std::io::ErrorKind::UnexpectedEof));
    }
    assert!(Listing::from_tar(&b""[..]).expect("nothing at all").is_empty());
}

fn file(mode: u32, text: &str) -> Node {
    let kind = NodeKind::File { bytes: text.len() as u64, content: Digest::of(text.as_bytes()) };
    Node { kind, mode, uid: 0, gid: 0, attributes: [].into() }
}

fn image(files: &[(&str, Node)]) -> Image {
    let mut image = Image { config: json!({"Env": ["A=1", "B=2"], "Cmd": ["x"]}), ..Image::default() };
    for (path, node) in files {
        image.files.insert((*path).to_owned(), node.clone());
    }
    image
}

#[test]
fn every_kind_of_difference_is_named() {
    let base = image(&[("a", file(0o644, "1"))]);
    let owned = Node { uid: 1000, ..file(0o644, "1") };
    let link = Node { kind: NodeKind::Symlink { target: "b".into() }, ..file(0o777, "") };
    let marked = Node { attributes: [("user.x".to_owned(), Digest::of(b""))].into(), ..file(0o644, "1") };
    let table = [
        (image(&[]), "/a is missing"),
        (image(&[("a", file(0o644, "1")), ("b", file(0o644, ""))]), "/b is added"),
        (image(&[("a", file(0o644, "2"))]), "/a holds other bytes (1 bytes in both)"),
        (image(&[("a", file(0o644, "22"))]), "/a holds other bytes (1 bytes before, 2 after)"),
        (image(&[("a", file(0o755, "1"))]), "/a has mode 0755 instead of 0644"),
        (image(&[("a", owned)]), "/a belongs to 1000:0 instead of 0:0"),
        (image(&[("a", link)]), "/a is a link to b instead of a file"),
        (image(&[("a", marked)]), "/a has other extended attributes"),
    ];
    for (other, sentence) in table {
        let comparison = base.compare(&other, &BTreeSet::new());
        assert!(!comparison.is_same(), "{sentence}");
        assert_eq!(comparison.sentences()[0], sentence);
    }
    assert_eq!(base.compare(&base, &BTreeSet::new()), Comparison::default());
}

#[test]
fn noise_is_listed_and_does_not_count() {
    let before = image(&[("var/log/dpkg.log", file(0o644, "1")), ("out/stamp", file(0o644, "1"))]);
    let after = image(&[("var/log/dpkg.log", file(0o644, "2")), ("out/stamp", file(0o644, "2"))]);
    assert!(!before.compare(&after, &BTreeSet::new()).is_same());
    let again = image(&[("out/stamp", file(0o644, "3"))]);
    let varies = before.files.varying(&again.files);
    let comparison = before.compare(&after, &varies);
    assert_eq!(comparison.files.len(), 2);
    assert!(comparison.is_same() && comparison.sentences().is_empty());
    // Not everything that begins like a noisy place is one.
    let odd = image(&[("var/logo", file(0o644, "1")), ("etc/machine-idea", file(0o644, "1"))]);
    assert_eq!(odd.compare(&image(&[]), &BTreeSet::new()).sentences().len(), 2);
}

#[test]
fn config_is_compared_as_whoever_runs_the_image_sees_it() {
    let base = image(&[]);
    let with = |config| Image { config, ..Image::default() };
    let same = [
        json!({"Env": ["B=2", "A=1"], "Cmd": ["x"]}),
        json!({"Env": ["A=1", "B=2"], "Cmd": ["x"], "Labels": {}, "User": "", "OnBuild": null}),
        json!({"Env": ["A=1", "B=2"], "Cmd": ["x"], "Image": "sha256:1", "Hostname": "h"}),
    ];
    for config in same {
        assert!(base.compare(&with(config.clone()), &BTreeSet::new()).is_same(), "{config}");
    }
    let other = [
        (json!({"Env": ["A=1"], "Cmd": ["x"]}), "Env"),
        (json!({"Env": ["A=1", "B=2"], "Cmd": ["x"], "User": "node"}), "User"),
        (json!({"Env": ["A=1", "B=2"], "Cmd": ["x"], "Labels": {"a": "b"}}), "Labels"),
        (json!({"Env": ["A=1", "B=2"]}), "Cmd"),
    ];
    for (config, field) in other {
        let fields: Vec<_> =
            base.compare(&with(config), &BTreeSet::new()).config.iter().map(|d| d.field).collect();
        assert_eq!(fields, [field]);
    }
}
