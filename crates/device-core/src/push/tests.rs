use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;

const HEADER: &str = r#"{"alg":"HS256"}"#;
const CLAIMS: &str = r#"{"deviceId":"token","deviceType":"android","communicationType":"gcm"}"#;

fn token(header: &str, claims: &str) -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.{}", part(header), part(claims), URL_SAFE_NO_PAD.encode([0; 32]))
}

fn body(token: &str) -> String {
    format!(r#"{{"mechanismUid":"mechanism","username":"bjensen","jwt":"{token}"}}"#)
}

fn parse(body: &str) -> Result<RefreshMessage<'static>, Malformed> {
    RefreshMessage::parse(body.as_bytes()).map(RefreshMessage::into_owned)
}

fn check_claims(claims: &str, expected: Option<Malformed>) {
    assert_eq!(parse(&body(&token(HEADER, claims))).err(), expected, "{claims}");
}

/// The claims with one of them replaced by that JSON text.
fn with(claim: &str, value: &str) -> String {
    let mut claims: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(CLAIMS).unwrap();
    claims.remove(claim);
    let others = serde_json::to_string(&claims).unwrap();
    format!("{{\"{claim}\":{value},{}", &others[1..])
}

#[test]
fn a_message_says_what_it_says() {
    let claims =
        with("iat", "1749572704.9").replacen('{', r#"{"deviceName":" Phone ","more":1,"#, 1);
    let message = parse(&body(&token(HEADER, &claims))).unwrap();
    assert_eq!(&*message.mechanism_uid, "mechanism");
    assert_eq!(message.username.as_str(), "bjensen");
    assert_eq!(
        (&*message.device_token, &*message.device_type, &*message.communication_type),
        ("token", "android", "gcm")
    );
    assert_eq!(message.device_name.as_ref().map(DeviceName::as_str), Some(" Phone "));
    assert_eq!(message.issued_at_seconds, Some(1_749_572_704));
    assert!(!format!("{message:?}").contains("token"));
}

#[test]
fn bodies_that_are_not_messages() {
    let jwt = token(HEADER, CLAIMS);
    for (body, reason) in [
        ("".to_owned(), Malformed::Body),
        ("[]".to_owned(), Malformed::Body),
        ("\u{feff}{}".to_owned(), Malformed::Body),
        (format!("{} x", body(&jwt)), Malformed::Body),
        (body(&jwt).replace("\"bjensen\"", "5"), Malformed::Body),
        (body(&jwt).replace("username", "other"), Malformed::Body),
        (body(&jwt).replace("\"username\":\"bjensen\"", "\"username\":null"), Malformed::Body),
        (body(&jwt).replace("\"username\"", "\"username\":\"a\",\"username\""), Malformed::Body),
        (body(&jwt).replace("mechanismUid", "mechanism"), Malformed::Body),
        (body(&jwt).replace("\"mechanism\"", "\"\""), Malformed::Body),
        (body(&jwt).replace("\"mechanism\"", "\"a\\u0000\""), Malformed::Body),
        (body(&jwt).replace("\"mechanism\"", &format!("\"{}\"", "m".repeat(256))), Malformed::Body),
        (body(&jwt).replace("jwt", "token"), Malformed::Body),
        (body(&jwt).replace("bjensen", " "), Malformed::Username),
        (body(&jwt).replace("bjensen", "a\\nb"), Malformed::Username),
        (body(&jwt).replace("bjensen", &"x".repeat(256)), Malformed::Username),
    ] {
        assert_eq!(parse(&body).err(), Some(reason), "{body}");
    }
    assert_eq!(RefreshMessage::parse(b"{\"jwt\":\"\xff\"}").err(), Some(Malformed::Body));
    let by_user_id = parse(&body(&jwt).replace("username", "userId")).unwrap();
    assert_eq!(by_user_id.username.as_str(), "bjensen", "Ping's iOS SDK says it so");
    let both =
        parse(&body(&jwt).replace("\"username\"", "\"userId\":\"other\",\"username\"")).unwrap();
    assert_eq!(both.username.as_str(), "bjensen");
}

#[test]
fn tokens_that_are_not_compact_jws() {
    let good = token(HEADER, CLAIMS);
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (header, payload) = signed.split_once('.').unwrap();
    for bad in [
        "".to_owned(),
        "..".to_owned(),
        signed.to_owned(),
        format!("{good}."),
        format!("{good}="),
        format!("{good}.{signature}"),
        format!("{signed}."),
        format!("{signed}.{}", &signature[..40]),
        format!("{signed}.{signature}AAAA"),
        format!("{signed}.{}+", &signature[..42]),
        format!("{}.{payload}.{signature}", URL_SAFE_NO_PAD.encode("[]")),
        format!("{}.{payload}.{signature}", URL_SAFE_NO_PAD.encode("{}")),
        format!("{}.{payload}.{signature}", URL_SAFE_NO_PAD.encode(r#"{"alg":1}"#)),
        format!("{header} .{payload}.{signature}"),
    ] {
        assert_eq!(parse(&body(&bad)).err(), Some(Malformed::Token), "{bad}");
    }
    // A payload that is not Base64 is found after the header was read.
    assert_eq!(parse(&body(&format!("{header}.*.{signature}"))).err(), Some(Malformed::Token));
}

#[test]
fn only_hs256() {
    for header in [
        r#"{"alg":"none"}"#,
        r#"{"alg":"HS512"}"#,
        r#"{"alg":"RS256"}"#,
        r#"{"alg":"hs256"}"#,
        r#"{"alg":""}"#,
        r#"{"alg":"HS256","crit":[]}"#,
        r#"{"alg":"HS256","crit":["b64"],"b64":false}"#,
    ] {
        assert_eq!(
            parse(&body(&token(header, CLAIMS))).err(),
            Some(Malformed::Algorithm),
            "{header}"
        );
    }
    let more = r#"{"typ":"JWT","alg":"HS256","kid":"../../x","jku":"https://example.com"}"#;
    assert!(parse(&body(&token(more, CLAIMS))).is_ok(), "what nobody reads may be there");
}

#[test]
fn claims_have_their_types_and_limits() {
    let refused = Some(Malformed::Claims);
    let text = |length: usize| format!("\"{}\"", "x".repeat(length));
    for (claim, good, bad) in [
        ("deviceId", text(4096), text(4097)),
        ("deviceId", format!("\"{}\"", "é".repeat(2048)), format!("\"{}\"", "é".repeat(2049))),
        ("deviceType", text(64), text(65)),
        ("communicationType", text(64), text(65)),
        ("deviceName", text(255), text(256)),
        ("iat", "253402300799".to_owned(), "253402300800".to_owned()),
        ("iat", "0".to_owned(), "-1".to_owned()),
        ("iat", "0.5".to_owned(), "\"5\"".to_owned()),
        ("iat", "null".to_owned(), "1e999".to_owned()),
        ("deviceName", "null".to_owned(), "\"a\\u202eb\"".to_owned()),
    ] {
        check_claims(&with(claim, &good), None);
        check_claims(&with(claim, &bad), refused);
    }
    for claim in ["deviceId", "deviceType", "communicationType", "deviceName"] {
        for value in ["\"\"", "\" \"", "\"a\\u0007\"", "5", "[]"] {
            check_claims(&with(claim, value), refused);
        }
    }
    for claims in ["", "[]", "null", "{}", r#"{"deviceId":"a","deviceType":"b"}"#] {
        check_claims(claims, refused);
    }
    check_claims(&with("deviceId", "\"a\",\"deviceId\":\"b\""), refused);
}

#[test]
fn a_token_speaks_for_the_mechanism_of_its_body() {
    check_claims(&with("mechanismUid", "\"mechanism\""), None);
    check_claims(&with("mechanismUid", "\"Mechanism\""), Some(Malformed::Mechanism));
    check_claims(&with("mechanismUid", "5"), Some(Malformed::Claims));
}

#[test]
fn the_usual_headers_would_be_accepted_if_they_were_read() {
    for (usual, text) in USUAL_HEADERS
        .iter()
        .zip([r#"{"alg":"HS256","typ":"JWT"}"#, r#"{"typ":"JWT","alg":"HS256"}"#])
    {
        assert_eq!(*usual, URL_SAFE_NO_PAD.encode(text));
        assert_eq!(read_header(usual), Ok(()));
        assert!(parse(&body(&token(text, CLAIMS))).is_ok());
    }
}
