//! The exports themselves. Every value that is somebody's holds the canary.

/// What stands in every name, so that a value that is shown is seen.
pub(crate) const CANARY: &str = "ZQX";

/// One hostile export.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) bytes: Vec<u8>,
    /// What its description says of its bytes.
    pub(crate) encoding: &'static str,
}

const HEADER: &str = "client,family,given,sex,born,suburb,postcode";
/// Three records that nothing is wrong with.
const GOOD: [&str; 3] = [
    "c1,Zqxsmith,Zqxanna,f,1980-02-03,Zqxtown,2600",
    "c2,Zqxjones,Zqxbert,m,1975-11-30,Zqxville,2601",
    "c3,Zqxbrown,Zqxcleo,f,1999-01-17,Zqxford,2602",
];

/// All of them, in an order that goes from bytes to meaning.
pub(crate) fn cases() -> Vec<Case> {
    let all = [encodings(), scripts(), line_ends(), quotes(), structure(), other_files(), values()];
    let mut cases: Vec<Case> = Vec::new();
    for (name, bytes) in all.into_iter().flatten() {
        assert!(cases.iter().all(|case| case.name != name), "{name} twice");
        let encoding = match name {
            n if n.starts_with("utf16") => "utf-16",
            n if n.starts_with("cp1252") => "windows-1252",
            _ => "utf-8",
        };
        cases.push(Case { name, bytes, encoding });
    }
    cases
}

type List = Vec<(&'static str, Vec<u8>)>;

/// The good export with one more record at its end.
fn and(record: &str) -> Vec<u8> {
    lines(&[HEADER, GOOD[0], GOOD[1], GOOD[2], record])
}

/// A record with this in the place of one of its cells.
fn with(column: usize, cell: &str) -> Vec<u8> {
    let mut cells = ["c9", "Zqxwhite", "Zqxdora", "f", "1988-07-06", "Zqxham", "2603"];
    cells[column] = cell;
    and(&cells.join(","))
}

fn lines(lines: &[&str]) -> Vec<u8> {
    (lines.join("\n") + "\n").into_bytes()
}

fn good() -> String {
    String::from_utf8(lines(&[HEADER, GOOD[0], GOOD[1], GOOD[2]])).expect("text")
}

/// The good export with some text in it changed.
fn changed(from: &str, to: &str) -> Vec<u8> {
    let text = good();
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1).into_bytes()
}

/// The good export with one byte or more in the place of some text.
fn spliced(from: &str, to: &[u8]) -> Vec<u8> {
    let text = good();
    let at = text.find(from).expect("is there");
    [&text.as_bytes()[..at], to, &text.as_bytes()[at + from.len()..]].concat()
}

fn utf16(text: &str, big: bool, mark: bool) -> Vec<u8> {
    let mark = mark.then_some(0xfeff);
    let units = mark.into_iter().chain(text.encode_utf16());
    units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
}

fn encodings() -> List {
    let mut odd = utf16(&good(), false, true);
    odd.push(0);
    let lone = {
        let mut bytes = utf16(&good(), false, true);
        let at = bytes.len() - 20;
        bytes.splice(at..at, [0x00, 0xd8]);
        bytes
    };
    vec![
        ("plain", good().into_bytes()),
        ("utf8-mark", format!("\u{feff}{}", good()).into_bytes()),
        ("utf8-mark-twice", format!("\u{feff}\u{feff}{}", good()).into_bytes()),
        ("utf8-mark-then-quote", format!("\u{feff}\"client\"{}", &good()[6..]).into_bytes()),
        ("utf8-mark-within", with(1, "Zqx\u{feff}white")),
        ("utf16-little-mark", utf16(&good(), false, true)),
        ("utf16-big-mark", utf16(&good(), true, true)),
        ("utf16-little-no-mark", utf16(&good(), false, false)),
        ("utf16-big-no-mark", utf16(&good(), true, false)),
        ("utf16-odd-byte", odd),
        ("utf16-lone-half", lone),
        ("utf16-declared-is-utf8", good().into_bytes()),
        ("utf8-declared-is-16", utf16(&good(), false, true)),
        ("utf8-declared-is-16-no-mark", utf16(&good(), false, false)),
        ("latin1-in-utf8", spliced("Zqxanna", b"Zqxan\xefs")),
        ("latin1-in-header", spliced("suburb", b"s\xfcburb")),
        ("cp1252-plain", spliced("Zqxanna", b"Zqxan\xefs")),
        ("cp1252-quotes", spliced("Zqxsmith", b"O\x92Zqxsmith")),
        ("cp1252-unused-byte", spliced("Zqxanna", b"Zqx\x81nna")),
        ("cp1252-declared-is-utf8", changed("Zqxanna", "Zqxanaïs")),
        ("cp1252-declared-utf8-mark", format!("\u{feff}{}", good()).into_bytes()),
        ("overlong", spliced("Zqxanna", b"Zqx\xc0\xaf")),
        ("surrogate", spliced("Zqxanna", b"Zqx\xed\xa0\x80")),
        ("beyond-unicode", spliced("Zqxanna", b"Zqx\xf4\x90\x80\x80")),
        ("cut-character-at-end", [good().as_bytes(), b"c4,Zqx\xe2\x82"].concat()),
        ("cut-by-line-end", spliced("2600\nc2", b"2600\xc3\nc2")),
        ("nul-in-cell", changed("Zqxanna", "Zqx\0anna")),
        ("nul-in-header", changed("given", "giv\0en")),
        ("nul-only", vec![0; 4096]),
        ("nul-tail", [good().as_bytes(), &[0; 512][..]].concat()),
        ("utf7", changed("Zqxanna", "Zqx+AOk-")),
        ("mojibake", changed("Zqxanna", "Zqxanaã¯s")),
    ]
}

