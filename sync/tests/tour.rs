//! The example `tour`: each topic prints what it promises, and the checker convicts the broken programs and no others.

#[path = "../examples/tour/main.rs"]
mod tour;

use tour::tour;

fn run(arguments: &[&str]) -> Result<String, String> {
    let mut out = Vec::new();
    let done = tour(arguments.iter().map(Into::into), false, &mut out).expect("a vector takes all that is written");
    done.map(|()| String::from_utf8(out).expect("it is text"))
}

/// The names of all topics.
fn names() -> Vec<String> {
    let list = run(&["--list"]).unwrap();
    list.lines().map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
}

/// What the topic's program prints, and what the checker says of both models.
fn printed(name: &str) -> (Vec<String>, Option<(String, String)>) {
    let text = run(&["--brief", name]).unwrap();
    let mut lines = text.lines().skip_while(|line| *line != "  It prints").skip(1);
    let output = lines.by_ref().take_while(|line| !line.is_empty()).map(|line| line.trim().to_owned()).collect();
    let verdict = |line: &str| line.split_once(':').unwrap().1.trim().to_owned();
    let models = lines.next().map(|_| (verdict(lines.next().unwrap()), verdict(lines.next().unwrap())));
    (output, models)
}

#[test]
fn programs() {
    let hello = "hello, world";
    let expected: &[(&str, &[&str])] = &[
        ("program-order", &["1 2"]),
        ("races", &["2"]),
        ("publication", &["3"]),
        ("channel-send", &[hello, hello]),
        ("channel-close", &["1", "Err(RecvError) hello, world"]),
        ("channel-unbuffered", &[hello]),
        ("channel-capacity", &["eight threads, at most three at a time: true"]),
        ("mutex", &[hello, hello]),
        ("waitgroup", &["[0, 1, 4, 9]"]),
        ("once", &[hello, hello]),
        ("atomics", &[hello, "13 13 15 6"]),
        ("compare-and-swap", &["3999"]),
        ("stack", &["4000 values, each once: true"]),
        ("package-init", &["a = 9, b = 4, c = 5, d = 5"]),
        ("go-start", &[hello]),
        ("go-exit", &["hello"]),
        ("double-checked", &[hello, hello]),
        ("lazy", &["10 10, computed 1 time"]),
        ("producer-consumer", &["0", "1 *", "2 **", "3 ***", "4 ****"]),
        ("reordering", &["2 and then 0: false"]),
        ("visibility", &[hello]),
        ("race-testing", &["2"]),
        ("counters", &["4000 4000 4000"]),
        ("owned-map", &["memory 1", "channel 1", "memory 2"]),
        ("barriers", &["neither saw the other: 0 times of 100"]),
    ];
    for (name, lines) in expected {
        assert_eq!(printed(name).0, *lines, "{name}");
    }
    let times = printed("false-sharing").0;
    assert_eq!(times[0], "counted 500000 and 500000 in one line, 500000 and 500000 in two");
    // What it took is as it comes; that it is said is not.
    assert!(times[1].starts_with("an addition took "), "{times:?}");
    let mut covered: Vec<&str> = expected.iter().map(|(name, _)| *name).collect();
    covered.push("false-sharing");
    assert_eq!(names(), covered, "a topic without its line here");
}

#[test]
fn verdicts() {
    let race = "Causality violation: Concurrent ";
    let expected = [
        ("races", race),
        ("publication", race),
        ("go-exit", race),
        ("double-checked", race),
        ("reordering", "printed 2 and then 0 "),
        ("visibility", race),
        ("race-testing", race),
        ("barriers", "neither saw the other "),
    ];
    for name in names() {
        let models = printed(&name).1;
        let expected = expected.iter().find(|(expected, _)| *expected == name);
        assert_eq!(models.is_some(), expected.is_some(), "{name}");
        if let (Some((broken, repaired)), Some((_, problem))) = (models, expected) {
            assert!(broken.starts_with(problem), "{name}: {broken}");
            assert!(repaired.starts_with("holds in all executions ("), "{name}: {repaired}");
        }
    }
}

#[test]
fn whole_topics_have_both_programs() {
    let text = run(&["mutex"]).unwrap();
    assert!(text.contains("var l sync.Mutex") && text.contains("static L: RawMutex"), "{text}");
    assert!(!text.contains("-- the program --"), "{text}");
}

#[test]
fn arguments() {
    let channels = run(&["--brief", "channel"]).unwrap();
    assert_eq!(channels.matches("(channel-").count(), 4, "{channels}");
    assert!(run(&["no-such"]).unwrap_err().contains("no-such"));
    assert!(run(&["--no-such"]).unwrap_err().contains("--no-such"));
    assert!(run(&["--help"]).unwrap().starts_with("usage: tour"));
}
