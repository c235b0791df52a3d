use std::error::Error;
use std::time::Duration;

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion};
use aws_sdk_cloudfront::Client;
use aws_sdk_cloudfront::config::ProvideCredentials as _;

use super::error::NoCredentials;

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
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(ATTEMPT)
            .operation_timeout(WHOLE_CALL)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .region(region)
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS));
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
            return Err(NoCredentials { reason: Some(first_line(&error)) });
        }
        Ok(Self { client: Client::new(&config) })
    }
}

/// The heads of an error and of all behind it: the providers list on further lines what each of them lacked.
fn first_line(error: &dyn Error) -> String {
    let mut causes = vec![error.to_string()];
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    let heads = causes.iter().filter_map(|cause| cause.lines().next());
    heads
        .map(|head| head.trim_end_matches(" Attempted:").trim_end_matches('.'))
        .collect::<Vec<_>>()
        .join(": ")
}
