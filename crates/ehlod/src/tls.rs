//! The certificate and its key, read and checked.

use crate::config::Tls;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// Which of the two files is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The chain.
    Certificate,
    /// The private key.
    Key,
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

/// Reads both files anew, and makes of them what a TLS acceptor wants: TLS 1.2 and 1.3, no client certificates.
///
/// # Errors
///
/// A file that cannot be read, is not PEM, or holds nothing of the kind; a key that is not the certificate's.
pub fn server_config(tls: &Tls) -> Result<Arc<ServerConfig>, TlsError> {
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
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map(Arc::new)
        .map_err(wrong)
}

fn unusable(part: Part, path: &Path, error: &pem::Error) -> TlsError {
    let wanted = match part {
        Part::Certificate => "certificate",
        Part::Key => "private key",
    };
    let what = match error {
        pem::Error::Io(error) => format!("{path:?} cannot be read: {error}"),
        pem::Error::NoItemsFound => format!("{path:?} holds no {wanted} in PEM form"),
        error => format!("{path:?} is not sound PEM: {error}"),
    };
    TlsError { part, what }
}
