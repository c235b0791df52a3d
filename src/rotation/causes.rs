use std::error::Error;

/// An error and everything behind it, each said once and in one line.
pub(super) fn causes_of(error: &dyn Error) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        // What follows on further lines is a list of everything that was tried.
        let said = cause.to_string();
        let said =
            said.lines().next().unwrap_or_default().trim_end_matches(" Attempted:").trim_end_matches('.');
        if !said.is_empty() && !text.contains(said) {
            let colon = if text.is_empty() { "" } else { ": " };
            text.extend([colon, said]);
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{said}")]
    struct Layer {
        said: &'static str,
        source: Option<Box<Layer>>,
    }

    #[test]
    fn every_cause_is_said_once_and_in_one_line() {
        let layer = |said, source: Option<Layer>| Layer { said, source: source.map(Box::new) };
        let inner = layer("refused. Attempted:\n  this\n  that", None);
        let error = layer("cannot connect", Some(layer("cannot connect", Some(inner))));
        assert_eq!(causes_of(&error), "cannot connect: refused");
    }
}
