//! That every public item is shown: in an example of its own, or in one of its type; and is found by the name that it has in Go.
//!
//! An item counts as shown if it has an example that runs, or
//!
//! * a method: if an example of its type calls it, or one of a function that returns its type;
//! * a type: if any example of the crate names it, or it is what a function returns that is shown;
//! * if its text begins with "Like [`..`]" or "Same as [`..`]": then it is shown there.

use std::collections::HashSet;

use rustdoc_types::{Attribute, Crate, Id, Item, ItemEnum, Visibility};

/// A public item: its path, itself, and where its examples may stand.
struct Public<'a> {
    path: String,
    item: &'a Item,
    /// The type that it is a method of.
    owner: Option<&'a Item>,
    /// The documentation of that type and of the modules around it.
    around: String,
}

fn is_public(item: &Item) -> bool {
    let is_hidden = |attribute: &Attribute| matches!(attribute, Attribute::Other(text) if text.contains("hidden"));
    let is_ours = item.crate_id == 0 && !item.attrs.iter().any(is_hidden);
    // Those that are part of a trait or of an enum have no visibility of their own.
    is_ours && matches!(item.visibility, Visibility::Public | Visibility::Default)
}

/// All public items of a crate.
fn items(krate: &Crate) -> Vec<Public<'_>> {
    let mut all = Vec::new();
    let mut seen = HashSet::new();
    module(krate, krate.root, "", "", &mut seen, &mut all);
    all
}

fn module<'a>(krate: &'a Crate, id: Id, path: &str, around: &str, seen: &mut HashSet<Id>, all: &mut Vec<Public<'a>>) {
    let item = &krate.index[&id];
    let ItemEnum::Module(content) = &item.inner else { return };
    let around = format!("{around}\n{}", examples(item));
    for id in &content.items {
        let Some(mut item) = krate.index.get(id) else { continue };
        if !is_public(item) {
            continue;
        }
        if let ItemEnum::Use(other) = &item.inner {
            if other.name.starts_with("__") {
                continue;
            }
            let Some(named) = other.id.and_then(|id| krate.index.get(&id)).filter(|item| is_public(item)) else {
                continue;
            };
            item = named;
        }
        let Some(name) = &item.name else { continue };
        if name.starts_with("__") || !seen.insert(item.id) {
            continue;
        }
        let path = format!("{path}{name}");
        if let ItemEnum::Module(_) = item.inner {
            module(krate, item.id, &format!("{path}::"), &around, seen, all);
            continue;
        }
        let methods = methods(krate, item);
        let inner = methods.iter().map(|method| examples(method)).collect::<String>();
        let inner = format!("{around}\n{}\n{inner}", examples(item));
        for method in methods {
            let path = format!("{path}::{}", method.name.as_deref().unwrap_or_default());
            all.push(Public { path, item: method, owner: Some(item), around: inner.clone() });
        }
        all.push(Public { path, item, owner: None, around: inner });
    }
}

/// What a type or a trait has of its own.
fn methods<'a>(krate: &'a Crate, item: &Item) -> Vec<&'a Item> {
    let impls = match &item.inner {
        ItemEnum::Struct(content) => &content.impls,
        ItemEnum::Enum(content) => &content.impls,
        ItemEnum::Trait(content) => return content.items.iter().filter_map(|id| krate.index.get(id)).collect(),
        _ => return Vec::new(),
    };
    let inherent = |id: &Id| match &krate.index.get(id)?.inner {
        ItemEnum::Impl(content) if content.trait_.is_none() => Some(&content.items),
        _ => None,
    };
    let items = impls.iter().filter_map(inherent).flatten().filter_map(|id| krate.index.get(id));
    items.filter(|item| is_public(item) && item.name.as_ref().is_some_and(|name| !name.starts_with("__"))).collect()
}

/// The code of all examples that run, or compile at least.
fn examples(item: &Item) -> String {
    let (mut code, mut inside) = (String::new(), None);
    for line in item.docs.as_deref().unwrap_or_default().lines() {
        match (line.trim().strip_prefix("```"), inside) {
            (Some(kind), None) => inside = Some(["", "rust", "no_run"].contains(&kind)),
            (Some(_), Some(_)) => inside = None,
            (None, Some(true)) => code = code + line + "\n",
            (None, _) => {}
        }
    }
    code
}

