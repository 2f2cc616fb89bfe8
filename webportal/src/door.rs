//! Who may try to log in, and when: failed attempts cost time and never lock an account.
//!
//! Counted are an account at an address (who fails there waits longer and longer), and, much wider,
//! an address, behind which a whole office or a carrier's customers may be. Whoever sits at neither
//! waits for nothing, so strangers cannot keep an owner out from afar; and a browser from which the
//! owner has logged in before has a budget of its own, so they cannot from the same address.
//! An account at which many addresses fail gives each of them fewer tries.
//!
//! The answer to a wrong password, to an unknown account and to an attempt that is too early does
//! not tell which accounts there are: what is typed is counted, whether it exists or not.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::extract::ConnectInfo;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use confab_store::{Store, User};
use tokio::sync::Semaphore;

use crate::app::now_ms;
use crate::throttle::{Growth, Throttle};
use crate::trouble::Trouble;
use crate::visitor::{cookie, cookie_line};

const MINUTE_MS: i64 = 60_000;
const YEAR_MS: i64 = 365 * 24 * 60 * MINUTE_MS;

/// An account at an address, or at a browser that is known.
const BY_PAIR: Growth = Growth {
    free: 10,
    first_ms: 1_000,
    longest_ms: 15 * MINUTE_MS,
    forget_one_ms: 10 * MINUTE_MS,
};

/// An address, whatever the accounts.
const BY_ADDRESS: Growth = Growth {
    free: 100,
    first_ms: 1_000,
    longest_ms: MINUTE_MS,
    forget_one_ms: 20_000,
};

/// An account, whatever the addresses. Only counted: from [`UNDER_ATTACK`] on each address has
/// [`FREE_UNDER_ATTACK`] tries before it waits.
const BY_ACCOUNT: Growth = Growth {
    free: UNDER_ATTACK,
    first_ms: 0,
    longest_ms: 0,
    forget_one_ms: MINUTE_MS,
};
const UNDER_ATTACK: u32 = 30;
const FREE_UNDER_ATTACK: u32 = 2;

/// Passwords of strangers being checked or waiting for their turn; further ones are told to come
/// back in a second.
const STRANGERS_MAX: usize = 64;
/// The same for browsers that are known, which never stand behind strangers.
const KNOWN_MAX: usize = 32;

/// The count of failed logins, in memory: a restart forgives all.
#[derive(Debug)]
pub(crate) struct Door {
    counts: Mutex<Counts>,
    strangers: Semaphore,
    known: Semaphore,
}

#[derive(Debug)]
struct Counts {
    pairs: Throttle,
    addresses: Throttle,
    accounts: Throttle,
}

impl Default for Door {
    fn default() -> Self {
        Self {
            counts: Mutex::new(Counts {
                pairs: Throttle::new(BY_PAIR),
                addresses: Throttle::new(BY_ADDRESS),
                accounts: Throttle::new(BY_ACCOUNT),
            }),
            strangers: Semaphore::new(STRANGERS_MAX),
            known: Semaphore::new(KNOWN_MAX),
        }
    }
}

/// Where an attempt comes from. Not for logs: there are secrets in the headers.
pub(crate) struct Origin {
    address: String,
    headers: HeaderMap,
}

impl Origin {
    /// Of this request.
    pub(crate) fn of(parts: &Parts) -> Self {
        Self {
            address: address_of(parts),
            headers: parts.headers.clone(),
        }
    }

    /// Its headers.
    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }
}

/// What one attempt counts for.
struct Attempt {
    account: String,
    pair: String,
    /// none for a browser that is known: it uses up nothing that is shared
    address: Option<String>,
}

impl Attempt {
    fn of(store: &Store, origin: &Origin, email: &str, now_ms: i64) -> Self {
        let account = email.trim().to_lowercase();
        let mark = cookie(&origin.headers, &mark_name(&account));
        let browser = mark.and_then(|mark| store.browser_of_mark(mark, &account, now_ms));
        // neither an address nor an id has a blank in it
        let (at, address) = match browser {
            Some(id) => (id, None),
            None => (&*origin.address, Some(origin.address.clone())),
        };
        Self {
            pair: format!("{at} {account}"),
            account,
            address,
        }
    }
}

