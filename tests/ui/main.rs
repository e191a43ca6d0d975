//! Misuse that must not compile, and what the compiler says then.
//!
//! Each file of [`misuse`](misuse/) is compiled, must fail, and the message is in the file beside it. The messages are in
//! part the compiler's own, so they are compared with the version of Rust that wrote them only, which `misuse/rustc` names;
//! with another one a program must fail to compile, however it says so. To write them anew:
//!
//! ```console
//! $ TRYBUILD=overwrite cargo test -p gosync-tests --test ui && rustc --version > tests/ui/misuse/rustc
//! ```

use std::path::Path;
use std::process::Command;
use std::{env, fs};

fn version() -> String {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output().expect("there is a compiler, which has made this");
    String::from_utf8(output.stdout).expect("it is text")
}

#[test]
fn misuse() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui/misuse");
    let cases = trybuild::TestCases::new();
    if fs::read_to_string(folder.join("rustc")).unwrap() == version() || env::var_os("TRYBUILD").is_some() {
        cases.compile_fail(folder.join("*.rs"));
        return;
    }
    // Without a message beside it a program only has to fail.
    let copies = env::temp_dir().join(format!("gosync-misuse-{}", std::process::id()));
    fs::create_dir_all(&copies).unwrap();
    for file in fs::read_dir(folder).unwrap() {
        let file = file.unwrap().path();
        if file.extension().is_some_and(|extension| extension == "rs") {
            fs::copy(&file, copies.join(file.file_name().unwrap())).unwrap();
        }
    }
    cases.compile_fail(copies.join("*.rs"));
}
