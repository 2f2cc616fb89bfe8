//! The pages' words for what the ledger and the room keep as one word. Decides nothing.

use confab_core::access::CallType;
use confab_core::command::{CommandRefusal, LectureMode};
use confab_core::event::{DialEnd, DialFailure};
use confab_core::fault::Fault;

/// Why a call ended, from `EndReason::word`.
pub(crate) fn call_end(word: Option<&str>) -> &'static str {
    match word {
        None => "still in the room",
        Some("caller_hung_up") => "hung up",
        Some("dropped") => "dropped by a host",
        Some("conference_ended") => "the conference ended",
        Some("line_dead") => "the line went dead",
        Some("menu_timeout") => "did not get past the menu",
        Some("signalling_failed") => "the network broke the call",
        Some("shutdown") => "Confab was stopped",
        Some("crashed") => "Confab was interrupted",
        Some("busy") => "called by a host: busy",
        Some("no_answer") => "called by a host: no answer",
        Some("rejected") => "called by a host: rejected",
        Some("unreachable" | "bad_number" | "no_trunk") => "called by a host: not reached",
        Some("wrong_entry") => "refused: wrong room or PIN",
        Some("room_locked") => "refused: the room was locked",
        Some("room_full") => "refused: the room was full",
        Some("house_full") => "refused: all lines were busy",
        Some("no_common_codec") => "refused: no sound format in common",
        Some("not_found") => "refused: unknown number",
        Some(_) => "ended",
    }
}

/// How a line spoils the conference: in a word, and what that means.
pub(crate) fn fault(fault: Fault) -> (&'static str, &'static str) {
    match fault {
        Fault::Hum => ("hums", "A hum or a steady tone comes from this line."),
        Fault::Noise => ("noisy", "This line is noisy all the time."),
        Fault::Music => (
            "plays music",
            "Music comes from this line. Perhaps it is on hold.",
        ),
        Fault::Echo => (
            "echoes",
            "What others say comes back from this line. Perhaps a loudspeaker is too loud.",
        ),
        Fault::Howl => (
            "howls",
            "This line howls: its loudspeaker is heard by its microphone.",
        ),
    }
}

/// How a call came, from `CallType::word` and the country of its number: who pays for it.
pub(crate) fn call_way(word: &str, country: &str) -> String {
    let way = match CallType::parse(word) {
        Some(CallType::Toll) => "toll",
        Some(CallType::TollFree) => "toll-free",
        Some(CallType::Voip) => "internet",
        Some(CallType::DialOut) => "called by a host",
        None => "unknown",
    };
    if country.is_empty() {
        way.to_owned()
    } else {
        format!("{way}, {country}")
    }
}

/// Why a conference ended.
pub(crate) fn conference_end(word: Option<&str>) -> &'static str {
    match word {
        None => "running now",
        Some("nobody_left") => "everybody had left",
        Some("host_left") => "the host had left",
        Some("ended_by_host") => "ended by the host",
        Some("shutdown") => "Confab was stopped",
        Some("crashed") => "Confab was interrupted",
        Some(_) => "ended",
    }
}

/// Why the file of a recording is gone.
pub(crate) fn deletion(why: &str) -> &'static str {
    match why {
        "host" => "deleted by the host",
        "retention" => "deleted: kept for as long as recordings are kept",
        _ => "deleted",
    }
}

/// What is said to one whose command was refused.
pub(crate) fn refusal(refusal: CommandRefusal) -> &'static str {
    match refusal {
        CommandRefusal::NoSuchLeg => "That caller is no longer in the room.",
        CommandRefusal::HostsOnly => "Only a host may do that.",
        CommandRefusal::MutedByHost => {
            "Lecture mode does not allow that. Open the caller's hand instead."
        }
        CommandRefusal::CannotRecord => "The recording could not be started.",
        CommandRefusal::LectureHolds => {
            "Lecture mode keeps the guests muted. End it to open their lines."
        }
        CommandRefusal::NoHand => "No hand is raised.",
        CommandRefusal::DialNotAllowed => "Calling out is not allowed in this room.",
        CommandRefusal::TooManyDials => "Too many calls are under way. Wait for their answers.",
        CommandRefusal::RoomFull => "The room is full.",
        CommandRefusal::NoConference => "There is no conference in this room now.",
    }
}

/// How a call out ended by which nobody came in, after the number.
pub(crate) fn dial_end(end: DialEnd) -> &'static str {
    match end {
        DialEnd::NotReached(DialFailure::Busy) => "was busy",
        DialEnd::NotReached(DialFailure::NoAnswer) => "did not answer",
        DialEnd::NotReached(DialFailure::Rejected) => "did not take the call",
        DialEnd::NotReached(DialFailure::Unreachable) => "could not be reached",
        DialEnd::NotReached(DialFailure::BadNumber) => "is not a number that can be called",
        DialEnd::NotReached(DialFailure::NoTrunk) => "could not be called: no line is set up",
        DialEnd::HungUp => "hung up at the door",
        DialEnd::NotLetIn => "waited too long at the door",
        DialEnd::Dropped => "was hung up",
    }
}

/// The same for programs.
pub(crate) fn dial_end_word(end: DialEnd) -> &'static str {
    match end {
        DialEnd::NotReached(failure) => failure.word(),
        DialEnd::HungUp => "hung_up",
        DialEnd::NotLetIn => "not_let_in",
        DialEnd::Dropped => "dropped",
    }
}

/// The word of a lecture mode in forms and in the API.
pub(crate) fn lecture_word(mode: LectureMode) -> &'static str {
    match mode {
        LectureMode::Open => "open",
        LectureMode::Relaxed => "relaxed",
        LectureMode::Strict => "strict",
    }
}

/// A caller's number; who withholds it sends a word in its place.
pub(crate) fn number(number: String) -> String {
    if number.eq_ignore_ascii_case("anonymous") {
        "Number withheld".to_owned()
    } else {
        number
    }
}

/// A size as people read it: `12.3 MB`.
pub(crate) fn size(bytes: i64) -> String {
    let bytes = bytes.max(0);
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}

/// `1 caller`, `5 callers`.
pub(crate) fn count(n: impl TryInto<u64>, one: &str) -> String {
    match n.try_into().unwrap_or(0) {
        1 => format!("1 {one}"),
        n => format!("{n} {one}s"),
    }
}
