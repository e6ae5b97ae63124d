//! What a column is likely to hold, by its heading: the spellings that agencies, the Data
//! Exchange (DEX) and the ACT Common Dataset v4 use. Takes headings, never a cell.

use std::collections::BTreeMap;

use crate::project::FieldKind;

/// What a column can be to a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The agency's own client number.
    RecordId,
    /// A field of the project.
    Field(FieldKind),
    /// A recorded SLK-581.
    Slk581,
    /// Whether the birth date is an estimate.
    Estimated,
    /// The three-letter accuracy indicator of METEOR 294429.
    Accuracy,
    /// Consent to share.
    Consent,
    /// Consent to collect.
    CollectConsent,
    /// Consent to be contacted later.
    FollowUp,
    /// The day on which consent was given.
    ConsentGiven,
    /// The last day of consent.
    ConsentUntil,
    /// The day on which consent was withdrawn.
    ConsentWithdrawn,
    /// Another family name of the same person.
    OtherFamily,
    /// Another given name of the same person.
    OtherGiven,
    /// The program that gave a service.
    Program,
    /// The first day of a service.
    Start,
    /// The last day of a service.
    End,
    /// Worth keeping for the analyst.
    Content,
}

impl Role {
    /// The Common Dataset v4 items of this role, as their numbers are printed.
    fn items(self) -> &'static [&'static str] {
        match self {
            Role::RecordId => &["1.7.1"],
            Role::Field(FieldKind::FamilyName) => &["1.2.3"],
            Role::Field(FieldKind::GivenName) => &["1.2.1"],
            Role::Field(FieldKind::BirthDate) => &["1.3.1"],
            Role::Field(FieldKind::Sex) => &["1.4.1"],
            Role::Field(FieldKind::Suburb) => &["1.5.6"],
            Role::Field(FieldKind::Postcode) => &["1.5.7"],
            Role::Field(FieldKind::State) => &["1.5.8"],
            Role::Slk581 => &["1.7.2"],
            Role::Estimated => &["1.3.2"],
            Role::Consent => &["1.1.2"],
            Role::CollectConsent => &["1.1.1"],
            Role::Start => &["4.1.1"],
            Role::End => &["4.1.4"],
            Role::Content => &["3.1.1", "3.3.1", "3.3.2", "4.2.1", "4.2.3"],
            Role::Field(FieldKind::Address | FieldKind::Phone | FieldKind::Text)
            | Role::Accuracy
            | Role::FollowUp
            | Role::ConsentGiven
            | Role::ConsentUntil
            | Role::ConsentWithdrawn
            | Role::OtherFamily
            | Role::OtherGiven
            | Role::Program => &[],
        }
    }

    /// The usual spellings, letters and digits only, the surest first.
    #[rustfmt::skip]
    fn spellings(self) -> &'static [&'static str] {
        match self {
            Role::RecordId => &[
                "recid", "recordid", "clientid", "clientno", "clientnumber", "clientnum",
                "clientidentifier", "clientcode", "clientref", "clientreference", "personid",
                "patientid", "customerid", "participantid", "memberid", "consumerid", "studentid",
                "residentid", "urn", "umrn", "mrn", "uniqueidentifier", "uniqueid", "recordno",
                "recordnumber", "recordidentifier", "refno", "referenceno", "referencenumber",
                "caseclientid", "uid", "id", "identifier",
            ],
            Role::Field(FieldKind::FamilyName) => &[
                "familyname", "familynames", "surname", "surnames", "lastname", "lastnames",
                "legalfamilyname", "legalsurname", "legallastname", "lname", "sname", "namelast",
                "namefamily", "familynm", "lastnm",
            ],
            Role::Field(FieldKind::GivenName) => &[
                "givenname", "givennames", "firstname", "firstnames", "forename", "forenames",
                "firstgivenname", "givenname1", "firstname1", "legalgivenname", "legalfirstname",
                "christianname", "fname", "gname", "namefirst", "namegiven", "givennm", "firstnm",
            ],
            Role::Field(FieldKind::BirthDate) => &[
                "dateofbirth", "dob", "birthdate", "birthdt", "datebirth", "dobirth", "bdate",
                "dobdate", "dateofbirthddmmyyyy", "dobddmmyyyy", "birthday",
            ],
            Role::Field(FieldKind::Sex) => &[
                "sex", "sexcode", "sexcd", "sexatbirth", "sexrecordedatbirth", "gender",
                "gendercode", "gendercd", "genderidentity",
            ],
            Role::Field(FieldKind::Suburb) => &[
                "suburb", "suburbname", "suburbtown", "suburbtownlocality", "suburborlocality",
                "suburbtowncity", "locality", "localityname", "town", "towncity", "townsuburb",
                "city", "addresssuburb", "addresslocality", "addresscity", "suburbofresidence",
            ],
            Role::Field(FieldKind::Postcode) => &[
                "postcode", "postalcode", "pcode", "postcd", "pcd", "zip", "zipcode",
                "addresspostcode", "postcodeofresidence",
            ],
            Role::Field(FieldKind::State) => &[
                "state", "statecode", "statecd", "stateterritory", "stateorterritory",
                "stateabbreviation", "addressstate", "stateofresidence",
            ],
            Role::Field(FieldKind::Address) => &[
                "address", "streetaddress", "addressline1", "address1", "addressline", "street",
                "homeaddress", "residentialaddress", "residentialstreetaddress", "addr",
                "addressstreet", "addressoneline", "fulladdress", "residentialaddress1",
                "residentialaddressline1", "residentialaddressaddressline1", "streetname", "roadname",
                "addressstreetname",
            ],
            Role::Field(FieldKind::Phone) => &[
                "mobile", "mobilephone", "mobileno", "mobilenumber", "mobilephonenumber", "mob",
                "phone", "phoneno", "phonenumber", "phonemobile", "telephone", "telephoneno",
                "telephonenumber", "tel", "telno", "contactphone", "contactnumber", "contactno",
                "contactphonenumber", "homephone", "phonehome", "cell", "cellphone", "ph", "phno",
            ],
            Role::Field(FieldKind::Text) => &[],
            Role::Slk581 => &[
                "slk581", "slk", "slkkey", "slk581key", "statisticallinkagekey",
                "statisticallinkagekey581", "statlinkagekey", "linkagekey", "linkagekeyslk581",
            ],
            Role::Estimated => &[
                "isbirthdateanestimate", "birthdateestimated", "birthdateestimate",
                "isbirthdateestimated", "dateofbirthestimate", "dateofbirthestimated",
                "dateofbirthestimatedflag", "dobestimate", "dobestimated", "dobestimatedflag",
                "dobestflag", "isdobestimated", "estimateddob", "estimateddateofbirth",
                "estimatedbirthdate", "estimateddobflag", "dobest",
            ],
            Role::Accuracy => &[
                "dateaccuracyindicator", "dateofbirthaccuracy", "dateofbirthaccuracyindicator",
                "dobaccuracy", "dobaccuracyindicator", "birthdateaccuracy",
                "birthdateaccuracyindicator", "dobaccuracycode",
            ],
            Role::Consent => &[
                "consenttoshareinformation", "consenttoshare", "shareconsent", "consentshare",
                "consentsharing", "consenttosharing", "sharingconsent", "consentedtoshare",
                "informationsharingconsent", "consenttoprovidedetails", "consenttolinkage",
                "consenttolink", "linkageconsent", "datasharingconsent", "consent",
                "consentflag",
            ],
            Role::CollectConsent => &[
                "consenttocollectinformation", "consenttocollect", "collectconsent",
                "consentcollect", "consenttostoredetails", "consenttostore",
            ],
            Role::FollowUp => &[
                "consentedforfuturecontacts", "consentforfuturecontacts", "consenttofuturecontact",
                "consentforfuturecontact", "consenttofollowup", "consentforfollowup",
                "followupconsent", "consenttocontact",
            ],
            Role::ConsentGiven => &[
                "consentdate", "dateofconsent", "dateconsented", "dateconsentgiven",
                "consentgivendate", "consentgivenon", "consentsigneddate", "consentstartdate",
                "dateconsentsigned",
            ],
            Role::ConsentUntil => &[
                "consentexpirydate", "consentexpiry", "consentenddate", "consentexpires",
                "consentuntil", "consentvaliduntil", "dateconsentexpires", "dateconsentends",
            ],
            Role::ConsentWithdrawn => &[
                "consentwithdrawndate", "consentwithdrawn", "dateconsentwithdrawn",
                "consentwithdrawaldate", "consentwithdrawal", "withdrawaldate",
                "dateofwithdrawal", "withdrawndate", "datewithdrawn", "consentrevokeddate",
                "dateconsentrevoked",
            ],
            Role::OtherFamily => &[
                "aliasfamilyname", "aliassurname", "aliaslastname", "otherfamilyname",
                "othersurname", "otherlastname", "previousfamilyname", "previoussurname",
                "previouslastname", "formerfamilyname", "formersurname", "formerlastname",
                "maidenname", "birthsurname",
            ],
            Role::OtherGiven => &[
                "aliasgivenname", "aliasfirstname", "othergivenname", "otherfirstname",
                "preferredname", "preferredgivenname", "preferredfirstname", "knownas",
                "nickname",
            ],
            Role::Program => &[
                "program", "programname", "programcode", "programid", "programactivity",
                "programactivityname", "service", "servicename", "servicetype", "servicetypeid",
                "serviceprogram", "outletactivityid", "fundingprogram",
            ],
            Role::Start => &[
                "startdate", "start", "servicestart", "servicestartdate", "dateservicestarted",
                "datestarted", "episodestart", "episodestartdate", "supportperiodstartdate",
                "commencementdate", "datecommenced", "entrydate", "dateofentry", "admissiondate",
                "dateofadmission", "sessiondate", "servicedate", "dateofservice", "eventdate",
                "contactdate",
            ],
            Role::End => &[
                "enddate", "end", "serviceend", "serviceenddate", "dateserviceended", "dateended",
                "episodeend", "episodeenddate", "supportperiodenddate", "cessationdate",
                "exitdate", "dateofexit", "dischargedate", "dateofdischarge", "closuredate",
                "separationdate",
            ],
            Role::Content => &[
                "reason", "reasonforassistance", "presentingreason", "mainreason",
                "referralsource", "sourceofreferral", "referralfrom", "referredfrom",
                "referralto", "referredto", "housingstatus", "housingtenure", "housing",
                "outcome", "exitreason", "exitreasoncode", "referralsourcecode",
            ],
        }
    }
}

