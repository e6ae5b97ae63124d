//! `veilway project`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Subcommand;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::Serialize;

use super::Printer;
use crate::error::Error;
use crate::files::{self, Overwrite, Readers, clean};
use crate::project::{
    Component, Extra, FieldKind, PLAIN_WORD, Part, Preset, Project, is_plain_word,
};

/// What was typed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    veilway project new --preset minimal --id housing-2026 --out project.toml\n  \
    veilway project check project.toml")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a commented agreement to begin with.
    #[command(after_help = "Example:\n  \
        veilway project new --preset minimal --id housing-2026 --out project.toml")]
    New {
        /// Which fields and match keys to begin with.
        #[arg(long, value_parser = presets())]
        preset: Preset,
        /// Further fields with their match keys.
        #[arg(long, value_enum, value_name = "FIELD", value_delimiter = ',')]
        with: Vec<Further>,
        /// A short name of the project.
        #[arg(long, value_parser = plain_word)]
        id: String,
        /// The time the agreement covers, such as 2026 or 2025-26.
        #[arg(long, default_value = "open", value_parser = plain_word)]
        period: String,
        /// Where to write it.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Replace the file if it is there.
        #[arg(long)]
        force: bool,
    },
    /// Check an agreement and say what it means.
    #[command(after_help = "Example:\n  veilway project check project.toml")]
    Check {
        /// The agreement.
        file: PathBuf,
    },
}

/// Fields that no preset has by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Further {
    /// street address
    Address,
    /// telephone number
    Phone,
}

impl From<Further> for Extra {
    fn from(further: Further) -> Extra {
        match further {
            Further::Address => Extra::Address,
            Further::Phone => Extra::Phone,
        }
    }
}

fn plain_word(text: &str) -> Result<String, String> {
    match is_plain_word(text) {
        true => Ok(text.to_owned()),
        false => Err(format!("expected {PLAIN_WORD}")),
    }
}

fn presets() -> impl TypedValueParser<Value = Preset> {
    PossibleValuesParser::new(Preset::ALL.map(Preset::name))
        .try_map(|word| word.parse::<Preset>().map_err(|()| "no such preset"))
}

pub(crate) fn run(args: Args, printer: &Printer) -> Result<(), Error> {
    match args.command {
        Command::New { preset, with, id, period, out, force } => {
            let extras: Vec<Extra> = with.into_iter().map(Extra::from).collect();
            let text = preset.toml_with(&id, &period, &extras);
            // The id and the period are judged before anything is written.
            let project = Project::parse(&text, "the agreement to write")?;
            super::guard(&out, &[])?;
            let overwrite = if force { Overwrite::Replace } else { Overwrite::Refuse };
            files::write_whole(&out, text.as_bytes(), Readers::Default, overwrite)?;
            let file = clean(&out);
            printer.say(&format!(
                "wrote {file}: {} fields, {} match keys, digest {}\n\
                 next: read it, agree on it with every party, and send the same file to each;\n\
                 one agency makes the key: veilway key new --project {file} --out project.key",
                project.fields.len(),
                project.match_keys.len(),
                project.digest(),
            ));
            if printer.format() == super::Format::Json {
                printer.result(&Checked::of(&project), "")?;
            }
            Ok(())
        }
        Command::Check { file } => {
            let project = Project::load(&file)?;
            let checked = Checked::of(&project);
            printer.result(&checked, &checked.text())
        }
    }
}

/// What was understood of an agreement.
#[derive(Debug, Serialize)]
struct Checked {
    id: String,
    period: String,
    suite: String,
    slk_profile: String,
    diacritics: String,
    people_per_token: u32,
    fields: Vec<CheckedField>,
    match_keys: Vec<CheckedKey>,
    fuzzy: Option<CheckedFuzzy>,
    unused_fields: Vec<String>,
    placeholder_names: usize,
    placeholder_dates: usize,
    digest: String,
}

#[derive(Debug, Serialize)]
struct CheckedField {
    name: String,
    kind: &'static str,
    compare_as: String,
}

#[derive(Debug, Serialize)]
struct CheckedKey {
    name: String,
    components: Vec<String>,
}

