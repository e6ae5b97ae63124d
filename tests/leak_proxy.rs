//! What a file of fuzzy values gives away of who resembles whom, measured as graph matching
//! would feed on it: the share of each person's ten nearest neighbours that are still the
//! nearest in encoded form, and the correlation of the similarities. Plain filters are
//! measured beside it, so that a measure that sees nothing cannot pass.

#![allow(clippy::disallowed_methods)]

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use bech32::{Bech32m, Hrp};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use veilway::days::DateFormats;
use veilway::encode::fuzzy::FuzzyEncoder;
use veilway::kernel::Kernel;
use veilway::key::ProjectKey;
use veilway::project::fuzzy::{FuzzyEncoding, FuzzySettings};
use veilway::project::{Diacritics, Field, FieldKind, Preset, Project};
use veilway::standardise::{Absent, BirthDate, Name, Person, PlaceholderList, Value};

const PEOPLE: usize = 4_000;
const QUERIES: usize = 300;
const NEIGHBOURS: usize = 10;

/// A person as text, and the same standardised.
struct MadeUp {
    text: [String; 3],
    person: Person,
}

/// People of given name, family name and birth date. As in real files some names are common
/// and many are rare, and names share their syllables.
fn people(project: &Project) -> Vec<MadeUp> {
    let mut rng = ChaCha8Rng::seed_from_u64(2026);
    let given = names(
        &mut rng,
        400,
        &["AN", "MAR", "IA", "JO", "EL", "SA", "RA", "LI", "TH", "EN", "A", "NI"],
    );
    let family = names(
        &mut rng,
        1_500,
        &[
            "WIL", "SON", "TAY", "LOR", "MC", "DON", "ALD", "NGU", "YEN", "SING", "H", "BAK", "ER",
            "MAN", "LEY", "FORD", "RO", "TON",
        ],
    );
    let list = PlaceholderList::new(&project.placeholders);
    let today = "2026-01-01".parse().expect("a date");
    let name = |text: &str| Name::read(text, Diacritics::Fold, &list);
    (0..PEOPLE)
        .map(|_| {
            let (year, month, day) =
                (below(&mut rng, 90) + 1930, below(&mut rng, 12) + 1, below(&mut rng, 28) + 1);
            let text = [
                common_first(&mut rng, &given).clone(),
                common_first(&mut rng, &family).clone(),
                format!("{year}-{month:02}-{day:02}"),
            ];
            let person = Person {
                family: name(&text[1]),
                given: name(&text[0]),
                birth: BirthDate::read(&text[2], &DateFormats::default(), today, None, &list),
                sex: Value::Missing(Absent::Empty),
                others: vec![Value::Missing(Absent::Empty); project.fields.len()],
                slk: Value::Missing(Absent::Empty),
            };
            MadeUp { text, person }
        })
        .collect()
}

fn below(rng: &mut ChaCha8Rng, n: usize) -> usize {
    rng.next_u32() as usize % n
}

fn names(rng: &mut ChaCha8Rng, count: usize, syllables: &[&str]) -> Vec<String> {
    let name = |rng: &mut ChaCha8Rng| -> String {
        (0..2 + below(rng, 2)).map(|_| syllables[below(rng, syllables.len())]).collect()
    };
    (0..count).map(|_| name(rng)).collect()
}

/// The first names of the list come more often than the last.
fn common_first<'l>(rng: &mut ChaCha8Rng, list: &'l [String]) -> &'l String {
    let share = f64::from(rng.next_u32()) / f64::from(u32::MAX);
    &list[((share * share) * (list.len() - 1) as f64) as usize]
}

/// The key of bytes 0 to 31, so that the figures are the same in every run.
fn key(folder: &Path) -> ProjectKey {
    let bytes: [u8; 32] = std::array::from_fn(|i| i as u8);
    let line = bech32::encode::<Bech32m>(Hrp::parse_unchecked("veilway-secret-key-"), &bytes);
    let path = folder.join("project.key");
    fs::write(&path, line.expect("a line")).expect("written");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("a mode");
    }
    ProjectKey::load(&path).expect("a key")
}

/// The project of three fields.
fn project() -> Project {
    let mut project =
        Project::parse(&Preset::Minimal.toml("yard", "2026"), "project.toml").expect("a preset");
    let kinds = [FieldKind::FamilyName, FieldKind::GivenName, FieldKind::BirthDate];
    project.fields = kinds
        .map(|kind| Field { name: kind.name().into(), kind, compare_as: kind.name().into() })
        .to_vec();
    project.match_keys.clear();
    project
}

