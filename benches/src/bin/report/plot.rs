//! Plots: bars in SVG, each row by a scale of its own, the figure beside its bar.

use std::fmt::Write;

use crate::questions::{NAMES, OURS, Question};
use crate::table::{Row, digits};

const WIDTH: usize = 760;
const LEFT: usize = 110;
const LONGEST: f64 = 540.0;
const BAR: usize = 16;
const STEP: usize = 21;

/// Draws a question's bars.
pub(crate) fn draw(question: &Question, rows: &[Row]) -> String {
    let mut bars = String::new();
    let mut top = 34;
    for row in rows {
        if !row.of.is_empty() {
            top += 22;
            let _ = writeln!(bars, r#"<text x="10" y="{top}" class="row">{}</text>"#, row.of);
            top += 8;
        }
        let figures = row.nanos.map(|nanos| nanos.map(|nanos| question.unit.of(nanos)));
        let largest = figures.iter().flatten().copied().fold(0.0, f64::max);
        for (name, figure) in NAMES.iter().zip(figures) {
            let Some(figure) = figure else { continue };
            let length = (figure / largest * LONGEST).max(1.0);
            let class = match *name {
                OURS => "ours",
                "memcpy" | "memchr" => "bound",
                _ => "peer",
            };
            let (text, end) = (top + 12, LEFT as f64 + length + 6.0);
            let _ = writeln!(
                bars,
                r#"<text x="{}" y="{text}" class="name">{name}</text><rect x="{LEFT}" y="{top}" width="{length:.0}" height="{BAR}" class="{class}"/><text x="{end:.0}" y="{text}">{}</text>"#,
                LEFT - 8,
                digits(figure)
            );
            top += STEP;
        }
    }
    let height = top + 8;
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12" fill="#222">
<style>.row {{ font-weight: bold }} .name {{ text-anchor: end }} .ours {{ fill: #1769aa }} .peer {{ fill: #9aa5b1 }} .bound {{ fill: #dfe3e8 }}</style>
<rect width="{WIDTH}" height="{height}" fill="#fff"/>
<text x="10" y="22"><tspan font-size="15" font-weight="bold">{}</tspan><tspan dx="10">{}</tspan></text>
{bars}</svg>
"##,
        question.title,
        question.unit.name()
    )
}
