//! Base64 as RFC 4954 4 wants it: no white space, right padding, no stray bits.

use base64ct::{Base64, Encoding};

/// Decodes in place; how many octets there are then. `None` where the text is not exact base64.
///
/// By quanta of four, since a decoder for all at once needs a second buffer or lets non-canonical ends pass.
pub(crate) fn decode(buffer: &mut [u8]) -> Option<usize> {
    if !buffer.len().is_multiple_of(4) {
        return None;
    }
    let mut written = 0_usize;
    let mut read = 0_usize;
    let mut padded = false;
    while let Some(quantum) = buffer.get(read..).and_then(|rest| rest.first_chunk::<4>()).copied() {
        if padded {
            return None;
        }
        let mut octets = [0_u8; 3];
        let decoded = Base64::decode(quantum, &mut octets).ok()?;
        padded = decoded.len() < 3;
        for octet in decoded {
            *buffer.get_mut(written)? = *octet;
            written = written.wrapping_add(1);
        }
        read = read.wrapping_add(4);
    }
    Some(written)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    fn decoded(text: &str) -> Option<Vec<u8>> {
        let mut buffer = text.as_bytes().to_vec();
        let len = decode(&mut buffer)?;
        buffer.truncate(len);
        Some(buffer)
    }

    #[test]
    fn only_exact_base64_is_taken() {
        assert_eq!(decoded(""), Some(Vec::new()));
        assert_eq!(decoded("AHVzZXIAcGFzcw=="), Some(b"\0user\0pass".to_vec()));
        assert_eq!(decoded("AHVzZXIAcGFzczE="), Some(b"\0user\0pass1".to_vec()));
        for bad in [
            "A", "AA", "AAA", "!!!!", "=ab=", "YR==", "YWJ=", "YQ==YQ==", "YQ=", "YQ", "====", "YW Jj", "YWJj\n",
            "_-_-",
        ] {
            assert_eq!(decoded(bad), None, "{bad}");
        }
    }
}
