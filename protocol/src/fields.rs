//! The one table of fields. Parsing, packing, describing and masking all read it.

/// How the body of a field stands on the wire. The number is the exact or the greatest length, in
/// digits, characters or bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// `N n`: exactly n digits, packed BCD; odd n: a 0 nibble in front.
    Numeric(u16),
    /// `A n`: a sign character, then n - 1 digits packed BCD.
    Signed(u16),
    /// `C n`: exactly n characters, padded on the right with spaces.
    Text(u16),
    /// `B n`: exactly n bytes.
    Binary(u16),
    /// `LN n`: 1 byte BCD length, then the digits; odd count: a nibble at the end.
    NumericUpTo(u16),
    /// `LN n` whose nibbles may be any: track 2, where `=` is nibble D.
    TrackUpTo(u16),
    /// `LC n`: 1 byte BCD length, then that many characters.
    ShortTextUpTo(u16),
    /// `LLC n`: 2 bytes BCD length, then that many characters.
    TextUpTo(u16),
    /// `LLC n` that holds bytes: EMV data.
    BinaryUpTo(u16),
}

impl Packing {
    /// Bytes of the length in front of the body: 0, 1 or 2.
    pub const fn prefix_bytes(self) -> usize {
        match self {
            Self::Numeric(_) | Self::Signed(_) | Self::Text(_) | Self::Binary(_) => 0,
            Self::NumericUpTo(_) | Self::TrackUpTo(_) | Self::ShortTextUpTo(_) => 1,
            Self::TextUpTo(_) | Self::BinaryUpTo(_) => 2,
        }
    }

    /// The exact or the greatest length in digits, characters or bytes.
    pub const fn length_max(self) -> usize {
        let (Self::Numeric(length)
        | Self::Signed(length)
        | Self::Text(length)
        | Self::Binary(length)
        | Self::NumericUpTo(length)
        | Self::TrackUpTo(length)
        | Self::ShortTextUpTo(length)
        | Self::TextUpTo(length)
        | Self::BinaryUpTo(length)) = self;
        length as usize
    }

    /// Bytes that a body of this length (in digits, characters or bytes) takes.
    pub const fn body_bytes(self, length: usize) -> usize {
        match self {
            Self::Numeric(_) | Self::NumericUpTo(_) | Self::TrackUpTo(_) => length.div_ceil(2),
            Self::Signed(_) => 1 + (length - 1).div_ceil(2),
            _ => length,
        }
    }
}

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// How it stands on the wire.
    pub packing: Packing,
    /// Whether it is masked where people read it.
    pub sensitive: bool,
    /// Its name in ISO 8583.
    pub name: &'static str,
}

impl Field {
    /// The row of a field, 1 to 128; `None` for any other number.
    pub fn of(number: u8) -> Option<&'static Self> {
        FIELDS.get(usize::from(number).wrapping_sub(1))
    }
}

macro_rules! field_table {
    ($($number:literal $packing:ident $length:literal $secrecy:ident $name:literal;)*) => {
        /// Fields 1 to 128 in order: field n stands at index n - 1.
        pub static FIELDS: [Field; 128] = {
            let rows = [$(($number, Field {
                packing: field_table!(@packing $packing $length),
                sensitive: field_table!(@sensitive $secrecy),
                name: $name,
            })),*];
            let mut fields = [rows[0].1; 128];
            let mut index = 0;
            while index < 128 {
                assert!(rows[index].0 == index + 1, "a field is missing or out of order");
                fields[index] = rows[index].1;
                index += 1;
            }
            fields
        };
    };
    (@packing N $length:literal) => { Packing::Numeric($length) };
    (@packing A $length:literal) => { Packing::Signed($length) };
    (@packing C $length:literal) => { Packing::Text($length) };
    (@packing B $length:literal) => { Packing::Binary($length) };
    (@packing LN $length:literal) => { Packing::NumericUpTo($length) };
    (@packing TRACK $length:literal) => { Packing::TrackUpTo($length) };
    (@packing LC $length:literal) => { Packing::ShortTextUpTo($length) };
    (@packing LLC $length:literal) => { Packing::TextUpTo($length) };
    (@packing LLB $length:literal) => { Packing::BinaryUpTo($length) };
    (@sensitive open) => { false };
    (@sensitive secret) => { true };
}

