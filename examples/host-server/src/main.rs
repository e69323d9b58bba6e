//! Runs the example: `cargo run -p host-server`, then `curl -H 'X-Logged-In-As: bjensen' http://127.0.0.1:8090/me/devices/push`.

use std::sync::Arc;

use device_registry::{Policy, Registry};
use device_store::MemoryStore;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let policy = Policy { rename_oath_push: true, ..Policy::default() };
    let registry = Arc::new(Registry::new(MemoryStore::default(), policy));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8090").await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, host_server::routes(registry)).await
}
