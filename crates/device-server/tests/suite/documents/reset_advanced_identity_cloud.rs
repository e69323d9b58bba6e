//! "Reset registered devices using REST", of PingOne Advanced Identity Cloud, the newest state of the page.

use super::{Document, Example};

pub(super) const DOCUMENT: Document = Document {
    title: "Reset registered devices using REST",
    of: "PingOne Advanced Identity Cloud, the newest state of the page",
    shows_all_members: true,
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
--header "authorization: Bearer access-token" \
--data '{}' \
'https://<tenant-env-fqdn>/am/json/realms/root/realms/alpha/users/014c54bd-6078-4639-8316-8ce0e7746fa4/devices/2fa/oath?_action=reset'
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
--header "authorization: Bearer access-token" \
--data '{}' \
'https://<tenant-env-fqdn>/am/json/realms/root/realms/alpha/users/014c54bd-6078-4639-8316-8ce0e7746fa4/devices/2fa/push?_action=reset'
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
$ curl \
--request GET \
--header "authorization: Bearer access-token" \
'https://<tenant-env-fqdn>/am/json/realms/root/realms/alpha/users/014c54bd-6078-4639-8316-8ce0e7746fa4/devices/2fa/webauthn?_queryFilter=true'
{
  "result": [
    {
      "_id": "ff1db8bf-d2d7-46e1-926a-568b877f87a5",
      "_rev": "163664231",
      "createdDate": 1749572704744,
      "lastAccessDate": 1749658650801,
      "credentialId": "XGJpYNYv4AHG9sHHgxFfTw",
      "deviceName": "New Security Key",
      "uuid": "ff1db8bf-d2d7-46e1-926a-568b877f87a5",
      "deviceManagementStatus": false
    }
  ],
  "resultCount": 1,
  "pagedResultsCookie": null,
  "totalPagedResultsPolicy": "NONE",
  "totalPagedResults": -1,
  "remainingPagedResults": -1
}
"##,
        },
        Example {
            number: 4,
            shows: "delete webauthn",
            under_aic: 200,
            under_am: 200,
            text: r##"
$ curl \
--request DELETE \
--header "Accept-API-Version: resource=1.0" \
--header "authorization: Bearer access-token" \
'https://<tenant-env-fqdn>/am/json/realms/root/realms/alpha/users/014c54bd-6078-4639-8316-8ce0e7746fa4/devices/2fa/webauthn/ff1db8bf-d2d7-46e1-926a-568b877f87a5'
{
  "_id": "ff1db8bf-d2d7-46e1-926a-568b877f87a5",
  "_rev": "1642022518",
  "uuid": "ff1db8bf-d2d7-46e1-926a-568b877f87a5",
  "recoveryCodes": [
    ...
  ],
  "createdDate": 1749572704744,
  "lastAccessDate": 1749658650801,
  "credentialId": "XGJpYNYv4AHG9sHHgxFfTw",
  "algorithm": "SHA256withECDSA",
  "deviceName": "New Security Key",
  "signCount": 0,
  "key": {
    ...
  }
}
"##,
        },
        Example {
            number: 5,
            shows: "list binding",
            under_aic: 200,
            under_am: 200,
            text: r##"
$ curl \
--request GET \
--header "authorization: Bearer access-token" \
'https://<tenant-env-fqdn>/am/json/realms/root/realms/alpha/users/014c54bd-6078-4639-8316-8ce0e7746fa4/devices/2fa/binding?_queryFilter=true'
{
  "result": [
    {
      "_id": "ff1db8bf-d2d7-46e1-926a-568b877f87a5",
      "_rev": "163664231",
      "createdDate": 1749572704744,
      "lastAccessDate": 1749658650801,
      "deviceId": "e2e84b5d2a927abdcb85570bac9701c390a92751",
      "deviceName": "iOS Device",
      "uuid": "ff1db8bf-d2d7-46e1-926a-568b877f87a5",
      "deviceManagementStatus": false
    }
  ],
  "resultCount": 1,
  "pagedResultsCookie": null,
  "totalPagedResultsPolicy": "NONE",
  "totalPagedResults": -1,
  "remainingPagedResults": -1
}
"##,
        },
        Example {
            number: 6,
            shows: "delete binding",
            under_aic: 200,
            under_am: 200,
            text: r##"
$ curl \
--request DELETE \
--header "Accept-API-Version: resource=1.0" \
--header "authorization: Bearer access-token" \
'https://<tenant-env-fqdn>/am/json/realms/root/realms/alpha/users/014c54bd-6078-4639-8316-8ce0e7746fa4/devices/2fa/binding/ff1db8bf-d2d7-46e1-926a-568b877f87a5'
{
  "_id": "ff1db8bf-d2d7-46e1-926a-568b877f87a5",
  "_rev": "1642022518",
  "uuid": "ff1db8bf-d2d7-46e1-926a-568b877f87a5",
  "recoveryCodes": [
    ...
  ],
  "createdDate": 1749572704744,
  "lastAccessDate": 1749658650801,
  "deviceId": "e2e84b5d2a927abdcb85570bac9701c390a92751",
  "deviceName": "iOS Device",
  "signCount": 0,
  "key": {
    ...
  }
}
"##,
        },
    ],
};
