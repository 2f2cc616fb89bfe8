//! How much each budget holds: the numbers behind what ARCHITECTURE.md says about guessing.
//!
//! A PIN lasts for years, so its budgets let through a few dozen attempts a day at most. A security
//! code lasts for one conference, which has many guests who mistype, so more is let through, and
//! those who are right make up for those who are not.

use std::time::Duration;

use super::bucket::Limit;

/// The limits of one kind of attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindLimits {
    /// a caller number, from wherever
    pub number: Limit,
    /// an address
    pub source: Limit,
    /// a network
    pub trunk: Limit,
    /// an address at one room
    pub pair: Limit,
    /// one room
    pub room: Limit,
    /// everybody
    pub house: Limit,
}

/// All limits; the default is what the house uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// a caller number at an address, for attempts of every kind
    pub line: Limit,
    /// room numbers
    pub rooms: KindLimits,
    /// PINs
    pub pins: KindLimits,
    /// security codes
    pub codes: KindLimits,
}

impl Default for Limits {
    fn default() -> Self {
        let shared = KindLimits {
            number: Limit::steady(30, MINUTE.saturating_mul(10)),
            source: Limit::steady(100, MINUTE),
            trunk: Limit::steady(300, Duration::from_secs(30)),
            pair: DOUBLING_PAIR,
            room: Limit::steady(30, HOUR),
            house: Limit::steady(1_000, Duration::from_secs(10)),
        };
        Self {
            line: Limit {
                holds: 20,
                refill: MINUTE.saturating_mul(3),
                doublings: 6,
            },
            rooms: shared,
            pins: shared,
            codes: KindLimits {
                pair: Limit::steady(60, MINUTE),
                room: Limit::steady(100, MINUTE),
                ..shared
            },
        }
    }
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Ten at once, then one an hour, and one in eight hours for whoever goes on.
const DOUBLING_PAIR: Limit = Limit {
    holds: 10,
    refill: HOUR,
    doublings: 3,
};

/// A source that was wrong at a room is a stranger to it for so long.
pub(super) const WRONG_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A line that has given a room's PIN is known to it for so long.
pub(super) const PROVEN_FOR: Duration = Duration::from_secs(90 * 24 * 60 * 60);
