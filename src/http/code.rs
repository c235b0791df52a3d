use actix_web::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// One line for each code: what [`super::problem::Problem`] comes to for the client.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $status:ident, $code:literal, $title:literal;)*) => {
        /// What the client of a refused request is told. Stable: clients tell refusals apart by the code, and it is
        /// the label in logs and metrics.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// All that there are.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// As they are written, in the same order.
            pub const NAMES: &[&str] = &[$($code),*];

            fn describe(self) -> (StatusCode, &'static str, &'static str) {
                match self {
                    $(Self::$name => (StatusCode::$status, $code, $title),)*
                }
            }
        }
    };
}

codes! {
    /// No such route.
    NotFound = NOT_FOUND, "not_found", "There is nothing at this address.";
    /// The route exists for another method.
    MethodNotAllowed = METHOD_NOT_ALLOWED, "method_not_allowed", "This address takes another method.";
    /// The query is ambiguous.
    Query = BAD_REQUEST, "query_refused", "The query is not of the form that this address takes.";
    /// The return URL leads elsewhere.
    ReturnUrl = BAD_REQUEST, "return_url_refused", "The return URL must lead to one of the configured application origins.";
    /// No ticket, or one that proves nothing.
    Ticket = UNAUTHORIZED, "ticket_refused", "The ticket was not accepted. Go back to the application and sign in again.";
    /// The cookie of the session would be too large.
    SessionTooLarge = BAD_REQUEST, "session_too_large", "The ticket says more than a session can keep. The application must send fewer claims.";
    /// It cannot be told who is asking.
    SessionProvider = SERVICE_UNAVAILABLE, "session_provider_unavailable", "Whether you are signed in cannot be told at the moment. Try again shortly.";
    /// Nobody is asking.
    Session = UNAUTHORIZED, "session_refused", "There is no session. Go back to the application and sign in again.";
    /// Another site's page is asking, or none.
    Origin = FORBIDDEN, "origin_refused", "Only the pages of the configured application may ask this.";
    /// It cannot be told whether a ticket was used, or a listener shut out.
    Store = SERVICE_UNAVAILABLE, "store_unavailable", "This cannot be decided at the moment. Try again shortly.";
    /// The API key is missing or wrong.
    ApiKey = UNAUTHORIZED, "api_key_refused", "A valid API key is needed.";
    /// The body is too large.
    BodyTooLarge = PAYLOAD_TOO_LARGE, "body_too_large", "The body is larger than this address takes.";
    /// The body did not come whole.
    BodyIncomplete = BAD_REQUEST, "body_incomplete", "The body did not come whole.";
    /// The body is not what the route takes.
    Body = BAD_REQUEST, "body_refused", "The body is not the JSON object that this address takes.";
    /// The body is not declared as JSON.
    ContentType = UNSUPPORTED_MEDIA_TYPE, "content_type_refused", "Send the body as application/json.";
    /// The head is too large.
    HeadTooLarge = REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large", "The request line and headers are larger than this service takes.";
    /// The body took too long.
    BodyLate = REQUEST_TIMEOUT, "request_timeout", "The body took too long to arrive.";
    /// The service took too long.
    Slow = SERVICE_UNAVAILABLE, "too_slow", "The service could not answer in time. Try again shortly.";
    /// No grant has that name.
    UnknownGrant = UNPROCESSABLE_ENTITY, "unknown_grant", "A grant of that name is not configured.";
    /// The listener is entitled to nothing.
    NoGrant = FORBIDDEN, "no_grant", "There is no grant for this listener.";
    /// There is no key to sign with.
    NoActiveKey = SERVICE_UNAVAILABLE, "no_active_key", "The service has no key to sign with yet.";
    /// Too many signatures at once.
    Busy = SERVICE_UNAVAILABLE, "busy", "The service is busy. Try again shortly.";
    /// The library failed.
    SigningFailed = INTERNAL_SERVER_ERROR, "signing_failed", "The service could not sign.";
    /// A fault of this program.
    BrokenOff = INTERNAL_SERVER_ERROR, "broken_off", "The service failed at this request.";
}

impl Code {
    /// The status that answers carry it with.
    pub fn status(self) -> StatusCode {
        self.describe().0
    }

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        self.describe().1
    }

    /// The body of the answer.
    pub(super) fn details(self) -> ProblemDetails {
        let (status, code, title) = self.describe();
        ProblemDetails { code, status: status.as_u16(), title }
    }

    /// Whether the same request may succeed a moment later: answered with `Retry-After`.
    pub(super) fn is_passing(self) -> bool {
        self.status() == StatusCode::SERVICE_UNAVAILABLE
    }
}

/// Problem details (RFC 9457): constants, whatever was sent.
#[derive(Serialize, ToSchema)]
pub(super) struct ProblemDetails {
    /// What clients go by.
    code: &'static str,
    /// The status of the answer.
    status: u16,
    /// A sentence for people.
    pub(super) title: &'static str,
}
