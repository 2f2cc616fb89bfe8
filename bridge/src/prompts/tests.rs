//! Everything that can be said is said, in every language and loud enough.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use super::*;
use confab_dtmf::layout::KeypadCommand;

pub static PROMPTS: LazyLock<Prompts> = LazyLock::new(load);

fn load() -> Prompts {
    let own = Own::open(Path::new("no folder, so nothing of its own"));
    Prompts::load(Arc::new(own)).unwrap()
}

pub const LANGUAGES: [Language; 3] = [Language::En, Language::Fr, Language::De];

/// Every prompt without a number in it.
const FIXED: &[Prompt] = &[
    Prompt::Welcome,
    Prompt::EnterRoomNumber,
    Prompt::HostPressStar,
    Prompt::EnterPin,
    Prompt::EnterCode,
    Prompt::ChooseCode,
    Prompt::ChooseCodeOrUsual,
    Prompt::EnterCodeAgain,
    Prompt::CodeIsSet,
    Prompt::UsualCodeIsSet,
    Prompt::CodeWasSet,
    Prompt::WrongEntry,
    Prompt::TryAgain,
    Prompt::Goodbye,
    Prompt::EnterBillingCode,
    Prompt::BillingCodeNoted,
    Prompt::DefaultCodeNoted,
    Prompt::NoBillingCode,
    Prompt::SayYourName,
    Prompt::KeepNameOrAgain,
    Prompt::RoomIsLocked,
    Prompt::HostWasTold,
    Prompt::RoomIsFull,
    Prompt::HouseIsFull,
    Prompt::WaitingForHost,
    Prompt::ConferenceBegins,
    Prompt::YouAreFirst,
    Prompt::BeingRecorded,
    Prompt::YouAreMuted,
    Prompt::YouAreUnmuted,
    Prompt::HostMutedYou,
    Prompt::HostOpenedYou,
    Prompt::HostMutedAllLines,
    Prompt::RoomNowLocked,
    Prompt::RoomNowUnlocked,
    Prompt::RecordingStarted,
    Prompt::RecordingStopped,
    Prompt::RecordingFull,
    Prompt::RecordingFailed,
    Prompt::LectureRelaxed,
    Prompt::LectureStrict,
    Prompt::LectureEnded,
    Prompt::HandLowered,
    Prompt::SomebodyRaisedHand,
    Prompt::ChimesOn,
    Prompt::ChimesOff,
    Prompt::WillContinue,
    Prompt::WillEnd,
    Prompt::RollCall,
    Prompt::HasJoined,
    Prompt::HasLeft,
    Prompt::CallerJoined,
    Prompt::CallerLeft,
    Prompt::HostLeftEndsSoon,
    Prompt::HostLeftGoesOn,
    Prompt::HostIsBack,
    Prompt::ConferenceEnded,
    Prompt::YouWereDropped,
    Prompt::NotACommand,
    Prompt::HostsOnly,
    Prompt::YouMaySpeak,
    Prompt::YouAreNext,
    Prompt::MaySpeakNow,
    Prompt::NumberEndsIn,
    Prompt::NextMaySpeak,
    Prompt::NoHandRaised,
    Prompt::AllOpened,
    Prompt::NoGuests,
    Prompt::LectureHolds,
    Prompt::SomebodyKnocks,
    Prompt::IsAtTheDoor,
    Prompt::LetIn,
    Prompt::NobodyAtTheDoor,
    Prompt::YouAreIn,
    Prompt::EnterNumberToCall,
    Prompt::Calling,
    Prompt::DialRinging,
    Prompt::DialAnswered,
    Prompt::DialBusy,
    Prompt::DialNoAnswer,
    Prompt::DialFailed,
    Prompt::DialGivenUp,
    Prompt::DialNotAllowed,
    Prompt::DialDropped,
    Prompt::DialGone,
    Prompt::NobodyDialled,
    Prompt::JoiningConference,
    Prompt::ConferenceGoesOn,
    Prompt::StillAlone,
    Prompt::CallMayBeCut,
    Prompt::WelcomeBack,
    Prompt::SomebodyGuesses,
    Prompt::LineDisturbs,
    Prompt::YourLineDisturbs,
    Prompt::DisturbingLineMuted,
    Prompt::NoLineDisturbs,
    Prompt::AllMuted,
    Prompt::EndAsked,
];

