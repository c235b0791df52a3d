//! `edgemint keys`: make, import, show and activate signing keys.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::cloudfront::{HashAlgorithm, KeyAlgorithm, KeyPairId};
use crate::keyring::{
    Activated, Document, DocumentError, Entry, KeyId, KeyringError, Location, State, Store, View,
    read_signing_key,
};

/// What `edgemint keys` was asked to do.
#[derive(Debug, Args)]
pub struct KeysArgs {
    /// Directory of the keyring
    #[arg(
        long,
        global = true,
        value_name = "DIRECTORY",
        env = "EDGEMINT_KEYRING__DIRECTORY",
        default_value = "keys"
    )]
    dir: PathBuf,
    /// The secret that holds the keyring in AWS Secrets Manager, in the place of a directory
    #[arg(
        long,
        global = true,
        value_name = "secretsmanager:NAME",
        env = "EDGEMINT_KEYRING__STORE",
        conflicts_with = "dir"
    )]
    store: Option<Location>,
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Make a keyring with a first key; its public key goes to standard output
    Init {
        /// Kind of key: rsa-2048 or ecdsa-p256
        #[arg(long, default_value = "rsa-2048")]
        algorithm: KeyAlgorithm,
        /// Hash to sign over: sha1 or sha256
        #[arg(long, default_value = "sha1")]
        hash: HashAlgorithm,
        /// Activate the key at once under an id of your choice, for `edgemint edge`: CloudFront gives its
        /// own id only after this, for `keys activate`
        #[arg(long, value_name = "ID")]
        key_pair_id: Option<KeyPairId>,
    },
    /// Let a key sign that has not yet, under the id that CloudFront gave its public key: while no key is
    /// active, or in place of the active one once that one's file is lost
    Activate {
        /// The key, as `keys list` names it
        id: KeyId,
        /// The id that CloudFront gave (K…)
        #[arg(long, value_name = "K…")]
        key_pair_id: KeyPairId,
    },
    /// Add a private key that CloudFront trusts already: active if no key is, else trusted
    Import {
        /// File of the private key, with mode 0600
        pem: PathBuf,
        /// The id that CloudFront gave its public key (K…)
        #[arg(long, value_name = "K…")]
        key_pair_id: KeyPairId,
        /// Hash to sign over: sha1 or sha256
        #[arg(long, default_value = "sha1")]
        hash: HashAlgorithm,
    },
    /// Show the keys and the state of each
    List {
        /// Write JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Write the public key of one key, as CloudFront takes it
    Public {
        /// The key, as `keys list` names it
        id: KeyId,
    },
}

