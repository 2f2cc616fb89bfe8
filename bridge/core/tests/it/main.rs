//! Tests of the core from outside: rooms as stories, properties over any inputs, the menu as
//! tables.
#![allow(clippy::unwrap_used)]

mod call;
mod menu;
mod properties;
mod settings;
mod stories;
mod world;
