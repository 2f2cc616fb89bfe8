//! A telephone for tests: it calls, keys, hums a tone of its own and tells whom it hears.
//!
//! Built on `rsip` for messages and `rtp` for packets. Signalling runs in one task, sound in two
//! threads of its own, so that a busy test does not make the phone stutter.

mod call;
mod codec;
mod dialog;
mod ear;
mod keys;
mod media;
mod message;
mod mouth;
mod sdp;
mod seal;
mod wire;

pub use call::{CallState, Phone, Plan};
pub use codec::Codec;
pub use ear::{Ear, Heard, Line};
pub use keys::{Key, keys, sequence};
pub use media::{MediaPort, port_pair};
pub use sdp::{Direction, Sdp};
pub use seal::{Crypto, Suite};
pub use wire::Transport;
