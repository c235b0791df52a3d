//! What documents say about other files, held against those files.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Where the links of a document lead that are not addresses or places in itself.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
    let files = targets.map(|target| target.split('#').next().unwrap());
    files.filter(|file| !file.is_empty() && !file.contains("://"))
}

/// Every document of the project, but none of the packages that its tests install.
fn documents(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        let is_ours = !name.starts_with('.') && !["node_modules", "target"].contains(&&*name);
        if is_ours && entry.file_type().unwrap().is_dir() {
            documents(&path, found);
        } else if name.ends_with(".md") {
            found.push(path);
        }
    }
}

#[test]
fn links_lead_to_files_that_exist() {
    let mut found = Vec::new();
    documents(root(), &mut found);
    for name in ["README.md", "CHANGELOG.md", "keys/README.md", "tests/vectors/README.md"] {
        assert!(found.contains(&root().join(name)), "{name}");
    }
    let mut followed = 0;
    for document in found {
        for link in links(&fs::read_to_string(&document).unwrap()) {
            let file = document.parent().unwrap().join(link);
            assert!(file.exists(), "{}: there is no {link}", document.display());
            followed += 1;
        }
    }
    assert!(followed > 0);
}

#[test]
fn links_are_read_from_markdown() {
    let text = "[a](b/c.md), [`d`](d.toml#top) and [e](https://example.com) [f](#limits)";
    assert_eq!(links(text).collect::<Vec<_>>(), ["b/c.md", "d.toml"]);
}

/// `("GET", "/healthz")` and the others that README.md's table has.
fn routes_of_the_table() -> BTreeSet<(String, String)> {
    let readme = read("README.md");
    let (_, section) = readme.split_once("\n## Routes\n").unwrap();
    let rows = section
        .lines()
        .take_while(|line| !line.starts_with("## "))
        .filter_map(|line| line.strip_prefix("| `"));
    let routes = rows.map(|row| row.split('`').next().unwrap().split_once(' ').unwrap());
    routes.map(|(method, target)| (method.to_owned(), target.split('?').next().unwrap().to_owned())).collect()
}

/// The same of src/http/routes.rs, with what a route allows besides HEAD and OPTIONS.
fn routes_of_the_service() -> BTreeSet<(String, String)> {
    let source = read("src/http/routes.rs");
    let services = source.split(".service(").skip(1);
    let routes = services.flat_map(|service| {
        let words: Vec<&str> = service.split('"').collect();
        let form = service.trim_start();
        assert!(
            ["only(&at(\"", "paged(&at(\""].iter().any(|known| form.starts_with(known)),
            "a route of another form: {service}"
        );
        let methods = words[3].split(", ").filter(|method| !["HEAD", "OPTIONS"].contains(method));
        methods.map(|method| (method.to_owned(), words[1].to_owned())).collect::<Vec<_>>()
    });
    routes.collect()
}

#[test]
fn the_table_of_routes_is_that_of_the_service() {
    let routes = routes_of_the_table();
    assert_eq!(routes, routes_of_the_service());
    assert!(routes.contains(&("GET".to_owned(), "/enter".to_owned())), "{routes:?}");
}

#[test]
fn the_changelog_has_room_for_what_comes() {
    let changelog = read("CHANGELOG.md");
    let sections: Vec<&str> = changelog.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert_eq!(sections.first(), Some(&"Unreleased"), "{sections:?}");
}
