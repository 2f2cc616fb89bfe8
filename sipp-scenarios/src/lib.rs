//! What proves Confab by real calls: a test phone that hums a tone and says whom it hears, SIPp
//! scenarios, and a harness that starts the real program.
//!
//! Shares no parser, codec or clock with the bridge: what tests a thing must not be that thing.
#![forbid(unsafe_code)]

pub mod baresip;
pub mod browser;
pub mod confab;
pub mod phone;
pub mod sipp;
pub mod sound;
