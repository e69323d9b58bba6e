//! "Reset registered devices over REST", of self-managed PingAM: an SSO token in a header, and bound devices can be reset.

use super::{Document, Example};

pub(super) const DOCUMENT: Document = Document {
    title: "Reset registered devices over REST",
    of: "self-managed PingAM: an SSO token in a header, and bound devices can be reset",
    shows_all_members: false,
    examples: &[
        Example {
            number: 1,
            shows: "reset oath",
            under_aic: 200,
            under_am: 200,
            text: r##"
$ curl \
--request POST \
--header "Content-Type: application/json" \
--header "Accept-API-Version: resource=1.0" \
--header "iPlanetDirectoryPro: AQIC5w…2NzEz*" \
--data '{}' \
'https://am.example.com:8443/am/json/realms/root/realms/alpha/users/myUser/devices/2fa/oath?_action=reset'
{
"result":true
}
"##,
        },
        Example {
            number: 2,
            shows: "reset push",
            under_aic: 200,
            under_am: 200,
            text: r##"
$ curl \
--request POST \
--header "Content-Type: application/json" \
--header "Accept-API-Version: resource=1.0" \
--header "iPlanetDirectoryPro: AQIC5w…2NzEz*" \
--data '{}' \
'https://am.example.com:8443/am/json/realms/root/realms/alpha/users/myUser/devices/2fa/push?_action=reset'
{
"result":true
}
"##,
        },
        Example {
            number: 3,
            shows: "list webauthn",
            under_aic: 200,
            under_am: 200,
            text: r##"
$ curl \ --request GET \ --header "iPlanetDirectoryPro: AQIC5w…2NzEz*" \ 'https://am.example.com:8443/am/json/realms/root/realms/alpha/users/myUser/devices/2fa/webauthn?_queryFilter=true' { "result": [ { "_id": "ff1db8bf-d2d7-46e1-926a-568b877f87a5", "_rev": "163664231", "deviceName": "New Security Key", "uuid": "ff1db8bf-d2d7-46e1-926a-568b877f87a5", "deviceManagementStatus": false } ], "resultCount": 1, "pagedResultsCookie": null, "totalPagedResultsPolicy": "NONE", "totalPagedResults": -1, "remainingPagedResults": -1 }
"##,
        },
        Example {
            number: 4,
            shows: "delete webauthn",
            under_aic: 200,
            under_am: 200,
            text: r##"
$ curl \ --request DELETE \ --header "Accept-API-Version: resource=1.0" \ --header "iPlanetDirectoryPro: AQIC5w…2NzEz*" \ 'https://am.example.com:8443/am/json/realms/root/realms/alpha/users/myUser/devices/2fa/webauthn/ff1db8bf-d2d7-46e1-926a-568b877f87a5' { "_id": "ff1db8bf-d2d7-46e1-926a-568b877f87a5", "_rev": "1642022518", "uuid": "ff1db8bf-d2d7-46e1-926a-568b877f87a5", "recoveryCodes": [ ... ], "credentialId": "XGJpYNYv4AHG9sHHgxFfTw", "algorithm": "SHA256withECDSA", "deviceName": "New Security Key", "key": { "kty": "EC", "x": "zMDAfFwRQR_5HIGfK1iJQ0kYwtudesx_UXocoBVrWbo", "y": "UgRBOBlpq6QYsXlqfHDzY8XNv-5DEMajRp9_3klkhDU", "crv": "P-256" } }
"##,
        },
        Example {
            number: 5,
            shows: "reset binding",
            under_aic: 501,
            under_am: 200,
            text: r##"
$ curl \
--request POST \
--header "Content-Type: application/json" \
--header "Accept-API-Version: resource=1.0" \
--header "iPlanetDirectoryPro: AQIC5w…2NzEz*" \
--data '{}' \
'https://am.example.com:8443/am/json/realms/root/realms/alpha/users/myUser/devices/2fa/binding?_action=reset'
{
"result":true
}
"##,
        },
    ],
};
