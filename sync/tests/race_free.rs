//! The example `race_free`: no addition and no word is lost, in whichever way they are counted.

#[path = "../examples/race_free.rs"]
mod race_free;

use race_free::{count_words, run, with_atomic, with_channel, with_mutex};

#[test]
fn no_addition_is_lost() {
    for way in [with_mutex, with_atomic, with_channel] {
        assert_eq!([way(0, 1), way(1, 1), way(2, 0), way(8, 5_000)], [0, 1, 0, 40_000]);
    }
}

#[test]
fn no_word_is_lost() {
    assert!(count_words(&[]).is_empty());
    let map = count_words(&["a b A", "b c a", ""]);
    assert!(map.into_iter().eq([("a".to_owned(), 3), ("b".to_owned(), 2), ("c".to_owned(), 1)]));
}

/// What it prints, but for the times.
#[test]
fn output() {
    let mut out = Vec::new();
    run(3, 100, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().take(2).collect()).collect();
    let expected = [
        ["mutex", "300"],
        ["atomic", "300"],
        ["channel", "300"],
        ["by", "2"],
        ["memory", "3"],
        ["owner", "2"],
        ["the", "4"],
    ];
    assert_eq!(lines, expected.map(|line| line.to_vec()));
}
