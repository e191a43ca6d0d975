//! How often threads sleep and wake each other, counted in the process: futex(2) calls per 1,000 operations.
//!
//! `cargo bench -p gosync-benches --bench futex-calls`; `-- --help` lists the options. What calls the kernel without
//! libc's `syscall` is not counted; on Linux that is libc itself, when it joins a thread.

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod counted;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod run;

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
fn main() {
    run::run();
}

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
fn main() {
    eprintln!("futex calls are counted on Linux, on x86-64 and AArch64.");
}
