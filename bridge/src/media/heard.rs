//! What a tick of one line brought, beside its sound.

use confab_core::audio::jitter::Taken;
use confab_dtmf::Key;

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Heard {
    /// Where the sound came from.
    pub(super) taken: Taken,
    /// A key that came as a tone.
    pub(super) key: Option<Key>,
    /// A key is down, by whatever way; what the line says meanwhile is nothing.
    pub(super) key_is_down: bool,
    /// Some of it may be the tone of a key: cut, but for sound that has only just begun.
    pub(super) may_be_key: bool,
}

impl Heard {
    pub(super) const NOTHING: Self = Self {
        taken: Taken::Idle,
        key: None,
        key_is_down: false,
        may_be_key: false,
    };
}
