//! Policies of another form than CloudFront reads, each with a good signature, so that the form alone
//! is what is refused; and well-formed ones that are about something else.

use crate::request::OPENSSL;

macro_rules! signed {
    ($($test:ident $name:literal,)* => $refusal:ident $check:ident $names:ident) => {
        const $names: &[&str] = &[$($name),*];
        $(#[test]
        fn $test() {
            use edgemint::cloudfront::{CheckName, Refusal};

            let request = crate::request::request(&OPENSSL, $name);
            request.is_refused(Refusal::$refusal, &[CheckName::$check]);
        })*
    };
}

signed! {
    two_statements "two statements",
    no_statement "no statement",
    statement_not_in_a_list "statement not in a list",
    no_member_statement "no member Statement",
    empty_document "empty document",
    not_json "not JSON",
    cut_short "cut short",
    text_after_it "text after it",
    top_level_array "top level array",
    statement_array "statement array",
    condition_array "condition array",
    time_array "time array",
    address_array "address array",
    resource_array "resource array",
    two_resources "two resources",
    resource_null "resource null",
    resource_number "resource number",
    resource_twice "resource twice",
    condition_twice "condition twice",
    statement_twice "statement twice",
    expiry_twice "expiry twice",
    epoch_twice "epoch twice",
    no_condition "no condition",
    condition_null "condition null",
    no_expiry "no expiry",
    expiry_null "expiry null",
    expiry_without_epoch "expiry without epoch",
    expiry_quoted "expiry quoted",
    expiry_in_milliseconds "expiry in milliseconds",
    expiry_fraction "expiry fraction",
    expiry_exponent "expiry exponent",
    expiry_zero "expiry zero",
    expiry_negative "expiry negative",
    expiry_beyond_64_bits "expiry beyond 64 bits",
    expiry_after_the_last_second "expiry after the last second",
    start_quoted "start quoted",
    start_in_milliseconds "start in milliseconds",
    ipv6_network "IPv6 network",
    ipv6_address "IPv6 address",
    address_list "address list",
    two_addresses "two addresses",
    prefix_too_long "prefix too long",
    address_not_one "address not one",
    address_empty "address empty",
    unknown_condition "unknown condition",
    unknown_statement_member "unknown statement member",
    unknown_member "unknown member",
    other_case "other case",
    byte_order_mark "byte order mark",
    => MalformedPolicy PolicyForm MALFORMED
}

signed! {
    resource_of_a_star "resource of a star",
    resource_without_a_scheme "resource without a scheme",
    resource_empty "resource empty",
    resource_path_only "resource path only",
    resource_over_http "resource over http",
    resource_of_parent_host "resource of parent host",
    resource_of_sub_hosts "resource of sub-hosts",
    resource_of_a_suffix "resource of a suffix",
    resource_of_one_character_too_few "resource of one character too few",
    resource_with_a_query "resource with a query",
    canned_star "canned star",
    => AccessDenied Resource ELSEWHERE
}

#[test]
fn no_vector_is_left_out() {
    let spellings = ["white space", "address without prefix length", "no resource", "last second"];
    for name in OPENSSL.keys().filter(|name| !name.ends_with(" sha1") && !name.ends_with(" sha256")) {
        let name = name.as_str();
        let tested = MALFORMED.contains(&name) || ELSEWHERE.contains(&name) || spellings.contains(&name);
        assert!(tested, "no test is made of {name}");
    }
}
