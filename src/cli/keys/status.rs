//! `edgemint keys status` and `keys plan`: what is, what will be, and when. They change nothing.

use std::io::{self, Write as _};
use std::process::ExitCode;

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::args::KeysArgs;
use super::error::KeysError;
use super::forecast::{Due, first_deed, forecast, next_of};
use super::setup::Setup;
use super::span::{between, span};
use super::table::write_rows;
use crate::cloudfront::KeyPairId;
use crate::keyring::{Action, Document, Entry, State, Step, moment, plan as plan_of};
use crate::rotation::{CloudFront, Place, RotationError, believed, observe};

/// What both commands look at.
struct Outlook {
    document: Document,
    steps: Vec<Step>,
    /// Why the steps go by the keyring alone.
    unseen: Option<String>,
    now: OffsetDateTime,
}

/// The keys, and what happens next to each.
pub(super) async fn show(
    args: &KeysArgs,
    endpoint_url: Option<&str>,
    json: bool,
) -> Result<ExitCode, KeysError> {
    let outlook = look(args, endpoint_url).await?;
    let mut out = io::stdout().lock();
    if json {
        writeln!(out, "{:#}", outlook.status_json())?;
    } else {
        outlook.write_status(&mut out)?;
    }
    out.flush()?;
    outlook.warn();
    Ok(ExitCode::SUCCESS)
}

/// Every step, with its reason.
pub(super) async fn plan(
    args: &KeysArgs,
    endpoint_url: Option<&str>,
    json: bool,
) -> Result<ExitCode, KeysError> {
    let outlook = look(args, endpoint_url).await?;
    let (due, mut out) = (forecast(&outlook.steps), io::stdout().lock());
    if json {
        let steps: Vec<Value> = due.iter().map(Due::json).collect();
        writeln!(out, "{:#}", json!({"steps": steps, "cloudfront_was_asked": outlook.unseen.is_none()}))?;
    } else if due.is_empty() {
        writeln!(out, "Nothing is to be done.")?;
    }
    for (number, due) in (1..).zip(due.iter().filter(|_| !json)) {
        writeln!(out, "{number}. {}\n   because {}", due.line(outlook.now), due.step.reason)?;
    }
    out.flush()?;
    outlook.warn();
    Ok(ExitCode::SUCCESS)
}

async fn look(args: &KeysArgs, endpoint_url: Option<&str>) -> Result<Outlook, KeysError> {
    let setup = Setup::load(args, endpoint_url)?;
    let view = setup.open().await?.view().await?;
    let document = view.document()?;
    let place = setup.rotation.place();
    // Whoever asks at night wants to know what is known, also while AWS does not answer.
    let (remote, unseen) = match ask(&setup, &place).await {
        Ok(remote) => (remote, None),
        Err(error) => (believed(&document, &view.journal()?), Some(error.to_string())),
    };
    let now = OffsetDateTime::now_utc();
    let steps = plan_of(&document, &remote, now, &setup.settings());
    Ok(Outlook { document, steps, unseen, now })
}

async fn ask(setup: &Setup, place: &Place) -> Result<crate::keyring::Remote, RotationError> {
    let cloudfront = CloudFront::connect(setup.rotation.endpoint_url.as_deref()).await?;
    Ok(observe(&cloudfront, place).await?)
}

impl Outlook {
    fn write_status(&self, out: &mut impl io::Write) -> io::Result<()> {
        let due = forecast(&self.steps);
        let head = ["ID", "KEY-PAIR-ID", "STATE", "SINCE", "AGE", "NEXT"].map(str::to_owned);
        let present = self.document.entries().iter().filter(|entry| entry.state() != State::Gone);
        let rows: Vec<_> = [head].into_iter().chain(present.map(|entry| self.row(entry, &due))).collect();
        write_rows(out, &rows)?;
        let gone = self.document.entries().iter().filter(|entry| entry.state() == State::Gone).count();
        if gone > 0 {
            writeln!(out, "Gone: {gone} (`edgemint keys list` shows them).")?;
        }
        for step in &self.steps {
            if let Action::Blocked(obstacle) = &step.action {
                writeln!(out, "It cannot go on: {obstacle}.")?;
            }
        }
        match first_deed(&due) {
            Some(first) => writeln!(out, "Next, {}\n  because {}", first.line(self.now), first.step.reason),
            None if due.is_empty() => writeln!(out, "Nothing is to be done."),
            None => Ok(()),
        }
    }

    fn row(&self, entry: &Entry, due: &[Due<'_>]) -> [String; 6] {
        let ago = |at| span(between(at, self.now));
        let next = next_of(due, entry.id()).map(|due| match due.step.action {
            Action::Blocked(_) => "stands still, see below".to_owned(),
            _ => due.line(self.now),
        });
        let idle = if entry.state() == State::Active { "signs until `keys rotate`" } else { "-" };
        [
            entry.id().to_string(),
            entry.key_pair_id().map_or_else(|| "-".to_owned(), KeyPairId::to_string),
            entry.state().to_string(),
            format!("{} ago", ago(entry.state_since())),
            ago(entry.created_at()),
            next.unwrap_or_else(|| idle.to_owned()),
        ]
    }

    fn status_json(&self) -> Value {
        let due = forecast(&self.steps);
        let keys: Vec<Value> = self.document.entries().iter().map(|entry| {
            json!({
                "id": entry.id(), "key_pair_id": entry.key_pair_id(), "algorithm": entry.algorithm(),
                "hash": entry.hash(), "state": entry.state(), "state_since": moment(entry.state_since()),
                "created_at": moment(entry.created_at()), "next": next_of(&due, entry.id()).map(Due::json),
            })
        }).collect();
        json!({
            "keys": keys, "next": first_deed(&due).map(Due::json), "cloudfront_was_asked": self.unseen.is_none(),
        })
    }

    fn warn(&self) {
        if let Some(reason) = &self.unseen {
            let _ = writeln!(
                io::stderr(),
                "edgemint: CloudFront was not asked, so this goes by the keyring alone: {reason}"
            );
        }
    }
}
