/// Every value that a label can have, of which a request may pick one by its place.
#[derive(Debug, Clone, Default)]
pub struct Labels {
    /// Patterns of routes, and what stands for none.
    pub routes: &'static [&'static str],
    /// Codes of refusals.
    pub codes: &'static [&'static str],
    /// Whose word a route goes by.
    pub providers: Vec<&'static str>,
    /// Names of grants.
    pub grants: Vec<String>,
    /// Why a grant is withheld.
    pub reasons: &'static [&'static str],
    /// What remembers used tickets.
    pub replay_store: &'static str,
    /// What remembers revocations.
    pub revocation_store: &'static str,
}
