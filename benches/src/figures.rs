//! Figures and where they are left: one folder a round, criterion's files and [`SWAPS_FILE`] in it.

use std::path::Path;
use std::{fs, io};

use serde::{Deserialize, Serialize};

/// The name of what was measured; everything else in a group is a floor, and floors of a group add up.
pub const MEASURED: &str = "measured";

/// How the name of a floor starts; what follows says what it is.
pub const FLOOR: &str = "floor: ";

/// The file of the swaps bench, which does not use criterion: its operations wait for a disk.
pub const SWAPS_FILE: &str = "swaps.json";

/// One figure of one round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// The row of the table: what is compared.
    pub group: String,
    /// [`MEASURED`], or [`FLOOR`] and what it is.
    pub function: String,
    /// Nanoseconds for one operation.
    pub nanoseconds: f64,
}

#[derive(Deserialize)]
struct Benchmark {
    group_id: String,
    function_id: Option<String>,
}

#[derive(Deserialize)]
struct Estimates {
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    point_estimate: f64,
}

/// All figures of the round in `folder`: criterion's medians, and the swaps.
///
/// # Errors
/// If a file cannot be read or is not what it should be.
pub fn read_round(folder: &Path) -> io::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    collect(folder, &mut figures)?;
    let swaps = folder.join(SWAPS_FILE);
    if swaps.exists() {
        figures.extend(read_json::<Vec<Figure>>(&swaps)?);
    }
    Ok(figures)
}

/// Criterion writes a folder `new` for each function, at a depth that depends on its name.
fn collect(folder: &Path, figures: &mut Vec<Figure>) -> io::Result<()> {
    let about = folder.join("benchmark.json");
    if folder.ends_with("new") && about.exists() {
        let about: Benchmark = read_json(&about)?;
        let estimates: Estimates = read_json(&folder.join("estimates.json"))?;
        figures.push(Figure {
            group: about.group_id,
            function: about.function_id.unwrap_or_default(),
            nanoseconds: estimates.median.point_estimate,
        });
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), figures)?;
        }
    }
    Ok(())
}

fn read_json<T: for<'de> Deserialize<'de>>(file: &Path) -> io::Result<T> {
    Ok(serde_json::from_slice(&fs::read(file)?)?)
}

/// Leaves the figures of the swaps where the other figures of the round are, if this is a round of `scripts/bench`.
///
/// # Errors
/// If the file cannot be written.
pub fn leave_swaps(figures: &[Figure]) -> io::Result<()> {
    let Some(folder) = std::env::var_os("CRITERION_HOME") else { return Ok(()) };
    fs::create_dir_all(&folder)?;
    fs::write(Path::new(&folder).join(SWAPS_FILE), serde_json::to_vec_pretty(figures)?)
}
