//! The models, by what they are about.

mod after_func;
mod atomics;
mod buffer;
mod close;
mod cond;
mod cond_async;
mod cond_line;
mod cond_timed;
mod context;
mod context_function;
mod counters;
mod deadline;
mod errgroup;
mod go;
mod handles;
mod lanes;
mod lanes_put_off;
mod lanes_shut;
mod looks;
mod many;
mod map;
mod mutex;
mod mutex_async;
mod no_edges;
mod once;
mod oncevalue;
mod package;
mod pairs;
mod permit;
mod pool;
mod put_back;
mod reader;
mod ready;
mod rendezvous;
mod rwmutex;
mod rwmutex_async;
mod rwmutex_phases;
mod rwmutex_sharded;
mod seam;
mod seats;
mod select;
mod select_default;
mod semaphore;
mod singleflight;
mod stack;
mod synctest;
mod task;
mod task_select;
mod timer;
mod timer_back;
mod timer_wakes;
mod value;
mod wait_table;
mod waitgroup;
mod waitgroup_async;
mod waitgroup_timed;

use crate::model::Model;
use crate::violations;

/// All models. `long` widens their bounds and puts more of them on the shipped lock.
pub(crate) fn all(long: bool) -> Vec<Model> {
    let channels = [
        buffer::models(),
        close::models(),
        deadline::models(),
        handles::models(),
        lanes::models(),
        lanes_put_off::models(),
        lanes_shut::models(),
        permit::models(),
        put_back::models(),
        ready::models(),
        rendezvous::models(),
        select::models(),
        select_default::models(),
        task::models(),
        task_select::models(),
    ];
    let mut channels: Vec<Model> = channels.into_iter().flatten().collect();
    // Two threads are few enough for the shipped lock; the contract of the lock is what lets the others do without.
    let on_real_lock = |model: &&Model| model.bound.is_none() && (long || on_real_lock(model));
    let on_real_lock: Vec<Model> = channels.iter().filter(on_real_lock).map(Model::on_real_lock).collect();
    channels.extend(on_real_lock);
    let others = [
        atomics::models(),
        context::models(),
        context_function::models(),
        cond::models(),
        cond_async::models(),
        cond_line::models(),
        cond_timed::models(),
        counters::models(),
        errgroup::models(),
        go::models(),
        looks::models(),
        many::models(),
        map::models(),
        mutex::models(),
        mutex_async::models(),
        no_edges::models(),
        once::models(),
        oncevalue::models(),
        pairs::models(),
        package::models(),
        pool::models(),
        reader::models(),
        rwmutex::models(),
        rwmutex_async::models(),
        rwmutex_phases::models(),
        rwmutex_sharded::models(),
        seam::models(),
        seats::models(),
        semaphore::models(),
        singleflight::models(),
        stack::models(),
        synctest::models(),
        timer::models(),
        timer_back::models(),
        timer_wakes::models(),
        after_func::models(),
        value::models(),
        wait_table::models(),
        waitgroup::models(),
        waitgroup_async::models(),
        waitgroup_timed::models(),
        violations::models(),
    ];
    let mut models: Vec<Model> = channels.into_iter().chain(others.into_iter().flatten()).collect();
    if long {
        models.iter_mut().for_each(|model| model.bound = model.bound.map(|bound| bound + 1));
    }
    models
}

/// One model of each operation: both sides block, close meets a blocked peer, a deadline meets a peer, a free.
fn on_real_lock(model: &Model) -> bool {
    [
        "chan.send-before-recv-complete/cap 0",
        "chan.send-before-recv-complete/cap 1",
        "chan.send-before-recv-complete/lanes: cap 2",
        "chan.kth-recv-before-(k+C)th-send-complete/cap 1",
        "chan.close-before-closed-recv/cap 0",
        "gosync.deadline/receive, cap 0",
        "gosync.free/both sides leave",
    ]
    .contains(&model.name().as_str())
}
