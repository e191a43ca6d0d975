//! `test/chan/powser1.go` and `powser2.go`: arithmetic of power series, each of which is a thread that computes a
//! coefficient when it is asked for one. Series that are defined by themselves go through a split that feeds them back.

use std::collections::VecDeque;
use std::ops::{Add, Mul, Neg};
use std::thread;

use gosync::chan::{self, Receiver, Sender, select};

use crate::watchdog::Watchdog;

/// A rational number, in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Rat {
    num: i64,
    den: i64,
}

impl Rat {
    fn new(num: i64, den: i64) -> Rat {
        let (mut a, mut b) = (num.abs(), den.abs());
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let sign = den.signum();
        Rat { num: sign * num / a, den: sign * den / a }
    }

    fn recip(self) -> Rat {
        Rat::new(self.den, self.num)
    }
}

impl From<i64> for Rat {
    fn from(num: i64) -> Rat {
        Rat::new(num, 1)
    }
}

impl Add for Rat {
    type Output = Rat;
    fn add(self, other: Rat) -> Rat {
        Rat::new(self.num * other.den + other.num * self.den, self.den * other.den)
    }
}

impl Mul for Rat {
    type Output = Rat;
    fn mul(self, other: Rat) -> Rat {
        Rat::new(self.num * other.num, self.den * other.den)
    }
}

impl Neg for Rat {
    type Output = Rat;
    fn neg(self) -> Rat {
        Rat::new(-self.num, self.den)
    }
}

/// The end of a series is `None`: all further coefficients are 0.
type Item = Option<Rat>;

/// A series, to be asked for its coefficients.
struct Series {
    ask: Sender<()>,
    items: Receiver<Item>,
}

/// The side that computes it.
struct Out {
    asked: Receiver<()>,
    items: Sender<Item>,
}

/// Nobody asks any more.
struct Gone;

fn pair() -> (Out, Series) {
    let (ask, asked) = chan::bounded(0);
    let (out, items) = chan::bounded(0);
    (Out { asked, items: out }, Series { ask, items })
}

fn start(f: impl FnOnce() + Send + 'static) {
    thread::Builder::new().stack_size(256 * 1024).spawn(f).unwrap();
}

/// The series that `f` computes.
fn series(f: impl FnOnce(&Out) -> Result<(), Gone> + Send + 'static) -> Series {
    let (out, series) = pair();
    // Whether it ends because the series does or because nobody asks any more, the thread has nothing left to do.
    start(move || f(&out).unwrap_or(()));
    series
}

impl Out {
    /// Waits until it is asked. Nothing may be computed, nor asked for, before.
    fn wait(&self) -> Result<(), Gone> {
        self.asked.recv().map_err(|_| Gone)
    }

    /// Answers.
    fn give(&self, item: impl Into<Item>) -> Result<(), Gone> {
        self.items.send(item.into()).map_err(|_| Gone)
    }

    /// Computes an item whenever it is asked, until the series ends.
    fn each(&self, mut compute: impl FnMut() -> Item) -> Result<(), Gone> {
        loop {
            self.wait()?;
            let item = compute();
            self.give(item)?;
            if item.is_none() {
                return Ok(());
            }
        }
    }

    /// Passes on what is left of another one.
    fn copy(&self, from: &Series) -> Result<(), Gone> {
        self.each(|| from.get())
    }
}

impl Series {
    fn get(&self) -> Item {
        self.ask.send(()).ok()?;
        self.items.recv().ok()?
    }
}

/// The next coefficients of both, which are asked at once.
fn get2(u: &Series, v: &Series) -> [Item; 2] {
    let both = [u, v];
    let (mut ask, mut wait, mut got) = ([true; 2], [false; 2], [None; 2]);
    while ask != [false; 2] || wait != [false; 2] {
        let (to, from) = (|i: usize| ask[i].then_some(&both[i].ask), |i: usize| wait[i].then_some(&both[i].items));
        select! {
            send(to(0), ()) -> sent => (ask[0], wait[0]) = (false, sent.is_ok()),
            send(to(1), ()) -> sent => (ask[1], wait[1]) = (false, sent.is_ok()),
            recv(from(0)) -> item => (wait[0], got[0]) = (false, item.ok().flatten()),
            recv(from(1)) -> item => (wait[1], got[1]) = (false, item.ok().flatten()),
        }
    }
    got
}

