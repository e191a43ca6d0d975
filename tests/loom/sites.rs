//! The sites of the shipped crates, as their sources name them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// One place in the sources.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) name: String,
    /// `None` for a step.
    order: Option<String>,
}

/// A site, and how it is weakened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mutant<'a> {
    pub(crate) site: &'a Site,
    pub(crate) how: &'static str,
}

impl Mutant<'_> {
    /// As `GOSYNC_MUTANT` has it.
    pub(crate) fn name(&self) -> String {
        format!("{}={}", self.site.name, self.how)
    }

    /// What stands there in the shipped code.
    pub(crate) fn shipped(&self) -> &str {
        self.site.order.as_deref().unwrap_or("step")
    }

    /// Whether an ordering is weakened, and not a step left out.
    pub(crate) fn is_ordering(&self) -> bool {
        self.site.order.is_some()
    }

    /// Whether what is left out tells somebody who sleeps.
    pub(crate) fn is_wake(&self) -> bool {
        let last = self.site.name.rsplit('.').next().unwrap_or("");
        self.how == "skip" && ["wake", "tell"].iter().any(|word| last.starts_with(word))
    }
}

impl Site {
    /// The next weaker orderings; nothing is weaker than `Relaxed`.
    pub(crate) fn mutants(&self) -> impl Iterator<Item = Mutant<'_>> {
        let weaker: &[&str] = match self.order.as_deref() {
            None => &["skip"],
            Some("Relaxed") => &[],
            Some("Acquire" | "Release") => &["Relaxed"],
            Some("AcqRel") => &["Acquire", "Release"],
            Some(order) => panic!("`{}` has ordering {order}", self.name),
        };
        weaker.iter().map(move |how| Mutant { site: self, how })
    }
}

/// All sites, and what is wrong with the sources.
pub(crate) fn sites() -> (Vec<Site>, Vec<String>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for package in ["atomic", "once", "waitgroup", "chan", "sync"] {
        rust_files(&root.join(package).join("src"), &mut files);
    }
    files.sort();
    let mut sites: Vec<Site> = Vec::new();
    let mut problems = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a source file can be read");
        let seam = file.components().any(|part| part.as_os_str() == "native" || part.as_os_str() == "model");
        let is_macro = file.ends_with("sites.rs");
        let code: String = text.lines().fold(String::new(), |mut code, line| {
            let comment = line.find("//").unwrap_or(line.len());
            writeln!(code, "{}", &line[..comment]).expect("writing to a string");
            code
        });
        if seam || is_macro {
            continue;
        }
        for word in ["Ordering::", "SeqCst"] {
            if code.contains(word) {
                problems.push(format!("{} says {word}: orderings are written ord!", file.display()));
            }
        }
        for (key, is_order) in [("ord!(", true), ("step!(", false)] {
            for (at, _) in code.match_indices(key) {
                let mut parts = code[at + key.len()..].splitn(3, '"');
                let (before, name) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
                assert!(before.trim().is_empty(), "{}: {key} without a name", file.display());
                let rest = parts.next().unwrap_or("");
                let order = is_order.then(|| {
                    let word = rest.trim_start_matches([',', ' ', '\n']);
                    word.chars().take_while(char::is_ascii_alphanumeric).collect()
                });
                if sites.iter().any(|site| site.name == name) {
                    problems.push(format!("two sites are called `{name}`"));
                }
                sites.push(Site { name: name.to_owned(), order });
            }
        }
    }
    (sites, problems)
}

/// All Rust files below a folder.
pub(crate) fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the sources are there") {
        let path = entry.expect("a folder can be read").path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