fn begins_with_as(item: &Item) -> bool {
    item.docs.as_deref().is_some_and(|docs| docs.starts_with("Like [`") || docs.starts_with("Same as [`"))
}

/// Whether a name stands in a text as a word, with this before it and one of these behind it.
fn has_word(text: &str, before: &str, name: &str, behind: &[char]) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let needle = format!("{before}{name}");
    text.match_indices(&needle).any(|(at, _)| {
        let is_start = !before.is_empty() || !text[..at].ends_with(is_part);
        let rest = &text[at + needle.len()..];
        is_start && !rest.starts_with(is_part) && (behind.is_empty() || rest.starts_with(behind))
    })
}

/// The names of the types that a function returns, within others too.
fn returned(item: &Item) -> Vec<String> {
    let ItemEnum::Function(function) = &item.inner else { return Vec::new() };
    let output = serde_json::to_string(&function.sig.output).expect("it came from JSON");
    let paths = output.split("\"path\":\"").skip(1).filter_map(|rest| rest.split('"').next());
    paths.filter_map(|path| path.rsplit("::").next()).map(str::to_owned).collect()
}

/// The paths of all items that are not shown.
pub(crate) fn not_shown(krate: &Crate) -> Vec<String> {
    let items = items(krate);
    let everything = items.iter().map(|public| examples(public.item)).collect::<String>()
        + &krate
            .index
            .values()
            .filter(|item| matches!(item.inner, ItemEnum::Module(_)))
            .map(examples)
            .collect::<String>();
    let has_own = |item: &Item| begins_with_as(item) || !examples(item).is_empty();
    let is_shown = |public: &Public<'_>| {
        let name = public.item.name.as_deref().unwrap_or_default();
        let Some(owner) = public.owner else {
            let is_returned =
                || items.iter().any(|other| has_own(other.item) && returned(other.item).iter().any(|n| n == name));
            return has_word(&everything, "", name, &[]) || is_returned();
        };
        let owner = owner.name.clone().unwrap_or_default();
        let makers = items.iter().filter(|other| returned(other.item).contains(&owner));
        let nearby = public.around.clone() + &makers.map(|other| examples(other.item)).collect::<String>();
        has_word(&nearby, ".", name, &['(', ':'])
            || has_word(&nearby, &format!("{owner}::"), name, &[])
            || has_word(&everything, &format!("{owner}::"), name, &[])
            || nearby.split(&format!("{owner}::<")).skip(1).any(|rest| has_word(rest, ">::", name, &[]))
    };
    items.iter().filter(|public| !has_own(public.item) && !is_shown(public)).map(|public| public.path.clone()).collect()
}

/// The paths of all items whose text names something of Go by another name, which the search does not find.
pub(crate) fn not_found_by_go_name(krate: &Crate) -> Vec<String> {
    let plain = |text: &str| text.replace('_', "").to_lowercase();
    let has_alias = |attribute: &Attribute| matches!(attribute, Attribute::Other(text) if text.contains("alias"));
    let is_found = |public: &Public<'_>| {
        let docs = public.item.docs.as_deref().unwrap_or_default();
        let Some(go) = docs.split("Go: `").nth(1).or(docs.split("Go:\n`").nth(1)) else { return true };
        let go = go.split('`').next().unwrap_or_default();
        let words = || go.split(|c: char| !c.is_alphanumeric()).map(plain);
        let path = public.path.split("::").map(plain);
        // Go's panics are texts of errors here, and nobody looks for them by name.
        go.starts_with("panic: ")
            || public.item.attrs.iter().any(has_alias)
            || path.into_iter().any(|part| words().any(|word| word == part))
    };
    items(krate).iter().filter(|public| !is_found(public)).map(|public| public.path.clone()).collect()
}

/// The names of all types.
pub(crate) fn types(krate: &Crate) -> Vec<String> {
    let is_type = |public: &&Public<'_>| matches!(public.item.inner, ItemEnum::Struct(_) | ItemEnum::Enum(_));
    items(krate).iter().filter(is_type).filter_map(|public| public.item.name.clone()).collect()
}
