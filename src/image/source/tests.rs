use serde_json::{Value, json};
use tar::{Builder, EntryType};

use super::super::fixture::{File, Layout, config, digest, docker, gzip, header, open, tar, write_tar};
use super::super::{Image, ImageError, ImageReference, Tree, Wants, read};
use super::{Progress, ReadOptions};

fn paths(image: &Image) -> Vec<String> {
    Tree::merge(&image.layers).nodes.into_keys().collect()
}

fn opened(reference: &str) -> Image {
    let image = open(reference, &Wants::default(), None).unwrap();
    assert_eq!(image.problems, []);
    image
}

fn error(reference: &str, platform: Option<&str>) -> String {
    open(reference, &Wants::default(), platform).unwrap_err().to_string()
}

#[test]
fn a_classic_docker_archive_links_repeated_layers() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.tar");
    let layer = tar(&[("a", File("1"))]);
    let config = config(&[digest(&layer), digest(&layer)]).to_string();
    let id = digest(config.as_bytes());
    let name = format!("{}.json", id.trim_start_matches("sha256:"));
    let manifest =
        json!([{"Config": name, "RepoTags": ["app:1", "app:0"], "Layers": ["one/layer.tar", "two/layer.tar"]}]);
    let mut builder = Builder::new(std::fs::File::create(&path).unwrap());
    builder.append(&header("./one/layer.tar", EntryType::Regular, layer.len()), &layer[..]).unwrap();
    let mut link = header("two/layer.tar", EntryType::Symlink, 0);
    link.set_link_name("../one/layer.tar").unwrap();
    link.set_cksum();
    builder.append(&link, &b""[..]).unwrap();
    builder.append(&header(&name, EntryType::Regular, config.len()), config.as_bytes()).unwrap();
    let manifest = manifest.to_string();
    builder.append(&header("manifest.json", EntryType::Regular, manifest.len()), manifest.as_bytes()).unwrap();
    builder.into_inner().unwrap();
    let reference = path.display().to_string();
    let image = opened(&reference);
    assert_eq!((image.id.as_str(), image.reference.as_str()), (id.as_str(), reference.as_str()));
    assert_eq!(image.tags, ["app:0", "app:1"]);
    assert_eq!(image.config.config.user, "app");
    assert_eq!((image.layers.len(), paths(&image)), (2, vec!["/a".to_owned()]));
}

#[test]
fn one_of_several_images_is_chosen_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.tar");
    let item = |tags: Value, config: &str| json!({"Config": config, "RepoTags": tags, "Layers": null});
    let manifest = json!([
        item(json!(["a:1", "docker.io/library/b:latest"]), "1.json"),
        item(json!(["c:1"]), "2.json"),
        item(Value::Null, "3.json"),
    ]);
    let mut files: Vec<_> =
        ["1", "2", "3"].map(|n| (format!("{n}.json"), json!({"os": n}).to_string().into_bytes())).into();
    files.push(("manifest.json".to_owned(), manifest.to_string().into_bytes()));
    write_tar(&path, &files);
    let path = path.display();
    let message = error(&path.to_string(), None);
    assert!(message.contains("several images") && message.contains("a:1") && message.contains("3.json"), "{message}");
    assert!(error(&format!("docker-archive:{path}:d:1"), None).contains("no image named `d:1`"));
    assert_eq!(opened(&format!("docker-archive:{path}:c:1")).config.os, "2");
    assert_eq!(opened(&format!("{path}:b")).config.os, "1");
}

#[test]
fn an_image_is_the_same_from_every_packing() {
    let layers = [tar(&[("a", File("1")), ("b", File("2"))]), tar(&[(".wh.a", File(""))])];
    let diff_ids: Vec<String> = layers.iter().map(|l| digest(l)).collect();
    let (_dir, classic) = docker(&layers);

    let mut layout = Layout::new();
    let packed = [gzip(&layers[0]), zstd::encode_all(&layers[1][..], 1).unwrap()];
    let manifest = layout.image(&config(&diff_ids), &packed);
    // What Docker 25 and newer save is both.
    let docker = json!([{
        "Config": format!("blobs/{}", digest(config(&diff_ids).to_string().as_bytes()).replace(':', "/")),
        "RepoTags": ["app:1"],
        "Layers": packed.iter().map(|p| format!("blobs/{}", digest(p).replace(':', "/"))).collect::<Vec<_>>(),
    }]);
    layout.files.push(("manifest.json".to_owned(), docker.to_string().into_bytes()));
    let [dir, archive] = layout.write(&[manifest]);

    let first = opened(&classic.display().to_string());
    for reference in [dir.clone(), format!("oci:{dir}"), archive.clone(), format!("oci-archive:{archive}")] {
        let image = opened(&reference);
        assert_eq!((paths(&image), &image.id), (vec!["/b".to_owned()], &first.id), "{reference}");
        assert_eq!(image.layers.iter().map(|l| l.diff_id.clone()).collect::<Vec<_>>(), diff_ids);
        assert_eq!(image.layers[0].stored_size, packed[0].len() as u64);
    }
    assert_eq!(paths(&first), ["/b"]);
}

