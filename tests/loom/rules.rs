//! The table in docs/RULES.md: which rules there are, and which models and controls each has. It cannot drift: the runner
//! fails if it and the models differ.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Model, Verdict};

/// Rows of the table, by rule.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    rows: BTreeMap<String, Row>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Row {
    models: BTreeSet<String>,
    controls: BTreeSet<String>,
}

impl Rules {
    /// Reads the table: rows of `| rule | kind | clause | models | controls |`, rules in backquotes, shapes separated by
    /// semicolons. A column of models without any says why in parentheses.
    pub(crate) fn read() -> Rules {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/RULES.md");
        let text = std::fs::read_to_string(path).expect("docs/RULES.md is there");
        let mut rules = Rules::default();
        for line in text.lines() {
            let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
            let [rule, _kind, _clause, models, controls] = cells[..] else { continue };
            let Some(rule) = rule.strip_prefix('`').and_then(|rule| rule.strip_suffix('`')) else { continue };
            let row = Row { models: shapes(models), controls: shapes(controls) };
            assert!(rules.rows.insert(rule.to_owned(), row).is_none(), "two rows for {rule}");
        }
        rules
    }

    /// The number of models and controls that the table lists.
    pub(crate) fn count(&self) -> usize {
        self.rows.values().map(|row| row.models.len() + row.controls.len()).sum()
    }

    /// Whether the table lists just these models.
    pub(crate) fn check(&self, models: &[Model]) -> Result<(), String> {
        let mut found: BTreeMap<String, Row> = BTreeMap::new();
        for model in models {
            let row = found.entry(model.rule.to_owned()).or_default();
            let shapes = if model.expected == Verdict::Pass { &mut row.models } else { &mut row.controls };
            if !shapes.insert(model.shape.clone()) {
                return Err(format!("two models are called {}", model.name()));
            }
        }
        let mut problems = Vec::new();
        for (rule, row) in &found {
            match self.rows.get(rule) {
                None => problems.push(format!("docs/RULES.md has no row for `{rule}`")),
                Some(listed) if listed != row => {
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
        if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
    }
}

fn shapes(cell: &str) -> BTreeSet<String> {
    let is_shape = |shape: &&str| !shape.is_empty() && !shape.starts_with('(') && *shape != "–";
    cell.split(';').map(str::trim).filter(is_shape).map(str::to_owned).collect()
}
