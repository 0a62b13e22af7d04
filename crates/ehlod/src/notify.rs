//! What the service manager is told, by the convention of systemd: that the server is ready, reloads, ends, and is still alive. Without
//! `NOTIFY_SOCKET` in the environment all of it does nothing.

use sd_notify::NotifyState;
use std::time::Duration;

/// The server serves, or serves again; `status` is what `systemctl status` then shows.
pub fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// The configuration is read anew; [`ready`] has to follow.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        // Without the time systemd would wait for it.
        Err(error) => tracing::debug!(%error, "the service manager was not told of the reload"),
    }
}

/// The server ends, and may take this long to.
pub fn stopping(grace: Duration) {
    let time = u32::try_from((grace + MARGIN).as_micros()).unwrap_or(u32::MAX);
    tell(&[NotifyState::Stopping, NotifyState::ExtendTimeoutUsec(time)]);
}

/// What the end takes beside the sessions.
const MARGIN: Duration = Duration::from_secs(10);

/// Gives a sign of life twice in the time that the service manager waits for one (`WatchdogSec=`), for ever; where it waits for none, ends
/// at once. As a task among those of the sessions it shows that these are still run.
pub async fn watchdog() {
    let Some(patience) = sd_notify::watchdog_enabled() else { return };
    let mut turns = tokio::time::interval((patience / 2).max(Duration::from_millis(1)));
    loop {
        turns.tick().await;
        tell(&[NotifyState::Watchdog]);
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "the service manager cannot be told");
    }
}
