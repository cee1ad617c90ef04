//! Conditional and partial requests (RFC 9110, sections 13 and 14): one byte range, strong tags.

use axum::http::{HeaderMap, HeaderValue, header};

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
/// allows; a range past the end is impossible.
pub(crate) fn wanted(headers: &HeaderMap, etag: &str, size: u64) -> Wanted {
    let Some(range) = headers.get(header::RANGE).and_then(|v| v.to_str().ok()) else {
        return Wanted::Whole;
    };
    if headers.get(header::IF_RANGE).is_some_and(|tag| tag.as_bytes() != etag.as_bytes()) {
        return Wanted::Whole;
    }
    let Some((first, last)) = range.strip_prefix("bytes=").and_then(|r| r.trim().split_once('-')) else {
        return Wanted::Whole;
    };
    match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(start), Ok(last)) if last < start => Wanted::Whole,
        (Ok(start), Ok(last)) if start < size => {
            Wanted::Part(ByteRange { start, len: last.min(size - 1) - start + 1 })
        }
        (Ok(start), Err(_)) if last.is_empty() && start < size => {
            Wanted::Part(ByteRange { start, len: size - start })
        }
        (Err(_), Ok(suffix)) if first.is_empty() && suffix > 0 && size > 0 => {
            let len = suffix.min(size);
            Wanted::Part(ByteRange { start: size - len, len })
        }
        (Ok(_), Ok(_)) => Wanted::Impossible,
        (Ok(_), Err(_)) if last.is_empty() => Wanted::Impossible,
        (Err(_), Ok(_)) if first.is_empty() => Wanted::Impossible,
        _ => Wanted::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(range: &str, size: u64) -> Wanted {
        let headers = [(header::RANGE, range.parse().unwrap())].into_iter().collect();
        wanted(&headers, "\"tag\"", size)
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
    }

    #[test]
    fn ranges_past_the_end_are_impossible_and_nonsense_is_ignored() {
        for impossible in ["bytes=10-", "bytes=10-20", "bytes=-0"] {
            assert_eq!(of(impossible, 10), Wanted::Impossible, "{impossible}");
        }
        assert_eq!(of("bytes=0-0", 0), Wanted::Impossible);
        for nonsense in ["bytes=5-2", "bytes=a-b", "bytes=1-2,4-5", "lines=1-2", "bytes=", "bytes=-"] {
            assert_eq!(of(nonsense, 10), Wanted::Whole, "{nonsense}");
        }
    }

    #[test]
    fn a_range_of_another_version_is_the_whole_file() {
        let headers =
            [(header::RANGE, "bytes=0-1".parse().unwrap()), (header::IF_RANGE, "\"old\"".parse().unwrap())];
        assert_eq!(wanted(&headers.into_iter().collect(), "\"tag\"", 10), Wanted::Whole);
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
