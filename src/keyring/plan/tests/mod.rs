mod cloudfront;
mod history;
mod keys;
mod ledger;
mod operator;
mod properties;
mod table;
mod world;
