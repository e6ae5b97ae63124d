//! A report as a table: one row a file, so that several files are a trend.

use super::{Error, EventDays, Quality, Report, Services};

/// The columns, and what stands in each.
type Measure = (&'static str, fn(&Quality) -> String);

const MEASURES: [Measure; 39] = [
    ("file", |q| q.file.clone()),
    ("rows", |q| q.rows.to_string()),
    ("set_aside", |q| q.set_aside.to_string()),
    ("without_number", |q| q.without_number.to_string()),
    ("keys", |q| q.keys.keys.to_string()),
    ("complete_keys", |q| q.keys.complete.to_string()),
    ("complete_share", |q| q.keys.complete_share.to_string()),
    ("family_name_known", |q| q.family_names.known.to_string()),
    ("family_name_placeholder", |q| q.family_names.placeholder.to_string()),
    ("given_name_known", |q| q.given_names.known.to_string()),
    ("given_name_placeholder", |q| q.given_names.placeholder.to_string()),
    ("birth_date_known", |q| q.birth_dates.known.to_string()),
    ("birth_date_estimated", |q| q.birth_dates.estimated.to_string()),
    ("on_1_january_ratio", |q| heap(q, 0)),
    ("on_1st_ratio", |q| heap(q, 1)),
    ("on_15th_ratio", |q| heap(q, 2)),
    ("sex_stated", |q| (q.sexes.male + q.sexes.female + q.sexes.other).to_string()),
    ("postcodes_of_another_state", |q| {
        q.postcodes_of_another_state.map_or(String::new(), |n| n.to_string())
    }),
    ("consent_given", |q| q.consent.as_ref().map_or(String::new(), |c| c.given.to_string())),
    ("consent_partial", |q| q.consent.as_ref().map_or(String::new(), |c| c.partial.to_string())),
    ("consent_refused", |q| q.consent.as_ref().map_or(String::new(), |c| c.refused.to_string())),
    ("consent_ended", |q| q.consent.as_ref().map_or(String::new(), |c| c.ended.to_string())),
    ("consent_withdrawn", |q| {
        q.consent.as_ref().map_or(String::new(), |c| c.withdrawn.to_string())
    }),
    ("events", |q| event(q, |e| e.events)),
    ("events_not_usable", |q| event(q, |e| e.bad.iter().map(|r| r.rows).sum())),
    ("ends_in_future", |q| event(q, |e| e.ends_in_future)),
    ("record_numbers", |q| q.people.numbers.to_string()),
    ("people", |q| q.people.people.to_string()),
    ("numbers_too_many", |q| q.people.numbers_too_many.to_string()),
    ("numbers_of_different_people", |q| q.people.numbers_of_different_people.to_string()),
    ("keys_shared", |q| q.people.keys_shared.to_string()),
    ("pairs_sharing_a_key", |q| q.people.pairs_sharing.to_string()),
    ("pairs_by_chance", |q| q.people.pairs_by_chance.to_string()),
    ("cases", |q| service(q, |s| Some(s.cases))),
    ("cases_without_session", |q| service(q, |s| Some(s.cases_without_session))),
    ("sessions", |q| service(q, |s| Some(s.sessions))),
    ("sessions_without_client", |q| service(q, |s| Some(s.sessions_without_client))),
    ("clients_with_score", |q| service(q, |s| s.clients_with_score)),
    ("clients_with_score_pair", |q| service(q, |s| s.clients_with_pair)),
];

fn heap(quality: &Quality, at: usize) -> String {
    quality.birth_dates.heaps.get(at).map_or(String::new(), |heap| heap.ratio.to_string())
}

/// A count of events; nothing where there are none.
fn event(quality: &Quality, count: fn(&EventDays) -> u64) -> String {
    quality.events.as_ref().map_or(String::new(), |events| count(events).to_string())
}

/// A count of services; nothing where there are none.
fn service(quality: &Quality, count: fn(&Services) -> Option<u64>) -> String {
    quality.services.as_ref().and_then(count).map_or(String::new(), |n| n.to_string())
}

/// Writes the table.
pub(super) fn csv(report: &Report) -> Result<Vec<u8>, Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut line = |cells: Vec<String>| writer.write_record(cells).map_err(|_| Error::Layout);
    line(MEASURES.map(|(name, _)| name.to_owned()).to_vec())?;
    for quality in &report.files {
        line(MEASURES.map(|(_, measure)| tame(measure(quality))).to_vec())?;
    }
    writer.into_inner().map_err(|_| Error::Layout)
}

/// A cell that no spreadsheet takes for a formula: the name of a file may begin with anything.
fn tame(cell: String) -> String {
    match cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{cell}"),
        false => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_no_formula() {
        assert_eq!(tame("=1+1.csv".into()), "'=1+1.csv");
        assert_eq!(tame("a=1.csv".into()), "a=1.csv");
    }
}
