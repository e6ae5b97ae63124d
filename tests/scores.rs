//! What the scores (SCORE) of uploads of the Data Exchange say, from the agencies' files to the
//! analyst's tables: through every command, with figures that a hand can work out.

#![allow(clippy::disallowed_methods)]

mod town;

use std::ops::Range;

use town::Town;

/// Clients of one upload who have the same scores.
struct Lot {
    clients: Range<usize>,
    consents: bool,
    /// Scores of the first session and of the second.
    scores: [&'static [&'static str]; 2],
    phases: [&'static str; 2],
}

const fn lot(
    clients: Range<usize>,
    first: &'static [&'static str],
    second: &'static [&'static str],
) -> Lot {
    Lot { clients, consents: true, scores: [first, second], phases: ["PRE", "POST"] }
}

/// A name of a client, unlike that of any other.
fn name(client: usize, salt: usize) -> String {
    const SYLLABLES: [&str; 16] = [
        "ba", "ce", "di", "fo", "gu", "ha", "ke", "li", "mo", "nu", "pa", "re", "si", "to", "vu",
        "wy",
    ];
    let digits = (client + 1) * 40_503 * salt;
    (0..4).map(|at| SYLLABLES[digits >> (4 * at) & 15]).collect()
}

/// An upload: each client has a case with two sessions of one service.
fn upload(lots: &[Lot]) -> String {
    let mut lists: [String; 4] = Default::default();
    let each = lots.iter().flat_map(|lot| lot.clients.clone().map(move |client| (lot, client)));
    for (lot, n) in each {
        let names = match lot.consents {
            true => format!(
                "<GivenName>{}</GivenName><FamilyName>{}</FamilyName>",
                name(n, 3),
                name(n, 7)
            ),
            false => "<Slk>RAKTT140319872</Slk>".to_owned(),
        };
        let (year, month, day) = (1950 + n % 50, 1 + n % 12, 1 + n % 28);
        lists[0] += &format!(
            "<Client><ClientId>c{n}</ClientId>\
             <ConsentToProvideDetails>{}</ConsentToProvideDetails>{names}\
             <BirthDate>{year}-{month:02}-{day:02}</BirthDate><GenderCode>FEMALE</GenderCode>\
             <ResidentialAddress><Suburb>Reid</Suburb><StateCode>ACT</StateCode>\
             <Postcode>2612</Postcode></ResidentialAddress></Client>\n",
            lot.consents
        );
        lists[1] += &format!(
            "<Case><CaseId>k{n}</CaseId><OutletActivityId>1</OutletActivityId><CaseClients>\
             <CaseClient><ClientId>c{n}</ClientId></CaseClient></CaseClients></Case>\n"
        );
        for (at, day) in ["2025-02-03", "2025-05-05"].into_iter().enumerate() {
            let (phase, scores) = (lot.phases[at], lot.scores[at]);
            let place = format!("<CaseId>k{n}</CaseId><SessionId>s{n}-{at}</SessionId>");
            lists[2] += &format!(
                "<Session>{place}<SessionDate>{day}</SessionDate><ServiceTypeId>5</ServiceTypeId>\
                 <SessionClients><SessionClient><ClientId>c{n}</ClientId></SessionClient>\
                 </SessionClients></Session>\n"
            );
            for score in scores {
                lists[3] += &format!(
                    "<ClientAssessment><ClientId>c{n}</ClientId>{place}<Assessments><Assessment>\
                     <ScoreTypeCode>CIRCUMSTANCES</ScoreTypeCode>\
                     <AssessmentPhaseCode>{phase}</AssessmentPhaseCode><Scores>\
                     <ScoreCode>{score}</ScoreCode></Scores></Assessment></Assessments>\
                     </ClientAssessment>\n"
                );
            }
        }
    }
    let names = ["Clients", "Cases", "Sessions", "ClientAssessments"];
    let list = |(name, records): (&str, String)| format!("<{name}>\n{records}</{name}>\n");
    let lists: String = names.into_iter().zip(lists).map(list).collect();
    format!("<DEXFileUpload>\n{lists}</DEXFileUpload>\n")
}

/// A table of the release, by the first cells of each row.
fn row(table: &str, starts: &str) -> Vec<String> {
    let line = table.lines().find(|line| line.starts_with(starts)).unwrap_or_default();
    let counts = line.strip_prefix(starts).unwrap_or_default();
    counts.split(',').map(str::to_owned).collect()
}

#[test]
fn what_scores_say_comes_through_from_uploads_to_tables() {
    let town = Town::empty();
    // Clients 100 to 129 are the same people at both agencies.
    let north = [
        lot(0..30, &["HOUSING2", "MONEY3"], &["HOUSING3", "MONEY3"]),
        lot(30..55, &["HOUSING1"], &["HOUSING4"]),
        lot(55..75, &["HOUSING3"], &["HOUSING3"]),
        lot(75..90, &["HOUSING5"], &["HOUSING4"]),
        // Two first assessments are no pair.
        Lot { phases: ["PRE", "PRE"], ..lot(90..105, &["HOUSING2"], &["HOUSING5"]) },
        lot(105..130, &[], &[]),
        // Whoever does not consent is in no table.
        Lot { consents: false, ..lot(130..160, &["HOUSING1"], &["HOUSING5"]) },
    ];
    let south = [lot(100..140, &["HOUSING4"], &["HOUSING4"])];
    town.write("north.xml", upload(&north));
    town.write("south.xml", upload(&south));
    town.ok("project new --preset dex --id town --out project.toml --quiet");
    town.key("project.key");
    for agency in ["north", "south"] {
        town.ok(&format!(
            "deidentify {agency}.xml --name {agency} --project project.toml \
             --key-file project.key --out {agency} --quiet"
        ));
    }
    let of = |room: &str, end: &str| {
        ["north", "south"].map(|agency| format!("{agency}/{room}/{agency}.{end}")).join(" ")
    };
    let packages = of("to-linkage-unit", "package.arrow");
    town.ok(&format!("link {packages} --project project.toml --out links --quiet"));
    let events = of("to-analyst", "events.csv");
    town.ok(&format!("pathways --map links --events {events} --out paths --quiet"));

    let table = |name: &str| town.read(&format!("paths/release/{name}.csv"));
    // Change of housing: 15 declined; 20 and the 40 of the south stayed; 30 and 25 improved.
    let change = table("score_change");
    let housing = row(&change, "Circumstances,Housing,");
    assert_eq!(housing[..6], ["0", "15", "60", "30", "25", "130"], "{change}");
    // (-15 + 30 + 2 * 25) / 130
    assert_eq!(housing.last().map(String::as_str), Some("0.50"), "{change}");
    let money = row(&change, "Circumstances,Financial resilience,");
    assert_eq!(money[..6], ["0", "0", "30", "0", "0", "30"], "{change}");
    // 15 have no later assessment.
    let pairs = table("score_pairs");
    assert_eq!(row(&pairs, "Circumstances,Housing,")[..4], ["130", "15", "0", "145"], "{pairs}");
    // Of 140 people (130 and 40, 30 of them the same), 90 of the north and 40 of the south.
    let coverage = table("score_coverage");
    let paired = "\"Circumstances or goals, first and later (expected: 50%)\",";
    assert_eq!(row(&coverage, paired)[..3], ["130", "10", "140"], "{coverage}");
    let improved = table("kpi_wellbeing");
    let half_year = row(&improved, "January to June 2025,");
    assert_eq!(half_year[1..4], ["55", "75", "130"], "{improved}");
    let page = town.read("paths/release/report.html");
    assert!(page.contains("SCORE: change by domain"));
}
