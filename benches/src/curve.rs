//! Curves drawn as a picture (SVG) for the docs.

use std::fmt::Write as _;

/// A curve.
#[derive(Debug, Clone)]
pub struct Curve {
    /// What it shows.
    pub name: String,
    /// Its points, from left to right.
    pub points: Vec<(f64, f64)>,
}

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 400.0;
const MARGIN: f64 = 60.0;
const COLOURS: [&str; 6] = ["#1b7837", "#5aae61", "#b2182b", "#ef8a62", "#2166ac", "#762a83"];

/// Draws the curves over a common scale that starts at 0, with their names at their ends; `across` is what is counted from left to right.
#[must_use]
pub fn draw(title: &str, across: &str, curves: &[Curve]) -> String {
    let all = || curves.iter().flat_map(|curve| &curve.points);
    let right = all().map(|point| point.0).fold(1.0, f64::max);
    let greatest = all().map(|point| point.1).fold(1.0, f64::max);
    let step = step(greatest);
    let top = (greatest / step).ceil() * step;
    let x = |value: f64| MARGIN + value / right * (WIDTH - 4.0 * MARGIN);
    let y = |value: f64| HEIGHT - MARGIN - value / top * (HEIGHT - 2.0 * MARGIN);
    let mut picture = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"{MARGIN}\" y=\"30\" font-size=\"16\">{title}</text>\n"
    );
    let mut line = 0.0;
    while line <= top {
        let at = y(line);
        // Writing into a text does not fail.
        let _ = writeln!(
            picture,
            "<line x1=\"{MARGIN}\" x2=\"{:.0}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"#ddd\"/><text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{line}</text>",
            x(right),
            MARGIN - 8.0,
            at + 4.0,
        );
        line += step;
    }
    let _ = writeln!(
        picture,
        "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{:.1} million {across}</text>",
        x(right),
        HEIGHT - MARGIN + 24.0,
        right / 1e6
    );
    let ends = curves.iter().map(|curve| curve.points.last().map_or(0.0, |point| point.1));
    let names_at = apart(&ends.map(y).collect::<Vec<_>>());
    for ((curve, name_at), colour) in curves.iter().zip(names_at).zip(COLOURS.iter().cycle()) {
        let points: Vec<String> = curve
            .points
            .iter()
            .map(|(at, value)| format!("{:.1},{:.1}", x(*at), y(*value)))
            .collect();
        let end = curve.points.last().map_or(0.0, |point| point.1);
        let decimals = if end < 10.0 { 2 } else { 0 };
        let _ = writeln!(
            picture,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/><text x=\"{:.0}\" y=\"{:.1}\" fill=\"{colour}\">{} {end:.decimals$}</text>",
            points.join(" "),
            x(right) + 8.0,
            name_at + 4.0,
            curve.name
        );
    }
    picture + "</svg>\n"
}

/// The places of names, in pixels from above: none covers another.
fn apart(wanted: &[f64]) -> Vec<f64> {
    const LINE: f64 = 15.0;
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|left, right| wanted[*left].total_cmp(&wanted[*right]));
    let mut places = wanted.to_vec();
    let mut free = f64::NEG_INFINITY;
    for at in order {
        places[at] = wanted[at].max(free);
        free = places[at] + LINE;
    }
    places
}

/// What lies between two lines, so that there are six at most: 1, 2 or 5 and zeros.
fn step(top: f64) -> f64 {
    let magnitude = 10_f64.powf((top / 6.0).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * magnitude);
    steps.into_iter().find(|step| top / step <= 6.0).unwrap_or(top).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::{apart, step};

    #[test]
    fn names_do_not_cover_each_other() {
        assert_eq!(apart(&[100.0, 20.0, 95.0, 300.0]), [110.0, 20.0, 95.0, 300.0]);
        assert_eq!(apart(&[50.0, 50.0, 50.0]), [50.0, 65.0, 80.0]);
    }

    #[test]
    fn lines_are_at_round_numbers() {
        for (top, expected) in
            [(1.0, 1.0), (3.2, 1.0), (9.0, 2.0), (120.0, 20.0), (149.0, 50.0), (4483.0, 1000.0)]
        {
            assert_eq!(step(top).to_string(), f64::to_string(&expected), "{top}");
        }
    }
}
