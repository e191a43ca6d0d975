//! What the family makes public, as its sources say.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::sites::rust_files;

/// The shipped packages, and what their items are called in the facade.
const PACKAGES: [(&str, &str); 5] =
    [("atomic", "atomic::"), ("chan", "chan::"), ("once", ""), ("sync", ""), ("waitgroup", "")];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All public types, traits, functions and macros, by the facade's names. Hidden ones are not public.
pub(crate) fn public() -> BTreeSet<String> {
    let mut items = BTreeSet::new();
    for (package, prefix) in PACKAGES {
        let source = root().join(package).join("src");
        module(&source.join("lib.rs"), &source, prefix, &mut items);
        let mut files = Vec::new();
        rust_files(&source, &mut files);
        for file in files {
            let text = std::fs::read_to_string(file).expect("a source file can be read");
            exported_macros(&text, &mut items);
        }
    }
    items
}

/// The public items at the top of a file, and those of the public modules that it declares.
fn module(file: &Path, folder: &Path, prefix: &str, items: &mut BTreeSet<String>) {
    let text = std::fs::read_to_string(file).expect("a module's file is there");
    let mut hidden = false;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        hidden |= line.starts_with("#[doc(hidden)]");
        let Some(item) = line.strip_prefix("pub ") else {
            hidden &= line.starts_with("#[") || line.starts_with("///");
            continue;
        };
        if !std::mem::take(&mut hidden) {
            let mut item = item.to_owned();
            while item.starts_with("use ") && !item.ends_with(';') {
                item += lines.next().expect("a `use` ends");
            }
            declared(&item, folder, prefix, items);
        }
    }
}

/// One public item, from behind its `pub`.
fn declared(item: &str, folder: &Path, prefix: &str, items: &mut BTreeSet<String>) {
    let name = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    if let Some(path) = item.strip_prefix("use ") {
        // What the facade passes on counts where it comes from; with a name of its own it is a module.
        if !path.starts_with("gosync_") && !path.contains(" as ") {
            let names = path.trim_end_matches(';').rsplit("::").next().expect("a path has an end");
            let names = names.trim_matches(['{', '}']).split(',').map(str::trim).filter(|name| !name.is_empty());
            items.extend(names.map(|name| format!("{prefix}{name}")));
        }
    } else if let Some(module_name) = item.strip_prefix("mod ").map(name) {
        let files = [folder.join(format!("{module_name}.rs")), folder.join(&module_name).join("mod.rs")];
        if let Some(file) = files.iter().find(|file| file.exists() && !module_name.starts_with("__")) {
            module(file, &folder.join(&module_name), &format!("{prefix}{module_name}::"), items);
        }
    } else {
        let kinds =
            ["const fn ", "unsafe fn ", "fn ", "struct ", "enum ", "trait ", "type ", "union ", "static ", "const "];
        let rest = kinds.iter().find_map(|kind| item.strip_prefix(kind));
        items.extend(rest.map(|rest| format!("{prefix}{}", name(rest))));
    }
}

/// Macros are called `name!`; they are the root's.
fn exported_macros(text: &str, items: &mut BTreeSet<String>) {
    let mut exported = false;
    for line in text.lines() {
        match line.strip_prefix("macro_rules! ") {
            Some(rest) => {
                let name = rest.trim_end_matches([' ', '{']);
                if std::mem::take(&mut exported) && !name.starts_with("__") {
                    items.insert(format!("{name}!"));
                }
            }
            None => exported = line == "#[macro_export]" || (exported && line.starts_with("#[")),
        }
    }
}

/// Words in backquotes in the documentation of the shipped crates that have the form of a rule, each with its file.
pub(crate) fn named_rules(rules: &[String]) -> Vec<(String, String)> {
    let areas: BTreeSet<&str> = rules.iter().filter_map(|rule| rule.split('.').next()).collect();
    let mut named = Vec::new();
    for (package, _) in PACKAGES {
        let mut files = Vec::new();
        rust_files(&root().join(package).join("src"), &mut files);
        for file in files {
            let text = std::fs::read_to_string(&file).expect("a source file can be read");
            for comment in text.lines().filter_map(|line| line.trim_start().strip_prefix("//")) {
                let words = comment.split('`').skip(1).step_by(2).filter(|word| {
                    let area = word.split_once('.').map(|(area, _)| area);
                    word.contains('-') && !word.contains(' ') && area.is_some_and(|area| areas.contains(area))
                });
                named.extend(words.map(|word| (file.display().to_string(), word.to_owned())));
            }
        }
    }
    named
}
