//! The tables of the protocol guide, made from the crate: its table of fields, its codes, and what its readers ask for.

pub mod dissector;
pub mod kinds;
pub mod made;
pub mod specifications;
pub mod test_cards;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use bytes::BytesMut;
use kinds::{Mark, kinds, pack};
use tessera_protocol::{
    Amount, Balances, Currency, Extras, FIELDS, HostRequestKind, HostVerdict, Message, Mti,
    NetworkCode, Packing, Request, ResponseCode, Secrets, Totals, answer, describe, tlv,
};

/// Every field and its packing; neighbours that are packed alike stand together.
pub fn packings() -> String {
    let mut runs: Vec<(usize, usize, String)> = Vec::new();
    for (index, field) in FIELDS.iter().enumerate().skip(1) {
        let (number, code) = (index + 1, code(field.packing));
        match runs.last_mut() {
            Some((_, last, same)) if *same == code => *last = number,
            _ => runs.push((number, number, code)),
        }
    }
    let entries: Vec<_> = runs
        .iter()
        .map(|(first, last, code)| match first == last {
            true => format!("{first} {code}"),
            false => format!("{first}-{last} {code}"),
        })
        .collect();
    let lines: Vec<_> = entries.chunks(8).map(|line| line.join(" · ")).collect();
    format!("{}\n", lines.join(" ·\n"))
}

fn code(packing: Packing) -> String {
    let name = match packing {
        Packing::Numeric(_) => "N",
        Packing::Signed(_) => "A",
        Packing::Text(_) => "C",
        Packing::Binary(_) => "B",
        Packing::NumericUpTo(_) | Packing::TrackUpTo(_) => "LN",
        Packing::ShortTextUpTo(_) => "LC",
        Packing::TextUpTo(_) | Packing::BinaryUpTo(_) => "LLC",
    };
    format!("{name}{}", packing.length_max())
}

/// Fields that stand in one row, what they are called there, and what has to be said about them.
const ROWS: &[(&[u8], &str, &str)] = &[
    (&[2], "card number", "this, or tag 01 in 48"),
    (&[3], "processing code", "of a reversal: its original's"),
    (
        &[4],
        "amount in minor units",
        "zero where a balance is asked for",
    ),
    (&[7], "transmission date and time, UTC, MMDDhhmmss", ""),
    (&[11], "trace number", ""),
    (&[12, 13], "local time hhmmss, date MMDD", ""),
    (&[14], "expiry YYMM", "c: with 2"),
    (&[15], "settlement date MMDD", ""),
    (&[18], "merchant category", ""),
    (&[19], "country", ""),
    (&[22], "entry mode", ""),
    (
        &[24],
        "function",
        "`310`: [status inquiry](#status-inquiry)",
    ),
    (&[25], "condition", "59: e-commerce"),
    (&[32], "institution code", ""),
    (&[37], "retrieval reference", ""),
    (
        &[38],
        "authorization code, six characters",
        "where a purchase, authorization, verification or refund is approved",
    ),
    (&[39], "response code", ""),
    (&[41, 42], "terminal, card acceptor", ""),
    (
        &[43],
        "merchant's name and location",
        "optional; the payer sees it with the transaction",
    ),
    (
        &[48],
        "order, and more",
        "tag 01, or 2; in answers tag 09 where it is not approved",
    ),
    (&[49], "currency, three digits", ""),
    (
        &[54],
        "balances",
        "of an inquiry; what was asked for where a part is approved",
    ),
    (&[66], "whether the totals agree", ""),
    (&[70], "network code", ""),
    (
        &[74, 75, 76, 77],
        "numbers of credits and debits",
        "in the answer the switch's own",
    ),
    (
        &[86, 87, 88, 89],
        "amounts of credits and debits",
        "the same",
    ),
    (
        &[90],
        "original data elements",
        "of a refund: unless the party may do without",
    ),
    (&[95], "replacement amounts", "of a reversal in part"),
    (&[97], "net amount", "in the answer the switch's own"),
];

