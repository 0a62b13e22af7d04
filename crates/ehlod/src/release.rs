//! Letting go of held messages when their time has come.

use crate::delivery::{Delivery, DeliveryError, Released};
use crate::site::Site;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::task::spawn_blocking;
use tokio::time;

/// How long to wait at the most before looking again: after a failure, and since clocks are set.
const PATIENCE: Duration = Duration::from_secs(60);

/// Delivers held messages, those first that came due while no server ran. `site` gives the configuration in force.
pub async fn run(site: impl Fn() -> Arc<Site>) {
    let mut places = Places { current: site().delivery.clone(), former: Vec::new() };
    loop {
        let site = site();
        places.turn_to(&site.delivery);
        let mut next = None;
        // A server that stores nothing needs no thread for that.
        if places.hold() {
            let Ok(looked) = spawn_blocking(move || places.look()).await else { return };
            (places, next) = looked;
        }
        let wait = next.map_or(PATIENCE, |next| next.duration_since(SystemTime::now()).unwrap_or_default());
        let _ = time::timeout(wait.min(PATIENCE), site.held.notified()).await;
    }
}

/// Where messages are held: in the mail directory of the configuration in force, and in those of earlier ones.
struct Places {
    current: Delivery,
    /// Sessions that began by an earlier configuration still put messages there.
    former: Vec<Delivery>,
}

impl Places {
    /// Goes over to what the configuration in force says.
    fn turn_to(&mut self, delivery: &Delivery) {
        let before = std::mem::replace(&mut self.current, delivery.clone());
        self.former.retain(|former| !former.is_same(delivery));
        if !before.is_same(delivery) {
            self.former.push(before);
        }
    }

    /// Whether anything may be held there at all.
    fn hold(&self) -> bool {
        self.current.holds() || !self.former.is_empty()
    }

    /// Sees to every place; when something is due next. Blocks.
    fn look(mut self) -> (Self, Option<SystemTime>) {
        let now = SystemTime::now();
        let Self { current, former } = &mut self;
        let mut next = None;
        former.retain(|former| {
            // Whoever may put something there is asked about first, and then what there is.
            let is_in_use = former.is_in_use();
            let (moved, released, failure) = current.take_over(former, now);
            if moved > 0 {
                tracing::info!(moved, "held messages moved to the mail directory of the new configuration");
            }
            let stays = is_in_use || failure.is_some() || released.next.is_some();
            next = earlier(next, told(released, failure));
            stays
        });
        let (released, failure) = current.release(now);
        next = earlier(next, told(released, failure));
        (self, next)
    }
}

/// Logs what became of held messages; when the next one is due.
fn told(released: Released, failure: Option<DeliveryError>) -> Option<SystemTime> {
    for path in &released.delivered {
        tracing::info!(file = ?path.file_name().unwrap_or_default(), "released a held message");
    }
    if let Some(error) = failure {
        tracing::error!(%error, "a held message could not be delivered, and stays");
    }
    released.next
}

fn earlier(one: Option<SystemTime>, other: Option<SystemTime>) -> Option<SystemTime> {
    one.into_iter().chain(other).min()
}