impl Counts {
    fn left_ms(&self, attempt: &Attempt, now_ms: i64) -> i64 {
        let Some(address) = &attempt.address else {
            return self.pairs.left_ms(&attempt.pair, now_ms);
        };
        let attacked = self.accounts.attempts(&attempt.account, now_ms) > UNDER_ATTACK;
        let free = if attacked {
            FREE_UNDER_ATTACK
        } else {
            BY_PAIR.free
        };
        let by_pair = self.pairs.left_of_ms(&attempt.pair, free, now_ms);
        by_pair.max(self.addresses.left_ms(address, now_ms))
    }

    fn count(&mut self, attempt: &Attempt, now_ms: i64) {
        self.pairs.attempt(&attempt.pair, now_ms);
        if let Some(address) = &attempt.address {
            self.addresses.attempt(address, now_ms);
            self.accounts.attempt(&attempt.account, now_ms);
        }
    }

    /// The password was right. Where others are counted as well, this attempt is excused and
    /// nothing forgiven: who has one account must not clear the way to others.
    fn welcome(&mut self, attempt: &Attempt) {
        self.excuse(attempt);
        self.pairs.forgive(&attempt.pair);
    }

    /// It was no failure.
    fn excuse(&mut self, attempt: &Attempt) {
        self.pairs.excuse(&attempt.pair);
        if let Some(address) = &attempt.address {
            self.addresses.excuse(address);
            self.accounts.excuse(&attempt.account);
        }
    }
}

