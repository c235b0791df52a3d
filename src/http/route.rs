use actix_web::HttpRequest;

/// A route, as metrics call it. Each resource has its own among its data, so that nothing is looked up by a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Route(usize);

impl Route {
    /// What all routes are called: their patterns, without `base_path`. The last stands for every other path.
    pub(super) const NAMES: [&str; 12] = [
        "/enter",
        "/renew",
        "/status",
        "/leave",
        "/v1/mint",
        "/v1/revoke",
        "/healthz",
        "/readyz",
        "/player.js",
        "/player-{hash}.js",
        "/openapi.json",
        "none",
    ];

    const NONE: Self = Self(Self::NAMES.len() - 1);

    /// The route with this pattern.
    pub(super) fn named(pattern: &str) -> Self {
        Self::NAMES.iter().position(|name| *name == pattern).map_or(Self::NONE, Self)
    }

    /// The one that a request took, or would have taken if it had not been refused before.
    pub(super) fn of(request: &HttpRequest) -> Self {
        let taken = request.app_data::<Self>().copied();
        // The pattern is looked up by routing the path again.
        taken.or_else(|| Self::ending(&request.match_pattern()?)).unwrap_or(Self::NONE)
    }

    /// Below any `base_path`; no name is the end of another.
    fn ending(pattern: &str) -> Option<Self> {
        Self::NAMES.iter().position(|name| pattern.ends_with(name)).map(Self)
    }

    /// Its place among [`Route::NAMES`].
    pub(super) fn place(self) -> usize {
        self.0
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        Self::NAMES[self.0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_has_a_name() {
        let source = include_str!("routes.rs");
        let patterns = source.split("&at(\"").skip(1).map(|rest| rest.split('"').next().unwrap());
        let mut number = 0;
        for pattern in patterns {
            let route = Route::named(pattern);
            assert_eq!(route.name(), pattern);
            assert_eq!(Route::ending(&format!("/base{pattern}")), Some(route));
            number += 1;
        }
        assert!(number > 5, "the routes were not found");
        assert_eq!(Route::named("/other"), Route::NONE);
        assert_eq!(Route::ending("/other"), None);
    }
}
