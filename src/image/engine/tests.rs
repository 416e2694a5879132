//! An engine that sends archives as engines of all ages do.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use serde_json::json;
use tar::{Builder, EntryType};
use tempfile::TempDir;

use super::super::cache::Cache;
use super::super::environment::Environment;
use super::super::export;
use super::super::fixture::{File, config, digest, gzip, header, tar};
use super::super::job::Job;
use super::super::model::{Layer, Problem, Wants};
use super::super::recall;
use super::super::record;
use super::super::search::Patterns;
use super::super::source::Plan;
use super::super::streamed::Streamed;
use super::super::{Change, ImageError};
use super::{Engine, EngineKind, is_name};

/// An engine on a socket that has one image, `app:1`.
fn engine(archive: Vec<u8>) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("engine.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut line = String::new();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let _ = reader.read_line(&mut line);
            let (status, body) = match line.split(' ').nth(1) {
                Some("/images/app:1/json") => {
                    ("200 OK", json!({"Id": "sha256:1", "RepoTags": ["app:1"]}).to_string().into())
                }
                Some("/images/app:1/get") => ("200 OK", archive.clone()),
                _ => ("404 Not Found", json!({"message": "No such image"}).to_string().into_bytes()),
            };
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
        }
    });
    (folder, socket)
}

fn find(socket: &std::path::Path, name: &str) -> Result<Engine, ImageError> {
    let host = format!("unix://{}", socket.display());
    Engine::find(EngineKind::Docker, name, &Environment::of([("DOCKER_HOST", &host)]))
}

type Exported = (Plan, Vec<(Layer, Vec<Problem>)>);

fn exported(archive: Vec<u8>, diff_ids: &[String]) -> Result<Exported, ImageError> {
    let (_folder, socket) = engine(archive);
    let engine = find(&socket, "app:1").unwrap();
    let (wants, patterns) = (Wants::default(), Patterns::new(&[]).unwrap());
    let job = Job::new(&wants, &patterns);
    let (plan, placed) = export::read(&engine, engine.export(None)?, &job, None, &|_| {})?.unwrap();
    Ok((plan, placed.compared(diff_ids)))
}

fn path(change: &Change) -> &str {
    match change {
        Change::Add(entry) => &entry.path,
        Change::Whiteout(path) | Change::Opaque(path) => path,
    }
}

/// Paths of each layer, and all problems.
fn told(layers: &[(Layer, Vec<Problem>)]) -> (Vec<Vec<&str>>, Vec<&str>) {
    let paths = layers.iter().map(|(layer, _)| layer.changes.iter().map(path).collect()).collect();
    (paths, layers.iter().flat_map(|(_, problems)| problems.iter().map(|p| p.message.as_str())).collect())
}

/// A tar of files and links to files.
fn archive(members: &[(&str, Result<&[u8], &str>)]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (name, member) in members {
        match member {
            Ok(data) => builder.append(&header(name, EntryType::Regular, data.len()), *data).unwrap(),
            Err(target) => {
                let mut link = header(name, EntryType::Symlink, 0);
                link.set_link_name(target).unwrap();
                link.set_cksum();
                builder.append(&link, &b""[..]).unwrap();
            }
        }
    }
    builder.into_inner().unwrap()
}

#[test]
fn layers_come_before_the_manifest_and_find_their_places() {
    let (one, two) = (tar(&[("one", File("1"))]), tar(&[("two", File("2"))]));
    // An empty layer is two blocks of zeros, and looks like nothing.
    let empty = tar(&[]);
    let diff_ids = [&one, &empty, &two, &one].map(|layer| digest(layer));
    let config = config(&diff_ids).to_string();
    let manifest = json!([{"Config": "c.json", "RepoTags": ["app:1"],
        "Layers": ["a/layer.tar", "e/layer.tar", "z/layer.tar", "m/layer.tar"]}])
    .to_string();
    let gzipped = gzip(&two);
    let sent = archive(&[
        ("z/layer.tar", Ok(gzipped.as_slice())),
        ("m/layer.tar", Err("../a/layer.tar")),
        ("e/layer.tar", Ok(empty.as_slice())),
        ("c.json", Ok(config.as_bytes())),
        ("a/layer.tar", Ok(one.as_slice())),
        ("a/VERSION", Ok(b"1.0")),
        ("manifest.json", Ok(manifest.as_bytes())),
    ]);
    let (plan, layers) = exported(sent, &diff_ids).unwrap();
    assert_eq!(told(&layers), (vec![vec!["/one"], vec![], vec!["/two"], vec!["/one"]], vec![]));
    let placed: Vec<_> = layers.iter().map(|(layer, _)| (layer.index, layer.diff_id.clone())).collect();
    assert_eq!(placed, diff_ids.into_iter().enumerate().collect::<Vec<_>>());
    assert_eq!((plan.tags, plan.config), (vec!["app:1".to_owned()], Some(config.into_bytes())));
}