/// The parts of an address that stands in several columns, before and behind the street.
const BEFORE_STREET: [&[&str]; 2] = [
    &["unit", "unitno", "unitnumber", "flat", "flatno", "flatnumber", "flatunitno", "addressunit"],
    &[
        "streetno",
        "streetnumber",
        "houseno",
        "housenumber",
        "roadno",
        "roadnumber",
        "addressnumber",
        "addressstreetnumber",
    ],
];
const BEHIND_STREET: [&[&str]; 3] = [
    &["streettype", "roadtype", "streettypecode", "roadtypecode", "addressstreettype"],
    &["streetsuffix", "roadsuffix", "streetsuffixcode", "addressstreetsuffix"],
    &[
        "addressline2",
        "address2",
        "streetaddress2",
        "residentialaddress2",
        "residentialaddressline2",
        "residentialaddressaddressline2",
    ],
];

/// Words that go before a heading and change nothing of what it means.
const PREFIXES: [&str; 9] = [
    "client",
    "person",
    "patient",
    "customer",
    "participant",
    "residential",
    "resident",
    "home",
    "current",
];

/// A column that is not placed yet.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// Its heading as it is.
    pub(super) heading: String,
    /// Its index in the file.
    pub(super) index: usize,
    plain: String,
    item: Option<String>,
}

