//! Plays rounds of random operations, and records them.

use std::cell::Cell;
use std::fmt::Debug;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::checker::{Event, Spec, check, linearizable, minimised};
use crate::rng::Rng;
use crate::watchdog::Watchdog;

pub(crate) const THREADS: usize = 4;

/// How long a test plays: `GOSYNC_SECONDS`, or what `cargo test` can afford.
pub(crate) fn limit() -> Duration {
    let given = std::env::var("GOSYNC_SECONDS").ok().map(|text| text.parse().expect("GOSYNC_SECONDS is a number"));
    given.map_or(Duration::from_millis(400), Duration::from_secs)
}

/// What one thread notes.
pub(crate) struct Recorder<'a, E> {
    pub(crate) thread: usize,
    clock: &'a AtomicUsize,
    events: Vec<Event<E>>,
}

/// The middle of an operation that is done in two parts.
pub(crate) struct Middle<'a> {
    clock: &'a AtomicUsize,
    time: Cell<Option<usize>>,
}

impl Middle<'_> {
    pub(crate) fn is_now(&self) {
        self.time.set(Some(self.clock.fetch_add(1, Ordering::SeqCst)));
    }
}

impl<E> Recorder<'_, E> {
    /// An operation that may be done in two parts: then `parts` of what it reports are recorded one after the other.
    pub(crate) fn record_parts(&mut self, operation: impl FnOnce(&Middle<'_>) -> E, parts: impl FnOnce(E) -> [E; 2]) {
        let middle = Middle { clock: self.clock, time: Cell::new(None) };
        let called = self.clock.fetch_add(1, Ordering::SeqCst);
        let effect = operation(&middle);
        let returned = self.clock.fetch_add(1, Ordering::SeqCst);
        let thread = self.thread;
        match middle.time.get() {
            None => self.events.push(Event { thread, effect, called, returned }),
            Some(time) => {
                let [first, second] = parts(effect);
                self.events.push(Event { thread, effect: first, called, returned: time });
                self.events.push(Event { thread, effect: second, called: time, returned });
            }
        }
    }

    pub(crate) fn record(&mut self, operation: impl FnOnce() -> E) {
        let called = self.clock.fetch_add(1, Ordering::SeqCst);
        let effect = operation();
        let returned = self.clock.fetch_add(1, Ordering::SeqCst);
        self.events.push(Event { thread: self.thread, effect, called, returned });
    }

    /// An operation that does several things, at any time each; how often one thing came before another is the
    /// specification's to say.
    pub(crate) fn record_all(&mut self, operation: impl FnOnce() -> Vec<E>) {
        let called = self.clock.fetch_add(1, Ordering::SeqCst);
        let effects = operation();
        let returned = self.clock.fetch_add(1, Ordering::SeqCst);
        let thread = self.thread;
        self.events.extend(effects.into_iter().map(|effect| Event { thread, effect, called, returned }));
    }

    /// A value that no other operation of the round has.
    pub(crate) fn value(&self) -> u8 {
        (48 * self.thread + self.events.len()) as u8
    }
}

/// One round: all threads play on a new object, then one alone.
fn round<O: Sync, E: Send>(
    object: &O,
    number: usize,
    play: impl Fn(&O, &mut Recorder<'_, E>, &mut Rng) + Sync,
    end: impl FnOnce(&O, &mut Recorder<'_, E>),
) -> Vec<Event<E>> {
    let (clock, arrivals) = (&AtomicUsize::new(0), &AtomicUsize::new(0));
    let mut events = thread::scope(|s| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let play = &play;
                s.spawn(move || {
                    let mut rng = Rng::new(THREADS * number + thread);
                    let mut recorder = Recorder { thread, clock, events: Vec::new() };
                    arrivals.fetch_add(1, Ordering::AcqRel);
                    while arrivals.load(Ordering::Acquire) < THREADS {
                        thread::yield_now();
                    }
                    play(object, &mut recorder, &mut rng);
                    recorder.events
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    let mut recorder = Recorder { thread: THREADS, clock, events: Vec::new() };
    end(object, &mut recorder);
    events.append(&mut recorder.events);
    events
}

/// How a kind of object is played and what it is to do.
pub(crate) trait Game {
    type Spec: Spec<Effect: Send> + Debug;
    type Object: Sync;

    fn set_up(&self) -> (Self::Object, Self::Spec);

    /// What one thread does. All threads must come to their end.
    fn play(&self, object: &Self::Object, recorder: &mut Recorder<'_, Effect<Self>>, rng: &mut Rng);

    /// What is done alone at the end: what nobody has taken shows.
    fn end(&self, object: &Self::Object, recorder: &mut Recorder<'_, Effect<Self>>);
}

pub(crate) type Effect<G> = <<G as Game>::Spec as Spec>::Effect;

/// Plays for a while; every history must have an order.
pub(crate) fn convince<G: Game + Sync>(game: &G) {
    let _watchdog = Watchdog::new();
    let start = Instant::now();
    for number in 0.. {
        let (object, spec) = game.set_up();
        let history = round(&object, number, |o, recorder, rng| game.play(o, recorder, rng), |o, r| game.end(o, r));
        check(&spec, &history);
        if start.elapsed() > limit() {
            break;
        }
    }
}

/// Plays a broken object until a history has no order; the violation, minimised.
pub(crate) fn convict<G: Game + Sync>(game: &G) -> Vec<Event<Effect<G>>> {
    convict_by(game, usize::MAX)
}

/// As above, until the violation is as short as this.
pub(crate) fn convict_by<G: Game + Sync>(game: &G, most: usize) -> Vec<Event<Effect<G>>> {
    let _watchdog = Watchdog::new();
    for number in 0.. {
        let (object, spec) = game.set_up();
        let history = round(&object, number, |o, recorder, rng| game.play(o, recorder, rng), |o, r| game.end(o, r));
        if !linearizable(&spec, &history) {
            let small = minimised(&spec, &history);
            assert!(small.len() <= history.len());
            if small.len() <= most {
                return small;
            }
        }
    }
    unreachable!()
}
