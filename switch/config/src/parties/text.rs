//! A party's file as it is written, and the [`Party`] that it becomes.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use tessera_protocol::{Amount, Dialect, Framing, HEADER_BYTES_MAX, Institution, MessagePacking};

use super::super::bounds::Breach;
use super::super::certificate::fingerprint;
use super::super::environment::Environment;
use super::super::http_url::HttpUrl;
use super::super::network::Network;
use super::super::sections::{MallSettings, MallTlsSettings};
use super::key::{self, SecretText, Stated};
use super::sets::{CodeSet, MESSAGES, Messages};
use super::webhook::Webhook;
use super::{Acceptors, CertificateOf, Party, PartyKind, Quirks, Transport, UnknownReversal};
use tessera_ledger::controls::{self, Controls};

/// A party as its file states it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PartyText {
    code: String,
    name: String,
    kind: PartyKind,
    acceptors: Option<AnyOrList>,
    #[serde(default)]
    messages: AnyOrList,
    #[serde(default)]
    processing_codes: AnyOrList,
    mac_key: Option<SecretText>,
    mac_key_file: Option<PathBuf>,
    mac_key_environment: Option<String>,
    mac_key_wrapped: Option<String>,
    key_encrypting_key: Option<SecretText>,
    key_encrypting_key_file: Option<PathBuf>,
    key_encrypting_key_environment: Option<String>,
    amount_max: Option<u64>,
    connections_max: Option<usize>,
    in_flight_max: Option<usize>,
    in_flight_per_connection_max: Option<usize>,
    webhook: Option<WebhookText>,
    #[serde(default)]
    line: LineText,
    #[serde(default)]
    controls: ControlsText,
    #[serde(default)]
    quirks: QuirksText,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookText {
    url: String,
    secret: Option<SecretText>,
    secret_file: Option<PathBuf>,
    secret_environment: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct LineText {
    framing: Option<String>,
    header_bytes: u8,
    packing: Option<String>,
    addresses: AnyOrList,
    transport: Transport,
    certificate_fingerprint: Option<String>,
    certificate_subject: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct QuirksText {
    unknown_reversal: UnknownReversal,
    entry_modes: AnyOrList,
    unreferenced_refunds: bool,
    load_codes: Vec<String>,
    several_completions: bool,
    stand_in_advices: bool,
    partial_approval: bool,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct ControlsText {
    merchant_categories: AnyOrList,
    merchant_categories_forbidden: Vec<String>,
    countries: AnyOrList,
    ecommerce_only: bool,
}

/// What is needed to understand a party's file.
pub(super) struct Context<'a> {
    /// Whether development keys are welcome.
    pub(super) environment: Environment,
    /// The limits of a party that states none.
    pub(super) defaults: &'a MallSettings,
    /// The folder of the file.
    pub(super) base: &'a Path,
    /// The malls' port with TLS, where there is one.
    pub(super) tls: Option<&'a MallTlsSettings>,
}

impl PartyText {
    /// The party, or what is wrong with it.
    pub(super) fn into_party(self, context: &Context<'_>) -> Result<Party, Breach> {
        let code = Institution::from_text(&self.code).ok_or_else(|| {
            Breach::new(
                "code",
                "an institution code is 1 to 11 digits in quotes, and not zero",
            )
        })?;
        if self.name.trim().is_empty() || self.name.len() > 60 {
            return Err(Breach::new("name", "a name is 1 to 60 characters"));
        }
        let stated = Stated {
            text: self.mac_key,
            file: self.mac_key_file.as_deref(),
            variable: self.mac_key_environment.as_deref(),
        };
        let wrapping = Stated {
            text: self.key_encrypting_key,
            file: self.key_encrypting_key_file.as_deref(),
            variable: self.key_encrypting_key_environment.as_deref(),
        };
        let wrapping = key::key_encrypting_key(wrapping, context.environment, context.base)?;
        let mac_key = match (self.mac_key_wrapped, stated.is_empty()) {
            (Some(wrapped), true) => {
                let wrapping = wrapping.as_ref();
                let key = key::unwrapped(code, &wrapped, wrapping, context.environment)?;
                Some(key)
            }
            (Some(_), false) => {
                let why = "state the MAC key only once: wrapped or not";
                return Err(Breach::new("mac_key_wrapped", why));
            }
            (None, _) => key::mac_key(code, stated, context.environment, context.base)?,
        };
        if let (Some(_), None) = (&wrapping, &mac_key) {
            let why = "a party without a MAC key cannot change it";
            return Err(Breach::new("mac_key", why));
        }
        let defaults = context.defaults;
        Ok(Party {
            code,
            name: self.name,
            kind: self.kind,
            acceptors: acceptors(code, self.kind, self.acceptors)?,
            messages: messages(&self.messages)?,
            processing_codes: codes("processing_codes", &self.processing_codes)?,
            dialect: self.line.dialect()?,
            addresses: self.line.addresses()?,
            transport: self.line.transport(context.tls)?,
            certificate: self.line.certificate(context.tls)?,
            mac_key,
            key_encrypting_key: wrapping,
            amount_max: amount_max(self.amount_max)?,
            connections_max: limit(
                "connections_max",
                self.connections_max,
                defaults.connections_per_party_max,
            )?,
            in_flight_max: limit(
                "in_flight_max",
                self.in_flight_max,
                defaults.in_flight_per_party_max,
            )?,
            in_flight_per_connection_max: limit(
                "in_flight_per_connection_max",
                self.in_flight_per_connection_max,
                defaults.in_flight_per_connection_max,
            )?,
            webhook: self
                .webhook
                .map(|webhook| webhook.into_webhook(context))
                .transpose()?,
            controls: self.controls.into_controls()?,
            quirks: self.quirks.into_quirks()?,
        })
    }
}

impl WebhookText {
    fn into_webhook(self, context: &Context<'_>) -> Result<Webhook, Breach> {
        let allows_http = context.environment == Environment::Development;
        let url = HttpUrl::read(&self.url, allows_http);
        let stated = Stated {
            text: self.secret,
            file: self.secret_file.as_deref(),
            variable: self.secret_environment.as_deref(),
        };
        Ok(Webhook {
            url: url.map_err(|why| Breach::new("webhook.url", why))?,
            secrets: key::webhook_secrets(stated, context.environment, context.base)?,
        })
    }
}

impl LineText {
    fn transport(&self, tls: Option<&MallTlsSettings>) -> Result<Transport, Breach> {
        if self.transport == Transport::Tls && tls.is_none() {
            let why = "the switch's configuration has no [mall.tls]";
            return Err(Breach::new("line.transport", why));
        }
        Ok(self.transport)
    }

    fn certificate(&self, tls: Option<&MallTlsSettings>) -> Result<Option<CertificateOf>, Breach> {
        let (key, certificate) = match (&self.certificate_fingerprint, &self.certificate_subject) {
            (None, None) => return Ok(None),
            (Some(text), None) => {
                let key = "line.certificate_fingerprint";
                let fingerprint = fingerprint(text).ok_or_else(|| {
                    Breach::new(key, "a SHA-256 fingerprint is 64 hexadecimal digits")
                })?;
                (key, CertificateOf::Fingerprint(fingerprint))
            }
            (None, Some(subject)) => (
                "line.certificate_subject",
                CertificateOf::Subject(subject.clone()),
            ),
            (Some(_), Some(_)) => {
                let why = "state certificate_fingerprint or certificate_subject, not both";
                return Err(Breach::new("line.certificate_subject", why));
            }
        };
        if self.transport != Transport::Tls {
            let why = "needs transport = \"tls\": a plain connection has no certificate";
            return Err(Breach::new(key, why));
        }
        if tls.is_none_or(|tls| tls.client_authority.is_none()) {
            let why = "needs client_authority in [mall.tls] of the switch's configuration";
            return Err(Breach::new(key, why));
        }
        Ok(Some(certificate))
    }

    fn addresses(&self) -> Result<Vec<Network>, Breach> {
        let refused = |why: String| Breach::new("line.addresses", why);
        let list = match &self.addresses {
            AnyOrList::Any => return Ok(Vec::new()),
            AnyOrList::List(list) if list.is_empty() => {
                return Err(refused(
                    "\"any\", or at least one block of addresses".into(),
                ));
            }
            AnyOrList::List(list) => list,
        };
        let block =
            |text: &String| Network::read(text).map_err(|why| refused(format!("{text:?} {why}")));
        list.iter().map(block).collect()
    }

    fn header_bytes(&self) -> Result<u8, Breach> {
        let refused = |why: String| Err(Breach::new("line.header_bytes", why));
        match self.header_bytes {
            0 => Ok(0),
            _ if self.framing.as_deref() == Some(Framing::Tpdu.name()) => {
                refused("a TPDU is the header of its framing: 0".to_owned())
            }
            bytes if usize::from(bytes) <= HEADER_BYTES_MAX => Ok(bytes),
            _ => refused(format!("must be at most {HEADER_BYTES_MAX}")),
        }
    }

    fn dialect(&self) -> Result<Dialect, Breach> {
        let usual = Dialect::CANONICAL;
        Ok(Dialect {
            framing: one_of(
                "line.framing",
                self.framing.as_deref(),
                &Framing::ALL,
                Framing::name,
            )?
            .unwrap_or(usual.framing),
            header_bytes: self.header_bytes()?,
            packing: one_of(
                "line.packing",
                self.packing.as_deref(),
                &MessagePacking::ALL,
                MessagePacking::name,
            )?
            .unwrap_or(usual.packing),
        })
    }
}

/// The value of this name; `None` where none is stated.
fn one_of<T: Copy>(
    key: &str,
    stated: Option<&str>,
    all: &[T],
    name: impl Fn(T) -> &'static str,
) -> Result<Option<T>, Breach> {
    let Some(stated) = stated else {
        return Ok(None);
    };
    let found = all.iter().copied().find(|&value| name(value) == stated);
    found.map(Some).ok_or_else(|| {
        let names: Vec<_> = all.iter().map(|&value| name(value)).collect();
        Breach::new(key, format!("must be one of {}", names.join(", ")))
    })
}

impl QuirksText {
    fn into_quirks(self) -> Result<Quirks, Breach> {
        Ok(Quirks {
            unknown_reversal: self.unknown_reversal,
            entry_modes: codes("quirks.entry_modes", &self.entry_modes)?,
            unreferenced_refunds: self.unreferenced_refunds,
            load_codes: load_codes(&self.load_codes)?,
            several_completions: self.several_completions,
            stand_in_advices: self.stand_in_advices,
            partial_approval: self.partial_approval,
        })
    }
}

/// ISO 8583:1987 knows two for a deposit.
fn load_codes(stated: &[String]) -> Result<Vec<u8>, Breach> {
    let code = |text: &String| match text.as_str() {
        "21" => Ok(21),
        "28" => Ok(28),
        other => {
            let why = format!("{other:?} is neither \"21\" nor \"28\"");
            Err(Breach::new("quirks.load_codes", why))
        }
    };
    stated.iter().map(code).collect()
}

impl ControlsText {
    fn into_controls(self) -> Result<Controls, Breach> {
        let some = |key: &str, stated: &AnyOrList, digits| match stated {
            AnyOrList::Any => Ok(None),
            AnyOrList::List(list) => code_list(key, list, digits).map(Some),
        };
        Ok(Controls {
            categories: some("controls.merchant_categories", &self.merchant_categories, 4)?,
            categories_forbidden: code_list(
                "controls.merchant_categories_forbidden",
                &self.merchant_categories_forbidden,
                4,
            )?,
            countries: some("controls.countries", &self.countries, 3)?,
            ecommerce_only: self.ecommerce_only,
        })
    }
}

fn acceptors(
    code: Institution,
    kind: PartyKind,
    stated: Option<AnyOrList>,
) -> Result<Acceptors, Breach> {
    let list = match (stated, kind) {
        (Some(AnyOrList::List(list)), _) if !list.is_empty() => list,
        (None | Some(AnyOrList::Any), PartyKind::Acquirer) => return Ok(Acceptors::Any),
        // An order is named by its mall's card acceptor: an unchecked one would pay for another mall.
        (_, PartyKind::Mall) => {
            let why = format!(
                "party {code} is a mall and must list its card acceptors, as in [\"MALL-0001\"]"
            );
            return Err(Breach::new("acceptors", why));
        }
        (_, PartyKind::Acquirer) => {
            let why = "an acquirer states \"any\" or a list of at least one card acceptor";
            return Err(Breach::new("acceptors", why));
        }
    };
    list.iter()
        .map(|text| {
            acceptor(text).ok_or_else(|| {
                let why = format!("card acceptor {text:?} must be 1 to 15 printable ASCII characters without spaces around them");
                Breach::new("acceptors", why)
            })
        })
        .collect::<Result<_, _>>()
        .map(Acceptors::List)
}

fn acceptor(text: &str) -> Option<[u8; 15]> {
    let mut padded = [b' '; 15];
    padded
        .get_mut(..text.len())?
        .copy_from_slice(text.as_bytes());
    let printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    (printable && !text.is_empty() && text.trim() == text).then_some(padded)
}

fn messages(stated: &AnyOrList) -> Result<Messages, Breach> {
    let AnyOrList::List(list) = stated else {
        return Ok(Messages::ANY);
    };
    Messages::of(list).map_err(|wrong| {
        let why = format!("{wrong:?} is not one of {}", MESSAGES.join(", "));
        Breach::new("messages", why)
    })
}

fn codes(key: &str, stated: &AnyOrList) -> Result<CodeSet, Breach> {
    let AnyOrList::List(list) = stated else {
        return Ok(CodeSet::ANY);
    };
    CodeSet::of(list).map_err(|wrong| Breach::new(key, format!("{wrong:?} is not two digits")))
}

fn code_list(key: &str, list: &[String], digits: usize) -> Result<Box<[u16]>, Breach> {
    controls::codes(list, digits)
        .map_err(|wrong| Breach::new(key, format!("{wrong:?} is not {digits} digits")))
}

fn amount_max(stated: Option<u64>) -> Result<Amount, Breach> {
    let Some(minor) = stated else {
        return Ok(Amount::MAX);
    };
    let amount = Amount::new(minor).filter(|amount| !amount.is_zero());
    amount.ok_or_else(|| {
        let why = format!("in minor units, 1 to {}", Amount::MAX.value());
        Breach::new("amount_max", why)
    })
}

fn limit(key: &str, stated: Option<usize>, default: usize) -> Result<usize, Breach> {
    match stated {
        Some(0) => Err(Breach::new(key, "must be at least 1")),
        Some(limit) => Ok(limit),
        None => Ok(default),
    }
}

/// `"any"`, or a list of texts.
#[derive(Default)]
enum AnyOrList {
    #[default]
    Any,
    List(Vec<String>),
}

impl<'de> Deserialize<'de> for AnyOrList {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = AnyOrList;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("\"any\" or a list of texts in quotes")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<AnyOrList, E> {
                match text {
                    "any" => Ok(AnyOrList::Any),
                    _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<AnyOrList, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(AnyOrList::List(list))
            }
        }

        from.deserialize_any(Reader)
    }
}