fn scripts() -> List {
    vec![
        ("vietnamese-composed", with(1, "Zqx Nguyễn")),
        ("vietnamese-decomposed", with(1, "Zqx Nguye\u{302}\u{303}n")),
        ("arabic", with(1, "محمد")),
        ("chinese", with(1, "王")),
        ("cyrillic", with(1, "Иванова")),
        ("greek", with(1, "Παπαδοπούλου")),
        ("thai", with(1, "สมชาย")),
        ("turkish-i", with(1, "ZQXIİıi")),
        ("sharp-s", with(1, "Zqxweiß")),
        ("ligature", with(1, "Zqxﬁnch")),
        ("full-width-letters", with(1, "Ｚｑｘ")),
        ("full-width-date", with(4, "１９８８-０７-０６")),
        ("arabic-digits-date", with(4, "١٩٨٨-٠٧-٠٦")),
        ("emoji", with(2, "Zqx😀")),
        ("many-marks", with(1, &format!("Zqx{}", "\u{301}".repeat(10_000)))),
        ("right-to-left-mark", with(1, "Zqx\u{202e}etihw")),
        ("right-to-left-in-header", changed("given", "giv\u{202e}en")),
        ("zero-width", with(1, "Zqx\u{200b}white")),
        ("zero-width-in-header", changed("given", "giv\u{200b}en")),
        ("no-break-space", with(1, "\u{a0}Zqxwhite\u{a0}")),
        ("no-break-space-in-header", changed("given", "given\u{a0}")),
        ("line-separator", with(1, "Zqx\u{2028}white")),
        ("terminal-colours", with(1, "Zqx\u{1b}[31mwhite")),
        ("terminal-colours-in-header", changed("given", "\u{1b}[31mgiven")),
        ("terminal-colours-in-id", with(0, "\u{1b}]0;Zqx\u{7}c9")),
        ("bell-and-backspace", with(1, "Zqx\u{7}\u{8}\u{8}white")),
        ("delete-and-c1", with(1, "Zqx\u{7f}\u{9b}white")),
        ("private-use", with(1, "Zqx\u{e000}\u{f8ff}")),
        ("not-a-character", with(1, "Zqx\u{ffff}\u{fdd0}")),
        ("replacement-character", with(1, "Zqx\u{fffd}white")),
    ]
}

fn line_ends() -> List {
    let text = good();
    vec![
        ("carriage-return-line-feed", text.replace('\n', "\r\n").into_bytes()),
        ("carriage-return-only", text.replace('\n', "\r").into_bytes()),
        ("mixed-line-ends", text.replacen('\n', "\r\n", 1).replacen("2601\n", "2601\r", 1).into()),
        ("line-feed-carriage-return", text.replace('\n', "\n\r").into_bytes()),
        ("double-carriage-return", text.replace('\n', "\r\r\n").into_bytes()),
        ("no-last-line-end", text.trim_end().as_bytes().to_vec()),
        ("blank-lines-first", format!("\n\n\r\n{text}").into_bytes()),
        ("blank-lines-between", text.replace('\n', "\n\n").into_bytes()),
        ("blank-lines-last", format!("{text}\n\n\n\n").into_bytes()),
        ("line-of-blanks", and("     ")),
        ("line-of-commas", and(",,,,,,")),
        ("line-of-quoted-nothing", and("\"\",\"\",\"\",\"\",\"\",\"\",\"\"")),
        ("control-z-last", format!("{text}\u{1a}").into_bytes()),
        ("form-feed-line", format!("{text}\u{c}\n").into_bytes()),
        ("vertical-tab", with(1, "Zqx\u{b}white")),
        ("next-line-character", with(1, "Zqx\u{85}white")),
    ]
}

