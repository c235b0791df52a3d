use super::{Answer, Service, Setup, Ticket, post};

pub const APP: &str = "https://www.example.com";

/// What a browser sends with a `fetch` of the app's page to this service (the Fetch standard; Fetch Metadata).
pub const SAME_SITE: &str = "Content-Type: application/json\r\nOrigin: https://www.example.com\r\n\
                             Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n";

impl Setup {
    /// One grant for everybody, and sessions with the defaults.
    pub fn with_sessions() -> Self {
        Self::new().shared_only().sessions(&[super::SESSION_SECRET], "")
    }
}

impl Answer {
    /// The value that the cookie `name` is set to.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let mut set = self.all("set-cookie").filter_map(|cookie| cookie.split(';').next()?.split_once('='));
        set.find(|(found, _)| *found == name).map(|(_, value)| value)
    }
}

impl Service {
    /// A session of `listener-7`, as the value of its cookie.
    pub fn session(&self) -> String {
        self.session_of(&Ticket::of("listener-7"))
    }

    /// The session that a ticket starts.
    pub fn session_of(&self, ticket: &Ticket) -> String {
        let entered = self.redeem(&ticket.sign());
        assert_eq!(entered.status, 303, "{}", String::from_utf8_lossy(&entered.body));
        entered.cookie(SESSION_COOKIE).expect("a session was started").to_owned()
    }

    /// `POST /renew` as the app's page sends it, with this session.
    pub fn renew(&self, session: &str) -> Answer {
        self.page_posts("/renew", session)
    }

    /// `POST /leave` as the app's page sends it, with this session.
    pub fn leave(&self, session: &str) -> Answer {
        self.page_posts("/leave", session)
    }

    /// `GET /status` as the app's page sends it, with this session.
    pub fn status(&self, session: &str) -> Answer {
        let origin = format!("Origin: {APP}\r\nSec-Fetch-Site: same-site\r\n");
        self.ask(format!(
            "GET /status HTTP/1.1\r\nHost: listen.example.com\r\n{origin}Cookie: {SESSION_COOKIE}={session}\r\n\r\n"
        ))
    }

    fn page_posts(&self, target: &str, session: &str) -> Answer {
        self.ask(post(target, &format!("{SAME_SITE}Cookie: {SESSION_COOKIE}={session}\r\n"), ""))
    }
}

pub const SESSION_COOKIE: &str = "__Host-edgemint";
