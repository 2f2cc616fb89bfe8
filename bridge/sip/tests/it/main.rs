//! The SIP side against a raw socket: every message is written by hand and read as text, so that
//! the library under test does not test itself.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of a test fails as the test does"
)]

mod agreed;
mod calls;
mod changes;
mod dialled;
mod gateway;
mod given_up;
mod phone;
mod refusals;
mod server;
mod streams;
mod torture;
