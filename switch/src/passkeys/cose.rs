//! Public keys as authenticators write them: COSE (RFC 9052, 9053), in the CBOR (RFC 8949) of CTAP2, and what they have signed.

use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};

/// A key has five members at most; one more says that it is another thing.
const MEMBERS_MAX: usize = 8;
/// An RSA key of 4,096 bits.
const STRING_BYTES_MAX: usize = 512;

/// The algorithms that pages ask for: -7, -8 and -257.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PublicKey<'a> {
    /// ECDSA with P-256 and SHA-256: x and y.
    Es256(&'a [u8; 32], &'a [u8; 32]),
    /// Ed25519.
    Ed25519(&'a [u8; 32]),
    /// RSA with PKCS #1 v1.5 and SHA-256: n and e.
    Rs256(&'a [u8], &'a [u8]),
}

/// How many bytes the key takes that is at the beginning.
pub(super) fn length(bytes: &[u8]) -> Option<usize> {
    let (_, rest) = members(bytes)?;
    Some(bytes.len() - rest.len())
}

impl<'a> PublicKey<'a> {
    /// A key, and nothing after it.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let (members, rest) = members(bytes)?;
        let of = |label| {
            let mut members = members.iter().flatten();
            members
                .find(|(known, _)| *known == label)
                .map(|found| found.1)
        };
        let number = |label| match of(label)? {
            Item::Number(number) => Some(number),
            Item::Bytes(_) => None,
        };
        let string = |label| match of(label)? {
            Item::Bytes(bytes) => Some(bytes),
            Item::Number(_) => None,
        };
        if !rest.is_empty() {
            return None;
        }
        // 1 kind, 3 algorithm; -1, -2, -3 by kind.
        match (number(1)?, number(3)?) {
            (2, -7) if number(-1) == Some(1) => Some(Self::Es256(
                string(-2)?.try_into().ok()?,
                string(-3)?.try_into().ok()?,
            )),
            (1, -8) if number(-1) == Some(6) => Some(Self::Ed25519(string(-2)?.try_into().ok()?)),
            (3, -257) => Some(Self::Rs256(string(-1)?, string(-2)?)),
            _ => None,
        }
    }

    /// Whether this is its signature of the message.
    pub(super) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let verified = match self {
            Self::Es256(x, y) => {
                let point = [&[4][..], &x[..], &y[..]].concat();
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature)
            }
            Self::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature),
            Self::Rs256(n, e) => {
                let key = RsaPublicKeyComponents { n, e };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
        };
        verified.is_ok()
    }
}

#[derive(Debug, Clone, Copy)]
enum Item<'a> {
    Number(i64),
    Bytes(&'a [u8]),
}

type Members<'a> = [Option<(i64, Item<'a>)>; MEMBERS_MAX];

/// A map whose keys are numbers, each once, and whose values are numbers and byte strings; and what is after it.
fn members(bytes: &[u8]) -> Option<(Members<'_>, &[u8])> {
    let (kind, count, mut rest) = head(bytes)?;
    if kind != 5 || count > MEMBERS_MAX as u64 {
        return None;
    }
    let mut members: Members<'_> = [None; MEMBERS_MAX];
    for place in 0..count as usize {
        let (label, after) = item(rest)?;
        let (value, after) = item(after)?;
        let Item::Number(label) = label else {
            return None;
        };
        if members.iter().flatten().any(|(known, _)| *known == label) {
            return None;
        }
        members[place] = Some((label, value));
        rest = after;
    }
    Some((members, rest))
}

fn item(bytes: &[u8]) -> Option<(Item<'_>, &[u8])> {
    let (kind, argument, rest) = head(bytes)?;
    let number = i64::try_from(argument).ok()?;
    match kind {
        0 => Some((Item::Number(number), rest)),
        1 => Some((Item::Number(-1 - number), rest)),
        2 => {
            let length = usize::try_from(argument).ok()?;
            let length = Some(length).filter(|length| *length <= STRING_BYTES_MAX)?;
            let (string, rest) = rest.split_at_checked(length)?;
            Some((Item::Bytes(string), rest))
        }
        _ => None,
    }
}

/// The major type and the argument, of up to four bytes.
fn head(bytes: &[u8]) -> Option<(u8, u64, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let (argument, rest) = match first & 31 {
        small @ 0..24 => (u64::from(small), rest),
        24 => {
            let (argument, rest) = rest.split_first()?;
            (u64::from(*argument), rest)
        }
        25 => {
            let (argument, rest) = rest.split_first_chunk()?;
            (u64::from(u16::from_be_bytes(*argument)), rest)
        }
        26 => {
            let (argument, rest) = rest.split_first_chunk()?;
            (u64::from(u32::from_be_bytes(*argument)), rest)
        }
        _ => return None,
    };
    Some((first >> 5, argument, rest))
}