/// Which field each kind of request must have, may have and is not asked for, and what answers carry.
pub fn messages() -> String {
    let kinds = kinds();
    let heads: Vec<_> = kinds.iter().map(|kind| kind.head).collect();
    let mut text = format!("| field | {} | answer | |\n", heads.join(" | "));
    writeln!(text, "|{}", " --- |".repeat(heads.len() + 3)).unwrap();
    let mut stated = BTreeSet::from([64, 65, 128]);
    for (fields, what, note) in ROWS {
        let numbers = match fields {
            [field] => field.to_string(),
            [one, other] => format!("{one}, {other}"),
            [first, .., last] => format!("{first}-{last}"),
            [] => unreachable!(),
        };
        let mut cells = vec![format!("{numbers} {what}")];
        for kind in &kinds {
            cells.push(alike(fields, |field| match kind.mark(field) {
                Mark::Mandatory => "m",
                Mark::Conditional => "c",
                Mark::Optional => "o",
                Mark::Unread => "",
            }));
        }
        cells.push(alike(fields, in_answers));
        cells.push((*note).to_owned());
        writeln!(text, "| {} |", cells.join(" | ")).unwrap();
        stated.extend(*fields);
    }
    for field in (2..=128).filter(|field| !stated.contains(field)) {
        assert_eq!(in_answers(field), "", "field {field} has no row");
        for kind in &kinds {
            assert_eq!(kind.mark(field), Mark::Unread, "field {field} has no row");
        }
    }
    let sealed = vec!["c"; heads.len() + 1].join(" | ");
    writeln!(text, "| 64 or 128 MAC | {sealed} | of a party with a key |").unwrap();
    text
}

/// The mark that the fields of a row have in common.
fn alike(fields: &[u8], mark: impl Fn(u8) -> &'static str) -> String {
    let marks: Vec<_> = fields.iter().map(|field| mark(*field)).collect();
    assert!(
        marks.iter().all(|mark| *mark == marks[0]),
        "{fields:?}: {marks:?}"
    );
    marks[0].to_owned()
}

/// `e` where answers echo a field, `m` where each has it, `c` where one has it that says more than its code.
fn in_answers(field: u8) -> &'static str {
    let balances = Balances::new(
        Amount::new(1).unwrap(),
        Amount::new(1).unwrap(),
        Currency::USD,
    );
    let extras = Extras {
        approval: Some(*b"7K2M9D"),
        amount: Amount::new(1),
        balances: Some(&balances),
        reason: Some("why"),
        totals: Some((true, &Totals::default())),
        status: None,
    };
    let has = |extras: &Extras<'_>, request: &Message<'_>| {
        let mut out = BytesMut::new();
        answer(request, &mut out, ResponseCode::APPROVED, extras, None);
        Message::parse(&out[2..]).unwrap().has(field)
    };
    let (mut echoed, mut always, mut said) = (false, true, false);
    for kind in kinds() {
        for sample in &kind.samples {
            let bytes = pack(kind.mtis[0], sample);
            let request = Message::parse(&bytes).unwrap();
            let plain = has(&Extras::default(), &request);
            echoed |= plain && request.has(field);
            always &= plain;
            // An answer never brings all of it, and some of it never goes with what is echoed.
            said |= !plain && has(&extras, &request);
        }
    }
    match (echoed, always, said) {
        (true, ..) => "e",
        (false, true, _) => "m",
        (false, false, true) => "c",
        _ => "",
    }
}

/// Every message that the reader knows, its repeat and its answer.
pub fn flows() -> String {
    let mut text = String::from(
        "| you send | again | what it is | it is answered by |\n| --- | --- | --- | --- |\n",
    );
    for mti in known_types() {
        let (repeat, answered) = (mti.repeat(), mti.answer());
        assert_eq!(repeat.answer(), answered);
        let what = meaning_of(mti);
        writeln!(text, "| {mti} | {repeat} | {what} | {answered} |").unwrap();
    }
    text
}

