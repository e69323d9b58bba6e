//! Which files a server touches, seen from outside with `strace`.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::NamedTempFile;

use crate::place::Place;
use crate::server::Server;

/// What `strace` writes behind the number of a process that is gone.
const ENDED: &str = "+++ exited with 0 +++";

/// The calls of a server that name files.
pub(super) struct Trace {
    file: NamedTempFile,
}

impl Trace {
    pub(super) fn new() -> Self {
        Self { file: NamedTempFile::new().unwrap() }
    }

    /// Starts a server that is followed. The tracer is a grandchild, so that the child is the server itself.
    pub(super) fn serve(&self, place: &Place) -> Server {
        let server = place.command(&["serve", "--listen", "127.0.0.1:0"]);
        let mut command = Command::new("strace");
        command.args(["-D", "-f", "-s", "4096", "-e", "trace=%file,write", "-o"]);
        command.arg(self.file.path()).arg(server.get_program()).args(server.get_args());
        command.env_clear().current_dir(server.get_current_dir().unwrap());
        Server::start(command, &place.path("log"))
    }

    /// Fails if a file outside of the data folder was touched after the server had said where it listens. The server works beside that folder.
    pub(super) fn assert_only_below(&self, folder: &Path, process: u32) {
        let text = self.whole(process);
        let listening =
            text.find("write(1, \"{\\\"listening\\\"").expect("the line is in the trace");
        let named = |line: &str| {
            let is_of_a_file = !line.contains("write(");
            let path = line.split('"').nth(1).filter(|_| is_of_a_file)?;
            Some(folder.parent()?.join(path))
        };
        let is_below = |path: &PathBuf| {
            path.starts_with(folder) && !path.components().any(|part| part == Component::ParentDir)
        };
        assert!(text[..listening].lines().filter_map(named).any(|path| is_below(&path)));
        let after = text[listening..].lines().filter_map(named);
        let outside: BTreeSet<PathBuf> = after.filter(|path| !is_below(path)).collect();
        assert!(outside.is_empty(), "{outside:?}");
    }

    /// The trace, once it is complete: the tracer may be a little later than the server.
    fn whole(&self, process: u32) -> String {
        let process = format!("{process} ");
        let ended = |line: &str| line.starts_with(&process) && line.ends_with(ENDED);
        for _ in 0..1_000 {
            let text =
                String::from_utf8_lossy(&std::fs::read(self.file.path()).unwrap()).into_owned();
            if text.lines().any(ended) {
                return text;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the trace has no end");
    }
}
