//! `cargo rules`: runs every model and every mutant, and closes with the account of the rule book. docs/RULES-SITES.md is
//! its third table, rules by the sites whose weakening their models notice: checked, or written with `--write`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::process::ExitCode;

use crate::model::{Model, Options, Verdict};
use crate::mutants::{self, Report};
use crate::rules::Rules;
use crate::runner;

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/RULES-SITES.md");
const REASONS: &str = include_str!("no-sites.txt");

/// Runs everything.
pub(crate) fn run(models: Vec<Model>, write: bool) -> ExitCode {
    let (mut report, mut problems) = {
        let report = mutants::table(&models, &[], true);
        let problems = report.problems.clone();
        (report, problems)
    };
    let rules = Rules::read();
    let table = table(&rules, &report, &mut problems);
    let written = std::fs::read_to_string(TABLE).unwrap_or_default();
    if write {
        std::fs::write(TABLE, &table).expect("docs/RULES-SITES.md can be written");
    } else if written != table {
        problems.extend(differences(&written, &table));
    }
    let expected = models.iter().filter(|model| model.expected != Verdict::Pass).fold(
        BTreeMap::<Verdict, usize>::new(),
        |mut verdicts, model| {
            *verdicts.entry(model.expected).or_default() += 1;
            verdicts
        },
    );
    // Models whose bound is no wider than that for mutants have run just so.
    let known = std::mem::take(&mut report.whole);
    let (code, totals) = runner::run(models, Options::default(), vec!["--quiet".to_owned()], known);

    let [with_models, with_control, argued] = rules.covered();
    println!();
    println!(
        "rules      {} of {}: {with_models} have models, {with_control} a control only; {argued} have neither, and {} are \
         about what is not here: the table says why",
        with_models + with_control,
        rules.names().len(),
        rules.elsewhere()
    );
    println!(
        "models     {}, in {} executions (those of the controls are among them)",
        totals.models, totals.executions
    );
    println!("controls   {} that fail as they must: {}", totals.controls, counts(&expected));
    println!(
        "mutants    {} of {} sites (the others are Relaxed already): {} killed ({})",
        report.mutants,
        report.sites,
        report.killed,
        counts(&report.causes)
    );
    println!("survivors  {}", report.argued.len());
    report.argued.iter().for_each(|(mutant, reason)| println!("           {mutant}: {reason}"));
    problems.iter().for_each(|problem| println!("PROBLEM: {problem}"));
    if problems.is_empty() { code } else { ExitCode::FAILURE }
}

fn counts<K: std::fmt::Display>(counts: &BTreeMap<K, usize>) -> String {
    counts.iter().map(|(what, number)| format!("{number} {what}")).collect::<Vec<_>>().join(", ")
}

/// The text of docs/RULES-SITES.md.
fn table(rules: &Rules, report: &Report, problems: &mut Vec<String>) -> String {
    let mut sites: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (mutant, deaths) in &report.deaths {
        let site = mutant.split_once('=').map_or(mutant.as_str(), |(site, _)| site);
        deaths.iter().for_each(|death| {
            sites.entry(death.rule).or_default().insert(site);
        });
    }
    let mut reasons: BTreeMap<&str, &str> = REASONS
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split_once(": ").expect("no-sites.txt: `rule: reason`"))
        .collect();
    let mut text = String::from(
        "# Rules and sites\n\n\
         Written by `cargo rules --write`, and checked by `cargo rules`. To each row of [RULES.md](RULES.md): the public items\n\
         that it is about, and the sites of the shipped code, orderings and steps, whose weakening its models notice. A site\n\
         may belong to several rules; all that can be weakened are here.\n\n\
         | rule | items | sites |\n| --- | --- | --- |\n",
    );
    for rule in rules.names() {
        let reason = reasons.remove(rule.as_str());
        let noticed = match (sites.get(rule.as_str()), reason) {
            (Some(sites), None) => sites.iter().copied().collect::<Vec<_>>().join("; "),
            (None, Some(reason)) => format!("({reason})"),
            (None, None) if !rules.has_models(rule) => "(no models)".to_owned(),
            (Some(_), Some(_)) => {
                problems.push(format!("no-sites.txt lists {rule}, and its models do notice sites"));
                continue;
            }
            (None, None) => {
                problems.push(format!("the models of {rule} notice no site, and no-sites.txt gives no reason"));
                continue;
            }
        };
        let items: Vec<String> = rules.about(rule).iter().map(|item| format!("`{item}`")).collect();
        writeln!(text, "| `{rule}` | {} | {noticed} |", items.join(", ")).expect("writing to a string");
    }
    problems.extend(reasons.keys().map(|rule| format!("no-sites.txt lists {rule}, and there is no such rule")));
    text
}

fn differences(written: &str, table: &str) -> Vec<String> {
    let (old, new): (BTreeSet<&str>, BTreeSet<&str>) = (written.lines().collect(), table.lines().collect());
    let stale = old.difference(&new).map(|line| format!("docs/RULES-SITES.md says\n  {line}"));
    let missing = new.difference(&old).map(|line| format!("docs/RULES-SITES.md does not say\n  {line}"));
    let how = std::iter::once("docs/RULES-SITES.md is out of date: `cargo rules --write`".to_owned());
    how.chain(stale).chain(missing).collect()
}
