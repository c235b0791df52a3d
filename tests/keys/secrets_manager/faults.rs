use super::aws::{Aws, ran};
use super::proxy::Fault;
use crate::support::Place;

#[test]
fn a_secret_that_is_not_there_is_named_with_its_region() {
    let Some(aws) = Aws::new() else { return };
    let words = [
        &format!("no secret `{}`", aws.secret),
        "region eu-west-1",
        &format!("keys init --store {}", aws.store),
    ];
    aws.refused(&["keys", "list"], &words);
    aws.refused(
        &["keys", "activate", "0123456789abcdef", "--key-pair-id", "K1"],
        &["there is no keyring in"],
    );
    assert_eq!(aws.calls("PutSecretValue") + aws.calls("CreateSecret"), 0);
}

#[test]
fn a_secret_that_waits_to_be_deleted_is_not_written() {
    let Some((aws, _)) = Aws::with_key(&[]) else { return };
    aws.boto("delete_secret", &serde_json::json!({ "SecretId": aws.secret }));
    let words = ["is marked for deletion", &format!("restore-secret --secret-id {}", aws.secret)];
    aws.refused(&["keys", "list"], &words);
    aws.refused(&["keys", "init"], &words);
    aws.boto("restore_secret", &serde_json::json!({ "SecretId": aws.secret }));
    aws.succeeds(&["keys", "list"]);
}

/// Each is one sentence with what to do next, and of what AWS says only the code is told.
#[test]
fn a_refusal_to_read_says_what_to_do() {
    let Some((aws, _)) = Aws::with_key(&[]) else { return };
    for (status, code, words) in [
        (400, "AccessDeniedException", ["may not secretsmanager:GetSecretValue on secret", "policy"]),
        (400, "DecryptionFailure", ["may not secretsmanager:GetSecretValue on secret", "KMS key"]),
        (400, "ExpiredTokenException", ["does not take the credentials", "renew"]),
        (400, "UnrecognizedClientException", ["does not take the credentials", "renew"]),
        (403, "InvalidSignatureException", ["does not take the credentials", "renew"]),
        (400, "ThrottlingException", ["takes no more requests", "in a minute"]),
        (500, "InternalServiceError", ["does not answer about secret", "AWS_ENDPOINT_URL"]),
        (400, "InvalidRequestException", ["is marked for deletion", "restore-secret"]),
        (400, "SomethingNewException", ["refuses secretsmanager:GetSecretValue", "(SomethingNewException)"]),
    ] {
        aws.on("GetSecretValue", Fault::Refuse(status, code));
        for command in [&["keys", "list"][..], &["keys", "init"]] {
            let told = aws.run(command);
            told.is_refusal(&words);
            assert!(!told.stderr.contains("hunter2"), "{}", told.stderr);
        }
    }
    aws.without_faults();
    aws.succeeds(&["keys", "list"]);
}

#[test]
fn a_refusal_to_write_changes_nothing() {
    let Some((aws, id)) = Aws::with_key(&[]) else { return };
    let before = aws.current();
    let activate = ["keys", "activate", &id, "--key-pair-id", "K1"];
    for action in ["PutSecretValue", "UpdateSecretVersionStage"] {
        for (status, code, word) in [
            (400, "AccessDeniedException", format!("may not secretsmanager:{action} on secret")),
            (400, "EncryptionFailure", format!("may not secretsmanager:{action} on secret")),
            (400, "ThrottlingException", "takes no more requests".to_owned()),
            (400, "LimitExceededException", format!("refuses secretsmanager:{action}")),
        ] {
            aws.on(action, Fault::Refuse(status, code));
            aws.refused(&activate, &[&word, code]);
            aws.without_faults();
            assert_eq!(aws.current(), before, "{action}: {code}");
        }
    }
    aws.succeeds(&activate);

    let Some(aws) = Aws::new() else { return };
    aws.on("CreateSecret", Fault::Refuse(400, "AccessDeniedException"));
    aws.refused(&["keys", "init"], &["may not secretsmanager:CreateSecret on secret"]);
}

