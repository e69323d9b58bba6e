//! Users in the server, and the requests about them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::SocketAddr;

use device_core::UserId;
use device_registry::{Surroundings as _, System};
use devreg_benches::messages::signed;
use devreg_benches::population::{
    DEVICES, mechanism, order, profile, signing_key, token, username,
};
use devreg_benches::random::SplitMix;

use crate::client::Answer;
use crate::drive::{Load, drive};
use crate::server::Tokens;
use crate::{Callers, Fallible, Shape, Skew};

/// Where the realm of the users is.
const REALM: &str = "/json/realms/root/realms/alpha";
/// Users whose devices are stored before the next requests are made: the requests take a kilobyte each.
const SEEDED_AT_ONCE: usize = 10_000;
/// Serial numbers in a millisecond: enough that the next run begins with tokens nobody has sent.
const SERIALS_A_MS: u64 = 1_000;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Work {
    /// List the push devices of a user
    List,
    /// Change the push token of a device, by a message that its key has signed
    Refresh,
}

/// What a good answer looks like.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Expected {
    Created,
    List,
    Refreshed,
}

/// Makes requests for one server, other ones at each call.
pub(crate) struct Population {
    callers: Callers,
    /// The administrator's token, then those of users, so that a server sees a caller with one token.
    administrator: Option<String>,
    users: HashMap<usize, String>,
    draw: Draw,
    random: SplitMix,
    /// Of the last token.
    serial: u64,
}

impl Population {
    pub(crate) fn of(shape: &Shape) -> Self {
        let serial = System.now_ms().saturating_mul(SERIALS_A_MS);
        let draw = Draw::of(shape.users, shape.skew);
        Self {
            callers: shape.callers,
            administrator: None,
            users: HashMap::new(),
            draw,
            random: SplitMix::new(11),
            serial,
        }
    }

    /// So many requests, with what is expected of their answers.
    ///
    /// # Errors
    /// If a token cannot be signed.
    pub(crate) fn requests(
        &mut self,
        work: Work,
        count: usize,
        tokens: &Tokens,
    ) -> Fallible<(Vec<Vec<u8>>, Expected)> {
        let requests: Fallible<Vec<_>> = match work {
            Work::List => (0..count).map(|_| self.list(tokens)).collect(),
            Work::Refresh => Ok((0..count).map(|_| self.refresh()).collect()),
        };
        let expected = match work {
            Work::List => Expected::List,
            Work::Refresh => Expected::Refreshed,
        };
        Ok((requests?, expected))
    }

    fn list(&mut self, tokens: &Tokens) -> Fallible<Vec<u8>> {
        let user = self.draw.user(&mut self.random);
        let name = username(user);
        let token = match self.callers {
            Callers::Administrator => match &mut self.administrator {
                Some(token) => token,
                unknown => unknown.insert(tokens.administrator()?),
            },
            Callers::Users => match self.users.entry(user) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => {
                    unknown.insert(tokens.user(&UserId::parse(name.as_str())?)?)
                }
            },
        };
        let target = format!("{REALM}/users/{name}/devices/2fa/push?_queryFilter=true");
        Ok(request("GET", &target, token, b""))
    }

    fn refresh(&mut self) -> Vec<u8> {
        let user = self.draw.user(&mut self.random);
        let device = self.random.below(DEVICES);
        self.serial += 1;
        let new_token = token(user, self.serial);
        let key = signing_key(user, device);
        let body = signed(username(user).as_str(), &mechanism(user, device), &new_token, &key);
        request("POST", &format!("{REALM}/push/sns/message?_action=refresh"), "", &body)
    }
}

