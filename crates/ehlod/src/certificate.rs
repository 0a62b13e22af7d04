//! What certificates say: the server's for channel binding, the client's for EXTERNAL.

use crate::mailbox::Mailbox;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::signature_algorithm::RsaSsaPssParams;

/// The hash of a certificate to which `tls-server-end-point` binds (RFC 5929 4.1): by the hash function of its signature, SHA-256 in
/// place of MD5 and SHA-1. `None` where the signature has no such function, as Ed25519, or one that is not known.
#[must_use]
pub fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let algorithm = &parsed.signature_algorithm;
    let mut name = algorithm.algorithm.to_id_string();
    // RSASSA-PSS names its hash function among its parameters.
    if name == "1.2.840.113549.1.1.10" {
        let parameters = RsaSsaPssParams::try_from(algorithm.parameters.as_ref()?).ok()?;
        name = parameters.hash_algorithm_oid().to_id_string();
    }
    match name.as_str() {
        // MD5, SHA-1, SHA-256, with RSA; SHA-1 and SHA-256 with ECDSA; SHA-1 and SHA-256 themselves.
        "1.2.840.113549.1.1.4"
        | "1.2.840.113549.1.1.5"
        | "1.2.840.113549.1.1.11"
        | "1.2.840.10045.4.1"
        | "1.2.840.10045.4.3.2"
        | "1.3.14.3.2.26"
        | "2.16.840.1.101.3.4.2.1" => Some(Sha256::digest(certificate).to_vec()),
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" | "2.16.840.1.101.3.4.2.2" => {
            Some(Sha384::digest(certificate).to_vec())
        }
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" | "2.16.840.1.101.3.4.2.3" => {
            Some(Sha512::digest(certificate).to_vec())
        }
        _ => None,
    }
}

/// The addresses that a certificate speaks for: the rfc822Names among its alternative names, or, where it has none, the common names
/// of its subject that are addresses.
#[must_use]
pub fn addresses(certificate: &[u8]) -> Vec<Mailbox> {
    let Ok((_, parsed)) = X509Certificate::from_der(certificate) else { return Vec::new() };
    let alternative = parsed.subject_alternative_name().ok().flatten();
    let names = alternative.into_iter().flat_map(|names| &names.value.general_names);
    let mut addresses: Vec<Mailbox> = names
        .filter_map(|name| match name {
            GeneralName::RFC822Name(address) => address.parse().ok(),
            _ => None,
        })
        .collect();
    if addresses.is_empty() {
        let common = parsed.subject().iter_common_name().filter_map(|name| name.as_str().ok());
        addresses = common.filter_map(|name| name.parse().ok()).collect();
    }
    addresses
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, DnType, KeyPair, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, SanType};

    #[test]
    fn end_points_by_the_signature() {
        let made = |key: KeyPair| CertificateParams::new([String::from("x")]).unwrap().self_signed(&key).unwrap();
        let p256 = made(KeyPair::generate().unwrap());
        assert_eq!(end_point(p256.der()), Some(Sha256::digest(p256.der()).to_vec()));
        let p384 = made(KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap());
        assert_eq!(end_point(p384.der()), Some(Sha384::digest(p384.der()).to_vec()));
        assert_eq!(end_point(made(KeyPair::generate_for(&PKCS_ED25519).unwrap()).der()), None);
        assert_eq!(end_point(b"no certificate"), None);
    }

    #[test]
    fn addresses_by_the_names() {
        let of = |names: &[&str], common: &str| {
            let mut params = CertificateParams::new(["not.an.address".to_owned()]).unwrap();
            params.distinguished_name.push(DnType::CommonName, common);
            for name in names {
                params.subject_alt_names.push(SanType::Rfc822Name((*name).try_into().unwrap()));
            }
            let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
            addresses(certificate.der()).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(of(&["Alice@example.com", "al@example.com"], "bob@x"), ["alice@example.com", "al@example.com"]);
        assert_eq!(of(&[], "bob@example.com"), ["bob@example.com"]);
        assert!(of(&[], "Bob").is_empty());
        assert!(addresses(b"no certificate").is_empty());
    }
}
