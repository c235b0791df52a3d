use std::time::Duration;

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region};
use aws_sdk_cloudfront::Client;
use aws_sdk_cloudfront::config::{Credentials, ProvideCredentials as _};

use super::error::NoCredentials;
use crate::rotation::causes::causes_of;

/// How long one call may take with everything that the SDK tries again in it.
const WHOLE_CALL: Duration = Duration::from_secs(60);

/// How long one attempt of a call may take.
const ATTEMPT: Duration = Duration::from_secs(15);

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// Attempts of one call: what is throttled or fails for a moment is tried again, later each time.
const ATTEMPTS: u32 = 5;

/// CloudFront is one service for all regions, which AWS signs for here. China has its own partition.
const REGION: &str = "us-east-1";

/// The CloudFront API, with the credentials of this machine.
#[derive(Debug, Clone)]
pub struct CloudFront {
    pub(super) client: Client,
}

impl CloudFront {
    /// Connects with the credentials that every AWS tool finds: environment, profile, web identity,
    /// container, instance. `endpoint_url` takes the place of the AWS endpoint. Nothing is asked yet but
    /// for credentials.
    ///
    /// # Errors
    /// [`NoCredentials`].
    pub async fn connect(endpoint_url: Option<&str>) -> Result<Self, NoCredentials> {
        let region = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
            .or_else(ProfileFileRegionProvider::new())
            .or_else(REGION);
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .region(region)
            .timeout_config(timeouts())
            .retry_config(retries());
        if let Ok(name) = AppName::new(concat!("edgemint-", env!("CARGO_PKG_VERSION"))) {
            loader = loader.app_name(name);
        }
        if let Some(url) = endpoint_url {
            loader = loader.endpoint_url(url);
        }
        let config = loader.load().await;
        // Asked for now: the first call would say the same in words that nobody can act on.
        let provider = config.credentials_provider().ok_or(NoCredentials { reason: None })?;
        if let Err(error) = provider.provide_credentials().await {
            return Err(NoCredentials { reason: Some(causes_of(&error)) });
        }
        Ok(Self { client: Client::new(&config) })
    }

    /// Connects to a double of CloudFront, which takes any credentials: none of this machine is read or sent.
    #[must_use]
    pub fn connect_to_double(endpoint_url: &str) -> Self {
        let nobody = Credentials::new("AKIAEXAMPLE", "example", None, None, "edgemint");
        let config = aws_sdk_cloudfront::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(nobody)
            .endpoint_url(endpoint_url)
            .timeout_config(timeouts())
            .retry_config(retries())
            .build();
        Self { client: Client::from_conf(config) }
    }
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(WHOLE_CALL)
        .build()
}

fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS)
}
