//! `ehlod serve`: listeners, reload, shutdown.

use crate::bind;
use crate::cli::ServeArgs;
use crate::config::{Config, Listener, TlsMode};
use crate::log;
use crate::metrics::metrics;
use crate::notify;
use crate::passed::Passed;
use crate::release;
use crate::session;
use crate::site::Site;
use crate::web::{self, Web};
use ehlo_tokio::{Arrival, Control, Limits, Opening, Server};
use std::io::{self, Write as _};
use std::num::NonZero;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::signal::unix::{SignalKind, signal};

/// Serves until it is told to end.
#[must_use]
pub fn run(args: &ServeArgs) -> ExitCode {
    let passed = Passed::take();
    let mut runtime = match workers() {
        // Alone, a thread has nobody to share its work with, and is spared what that takes.
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let served = match runtime.worker_threads(workers()).enable_all().build() {
        Ok(runtime) => runtime.block_on(serve(args, passed)),
        Err(error) => Err(error.to_string()),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

/// Threads that serve connections: one less than there are processors, since disk, passwords and content have threads of their own. Two on
/// two processors wake each other more than they help. tokio's own `TOKIO_WORKER_THREADS` says otherwise.
fn workers() -> usize {
    let told = std::env::var("TOKIO_WORKER_THREADS").ok().and_then(|told| told.parse().ok());
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    told.unwrap_or(processors.saturating_sub(1)).max(1)
}

/// What new connections are served by. A reload puts another in its place.
#[derive(Debug)]
struct Current {
    site: RwLock<Arc<Site>>,
    /// The listeners as they were bound, in their order; a reload changes what is done on them, not their addresses.
    bound: Vec<Listener>,
    /// Set once no more mail is taken.
    ending: Arc<AtomicBool>,
}

impl Current {
    fn site(&self) -> Arc<Site> {
        Arc::clone(&self.site.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn replace(&self, site: Site) {
        *self.site.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(site);
    }

    /// What there is to say of it in a line.
    fn status(&self) -> &'static str {
        if self.site().usable {
            "Taking mail"
        } else {
            "Telling every client to come later, until the configuration is right"
        }
    }

    /// What the configuration says now of a bound listener; what it said when it was bound, if it is not in there any more.
    fn listener<'s>(&'s self, site: &'s Site, index: usize) -> Option<&'s Listener> {
        let bound = self.bound.get(index)?;
        // Ports that were left to the system are told apart by their order; sockets of one name are all the same listener's.
        let alike = |other: &&Listener| other.address == bound.address && !other.address.excludes(&bound.address);
        let place = self.bound.iter().take(index).filter(alike).count();
        let now = site.config.listeners.iter().filter(|listener| listener.address == bound.address).nth(place);
        Some(now.unwrap_or(bound))
    }

    /// What stands before the session of a connection.
    fn opening(&self, arrival: &Arrival) -> Opening {
        let opening = Opening::new();
        let site = self.site();
        let Some(listener) = self.listener(&site, arrival.listener) else { return opening };
        let opening = if listener.tls == TlsMode::Implicit { opening.implicit_tls() } else { opening };
        if listener.proxy_protocol {
            opening.proxy_protocol(listener.trusts(arrival.peer.map(|peer| peer.ip())))
        } else {
            opening
        }
    }
}

async fn serve(args: &ServeArgs, mut passed: Passed) -> Result<(), String> {
    let site = match args.load().map(|config| (config.log, Site::open(config))) {
        Ok((log, site)) => {
            log::start(&log);
            site.map_err(|error| error.to_string())
        }
        Err(problems) => Err(problems.to_string()),
    };
    let site = match site {
        Err(error) if args.stand_by => {
            let site = Site::stand_in(&args.overrides, &passed).map_err(|error| error.to_string())?;
            log::start(&site.config.log);
            tracing::error!("no client is served before the configuration is right: {error}");
            site
        }
        site => site?,
    };
    for warning in site.config.warnings.iter().chain(site.directory.warnings()) {
        tracing::warn!("{warning}");
    }
    match site.delivery.clean() {
        Ok(0) => {}
        Ok(removed) => tracing::info!(removed, "removed what interrupted deliveries had left behind"),
        Err(error) => tracing::warn!(%error, "what interrupted deliveries have left behind stays there"),
    }
    let mut server =
        Server::new(&site.config.hostname).grace(site.config.timeouts.shutdown).limits(limits(&site.config));
    let (mut bound, mut lines) = (Vec::new(), String::new());
    for listener in &site.config.listeners {
        let opened = bind::open(&listener.address, &mut passed).await;
        for (socket, address) in opened.map_err(|error| format!("{}: cannot listen: {error}", listener.address))? {
            server.add(socket);
            bound.push(listener.clone());
            lines += &format!("listening on {address} ({})\n", listener.kind.as_str());
        }
    }
    for name in passed.names() {
        tracing::warn!("a socket was passed for which there is no listener (address = \"fd:{name}\")");
    }
    let told = site.config.metrics.address;
    let web = match told {
        Some(address) => {
            let opened = web::bind(address).await;
            let (socket, address) = opened.map_err(|error| format!("{address}: cannot listen: {error}"))?;
            lines += &format!("listening on {address} (metrics)\n");
            Some(socket)
        }
        None => None,
    };
    // Before a line says that the server listens, signals must find it ready.
    let control = server.control();
    let current = Arc::new(Current { site: RwLock::new(Arc::new(site)), bound, ending: Arc::default() });
    let signals = Signals::new().map_err(|error| error.to_string())?;
    tokio::spawn(signals.obey(args.clone(), Arc::clone(&current), control));
    let sites = Arc::clone(&current);
    tokio::spawn(release::run(move || sites.site()));
    if let Some(socket) = web {
        let sites = Arc::clone(&current);
        tokio::spawn(Web::new(move || sites.site(), Arc::clone(&current.ending)).run(socket));
    }
    announce(&lines);
    notify::ready(current.status());
    tokio::spawn(notify::watchdog());

    let door = Arc::clone(&current);
    server
        .opening(move |arrival| door.opening(arrival))
        .turned_away(|arrival, why| {
            metrics().turned_away(why);
            let peer = arrival.peer.map(|peer| tracing::field::display(peer.ip().to_canonical()));
            tracing::info!(peer, reason = %why, "turned away");
        })
        .run(move |accepted| {
            let site = current.site();
            let listener = current.listener(&site, accepted.listener).cloned();
            session::serve(site, listener, accepted)
        })
        .await;
    tracing::info!("ended");
    Ok(())
}

/// Says where the server listens. A standard output that nobody reads is no reason not to serve.
fn announce(lines: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(lines.as_bytes()).and_then(|()| out.flush());
}

fn limits(config: &Config) -> Limits {
    let limits = &config.limits;
    Limits { connections: limits.connections as usize, per_client: limits.connections_per_client as usize }
}

/// The signals that the server obeys.
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn obey(mut self, args: ServeArgs, current: Arc<Current>, control: Control) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => break,
                _ = self.interrupt.recv() => break,
                _ = self.hang_up.recv() => {
                    notify::reloading();
                    reload(&args, &current, &control).await;
                    notify::ready(current.status());
                }
            }
        }
        notify::stopping(current.site().config.timeouts.shutdown);
        current.ending.store(true, Ordering::Relaxed);
        control.shut_down();
    }
}

