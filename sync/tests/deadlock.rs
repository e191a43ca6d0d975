//! The deadlock report: programs that hang and must be reported, each in a process of its own, and programs that must not.
//!
//! ```console
//! $ cargo test -p gosync --features deadlock --test deadlock
//! $ cargo test -p gosync --features deadlock --test deadlock -- busy 60   # a busy program, for so many seconds
//! ```
//!
//! A process has no threads but its own here, which libtest could not offer.

use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use gosync::chan::{self, Receiver, Select};
use gosync::{Map, Mutex, Once, RawMutex, WaitGroup, deadlock, go, select};

/// What becomes of a program.
#[derive(Debug)]
enum End {
    /// It is reported and aborts; these are in the report, in any order.
    Report(&'static [&'static str]),
    /// It ends by itself, and nothing is reported.
    Success,
    /// It ends with this code.
    Code(i32),
    /// It says this and aborts.
    Abort(&'static str),
    /// It aborts, although nothing can be said.
    Unheard,
}

struct Program {
    name: &'static str,
    run: fn(),
    end: End,
}

const PROGRAMS: &[Program] = &[
    Program { name: "receives", run: receives, end: End::Report(&["receives from a channel at"]) },
    Program { name: "sends", run: sends, end: End::Report(&["sends on a channel at"]) },
    Program { name: "nil", run: nil, end: End::Report(&["receives from a channel at"]) },
    Program { name: "nothing", run: nothing, end: End::Report(&["selects from nothing at"]) },
    Program {
        name: "each",
        run: each,
        end: End::Report(&[
            "waits for a WaitGroup at",
            "receives from a channel at",
            "sends on a channel at",
            "locks a mutex at",
            "selects at",
            "waits for a Once at",
            "(walker)",
            "sync/tests/deadlock.rs:",
        ]),
    },
    Program { name: "two locks", run: two_locks, end: End::Report(&["locks a mutex at", "waits for a WaitGroup at"]) },
    Program {
        name: "joins",
        run: joins,
        end: End::Report(&["joins a thread at sync/tests/deadlock.rs:", "receives from a channel at"]),
    },
    Program { name: "joins what ends", run: joins_what_ends, end: End::Success },
    Program {
        name: "a map",
        run: a_map,
        end: End::Report(&[
            "receives from a channel at sync/tests/deadlock.rs:",
            "waits to read a Map at sync/tests/deadlock.rs:",
            "waits to change a Map at sync/tests/deadlock.rs:",
        ]),
    },
    Program { name: "a map, in each way", run: each_way_at_a_map, end: End::Code(2) },
    Program { name: "the last one goes", run: the_last_one_goes, end: End::Report(&["receives from a channel at"]) },
    Program { name: "hook", run: hook, end: End::Code(2) },
    Program { name: "hook that panics", run: hook_that_panics, end: End::Abort("one of 2 threads") },
    Program { name: "hook that panics when it goes", run: hook_that_goes, end: End::Abort("the hook goes") },
    Program { name: "unheard", run: receives, end: End::Unheard },
    Program { name: "once each", run: once_each, end: End::Success },
    Program { name: "another thread", run: another_thread, end: End::Success },
    Program { name: "a deadline", run: a_deadline, end: End::Success },
    Program { name: "a timer", run: a_timer, end: End::Success },
    Program { name: "a function", run: a_function, end: End::Success },
    Program { name: "a dump", run: a_dump, end: End::Success },
    Program { name: "busy", run: || busy(Duration::from_secs(3)), end: End::Success },
];

fn receives() {
    let (_tx, rx) = chan::bounded::<i32>(0);
    _ = rx.recv();
}

fn sends() {
    let (tx, _rx) = chan::bounded(1);
    (0..2).for_each(|n| tx.send(n).unwrap());
}

fn nil() {
    _ = Receiver::<i32>::nil().recv();
}

fn nothing() {
    select! {}
}

