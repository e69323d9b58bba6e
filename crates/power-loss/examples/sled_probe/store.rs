use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::log::{Log, Records};
use crate::options::{Options, Prepare, Sync};

/// sled as the devreg store uses it: one tree, one batch at a time, made durable by an own handle.
pub(crate) struct Store {
    /// The tree.
    pub db: sled::Db,
    data: File,
    log: Option<Log>,
    folder: PathBuf,
    sync: Sync,
    synced: BTreeSet<PathBuf>,
}

impl Store {
    /// Opens the folder and makes durable what opening has written.
    pub(crate) fn open(folder: &Path, options: &Options) -> io::Result<Self> {
        if !options.log {
            return Self::open_sled(folder, options);
        }
        let sled = folder.join("sled");
        if sled.exists() {
            fs::remove_dir_all(&sled)?;
        }
        fs::create_dir(&sled)?;
        let mut store = Self::open_sled(&sled, options)?;
        store.log = Some(Log::open(folder, |records| store.apply(records))?);
        Ok(store)
    }

    fn open_sled(folder: &Path, options: &Options) -> io::Result<Self> {
        prepare(folder, options.prepare)?;
        let mut config = sled::Config::new().path(folder);
        if let Some(bytes) = options.segment_bytes {
            config = config.segment_size(bytes);
        }
        if let Some(bytes) = options.cache_bytes {
            config = config.cache_capacity(bytes);
        }
        if let Some(flusher) = options.flusher {
            config = config.flush_every_ms(flusher);
        }
        let db = open_when_unlocked(&config)?;
        let data = File::open(folder.join("db"))?;
        let (folder, sync) = (folder.to_owned(), options.sync);
        let mut store = Self { db, data, log: None, folder, sync, synced: BTreeSet::new() };
        store.make_durable()?;
        if options.prepare == Prepare::Marker && !store.folder.join(MARKER).exists() {
            File::create(store.folder.join(MARKER))?;
            store.make_durable()?;
        }
        Ok(store)
    }

    /// Applies one batch; when this returns, it may be acknowledged.
    pub(crate) fn commit(&mut self, records: &Records) -> io::Result<()> {
        match &mut self.log {
            Some(log) => {
                log.append(records)?;
                self.apply(records)
            }
            None => {
                self.apply(records)?;
                self.make_durable()
            }
        }
    }

    /// Applies one batch and does not wait for the disk.
    pub(crate) fn apply(&self, records: &Records) -> io::Result<()> {
        let mut batch = sled::Batch::default();
        for (key, value) in records {
            match value {
                Some(value) => batch.insert(key.as_slice(), value.as_slice()),
                None => batch.remove(key.as_slice()),
            }
        }
        self.db.apply_batch(batch)?;
        Ok(())
    }

    fn make_durable(&mut self) -> io::Result<()> {
        self.db.flush()?;
        if self.sync == Sync::Files {
            self.sync_new_files(&self.folder.join("blobs"))?;
        }
        if self.sync >= Sync::Data {
            self.data.sync_data()?;
        }
        if self.sync >= Sync::Folder {
            self.sync_new_files(&self.folder.clone())?;
        }
        Ok(())
    }

    /// Syncs the folder if a name in it is new; the new files too if that is asked for.
    fn sync_new_files(&mut self, folder: &Path) -> io::Result<()> {
        let mut new = vec![];
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if !self.synced.contains(&path) {
                new.push(path);
            }
        }
        if new.is_empty() {
            return Ok(());
        }
        if self.sync == Sync::Files {
            for path in &new {
                match File::open(path) {
                    Ok(file) => file.sync_all()?,
                    // sled has removed it in the meantime.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
        }
        File::open(folder)?.sync_all()?;
        self.synced.extend(new);
        Ok(())
    }
}

/// sled's threads let go of the lock a little after the last handle is dropped.
fn open_when_unlocked(config: &sled::Config) -> sled::Result<sled::Db> {
    for _ in 0..LOCK_ATTEMPTS_MAX {
        match config.open() {
            Err(sled::Error::Io(error)) if error.to_string().contains("could not acquire lock") => {
                thread::sleep(Duration::from_millis(10));
            }
            other => return other,
        }
    }
    config.open()
}

fn prepare(folder: &Path, prepare: Prepare) -> io::Result<()> {
    let unready = !folder.join(MARKER).exists();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        let snapshot = name.starts_with("snap.");
        let unfinished = snapshot && name.ends_with(".generating");
        let unwanted = match prepare {
            Prepare::None => false,
            Prepare::Generating => unfinished,
            Prepare::Snapshots => snapshot,
            Prepare::Conf => unfinished || name == "conf",
            Prepare::Marker => unready || unfinished,
        };
        if unwanted {
            match path.is_dir() {
                true => fs::remove_dir_all(&path)?,
                false => fs::remove_file(&path)?,
            }
        }
    }
    Ok(())
}

/// Without it, nothing was ever promised.
const MARKER: &str = "ready";
const LOCK_ATTEMPTS_MAX: usize = 500;
