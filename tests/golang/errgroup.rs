//! `errgroup_test.go` and `errgroup_example_*_test.go` of `golang.org/x/sync/errgroup`.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, thread};

use gosync::chan;
use gosync::context::Context;
use gosync::errgroup::{Group, TaskResult};
use gosync::select;

use crate::watchdog::Watchdog;

/// The first error stays, over further tasks and waits.
#[test]
fn test_zero_group() {
    let _watchdog = Watchdog::new();
    for errors in [&[][..], &[None], &[Some("1")], &[Some("1"), None], &[Some("1"), None, Some("2")]] {
        let group = Group::new();
        let mut first: Option<&str> = None;
        for error in errors {
            let error: Option<&'static str> = *error;
            group.go(move || error.map_or(Ok(()), |error| Err(error.into())));
            first = first.or(error);
            let got = group.wait().err().map(|error| error.to_string());
            assert_eq!(got.as_deref(), first);
        }
    }
}

#[test]
fn test_with_context() {
    let _watchdog = Watchdog::new();
    let cases: [(&[Option<&'static str>], Option<&str>); 4] =
        [(&[], None), (&[None], None), (&[Some("doom")], Some("doom")), (&[Some("doom"), None], Some("doom"))];
    for (errors, want) in cases {
        let (group, ctx) = Group::with_context(&Context::background());
        for &error in errors {
            group.go(move || error.map_or(Ok(()), |error| Err(error.into())));
        }
        assert_eq!(group.wait().err().map(|error| error.to_string()).as_deref(), want);
        assert!(ctx.err().is_some(), "it is cancelled when `wait` returns");
    }
}

#[test]
fn test_try_go() {
    let _watchdog = Watchdog::new();
    const N: usize = 42;
    let group = Group::new();
    group.set_limit(N);
    let (tx, rx) = chan::bounded::<usize>(0);
    let send = |n| {
        let tx = tx.clone();
        move || -> TaskResult {
            tx.send(n)?;
            Ok(())
        }
    };
    for n in 0..N {
        assert!(group.try_go(send(n)).is_ok());
    }
    assert!(group.try_go(send(N)).is_err());
    let mut got: Vec<_> = rx.iter().take(N).collect();
    got.sort_unstable();
    assert!(got.into_iter().eq(0..N));
    group.wait().unwrap();

    // All are done, so there is room again.
    assert!(group.try_go(|| Ok(())).is_ok());
    group.wait().unwrap();

    group.set_limit(1);
    let (started, start) = chan::bounded(0);
    let (end, ending) = chan::bounded::<()>(0);
    group.go(move || {
        started.send(())?;
        Ok(ending.recv()?)
    });
    start.recv().unwrap();
    assert!(group.try_go(|| Ok(())).is_err());
    end.send(()).unwrap();
    group.wait().unwrap();

    group.set_limit(0);
    assert!(group.try_go(|| Ok(())).is_err());
    group.wait().unwrap();
}

#[test]
fn test_go_limit() {
    let _watchdog = Watchdog::new();
    const LIMIT: usize = 10;
    let group = Group::new();
    group.set_limit(LIMIT);
    let active = Arc::new(AtomicUsize::new(0));
    for _ in 0..=1 << 10 {
        let active = Arc::clone(&active);
        group.go(move || {
            let n = active.fetch_add(1, Ordering::Relaxed) + 1;
            thread::yield_now();
            active.fetch_sub(1, Ordering::Relaxed);
            if n > LIMIT {
                return Err(format!("saw {n} active tasks; want {LIMIT} at most").into());
            }
            Ok(())
        });
    }
    group.wait().unwrap();
}

#[test]
fn test_cancel_cause() {
    let _watchdog = Watchdog::new();
    let cases: [(&[Option<&'static str>], &str); 4] = [
        (&[], "context canceled"),
        (&[None], "context canceled"),
        (&[Some("doom")], "doom"),
        (&[Some("doom"), None], "doom"),
    ];
    for (errors, want) in cases {
        let (group, ctx) = Group::with_context(&Context::background());
        for &error in errors {
            group.try_go(move || error.map_or(Ok(()), |error| Err(error.into()))).ok().unwrap();
        }
        let _ = group.wait();
        assert_eq!(ctx.cause().unwrap().to_string(), want);
    }
}

/// `ExampleGroup_justErrors`: in a wait group's place, where only errors matter.
#[test]
fn example_just_errors() {
    let group = Group::new();
    for name in ["Cargo.toml", "lib.rs", "no such file"] {
        group.go(move || {
            fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name))?;
            Ok(())
        });
    }
    let error = group.wait().unwrap_err();
    let error = error.downcast_ref::<std::io::Error>().unwrap();
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
}

/// `ExampleGroup_parallel`: a query to several back ends at once.
#[test]
fn example_parallel() {
    let (group, _ctx) = Group::with_context(&Context::background());
    let results = Arc::new(std::sync::Mutex::new(vec![String::new(); 3]));
    for (i, kind) in ["web", "image", "video"].into_iter().enumerate() {
        let results = Arc::clone(&results);
        group.go(move || {
            results.lock().unwrap()[i] = format!("{kind} result for \"golang\"");
            Ok(())
        });
    }
    group.wait().unwrap();
    assert_eq!(results.lock().unwrap()[2], "video result for \"golang\"");
}

/// `ExampleGroup_pipeline`: files are walked, read and summed up by stages that end together.
#[test]
fn example_pipeline() {
    let _watchdog = Watchdog::new();
    let (group, ctx) = Group::with_context(&Context::background());
    let (paths_in, paths) = chan::bounded::<PathBuf>(0);
    let walk = ctx.clone();
    group.go(move || {
        for entry in fs::read_dir(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golang"))? {
            select! {
                send(paths_in, entry?.path()) -> sent => sent?,
                recv(walk.done()) -> _ => return Err(walk.err().unwrap().into()),
            }
        }
        Ok(())
    });
    let (sizes_in, sizes) = chan::bounded(0);
    for _ in 0..4 {
        let (paths, sizes_in, ctx) = (paths.clone(), sizes_in.clone(), ctx.clone());
        group.go(move || {
            for path in paths {
                let size = fs::read(&path)?.len();
                select! {
                    send(sizes_in, (path, size)) -> sent => sent?,
                    recv(ctx.done()) -> _ => return Err(ctx.err().unwrap().into()),
                }
            }
            Ok(())
        });
    }
    drop((paths, sizes_in));
    let files: std::collections::BTreeMap<_, _> = sizes.iter().collect();
    group.wait().unwrap();
    let this = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golang/errgroup.rs");
    assert_eq!(files.get(&this).copied(), Some(fs::metadata(this).unwrap().len() as usize));
}