#[test]
fn a_layer_is_what_its_digests_say_or_it_is_told() {
    let (one, two) = (tar(&[("one", File("1"))]), tar(&[("two", File("2"))]));
    let wrong = format!("blobs/{}", digest(&two).replace(':', "/"));
    let manifest = json!([{"Config": "c.json", "RepoTags": null, "Layers": [&wrong, "gone/layer.tar"]}]).to_string();
    let sent = archive(&[(&wrong, Ok(&one)), ("c.json", Ok(b"{}")), ("manifest.json", Ok(manifest.as_bytes()))]);
    let (_, layers) = exported(sent, &[digest(&two)]).unwrap();
    let (_, problems) = told(&layers);
    assert!(problems[0].starts_with("layer 1 is not what the image config says"), "{problems:?}");
    assert!(problems[1].starts_with("layer 1 is not what the manifest says"), "{problems:?}");
    assert!(problems[2].starts_with("layer 2 is not packed with the image (gone/layer.tar"), "{problems:?}");
}

#[test]
fn a_layer_that_the_cache_has_is_hashed_and_not_read() {
    let layers = [tar(&[("one", File("1"))]), tar(&[("two", File("2"))])];
    let diff_ids = layers.each_ref().map(|layer| digest(layer));
    let named = format!("{}.tar", diff_ids[0].trim_start_matches("sha256:"));
    let config = config(&diff_ids).to_string();
    let sent = |first: &[u8]| {
        let manifest =
            json!([{"Config": "c.json", "RepoTags": ["app:1"], "Layers": [&named, "x/layer.tar"]}]).to_string();
        let (second, manifest) = (layers[1].as_slice(), manifest.as_bytes());
        archive(&[
            (&named, Ok(first)),
            ("x/layer.tar", Ok(second)),
            ("c.json", Ok(config.as_bytes())),
            ("manifest.json", Ok(manifest)),
        ])
    };
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(folder.path()).unwrap();
    let (wants, patterns) = (Wants::default(), Patterns::new(&[]).unwrap());
    let job = Job::new(&wants, &patterns);
    let streamed = Streamed { cache: &cache, diff_ids: &diff_ids };
    let read = |first: &[u8], streamed| {
        let (_folder, socket) = engine(sent(first));
        let engine = find(&socket, "app:1").unwrap();
        let read = export::read(&engine, engine.export(None).unwrap(), &job, streamed, &|_| {}).unwrap();
        read.map(|(_, placed)| placed.compared(&diff_ids))
    };
    assert!(streamed.thought(&named, &job).is_none());
    let cold = read(&layers[0], Some(&streamed)).unwrap();
    assert_eq!(told(&cold), (vec![vec!["/one"], vec!["/two"]], vec![]));
    // By its name, and by what was seen under a name that tells nothing.
    assert!(streamed.thought(&named, &job).is_some() && streamed.thought("x/layer.tar", &job).is_some());
    let warm = read(&layers[0], Some(&streamed)).unwrap();
    assert_eq!(told(&warm), told(&cold));
    assert_eq!(warm[0].0.stored_size, cold[0].0.stored_size);
    // The record is what is told, so that the layer was not read again.
    let forged = Layer { changes: vec![Change::Whiteout("/forged".into())], ..Layer::default() };
    cache.keep_layer(&recall::key(&job, &diff_ids[0]), &record::encode(&forged, &[]).unwrap());
    assert_eq!(told(&read(&layers[0], Some(&streamed)).unwrap()).0, [["/forged"], ["/two"]]);
    // What has the name of a layer and is another is found out, and told when it is read.
    let other = tar(&[("other", File("3"))]);
    assert!(read(&other, Some(&streamed)).is_none());
    let (paths, problems) = (read(&other, None).unwrap(), 1);
    assert_eq!((told(&paths).0[0].clone(), told(&paths).1.len()), (vec!["/other"], problems));
}

#[test]
fn a_stream_that_ends_early_is_no_image() {
    let one = tar(&[("one", File("1"))]);
    let whole = archive(&[("a/layer.tar", Ok(&one)), ("manifest.json", Ok(b"[]"))]);
    for size in [700, 3 * 512 + 100, 5 * 512] {
        let error = exported(whole[..size].to_vec(), &[]).unwrap_err().to_string();
        assert!(error.contains("app:1 in Docker"), "{error}");
        assert!(error.contains("damaged") || error.contains("manifest.json is missing"), "{size}: {error}");
    }
}

#[test]
fn an_image_or_an_engine_that_is_not_there_is_told() {
    let (folder, socket) = engine(Vec::new());
    let error = find(&socket, "app:2").unwrap_err();
    assert!(matches!(&error, ImageError::Absent { reason, .. } if reason.ends_with("No such image")), "{error}");
    let error = find(&folder.path().join("gone.sock"), "app:1").unwrap_err().to_string();
    assert!(error.contains("gone.sock") && error.contains("No such file"), "{error}");
}

#[test]
fn names_stay_what_they_are_in_an_address() {
    for name in ["debian", "host:5000/team/app:1.2", "app@sha256:00", "0123abcd"] {
        assert!(is_name(name), "{name}");
    }
    for name in ["", "../containers/json", "a/../../x", "a?b", "a b", "a#b", "%2e%2e", "/a"] {
        assert!(!is_name(name), "{name}");
    }
}
