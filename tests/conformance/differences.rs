//! The table of README.md.

use std::collections::HashMap;

/// What stands for gosync where there is no twin.
pub(crate) const NONE: &str = "–";

/// A line of the table.
pub(crate) struct Difference {
    pub(crate) go: String,
    pub(crate) gosync: String,
}

/// Those that no case has asked for yet, by name.
pub(crate) struct Differences(HashMap<String, Difference>);

impl Differences {
    /// Rows of four cells: the case, Go, gosync, why. The first three are code, or a dash.
    pub(crate) fn read(text: &str) -> Differences {
        let rows = text.lines().filter_map(|line| {
            let cells: Vec<_> = line.strip_prefix("| `")?.strip_suffix(" |")?.split(" | ").collect();
            let [name, go, gosync, _] = cells[..] else { return None };
            let cell = |cell: &str| cell.trim_matches('`').to_owned();
            Some((cell(name), Difference { go: cell(go), gosync: cell(gosync) }))
        });
        Differences(rows.collect())
    }

    pub(crate) fn take(&mut self, name: &str) -> Option<Difference> {
        self.0.remove(name)
    }

    /// The names that are left.
    pub(crate) fn rest(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