#[derive(Debug, Serialize)]
struct CheckedFuzzy {
    encoding: String,
    weights: BTreeMap<String, u32>,
}

impl Checked {
    fn of(project: &Project) -> Self {
        let settings = project.settings();
        let setting = |name: &str| settings.get(name).cloned().unwrap_or_default();
        let used = |field: usize| {
            project.match_keys.iter().flat_map(|k| &k.components).any(|c| {
                // The component is kept under the family name, and draws on both names.
                let given = project.fields[field].kind == FieldKind::GivenName;
                c.field == field || (given && c.part == Part::NamesAnyOrder)
            })
        };
        let fields = project.fields.iter();
        let unused = (0..project.fields.len()).filter(|field| !used(*field));
        Checked {
            id: project.id.clone(),
            period: project.period.clone(),
            suite: setting("project.suite"),
            slk_profile: setting("project.slk_profile"),
            diacritics: setting("project.diacritics"),
            people_per_token: project.people_per_token,
            fields: project
                .fields
                .iter()
                .map(|f| CheckedField {
                    name: f.name.clone(),
                    kind: f.kind.name(),
                    compare_as: f.compare_as.clone(),
                })
                .collect(),
            match_keys: project
                .match_keys
                .iter()
                .map(|k| CheckedKey {
                    name: k.name.clone(),
                    components: written(project, &k.components),
                })
                .collect(),
            fuzzy: project.fuzzy.as_ref().map(|fuzzy| CheckedFuzzy {
                encoding: fuzzy.encoding.name(),
                weights: fields.map(|f| (f.name.clone(), fuzzy.weight(f))).collect(),
            }),
            unused_fields: unused.map(|field| project.fields[field].name.clone()).collect(),
            placeholder_names: project.placeholders.names.len(),
            placeholder_dates: project.placeholders.dates.len(),
            digest: project.digest().to_string(),
        }
    }

    fn text(&self) -> String {
        let mut text = format!(
            "project {}, period {}\n\
             suite {}, SLK profile {}, diacritics {}, {} person(s) per token\n\
             \n{} fields\n",
            self.id,
            self.period,
            self.suite,
            self.slk_profile,
            self.diacritics,
            self.people_per_token,
            self.fields.len()
        );
        for field in &self.fields {
            let line = format!("  {:<24} {:<12}", field.name, field.kind);
            let compared = match field.compare_as == field.name {
                true => String::new(),
                false => format!(" compared as {}", field.compare_as),
            };
            text += &format!("{}\n", format!("{line}{compared}").trim_end());
        }
        text += &format!("\n{} match keys\n", self.match_keys.len());
        let width = self.match_keys.iter().map(|key| key.name.len()).max().unwrap_or(0);
        for key in &self.match_keys {
            text += &format!("  {:<width$} {}\n", key.name, key.components.join(" + "));
        }
        if let Some(CheckedFuzzy { encoding, weights }) = &self.fuzzy {
            let weights = weights.iter().filter(|(_, weight)| **weight > 0);
            let weights: Vec<String> = weights.map(|(name, w)| format!("{name} {w}")).collect();
            text += &format!("\nfuzzy column {encoding}: {}\n", weights.join(", "));
        }
        if !self.unused_fields.is_empty() {
            text += &format!("\nin no match key: {}\n", self.unused_fields.join(", "));
        }
        text += &format!(
            "\n{} placeholder names and {} placeholder dates count as missing\n\
             digest {}\n",
            self.placeholder_names, self.placeholder_dates, self.digest
        );
        text
    }
}

/// The components as a person would write them: a whole birth date is one word.
fn written(project: &Project, components: &[Component]) -> Vec<String> {
    let parts = [Part::Day, Part::Month, Part::Year];
    let is_part = |c: &&Component| parts.contains(&c.part);
    let whole = components.iter().filter(is_part).count() == parts.len();
    let mut names = Vec::new();
    for component in components {
        match component.part {
            Part::Day if whole => names.push(project.fields[component.field].name.clone()),
            Part::Month | Part::Year if whole => {}
            _ => names.push(project.component_name(*component)),
        }
    }
    names
}
