//! Conditional and partial requests (RFC 9110, sections 13 and 14): one byte range, strong tags.

use axum::http::{HeaderMap, HeaderValue, Method, header};

/// Bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ByteRange {
    pub(crate) start: u64,
    pub(crate) len: u64,
}

/// What of a file the client wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Whole,
    Part(ByteRange),
    Impossible,
}

/// Whether a list of tags names this one; `W/` does not matter for unchanged content.
pub(crate) fn matches(tags: Option<&HeaderValue>, etag: &str) -> bool {
    let tags = tags.and_then(|v| v.to_str().ok()).unwrap_or_default();
    tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

/// A range that cannot be read, or several of them, is answered with the whole file, as the standard
/// allows; a range past the end is impossible. Ranges are of GET alone.
pub(crate) fn wanted(method: &Method, headers: &HeaderMap, etag: &str, size: u64) -> Wanted {
    let mut ranges = headers.get_all(header::RANGE).iter();
    let (Some(range), None) = (ranges.next(), ranges.next()) else { return Wanted::Whole };
    if *method != Method::GET || headers.get(header::IF_RANGE).is_some_and(|tag| tag != etag) {
        return Wanted::Whole;
    }
    let Some((first, last)) = range.to_str().ok().and_then(bounds) else { return Wanted::Whole };
    match (position(first), position(last)) {
        (Some(start), Some(last)) if last < start => Wanted::Whole,
        (Some(start), Some(last)) if start < size => {
            Wanted::Part(ByteRange { start, len: last.min(size - 1) - start + 1 })
        }
        (Some(start), None) if last.is_empty() && start < size => {
            Wanted::Part(ByteRange { start, len: size - start })
        }
        (None, Some(suffix)) if first.is_empty() && suffix > 0 && size > 0 => {
            let len = suffix.min(size);
            Wanted::Part(ByteRange { start: size - len, len })
        }
        (Some(_), Some(_)) => Wanted::Impossible,
        (Some(_), None) if last.is_empty() => Wanted::Impossible,
        (None, Some(_)) if first.is_empty() => Wanted::Impossible,
        _ => Wanted::Whole,
    }
}

/// Both sides of the dash of one range in bytes.
fn bounds(range: &str) -> Option<(&str, &str)> {
    let (unit, range) = range.split_once('=')?;
    unit.trim().eq_ignore_ascii_case("bytes").then(|| range.trim().split_once('-')).flatten()
}

/// Digits alone; a number that is too large for us is past every end.
fn position(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(range: &str, size: u64) -> Wanted {
        let headers = [(header::RANGE, range.parse().unwrap())].into_iter().collect();
        wanted(&Method::GET, &headers, "\"tag\"", size)
    }

    fn part(start: u64, len: u64) -> Wanted {
        Wanted::Part(ByteRange { start, len })
    }

    #[test]
    fn ranges_are_cut_to_the_file() {
        assert_eq!(of("bytes=0-0", 10), part(0, 1));
        assert_eq!(of("bytes=2-5", 10), part(2, 4));
        assert_eq!(of("bytes=2-500", 10), part(2, 8));
        assert_eq!(of("bytes=9-", 10), part(9, 1));
        assert_eq!(of("bytes=-3", 10), part(7, 3));
        assert_eq!(of("bytes=-30", 10), part(0, 10));
        assert_eq!(of("Bytes=2-5", 10), part(2, 4));
        let many = "9".repeat(40);
        assert_eq!(of(&format!("bytes=2-{many}"), 10), part(2, 8));
        assert_eq!(of(&format!("bytes=-{many}"), 10), part(0, 10));
    }

    #[test]
    fn ranges_past_the_end_are_impossible_and_nonsense_is_ignored() {
        for impossible in ["bytes=10-", "bytes=10-20", "bytes=-0"] {
            assert_eq!(of(impossible, 10), Wanted::Impossible, "{impossible}");
        }
        assert_eq!(of("bytes=0-0", 0), Wanted::Impossible);
        assert_eq!(of(&format!("bytes={}-", "9".repeat(40)), 10), Wanted::Impossible);
        let nonsense = ["bytes=5-2", "bytes=a-b", "bytes=1-2,4-5", "lines=1-2", "bytes=", "bytes=-"];
        let signed = ["bytes=+1-2", "bytes=1-+2", "bytes=-+2", "bytes=--2", "bytes 1-2", "bytes=1 -2"];
        for nonsense in nonsense.into_iter().chain(signed) {
            assert_eq!(of(nonsense, 10), Wanted::Whole, "{nonsense}");
        }
    }

    #[test]
    fn a_range_of_another_version_is_the_whole_file() {
        let headers =
            [(header::RANGE, "bytes=0-1".parse().unwrap()), (header::IF_RANGE, "\"old\"".parse().unwrap())];
        assert_eq!(wanted(&Method::GET, &headers.into_iter().collect(), "\"tag\"", 10), Wanted::Whole);
    }

    #[test]
    fn ranges_are_of_get_and_come_once() {
        let range = (header::RANGE, HeaderValue::from_static("bytes=0-1"));
        let once = [range.clone()].into_iter().collect();
        assert_eq!(wanted(&Method::GET, &once, "\"tag\"", 10), part(0, 2));
        assert_eq!(wanted(&Method::HEAD, &once, "\"tag\"", 10), Wanted::Whole);
        let twice = [range.clone(), range].into_iter().collect();
        assert_eq!(wanted(&Method::GET, &twice, "\"tag\"", 10), Wanted::Whole);
    }

    #[test]
    fn tags_match_in_lists() {
        let tags = |s: &str| Some(HeaderValue::from_str(s).unwrap());
        assert!(matches(tags("\"a\", W/\"b\"").as_ref(), "\"b\""));
        assert!(matches(tags("*").as_ref(), "\"b\""));
        assert!(!matches(tags("\"a\"").as_ref(), "\"b\""));
        assert!(!matches(None, "\"b\""));
    }
}
