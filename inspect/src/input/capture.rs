//! Captures: pcap and pcapng, of Ethernet, loopback, raw IP and Linux cooked, as streams of TCP and datagrams of UDP.
//!
//! The segments of each direction of a connection are put in the order of their sequence numbers; what came twice is there
//! once, and where something is missing a stream ends and another one begins.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use etherparse::{EtherType, NetSlice, SlicedPacket, TransportSlice};
use pcap_parser::traits::PcapNGPacketBlock as _;
use pcap_parser::{Block, Linktype, PcapBlockOwned, PcapError, create_reader};

use super::{Form, InputError, Stream};

/// Bytes of the header of Linux cooked captures, version 2.
const SLL2_HEADER_BYTES: usize = 20;

/// Reads a capture; `None` where the content is none.
///
/// # Errors
/// Where it is one without anything to look at.
pub(super) fn read(content: &[u8]) -> Result<Option<Form>, InputError> {
    let is_capture = matches!(
        content,
        [0x0A, 0x0D, 0x0D, 0x0A, ..]
            | [0xD4, 0xC3, 0xB2 | 0xCD, 0xA1, ..]
            | [
                0xA1,
                0xB2 | 0xCD,
                0xC3 | 0xB2 | 0xD4,
                0xD4 | 0xC3 | 0x4D | 0x34,
                ..
            ]
            | [0x4D, 0x3C, 0xB2, 0xA1, ..]
    );
    if !is_capture {
        return Ok(None);
    }
    let mut connections = Connections::default();
    let mut notes = Vec::new();
    let mut seen = 0;
    let mut unread = 0;
    let damaged = each_packet(content, |link, packet| {
        seen += 1;
        if !sliced(link, packet).is_some_and(|sliced| connections.add(&sliced)) {
            unread += 1;
        }
    });
    if let Err(why) = damaged {
        notes.push(format!("the capture is damaged or cut: {why}"));
    }
    let streams = connections.streams();
    if streams.is_empty() {
        return Err(InputError(format!(
            "a capture of {seen} packets without anything that TCP or UDP carries"
        )));
    }
    if unread > 0 {
        notes.push(format!(
            "{unread} of {seen} packets are neither TCP nor UDP, or cut"
        ));
    }
    Ok(Some(Form {
        kind: "a capture",
        notes,
        streams,
    }))
}

/// What packets carry that are whole from their Ethernet or IP header on; `None` where one of them is none.
pub(super) fn streams_of_packets(packets: &[&[u8]]) -> Option<Vec<Stream>> {
    let mut connections = Connections::default();
    for packet in packets {
        let ip = SlicedPacket::from_ip(packet).ok().filter(is_sound);
        let ethernet = || SlicedPacket::from_ethernet(packet).ok().filter(is_sound);
        let sliced = ip.or_else(ethernet)?;
        connections.add(&sliced);
    }
    let streams = connections.streams();
    (!streams.is_empty()).then_some(streams)
}

/// Bytes that are an IP header by chance have a wrong checksum, or carry nothing known.
fn is_sound(packet: &SlicedPacket<'_>) -> bool {
    let checked = match &packet.net {
        Some(NetSlice::Ipv4(ip)) => {
            let header = ip.header().to_header();
            header.calc_header_checksum() == header.header_checksum
        }
        Some(NetSlice::Ipv6(_)) => true,
        _ => false,
    };
    checked
        && matches!(
            packet.transport,
            Some(TransportSlice::Tcp(_) | TransportSlice::Udp(_))
        )
}

fn each_packet(content: &[u8], mut take: impl FnMut(Linktype, &[u8])) -> Result<(), String> {
    // A block is never longer than the whole.
    let mut reader =
        create_reader(content.len().max(64), content).map_err(|error| shown(&error))?;
    let mut interfaces = Vec::new();
    let mut legacy = Linktype::ETHERNET;
    loop {
        match reader.next() {
            Ok((length, block)) => {
                match block {
                    PcapBlockOwned::LegacyHeader(header) => legacy = header.network,
                    PcapBlockOwned::Legacy(packet) => take(legacy, packet.data),
                    PcapBlockOwned::NG(Block::SectionHeader(_)) => interfaces.clear(),
                    PcapBlockOwned::NG(Block::InterfaceDescription(interface)) => {
                        interfaces.push(interface.linktype);
                    }
                    PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
                        let link = interfaces.get(packet.if_id as usize);
                        link.into_iter()
                            .for_each(|&link| take(link, packet.packet_data()));
                    }
                    PcapBlockOwned::NG(Block::SimplePacket(packet)) => {
                        let link = interfaces.first();
                        link.into_iter()
                            .for_each(|&link| take(link, packet.packet_data()));
                    }
                    PcapBlockOwned::NG(_) => {}
                }
                reader.consume(length);
            }
            Err(PcapError::Eof) => return Ok(()),
            Err(PcapError::Incomplete(_)) => {
                if reader.reader_exhausted() {
                    return Err("its last block is incomplete".to_owned());
                }
                reader.refill().map_err(|error| shown(&error))?;
            }
            Err(error) => return Err(shown(&error)),
        }
    }
}

/// Without the bytes at which it happened.
fn shown(error: &PcapError<&[u8]>) -> String {
    match error {
        PcapError::Incomplete(_) | PcapError::UnexpectedEof => "it ends within a block".to_owned(),
        PcapError::HeaderNotRecognized => "its header is unknown".to_owned(),
        _ => "a block can't be read".to_owned(),
    }
}