fn quotes() -> List {
    vec![
        ("quote-left-open", changed("Zqxanna", "\"Zqxanna")),
        ("quote-left-open-in-header", changed("given", "\"given")),
        ("quote-left-open-last", and("c9,Zqxwhite,\"Zqxdora")),
        ("quote-within", with(1, "Zqx\"white")),
        ("quote-doubled", with(1, "\"Zqx\"\"white\"")),
        ("quote-then-more", with(1, "\"Zqx\"white")),
        ("quote-not-closed-by-backslash", with(1, "\"Zqx\\\"white\"")),
        ("quotes-tripled", with(1, "\"\"\"Zqxwhite\"\"\"")),
        ("quoted-line-end", with(1, "\"Zqx\nwhite\"")),
        ("quoted-windows-line-end", with(1, "\"Zqx\r\nwhite\"")),
        ("quoted-comma", with(1, "\"Zqxwhite, the younger\"")),
        (
            "quoted-header",
            changed(
                HEADER,
                "\"client\",\"family\",\"given\",\"sex\",\"born\",\"suburb\",\"postcode\"",
            ),
        ),
        ("quoted-line-end-in-header", changed("given", "\"giv\nen\"")),
        ("single-quotes", with(1, "'Zqxwhite'")),
        ("typographic-quotes", with(1, "“Zqxwhite”")),
        ("quote-and-blank", with(1, " \"Zqxwhite\" ")),
        ("one-quote", b"\"".to_vec()),
        ("quotes-only", vec![b'"'; 1000]),
        ("a-hundred-thousand-quotes", with(1, &"\"".repeat(100_000))),
    ]
}

fn structure() -> List {
    let wide = |n: usize| {
        let names: Vec<String> = (0..n).map(|i| format!("x{i}")).collect();
        format!("{HEADER},{}\n{}{}\n", names.join(","), GOOD[0], ",".repeat(n)).into_bytes()
    };
    let other = |by: &str| good().replace(',', by).into_bytes();
    vec![
        ("empty", vec![]),
        ("mark-only", b"\xef\xbb\xbf".to_vec()),
        ("line-end-only", b"\n".to_vec()),
        ("header-only", lines(&[HEADER])),
        ("header-only-no-line-end", HEADER.as_bytes().to_vec()),
        ("no-header", lines(&GOOD)),
        ("one-column", lines(&["client", "c1", "c2"])),
        ("too-few-cells", and("c9,Zqxwhite,Zqxdora")),
        ("too-many-cells", and("c9,Zqxwhite,Zqxdora,f,1988-07-06,Zqxham,2603,more,and more")),
        ("comma-at-each-end", good().replace('\n', ",\n").into_bytes()),
        ("comma-at-header-end", changed("postcode", "postcode,")),
        ("column-twice", changed("postcode", "given")),
        (
            "column-twice-but-for-case",
            changed(HEADER, "client,family,given,sex,born,suburb,postcode,Given"),
        ),
        ("columns-without-a-name", changed("suburb,postcode", ",")),
        ("column-missing", changed(",born,", ",date,")),
        ("columns-in-capitals", changed(HEADER, &HEADER.to_uppercase())),
        ("columns-with-blanks", changed(HEADER, &HEADER.replace(',', " , "))),
        (
            "columns-in-another-order",
            lines(&[
                "postcode,born,client,sex,given,family,suburb",
                "2600,1980-02-03,c1,f,Zqxanna,Zqxsmith,Zqxtown",
            ]),
        ),
        ("semicolons", other(";")),
        ("tabs", other("\t")),
        ("pipes", other("|")),
        ("two-delimiters", changed("c2,", "c2;")),
        ("delimiter-said-first", format!("sep=,\n{}", good()).into_bytes()),
        ("comment-first", format!("# an export\n{}", good()).into_bytes()),
        ("title-first", format!("Clients of the service,,,,,,\n{}", good()).into_bytes()),
        ("total-last", and("Total,3,,,,,")),
        ("header-again", and(HEADER)),
        ("ten-thousand-columns", wide(10_000)),
        ("a-million-columns", wide(1_000_000)),
        ("cell-of-900-kb", with(1, &format!("Zqx{}", "x".repeat(900_000)))),
        ("cell-of-2-mb", with(1, &format!("Zqx{}", "x".repeat(2_000_000)))),
        ("cell-of-100-mb", with(1, &format!("Zqx{}", "x".repeat(100_000_000)))),
        ("quoted-cell-of-2-mb", with(1, &format!("\"{}\"", "Zqx\n".repeat(500_000)))),
        ("a-million-blank-lines", format!("{}{}", good(), "\n".repeat(1_000_000)).into_bytes()),
        ("a-million-commas", and(&",".repeat(1_000_000))),
        ("short-rows-only", lines(&[HEADER, "c1", "c2", "c3"])),
    ]
}