fn each() {
    static LOCK: RawMutex = RawMutex::new();
    static ONCE: Once = Once::new();
    LOCK.lock();
    let chan = chan::Chan::<i32>::new(0);
    let other = chan::Chan::<i32>::new(0);
    let group = Arc::new(WaitGroup::new());
    group.go(|| LOCK.lock());
    group.go(|| ONCE.call_once(|| LOCK.lock()));
    group.go(|| {
        // Whoever is second waits.
        ONCE.call_once(|| LOCK.lock());
    });
    group.go({
        let (chan, other) = (chan.receiver(), other.receiver());
        move || {
            select! {
                recv(chan) -> _ => {}
                recv(other) -> _ => {}
            }
        }
    });
    group.go({
        let other = chan::Chan::<i32>::new(0);
        move || other.send(1).unwrap()
    });
    let walker = thread::Builder::new().name("walker".to_owned()).spawn(move || {
        let mut select = Select::new();
        let rx = chan.receiver();
        select.recv(&rx);
        _ = select.select();
    });
    // Its handle is left alone: a join is not seen.
    drop(walker.unwrap());
    group.go(move || _ = other.recv().map(|_| chan::never::<i32>()));
    group.go(|| _ = chan::Chan::<i32>::new(1).recv());
    group.wait();
}

fn joins() {
    let (_tx, rx) = chan::bounded::<()>(0);
    _ = go(move || rx.recv()).join();
}

/// Whoever joins is woken, whatever becomes of the thread.
fn joins_what_ends() {
    for _ in 0..200 {
        let threads: Vec<_> = (0..4).map(|n| go(move || assert!(n < 3, "expected by this test"))).collect();
        let ends: Vec<bool> = threads.into_iter().map(|thread| thread.join().is_ok()).collect();
        assert_eq!(ends, [true, true, true, false]);
    }
    let thread = go(|| thread::sleep(Duration::from_millis(1500)));
    thread.join().unwrap();
    assert!(go(|| ()).join().is_ok());
}

fn two_locks() {
    let locks = Arc::new([Mutex::new(1), Mutex::new(2)]);
    let (ready, set) = (Arc::new(WaitGroup::new()), Arc::new(WaitGroup::new()));
    ready.add(2);
    for i in 0..2 {
        let (locks, ready) = (Arc::clone(&locks), Arc::clone(&ready));
        set.go(move || {
            let mine = locks[i].lock();
            ready.done();
            ready.wait();
            let other = locks[1 - i].lock();
            drop((mine, other));
        });
    }
    set.wait();
}

static MAP: Map<u8, u8> = Map::new();

/// A thread that waits for ever under the lock of a table.
fn lock_a_table(group: &Arc<WaitGroup>) {
    MAP.store(0, 0);
    let (locked, is_locked) = chan::bounded(0);
    group.go(move || {
        _ = MAP.delete_if(&0, |_| {
            locked.send(()).unwrap();
            chan::never::<()>().recv().is_ok()
        });
    });
    is_locked.recv().unwrap();
}

fn a_map() {
    let group = Arc::new(WaitGroup::new());
    lock_a_table(&group);
    group.go(|| _ = MAP.load(&0));
    group.go(|| MAP.store(0, 1));
    group.wait();
}

