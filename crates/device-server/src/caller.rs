//! Who asks: from the tokens of a request to a [`Caller`].
//!
//! Sources: `decisions.md` (Who may call), `clients.md` 1.1 (what the SDKs send), RFC 6750.

use device_core::{Realm, UserId};
use device_registry::Caller;

use crate::settings::Compatibility;
use crate::signing_key::{ADMINISTRATOR_SCOPE, SigningKey};
use crate::status::Problem;
use device_wire::call::RawRequest;

/// How callers are known.
#[derive(Debug)]
pub struct Callers {
    /// Tokens this key has signed are accepted; without it none are.
    pub local: Option<SigningKey>,
    /// The name of the header and the cookie that carry an SSO token.
    pub sso_name: String,
    /// Which carrier is looked at first.
    pub compatibility: Compatibility,
}

impl Callers {
    /// Finds out who asks. No token at all is [`Caller::Anonymous`].
    ///
    /// # Errors
    /// A 401 for a token that is not accepted, a 400 for two of a kind, a 403 for a cookie on a request that a foreign page could have sent.
    pub fn identify(&self, request: &RawRequest<'_>) -> Result<Caller, Problem> {
        let bearer = bearer(request)?;
        let sso = request.header(&self.sso_name.to_ascii_lowercase()).map_err(Problem::from)?;
        let header = match self.compatibility {
            Compatibility::Aic => bearer.or(sso),
            Compatibility::Am => sso.or(bearer),
        };
        if let Some(token) = header {
            return self.verify(token);
        }
        let Some(token) = self.cookie(request) else { return Ok(Caller::Anonymous) };
        let named = |name| request.headers.iter().any(|(known, _)| *known == name);
        let looks = matches!(request.method, "GET" | "HEAD" | "OPTIONS");
        if !looks && !named("x-requested-with") && !named("accept-api-version") {
            return Err(Problem::forged());
        }
        self.verify(token)
    }

    fn cookie<'a>(&self, request: &RawRequest<'a>) -> Option<&'a str> {
        let cookies =
            request.headers.iter().filter(|(name, _)| *name == "cookie").map(|(_, value)| *value);
        let pairs = cookies
            .flat_map(|cookies| cookies.split(';'))
            .filter_map(|pair| pair.trim().split_once('='));
        let mut values = pairs
            .filter(|(name, _)| *name == self.sso_name)
            .map(|(_, value)| value.trim_matches('"'));
        values.next().filter(|value| !value.is_empty())
    }

    fn verify(&self, token: &str) -> Result<Caller, Problem> {
        let claims = self
            .local
            .as_ref()
            .and_then(|key| key.verify(token))
            .ok_or_else(Problem::invalid_token)?;
        let realm = Realm::parse(&claims.realm).map_err(|_| Problem::invalid_token())?;
        if claims.scope.split(' ').any(|scope| scope == ADMINISTRATOR_SCOPE) {
            return Ok(Caller::Administrator {
                subject: claims.sub.into(),
                realms: vec![realm],
                may_write: true,
            });
        }
        let user_id = UserId::parse(&claims.sub).map_err(|_| Problem::invalid_token())?;
        let authenticated_with = claims.amr.into_iter().map(Into::into).collect();
        Ok(Caller::User { realm, user_id, authenticated_with })
    }
}

/// The token of `Authorization: Bearer`; the scheme is compared without regard to case.
fn bearer<'a>(request: &RawRequest<'a>) -> Result<Option<&'a str>, Problem> {
    let Some(value) = request.header("authorization").map_err(Problem::from)? else {
        return Ok(None);
    };
    let token = value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    token.map(|(_, token)| Some(token.trim())).ok_or_else(Problem::invalid_token)
}
