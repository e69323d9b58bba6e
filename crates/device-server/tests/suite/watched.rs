//! A server whose store is watched: what is refused must change nothing.

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
    pub(crate) administrator: String,
    pub(crate) top: String,
    pub(crate) stored: String,
    lists: Vec<(String, String)>,
}

impl Watched {
    pub(crate) fn new() -> Self {
        Self::on(Place::with_users())
    }

    pub(crate) fn on(place: Place) -> Self {
        Self::on_with(place, &[])
    }

    /// With settings from the environment.
    pub(crate) fn on_with(place: Place, settings: &[(&str, &str)]) -> Self {
        // How often one may ask has a test of its own, case 32.
        let settings = [&[("DEVREG_REFRESH__PER_MINUTE", "0")], settings].concat();
        Self::started_by(place, |place| place.serve(&settings))
    }

    pub(crate) fn started_by(place: Place, start: impl FnOnce(&Place) -> Server) -> Self {
        let stored = place.export();
        let server = start(&place);
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

    pub(crate) fn refuses_all(&self, table: &[Bad]) {
        for bad in table {
            self.refuses(bad);
        }
    }

    pub(crate) fn assert_untouched(&self) {
        assert_eq!(self.server.snapshot(&self.administrator, &self.top), self.lists);
    }

    /// Stops the server and compares the whole store.
    pub(crate) fn end(self) {
        self.assert_untouched();
        self.ends_as(ToOwned::to_owned);
    }

    /// Stops the server and compares the whole store with what must have become of it.
    pub(crate) fn ends_as(self, change: impl FnOnce(&str) -> String) {
        let expected = change(&self.stored);
        assert_eq!(self.stop().export(), expected);
    }

    /// Stops the server.
    pub(crate) fn stop(self) -> Place {
        self.server.stop();
        self.place
    }
}