/// Whether a heading looks as if it said what a client allows. Whoever refuses in a column that
/// nobody asks is not left out.
pub(crate) fn may_be_consent(heading: &str) -> bool {
    const SIGNS: [&str; 9] = [
        "consent",
        "optout",
        "optedout",
        "optsout",
        "donotshare",
        "dontshare",
        "notbeshared",
        "donotlink",
        "permission",
    ];
    let heading = plain(item_number(heading.trim()).1);
    let is_of_contact = Role::FollowUp.spellings().contains(&heading.as_str());
    !is_of_contact && SIGNS.iter().any(|sign| heading.contains(sign))
}

/// The columns of a header that are not placed yet.
#[derive(Debug)]
pub(super) struct Columns(Vec<Column>);

impl Columns {
    pub(super) fn new(header: &[String]) -> Self {
        let mut columns: Vec<Column> = Vec::new();
        for (index, heading) in header.iter().enumerate() {
            let heading = heading.trim();
            if heading.is_empty() || columns.iter().any(|c| c.heading == heading) {
                continue;
            }
            let (item, rest) = item_number(heading);
            columns.push(Column { heading: heading.to_owned(), index, plain: plain(rest), item });
        }
        Columns(columns)
    }

    /// The columns that are left.
    pub(super) fn left(&self) -> &[Column] {
        &self.0
    }

