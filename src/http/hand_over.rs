//! What a ticket is needed for: entering, and leaving by the web app's word.

use std::borrow::Cow;
use std::time::Duration;

use actix_web::HttpRequest;
use tokio::time::{Instant, timeout_at};

use super::problem::Problem;
use super::service;
use crate::session::replay::ReplayStore;
use crate::session::return_url::single_parameter;
use crate::session::ticket::{
    EarlierTickets, TicketSettings, TicketSettingsError, TicketVerifier, VerifiedTicket,
};

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
}

impl HandOver {
    /// # Errors
    /// [`TicketSettingsError`], of which the configuration has none.
    pub(super) fn new(tickets: TicketSettings, replay: ReplayStore) -> Result<Self, TicketSettingsError> {
        let earlier = EarlierTickets::before(service::now(), &tickets);
        Ok(Self {
            earlier: (!replay.is_shared()).then_some(earlier),
            tickets: TicketVerifier::new(tickets)?,
            replay,
        })
    }

    /// A ticket that is good, and not yet used up. `uptime` is how long this process has run.
    ///
    /// # Errors
    /// [`Problem`] with one code, whatever is wrong with it.
    pub(super) fn verify(
        &self,
        ticket: Option<&str>,
        now: i64,
        uptime: Duration,
    ) -> Result<VerifiedTicket, Problem> {
        let ticket = ticket.ok_or(Problem::TicketMissing)?;
        let ticket = self.tickets.verify(ticket, now).map_err(Problem::Ticket)?;
        match self.earlier {
            Some(earlier) if earlier.may_have_taken(ticket.issued_at, uptime) => {
                Err(Problem::TicketFromEarlier)
            }
            _ => Ok(ticket),
        }
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
        let redeemed = timeout_at(deadline, self.replay.redeem(&ticket.jti_key, ticket.expires, now)).await;
        Ok(redeemed.map_err(|_| Problem::StoreSlow)??)
    }
}
