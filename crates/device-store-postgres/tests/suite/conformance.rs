//! The suite of all stores.

use device_store::conformance::random_histories;

use crate::server::OnPostgres;

device_store::conformance_tests!(OnPostgres);

#[test]
fn histories() {
    random_histories::<OnPostgres>(100);
}