/// The requests that the reader knows, without their repeats.
fn known_types() -> impl Iterator<Item = Mti> {
    (0..=0x9999).filter_map(Mti::new).filter(|mti| {
        *mti == mti.original() && !mti.is_answer() && reads(&pack(mti.value(), &Vec::new()))
    })
}

/// Whether the reader knows the message type.
fn reads(message: &[u8]) -> bool {
    match Request::read(&Message::parse(message).unwrap()) {
        Ok(_) => true,
        Err(refusal) => refusal.field.is_some(),
    }
}

fn meaning_of(mti: Mti) -> String {
    let message = pack(mti.value(), &Vec::new());
    let (_, meaning) = describe(&message, Secrets::Shown).mti.unwrap();
    meaning
}

/// Which processing code stands in which message.
pub fn processing_codes(now: &str) -> String {
    let columns = ["0100", "0120", "0200", "0220"];
    let takes = |mti: &str, code: &str| {
        let mti = u16::from_str_radix(mti, 16).unwrap();
        let kinds = kinds();
        let kind = kinds.iter().find(|kind| kind.mtis.contains(&mti)).unwrap();
        let mut sample = kind.samples[0].clone();
        let place = sample.iter().position(|(field, _)| *field == 3).unwrap();
        code.clone_into(&mut sample[place].1);
        let bytes = pack(mti, &sample);
        match Request::read(&Message::parse(&bytes).unwrap()) {
            Ok(_) => true,
            // What else it asks for is not in the sample.
            Err(refusal) => refusal.field != Some(3),
        }
    };
    let mut rows = Vec::new();
    for code in (0..100).map(|kind| format!("{kind:02}0000")) {
        let taken = columns.map(|mti| if takes(mti, &code) { "x" } else { "" });
        if taken.iter().all(|mark| mark.is_empty()) {
            continue;
        }
        let message = pack(0x0200, &vec![(3, code.clone())]);
        let meaning = describe(&message, Secrets::Shown).rows[0].meaning.clone();
        let mut row = vec![format!("`{code}`"), meaning.unwrap()];
        row.extend(taken.map(str::to_owned));
        rows.push(row);
    }
    let head = format!("| 3 | what | {} | |", columns.join(" | "));
    table(&head, rows, now)
}

pub fn response_codes(now: &str) -> String {
    let rows = ResponseCode::ALL
        .iter()
        .map(|code| vec![code.to_string(), code.meaning().unwrap().to_owned()]);
    let head = "| 39 | meaning | when this switch gives it |";
    table(head, rows.collect(), now)
}

/// What the codes of the financial system mean for what it was asked: those that mean the same stand together, and the most
/// common meaning is that of all that is not named.
pub fn host_codes(now: &str) -> String {
    let digits = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let codes = digits
        .iter()
        .flat_map(|one| digits.map(|two| ResponseCode::new([*one, two])));
    let mut groups: Vec<(Vec<HostVerdict>, bool, Vec<ResponseCode>)> = Vec::new();
    for code in codes {
        let verdicts = HostRequestKind::ALL.map(|kind| kind.verdict(code));
        let passed_on = verdicts
            .iter()
            .any(|verdict| matches!(verdict, HostVerdict::Declined(given) | HostVerdict::Undo(given) if *given == code));
        // Which code is passed on makes no difference between two that are.
        let alike = verdicts.map(|verdict| match verdict {
            HostVerdict::Declined(given) if given == code => {
                HostVerdict::Declined(ResponseCode::APPROVED)
            }
            HostVerdict::Undo(given) if given == code => HostVerdict::Undo(ResponseCode::APPROVED),
            verdict => verdict,
        });
        match groups
            .iter_mut()
            .find(|(same, passed, _)| *same == alike && *passed == passed_on)
        {
            Some((.., codes)) => codes.push(code),
            None => groups.push((alike.to_vec(), passed_on, vec![code])),
        }
    }
    let most = groups.iter().map(|(.., codes)| codes.len()).max();
    let rows = groups.iter().map(|(verdicts, _, codes)| {
        let names: Vec<String> = codes.iter().map(ResponseCode::to_string).collect();
        let named = match Some(codes.len()) == most {
            true => "every other".to_owned(),
            false => names.join(" "),
        };
        let mut row = vec![named];
        for shown in HOST_COLUMNS {
            let of = |kind: &HostRequestKind| {
                HostRequestKind::ALL
                    .iter()
                    .position(|one| one == kind)
                    .unwrap()
            };
            let meanings: BTreeSet<String> = shown
                .iter()
                .map(|kind| host_verdict(*kind, verdicts[of(kind)]))
                .collect();
            assert_eq!(meanings.len(), 1, "{shown:?} {names:?}");
            row.extend(meanings);
        }
        row
    });
    let head = "| 39 | purchase, authorization, refund, load, payout | card issue, replacement | card cancellation \
                | 0220, 0120 | 0420 of what was approved | 0420 of what it may not have | what it is |";
    table(head, rows.collect(), now)
}