#[test]
fn tags_and_platforms_choose_in_nested_indexes() {
    let mut layout = Layout::new();
    let image = |layout: &mut Layout, arch: &str| {
        let mut config = config(&[]);
        config["architecture"] = json!(arch);
        let mut descriptor = layout.image(&config, &[]);
        descriptor["platform"] = json!({"os": "linux", "architecture": arch});
        descriptor
    };
    let (one, two) = (image(&mut layout, "s390x"), image(&mut layout, "riscv64"));
    let mut attestation = layout.image(&json!({}), &[]);
    attestation["platform"] = json!({"os": "unknown", "architecture": "unknown"});
    attestation["annotations"] = json!({"vnd.docker.reference.type": "attestation-manifest"});
    let absent = json!({"mediaType": "x", "digest": digest(b"absent"), "size": 1, "platform": {"os": "linux", "architecture": "arm"}});
    let inner = layout.json(&json!({"schemaVersion": 2, "manifests": [one, attestation, two, absent]}));
    let mut outer = layout.json(&json!({"schemaVersion": 2, "manifests": [inner]}));
    outer["annotations"] = json!({"org.opencontainers.image.ref.name": "multi"});
    let mut single = image(&mut layout, "mips");
    single["annotations"] =
        json!({"org.opencontainers.image.ref.name": "1", "io.containerd.image.name": "docker.io/library/app:1"});
    for reference in layout.write(&[outer, single]) {
        let message = error(&reference, None);
        assert!(message.contains("several images") && message.contains("app:1, multi"), "{message}");
        assert!(error(&format!("{reference}:none"), None).contains("named `none`"));

        let multi = format!("{reference}:multi");
        let chosen = open(&multi, &Wants::default(), Some("linux/riscv64")).unwrap();
        assert_eq!((chosen.config.architecture.as_str(), chosen.problems.len()), ("riscv64", 0));
        let message = error(&multi, None);
        assert!(message.contains("linux/riscv64, linux/s390x") && message.contains("--platform"), "{message}");
        // The only one there is will do, unless another one is asked for.
        for name in ["1", "app:1", "docker.io/library/app:1"] {
            assert_eq!(opened(&format!("{reference}:{name}")).config.architecture, "mips");
        }
        assert!(error(&format!("{reference}:1"), Some("linux/arm64")).contains("linux/mips"));
        assert!(error(&format!("{reference}:1"), Some("arm64")).contains("is not a platform"));
    }
}

#[test]
fn documents_and_blobs_are_what_their_digests_say() {
    let mut layout = Layout::new();
    let layers = [gzip(&tar(&[("a", File("1"))]))];
    let manifest = layout.image(&config(&[digest(&tar(&[("a", File("1"))]))]), &layers);
    let other = gzip(&tar(&[("a", File("1")), ("b", File("1"))]));
    layout.files[0].1 = other;
    layout.files[1].1.push(b'\n');
    layout.files[2].1.push(b'\n');
    for reference in layout.write(&[manifest]) {
        let image = open(&reference, &Wants::default(), None).unwrap();
        let messages: Vec<&str> = image.problems.iter().map(|p| p.message.as_str()).collect();
        assert_eq!(messages.len(), 4, "{messages:#?}");
        assert!(messages[0].starts_with("the manifest sha256:") && messages[1].starts_with("the image config"));
        assert!(messages[2].contains("diff id") && messages[3].contains("blob's digest"));
        assert_eq!(paths(&image), ["/a", "/b"]);
    }
}

#[test]
fn a_layer_that_is_not_there_is_told() {
    let mut layout = Layout::new();
    let (base, top) = (tar(&[("base", File("1"))]), tar(&[("top", File("1"))]));
    let manifest = layout.image(&config(&[digest(&base), digest(&top)]), &[base.clone(), top]);
    layout.files.remove(0);
    for reference in layout.write(&[manifest]) {
        let image = open(&reference, &Wants::default(), None).unwrap();
        assert_eq!((image.problems.len(), image.problems[0].layer), (1, Some(0)));
        assert!(image.problems[0].message.starts_with("layer 1 is not packed with the image"));
        assert_eq!((image.layers[0].diff_id.clone(), paths(&image)), (digest(&base), vec!["/top".to_owned()]));
    }
}

