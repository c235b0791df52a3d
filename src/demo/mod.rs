//! The whole flow on one machine: web app, edgemint and the edge on three hosts.
