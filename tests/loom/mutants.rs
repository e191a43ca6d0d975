//! Weakens every site of the shipped code, one at a time, and expects some model to fail.
//!
//! Sites are read from the sources, so that one which no model reaches is found. Orderings get the next weaker ones,
//! steps are skipped. Only models that pass unweakened count as killers, and only those that reach the site are run. A
//! mutant that survives must be in `survivors.txt` with the reason why no execution can tell; one that is listed there
//! and dies all the same is a failure too, so the list cannot rot.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use crate::model::{self, Model, Request, Verdict};

const SURVIVORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/loom/survivors.txt");

/// One place in the sources.
#[derive(Debug)]
struct Site {
    name: String,
    /// `None` for a step.
    order: Option<String>,
}

#[derive(Debug)]
struct Baseline {
    name: String,
    sites: BTreeSet<String>,
    executions: usize,
    bound: usize,
}

/// Runs all mutants whose site contains one of the filters, or all.
pub(crate) fn run(models: &[Model], filters: &[String]) -> ExitCode {
    let start = Instant::now();
    let (sites, mut problems) = sites();
    let runs = in_parallel(models.iter().filter(|model| model.expected == Verdict::Pass), |model| {
        let request = Request { at_most: Some(model.mutant_bound), ..Request::default() };
        (model.name(), model.mutant_bound, model::run(&model.name(), false, &request))
    });
    let mut baselines = Vec::new();
    let mut vacuous = 0;
    for (name, bound, run) in runs {
        match run.verdict {
            Verdict::Pass => baselines.push(Baseline { name, sites: run.sites, executions: run.executions, bound }),
            // At this bound it says nothing about the code, so it may not kill.
            Verdict::Vacuous => vacuous += 1,
            verdict => problems.push(format!("{name} fails without a mutant: {verdict}")),
        }
    }
    baselines.sort_by_key(|baseline| baseline.executions);
    println!(
        "{} models pass at their bound for mutants and may kill; {vacuous} need a wider bound and may not",
        baselines.len()
    );

    let selected: Vec<&Site> = sites
        .iter()
        .filter(|site| filters.is_empty() || filters.iter().any(|filter| site.name.contains(filter.as_str())))
        .collect();
    for site in &selected {
        if !baselines.iter().any(|baseline| baseline.sites.contains(&site.name)) {
            problems.push(format!("no model reaches `{}`", site.name));
        }
    }
    let mutants: Vec<(&Site, String)> =
        selected.iter().flat_map(|&site| weakenings(site).map(move |how| (site, how))).collect();
    let verdicts = in_parallel(mutants.iter(), |(site, how)| kill(site, how, &baselines));

    let reasons = reasons();
    let mut killed = 0;
    let mut argued = 0;
    for ((site, how), death) in mutants.iter().zip(verdicts) {
        let mutant = format!("{}={how}", site.name);
        match (death, reasons.get(&mutant)) {
            (Some((verdict, model)), None) => {
                killed += 1;
                println!("killed    {mutant:<40} {verdict:<10} {model}");
            }
            (None, Some(reason)) => {
                argued += 1;
                println!("survived  {mutant:<40} {reason}");
            }
            (Some((verdict, model)), Some(_)) => {
                println!("killed    {mutant:<40} {verdict:<10} {model}");
                problems.push(format!("{mutant} is listed as a survivor, but {model} kills it"));
            }
            (None, None) => {
                println!("SURVIVED  {mutant}");
                problems.push(format!("{mutant} survives, and survivors.txt gives no reason"));
            }
        }
    }
    if filters.is_empty() {
        let known: BTreeSet<String> = mutants.iter().map(|(site, how)| format!("{}={how}", site.name)).collect();
        let stale = reasons.keys().filter(|mutant| !known.contains(*mutant));
        problems.extend(stale.map(|mutant| format!("survivors.txt lists {mutant}, which does not exist")));
    }
    problems.iter().for_each(|problem| println!("PROBLEM: {problem}"));
    println!(
        "{} sites, {} mutants: {killed} killed, {argued} survive for a listed reason, {} problems; {:.1} s",
        selected.len(),
        mutants.len(),
        problems.len(),
        start.elapsed().as_secs_f64()
    );
    let (passed, failed) = (killed + argued, problems.len());
    println!("mutants: {passed} passed, {failed} failed");
    if failed == 0 && passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn weakenings(site: &Site) -> impl Iterator<Item = String> + use<> {
    let weaker: &[&str] = match site.order.as_deref() {
        None => &["skip"],
        Some("Relaxed") => &[],
        Some("Acquire" | "Release") => &["Relaxed"],
        Some("AcqRel") => &["Acquire", "Release"],
        Some(order) => panic!("`{}` has ordering {order}", site.name),
    };
    weaker.iter().map(|how| how.to_string())
}

/// The first model that fails with this mutant, smallest first.
fn kill(site: &Site, how: &str, baselines: &[Baseline]) -> Option<(Verdict, String)> {
    let mutant = format!("{}={how}", site.name);
    baselines.iter().filter(|baseline| baseline.sites.contains(&site.name)).find_map(|baseline| {
        let request = Request { at_most: Some(baseline.bound), mutant: Some(mutant.clone()), ..Request::default() };
        let verdict = model::run(&baseline.name, false, &request).verdict;
        assert!(verdict != Verdict::Broken, "{mutant} on {}: a mistake in the set-up", baseline.name);
        // A witness that is gone is a symptom, not a proof that something is wrong.
        let dead = !matches!(verdict, Verdict::Pass | Verdict::Vacuous);
        dead.then(|| (verdict, baseline.name.clone()))
    })
}

/// All sites in the sources of the shipped crates, and what is wrong with them.
fn sites() -> (Vec<Site>, Vec<String>) {
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

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the sources are there") {
        let path = entry.expect("a folder can be read").path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// `survivors.txt`: a mutant, a colon, the reason; lines that begin with `#` are comments.
fn reasons() -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(SURVIVORS).expect("survivors.txt is there");
    text.lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (mutant, reason) = line.split_once(':').expect("survivors.txt: `site=how: reason`");
            (mutant.trim().to_owned(), reason.trim().to_owned())
        })
        .collect()
}

/// As `map`, on as many threads as there are CPUs; each call mostly waits for a child.
fn in_parallel<T: Sync, R: Send>(items: impl Iterator<Item = T>, f: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let items: Vec<T> = items.collect();
    let results: Vec<Mutex<Option<R>>> = items.iter().map(|_| Mutex::new(None)).collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(i) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&i| i < items.len()) {
                    *results[i].lock().expect("one thread per item") = Some(f(&items[i]));
                }
            });
        }
    });
    results.into_iter().map(|cell| cell.into_inner().expect("no panic").expect("every item was done")).collect()
}