fn sliced(link: Linktype, packet: &[u8]) -> Option<SlicedPacket<'_>> {
    match link {
        Linktype::ETHERNET => SlicedPacket::from_ethernet(packet).ok(),
        Linktype::LINUX_SLL => SlicedPacket::from_linux_sll(packet).ok(),
        Linktype(276) => {
            let (header, payload) = packet.split_at_checked(SLL2_HEADER_BYTES)?;
            let protocol = u16::from_be_bytes([header[0], header[1]]);
            SlicedPacket::from_ether_type(EtherType(protocol), payload).ok()
        }
        // BSD loopback: four bytes of an address family.
        Linktype::NULL | Linktype(108) => SlicedPacket::from_ip(packet.get(4..)?).ok(),
        Linktype::RAW | Linktype(12 | 14) | Linktype::IPV4 | Linktype::IPV6 => {
            SlicedPacket::from_ip(packet).ok()
        }
        _ => None,
    }
}

type Ends = (SocketAddr, SocketAddr);

/// What was seen of every direction of every connection, in the order of the first packets.
#[derive(Default)]
struct Connections {
    directions: Vec<Direction>,
    latest: HashMap<Ends, usize>,
    datagrams: Vec<Stream>,
}

struct Direction {
    ends: Ends,
    /// The sequence number of the first byte, where the connection was seen to begin.
    first: Option<u32>,
    segments: Vec<(u32, Vec<u8>)>,
}

impl Connections {
    /// Adds a packet; `false` where it carries neither TCP nor UDP.
    fn add(&mut self, packet: &SlicedPacket<'_>) -> bool {
        let (from, to): (IpAddr, IpAddr) = match &packet.net {
            Some(NetSlice::Ipv4(ip)) => (
                ip.header().source_addr().into(),
                ip.header().destination_addr().into(),
            ),
            Some(NetSlice::Ipv6(ip)) => (
                ip.header().source_addr().into(),
                ip.header().destination_addr().into(),
            ),
            _ => return false,
        };
        match &packet.transport {
            Some(TransportSlice::Tcp(tcp)) => {
                let ends = (
                    SocketAddr::new(from, tcp.source_port()),
                    SocketAddr::new(to, tcp.destination_port()),
                );
                self.segment(ends, tcp.sequence_number(), tcp.syn(), tcp.payload());
                true
            }
            Some(TransportSlice::Udp(udp)) => {
                let ends = (
                    SocketAddr::new(from, udp.source_port()),
                    SocketAddr::new(to, udp.destination_port()),
                );
                if !udp.payload().is_empty() {
                    self.datagrams.push(Stream {
                        label: Some(format!("{} -> {}, UDP", ends.0, ends.1)),
                        bytes: udp.payload().to_vec(),
                    });
                }
                true
            }
            _ => false,
        }
    }

    fn segment(&mut self, ends: Ends, sequence: u32, begins: bool, payload: &[u8]) {
        let first = sequence.wrapping_add(1);
        let known = self.latest.get(&ends).copied();
        // The same ports may serve another connection later.
        let known = known.filter(|&index| {
            let direction = &self.directions[index];
            !begins
                || direction.first == Some(first)
                || direction.segments.is_empty() && direction.first.is_none()
        });
        let index = known.unwrap_or_else(|| {
            self.directions.push(Direction {
                ends,
                first: None,
                segments: Vec::new(),
            });
            self.directions.len() - 1
        });
        self.latest.insert(ends, index);
        let direction = &mut self.directions[index];
        if begins {
            direction.first = Some(first);
        } else if !payload.is_empty() {
            direction.segments.push((sequence, payload.to_vec()));
        }
    }

    fn streams(self) -> Vec<Stream> {
        let streams = self.directions.into_iter().flat_map(Direction::streams);
        streams.chain(self.datagrams).collect()
    }
}

impl Direction {
    fn streams(mut self) -> Vec<Stream> {
        let Some(&(earliest, _)) = self.segments.first() else {
            return Vec::new();
        };
        // Sequence numbers wrap round: what counts is how far they are from the first one.
        let base = self.first.unwrap_or(earliest);
        let place = |sequence: u32| i64::from(sequence.wrapping_sub(base) as i32);
        self.segments.sort_by_key(|(sequence, _)| place(*sequence));
        let start = self
            .segments
            .first()
            .map_or(0, |(sequence, _)| place(*sequence));
        let label = format!("{} -> {}", self.ends.0, self.ends.1);
        let mut streams = Vec::new();
        let mut bytes: Vec<u8> = Vec::new();
        // From here on nothing is known yet.
        let mut next = if self.first.is_some() { 0 } else { start };
        let mut is_whole = true;
        for (sequence, payload) in &self.segments {
            let at = place(*sequence);
            if at > next {
                close(&mut streams, &label, is_whole, &mut bytes);
                is_whole = false;
                next = at;
            }
            let known = usize::try_from(next - at).unwrap_or(usize::MAX);
            if let Some(news) = payload.get(known..) {
                bytes.extend_from_slice(news);
                next += news.len() as i64;
            }
        }
        close(&mut streams, &label, is_whole, &mut bytes);
        streams
    }
}

fn close(streams: &mut Vec<Stream>, label: &str, is_whole: bool, bytes: &mut Vec<u8>) {
    if bytes.is_empty() {
        return;
    }
    let label = match is_whole {
        true => label.to_owned(),
        false => format!("{label}, after bytes that are missing in the capture"),
    };
    streams.push(Stream {
        label: Some(label),
        bytes: std::mem::take(bytes),
    });
}
