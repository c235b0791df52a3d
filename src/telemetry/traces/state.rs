/// List members, at most (§3.3.1.1).
const MAX_MEMBERS: usize = 32;

/// Characters that are passed on: those that everybody has to (§3.3.1.5), and no more.
const MAX_LENGTH: usize = 512;

/// Members longer than this leave first where there are too many characters (§3.3.1.5).
const LONG: usize = 128;

/// What other tracing systems say beside a trace: `tracestate` (W3C Trace Context, Level 2, §3.3). Passed on, never read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct TraceState(String);

impl TraceState {
    /// Reads all values of the header in their order. What is not good is nothing at all.
    pub(super) fn parse<'h>(lines: impl IntoIterator<Item = &'h [u8]>) -> Self {
        Self::read(lines).unwrap_or_default()
    }

    fn read<'h>(lines: impl IntoIterator<Item = &'h [u8]>) -> Option<Self> {
        let mut members: Vec<&str> = Vec::new();
        for line in lines {
            let line = std::str::from_utf8(line).ok()?;
            for member in line.split(',').map(|member| member.trim_matches([' ', '\t'])) {
                // Empty ones may come, and are not passed on (§3.3.1.2).
                if member.is_empty() {
                    continue;
                }
                let key = key(member)?;
                if members.len() == MAX_MEMBERS
                    || members.iter().any(|other| other.starts_with(&member[..=key]))
                {
                    return None;
                }
                members.push(member);
            }
        }
        Some(Self(shortened(members)))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where the key of a member ends, if it is one: `key=value`.
fn key(member: &str) -> Option<usize> {
    let (key, value) = member.split_once('=')?;
    // §3.3.1.3.1. Level 2 lets `@` stand anywhere but in front, Level 1 and the libraries of others between two parts.
    let is_whole = key.split_once('@').is_none_or(|(_, system)| !system.is_empty() && !system.contains('@'));
    let is_first = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_key = |byte: u8| is_first(byte) || b"_-*/@".contains(&byte);
    let is_value = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'=';
    let is_good = is_whole
        && (1..=256).contains(&key.len())
        && is_first(key.as_bytes()[0])
        && key.bytes().all(is_key)
        && (1..=256).contains(&value.len())
        && value.bytes().all(is_value);
    is_good.then_some(key.len())
}

/// As many members as have room: the long ones leave first, then the last.
fn shortened(mut members: Vec<&str>) -> String {
    let length =
        |members: &[&str]| members.iter().map(|member| member.len() + 1).sum::<usize>().saturating_sub(1);
    while length(&members) > MAX_LENGTH {
        let leaves = members.iter().rposition(|member| member.len() > LONG).unwrap_or(members.len() - 1);
        members.remove(leaves);
    }
    members.join(",")
}
