//! TLS towards a next hop.

use super::link::Stream;
use crate::config::{HopTls, NextHop};
use crate::tls;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use rustls_platform_verifier::Verifier;
use std::fmt;
use std::io;
use std::sync::Arc;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// What makes connections secure.
pub(super) struct Connector(TlsConnector);

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector")
    }
}

impl Connector {
    /// With the checks that a next hop is to pass; reads the authorities' file.
    pub(super) fn new(hop: &NextHop) -> Result<Self, String> {
        let provider = Arc::new(ring::default_provider());
        let wrong = |error: &dyn fmt::Display| format!("next hop {}: {error}", hop.address);
        let verifier: Arc<dyn ServerCertVerifier> = match (hop.tls, &hop.authorities) {
            (HopTls::Off | HopTls::Opportunistic, _) => Arc::new(Anybody(Arc::clone(&provider))),
            (_, Some(file)) => {
                let roots = Arc::new(tls::authorities(file).map_err(|error| wrong(&error))?);
                let builder = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider));
                builder.build().map_err(|error| wrong(&error))?
            }
            (_, None) => Arc::new(Verifier::new(Arc::clone(&provider)).map_err(|error| wrong(&error))?),
        };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| wrong(&error))?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        Ok(Self(Arc::new(config).into()))
    }

    /// Shakes hands.
    pub(super) async fn connect(&self, host: &str, stream: Box<dyn Stream>) -> io::Result<TlsStream<Box<dyn Stream>>> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        self.0.connect(name, stream).await
    }
}

/// Takes every certificate whose key the peer has: what is secured so cannot be overheard by those who only listen (RFC 7435).
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
