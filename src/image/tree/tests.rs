use super::super::fixture::{Dir, File, Hardlink, Symlink, image_of, tar};
use super::super::{EntryKind, Image, Tree, Wants};

fn image(layers: &[Vec<u8>]) -> Image {
    let image = image_of(layers, &Wants { digests: true, ..Wants::default() });
    assert_eq!(image.problems, []);
    image
}

/// `path layer` of every entry, with the target of a link.
fn shown(tree: &Tree) -> Vec<String> {
    let line = |(path, node): (&String, &super::Node)| {
        assert_eq!(*path, node.entry.path);
        let link = node.entry.link.as_ref().map_or_else(String::new, |link| format!(" -> {link}"));
        format!("{path} {}{link}", node.layer)
    };
    tree.nodes.iter().map(line).collect()
}

#[test]
fn whiteouts_remove_what_lower_layers_have() {
    let image = image(&[
        tar(&[("a/", Dir), ("a/x", File("1")), ("a/y", File("1")), ("b/c/d", File("1")), ("root/.npmrc", File("1"))]),
        tar(&[("a/.wh.x", File("")), (".wh.b", File("")), ("root/.wh..npmrc", File("")), (".wh.never", File(""))]),
    ]);
    assert_eq!(shown(&Tree::merge(&image.layers)), ["/a 0", "/a/y 0", "/root 0"]);
    assert_eq!(shown(&Tree::merge(&image.layers[..1])).len(), 8);
    for (path, layer) in
        [("/a/x", Some(1)), ("/b/c/d", Some(1)), ("/root/.npmrc", Some(1)), ("/a/y", None), ("/never", None)]
    {
        assert_eq!(image.removed_by(path), layer, "{path}");
    }
}

#[test]
fn whiteouts_and_opaque_directories_spare_their_own_layer_in_any_order() {
    let image = image(&[
        tar(&[("d/old", File("1")), ("d/x", File("1")), ("f", File("1"))]),
        tar(&[("d/", Dir), ("d/x", File("22")), ("d/.wh..wh..opq", File("")), ("f", File("22")), (".wh.f", File(""))]),
    ]);
    assert_eq!(shown(&Tree::merge(&image.layers)), ["/d 1", "/d/x 1", "/f 1"]);
    assert_eq!(["/d/old", "/d/x", "/f"].map(|p| image.removed_by(p)), [Some(1), None, None]);
}

#[test]
fn a_directory_replaced_by_something_else_takes_its_content_along() {
    let image = image(&[
        tar(&[("lib/", Dir), ("lib/a/b", File("1")), ("lib-x", File("1")), ("usr/lib/", Dir), ("keep/x", File("1"))]),
        tar(&[("lib", Symlink("usr/lib")), ("keep/", Dir), ("keep/y", File("1"))]),
    ]);
    assert_eq!(
        shown(&Tree::merge(&image.layers)),
        ["/keep 1", "/keep/x 0", "/keep/y 1", "/lib 1 -> usr/lib", "/lib-x 0", "/usr 0", "/usr/lib 0"]
    );
    assert_eq!(image.removed_by("/lib/a/b"), Some(1));
}

#[test]
fn hard_links_are_the_file_they_name() {
    let image = image(&[
        tar(&[("bin/a", File("content")), ("s", Symlink("bin/a"))]),
        tar(&[("b", Hardlink("bin/a")), ("c", Hardlink("b")), ("early", Hardlink("late")), ("late", File("x"))]),
        tar(&[(".wh.b", File("")), ("bin/.wh.a", File("")), ("lost", Hardlink("nowhere"))]),
    ]);
    let tree = Tree::merge(&image.layers);
    let original = image.layers[0].changes.iter().find_map(|change| match change {
        super::Change::Add(entry) if entry.path == "/bin/a" => entry.sha256.clone(),
        _ => None,
    });
    let c = tree.get("/c").unwrap();
    assert_eq!((c.entry.kind, c.entry.size, &c.entry.sha256, c.layer), (EntryKind::File, 7, &original, 1));
    assert!(original.is_some());
    assert_eq!(tree.get("/early").unwrap().entry.sha256, tree.get("/late").unwrap().entry.sha256);
    assert_eq!(tree.get("/lost").unwrap().entry.kind, EntryKind::Hardlink);
    assert!(tree.get("/b").is_none() && tree.get("/bin/a").is_none());
}

#[test]
fn entries_below_a_link_land_where_it_leads_inside_the_image() {
    let image = image(&[
        tar(&[
            ("etc/", Dir),
            ("esc", Symlink("/etc")),
            ("up", Symlink("../../..")),
            ("esc/x", File("1")),
            ("up/y", File("1")),
        ]),
        tar(&[("esc/.wh.x", File("")), ("esc/z", File("1"))]),
    ]);
    assert_eq!(
        shown(&Tree::merge(&image.layers)),
        ["/esc 0 -> /etc", "/etc 0", "/etc/z 1", "/up 0 -> ../../..", "/y 0"]
    );
}

#[test]
fn the_last_entry_of_a_name_counts() {
    let image = image(&[tar(&[
        ("a", File("1")),
        ("a/", Dir),
        ("a/x", File("1")),
        ("b/x", File("1")),
        ("b", File("2")),
        ("b/y", File("3")),
    ])]);
    let tree = Tree::merge(&image.layers);
    assert_eq!(shown(&tree), ["/a 0", "/a/x 0", "/b 0", "/b/y 0"]);
    assert_eq!(tree.get("/b").unwrap().entry.kind, EntryKind::Directory);
}

#[test]
fn paths_are_resolved_through_links_with_a_bound() {
    let image = image(&[tar(&[
        ("usr/bin/sh", File("1")),
        ("bin", Symlink("usr/bin")),
        ("bin2", Symlink("../bin/.")),
        ("sh", Symlink("/bin2/../bin2/sh")),
        ("loop", Symlink("loop2")),
        ("loop2", Symlink("/loop")),
        ("grow", Symlink("grow/x/y")),
    ])]);
    let tree = Tree::merge(&image.layers);
    let resolve = |path| tree.resolve(path).map(|node| node.entry.path.as_str());
    assert_eq!(resolve("/bin/sh"), Some("/usr/bin/sh"));
    assert_eq!(resolve("/bin2"), Some("/usr/bin"));
    assert_eq!(resolve("/../usr/./bin//sh/"), Some("/usr/bin/sh"));
    assert_eq!(["/loop", "/grow", "/absent", "/bin/absent"].map(resolve), [None; 4]);
    // `..` after a link goes up from where the link leads.
    assert_eq!(resolve("/sh"), None);
    assert_eq!(tree.below("/usr").count(), 2);
}

#[test]
fn what_comes_back_was_not_removed() {
    let image = image(&[
        tar(&[("k", File("1"))]),
        tar(&[(".wh.k", File(""))]),
        tar(&[("k", File("2"))]),
        tar(&[(".wh.k", File(""))]),
    ]);
    assert_eq!(image.removed_by("/k"), Some(3));
    let mut three = image;
    three.layers.truncate(3);
    assert_eq!(three.removed_by("/k"), None);
}
