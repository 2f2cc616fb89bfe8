//! What a language does its own way: numbers in sentences. Holds no sound and names no prompt; the
//! build script reads it too, so it needs nothing but the standard library.

use std::borrow::Cow;
use std::fmt::Debug;

/// One sentence: the keys of its parts, which are joined without a gap.
pub type Parts = Vec<Cow<'static, str>>;

/// What a language does its own way.
pub trait Grammar: Debug + Send + Sync {
    /// "There are N callers."
    fn callers(&self, n: u32) -> Parts;
    /// "You are number N", of the raised hands; beyond what is recorded, how many at least are ahead.
    fn hand_number(&self, n: u32) -> Option<Parts>;
    /// "and N callers without a name"; none when all have one.
    fn without_name(&self, n: u32) -> Option<Parts>;
}

/// The key of a number in a series.
pub fn numbered(series: &str, n: u32) -> Parts {
    vec![format!("{series}-{n}").into()]
}
