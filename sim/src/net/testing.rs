//! The guest's side of the network, for tests: a second stack of smoltcp, and pings made by hand.

use std::net::Ipv4Addr;

use smoltcp::iface::SocketHandle;
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    EthernetAddress, EthernetFrame, EthernetProtocol, EthernetRepr, Icmpv4Packet, Icmpv4Repr,
    IpAddress, IpEndpoint, IpProtocol, Ipv4Packet, Ipv4Repr,
};

use super::CHIP_MAC;
use super::microseconds;
use super::stack::{GUEST, HOST, Stack};

/// A guest with its network set up.
pub(super) struct Guest {
    stack: Stack,
    echo: Option<SocketHandle>,
    /// Changes what its echo service sends back.
    pub(super) spoil: bool,
    /// What came, and when.
    pub(super) seen: Vec<(u64, Vec<u8>)>,
}

impl Guest {
    pub(super) fn new() -> Self {
        Self { stack: Stack::new(CHIP_MAC, GUEST), echo: None, spoil: false, seen: Vec::new() }
    }

    pub(super) fn open(&mut self, port: u16) -> SocketHandle {
        self.stack.open(port).expect("a free port")
    }

    /// Sends back what comes to this socket.
    pub(super) fn echo(&mut self, socket: SocketHandle) {
        self.echo = Some(socket);
    }

    /// Sends something that needs no answer, as a host does that has just come up.
    pub(super) fn announce(&mut self) {
        let socket = self.open(9999);
        self.send(socket, HOST, 9, b"here");
    }

    pub(super) fn send(&mut self, socket: SocketHandle, to: Ipv4Addr, port: u16, bytes: &[u8]) {
        assert!(self.stack.send(socket, IpEndpoint::new(to.into(), port), bytes));
    }

    pub(super) fn receive(&mut self, socket: SocketHandle) -> Option<(Ipv4Addr, u16, Vec<u8>)> {
        let (from, bytes) = self.stack.receive(socket)?;
        let IpAddress::Ipv4(address) = from.addr;
        Some((address, from.port, bytes))
    }

    pub(super) fn input(&mut self, cycle: u64, frame: &[u8]) {
        self.seen.push((cycle, frame.to_vec()));
        self.stack.input(frame);
        self.stack.work(microseconds(cycle));
    }

    pub(super) fn output(&mut self, cycle: u64) -> Vec<Vec<u8>> {
        if let Some(socket) = self.echo {
            while let Some((from, mut bytes)) = self.stack.receive(socket) {
                if self.spoil {
                    bytes[0] ^= 0x80;
                }
                self.stack.send(socket, from, &bytes);
            }
        }
        self.stack.work(microseconds(cycle));
        std::iter::from_fn(|| self.stack.output()).collect()
    }
}

/// The frame of a ping from the guest to the simulated host.
pub(super) fn ping(host: [u8; 6], number: u16, data: &[u8]) -> Vec<u8> {
    let message = Icmpv4Repr::EchoRequest { ident: number, seq_no: 1, data };
    let packet = Ipv4Repr {
        src_addr: GUEST,
        dst_addr: HOST,
        next_header: IpProtocol::Icmp,
        payload_len: message.buffer_len(),
        hop_limit: 64,
    };
    let head = EthernetRepr {
        src_addr: EthernetAddress(CHIP_MAC),
        dst_addr: EthernetAddress(host),
        ethertype: EthernetProtocol::Ipv4,
    };
    let checksums = ChecksumCapabilities::default();
    let (head_len, ip_len) = (head.buffer_len(), packet.buffer_len());
    let mut frame = vec![0; head_len + ip_len + message.buffer_len()];
    head.emit(&mut EthernetFrame::new_unchecked(&mut frame));
    packet.emit(&mut Ipv4Packet::new_unchecked(&mut frame[head_len..]), &checksums);
    let body = &mut frame[head_len + ip_len..];
    message.emit(&mut Icmpv4Packet::new_unchecked(body), &checksums);
    frame
}

/// Number and data of an answer to a ping.
pub(super) fn pong(frame: &[u8]) -> Option<(u16, Vec<u8>)> {
    let frame = EthernetFrame::new_checked(frame).ok()?;
    let packet = Ipv4Packet::new_checked(frame.payload()).ok()?;
    let message = Icmpv4Packet::new_checked(packet.payload()).ok()?;
    match Icmpv4Repr::parse(&message, &ChecksumCapabilities::default()).ok()? {
        Icmpv4Repr::EchoReply { ident, data, .. } => Some((ident, data.to_vec())),
        _ => None,
    }
}
