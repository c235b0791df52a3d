//! `edgemint keys init`, `activate`, `import` and `public`: what is done in the keyring alone.

use std::io::{self, Write};
use std::path::Path;

use time::OffsetDateTime;

use super::args::LocalCommand;
use super::error::KeysError;
use super::list::list;
use crate::cloudfront::KeyPairId;
use crate::keyring::{Activated, Entry, Location, State, Store, read_signing_key};

/// Does what was asked. A private key is never written anywhere but into the keyring.
pub(super) async fn execute(
    command: &LocalCommand,
    location: Location,
    now: OffsetDateTime,
    out: &mut impl Write,
    notes: &mut impl Write,
) -> Result<(), KeysError> {
    match command {
        LocalCommand::Init { algorithm, hash, key_pair_id } => {
            let store = Store::create(location).await?;
            let entry = store.lock().await?.init(*algorithm, *hash, key_pair_id.clone(), now).await?;
            // Read back from where it is, so what is printed is what will sign.
            out.write_all(store.view().await?.signing_key(&entry)?.public_key().to_pem().as_bytes())?;
            out.flush()?;
            describe_first_key(notes, store.location(), &entry)?;
        }
        LocalCommand::Activate { id, key_pair_id } => {
            let mut writer = Store::open(location).await?.lock().await?;
            let activated = writer.activate(id, key_pair_id, now).await?;
            describe_activation(notes, key_pair_id, &activated)?;
        }
        LocalCommand::Import { pem, key_pair_id, hash } => {
            let key = read_signing_key(pem)?;
            let store = Store::create(location).await?;
            let entry = store.lock().await?.import(&key, key_pair_id.clone(), *hash, now).await?;
            describe_import(notes, (pem, store.location()), key_pair_id, &entry)?;
        }
        LocalCommand::List { json } => list(&Store::open(location).await?.view().await?, *json, out, notes)?,
        LocalCommand::Public { id } => {
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
