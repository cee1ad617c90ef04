//! What nodes tell each other, as bytes: version, kind, the sender's life, body.
//!
//! Whoever reads a frame may be older or newer than who wrote it. A kind or a version that is not known here is passed
//! over and counted; so is whatever does not decode. Payloads never travel: a frame names what lies in the store.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use takeoff_core::model::Id;
use uuid::Uuid;

/// The format of everything below. A change that old readers cannot read takes a new kind, or raises this.
const VERSION: u8 = 1;

/// Version, kind and life.
const HEAD: usize = 18;

/// Longest frame that is written or read, bytes.
pub(crate) const MAX_FRAME: usize = 96 * 1024;

/// Most entries of a list in a frame.
pub(crate) const MAX_LIST: usize = 256;

/// Longest text in a frame, bytes.
const MAX_TEXT: usize = 1_024;

/// Where a node is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Known {
    pub(crate) node: String,
    pub(crate) address: String,
}

/// How far a job is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Step {
    pub(crate) job: Id,
    pub(crate) percent: f32,
    pub(crate) step: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Frame {
    /// Are you there? With how many frames were sent on this link until now.
    Ping {
        sent: u64,
    },
    /// What a ping brought, sent back.
    Pong {
        sent: u64,
    },
    /// Nodes that the sender is linked to.
    Peers(Vec<Known>),
    /// Stages that have new work, by name: the reader may not know all of them.
    Wake(Vec<String>),
    /// Jobs whose progress somebody asks the sender for.
    Watch(Vec<Id>),
    Progress(Step),
    /// The sender leaves.
    Bye,
}

/// Why bytes are no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    /// Of another version of this format.
    Version,
    /// Of a kind that this version does not have.
    Kind,
    /// Too long, cut off, or nonsense.
    Garbage,
}

impl Unread {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Kind => "kind",
            Self::Garbage => "garbage",
        }
    }
}

const PING: u8 = 1;
const PONG: u8 = 2;
const PEERS: u8 = 3;
const WAKE: u8 = 4;
const WATCH: u8 = 5;
const PROGRESS: u8 = 6;
const BYE: u8 = 7;

/// `None` when it would be too long: what is sent is bounded where it is made, so that never happens.
pub(crate) fn encode(life: Id, frame: &Frame) -> Option<Vec<u8>> {
    let (kind, body) = match frame {
        Frame::Ping { sent } => (PING, postcard::to_stdvec(sent)),
        Frame::Pong { sent } => (PONG, postcard::to_stdvec(sent)),
        Frame::Peers(known) => (PEERS, postcard::to_stdvec(known)),
        Frame::Wake(stages) => (WAKE, postcard::to_stdvec(stages)),
        Frame::Watch(jobs) => (WATCH, postcard::to_stdvec(jobs)),
        Frame::Progress(step) => (PROGRESS, postcard::to_stdvec(step)),
        Frame::Bye => (BYE, Ok(Vec::new())),
    };
    let body = body.ok()?;
    let mut bytes = Vec::with_capacity(HEAD + body.len());
    bytes.extend([VERSION, kind]);
    bytes.extend(life.0.as_bytes());
    bytes.extend(body);
    (bytes.len() <= MAX_FRAME).then_some(bytes)
}

/// The sender's life and what it says.
pub(crate) fn decode(bytes: &[u8]) -> Result<(Id, Frame), Unread> {
    if bytes.len() > MAX_FRAME {
        return Err(Unread::Garbage);
    }
    let (head, body) = bytes.split_at_checked(HEAD).ok_or(Unread::Garbage)?;
    if head[0] != VERSION {
        return Err(Unread::Version);
    }
    let life = Id(Uuid::from_slice(&head[2..]).map_err(|_| Unread::Garbage)?);
    let frame = match head[1] {
        PING => Frame::Ping { sent: read(body)? },
        PONG => Frame::Pong { sent: read(body)? },
        PEERS => Frame::Peers(list(body, |known: &Known| short(&known.node) && short(&known.address))?),
        WAKE => Frame::Wake(list(body, |stage: &String| short(stage))?),
        WATCH => Frame::Watch(list(body, |_| true)?),
        PROGRESS => {
            let step: Step = read(body)?;
            if !step.percent.is_finite() || !step.step.as_deref().is_none_or(short) {
                return Err(Unread::Garbage);
            }
            Frame::Progress(step)
        }
        BYE => Frame::Bye,
        _ => return Err(Unread::Kind),
    };
    Ok((life, frame))
}

