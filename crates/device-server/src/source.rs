//! From which address a request comes: the connection's, or what a configured proxy says of it.
//!
//! Source: `decisions.md` (Refresh): a forwarded header counts only from configured proxies.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

/// Bits of an IPv6 address that one household or one machine may fill as it likes.
const IPV6_HOST_BITS: u32 = 64;

/// The other end of a connection: an extension of each request on it.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// The proxies that are believed.
#[derive(Debug, Clone, Default)]
pub struct Proxies(pub Vec<IpNet>);

impl Proxies {
    fn contain(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Where the request comes from. `forwarded` are the values of its `X-Forwarded-For` headers in their order: each proxy has added, at the end, whom it got the request from. So the list is read from the end, as long as a
    /// proxy of ours speaks; what stands before that anybody may have written.
    #[must_use]
    pub fn source<'a>(
        &self,
        peer: IpAddr,
        forwarded: impl DoubleEndedIterator<Item = &'a str>,
    ) -> IpAddr {
        let mut source = peer.to_canonical();
        for said in forwarded.rev().flat_map(|value| value.rsplit(',')) {
            if !self.contain(source) {
                break;
            }
            let Ok(address) = said.trim().parse::<IpAddr>() else { break };
            source = address.to_canonical();
        }
        source
    }
}

/// The network that counts as one source: the address itself, of IPv6 its first half.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> IPV6_HOST_BITS << IPV6_HOST_BITS))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn only_configured_proxies_are_believed() {
        let proxies = Proxies(vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()]);
        for (peer, forwarded, source) in [
            ("192.0.2.1", &["198.51.100.7"][..], "192.0.2.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.7"], "198.51.100.7"),
            ("::ffff:10.0.0.1", &["::ffff:198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["203.0.113.9, 198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["203.0.113.9, 198.51.100.7, 10.0.0.2"], "198.51.100.7"),
            ("10.0.0.1", &["203.0.113.9", "198.51.100.7", "fd00::2"], "198.51.100.7"),
            ("10.0.0.1", &["198.51.100.7, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.7, unknown, 10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1", &[""], "10.0.0.1"),
        ] {
            assert_eq!(
                proxies.source(ip(peer), forwarded.iter().copied()),
                ip(source),
                "{peer} {forwarded:?}"
            );
        }
    }

    #[test]
    fn one_household_is_one_source() {
        assert_eq!(network(ip("2001:db8:1:2:3:4:5:6")), ip("2001:db8:1:2::"));
        assert_eq!(network(ip("192.0.2.1")), ip("192.0.2.1"));
    }
}
