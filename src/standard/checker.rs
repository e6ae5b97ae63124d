//! One record against its standard: each value, each condition, and what values say of each
//! other. What only many records together can show goes on as [`Fact`]s.

use jiff::civil::Date;

use super::Standard;
use super::cell::{Judge, yes_no};
use super::columns::Columns;
use super::coverage::{Attended, Phase, Seen};
use super::dex::Period;
use super::dictionary::Dictionary;
use super::fact::{Fact, Kind as FactKind, digest};
use super::findings::Tally;
use super::identity::Identity;
use super::item::Need;
use super::record::{Days, Record};
use super::rule::Rule;
use crate::project::Diacritics;
use crate::slk::{Profile, Slk581, make};
use crate::sources::Row;
use crate::sources::upload::List;
use crate::standardise::date::Accuracy;
use crate::standardise::{Absent, BirthDate, Name, Person, PlaceholderList, Sex, Value, postcode};

/// Judges the records of one file.
pub(super) struct Checker<'a> {
    pub(super) standard: Standard,
    pub(super) dictionary: &'a Dictionary,
    pub(super) columns: &'a Columns,
    pub(super) days: &'a Days,
    pub(super) profiles: &'a [Profile],
    pub(super) period: Option<Period>,
    pub(super) placeholders: &'a PlaceholderList,
    /// Which list of an upload it is, where it is one: what lists say of each other is judged
    /// elsewhere.
    pub(super) list: Option<List>,
    pub(super) places: Places,
}

/// The places of the items that are judged by each other.
#[derive(Debug)]
pub(super) struct Places {
    pub(super) family: Option<usize>,
    pub(super) given: Option<usize>,
    pub(super) birth: Option<usize>,
    estimate: Option<usize>,
    sexes: [Option<usize>; 2],
    key: Option<usize>,
    street: Option<usize>,
    postcode: Option<usize>,
    state: Option<usize>,
    pub(super) start: Option<usize>,
    end: Option<usize>,
    contact: Option<usize>,
    consent: Option<usize>,
    client: Option<usize>,
    case: Option<usize>,
    session: Option<usize>,
    outlet: Option<usize>,
    service: Option<usize>,
    unidentified: Option<usize>,
    score: [Option<usize>; 3],
}

impl Places {
    pub(super) fn of(standard: Standard, dictionary: &Dictionary) -> Places {
        let is_dex = standard == Standard::Dex;
        let place = |common: &str, dex: &str| dictionary.place(if is_dex { dex } else { common });
        Places {
            family: place("1.2.3", "FamilyName"),
            given: place("1.2.1", "GivenName"),
            birth: place("1.3.1", "BirthDate"),
            estimate: place("1.3.2", "IsBirthDateAnEstimate"),
            sexes: [place("1.4.1", "GenderCode"), place("1.4.2", "")],
            key: place("1.7.2", "Slk"),
            street: place("", "AddressLine1"),
            postcode: place("1.5.7", "Postcode"),
            state: place("1.5.8", "StateCode"),
            start: place("4.1.1", "SessionDate"),
            end: place("4.1.4", "EndDate"),
            contact: place("4.1.2", ""),
            consent: place("", "ConsentToProvideDetails"),
            client: place("1.7.1", "ClientId"),
            case: place("", "CaseId"),
            session: place("", "SessionId"),
            outlet: place("", "OutletActivityId"),
            service: place("", "ServiceTypeId"),
            unidentified: place("", "TotalNumberOfUnidentifiedClients"),
            score: ["ScoreTypeCode", "AssessmentPhaseCode", "OutcomeDomainScoreCode"]
                .map(|element| place("", element)),
        }
    }
}

