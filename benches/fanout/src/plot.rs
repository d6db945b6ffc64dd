//! Two kinds of plot, as SVG.

use std::fmt::Write;

const WIDTH: f64 = 720.0;
const COLOURS: [&str; 7] = ["#888888", "#d1495b", "#edae49", "#00798c", "#5b8e7d", "#7768ae", "#8d6a4f"];

/// One bar for each name.
pub fn bars(title: &str, bars: &[(String, f64)]) -> String {
    const LEFT: f64 = 190.0;
    const STEP: f64 = 34.0;
    let most = bars.iter().map(|(_, value)| *value).fold(f64::MIN_POSITIVE, f64::max);
    let height = 60.0 + STEP * bars.len() as f64;
    let mut svg = head(title, height);
    for (number, (name, value)) in bars.iter().enumerate() {
        let (y, width) = (50.0 + STEP * number as f64, (WIDTH - LEFT - 80.0) * value.max(0.0) / most);
        let (colour, middle) = (COLOURS[number % COLOURS.len()], y + 16.0);
        text(&mut svg, LEFT - 10.0, middle, "end", name);
        let _ = writeln!(svg, r#"<rect x="{LEFT}" y="{y:.1}" width="{width:.1}" height="22" rx="3" fill="{colour}"/>"#);
        text(&mut svg, LEFT + width + 8.0, middle, "start", &short(*value));
    }
    svg + "</svg>\n"
}

/// One line for each name; the horizontal axis is logarithmic, the vertical one begins at 0.
pub fn lines(title: &str, lines: &[(String, Vec<(f64, f64)>)]) -> String {
    let (left, right, top, bottom) = (60.0, WIDTH - 170.0, 60.0, 340.0);
    let points = || lines.iter().flat_map(|(_, points)| points).filter(|(_, y)| y.is_finite());
    let (from, to) = points().fold((f64::MAX, f64::MIN_POSITIVE), |(from, to), (x, _)| (from.min(*x), to.max(*x)));
    let most = points().map(|(_, y)| *y).fold(f64::MIN_POSITIVE, f64::max) * 1.1;
    let x_of = |x: f64| left + (right - left) * (x / from).ln() / (to / from).ln().max(f64::MIN_POSITIVE);
    let y_of = |y: f64| bottom - (bottom - top) * y / most;
    let mut svg = head(title, 390.0);
    for part in 0..=4 {
        let value = most * f64::from(part) / 4.0;
        let y = y_of(value);
        let _ = writeln!(
            svg,
            r##"<line x1="{left}" y1="{y:.1}" x2="{right}" y2="{y:.1}" stroke="#888888" stroke-opacity="0.3"/>"##
        );
        text(&mut svg, left - 8.0, y + 4.0, "end", &short(value));
    }
    for (x, _) in lines.first().map_or(&[][..], |(_, points)| points) {
        text(&mut svg, x_of(*x), bottom + 22.0, "middle", &format!("{x:.0}"));
    }
    for (number, (name, points)) in lines.iter().enumerate() {
        let colour = COLOURS[number % COLOURS.len()];
        let path: Vec<String> = points
            .iter()
            .filter(|(_, y)| y.is_finite())
            .map(|(x, y)| format!("{:.1},{:.1}", x_of(*x), y_of(*y)))
            .collect();
        let _ = writeln!(
            svg,
            r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="2.5"/>"#,
            path.join(" ")
        );
        let y = top + 22.0 * number as f64;
        let _ =
            writeln!(svg, r#"<rect x="{}" y="{:.1}" width="14" height="4" fill="{colour}"/>"#, right + 16.0, y - 6.0);
        text(&mut svg, right + 36.0, y, "start", name);
    }
    svg + "</svg>\n"
}

fn head(title: &str, height: f64) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" \
         font-size=\"13\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
    );
    let _ = writeln!(svg, r#"<text x="20" y="28" font-size="15" font-weight="bold">{}</text>"#, escaped(title));
    svg
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, text: &str) {
    let _ = writeln!(svg, r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{}</text>"#, escaped(text));
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

fn short(value: f64) -> String {
    if value < 10.0 { format!("{value:.2}") } else { format!("{value:.0}") }
}