    /// Takes the column that is plainly of this role, or of this field name.
    pub(super) fn take(&mut self, role: Role, field: &str) -> Option<Column> {
        let at = self.place_of(role, field)?;
        Some(self.0.remove(at))
    }

    /// The column that is plainly of this role.
    pub(super) fn find(&self, role: Role) -> Option<&Column> {
        self.0.get(self.place_of(role, "")?)
    }

    /// Takes the columns that an address is put together from, in their order, where one of
    /// them is plainly the street or the whole.
    pub(super) fn take_address(&mut self, field: &str) -> Vec<Column> {
        let Some(street) = self.take(Role::Field(FieldKind::Address), field) else { return vec![] };
        let mut part = |spellings: &[&str]| {
            let is_it =
                |c: &Column| spellings.iter().any(|s| c.plain == *s || has_prefix(&c.plain, s));
            let at = self.0.iter().position(is_it)?;
            Some(self.0.remove(at))
        };
        let mut parts: Vec<Column> = BEFORE_STREET.iter().filter_map(|s| part(s)).collect();
        parts.push(street);
        parts.extend(BEHIND_STREET.iter().filter_map(|s| part(s)));
        parts
    }

    fn place_of(&self, role: Role, field: &str) -> Option<usize> {
        let field = plain(field);
        let names = [field.as_str()];
        let spellings = names.iter().filter(|n| !n.is_empty()).chain(role.spellings());
        let named = spellings.clone().find_map(|s| self.0.iter().position(|c| c.plain == *s));
        let numbered = || {
            let is_item = |c: &Column| {
                c.item.as_deref().is_some_and(|item| role.items().contains(&item))
                    && c.plain.is_empty()
            };
            self.0.iter().position(is_item)
        };
        let prefixed =
            || spellings.clone().find_map(|s| self.0.iter().position(|c| has_prefix(&c.plain, s)));
        named.or_else(numbered).or_else(prefixed)
    }

    /// Takes the column that looks most like this role, where one does: for a person to
    /// confirm.
    pub(super) fn take_like(&mut self, role: Role, field: &str) -> Option<Column> {
        let field = plain(field);
        let spellings = || std::iter::once(field.as_str()).chain(role.spellings().iter().copied());
        let likeness = |c: &Column| {
            let best = spellings()
                .filter(|s| s.len() > 2)
                .map(|s| likeness(&c.plain, s))
                .fold(0.0, f64::max);
            // Compared as whole thousandths, so that every machine decides alike.
            (best * 1000.0).round() as u32
        };
        let (at, best) = self
            .0
            .iter()
            .enumerate()
            .map(|(i, c)| (i, likeness(c)))
            .min_by_key(|(i, likeness)| (std::cmp::Reverse(*likeness), *i))?;
        (best >= 750).then(|| self.0.remove(at))
    }
}

/// How like a heading is to a spelling, 0 to 1: few typing errors, or the spelling within it.
fn likeness(heading: &str, spelling: &str) -> f64 {
    // "E-mail address" is no address.
    if heading.contains("email") != spelling.contains("email") {
        return 0.0;
    }
    if spelling.len() > 3 && heading.contains(spelling) {
        return 0.9;
    }
    strsim::normalized_damerau_levenshtein(heading, spelling)
}

fn has_prefix(plain: &str, spelling: &str) -> bool {
    PREFIXES.iter().any(|prefix| plain.strip_prefix(prefix) == Some(spelling))
}

