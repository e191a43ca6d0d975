//! Nobody could get the result.

gosync::package! {
    package P;
    fn init() -> i32 { 1 }
}

fn main() {}
