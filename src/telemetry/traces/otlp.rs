//! Sends spans to a collector by OTLP over HTTP (protobuf).
//!
//! They wait in a bounded queue, and a thread of its own sends them: a collector that is away, slow or broken costs spans
//! and nothing else. That it is, is said once, and once that it takes them again.

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use http::{Request, Response};
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::{Bytes, HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider};
use reqwest::redirect::Policy;
use tokio::runtime::{Builder, Runtime};
use tracing::level_filters::LevelFilter;
use tracing::{Metadata, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::filter_fn;

use super::{SpanLayer, TraceContext, TracesConfig, TracesError};

/// Whether spans can be sent to a collector.
pub const CAN_EXPORT: bool = true;

/// Spans that wait, of up to some 2 KB each; others are lost.
const QUEUED: usize = 4096;

/// Spans that are sent at one time.
const AT_ONCE: usize = 512;

/// How long spans are gathered.
const GATHERED: Duration = Duration::from_secs(1);

/// The longest answer of a collector that is read, in bytes. Nothing is made of it.
const MAX_ANSWER: usize = 64 * 1024;

/// Sends spans until it is dropped; then the last ones, for which the process waits as long as for any batch.
pub(crate) struct Exporting {
    provider: SdkTracerProvider,
    patience: Duration,
}

impl Drop for Exporting {
    fn drop(&mut self) {
        // What went wrong has been said by the client; what was late is lost.
        let _ = self.provider.shutdown_with_timeout(self.patience);
    }
}

/// What takes the spans of this program out of `tracing`, and what sends them.
///
/// # Errors
/// [`TracesError`] if there can be no client: no certificates of the system, or a variable of the environment that the
/// library does not understand.
pub(crate) fn open(config: &TracesConfig) -> Result<(SpanLayer, Exporting), TracesError> {
    let failed = |error: &dyn Error| TracesError::Client(chain(error));
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Collector::new(config).map_err(|error| failed(&*error))?)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(config.endpoint.as_str())
        .with_timeout(config.timeout)
        .build()
        .map_err(|error| failed(&error))?;
    let batches = BatchConfigBuilder::default()
        .with_max_queue_size(QUEUED)
        .with_max_export_batch_size(AT_ONCE)
        .with_scheduled_delay(GATHERED);
    let service = Resource::builder()
        .with_service_name("edgemint")
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    let provider = SdkTracerProvider::builder()
        .with_span_processor(BatchSpanProcessor::builder(exporter).with_batch_config(batches.build()).build())
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(config.ratio.get()))))
        .with_resource(service.build())
        .build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("edgemint"))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_filter(filter_fn(is_ours).with_max_level_hint(LevelFilter::INFO));
    Ok((layer.boxed(), Exporting { provider, patience: config.timeout }))
}

/// Spans of libraries hold pieces of requests, and so do lines of the log that fall into a span.
fn is_ours(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.target().starts_with("edgemint")
}

/// Makes a span that has not been entered the child of a place in another process.
pub fn adopt(span: &Span, parent: &TraceContext) {
    let hex = "the context has hexadecimal ids";
    let context = SpanContext::new(
        TraceId::from_hex(parent.trace_id()).expect(hex),
        SpanId::from_hex(parent.span_id()).expect(hex),
        TraceFlags::new(parent.flags()),
        true,
        parent.tracestate().and_then(|state| state.parse::<TraceState>().ok()).unwrap_or_default(),
    );
    // A span that nobody wants has no parent either.
    let _ = span.set_parent(Context::new().with_remote_span_context(context));
}

/// The place of a span in its trace, if it has one.
#[must_use]
pub fn place_of(span: &Span) -> Option<TraceContext> {
    if span.is_disabled() {
        return None;
    }
    let context = span.context();
    let span = context.span();
    let place = span.span_context();
    let (trace_id, span_id) = (place.trace_id().to_string(), place.span_id().to_string());
    let state = super::state::TraceState::parse([place.trace_state().header().as_bytes()]);
    place.is_valid().then(|| TraceContext::new(&trace_id, &span_id, place.trace_flags().to_u8(), state))
}

/// Gives a span that is under way another name.
pub fn rename(span: &Span, name: String) {
    span.context().span().update_name(name);
}

/// The collector, as the exporter's thread asks it.
#[derive(Debug)]
struct Collector {
    client: reqwest::Client,
    /// Runs while something is sent, on the thread that sends.
    runtime: Runtime,
    is_failing: AtomicBool,
}

impl Collector {
    fn new(config: &TracesConfig) -> Result<Self, Box<dyn Error>> {
        let mut client = reqwest::Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .timeout(config.timeout)
            // Between two batches nobody would notice that a connection has ended.
            .pool_max_idle_per_host(0)
            .user_agent(concat!("edgemint/", env!("CARGO_PKG_VERSION")));
        if config.endpoint.as_str().starts_with("http:") {
            // Without TLS no certificate counts, and the system need not have any.
            client = client.tls_certs_only([]);
        }
        let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(1).build()?;
        Ok(Self { client: client.build()?, runtime, is_failing: AtomicBool::new(false) })
    }

    async fn post(&self, request: Request<Bytes>) -> Result<Response<Bytes>, reqwest::Error> {
        let mut answer = self.client.execute(request.try_into()?).await?;
        let status = answer.status();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if body.len() + chunk.len() > MAX_ANSWER {
                break;
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = status;
        // Among them is when to try again.
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }

    fn say(&self, outcome: Result<(), String>) {
        let was_failing = self.is_failing.swap(outcome.is_err(), Ordering::Relaxed);
        match outcome {
            Err(reason) if !was_failing => {
                tracing::warn!(reason, "the collector does not take traces; spans are lost until it does");
            }
            Ok(()) if was_failing => tracing::info!("the collector takes traces again"),
            _ => {}
        }
    }
}

#[async_trait]
impl HttpClient for Collector {
    /// Blocks its thread, which has nothing else to do.
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        // The thread that a panic would end is not begun anew.
        let asked = catch_unwind(AssertUnwindSafe(|| self.runtime.block_on(self.post(request))));
        let Ok(answer) = asked else {
            self.say(Err("a panic broke it off".to_owned()));
            return Err("a panic broke it off".into());
        };
        let answer = answer.map_err(reqwest::Error::without_url);
        self.say(match &answer {
            Ok(answer) if answer.status().is_success() => Ok(()),
            // What stands in the answer is not repeated: anything might.
            Ok(answer) => Err(format!("it answered {}", answer.status().as_u16())),
            Err(error) => Err(chain(error)),
        });
        Ok(answer?)
    }
}

/// An error and everything behind it.
fn chain(error: &dyn Error) -> String {
    let (mut text, mut next) = (error.to_string(), error.source());
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
