//! Is there room for the message, and what is said where it could not be stored?

use super::Refusal;
use crate::delivery::{DeliveryError, Failure};
use crate::site::Site;
use ehlo::Reply;

/// Whether the disk has room for a message of `size` octets above the reserve.
///
/// # Errors
///
/// `452` where it has not; what [`failed`] says where that cannot be told.
pub fn room(site: &Site, size: u64) -> Result<(), Refusal<'static>> {
    match site.delivery.free_space() {
        None => Ok(()),
        Some(Ok(free)) if free >= site.config.limits.storage_reserve.saturating_add(size) => Ok(()),
        Some(Ok(_)) => Err(Refusal::new("limits.storage_reserve", Reply::insufficient_storage())),
        Some(Err(error)) => Err(failed(&error)),
    }
}

/// What a client is told of a failed delivery; the log is told the whole.
#[must_use]
pub fn failed(error: &DeliveryError) -> Refusal<'static> {
    tracing::error!(%error, "the message could not be stored");
    let reply = match error.failure {
        Failure::NoSpace => Reply::insufficient_storage(),
        Failure::DirectoryInaccessible => Reply::queue_directory(),
        Failure::Other => Reply::queue_failed(),
    };
    Refusal::new("delivery.path", reply)
}
