//! The tables in docs/RULES.md: which rules there are, which models and controls each has, what each is about. They cannot
//! drift: the runner fails if they and the models, or they and the sources, differ.

use std::collections::{BTreeMap, BTreeSet};

use crate::items;
use crate::model::{Model, Verdict};

/// The tables.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    rows: BTreeMap<String, Row>,
    /// In the order of the table.
    order: Vec<String>,
    /// Public items, and patterns for the rules that apply to them.
    about: Vec<(Vec<String>, Vec<String>)>,
    /// Rules that concern nothing that is shipped.
    elsewhere: BTreeSet<String>,
    /// Patterns of rules that are not there yet.
    pending: Vec<String>,
    /// The patterns of the walk through the memory model.
    walk: Vec<String>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Row {
    models: BTreeSet<String>,
    controls: BTreeSet<String>,
}

/// The headings that the tables stand under.
const ABOUT: &str = "What each rule is about";
const ELSEWHERE: &str = "Rules about what is not here";
const PENDING: &str = "Not there yet";
const WALK: &str = "Go's memory model, heading by heading";

impl Rules {
    /// Reads the tables. The first has rows of `| rule | kind | clause | models | controls |`, rules in backquotes, shapes
    /// separated by semicolons; a group of generated models is listed as `group (number)`. A column of models without any
    /// says why in parentheses.
    pub(crate) fn read() -> Rules {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/RULES.md");
        let text = std::fs::read_to_string(path).expect("docs/RULES.md is there");
        let (mut rules, mut heading) = (Rules::default(), "");
        for line in text.lines() {
            if let Some(title) = line.strip_prefix("## ") {
                heading = title;
            }
            let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
            match (heading, &cells[..]) {
                (PENDING, _) => rules.pending.extend(quoted(line)),
                (ABOUT, [items, patterns]) => rules.about.push((quoted(items), quoted(patterns))),
                (ELSEWHERE, [names, _, _]) => rules.elsewhere.extend(quoted(names)),
                (WALK, [_, _, patterns]) => rules.walk.extend(quoted(patterns)),
                (_, [name, _kind, _clause, models, controls]) if name.starts_with('`') => {
                    let name = name.trim_matches('`').to_owned();
                    let row = Row { models: shapes(models), controls: shapes(controls) };
                    rules.order.push(name.clone());
                    assert!(rules.rows.insert(name.clone(), row).is_none(), "two rows for {name}");
                }
                _ => {}
            }
        }
        rules
    }

    /// The rules of the first table, in its order.
    pub(crate) fn names(&self) -> &[String] {
        &self.order
    }

    /// How many rules have models, how many have a control only, and how many have neither and say why.
    pub(crate) fn covered(&self) -> [usize; 3] {
        let count = |select: fn(&Row) -> bool| self.rows.values().filter(|row| select(row)).count();
        [
            count(|row| !row.models.is_empty()),
            count(|row| row.models.is_empty() && !row.controls.is_empty()),
            count(|row| row.models.is_empty() && row.controls.is_empty()),
        ]
    }

    /// Whether there are models of this rule.
    pub(crate) fn has_models(&self, rule: &str) -> bool {
        self.rows.get(rule).is_some_and(|row| !row.models.is_empty())
    }

    /// The number of rules about what is not here.
    pub(crate) fn elsewhere(&self) -> usize {
        self.elsewhere.len()
    }

    /// The number of models and controls that the table lists.
    pub(crate) fn count(&self) -> usize {
        let size = |shape: &String| {
            let group = shape.strip_suffix(')').and_then(|shape| shape.rsplit_once(" ("));
            group.and_then(|(_, number)| number.parse().ok()).unwrap_or(1)
        };
        self.rows.values().flat_map(|row| row.models.iter().chain(&row.controls)).map(size).sum()
    }

    /// The public items that a rule applies to.
    pub(crate) fn about(&self, rule: &str) -> Vec<&str> {
        let rows = self.about.iter().filter(|(_, patterns)| patterns.iter().any(|pattern| matches(pattern, rule)));
        rows.flat_map(|(items, _)| items).map(String::as_str).collect()
    }

    /// Whether the tables list just these models, each rule and each public item.
    pub(crate) fn check(&self, models: &[Model]) -> Result<(), String> {
        let mut problems = Vec::new();
        self.check_models(models, &mut problems);
        self.check_items(&mut problems);
        self.check_patterns(&mut problems);
        if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
    }