/// The columns of that table: kinds of request that are always treated alike.
const HOST_COLUMNS: [&[HostRequestKind]; 6] = [
    &[
        HostRequestKind::Purchase,
        HostRequestKind::Authorization,
        HostRequestKind::Refund,
        HostRequestKind::Load,
        HostRequestKind::Payout,
    ],
    &[HostRequestKind::CardIssue],
    &[HostRequestKind::CardCancellation],
    &[HostRequestKind::Posting],
    &[HostRequestKind::Reversal],
    &[HostRequestKind::ReversalInDoubt],
];

fn host_verdict(kind: HostRequestKind, verdict: HostVerdict) -> String {
    let is_advice = matches!(
        kind,
        HostRequestKind::CardCancellation
            | HostRequestKind::Posting
            | HostRequestKind::Reversal
            | HostRequestKind::ReversalInDoubt
    );
    let said = |given: ResponseCode| match given {
        ResponseCode::APPROVED => "the same".to_owned(),
        given => given.to_string(),
    };
    match verdict {
        HostVerdict::Approved if is_advice => "acknowledged".into(),
        HostVerdict::Approved => "approved".into(),
        HostVerdict::Declined(given) => format!("declined: {}", said(given)),
        HostVerdict::Undo(given) => format!("undone there: {}", said(given)),
        HostVerdict::Again if is_advice => "sent again".into(),
        HostVerdict::Again => "asked again: 91".into(),
    }
}

pub fn network_codes(now: &str) -> String {
    let codes = (0..=999).filter_map(NetworkCode::of);
    let rows = codes.map(|code| vec![format!("{:03}", code.number()), code.meaning().to_owned()]);
    let head = "| code | meaning | what the switch does |";
    table(head, rows.collect(), now)
}

/// The tags of field 48.
pub fn tags(now: &str) -> String {
    let names = (0..=99).filter_map(|tag| Some((tag, tlv::name(tag)?)));
    let rows = names.map(|(tag, name)| vec![format!("{tag:02}"), name.to_owned()]);
    table("| tag | name | what |", rows.collect(), now)
}

/// Stands where the last column of a row has yet to be written.
pub const UNWRITTEN: &str = "(to be written)";

/// A table whose last column is written by hand: it is kept by what stands in the first.
fn table(head: &str, rows: Vec<Vec<String>>, now: &str) -> String {
    let columns = head.matches('|').count() - 1;
    let mut text = format!("{head}\n|{}\n", " --- |".repeat(columns));
    for row in rows {
        let stated = now.lines().find_map(|line| {
            let mut cells = line.trim().trim_matches('|').split('|').map(str::trim);
            (cells.next() == Some(&row[0])).then(|| cells.next_back().unwrap_or_default())
        });
        let stated = stated
            .filter(|stated| !stated.is_empty())
            .unwrap_or(UNWRITTEN);
        writeln!(text, "| {} | {stated} |", row.join(" | ")).unwrap();
    }
    text
}
