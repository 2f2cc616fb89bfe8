//! Who may try to log in, and when: failed attempts cost time, by address and by account. Never
//! locks an account: from an address without failures its owner waits some seconds at most.

use std::net::{IpAddr, SocketAddr};
use std::sync::Mutex;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use confab_store::{Store, User};
use tokio::sync::Semaphore;

use crate::app::now_ms;
use crate::throttle::{Growth, Throttle};
use crate::trouble::Trouble;

/// An address that fails is refused for longer and longer.
const BY_ADDRESS: Growth = Growth {
    free: 10,
    first_ms: 1_000,
    longest_ms: 15 * 60 * 1_000,
};

/// An account under attack from many addresses is answered more and more slowly.
const BY_ACCOUNT: Growth = Growth {
    free: 5,
    first_ms: 250,
    longest_ms: 8_000,
};

/// Logins being tried or delayed at once; further ones are told to come back in a second.
const TRYING_MAX: usize = 64;

/// The count of failed logins, in memory: a restart forgives all.
#[derive(Debug)]
pub(crate) struct Door {
    addresses: Mutex<Throttle>,
    accounts: Mutex<Throttle>,
    trying: Semaphore,
}

impl Default for Door {
    fn default() -> Self {
        Self {
            addresses: Mutex::new(Throttle::new(BY_ADDRESS)),
            accounts: Mutex::new(Throttle::new(BY_ACCOUNT)),
            trying: Semaphore::new(TRYING_MAX),
        }
    }
}

impl Door {
    /// The user with this e-mail address and password.
    pub(crate) async fn enter(
        &self,
        store: &Store,
        address: &str,
        email: &str,
        password: &str,
    ) -> Result<User, Trouble> {
        let Ok(_permit) = self.trying.try_acquire() else {
            return Err(Trouble::TooManyLogins { wait_s: 1 });
        };
        let account = email.trim().to_lowercase();
        let now = now_ms();
        let delay_ms = {
            let mut addresses = lock(&self.addresses);
            let left_ms = addresses.left_ms(address, now);
            if left_ms > 0 {
                let wait_s = left_ms.unsigned_abs().div_ceil(1_000);
                return Err(Trouble::TooManyLogins { wait_s });
            }
            addresses.attempt(address, now);
            let mut accounts = lock(&self.accounts);
            let delay_ms = accounts.earned_ms(&account, now);
            accounts.attempt(&account, now);
            delay_ms
        };
        tokio::time::sleep(Duration::from_millis(delay_ms.unsigned_abs())).await;
        let user = store.check_login(&account, password).await?;
        if user.is_some() {
            // Not forgiven but excused: who has one account must not clear the way to others.
            lock(&self.addresses).excuse(address);
            lock(&self.accounts).forgive(&account);
        }
        user.ok_or(Trouble::WrongLogin)
    }
}

fn lock(throttle: &Mutex<Throttle>) -> std::sync::MutexGuard<'_, Throttle> {
    throttle
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The client's address as it is counted: a whole /64 in IPv6, since one machine has all of it.
/// Behind a proxy on this machine, what that proxy has seen.
pub(crate) fn address_of(parts: &Parts) -> String {
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
