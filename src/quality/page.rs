//! A report as one HTML page: bars as inline SVG, no script, nothing fetched.

use askama::Template;

use super::tally::share;
use super::{ColumnFill, Error, Quality, Reason, Report, Services};

/// The page, ready for its template.
#[derive(Template)]
#[template(path = "quality.html")]
struct Page<'a> {
    report: &'a Report,
    files: Vec<Sheet<'a>>,
    /// Bars of the files side by side, where there are several.
    trend: Vec<Group>,
    tool: &'static str,
}

/// One file.
struct Sheet<'a> {
    quality: &'a Quality,
    complete: String,
    groups: Vec<Group>,
}

/// Bars that belong together.
struct Group {
    title: &'static str,
    /// What is to be known of them, where that is something.
    note: &'static str,
    bars: Vec<Bar>,
}

/// One bar: how many of all.
struct Bar {
    label: String,
    count: String,
    /// Its length in per cent.
    width: String,
    /// What stands behind the count.
    more: String,
}

/// Lays the page out.
pub(super) fn html(report: &Report) -> Result<String, Error> {
    let files = report.files.iter().map(Sheet::of).collect();
    let trend = if report.files.len() > 1 { trend(&report.files) } else { Vec::new() };
    let page = Page { report, files, trend, tool: concat!("veilway ", env!("CARGO_PKG_VERSION")) };
    page.render().map_err(|_| Error::Layout)
}

impl Sheet<'_> {
    fn of(quality: &Quality) -> Sheet<'_> {
        let q = quality;
        let rows = q.read();
        let bars = |list: Vec<(&str, u64)>| -> Vec<Bar> {
            list.into_iter().map(|(label, count)| Bar::of(label, count, rows)).collect()
        };
        let reasons = q.keys.reasons.iter().map(|r| (r.reason.as_str(), r.rows)).collect();
        let defects = q.keys.defects.iter().map(|r| (r.reason.as_str(), r.rows)).collect();
        let positions = q.keys.positions.iter().flat_map(|place| {
            let part = if place.position == 14 { "not stated" } else { "9" };
            [("2", place.twos), (part, place.nines)].map(|(what, count)| {
                Bar::of(&format!("position {}: {what}", place.position), count, q.keys.keys)
            })
        });
        let names = |names: &super::Names| {
            bars(vec![
                ("a name", names.known),
                ("empty", names.empty),
                ("a placeholder", names.placeholder),
                ("no letters", names.no_letters),
                ("another script", names.other_script),
            ])
        };
        let births = &q.birth_dates;
        let mut dates = bars(vec![
            ("a date", births.known),
            ("of these, estimated", births.estimated),
            ("empty", births.empty),
            ("a filler", births.placeholder),
        ]);
        dates.extend(births.bad.iter().map(|r| Bar::of(&r.reason, r.rows, rows)));
        let heaps = births.heaps.iter().map(|heap| Bar {
            more: format!("{} by chance: {} times as many", heap.by_chance, heap.ratio),
            ..Bar::of(heap.days, heap.dates, births.known)
        });
        let sexes = &q.sexes;
        let mut groups = vec![
            Group {
                title: "What is doubtful about keys",
                note: "The quality codes of veilway slk. A short name is no defect.",
                bars: bars(reasons),
            },
            Group {
                title: "Keys by position",
                note: "A 2 fills a short name; a 9 stands for a name that is missing.",
                bars: positions.filter(|bar| bar.count != "0").collect(),
            },
            Group { title: "Recorded keys that break a rule", note: "", bars: bars(defects) },
            Group { title: "Family names", note: "", bars: names(&q.family_names) },
            Group { title: "Given names", note: "", bars: names(&q.given_names) },
            Group { title: "Birth dates", note: "", bars: dates },
            Group {
                title: "Days on which birth dates heap",
                note: "Estimates are written on such days: keys of people who share one are \
                       oftener alike by chance.",
                bars: heaps.collect(),
            },
            Group {
                title: "Sex",
                note: "",
                bars: bars(vec![
                    ("1 male", sexes.male),
                    ("2 female", sexes.female),
                    ("3 another term", sexes.other),
                    ("not stated", sexes.not_stated),
                    ("empty", sexes.empty),
                    ("no known code", sexes.unknown_code),
                ]),
            },
        ];
        groups.extend(q.postcodes_of_another_state.map(|count| Group {
            title: "Places",
            note: "Where a postcode and the state beside it do not go together, one of them is \
                   wrong; both are used as they are.",
            bars: bars(vec![("a postcode of another state", count)]),
        }));
        if let Some(consent) = &q.consent {
            groups.push(Group {
                title: "Consent",
                note: "Only what is given without reserve is linked.",
                bars: bars(vec![
                    ("given", consent.given),
                    ("given in part", consent.partial),
                    ("refused", consent.refused),
                    ("not stated", consent.not_stated),
                    ("not yet given", consent.not_yet),
                    ("ended", consent.ended),
                    ("withdrawn", consent.withdrawn),
                ]),
            });
        }
        groups.extend(q.events.as_ref().map(|events| {
            let bar = |label: &str, count| Bar::of(label, count, events.events);
            let mut bars = vec![
                bar("open", events.open),
                bar("of these, with an end in the future", events.ends_in_future),
            ];
            bars.extend(events.bad.iter().map(|r| bar(&r.reason, r.rows)));
            Group {
                title: "Days of events",
                note: "An end in the future (9999-12-31, say) is none. Events with a day that cannot be \
                       are set aside.",
                bars,
            }
        }));
        groups.extend(q.services.as_ref().map(|services| Group {
            title: "Services",
            note: "Of a DEX export. A session without a client may have been of a group that nobody \
                   is named of.",
            bars: of_services(services),
        }));
        groups.push(Group {
            title: "Columns",
            note: "How many rows have a value.",
            bars: q.columns.iter().map(|c| Bar::of(&c.column, c.filled, rows)).collect(),
        });
        let unusable = |c: &ColumnFill| {
            let of = |r: &Reason| Bar::of(&format!("{}: {}", c.column, r.reason), r.rows, rows);
            c.unusable.iter().map(of).collect::<Vec<_>>()
        };
        groups.push(Group {
            title: "Values of no use",
            note: "They are set aside with their lines when the export is de-identified; the rest of \
                   their rows is used.",
            bars: q.columns.iter().flat_map(unusable).collect(),
        });
        groups.retain(|group| !group.bars.is_empty());
        Sheet { quality, complete: per_cent(q.keys.complete, rows), groups }
    }
}

