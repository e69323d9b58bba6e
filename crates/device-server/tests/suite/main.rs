//! The program as its users meet it: the real `devreg`, started as a process, asked with the real curl and with requests that curl would not send.
//!
//! `documents` runs the examples of the vendor's documents, `stories` what the documents are for, `bad_input` what must change nothing,
//! the other modules what is ours: revisions, commands, the demonstration, damaged records.

#![allow(clippy::unwrap_used, reason = "what is not as it should be must fail the test")]

mod bad_input;
mod commands;
mod damage;
mod demo;
mod documents;
mod http;
mod json;
mod jws;
mod node;
mod place;
mod postgres;
mod push_refresh;
mod refresh_flood;
mod revisions;
mod sdk;
mod server;
mod several_servers;
mod stories;
mod tools;
mod users;
