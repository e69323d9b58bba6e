//! A running server.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::http::{Answer, Request, exchange};
use crate::tools::bash;
use crate::users;

/// How long a server may take to stop.
const STOP_TIME_MAX: Duration = Duration::from_secs(20);

/// A `devreg serve`; killed when it goes out of scope.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts the command and waits until it says where it listens.
    pub(crate) fn start(mut command: Command, log: &Path) -> Self {
        let log_file = File::options().append(true).create(true).open(log).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log_file).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = serde_json::from_str::<serde_json::Value>(&line)
            .ok()
            .and_then(|line| line["listening"].as_str()?.parse().ok())
            .unwrap_or_else(|| {
                panic!("{line}\n{}", std::fs::read_to_string(log).unwrap_or_default())
            });
        Self { child, address }
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Stops it as service managers do.
    pub(crate) fn stop(self) {
        self.stop_by("TERM");
    }

    /// Sends a signal; the server must end with exit code 0.
    pub(crate) fn stop_by(mut self, signal: &str) {
        bash(&format!("kill -{signal} {}", self.child.id())).done();
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(started.elapsed() < STOP_TIME_MAX, "does not stop");
            std::thread::sleep(Duration::from_millis(5));
        };
        assert_eq!(status.code(), Some(0));
    }

    pub(crate) fn ask(&self, request: &Request) -> Answer {
        self.ask_raw(&request.to_bytes())
    }

    /// Sends bytes as they are, on a connection of their own.
    pub(crate) fn ask_raw(&self, request: &[u8]) -> Answer {
        exchange(self.address, request)
    }

    /// A list of devices in `/alpha`.
    pub(crate) fn list(&self, token: &str, user_id: &str, collection: &str) -> Answer {
        self.ask(&Request::get(&alpha_list(user_id, collection)).bearer(token)).expect(200)
    }

    /// Every list of every user, with its revision: equal before and after means that nothing stored has changed.
    pub(crate) fn snapshot(&self, administrator: &str, of_top: &str) -> Vec<(String, String)> {
        let mut lists = Vec::new();
        for (realm, user_id) in users::ALL {
            let (base, token) = if realm == "/" {
                ("/json/realms/root", of_top)
            } else {
                ("/json/realms/root/realms/alpha", administrator)
            };
            for collection in users::COLLECTIONS {
                let target =
                    format!("{base}/users/{user_id}/devices/{collection}?_queryFilter=true");
                let answer = self.ask(&Request::get(&target).bearer(token)).expect(200);
                lists.push((answer.header("etag").unwrap().to_owned(), answer.body));
            }
        }
        lists
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The path of a user's devices in `/alpha`.
pub(crate) fn alpha(user_id: &str, rest: &str) -> String {
    format!("/am/json/realms/root/realms/alpha/users/{user_id}/devices/{rest}")
}

pub(crate) fn alpha_list(user_id: &str, collection: &str) -> String {
    alpha(user_id, &format!("{collection}?_queryFilter=true"))
}

/// Where phones send their refresh in `/alpha`.
pub(crate) const REFRESH: &str =
    "/am/json/realms/root/realms/alpha/push/sns/message?_action=refresh";
