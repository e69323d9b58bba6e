//! An issuer behind TLS (openssl's own server): trusted by the roots of the system, and not otherwise.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use jsonwebtoken::Algorithm;

use super::signer::{self, Signer, claims};
use super::{ISSUER, list};
use crate::place::Place;
use crate::tools::{bash, has};

/// A certificate of an authority of our own, for `localhost`.
const CERTIFICATES: &str = r#"
    key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2> /dev/null; }
    key ca.key && key server.key
    openssl req -x509 -key ca.key -out ca.pem -subj '/CN=An authority' -days 2
    openssl req -x509 -key server.key -CA ca.pem -CAkey ca.key -out server.pem -subj /CN=localhost -days 2 \
        -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE
"#;

/// A running `openssl s_server`; killed when it goes out of scope.
struct Tls(Child);

impl Drop for Tls {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Serves the files of a place, which are whole answers, and gives the port.
fn serve_files(place: &Place) -> (Tls, String) {
    let mut command = Command::new("openssl");
    command.args(["s_server", "-accept", "127.0.0.1:0", "-HTTP"]);
    command.args(["-cert", "server.pem", "-key", "server.key"]).current_dir(place.path(""));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let accepts = lines.find_map(|line| line.unwrap().strip_prefix("ACCEPT ").map(str::to_owned));
    // It goes on writing: what nobody takes would stop it.
    std::thread::spawn(move || lines.for_each(drop));
    (Tls(child), accepts.unwrap().rsplit_once(':').unwrap().1.to_owned())
}

#[test]
fn certificates_are_checked() {
    if !has("openssl") {
        return;
    }
    let signer = Signer::new("k", Algorithm::ES256);
    let place = Place::with_users();
    bash(&format!("cd '{}' && {CERTIFICATES}", place.path("").display())).done();
    let keys = format!("HTTP/1.0 200 OK\r\n\r\n{}", signer::set(&[&signer]));
    std::fs::write(place.path("keys"), keys).unwrap();
    let (_tls, port) = serve_files(&place);
    let authority = place.path("ca.pem").display().to_string();
    for (host, roots, status) in [
        ("localhost", Some(authority.as_str()), 200),
        // Another name than the certificate's, and an authority that nobody trusts.
        ("127.0.0.1", Some(&authority), 503),
        ("localhost", None, 503),
    ] {
        let settings = format!(
            "[[issuers]]\nissuer = \"{ISSUER}\"\nrealm = \"/alpha\"\naudiences = [\"devreg\"]\njwks_url = \"https://{host}:{port}/keys\"\n"
        );
        std::fs::write(place.path("devreg.toml"), settings).unwrap();
        let server = place.serve(&roots.map_or(vec![], |roots| vec![("SSL_CERT_FILE", roots)]));
        server.ask(&list().bearer(&signer.sign(&claims()))).expect(status);
    }
    assert!(place.log().contains("certificate"), "the log says why");
}
