//! Measurements of Confab: the benches of the core in `benches/`, and `load` in `src/bin/`, which
//! drives the whole program. They share nothing; `docs/benchmarks.md` tells how to run them.
#![forbid(unsafe_code)]
