//! The policy, one rule a function. The first rule that has a step gives the next one.

use super::obstacle::Obstacle;
use super::step::{Action, Step};
use super::view::{Presence, View};
use crate::keyring::entry::{Entry, State};
use crate::keyring::moment;

type Rule = fn(&View<'_>) -> Option<Step>;

/// What can be done now, the most urgent first.
const RULES: [Rule; 7] = [
    adopt_what_is_there,
    take_out_what_is_not_trusted,
    give_up_what_is_superseded,
    note_how_long_cookies_live,
    put_back_what_cookies_need,
    bring_the_successor_on,
    clean_up,
];

/// The next step that needs nobody and no waiting.
pub(super) fn due(view: &View<'_>) -> Option<Step> {
    RULES.iter().find_map(|rule| rule(view))
}

fn step(action: Action, reason: impl Into<String>) -> Option<Step> {
    Some(Step { action, reason: reason.into() })
}

/// The first change to CloudFront: it is an emergency, or a key that never signed. The only key of a group has to wait
/// until another is in.
fn take_out_what_is_not_trusted(view: &View<'_>) -> Option<Step> {
    let can_leave = |entry: &&Entry| view.in_key_group(entry) && !view.is_only_member(entry);
    let entry = view.in_state(State::Untrusted).find(can_leave)?;
    let id = entry.id().clone();
    step(Action::Untrust { id }, "it is revoked or given up, and the key group still names it")
}

/// Before all else, for all else goes by the recorded id. It only records.
fn adopt_what_is_there(view: &View<'_>) -> Option<Step> {
    view.entries().filter(|entry| entry.key_pair_id().is_none()).find_map(|entry| {
        let Presence::Ours(key_pair_id) = view.presence(entry) else { return None };
        let action = Action::Adopt { id: entry.id().clone(), key_pair_id: key_pair_id.clone() };
        step(
            action,
            "its public key is in CloudFront already, made by an earlier run or by hand, and one is enough",
        )
    })
}

fn give_up_what_is_superseded(view: &View<'_>) -> Option<Step> {
    let successor = view.document.successor()?;
    let older = view.entries().find(|entry| entry.state() < State::Active && entry.id() != successor.id())?;
    let reason = format!("{} is newer and is to sign next", successor.id());
    step(Action::GiveUp { id: older.id().clone() }, reason)
}

/// A key that retires is signed with until the last server has followed, so it counts too.
fn note_how_long_cookies_live(view: &View<'_>) -> Option<Step> {
    let longest = view.settings.cookie_life();
    let signs = |entry: &&Entry| matches!(entry.state(), State::Active | State::Retiring);
    let shorter = |entry: &&Entry| entry.cookie_life().is_none_or(|noted| noted < longest);
    let id = view.entries().filter(signs).find(shorter)?.id().clone();
    let reason = "so that the key group keeps it long enough even if lifetimes are shortened later";
    step(Action::NoteCookieLife { id, longest }, reason)
}

fn put_back_what_cookies_need(view: &View<'_>) -> Option<Step> {
    let missing = view.entries().filter(|entry| view.is_ours(entry) && !view.in_key_group(entry));
    let (entry, why) = missing.into_iter().find_map(|entry| match entry.state() {
        State::Active => Some((entry, "it signs all cookies".to_owned())),
        State::Retiring if !view.is_due(entry) => {
            let until = moment(view.settings.release_at(entry));
            Some((entry, format!("cookies that it signed are in use until {until}")))
        }
        _ => None,
    })?;
    if !view.has_room_in_key_group() {
        return None;
    }
    let id = entry.id().clone();
    step(Action::Trust { id }, format!("{why}, and the key group does not name it, so the edge refuses them"))
}

fn bring_the_successor_on(view: &View<'_>) -> Option<Step> {
    let successor = view.document.successor()?;
    let id = successor.id().clone();
    let room = view.has_room_in_key_group();
    let in_group = view.in_key_group(successor);
    match (successor.state(), view.presence(successor)) {
        (State::Generated, Presence::Absent) if room && view.has_room_in_account() => {
            step(Action::Publish { id }, "it is to sign next, and CloudFront does not know it")
        }
        (State::Published, Presence::Ours(_)) if in_group => {
            step(Action::Trust { id }, "the key group names it already, and only that is to be recorded")
        }
        (State::Published, Presence::Ours(_)) if room => {
            step(Action::Trust { id }, "the edge has to know a key before anything is signed with it")
        }
        (State::Trusted, Presence::Ours(_)) if in_group => {
            step(Action::Prove { id }, "nothing tells when every edge knows a key, so it is tried out")
        }
        (State::Proven, Presence::Ours(_)) if in_group => step(Action::Activate { id }, activation(view)),
        _ => None,
    }
}

fn activation(view: &View<'_>) -> String {
    match view.document.active() {
        Some(active) => format!("the edge accepts it, and {} can retire", active.id()),
        None => "the edge accepts it, and no key signs yet".into(),
    }
}

/// Taking out goes before deleting, which may have to wait for the edge.
fn clean_up(view: &View<'_>) -> Option<Step> {
    let mut retiring = view.in_state(State::Retiring).filter(|entry| !view.is_only_member(entry));
    let out = retiring.find_map(|entry| let_go(view, entry));
    let mut untrusted = view.in_state(State::Untrusted).filter(|entry| !view.in_key_group(entry));
    out.or_else(|| untrusted.next().map(|entry| delete(view, entry)))
}

fn let_go<'a>(view: &View<'a>, retiring: &'a Entry) -> Option<Step> {
    let id = retiring.id().clone();
    if !view.is_ours(retiring) {
        let reason = "CloudFront has no public key of it, so nothing that it signed is accepted";
        return step(Action::Forget { id }, reason);
    }
    let since = view.settings.release_at(retiring);
    let reason = || format!("no cookie that it signed can be in use since {}", moment(since));
    (view.now >= since).then(|| Step { action: Action::Untrust { id }, reason: reason() })
}

fn delete<'a>(view: &View<'a>, untrusted: &'a Entry) -> Step {
    let id = untrusted.id().clone();
    let (action, reason) = if view.is_ours(untrusted) {
        (Action::Delete { id }, "no key group names it, and an account has room for few public keys")
    } else {
        (Action::Forget { id }, "CloudFront has no public key of it")
    };
    Step { action, reason: reason.into() }
}

/// What is left is to wait for the key that may leave first.
pub(super) fn wait(view: &View<'_>) -> Option<Step> {
    let settings = view.settings;
    let retiring = view.in_state(State::Retiring).min_by_key(|entry| settings.release_at(entry))?;
    let (id, until) = (retiring.id(), settings.release_at(retiring));
    let mut reason = format!("until then cookies that {id} signed may be in use");
    let no_room = !view.has_room_in_key_group() || !view.has_room_in_account();
    if let Some(successor) = view.document.successor().filter(|_| no_room) {
        reason.push_str(&format!("; then there is room for {}", successor.id()));
    }
    // An operator who finds a wait of years can do something about it.
    if until > settings.release_from(view.now) {
        reason.push_str(&format!(
            "; that is longer than the lifetimes of today ask for, so they were longer, or a clock is or was wrong: \
             if no such cookie can be left, `edgemint keys revoke {id}` ends the wait"
        ));
    }
    step(Action::Wait { until }, reason)
}

pub(super) fn blocked(obstacle: Obstacle) -> Step {
    let reason = match obstacle {
        Obstacle::ActiveVanished { .. } => "only another key can sign what the edge accepts",
        _ => "what comes after it is not begun, and all else goes on",
    };
    Step { action: Action::Blocked(obstacle), reason: reason.into() }
}
