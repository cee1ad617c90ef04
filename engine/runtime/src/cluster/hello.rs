//! What two nodes say before they are linked: each proves to know the cookie, says who it is, and may refuse the other.
//!
//! ```text
//! dialler                              listener
//!   Open { version, nonce }       ──▶
//!                                 ◀──   Open { version, nonce }
//!   Proof { claim, mac }          ──▶
//!                                 ◀──   Proof { claim, mac } or a refusal
//!   agreed, or a refusal          ──▶
//! ```
//!
//! A mac is HMAC-SHA256 under the cookie of the side, both nonces and everything claimed until then, so that no proof
//! is good for another link or for the other side. ractor_cluster's own handshake comes after it: it proves less (a
//! digest over 32 bits of challenge) and tells the other side nothing of why it ends. Nothing here is without a bound;
//! the caller sets the deadline.

use std::fmt;

use hmac::{Hmac, Mac as _};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use takeoff_core::model::Id;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

const MAGIC: [u8; 8] = *b"takeoff\n";
const VERSION: u16 = 1;

/// Longest message, bytes.
const MAX_MESSAGE: usize = 8 * 1024;

/// Most stages that a node claims to run, and longest text of a claim in bytes.
const MAX_STAGES: usize = 64;
const MAX_TEXT: usize = 300;

/// Who a node says that it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claim {
    pub(crate) cluster: String,
    pub(crate) node: String,
    /// This run of the node.
    pub(crate) life: Id,
    /// Where other nodes reach it.
    pub(crate) address: String,
    pub(crate) version: String,
    /// By name, with the slots of each.
    pub(crate) stages: Vec<(String, u32)>,
}

/// Why a node is not linked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Refusal {
    Cookie,
    /// Of the one that refuses.
    OtherCluster(String),
    /// Another node of this name is linked and alive.
    NameTaken(String),
    /// It is the node itself.
    Itself,
    /// Nothing is wrong: there is a link already, to the node of this name.
    Linked(String),
    /// There are as many links as a node may have.
    Full,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cookie => f.write_str("the cookies differ (`cluster.cookie`)"),
            Self::OtherCluster(name) => write!(f, "it belongs to the cluster `{name}` (`cluster.name`)"),
            Self::NameTaken(name) => {
                write!(f, "another node named `{name}` is linked and alive (`node.name`)")
            }
            Self::Itself => f.write_str("it is this node itself"),
            Self::Linked(name) => write!(f, "there is a link to `{name}` already"),
            Self::Full => f.write_str("it has as many links as a node may have"),
        }
    }
}

/// How an attempt to link ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failed {
    /// By the other side.
    Refused(Refusal),
    /// By this one.
    Declined(Refusal),
    /// The other side speaks something else.
    Foreign(&'static str),
    Broken(String),
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(why) => write!(f, "refused by the other node: {why}"),
            Self::Declined(why) => write!(f, "refused by this node: {why}"),
            Self::Foreign(why) => write!(f, "no node of this kind answers: {why}"),
            Self::Broken(why) => f.write_str(why),
        }
    }
}

impl From<std::io::Error> for Failed {
    fn from(e: std::io::Error) -> Self {
        Self::Broken(e.to_string())
    }
}

#[derive(Serialize, Deserialize)]
struct Open {
    magic: [u8; 8],
    version: u16,
    nonce: [u8; 16],
}

/// What a node brings to each of its links.
#[derive(Clone)]
pub(crate) struct Credentials {
    pub(crate) claim: Claim,
    pub(crate) cookie: String,
}

/// The claim as it was written, so that both sides sign the same bytes.
#[derive(Serialize, Deserialize)]
struct Proof {
    claim: Vec<u8>,
    mac: [u8; 32],
}

#[derive(Clone, Copy)]
enum Side {
    Dialler,
    Listener,
}

/// The nonces of a link, the dialler's first.
type Nonces = [[u8; 16]; 2];

fn mac(cookie: &str, side: Side, nonces: &Nonces, claims: &[&[u8]]) -> Option<Hmac<Sha256>> {
    // A key of any length is taken.
    let mut mac = Hmac::<Sha256>::new_from_slice(cookie.as_bytes()).ok()?;
    mac.update(match side {
        Side::Dialler => b"takeoff link, dialler",
        Side::Listener => b"takeoff link, listener",
    });
    nonces.iter().for_each(|nonce| mac.update(nonce));
    for claim in claims {
        mac.update(&(claim.len() as u64).to_be_bytes());
        mac.update(claim);
    }
    Some(mac)
}

fn prove(me: &Credentials, side: Side, nonces: &Nonces, before: &[&[u8]]) -> Result<Proof, Failed> {
    let broken = || Failed::Broken("this node's claim cannot be written".to_owned());
    let claim = postcard::to_stdvec(&me.claim).map_err(|_| broken())?;
    let signed: Vec<&[u8]> = before.iter().copied().chain([&*claim]).collect();
    let mac = mac(&me.cookie, side, nonces, &signed).ok_or_else(broken)?.finalize().into_bytes().into();
    Ok(Proof { claim, mac })
}

