//! Requests that must change nothing, beside those that `abuse_cases` has by number: each has the answer that is written beside it, leaves every stored set at its revision, and the server alive.

mod bodies;
mod carriers;
mod connections;
mod foreign;
mod names;
mod targets;
