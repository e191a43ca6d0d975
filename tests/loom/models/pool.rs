//! `Pool`. In models it has two places, and its threads take turns at their slots: the first one that uses a pool has the first
//! place, the second one the second, the third one the first again.

use gosync::{JoinHandle, Pool, Pooled, go};
use loom::sync::Arc;

use crate::model::{Model, Verdict, fails, holds, witness};
use crate::plain::Plain;

const PUT: &str = "pool.put-before-get-of-same";
const NEW: &str = "pool.new-before-get-of-same";
const ELSE: &str = "pool.nothing-else";
const ONCE: &str = "gosync.pool-once";
const LIMIT: &str = "gosync.pool-limit";
const FREE: &str = "gosync.pool-free";

/// Makes items that are 0, or none at all.
type Items = Pool<usize, fn() -> usize>;

pub(crate) fn models() -> Vec<Model> {
    let mut models: Vec<Model> = [puts(), news(), items()].into_iter().flatten().collect();
    // They have two threads, and each of its locks is taken in each way.
    let names = ["another place", "the same place", "two takes, one item", "a clear meets a put"];
    let real: Vec<Model> =
        models.iter().filter(|model| names.contains(&&*model.shape)).map(Model::on_real_lock).collect();
    models.extend(real);
    models
}

fn fresh() -> usize {
    0
}

/// The slots that come first go to threads that have ended: the next one to ask has the second.
fn pass_by_a_slot() {
    go(|| Pool::new(fresh).put(1)).join().unwrap();
}

