use std::net::IpAddr;

use actix_web::HttpRequest;

use super::traced;
use crate::session::Presented;

impl Presented for HttpRequest {
    fn header(&self, name: &str) -> Vec<&[u8]> {
        self.headers().get_all(name).map(|value| value.as_bytes()).collect()
    }

    fn peer(&self) -> Option<IpAddr> {
        self.peer_addr().map(|address| address.ip())
    }

    fn onward(&self) -> Vec<(&'static str, String)> {
        traced::onward(self)
    }
}
