//! What the tests of the program share: patience, tones, and SIPp calls into the usual room.

use std::time::Duration;

use anyhow::Result;
use sipp_scenarios::confab::{ACCESS_NUMBER, Confab, PIN, ROOM, Setup};
use sipp_scenarios::phone::{Ear, Phone};
use sipp_scenarios::sipp::Sipp;

/// How long anything may take to be heard or seen. Generous: the machine may be busy.
pub const SOON: Duration = Duration::from_secs(15);

/// The tone of the first phone of a test.
pub const ANNA: u32 = 810;
/// The tone of the second.
pub const BERT: u32 = 1_020;
/// What SIPp's guests hum, as their scenarios say.
pub const SIPP_GUEST: u32 = 1_140;
/// What SIPp's hosts hum.
pub const SIPP_HOST: u32 = 1_280;
/// The tone of a third phone.
pub const CARL: u32 = 1_710;

/// Makes three tests of a function that takes a language.
macro_rules! in_three_languages {
    ($($story:ident),+ $(,)?) => {$(
        mod $story {
            use sipp_scenarios::sound::words::Language;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn in_english() -> anyhow::Result<()> {
                super::$story(Language::En).await
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn in_french() -> anyhow::Result<()> {
                super::$story(Language::Fr).await
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn in_german() -> anyhow::Result<()> {
                super::$story(Language::De).await
            }
        }
    )+};
}
pub(crate) use in_three_languages;

/// A room in which nothing is said that was not asked for.
pub fn quiet() -> Setup {
    Setup::with_room(&["guests_may_start=true", "announce=nothing"])
}

/// Starts a scenario that calls the access number.
pub async fn sipp(confab: &Confab, scenario: &str) -> Result<Sipp> {
    sipp_to(confab, scenario, ACCESS_NUMBER).await
}

/// Starts a scenario that calls this number.
pub async fn sipp_to(confab: &Confab, scenario: &str, user: &str) -> Result<Sipp> {
    start(confab, scenario, user, &[]).await
}

/// Starts a scenario with more words to fill in.
pub async fn sipp_with(confab: &Confab, scenario: &str, words: &[(&str, &str)]) -> Result<Sipp> {
    start(confab, scenario, ACCESS_NUMBER, words).await
}

async fn start(confab: &Confab, scenario: &str, user: &str, more: &[(&str, &str)]) -> Result<Sipp> {
    let words = [&[("ROOM", ROOM), ("PIN", PIN)], more].concat();
    Sipp::start(scenario, confab.sip(), user, &words, confab.language()).await
}

/// Presses keys and waits for the words that answer.
pub async fn key_and_hear(phone: &Phone, keys: &str, prompt: &str) -> Result<()> {
    let mark = phone.ear.mark();
    phone.key(keys).await?;
    phone.ear.wait_for_prompt(prompt, mark, SOON).await
}

/// Waits for a prompt that a cue has led to.
pub async fn cue_and_hear(call: &Sipp, ear: &Ear, prompt: &str) -> Result<()> {
    let mark = ear.mark();
    call.tap.cue().await?;
    ear.wait_for_prompt(prompt, mark, SOON).await
}
