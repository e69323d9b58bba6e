//! What `strace` wrote of a process: its system calls in their order.

use std::path::Path;

use crate::tools::run_apart;

/// The system calls of a process that works in a folder.
pub(crate) struct Trace {
    folder: String,
    pub(crate) calls: Vec<Call>,
}

/// One system call.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) name: String,
    /// Its arguments and its result, file descriptors with their paths.
    pub(crate) rest: String,
    /// The lines of the trace in which it begins and ends.
    pub(crate) began: usize,
    pub(crate) ended: usize,
}

/// Puts a mark among the system calls. One write, so that it is one call.
pub(crate) fn mark(text: &str) {
    use std::io::Write as _;
    std::io::stderr().write_all(format!("mark {text};\n").as_bytes()).unwrap();
}

impl Trace {
    /// Traces an ignored test of this program.
    pub(crate) fn of(test: &str, folder: &Path) -> Self {
        let output = folder.with_extension("strace");
        let calls_traced = "trace=fdatasync,fsync,sync_file_range,pwrite64,write,openat,rename";
        let arguments = ["-f", "-y", "-s", "64", "-e", calls_traced, "-o"];
        let arguments = arguments.map(AsRef::as_ref).into_iter().chain([output.as_os_str()]);
        let status = run_apart(Some("strace"), arguments, test, folder);
        assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
        let text = String::from_utf8_lossy(&std::fs::read(&output).unwrap()).into_owned();
        std::fs::remove_file(&output).unwrap();
        Self { folder: folder.display().to_string(), calls: calls(&text) }
    }

    /// The line of a mark.
    pub(crate) fn mark(&self, text: &str) -> usize {
        let text = format!("\"mark {text};");
        let mark = self.calls.iter().find(|call| call.name == "write" && call.rest.contains(&text));
        mark.unwrap_or_else(|| panic!("no {text} in the trace")).began
    }

    /// Successful calls with that name on a file of the folder that begins so; on the folder itself if nothing is given.
    pub(crate) fn on<'a>(&'a self, name: &'a str, file: &str) -> impl Iterator<Item = &'a Call> {
        let file = match file {
            "" => format!("<{}>", self.folder),
            file => format!("<{}/{file}", self.folder),
        };
        self.calls.iter().filter(move |call| {
            call.name == name && call.rest.contains(&file) && !call.rest.contains("= -1")
        })
    }
}

impl Call {
    fn new(name: &str, rest: &str, line: usize) -> Self {
        Self { name: name.to_owned(), rest: rest.to_owned(), began: line, ended: line }
    }

    /// The segment in its arguments.
    pub(crate) fn segment(&self) -> Option<&str> {
        let at = self.rest.find("segment-")?;
        self.rest.get(at..at + "segment-0000000000".len())
    }
}

/// Puts the lines of a trace together: a call during which another thread makes one has two, `name(... <unfinished ...>` and `<... name resumed>...`.
fn calls(text: &str) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let mut unfinished: Vec<(&str, usize)> = Vec::new();
    for (line, text) in text.lines().enumerate() {
        let Some((thread, text)) = text.split_once(' ') else { continue };
        let text = text.trim_start();
        if let Some((_, rest)) = text.split_once(" resumed>") {
            let at = unfinished.iter().position(|(waiting, _)| *waiting == thread).unwrap();
            let (_, call) = unfinished.swap_remove(at);
            calls[call].rest.push_str(rest);
            calls[call].ended = line;
        } else if let Some((name, rest)) = text.split_once('(') {
            if rest.ends_with("<unfinished ...>") {
                unfinished.push((thread, calls.len()));
            }
            calls.push(Call::new(name, rest, line));
        }
    }
    calls
}