fn other_files() -> List {
    let bomb = "<?xml version=\"1.0\"?><!DOCTYPE l [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]>\
                <l>&b;</l>";
    vec![
        ("picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01".to_vec()),
        ("document", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n".to_vec()),
        ("program", [b"\x7fELF\x02\x01\x01".as_slice(), &[0; 200]].concat()),
        ("old-workbook", [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".as_slice(), &[0; 504]].concat()),
        ("web-page", b"<!DOCTYPE html><html><body>Sign in</body></html>\n".to_vec()),
        ("xml-that-expands", bomb.as_bytes().to_vec()),
        (
            "private-key",
            b"-----BEGIN PRIVATE KEY-----\nMIIEvZqx\n-----END PRIVATE KEY-----\n".to_vec(),
        ),
        ("random-bytes", random(65_536)),
        ("random-lines", random(65_536).iter().map(|b| b % 95 + 32).collect()),
    ]
}

/// Bytes as good as random, the same in every run.
fn random(count: usize) -> Vec<u8> {
    let mut draws = crate::town::Draws(9);
    (0..count).map(|_| draws.next() as u8).collect()
}

fn values() -> List {
    vec![
        ("leap-day", with(4, "1988-02-29")),
        ("no-leap-day", with(4, "1987-02-29")),
        ("thirty-first-of-april", with(4, "1988-04-31")),
        ("year-nought", with(4, "0000-01-01")),
        ("year-9999", with(4, "9999-12-31")),
        ("not-born-yet", with(4, "2998-01-01")),
        ("too-old", with(4, "1801-01-01")),
        ("date-with-time", with(4, "1988-07-06 00:00:00")),
        ("two-digit-year", with(4, "06/07/88")),
        ("spreadsheet-number", with(4, "32330")),
        ("date-of-noughts", with(4, "0000-00-00")),
        ("negative-year", with(4, "-1988-07-06")),
        ("placeholder-date", with(4, "1900-01-01")),
        ("other-date-format", with(4, "06/07/1988")),
        ("date-of-words", with(4, "sixth of July")),
        ("huge-year", with(4, "99999999999999999999-01-01")),
        ("unknown-sex", with(3, "Zqxq")),
        ("long-sex", with(3, &"f".repeat(5000))),
        ("postcode-of-letters", with(6, "ZQXA")),
        ("postcode-without-its-nought", with(6, "800")),
        ("postcode-of-five", with(6, "26030")),
        ("postcode-as-decimal", with(6, "2603.0")),
        ("name-of-one-letter", with(1, "Q")),
        ("name-with-hyphen", with(1, "Zqx-O'Neil")),
        ("name-with-digits", with(1, "Zqx3")),
        ("name-unknown", with(1, "UNKNOWN")),
        ("name-of-a-baby", with(2, "Baby of Zqxanna")),
        ("name-of-100-kb", with(1, &"Zqx".repeat(33_000))),
        ("name-empty", with(1, "")),
        ("name-of-marks", with(1, "---...'''")),
        ("name-null", with(1, "NULL")),
        ("all-cells-null", and("NULL,NULL,NULL,NULL,NULL,NULL,NULL")),
        ("formula", with(1, "=cmd|' /C Zqx'!A0")),
        ("formula-plus", with(1, "+Zqx")),
        ("formula-at", with(1, "@SUM(Zqx)")),
        ("formula-in-id", with(0, "=1+Zqx")),
        ("formula-after-tab", with(1, "\t=Zqx")),
        ("formula-in-header", changed("given", "=given")),
        ("script", with(1, "<script>alert('Zqx')</script>")),
        ("database-quote", with(1, "Robert'); DROP TABLE Zqx;--")),
        ("path-in-id", with(0, "../../Zqx")),
        ("format-signs", with(1, "%s%n{}{0}$Zqx")),
        ("no-id", with(0, "")),
        ("id-of-blanks", with(0, "   ")),
        ("id-twice", with(0, "c1")),
        ("id-twice-but-for-case", with(0, "C1")),
        ("id-of-10-kb", with(0, &"Zqx".repeat(3400))),
        ("id-as-science", with(0, "1E5")),
        ("not-a-number", with(6, "NaN")),
    ]
}
