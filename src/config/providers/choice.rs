//! One section says who is asking, and no more than one.

use std::ops::Range;

use serde_spanned::Spanned;

use super::super::fields::Reader;
use super::super::raw::RawConfig;

/// Every section that says who is asking, and where it stands.
fn sections(raw: &RawConfig) -> impl Iterator<Item = (&'static str, Range<usize>)> {
    [("ticket", raw.ticket.as_ref().map(Spanned::span)), ("header", raw.header.as_ref().map(Spanned::span))]
        .into_iter()
        .filter_map(|(name, span)| Some((name, span?)))
}

/// Whether browsers can prove in any way who they are.
pub(in super::super) fn is_any_configured(raw: &RawConfig) -> bool {
    sections(raw).next().is_some()
}

/// Notes every section after the first: of two answers to who is asking, no request could say which counts.
pub(in super::super) fn refuse_second(raw: &RawConfig, reader: &mut Reader<'_>) {
    let mut sections: Vec<_> = sections(raw).collect();
    sections.sort_by_key(|(_, span)| span.start);
    let Some(((first, place), others)) = sections.split_first() else { return };
    for (_, span) in others {
        let message = format!(
            "one section says who is asking, and [{first}] at {} does; remove one",
            reader.place(place)
        );
        reader.wrong(span, message);
    }
}