/// Serves two outputs with the same series. Neither waits for the other, and the input is asked only on demand. It ends
/// with its outputs, or with the first one if the second belongs to what the input is computed of.
fn serve(input: &Series, outs: &[Out; 2], feeds_back: bool) {
    let (mut open, mut waiting, mut asked) = ([true; 2], [false; 2], false);
    let mut ahead = [VecDeque::new(), VecDeque::new()];
    while open[0] || (open[1] && !feeds_back) {
        let needs = |i: usize| open[i] && waiting[i] && ahead[i].is_empty();
        let ask = ((needs(0) || needs(1)) && !asked).then_some(&input.ask);
        let items = asked.then_some(&input.items);
        let requests = |i: usize| (open[i] && !waiting[i]).then_some(&outs[i].asked);
        select! {
            recv(requests(0)) -> request => (open[0], waiting[0]) = (request.is_ok(), true),
            recv(requests(1)) -> request => (open[1], waiting[1]) = (request.is_ok(), true),
            // It has ended if it does not take it, and the answer says so.
            send(ask, ()) -> _ => asked = true,
            recv(items) -> item => {
                asked = false;
                ahead.iter_mut().for_each(|ahead| ahead.push_back(item.ok().flatten()));
            }
        }
        for i in 0..2 {
            if waiting[i] && open[i] {
                if let Some(item) = ahead[i].pop_front() {
                    waiting[i] = false;
                    open[i] = outs[i].items.send(item).is_ok();
                }
            }
        }
    }
}

fn split(u: Series) -> (Series, Series) {
    let ((out0, first), (out1, second)) = (pair(), pair());
    start(move || serve(&u, &[out0, out1], false));
    (first, second)
}

/// The series that is computed of itself, of which at least one coefficient must be known without.
fn fixed_point(make: impl FnOnce(Series) -> Series) -> Series {
    let ((out0, result), (out1, itself)) = (pair(), pair());
    let input = make(itself);
    start(move || serve(&input, &[out0, out1], true));
    result
}

fn repeat(c: i64) -> Series {
    series(move |out| out.each(|| Some(Rat::from(c))))
}

fn polynomial(coefficients: &'static [i64]) -> Series {
    let mut coefficients = coefficients.iter();
    series(move |out| out.each(|| coefficients.next().map(|&c| Rat::from(c))))
}

fn add(u: Series, v: Series) -> Series {
    series(move |out| {
        loop {
            out.wait()?;
            match get2(&u, &v) {
                [Some(a), Some(b)] => out.give(a + b)?,
                [Some(a), None] => return out.give(a).and_then(|()| out.copy(&u)),
                [None, Some(b)] => return out.give(b).and_then(|()| out.copy(&v)),
                [None, None] => return out.give(None),
            }
        }
    })
}

fn scale(c: Rat, u: Series) -> Series {
    series(move |out| out.each(|| Some(c * u.get()?)))
}

fn subtract(u: Series, v: Series) -> Series {
    add(u, scale(Rat::from(-1), v))
}

/// c + x u.
fn shift(c: Rat, u: Series) -> Series {
    let mut first = Some(c);
    series(move |out| out.each(|| first.take().or_else(|| u.get())))
}

/// With f + x u and g + x v: f g + x (f v + g u + x u v).
fn multiply(u: Series, v: Series) -> Series {
    series(move |out| {
        out.wait()?;
        let [Some(f), Some(g)] = get2(&u, &v) else { return out.give(None) };
        out.give(f * g)?;
        out.wait()?;
        let ((u, u2), (v, v2)) = (split(u), split(v));
        let rest = add(add(scale(f, v), scale(g, u)), shift(Rat::from(0), multiply(u2, v2)));
        out.give(rest.get())?;
        out.copy(&rest)
    })
}

fn differentiate(u: Series) -> Series {
    let mut n = 0;
    series(move |out| {
        out.each(|| {
            if n == 0 {
                u.get();
            }
            n += 1;
            Some(Rat::from(n) * u.get()?)
        })
    })
}

fn integrate(c: Rat, u: Series) -> Series {
    let mut n = 0;
    series(move |out| {
        out.each(|| {
            n += 1;
            if n == 1 { Some(c) } else { Some(Rat::new(1, n - 1) * u.get()?) }
        })
    })
}

/// e to the power of u, if its derivative is that of u times itself, and it begins with 1.
fn exponential(u: Series) -> Series {
    fixed_point(|z| integrate(Rat::from(1), multiply(z, differentiate(u))))
}

