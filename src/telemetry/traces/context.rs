use super::state::TraceState;

/// Version, trace id, parent id and flags with the dashes between them, in characters.
const LENGTH: usize = 55;

/// `sampled` and `random-trace-id`, the flags that are known; others are reserved, and not passed on (Level 2 §3.2.2.5).
const KNOWN_FLAGS: u8 = 0b11;

/// A place in a trace: which trace, and the span in it that everything from here on belongs to. W3C Trace Context,
/// Level 2, where the numbers of sections below are from; what Level 1 sends is read the same.
///
/// ```
/// use edgemint::telemetry::traces::TraceContext;
///
/// let text = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
/// let context = TraceContext::parse([&text[..]], []).unwrap();
/// assert_eq!(context.trace_id(), "0af7651916cd43dd8448eb211c80319c");
/// assert_eq!(context.span_id(), "b7ad6b7169203331");
/// // Two callers, two traces: neither counts.
/// assert_eq!(TraceContext::parse([&text[..], text], []), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    /// In the form of version 00.
    traceparent: String,
    state: TraceState,
}

impl TraceContext {
    /// Reads the values of the headers `traceparent` and `tracestate` of a request, in their order. `None` unless there
    /// is exactly one `traceparent`, and that is good; then the trace is to begin anew. A `tracestate` that is
    /// not good is left out (§3.3).
    pub fn parse<'h>(
        traceparent: impl IntoIterator<Item = &'h [u8]>,
        tracestate: impl IntoIterator<Item = &'h [u8]>,
    ) -> Option<Self> {
        let mut lines = traceparent.into_iter();
        let (Some(line), None) = (lines.next(), lines.next()) else { return None };
        let (trace_id, span_id, flags) = read(std::str::from_utf8(line).ok()?)?;
        Some(Self::new(trace_id, span_id, flags, TraceState::parse(tracestate)))
    }

    /// A place of our own. Both ids in lower-case hexadecimal digits, 32 and 16 of them.
    pub(super) fn new(trace_id: &str, span_id: &str, flags: u8, state: TraceState) -> Self {
        Self { traceparent: format!("00-{trace_id}-{span_id}-{:02x}", flags & KNOWN_FLAGS), state }
    }

    /// 32 hexadecimal digits.
    #[must_use]
    pub fn trace_id(&self) -> &str {
        &self.traceparent[3..35]
    }

    /// 16 hexadecimal digits.
    #[must_use]
    pub fn span_id(&self) -> &str {
        &self.traceparent[36..52]
    }

    /// For a request that is made for this place: the value of `traceparent`.
    #[must_use]
    pub fn traceparent(&self) -> &str {
        &self.traceparent
    }

    /// The same of `tracestate`, if there is anything to say there.
    #[must_use]
    pub fn tracestate(&self) -> Option<&str> {
        Some(self.state.as_str()).filter(|state| !state.is_empty())
    }

    /// The flags of the trace.
    #[cfg_attr(
        not(any(test, feature = "otlp")),
        expect(dead_code, reason = "what is exported asks for them")
    )]
    pub(super) fn flags(&self) -> u8 {
        u8::from_str_radix(&self.traceparent[53..], 16).expect("two hexadecimal digits")
    }
}

/// Trace id, parent id and flags (§3.2). Of a version that is not known yet, as much is read as is the same in all
/// of them (§4.3).
fn read(text: &str) -> Option<(&str, &str, u8)> {
    let (known, further) = text.split_at_checked(LENGTH)?;
    let mut parts = known.split('-');
    let (version, trace_id, span_id, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let are_good = [(version, 2), (trace_id, 32), (span_id, 16), (flags, 2)]
        .into_iter()
        .all(|(part, length)| part.len() == length && part.bytes().all(is_lower_hex));
    let is_said = |id: &str| id.bytes().any(|digit| digit != b'0');
    let ends_well = match version {
        "ff" => false,
        "00" => further.is_empty(),
        _ => further.is_empty() || further.starts_with('-'),
    };
    let flags = u8::from_str_radix(flags, 16).ok()?;
    (are_good && ends_well && is_said(trace_id) && is_said(span_id)).then_some((trace_id, span_id, flags))
}

fn is_lower_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}
