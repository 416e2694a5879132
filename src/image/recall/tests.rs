use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::super::fixture::{File, Item, Layout, config, digest, docker, docker_of, gzip, tar};
use super::super::{Image, ImageReference, ReadOptions, Wants, read};
use super::*;

/// A token that exists nowhere, in pieces, so that no scanner of this repository takes it for one.
fn token() -> String {
    ["ghp_", "q3TxWz9kLmN4bV7cX2sD", "5fG8hJ1pR64fDpPu"].concat()
}

fn wants() -> Wants {
    Wants {
        content: vec!["needle".to_owned()],
        capture: vec!["/etc/shadow".to_owned(), "/etc/os-release".to_owned()],
        keys: true,
        secrets: true,
        ..Wants::default()
    }
}

fn cache() -> (TempDir, Cache) {
    let dir = tempfile::tempdir().unwrap();
    let cache = Cache::open(dir.path()).unwrap();
    (dir, cache)
}

fn image(path: &Path, wants: &Wants, cache: Option<&Cache>) -> Image {
    let reference = ImageReference::parse(&path.display().to_string()).unwrap();
    read(&reference, wants, &ReadOptions { cache, ..ReadOptions::default() }).unwrap()
}

fn layers() -> Vec<Vec<u8>> {
    let config = format!("token = {}\nneedle\n", token());
    let release = format!("ID=debian\nBUG={}\n", token());
    let key = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n";
    let shadow = "root:$6$salt$hashhashhash:1:0:::::\nbin:*:1::::::\nnone::1::::::\n";
    let items: &[(&str, Item<'_>)] = &[
        ("etc/shadow", File(shadow)),
        ("etc/os-release", File(&release)),
        ("srv/app.conf", File(&config)),
        ("srv/id_rsa", File(key)),
        ("../out", File("x")),
    ];
    vec![tar(items), tar(&[("srv/.wh.app.conf", File("")), ("srv/new", File("needle"))])]
}

/// Puts another layer's record in the place of a layer's, so that what is recalled shows.
fn swap_records(cache: &Cache, wants: &Wants, diff_ids: [&str; 2]) {
    let patterns = super::super::search::Patterns::new(&wants.content).unwrap();
    let job = Job::new(wants, &patterns);
    let [a, b] = diff_ids.map(|diff_id| key(&job, diff_id));
    let (of_a, of_b) = (cache.layer(&a).unwrap(), cache.layer(&b).unwrap());
    cache.keep_layer(&a, &of_b);
    cache.keep_layer(&b, &of_a);
}

/// All that was read. Hashes of passwords are not kept, and nobody asks for them.
fn plain(image: &Image) -> String {
    let hash: Vec<String> = b"$6$salt$hashhashhash".iter().map(u8::to_string).collect();
    format!("{:?} {:?}", image.layers, image.problems).replace(&hash.join(", "), "36")
}

#[test]
fn what_is_recalled_is_what_was_read() {
    let (_keep, cache) = cache();
    let (_dir, path) = docker(&layers());
    let cold = image(&path, &wants(), None);
    assert_eq!(plain(&image(&path, &wants(), Some(&cache))), plain(&cold));
    assert_eq!(cache.info().unwrap().layers, 2);
    assert_eq!(plain(&image(&path, &wants(), Some(&cache))), plain(&cold));
    // What is looked for decides, too.
    image(&path, &Wants { digests: true, ..wants() }, Some(&cache));
    assert_eq!(cache.info().unwrap().layers, 4);
}

#[test]
fn a_layer_is_recalled_however_it_is_packed_and_not_when_it_is_another() {
    let (_keep, cache) = cache();
    let layers = layers();
    let ids = [digest(&layers[0]), digest(&layers[1])];
    let (_dir, path) = docker(&layers);
    let cold = image(&path, &wants(), Some(&cache));
    swap_records(&cache, &wants(), [&ids[0], &ids[1]]);
    let is_swapped = |path: &Path| {
        let image = image(path, &wants(), Some(&cache));
        image.layers[0].changes.len() == cold.layers[1].changes.len()
    };
    assert!(is_swapped(&path), "the same archive");
    let (_other, copy) = docker(&layers);
    assert!(is_swapped(&copy), "a copy of it");
    let zipped: Vec<Vec<u8>> = layers.iter().map(|layer| gzip(layer)).collect();
    let mut layout = Layout::new();
    let manifest = layout.image(&config(&ids), &zipped);
    for reference in layout.write(&[manifest]) {
        assert!(is_swapped(Path::new(&reference)), "{reference}");
    }
    // Another layer that goes by the same diff id is read, and told.
    let other = vec![layers[1].clone(), layers[0].clone()];
    let (_dir, path) = docker_of(&other, &ids);
    let image = image(&path, &wants(), Some(&cache));
    assert_eq!(image.layers[0].changes.len(), cold.layers[1].changes.len());
    assert!(image.problems.iter().any(|p| p.message.contains("is not what the image config says")));
}

#[test]
fn a_file_that_was_verified_is_read_again_only_once_it_is_changed() {
    let (_keep, cache) = cache();
    let layers = layers();
    let (_dir, path) = docker(&layers);
    std::thread::sleep(Duration::from_millis(1100));
    image(&path, &wants(), Some(&cache));
    let told = |path: &PathBuf| image(path, &wants(), Some(&cache)).problems.len();
    let before = told(&path);
    // Another byte in a file of the first layer, size and time of modification as before.
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(9).position(|w| w == b"ID=debian").unwrap();
    bytes[at] = b'J';
    fs::write(&path, bytes).unwrap();
    fs::File::open(&path).unwrap().set_modified(modified).unwrap();
    assert_eq!(told(&path), before + 1);
}

#[test]
fn no_secret_is_written_down_and_damage_is_mended() {
    let (keep, cache) = cache();
    let (_dir, path) = docker(&layers());
    let cold = plain(&image(&path, &wants(), Some(&cache)));
    let records: Vec<PathBuf> =
        fs::read_dir(keep.path().join("layers")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(records.len() >= 2);
    for record in &records {
        let bytes = fs::read(record).unwrap();
        for secret in [&token()[4..], "hashhashhash", "MIIE"] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{}", record.display());
        }
        fs::write(record, &bytes[..bytes.len() / 2]).unwrap();
    }
    for _ in 0..2 {
        assert_eq!(plain(&image(&path, &wants(), Some(&cache))), cold);
    }
}