    fn check_models(&self, models: &[Model], problems: &mut Vec<String>) {
        let mut names = BTreeSet::new();
        let mut found: BTreeMap<String, [BTreeMap<String, usize>; 2]> = BTreeMap::new();
        for model in models {
            if !names.insert(model.name()) {
                problems.push(format!("two models are called {}", model.name()));
            }
            let [passing, failing] = found.entry(model.rule.to_owned()).or_default();
            let shapes = if model.expected == Verdict::Pass { passing } else { failing };
            let shape = model.shape.split_once(": ").map_or(model.shape.clone(), |(group, _)| format!("{group}: "));
            *shapes.entry(shape).or_default() += 1;
        }
        let listed = |shapes: &BTreeMap<String, usize>| {
            let name = |(shape, number): (&String, &usize)| match shape.strip_suffix(": ") {
                Some(group) => format!("{group} ({number})"),
                None => shape.clone(),
            };
            shapes.iter().map(name).collect()
        };
        for (rule, [passing, failing]) in &found {
            let row = Row { models: listed(passing), controls: listed(failing) };
            match self.rows.get(rule) {
                None => problems.push(format!("docs/RULES.md has no row for `{rule}`")),
                Some(listed) if *listed != row => {
                    problems.push(format!("docs/RULES.md lists for `{rule}`\n  {listed:?}\nbut there are\n  {row:?}"));
                }
                Some(_) => {}
            }
        }
        for (rule, row) in &self.rows {
            if !found.contains_key(rule) && *row != Row::default() {
                problems.push(format!("docs/RULES.md lists models for `{rule}`, and there are none"));
            }
        }
    }

    /// No public item without its rules, no rule without what it is about.
    fn check_items(&self, problems: &mut Vec<String>) {
        let items = items::public();
        let listed: Vec<&String> = self.about.iter().flat_map(|(items, _)| items).collect();
        for item in &items {
            match listed.iter().filter(|listed| **listed == item).count() {
                0 => problems.push(format!("docs/RULES.md does not say which rules apply to `{item}`")),
                1 => {}
                _ => problems.push(format!("docs/RULES.md lists `{item}` twice under \"{ABOUT}\"")),
            }
        }
        let unknown = listed.iter().filter(|item| !item.starts_with("__sys") && !items.contains(**item));
        problems.extend(unknown.map(|item| format!("docs/RULES.md lists `{item}`, and there is no such item")));
        let homeless = self.order.iter().filter(|rule| self.about(rule).is_empty());
        problems.extend(homeless.map(|rule| format!("docs/RULES.md does not say what `{rule}` is about")));
    }

    /// Each rule that the document or the documentation of the code names is there.
    fn check_patterns(&self, problems: &mut Vec<String>) {
        let known = |pattern: &String| {
            self.order.iter().chain(&self.elsewhere).any(|rule| matches(pattern, rule))
                || self.pending.contains(pattern)
        };
        let patterns = self.about.iter().flat_map(|(_, patterns)| patterns).chain(&self.walk);
        problems.extend(
            patterns
                .filter(|pattern| !known(pattern))
                .map(|pattern| format!("docs/RULES.md names `{pattern}`: no rule")),
        );
        let here = self.pending.iter().filter(|pattern| self.order.iter().any(|rule| matches(pattern, rule)));
        problems.extend(here.map(|pattern| format!("`{pattern}` is there, and docs/RULES.md says \"{PENDING}\"")));
        let both = self.elsewhere.iter().filter(|rule| self.rows.contains_key(*rule));
        problems.extend(both.map(|rule| format!("docs/RULES.md says of `{rule}` that it is here and that it is not")));
        for (file, named) in items::named_rules(&self.order) {
            if !known(&named) {
                problems.push(format!("{file} names `{named}`: no rule"));
            }
        }
    }
}

/// `chan.*` stands for all rules that begin with `chan.`.
fn matches(pattern: &str, rule: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == rule, |start| rule.starts_with(start))
}

/// What stands in backquotes; nothing in a cell that says in parentheses why it has none.
fn quoted(cell: &str) -> Vec<String> {
    let cell = if cell.starts_with('(') { "" } else { cell };
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn shapes(cell: &str) -> BTreeSet<String> {
    let cell = if cell.starts_with('(') { "" } else { cell };
    let is_shape = |shape: &&str| !shape.is_empty() && *shape != "–";
    cell.split(';').map(str::trim).filter(is_shape).map(str::to_owned).collect()
}
