//! Rows: medians over the rounds. Each ratio is taken inside one round, where noise meets both sides alike.

use std::collections::BTreeMap;

use devreg_benches::document::time;
use devreg_benches::figures::{FLOOR, Figure, MEASURED};
use devreg_benches::spread::Spread;

/// One comparison.
#[derive(Debug, PartialEq)]
pub(crate) struct Row {
    group: String,
    floor_name: String,
    measured: f64,
    floor: f64,
    ratio: Spread,
}

/// What one round says of one group.
#[derive(Debug, Default)]
struct Side {
    measured: Option<f64>,
    floor: f64,
    floor_names: Vec<String>,
}

/// One row a group, in the order of their names. Groups that a round lacks are made of the others.
pub(crate) fn rows(rounds: &[Vec<Figure>]) -> Vec<Row> {
    let mut groups: BTreeMap<&str, Vec<Side>> = BTreeMap::new();
    for (number, round) in rounds.iter().enumerate() {
        for figure in round {
            let sides = groups.entry(&figure.group).or_default();
            sides.resize_with(rounds.len(), Side::default);
            let side = &mut sides[number];
            if figure.function == MEASURED {
                side.measured = Some(figure.nanoseconds);
            } else {
                side.floor += figure.nanoseconds;
                side.floor_names.push(figure.function.trim_start_matches(FLOOR).to_owned());
            }
        }
    }
    groups.into_iter().filter_map(|(group, sides)| row(group, &sides)).collect()
}

fn row(group: &str, sides: &[Side]) -> Option<Row> {
    let complete = sides.iter().filter(|side| side.floor > 0.0);
    let complete: Vec<_> = complete.filter_map(|side| Some((side.measured?, side))).collect();
    let mut floor_names = complete.first()?.1.floor_names.clone();
    floor_names.sort_unstable();
    let median = |figure: fn(&(f64, &Side)) -> f64| {
        Spread::of(complete.iter().map(figure)).map(|spread| spread.median)
    };
    Some(Row {
        group: group.to_owned(),
        floor_name: floor_names.join(" + "),
        measured: median(|(measured, _)| *measured)?,
        floor: median(|(_, side)| side.floor)?,
        ratio: Spread::of(complete.iter().map(|(measured, side)| measured / side.floor))?,
    })
}

pub(crate) fn markdown(rows: &[Row]) -> String {
    let mut table = String::from(
        "| what | time | floor | floor's time | times the floor (least .. most) |\n|---|---:|---|---:|---:|\n",
    );
    for row in rows {
        table.push_str(&format!(
            "| {} | {} | {} | {} | **{:.2}** ({:.2} .. {:.2}) |\n",
            row.group,
            time(row.measured),
            row.floor_name,
            time(row.floor),
            row.ratio.median,
            row.ratio.least,
            row.ratio.most,
        ));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(group: &str, function: &str, nanoseconds: f64) -> Figure {
        Figure { group: group.into(), function: function.into(), nanoseconds }
    }

    #[test]
    fn ratios_are_taken_inside_a_round() {
        let round = |noise: f64| {
            vec![
                figure("refresh", MEASURED, 300.0 * noise),
                figure("refresh", "floor: JSON", 50.0 * noise),
                figure("refresh", "floor: HMAC", 100.0 * noise),
            ]
        };
        let rows =
            rows(&[round(1.0), round(10.0), round(3.0), vec![figure("alone", MEASURED, 1.0)]]);
        assert_eq!(rows.len(), 1, "a measurement without a floor is not a row");
        let row = &rows[0];
        assert_eq!(row.ratio, Spread { least: 2.0, median: 2.0, most: 2.0 });
        assert_eq!((row.measured, row.floor), (900.0, 450.0));
        assert_eq!(row.floor_name, "HMAC + JSON");
        assert!(
            markdown(&rows).ends_with(
                "| refresh | 900 ns | HMAC + JSON | 450 ns | **2.00** (2.00 .. 2.00) |\n"
            )
        );
    }
}
