use std::collections::BTreeSet;
use std::path::Path;

use power_loss::Verdict;

use crate::options::{Options, Sync};
use crate::plan::{Operation, Plan, State};
use crate::store::Store;

/// Judges what a power loss left: `ack` is the last thing that the workload had said.
pub(crate) fn check(folder: &Path, ack: &str, options: &Options) -> Verdict {
    let acked: usize = ack.strip_prefix("ack ").map_or(0, |text| text.parse().expect("a number"));
    let plan = Plan::new(options);
    match judge(folder, acked, &plan, &Options { sync: Sync::Files, ..options.clone() }) {
        Ok(()) => Verdict::Survived,
        Err((verdict, detail)) => {
            println!("{detail}");
            verdict
        }
    }
}

type Judged<T> = Result<T, (Verdict, String)>;

fn judge(folder: &Path, acked: usize, plan: &Plan, options: &Options) -> Judged<()> {
    println!("phase open");
    let store = Store::open(folder, options).map_err(because(Verdict::OpenFailed))?;
    println!("phase read");
    let found = read(&store, plan)?;
    let (done, mut state) = match_state(&found, acked, plan)?;
    println!("phase write");
    let mut store = store;
    let more = plan.batches.len().min(done + BATCHES_MORE);
    for number in done..more {
        let written = store.commit(&plan.records(&plan.batches[number]));
        written.map_err(because(Verdict::Unusable))?;
        plan.advance(&mut state, number);
    }
    println!("phase close");
    drop(store);
    println!("phase reopen");
    let store = Store::open(folder, options).map_err(because(Verdict::Unusable))?;
    println!("phase reread");
    if read(&store, plan)? != state {
        return Err((Verdict::Unusable, "what was written afterwards is not there".to_owned()));
    }
    Ok(())
}

/// Everything in the tree; each value must be one which the plan writes to its key.
fn read(store: &Store, plan: &Plan) -> Judged<State> {
    let mut found = State::new();
    for entry in store.db.iter() {
        let (key, value) = entry.map_err(because(Verdict::Unusable))?;
        let Some(operation) = plan.operation_of(&key, &value) else {
            let key = String::from_utf8_lossy(&key).into_owned();
            return Err((Verdict::Garbage, format!("`{key}` holds {} foreign bytes", value.len())));
        };
        found.insert(key.to_vec(), operation);
    }
    Ok(found)
}

/// The number of batches that explains what was found: the acknowledged ones, or more.
fn match_state(found: &State, acked: usize, plan: &Plan) -> Judged<(usize, State)> {
    let mut state = State::new();
    let mut possible: BTreeSet<(&[u8], Option<Operation>)> = BTreeSet::new();
    let mut earlier = None;
    let mut at_ack = State::new();
    for done in 0..=plan.batches.len() {
        if done > 0 {
            plan.advance(&mut state, done - 1);
        }
        if *found == state {
            match done >= acked {
                true => return Ok((done, state)),
                false => earlier = Some(done),
            }
        }
        if done == acked {
            at_ack = state.clone();
        } else if done > acked {
            possible.extend(plan.batches[done - 1].iter().map(|(key, op)| (key.as_slice(), *op)));
        }
    }
    if let Some(earlier) = earlier {
        return Err((Verdict::Lost, format!("{acked} batches acknowledged, {earlier} there")));
    }
    let keys: BTreeSet<&Vec<u8>> = found.keys().chain(at_ack.keys()).collect();
    let lost: Vec<&Vec<u8>> = keys
        .into_iter()
        .filter(|key| found.get(*key) != at_ack.get(*key))
        .filter(|key| !possible.contains(&(key.as_slice(), found.get(*key).copied())))
        .collect();
    Err(match lost.first() {
        Some(key) => {
            let key = String::from_utf8_lossy(key).into_owned();
            let of = at_ack.len();
            (
                Verdict::Lost,
                format!("{} of {of} keys are not as acknowledged, as `{key}`", lost.len()),
            )
        }
        None => (Verdict::Torn, format!("no number of batches from {acked} on explains it")),
    })
}

fn because<E: std::fmt::Display>(verdict: Verdict) -> impl Fn(E) -> (Verdict, String) {
    move |error| (verdict, error.to_string())
}

/// What is written after a recovery, to see that the store is of use.
const BATCHES_MORE: usize = 3;
