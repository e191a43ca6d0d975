//! The paths of a channel that neither block nor compete, beside crossbeam's: for before and after. For all peers see
//! `compare`.

use std::hint::black_box;
use std::time::Duration;

use criterion::Criterion;
use gosync_benches::peers::channels::{Channel, Crossbeam, Gosync};

fn paths<C: Channel>(criterion: &mut Criterion) {
    let channel = |capacity| C::channel(capacity).expect("both have all capacities");
    for (name, capacity) in [("b1", Some(1)), ("b1024", Some(1024)), ("unbounded", None)] {
        let (tx, rx) = channel(capacity);
        criterion.bench_function(&format!("send-recv/{name}/{}", C::NAME), |b| {
            b.iter(|| {
                C::send(&tx, black_box(1));
                C::recv(&rx)
            });
        });
    }
    let (_tx, rx) = channel(Some(1024));
    criterion.bench_function(&format!("try-recv-empty/{}", C::NAME), |b| b.iter(|| C::try_recv(&rx)));
    criterion.bench_function(&format!("create-drop/b1024/{}", C::NAME), |b| b.iter(|| channel(Some(1024))));
}

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(50)
        .configure_from_args();
    paths::<Gosync>(&mut criterion);
    paths::<Crossbeam>(&mut criterion);
    criterion.final_summary();
}
