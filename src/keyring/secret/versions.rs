use std::fmt::Write as _;

use aws_sdk_secretsmanager::error::SdkError;
use aws_sdk_secretsmanager::operation::create_secret::CreateSecretError;

use super::client::{CURRENT, SecretClient, code};
use super::error::SecretError;
use super::members::Members;

/// The most bytes that a secret's value may have (quotas of Secrets Manager).
const LARGEST: usize = 65_536;

/// The label of a version that was written and is not current yet. A crash can leave one behind; the next
/// version takes the label from it.
const PENDING: &str = "EDGEMINT-PENDING";

/// Writes versions of a secret, each on top of the one that was read or written last.
///
/// Secrets Manager has no locks. So a new version is first put beside the current one, and then AWSCURRENT is moved
/// to it *from the version that was read*, which AWS refuses if it is on another by now. Of two writers one wins,
/// and the other is told and has changed nothing.
#[derive(Debug)]
pub struct SecretWriter {
    client: SecretClient,
    /// The version that AWSCURRENT is on, as far as is known here.
    base: Option<String>,
}

impl SecretWriter {
    /// A writer on top of the current version, and the files of that.
    ///
    /// # Errors
    /// The secret cannot be read or holds something else than a keyring; that it is missing is no error.
    pub async fn begin(client: SecretClient) -> Result<(Self, Members), SecretError> {
        match client.current().await? {
            Some(version) => Ok((Self { client, base: Some(version.id) }, version.members)),
            None => Ok((Self { client, base: None }, Members::default())),
        }
    }

    /// Makes these files the current version. After an error nothing is changed, but for
    /// [`SecretError::Unknown`].
    ///
    /// # Errors
    /// They are too large, another writer was first, or what AWS refuses.
    pub async fn write(&mut self, members: &Members) -> Result<(), SecretError> {
        let json = members.to_json();
        if json.len() > LARGEST {
            return Err(SecretError::TooLarge { secret: self.secret(), bytes: json.len(), limit: LARGEST });
        }
        // Names the version, and makes a repeated request the same request.
        let token = token();
        match self.put(&token, &json).await? {
            Put::Current => {}
            Put::Pending => self.make_current(&token).await?,
        }
        self.base = Some(token);
        Ok(())
    }

    /// Puts a version beside the current one; where there is no secret, makes it with this version.
    async fn put(&self, token: &str, json: &str) -> Result<Put, SecretError> {
        let (id, calls) = (self.client.id.as_str(), &self.client.calls);
        let request = calls.put_secret_value().secret_id(id).client_request_token(token);
        match request.secret_string(json).version_stages(PENDING).send().await {
            Ok(_) => Ok(Put::Pending),
            Err(error) if self.base.is_none() && code(&error) == Some("ResourceNotFoundException") => {
                let request = calls.create_secret().name(id).client_request_token(token).secret_string(json);
                match request.description("Signing keys of edgemint").send().await {
                    Ok(_) => Ok(Put::Current),
                    Err(error) => self.created_after_all(token, &error).await.map(|()| Put::Current),
                }
            }
            Err(error) => Err(self.client.refusal("secretsmanager:PutSecretValue", &error).await),
        }
    }

    /// A repetition after a lost answer finds the secret that the first attempt made.
    async fn created_after_all(
        &self,
        token: &str,
        error: &SdkError<CreateSecretError>,
    ) -> Result<(), SecretError> {
        let refusal = match code(error) {
            Some("ResourceExistsException") => SecretError::Changed { secret: self.secret() },
            _ => self.client.refusal("secretsmanager:CreateSecret", error).await,
        };
        match self.client.current().await {
            Ok(Some(version)) if version.id == token => Ok(()),
            _ => Err(refusal),
        }
    }

    /// Moves AWSCURRENT from the version that was read to this one.
    async fn make_current(&self, token: &str) -> Result<(), SecretError> {
        let request = self.client.calls.update_secret_version_stage().secret_id(self.client.id.as_str());
        let request = request.version_stage(CURRENT).move_to_version_id(token);
        let Err(error) = request.set_remove_from_version_id(self.base.clone()).send().await else {
            return Ok(());
        };
        // An answer may have been lost: what counts is where the label is.
        match self.client.current().await.map(|version| version.map(|version| version.id)) {
            Ok(Some(current)) if current == token => Ok(()),
            Ok(current) if current != self.base => Err(SecretError::Changed { secret: self.secret() }),
            // Without an answer, the request may still be under way.
            Ok(_) if code(&error).is_some() => {
                Err(self.client.refusal("secretsmanager:UpdateSecretVersionStage", &error).await)
            }
            _ => Err(SecretError::Unknown { secret: self.secret() }),
        }
    }

    fn secret(&self) -> String {
        self.client.id.to_string()
    }
}

/// What became of a version that was put.
enum Put {
    /// It is there, and another is current.
    Pending,
    /// It is the first and so the current one.
    Current,
}

/// 32 hexadecimal digits, the shortest that a ClientRequestToken may be.
fn token() -> String {
    let mut random = [0; 16];
    aws_lc_rs::rand::fill(&mut random).expect("aws-lc aborts where the system gives no random bytes");
    random.iter().fold(String::with_capacity(32), |mut token, byte| {
        write!(token, "{byte:02x}").expect("memory takes it");
        token
    })
}
