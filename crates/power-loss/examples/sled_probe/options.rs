/// What is varied.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// `seed=N`: of the plan.
    pub seed: u64,
    /// `batches=N`: how many batches the plan has in all.
    pub batches: usize,
    /// `from=N`, `until=N`: which of them one process runs.
    pub from: usize,
    /// See `from`.
    pub until: usize,
    /// `values=tiny|small|large|BYTES`.
    pub values: Values,
    /// `operations=N`: how many one batch has at most.
    pub operations: usize,
    /// `removals=N`: how many of 100 operations on a set that is there remove it.
    pub removals: usize,
    /// `sync=flush|data|folder|files`.
    pub sync: Sync,
    /// `prepare=none|generating|snapshots|conf|marker`: what is removed before sled opens the folder.
    pub prepare: Prepare,
    /// `reopen=N`: how often a process closes and opens again.
    pub reopen: usize,
    /// `log=yes`: a log of our own in front of sled, see `log.rs`.
    pub log: bool,
    /// `abort=yes`: the process dies at its end, with one more batch applied and not flushed.
    pub abort: bool,
    /// `segment=BYTES`, `cache=BYTES`; sled's own if not given.
    pub segment_bytes: Option<usize>,
    /// See `segment_bytes`.
    pub cache_bytes: Option<u64>,
    /// `flusher=none|MS`; sled's own (500) if not given.
    pub flusher: Option<Option<u64>>,
}

/// How large set records are, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Values {
    /// 50 to 300, so that pages stay below a quarter of a small segment.
    Tiny,
    /// 100 to 7,600, so that pages stay below a quarter of a default segment.
    Small,
    /// As small, and one in thirty of 100 to 200 KiB.
    Large,
    /// All of this size.
    Fixed(usize),
}

/// What happens before a batch is acknowledged, each with all before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sync {
    /// sled's `flush`, which is `sync_file_range`.
    Flush,
    /// `sync_data` of an own handle on the `db` file.
    Data,
    /// A sync of the folder if a name in it is new.
    Folder,
    /// A sync of every new file (`conf`, `blobs/*`) and of the folder `blobs`.
    Files,
}

/// What is removed before sled opens the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prepare {
    /// Nothing.
    None,
    /// Snapshots that were never finished; sled would take them for finished ones.
    Generating,
    /// All snapshots: sled then reads its whole log.
    Snapshots,
    /// Unfinished snapshots and `conf`, which sled then writes anew from its configuration.
    Conf,
    /// Unfinished snapshots; and everything, if the folder was never completely made durable.
    Marker,
}

impl Options {
    /// Reads `name=value` words; a word that is not known is a mistake in the caller's script.
    pub(crate) fn parse(words: &[&String]) -> Self {
        let mut options = Self {
            seed: 1,
            batches: 60,
            from: 0,
            until: usize::MAX,
            values: Values::Small,
            operations: 16,
            removals: 20,
            sync: Sync::Folder,
            prepare: Prepare::None,
            reopen: 0,
            log: false,
            abort: false,
            segment_bytes: None,
            cache_bytes: None,
            flusher: None,
        };
        for word in words {
            let (name, value) = word.split_once('=').unwrap_or((word.as_str(), ""));
            let number = || value.parse::<usize>().expect("a number");
            match (name, value) {
                ("seed", _) => options.seed = number() as u64,
                ("batches", _) => options.batches = number(),
                ("from", _) => options.from = number(),
                ("until", _) => options.until = number(),
                ("values", "tiny") => options.values = Values::Tiny,
                ("values", "small") => options.values = Values::Small,
                ("values", "large") => options.values = Values::Large,
                ("values", _) => options.values = Values::Fixed(number()),
                ("operations", _) => options.operations = number(),
                ("removals", _) => options.removals = number(),
                ("sync", "flush") => options.sync = Sync::Flush,
                ("sync", "data") => options.sync = Sync::Data,
                ("sync", "folder") => options.sync = Sync::Folder,
                ("sync", "files") => options.sync = Sync::Files,
                ("prepare", "none") => options.prepare = Prepare::None,
                ("prepare", "generating") => options.prepare = Prepare::Generating,
                ("prepare", "snapshots") => options.prepare = Prepare::Snapshots,
                ("prepare", "marker") => options.prepare = Prepare::Marker,
                ("prepare", "conf") => options.prepare = Prepare::Conf,
                ("reopen", _) => options.reopen = number(),
                ("log", _) => options.log = value == "yes",
                ("abort", _) => options.abort = value == "yes",
                ("segment", _) => options.segment_bytes = Some(number()),
                ("cache", _) => options.cache_bytes = Some(number() as u64),
                ("flusher", "none") => options.flusher = Some(None),
                ("flusher", _) => options.flusher = Some(Some(number() as u64)),
                _ => panic!("unknown option `{word}`"),
            }
        }
        options
    }
}
