//! Programs for node with the packages they need, which come from npm as the lock file says.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use crate::place::Ended;
use crate::tools::has;

/// One folder below `tests/node`, with its packages.
#[derive(Debug)]
pub(crate) struct Node {
    folder: PathBuf,
}

/// Installs the packages of the folder, once for all tests and if they are not there yet. `None` if node is not on this machine, see [`has`].
pub(crate) fn with_packages(name: &'static str) -> Option<Node> {
    /// One at a time: npm shares its cache between processes, but not a folder.
    static INSTALLED: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());
    if !has("node") || !has("npm") {
        return None;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("node").join(name);
    let mut installed = INSTALLED.lock().unwrap();
    if !installed.contains(name) {
        install(name, &folder);
        installed.insert(name);
    }
    Some(Node { folder })
}

fn install(name: &str, folder: &Path) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node").join(name);
    fs::create_dir_all(folder).unwrap();
    for entry in fs::read_dir(&source).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
        }
    }
    // What was installed for this very lock file is taken as it is.
    let lock = fs::read(folder.join("package-lock.json")).unwrap();
    let mark = folder.join("installed-lock.json");
    if fs::read(&mark).ok().as_ref() != Some(&lock) {
        // Only what the lock file names, by its digests, and none of its scripts.
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]);
        Ended::of(npm.current_dir(folder).output().unwrap()).done();
        fs::write(&mark, lock).unwrap();
    }
}

impl Node {
    /// One of the folder's programs, to be started.
    pub(crate) fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut node = Command::new("node");
        node.arg(program).args(arguments).current_dir(&self.folder);
        node
    }

    /// Runs one of the folder's programs to its end.
    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> Ended {
        Ended::of(self.command(program, arguments).output().unwrap())
    }
}
