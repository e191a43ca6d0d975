pub(crate) const TEXT: &str = "
A value that is made when it is first asked for, once, whoever asks. A panic of the function is every caller's, as with
`sync.OnceValue`.";

// go: func sieve(int) []int { return nil }
pub(crate) const GO: &str = r#"
var primes = sync.OnceValue(func() []int {
	fmt.Println("computed")
	return sieve(30)
})

fmt.Println(len(primes()), len(primes()))
"#;

pub(crate) const MODELS: super::Models = None;

// -- the program --
use std::io::{self, Write};

use gosync::OnceValue;
use gosync::atomic::Int32;

static TIMES: Int32 = Int32::new(0);

static PRIMES: OnceValue<Vec<u32>> = OnceValue::new(|| {
    TIMES.add(1);
    (2..30).filter(|n| (2..*n).all(|d| n % d != 0)).collect()
});

pub(crate) fn run(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{} {}, computed {} time", PRIMES.get().len(), PRIMES.len(), TIMES.load())
}
