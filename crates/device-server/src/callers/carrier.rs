//! Where in a request a token is.
//!
//! Sources: `decisions.md` (Who may call), `clients.md` 1.1 (what the SDKs send), RFC 6750.

use device_wire::call::RawRequest;

use crate::settings::Compatibility;
use crate::status::Problem;

/// For whom a token is: an opaque one is shown to nobody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Carrier {
    /// `Authorization: Bearer`: issuers.
    Bearer,
    /// The SSO header or cookie: the AM that opened the session.
    Sso,
}

/// Takes the token out of a request.
#[derive(Debug, Clone)]
pub struct Carriers {
    /// The name of the cookie that carries an SSO token, and of the header.
    pub sso_cookie: String,
    /// The same in lower case, as headers are looked up.
    pub sso_header: String,
    /// Which carrier is looked at first.
    pub compatibility: Compatibility,
}

impl Carriers {
    /// The token of a request, if it has one.
    ///
    /// # Errors
    /// A 401 for an `Authorization` that is no bearer token, a 400 for two of a kind, a 403 for a cookie on a request that a foreign page could have sent.
    pub fn token<'a>(
        &self,
        request: &RawRequest<'a>,
    ) -> Result<Option<(Carrier, &'a str)>, Problem> {
        let bearer = bearer(request)?.map(|token| (Carrier::Bearer, token));
        let sso = request.header(&self.sso_header).map_err(Problem::from)?;
        let sso = sso.map(|token| (Carrier::Sso, token));
        let header = match self.compatibility {
            Compatibility::Aic => bearer.or(sso),
            Compatibility::Am => sso.or(bearer),
        };
        if header.is_some() {
            return Ok(header);
        }
        let Some(token) = self.cookie(request) else { return Ok(None) };
        let named = |name| request.headers.iter().any(|(known, _)| *known == name);
        let looks = matches!(request.method, "GET" | "HEAD" | "OPTIONS");
        if !looks && !named("x-requested-with") && !named("accept-api-version") {
            return Err(Problem::forged());
        }
        Ok(Some((Carrier::Sso, token)))
    }

    fn cookie<'a>(&self, request: &RawRequest<'a>) -> Option<&'a str> {
        let cookies =
            request.headers.iter().filter(|(name, _)| *name == "cookie").map(|(_, value)| *value);
        let pairs = cookies
            .flat_map(|cookies| cookies.split(';'))
            .filter_map(|pair| pair.trim().split_once('='));
        let mut values = pairs
            .filter(|(name, _)| *name == self.sso_cookie)
            .map(|(_, value)| value.trim_matches('"'));
        values.next().filter(|value| !value.is_empty())
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
