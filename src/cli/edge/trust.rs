//! `--protect` and `--trust`: which paths are protected, and the keys that they trust.

use std::path::PathBuf;
use std::str::FromStr;

use super::command::EdgeCommandError;
use crate::cloudfront::{KeyPairId, PublicKey, TrustedKeys};
use crate::edge::{Behaviour, PathPattern};

/// One `--trust`.
#[derive(Clone, Debug)]
pub(super) struct Trust {
    /// `None`: every protected path.
    pub(super) pattern: Option<PathPattern>,
    pub(super) id: KeyPairId,
    file: PathBuf,
}

/// The behaviours of an edge whose keys never change.
pub(super) fn behaviours(
    protect: Vec<PathPattern>,
    trust: &[Trust],
) -> Result<Vec<Behaviour>, EdgeCommandError> {
    check(&protect, trust)?;
    protect.into_iter().map(|pattern| behaviour(pattern, trust)).collect()
}

/// Whether every key is for a path that is protected, and named once for it.
pub(super) fn check(protect: &[PathPattern], trust: &[Trust]) -> Result<(), EdgeCommandError> {
    if protect.is_empty() && !trust.is_empty() {
        return Err(EdgeCommandError::NothingProtected);
    }
    if let Some(pattern) =
        trust.iter().filter_map(|t| t.pattern.as_ref()).find(|pattern| !protect.contains(pattern))
    {
        return Err(EdgeCommandError::UnknownPattern(pattern.clone()));
    }
    for pattern in protect {
        let ids: Vec<&KeyPairId> = trusted_by(pattern, trust).map(|trust| &trust.id).collect();
        if let Some(twice) = ids.iter().enumerate().find(|(at, id)| ids[..*at].contains(id)) {
            return Err(EdgeCommandError::TrustedTwice((*twice.1).clone()));
        }
    }
    Ok(())
}

fn trusted_by<'a>(pattern: &PathPattern, trust: &'a [Trust]) -> impl Iterator<Item = &'a Trust> {
    trust.iter().filter(move |trust| trust.pattern.as_ref().is_none_or(|own| own == pattern))
}

fn behaviour(pattern: PathPattern, trust: &[Trust]) -> Result<Behaviour, EdgeCommandError> {
    let keys = trusted_by(&pattern, trust).map(|trust| Ok((trust.id.clone(), trust.read()?)));
    let keys = keys.collect::<Result<Vec<_>, EdgeCommandError>>()?;
    if keys.is_empty() {
        return Err(EdgeCommandError::NothingTrusted(pattern));
    }
    Ok(Behaviour::new(pattern, keys.into_iter().collect::<TrustedKeys>()))
}

impl Trust {
    pub(super) fn read(&self) -> Result<PublicKey, EdgeCommandError> {
        let (file, id) = (self.file.clone(), self.id.clone());
        match std::fs::read(&file) {
            Ok(pem) => PublicKey::from_pem(&pem).map_err(|reason| EdgeCommandError::Key { file, id, reason }),
            Err(reason) => Err(EdgeCommandError::ReadKey { file, id, reason }),
        }
    }
}

impl FromStr for Trust {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // Neither a pattern nor an id has a `=`; a file name may.
        let Some((name, file)) = text.split_once('=').filter(|(_, file)| !file.is_empty()) else {
            return Err(
                "write the id and the file of a public key, as in K2JCJMDEHXQW5F=public.pem".to_owned()
            );
        };
        let (pattern, id) = match name.rsplit_once(':') {
            Some((pattern, id)) => {
                (Some(pattern.parse::<PathPattern>().map_err(|error| error.to_string())?), id)
            }
            None => (None, name),
        };
        let id = id.parse::<KeyPairId>().map_err(|error| error.to_string())?;
        Ok(Self { pattern, id, file: file.into() })
    }
}
