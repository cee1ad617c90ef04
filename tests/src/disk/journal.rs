//! What a program did, in the order in which it did it.

use std::path::Path;

/// One record. Files and folders go by their inode, names by the path below the root.
#[derive(Debug)]
pub enum Change {
    MadeFile { inode: u64, path: String },
    MadeFolder { inode: u64, path: String },
    Wrote { inode: u64, at: usize, bytes: Vec<u8> },
    Cut { inode: u64, len: usize },
    SyncBegan { inode: u64, id: u64, path: String },
    SyncDone { id: u64 },
    Renamed { from: String, to: String },
    Linked { from: String, to: String },
    Removed { path: String },
    Told(String),
}

pub struct Journal(Vec<(usize, Change)>);

impl Journal {
    pub(super) fn read(file: &Path) -> Self {
        let all = std::fs::read(file).expect("the journal is there");
        let (mut at, mut changes) = (0, Vec::new());
        while at < all.len() {
            let rest = u32::from_le_bytes(all[at..at + 4].try_into().expect("four bytes")) as usize;
            let record = &all[at + 4..at + 4 + rest];
            at += 4 + rest;
            changes.push((at, change(record)));
        }
        Self(changes)
    }

    /// All changes, each with the place in the journal where it ends.
    pub fn all(&self) -> impl Iterator<Item = &(usize, Change)> {
        self.0.iter()
    }
}

fn change(record: &[u8]) -> Change {
    let number = |at: usize| u64::from_le_bytes(record[at..at + 8].try_into().expect("eight bytes"));
    let (a, b) = (number(1), number(9));
    let text_len = u32::from_le_bytes(record[17..21].try_into().expect("four bytes")) as usize;
    let text = String::from_utf8(record[21..21 + text_len].to_vec()).expect("a plain path");
    let bytes = &record[21 + text_len..];
    let second = || String::from_utf8(bytes.to_vec()).expect("plain text");
    let place = |n: u64| usize::try_from(n).expect("it fits");
    match record[0] {
        b'C' => Change::MadeFile { inode: a, path: text },
        b'M' => Change::MadeFolder { inode: a, path: text },
        b'W' => Change::Wrote { inode: a, at: place(b), bytes: bytes.to_vec() },
        b'T' => Change::Cut { inode: a, len: place(b) },
        b'B' => Change::SyncBegan { inode: a, id: b, path: text },
        b'E' => Change::SyncDone { id: b },
        b'N' => Change::Renamed { from: text, to: second() },
        b'L' => Change::Linked { from: text, to: second() },
        b'U' => Change::Removed { path: text },
        b'A' => Change::Told(second()),
        _ => panic!("the program did what cannot be followed: {text}"),
    }
}
