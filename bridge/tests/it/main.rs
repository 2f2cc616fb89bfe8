//! Tests of the house itself and of the program's parts that need no call.
// helpers of tests are tests, too
#![allow(clippy::unwrap_used)]

mod backup;
mod command_line;
mod complaints;
mod interrupted;
mod ledger;
mod program;
mod retention;
mod secrets;
mod tidy;
mod web;
mod wrong_folder;
