//! The ways in which a program may write a secret down without meaning to.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// A form of a secret whose pieces are looked for.
pub struct Form {
    pub name: &'static str,
    pub pieces: Vec<Vec<u8>>,
}

/// Bytes of a secret that give away enough, and are not found by chance. The name of a thread has 15.
const PIECE: usize = 12;

/// Every form of these bytes.
pub fn forms(secret: &[u8]) -> Vec<Form> {
    let form = |name, text| form(name, text, secret.len());
    let mut forms = vec![
        form("plain", secret.to_vec()),
        form("in small letters", secret.to_ascii_lowercase()),
        form("in capitals", secret.to_ascii_uppercase()),
        form("hexadecimal", hexadecimal(secret, "").into()),
        form("HEXADECIMAL", hexadecimal(secret, "").to_uppercase().into()),
        form("hexadecimal with colons", hexadecimal(secret, ":").into()),
        form("percent-encoded", percent(secret, |byte| !byte.is_ascii_alphanumeric()).into()),
        form("percent-encoded to the last letter", percent(secret, |_| true).into()),
        form("Debug of bytes", secret.escape_ascii().to_string().into()),
        form("Debug of an array", array(secret).into()),
    ];
    // What stands before it in the same base64 decides which of three texts it becomes.
    for (name, engine) in [("base64", STANDARD), ("base64url", URL_SAFE)] {
        for before in 0..3 {
            let text = engine.encode([&vec![0; before][..], secret].concat());
            // The first letters hold bits of what stands before, the last ones bits of what follows.
            let (first, last) = ((before * 8).div_ceil(6), ((before + secret.len()) * 8) / 6);
            forms.push(form(name, text.as_bytes()[first..last].to_vec()));
        }
    }
    if let Ok(text) = std::str::from_utf8(secret) {
        let json = serde_json::to_string(text).unwrap();
        forms.push(form("JSON", json[1..json.len() - 1].into()));
        let debug = format!("{text:?}");
        forms.push(form("Debug of a text", debug[1..debug.len() - 1].into()));
        forms.push(form("Debug of a Debug", format!("{debug:?}")[3..debug.len()].into()));
        let units = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<String>();
        forms.push(form("JSON to the last letter", units.into()));
    }
    forms
}

fn form(name: &'static str, text: Vec<u8>, secret: usize) -> Form {
    let size = PIECE * text.len() / secret;
    let pieces = match text.len() {
        length if length < size => vec![text],
        length => text.chunks_exact(size).chain([&text[length - size..]]).map(<[u8]>::to_vec).collect(),
    };
    Form { name, pieces }
}

fn hexadecimal(bytes: &[u8], between: &str) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(between)
}

fn percent(bytes: &[u8], is_encoded: impl Fn(&u8) -> bool) -> String {
    let one =
        |byte: &u8| if is_encoded(byte) { format!("%{byte:02X}") } else { char::from(*byte).to_string() };
    bytes.iter().map(one).collect()
}

fn array(bytes: &[u8]) -> String {
    let text = format!("{bytes:?}");
    text[1..text.len() - 1].to_owned()
}

#[cfg(test)]
mod tests {
    use crate::secrets::Secrets;

    const SECRET: &str = "k3y\"of\\the/gr\u{fc}n\u{1b}+door&its=lock~0123456789";

    fn found(text: impl AsRef<[u8]>) -> Vec<&'static str> {
        let secrets = Secrets::default();
        secrets.plant("it", SECRET);
        secrets.forms_in(text.as_ref())
    }

    /// Each form as another program or library writes it, amid other things.
    #[test]
    fn every_form_is_found() {
        for (name, text) in [
            ("plain", format!("before {SECRET} after")),
            ("in small letters", SECRET.to_ascii_lowercase()),
            ("in capitals", SECRET.to_ascii_uppercase()),
            ("Debug of a text", format!("Some({:?})", Some(SECRET))),
            ("Debug of a Debug", format!("{:?}", format!("{:?}", Some(SECRET)))),
            ("Debug of an array", format!("Key({:?})", [b"xy", SECRET.as_bytes()].concat())),
            ("Debug of bytes", format!("{:?}", bytes::Bytes::from(SECRET))),
            ("JSON", serde_json::json!({"a": format!("x{SECRET}")}).to_string()),
        ] {
            assert!(found(&text).contains(&name), "{name}: {text}: {:?}", found(&text));
        }
    }

    /// Made by `printf '%s' SECRET | xxd -p`, `base64`, `basenc --base64url`, `jq -sRr @uri` and `od`, of the secret
    /// with nothing, `a` or `ab` in front.
    #[test]
    fn forms_of_other_programs_are_found() {
        for (name, text) in [
            (
                "hexadecimal",
                "6b3379226f665c7468652f6772c3bc6e1b2b646f6f72266974733d6c6f636b7e30313233343536373839",
            ),
            ("HEXADECIMAL", "00 6B3379226F665C7468652F6772C3BC6E1B2B646F6F72266974733D6C6F636B7E30"),
            ("hexadecimal with colons", "6b:33:79:22:6f:66:5c:74:68:65:2f:67:72:c3:bc:6e:1b:2b:64:6f:6f:72"),
            ("base64", "azN5Im9mXHRoZS9ncsO8bhsrZG9vciZpdHM9bG9ja34wMTIzNDU2Nzg5"),
            ("base64", "YWszeSJvZlx0aGUvZ3LDvG4bK2Rvb3ImaXRzPWxvY2t+MDEyMzQ1Njc4OQ=="),
            ("base64url", "YWJrM3kib2ZcdGhlL2dyw7xuGytkb29yJml0cz1sb2NrfjAxMjM0NTY3ODk="),
            ("percent-encoded", "k3y%22of%5Cthe%2Fgr%C3%BCn%1B%2Bdoor%26its%3Dlock~0123456789"),
        ] {
            assert!(found(text).contains(&name), "{name}: {:?}", found(text));
        }
        let all: String = SECRET.bytes().map(|byte| format!("%{byte:02X}")).collect();
        assert!(found(all).contains(&"percent-encoded to the last letter"));
        let all: String = SECRET.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        assert!(found(all).contains(&"JSON to the last letter"));
    }

    #[test]
    fn half_of_it_is_found_and_something_else_is_not() {
        assert!(found(&SECRET[..24]).contains(&"plain"));
        assert!(found(&SECRET[SECRET.len() - 17..]).contains(&"plain"));
        assert!(found("k3y of the green door and its lock: 012345678901234567890").is_empty());
    }

    /// A key in a PEM is broken into lines of 64 letters.
    #[test]
    fn a_key_is_found_in_its_pem() {
        let key = edgemint::cloudfront::SigningKey::generate(edgemint::cloudfront::KeyAlgorithm::EcdsaP256)
            .unwrap();
        let secrets = Secrets::default();
        let pem = key.to_pem().unwrap();
        secrets.plant_private_key("it", &pem);
        assert!(secrets.forms_in(pem.as_bytes()).contains(&"base64"));
        let public = key.public_key().to_pem();
        assert!(secrets.forms_in(public.as_bytes()).is_empty(), "the public key is no secret");
    }
}
