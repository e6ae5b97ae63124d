//! Cases of sessions, as in the Data Exchange (DEX): a session is one date and one type of
//! service, inside a case. The sessions of a case become one event, from the first to the last.

use super::input::Event;

/// A short form of a case number, to tell a row's cases in a program apart; it is kept for the
/// time of reading only. FNV-1a, 64 bits.
pub(super) fn code(number: &[u8]) -> u64 {
    number.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Makes one event of the sessions of each case, and says how many sessions there were. In a
/// file where some event lasts longer than its day, events are no sessions, and one without
/// an end is open.
pub(super) fn put_together(mut sessions: Vec<(u64, Event)>, events: &mut Vec<Event>) -> u64 {
    let lasts = |event: &Event| event.span.end.is_some_and(|end| end > event.span.start);
    if sessions.iter().any(|(_, event)| lasts(event)) {
        events.extend(sessions.into_iter().map(|(_, event)| event));
        return 0;
    }
    sessions.sort_unstable_by_key(|(case, event)| (event.row, event.program, *case, event.span));
    let same = |a: &(u64, Event), b: &(u64, Event)| {
        (a.0, a.1.row, a.1.program) == (b.0, b.1.row, b.1.program)
    };
    for case in sessions.chunk_by(same) {
        let (mut event, last) = (case[0].1, case[case.len() - 1].1);
        event.span.end = Some(last.span.start);
        event.sessions = u32::try_from(case.len()).unwrap_or(u32::MAX);
        events.push(event);
    }
    sessions.len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::RowId;
    use crate::pathways::journey::{Day, Span};

    fn session(row: u8, program: u16, start: i32, end: Option<i32>) -> Event {
        let row = RowId([row; 16]);
        Event { row, program, span: Span { start: Day(start), end: end.map(Day) }, sessions: 0 }
    }

    #[test]
    fn a_case_runs_from_its_first_session_to_its_last() {
        let (a, b) = (code(b"CASE-1"), code(b"CASE-2"));
        let list = vec![
            (a, session(1, 0, 30, None)),
            (a, session(1, 0, 10, None)),
            (a, session(1, 0, 20, Some(20))),
            // Another case; another person of the same case; the same number elsewhere.
            (b, session(1, 0, 15, None)),
            (a, session(2, 0, 10, None)),
            (a, session(1, 1, 40, None)),
        ];
        let mut events = Vec::new();
        assert_eq!(put_together(list, &mut events), 6);
        let case = |row, program, start, end, sessions| Event {
            sessions,
            ..session(row, program, start, Some(end))
        };
        events.sort();
        let expected = [
            case(1, 0, 10, 30, 3),
            case(1, 0, 15, 15, 1),
            case(1, 1, 40, 40, 1),
            case(2, 0, 10, 10, 1),
        ];
        assert_eq!(events, expected);
    }

    #[test]
    fn where_events_last_they_are_no_sessions() {
        let list = vec![(1, session(1, 0, 10, None)), (1, session(1, 0, 20, Some(25)))];
        let mut events = Vec::new();
        assert_eq!(put_together(list.clone(), &mut events), 0);
        assert_eq!(events, [list[0].1, list[1].1]);
    }
}
