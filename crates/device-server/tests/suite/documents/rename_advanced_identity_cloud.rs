//! "Rename registered devices over REST", of PingOne Advanced Identity Cloud.

use super::{Document, Example};

pub(super) const DOCUMENT: Document = Document {
    title: "Rename registered devices over REST",
    of: "PingOne Advanced Identity Cloud",
    shows_all_members: true,
    examples: &[
        Example {
            number: 1,
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
            number: 2,
            shows: "rename webauthn",
            under_aic: 200,
            under_am: 200,
            text: r##"
$ curl \
--request PUT \
--header "Accept-API-Version: resource=1.0" \
--header "Content-Type: application/json" \
--header "authorization: Bearer access-token" \
--data '{
    "deviceName": "Work Laptop"
}' \
'https://<tenant-env-fqdn>/json/realms/root/realms/alpha/users/014c54bd-6078-4639-8316-8ce0e7746fa4/devices/2fa/webauthn/ff1db8bf-d2d7-46e1-926a-568b877f87a5'
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
  "deviceName": "Work Laptop",
  "signCount": 0,
  "key": {
    ...
  }
}
"##,
        },
        Example {
            number: 3,
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
            number: 4,
            shows: "rename binding",
            under_aic: 200,
            under_am: 200,
            text: r##"
$ curl \
--request PUT \
--header "Accept-API-Version: resource=1.0" \
--header "Content-Type: application/json" \
--header "authorization: Bearer access-token" \
--data '{
    "deviceName": "Work Phone"
}' \
'https://<tenant-env-fqdn>/json/realms/root/realms/alpha/users/014c54bd-6078-4639-8316-8ce0e7746fa4/devices/2fa/binding/ff1db8bf-d2d7-46e1-926a-568b877f87a5'
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
  "deviceName": "Work Phone",
  "signCount": 0,
  "key": {
    ...
  }
}
"##,
        },
    ],
};