#[rustfmt::skip]
field_table! {
      1 B 8      open   "secondary bitmap";
      2 LN 19    secret "primary account number";
      3 N 6      open   "processing code";
      4 N 12     open   "amount, transaction";
      5 N 12     open   "amount, settlement";
      6 N 12     open   "amount, cardholder billing";
      7 N 10     open   "transmission date and time";
      8 N 8      open   "amount, cardholder billing fee";
      9 N 8      open   "conversion rate, settlement";
     10 N 8      open   "conversion rate, cardholder billing";
     11 N 6      open   "trace number";
     12 N 6      open   "time, local transaction";
     13 N 4      open   "date, local transaction";
     14 N 4      secret "date, expiration";
     15 N 4      open   "date, settlement";
     16 N 4      open   "date, conversion";
     17 N 4      open   "date, capture";
     18 N 4      open   "merchant category";
     19 N 3      open   "country, acquiring institution";
     20 N 3      open   "country, primary account number";
     21 N 3      open   "country, forwarding institution";
     22 N 3      open   "entry mode";
     23 N 3      open   "card sequence number";
     24 N 3      open   "network international identifier";
     25 N 2      open   "condition code";
     26 N 2      open   "PIN capture code";
     27 N 1      open   "authorization response length";
     28 A 9      open   "amount, transaction fee";
     29 A 9      open   "amount, settlement fee";
     30 A 9      open   "amount, transaction processing fee";
     31 A 9      open   "amount, settlement processing fee";
     32 LN 11    open   "acquiring institution";
     33 LN 11    open   "forwarding institution";
     34 LC 28    secret "primary account number, extended";
     35 TRACK 37 secret "track 2 data";
     36 LLC 104  secret "track 3 data";
     37 C 12     open   "retrieval reference";
     38 C 6      open   "authorization code";
     39 C 2      open   "response code";
     40 C 3      open   "service restriction code";
     41 C 8      open   "terminal";
     42 C 15     open   "card acceptor";
     43 C 40     open   "card acceptor name and location";
     44 LC 25    open   "additional response data";
     45 LC 76    secret "track 1 data";
     46 LLC 999  open   "additional data, ISO";
     47 LLC 999  open   "additional data, national";
     48 LLC 999  open   "additional data, private";
     49 C 3      open   "currency, transaction";
     50 C 3      open   "currency, settlement";
     51 C 3      open   "currency, cardholder billing";
     52 B 8      secret "PIN data";
     53 N 16     open   "security control information";
     54 LLC 120  open   "additional amounts";
     55 LLB 999  secret "EMV data";
     56 LLC 999  open   "reserved, ISO";
     57 LLC 999  open   "reserved, national";
     58 LLC 999  open   "reserved, national";
     59 LLC 999  open   "reserved, national";
     60 LLC 999  open   "reserved, private";
     61 LLC 999  open   "reserved, private";
     62 LLC 999  secret "reserved, private";
     63 LLC 999  open   "reserved, private";
     64 B 8      open   "message authentication code";
     65 B 1      open   "extended bitmap indicator";
     66 N 1      open   "settlement code";
     67 N 2      open   "extended payment code";
     68 N 3      open   "country, receiving institution";
     69 N 3      open   "country, settlement institution";
     70 N 3      open   "network management code";
     71 N 4      open   "message number";
     72 N 4      open   "message number, last";
     73 N 6      open   "date, action";
     74 N 10     open   "credits, number";
     75 N 10     open   "credits, reversal number";
     76 N 10     open   "debits, number";
     77 N 10     open   "debits, reversal number";
     78 N 10     open   "transfers, number";
     79 N 10     open   "transfers, reversal number";
     80 N 10     open   "inquiries, number";
     81 N 10     open   "authorizations, number";
     82 N 12     open   "credits, processing fee amount";
     83 N 12     open   "credits, transaction fee amount";
     84 N 12     open   "debits, processing fee amount";
     85 N 12     open   "debits, transaction fee amount";
     86 N 16     open   "credits, amount";
     87 N 16     open   "credits, reversal amount";
     88 N 16     open   "debits, amount";
     89 N 16     open   "debits, reversal amount";
     90 N 42     open   "original data elements";
     91 C 1      open   "file update code";
     92 C 2      open   "file security code";
     93 C 6      open   "response indicator";
     94 C 7      open   "service indicator";
     95 C 42     open   "replacement amounts";
     96 B 16     open   "message security code";
     97 A 17     open   "amount, net settlement";
     98 C 25     open   "payee";
     99 LN 11    open   "settlement institution";
    100 LN 11    open   "receiving institution";
    101 LC 17    open   "file name";
    102 LC 28    secret "account identification 1";
    103 LC 28    secret "account identification 2";
    104 LLC 100  open   "transaction description";
    105 LLC 999  open   "reserved, ISO";
    106 LLC 999  open   "reserved, ISO";
    107 LLC 999  open   "reserved, ISO";
    108 LLC 999  open   "reserved, ISO";
    109 LLC 999  open   "reserved, ISO";
    110 LLC 999  open   "reserved, ISO";
    111 LLC 999  open   "reserved, ISO";
    112 LLC 999  open   "reserved, national";
    113 LLC 999  open   "reserved, national";
    114 LLC 999  open   "reserved, national";
    115 LLC 999  open   "reserved, national";
    116 LLC 999  open   "reserved, national";
    117 LLC 999  open   "reserved, national";
    118 LLC 999  open   "reserved, national";
    119 LLC 999  open   "reserved, national";
    120 LLC 999  open   "reserved, private";
    121 LLC 999  open   "reserved, private";
    122 LLC 999  open   "reserved, private";
    123 LLC 999  open   "reserved, private";
    124 LLC 999  open   "reserved, private";
    125 LLC 999  open   "reserved, private";
    126 LLC 999  open   "reserved, private";
    127 LLC 999  open   "reserved, private";
    128 B 8      open   "message authentication code";}