/// Stores the phones of so many users. Those that are there already are replaced.
///
/// # Errors
/// If the server does not take one of them.
pub(crate) async fn seed(address: SocketAddr, tokens: &Tokens, shape: &Shape) -> Fallible<()> {
    let administrator = tokens.administrator()?;
    let users: Vec<usize> = (0..shape.users).collect();
    for users in users.chunks(SEEDED_AT_ONCE) {
        // Device by device: the order of enrolments is the order of the list.
        for device in 0..DEVICES {
            let create = |user: &usize| {
                let name = username(*user);
                let query = "_action=create&_onLimit=replace";
                let target = format!("{REALM}/users/{name}/devices/2fa/push?{query}");
                request("POST", &target, &administrator, profile(*user, device).as_bytes())
            };
            let requests = users.iter().map(create).collect();
            let load = Load {
                connections: shape.connections,
                rate: None,
                time_max: None,
                processes: None,
            };
            let driven = drive(address, requests, Expected::Created, &load).await?;
            if let Some(error) = driven.first_error {
                return Err(format!("the users could not be stored: {error}").into());
            }
        }
    }
    Ok(())
}

fn request(method: &str, target: &str, token: &str, body: &[u8]) -> Vec<u8> {
    let authorization = match token {
        "" => String::new(),
        token => format!("Authorization: Bearer {token}\r\n"),
    };
    let content = match body.len() {
        0 => String::new(),
        length => format!("Content-Type: application/json\r\nContent-Length: {length}\r\n"),
    };
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: localhost\r\nAccept-API-Version: protocol=2.1,resource=1.0\r\n{authorization}{content}\r\n"
    );
    [head.as_bytes(), body].concat()
}

impl Expected {
    /// # Errors
    /// What is wrong with the answer, in a sentence.
    pub(crate) fn check(self, answer: &Answer<'_>) -> Result<(), String> {
        let status = match self {
            Self::Created => 201,
            Self::List | Self::Refreshed => 200,
        };
        let body = answer.body;
        let complete = match self {
            Self::Created => body.starts_with(b"{"),
            // Three phones, as the end of Common REST's envelope says.
            Self::List => {
                body.starts_with(br#"{"result":[{"#)
                    && body.ends_with(
                        br#""resultCount":3,"pagedResultsCookie":null,"totalPagedResultsPolicy":"NONE","totalPagedResults":-1,"remainingPagedResults":-1}"#,
                    )
            }
            Self::Refreshed => body == b"{}",
        };
        if answer.status == status && complete {
            return Ok(());
        }
        const SHOWN_BYTES: usize = 300;
        let shown = String::from_utf8_lossy(&body[..body.len().min(SHOWN_BYTES)]);
        Err(format!("an answer {} where {status} was expected: {shown}", answer.status))
    }
}

/// Draws users.
#[derive(Debug)]
enum Draw {
    Uniform(usize),
    /// The sums of 1/1, 1/2, ... up to each user, and who comes at which place: neighbours in popularity are no neighbours by name.
    Zipf {
        sums: Vec<f64>,
        order: Vec<usize>,
    },
}

impl Draw {
    fn of(users: usize, skew: Skew) -> Self {
        match skew {
            Skew::Uniform => Self::Uniform(users),
            Skew::Zipf => {
                let add = |sum: &mut f64, place: usize| {
                    *sum += 1.0 / place as f64;
                    Some(*sum)
                };
                Self::Zipf { sums: (1..=users).scan(0.0, add).collect(), order: order(users) }
            }
        }
    }

    fn user(&self, random: &mut SplitMix) -> usize {
        match self {
            Self::Uniform(users) => random.below(*users),
            Self::Zipf { sums, order } => {
                let total = sums.last().copied().unwrap_or_default();
                // 53 bits are what a fraction has.
                let fraction = (random.draw() >> 11) as f64 / (1_u64 << 53) as f64;
                let place = sums.partition_point(|sum| *sum <= fraction * total);
                order[place.min(order.len() - 1)]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zipf_prefers_few_and_forgets_none() {
        const USERS: usize = 1_000;
        let draw = Draw::of(USERS, Skew::Zipf);
        let mut random = SplitMix::new(1);
        let mut drawn = vec![0_u32; USERS];
        for _ in 0..1_000_000 {
            drawn[draw.user(&mut random)] += 1;
        }
        drawn.sort_unstable_by(|one, other| other.cmp(one));
        // 1/1 and 1/10 of the harmonic number of 1,000, 7.4855.
        assert!((132_000..135_200).contains(&drawn[0]), "{}", drawn[0]);
        assert!((12_900..13_850).contains(&drawn[9]), "{}", drawn[9]);
        assert!(drawn[USERS - 1] > 50);
    }
}
