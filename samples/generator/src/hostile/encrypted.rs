//! A sheet behind a user password: the standard handler of PDF 1.1, RC4 with 40 bits (ISO 32000-1, 7.6.3).

use std::io::{self, Write};

use super::raw_pdf::{RawPdf, TREE};
use crate::checksum::md5;

/// What opens the file.
pub(super) const USER_PASSWORD: &[u8] = b"school";
const OWNER_PASSWORD: &[u8] = b"principal";
/// The padding string of algorithm 2.
const PADDING: [u8; 32] = [
    0x28, 0xBF, 0x4E, 0x5E, 0x4E, 0x75, 0x8A, 0x41, 0x64, 0x00, 0x4E, 0x56, 0xFF, 0xFA, 0x01, 0x08, 0x2E,
    0x2E, 0x00, 0xB6, 0xD0, 0x68, 0x3E, 0x80, 0x2F, 0x0C, 0xA9, 0xFE, 0x64, 0x53, 0x69, 0x7A,
];
/// Nothing but printing is allowed.
const PERMISSIONS: i32 = -60;
const ID: &[u8; 16] = b"takeoff-samples!";
const KEY_LENGTH: usize = 5;

pub(super) fn password(out: &mut dyn Write) -> io::Result<()> {
    // Algorithm 3: the owner entry hides the user password.
    let owner_key = &md5(&padded(OWNER_PASSWORD))[..KEY_LENGTH];
    let owner = rc4(owner_key, &padded(USER_PASSWORD));
    // Algorithm 2: the file's key.
    let mut seed = padded(USER_PASSWORD).to_vec();
    seed.extend_from_slice(&owner);
    seed.extend_from_slice(&PERMISSIONS.to_le_bytes());
    seed.extend_from_slice(ID);
    let key = &md5(&seed)[..KEY_LENGTH];
    // Algorithm 4: the user entry proves the key.
    let user = rc4(key, &PADDING);

    let mut pdf = RawPdf::new(out)?;
    pdf.tree(&[3])?;
    pdf.object(3, &format!("<</Type/Page/Parent {TREE} 0 R/Contents 4 0 R/MediaBox[0 0 2592 1728]>>"))?;
    let content = b"1 w 100 100 2300 1500 re S 200 200 m 2300 1500 l S";
    pdf.stream(4, "", &rc4(&object_key(key, 4), content))?;
    pdf.object(
        5,
        &format!("<</Filter/Standard/V 1/R 2/O<{}>/U<{}>/P {PERMISSIONS}>>", hex(&owner), hex(&user)),
    )?;
    let id = hex(ID);
    pdf.finish(&format!("/Encrypt 5 0 R/ID[<{id}><{id}>]"))
}

/// Algorithm 1: each object has a key of its own.
fn object_key(key: &[u8], number: u32) -> Vec<u8> {
    let mut seed = key.to_vec();
    seed.extend_from_slice(&number.to_le_bytes()[..3]);
    seed.extend_from_slice(&[0, 0]);
    md5(&seed)[..KEY_LENGTH + 5].to_vec()
}

fn padded(password: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    for (slot, byte) in out.iter_mut().zip(password.iter().chain(&PADDING)) {
        *slot = *byte;
    }
    out
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02X}")).collect()
}

fn rc4(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut state: Vec<u8> = (0..=255).collect();
    let mut j = 0_usize;
    for i in 0..256 {
        j = (j + usize::from(state[i]) + usize::from(key[i % key.len()])) % 256;
        state.swap(i, j);
    }
    let (mut i, mut j) = (0_usize, 0_usize);
    message
        .iter()
        .map(|byte| {
            i = (i + 1) % 256;
            j = (j + usize::from(state[i])) % 256;
            state.swap(i, j);
            byte ^ state[(usize::from(state[i]) + usize::from(state[j])) % 256]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rc4_of_a_known_pair() {
        assert_eq!(hex(&rc4(b"Key", b"Plaintext")), "BBF316E8D940AF0AD3");
    }
}
