//! Programs for node with the packages they need, which come from npm as the lock file says.

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

/// Installs the packages of the folder, if they are not there yet. `None` if node is not on this machine, see [`has`].
pub(crate) fn with_packages(name: &str) -> Option<Node> {
    /// One at a time: npm shares its cache between processes, but not a folder.
    static INSTALLING: Mutex<()> = Mutex::new(());
    if !has("node") || !has("npm") {
        return None;
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node").join(name);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("node").join(name);
    let _installing = INSTALLING.lock().unwrap();
    fs::create_dir_all(&folder).unwrap();
    for entry in fs::read_dir(&source).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
        }
    }
    // What was installed for this very lock file is taken as it is.
    let lock = fs::read(folder.join("package-lock.json")).unwrap();
    let mark = folder.join("installed-lock.json");
    if fs::read(&mark).ok().as_ref() != Some(&lock) {
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]);
        Ended::of(npm.current_dir(&folder).output().unwrap()).done();
        fs::write(&mark, lock).unwrap();
    }
    Some(Node { folder })
}

impl Node {
    /// Runs one of the folder's programs to its end.
    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> Ended {
        let mut node = Command::new("node");
        node.arg(program).args(arguments).current_dir(&self.folder);
        Ended::of(node.output().unwrap())
    }
}
