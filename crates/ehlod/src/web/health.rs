//! Can the server take mail?

use crate::site::Site;
use crate::state::Kind;
use std::time::Duration;
use tokio::time::timeout;

/// So long each thing that is asked may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// Whether the server can take mail, and a line on each thing that it needs for that.
pub(super) async fn check(site: &Site, is_ending: bool) -> (bool, String) {
    let service = if is_ending { Err("shutting down") } else { Ok(()) };
    let storage = match site.delivery.free_space() {
        None => Ok(()),
        Some(Ok(free)) if free >= site.config.limits.storage_reserve => Ok(()),
        Some(Ok(_)) => Err("less space than limits.storage_reserve"),
        Some(Err(_)) => Err("out of reach"),
    };
    let (directory, state) = tokio::join!(async { within(site.directory.reach()).await }, async {
        match &site.state {
            Some(store) => within(store.is_listed(Kind::ClientAudit, "")).await,
            None => Ok(()),
        }
    },);
    let mut report = String::new();
    let mut is_well = true;
    for (name, found) in [("service", service), ("storage", storage), ("directory", directory), ("state", state)] {
        is_well &= found.is_ok();
        report += &format!("{name}: {}\n", found.err().unwrap_or("ok"));
    }
    (is_well, report)
}

async fn within<T, E>(question: impl Future<Output = Result<T, E>>) -> Result<(), &'static str> {
    match timeout(PATIENCE, question).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(_)) | Err(_) => Err("out of reach"),
    }
}
