use std::fs;

use serde_json::json;

use super::aws::Aws;
use crate::programs::needs;
use crate::support::{Place, openssl, set_mode};

#[test]
fn a_first_key_goes_from_init_to_active_and_boto3_reads_it() {
    needs!("openssl");
    let Some(aws) = Aws::new() else { return };
    let made = aws.succeeds(&["keys", "init"]);
    let id = aws.ids().remove(0);
    let next = format!("edgemint keys activate {id} --store {} --key-pair-id K…", aws.store);
    assert!(made.stderr.trim_end().ends_with(&next), "{}", made.stderr);

    let files = aws.files();
    assert_eq!(files.keys().collect::<Vec<_>>(), [&format!("{id}.pem"), "keyring.json"]);
    let pem = files[&format!("{id}.pem")].as_str().unwrap();
    assert_eq!(String::from_utf8(openssl(&["pkey", "-pubout"], pem.as_bytes())).unwrap(), made.stdout);
    assert_eq!(aws.succeeds(&["keys", "public", &id]).stdout, made.stdout);

    let told = aws.succeeds(&["keys", "activate", &id, "--key-pair-id", "K2JCJMDEHXQW5F"]);
    assert!(told.stderr.contains("signs as Key-Pair-Id K2JCJMDEHXQW5F"), "{}", told.stderr);
    assert!(aws.files()["keyring.json"].as_str().unwrap().contains("K2JCJMDEHXQW5F"));
    assert_eq!(aws.listing()["keys"][0]["state"], "active");
    aws.refused(&["keys", "activate", &id, "--key-pair-id", "K2JCJMDEHXQW5F"], &["`active`", &aws.store]);
    aws.refused(
        &["keys", "init"],
        &["there is a keyring in", "keys list --store secretsmanager:", "--store"],
    );
}

#[test]
fn a_key_is_imported_beside_the_others() {
    let Some((aws, first)) = Aws::with_key(&["--key-pair-id", "K1"]) else { return };
    let (other, second) = Place::with_key(&[]);
    let pem = other.pem(&second);
    let import = ["keys", "import", pem.to_str().unwrap(), "--key-pair-id", "K2"];
    let told = aws.succeeds(&import);
    assert!(
        told.stderr.contains(&format!("keys activate {second} --store {}", aws.store)),
        "{}",
        told.stderr
    );
    assert_eq!(aws.ids(), [first.as_str(), &second]);
    assert_eq!(aws.files()[&format!("{second}.pem")], fs::read_to_string(&pem).unwrap());
    aws.refused(&import, &["is there already, in state `trusted`"]);
}

#[test]
fn files_of_a_directory_and_of_a_secret_are_the_same_keyring() {
    let Some(aws) = Aws::new() else { return };
    let (place, id) = Place::with_key(&["--key-pair-id", "K1"]);
    let text = |path| fs::read_to_string(path).unwrap();
    let files = json!({ "keyring.json": text(place.document()), format!("{id}.pem"): text(place.pem(&id)) });
    aws.create(&files.to_string());
    assert_eq!(aws.succeeds(&["keys", "list"]).stdout, place.succeeds(&["keys", "list"]).stdout);
    assert_eq!(
        aws.succeeds(&["keys", "public", &id]).stdout,
        place.succeeds(&["keys", "public", &id]).stdout
    );

    let (other, second) = Place::with_key(&[]);
    aws.succeeds(&["keys", "import", other.pem(&second).to_str().unwrap(), "--key-pair-id", "K2"]);
    for (name, contents) in aws.files() {
        fs::write(place.keys().join(&name), contents.as_str().unwrap()).unwrap();
        set_mode(&place.keys().join(&name), 0o600);
    }
    assert_eq!(place.ids(), [id, second]);
    place.load().unwrap();
}

#[test]
fn a_secret_without_a_value_gets_its_first() {
    let Some(aws) = Aws::new() else { return };
    aws.boto("create_secret", &json!({ "Name": aws.secret, "Description": "made by Terraform" }));
    aws.refused(&["keys", "list"], &["there is no secret", "with a value", "keys init --store"]);
    aws.succeeds(&["keys", "init", "--algorithm", "ecdsa-p256"]);
    assert_eq!(aws.ids().len(), 1);
    let about = aws.boto("describe_secret", &json!({ "SecretId": aws.secret }));
    assert_eq!(about["Description"], "made by Terraform");
}

#[test]
fn a_secret_is_found_by_its_arn() {
    let Some((mut aws, id)) = Aws::with_key(&[]) else { return };
    let about = aws.boto("describe_secret", &json!({ "SecretId": aws.secret }));
    aws.store = format!("secretsmanager:{}", about["ARN"].as_str().unwrap());
    aws.succeeds(&["keys", "activate", &id, "--key-pair-id", "K1"]);
    assert_eq!(aws.listing()["keys"][0]["state"], "active");
}

#[test]
fn a_keyring_is_in_one_place() {
    let Some(aws) = Aws::new() else { return };
    aws.refused(&["keys", "list", "--dir", "keys"], &["'--dir <DIRECTORY>' cannot be used with '--store"]);
    let place = Place::new();
    for store in ["keys", "secretsmanager:", "secretsmanager:a b", "directory:keys", "s3:bucket"] {
        place.refused(&["keys", "list", "--store", store], &["secretsmanager:"]);
    }
}
