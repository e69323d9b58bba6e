//! `ou=people,dc=alpha,ou=identities=/alpha:fr-idm-uuid`: the users below a base are those of a realm, named by an attribute.

use std::str::FromStr;

use device_core::Realm;
use device_ldif::Dn;

/// Which realm the entries below a base are users of.
#[derive(Debug, Clone)]
pub struct BaseMap {
    given: String,
    base: Dn,
    realm: Realm,
    attribute: String,
}

impl BaseMap {
    /// The place of the map for an entry: of several, the one with the deepest base.
    #[must_use]
    pub fn of(maps: &[Self], name: &Dn) -> Option<usize> {
        let above = maps.iter().enumerate().filter(|(_, map)| name.is_below(&map.base));
        above.max_by_key(|(_, map)| map.base.depth()).map(|(place, _)| place)
    }

    /// The realm of the users.
    #[must_use]
    pub fn realm(&self) -> &Realm {
        &self.realm
    }

    /// The attribute that names a user.
    #[must_use]
    pub fn attribute(&self) -> &str {
        &self.attribute
    }

    /// Whether this attribute names a user.
    #[must_use]
    pub fn names_users_by(&self, attribute: &str) -> bool {
        self.attribute.eq_ignore_ascii_case(attribute)
    }

    /// Whether both say what becomes of the same entries.
    #[must_use]
    pub fn has_base_of(&self, other: &Self) -> bool {
        self.base == other.base
    }

    /// The map as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.given
    }
}

impl FromStr for BaseMap {
    type Err = String;

    /// A base may contain `=` and `/`, a realm `:`; an attribute contains neither.
    fn from_str(given: &str) -> Result<Self, String> {
        const FORM: &str = "the form is BASE=REALM:ATTRIBUTE, such as `ou=people,dc=alpha,ou=identities=/alpha:fr-idm-uuid`";
        let (base_and_realm, attribute) = given.rsplit_once(':').ok_or(FORM)?;
        let (base, realm) = base_and_realm.rsplit_once("=/").ok_or(FORM)?;
        let valid = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        if attribute.is_empty() || !attribute.bytes().all(valid) {
            return Err(FORM.to_owned());
        }
        let base = Dn::parse(base).map_err(|error| error.to_string())?;
        let realm = Realm::parse(&format!("/{realm}")).map_err(|error| error.to_string())?;
        Ok(Self { given: given.to_owned(), base, realm, attribute: attribute.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> BaseMap {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn maps_are_taken_apart() {
        let map = parse("ou=people,dc=europe,dc=customers=/customers/europe:UID");
        assert_eq!((map.realm().as_str(), map.attribute()), ("/customers/europe", "UID"));
        assert!(map.names_users_by("uid") && !map.names_users_by("cn"));
        assert_eq!(parse("dc=a=/:uid").realm().as_str(), "/");
        assert_eq!(parse("=/:uid").base.depth(), 0);
        for text in ["", "dc=a", "dc=a=/b", "dc=a=b:uid", "dc=a=/b:", "dc=a=/b:u d", "dc=/b:uid,x"]
        {
            assert!(text.parse::<BaseMap>().is_err(), "{text}");
        }
        for text in ["dc=a,=/b:uid", "dc=\\z=/b:uid", "dc=a=/b//c:uid", "dc=a=//:uid"] {
            assert!(text.parse::<BaseMap>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_deepest_base_decides() {
        let maps = ["dc=x=/:uid", "ou=people,dc=b,dc=x=/b:uid", "dc=b,dc=x=/c:uid"].map(parse);
        let realm_of = |name| {
            let name = Dn::parse(name).unwrap();
            BaseMap::of(&maps, &name).map(|map| maps[map].realm().as_str().to_owned())
        };
        assert_eq!(realm_of("uid=1,OU=People,dc=b,dc=x").as_deref(), Some("/b"));
        assert_eq!(realm_of("ou=people,dc=b,dc=x").as_deref(), Some("/c"));
        assert_eq!(realm_of("uid=1,dc=x").as_deref(), Some("/"));
        assert_eq!(realm_of("dc=x"), None);
    }
}
