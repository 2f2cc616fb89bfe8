//! The program `confab`, as a library so that its parts can be tested: wiring, no policy.

pub mod media;
