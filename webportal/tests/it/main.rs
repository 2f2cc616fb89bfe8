//! The portal as its visitors meet it: requests in, pages out, on a real database.
// A helper of a test fails like the test itself.
#![allow(clippy::unwrap_used)]

mod live;
mod login;
mod owners;
mod pages;
mod panel;
mod prompts;
mod records;
mod settings;
mod site;