/// Does what was asked. Exit code 0, or 2 with one sentence on standard error. A private key is never
/// written anywhere but into the keyring.
#[must_use]
pub fn run(args: &KeysArgs) -> ExitCode {
    let (mut out, mut notes) = (io::stdout().lock(), io::stderr().lock());
    let execution = execute(args, OffsetDateTime::now_utc(), &mut out, &mut notes);
    match actix_web::rt::System::new().block_on(execution) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error is the last resort: if it is closed too, the exit code still tells.
            let _ = writeln!(notes, "edgemint: {error}");
            ExitCode::from(2)
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum KeysError {
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    #[error("{0}")]
    Document(#[from] DocumentError),
    #[error("cannot write the answer ({0}): the keyring itself is in order, see `edgemint keys list`")]
    Output(#[from] io::Error),
}

impl KeysArgs {
    fn location(&self) -> Location {
        self.store.clone().unwrap_or_else(|| Location::Directory(self.dir.clone()))
    }
}

async fn execute(
    args: &KeysArgs,
    now: OffsetDateTime,
    out: &mut impl Write,
    notes: &mut impl Write,
) -> Result<(), KeysError> {
    let location = args.location();
    match &args.command {
        KeysCommand::Init { algorithm, hash, key_pair_id } => {
            let store = Store::create(location).await?;
            let entry = store.lock().await?.init(*algorithm, *hash, key_pair_id.clone(), now).await?;
            // Read back from where it is, so what is printed is what will sign.
            out.write_all(store.view().await?.signing_key(&entry)?.public_key().to_pem().as_bytes())?;
            out.flush()?;
            describe_first_key(notes, store.location(), &entry)?;
        }
        KeysCommand::Activate { id, key_pair_id } => {
            let mut writer = Store::open(location).await?.lock().await?;
            let activated = writer.activate(id, key_pair_id, now).await?;
            describe_activation(notes, key_pair_id, &activated)?;
        }
        KeysCommand::Import { pem, key_pair_id, hash } => {
            let key = read_signing_key(pem)?;
            let store = Store::create(location).await?;
            let entry = store.lock().await?.import(&key, key_pair_id.clone(), *hash, now).await?;
            describe_import(notes, (pem, store.location()), key_pair_id, &entry)?;
        }
        KeysCommand::List { json } => list(&Store::open(location).await?.view().await?, *json, out, notes)?,
        KeysCommand::Public { id } => {
            let view = Store::open(location).await?.view().await?;
            let document = view.document()?;
            let key = view.signing_key(document.entry(id)?)?;
            out.write_all(key.public_key().to_pem().as_bytes())?;
            out.flush()?;
        }
    }
    Ok(())
}

fn describe_first_key(notes: &mut impl Write, location: &Location, entry: &Entry) -> io::Result<()> {
    let (id, flags) = (entry.id(), location.flags());
    if let Some(key_pair_id) = entry.key_pair_id() {
        return writeln!(
            notes,
            "Key {id} is active: it signs as Key-Pair-Id {key_pair_id}, an id that only your own edge can know.\n\
             Let that edge trust the public key (on standard output, and from the first command):\n  \
             edgemint keys public {id} {flags} > public.pem\n  \
             edgemint edge --trust {key_pair_id}=public.pem …"
        );
    }
    writeln!(
        notes,
        "Key {id} is made and waits in state `generated`. Its public key is on standard output\n\
         (again: edgemint keys public {id} {flags}). Next, in CloudFront:\n  \
         1. Public keys, Create public key: paste the public key. CloudFront shows its ID (K…).\n  \
         2. Key groups, Create key group: add that public key.\n  \
         3. Your distribution, Behaviors: edit the behaviour of the media, set Restrict viewer access\n     \
         to Yes, and choose the key group.\n\
         Then, with the ID of step 1 in place of K…, let the key sign:\n  \
         edgemint keys activate {id} {flags} --key-pair-id K…"
    )
}

fn describe_activation(
    notes: &mut impl Write,
    key_pair_id: &KeyPairId,
    activated: &Activated,
) -> io::Result<()> {
    writeln!(notes, "Key {} is active: it signs as Key-Pair-Id {key_pair_id}.", activated.active.id())?;
    let Some((lost, lost_id)) = activated.lost.as_ref().and_then(|lost| Some((lost, lost.key_pair_id()?)))
    else {
        return Ok(());
    };
    writeln!(
        notes,
        "Key {}, whose file is gone, is in state `{}`: keep its public key ({lost_id}) in the key group until \
         the last cookie that it signed has expired.",
        lost.id(),
        lost.state()
    )
}

fn describe_import(
    notes: &mut impl Write,
    (pem, location): (&Path, &Location),
    key_pair_id: &KeyPairId,
    entry: &Entry,
) -> io::Result<()> {
    let id = entry.id();
    if entry.state() == State::Active {
        writeln!(notes, "Key {id} is active: it signs as Key-Pair-Id {key_pair_id}.")?;
    } else {
        writeln!(
            notes,
            "Key {id} ({key_pair_id}) is in state `{}`: another key is active, and a rotation may put this one in its place.\n\
             If the file of the active key is lost for good, let this one sign:\n  \
             edgemint keys activate {id} {} --key-pair-id {key_pair_id}",
            entry.state(),
            location.flags()
        )?;
    }
    writeln!(notes, "The keyring has its own copy: delete `{}` or keep it as the backup.", pem.display())
}

#[derive(Serialize)]
struct Listing<'a> {
    keys: &'a [Entry],
    orphans: &'a [String],
}

fn list(view: &View, json: bool, out: &mut impl Write, notes: &mut impl Write) -> Result<(), KeysError> {
    let document = view.document()?;
    let orphans = view.orphans(&document)?;
    if json {
        let listing = Listing { keys: document.entries(), orphans: &orphans };
        serde_json::to_writer_pretty(&mut *out, &listing).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        write_table(out, &document)?;
    }
    out.flush()?;
    for name in &orphans {
        writeln!(
            notes,
            "edgemint: `{}` is not in keyring.json, so nothing uses it: an interrupted command left it, or somebody \
             put it there; add it with `edgemint keys import` if CloudFront knows it, else delete it.",
            view.location().path_of(name).display()
        )?;
    }
    Ok(())
}

fn write_table(out: &mut impl Write, document: &Document) -> io::Result<()> {
    let mut rows = vec![["ID", "KEY-PAIR-ID", "ALGORITHM", "HASH", "STATE", "SINCE"].map(str::to_owned)];
    for entry in document.entries() {
        rows.push([
            entry.id().to_string(),
            entry.key_pair_id().map_or_else(|| "-".to_owned(), KeyPairId::to_string),
            entry.algorithm().as_str().to_owned(),
            entry.hash().as_str().to_ascii_lowercase(),
            entry.state().to_string(),
            entry.state_since().format(&Rfc3339).map_err(io::Error::other)?,
        ]);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or_default();
    let widths: [usize; 6] = std::array::from_fn(width);
    for row in &rows {
        let line: String = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}  ")).collect();
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}