/// Every prompt, with every number that is said in its own words, and one beyond.
pub fn every_prompt() -> impl Iterator<Item = Prompt> {
    let callers = (1..=2_001).map(Prompt::Callers);
    let hands = (0..=21).map(Prompt::HandRaised);
    let nameless = (1..=21).map(Prompt::WithoutName);
    let digits = (0..=9).map(Prompt::Digit);
    let menu = KeypadCommand::ALL.into_iter().map(Prompt::MenuLine);
    FIXED
        .iter()
        .copied()
        .chain(callers)
        .chain(hands)
        .chain(nameless)
        .chain(digits)
        .chain(menu)
}

#[test]
fn every_prompt_is_listed_here() {
    let source = include_str!("../../core/src/prompt.rs");
    let (_, after) = source.split_once("pub enum Prompt {").unwrap();
    let (variants, _) = after.split_once("\n}").unwrap();
    let listed: BTreeSet<String> = every_prompt()
        .map(|prompt| {
            let name = format!("{prompt:?}");
            name.split('(').next().unwrap().to_owned()
        })
        .collect();
    let there: BTreeSet<String> = variants
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("///"))
        .map(|line| line.split(['(', ',']).next().unwrap().to_owned())
        .collect();
    assert_eq!(listed, there);
}

fn heard(language: Language, clip: Clip) -> Vec<Sound> {
    PROMPTS.render(language, &Layout::openvoice(), &clip, &|_| None)
}

/// RMS of the 20 ms frames within 25 dB of the loudest, dB of full scale.
fn active_dbfs(sound: &[i16]) -> f64 {
    let power = |frame: &[i16]| -> f64 {
        let sum: f64 = frame
            .iter()
            .map(|&s| (f64::from(s) / 32_768.0).powi(2))
            .sum();
        sum / frame.len() as f64
    };
    let frames: Vec<f64> = sound.chunks_exact(20 * PER_MS).map(power).collect();
    let floor = frames.iter().copied().fold(0.0, f64::max) / 10f64.powf(2.5);
    let active: Vec<f64> = frames.into_iter().filter(|&p| p > floor).collect();
    10.0 * (active.iter().sum::<f64>() / active.len() as f64).log10()
}

fn seconds(sounds: &[Sound]) -> f64 {
    sounds.iter().map(|s| s.len()).sum::<usize>() as f64 / 8_000.0
}

#[test]
fn every_prompt_is_heard() {
    for (language, prompt) in LANGUAGES
        .iter()
        .flat_map(|&l| every_prompt().map(move |p| (l, p)))
    {
        let sounds = heard(language, Clip::Prompt(prompt));
        let grammar = PROMPTS.voice(language).grammar;
        let wanted = wording::sentences(prompt, grammar, &Layout::openvoice()).len();
        let what = format!("{language:?} {prompt:?}");
        assert_eq!(sounds.len(), wanted, "{what}: a sentence is missing");
        let length = seconds(&sounds);
        assert!((0.2..10.0).contains(&length), "{what}: {length:.2} s");
        for sound in &sounds {
            let level = active_dbfs(sound);
            assert!((-25.0..=-16.5).contains(&level), "{what}: {level:.1} dBFS");
            let peak = sound.iter().map(|s| s.unsigned_abs()).max().unwrap();
            assert!(peak < 32_000, "{what} is clipped: {peak}");
        }
    }
}

#[test]
fn nothing_to_say_is_nothing() {
    for language in LANGUAGES {
        assert!(heard(language, Clip::Prompt(Prompt::WithoutName(0))).is_empty());
    }
}

