use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Error;

/// Runs `workloads` one after another on the empty folder `<trace>/folder` under strace and
/// leaves what each did in `<trace>/run-<n>.strace`.
///
/// A workload is a command and its arguments; the folder is added as the last one. It is one
/// process, of any number of threads, and says what it has promised by lines on its standard
/// output. How it ends does not matter: a workload that aborts is a crash of the process.
///
/// With `start`, the folder starts as a copy of that one, taken as durable, and `<trace>/start`
/// keeps it: an image of a first power loss, for a second one while the store recovers.
pub fn record(trace: &Path, workloads: &[Vec<String>], start: Option<&Path>) -> Result<(), Error> {
    if trace.exists() {
        return Err(Error::Usage(format!("`{}` is there already", trace.display())));
    }
    fs::create_dir_all(trace)?;
    let trace = trace.canonicalize()?;
    let folder = trace.join("folder");
    match start {
        Some(start) => {
            copy(start, &folder)?;
            copy(start, &trace.join("start"))?;
        }
        None => fs::create_dir(&folder)?,
    }
    for (run, workload) in workloads.iter().enumerate() {
        let run_trace = trace.join(format!("run-{run}.strace"));
        let status = Command::new("strace")
            .args(["-f", "--seccomp-bpf", "-qq", "-xx", "-s", STRING_BYTES_MAX])
            .args(["-e", CALLS, "-e", "signal=none", "-o"])
            .arg(&run_trace)
            .args(workload)
            .arg(&folder)
            .current_dir(&trace)
            .stdout(Stdio::null())
            .status()?;
        eprintln!("run {run} ended with {status}");
        if !status.success() {
            copy(&folder, &left(&run_trace))?;
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Where the folder is kept as a process left it that died: only that tells which of the calls it died in were done.
pub(crate) fn left(run: &Path) -> PathBuf {
    run.with_extension("left")
}

/// The trace files of a recording, in order.
pub(crate) fn runs(trace: &Path) -> Vec<PathBuf> {
    (0..)
        .map(|run| trace.join(format!("run-{run}.strace")))
        .take_while(|path| path.exists())
        .collect()
}

/// Longer than any single write: a cut string would be a write whose bytes are not known.
const STRING_BYTES_MAX: &str = "67108864";

/// A leading `?` lets strace pass over calls which the machine's architecture does not have.
const CALLS: &str = "trace=?open,?creat,openat,?openat2,close,?dup,?dup2,?dup3,?fcntl,lseek,\
read,readv,write,writev,pwrite64,pwritev,?pwritev2,fsync,fdatasync,sync,syncfs,sync_file_range,\
ftruncate,truncate,fallocate,?rename,?renameat,renameat2,?unlink,unlinkat,?rmdir,?mkdir,mkdirat,\
?link,linkat,?symlink,symlinkat,mmap,sendfile,splice,copy_file_range,?io_uring_setup,io_submit,\
?fork,?vfork,clone,?clone3,chdir,fchdir";
