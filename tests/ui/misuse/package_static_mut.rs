//! A variable that is to change must be an atomic, or be in a mutex.

gosync::package! {
    package P;
    static mut A: i32 = 1;
}

fn main() {}
