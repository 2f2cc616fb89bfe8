//! The SIP side against a raw socket: every message is written by hand and read as text, so that
//! the library under test does not test itself.

mod calls;
mod changes;
mod phone;
mod refusals;
mod server;
mod streams;
mod torture;