/// The place of the heading that usually means an item of the Common Dataset v4, the surest
/// spelling first.
pub(crate) fn usual_heading(item: &str, headings: &BTreeMap<usize, &str>) -> Option<usize> {
    let roles = [
        Role::RecordId,
        Role::Field(FieldKind::FamilyName),
        Role::Field(FieldKind::GivenName),
        Role::Field(FieldKind::BirthDate),
        Role::Field(FieldKind::Sex),
        Role::Field(FieldKind::Suburb),
        Role::Field(FieldKind::Postcode),
        Role::Field(FieldKind::State),
        Role::Slk581,
        Role::Estimated,
        Role::Consent,
        Role::CollectConsent,
        Role::Start,
        Role::End,
    ];
    let spellings = roles.into_iter().find(|role| role.items() == [item])?.spellings();
    let find = |means: &dyn Fn(&str, &str) -> bool| {
        let having = |spelling: &&str| {
            let mut places = headings.iter().filter(|(_, h)| means(&plain(h), spelling));
            places.next().map(|(place, _)| *place)
        };
        spellings.iter().find_map(having)
    };
    find(&|heading, spelling| heading == spelling).or_else(|| find(&has_prefix))
}

/// Letters and digits only, in lower case.
pub(crate) fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The item number that a heading begins with ("1.2.3", "item_1_2_3"), and what follows it.
pub(crate) fn item_number(heading: &str) -> (Option<String>, &str) {
    let is_gap = |c: char| matches!(c, '.' | '_' | '-' | ' ');
    let body = match heading.get(..4) {
        Some(start) if start.eq_ignore_ascii_case("item") => {
            heading[4..].trim_start_matches(is_gap)
        }
        _ => heading,
    };
    let mut rest = body;
    let mut numbers = Vec::new();
    while numbers.len() < 3 {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if !(1..=2).contains(&digits) {
            return (None, heading);
        }
        numbers.push(&rest[..digits]);
        rest = &rest[digits..];
        if numbers.len() < 3 {
            match rest.strip_prefix(['.', '_', '-']) {
                Some(after) => rest = after,
                None => return (None, heading),
            }
        }
    }
    match rest.chars().next() {
        Some(c) if !is_gap(c) && !c.is_alphabetic() => (None, heading),
        _ => (Some(numbers.join(".")), rest.trim_start_matches(is_gap)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: [FieldKind; 9] = [
        FieldKind::FamilyName,
        FieldKind::GivenName,
        FieldKind::BirthDate,
        FieldKind::Sex,
        FieldKind::Suburb,
        FieldKind::Postcode,
        FieldKind::State,
        FieldKind::Address,
        FieldKind::Phone,
    ];

    fn taken(header: &[&str], role: Role) -> Option<String> {
        let header: Vec<String> = header.iter().map(|h| (*h).to_owned()).collect();
        Columns::new(&header).take(role, "").map(|c| c.heading)
    }

    #[test]
    fn usual_headings_are_recognised() {
        for (heading, role) in [
            ("rec_id", Role::RecordId),
            ("Client ID", Role::RecordId),
            ("ClientId", Role::RecordId),
            ("ID", Role::RecordId),
            ("Surname", Role::Field(FieldKind::FamilyName)),
            ("last_name", Role::Field(FieldKind::FamilyName)),
            ("Last name (s)", Role::Field(FieldKind::FamilyName)),
            ("CLIENT_SURNAME", Role::Field(FieldKind::FamilyName)),
            ("Forename", Role::Field(FieldKind::GivenName)),
            ("First name(s)", Role::Field(FieldKind::GivenName)),
            ("GivenName", Role::Field(FieldKind::GivenName)),
            ("D.O.B.", Role::Field(FieldKind::BirthDate)),
            ("Date of Birth", Role::Field(FieldKind::BirthDate)),
            ("birthdate", Role::Field(FieldKind::BirthDate)),
            ("GenderCode", Role::Field(FieldKind::Sex)),
            ("Town/City", Role::Field(FieldKind::Suburb)),
            ("Residential Suburb", Role::Field(FieldKind::Suburb)),
            ("Post code", Role::Field(FieldKind::Postcode)),
            ("StateCode", Role::Field(FieldKind::State)),
            ("Street Address", Role::Field(FieldKind::Address)),
            ("AddressLine1", Role::Field(FieldKind::Address)),
            ("Residential address", Role::Field(FieldKind::Address)),
            ("Mobile No.", Role::Field(FieldKind::Phone)),
            ("Client phone", Role::Field(FieldKind::Phone)),
            ("SLK-581", Role::Slk581),
            ("IsBirthDateAnEstimate", Role::Estimated),
            ("Date accuracy indicator", Role::Accuracy),
            ("ConsentToProvideDetails", Role::Consent),
            ("1.1.2", Role::Consent),
            ("1.2.3 Last name (s)", Role::Field(FieldKind::FamilyName)),
            ("item_1_3_1", Role::Field(FieldKind::BirthDate)),
            ("4.1.4 Date service ended", Role::End),
        ] {
            assert_eq!(taken(&[heading], role).as_deref(), Some(heading), "{heading}");
        }
    }

    #[test]
    fn a_heading_of_something_else_is_not_taken() {
        for heading in ["middle_name", "name", "date", "1.2.2", "1.2.34", "status", "", "dob_year"]
        {
            for kind in FIELDS {
                assert_eq!(taken(&[heading], Role::Field(kind)), None, "{heading} {kind:?}");
            }
        }
    }

    #[test]
    fn the_surest_spelling_wins() {
        assert_eq!(taken(&["id", "client_id"], Role::RecordId).as_deref(), Some("client_id"));
        assert_eq!(taken(&["gender", "sex"], Role::Field(FieldKind::Sex)).as_deref(), Some("sex"));
    }

    #[test]
    fn no_spelling_stands_for_two_things() {
        let roles = [
            Role::RecordId,
            Role::Slk581,
            Role::Estimated,
            Role::Accuracy,
            Role::Consent,
            Role::OtherFamily,
            Role::OtherGiven,
            Role::Program,
            Role::Start,
            Role::End,
            Role::Content,
        ];
        let mut all: Vec<&str> = Vec::new();
        for role in FIELDS.map(Role::Field).into_iter().chain(roles) {
            all.extend(role.spellings());
            assert!(role.spellings().iter().all(|s| plain(s) == **s), "{role:?}");
        }
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn an_address_in_several_columns_is_put_together() {
        let taken = |header: &[&str]| -> Vec<String> {
            let header: Vec<String> = header.iter().map(|h| (*h).to_owned()).collect();
            let columns = Columns::new(&header).take_address("address");
            columns.into_iter().map(|column| column.heading).collect()
        };
        assert_eq!(
            taken(&["Street Type", "Suburb", "Street Name", "Unit No.", "Street number"]),
            ["Unit No.", "Street number", "Street Name", "Street Type"]
        );
        assert_eq!(taken(&["AddressLine2", "AddressLine1"]), ["AddressLine1", "AddressLine2"]);
        assert_eq!(taken(&["Address"]), ["Address"]);
        assert_eq!(taken(&["Unit", "Email address"]), [""; 0]);
    }

    #[test]
    fn near_misses_are_offered() {
        let header = ["surnme".to_owned(), "client_dob_2".to_owned(), "phone".to_owned()];
        let mut columns = Columns::new(&header);
        let family = columns.take_like(Role::Field(FieldKind::FamilyName), "family_name");
        assert_eq!(family.map(|c| c.heading).as_deref(), Some("surnme"));
        assert!(columns.take_like(Role::Field(FieldKind::Sex), "sex").is_none());
        assert_eq!(columns.left().len(), 2);
    }

    #[test]
    fn headings_that_may_be_about_consent_are_told() {
        for heading in [
            "Consent refused",
            "Opt out",
            "Do not share",
            "No consent",
            "Privacy consent",
            "Opt-out of data sharing",
            "CONSENT_TYPE",
            "Permission to share",
        ] {
            assert!(may_be_consent(heading), "{heading}");
        }
        for heading in ["Family name", "Option", "Shared care", "ConsentedForFutureContacts"] {
            assert!(!may_be_consent(heading), "{heading}");
        }
    }
}
