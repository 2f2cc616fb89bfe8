//! What proves Confab by real calls: a test phone that hums a tone and says whom it hears, SIPp
//! scenarios, and a harness that starts the real program.
//!
//! Shares no parser, no G.711 and no clock with the bridge: what tests a thing must not be that
//! thing. Of G.722 and Opus both have the same libraries; what drives them is the phone's own.
#![forbid(unsafe_code)]

pub mod baresip;
pub mod browser;
pub mod confab;
pub mod phone;
pub mod ports;
pub mod sipp;
pub mod sound;