/// Whichever way it came to that lock, a thread is said to be where it was called.
fn each_way_at_a_map() {
    const READS: [fn(); 7] = [
        || _ = MAP.load(&0),
        || _ = MAP.contains_key(&0),
        || _ = MAP.len(),
        || _ = MAP.is_empty(),
        || for _ in &MAP {},
        || _ = MAP.load_or_store(0, 1),
        || _ = MAP.load_or_store_with(0, || 1),
    ];
    const WRITES: [fn(); 10] = [
        || MAP.store(0, 1),
        || _ = MAP.swap(0, 1),
        || _ = MAP.load_and_delete(&0),
        || _ = MAP.delete(&0),
        || _ = MAP.compare_and_swap(&0, &1, 1),
        || _ = MAP.compare_and_delete(&0, &1),
        || _ = MAP.swap_if(&0, |_| true, 1),
        || _ = MAP.delete_if(&0, |_| true),
        || (&MAP).extend([(0, 1)]),
        || MAP.clear(),
    ];
    deadlock::set_hook(|report| {
        let count = |what| report.waiting().iter().filter(|waiting| waiting.what == Some(what)).count();
        assert_eq!(count("waits to read a Map"), READS.len(), "{report}");
        assert_eq!(count("waits to change a Map"), WRITES.len(), "{report}");
        let is_here = |at: &std::panic::Location<'_>| at.file().ends_with("tests/deadlock.rs");
        assert!(report.waiting().iter().all(|waiting| waiting.at.is_some_and(is_here)), "{report}");
        std::process::exit(2);
    });
    let group = Arc::new(WaitGroup::new());
    lock_a_table(&group);
    READS.into_iter().chain(WRITES).for_each(|operation| group.go(operation));
    group.wait();
}

fn the_last_one_goes() {
    let (_tx, rx) = chan::bounded::<i32>(0);
    // It might send, until it is gone.
    thread::spawn(|| thread::sleep(Duration::from_millis(700)));
    _ = rx.recv();
}

fn hook() {
    deadlock::set_hook(|report| {
        assert_eq!(report.waiting().len(), 1);
        assert_eq!(report.waiting()[0].what, Some("receives from a channel"));
        assert!(report.waiting()[0].at.unwrap().file().ends_with("deadlock.rs"));
        std::process::exit(2);
    });
    receives();
}

/// It must not end the wait: the channel has a node in this frame.
fn hook_that_panics() {
    deadlock::set_hook(|report| panic!("one of {} threads", report.waiting().len()));
    let (tx, rx) = chan::bounded::<i32>(0);
    go({
        let rx = rx.clone();
        move || _ = rx.recv()
    });
    _ = std::panic::catch_unwind(|| rx.recv());
    drop(tx);
}

/// The last one to have it is who calls it.
fn hook_that_goes() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("the hook goes");
        }
    }

    let bomb = Bomb;
    deadlock::set_hook(move |_| {
        _ = &bomb;
        deadlock::clear_hook();
    });
    _ = std::panic::catch_unwind(receives);
}

fn once_each() {
    static TIMES: gosync::atomic::Int32 = gosync::atomic::Int32::new(0);
    deadlock::set_hook(|_| {
        // Nobody but this hook can end it, and not before it was called again, had it been.
        if TIMES.add(1) == 1 {
            thread::spawn(|| {
                thread::sleep(Duration::from_millis(900));
                std::process::exit(i32::from(TIMES.load() != 1));
            });
        }
    });
    receives();
}

fn another_thread() {
    let (tx, rx) = chan::bounded(0);
    let thread = thread::spawn(move || {
        thread::sleep(Duration::from_millis(1200));
        tx.send(1).unwrap();
    });
    assert_eq!(rx.recv(), Ok(1));
    thread.join().unwrap();
}

fn a_deadline() {
    let (tx, rx) = chan::bounded(0);
    go(move || {
        let (_never, nothing) = chan::bounded::<i32>(0);
        assert!(nothing.recv_timeout(Duration::from_millis(1200)).unwrap_err().is_timeout());
        tx.send(1).unwrap();
    });
    assert_eq!(rx.recv(), Ok(1));
}

fn a_timer() {
    let (_tx, rx) = chan::bounded::<i32>(0);
    select! {
        recv(rx) -> _ => unreachable!("nobody sends"),
        recv(chan::after(Duration::from_millis(1200))) -> _ => {}
    }
}

fn a_function() {
    let (tx, rx) = chan::bounded(0);
    let timer = chan::after_func(Duration::from_millis(1200), move || tx.send(1).unwrap());
    assert_eq!(rx.recv(), Ok(1));
    drop(timer);
}

