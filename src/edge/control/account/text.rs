//! Limits of the texts that callers choose.

use crate::edge::control::refusal::Refusal;

/// Characters of a name. Not documented; as long as a comment [inferred].
pub(super) const LONGEST_NAME: usize = 128;
/// Characters of a `CallerReference`: what CDK keeps to.
pub(super) const LONGEST_REFERENCE: usize = 128;
/// Characters of a comment (PublicKeyConfig and KeyGroupConfig in the API reference).
const LONGEST_COMMENT: usize = 128;

/// A text that has to be there, on one line.
pub(super) fn required(field: &str, text: &str, longest: usize) -> Result<(), Refusal> {
    if text.trim().is_empty() {
        return Err(Refusal::InvalidArgument(format!("{field} is empty")));
    }
    within(field, text, longest)
}

pub(super) fn comment(text: Option<&str>) -> Result<(), Refusal> {
    within("Comment", text.unwrap_or_default(), LONGEST_COMMENT)
}

fn within(field: &str, text: &str, longest: usize) -> Result<(), Refusal> {
    let length = text.chars().count();
    if length > longest {
        return Err(Refusal::InvalidArgument(format!(
            "{field} is {length} characters long, and {longest} are allowed"
        )));
    }
    // XML 1.0 cannot carry most of them back.
    if text.chars().any(char::is_control) {
        return Err(Refusal::InvalidArgument(format!("{field} holds a control character")));
    }
    Ok(())
}
