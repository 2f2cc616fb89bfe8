//! Tests of the house itself and of the program's parts that need no call.

mod command_line;
mod ledger;
mod retention;
mod tidy;
