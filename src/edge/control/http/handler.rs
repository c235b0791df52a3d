//! From a request to its answer, with the faults that were asked for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use actix_web::http::header::IF_MATCH;
use actix_web::rt::time::sleep;
use actix_web::web::{self, Bytes, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::answers::{self, Problem};
use super::connection::sever;
use super::faults::{Fault, Rule, strike};
use super::history::{Entry, History};
use super::route::route;
use super::{admin, authorization};
use crate::edge::control::account::PageRequest;
use crate::edge::control::ids;
use crate::edge::control::plane::{Call, ControlPlane, Done};

/// Bytes of the longest body. Our documents have a few hundred.
const LONGEST_BODY: usize = 64 * 1024;

/// The control plane behind one listener. Cheap to clone.
#[derive(Clone)]
pub(super) struct Handler {
    plane: ControlPlane,
    records: Arc<Mutex<Records>>,
    /// Our own address as a URL, for `Location`.
    base: Arc<str>,
}

/// What tests set and look at.
#[derive(Default)]
pub(super) struct Records {
    pub(super) faults: Vec<Rule>,
    pub(super) history: History,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListQuery {
    marker: Option<String>,
    max_items: Option<String>,
}

impl Handler {
    pub(super) fn new(plane: ControlPlane, base: String) -> Self {
        Self { plane, records: Arc::default(), base: base.into() }
    }

    pub(super) async fn answer(self, request: HttpRequest, payload: Payload) -> HttpResponse {
        let body = match payload.to_bytes_limited(LONGEST_BODY).await {
            Ok(Ok(body)) => body,
            // The connection is gone; nobody reads this.
            Ok(Err(_)) => return HttpResponse::BadRequest().finish(),
            Err(_) => return Problem::TooLarge.answer(&ids::uuid()),
        };
        if request.path().starts_with(admin::PREFIX) {
            return admin::answer(&mut self.records(), &request, &body);
        }
        let request_id = ids::uuid();
        let (call, fault) = match self.accept(&request, &body) {
            Ok(accepted) => accepted,
            Err(problem) => return problem.answer(&request_id),
        };
        let (operation, base) = (call.operation, self.base.clone());
        // On a task of its own: a client that goes away does not undo what it asked for.
        match actix_web::rt::spawn(self.carry_out(call, fault)).await {
            Ok(Some(Ok(done))) => answers::done(done, operation, &base, &request_id),
            Ok(Some(Err(problem))) => problem.answer(&request_id),
            Ok(None) => {
                sever(&request);
                HttpResponse::InternalServerError().finish()
            }
            Err(_) => HttpResponse::InternalServerError().finish(),
        }
    }

    /// The call that a request is, and the fault that strikes it.
    fn accept(&self, request: &HttpRequest, body: &Bytes) -> Result<(Call, Option<Fault>), Problem> {
        authorization::is_signed(request)?;
        let (operation, id) = route(request.method(), request.path()).ok_or(Problem::NotImplemented)?;
        let query = web::Query::<ListQuery>::from_query(request.query_string()).map(web::Query::into_inner);
        let ListQuery { marker, max_items } = query.unwrap_or_default();
        let if_match = request
            .headers()
            .get(IF_MATCH)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let mut records = self.records();
        records.history.arrived(operation);
        let fault = strike(&mut records.faults, operation);
        let page = PageRequest { marker, max_items };
        Ok((Call { operation, id: id.to_owned(), if_match, page, body: body.to_vec() }, fault))
    }

    /// What to answer; `None` if the connection is to end without an answer.
    async fn carry_out(self, call: Call, fault: Option<Fault>) -> Option<Result<Done, Problem>> {
        let Some(fault) = fault else {
            let result = self.perform(&call);
            self.record(&call, Some(&result), None);
            return Some(result);
        };
        sleep(fault.delay_before()).await;
        let result = match &fault {
            Fault::DropBefore => None,
            other => Some(other.answer().map_or_else(|| self.perform(&call), Err)),
        };
        self.record(&call, result.as_ref(), Some(&fault));
        sleep(fault.delay_after()).await;
        result.filter(|_| fault != Fault::DropAfter)
    }

    fn perform(&self, call: &Call) -> Result<Done, Problem> {
        self.plane.perform(call, (SystemTime::now().into(), Instant::now())).map_err(Problem::from)
    }

    fn record(&self, call: &Call, result: Option<&Result<Done, Problem>>, fault: Option<&Fault>) {
        let problem = result.and_then(|result| result.as_ref().err());
        let status =
            result.map(|result| result.as_ref().map_or_else(Problem::status, answers::done_status).as_u16());
        let code = problem.map(|problem| problem.code().to_owned());
        let fault = fault.map(Fault::name);
        tracing::info!(call = ?call.operation, id = %call.id, status, code = code.as_deref(), fault, "control plane answered");
        self.records().history.add(Entry { call: call.operation, id: call.id.clone(), status, code, fault });
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
