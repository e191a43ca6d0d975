//! What a variable is initialised with has to say `unsafe` where it is.

gosync::package! {
    package P;
    static A: usize = String::from_utf8_unchecked(vec![0xff]).len();
    fn init() {
        std::hint::unreachable_unchecked()
    }
}

fn main() {}
