use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::{Crash, Policy, Recording, Verdict};

/// Many crash images of one recording, each given to a check command.
#[derive(Debug, Clone)]
pub struct Campaign {
    /// The command and its arguments. The image's folder and the last acknowledgement (`none` if
    /// there was none) are added. See [`Verdict`] for what it answers.
    pub check: Vec<String>,
    /// The seed of the first image; each next one has the next seed.
    pub first_seed: u64,
    /// How many images.
    pub images: u64,
    /// How many checks run at once.
    pub jobs: usize,
    /// How long one check may take.
    pub limit: Duration,
    /// Where images are built, and where those that failed are kept if `keep` is set.
    pub scratch: PathBuf,
    /// Whether images that failed stay there.
    pub keep: bool,
}

/// What a campaign found.
#[derive(Debug, Default)]
pub struct Report {
    /// How many images had each verdict.
    pub counts: BTreeMap<Verdict, u64>,
    /// Those that did not survive, by seed.
    pub failures: Vec<Failure>,
}

/// One image that did not survive.
#[derive(Debug)]
pub struct Failure {
    /// The seed that builds it again.
    pub seed: u64,
    /// Where in the trace.
    pub moment: usize,
    /// What became of the rest.
    pub policy: Policy,
    /// What the workload had promised.
    pub acknowledged: String,
    /// What was found.
    pub verdict: Verdict,
    /// The last line that the check printed.
    pub detail: String,
}

impl Campaign {
    /// Checks every image.
    pub fn run(&self, recording: &Recording) -> io::Result<Report> {
        fs::create_dir_all(&self.scratch)?;
        let next = AtomicU64::new(0);
        let report = Mutex::new(Report::default());
        thread::scope(|scope| {
            let work = || -> io::Result<()> {
                loop {
                    let image = next.fetch_add(1, Ordering::Relaxed);
                    if image >= self.images {
                        return Ok(());
                    }
                    let failure = self.check_one(recording, self.first_seed + image)?;
                    let mut report = report.lock().expect("no checker panics with the report");
                    let verdict = failure.as_ref().map_or(Verdict::Survived, |it| it.verdict);
                    *report.counts.entry(verdict).or_default() += 1;
                    report.failures.extend(failure);
                }
            };
            let jobs: Vec<_> = (0..self.jobs.max(1)).map(|_| scope.spawn(work)).collect();
            jobs.into_iter().try_for_each(|job| job.join().expect("no checker panics"))
        })?;
        let mut report = report.into_inner().expect("no checker panics with the report");
        report.failures.sort_by_key(|failure| failure.seed);
        Ok(report)
    }

    fn check_one(&self, recording: &Recording, seed: u64) -> io::Result<Option<Failure>> {
        let crash = Crash::plan(recording, seed);
        let image = self.scratch.join(format!("image-{seed}"));
        let output = self.scratch.join(format!("image-{seed}.output"));
        crash.write_to(&image)?;
        let acknowledged = crash.acknowledged().unwrap_or("none").to_owned();
        let (verdict, detail) = self.ask(&image, &acknowledged, &output)?;
        fs::remove_dir_all(&image)?;
        if verdict == Verdict::Survived {
            fs::remove_file(&output)?;
            return Ok(None);
        }
        match self.keep {
            // Once more, because the check has worked on the first one.
            true => crash.write_to(&image)?,
            false => fs::remove_file(&output)?,
        }
        let (moment, policy) = (crash.moment(), crash.policy());
        Ok(Some(Failure { seed, moment, policy, acknowledged, verdict, detail }))
    }

    fn ask(
        &self,
        image: &Path,
        acknowledged: &str,
        output: &Path,
    ) -> io::Result<(Verdict, String)> {
        let Some((program, args)) = self.check.split_first() else {
            return Err(io::Error::other("the check command is empty"));
        };
        let file = File::create(output)?;
        let mut child = Command::new(program)
            .args(args)
            .args([image.as_os_str(), acknowledged.as_ref()])
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()?;
        let status = wait(&mut child, self.limit)?;
        let said = String::from_utf8_lossy(&fs::read(output)?).into_owned();
        let phase = said.lines().rev().find_map(|line| line.strip_prefix("phase "));
        let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("");
        Ok(match status {
            None => (Verdict::Hung, format!("in phase {}: {last}", phase.unwrap_or("none"))),
            Some(status) => {
                let verdict = Verdict::of(status.code(), phase);
                let signal = status.signal().map(|it| format!("signal {it}: ")).unwrap_or_default();
                (verdict, format!("{signal}{last}"))
            }
        })
    }
}

/// How the child ended; `None` if it had to be ended.
fn wait(child: &mut Child, limit: Duration) -> io::Result<Option<std::process::ExitStatus>> {
    let begin = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if begin.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(2));
    }
}