/// Reads the configuration anew. A bad one changes nothing.
async fn reload(args: &ServeArgs, current: &Current, control: &Control) {
    let args = args.clone();
    let opened = tokio::task::spawn_blocking(move || {
        let config = args.load().map_err(|problems| problems.to_string())?;
        Site::open(config).map_err(|error| error.to_string())
    });
    let mut site = match opened.await.unwrap_or_else(|error| Err(error.to_string())) {
        Ok(site) => site,
        Err(error) => {
            metrics().reloaded(false);
            tracing::error!("the configuration was not reloaded, the old one stays: {error}");
            return;
        }
    };
    let addresses = |listeners: &[Listener]| listeners.iter().map(|one| one.address.clone()).collect::<Vec<_>>();
    let mut bound = addresses(&current.bound);
    bound.dedup_by(|one, other| one.excludes(other));
    if addresses(&site.config.listeners) != bound {
        tracing::warn!("other listeners are only opened, and old ones only closed, by a restart");
    }
    if site.config.metrics.address != current.site().config.metrics.address {
        tracing::warn!("metrics are told at another address only after a restart");
    }
    control.set_limits(limits(&site.config));
    control.set_hostname(&site.config.hostname);
    let held = Arc::clone(&current.site().held);
    site.held = Arc::clone(&held);
    current.replace(site);
    // Who waits by the old configuration for held messages has to look at the new one.
    held.notify_one();
    metrics().reloaded(true);
    tracing::info!("the configuration was reloaded");
}