impl Door {
    /// The user with this e-mail address and password.
    pub(crate) async fn enter(
        &self,
        store: &Store,
        origin: &Origin,
        email: &str,
        password: &str,
    ) -> Result<User, Trouble> {
        let now = now_ms();
        let attempt = Attempt::of(store, origin, email, now);
        let turns = match attempt.address {
            Some(_) => &self.strangers,
            None => &self.known,
        };
        let Ok(_turn) = turns.try_acquire() else {
            return Err(Trouble::TooManyLogins { wait_s: 1 });
        };
        {
            let mut counts = self.lock();
            let left_ms = counts.left_ms(&attempt, now);
            if left_ms > 0 {
                let wait_s = left_ms.unsigned_abs().div_ceil(1_000);
                return Err(Trouble::TooManyLogins { wait_s });
            }
            counts.count(&attempt, now);
        }
        let checked = store.check_login(&attempt.account, password).await;
        match &checked {
            Ok(None) => {}
            Ok(Some(_)) => self.lock().welcome(&attempt),
            // the database's failures are nobody's
            Err(_) => self.lock().excuse(&attempt),
        }
        checked?.ok_or(Trouble::WrongLogin)
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The cookie by which this browser is known the next time that this user logs in.
pub(crate) fn mark_cookie(store: &Store, headers: &HeaderMap, user: &User) -> String {
    let mark = store.mark_browser(&user.email, now_ms(), YEAR_MS);
    cookie_line(headers, &mark_name(&user.email), &mark, Some(YEAR_MS))
}

/// A name for each account, so that those who share a browser do not overwrite each other's mark.
fn mark_name(account: &str) -> String {
    // FNV-1a, which is the same in every run
    let hash = account.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    format!("confab_known_{hash:08x}")
}

/// The client's address as it is counted: a whole /64 in IPv6, since one machine has all of it.
/// Behind a proxy on this machine, what that proxy has seen.
fn address_of(parts: &Parts) -> String {
    let peer = parts
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map(|info| info.0.ip());
    let forwarded = parts
        .headers
        .get("x-forwarded-for")
        .and_then(|value| value.to_str().ok());
    let told = forwarded.and_then(|all| all.rsplit(',').next()?.trim().parse::<IpAddr>().ok());
    match (peer, told) {
        (Some(peer), Some(told)) if peer.is_loopback() => counted(told),
        (Some(peer), _) => counted(peer),
        (None, _) => "unknown".to_owned(),
    }
}

fn counted(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stranger(account: &str, address: &str) -> Attempt {
        Attempt {
            account: account.to_owned(),
            pair: format!("{address} {account}"),
            address: Some(address.to_owned()),
        }
    }

    fn known(account: &str) -> Attempt {
        Attempt {
            account: account.to_owned(),
            pair: format!("0123456789abcdef {account}"),
            address: None,
        }
    }

    fn counts() -> Counts {
        Door::default().counts.into_inner().unwrap()
    }

    #[test]
    fn failing_costs_time_where_it_happens_only() {
        let mut counts = counts();
        let here = stranger("anna", "office");
        let mut waits = vec![];
        for _ in 0..25 {
            counts.count(&here, 0);
            waits.push(counts.left_ms(&here, 0));
        }
        assert_eq!(waits[8..13], [0, 0, 1_000, 2_000, 4_000]);
        assert_eq!(waits[24], 15 * MINUTE_MS);
        for other in [
            stranger("bert", "office"),
            stranger("anna", "home"),
            known("anna"),
        ] {
            assert_eq!(counts.left_ms(&other, 0), 0, "{}", other.pair);
        }
    }

    #[test]
    fn an_office_has_a_wide_budget_and_soon_a_new_one() {
        let mut counts = counts();
        for n in 0..100 {
            counts.count(&stranger(&format!("colleague-{n}"), "office"), 0);
        }
        let next = stranger("anna", "office");
        assert_eq!(counts.left_ms(&next, 0), 0);
        for n in 100..300 {
            counts.count(&stranger(&format!("nobody-{n}"), "office"), 0);
        }
        assert_eq!(counts.left_ms(&next, 0), MINUTE_MS);
        assert_eq!(counts.left_ms(&next, MINUTE_MS), 0);
        assert_eq!(counts.left_ms(&known("anna"), 0), 0);
        assert_eq!(counts.left_ms(&stranger("anna", "home"), 0), 0);
    }

    #[test]
    fn an_account_under_attack_gives_each_address_few_tries_and_its_owner_one() {
        let mut counts = counts();
        for n in 0..1_000 {
            counts.count(&stranger("anna", &format!("address-{n}")), 0);
        }
        let owner = stranger("anna", "home");
        let mut waits = vec![];
        for _ in 0..4 {
            waits.push(counts.left_ms(&owner, 0));
            counts.count(&owner, 0);
        }
        assert_eq!(waits, [0, 0, 0, 1_000]);
        assert_eq!(counts.left_ms(&known("anna"), 0), 0);
        assert_eq!(counts.left_ms(&stranger("bert", "home"), 0), 0);
    }

    #[test]
    fn a_known_browser_has_a_budget_too_and_costs_others_nothing() {
        let mut counts = counts();
        for _ in 0..200 {
            counts.count(&known("anna"), 0);
        }
        assert_eq!(counts.left_ms(&known("anna"), 0), 15 * MINUTE_MS);
        assert_eq!(counts.left_ms(&stranger("anna", "home"), 0), 0);
        assert_eq!(counts.accounts.attempts("anna", 0), 0);
    }

    #[test]
    fn the_right_password_clears_the_pair_and_nothing_else() {
        let mut counts = counts();
        let here = stranger("anna", "office");
        for _ in 0..40 {
            counts.count(&here, 0);
        }
        counts.welcome(&here);
        assert_eq!(counts.left_ms(&here, 0), 0);
        assert_eq!(counts.pairs.attempts(&here.pair, 0), 0);
        assert_eq!(counts.addresses.attempts("office", 0), 39);
        assert_eq!(counts.accounts.attempts("anna", 0), 39);
    }
}
