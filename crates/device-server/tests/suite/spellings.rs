//! One list under every spelling that clients produce: contexts, realms by path, name, alias and host, users by id and universal id.

use crate::http::{Answer, exchange};
use crate::place::Place;
use crate::users::{MY_USER, USER};

#[test]
fn one_list_has_many_targets() {
    let place = Place::with_users().configured(
        "compatibility = \"am\"\n\
         [[realms]]\npath = \"/alpha\"\naliases = [\"customers\"]\nhosts = [\"alpha.example.com\", \"[::1]\"]\n\
         [[realms]]\npath = \"/alpha/inner\"\naliases = [\"in\"]\n",
    );
    let server = place.serve(&[]);
    let token = place.administrator("/alpha");
    let ask = |host: &str, target: &str| -> Answer {
        let head = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
        exchange(server.address, format!("{head}Authorization: Bearer {token}\r\n\r\n").as_bytes())
    };
    let rest = format!("users/{USER}/devices/2fa/oath");
    let expected = server.list(&token, USER, "2fa/oath").body;
    for realm in [
        "realms/root/realms/alpha/",
        "realms/ROOT/realms/alpha/",
        "realms/root/realms/root/realms/alpha/",
        "realms/alpha/",
        "realms/customers/",
        "realms/root%2Frealms%2Falpha/",
        "realms/%2Falpha/",
        "realms/%61lpha/",
        "alpha/",
        "customers/",
    ] {
        for context in ["/am", "/openam", ""] {
            for end in ["", "/"] {
                let target = format!("{context}/json/{realm}{rest}{end}?_queryFilter=true");
                assert_eq!(ask("localhost", &target).expect(200).body, expected, "{target}");
            }
        }
    }
    let unspoken = format!("/json/{rest}?_queryFilter=true");
    for host in ["alpha.example.com", "ALPHA.example.com:8443", "alpha.example.com.", "[::1]:80"] {
        assert_eq!(ask(host, &unspoken).expect(200).body, expected, "{host}");
    }
    // The top level realm, where this token is worth nothing; and a path wins over the host.
    ask("other.example.com", &unspoken).expect_error(403, "");
    let inner = unspoken.replace("/json/", "/json/realms/in/");
    ask("alpha.example.com", &inner).expect_error(403, "");
    ask("alpha.example.com", &inner.replace("/in/", "/inner/")).expect_error(403, "");

    let expected = server.list(&token, MY_USER, "2fa/push").body;
    for user in [
        "myUser",
        "MYUSER",
        "my%55ser",
        "id%3DmyUser%2Cou%3Duser%2Co%3Dalpha%2Cou%3Dservices%2Cdc%3Dopenam",
        "id=myUser,ou=user,dc=example",
    ] {
        for kind in ["2fa/push", "push"] {
            let target = format!("/json/realms/alpha/users/{user}/devices/{kind}?_queryId=*");
            assert_eq!(ask("localhost", &target).expect(200).body, expected, "{target}");
        }
    }
}
