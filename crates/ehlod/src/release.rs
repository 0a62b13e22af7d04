//! Letting go of held messages when their time has come.

use crate::site::Site;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::task::spawn_blocking;
use tokio::time;

/// How long to wait at the most before looking again: after a failure, and since clocks are set.
const PATIENCE: Duration = Duration::from_secs(60);

/// Delivers held messages, those first that came due while no server ran. `site` gives the configuration in force.
pub async fn run(site: impl Fn() -> Arc<Site>) {
    loop {
        let site = site();
        let delivery = site.delivery.clone();
        let Ok((released, failure)) = spawn_blocking(move || delivery.release(SystemTime::now())).await else { return };
        for path in &released.delivered {
            tracing::info!(file = ?path.file_name().unwrap_or_default(), "released a held message");
        }
        if let Some(error) = failure {
            tracing::error!(%error, "a held message could not be delivered, and stays");
        }
        let wait = released.next.map_or(PATIENCE, |next| next.duration_since(SystemTime::now()).unwrap_or_default());
        let _ = time::timeout(wait.min(PATIENCE), site.held.notified()).await;
    }
}
