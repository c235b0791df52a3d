//! Pages of a list.

use crate::edge::control::refusal::Refusal;

/// Items on a page if the caller does not say, and the most that a page holds.
const LONGEST_PAGE: usize = 100;

/// Which page is asked for: `Marker` and `MaxItems` of the query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::edge::control) struct PageRequest {
    /// The last item of the page before, which may be gone by now.
    pub(in crate::edge::control) marker: Option<String>,
    pub(in crate::edge::control) max_items: Option<String>,
}

/// One page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::edge::control) struct Page<T> {
    pub(in crate::edge::control) items: Vec<T>,
    pub(in crate::edge::control) max_items: usize,
    /// The last item, if there are more.
    pub(in crate::edge::control) next_marker: Option<String>,
}

/// One page of `all`, which come with their ids and in the order of these.
///
/// # Errors
/// [`Refusal::InvalidArgument`] if `MaxItems` is no number from 1 on.
pub(super) fn page<'a, T: 'a>(
    all: impl Iterator<Item = (&'a str, T)>,
    request: &PageRequest,
) -> Result<Page<T>, Refusal> {
    let max_items = request.max_items()?;
    let marker = request.marker.as_deref().unwrap_or_default();
    let mut rest = all.skip_while(|(id, _)| *id <= marker).peekable();
    let shown: Vec<(&str, T)> = rest.by_ref().take(max_items).collect();
    let next_marker = match (shown.last(), rest.peek()) {
        (Some((last, _)), Some(_)) => Some((*last).to_owned()),
        _ => None,
    };
    Ok(Page { items: shown.into_iter().map(|(_, item)| item).collect(), max_items, next_marker })
}

impl PageRequest {
    fn max_items(&self) -> Result<usize, Refusal> {
        let Some(text) = &self.max_items else { return Ok(LONGEST_PAGE) };
        match text.parse::<usize>() {
            Ok(number) if number >= 1 => Ok(number.min(LONGEST_PAGE)),
            _ => Err(Refusal::InvalidArgument(format!(
                "MaxItems is {text:?}, and a number from 1 on is expected"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(marker: Option<&str>, max_items: Option<&str>) -> PageRequest {
        PageRequest { marker: marker.map(str::to_owned), max_items: max_items.map(str::to_owned) }
    }

    #[test]
    fn pages_follow_each_other_without_gap_or_overlap() {
        let all = || ["a", "b", "c", "d"].into_iter().map(|id| (id, id));
        for (marker, max_items, items, next) in [
            (None, None, &["a", "b", "c", "d"][..], None),
            (None, Some("4"), &["a", "b", "c", "d"], None),
            (None, Some("3"), &["a", "b", "c"], Some("c")),
            (Some(""), Some("1"), &["a"], Some("a")),
            (Some("a"), Some("2"), &["b", "c"], Some("c")),
            // The marker's own item was deleted meanwhile.
            (Some("bb"), Some("1"), &["c"], Some("c")),
            (Some("c"), Some("2"), &["d"], None),
            (Some("d"), Some("2"), &[], None),
        ] {
            let page = page(all(), &asked(marker, max_items)).unwrap();
            assert_eq!((page.items.as_slice(), page.next_marker.as_deref()), (items, next), "{marker:?}");
        }
        assert_eq!(page(all(), &asked(None, Some("1000"))).unwrap().max_items, 100);
    }

    #[test]
    fn a_page_of_no_size_is_refused() {
        for max_items in ["0", "-1", "ten", "", "1.5"] {
            let refused = page(std::iter::empty::<(&str, ())>(), &asked(None, Some(max_items)));
            assert!(matches!(refused, Err(Refusal::InvalidArgument(_))), "{max_items}");
        }
    }
}
