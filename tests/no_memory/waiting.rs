//! What becomes of those who wait while another operation finds no memory for the buffer: they get what they wait for, or
//! wait on, and nobody's value is dropped under the lock.

use std::mem::forget;
use std::pin::Pin;
use std::task::{Poll, Wake};
use std::thread::ScopedJoinHandle;

use super::*;

type Boxed<'a, R> = Pin<Box<dyn Future<Output = R> + 'a>>;

fn poll<R>(future: &mut Boxed<'_, R>) -> Poll<R> {
    future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

/// One that may be large, and is dropped again.
fn glance<R>(future: impl Future<Output = R>) -> Poll<R> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// The number of the value that was received.
fn received<E>(polled: Poll<Result<Value, E>>) -> Option<usize> {
    if let Poll::Ready(Ok(value)) = polled { Some(value.end()) } else { None }
}

/// As [`panics`], of a send: the text is the buffer's.
fn fails<R>(operation: impl FnOnce() -> R) {
    let text = panics(operation);
    assert!(text.starts_with("a channel's buffer: "), "{text}");
}

/// What makes values that look at their channel when they are dropped.
struct Values {
    rx: Receiver<Value>,
    dropped: Arc<AtomicUsize>,
}

impl Values {
    fn of(rx: &Receiver<Value>) -> Values {
        quiet();
        Values { rx: rx.clone(), dropped: Arc::default() }
    }

    fn value(&self, number: usize) -> Value {
        Value { number, dropped: Arc::clone(&self.dropped), channel: None, _bytes: [0; LARGE] }
    }

    /// One whose drop takes the channel's lock, and a value out of it.
    fn looking(&self) -> Value {
        let mut value = self.value(usize::MAX);
        value.channel = Some(self.rx.clone());
        value
    }

    fn dropped(&self) -> usize {
        self.dropped.load(Ordering::Relaxed)
    }
}

impl Value {
    /// Its number, and an end of it.
    fn end(mut self) -> usize {
        self.channel = None;
        self.number
    }
}

/// A thread whose `Select` waits for a permit to receive, or for a word that ends it.
struct Waiting<'s> {
    thread: ScopedJoinHandle<'s, Option<usize>>,
    word: Sender<()>,
}

impl<'s> Waiting<'s> {
    fn new<'e>(s: &'s thread::Scope<'s, 'e>, rx: &'s Receiver<Value>) -> Waiting<'s> {
        let (word, ended) = chan::bounded(0);
        let thread = s.spawn(move || {
            let mut select = Select::new();
            select.recv(rx);
            select.recv(&ended);
            let operation = select.select();
            if operation.index() == 0 {
                operation.recv(rx).ok().map(Value::end)
            } else {
                operation.recv(&ended).unwrap();
                None
            }
        });
        let waiting = Waiting { thread, word };
        waiting.is_met_by_anybody();
        waiting
    }

    /// Until it is in its queues: then somebody could say the word.
    fn is_met_by_anybody(&self) {
        let mut select = Select::new();
        select.send(&self.word);
        select.ready();
    }
}

/// A capacity, and a channel in whose buffer there is no memory yet.
const CAPACITIES: [Option<usize>; 3] = [Some(1), Some(5), None];

fn make(capacity: Option<usize>) -> (Sender<Value>, Receiver<Value>) {
    capacity.map_or_else(chan::unbounded, chan::bounded)
}

/// A send that has met a select, and finds no memory for what it wants to set aside: the select waits on.
fn a_select_is_met(capacity: Option<usize>, send: impl FnOnce(&Sender<Value>, Value)) {
    let _watchdog = Watchdog::new();
    let (tx, rx) = make(capacity);
    let values = Values::of(&rx);
    thread::scope(|s| {
        let waiting = Waiting::new(s, &rx);
        fails(|| send(&tx, values.looking()));
        assert_eq!(values.dropped(), 1);
        waiting.is_met_by_anybody();
        tx.send(values.value(7)).unwrap();
        assert_eq!(waiting.thread.join().unwrap(), Some(7));
    });
    assert_eq!((values.dropped(), rx.len()), (2, 0));
}

