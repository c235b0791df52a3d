use time::OffsetDateTime;

use super::*;
use crate::cloudfront::{KeyAlgorithm, KeyPairId, SigningKey};
use crate::edge::control::ids::{GroupId, Version};
use crate::edge::control::refusal::Refusal;

/// The only one until somebody changes it.
const FIRST: Option<&str> = Some("E0000000000001");

fn stamp(version: u32) -> Stamp {
    let time = OffsetDateTime::UNIX_EPOCH + std::time::Duration::from_secs(u64::from(version));
    Stamp { time, version: Version::numbered(version) }
}

/// A new P-256 key, as a PEM.
fn pem() -> String {
    SigningKey::generate(KeyAlgorithm::EcdsaP256).unwrap().public_key().to_pem()
}

fn key(name: &str, encoded: &str, comment: Option<&str>) -> PublicKeyConfig {
    let [reference, name, encoded] = [format!("ref-{name}"), name.to_owned(), encoded.to_owned()];
    PublicKeyConfig::new(reference, name, encoded, comment.map(str::to_owned)).unwrap()
}

fn id(text: &str) -> KeyPairId {
    text.parse().unwrap()
}

fn group(name: &str, items: &[&str]) -> KeyGroupConfig {
    let items: Vec<String> = items.iter().map(|item| (*item).to_owned()).collect();
    KeyGroupConfig::new(name.to_owned(), &items, None).unwrap()
}

/// An account with these keys, all in their first version.
fn account(keys: &[&str]) -> Account {
    let mut account = Account::default();
    for name in keys {
        account.create_public_key(id(name), key(name, &pem(), None), stamp(1)).unwrap();
    }
    account
}

fn keys_of(account: &Account) -> Vec<&str> {
    let page = account.public_keys(&PageRequest::default()).unwrap();
    page.items.into_iter().map(|(id, _)| id.as_str()).collect()
}

#[test]
fn the_same_reference_with_the_same_content_is_the_same_key() {
    let (mut account, encoded) = (Account::default(), pem());
    let config = key("a", &encoded, Some("first"));
    account.create_public_key(id("K1"), config.clone(), stamp(1)).unwrap();
    let (again, held) = account.create_public_key(id("K2"), config, stamp(2)).unwrap();
    assert_eq!((again.as_str(), held.version.as_str()), ("K1", "E0000000000001"));
    // The service adds the final newline, so without it the content is the same.
    let bare = key("a", encoded.trim_end(), Some("first"));
    assert_eq!(account.create_public_key(id("K2"), bare, stamp(2)).unwrap().0.as_str(), "K1");
    for other in [key("a", &pem(), Some("first")), key("a", &encoded, None)] {
        let refused = account.create_public_key(id("K2"), other, stamp(2)).unwrap_err();
        assert_eq!(refused, Refusal::PublicKeyAlreadyExists("caller reference"));
    }
    let same_name = PublicKeyConfig::new("other".to_owned(), "a".to_owned(), pem(), None).unwrap();
    let refused = account.create_public_key(id("K2"), same_name, stamp(2)).unwrap_err();
    assert_eq!(refused, Refusal::PublicKeyAlreadyExists("name"));
    assert_eq!(keys_of(&account), ["K1"]);
}