/// What stands alone, of all there are of its kind.
fn of_services(s: &Services) -> Vec<Bar> {
    let cases = s.cases + s.cases_without_client;
    let mut bars = vec![
        Bar::of("cases without a session", s.cases_without_session, cases),
        Bar::of("cases without a client", s.cases_without_client, cases),
        Bar::of("sessions without a client", s.sessions_without_client, s.sessions),
    ];
    let scores = [
        ("clients with a SCORE", s.clients_with_score),
        ("clients with a SCORE before and after", s.clients_with_pair),
    ];
    let scores = scores.into_iter().filter_map(|(what, count)| Some((what, count?)));
    bars.extend(scores.map(|(what, count)| Bar::of(what, count, s.clients)));
    bars
}

/// How the main shares go from file to file.
fn trend(files: &[Quality]) -> Vec<Group> {
    /// A measure: what it is called, and how many of how many.
    type Measure = (&'static str, fn(&Quality) -> Option<(u64, u64)>);
    let measures: [Measure; 8] = [
        ("Complete keys", |q| Some((q.keys.complete, q.read()))),
        ("Family names", |q| Some((q.family_names.known, q.read()))),
        ("Birth dates", |q| Some((q.birth_dates.known, q.read()))),
        ("Estimated, of the birth dates", |q| Some((q.birth_dates.estimated, q.birth_dates.known))),
        ("Sex stated", |q| Some((q.sexes.male + q.sexes.female + q.sexes.other, q.read()))),
        ("Consent given", |q| Some((q.consent.as_ref()?.given, q.read()))),
        ("Record numbers too many", |q| Some((q.people.numbers_too_many, q.people.numbers))),
        ("Sessions without a client", |q| {
            q.services.as_ref().map(|s| (s.sessions_without_client, s.sessions))
        }),
    ];
    let group = |(title, measure): Measure| {
        let mut before = None;
        let bars = files.iter().filter_map(|file| {
            let (count, all) = measure(file)?;
            let share = share(count, all) * 100.0;
            let change = before.replace(share).map(|before| share - before);
            let more = match change {
                Some(points) => format!("{share:.1} %, {points:+.1} points"),
                None => format!("{share:.1} %"),
            };
            Some(Bar { more, ..Bar::of(&file.file, count, all) })
        });
        Group { title, note: "", bars: bars.collect() }
    };
    let groups = measures.into_iter().map(group);
    groups.filter(|group| !group.bars.is_empty()).collect()
}

impl Bar {
    fn of(label: &str, count: u64, all: u64) -> Bar {
        Bar {
            label: label.to_owned(),
            count: count.to_string(),
            width: format!("{:.1}", share(count, all) * 100.0),
            more: per_cent(count, all),
        }
    }
}

/// A share for people, with one decimal.
fn per_cent(part: u64, all: u64) -> String {
    format!("{:.1} %", share(part, all) * 100.0)
}