#[test]
fn a_select_is_met_by_a_send() {
    for capacity in CAPACITIES {
        a_select_is_met(capacity, |tx, value| tx.send(value).unwrap_or_else(|_| unreachable!("open")));
        a_select_is_met(capacity, |tx, value| drop(tx.try_send(value)));
        a_select_is_met(capacity, |tx, value| drop(tx.send_timeout(value, Duration::from_secs(60))));
    }
}

#[test]
fn a_select_is_met_by_a_task() {
    for capacity in CAPACITIES {
        a_select_is_met(capacity, |tx, value| {
            let _ = glance(tx.send_async(value));
        });
    }
}

#[test]
fn a_select_is_met_by_a_select() {
    for capacity in CAPACITIES {
        a_select_is_met(capacity, |tx, value| select! { send(tx, value) -> _ => {} });
    }
}

/// The same, when the value comes back from a task that has given up. It cannot be kept, so it is dropped, and that is reported.
#[test]
fn a_select_is_met_by_a_value_that_comes_back() {
    for capacity in [Some(0), Some(1), Some(5), None] {
        let _watchdog = Watchdog::new();
        let (tx, rx) = make(capacity);
        let values = Values::of(&rx);
        thread::scope(|s| {
            let mut receive: Boxed<'_, _> = Box::pin(rx.recv_async());
            assert!(poll(&mut receive).is_pending());
            let waiting = Waiting::new(s, &rx);
            tx.send(values.looking()).unwrap();
            without_memory(LARGE, || drop(receive));
            assert_eq!((FAILED.get(), values.dropped()), (1, 1));
            waiting.is_met_by_anybody();
            // At capacity 0 it is met by a send as such.
            tx.send(values.value(7)).unwrap();
            assert_eq!(waiting.thread.join().unwrap(), Some(7));
        });
        assert_eq!((values.dropped(), rx.len()), (2, 0));
    }
}

/// As everywhere, no user's value is dropped under the lock: nor where a task sends.
#[test]
fn a_task_sends() {
    let _watchdog = Watchdog::new();
    for capacity in CAPACITIES {
        let (tx, rx) = make(capacity);
        let values = Values::of(&rx);
        fails(|| glance(tx.send_async(values.looking())));
        assert_eq!((values.dropped(), rx.len()), (1, 0));
        // On the way on which there is more to see to: a permit is out.
        let mut select = Select::new();
        select.send(&tx);
        let permit = select.try_select().unwrap();
        if capacity != Some(1) {
            fails(|| glance(tx.send_async(values.looking())));
            assert_eq!((values.dropped(), rx.len()), (2, 0));
        }
        permit.send(&tx, values.value(3)).unwrap();
        assert_eq!(rx.try_recv().map(Value::end), Ok(3));
    }
}

/// A future that is dropped when it has got a value for which there is no place any more.
#[test]
fn a_value_comes_back() {
    let _watchdog = Watchdog::new();
    for capacity in [Some(0), Some(1), Some(5), None] {
        let (tx, rx) = make(capacity);
        let values = Values::of(&rx);
        let mut receive: Boxed<'_, _> = Box::pin(rx.recv_async());
        assert!(poll(&mut receive).is_pending());
        tx.send(values.looking()).unwrap();
        without_memory(LARGE, || drop(receive));
        assert_eq!((FAILED.get(), values.dropped(), rx.len()), (1, 1, 0));

        // A panic is on its way: this must not be the second one.
        let mut receive: Boxed<'_, _> = Box::pin(rx.recv_async());
        assert!(poll(&mut receive).is_pending());
        tx.send(values.looking()).unwrap();
        let caught = without_memory(LARGE, || {
            catch_unwind(AssertUnwindSafe(|| {
                let _receive = receive;
                panic!("on purpose");
            }))
        });
        assert_eq!(caught.err().unwrap().downcast_ref::<&str>(), Some(&"on purpose"));
        assert_eq!((FAILED.get(), values.dropped(), rx.len()), (1, 2, 0));

        // All goes on. A blocked receiver needs no place in the buffer.
        let mut receives = [(); 2].map(|()| Box::pin(rx.recv_async()) as Boxed<'_, _>);
        receives.iter_mut().for_each(|receive| assert!(poll(receive).is_pending()));
        tx.send(values.value(5)).unwrap();
        let [first, mut second] = receives;
        without_memory(1, || drop(first));
        assert_eq!(received(poll(&mut second)), Some(5));
    }
}

/// The same of a select of a task: its other cases are out of their queues.
#[test]
fn a_value_comes_back_from_a_select() {
    let _watchdog = Watchdog::new();
    let ((tx, rx), (other_tx, other)) = (make(Some(0)), make(Some(0)));
    let values = Values::of(&rx);
    let mut selecting: Boxed<'_, _> = Box::pin(async {
        select_async! {
            recv(other) -> _ => unreachable!("nobody sends"),
            recv(rx) -> value => value.ok(),
        }
    });
    assert!(poll(&mut selecting).is_pending());
    tx.try_send(values.looking()).unwrap();
    without_memory(LARGE, || drop(selecting));
    assert_eq!((FAILED.get(), values.dropped()), (1, 1));
    assert!(other_tx.try_send(values.value(0)).is_err_and(|error| error.is_full()), "nobody waits");
    assert!(tx.try_send(values.value(0)).is_err_and(|error| error.is_full()), "nobody waits");
}

