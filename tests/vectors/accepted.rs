//! Every vector that opens something: one module each, with the ways in which it must not open.

use crate::request::{BOTOCORE, COMMUNITY, EXPIRES, OPENSSL, SDK, Vectors};

/// One vector: it opens, and ends on the second, and needs its own key and all of its signature.
macro_rules! vector {
    ($module:ident, $vectors:expr, $name:expr) => {
        mod $module {
            use edgemint::cloudfront::{CheckName, Refusal};

            use crate::request::{EXPIRES, request};

            #[test]
            fn opens() {
                request(&$vectors, $name).opens();
            }

            #[test]
            fn is_refused_on_the_second_it_ends() {
                request(&$vectors, $name).at(EXPIRES).is_refused(Refusal::AccessDenied, &[CheckName::Expiry]);
            }

            #[test]
            fn is_refused_under_another_key() {
                request(&$vectors, $name)
                    .with_mistaken_keys()
                    .is_refused(Refusal::AccessDenied, &[CheckName::Signature]);
            }

            #[test]
            fn is_refused_with_one_character_of_the_signature_changed() {
                request(&$vectors, $name)
                    .spoiled("Signature")
                    .is_refused(Refusal::AccessDenied, &[CheckName::Signature]);
            }
        }
    };
}

/// Vectors that were made with each key and each hash.
macro_rules! with_each_key_and_hash {
    ($source:ident $vectors:ident: $($module:ident $name:literal,)*) => {
        mod $source {
            pub const NAMES: &[&str] = &[$($name),*];
            $(mod $module {
                vector!(rsa_sha1, crate::request::$vectors, concat!($name, " rsa sha1"));
                vector!(rsa_sha256, crate::request::$vectors, concat!($name, " rsa sha256"));
                vector!(ec_sha1, crate::request::$vectors, concat!($name, " ec sha1"));
                vector!(ec_sha256, crate::request::$vectors, concat!($name, " ec sha256"));
            })*
        }
    };
}

with_each_key_and_hash! { openssl OPENSSL:
    pattern "pattern",
    network "network",
    address "address",
    start "start",
    everything "everything",
    one_file "one file",
    canned "canned",
    canned_query "canned query",
}

with_each_key_and_hash! { sdk_javascript SDK:
    cookies_canned "cookies canned",
    cookies_pattern "cookies pattern",
    cookies_network "cookies network",
    cookies_address "cookies address",
    cookies_start "cookies start",
    cookies_everything "cookies everything",
    url_canned "url canned",
    url_canned_query "url canned query",
    url_pattern "url pattern",
    url_network "url network",
    url_address "url address",
    url_start "url start",
    url_start_query "url start query",
    url_everything "url everything",
}

with_each_key_and_hash! { botocore BOTOCORE:
    url_canned "url canned",
    url_canned_query "url canned query",
    url_pattern "url pattern",
    url_network "url network",
    url_address "url address",
    url_start "url start",
    url_everything "url everything",
}

/// RSA over SHA-1 only. Its URLs carry `Expires` beside `Policy`, and `%7E` for `~`.
mod aws_cloudfront_sign {
    vector!(cookies_pattern, crate::request::COMMUNITY, "cookies pattern");
    vector!(url_canned, crate::request::COMMUNITY, "url canned");
    vector!(url_canned_query, crate::request::COMMUNITY, "url canned query");
    vector!(url_network, crate::request::COMMUNITY, "url network");
}

/// Unusual, and of the form all the same.
mod spellings {
    vector!(white_space, crate::request::OPENSSL, "white space");
    vector!(address_without_prefix_length, crate::request::OPENSSL, "address without prefix length");
    vector!(no_resource, crate::request::OPENSSL, "no resource");

    #[test]
    fn the_last_second_that_can_be_named() {
        use edgemint::cloudfront::{CheckName, Refusal};

        let request = crate::request::request(&crate::request::OPENSSL, "last second");
        request.clone().at(2_147_483_646).opens();
        request.at(2_147_483_647).is_refused(Refusal::AccessDenied, &[CheckName::Expiry]);
    }
}

#[test]
fn no_vector_is_left_out() {
    let sources: [(&Vectors, &[&str]); 3] =
        [(&SDK, sdk_javascript::NAMES), (&BOTOCORE, botocore::NAMES), (&OPENSSL, openssl::NAMES)];
    for (vectors, names) in sources {
        for name in vectors.keys().filter_map(|name| name.strip_suffix(" rsa sha1")) {
            assert!(names.contains(&name), "no test is made of {name}");
        }
        let with_key = vectors.keys().filter(|name| name.ends_with(" sha1") || name.ends_with(" sha256"));
        assert_eq!(with_key.count(), names.len() * 4);
    }
    assert_eq!(COMMUNITY.len(), 4);
    assert!(OPENSSL["pattern rsa sha1"]["document"].as_str().unwrap().contains(&EXPIRES.to_string()));
}
