//! Steps for a person without access to the API: what to type, and what they say of it.

use std::fmt::Write as _;

use super::error::RotationError;
use crate::cloudfront::{KeyPairId, PublicKey};
use crate::keyring::{Action, Entry, KeyId, caller_reference};

/// What a person says of the step that they were shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmation {
    /// The public key was created; CloudFront gave it this id.
    Created(KeyPairId),
    /// The step is done.
    Done,
}

impl Confirmation {
    /// What to record of a step that this confirms.
    pub(super) fn of(self, action: &Action) -> Result<Action, RotationError> {
        match (self, action) {
            (Self::Created(key_pair_id), Action::Publish { id }) => {
                Ok(Action::Adopt { id: id.clone(), key_pair_id })
            }
            (Self::Created(_), _) => Err(RotationError::Confirmation(
                "the step that is due creates no public key: confirm it with --done in the place of --key-pair-id",
            )),
            (Self::Done, Action::Publish { .. }) => Err(RotationError::Confirmation(
                "CloudFront gave the public key an id: give that with --key-pair-id in the place of --done",
            )),
            (Self::Done, _) => Ok(action.clone()),
        }
    }
}

/// How a person takes one step: with the AWS CLI, or in Terraform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instructions {
    /// The step.
    pub action: Action,
    /// Commands of the AWS CLI.
    pub aws_cli: String,
    /// Blocks of a Terraform configuration, with comments on what to change.
    pub terraform: String,
    /// The flags that confirm the step.
    pub confirmed_by: &'static str,
}

impl Instructions {
    /// `key`: the public key, for the step that creates it. `comment`: what CloudFront shows beside it.
    pub(super) fn new(
        action: &Action,
        entry: &Entry,
        key: Option<&PublicKey>,
        key_group: &str,
        comment: &str,
    ) -> Self {
        let id = entry.key_pair_id().map_or_else(|| "K…".to_owned(), ToString::to_string);
        let (aws_cli, terraform) = match (action, key) {
            (_, Some(key)) => (create(entry.id(), key, comment), public_key_block(entry.id(), key, comment)),
            (Action::Delete { .. }, _) => {
                (delete(&id), format!("# Take out the resource:\n#   {}\n", block_name(entry.id())))
            }
            (Action::Trust { .. }, _) => {
                (update(key_group, &format!(".Items += [\"{id}\"]")), group_block(key_group, &id, true))
            }
            _ => (update(key_group, &format!(".Items -= [\"{id}\"]")), group_block(key_group, &id, false)),
        };
        let confirmed_by = match action {
            Action::Publish { .. } => "--key-pair-id K…",
            _ => "--done",
        };
        Self { action: action.clone(), aws_cli, terraform, confirmed_by }
    }
}

fn create(id: &KeyId, key: &PublicKey, comment: &str) -> String {
    let name = caller_reference(id);
    // JSON inside single quotes: neither a PEM nor an id holds one.
    let config = serde_json::json!({
        "CallerReference": name, "Name": name, "Comment": comment, "EncodedKey": key.to_pem(),
    });
    format!(
        "aws cloudfront create-public-key --query PublicKey.Id --output text \\\n  --public-key-config '{config}'\n"
    )
}

/// The whole group is read, changed and put (rules §4); jq does the change.
fn update(key_group: &str, change: &str) -> String {
    format!(
        "aws cloudfront get-key-group --id {key_group} > key-group.json\n\
         aws cloudfront update-key-group --id {key_group} --if-match \"$(jq -r .ETag key-group.json)\" \\\n  \
         --key-group-config \"$(jq '.KeyGroup.KeyGroupConfig | {change}' key-group.json)\"\n"
    )
}

fn delete(id: &str) -> String {
    format!(
        "aws cloudfront delete-public-key --id {id} \\\n  \
         --if-match \"$(aws cloudfront get-public-key --id {id} --query ETag --output text)\"\n"
    )
}

fn block_name(id: &KeyId) -> String {
    format!("aws_cloudfront_public_key.edgemint_{id}")
}

fn public_key_block(id: &KeyId, key: &PublicKey, comment: &str) -> String {
    let name = caller_reference(id);
    let mut block = format!("resource \"aws_cloudfront_public_key\" \"edgemint_{id}\" {{\n");
    let _ =
        writeln!(block, "  name        = \"{name}\"\n  comment     = \"{comment}\"\n  encoded_key = <<-EOT");
    for line in key.to_pem().lines() {
        let _ = writeln!(block, "    {line}");
    }
    let _ = write!(block, "  EOT\n}}\n\noutput \"edgemint_{id}\" {{\n  value = {}.id\n}}\n", block_name(id));
    block
}

fn group_block(key_group: &str, id: &str, is_added: bool) -> String {
    let change = if is_added { "add" } else { "take out" };
    format!(
        "# In the aws_cloudfront_key_group with the id {key_group}: {change} this key, and keep all others.\n\
         #   items = [ …, \"{id}\" ]\n"
    )
}