#[test]
fn a_retried_creation_is_no_eleventh_key() {
    let names: Vec<String> = (0..KEYS_IN_ACCOUNT).map(|number| format!("K{number}")).collect();
    let mut account = account(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let refused = account.create_public_key(id("K99"), key("more", &pem(), None), stamp(2)).unwrap_err();
    assert_eq!(refused, Refusal::TooManyPublicKeys);
    let last = account.public_key("K9").unwrap().1.config.clone();
    assert_eq!(account.create_public_key(id("K99"), last, stamp(2)).unwrap().0.as_str(), "K9");
    account.delete_public_key("K0", FIRST).unwrap();
    account.create_public_key(id("K99"), key("more", &pem(), None), stamp(2)).unwrap();
}

#[test]
fn only_the_comment_of_a_key_can_change() {
    let (mut account, encoded) = (Account::default(), pem());
    account.create_public_key(id("K1"), key("a", &encoded, None), stamp(1)).unwrap();
    let other_reference =
        PublicKeyConfig::new("x".to_owned(), "a".to_owned(), encoded.clone(), None).unwrap();
    let other_name = PublicKeyConfig::new("ref-a".to_owned(), "b".to_owned(), encoded.clone(), None).unwrap();
    for other in [other_reference, other_name, key("a", &pem(), None)] {
        let refused = account.update_public_key("K1", FIRST, other, stamp(2)).unwrap_err();
        assert_eq!(refused, Refusal::CannotChangeImmutablePublicKeyFields);
    }
    let commented = key("a", &encoded, Some("new"));
    let (_, held) = account.update_public_key("K1", FIRST, commented.clone(), stamp(2)).unwrap();
    assert_eq!((held.config.comment(), held.version.as_str()), (Some("new"), "E0000000000002"));
    assert_eq!(held.time, stamp(1).time, "the time of its creation");
    assert_eq!(
        account.update_public_key("K1", FIRST, commented, stamp(3)).unwrap_err(),
        Refusal::PreconditionFailed
    );
}

#[test]
fn every_change_needs_the_version_that_is_there() {
    let mut account = account(&["K1", "K2"]);
    account.create_key_group(GroupId::of("G"), group("g", &["K1"]), stamp(1)).unwrap();
    let config = account.public_key("K2").unwrap().1.config.clone();
    for (if_match, refusal) in [
        (None, Refusal::InvalidIfMatchVersion),
        (Some(""), Refusal::InvalidIfMatchVersion),
        (Some("*"), Refusal::InvalidIfMatchVersion),
        (Some("\"E0000000000001\""), Refusal::InvalidIfMatchVersion),
        (Some("E0000000000009"), Refusal::PreconditionFailed),
    ] {
        let refused = [
            account.update_public_key("K2", if_match, config.clone(), stamp(2)).err(),
            account.delete_public_key("K2", if_match).err(),
            account.update_key_group("G", if_match, group("g", &["K2"]), stamp(2)).err(),
            account.delete_key_group("G", if_match).err(),
        ];
        assert_eq!(refused, [const { None::<Refusal> }; 4].map(|_| Some(refusal.clone())), "{if_match:?}");
    }
    assert_eq!(account.key_group("G").unwrap().1.config, group("g", &["K1"]));
    account.update_key_group("G", FIRST, group("g", &["K2"]), stamp(2)).unwrap();
    assert_eq!(account.delete_key_group("G", FIRST), Err(Refusal::PreconditionFailed));
    assert_eq!(account.delete_key_group("G", Some("E0000000000002")), Ok(()));
    assert_eq!(account.delete_key_group("G", Some("E0000000000002")), Err(Refusal::NoSuchResource));
}

#[test]
fn what_is_used_cannot_be_deleted() {
    let mut account = account(&["K1"]);
    account.create_key_group(GroupId::of("G"), group("g", &["K1"]), stamp(1)).unwrap();
    account.protect("/podcasts/*".parse().unwrap(), vec![GroupId::of("G")]);
    assert_eq!(account.delete_public_key("K1", FIRST), Err(Refusal::PublicKeyInUse));
    assert_eq!(account.delete_key_group("G", FIRST), Err(Refusal::ResourceInUse));
    assert_eq!(keys_of(&account), ["K1"]);
}

#[test]
fn a_group_names_keys_that_exist_and_is_unlike_the_others() {
    let mut account = account(&["K1", "K2"]);
    account.create_key_group(GroupId::of("G1"), group("one", &["K1"]), stamp(1)).unwrap();
    account.create_key_group(GroupId::of("G2"), group("two", &["K2"]), stamp(1)).unwrap();
    let taken = account.create_key_group(GroupId::of("G3"), group("one", &["K2"]), stamp(1));
    assert_eq!(taken.err(), Some(Refusal::KeyGroupAlreadyExists));
    let taken = account.update_key_group("G2", FIRST, group("one", &["K2"]), stamp(2));
    assert_eq!(taken.err(), Some(Refusal::KeyGroupAlreadyExists));
    let missing = account.update_key_group("G2", FIRST, group("two", &["K2", "K3"]), stamp(2));
    assert!(matches!(missing.err(), Some(Refusal::InvalidArgument(message)) if message.contains("K3")));
    account.update_key_group("G2", FIRST, group("two", &["K2", "K1"]), stamp(2)).unwrap();
    for number in 3..=GROUPS_IN_ACCOUNT {
        let name = format!("{number}");
        account.create_key_group(GroupId::of(&name), group(&name, &["K1"]), stamp(1)).unwrap();
    }
    let more = account.create_key_group(GroupId::of("more"), group("more", &["K1"]), stamp(1));
    assert_eq!(more.err(), Some(Refusal::TooManyKeyGroups));
}

#[test]
fn values_of_another_form_are_refused() {
    let (encoded, long) = (pem(), "x".repeat(129));
    let private = SigningKey::generate(KeyAlgorithm::EcdsaP256).unwrap().to_pem().unwrap().to_string();
    let twice = format!("{encoded}{encoded}");
    for (reference, name, encoded, comment) in [
        ("", "name", encoded.as_str(), None),
        ("ref", " ", &encoded, None),
        ("ref", "na\nme", &encoded, None),
        (&long, "name", &encoded, None),
        ("ref", &long, &encoded, None),
        ("ref", "name", &encoded, Some(&long)),
        ("ref", "name", &encoded, Some(&"\u{1}".to_owned())),
        ("ref", "name", "", None),
        ("ref", "name", "key", None),
        ("ref", "name", &private, None),
        ("ref", "name", &twice, None),
        ("ref", "name", &format!("my key:\n{encoded}"), None),
        ("ref", "name", &format!("{encoded}that was it"), None),
    ] {
        let [reference, name, encoded] = [reference, name, encoded].map(str::to_owned);
        let refused = PublicKeyConfig::new(reference, name, encoded, comment.cloned());
        assert!(matches!(refused, Err(Refusal::InvalidArgument(_))), "{refused:?}");
    }
    for items in [&[][..], &["K1", "K1"], &["K 1"], &[""]] {
        let items: Vec<String> = items.iter().map(|item| (*item).to_owned()).collect();
        let refused = KeyGroupConfig::new("name".to_owned(), &items, None);
        assert!(matches!(refused, Err(Refusal::InvalidArgument(_))), "{refused:?}");
    }
    let six: Vec<String> = (0..6).map(|number| format!("K{number}")).collect();
    let refused = KeyGroupConfig::new("name".to_owned(), &six, None);
    assert_eq!(refused, Err(Refusal::TooManyPublicKeysInKeyGroup));
}

#[test]
fn the_data_plane_learns_of_what_its_groups_hold() {
    let mut account = account(&["K1", "K2", "K3"]);
    account.create_key_group(GroupId::of("G1"), group("one", &["K1"]), stamp(1)).unwrap();
    account.create_key_group(GroupId::of("G2"), group("two", &["K2"]), stamp(1)).unwrap();
    account.create_key_group(GroupId::of("G3"), group("not used", &["K3"]), stamp(1)).unwrap();
    account.protect("/a/*".parse().unwrap(), vec![GroupId::of("G1"), GroupId::of("G2")]);
    account.protect("/b/*".parse().unwrap(), vec![GroupId::of("G2")]);
    let ids = |account: &Account| -> Vec<Vec<String>> {
        let paths = account.trusted_ids().into_iter();
        paths.map(|path| path.into_iter().map(String::from).collect()).collect()
    };
    assert_eq!(ids(&account), [vec!["K1", "K2"], vec!["K2"]]);
    account.update_key_group("G2", FIRST, group("two", &["K3"]), stamp(2)).unwrap();
    assert_eq!(ids(&account), [vec!["K1", "K3"], vec!["K3"]]);
    assert_eq!(account.behaviours().len(), 2);
    assert_eq!(account.trusted_groups().len(), 2);
}
