//! The headers that every answer of the app carries.

use actix_web::middleware::DefaultHeaders;

use super::routes::Places;

/// The page loads from itself, and player.js from edgemint, which renews; pictures, audio and one deliberate `fetch`
/// go to the CDN.
pub(super) fn headers(places: &Places) -> DefaultHeaders {
    let Places { app: _, edgemint, cdn } = places;
    let policy = format!(
        "default-src 'none'; script-src 'self' {edgemint}; style-src 'self'; img-src 'self' {cdn}; media-src {cdn}; \
         connect-src 'self' {edgemint} {cdn}; form-action 'self' {edgemint}; base-uri 'none'; frame-ancestors 'none'"
    );
    DefaultHeaders::new()
        .add(("Content-Security-Policy", policy))
        .add(("X-Content-Type-Options", "nosniff"))
        // Not `no-referrer`: with it a browser sends `Origin: null` with the page's own forms.
        .add(("Referrer-Policy", "same-origin"))
        .add(("Cross-Origin-Opener-Policy", "same-origin"))
        .add(("Cross-Origin-Resource-Policy", "same-origin"))
        .add(("Cache-Control", "no-store"))
}
