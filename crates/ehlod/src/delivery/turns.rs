//! Syncs of directories, which deliveries that come at the same time share: whoever finds one under way waits for the next, which is then
//! for all who wait. Everything here blocks.

use super::error::DeliveryError;
use super::maildir::sync_directory;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// The directories that are being synced.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<HashMap<PathBuf, Arc<Turn>>>);

/// The syncs of one directory, counted from 1.
#[derive(Debug, Default)]
struct Turn {
    count: Mutex<Count>,
    over: Condvar,
}

#[derive(Debug, Default)]
struct Count {
    begun: u64,
    ended: u64,
    /// The last that failed, and why.
    failed: Option<(u64, io::ErrorKind, String)>,
}

impl Turns {
    /// Brings to stable storage what was done in a directory before this call.
    ///
    /// # Errors
    ///
    /// It could not be synced; everybody whose sync it was is told.
    pub(super) fn sync(&self, directory: &Path) -> Result<(), DeliveryError> {
        self.sync_by(directory, sync_directory)
    }

    fn sync_by(
        &self,
        directory: &Path,
        sync: impl Fn(&Path) -> Result<(), DeliveryError>,
    ) -> Result<(), DeliveryError> {
        let turn = Arc::clone(lock(&self.0).entry(directory.to_owned()).or_default());
        let outcome = turn.take(directory, sync);
        let mut turns = lock(&self.0);
        // In the map and here: nobody else waits.
        if Arc::strong_count(&turn) == 2 {
            turns.remove(directory);
        }
        outcome
    }
}

impl Turn {
    /// Waits for a sync that begins after this call, or does it.
    fn take(&self, directory: &Path, sync: impl Fn(&Path) -> Result<(), DeliveryError>) -> Result<(), DeliveryError> {
        let mut count = lock(&self.count);
        // One that is under way may have passed by what was done meanwhile.
        let wanted = count.begun + 1;
        while count.ended < wanted {
            if count.begun > count.ended {
                count = self.over.wait(count).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            count.begun += 1;
            let own = count.begun;
            drop(count);
            let outcome = sync(directory);
            count = lock(&self.count);
            if let Err(error) = outcome {
                count.failed = Some((own, error.source.kind(), error.source.to_string()));
            }
            count.ended = own;
            self.over.notify_all();
        }
        match &count.failed {
            Some((last, kind, why)) if *last >= wanted => {
                Err(DeliveryError::new(directory, io::Error::new(*kind, why.clone())))
            }
            _ => Ok(()),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Counts and map are whole at every point where a panic could strike.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::channel;
    use std::thread;

    /// Waits until so many hold the turn of a directory, beside the map.
    fn await_holders(turns: &Turns, directory: &Path, holders: usize) {
        let held = || lock(&turns.0).get(directory).map_or(0, Arc::strong_count);
        while held() != holders + 1 {
            thread::yield_now();
        }
    }

    #[test]
    fn who_comes_during_a_sync_shares_the_next() {
        const OTHERS: usize = 8;
        let (turns, directory) = (Arc::new(Turns::default()), Path::new("mailbox/new"));
        let syncs = Arc::new(AtomicUsize::new(0));
        let (begun, begins) = channel();
        let (go, goes) = channel::<()>();
        let (shared, counted) = (Arc::clone(&turns), Arc::clone(&syncs));
        let first = thread::spawn(move || {
            shared.sync_by(Path::new("mailbox/new"), |_| {
                counted.fetch_add(1, Ordering::Relaxed);
                begun.send(()).unwrap();
                goes.recv().unwrap();
                Ok(())
            })
        });
        begins.recv().unwrap();
        let others: Vec<_> = (0..OTHERS)
            .map(|_| {
                let (turns, syncs) = (Arc::clone(&turns), Arc::clone(&syncs));
                thread::spawn(move || {
                    turns.sync_by(Path::new("mailbox/new"), |path| {
                        syncs.fetch_add(1, Ordering::Relaxed);
                        Err(DeliveryError::new(path, io::ErrorKind::StorageFull))
                    })
                })
            })
            .collect();
        await_holders(&turns, directory, OTHERS + 1);
        go.send(()).unwrap();
        first.join().unwrap().unwrap();
        for other in others {
            let error = other.join().unwrap().unwrap_err();
            assert_eq!(error.source.kind(), io::ErrorKind::StorageFull, "everybody is told that their sync failed");
        }
        let all = syncs.load(Ordering::Relaxed);
        assert!((2..=1 + OTHERS).contains(&all), "{all} syncs");
        assert!(lock(&turns.0).is_empty());
    }

    #[test]
    fn one_after_the_other_each_has_its_own() {
        let (turns, syncs) = (Turns::default(), AtomicUsize::new(0));
        for failing in [false, true, false] {
            let outcome = turns.sync_by(Path::new("x"), |path| {
                syncs.fetch_add(1, Ordering::Relaxed);
                if failing { Err(DeliveryError::new(path, io::ErrorKind::Other)) } else { Ok(()) }
            });
            assert_eq!(outcome.is_err(), failing);
        }
        assert_eq!(syncs.load(Ordering::Relaxed), 3);
    }
}
