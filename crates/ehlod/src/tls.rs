//! The certificate and its key, read and checked.

use crate::certificate;
use crate::config::Tls;
use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// Which of the files is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The chain.
    Certificate,
    /// The private key.
    Key,
    /// The authorities for certificates of clients.
    ClientCa,
}

/// Why there is no TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsError {
    /// The file at fault.
    pub part: Part,
    /// What is wrong, with the file's name.
    pub what: String,
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for TlsError {}

/// What was made of the files.
#[derive(Clone, Debug)]
pub struct Opened {
    /// What a TLS acceptor wants: TLS 1.2 and 1.3; certificates of clients are asked for where there are authorities for them, and can
    /// be left out.
    pub config: Arc<ServerConfig>,
    /// The hash of the certificate that SCRAM can bind to (RFC 5929 4).
    pub end_point: Option<Vec<u8>>,
}

/// Reads all the files anew.
///
/// # Errors
///
/// A file that cannot be read, is not PEM, or holds nothing of the kind; a key that is not the certificate's.
pub fn open(tls: &Tls) -> Result<Opened, TlsError> {
    let chain = CertificateDer::pem_file_iter(&tls.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .and_then(|chain| if chain.is_empty() { Err(pem::Error::NoItemsFound) } else { Ok(chain) })
        .map_err(|error| unusable(Part::Certificate, &tls.certificate, &error))?;
    let key = PrivateKeyDer::from_pem_file(&tls.key).map_err(|error| unusable(Part::Key, &tls.key, &error))?;
    let wrong = |error: rustls::Error| match error {
        rustls::Error::InvalidCertificate(error) => {
            let what = format!("{:?} does not start with a usable certificate: {error:?}", tls.certificate);
            TlsError { part: Part::Certificate, what }
        }
        rustls::Error::InconsistentKeys(_) => {
            let what = format!("{:?} is not the key of the certificate in {:?}", tls.key, tls.certificate);
            TlsError { part: Part::Key, what }
        }
        error => TlsError { part: Part::Key, what: format!("{:?} cannot be used: {error}", tls.key) },
    };
    let end_point = chain.first().and_then(|first| certificate::end_point(first));
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(wrong)?;
    let builder = match &tls.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(authorities(path)?), provider)
                .allow_unauthenticated()
                .build()
                .map_err(|error| TlsError {
                    part: Part::ClientCa,
                    what: format!("{path:?} cannot be used: {error}"),
                })?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder.with_single_cert(chain, key).map_err(wrong)?;
    // A browser opens several connections at once, a mail client one after the other: one ticket is enough, and spares a fiftieth of the handshake.
    config.send_tls13_tickets = 1;
    Ok(Opened { config: Arc::new(config), end_point })
}

/// Those who may sign certificates, from a file.
pub(crate) fn authorities(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .and_then(|found| if found.is_empty() { Err(pem::Error::NoItemsFound) } else { Ok(found) })
        .map_err(|error| unusable(Part::ClientCa, path, &error))?;
    for certificate in certificates {
        store
            .add(certificate)
            .map_err(|error| TlsError { part: Part::ClientCa, what: format!("{path:?} cannot be used: {error}") })?;
    }
    Ok(store)
}

fn unusable(part: Part, path: &Path, error: &pem::Error) -> TlsError {
    let wanted = match part {
        Part::Certificate | Part::ClientCa => "certificate",
        Part::Key => "private key",
    };
    let what = match error {
        pem::Error::Io(error) => format!("{path:?} cannot be read: {error}"),
        pem::Error::NoItemsFound => format!("{path:?} holds no {wanted} in PEM form"),
        error => format!("{path:?} is not sound PEM: {error}"),
    };
    TlsError { part, what }
}
