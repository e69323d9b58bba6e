//! The program as its users meet it: the real `devreg`, started as a process, asked with the real curl and with requests that curl would not send.
//!
//! `documents` runs the examples of the vendor's documents, `stories` what the documents are for, `abuse_cases` the threat model by its numbers, `bad_input` what else
//! must change nothing, `wire` that `docs/wire.md` names tests that are there, the other modules what is ours: revisions, commands, the demonstration, damaged records, faults of our own.

#![allow(clippy::unwrap_used, reason = "what is not as it should be must fail the test")]

mod abuse_cases;
mod bad_input;
mod callers;
mod commands;
mod damage;
mod demo;
mod documentation;
mod documents;
mod failover;
mod headers;
mod http;
mod json;
mod jws;
mod matrix;
mod mobile;
mod node;
mod panics;
mod place;
mod postgres;
mod push_refresh;
mod queries;
mod refresh_flood;
mod revisions;
mod sdk;
mod server;
mod several_servers;
mod spellings;
mod stories;
mod tools;
mod users;
mod watched;
mod wire;
