//! The program `confab`, as a library so that its parts can be tested: wiring, no policy.

mod alive;
mod allocator;
pub mod cli;
pub mod clock;
pub mod config;
pub mod first_start;
pub mod http;
pub mod interrupted;
pub mod janitor;
pub mod ledger;
pub mod media;
mod own_sounds;
mod prompt_desk;
pub mod prompts;
pub mod serve;
pub mod switchboard;
pub mod vitals;
pub mod web;
