use std::path::Path;

/// A path as one word of a shell command that the reader can copy, and no command takes for an option.
#[must_use]
pub fn shell_word(path: &Path) -> String {
    let mut text = path.display().to_string();
    if text.starts_with('-') {
        text.insert_str(0, "./");
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+:@%".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_for_the_shell_only_when_they_must_be() {
        assert_eq!(shell_word(Path::new("keys/a.pem")), "keys/a.pem");
        assert_eq!(shell_word(Path::new("my keys/it's")), r"'my keys/it'\''s'");
        assert_eq!(shell_word(Path::new("$(reboot)")), "'$(reboot)'");
    }

    #[test]
    fn no_path_is_an_option() {
        assert_eq!(shell_word(Path::new("-rf")), "./-rf");
        assert_eq!(shell_word(Path::new("-r f")), "'./-r f'");
        assert_eq!(shell_word(Path::new("keys/-rf")), "keys/-rf");
    }
}
