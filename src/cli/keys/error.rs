use std::io;
use std::path::PathBuf;

use crate::config::Problems;
use crate::keyring::{DocumentError, KeyringError, Obstacle};
use crate::rotation::{CanaryError, NoCredentials, RotationError};

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeysError {
    #[error("{0}")]
    Config(Problems),
    #[error("which configuration? Give the file of `edgemint serve` with --config or EDGEMINT_CONFIG")]
    NoConfig,
    #[error(
        "`{}` has no [rotation] section: add one with `key_group`, the id of the key group that your distribution \
         trusts, and `canary`, the URL of a small protected file", .0.display()
    )]
    NoRotation(PathBuf),
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    #[error(transparent)]
    Canary(#[from] CanaryError),
    #[error(transparent)]
    Credentials(#[from] NoCredentials),
    #[error(transparent)]
    Rotation(#[from] RotationError),
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; and "))]
    Blocked(Vec<Obstacle>),
    #[error("cannot hear signals ({0}): run this again")]
    Signals(io::Error),
    #[error("{0}")]
    Document(#[from] DocumentError),
    #[error("cannot write the answer ({0}): the keyring itself is in order, see `edgemint keys list`")]
    Output(#[from] io::Error),
}
