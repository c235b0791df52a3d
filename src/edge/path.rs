//! From the path of a request to a name inside an origin, so that no spelling climbs out of it.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;

/// The file that a raw request path names, relative to the origin's root, or `None` if it can name no object:
/// it has an empty, `.` or `..` segment, or decodes (once, as a bucket does) to a separator, NUL or no UTF-8.
pub(super) fn object_name(raw_path: &str) -> Option<PathBuf> {
    raw_path.strip_prefix('/')?.split('/').map(segment).collect()
}

fn segment(raw: &str) -> Option<String> {
    let segment = percent_decode_str(raw).decode_utf8().ok()?;
    let is_name = !matches!(segment.as_ref(), "" | "." | "..") && !segment.contains(['/', '\\', '\0']);
    is_name.then(|| segment.into_owned())
}

/// Whether a raw path has a dot segment, encoded or not, or a backslash, which URL parsers take for a slash.
/// An HTTP origin is never asked for one: it would resolve it, and answer for another path than was checked.
pub(super) fn climbs(raw_path: &str) -> bool {
    let decoded = percent_decode_str(raw_path).decode_utf8_lossy();
    raw_path.contains('\\') || decoded.split(['/', '\\']).any(|segment| matches!(segment, "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_decoded_once() {
        for (path, name) in [
            ("/a/b.mp3", "a/b.mp3"),
            ("/a%20b/%C3%A9.mp3", "a b/é.mp3"),
            ("/%252e%252e/x", "%2e%2e/x"),
            ("/...", "..."),
            ("/~root", "~root"),
        ] {
            assert_eq!(object_name(path), Some(PathBuf::from(name)), "{path}");
        }
    }

    #[test]
    fn paths_that_could_climb_name_nothing() {
        for path in [
            "",
            "a",
            "*",
            "/",
            "//",
            "/a//b",
            "/a/",
            "/.",
            "/..",
            "/../a",
            "/a/../b",
            "/a/./b",
            "/%2e%2e/a",
            "/.%2E/a",
            "/a%2fb",
            "/a%2F..%2Fb",
            "/..%5ca",
            "/a%5cb",
            "/a\\b",
            "/a%00.mp3",
            "/%ff",
            "/%2fetc/passwd",
            "//etc/passwd",
        ] {
            assert_eq!(object_name(path), None, "{path}");
        }
    }

    #[test]
    fn climbing_is_seen_in_every_spelling() {
        for path in ["/..", "/a/../b", "/a/%2e%2E/b", "/a/..%2fb", "/a%2f..", "/a\\b", "/a%5c..%5cb", "/./a"]
        {
            assert!(climbs(path), "{path}");
        }
        for path in ["/", "/a//b", "/a%2fb", "/...", "/a..b", "/%252e%252e/a"] {
            assert!(!climbs(path), "{path}");
        }
    }
}
