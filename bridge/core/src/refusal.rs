//! Refusals are values: each has its words and its SIP answer, said once, in this table.

use crate::prompt::Prompt;

/// Why a caller is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// No such room, a wrong PIN or a wrong code: the same to the caller, so nobody can learn
    /// which rooms exist.
    WrongEntry,
    /// The room is locked.
    RoomLocked,
    /// The room is full.
    RoomFull,
    /// Confab takes no more calls: no free port, overload, or draining.
    HouseFull,
    /// The SDP offers nothing that Confab speaks.
    NoCommonCodec,
    /// The request names nobody Confab answers for.
    NotFound,
}

impl Refusal {
    /// What the caller hears before the goodbye, when the call has been answered.
    pub fn prompt(self) -> Prompt {
        match self {
            Refusal::WrongEntry | Refusal::NotFound => Prompt::WrongEntry,
            Refusal::RoomLocked => Prompt::RoomIsLocked,
            Refusal::RoomFull => Prompt::RoomIsFull,
            Refusal::HouseFull | Refusal::NoCommonCodec => Prompt::HouseIsFull,
        }
    }

    /// The answer to an INVITE that is refused before it is answered (RFC 3261, 21.4 and 21.5).
    pub fn sip_status(self) -> u16 {
        match self {
            Refusal::WrongEntry | Refusal::NotFound => 404,
            Refusal::RoomLocked | Refusal::RoomFull => 486,
            Refusal::HouseFull => 503,
            Refusal::NoCommonCodec => 488,
        }
    }

    /// The word for it in the ledger, in logs and in metrics.
    pub fn word(self) -> &'static str {
        match self {
            Refusal::WrongEntry => "wrong_entry",
            Refusal::RoomLocked => "room_locked",
            Refusal::RoomFull => "room_full",
            Refusal::HouseFull => "house_full",
            Refusal::NoCommonCodec => "no_common_codec",
            Refusal::NotFound => "not_found",
        }
    }
}
