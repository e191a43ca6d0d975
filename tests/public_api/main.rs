//! All that is public, in a listing per crate, so that a change of it shows in review; and the facade has all of it. And what
//! is public is shown by examples, found by Go's names, and has its traits and its size asserted.
//!
//! The listings are made from rustdoc's JSON, whose format goes with the compiler. So they are compared with the version of
//! Rust that wrote them only, which the file `rustc` names. To write them anew:
//!
//! ```console
//! $ PUBLIC_API=overwrite cargo test -p gosync-tests --test public_api
//! ```

mod shown;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::{env, fs};

use rustdoc_types::Crate;

/// The crates, by their folders.
const CRATES: [(&str, &str); 5] = [
    ("atomic", "gosync-atomic"),
    ("once", "gosync-once"),
    ("waitgroup", "gosync-waitgroup"),
    ("chan", "gosync-chan"),
    ("sync", "gosync"),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("public_api")
}

fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn rustc() -> String {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output().expect("there is a compiler, which has made this");
    String::from_utf8(output.stdout).expect("it is text")
}

fn overwrite() -> bool {
    env::var_os("PUBLIC_API").is_some()
}

/// The listings, in the order of [`CRATES`]; `None` with a compiler that they are not for.
fn listings() -> Option<&'static [String]> {
    static LISTINGS: OnceLock<Option<Vec<String>>> = OnceLock::new();
    let make = || {
        let is_for_this = fs::read_to_string(folder().join("rustc")).ok() == Some(rustc());
        (is_for_this || overwrite()).then(|| CRATES.iter().map(|(_, package)| listing(package)).collect())
    };
    LISTINGS.get_or_init(make).as_deref()
}

fn target() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/public-api")
}

/// Where rustdoc puts what it knows of a crate.
fn json(package: &str) -> PathBuf {
    target().join("doc").join(package.replace('-', "_")).with_extension("json")
}

/// What is public in a crate, with all features.
fn listing(package: &str) -> String {
    let output = cargo()
        .args(["rustdoc", "--quiet", "--package", package, "--lib", "--all-features", "--target-dir"])
        .arg(target())
        .args(["--", "-Zunstable-options", "--output-format", "json"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        // JSON is not stable, which is why the listings go with one version.
        .env("RUSTC_BOOTSTRAP", "1")
        .env_remove("RUSTFLAGS")
        .output()
        .expect("there is cargo, which has run this");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let api = public_api::Builder::from_rustdoc_json(json(package))
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(true)
        .build()
        .expect("the JSON has the format of this compiler");
    // What is hidden begins with `__`; of another crate its private path is shown.
    let is_hidden = |line: &String| line.contains("__") || line.contains("gosync_chan::select::cases::");
    api.items().map(|item| format!("{item}\n")).filter(|line| !is_hidden(line)).collect()
}

#[test]
fn nothing_has_changed() {
    let Some(listings) = listings() else { return };
    if overwrite() {
        fs::write(folder().join("rustc"), rustc()).unwrap();
    }
    for ((name, package), listing) in CRATES.iter().zip(listings) {
        let file = folder().join(name).with_extension("txt");
        if overwrite() {
            fs::write(&file, listing).unwrap();
        }
        let old = fs::read_to_string(&file).unwrap_or_default();
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let (old, new) = (lines(&old), lines(listing));
        let without = |all: &[String], others: &[String], sign: &str| {
            let missing = all.iter().filter(|line| !others.contains(line));
            missing.map(|line| format!("{sign} {line}\n")).collect::<String>()
        };
        let changes = without(&old, &new, "-") + &without(&new, &old, "+");
        assert!(
            old == new,
            "what is public in {package} has changed:\n{changes}(see the head of tests/public_api/main.rs)"
        );
    }
}

/// The paths of all types, functions, macros, constants and traits that a crate has at its root.
fn roots<'a>(listing: &'a str, krate: &str) -> Vec<&'a str> {
    let kinds = [
        "pub mod ",
        "pub struct ",
        "pub enum ",
        "pub fn ",
        "pub const fn ",
        "pub trait ",
        "pub macro ",
        "pub use ",
        "pub type ",
    ];
    let path = |line: &'a str| {
        let rest = kinds.iter().find_map(|kind| line.strip_prefix(kind))?.strip_prefix(krate)?.strip_prefix("::")?;
        // A method's path has one part more.
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        (!rest[end..].starts_with("::")).then_some(&rest[..end])
    };
    listing.lines().filter_map(path).collect()
}

