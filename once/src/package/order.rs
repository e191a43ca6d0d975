//! The order in which Go initialises the variables of a package, from the text of their initialisers.
//!
//! Go's rule is about what is *written*: a variable depends on another one if its initialiser names it, or names a function
//! that names it, and so on. The next one to be initialised is always the first in the order of declaration that depends on
//! none that is still to come. So `a = c + b; b = f(); c = f(); d = 3`, where `f` counts `d` up, is `d`, `b`, `c`, `a`.
//!
//! The macro passes on the text of each initialiser and of each other item, and what they name is looked up here, word by
//! word. A word that means something else in its place, say a local variable, makes a dependency too many, which costs no
//! more than an order that Go would not have chosen. What an item outside of the package names is not seen: that is
//! initialised when it is asked for.

/// The order of all, or of one and what it depends on. In the latter case without what depends on it in turn: of such a
/// circle it comes first.
///
/// Each variable is its name and the text of its initialiser; an item is text that begins to count when something names a
/// function, constant or macro in it.
pub(super) fn order(variables: &[(&str, &str)], items: &[&str], of: Option<usize>) -> Vec<usize> {
    let named: Vec<Vec<bool>> = variables.iter().map(|(_, text)| named_by(text, variables, items)).collect();
    let dependencies: Vec<Vec<bool>> = (0..variables.len()).map(|i| closure(&named, i)).collect();
    let is_wanted = |i: usize| of.is_none_or(|of| i == of || (dependencies[of][i] && !dependencies[i][of]));
    let mut to_come: Vec<bool> = (0..variables.len()).map(is_wanted).collect();
    let mut order = Vec::new();
    loop {
        let is_ready =
            |&i: &usize| to_come[i] && (0..variables.len()).all(|j| j == i || !to_come[j] || !dependencies[i][j]);
        let remaining = || (0..variables.len()).filter(|&i| to_come[i]);
        // In a circle none is ready. Whether it really is one shows when they are initialised.
        let Some(next) = remaining().find(is_ready).or_else(|| remaining().next()) else { return order };
        to_come[next] = false;
        order.push(next);
    }
}

/// Which variables this text names, itself or by the items that it names.
fn named_by(text: &str, variables: &[(&str, &str)], items: &[&str]) -> Vec<bool> {
    let mut named = vec![false; variables.len()];
    let mut seen = vec![false; items.len()];
    let mut texts = vec![text];
    while let Some(text) = texts.pop() {
        for word in words(text) {
            for (named, (name, _)) in named.iter_mut().zip(variables) {
                *named |= word == bare(name);
            }
            for (i, item) in items.iter().enumerate() {
                if !seen[i] && defines(item, word) {
                    seen[i] = true;
                    texts.push(item);
                }
            }
        }
    }
    named
}

/// One of them and all that it names, directly or not.
fn closure(named: &[Vec<bool>], of: usize) -> Vec<bool> {
    let mut inside = vec![false; named.len()];
    let mut next = vec![of];
    while let Some(i) = next.pop() {
        if !inside[i] {
            inside[i] = true;
            next.extend((0..inside.len()).filter(|&j| named[i][j]));
        }
    }
    inside
}

/// Whether this item has a function, constant or macro of this name.
fn defines(item: &str, name: &str) -> bool {
    let mut before = "";
    words(item).any(|word| {
        let found = word == name && ["fn", "const", "macro_rules"].contains(&before);
        before = word;
        found
    })
}

fn bare(name: &str) -> &str {
    name.strip_prefix("r#").unwrap_or(name)
}

/// The words of a piece of Rust that are outside of literals.
fn words(mut text: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        loop {
            let first = text.chars().next()?;
            let length = text.find(|c: char| !is_of_word(c)).unwrap_or(text.len());
            if length > 0 {
                let (word, rest) = text.split_at(length);
                text = rest;
                if let Some(rest) = ["r", "br", "cr"].contains(&word).then(|| after_raw(rest)).flatten() {
                    text = rest;
                    continue;
                }
                return Some(word);
            }
            text = match first {
                '"' => after_quoted(&text[1..], '"'),
                '\'' if is_character(text) => after_quoted(&text[1..], '\''),
                _ => &text[first.len_utf8()..],
            };
        }
    })
}