/// A thread that does this to the pool.
fn at<T, R>(pool: &Arc<Pool<T>>, f: impl FnOnce(&Pool<T>) -> R + Send + 'static) -> JoinHandle<R>
where
    T: Send + 'static,
    R: Send + 'static,
{
    let pool = Arc::clone(pool);
    go(move || f(&pool))
}

/// Who gets an item sees what was done before its put.
fn puts() -> Vec<Model> {
    vec![
        holds(PUT, "another place", || one_item(true, false, |pool| pool.try_take().is_some()))
            .witnesses(&["came in time", "came later"]),
        holds(PUT, "the same place", || one_item(true, true, |pool| pool.try_take().is_some()))
            .witnesses(&["came in time", "came later"]),
        holds(PUT, "get", || one_item(true, false, |pool| *pool.get() == 1)).witnesses(&["came in time", "came later"]),
        fails(PUT, "write after the put", Verdict::Race, || one_item(false, false, |pool| pool.try_take().is_some())),
        holds(PUT, "a guard", || {
            // It goes back with what its user has made of it.
            let pool = Arc::new(Pool::<Plain>::new(Plain::new));
            let other = at(&pool, |pool| {
                let item = pool.get();
                let made_of = item.read();
                witness(if made_of == 1 { "it came back" } else { "another one" });
                item.write(2);
            });
            pool.get().write(1);
            other.join().unwrap();
            assert!(pool.try_take().is_some_and(|item| item.read() > 0));
        })
        .witnesses(&["it came back", "another one"]),
        holds(PUT, "both put first", || {
            // One of them has to use the places that the other has made.
            let pool = Arc::new(Pool::<Plain>::new(Plain::new));
            let other = at(&pool, |pool| put_and_take(pool, 1));
            let mine = put_and_take(&pool, 2);
            let theirs = other.join().unwrap();
            assert_eq!(mine + theirs + read(&pool) + read(&pool), 3);
            witness(["nothing", "1", "my own", "both"][mine]);
        })
        .witnesses(&["nothing", "my own", "both"])
        .reaches(&["pool.too-late"]),
        holds(PUT, "on its way through a third", || {
            let (d, pool) = (Plain::new(), Arc::new(Items::new(fresh)));
            let through = at(&pool, |pool| pool.try_take().into_iter().for_each(|item| pool.put(item)));
            let last = at(&pool, {
                let d = d.clone();
                move |pool| {
                    if pool.try_take().is_some() {
                        witness("in time");
                        d.read();
                    }
                }
            });
            d.write(1);
            pool.put(1);
            through.join().unwrap();
            last.join().unwrap();
        })
        .bound(2)
        .witnesses(&["in time"]),
    ]
}

/// What the next item holds, or 0.
fn read(pool: &Pool<Plain>) -> usize {
    pool.try_take().map_or(0, |item| item.read())
}

/// Puts an item, and takes it, and what another thread may have put.
fn put_and_take(pool: &Pool<Plain>, item: usize) -> usize {
    pool.put(Plain::holding(item));
    read(pool) + read(pool)
}

/// One thread puts 1, the other has a look.
fn one_item(write_first: bool, same_place: bool, look: fn(&Items) -> bool) {
    let (d, pool) = (Plain::new(), Arc::new(Items::new(fresh)));
    if same_place {
        // This thread has the first place, and so has the one after the next.
        pool.put(1);
        assert_eq!(pool.take(), 1);
        pass_by_a_slot();
    }
    let other = at(&pool, {
        let d = d.clone();
        move |pool| {
            if !look(pool) {
                return witness("came later");
            }
            witness("came in time");
            d.read();
        }
    });
    if write_first {
        d.write(1);
    }
    pool.put(1);
    if !write_first {
        d.write(1);
    }
    other.join().unwrap();
}

/// Who gets an item sees what made it; and who gets another one sees nothing.
fn news() -> Vec<Model> {
    vec![
        holds(NEW, "one of another thread's", || {
            // Nobody but the function that makes it writes to it.
            let pool = Arc::new(Pool::<Plain>::new(|| Plain::holding(7)));
            let other = at(&pool, |pool| pool.get().read());
            assert_eq!(pool.get().read(), 7);
            assert_eq!(other.join().unwrap(), 7);
            let (first, second) = (pool.try_take(), pool.try_take());
            witness(if first.is_some() && second.is_some() { "each made one" } else { "one was enough" });
        })
        .witnesses(&["each made one", "one was enough"]),
        fails(NEW, "read without the get", Verdict::Race, || {
            let item = Plain::new();
            let make = {
                let item = item.clone();
                move || item.write(1)
            };
            let pool = Arc::new(Pool::new(make));
            let other = go({
                let pool = Arc::clone(&pool);
                move || pool.take()
            });
            item.read();
            other.join().unwrap();
        }),
        fails(ELSE, "another item", Verdict::Race, || {
            let (d, pool) = (Plain::new(), Arc::new(Items::new(fresh)));
            let other = at(&pool, {
                let d = d.clone();
                move |pool| {
                    pool.put(2);
                    if pool.take() == 2 {
                        d.read();
                    }
                }
            });
            d.write(1);
            pool.put(1);
            other.join().unwrap();
        }),
        fails(ELSE, "nothing there any more", Verdict::Race, || {
            let (d, pool) = (Plain::new(), Arc::new(Items::new(fresh)));
            pool.put(1);
            let other = at(&pool, {
                let d = d.clone();
                move |pool| {
                    if pool.try_take().is_none() {
                        d.read();
                    }
                }
            });
            d.write(1);
            assert_eq!(pool.try_take(), Some(1));
            other.join().unwrap();
        }),
    ]
}

/// What is left, and what was taken, is just what was put, but for what was dropped.
#[track_caller]
fn complete(pool: &Items, taken: impl IntoIterator<Item = usize>, put: usize) {
    let mut items: Vec<usize> = taken.into_iter().collect();
    items.extend(std::iter::from_fn(|| pool.try_take()));
    items.sort_unstable();
    assert_eq!(items, (1..=put).collect::<Vec<_>>());
}

/// Every item is given to one at a time; how many are kept; and all of them go.
fn items() -> Vec<Model> {
    vec![
        holds(ONCE, "two takes, one item", || {
            let pool = Arc::new(Items::new(fresh));
            pool.put(1);
            let other = at(&pool, |pool| pool.try_take());
            let mine = pool.try_take();
            let theirs = other.join().unwrap();
            assert!(mine.is_some() != theirs.is_some(), "who is in another's way takes it");
            witness(if mine.is_some() { "mine" } else { "theirs" });
            complete(&pool, mine.into_iter().chain(theirs), 1);
        })
        .witnesses(&["mine", "theirs"]),
        holds(ONCE, "three takes, two items", || {
            let pool = Arc::new(Items::new(fresh));
            (1..=2).for_each(|item| pool.put(item));
            let others = [(); 2].map(|()| at(&pool, |pool| pool.try_take()));
            let mine = pool.try_take();
            let theirs = others.map(|other| other.join().unwrap());
            witness(if mine == Some(1) { "the lower one is mine" } else { "it is not" });
            complete(&pool, theirs.into_iter().flatten().chain(mine), 2);
        })
        .bound(2)
        .witnesses(&["the lower one is mine", "it is not"]),
        holds(ONCE, "puts and takes", || {
            // Each looks into its own place first, and then into the other's.
            let pool = Arc::new(Items::new(fresh));
            pool.put(1);
            let other = at(&pool, |pool| {
                pool.put(2);
                [pool.try_take(), pool.try_take()]
            });
            let mine = [pool.try_take(), pool.try_take()];
            let theirs = other.join().unwrap();
            let taken: Vec<usize> = mine.into_iter().flatten().collect();
            witness(["nothing", "one", "both"][taken.len()]);
            complete(&pool, taken.into_iter().chain(theirs.into_iter().flatten()), 2);
        })
        .witnesses(&["nothing", "one", "both"]),
        holds(ONCE, "a guard that is taken apart", || {
            let pool = Arc::new(Pool::<Plain>::new(Plain::new));
            pool.put(Plain::holding(1));
            let other = at(&pool, |pool| pool.try_get().map(|item| Pooled::take(item).read()));
            let mine = pool.try_take();
            let theirs = other.join().unwrap();
            assert!(mine.is_none() || theirs.is_none());
            witness(if theirs.is_some() { "theirs" } else { "mine" });
        })
        .witnesses(&["mine", "theirs"]),
        holds(ONCE, "a clear meets a take", || {
            let pool = Arc::new(Pool::<Plain>::new(Plain::new));
            (1..=2).for_each(|item| pool.put(Plain::holding(item)));
            let other = at(&pool, |pool| pool.try_take().map(|item| item.read()));
            pool.clear();
            assert!(pool.try_take().is_none(), "whoever has it, it is not in there");
            witness(if other.join().unwrap().is_some() { "taken" } else { "dropped" });
        })
        .witnesses(&["taken", "dropped"]),
        holds(ONCE, "a clear meets a put", || {
            let pool = Arc::new(Items::new(fresh));
            pool.put(1);
            let other = at(&pool, |pool| pool.put(2));
            pool.clear();
            other.join().unwrap();
            let left = pool.try_take();
            assert_ne!(left, Some(1), "it was there before");
            witness(if left.is_some() { "came later" } else { "dropped" });
            assert_eq!(pool.try_take(), None);
        })
        .witnesses(&["came later", "dropped"]),
        holds(LIMIT, "two puts", || {
            // There is room for one in each of the two places.
            let pool = Arc::new(Items::with_limit(1, fresh));
            let other = at(&pool, |pool| (1..=2).for_each(|item| pool.put(item)));
            (3..=4).for_each(|item| pool.put(item));
            other.join().unwrap();
            let left: Vec<usize> = std::iter::from_fn(|| pool.try_take()).collect();
            assert!((1..=2).contains(&left.len()));
            witness(if left.contains(&4) { "in place of the other's" } else { "beyond" });
        })
        .bound(3)
        .witnesses(&["in place of the other's", "beyond"]),
        holds(FREE, "items left behind", || {
            // loom sees to it that each item goes, and the places.
            let pool = Arc::new(Pool::<Plain>::new(Plain::new));
            let other = at(&pool, |pool| pool.put(Plain::holding(1)));
            pool.put(Plain::holding(2));
            let taken = pool.try_take();
            drop(pool);
            other.join().unwrap();
            assert!(taken.is_none_or(|item| item.read() > 0));
        })
        .reaches(&["pool.free", "pool.too-late"]),
    ]
}
