//! The arithmetic of SCRAM (RFC 5802 3), on the RustCrypto crates.

use hmac::digest::core_api::BlockSizeUser;
use hmac::digest::{Digest, Output};
use hmac::{Mac, SimpleHmac};
use sha1::Sha1;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::super::mechanism::ScramHash;
use super::scram::{ScramKeys, ScramProof, ServerSignature};

impl ScramProof<'_> {
    /// Whether the proof is that of the password the keys were made of, told in constant time: then the server's signature, to be
    /// given by [`AuthAnswer::signature`](crate::AuthAnswer::signature).
    ///
    /// Salt and iteration count must be those that the client was told; otherwise the proof does not fit.
    pub fn verify(&self, keys: &ScramKeys<'_>) -> Option<ServerSignature> {
        let message = self.auth_message(keys.salt, keys.iterations);
        verify(self.hash, keys, message, self.proof)
    }
}

fn verify(
    hash: ScramHash,
    keys: &ScramKeys<'_>,
    message: impl Iterator<Item = u8> + Clone,
    proof: &[u8],
) -> Option<ServerSignature> {
    match hash {
        ScramHash::Sha1 => verify_by::<Sha1>(hash, keys, message, proof),
        ScramHash::Sha256 => verify_by::<Sha256>(hash, keys, message, proof),
    }
}

fn verify_by<D: Digest + BlockSizeUser>(
    hash: ScramHash,
    keys: &ScramKeys<'_>,
    message: impl Iterator<Item = u8> + Clone,
    proof: &[u8],
) -> Option<ServerSignature> {
    let mut client_key = hmac::<D>(keys.stored_key, message.clone())?;
    if proof.len() != client_key.len() {
        return None;
    }
    for (octet, proof) in client_key.iter_mut().zip(proof) {
        *octet ^= proof;
    }
    let knows = D::digest(&client_key).ct_eq(keys.stored_key);
    let signature = hmac::<D>(keys.server_key, message)?;
    if bool::from(knows) { ServerSignature::new(hash, &signature) } else { None }
}

fn hmac<D: Digest + BlockSizeUser>(key: &[u8], message: impl Iterator<Item = u8>) -> Option<Output<D>> {
    let mut mac = <SimpleHmac<D> as Mac>::new_from_slice(key).ok()?;
    for octet in message {
        mac.update(&[octet]);
    }
    Some(mac.finalize().into_bytes())
}

#[cfg(test)]
pub(crate) mod tests {
    extern crate std;
    use super::*;
    use crate::sasl::base64;
    use std::vec::Vec;

    fn decoded(text: &str) -> Vec<u8> {
        let mut octets = text.as_bytes().to_vec();
        let len = base64::decode(&mut octets).unwrap();
        octets.truncate(len);
        octets
    }

    /// `Hi(password, salt, i)`.
    fn salted<D: Digest + BlockSizeUser>(password: &[u8], salt: &[u8], iterations: u32) -> Vec<u8> {
        let mut u = hmac::<D>(password, salt.iter().copied().chain([0, 0, 0, 1])).unwrap();
        let mut salted = u.clone();
        for _ in 1..iterations {
            u = hmac::<D>(password, u.iter().copied()).unwrap();
            salted.iter_mut().zip(&u).for_each(|(to, from)| *to ^= from);
        }
        salted.to_vec()
    }

    fn keys_by<D: Digest + BlockSizeUser>(password: &[u8], salt: &[u8], iterations: u32) -> (Vec<u8>, Vec<u8>) {
        let salted = salted::<D>(password, salt, iterations);
        let key = |name: &[u8]| hmac::<D>(&salted, name.iter().copied()).unwrap();
        (D::digest(key(b"Client Key")).to_vec(), key(b"Server Key").to_vec())
    }

    /// StoredKey and ServerKey.
    pub(crate) fn keys(hash: ScramHash, password: &[u8], salt: &[u8], iterations: u32) -> (Vec<u8>, Vec<u8>) {
        match hash {
            ScramHash::Sha1 => keys_by::<Sha1>(password, salt, iterations),
            ScramHash::Sha256 => keys_by::<Sha256>(password, salt, iterations),
        }
    }

    fn client_by<D: Digest + BlockSizeUser>(
        password: &[u8],
        salt: &[u8],
        iterations: u32,
        message: &[u8],
    ) -> (Vec<u8>, Vec<u8>) {
        let salted = salted::<D>(password, salt, iterations);
        let mut proof = hmac::<D>(&salted, b"Client Key".iter().copied()).unwrap().to_vec();
        let signature = hmac::<D>(&D::digest(&proof), message.iter().copied()).unwrap();
        proof.iter_mut().zip(&signature).for_each(|(to, from)| *to ^= from);
        let (_, server_key) = keys_by::<D>(password, salt, iterations);
        (proof, hmac::<D>(&server_key, message.iter().copied()).unwrap().to_vec())
    }

    /// What a client says for a proof, and what it expects of the server.
    pub(crate) fn client(
        hash: ScramHash,
        password: &[u8],
        salt: &[u8],
        iterations: u32,
        message: &[u8],
    ) -> (Vec<u8>, Vec<u8>) {
        match hash {
            ScramHash::Sha1 => client_by::<Sha1>(password, salt, iterations, message),
            ScramHash::Sha256 => client_by::<Sha256>(password, salt, iterations, message),
        }
    }

    struct Example {
        hash: ScramHash,
        salt: &'static str,
        auth_message: &'static str,
        proof: &'static str,
        signature: &'static str,
    }

    /// RFC 5802 5 and RFC 7677 3: user `user`, password `pencil`, 4096 iterations.
    const EXAMPLES: [Example; 2] = [
        Example {
            hash: ScramHash::Sha1,
            salt: "QSXCR+Q6sek8bf92",
            auth_message: "n=user,r=fyko+d2lbbFgONRv9qkxdawL,\
                r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096,\
                c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j",
            proof: "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
            signature: "rmF9pqV8S7suAoZWja4dJRkFsKQ=",
        },
        Example {
            hash: ScramHash::Sha256,
            salt: "W22ZaJ0SNY7soEsUEjb6gQ==",
            auth_message: "n=user,r=rOprNGfwEbeRWgbNEkqO,\
                r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,\
                c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
            proof: "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
            signature: "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        },
    ];

    #[test]
    fn the_examples_of_the_rfcs() {
        for Example { hash, salt, auth_message, proof, signature } in EXAMPLES {
            let salt = decoded(salt);
            let (stored_key, server_key) = keys(hash, b"pencil", &salt, 4096);
            let made = client(hash, b"pencil", &salt, 4096, auth_message.as_bytes());
            assert_eq!(made, (decoded(proof), decoded(signature)));
            let keys = ScramKeys { salt: &salt, iterations: 4096, stored_key: &stored_key, server_key: &server_key };
            let mut proof = decoded(proof);
            let signed = verify(hash, &keys, auth_message.bytes(), &proof).unwrap();
            assert_eq!(signed.octets(), decoded(signature));
            assert!(verify(hash, &keys, auth_message.bytes().skip(1), &proof).is_none());
            assert!(verify(hash, &keys, auth_message.bytes(), &proof[1..]).is_none());
            assert!(verify(hash, &ScramKeys { stored_key: b"", ..keys }, auth_message.bytes(), &proof).is_none());
            proof[0] ^= 1;
            assert!(verify(hash, &keys, auth_message.bytes(), &proof).is_none());
        }
    }
}
