use std::fs;
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::super::fixture::open;
use super::super::{EntryKind, Image, Tree, Wants};
use super::Root;

fn read(root: &Path) -> Image {
    let wants = Wants { digests: true, ..Wants::default() };
    open(&format!("rootfs:{}", root.display()), &wants, None).unwrap()
}

#[test]
fn a_root_directory_is_an_image_of_one_layer() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("root");
    let long = "d/".repeat(60);
    fs::create_dir_all(root.join(&long)).unwrap();
    fs::write(dir.path().join("outside"), "outside").unwrap();
    fs::write(root.join(&long).join("deep"), "deep").unwrap();
    fs::write(root.join("one"), "x".repeat(600)).unwrap();
    fs::hard_link(root.join("one"), root.join("two")).unwrap();
    fs::set_permissions(root.join("one"), fs::Permissions::from_mode(0o4755)).unwrap();
    symlink("../outside", root.join("link")).unwrap();
    symlink("..", root.join("up")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(root.join("socket")).unwrap();

    let image = read(&root);
    assert_eq!((image.problems.as_slice(), image.layers.len(), image.has_config), (&[][..], 1, false));
    assert_eq!((image.id.as_str(), image.notes.len()), (image.layers[0].diff_id.as_str(), 1));
    let tree = Tree::merge(&image.layers);
    let node = |path: &str| &tree.nodes.get(path).unwrap_or_else(|| panic!("{path}: {:?}", tree.nodes.keys())).entry;
    assert_eq!((node("/one").mode, node("/one").size), (0o4755, 600));
    assert_eq!((node("/two").mode, &node("/two").sha256), (0o4755, &node("/one").sha256));
    assert_eq!((node("/link").kind, node("/link").link.as_deref()), (EntryKind::Symlink, Some("../outside")));
    assert_eq!(node(&format!("/{long}deep")).size, 4);
    assert!(
        !tree.nodes.keys().any(|path| path.starts_with("/up/") || path.contains("socket")),
        "{:?}",
        tree.nodes.keys()
    );
    // The same again: nothing in it depends on time or the order of the file system.
    assert_eq!(read(&root).id, image.id);
}

#[test]
fn a_root_is_a_directory() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("file"), "").unwrap();
    for name in ["file", "gone"] {
        let reference = format!("rootfs:{}", dir.path().join(name).display());
        assert!(open(&reference, &Wants::default(), None).is_err(), "{name}");
    }
    // The root itself may be a link; what is in it may not.
    let root = dir.path().join("root");
    fs::create_dir(&root).unwrap();
    symlink(&root, dir.path().join("alias")).unwrap();
    assert_eq!(read(&dir.path().join("alias")).problems, []);
}

#[test]
fn what_is_swapped_for_a_link_is_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("root");
    fs::create_dir_all(root.join("a/c")).unwrap();
    for place in ["root/a/file", "root/a/c/file", "root/top"] {
        fs::write(dir.path().join(place), "inside!").unwrap();
    }
    fs::create_dir_all(dir.path().join("b/c")).unwrap();
    for place in ["b/file", "b/c/file"] {
        fs::write(dir.path().join(place), "outside").unwrap();
    }
    let content = |root: &mut Root, path: &str| {
        let mut text = String::new();
        root.open(Path::new(path), 7)?.read_to_string(&mut text)?;
        std::io::Result::Ok(text)
    };
    let fresh = || Root { path: root.clone(), folder: None };
    let mut used = fresh();
    for path in ["a/file", "a/c/file", "top", "a/file"] {
        assert_eq!(content(&mut used, path).unwrap(), "inside!", "{path}");
    }
    assert!(fresh().open(Path::new("a/file"), 8).is_err(), "another size is another file");
    assert!(fresh().open(Path::new("a/c"), 7).is_err(), "a folder is no file");
    // Links in the place of the folder, of one further up, and of the file.
    fs::rename(root.join("a"), dir.path().join("kept")).unwrap();
    symlink("../b", root.join("a")).unwrap();
    fs::remove_file(root.join("top")).unwrap();
    symlink("../b/file", root.join("top")).unwrap();
    for path in ["a/file", "a/c/file", "top"] {
        assert!(fresh().open(Path::new(path), 7).is_err(), "{path}");
    }
    for path in ["a/file", "a/c/file", "top"] {
        assert_ne!(content(&mut used, path).ok().as_deref(), Some("outside"), "{path}");
    }
}