fn short(text: &str) -> bool {
    text.len() <= MAX_TEXT
}

/// A newer sender may have more to say behind what is read here.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Unread> {
    postcard::take_from_bytes(body).map(|(value, _)| value).map_err(|_| Unread::Garbage)
}

fn list<T: DeserializeOwned>(body: &[u8], fits: impl Fn(&T) -> bool) -> Result<Vec<T>, Unread> {
    let list: Vec<T> = read(body)?;
    if list.len() <= MAX_LIST && list.iter().all(fits) { Ok(list) } else { Err(Unread::Garbage) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn life() -> Id {
        Id(Uuid::from_u128(7))
    }

    fn all() -> Vec<Frame> {
        let step = Step { job: life(), percent: 12.5, step: Some("page 3".to_owned()) };
        vec![
            Frame::Ping { sent: 3 },
            Frame::Pong { sent: u64::MAX },
            Frame::Peers(vec![Known { node: "a".to_owned(), address: "h:1".to_owned() }]),
            Frame::Wake(vec!["ingest".to_owned(), "a stage of tomorrow".to_owned()]),
            Frame::Watch(vec![life()]),
            Frame::Progress(step),
            Frame::Bye,
        ]
    }

    #[test]
    fn what_is_written_is_read() {
        for frame in all() {
            let bytes = encode(life(), &frame).unwrap();
            assert_eq!(decode(&bytes), Ok((life(), frame.clone())));
            // A newer node says more.
            assert_eq!(decode(&[bytes, vec![1, 2, 3]].concat()), Ok((life(), frame)));
        }
    }

    #[test]
    fn what_is_of_another_time_is_told_from_nonsense() {
        let bytes = encode(life(), &Frame::Ping { sent: 3 }).unwrap();
        let with = |at: usize, byte: u8| {
            let mut changed = bytes.clone();
            changed[at] = byte;
            changed
        };
        assert_eq!(decode(&with(0, 2)), Err(Unread::Version));
        assert_eq!(decode(&with(1, 200)), Err(Unread::Kind));
        for frame in all().iter().filter(|f| **f != Frame::Bye) {
            let whole = encode(life(), frame).unwrap();
            for end in 0..whole.len() {
                assert_eq!(decode(&whole[..end]), Err(Unread::Garbage), "{frame:?} to {end}");
            }
        }
    }

    #[test]
    fn what_is_too_much_is_neither_written_nor_read() {
        let many = Frame::Watch(vec![life(); MAX_LIST + 1]);
        assert_eq!(decode(&encode(life(), &many).unwrap()), Err(Unread::Garbage));
        let long = Frame::Wake(vec!["x".repeat(MAX_TEXT + 1)]);
        assert_eq!(decode(&encode(life(), &long).unwrap()), Err(Unread::Garbage));
        assert_eq!(encode(life(), &Frame::Wake(vec!["x".repeat(MAX_FRAME)])), None);
        assert_eq!(decode(&vec![VERSION; MAX_FRAME + 1]), Err(Unread::Garbage));
        let odd = Frame::Progress(Step { job: life(), percent: f32::NAN, step: None });
        assert_eq!(decode(&encode(life(), &odd).unwrap()), Err(Unread::Garbage));
    }

    proptest! {
        #[test]
        fn nothing_that_arrives_is_more_than_a_frame_or_an_error(
            kind in 0_u8..9,
            body in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            let bytes = [&[VERSION, kind][..], &[7; 16], &body].concat();
            if let Ok((_, frame)) = decode(&bytes) {
                prop_assert!(encode(life(), &frame).is_some());
            }
            let _ = decode(&body);
        }
    }
}
