//! What a page or a program may ask of a room: words and values as they come in a form or in JSON,
//! made into a [`Command`]; and the way to the room and back.

use std::time::Duration;

use confab_core::command::{Command, CommandRefusal, LectureMode};
use confab_core::ids::{DialId, DialNumber, LegId, RoomNumber};
use serde::Deserialize;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::app::App;
use crate::trouble::Trouble;
use crate::{PortalCommand, words};

/// The longest a page waits for the room.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// One command in words. Which of the values it needs is said by [`Order::command`].
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Order {
    pub(crate) command: String,
    #[serde(default)]
    pub(crate) leg: Option<u64>,
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) code: Option<String>,
    /// to call
    #[serde(default)]
    pub(crate) number: Option<String>,
    /// a call out of the room
    #[serde(default)]
    pub(crate) dial: Option<u64>,
}

impl Order {
    /// The command these words mean.
    pub(crate) fn command(self) -> Result<Command, Trouble> {
        let leg = || {
            let missing = || Trouble::Senseless("Which caller? `leg` is missing.".into());
            self.leg.map(LegId).ok_or_else(missing)
        };
        Ok(match self.command.as_str() {
            "mute" => Command::SetMute {
                leg: leg()?,
                muted: true,
            },
            "unmute" => Command::SetMute {
                leg: leg()?,
                muted: false,
            },
            word @ ("suppress_noise" | "keep_noise") => Command::SetDenoised {
                leg: leg()?,
                denoised: word == "suppress_noise",
            },
            "mute_all" => Command::MuteAll,
            "open_all" => Command::OpenAll,
            "next_hand" => Command::NextHand,
            "dial_out" => Command::DialOut(number(self.number.as_deref())?),
            "hang_up_dial" => {
                let missing = || Trouble::Senseless("Which call? `dial` is missing.".into());
                Command::HangUpDial(self.dial.map(DialId).ok_or_else(missing)?)
            }
            "drop" => Command::Drop(leg()?),
            "rename" => Command::Rename {
                leg: leg()?,
                name: name(self.name.as_deref())?,
            },
            "lock" => Command::SetLocked(true),
            "unlock" => Command::SetLocked(false),
            "admit" => Command::Admit(leg()?),
            "record" => Command::SetRecording(true),
            "stop_recording" => Command::SetRecording(false),
            "lecture_open" => Command::SetLecture(LectureMode::Open),
            "lecture_relaxed" => Command::SetLecture(LectureMode::Relaxed),
            "lecture_strict" => Command::SetLecture(LectureMode::Strict),
            "open_hand" => Command::SetHandOpen {
                leg: leg()?,
                open: true,
            },
            "close_hand" => Command::SetHandOpen {
                leg: leg()?,
                open: false,
            },
            "lower_hand" => Command::LowerHand(leg()?),
            "chimes_on" => Command::SetChimes(true),
            "chimes_off" => Command::SetChimes(false),
            "continue_on" => Command::SetContinue(true),
            "continue_off" => Command::SetContinue(false),
            "billing_code" => Command::SetBillingCode(code(self.code.as_deref())?),
            "go_on" => Command::GoOn,
            "end" => Command::End,
            other => {
                return Err(Trouble::Senseless(format!(
                    "There is no command \"{other}\"."
                )));
            }
        })
    }
}

/// A refusal of the room, with the word that a redirect carries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refused(pub(crate) CommandRefusal);

impl Refused {
    /// The word of `?refused=`.
    pub(crate) fn word(self) -> &'static str {
        match self.0 {
            CommandRefusal::NoSuchLeg => "no_such_leg",
            CommandRefusal::HostsOnly => "hosts_only",
            CommandRefusal::MutedByHost => "muted_by_host",
            CommandRefusal::CannotRecord => "cannot_record",
            CommandRefusal::NoConference => "no_conference",
            CommandRefusal::LectureHolds => "lecture_holds",
            CommandRefusal::NoHand => "no_hand",
            CommandRefusal::DialNotAllowed => "dial_not_allowed",
            CommandRefusal::TooManyDials => "too_many_dials",
            CommandRefusal::RoomFull => "room_full",
        }
    }

    /// For programs: with the status that [`Trouble::Refused`] has.
    pub(crate) fn trouble(self) -> Trouble {
        Trouble::Refused(words::refusal(self.0).to_owned())
    }
}

/// Sends the command to the room and waits for its answer, a second at most.
pub(crate) async fn send(
    app: &App,
    room: RoomNumber,
    by: &str,
    command: Command,
) -> Result<Result<(), Refused>, Trouble> {
    let (reply, answer) = oneshot::channel();
    let order = PortalCommand {
        room,
        by: by.to_owned(),
        command,
        reply,
    };
    let whole = async {
        app.portal
            .commands
            .send(order)
            .await
            .map_err(|_| Trouble::NoBridge)?;
        answer.await.map_err(|_| Trouble::NoBridge)
    };
    match timeout(ANSWER_WITHIN, whole).await {
        Ok(Ok(Ok(()))) => Ok(Ok(())),
        Ok(Ok(Err(refusal))) => Ok(Err(Refused(refusal))),
        Ok(Err(trouble)) => Err(trouble),
        Err(_) => Err(Trouble::NoBridge),
    }
}