/// The claim, if who makes it knows the cookie and it is one.
fn proven(
    proof: &Proof,
    cookie: &str,
    side: Side,
    nonces: &Nonces,
    before: &[&[u8]],
) -> Result<Claim, Failed> {
    let signed: Vec<&[u8]> = before.iter().copied().chain([&*proof.claim]).collect();
    let mac = mac(cookie, side, nonces, &signed).ok_or(Failed::Declined(Refusal::Cookie))?;
    // Takes as long wherever the first difference is.
    mac.verify_slice(&proof.mac).map_err(|_| Failed::Declined(Refusal::Cookie))?;
    let claim: Claim = postcard::from_bytes(&proof.claim).map_err(|_| Failed::Foreign("no claim"))?;
    let texts = [&claim.cluster, &claim.node, &claim.address, &claim.version].into_iter();
    let fits = |text: &String| text.len() <= MAX_TEXT;
    if claim.stages.len() <= MAX_STAGES && texts.chain(claim.stages.iter().map(|(name, _)| name)).all(fits) {
        Ok(claim)
    } else {
        Err(Failed::Foreign("a claim that is too long"))
    }
}

/// What ractor_cluster's sessions are opened with: nothing that it sends tells of the cookie itself.
pub(crate) fn session_cookie(me: &Credentials) -> String {
    let signed = mac(&me.cookie, Side::Listener, &[[0; 16]; 2], &[b"session", me.claim.cluster.as_bytes()]);
    let bytes = signed.map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn send<T: Serialize>(to: &mut (impl AsyncWrite + Unpin), message: &T) -> Result<(), Failed> {
    let body = postcard::to_stdvec(message).unwrap_or_default();
    let length = u16::try_from(body.len()).map_err(|_| Failed::Broken("too much to say".to_owned()))?;
    to.write_all(&[&length.to_be_bytes()[..], &body].concat()).await?;
    Ok(to.flush().await?)
}

async fn receive<T: DeserializeOwned>(from: &mut (impl AsyncRead + Unpin)) -> Result<T, Failed> {
    let length = usize::from(from.read_u16().await?);
    if length > MAX_MESSAGE {
        return Err(Failed::Foreign("a message that is too long"));
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body).await?;
    postcard::from_bytes(&body).map_err(|_| Failed::Foreign("a message that is none"))
}

fn opened(open: &Open) -> Result<[u8; 16], Failed> {
    if open.magic != MAGIC {
        return Err(Failed::Foreign("another greeting"));
    }
    if open.version != VERSION {
        return Err(Failed::Foreign("another version of the greeting"));
    }
    Ok(open.nonce)
}

/// The side that connected. `admit` decides on the other one's claim, which is proven by then.
pub(crate) async fn dial<T>(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    me: &Credentials,
    nonce: Id,
    admit: impl AsyncFnOnce(Claim) -> Result<T, Refusal>,
) -> Result<T, Failed> {
    let own = *nonce.0.as_bytes();
    send(stream, &Open { magic: MAGIC, version: VERSION, nonce: own }).await?;
    let theirs = opened(&receive(stream).await?)?;
    let nonces = [own, theirs];
    let mine = prove(me, Side::Dialler, &nonces, &[])?;
    send(stream, &mine).await?;
    let proof: Proof = receive::<Result<Proof, Refusal>>(stream).await?.map_err(Failed::Refused)?;
    let admitted = match proven(&proof, &me.cookie, Side::Listener, &nonces, &[&mine.claim]) {
        Ok(claim) => admit(claim).await.map_err(Failed::Declined),
        Err(e) => Err(e),
    };
    send(stream, &answer(&admitted)).await?;
    admitted
}

/// The side that was connected to.
pub(crate) async fn listen<T>(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    me: &Credentials,
    nonce: Id,
    admit: impl AsyncFnOnce(Claim) -> Result<T, Refusal>,
) -> Result<T, Failed> {
    let theirs = opened(&receive(stream).await?)?;
    let own = *nonce.0.as_bytes();
    send(stream, &Open { magic: MAGIC, version: VERSION, nonce: own }).await?;
    let nonces = [theirs, own];
    let proof: Proof = receive(stream).await?;
    let admitted = match proven(&proof, &me.cookie, Side::Dialler, &nonces, &[]) {
        Ok(claim) => admit(claim).await.map_err(Failed::Declined),
        Err(e) => Err(e),
    };
    let mine = match answer(&admitted) {
        Ok(()) => Ok(prove(me, Side::Listener, &nonces, &[&proof.claim])?),
        Err(refusal) => Err(refusal),
    };
    send(stream, &mine).await?;
    let admitted = admitted?;
    receive::<Result<(), Refusal>>(stream).await?.map_err(Failed::Refused)?;
    Ok(admitted)
}

/// What the other side is told of it.
fn answer<T>(admitted: &Result<T, Failed>) -> Result<(), Refusal> {
    match admitted {
        Ok(_) => Ok(()),
        Err(Failed::Declined(why) | Failed::Refused(why)) => Err(why.clone()),
        Err(Failed::Foreign(_) | Failed::Broken(_)) => Err(Refusal::Cookie),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;
    use uuid::Uuid;

    use super::*;

    const COOKIE: &str = "a cookie of which nobody is told";

    fn node(name: &str, cookie: &str) -> Credentials {
        let claim = Claim {
            cluster: "c".to_owned(),
            node: name.to_owned(),
            life: Id(Uuid::from_u128(1)),
            address: "h:1".to_owned(),
            version: "0".to_owned(),
            stages: vec![("ingest".to_owned(), 2)],
        };
        Credentials { claim, cookie: cookie.to_owned() }
    }

    fn nonce(n: u128) -> Id {
        Id(Uuid::from_u128(n))
    }

    type Ends = (Result<String, Failed>, Result<String, Failed>);

    async fn meet(a: &Credentials, b: &Credentials, refuse: [Option<Refusal>; 2]) -> Ends {
        let (mut left, mut right) = duplex(64);
        let [at_a, at_b] =
            refuse.map(|refusal| async move |claim: Claim| refusal.map_or(Ok(claim.node), Err));
        tokio::join!(dial(&mut left, a, nonce(1), at_a), listen(&mut right, b, nonce(2), at_b))
    }

    #[tokio::test]
    async fn who_knows_the_cookie_is_heard() {
        let (a, b) = (node("a", COOKIE), node("b", COOKIE));
        assert_eq!(meet(&a, &b, [None, None]).await, (Ok("b".to_owned()), Ok("a".to_owned())));
    }

    #[tokio::test]
    async fn who_does_not_is_refused_and_hears_why() {
        let (a, b) = (node("a", COOKIE), node("b", "another cookie that is long enough"));
        let (dialler, listener) = meet(&a, &b, [None, None]).await;
        assert_eq!(listener, Err(Failed::Declined(Refusal::Cookie)));
        assert_eq!(dialler, Err(Failed::Refused(Refusal::Cookie)));
    }

    #[tokio::test]
    async fn either_side_may_refuse_and_both_know() {
        let (a, b) = (node("a", COOKIE), node("b", COOKIE));
        for why in [Refusal::OtherCluster("c2".to_owned()), Refusal::NameTaken("a".to_owned()), Refusal::Full]
        {
            let ends = meet(&a, &b, [None, Some(why.clone())]).await;
            assert_eq!(ends, (Err(Failed::Refused(why.clone())), Err(Failed::Declined(why.clone()))));
            let ends = meet(&a, &b, [Some(why.clone()), None]).await;
            assert_eq!(ends, (Err(Failed::Declined(why.clone())), Err(Failed::Refused(why))));
        }
    }

    /// A listener that knows no cookie sends back what it was sent.
    #[tokio::test]
    async fn an_echo_proves_nothing() {
        let (mut left, mut right) = duplex(64);
        let echo = async {
            let open: Open = receive(&mut right).await.unwrap();
            send(&mut right, &open).await.unwrap();
            let proof: Proof = receive(&mut right).await.unwrap();
            send(&mut right, &Ok::<_, Refusal>(proof)).await.unwrap();
            receive::<Result<(), Refusal>>(&mut right).await.unwrap()
        };
        let a = node("a", COOKIE);
        let (dialled, told) = tokio::join!(dial(&mut left, &a, nonce(1), async |c| Ok(c.node)), echo);
        assert_eq!(dialled, Err(Failed::Declined(Refusal::Cookie)));
        assert_eq!(told, Err(Refusal::Cookie));
    }

    /// What was said on one link is worth nothing on the next.
    #[tokio::test]
    async fn a_proof_is_good_once() {
        let a = node("a", COOKIE);
        let old = prove(&a, Side::Dialler, &[[1; 16], [2; 16]], &[]).unwrap();
        let (mut left, mut right) = duplex(64);
        let again = async {
            send(&mut left, &Open { magic: MAGIC, version: VERSION, nonce: [1; 16] }).await.unwrap();
            let _: Open = receive(&mut left).await.unwrap();
            send(&mut left, &old).await.unwrap();
            receive::<Result<Proof, Refusal>>(&mut left).await.unwrap().err()
        };
        let b = node("b", COOKIE);
        let (told, heard) = tokio::join!(again, listen(&mut right, &b, nonce(3), async |c| Ok(c.node)));
        assert_eq!((told, heard), (Some(Refusal::Cookie), Err(Failed::Declined(Refusal::Cookie))));
    }

    #[tokio::test]
    async fn what_is_no_node_ends_at_once() {
        for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xff; 64], &[0, 0], &[0, 3, 1, 2, 3]] {
            let (mut left, mut right) = duplex(256);
            left.write_all(bytes).await.unwrap();
            left.shutdown().await.unwrap();
            let heard = listen(&mut right, &node("b", COOKIE), nonce(1), async |c| Ok(c.node)).await;
            assert!(matches!(heard, Err(Failed::Foreign(_) | Failed::Broken(_))), "{heard:?}");
        }
    }
}
