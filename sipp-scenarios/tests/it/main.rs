//! The phone against itself, and then everything against the real program.

mod phone;