#[test]
fn what_is_no_image_says_what_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.tar");
    let reference = path.display().to_string();
    let write = |bytes: &[u8]| std::fs::write(&path, bytes).unwrap();
    assert!(error(dir.path().to_str().unwrap(), None).contains("no index.json"));
    write(&gzip(b"anything"));
    assert!(error(&reference, None).contains("compressed with gzip") && error(&reference, None).contains("gunzip"));
    write(b"hello");
    assert!(error(&reference, None).contains("no tar"));
    write(b"");
    assert!(error(&reference, None).contains("neither manifest.json nor index.json"));
    write(&tar(&[("repositories", File("{}"))]));
    assert!(error(&reference, None).contains("older than 1.10"));
    write(&tar(&[("manifest.json", File("{"))]));
    assert!(error(&reference, None).contains("manifest.json cannot be understood"));
    write(&tar(&[("manifest.json", File("[]"))]));
    assert!(error(&reference, None).contains("no image at all"));
    write(&tar(&[("manifest.json", File(r#"[{"Config":"../c","Layers":[]}]"#))]));
    assert!(error(&reference, None).contains("the image config ../c is missing"));
    assert!(error(&format!("oci-archive:{reference}"), None).contains("index.json is missing"));
    assert!(matches!(
        open(&format!("docker-archive:{reference}x"), &Wants::default(), None),
        Err(ImageError::Io { .. })
    ));
}

#[test]
fn more_layers_than_diff_ids_are_told_and_read() {
    let layers = [tar(&[("a", File("1"))]), tar(&[("b", File("1"))])];
    let (_dir, path) = super::super::fixture::docker_of(&layers, &[digest(&layers[0])]);
    let image = open(&path.display().to_string(), &Wants::default(), None).unwrap();
    assert_eq!(
        image.problems[0].message,
        "the manifest lists 2 layers and the image config 1 diff ids, so engines refuse the image"
    );
    assert_eq!(paths(&image), ["/a", "/b"]);
}

#[test]
fn an_archive_with_two_manifests_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.tar");
    let manifest = r#"[{"Config":"c","Layers":[]}]"#;
    std::fs::write(&path, tar(&[("manifest.json", File("[]")), ("c", File("{}")), ("manifest.json", File(manifest))]))
        .unwrap();
    let image = open(&path.display().to_string(), &Wants::default(), None).unwrap();
    assert!(image.problems[0].message.contains("several members named /manifest.json"));
}

#[test]
fn progress_adds_up_to_the_stored_bytes() {
    let (_dir, path) = docker(&[tar(&[("a", File("1"))]), tar(&[("b", File("1"))])]);
    let seen = std::sync::Mutex::new((0, 0, 0));
    let progress = |step: Progress| {
        let mut seen = seen.lock().unwrap();
        match step {
            Progress::Start { layers, bytes } => (seen.0, seen.1) = (layers, bytes),
            Progress::Bytes(bytes) => seen.1 -= bytes,
            Progress::Layer(_) => seen.2 += 1,
        }
    };
    let reference = ImageReference::parse(&path.display().to_string()).unwrap();
    read(&reference, &Wants::default(), &ReadOptions { progress: &progress, ..ReadOptions::default() }).unwrap();
    assert_eq!(*seen.lock().unwrap(), (2, 0, 2));
}

#[test]
fn skopeo_directories_hold_one_image_or_all_its_platforms() {
    let (base, top) = (tar(&[("base", File("1"))]), tar(&[("top", File("1"))]));
    let mut layout = Layout::new();
    let layers = [gzip(&base), top.clone()];
    let amd64 = layout.image(&config(&[digest(&base), digest(&top)]), &layers);
    let mut other = config(&[digest(&top)]);
    other["architecture"] = json!("arm64");
    let arm64 = layout.image(&other, &[top]);
    let index = json!({"schemaVersion": 2, "manifests": [amd64, arm64]}).to_string().into_bytes();
    let manifests: Vec<String> = [&amd64, &arm64].map(|d| d["digest"].as_str().unwrap().to_owned()).into();
    let root = layout.dir.path().join("skopeo");
    std::fs::create_dir(&root).unwrap();
    let mut documents = Vec::new();
    for (name, data) in &layout.files {
        let hex = name.rsplit('/').next().unwrap();
        let is_manifest = manifests.contains(&format!("sha256:{hex}"));
        std::fs::write(root.join(if is_manifest { format!("{hex}.manifest.json") } else { hex.to_owned() }), data)
            .unwrap();
        documents.extend(is_manifest.then(|| data.clone()));
    }
    let root = root.display();
    std::fs::write(format!("{root}/manifest.json"), &documents[0]).unwrap();
    for reference in [format!("dir:{root}"), root.to_string()] {
        let image = opened(&reference);
        assert_eq!((paths(&image), image.problems.len()), (vec!["/base".to_owned(), "/top".to_owned()], 0));
    }
    std::fs::write(format!("{root}/manifest.json"), index).unwrap();
    let image = open(&format!("dir:{root}"), &Wants::default(), Some("linux/arm64")).unwrap();
    assert_eq!((paths(&image), image.problems.len()), (vec!["/top".to_owned()], 0));
    assert!(error(&format!("dir:{root}"), Some("linux/s390x")).contains("linux/amd64, linux/arm64"));
}

/// An image with what BuildKit attests beside it: the base, the frontend that took part, and a list of packages.
fn attested(layout: &mut Layout, materials: &[&str]) -> [Value; 2] {
    let image = layout.image(&config(&[]), &[]);
    let materials: Vec<Value> =
        materials.iter().map(|uri| json!({"uri": uri, "digest": {"sha256": "0".repeat(64)}})).collect();
    let statements = [
        ("https://slsa.dev/provenance/v0.2", json!({"predicate": {"materials": materials}})),
        (
            "https://spdx.dev/Document",
            json!({"predicate": {"spdxVersion": "SPDX-2.3", "packages": [{"name": "a"}, {"name": "b"}]}}),
        ),
    ];
    let blobs: Vec<Value> = statements
        .map(|(kind, statement)| {
            let mut blob = layout.json(&statement);
            blob["annotations"] = json!({"in-toto.io/predicate-type": kind});
            blob
        })
        .into();
    let empty = layout.json(&json!({}));
    let mut attestation = layout.json(&json!({"schemaVersion": 2, "config": empty, "layers": blobs}));
    attestation["platform"] = json!({"os": "unknown", "architecture": "unknown"});
    attestation["annotations"] = json!({"vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": image["digest"]});
    [image, attestation]
}

#[test]
fn attestations_name_the_base_and_are_told() {
    let frontend = "pkg:docker/docker/dockerfile@1";
    let mut layout = Layout::new();
    let index = attested(&mut layout, &[frontend, "pkg:docker/debian@12?platform=linux%2Famd64"]);
    let inner = layout.json(&json!({"schemaVersion": 2, "manifests": index}));
    for reference in layout.write(&[inner]) {
        let image = opened(&reference);
        let base = image.base.unwrap();
        assert_eq!((base.name.as_str(), base.digest), ("debian:12", Some(format!("sha256:{}", "0".repeat(64)))));
        assert_eq!(image.notes, ["the image comes with attestations: an SBOM of 2 packages (SPDX-2.3), provenance"]);
    }
    // Two images: which of them the last stage stands on is not told.
    let mut layout = Layout::new();
    let index = attested(&mut layout, &[frontend, "pkg:docker/debian@12", "pkg:docker/golang@1"]);
    let [_, archive] = layout.write(&index);
    let image = opened(&archive);
    let materials: Vec<&str> = image.attestations.materials.iter().map(|material| material.name.as_str()).collect();
    assert_eq!((image.base, materials), (None, vec!["debian:12", "golang:1"]));
    assert!(image.attestations.has_provenance && image.attestations.sboms[0].packages.len() == 2);
    // One that is not what its digest says is told, and spoils nothing.
    let mut layout = Layout::new();
    let index = attested(&mut layout, &["pkg:docker/debian@12"]);
    let at = layout.files.iter().position(|(_, data)| data.starts_with(b"{\"predicate\":{\"materials\"")).unwrap();
    layout.files[at].1.push(b' ');
    let [_, archive] = layout.write(&index);
    let image = opened(&archive);
    assert_eq!((image.base, image.notes.len()), (None, 2));
    assert!(image.notes[0].contains("could not be read"), "{:?}", image.notes);
}

#[test]
fn labels_say_more_of_the_base_than_attestations() {
    let mut layout = Layout::new();
    let mut labelled = config(&[]);
    labelled["config"]["Labels"] = json!({"org.opencontainers.image.base.name": "docker.io/library/alpine:3",
        "org.opencontainers.image.base.digest": "sha256:short"});
    let image = layout.image(&labelled, &[]);
    let [_, archive] = layout.write(&[image]);
    let base = opened(&archive).base.unwrap();
    assert_eq!((base.name.as_str(), base.digest), ("alpine:3", None));
}

#[test]
fn platforms_are_listed_once_each() {
    let mut layout = Layout::new();
    let mut of = |architecture: &str| {
        let mut config = config(&[]);
        config["architecture"] = json!(architecture);
        layout.image(&config, &[])
    };
    let entries = [of("riscv64"), of("arm64")];
    let index = layout.json(&json!({"schemaVersion": 2, "manifests": entries}));
    for reference in layout.write(&[index]) {
        let reference = ImageReference::parse(&reference).unwrap();
        assert_eq!(super::platforms(&reference).unwrap(), ["linux/arm64", "linux/riscv64"]);
    }
}
