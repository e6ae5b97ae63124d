//! A report as one HTML page: inline styles, no script, nothing fetched.

use askama::Template;

use super::validate::{Error, Report};

/// The page, ready for its template.
#[derive(Template)]
#[template(path = "validate.html")]
struct Page<'a> {
    report: &'a Report,
    /// Of each item, how wide the bars of answers and of codes for none are, in per cent.
    bars: Vec<(String, String)>,
    tool: &'static str,
}

/// Lays the page out.
pub(super) fn html(report: &Report) -> Result<String, Error> {
    let bars = report.items.iter().map(|item| {
        let all = (item.fill.filled + item.fill.no_answer + item.fill.empty).max(1) as f64;
        let width = |part: u64| format!("{:.1}", part as f64 * 100.0 / all);
        (width(item.fill.filled), width(item.fill.no_answer))
    });
    let page =
        Page { report, bars: bars.collect(), tool: concat!("veilway ", env!("CARGO_PKG_VERSION")) };
    page.render().map_err(|_| Error::Layout)
}

/// Line numbers as they are read out.
fn listed(lines: &[u64]) -> String {
    lines.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")
}
