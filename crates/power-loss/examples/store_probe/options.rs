/// What is varied.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// `store=sled|journal`.
    pub store: Store,
    /// `seed=N`: of the plan.
    pub seed: u64,
    /// `writers=N`: how many threads write at once, each to users of its own.
    pub writers: usize,
    /// `users=N`: how many of them each writer has.
    pub users: usize,
    /// `operations=N`: how many each writer has done when a process ends.
    pub operations: usize,
    /// `reopen=N`: how often a process closes and opens again.
    pub reopen: usize,
    /// `abort=yes`: the process dies when the first writer is done, whatever the others do.
    pub abort: bool,
    /// `sizes=usual|large|limit`.
    pub sizes: Sizes,
    /// `kept=N`: how many changes the store keeps.
    pub kept: u64,
    /// `sync=disk|system|nothing|bytes`.
    pub sync: Sync,
    /// `acked=N,N,...`: what a process before this one had acknowledged when power was lost.
    pub acked: Option<String>,
}

/// Which store is probed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Store {
    /// `device-store-sled`.
    Sled,
    /// `device-store-journal`.
    Journal,
}

/// How large sets are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sizes {
    /// 1 to 8 KB; those of one user in 24 of 20 to 300 KB.
    Usual,
    /// Those of one user in three of 20 to 300 KB.
    Large,
    /// As usual, and one set of each second writer of 1 to 4 MB, which is what 64 devices can be.
    Limit,
}

/// What happens before a commit is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sync {
    /// What the store does.
    Disk,
    /// A control: the operating system has it, the disk may not. sled only.
    System,
    /// A control: bytes are not synced.
    Nothing,
    /// A control: bytes are synced, names are not. The journal only.
    Bytes,
}

impl Options {
    /// Reads `name=value` words; a word that is not known is a mistake in the caller's script.
    pub(crate) fn parse(words: &[&String]) -> Self {
        let mut options = Self {
            store: Store::Sled,
            seed: 1,
            writers: 8,
            users: 6,
            operations: 40,
            reopen: 0,
            abort: false,
            sizes: Sizes::Usual,
            kept: 100,
            sync: Sync::Disk,
            acked: None,
        };
        for word in words {
            let (name, value) = word.split_once('=').unwrap_or((word.as_str(), ""));
            let number = || value.parse::<usize>().expect("a number");
            match (name, value) {
                ("store", "sled") => options.store = Store::Sled,
                ("store", "journal") => options.store = Store::Journal,
                ("seed", _) => options.seed = number() as u64,
                ("writers", _) => options.writers = number(),
                ("users", _) => options.users = number(),
                ("operations", _) => options.operations = number(),
                ("reopen", _) => options.reopen = number(),
                ("abort", _) => options.abort = value == "yes",
                ("sizes", "usual") => options.sizes = Sizes::Usual,
                ("sizes", "large") => options.sizes = Sizes::Large,
                ("sizes", "limit") => options.sizes = Sizes::Limit,
                ("kept", _) => options.kept = number() as u64,
                ("sync", "disk") => options.sync = Sync::Disk,
                ("sync", "system") => options.sync = Sync::System,
                ("sync", "nothing") => options.sync = Sync::Nothing,
                ("sync", "bytes") => options.sync = Sync::Bytes,
                ("acked", _) => options.acked = Some(value.to_owned()),
                _ => panic!("unknown option `{word}`"),
            }
        }
        options
    }
}
