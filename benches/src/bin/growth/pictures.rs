//! Curves over the number of users.

use std::fs;
use std::path::Path;

use devreg_benches::curve::{Curve, draw};

use super::Fallible;
use super::journal::Served;
use super::part::Measured;
use super::report::compared;

/// Draws `growth-ratio.svg`, `growth-memory.svg` and `growth-disk.svg` into a folder.
///
/// # Errors
/// If they cannot be written.
pub(crate) fn draw_all(folder: &Path, users: &[Measured]) -> Fallible<()> {
    let Some(first) = users.first() else { return Ok(()) };
    let ratios = compared(first).into_iter().enumerate().map(|(at, one)| {
        curve(users, one.curve, |row| {
            compared(row)[at].turns.ratio().map_or(f64::NAN, |spread| spread.median)
        })
    });
    let ratios: Vec<_> = ratios.collect();
    let megabytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let part = |name, of: fn(&Served) -> u64| {
        curve(users, name, |row| row.served.as_ref().map_or(f64::NAN, |one| megabytes(of(one))))
    };
    let memory = [
        part("cache", |served| served.cache),
        part("directory", |served| served.directory),
        part("rest", |served| served.rest),
    ];
    let disk = [curve(users, "files", |row| row.filled.times_the_logical())];
    for (name, title, curves) in [
        ("growth-ratio.svg", "times the floor", &ratios[..]),
        ("growth-memory.svg", "memory of the journal, MB", &memory),
        ("growth-disk.svg", "files, as a multiple of keys and records", &disk),
    ] {
        fs::write(folder.join(name), draw(title, "users", curves))?;
    }
    Ok(())
}

fn curve(users: &[Measured], name: &str, value: impl Fn(&Measured) -> f64) -> Curve {
    let points = users.iter().map(|row| (row.users as f64, value(row))).collect();
    Curve { name: name.to_owned(), points }
}