/// A permit to send has its memory, so that who waits for its room can be given that at any time.
#[test]
fn a_permit_is_given_back() {
    let _watchdog = Watchdog::new();
    for capacity in [1, 3] {
        let (tx, rx) = make(Some(capacity));
        let values = Values::of(&rx);
        let chosen = || {
            let mut select = Select::new();
            select.send(&tx);
            select.try_select().unwrap()
        };
        let mut permits: Vec<_> = (0..capacity).map(|_| chosen()).collect();
        let mut sends: Vec<Boxed<'_, _>> =
            (0..capacity).map(|n| Box::pin(tx.send_async(values.value(n))) as _).collect();
        sends.iter_mut().for_each(|send| assert!(poll(send).is_pending()));
        // One is used, the others are given back.
        without_memory(1, || {
            permits.drain(1..).for_each(drop);
            permits.remove(0).send(&tx, values.value(9)).unwrap();
        });
        assert_eq!((FAILED.get(), values.dropped()), (0, 0));
        let ready = sends.iter_mut().filter_map(|send| poll(send).is_ready().then_some(())).count();
        assert_eq!(ready, capacity - 1);
        let numbers: Vec<_> = rx.try_iter().map(Value::end).collect();
        assert!((0..capacity - 1).chain([9]).chain([capacity - 1]).eq(numbers));
        sends.into_iter().for_each(forget);
    }
}

/// A select does not choose to send what it could not send. Its message is not evaluated, and it holds no permit.
#[test]
fn a_permit_that_cannot_be_had() {
    let _watchdog = Watchdog::new();
    for capacity in CAPACITIES {
        let ((tx, rx), other) = (make(capacity), Chan::<()>::new(0));
        let values = Values::of(&rx);
        let message = || -> Value { unreachable!("not chosen") };
        fails(|| select! { send(tx, message()) -> _ => {}, recv(other) -> _ => {} });
        fails(|| select! { send(tx, message()) -> _ => {}, recv(other) -> _ => {}, default => {} });
        fails(|| {
            let mut select = Select::new();
            select.send(&tx);
            select.try_select().is_ok()
        });
        let waker = Arc::new(Count::default());
        fails(|| {
            let mut selecting = Box::pin(async {
                select_async! { send(tx, message()) -> _ => {}, recv(other) -> _ => {} }
            });
            let _ = selecting.as_mut().poll(&mut Context::from_waker(&Waker::from(Arc::clone(&waker))));
        });
        assert_eq!(Arc::strong_count(&waker), 1);
        // Nothing is left locked or set aside.
        let room = capacity.unwrap_or(9);
        (0..room).for_each(|n| tx.try_send(values.value(n)).unwrap());
        assert_eq!(tx.try_send(values.value(room)).is_ok(), capacity.is_none());
        assert_eq!(values.dropped(), usize::from(capacity.is_some()));
        assert!(rx.try_iter().map(Value::end).take(room).eq(0..room));
    }
}

