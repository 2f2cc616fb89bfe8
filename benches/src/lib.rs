//! Measurements of Confab: the benches of the core in `benches/`, and in `src/bin/` programs that
//! measure one thing each. Here is what several of them share; `docs/benchmarks.md` and
//! `docs/sound.md` tell how to run them.
#![forbid(unsafe_code)]

pub mod codec;
pub mod speech;
