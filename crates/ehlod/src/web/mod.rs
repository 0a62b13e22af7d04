//! What the server tells of itself over HTTP: `/metrics` for Prometheus, `/healthz` for whoever has to know whether it can take mail and,
//! where it is configured, a page to look at.
//!
//! Nothing here changes anything in the server. All of it is bounded: connections, the size of a request, and the time that one may take.

mod explain;
mod health;
mod history;
mod page;
mod plot;

use crate::metrics::metrics;
use crate::site::Site;
use crate::watch::board;
use history::History;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

/// So many connections are served at once; others wait for their turn.
const CONNECTIONS: usize = 32;
/// So long a request line and its header fields may take.
const HEAD_TIME: Duration = Duration::from_secs(5);
/// So long a connection may take in all. There is one request on each.
const TIME: Duration = Duration::from_secs(15);
/// So many octets a request line and its header fields may have: the least that the library knows.
const HEAD: usize = 8192;
/// So many header fields a request may have.
const FIELDS: usize = 64;
/// So many octets the body of a request may have: a bounce, and what a form makes of it.
const BODY: usize = 512 * 1024;
/// How long to rest when the system has no more descriptors.
const REST: Duration = Duration::from_millis(50);

/// What may be loaded, and from where: from here, and nothing that stands in the page itself.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

type Answer = Response<Full<Bytes>>;
type Current = dyn Fn() -> Arc<Site> + Send + Sync;

/// The server that is told of.
pub struct Web {
    site: Box<Current>,
    ending: Arc<AtomicBool>,
    history: History,
}

impl fmt::Debug for Web {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Web").field("ending", &self.ending).finish_non_exhaustive()
    }
}

impl Web {
    /// Tells of the site that `site` gives, of which there is another after each reload. `ending` is set once the server takes no more mail.
    pub fn new(site: impl Fn() -> Arc<Site> + Send + Sync + 'static, ending: Arc<AtomicBool>) -> Self {
        board().switch(site().config.metrics.page);
        Self { site: Box::new(site), ending, history: History::default() }
    }

    /// Serves whoever connects, for ever.
    pub async fn run(self, listener: TcpListener) {
        let web = Arc::new(self);
        tokio::spawn(Arc::clone(&web).look());
        let turns = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            // It is never closed.
            let Ok(turn) = Arc::clone(&turns).acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, _)) => {
                    let web = Arc::clone(&web);
                    tokio::spawn(async move {
                        // Who is late, or breaks off, is told nothing.
                        let _ = timeout(TIME, web.serve(stream)).await;
                        drop(turn);
                    });
                }
                Err(_) => sleep(REST).await,
            }
        }
    }

    /// Notes from time to time what the plots are made of, while there is a page.
    async fn look(self: Arc<Self>) {
        loop {
            let on = (self.site)().config.metrics.page;
            board().switch(on);
            if on {
                self.history.note();
            }
            sleep(history::STEP).await;
        }
    }

    async fn serve(&self, stream: TcpStream) -> hyper::Result<()> {
        let service = service_fn(|request| async { Ok::<_, Infallible>(self.answer(request).await) });
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME)
            .max_buf_size(HEAD)
            .max_headers(FIELDS)
            .keep_alive(false)
            .serve_connection(TokioIo::new(stream), service)
            .await
    }

    async fn answer(&self, request: Request<Incoming>) -> Answer {
        let site = (self.site)();
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        match (request.uri().path(), is_read) {
            ("/metrics", true) => {
                let free = site.delivery.free_space().and_then(Result::ok);
                metrics().note(free, site.config.limits.storage_reserve, site.memory.held());
                answer(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", metrics().text())
            }
            ("/healthz", true) => {
                let (is_well, report) = health::check(&site, self.ending.load(Ordering::Relaxed)).await;
                plain(if is_well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, report)
            }
            ("/metrics" | "/healthz", false) => refused("GET, HEAD"),
            (path, _) if site.config.metrics.page => {
                // Another name that leads to this address is a stranger's, whose scripts are not to read the page.
                if !is_own(request.headers(), &site.config.hostname) {
                    return plain(StatusCode::MISDIRECTED_REQUEST, "the page is not served under this name\n");
                }
                match (path, request.method()) {
                    ("/", _) if is_read => html(page::whole(&site, &self.history, None)),
                    ("/live", _) if is_read => html(page::live(&site, &self.history)),
                    ("/page.css", _) if is_read => answer(StatusCode::OK, "text/css; charset=utf-8", STYLE),
                    ("/page.js", _) if is_read => answer(StatusCode::OK, "text/javascript; charset=utf-8", SCRIPT),
                    ("/explain", &Method::POST) => self.explain(&site, request).await,
                    ("/" | "/live" | "/page.css" | "/page.js", _) => refused("GET, HEAD"),
                    ("/explain", _) => refused("POST"),
                    _ => plain(StatusCode::NOT_FOUND, "there is nothing here\n"),
                }
            }
            _ => plain(StatusCode::NOT_FOUND, "there is nothing here; /metrics and /healthz are\n"),
        }
    }

    /// The page, with what a bounce means that somebody has put in.
    async fn explain(&self, site: &Site, request: Request<Incoming>) -> Answer {
        let body = match Limited::new(request.into_body(), BODY).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => {
                return plain(StatusCode::PAYLOAD_TOO_LARGE, "too long: 512 KiB at the most\n");
            }
            Err(_) => return plain(StatusCode::BAD_REQUEST, "the request broke off\n"),
        };
        match tokio::task::spawn_blocking(move || explain::Explained::of_form(&body)).await {
            Ok(explained) => html(page::whole(site, &self.history, Some(&explained))),
            Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, "it could not be explained\n"),
        }
    }
}

/// Listens on an address, and says which it became.
///
/// # Errors
///
/// Where it cannot be had.
pub async fn bind(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Whether the page was asked for by an address, or by a name of this machine.
fn is_own(fields: &HeaderMap, hostname: &str) -> bool {
    let Some(host) = fields.get(header::HOST).and_then(|host| host.to_str().ok()) else { return false };
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.split(':').next().unwrap_or_default(),
    };
    name.parse::<IpAddr>().is_ok() || [hostname, "localhost"].iter().any(|own| name.eq_ignore_ascii_case(own))
}

fn answer(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}

fn plain(status: StatusCode, text: impl Into<Bytes>) -> Answer {
    answer(status, "text/plain; charset=utf-8", text)
}

fn html(markup: maud::Markup) -> Answer {
    answer(StatusCode::OK, "text/html; charset=utf-8", markup.into_string())
}

fn refused(allowed: &'static str) -> Answer {
    let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED, "this is not asked for in that way\n");
    answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_there_under_its_own_names_alone() {
        let own = |host: &'static str| {
            let mut fields = HeaderMap::new();
            fields.insert(header::HOST, HeaderValue::from_static(host));
            is_own(&fields, "mx.example.com")
        };
        for host in
            ["127.0.0.1:9925", "127.0.0.1", "[::1]:9925", "localhost:9925", "MX.example.com", "mx.example.com:80"]
        {
            assert!(own(host), "{host}");
        }
        for host in
            ["attacker.example:9925", "localhost.attacker.example", "", ":9925", "[::1", "127.0.0.1.attacker.example"]
        {
            assert!(!own(host), "{host}");
        }
        assert!(!is_own(&HeaderMap::new(), "mx.example.com"));
    }
}
