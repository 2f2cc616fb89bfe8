//! The pure heart of Confab: rooms and voice menus as state machines, and the arithmetic of sound.
//!
//! Nothing here touches a clock, a socket, a file, a thread, a database or a source of randomness:
//! time and packets come in as values, decisions go out as values. Policy lives here and nowhere
//! else; so a whole conference is a text script in a test.
#![forbid(unsafe_code)]

pub mod access;
pub mod audio;
pub mod command;
pub mod effect;
pub mod event;
pub mod fault;
pub mod guard;
pub mod ids;
pub mod keyed;
pub mod menu;
pub mod prompt;
pub mod refusal;
pub mod room;
pub mod settings;
pub mod snapshot;
pub mod time;
