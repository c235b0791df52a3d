//! `edgemint keys list`: the keys and the state of each.

use std::io::{self, Write};

use serde::Serialize;

use super::error::KeysError;
use super::table::write_rows;
use crate::cloudfront::KeyPairId;
use crate::keyring::{Document, Entry, View, moment};

#[derive(Serialize)]
struct Listing<'a> {
    keys: &'a [Entry],
    orphans: &'a [String],
}

pub(super) fn list(
    view: &View,
    json: bool,
    out: &mut impl Write,
    notes: &mut impl Write,
) -> Result<(), KeysError> {
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
            moment(entry.state_since()),
        ]);
    }
    write_rows(out, &rows)
}
