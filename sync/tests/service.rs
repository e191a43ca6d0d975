//! The example `service`: it prints what Go's does. `sync/examples/service/compare` runs both.

#[path = "../examples/service/main.rs"]
mod service;

#[test]
fn prints_what_go_does() {
    let mut out = Vec::new();
    service::run(&gosync::Context::background(), &mut out).unwrap();
    let expected = "\
all: [1 4 9 16 25 36 49 64 81 100] <nil>
stopped: true <nil>
failed: true job 7: does not work
late: 0 true
";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}
