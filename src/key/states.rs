//! HMAC-SHA-256 (RFC 2104) of many short messages under one key. Keying compresses one block
//! for each of the two hashes; both states are kept, so that a message of up to 55 bytes
//! costs the two compressions that it must and nothing else. The compression is that of the
//! `sha2` crate.

use sha2::block_api::compress256;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Bytes of a block of SHA-256.
const BLOCK: usize = 64;
/// Of the last block, those that hold the length of all that was hashed, in bits.
const LENGTH: usize = 8;

/// The longest message that fits into one block, with a byte of padding and the length.
pub(super) const SHORT: usize = BLOCK - LENGTH - 1;

/// The state that SHA-256 begins with (FIPS 180-4, 5.3.3).
const START: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// Which bits to keep of the bytes of a block, and which to put there: for a message, from so many
/// places before the middle on as it has bytes. In the middle is the byte of padding.
static KEPT: [u8; 2 * BLOCK] = {
    let mut kept = [0; 2 * BLOCK];
    let mut i = 0;
    while i < BLOCK {
        kept[i] = 0xff;
        i += 1;
    }
    kept
};
static PADDING: [u8; 2 * BLOCK] = {
    let mut padding = [0; 2 * BLOCK];
    padding[BLOCK] = 0x80;
    padding
};

/// The two hashes of an HMAC, each with the key taken in. Wiped when dropped.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(super) struct States {
    inner: [u32; 8],
    outer: [u32; 8],
}

impl States {
    /// Takes in a key of 32 bytes.
    pub(super) fn new(key: &[u8; 32]) -> Self {
        let keyed = |pad: u8| {
            let mut block = [pad; BLOCK];
            block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
            let mut state = START;
            compress256(&mut state, std::slice::from_ref(&block));
            block.zeroize();
            state
        };
        States { inner: keyed(0x36), outer: keyed(0x5c) }
    }

    /// The first 128 bits of the HMAC of a message.
    pub(super) fn mac128(&self, message: &[u8]) -> [u8; 16] {
        let mut state = self.inner;
        let (blocks, rest) = message.as_chunks::<BLOCK>();
        if !blocks.is_empty() {
            compress256(&mut state, blocks);
        }
        finish(&mut state, rest, BLOCK + message.len());
        self.outer(&state)
    }

    /// As [`States::mac128`] for a message of [`SHORT`] bytes at most, which `bytes` begin
    /// with: nothing in here hangs on its length but the padding.
    pub(super) fn mac128_short(&self, bytes: &[u8; BLOCK], length: usize) -> [u8; 16] {
        debug_assert!(length <= SHORT);
        let mut block = *bytes;
        // Without a branch, so that the compiler takes many bytes at once.
        let places = BLOCK - length..2 * BLOCK - length;
        let (kept, padding) = (&KEPT[places.clone()], &PADDING[places]);
        for (byte, (kept, padding)) in block.iter_mut().zip(kept.iter().zip(padding)) {
            *byte = *byte & kept | padding;
        }
        block[BLOCK - LENGTH..].copy_from_slice(&(8 * (BLOCK + length) as u64).to_be_bytes());
        let mut state = self.inner;
        compress256(&mut state, std::slice::from_ref(&block));
        self.outer(&state)
    }

    /// The hash around the inner one.
    fn outer(&self, inner: &[u32; 8]) -> [u8; 16] {
        let mut block = [0; BLOCK];
        for (bytes, word) in block.as_chunks_mut::<4>().0.iter_mut().zip(inner) {
            *bytes = word.to_be_bytes();
        }
        block[32] = 0x80;
        block[BLOCK - LENGTH..].copy_from_slice(&(8 * (BLOCK as u64 + 32)).to_be_bytes());
        let mut state = self.outer;
        compress256(&mut state, std::slice::from_ref(&block));
        let mut mac = [0; 16];
        for (bytes, word) in mac.as_chunks_mut::<4>().0.iter_mut().zip(state) {
            *bytes = word.to_be_bytes();
        }
        mac
    }
}

/// Takes in the last bytes, fewer than a block, and the padding: a one bit, and the length of
/// all `hashed` bytes at the end of a block.
fn finish(state: &mut [u32; 8], rest: &[u8], hashed: usize) {
    let mut block = [0; BLOCK];
    block[..rest.len()].copy_from_slice(rest);
    block[rest.len()] = 0x80;
    if rest.len() >= BLOCK - LENGTH {
        compress256(state, std::slice::from_ref(&block));
        block = [0; BLOCK];
    }
    block[BLOCK - LENGTH..].copy_from_slice(&(8 * hashed as u64).to_be_bytes());
    compress256(state, std::slice::from_ref(&block));
}

#[cfg(test)]
mod tests {
    use hmac::{Hmac, KeyInit, Mac};
    use proptest::prelude::*;
    use sha2::Sha256;

    use super::*;

    #[test]
    fn every_length_up_to_three_blocks_is_that_of_the_hmac_crate() {
        let key = std::array::from_fn(|i| i as u8 * 7);
        let message: Vec<u8> = (0..=192).collect();
        for length in 0..=192 {
            let expected = plain(&key, length, &message);
            assert_eq!(States::new(&key).mac128(&message[..length]), expected);
            if length <= SHORT {
                let bytes = message.first_chunk().expect("a block");
                assert_eq!(States::new(&key).mac128_short(bytes, length), expected);
            }
        }
    }

    proptest! {
        #[test]
        fn states_give_what_the_hmac_crate_gives(
            key in prop::array::uniform32(any::<u8>()),
            message in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let expected = plain(&key, message.len(), &message);
            prop_assert_eq!(States::new(&key).mac128(&message), expected);
        }
    }

    fn plain(key: &[u8; 32], length: usize, message: &[u8]) -> [u8; 16] {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("any key");
        mac.update(&message[..length]);
        let mac = mac.finalize().into_bytes();
        std::array::from_fn(|i| mac[i])
    }
}
