//! What a ticket is needed for: entering, and leaving by the web app's word.

use std::borrow::Cow;
use std::pin::pin;
use std::time::Duration;

use actix_web::HttpRequest;
use tokio::time::Instant;

use super::in_time::in_time;
use super::problem::Problem;
use super::service;
use crate::session::replay::ReplayStore;
use crate::session::return_url::single_parameter;
use crate::session::ticket::{
    EarlierTickets, TicketRefusal, TicketSettings, TicketSettingsError, TicketVerifier, VerifiedTicket,
};
use crate::session::{Failures, ProviderRefusal};
use crate::telemetry::metrics::StoreMetrics;

/// The parameters of both routes.
pub(super) struct Query<'r> {
    pub(super) ticket: Option<Cow<'r, str>>,
    pub(super) return_to: Option<Cow<'r, str>>,
}

impl<'r> Query<'r> {
    /// # Errors
    /// [`Problem::Query`].
    pub(super) fn of(request: &'r HttpRequest) -> Result<Self, Problem> {
        let query = request.query_string();
        let return_to = single_parameter(query, "return_to").map_err(Problem::Query)?;
        let ticket = single_parameter(query, "ticket").map_err(Problem::Query)?;
        Ok(Self { ticket, return_to })
    }
}

/// Tickets of the web app, each taken once.
pub(super) struct HandOver {
    tickets: TicketVerifier,
    /// What the process before this one may have used up, if only that one knew.
    earlier: Option<EarlierTickets>,
    replay: ReplayStore,
    metrics: StoreMetrics,
}

impl HandOver {
    /// # Errors
    /// [`TicketSettingsError`], of which the configuration has none.
    pub(super) fn new(
        tickets: TicketSettings,
        replay: ReplayStore,
        metrics: StoreMetrics,
    ) -> Result<Self, TicketSettingsError> {
        let earlier = EarlierTickets::before(service::now(), &tickets);
        Ok(Self {
            earlier: (!replay.is_shared()).then_some(earlier),
            tickets: TicketVerifier::new(tickets)?,
            replay,
            metrics,
        })
    }

    /// A ticket that is good, and not yet used up. `uptime` is how long this process has run. Keys that are fetched
    /// have until `deadline` to come.
    ///
    /// # Errors
    /// [`Problem`] with one code, whatever is wrong with it; another where there are no keys to tell.
    pub(super) async fn verify(
        &self,
        ticket: Option<&str>,
        now: i64,
        uptime: Duration,
        deadline: Instant,
    ) -> Result<VerifiedTicket, Problem> {
        let ticket = ticket.ok_or(Problem::TicketMissing)?;
        let verified = in_time(deadline, pin!(self.tickets.verify_with_latest_keys(ticket, now))).await;
        let ticket = verified.ok_or(Problem::SessionSlow)?.map_err(|refusal| match refusal {
            TicketRefusal::KeysUnavailable => {
                Problem::Session(ProviderRefusal::Unavailable(self.tickets.outage()))
            }
            refusal => Problem::Ticket(refusal),
        })?;
        match self.earlier {
            Some(earlier) if earlier.may_have_taken(ticket.issued_at, uptime) => {
                Err(Problem::TicketFromEarlier)
            }
            _ => Ok(ticket),
        }
    }

    /// Whether there are keys to verify tickets by.
    pub(super) fn has_keys(&self) -> bool {
        self.tickets.has_keys()
    }

    /// Fetches of these keys that failed, if they are fetched.
    pub(super) fn failures(&self) -> Option<Failures> {
        self.tickets.failures()
    }

    /// Uses the ticket up.
    ///
    /// # Errors
    /// [`Problem::TicketUsed`]; or that the store cannot tell, which it has until `deadline` to do.
    pub(super) async fn redeem(
        &self,
        ticket: &VerifiedTicket,
        now: i64,
        deadline: Instant,
    ) -> Result<(), Problem> {
        let redeemed =
            in_time(deadline, pin!(self.replay.redeem(&ticket.jti_key, ticket.expires, now))).await;
        let redeemed = redeemed.map_or(Err(Problem::StoreSlow), |redeemed| redeemed.map_err(Problem::from));
        if let Err(Problem::StoreSlow | Problem::ReplayStore(_)) = redeemed {
            self.metrics.replay_errors.inc();
        }
        redeemed
    }
}
