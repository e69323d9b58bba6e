//! Requests that must change nothing: each has the answer that is written beside it, leaves every stored set at its revision, and the server alive.

mod bodies;
mod carriers;
mod connections;
mod foreign;
mod names;
mod refreshes;
mod targets;
mod tokens;
mod unknown_users;

use crate::http::{Answer, Request};
use crate::place::Place;
use crate::server::Server;

/// A request that is refused.
#[derive(Debug)]
pub(crate) struct Bad {
    /// What is wrong with it.
    pub(crate) what: String,
    pub(crate) request: Request,
    pub(crate) status: u16,
    /// What the message contains.
    pub(crate) message: &'static str,
}

pub(crate) fn bad(
    what: impl Into<String>,
    request: Request,
    status: u16,
    message: &'static str,
) -> Bad {
    Bad { what: what.into(), request, status, message }
}

/// A server whose store is watched.
pub(crate) struct Watched {
    pub(crate) place: Place,
    pub(crate) server: Server,
    /// A token of an administrator of `/alpha`, and of one of `/`.
    administrator: String,
    top: String,
    stored: String,
    lists: Vec<(String, String)>,
}

impl Watched {
    fn new() -> Self {
        Self::on(Place::with_users())
    }

    pub(crate) fn on(place: Place) -> Self {
        let stored = place.export();
        // How often one may ask has a test of its own, `refresh_flood`.
        let server = place.serve(&[("DEVREG_REFRESH__PER_MINUTE", "0")]);
        let (administrator, top) = (place.administrator("/alpha"), place.administrator("/"));
        let lists = server.snapshot(&administrator, &top);
        Self { place, server, administrator, top, stored, lists }
    }

    /// Sends one, and looks at what is stored. The refusal is an error envelope.
    pub(crate) fn refuses(&self, bad: &Bad) -> Answer {
        eprintln!("{}", bad.what);
        let answer = self.server.ask(&bad.request).expect_error(bad.status, bad.message);
        self.assert_untouched();
        answer
    }

    fn refuses_all(&self, table: &[Bad]) {
        for bad in table {
            self.refuses(bad);
        }
    }

    fn assert_untouched(&self) {
        assert_eq!(self.server.snapshot(&self.administrator, &self.top), self.lists);
    }

    /// Stops the server and compares the whole store.
    pub(crate) fn end(self) {
        self.assert_untouched();
        self.server.stop();
        assert_eq!(self.place.export(), self.stored);
    }
}
