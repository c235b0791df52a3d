//! A keyring in AWS Secrets Manager, which moto's server stands for. boto3 says what is really there, and a proxy in
//! between refuses, loses answers and holds requests, as the network and AWS do.

mod aws;
mod commands;
mod content;
mod faults;
mod proxy;
mod rotating;
mod serving;
mod writers;