/// With g = 1 / f: 1 / (f + x u) is z = g - x g u z.
fn reciprocal(u: Series) -> Series {
    let g = u.get().expect("not 0").recip();
    fixed_point(|z| shift(g, multiply(scale(-g, u), z)))
}

/// u at c times x to the power of n.
fn substitute(u: Series, c: i64, n: usize) -> Series {
    let (mut factor, mut zeros) = (Rat::from(1), 0);
    series(move |out| {
        out.each(|| {
            if zeros > 0 {
                zeros -= 1;
                return Some(Rat::from(0));
            }
            zeros = n - 1;
            let x = factor * u.get()?;
            factor = factor * Rat::from(c);
            Some(x)
        })
    })
}

#[track_caller]
fn check<const N: usize>(u: Series, expected: [(i64, i64); N]) {
    assert_eq!(std::array::from_fn(|_| u.get().unwrap_or(Rat::from(0))), expected.map(|(num, den)| Rat::new(num, den)));
}

fn ones() -> Series {
    repeat(1)
}

/// What needs no feedback.
#[test]
fn powser_arithmetic() {
    let _watchdog = Watchdog::new();
    check(add(ones(), repeat(2)), [(3, 1); 10]);
    check(add(polynomial(&[1, 2, 3]), ones()), [(2, 1), (3, 1), (4, 1), (1, 1), (1, 1)]);
    check(add(polynomial(&[1]), polynomial(&[1, 2])), [(2, 1), (2, 1), (0, 1)]);
    check(differentiate(ones()), std::array::from_fn::<_, 10, _>(|n| (n as i64 + 1, 1)));
    check(integrate(Rat::from(0), ones()), [(0, 1), (1, 1), (1, 2), (1, 3), (1, 4), (1, 5), (1, 6)]);
    check(scale(Rat::from(-1), repeat(2)), [(-2, 1); 10]);
    check(subtract(ones(), integrate(Rat::from(0), ones())), [(1, 1), (0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]);
    check(multiply(ones(), repeat(2)), std::array::from_fn::<_, 8, _>(|n| (2 * (n as i64 + 1), 1)));
    check(multiply(polynomial(&[1, 1]), polynomial(&[1, -1])), [(1, 1), (0, 1), (-1, 1), (0, 1)]);
    let atan = integrate(Rat::from(0), substitute(ones(), -1, 2));
    check(atan, [(0, 1), (1, 1), (0, 1), (-1, 3), (0, 1), (1, 5), (0, 1), (-1, 7)]);
}

/// The two copies of a series are asked in any order.
#[test]
fn powser_split() {
    let _watchdog = Watchdog::new();
    let (u, v) = split(integrate(Rat::from(0), ones()));
    for n in 0..5 {
        assert_eq!(u.get(), Some(if n == 0 { Rat::from(0) } else { Rat::new(1, n) }));
    }
    check(v, [(0, 1), (1, 1), (1, 2), (1, 3), (1, 4), (1, 5), (1, 6)]);
    check(u, [(1, 5), (1, 6), (1, 7)]);
}

/// Series that are defined by themselves.
#[test]
fn powser_feedback() {
    let _watchdog = Watchdog::new();
    check(
        exponential(ones()),
        [(1, 1), (1, 1), (3, 2), (13, 6), (73, 24), (167, 40), (4051, 720), (37633, 5040), (43817, 4480)],
    );
    check(
        exponential(polynomial(&[0, 1])),
        [(1, 1), (1, 1), (1, 2), (1, 6), (1, 24), (1, 120), (1, 720), (1, 5040), (1, 40320)],
    );
    check(reciprocal(ones()), [(1, 1), (-1, 1), (0, 1), (0, 1), (0, 1), (0, 1)]);
    check(reciprocal(exponential(polynomial(&[0, 1]))), [(1, 1), (-1, 1), (1, 2), (-1, 6), (1, 24), (-1, 120)]);
    // The tangent: its derivative is 1 plus its square.
    let tan = fixed_point(|t| {
        let (t, t2) = split(t);
        integrate(Rat::from(0), add(polynomial(&[1]), multiply(t, t2)))
    });
    check(tan, [(0, 1), (1, 1), (0, 1), (1, 3), (0, 1), (2, 15), (0, 1), (17, 315), (0, 1), (62, 2835)]);
}