/// Each crate is in the facade as a whole, or with all that is at its root.
#[test]
fn the_facade_is_complete() {
    let Some([_, once, waitgroup, chan, facade]) = listings() else { return };
    let names = roots(facade, "gosync");
    for module in ["atomic", "chan"] {
        assert!(names.contains(&module), "gosync::{module} is not there: {names:?}");
    }
    for (listing, krate) in [(once, "gosync_once"), (waitgroup, "gosync_waitgroup")] {
        let roots = roots(listing, krate);
        assert!(roots.len() >= 3, "{roots:?}");
        for name in roots {
            assert!(names.contains(&name), "gosync::{name} is not there");
        }
    }
    // Macros cannot be had as `gosync::chan::select!` alone where everybody looks for `gosync::select!`.
    let selects: Vec<_> = roots(chan, "gosync_chan").into_iter().filter(|name| name.starts_with("select")).collect();
    assert_eq!(selects.len(), 4, "{selects:?}");
    for name in selects {
        assert!(names.contains(&name), "gosync::{name} is not there");
    }
}

/// The crates, with their documentation; `None` as for the listings.
fn crates() -> Option<Vec<Crate>> {
    listings()?;
    let read = |(_, package): &(&str, &str)| {
        let text = fs::read_to_string(json(package)).expect("it has been made for the listing");
        serde_json::from_str(&text).expect("the JSON has the format of this compiler")
    };
    Some(CRATES.iter().map(read).collect())
}

/// What all crates together have too little of.
fn of_all(crates: &[Crate], problems: impl Fn(&Crate) -> Vec<String>) -> Vec<String> {
    let named = crates.iter().zip(CRATES).map(|(krate, (_, package))| (problems(krate), package));
    named.flat_map(|(items, package)| items.into_iter().map(move |item| format!("{package}: {item}"))).collect()
}

#[test]
fn every_item_is_shown() {
    let Some(mut crates) = crates() else { return };
    assert_eq!(of_all(&crates, shown::not_shown), [""; 0], "these have no example: see tests/public_api/shown.rs");
    // The control: without documentation nothing is shown.
    for item in crates.iter_mut().flat_map(|krate| krate.index.values_mut()) {
        item.docs = None;
    }
    let without = of_all(&crates, shown::not_shown);
    assert!(without.len() > 300, "{without:#?}");
}

#[test]
fn every_item_is_found_by_its_name_in_go() {
    let Some(mut crates) = crates() else { return };
    assert_eq!(of_all(&crates, shown::not_found_by_go_name), [""; 0], "these need a `#[doc(alias = ..)]`");
    // The control: without aliases some are not found.
    for item in crates.iter_mut().flat_map(|krate| krate.index.values_mut()) {
        item.attrs.clear();
    }
    let without = of_all(&crates, shown::not_found_by_go_name);
    assert!(without.len() > 30, "{without:#?}");
}

/// Each type has its traits and its size asserted, under its name, in one file of tests/api each.
#[test]
fn every_type_has_its_traits_and_its_size_asserted() {
    let Some(crates) = crates() else { return };
    for file in ["auto_traits.rs", "sizes.rs"] {
        let text = fs::read_to_string(folder().join("../api").join(file)).unwrap();
        let code: String =
            text.split("\nuse ").map(|part| part.split_once(";\n").map_or(part, |(_, code)| code)).collect();
        let has = |name: &str| code.split(|c: char| !c.is_alphanumeric()).any(|word| word == name);
        assert!(has("Receiver") && !has("use"), "{code}");
        let missing = of_all(&crates, |krate| shown::types(krate).into_iter().filter(|name| !has(name)).collect());
        assert_eq!(missing, [""; 0], "these are not in tests/api/{file}");
    }
}
