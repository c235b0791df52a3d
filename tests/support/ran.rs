use std::process::Output;

/// What a command answered: no private key and no cookie, whatever it was.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let ran =
            Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) };
        for stream in [&ran.stdout, &ran.stderr] {
            // A message may name the first line of a PEM.
            assert!(!stream.contains("PRIVATE KEY-----\n"), "a private key was printed");
            assert!(!stream.contains("CloudFront-Signature"), "a cookie was printed");
            assert!(!stream.contains("panicked"), "{stream}");
        }
        ran
    }
}

impl Ran {
    /// Exit code 0. `arguments`: what was run.
    #[track_caller]
    pub fn succeeded(self, arguments: &[&str]) -> Self {
        assert_eq!(self.code, Some(0), "{arguments:?}: {self:?}");
        self
    }

    /// Exit code 2, and one sentence with each of these words on standard error.
    #[track_caller]
    pub fn is_refused(&self, words: &[&str]) -> &Self {
        assert_eq!(self.code, Some(2), "{self:?}");
        assert!(self.stderr.starts_with("edgemint: "), "{}", self.stderr);
        assert_eq!(self.stderr.lines().count(), 1, "{}", self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is not in: {}", self.stderr);
        }
        self
    }
}
