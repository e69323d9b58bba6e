//! What processes have used of the processor, and read from disks.

use std::collections::HashMap;
use std::fs;
use std::io;

/// Processes whose time counts, with all that they have started.
#[derive(Debug, Clone)]
pub(crate) struct Processes(pub(crate) Vec<u32>);

/// What they have used since they began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Used {
    /// Microseconds of the processor.
    pub(crate) processor_us: u64,
    /// Bytes that had to come from a disk, for the system did not have them in its memory; `None` if the system does not say so to everybody.
    pub(crate) read_bytes: Option<u64>,
}

impl Used {
    /// What was used after `before`.
    pub(crate) fn since(self, before: Self) -> Self {
        let read_bytes = self.read_bytes.zip(before.read_bytes);
        Self {
            processor_us: self.processor_us.saturating_sub(before.processor_us),
            read_bytes: read_bytes.map(|(after, before)| after.saturating_sub(before)),
        }
    }
}

/// One process, as `/proc/PID/stat` shows it (proc_pid_stat(5)).
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    parent: u32,
    /// In user and kernel mode, its own and that of ended children it has waited for, in clock ticks.
    ticks: u64,
}

impl Processes {
    /// What they have used since they began.
    ///
    /// # Errors
    /// Whatever the system says; `NotFound` if one of them has ended.
    pub(crate) fn used(&self) -> io::Result<Used> {
        const MICROSECONDS: u64 = 1_000_000;
        let all = running()?;
        if let Some(missing) = self.0.iter().find(|process| !all.contains_key(process)) {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                format!("process {missing} has ended"),
            ));
        }
        let counted = all.iter().filter(|(process, _)| self.started(**process, &all));
        let ticks: u64 = counted.clone().map(|(_, stat)| stat.ticks).sum();
        let read_bytes = counted.map(|(process, _)| {
            read_bytes(&fs::read_to_string(format!("/proc/{process}/io")).ok()?)
        });
        Ok(Used {
            processor_us: ticks * MICROSECONDS / rustix::param::clock_ticks_per_second(),
            read_bytes: read_bytes.sum(),
        })
    }

    /// Whether a process is one of them, or was started by one.
    fn started(&self, process: u32, all: &HashMap<u32, Stat>) -> bool {
        let mut line =
            std::iter::successors(Some(process), |child| all.get(child).map(|stat| stat.parent));
        line.any(|ancestor| self.0.contains(&ancestor))
    }
}

fn running() -> io::Result<HashMap<u32, Stat>> {
    let mut all = HashMap::new();
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // One that has ended meanwhile has nothing to say.
        let text = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        all.extend(Stat::read(&text).map(|stat| (process, stat)));
    }
    Ok(all)
}

/// The field of `/proc/PID/io` (proc_pid_io(5)).
fn read_bytes(text: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix("read_bytes: "))?.parse().ok()
}

impl Stat {
    fn read(text: &str) -> Option<Self> {
        // The name, in brackets, may have blanks and brackets of its own.
        let (_, rest) = text.rsplit_once(')')?;
        // The first of these is field 3.
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
        let ticks = number(14)? + number(15)? + number(16)? + number(17)?;
        Some(Self { parent: u32::try_from(number(4)?).ok()?, ticks })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_look_like_fields() {
        let text = "17 (a) R 1 2) S 4 5 6 0 -1 0 1 2 3 4 100 20 3 1 20 0 1 0 7";
        assert_eq!(Stat::read(text), Some(Stat { parent: 4, ticks: 124 }));
        assert_eq!(Stat::read(""), None);
    }

    #[test]
    fn work_of_this_process_is_seen() {
        let this = Processes(vec![std::process::id()]);
        let before = this.used().unwrap();
        let mut random = devreg_benches::random::SplitMix::new(1);
        while this.used().unwrap().since(before).processor_us == 0 {
            std::hint::black_box((0..100_000).map(|_| random.draw()).max());
        }
    }

    #[test]
    fn what_came_from_disks_is_one_field() {
        let text = "rchar: 7\nsyscr: 1\nread_bytes: 4096\nwrite_bytes: 8192\n";
        assert_eq!(read_bytes(text), Some(4_096));
        assert_eq!(read_bytes("rchar: 7\n"), None);
        let used = |read_bytes| Used { processor_us: 1, read_bytes };
        assert_eq!(used(Some(5)).since(used(Some(3))).read_bytes, Some(2));
        assert_eq!(used(Some(5)).since(used(None)).read_bytes, None);
    }
}
