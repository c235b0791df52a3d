use super::super::misread::Misread;

/// Why a secret was not read or not changed. Each message says what was found and what to do; none holds any of
/// its value, nor what AWS says beside its error code, which may quote the request.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// Nothing has this name there.
    #[error(
        "there is no secret `{secret}` with a value in region {region}: make a keyring there with \
         `edgemint keys init --store secretsmanager:{secret}`, or correct its name or AWS_REGION"
    )]
    Missing {
        /// Its name or ARN.
        secret: String,
        /// Where it was looked for.
        region: String,
    },
    /// It waits to be deleted.
    #[error(
        "secret `{secret}` is marked for deletion: bring it back with \
         `aws secretsmanager restore-secret --secret-id {secret}`, or give another name"
    )]
    Deleted {
        /// Its name or ARN.
        secret: String,
    },
    /// AWS is not told where.
    #[error("no AWS region is configured for secret `{secret}`: set AWS_REGION, or give the secret's ARN")]
    NoRegion {
        /// Its name or ARN.
        secret: String,
    },
    /// None of the places where AWS tools look has any.
    #[error(
        "there are no AWS credentials to reach secret `{secret}` with: set AWS_PROFILE or AWS_ACCESS_KEY_ID and \
         AWS_SECRET_ACCESS_KEY, or run where a role gives them"
    )]
    NoCredentials {
        /// Its name or ARN.
        secret: String,
    },
    /// They have expired, or are wrong.
    #[error("AWS does not take the credentials for secret `{secret}` ({code}): renew or correct them")]
    BadCredentials {
        /// Its name or ARN.
        secret: String,
        /// AWS's code.
        code: String,
    },
    /// The credentials are good, and may not do this.
    #[error(
        "these AWS credentials may not {action} on secret `{secret}` ({code}): allow it in the policy of their user \
         or role, and in that of the KMS key if the secret has one of its own"
    )]
    Denied {
        /// Its name or ARN.
        secret: String,
        /// The name of the IAM action.
        action: &'static str,
        /// AWS's code.
        code: String,
    },
    /// Still after the repetitions.
    #[error(
        "AWS takes no more requests about secret `{secret}` for now ({code}): run this again in a minute"
    )]
    Throttled {
        /// Its name or ARN.
        secret: String,
        /// AWS's code.
        code: String,
    },
    /// No answer, still after the repetitions.
    #[error(
        "Secrets Manager does not answer about secret `{secret}`: see to the network, AWS_REGION and \
         AWS_ENDPOINT_URL, then run this again"
    )]
    Unreachable {
        /// Its name or ARN.
        secret: String,
    },
    /// Its value is bytes.
    #[error(
        "secret `{secret}` holds bytes (SecretBinary), and a keyring is a text of JSON: give the name of another"
    )]
    Binary {
        /// Its name or ARN.
        secret: String,
    },
    /// Its value is not what belongs there.
    #[error(
        "secret `{secret}` does not read as a keyring ({source}): give the name of another, or put the value of its \
         version AWSPREVIOUS back"
    )]
    NotKeyring {
        /// Its name or ARN.
        secret: String,
        /// Where it stops being one.
        source: Misread,
    },
    /// More than Secrets Manager takes.
    #[error(
        "secret `{secret}` would have {bytes} bytes, and Secrets Manager takes {limit} at most: nothing was changed; \
         take keys out that are not in keyring.json (`edgemint keys list` names them), or move the keyring to a \
         directory"
    )]
    TooLarge {
        /// Its name or ARN.
        secret: String,
        /// How large it would have been.
        bytes: usize,
        /// The most that is taken.
        limit: usize,
    },
    /// Somebody else's change came first.
    #[error(
        "secret `{secret}` was changed meanwhile by another: nothing of theirs was lost and nothing was changed here; \
         run this again"
    )]
    Changed {
        /// Its name or ARN.
        secret: String,
    },
    /// Whether the change came about is not known.
    #[error(
        "AWS did not answer whether secret `{secret}` was changed: see with `edgemint keys list`, then run this again"
    )]
    Unknown {
        /// Its name or ARN.
        secret: String,
    },
    /// Any other refusal.
    #[error(
        "AWS refuses {action} on secret `{secret}` ({code}): see what its documentation says of that code"
    )]
    Refused {
        /// Its name or ARN.
        secret: String,
        /// The name of the IAM action.
        action: &'static str,
        /// AWS's code.
        code: String,
    },
}
