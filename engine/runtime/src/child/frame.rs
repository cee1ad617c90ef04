//! What goes through the pipe: `length: u32 LE`, `kind: u8`, then `length` bytes.

use std::io::{self, Read, Write};

use tokio::io::{AsyncRead, AsyncReadExt};

/// Largest payload of a frame, bytes. Results go through files; the pipe carries names and progress.
pub const MAX_FRAME: usize = 4 * 1024 * 1024;

/// Raised when the frames change; host and worker are the same binary, except when they are not.
pub(super) const VERSION: u16 = 1;

const HEADER: usize = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// First word of a worker, after it has set its limits; payload is the version.
    Hello = 1,
    Request = 2,
    Reply = 3,
    /// The worker is done with the request and takes the next.
    End = 4,
}

impl Kind {
    const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            1 => Self::Hello,
            2 => Self::Request,
            3 => Self::Reply,
            4 => Self::End,
            _ => return None,
        })
    }
}

fn header(kind: Kind, payload: usize) -> io::Result<[u8; HEADER]> {
    if payload > MAX_FRAME {
        let message = format!("a frame holds at most {MAX_FRAME} bytes, this one {payload}");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let length = u32::try_from(payload).expect("a frame is far below 4 GiB").to_le_bytes();
    Ok([length[0], length[1], length[2], length[3], kind as u8])
}

fn parse_header(header: [u8; HEADER]) -> io::Result<(Kind, usize)> {
    let length = u32::from_le_bytes([header[0], header[1], header[2], header[3]]) as usize;
    let invalid = |message: String| io::Error::new(io::ErrorKind::InvalidData, message);
    let kind =
        Kind::from_code(header[4]).ok_or_else(|| invalid(format!("no frame is of kind {}", header[4])))?;
    if length > MAX_FRAME {
        return Err(invalid(format!(
            "a frame of {length} bytes is announced, at most {MAX_FRAME} are allowed"
        )));
    }
    Ok((kind, length))
}

/// A whole frame as bytes.
pub(super) fn encode(kind: Kind, payload: &[u8]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(HEADER + payload.len());
    bytes.extend_from_slice(&header(kind, payload.len())?);
    bytes.extend_from_slice(payload);
    Ok(bytes)
}

pub(super) fn write(to: &mut impl Write, kind: Kind, payload: &[u8]) -> io::Result<()> {
    to.write_all(&header(kind, payload.len())?)?;
    to.write_all(payload)?;
    to.flush()
}

/// `UnexpectedEof` when the other end closed, between frames or within one.
pub(super) fn read(from: &mut impl Read) -> io::Result<(Kind, Vec<u8>)> {
    let mut head = [0_u8; HEADER];
    from.read_exact(&mut head)?;
    let (kind, length) = parse_header(head)?;
    let mut payload = vec![0_u8; length];
    from.read_exact(&mut payload)?;
    Ok((kind, payload))
}

/// As [`read`].
pub(super) async fn read_async(from: &mut (impl AsyncRead + Unpin)) -> io::Result<(Kind, Vec<u8>)> {
    let mut head = [0_u8; HEADER];
    from.read_exact(&mut head).await?;
    let (kind, length) = parse_header(head)?;
    let mut payload = vec![0_u8; length];
    from.read_exact(&mut payload).await?;
    Ok((kind, payload))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_survive_the_way() {
        let mut pipe = Vec::new();
        write(&mut pipe, Kind::Request, b"page 7").unwrap();
        assert_eq!(pipe, encode(Kind::Request, b"page 7").unwrap());
        write(&mut pipe, Kind::End, b"").unwrap();
        let mut from = pipe.as_slice();
        assert_eq!(read(&mut from).unwrap(), (Kind::Request, b"page 7".to_vec()));
        assert_eq!(read(&mut from).unwrap(), (Kind::End, Vec::new()));
        assert_eq!(read(&mut from).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn a_size_or_kind_that_cannot_be_is_refused_before_any_memory_is_taken() {
        let huge = [0xff, 0xff, 0xff, 0x7f, 3];
        assert_eq!(read(&mut huge.as_slice()).unwrap_err().kind(), io::ErrorKind::InvalidData);
        let odd = [0, 0, 0, 0, 99];
        assert!(read(&mut odd.as_slice()).unwrap_err().to_string().contains("kind 99"));
        assert!(encode(Kind::Reply, &vec![0; MAX_FRAME + 1]).is_err());
    }
}