/// Neighbouring signs of each field.
fn bigrams(text: &[String; 3]) -> HashSet<(usize, u8, u8)> {
    let mut set = HashSet::new();
    for (field, value) in text.iter().enumerate() {
        let padded: Vec<u8> = std::iter::once(b' ').chain(value.bytes()).chain([b' ']).collect();
        set.extend(padded.windows(2).map(|pair| (field, pair[0], pair[1])));
    }
    set
}

struct Leak {
    overlap: f64,
    correlation: f64,
}

fn leak(people: &[MadeUp], encoding: FuzzyEncoding) -> Leak {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = FuzzySettings { encoding, ..FuzzySettings::default() };
    let encoder = FuzzyEncoder::new(&project(), &key(folder.path()), &settings).expect("names");
    let rows = encoder.encode(people.iter().map(|p| &p.person));
    assert!(rows.statistics().is_near_half_full());
    let sets: Vec<HashSet<(usize, u8, u8)>> = people.iter().map(|p| bigrams(&p.text)).collect();
    let bits = 8.0 * rows.width() as f64;
    let kernel = Kernel::best();
    let (mut kept, mut wanted) = (0, 0);
    let mut pairs = vec![];
    for q in (0..people.len()).step_by(people.len() / QUERIES) {
        let Some(row) = rows.row(q) else { continue };
        let others = || (0..people.len()).filter(|c| *c != q && rows.row(*c).is_some());
        let plain: Vec<(usize, f64)> = others()
            .map(|c| {
                let common = sets[q].intersection(&sets[c]).count() as f64;
                (c, 2.0 * common / (sets[q].len() + sets[c].len()) as f64)
            })
            .collect();
        let encoded: Vec<(usize, f64)> = others()
            .filter_map(|c| Some((c, rows.row(c)?)))
            .map(|(c, other)| match encoding {
                FuzzyEncoding::UnhardenedClk => {
                    let dice = kernel.dice(row, other);
                    (c, 2.0 * f64::from(dice.common) / f64::from(dice.sum))
                }
                FuzzyEncoding::Eld { .. } => {
                    (c, 1.0 - 2.0 * f64::from(kernel.hamming(row, other)) / bits)
                }
            })
            .collect();
        pairs.extend(plain.iter().zip(&encoded).map(|((_, x), (_, y))| (*x, *y)));
        let (near, still) = (nearest(plain), nearest(encoded));
        kept += near.intersection(&still).count();
        wanted += near.len();
    }
    Leak { overlap: kept as f64 / wanted as f64, correlation: correlation(&pairs) }
}

fn nearest(mut similar: Vec<(usize, f64)>) -> HashSet<usize> {
    similar.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    similar.into_iter().take(NEIGHBOURS).map(|(c, _)| c).collect()
}

/// Pearson's.
fn correlation(pairs: &[(f64, f64)]) -> f64 {
    let n = pairs.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / n;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let sum =
        |of: &dyn Fn(f64, f64) -> f64| pairs.iter().map(|p| of(p.0 - x, p.1 - y)).sum::<f64>();
    sum(&|x, y| x * y) / (sum(&|x, _| x * x) * sum(&|_, y| y * y)).sqrt()
}

#[test]
#[allow(clippy::print_stdout)]
fn the_default_gives_away_hardly_anything_and_plain_filters_nearly_all() {
    let people = people(&project());
    let clk = leak(&people, FuzzyEncoding::UnhardenedClk);
    let eld = leak(&people, FuzzyEncoding::ELD);
    let high = leak(&people, FuzzyEncoding::ELD_HIGH_ASSURANCE);
    println!("encoding             neighbour overlap   similarity correlation");
    for (name, leak) in
        [("danger-unhardened-clk", &clk), ("eld", &eld), ("eld-high-assurance", &high)]
    {
        println!("{name:<22} {:>15.3} {:>24.3}", leak.overlap, leak.correlation);
    }
    for leak in [&eld, &high] {
        assert!(leak.overlap <= 0.05, "neighbour overlap {:.3}", leak.overlap);
        assert!(leak.correlation <= 0.03, "similarity correlation {:.3}", leak.correlation);
    }
    assert!(clk.overlap > 0.3 && clk.correlation > 0.5, "the measure sees what plain filters show");
}
