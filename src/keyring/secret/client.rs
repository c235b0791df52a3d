use std::fmt;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use zeroize::Zeroizing;

use super::super::location::SecretId;
use super::error::SecretError;
use super::members::Members;

/// To connect, for one attempt, and for a call with all of its attempts.
const CONNECT: Duration = Duration::from_secs(3);
const ATTEMPT: Duration = Duration::from_secs(5);
const CALL: Duration = Duration::from_secs(15);

/// The first attempt and two more.
const ATTEMPTS: u32 = 3;

/// The label of the version that is read.
pub(super) const CURRENT: &str = "AWSCURRENT";

/// One secret, and how to reach it: credentials and region come from where every AWS tool finds them, and
/// `AWS_ENDPOINT_URL_SECRETS_MANAGER` or `AWS_ENDPOINT_URL` leads elsewhere.
#[derive(Clone)]
pub struct SecretClient {
    pub(super) id: SecretId,
    pub(super) calls: Client,
    credentials: Option<SharedCredentialsProvider>,
    region: String,
}

impl fmt::Debug for SecretClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretClient")
            .field("id", &self.id)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

/// A version of the secret's value.
#[derive(Debug)]
pub(super) struct Version {
    pub(super) id: String,
    pub(super) members: Members,
}

impl SecretClient {
    /// A client for this secret; nothing is sent yet.
    ///
    /// # Errors
    /// No region is configured.
    pub async fn new(id: SecretId) -> Result<Self, SecretError> {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(ATTEMPT)
            .operation_timeout(CALL)
            .build();
        let loader = aws_config::defaults(BehaviorVersion::latest())
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS));
        let loader = match id.region() {
            Some(region) => loader.region(Region::new(region.to_owned())),
            None => loader,
        };
        let config = loader.load().await;
        let Some(region) = config.region().map(Region::to_string) else {
            return Err(SecretError::NoRegion { secret: id.to_string() });
        };
        Ok(Self { id, calls: Client::new(&config), credentials: config.credentials_provider(), region })
    }

    /// The files that the secret holds now.
    ///
    /// # Errors
    /// It is missing, is refused, or holds something else.
    pub async fn read(&self) -> Result<Members, SecretError> {
        match self.current().await? {
            Some(version) => Ok(version.members),
            None => Err(SecretError::Missing { secret: self.id.to_string(), region: self.region.clone() }),
        }
    }

    /// The current version, or none where there is no secret or it has no value yet.
    pub(super) async fn current(&self) -> Result<Option<Version>, SecretError> {
        let asked =
            self.calls.get_secret_value().secret_id(self.id.as_str()).version_stage(CURRENT).send().await;
        let answer = match asked {
            Ok(answer) => answer,
            Err(error) if code(&error) == Some("ResourceNotFoundException") => return Ok(None),
            Err(error) => return Err(self.refusal("secretsmanager:GetSecretValue", &error).await),
        };
        let secret = || self.id.to_string();
        let json = answer
            .secret_string
            .map(Zeroizing::new)
            .ok_or_else(|| SecretError::Binary { secret: secret() })?;
        let members =
            Members::parse(&json).map_err(|source| SecretError::NotKeyring { secret: secret(), source })?;
        Ok(Some(Version { id: answer.version_id.unwrap_or_default(), members }))
    }

    /// What a failed call means.
    pub(super) async fn refusal<E: ProvideErrorMetadata>(
        &self,
        action: &'static str,
        error: &SdkError<E>,
    ) -> SecretError {
        let secret = self.id.to_string();
        let Some(code) = code(error) else {
            return match self.has_credentials().await {
                true => SecretError::Unreachable { secret },
                false => SecretError::NoCredentials { secret },
            };
        };
        // Codes of Secrets Manager and, for credentials, of every AWS service ("Common errors").
        let (code, is_about_deletion) = (code.to_owned(), says_deleted(error));
        match code.as_str() {
            "ResourceNotFoundException" => SecretError::Missing { secret, region: self.region.clone() },
            "InvalidRequestException" if is_about_deletion => SecretError::Deleted { secret },
            "AccessDeniedException" | "AccessDenied" | "DecryptionFailure" | "EncryptionFailure" => {
                SecretError::Denied { secret, action, code }
            }
            "ExpiredTokenException"
            | "ExpiredToken"
            | "UnrecognizedClientException"
            | "InvalidSignatureException"
            | "InvalidClientTokenId"
            | "IncompleteSignature"
            | "MissingAuthenticationToken"
            | "SignatureDoesNotMatch" => SecretError::BadCredentials { secret, code },
            "ThrottlingException"
            | "Throttling"
            | "TooManyRequestsException"
            | "RequestLimitExceeded"
            | "SlowDown" => SecretError::Throttled { secret, code },
            "InternalServiceError" | "ServiceUnavailable" | "InternalFailure" => {
                SecretError::Unreachable { secret }
            }
            _ => SecretError::Refused { secret, action, code },
        }
    }

    async fn has_credentials(&self) -> bool {
        match &self.credentials {
            Some(provider) => provider.provide_credentials().await.is_ok(),
            None => false,
        }
    }
}

/// The code of an answer that refuses; none where there was no answer that could be read.
pub(super) fn code<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Option<&str> {
    error.as_service_error().map(|refusal| refusal.code().unwrap_or("an error without a code"))
}

/// The code does not tell a secret that is marked for deletion from other requests that cannot be met now.
fn says_deleted<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    let message = error.as_service_error().and_then(ProvideErrorMetadata::message).unwrap_or_default();
    message.contains("deletion") || message.contains("marked deleted") || message.contains("scheduled")
}
