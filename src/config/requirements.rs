//! `grants.require`: which claims a session needs for a grant.

use serde_spanned::Spanned;

use crate::mint::{ClaimValue, Condition, Requirement};

use super::fields::Reader;
use super::raw::{Field, RawRequirement, RawValue};

/// `None` if one of them is wrong: a grant is never given on the rest of its conditions.
pub(super) fn read(
    raw: Field<Vec<Spanned<RawRequirement>>>,
    reader: &mut Reader<'_>,
) -> Option<Vec<Requirement>> {
    let Some(raw) = raw else { return Some(Vec::new()) };
    if raw.get_ref().is_empty() {
        let message = "it is empty, and whoever is logged in would get the grant; \
                       write { claim = \"NAME\", equals = \"VALUE\" }, or remove the line";
        reader.wrong(&raw.span(), message);
        return None;
    }
    let all: Vec<_> = raw.into_inner().into_iter().map(|one| requirement(one, reader)).collect();
    all.into_iter().collect()
}

fn requirement(raw: Spanned<RawRequirement>, reader: &mut Reader<'_>) -> Option<Requirement> {
    let section = raw.span();
    let RawRequirement { claim, equals, any_of, contains } = raw.into_inner();
    if claim.is_none() {
        let remedy = "name the claim of the session that is looked at, such as \"plan\"";
        reader.missing(Some(&section), "grants.require.claim", remedy);
    }
    let condition = match (equals, any_of, contains) {
        (Some(value), None, None) => Some(Condition::Equals(value.into_inner().into())),
        (None, Some(values), None) if values.get_ref().is_empty() => {
            reader.wrong(
                &values.span(),
                "it is empty, so nobody would get the grant; write the values that do",
            );
            None
        }
        (None, Some(values), None) => {
            let values = values.into_inner().into_iter();
            Some(Condition::AnyOf(values.map(|value| value.into_inner().into()).collect()))
        }
        (None, None, Some(value)) => Some(Condition::Contains(value.into_inner().into())),
        given => {
            let found = if matches!(given, (None, None, None)) { "none" } else { "more than one" };
            let message = format!(
                "{found} of equals, any_of and contains is given; write exactly one, \
                 and another {{ claim = … }} for another condition"
            );
            reader.wrong(&section, message);
            None
        }
    };
    let claim_span = claim.as_ref()?.span();
    let requirement = Requirement::new(claim?.get_ref(), condition?);
    requirement.map_err(|error| reader.wrong(&claim_span, error)).ok()
}

impl From<RawValue> for ClaimValue {
    fn from(raw: RawValue) -> Self {
        match raw {
            RawValue::Text(text) => Self::Text(text),
            RawValue::Number(number) => Self::Number(number),
            RawValue::Flag(flag) => Self::Flag(flag),
        }
    }
}
