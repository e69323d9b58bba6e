//! A proxy between a store and the database, which lets one packet be the last of its connection.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What becomes of the connection of the n-th packet; the packet is lost in either case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It ends.
    Cut,
    /// It stays, and nothing comes through any more.
    Stall,
}

#[derive(Debug, Default)]
struct State {
    armed: Option<Fault>,
    /// Packets until the fault.
    packets: usize,
    struck: bool,
    closed: bool,
    open: Vec<TcpStream>,
}

/// The proxy; it forwards until it is armed, and after its one fault.
#[derive(Debug)]
pub(crate) struct Proxy {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Proxy {
    /// One in front of the server of that URL.
    pub(crate) fn before(url: &str) -> Self {
        let server = host(url).to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                let mut state = shared.lock().unwrap();
                if state.closed {
                    return;
                }
                let Ok(server) = TcpStream::connect(&server) else { continue };
                state.open.extend([client.try_clone().unwrap(), server.try_clone().unwrap()]);
                drop(state);
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let shared = Arc::clone(&shared);
                    thread::spawn(move || forward(from, to, &shared));
                }
            }
        });
        Self { address, state }
    }

    /// The URL of the server by way of the proxy.
    pub(crate) fn url(&self, url: &str) -> String {
        url.replace(host(url), &self.address.to_string())
    }

    /// Lets the fault come at that packet from now.
    pub(crate) fn arm(&self, fault: Fault, packet: usize) {
        let mut state = self.state.lock().unwrap();
        state.armed = Some(fault);
        state.packets = packet;
    }

    /// Whether the fault has come.
    pub(crate) fn has_struck(&self) -> bool {
        self.state.lock().unwrap().struck
    }

    /// Ends all connections, and takes no others.
    pub(crate) fn close(&self) {
        let mut state = self.state.lock().unwrap();
        state.closed = true;
        for stream in state.open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(state);
        // Wakes the listener, which then ends.
        drop(TcpStream::connect(self.address));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.close();
    }
}

fn host(url: &str) -> &str {
    let behind_user = url.split_once('@').unwrap().1;
    behind_user.split_once('/').unwrap().0
}

fn forward(mut from: TcpStream, mut to: TcpStream, state: &Mutex<State>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        let fault = {
            let mut state = state.lock().unwrap();
            state.packets = state.packets.saturating_sub(1);
            let fault = if state.packets == 0 { state.armed.take() } else { None };
            state.struck |= fault.is_some();
            fault
        };
        match fault {
            None if to.write_all(&buffer[..read]).is_ok() => {}
            Some(Fault::Stall) => {
                // Reads on, so that nobody notices, and forwards nothing in this direction.
                while matches!(from.read(&mut buffer), Ok(1..)) {}
                break;
            }
            _ => break,
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