#[test]
fn an_answer_that_is_none_is_no_keyring() {
    let Some((aws, _)) = Aws::with_key(&[]) else { return };
    for body in ["", "{}", "hunter2", "[]", "{\"SecretString\":5}"] {
        aws.on("GetSecretValue", Fault::Garble(body));
        let told = aws.run(&["keys", "list"]);
        told.is_refusal(&["does not answer about secret"]);
        assert!(!told.stderr.contains("hunter2"), "{}", told.stderr);
    }
}

#[test]
fn nobody_who_answers_is_told_from_nobody_who_may_ask() {
    let Some(aws) = Aws::new() else { return };
    let list = ["keys", "list"];
    // Nothing listens on port 1.
    let mut command = aws.command(&list);
    ran(command.env("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:1"))
        .is_refusal(&["does not answer"]);
    let mut command = aws.command(&list);
    ran(command.env_remove("AWS_ACCESS_KEY_ID")).is_refusal(&["there are no AWS credentials", "AWS_PROFILE"]);
    let mut command = aws.command(&list);
    let regionless = command.env_remove("AWS_REGION").env_remove("AWS_DEFAULT_REGION");
    ran(regionless).is_refusal(&["no AWS region is configured", "set AWS_REGION"]);
}

#[test]
fn an_endpoint_that_is_named_for_all_services_is_heeded() {
    let Some((aws, id)) = Aws::with_key(&[]) else { return };
    let mut command = aws.command(&["keys", "list"]);
    let url = command
        .get_envs()
        .find(|(name, _)| *name == "AWS_ENDPOINT_URL_SECRETS_MANAGER")
        .unwrap()
        .1
        .unwrap()
        .to_owned();
    command.env_remove("AWS_ENDPOINT_URL_SECRETS_MANAGER").env("AWS_ENDPOINT_URL", url);
    assert!(ran(&mut command).stdout.contains(&id));
}

/// The SDK asks again; what counts is where AWSCURRENT is.
#[test]
fn a_lost_answer_is_read_back() {
    for action in ["CreateSecret", "GetSecretValue"] {
        let Some(aws) = Aws::new() else { return };
        aws.on(action, Fault::LoseAnswer(1));
        aws.succeeds(&["keys", "init", "--algorithm", "ecdsa-p256"]);
        assert_eq!(aws.ids().len(), 1, "{action}");
    }
    for action in ["PutSecretValue", "UpdateSecretVersionStage"] {
        for times in [1, 2] {
            let Some((aws, id)) = Aws::with_key(&[]) else { return };
            aws.on(action, Fault::LoseAnswer(times));
            aws.succeeds(&["keys", "activate", &id, "--key-pair-id", "K1"]);
            assert_eq!(aws.listing()["keys"][0]["state"], "active");
            assert!(aws.calls(action) > times, "{action}");
        }
    }
}

#[test]
fn where_no_answer_comes_at_all_it_is_said_that_it_is_not_known() {
    let Some((aws, id)) = Aws::with_key(&[]) else { return };
    aws.on("UpdateSecretVersionStage", Fault::LoseAnswer(usize::MAX));
    let activate = ["keys", "activate", &id, "--key-pair-id", "K1"];
    // Lost, and done all the same: reading back tells.
    aws.succeeds(&activate);
    aws.without_faults();

    let (other, second) = Place::with_key(&[]);
    let pem = other.pem(&second);
    let before = aws.current();
    aws.on("UpdateSecretVersionStage", Fault::Garble("hunter2"));
    let import = ["keys", "import", pem.to_str().unwrap(), "--key-pair-id", "K2"];
    let told = aws.run(&import);
    told.is_refusal(&["AWS did not answer whether secret", "keys list", "run this again"]);
    assert!(!told.stderr.contains("hunter2"));
    assert_eq!(aws.current(), before);
    aws.without_faults();
    aws.succeeds(&import);
}
