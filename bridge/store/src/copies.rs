//! Rooms by the million, for benches. Not part of the program.

use confab_core::ids::RoomNumber;

use crate::Store;
use crate::db::args;
use crate::error::{Result, StoreError, one_row};

impl Store {
    /// Makes `count` rooms with the settings of room `like` and its owner, numbered from `first`
    /// on. No PIN opens them, for a PIN is sealed for one room.
    ///
    /// # Errors
    /// When there is no such room, or one of the new numbers is taken; then some may be made.
    pub async fn copy_room(&self, like: &str, first: u32, count: u32) -> Result<()> {
        let missing = || format!("a room {like}");
        let number = RoomNumber::parse(like).ok_or_else(|| StoreError::Missing(missing()))?;
        for from in (0..count).step_by(AT_ONCE as usize) {
            let until = count.min(from + AT_ONCE);
            let (from, until) = (first + from, first + until);
            let numbers = args![number.as_str(), i64::from(from), i64::from(until)];
            let made = self.db.run(COPY_ROOM, numbers).await?;
            one_row(made, missing)?;
        }
        Ok(())
    }
}

/// Well within the time that a statement is given, on a slow disk too.
const AT_ONCE: u32 = 20_000;

/// An id is any text of its own.
const COPY_ROOM: &str = "INSERT INTO rooms (id, number, owner, pin_mac, guests_may_start, \
     announce, join_muted, continue_after_host_min, billing_capture, billing_code, language, \
     record_at_start, max_callers, security_code, layout, hold_music, alone_min, \
     carrier_limit_min, dial_out, auto_gain, isolate_bad_lines, suppress_noise) \
     WITH RECURSIVE numbers (n) AS (SELECT CAST($2 AS BIGINT) \
     UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < $3) \
     SELECT 'copy-' || CAST(n AS TEXT), CAST(n AS TEXT), owner, pin_mac, guests_may_start, \
     announce, join_muted, continue_after_host_min, billing_capture, billing_code, language, \
     record_at_start, max_callers, security_code, layout, hold_music, alone_min, \
     carrier_limit_min, dial_out, auto_gain, isolate_bad_lines, suppress_noise \
     FROM rooms, numbers WHERE number = $1";
