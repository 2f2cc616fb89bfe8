//! Asks the C library for memory in large pages, and all from one place. A tick goes through the
//! memory of every line, in thousands of small pages more than the processor remembers the places
//! of; and places of its own for every thread cost 6 kB a call.

use std::env;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Begins the program anew with glibc's settings for that, which are read when a process
/// begins and at no other time. Does nothing when `GLIBC_TUNABLES` is set to anything, where there
/// is no glibc, or when the program cannot be begun anew: it then serves all the same.
pub fn ask() {
    if !cfg!(target_env = "gnu") || env::var_os(TUNABLES).is_some() {
        return;
    }
    let Ok(program) = env::current_exe() else {
        return;
    };
    let mut again = Command::new(program);
    if let Some(name) = env::args_os().next() {
        again.arg0(name);
    }
    // It returns only when it has failed, and then nothing has changed.
    let _ = again
        .args(env::args_os().skip(1))
        .env(TUNABLES, SETTINGS)
        .exec();
}

const TUNABLES: &str = "GLIBC_TUNABLES";
/// `madvise`: the system gives large pages where it has them, and small ones where it has not. One
/// place for all threads: what one frees, another takes, and media threads take nothing.
const SETTINGS: &str = "glibc.malloc.hugetlb=1:glibc.malloc.arena_max=1";
