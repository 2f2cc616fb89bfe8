//! Digits a caller has keyed that may be a secret: a PIN, a security code.

use std::fmt;

/// Digits as they were keyed; `Debug` shows only how many. Kept no longer than it takes to check
/// or to seal them.
#[derive(Clone, PartialEq, Eq)]
pub struct Keyed(String);

impl Keyed {
    /// Takes whatever was keyed.
    pub fn new(digits: String) -> Self {
        Self(digits)
    }

    /// The digits; they go into no log, event or metric.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Keyed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyed({} digits)", self.0.len())
    }
}
