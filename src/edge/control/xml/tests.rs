use super::read::{Unreadable, key_group_config, public_key_config};
use super::write::{self, public_key_config as write_public_key};
use crate::cloudfront::{KeyAlgorithm, SigningKey};
use crate::edge::control::refusal::Refusal;

const KEY_GROUP: &str = r#"<KeyGroupConfig xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Name>group</Name><Items><PublicKey>K1</PublicKey><PublicKey>K2</PublicKey></Items><Comment>both</Comment></KeyGroupConfig>"#;

fn pem() -> String {
    SigningKey::generate(KeyAlgorithm::EcdsaP256).unwrap().public_key().to_pem()
}

fn public_key(more: &str) -> String {
    let pem = pem();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<PublicKeyConfig>\n  <CallerReference>ref</CallerReference>\n  \
         <Name>name</Name><EncodedKey>{pem}</EncodedKey>{more}</PublicKeyConfig>\n"
    )
}

#[test]
fn what_is_written_can_be_read_and_texts_keep_every_character() {
    let comment = "<b>&amp; \"quoted\" 'it' ]]> ü\u{1f600}</b>";
    let escaped = comment.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&#62;");
    let config = public_key_config(public_key(&format!("<Comment>{escaped}</Comment>")).as_bytes()).unwrap();
    assert_eq!(config.comment(), Some(comment));
    assert!(
        config.encoded().starts_with("-----BEGIN")
            && config.encoded().ends_with("-----END PUBLIC KEY-----\n")
    );
    let written = write_public_key(&config);
    assert_eq!(public_key_config(written.as_bytes()).unwrap(), config, "{written}");
    let cdata = public_key("<Comment><![CDATA[<a>&b]]></Comment>");
    assert_eq!(public_key_config(cdata.as_bytes()).unwrap().comment(), Some("<a>&b"));
    for empty in ["", "<Comment></Comment>", "<Comment/>"] {
        assert_eq!(public_key_config(public_key(empty).as_bytes()).unwrap().comment(), None);
    }
}

#[test]
fn a_key_group_is_read_as_clients_write_it() {
    let config = key_group_config(KEY_GROUP.as_bytes()).unwrap();
    let items: Vec<&str> = config.items().iter().map(|id| id.as_str()).collect();
    assert_eq!((config.name(), items, config.comment()), ("group", vec!["K1", "K2"], Some("both")));
    assert_eq!(key_group_config(write::key_group_config(&config).as_bytes()).unwrap(), config);
}

#[test]
fn anything_else_is_malformed() {
    let good = KEY_GROUP;
    let deep = format!("<KeyGroupConfig>{}{}</KeyGroupConfig>", "<Items>".repeat(9), "</Items>".repeat(9));
    let dtd = "<!DOCTYPE KeyGroupConfig [<!ENTITY a \"b\">]>";
    for (what, body) in [
        ("no XML", "name=group".to_owned()),
        ("JSON", r#"{"Name":"group"}"#.to_owned()),
        ("no end", good[..good.len() - 3].to_owned()),
        ("no end tag", good.replace("</Name>", "")),
        ("another root", good.replace("KeyGroupConfig", "PublicKeyConfig")),
        ("an empty root", "<KeyGroupConfig/>".to_owned()),
        ("two roots", format!("{good}{good}")),
        ("text after it", format!("{good}more")),
        ("text before it", format!("more{good}")),
        ("another namespace", good.replace("2020-05-31", "2019-03-26")),
        ("an unknown element", good.replace("<Comment>", "<Tags/><Comment>")),
        ("an unknown attribute", good.replace("<KeyGroupConfig ", "<KeyGroupConfig a=\"b\" ")),
        ("an unknown item", good.replace("PublicKey", "Key")),
        ("an element in a text", good.replace("both", "<b>both</b>")),
        ("a text twice", good.replace("<Comment>", "<Name>other</Name><Comment>")),
        ("no name", good.replace("<Name>group</Name>", "")),
        ("no items", good.replace("Items", "Things")),
        ("an unknown entity", good.replace("both", "&both;")),
        ("a character that is none", good.replace("both", "&#xFFFFFFFF;")),
        ("a document type", format!("{dtd}{good}")),
        ("a declared entity", format!("{dtd}{}", good.replace("both", "&a;"))),
        ("a processing instruction", format!("<?php echo 1 ?>{good}")),
        ("deep nesting", deep),
    ] {
        let read = key_group_config(body.as_bytes());
        assert!(matches!(read, Err(Unreadable::Malformed(_))), "{what}: {read:?}");
    }
    assert!(matches!(
        key_group_config(b"<KeyGroupConfig>\xff</KeyGroupConfig>"),
        Err(Unreadable::Malformed(_))
    ));
    for nothing in ["", " \r\n"] {
        assert_eq!(key_group_config(nothing.as_bytes()), Err(Unreadable::Missing));
    }
}

#[test]
fn a_value_that_is_refused_is_told_from_bad_xml() {
    let body = KEY_GROUP.replace("<PublicKey>K1</PublicKey><PublicKey>K2</PublicKey>", "");
    let read = key_group_config(body.as_bytes());
    assert!(matches!(read, Err(Unreadable::Refused(Refusal::InvalidArgument(_)))), "{read:?}");
}

#[test]
fn an_error_is_written_as_the_service_writes_it() {
    assert_eq!(
        write::error("Sender", "NoSuchResource", "a < b", "1-2"),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <ErrorResponse xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\"><Error><Type>Sender</Type>\
         <Code>NoSuchResource</Code><Message>a &lt; b</Message></Error><RequestId>1-2</RequestId></ErrorResponse>"
    );
}
