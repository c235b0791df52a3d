//! Counts every request, and what came of it. On a request's path these are a dozen atomic additions.

use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::{HttpRequest, web};

use super::audit;
use super::problem::Problem;
use super::route::Route;
use super::service::Service;
use crate::config::{Config, StorePlace};
use crate::mint::{Observer, PrepareError, Profile};
use crate::telemetry::metrics::{Labels, Metrics, SigningMetrics};

/// All instruments of a service with this configuration, and who can be asked for a listener's name.
pub(super) fn instruments(config: &Config) -> (Metrics, Words) {
    let mut providers = Vec::new();
    let mut add = |name: Option<&'static str>| {
        let name = name?;
        providers.push(name);
        Some(providers.len() - 1)
    };
    let session = config.session.as_ref().map(|_| "own");
    let words = Words {
        session: add(session.or_else(|| config.provider.as_ref().map(|provider| provider.name()))),
        ticket: add(config.ticket.as_ref().map(|_| "ticket")),
        api_key: add((!config.api_keys.is_empty()).then_some("api_key")),
    };
    let (replay_store, revocation_store) = match config.store.place {
        StorePlace::Memory => ("memory", "memory"),
        StorePlace::File(_) => ("memory", "file"),
        StorePlace::Redis(_) => ("redis", "redis"),
    };
    let labels = Labels {
        routes: &Route::NAMES,
        codes: &Problem::CODES,
        providers,
        grants: config.grants.iter().map(Profile::name).map(str::to_owned).collect(),
        reasons: &PrepareError::CODES,
        replay_store,
        revocation_store,
    };
    (Metrics::new(env!("CARGO_PKG_VERSION"), labels), words)
}

/// By whose word routes go: places among the providers of [`Labels`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Words {
    session: Option<usize>,
    ticket: Option<usize>,
    api_key: Option<usize>,
}

impl Words {
    /// Who is asked on this route, whether or not it comes to that.
    fn of(self, request: &HttpRequest, route: Route) -> Option<usize> {
        match route.name() {
            "/enter" => self.ticket.or(self.session),
            "/leave" if request.method() == Method::GET => self.ticket,
            "/renew" | "/status" | "/leave" => self.session,
            "/v1/mint" | "/v1/revoke" => self.api_key,
            _ => None,
        }
    }
}

/// A request under way, until it is dropped: with its answer, or because its sender has gone.
pub(super) struct UnderWay(web::Data<Service>);

impl UnderWay {
    /// One that begins now. `None` in an app that has no service.
    pub(super) fn begin(request: &ServiceRequest) -> Option<Self> {
        let service = request.app_data::<web::Data<Service>>()?.clone();
        service.metrics.requests().in_flight.inc();
        Some(Self(service))
    }

    /// Counts the answer, which took so long.
    pub(super) fn answered(&self, response: &ServiceResponse, took: Duration) {
        let (metrics, request) = (self.0.metrics.requests(), response.request());
        let route = Route::of(request);
        metrics.answered(route.place(), response.status().as_u16(), took);
        let problem = response.response().error().and_then(|error| error.as_error::<Problem>());
        if let Some(problem) = problem {
            metrics.refused(route.place(), self.0.words.of(request, route), problem.code());
        } else if let Some(provider) = self.0.words.of(request, route) {
            audit::each_minted(request, |grant| metrics.minted(grant, provider));
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.metrics.requests().in_flight.dec();
    }
}

/// Tells metrics of what a minter does.
struct Told(SigningMetrics);

impl Observer for Told {
    fn signed(&self, took: Duration) {
        self.0.durations.observe(took);
    }

    fn found_shared(&self) {
        self.0.shared_hits.inc();
    }

    fn missed_shared(&self) {
        self.0.shared_misses.inc();
    }
}

/// What tells these metrics of what a minter does.
pub(super) fn observer(metrics: &SigningMetrics) -> Arc<dyn Observer> {
    Arc::new(Told(metrics.clone()))
}
