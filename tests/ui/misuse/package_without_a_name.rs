//! A package without its name.

gosync::package! {
    static A: i32 = 1;
}

fn main() {}
