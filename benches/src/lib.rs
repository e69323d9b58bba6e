//! Benches beside their floors.
