//! The phone against itself, and then everything against the real program.

mod common;
mod doors;

mod backup;
mod browser;
mod calls;
mod encrypted;
mod first_start;
mod full;
mod host_keys;
mod hostile;
mod joining;
mod keypad;
mod keypad_rows;
mod ledger;
mod own_sounds;
mod patience;
mod phone;
mod recording;
mod rooms;
mod softphone;
mod spoiling;
mod tones;
mod wideband;
mod words;
