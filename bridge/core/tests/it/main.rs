//! Tests of the core from outside: rooms as stories, properties over any inputs, the menu as
//! tables, the guard of its doors against attackers, the jitter buffer over hours.
#![allow(clippy::unwrap_used)]

mod call;
mod codes;
mod guard;
mod menu;
mod parity;
mod properties;
mod secrets;
mod settings;
mod sound;
mod stories;
mod world;