fn is_of_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// Whether what begins with this quote is a character, and not a lifetime.
fn is_character(text: &str) -> bool {
    let mut after = text.chars().skip(1);
    after.next() == Some('\\') || after.next() == Some('\'')
}

/// What comes after a literal that ends with this quote.
fn after_quoted(text: &str, quote: char) -> &str {
    let mut escaped = false;
    let end = text.find(|c| {
        let found = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        found
    });
    end.map_or("", |end| &text[end + 1..])
}

/// What comes after a raw literal, if this is what follows the `r` of one.
fn after_raw(text: &str) -> Option<&str> {
    let hashes = text.len() - text.trim_start_matches('#').len();
    let inside = text[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", &text[..hashes]);
    Some(inside.find(&end).map_or("", |at| &inside[at + end.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names in their order.
    fn named<'a>(variables: &[(&'a str, &str)], items: &[&str], of: Option<&str>) -> Vec<&'a str> {
        let of = of.map(|of| variables.iter().position(|(name, _)| *name == of).unwrap());
        order(variables, items, of).into_iter().map(|i| variables[i].0).collect()
    }

    #[test]
    fn the_order_is_that_of_the_specification() {
        let f = "fn f() -> i32 { D.add(1) }";
        let variables = [("A", "*C + *B"), ("B", "f()"), ("C", "f()"), ("D", "3")];
        assert_eq!(named(&variables, &[f], None), ["D", "B", "C", "A"]);
        assert_eq!(named(&variables, &[f], Some("C")), ["D", "C"]);
        // Without the function it is not known that it names `D`.
        assert_eq!(named(&variables, &[], None), ["B", "C", "A", "D"]);
        // What is ready comes first, not what is needed first.
        assert_eq!(named(&[("A", "*C"), ("B", "1"), ("C", "1")], &[], None), ["B", "C", "A"]);
        assert_eq!(named(&[("A", "1"), ("B", "2")], &[], None), ["A", "B"]);
        assert!(named(&[], &[], None).is_empty());
    }

    #[test]
    fn names_are_followed_through_items() {
        let items =
            ["fn f() { g() }", "impl X { fn g() { h!() } }", "macro_rules! h { () => { K } }", "const K: u8 = B.0;"];
        assert_eq!(named(&[("A", "f"), ("B", "1")], &items, None), ["B", "A"]);
        // Round and round.
        assert_eq!(named(&[("A", "f()"), ("B", "1")], &["fn f() { g(B) }", "fn g() { f() }"], None), ["B", "A"]);
    }

    #[test]
    fn circles_begin_where_they_are_declared_first() {
        assert_eq!(named(&[("A", "*B"), ("B", "*A"), ("C", "1")], &[], None), ["C", "A", "B"]);
        assert_eq!(named(&[("A", "*A")], &[], Some("A")), ["A"]);
        let variables = [("X", "*A"), ("A", "*B + *D"), ("B", "*A"), ("D", "1")];
        assert_eq!(named(&variables, &[], None), ["D", "X", "A", "B"]);
        assert_eq!(named(&variables, &[], Some("B")), ["D", "B"]);
    }

    #[test]
    fn words_are_not_looked_for_in_literals() {
        let text = r##"a("b\"c", 'd', '\'', b"e", r"f\", r#"g"h"#, 'i: 1j, r#k, "l" , "##;
        assert_eq!(words(text).collect::<Vec<_>>(), ["a", "b", "i", "1j", "r", "k"]);
        assert_eq!(words("é::ß_1 \"not closed").collect::<Vec<_>>(), ["é", "ß_1"]);
        assert_eq!(words("r#\"not closed\"").count(), 0);
        assert_eq!(named(&[("A", "r#type.len()"), ("r#type", "1")], &[], None), ["r#type", "A"]);
    }
}