/// A sentence with a key's name in it is put together; a whole house may hear it at once.
#[test]
fn a_sentence_is_in_memory_once_while_it_is_said() {
    let prompts = load();
    let say = |layout: &Layout, prompt| {
        prompts.render(Language::En, layout, &Clip::Prompt(prompt), &|_| None)
    };
    let is_same = |one: &[Sound], other: &[Sound]| {
        one.len() == other.len() && one.iter().zip(other).all(|(a, b)| Arc::ptr_eq(a, b))
    };
    let usual = Layout::openvoice();
    let one = say(&usual, Prompt::LectureStrict);
    assert!(is_same(&one, &say(&usual, Prompt::LectureStrict)));
    let other = say(&usual, Prompt::LectureRelaxed);
    assert!(!is_same(&one, &other));
    let kept = || prompts.english.joined.0.lock().unwrap().len();
    let both = kept();
    drop(one);
    let _more = say(&usual, Prompt::YouAreMuted);
    assert!(is_same(&other, &say(&usual, Prompt::LectureRelaxed)));
    assert!(kept() <= both, "what nobody hears any more is forgotten");
}

#[test]
fn parts_overlap_by_their_fades() {
    let lap = JOINT_MS * PER_MS;
    let [one, two]: [Sound; 2] = [vec![100; 400].into(), vec![20; 300].into()];
    let whole = join(&[&one, &two]);
    assert_eq!(whole.len(), 700 - lap);
    assert!(whole[..400 - lap].iter().all(|&s| s == 100));
    assert!(whole[400 - lap..400].iter().all(|&s| s == 120));
    assert!(whole[400..].iter().all(|&s| s == 20));
    let loud: Sound = vec![i16::MAX; 200].into();
    assert!(join(&[&loud, &loud]).iter().all(|&s| s == i16::MAX));
    let short: Sound = vec![1; 3].into();
    assert_eq!(join(&[&short, &one, &short]).len(), 403 - 3);
}

#[test]
fn names_chimes_and_pauses() {
    let name: Sound = vec![5; 80].into();
    let layout = Layout::openvoice();
    let names = |leg: LegId| (leg == LegId(7)).then(|| Arc::clone(&name));
    let render = |clip: Clip| PROMPTS.render(Language::En, &layout, &clip, &names);
    assert_eq!(render(Clip::Name(LegId(7))), [Arc::clone(&name)]);
    assert!(render(Clip::Name(LegId(8))).is_empty());
    assert_eq!(render(Clip::Pause(250)), [Sound::from(vec![0; 2_000])]);
    assert_eq!(render(Clip::Pause(u32::MAX))[0].len(), 480_000);
    let check = |clip: Clip, length: f64, level: f64| {
        let sounds = render(clip);
        assert!(
            (seconds(&sounds) - length).abs() < 0.1,
            "{clip:?}: {} s",
            seconds(&sounds)
        );
        let got = active_dbfs(&sounds[0]);
        assert!((got - level).abs() < 2.5, "{clip:?}: {got:.1} dBFS");
    };
    check(Clip::ChimeIn, 0.35, -23.0);
    check(Clip::ChimeOut, 0.35, -23.0);
    check(Clip::Beep, 0.35, -20.0);
    assert_ne!(render(Clip::ChimeIn), render(Clip::ChimeOut));
}

#[test]
fn music_is_calm_and_long() {
    let music = PROMPTS.music();
    assert!((60.0..=95.0).contains(&seconds(&[Arc::clone(&music)])));
    assert!((-27.0..=-25.0).contains(&active_dbfs(&music)));
    // The step over the seam is no larger than steps elsewhere.
    let step = |a: i16, b: i16| (i32::from(a) - i32::from(b)).abs();
    let largest = music
        .windows(2)
        .map(|two| step(two[0], two[1]))
        .max()
        .unwrap();
    assert!(step(music[music.len() - 1], music[0]) <= largest);
}

#[test]
fn each_language_has_a_voice_of_its_own() {
    let welcome = LANGUAGES.map(|language| heard(language, Clip::Prompt(Prompt::Welcome)));
    assert_ne!(welcome[0], welcome[1]);
    assert_ne!(welcome[1], welcome[2]);
    assert_ne!(welcome[2], welcome[0]);
}
