//! What may be told of the secret that signs cookies.

use actix_web::cookie::Key;
use sha2::{Digest, Sha256};

const BYTES: usize = 16;

/// By which instances see that they have the same secret: 32 hexadecimal digits, from which nobody finds it.
pub fn fingerprint(key: &Key) -> String {
    let mut hash = Sha256::new();
    hash.update(b"klatch: fingerprint of the secret\0");
    hash.update(key.master());
    hex::encode(&hash.finalize()[..BYTES])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_secret_has_another_fingerprint() {
        let of = |byte: u8| fingerprint(&Key::from(&[byte; 64]));
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
        assert_eq!(of(1).len(), 2 * BYTES);
    }
}
