//! Cases 3 to 5: tokens without a signature, with the wrong one, and with a header that leads to other keys.

use jsonwebtoken::{Algorithm, Header};

use super::callers::{LOCAL_HEADER, Local, refuses, watched};
use crate::callers::list;
use crate::callers::neighbour::{Neighbour, Says};
use crate::callers::signer::{self, Signer, administrator, claims};
use crate::jws::{base64url, sign};

#[test]
fn case_03_unsigned() {
    let signer = Signer::new("k", Algorithm::ES256);
    let watched = watched(&signer);
    let local = Local::of(&watched);
    let of_issuer = (administrator(), signer.sign(&administrator()), r#","kid":"k""#);
    let of_devreg = (Local::claims(), local.good(), "");
    for (claims, good, kid) in [of_issuer, of_devreg] {
        let (signed, signature) = good.rsplit_once('.').unwrap();
        refuses(&watched, &[("no signature", format!("{signed}."))]);
        for alg in ["none", "nOnE", "NONE", ""] {
            let header = format!(r#"{{"alg":"{alg}","typ":"at+jwt"{kid}}}"#);
            let unsigned = format!("{}.{}.", base64url(header), base64url(claims.to_string()));
            let with_another = format!("{unsigned}{signature}");
            refuses(&watched, &[(alg, unsigned), (alg, with_another)]);
        }
    }
    watched.end();
}

#[test]
fn case_04_a_public_key_as_a_secret() {
    let signer = Signer::new("k", Algorithm::RS256);
    let watched = watched(&signer);
    watched.server.ask(&list().bearer(&signer.sign(&claims()))).expect(200);
    let jwk = signer.jwk();
    let header = r#"{"alg":"HS256","typ":"at+jwt","kid":"k"}"#;
    let payload = administrator().to_string();
    let keys = [
        jwk.to_string(),
        jwk["n"].as_str().unwrap().into(),
        signer::set(&[&signer]).to_string(),
        String::new(),
    ];
    for key in keys {
        refuses(&watched, &[("HS256", sign(header, &payload, key.as_bytes()))]);
    }
    // A secret is not taken for another algorithm either.
    let local = Local::of(&watched);
    for alg in ["HS384", "HS512", "RS256", "ES256", "EdDSA", "PS256"] {
        let header = LOCAL_HEADER.replace("HS256", alg);
        refuses(&watched, &[(alg, local.headed(&header))]);
    }
    refuses(&watched, &[("no algorithm", local.headed(r#"{"typ":"at+jwt"}"#))]);
    watched.end();
}

#[test]
fn case_05_headers_that_name_keys() {
    let signer = Signer::new("k", Algorithm::ES256);
    let watched = watched(&signer);
    let own = Signer::new("own", Algorithm::ES256);
    let lure = Neighbour::saying(Says::ok(signer::set(&[&own])));
    let url = Some(lure.url("/keys"));
    let jwk = serde_json::from_value(own.jwk()).unwrap();
    let header = || own.header();
    for (what, header) in [
        ("jku", Header { jku: url.clone(), ..header() }),
        ("x5u", Header { x5u: url.clone(), ..header() }),
        ("jwk", Header { jwk: Some(jwk), ..header() }),
        ("kid is a path", Header { kid: Some("../../../etc/passwd".into()), ..header() }),
        ("kid is a URL", Header { kid: url, ..header() }),
        ("no kid", Header { kid: None, ..header() }),
    ] {
        refuses(&watched, &[(what, own.sign_with(&header, &administrator()))]);
    }
    let crit = Header { crit: Some(vec!["exp".into()]), ..signer.header() };
    refuses(&watched, &[("crit", signer.sign_with(&crit, &administrator()))]);

    let address = lure.url("/keys");
    let names_keys = format!(
        r#"{{"alg":"HS256","typ":"at+jwt","kid":"../../../etc/passwd","jku":"{address}","x5u":"{address}","jwk":{{"kty":"oct","k":""}}}}"#
    );
    let unknown = r#"{"alg":"HS256","typ":"at+jwt","crit":["unknown"],"unknown":1}"#;
    refuses(
        &watched,
        &[
            ("its own key", sign(&names_keys, &Local::claims().to_string(), b"")),
            ("unknown critical", Local::of(&watched).headed(unknown)),
        ],
    );
    assert!(lure.asked().is_empty(), "nobody was asked");
    watched.end();
}
