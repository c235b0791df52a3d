use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use super::super::id::FileName;
use super::super::misread::Misread;
use super::super::view::{DOCUMENT_FILE, JOURNAL_FILE};

/// The files of a keyring, as one version of a secret holds them. Their contents are wiped from memory when this
/// is dropped, and never printed.
#[derive(Clone, Default)]
pub struct Members(BTreeMap<String, Zeroizing<String>>);

impl Members {
    /// Reads the value of a secret.
    ///
    /// # Errors
    /// It is not one JSON object of texts, or one of its names is no file of a keyring: then it is somebody
    /// else's secret, and nothing must be put into it.
    pub fn parse(json: &str) -> Result<Self, Misread> {
        serde_json::from_str(json).map_err(Misread::from)
    }

    /// What to store as the value of the secret.
    pub fn to_json(&self) -> Zeroizing<String> {
        // Room for the whole, escapes included: a text that grows leaves copies of keys behind.
        let length: usize = self.0.iter().map(|(name, text)| name.len() + 2 * text.len() + 8).sum();
        let mut json = Zeroizing::new(Vec::with_capacity(length + 2));
        let texts: BTreeMap<&str, &str> =
            self.0.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        serde_json::to_writer(&mut *json, &texts).expect("texts have a written form, and memory takes it");
        let text = String::from_utf8(std::mem::take(&mut *json)).expect("JSON is UTF-8");
        Zeroizing::new(text)
    }

    /// The contents of a file.
    pub fn read(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|text| text.as_str())
    }

    /// The names of all files.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Puts a file there, in the place of an earlier one.
    pub fn put(&mut self, name: &str, text: Zeroizing<String>) {
        self.0.insert(name.to_owned(), text);
    }

    /// Takes a file out.
    pub fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }
}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of file names and their contents")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = BTreeMap::new();
                while let Some(name) = map.next_key::<String>()? {
                    if !is_name(&name) {
                        return Err(A::Error::custom("a name that no file of a keyring has"));
                    }
                    if members.insert(name, Zeroizing::new(map.next_value::<String>()?)).is_some() {
                        return Err(A::Error::custom("the same file twice"));
                    }
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

fn is_name(name: &str) -> bool {
    [DOCUMENT_FILE, JOURNAL_FILE].contains(&name) || FileName::try_from(name.to_owned()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_back() {
        let mut members = Members::default();
        members.put("keyring.json", Zeroizing::new("{\n \"ä\" }\n".to_owned()));
        members.put("a.pem", Zeroizing::new("-----BEGIN".to_owned()));
        members.put("b.pem", Zeroizing::default());
        members.remove("b.pem");
        let json = members.to_json();
        assert_eq!(*json, r#"{"a.pem":"-----BEGIN","keyring.json":"{\n \"ä\" }\n"}"#);
        let read = Members::parse(&json).unwrap();
        assert_eq!(read.names().collect::<Vec<_>>(), ["a.pem", "keyring.json"]);
        assert_eq!(read.read("keyring.json"), Some("{\n \"ä\" }\n"));
        assert_eq!(read.read("b.pem"), None);
        assert!(!format!("{read:?}").contains("BEGIN"));
    }

    #[test]
    fn anything_else_is_refused_without_being_quoted() {
        for json in [
            "",
            "hunter2",
            "\"hunter2\"",
            "[\"hunter2\"]",
            "{\"keyring.json\":",
            "{\"keyring.json\":{\"hunter2\":1}}",
            "{\"keyring.json\":null}",
            "{\"a.pem\":\"hunter2\",\"a.pem\":\"hunter2\"}",
            "{\"password\":\"hunter2\"}",
            "{\"hunter2\":\"\"}",
            "{\"../hunter2.pem\":\"\"}",
            "{\".hunter2.pem\":\"\"}",
            "{} hunter2",
        ] {
            let error = Members::parse(json).unwrap_err().to_string();
            assert!(!error.contains("hunter"), "{error}");
            assert!(error.contains(" at line 1 column "), "{error}");
        }
    }
}