fn a_dump() {
    let (tx, rx) = chan::bounded::<i32>(0);
    let thread = go(move || rx.recv());
    while deadlock::dump().waiting().is_empty() {
        thread::yield_now();
    }
    let text = deadlock::dump().to_string();
    assert!(text.contains("receives from a channel at"), "{text}");
    tx.send(1).unwrap();
    assert_eq!(thread.join().unwrap(), Ok(1));
    assert!(deadlock::dump().waiting().is_empty());
}

/// All threads sleep again and again, are looked at all the time, and somebody always goes on.
fn busy(time: Duration) {
    deadlock::set_hook(|report| {
        eprintln!("accused:\n{report}");
        std::process::exit(9);
    });
    gosync_atomic::__sys::waits::set_slice(1_000);
    let end = Instant::now() + time;
    let (a, b) = (chan::Chan::new(0), chan::Chan::new(1));
    let total = Arc::new(Mutex::new(0_u64));
    let group = Arc::new(WaitGroup::new());
    let mut rounds = 0;
    while Instant::now() < end {
        for _ in 0..3 {
            let (a, b, total) = (a.clone(), b.clone(), Arc::clone(&total));
            group.go(move || {
                for n in 0..200 {
                    let (a, b) = (a.receiver(), b.sender());
                    select! {
                        recv(a) -> got => *total.lock() += got.unwrap(),
                        send(b, n) -> sent => sent.unwrap(),
                    }
                }
            });
        }
        for _ in 0..3 {
            let (a, b, total) = (a.clone(), b.clone(), Arc::clone(&total));
            group.go(move || {
                for n in 0..200 {
                    let (a, b) = (a.sender(), b.receiver());
                    select! {
                        send(a, n) -> sent => sent.unwrap(),
                        recv(b) -> got => *total.lock() += got.unwrap(),
                    }
                }
            });
        }
        group.wait();
        // Each operation of the one half has met one of the other half.
        assert!(b.is_empty());
        rounds += 1;
    }
    println!("busy for {} s: {rounds} rounds of 1200 operations, nobody was accused", time.as_secs());
}

/// Runs the program in a process of its own: what is wrong with its end.
fn check(program: &Program) -> Result<(), String> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["run", program.name]);
    if let End::Unheard = program.end {
        command.stderr(std::fs::File::create("/dev/full").unwrap());
    }
    let child = command.output().unwrap();
    let errors = String::from_utf8_lossy(&child.stderr);
    let fatal = errors.contains("fatal error: all goroutines are asleep - deadlock!");
    let is_so = match &program.end {
        End::Report(lines) => fatal && !child.status.success() && lines.iter().all(|line| errors.contains(line)),
        End::Success => child.status.success() && !fatal,
        End::Code(code) => child.status.code() == Some(*code) && !fatal,
        End::Abort(text) => child.status.code().is_none() && errors.contains(text) && !fatal,
        End::Unheard => child.status.code().is_none(),
    };
    if is_so { Ok(()) } else { Err(format!("{:?} instead of {:?}\n{errors}", child.status, program.end)) }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let find = |name: &str| PROGRAMS.iter().find(|program| program.name == name);
    match &arguments[..] {
        [run, name] if run == "run" => (find(name).expect("it is a program").run)(),
        [name, seconds] if name == "busy" => busy(Duration::from_secs(seconds.parse().expect("seconds"))),
        // What libtest's options say does not matter here.
        _ if cfg!(not(target_os = "linux")) => println!("nobody counts threads on this platform"),
        _ => {
            let failed = PROGRAMS.iter().filter(|program| {
                let result = check(program);
                println!("{} ... {}", program.name, if result.is_ok() { "ok" } else { "FAILED" });
                result.inspect_err(|problem| println!("{problem}")).is_err()
            });
            if failed.count() > 0 {
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