/// A caller's name as it is typed: without blanks around it and control characters in it.
fn name(typed: Option<&str>) -> Result<String, Trouble> {
    let typed = typed.unwrap_or_default();
    let name: String = typed.chars().filter(|c| !c.is_control()).collect();
    let name = name.trim().to_owned();
    match name.chars().count() {
        1..=64 => Ok(name),
        _ => Err(Trouble::Senseless("A name has 1 to 64 characters.".into())),
    }
}

fn code(typed: Option<&str>) -> Result<String, Trouble> {
    let code = typed.unwrap_or_default().trim();
    if is_billing_code(code) {
        Ok(code.to_owned())
    } else {
        Err(Trouble::Senseless(
            "A billing code has 2 to 20 digits.".into(),
        ))
    }
}

fn number(typed: Option<&str>) -> Result<DialNumber, Trouble> {
    let typed = typed.unwrap_or_default();
    // as people write numbers
    let plain: String = typed.chars().filter(|c| !" -/().".contains(*c)).collect();
    DialNumber::parse(&plain).ok_or_else(|| {
        Trouble::Senseless("A number to call has 2 to 20 digits, and perhaps a plus.".into())
    })
}

/// 2 to 20 digits.
pub(crate) fn is_billing_code(code: &str) -> bool {
    (2..=20).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use confab_dtmf::layout::KeypadCommand;

    use super::*;

    /// The words by which the live page does the same. A new key does not compile here until
    /// somebody has decided what the page offers.
    fn on_the_page(keyed: KeypadCommand) -> &'static [&'static str] {
        match keyed {
            KeypadCommand::ToggleMute => &["mute", "unmute"],
            KeypadCommand::ToggleHand => &["lower_hand", "open_hand", "close_hand"],
            KeypadCommand::NextHand => &["next_hand"],
            KeypadCommand::Admit => &["admit"],
            KeypadCommand::CycleLecture => &["lecture_open", "lecture_relaxed", "lecture_strict"],
            KeypadCommand::MuteAll => &["mute_all", "open_all"],
            // each row says what is wrong with its line, and has the button
            KeypadCommand::MuteWorst => &["mute"],
            KeypadCommand::ToggleRecording => &["record", "stop_recording"],
            KeypadCommand::ToggleLock => &["lock", "unlock"],
            KeypadCommand::DialOut => &["dial_out"],
            KeypadCommand::DropDialled => &["hang_up_dial", "drop"],
            KeypadCommand::ToggleChimes => &["chimes_on", "chimes_off"],
            KeypadCommand::ToggleContinue => &["continue_on", "continue_off", "go_on"],
            KeypadCommand::End => &["end"],
            // the page shows who is there and what can be done
            KeypadCommand::CountCallers
            | KeypadCommand::RollCall
            | KeypadCommand::Menu
            | KeypadCommand::Unknown => &[],
        }
    }

    #[test]
    fn whatever_a_key_does_the_live_page_offers() {
        let page = [
            include_str!("../templates/live_head.html"),
            include_str!("../templates/live_panel.html"),
            include_str!("../templates/live_row.html"),
        ]
        .concat();
        for keyed in KeypadCommand::ALL {
            for word in on_the_page(keyed) {
                assert!(page.contains(&format!("value=\"{word}\"")), "{word}");
                let order = Order {
                    command: (*word).to_owned(),
                    leg: Some(1),
                    number: Some("4711".into()),
                    dial: Some(1),
                    ..Order::default()
                };
                assert!(order.command().is_ok(), "{word}");
            }
        }
    }

    #[test]
    fn words_become_commands() {
        let leg = LegId(5);
        for (json, command) in [
            (
                r#"{"command":"mute","leg":5}"#,
                Some(Command::SetMute { leg, muted: true }),
            ),
            (r#"{"command":"mute"}"#, None),
            (r#"{"command":"suppress_noise","leg":5}"#, {
                let denoised = true;
                Some(Command::SetDenoised { leg, denoised })
            }),
            (r#"{"command":"keep_noise","leg":5}"#, {
                let denoised = false;
                Some(Command::SetDenoised { leg, denoised })
            }),
            (r#"{"command":"keep_noise"}"#, None),
            (
                r#"{"command":"rename","leg":5,"name":" An\u0007na "}"#,
                Some(Command::Rename {
                    leg,
                    name: "Anna".into(),
                }),
            ),
            (r#"{"command":"rename","leg":5,"name":"  "}"#, None),
            (r#"{"command":"billing_code","code":"4711"}"#, {
                Some(Command::SetBillingCode("4711".into()))
            }),
            (r#"{"command":"billing_code","code":"47a"}"#, None),
            (r#"{"command":"dial_out","number":"+49 (30) 47-11"}"#, {
                DialNumber::parse("+49304711").map(Command::DialOut)
            }),
            (r#"{"command":"dial_out","number":"47x11"}"#, None),
            (r#"{"command":"dial_out"}"#, None),
            (r#"{"command":"hang_up_dial","dial":3}"#, {
                Some(Command::HangUpDial(DialId(3)))
            }),
            (r#"{"command":"hang_up_dial"}"#, None),
            (r#"{"command":"next_hand"}"#, Some(Command::NextHand)),
            (r#"{"command":"open_all"}"#, Some(Command::OpenAll)),
            (
                r#"{"command":"lecture_strict"}"#,
                Some(Command::SetLecture(LectureMode::Strict)),
            ),
            (r#"{"command":"explode"}"#, None),
        ] {
            let order: Order = serde_json::from_str(json).unwrap();
            assert_eq!(order.command().ok(), command, "{json}");
        }
    }
}