/// A value that takes the place of an older one needs no memory, although the ring gives its memory back when it is empty.
#[test]
fn a_value_takes_the_place_of_another() {
    let _watchdog = Watchdog::new();
    let (tx, rx) = make(None);
    let values = Values::of(&rx);
    (0..64).for_each(|n| tx.send(values.value(n)).unwrap());
    assert!(rx.try_iter().map(Value::end).take(63).eq(0..63));
    let mut select = Select::new();
    select.recv(&rx);
    let permit = select.try_select().unwrap();
    let mut receive: Boxed<'_, _> = Box::pin(rx.recv_async());
    assert!(poll(&mut receive).is_pending());
    without_memory(LARGE, || tx.send(values.value(64)).unwrap());
    assert_eq!(FAILED.get(), 0);
    assert_eq!(received(poll(&mut receive)), Some(63));
    assert_eq!(permit.recv(&rx).map(Value::end), Ok(64));
    assert_eq!(values.dropped(), 65);
}

/// A task that has chosen to send to who has chosen to receive, at capacity 0, puts its value into the buffer. If it cannot, it
/// has given up: the other one goes on as a plain receive.
#[test]
fn a_task_sends_to_a_permit() {
    let _watchdog = Watchdog::new();
    let (tx, rx) = make(Some(0));
    let values = Values::of(&rx);
    let message = Cell::new(Some(values.value(1)));
    let mut selecting: Boxed<'_, _> = Box::pin(async {
        select_async! { send(tx, message.take().unwrap()) -> result => result.is_ok() }
    });
    assert!(poll(&mut selecting).is_pending());
    let mut select = Select::new();
    select.recv(&rx);
    let permit = select.try_select().unwrap();
    fails(|| poll(&mut selecting).is_ready());
    drop(selecting);
    assert_eq!((values.dropped(), rx.len()), (1, 0));
    let mut send: Boxed<'_, _> = Box::pin(tx.send_async(values.value(2)));
    assert!(poll(&mut send).is_pending());
    assert_eq!(permit.recv(&rx).map(Value::end), Ok(2));
    assert!(matches!(poll(&mut send), Poll::Ready(Ok(()))));
    assert!(tx.try_send(values.value(3)).is_err_and(|error| error.is_full()), "nobody waits, and nothing is set aside");
}

/// The same if the one who has chosen to receive gives up first: the value would be put into the buffer, beyond the capacity.
#[test]
fn a_task_sends_to_a_permit_that_was_given_back() {
    let _watchdog = Watchdog::new();
    let (tx, rx) = make(Some(0));
    let values = Values::of(&rx);
    for waits in [false, true] {
        let message = Cell::new(Some(values.looking()));
        let mut selecting: Boxed<'_, _> = Box::pin(async {
            select_async! { send(tx, message.take().unwrap()) -> result => result.is_ok() }
        });
        assert!(poll(&mut selecting).is_pending());
        let mut select = Select::new();
        select.recv(&rx);
        drop(select.try_select().unwrap());
        let dropped = values.dropped();
        thread::scope(|s| {
            // Nobody is there, or a select that is met.
            let waiting = waits.then(|| Waiting::new(s, &rx));
            fails(|| poll(&mut selecting).is_ready());
            assert_eq!((values.dropped(), rx.len()), (dropped + 1, 0));
            if let Some(waiting) = waiting {
                waiting.is_met_by_anybody();
                tx.send(values.value(4)).unwrap();
                assert_eq!(waiting.thread.join().unwrap(), Some(4));
            }
        });
        assert!(tx.try_send(values.value(5)).is_err_and(|error| error.is_full()));
    }
}

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Count>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Tasks are woken together, for which a close may allocate. Without memory they are woken one by one.
#[test]
fn a_close_wakes_tasks() {
    let _watchdog = Watchdog::new();
    let (_tx, rx) = make(Some(0));
    let count = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&count));
    let mut receives: Vec<_> = (0..9).map(|_| Box::pin(rx.recv_async())).collect();
    receives.iter_mut().for_each(|receive| {
        assert!(receive.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    });
    without_memory(1, || rx.close().unwrap());
    assert!(FAILED.get() > 0);
    assert_eq!(count.0.load(Ordering::Relaxed), 9);
    for mut receive in receives {
        assert!(matches!(receive.as_mut().poll(&mut Context::from_waker(&waker)), Poll::Ready(Err(_))));
    }
}
