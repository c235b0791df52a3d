//! The settings of an edge.

use std::fmt;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use super::behaviour::{Behaviour, Judging};
use super::control::ControlPlane;
use super::cors::AllowedOrigin;
use super::nodes::Nodes;
use super::observe::Observer;
use super::origin::Origin;
use super::viewer::{ServedHost, ViewerScheme};

/// The time in epoch seconds.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// A distribution: an origin, and the behaviours that protect parts of it. Cheap to clone.
///
/// ```no_run
/// use edgemint::edge::{Behaviour, Edge, Origin, serve};
/// # use edgemint::cloudfront::{PublicKey, TrustedKeys};
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let public = PublicKey::from_pem(&std::fs::read("public.pem")?)?;
/// let trusted: TrustedKeys = [("K123".parse()?, public)].into_iter().collect();
/// let edge = Edge::new(Origin::directory("media".as_ref())?).protecting(Behaviour::new("/podcasts/*".parse()?, trusted));
/// let serving = serve(edge, std::net::TcpListener::bind("127.0.0.1:0")?)?;
/// println!("http://{}", serving.address);
/// serving.server.await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Edge {
    pub(super) origin: Origin,
    pub(super) behaviours: Vec<Behaviour>,
    /// If there are nodes, what they have counts instead of `behaviours`.
    pub(super) nodes: Option<Arc<Nodes>>,
    pub(super) host: Option<ServedHost>,
    pub(super) scheme: ViewerScheme,
    pub(super) allowed_origins: Vec<AllowedOrigin>,
    pub(super) clock: Clock,
    pub(super) observer: Option<Arc<dyn Observer>>,
}

impl Edge {
    /// An edge that protects nothing yet, answers to every host name, sends no CORS headers and goes by the system's clock.
    pub fn new(origin: Origin) -> Self {
        Self {
            origin,
            behaviours: Vec::new(),
            nodes: None,
            host: None,
            scheme: ViewerScheme::default(),
            allowed_origins: Vec::new(),
            clock: Arc::new(system_time),
            observer: None,
        }
    }

    /// Adds a behaviour after those that are there: the first that matches a path wins.
    #[must_use]
    pub fn protecting(mut self, behaviour: Behaviour) -> Self {
        self.behaviours.push(behaviour);
        self
    }

    /// Is protected as this control plane says, and no more as [`Edge::protecting`] did.
    #[must_use]
    pub fn controlled_by(mut self, plane: &ControlPlane) -> Self {
        self.nodes = Some(plane.nodes());
        self
    }

    /// Answers to this host name alone, and holds policies against it.
    #[must_use]
    pub fn named(mut self, host: ServedHost) -> Self {
        self.host = Some(host);
        self
    }

    /// Holds policies against this scheme.
    #[must_use]
    pub fn with_scheme(mut self, scheme: ViewerScheme) -> Self {
        self.scheme = scheme;
        self
    }

    /// Lets pages of one more origin read the answers.
    #[must_use]
    pub fn allowing_origin(mut self, origin: AllowedOrigin) -> Self {
        self.allowed_origins.push(origin);
        self
    }

    /// Goes by another clock than the system's.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Tells this observer of every request.
    #[must_use]
    pub fn observed_by(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }
}

impl Edge {
    /// What the next request is judged by.
    pub(super) fn judging(&self, now: Instant) -> Judging<'_> {
        match &self.nodes {
            None => Judging::Fixed(&self.behaviours),
            Some(nodes) => {
                let (pop, behaviours) = nodes.next(now);
                Judging::Node(pop, behaviours)
            }
        }
    }
}

impl fmt::Debug for Edge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Edge")
            .field("origin", &self.origin)
            .field("behaviours", &self.behaviours)
            .field("nodes", &self.nodes)
            .field("host", &self.host)
            .field("scheme", &self.scheme)
            .field("allowed_origins", &self.allowed_origins)
            .finish_non_exhaustive()
    }
}

/// Before 1970 and after the year 292 billion a policy is neither here nor there: both ends count as such.
fn system_time() -> i64 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX)
}