impl Checker<'_> {
    /// Judges a row.
    pub(super) fn check(&self, row: &Row, tally: &mut Tally, facts: &mut Vec<Fact>) {
        let (dictionary, columns, days) = (self.dictionary, self.columns, self.days);
        let record = Record { row, columns, dictionary, days };
        let before = tally.count();
        let live = self.live(&record);
        for item in 0..dictionary.items.len() {
            self.item(&record, item, live[dictionary.items[item].part], tally);
        }
        let mut note = |item: Option<usize>, rule| tally.note(item, rule, row.line);
        self.days(&record, &mut note);
        self.key(&record, &mut note);
        self.numbers(&record, &mut note);
        let (postcode, state) =
            (record.cell_of(self.places.postcode), record.cell_of(self.places.state));
        if !postcode::agree(postcode, state) {
            note(self.places.postcode, Rule::PostcodeState);
        }
        if self.standard == Standard::Dex && live[0] {
            self.consent(&record, &mut note);
        }
        self.facts(&record, live[0], facts);
        tally.records += u64::from(tally.count() > before);
    }

    /// Of each part of a record, whether this one has it: by any of its items but its number,
    /// which the other parts may have too.
    fn live(&self, record: &Record<'_>) -> Vec<bool> {
        let filled = |part: usize, id: usize| {
            let items = self.dictionary.items.iter().enumerate();
            let mut own = items.filter(|(at, item)| item.part == part && *at != id);
            own.any(|(at, _)| !record.cell(at).is_empty())
        };
        let parts = self.dictionary.parts.iter().enumerate();
        parts.map(|(part, described)| described.id.is_none_or(|id| filled(part, id))).collect()
    }

    /// One item of a record by itself, and whether it is asked.
    fn item(&self, record: &Record<'_>, place: usize, live: bool, tally: &mut Tally) {
        let item = &self.dictionary.items[place];
        let line = record.row.line;
        let asked = || item.condition.as_ref().and_then(|condition| condition.holds(record));
        let has_column = !self.columns.of(place).is_empty();
        let values = if has_column { record.values(place) } else { Vec::new() };
        if values.is_empty() {
            let rule = match item.need {
                Need::Always if has_column && live => Some(Rule::Missing),
                Need::Unless(other) if has_column && record.cell(other).is_empty() => {
                    Some(Rule::Missing)
                }
                Need::WhereAsked if asked() == Some(true) => Some(Rule::MustBeFilled),
                _ => None,
            };
            if let Some(rule) = rule {
                tally.note(Some(place), rule, line);
            }
            tally.fill[place].empty += u64::from(has_column);
            return;
        }
        // A code for "not applicable" is how an item that is not asked may be filled.
        let no_answer = values
            .iter()
            .all(|value| item.code(value).is_some_and(|code| !code.meaning.is_answer()));
        match no_answer {
            true => tally.fill[place].no_answer += 1,
            false => tally.fill[place].filled += 1,
        }
        if !no_answer && asked() == Some(false) {
            tally.note(Some(place), Rule::MustBeEmpty, line);
            return;
        }
        let judge = Judge { days: self.days, profiles: self.profiles };
        if let Some(rule) = values.iter().find_map(|value| judge.breaks(item, place, value)) {
            tally.note(Some(place), rule, line);
            return;
        }
        let only = item.condition.as_ref().and_then(|condition| condition.code(record));
        if let Some(only) = only
            && !values.iter().all(|value| item.code(value).is_some_and(|code| code.code == only))
        {
            tally.note(Some(place), Rule::MustBeCode, line);
        }
    }

    fn estimated(&self, record: &Record<'_>) -> bool {
        let cell = record.cell_of(self.places.estimate);
        match self.standard {
            Standard::CommonDataset => cell == "1",
            Standard::Dex => yes_no(cell) == Some(true),
        }
    }

    /// Days by each other.
    fn days(&self, record: &Record<'_>, note: &mut impl FnMut(Option<usize>, Rule)) {
        let Places { birth, start, end, .. } = self.places;
        let (born, started, ended) = (record.date(birth), record.date(start), record.date(end));
        if let (Some(started), Some(ended)) = (started, ended)
            && ended < started
        {
            note(end, Rule::EndBeforeStart);
        }
        if let (Some(born), Some(started)) = (born, started)
            && started < born
        {
            note(start, Rule::BeforeBirth);
        }
        // 1 January, or the first of a month that is known (1.3.1); DEX: 1 January.
        let is_filler = |born: Date| match self.standard {
            Standard::CommonDataset => born.day() == 1,
            Standard::Dex => (born.month(), born.day()) == (1, 1),
        };
        if born.is_some_and(|born| !is_filler(born)) && self.estimated(record) {
            note(birth, Rule::EstimateOn);
        }
        if let (Some(period), Some(started)) = (self.period, started)
            && !period.has(started)
        {
            note(start, Rule::OutsidePeriod);
        }
    }

    /// A recorded key by the names, the birth date and the sex beside it.
    fn key(&self, record: &Record<'_>, note: &mut impl FnMut(Option<usize>, Rule)) {
        let cell = record.cell_of(self.places.key);
        let judged = self.profiles.iter().any(|p| crate::slk::check::check(cell, *p).is_ok());
        let Some(key) = cell.parse::<Slk581>().ok().filter(|_| judged) else { return };
        let born = record.date(self.places.birth);
        let sex = self.places.sexes.iter().map(|sex| record.cell_of(*sex));
        let sex = Sex::read(sex.into_iter().find(|cell| !cell.is_empty()).unwrap_or_default());
        let accuracy =
            if self.estimated(record) { Accuracy::ESTIMATED } else { Accuracy::ACCURATE };
        // Without a birth date any will do: the names are compared by themselves.
        let birth = BirthDate::new(born.unwrap_or(jiff::civil::date(2000, 1, 1)), accuracy);
        let mut made = Vec::new();
        for diacritics in [Diacritics::Fold, Diacritics::Drop] {
            let name = |place: Option<usize>| {
                Name::read(record.cell_of(place), diacritics, self.placeholders)
            };
            let person = Person {
                family: name(self.places.family),
                given: name(self.places.given),
                birth: Value::Known(birth),
                sex: sex.clone(),
                ..Person::default()
            };
            if !comparable(&person) {
                made.clear();
                break;
            }
            made.extend(self.profiles.iter().filter_map(|p| make(&person, *p).ok()).map(|m| m.0));
        }
        let names =
            |key: &Slk581| (key.family_letters().to_owned(), key.given_letters().to_owned());
        if !made.is_empty() && !made.iter().any(|made| names(made) == names(&key)) {
            note(self.places.key, Rule::KeyNames);
        }
        let person = Person { birth: Value::Known(birth), ..Person::default() };
        let mut digits = self.profiles.iter().filter_map(|p| make(&person, *p).ok());
        if born.is_some() && !digits.any(|(made, _)| made.birth_digits() == key.birth_digits()) {
            note(self.places.key, Rule::KeyBirthDate);
        }
        if let Value::Known(sex) = sex
            && key.sex_digit() != char::from(sex.digit())
        {
            note(self.places.key, Rule::KeySex);
        }
    }

    /// Numbers that say who somebody is (a name, an address, a birth date, a key).
    fn numbers(&self, record: &Record<'_>, note: &mut impl FnMut(Option<usize>, Rule)) {
        let Places { client, case, session, family, given, key, birth, .. } = self.places;
        let ids = [client, case, session].map(|place| (place, record.cell_of(place)));
        if ids.iter().all(|(_, id)| id.is_empty()) {
            return;
        }
        let cell = |place| record.cell_of(place);
        let born = record.date(birth);
        let theirs = Identity::of(cell(family), cell(given), cell(key), cell(birth), born);
        for (place, id) in ids {
            if theirs.is_told_by(id) {
                note(place, Rule::Identifies);
            }
        }
    }

    /// What DEX takes of people who do not consent.
    fn consent(&self, record: &Record<'_>, note: &mut impl FnMut(Option<usize>, Rule)) {
        let Places { consent, family, given, street, key, .. } = self.places;
        if yes_no(record.cell_of(consent)) != Some(false) {
            return;
        }
        for place in [family, given, street] {
            if !record.cell_of(place).is_empty() {
                note(place, Rule::NameWithoutConsent);
            }
        }
        if record.cell_of(key).is_empty() {
            note(key, Rule::NoConsentNoKey);
        }
    }

    /// What is judged when all records are known.
    fn facts(&self, record: &Record<'_>, has_client: bool, facts: &mut Vec<Fact>) {
        let Places { client, case, session, birth, key, sexes, start, .. } = self.places;
        let line = record.row.line;
        let cells =
            |places: &[Option<usize>]| digest(places.iter().map(|place| record.cell_of(*place)));
        let filled = |place: Option<usize>| !record.cell_of(place).is_empty();
        let mut fact = |item: Option<usize>, kind| {
            if let Some(item) = item {
                facts.push(Fact { item, line, kind });
            }
        };
        if self.standard == Standard::CommonDataset {
            if filled(client) {
                fact(client, FactKind::Once(cells(&[client, start, self.places.contact])));
            }
            if filled(client) && record.date(birth).is_some() {
                fact(client, FactKind::Same(cells(&[client]), cells(&[birth])));
            }
            return;
        }
        let [score, phase, domain] = self.places.score;
        if let Some(list) = self.list {
            // Nobody is in one file, or on one record of it, twice: a file stands by itself.
            let own = [client, case, session].map(|place| record.cell_of(place));
            let file = record.row.file().to_string();
            let here = [file.as_str(), &line.to_string()];
            let once = digest(own.into_iter().chain(here));
            match list {
                List::Clients => fact(client, FactKind::Once(digest([own[0], &file].into_iter()))),
                List::Cases if filled(client) => {
                    fact(client, FactKind::Once(once));
                    fact(client, FactKind::Member(cells(&[case, client])));
                }
                List::Sessions if filled(client) => {
                    fact(client, FactKind::Once(once));
                    fact(client, FactKind::Uses(cells(&[case, client])));
                }
                _ => {}
            }
        } else if filled(session) {
            let whole = [session, case, client, score, phase, domain];
            fact(session, FactKind::Once(cells(&whole)));
            let session_of = [session, case];
            fact(session, FactKind::Same(cells(&session_of), cells(&[start, self.places.service])));
            if filled(case) && filled(client) {
                fact(client, FactKind::Uses(cells(&[case, client])));
            }
        } else if filled(case) {
            fact(case, FactKind::Once(cells(&[case, client])));
            if filled(client) {
                fact(client, FactKind::Member(cells(&[case, client])));
            }
        } else if filled(client) {
            fact(client, FactKind::Once(cells(&[client])));
        }
        let domain = record.cell_of(domain).trim_end_matches(|c: char| c.is_ascii_digit());
        let attended = |is: bool| if is { Attended::Yes } else { Attended::No };
        let unidentified = record.cell_of(self.places.unidentified);
        let has_others = unidentified.parse::<u32>().is_ok_and(|clients| clients > 0);
        let seen = [
            filled(client).then(|| Seen::Client(cells(&[client]))),
            filled(case).then(|| Seen::Case(cells(&[case]), attended(filled(session)))),
            filled(session).then(|| {
                Seen::Session(cells(&[session, case]), attended(filled(client) || has_others))
            }),
            (filled(client) && (filled(score) || filled(phase))).then(|| {
                let phase = match record.cell_of(phase).to_ascii_uppercase().as_str() {
                    "PRE" => Phase::Before,
                    "POST" => Phase::After,
                    _ => Phase::Other,
                };
                let of = [record.cell_of(client), record.cell_of(score), domain];
                Seen::Score(cells(&[client]), digest(of.into_iter()), phase)
            }),
        ];
        seen.into_iter().flatten().for_each(|seen| fact(client, FactKind::Counted(seen)));
        // A client who is there twice with nothing else is one record too many, and said so.
        if self.list.is_none() && filled(client) && has_client && (filled(case) || filled(session))
        {
            fact(client, FactKind::Same(cells(&[client]), cells(&[birth, key, sexes[0]])));
        }
        if filled(case) && filled(self.places.outlet) {
            fact(case, FactKind::Same(cells(&[case]), cells(&[self.places.outlet])));
        }
    }
}

/// Whether the names are what a key is made from: both there, or one of a one-name person.
fn comparable(person: &Person) -> bool {
    let is_plain =
        |name: &Value<Name>| matches!(name, Value::Known(_) | Value::Missing(Absent::Empty));
    let any = person.family.known().is_some() || person.given.known().is_some();
    any && is_plain(&person.family) && is_plain(&person.given)
}
