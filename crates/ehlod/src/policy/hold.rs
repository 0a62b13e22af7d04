//! Until when is a message held back (FUTURERELEASE)?

use super::Refusal;
use crate::date;
use crate::site::Site;
use ehlo::{ByMode, Hold, Mail, Reply};
use std::time::{Duration, SystemTime};

/// The time before which a message may not be delivered, where its sender names one.
///
/// # Errors
///
/// `501` where the time is past the longest hold, or a time by which the message is to be returned undelivered (RFC 2852) comes before it.
pub fn hold(site: &Site, mail: &Mail<'_>) -> Result<Option<SystemTime>, Refusal<'static>> {
    let Some(hold) = mail.hold else { return Ok(None) };
    let refused = Refusal::new("limits.hold", Reply::syntax_error_in_parameters());
    let now = SystemTime::now();
    let until = match hold {
        Hold::For(seconds) => now.checked_add(Duration::from_secs(seconds.into())),
        Hold::Until(text) => date::from_rfc3339(text),
    };
    let until = until.ok_or(refused)?;
    // A time that has passed already is as good as none.
    let wait = until.duration_since(now).unwrap_or_default();
    let too_late = mail.deliver_by.is_some_and(|by| {
        by.mode == ByMode::Return && wait >= Duration::from_secs(u64::from(by.seconds.unsigned_abs()))
    });
    if wait > site.config.limits.hold || (too_late && !wait.is_zero()) {
        return Err(refused);
    }
    Ok((!wait.is_zero()).then_some(until))
}
