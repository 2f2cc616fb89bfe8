//! Everything Confab can say, one variant a message; the sound of each is found by its key.

use confab_dtmf::layout::KeypadCommand;

use crate::ids::LegId;

/// A spoken message. Its words are in the catalogue of each language (`bridge/prompts/en.toml`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Prompt {
    /// "Welcome to Confab."
    Welcome,
    /// "Please enter the room number, followed by the pound key."
    EnterRoomNumber,
    /// "If you are the host, press star. Otherwise, press pound or wait."
    HostPressStar,
    /// "Please enter your host PIN, followed by the pound key."
    EnterPin,
    /// "Please enter the security code, followed by the pound key."
    EnterCode,
    /// "Please choose a security code of at least four digits for this conference, followed by the
    /// pound key."
    ChooseCode,
    /// "Please choose a security code for this conference, followed by the pound key. For your
    /// usual code, press pound."
    ChooseCodeOrUsual,
    /// "Please enter the same code again, followed by the pound key."
    EnterCodeAgain,
    /// "The security code is set."
    CodeIsSet,
    /// "Your usual security code is set."
    UsualCodeIsSet,
    /// "This conference has a security code already."
    CodeWasSet,
    /// "That entry is not valid."
    WrongEntry,
    /// "Please try again."
    TryAgain,
    /// "Goodbye."
    Goodbye,
    /// "Please enter a billing code, followed by the pound key. For the default code, press pound."
    EnterBillingCode,
    /// "The billing code is noted."
    BillingCodeNoted,
    /// "The default billing code is noted."
    DefaultCodeNoted,
    /// "The conference has no billing code."
    NoBillingCode,
    /// "After the tone, say your name, then press pound."
    SayYourName,
    /// "To keep this name press pound; to say it again press star."
    KeepNameOrAgain,
    /// "The room is locked."
    RoomIsLocked,
    /// "Please hold. The host has been told that you are here."
    HostWasTold,
    /// "The room is full."
    RoomIsFull,
    /// "All lines are busy. Please call again later."
    HouseIsFull,
    /// "The host has not arrived yet. Please hold."
    WaitingForHost,
    /// "The conference begins."
    ConferenceBegins,
    /// "You are the first caller."
    YouAreFirst,
    /// "You are the only caller" / "There are N callers", the one who hears it included.
    Callers(u32),
    /// "This conference is being recorded."
    BeingRecorded,
    /// "Your line is muted."
    YouAreMuted,
    /// "Your line is open."
    YouAreUnmuted,
    /// "The host has muted your line."
    HostMutedYou,
    /// "The host has opened your line."
    HostOpenedYou,
    /// "The host has muted all lines. To ask to speak press star nine."
    HostMutedAllLines,
    /// "The room is now locked."
    RoomNowLocked,
    /// "The room is now open."
    RoomNowUnlocked,
    /// "The recording has started."
    RecordingStarted,
    /// "The recording has stopped."
    RecordingStopped,
    /// "The recording is full and has ended."
    RecordingFull,
    /// "The recording could not be started."
    RecordingFailed,
    /// "Lecture mode: all guests are muted. To unmute your line press star two."
    LectureRelaxed,
    /// "Lecture mode: all guests are muted. To ask to speak press star nine."
    LectureStrict,
    /// "Lecture mode has ended. All lines are open."
    LectureEnded,
    /// "Your hand is raised. You are number N." / "... At least twenty callers are ahead of you."
    HandRaised(u32),
    /// "Your hand is lowered."
    HandLowered,
    /// "A caller has raised a hand." To hosts.
    SomebodyRaisedHand,
    /// "Chimes are on."
    ChimesOn,
    /// "Chimes are off."
    ChimesOff,
    /// "The conference will go on after you hang up."
    WillContinue,
    /// "The conference will end after you hang up."
    WillEnd,
    /// "In the room are:"; the names follow.
    RollCall,
    /// "and one caller without a name" / "and N callers without a name", after the names; N is
    /// never 0.
    WithoutName(u32),
    /// "has joined", after a recorded name.
    HasJoined,
    /// "has left", after a recorded name.
    HasLeft,
    /// "A caller has joined."
    CallerJoined,
    /// "A caller has left."
    CallerLeft,
    /// "The host has left. This conference will end in one minute."
    HostLeftEndsSoon,
    /// "The host has left the conference."
    HostLeftGoesOn,
    /// "The host is back."
    HostIsBack,
    /// "This conference has ended."
    ConferenceEnded,
    /// "The host has ended your call."
    YouWereDropped,
    /// "That is not a command. For the menu press star one."
    NotACommand,
    /// "Only the host may do that."
    HostsOnly,
    /// A line of the menu of `*1`: "To mute or unmute your line press star two", with the keys of
    /// the room's layout; nothing when it has none for the command.
    MenuLine(KeypadCommand),
    /// One digit of a number that is read out, 0 to 9.
    Digit(u8),
    /// "Your line is open. You may speak now." To whose hand has been opened.
    YouMaySpeak,
    /// "You are next to speak." To who has come to the head of the queue.
    YouAreNext,
    /// "may speak now.", after a recorded name or a number.
    MaySpeakNow,
    /// "The caller whose number ends in"; digits follow.
    NumberEndsIn,
    /// "The next caller may speak now."
    NextMaySpeak,
    /// "No hand is raised."
    NoHandRaised,
    /// "The host has muted all guests. To unmute your line press star two."
    AllMuted,
    /// "The host has opened all lines."
    AllOpened,
    /// "There are no guests on the line."
    NoGuests,
    /// "Lecture mode keeps the guests muted." To a host who would open all lines.
    LectureHolds,
    /// "A caller is waiting at the door." To hosts.
    SomebodyKnocks,
    /// "is waiting at the door.", after a recorded name. To hosts.
    IsAtTheDoor,
    /// "The caller has been let in."
    LetIn,
    /// "Nobody is waiting at the door."
    NobodyAtTheDoor,
    /// "You are now in the conference." To who has been let in.
    YouAreIn,
    /// "Please enter the number to call, then press pound. To give up, press star."
    EnterNumberToCall,
    /// "Calling"; the digits follow.
    Calling,
    /// "It is ringing."
    DialRinging,
    /// "The call has been answered."
    DialAnswered,
    /// "The number is busy."
    DialBusy,
    /// "Nobody answers."
    DialNoAnswer,
    /// "The call could not be made."
    DialFailed,
    /// "No call is made."
    DialGivenUp,
    /// "Calling out is not allowed in this room."
    DialNotAllowed,
    /// "The call has been ended." To the host who ends a call that was made from the room.
    DialDropped,
    /// "The person you called has hung up."
    DialGone,
    /// "You have called nobody."
    NobodyDialled,
    /// "Please hold. You are being joined to a conference." To who was called.
    JoiningConference,
    /// "You are about to end the conference for everybody. To confirm press pound zero."
    EndAsked,
    /// "The conference goes on." To who did not confirm its end, or who was alone and stays.
    ConferenceGoesOn,
    /// "You are still the only caller. To stay on the line, press any key."
    StillAlone,
    /// "Your telephone company may end this call in ten minutes. If it does, please call again."
    CallMayBeCut,
    /// "Welcome back."
    WelcomeBack,
    /// "A line is disturbing the conference." To hosts.
    LineDisturbs,
    /// "Your line was disturbing the conference, and has been muted."
    YourLineDisturbs,
    /// "The line that disturbed the conference has been muted." To hosts.
    DisturbingLineMuted,
    /// "No line is disturbing the conference."
    NoLineDisturbs,
    /// "Somebody is trying to guess the codes of this room." To hosts.
    SomebodyGuesses,
}

/// One thing to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Clip {
    /// A spoken message.
    Prompt(Prompt),
    /// The name a caller recorded at the door; silent when there is none.
    Name(LegId),
    /// The entry chime.
    ChimeIn,
    /// The exit chime.
    ChimeOut,
    /// The tone after which a name is recorded.
    Beep,
    /// A pause, in milliseconds.
    Pause(u32),
}
