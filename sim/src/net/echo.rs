//! A far end that is a part of the simulation: a host that answers ARP and ping, an echo service on its UDP port 7, and a
//! peer that sends datagrams of its own to a port of the guest and checks what comes back.
//!
//! A datagram of the peer is its number and how many there are, 4 bytes each with the low byte first, and contents that
//! depend on the number alone: what the guest's `udp server` (`firmware/linux/userland`) expects. All times are simulated,
//! so that runs are repeatable bit for bit. Everything happens in the cycle it is due, whenever it is asked for.

use std::collections::VecDeque;
use std::io;

use serde::Serialize;
use smoltcp::iface::SocketHandle;
use smoltcp::wire::IpEndpoint;

use super::stack::{DATAGRAM_MAX, GUEST, HOST, HOST_MAC, Stack};
use super::{Backend, CYCLES_PER_MICROSECOND, microseconds};

/// The echo service's port.
pub(super) const ECHO_PORT: u16 = 7;
/// The peer's own port; not one of the guest's that it sends to.
pub(super) const PEER_PORT: u16 = 49_152;
/// Bytes of a datagram before its contents.
const HEAD: usize = 8;
/// Cycles from a frame to the answer to it: 100 us.
const LATENCY: u64 = 100 * CYCLES_PER_MICROSECOND;
/// Cycles from the guest's first frame, or from the end of a datagram's way, to the next datagram: 1 ms.
const PAUSE: u64 = 1_000 * CYCLES_PER_MICROSECOND;
/// Cycles until a datagram that did not come back is sent again: 10 ms.
const RETRY: u64 = 10_000 * CYCLES_PER_MICROSECOND;
/// Times a datagram is sent before the peer gives up: 10 s.
const ATTEMPTS: u32 = 1_000;

/// How the peer's datagrams fared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PeerReport {
    /// Datagrams to be sent.
    pub datagrams: u32,
    /// Times that one was sent.
    pub attempts: u32,
    /// Datagrams that came back as they were.
    pub echoed: u32,
    /// Datagrams that came back changed.
    pub wrong: u32,
}

/// The host and the peer on it.
pub(super) struct Echo {
    stack: Stack,
    /// Sockets of the echo service.
    services: Vec<SocketHandle>,
    peer: Peer,
    /// Frames on their way to the guest, and the cycle each arrives in; in order.
    outgoing: VecDeque<(u64, Vec<u8>)>,
    /// Cycle in which the stack has something to do by itself.
    timer: Option<u64>,
}

struct Peer {
    socket: Option<SocketHandle>,
    /// The guest's port.
    port: u16,
    /// Number of the datagram under way.
    number: u32,
    /// Times it was sent.
    attempts: u32,
    /// Cycle in which it is sent (again); none before the guest's first frame and when all is done.
    due: Option<u64>,
    report: PeerReport,
}

impl Echo {
    /// A far end whose peer sends `datagrams` datagrams to the guest's `port`, and which echoes on that port too.
    pub(super) fn new(datagrams: u32, port: u16) -> Self {
        let mut stack = Stack::new(HOST_MAC, HOST);
        let mut ports = vec![ECHO_PORT, port];
        ports.dedup();
        let services = ports.into_iter().filter_map(|port| stack.open(port)).collect();
        let report = PeerReport { datagrams, ..PeerReport::default() };
        let socket = stack.open(PEER_PORT);
        let peer = Peer { socket, port, number: 0, attempts: 0, due: None, report };
        Self { stack, services, peer, outgoing: VecDeque::new(), timer: None }
    }

    /// Does what is due in `cycle`.
    fn work(&mut self, cycle: u64) {
        let now = microseconds(cycle);
        self.peer.send(&mut self.stack, cycle);
        self.stack.work(now);
        for service in &self.services {
            while let Some((from, bytes)) = self.stack.receive(*service) {
                self.stack.send(*service, from, &bytes);
            }
        }
        self.peer.receive(&mut self.stack, cycle);
        self.stack.work(now);
        while let Some(frame) = self.stack.output() {
            self.outgoing.push_back((cycle + LATENCY, frame));
        }
        let next = self.stack.due(now).map(|at| at.saturating_mul(CYCLES_PER_MICROSECOND));
        // Never again in this cycle.
        self.timer = next.map(|at| at.max(cycle + 1));
    }

    /// The cycle in which [`Echo::work`] is due.
    fn work_due(&self) -> Option<u64> {
        [self.timer, self.peer.due].into_iter().flatten().min()
    }

    fn catch_up(&mut self, cycle: u64) {
        while let Some(due) = self.work_due().filter(|due| *due <= cycle) {
            self.work(due);
        }
    }
}

impl Peer {
    fn payload(&self, number: u32) -> Vec<u8> {
        let count = self.report.datagrams;
        // The last one fills the frame.
        let size = match number + 1 == count {
            true => DATAGRAM_MAX,
            false => HEAD + number as usize * 97 % (DATAGRAM_MAX - HEAD + 1),
        };
        let mut bytes = [number.to_le_bytes(), count.to_le_bytes()].concat();
        let words = Xorshift::new(number);
        bytes.extend(words.flat_map(u32::to_le_bytes).take(size - HEAD));
        bytes
    }

    fn guest(&self) -> IpEndpoint {
        IpEndpoint::new(GUEST.into(), self.port)
    }

    fn start(&mut self, cycle: u64) {
        if self.report.attempts == 0 && self.due.is_none() && self.report.datagrams > 0 {
            self.due = Some(cycle + PAUSE);
        }
    }

    fn send(&mut self, stack: &mut Stack, cycle: u64) {
        let Some(socket) = self.socket.filter(|_| self.due.is_some_and(|due| due <= cycle)) else {
            return;
        };
        if self.attempts == ATTEMPTS {
            self.due = None;
            return;
        }
        self.attempts += 1;
        self.report.attempts += 1;
        stack.send(socket, self.guest(), &self.payload(self.number));
        self.due = Some(cycle + RETRY);
    }

    fn receive(&mut self, stack: &mut Stack, cycle: u64) {
        let Some(socket) = self.socket else { return };
        while let Some((from, bytes)) = stack.receive(socket) {
            if from != self.guest() || self.number == self.report.datagrams {
                continue;
            }
            let number =
                bytes.first_chunk().map_or(self.number, |bytes| u32::from_le_bytes(*bytes));
            if number < self.number && bytes == self.payload(number) {
                // It was sent twice and came back twice.
                continue;
            }
            if bytes == self.payload(self.number) {
                self.report.echoed += 1;
            } else {
                self.report.wrong += 1;
            }
            self.number += 1;
            self.attempts = 0;
            self.due = (self.number < self.report.datagrams).then_some(cycle + PAUSE);
        }
    }
}

/// Marsaglia's xorshift32.
struct Xorshift(u32);

impl Xorshift {
    fn new(seed: u32) -> Self {
        // Any state but 0 will do.
        Self(seed.wrapping_mul(2_654_435_761).wrapping_add(1).max(1))
    }
}

impl Iterator for Xorshift {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        Some(self.0)
    }
}

impl Backend for Echo {
    fn send(&mut self, frame: &[u8], cycle: u64) -> io::Result<()> {
        self.catch_up(cycle);
        self.peer.start(cycle);
        self.stack.input(frame);
        self.work(cycle);
        Ok(())
    }

    fn receive(&mut self, cycle: u64) -> io::Result<Option<Vec<u8>>> {
        self.catch_up(cycle);
        let arrived = self.outgoing.front().is_some_and(|(at, _)| *at <= cycle);
        Ok(arrived.then(|| self.outgoing.pop_front()).flatten().map(|(_, frame)| frame))
    }

    fn due(&mut self) -> Option<u64> {
        let arrives = self.outgoing.front().map(|(at, _)| *at);
        [arrives, self.work_due()].into_iter().flatten().min()
    }

    fn peer(&self) -> Option<PeerReport> {
        Some(self.peer.report)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Guest, ping, pong};
    use super::*;

    /// Runs guest and far end against each other up to a cycle; `stride` is the longest slice.
    fn run(echo: &mut Echo, guest: &mut Guest, from: u64, to: u64, stride: u64) {
        let mut cycle = from;
        loop {
            while let Some(frame) = echo.receive(cycle).expect("never fails") {
                guest.input(cycle, &frame);
            }
            for frame in guest.output(cycle) {
                echo.send(&frame, cycle).expect("never fails");
            }
            if cycle >= to {
                return;
            }
            let next = echo.due().unwrap_or(to).max(cycle + 1);
            cycle = next.min(cycle + stride).min(to);
        }
    }

    #[test]
    fn pings_and_datagrams_are_answered() {
        let mut echo = Echo::new(0, ECHO_PORT);
        let mut guest = Guest::new();
        let socket = guest.open(4000);
        guest.send(socket, HOST, ECHO_PORT, b"hello");
        run(&mut echo, &mut guest, 0, 100_000, 1000);
        assert_eq!(guest.receive(socket), Some((HOST, ECHO_PORT, b"hello".to_vec())));
        let mut other = Echo::new(0, 7007);
        guest.send(socket, HOST, 7007, b"hello again");
        run(&mut other, &mut guest, 0, 100_000, 1000);
        assert_eq!(guest.receive(socket), Some((HOST, 7007, b"hello again".to_vec())));
        echo.send(&ping(HOST_MAC, 0x77, b"are you there"), 100_000).expect("never fails");
        assert_eq!(echo.due(), Some(100_000 + LATENCY));
        assert_eq!(echo.receive(100_000 + LATENCY - 1).expect("never fails"), None);
        let frame = echo.receive(100_000 + LATENCY).expect("never fails").expect("an answer");
        assert_eq!(pong(&frame), Some((0x77, b"are you there".to_vec())));
        assert_eq!(echo.peer(), Some(PeerReport::default()));
    }

    #[test]
    fn datagrams_are_those_that_the_guest_expects() {
        let peer = Echo::new(17, ECHO_PORT).peer;
        let sizes: Vec<usize> = (0..17).map(|number| peer.payload(number).len()).collect();
        assert_eq!((sizes[0], sizes[1], sizes[15], sizes[16]), (8, 105, 8 + 1455, 1472));
        // As firmware/linux/peer.py computes them.
        let payload = peer.payload(3);
        assert_eq!(
            payload[..16],
            [3, 0, 0, 0, 17, 0, 0, 0, 0x56, 0x34, 0x98, 0xf7, 0x3f, 0x17, 0x43, 0xd3]
        );
    }

    #[test]
    fn the_peers_datagrams_come_back() {
        let mut echo = Echo::new(5, 7007);
        let mut guest = Guest::new();
        let service = guest.open(7007);
        guest.echo(service);
        assert_eq!(echo.due(), None, "the peer waits for the guest's first frame");
        guest.announce();
        run(&mut echo, &mut guest, 0, 20_000_000, 1_000_000);
        let all = PeerReport { datagrams: 5, attempts: 5, echoed: 5, wrong: 0 };
        assert_eq!(echo.peer(), Some(all));
        assert_eq!(echo.due(), None);
    }

    #[test]
    fn a_changed_datagram_is_seen() {
        let mut echo = Echo::new(3, ECHO_PORT);
        let mut guest = Guest::new();
        let service = guest.open(ECHO_PORT);
        guest.echo(service);
        guest.spoil = true;
        guest.announce();
        run(&mut echo, &mut guest, 0, 20_000_000, 1_000_000);
        let all = PeerReport { datagrams: 3, attempts: 3, echoed: 0, wrong: 3 };
        assert_eq!(echo.peer(), Some(all));
    }

    #[test]
    fn the_peer_tries_again_until_somebody_listens() {
        let mut echo = Echo::new(2, ECHO_PORT);
        let mut guest = Guest::new();
        guest.announce();
        run(&mut echo, &mut guest, 0, 3 * RETRY, 1_000_000);
        assert_eq!(echo.peer().map(|peer| (peer.attempts, peer.echoed)), Some((3, 0)));
        let service = guest.open(ECHO_PORT);
        guest.echo(service);
        run(&mut echo, &mut guest, 3 * RETRY, 8 * RETRY, 1_000_000);
        assert_eq!(echo.peer().map(|peer| (peer.echoed, peer.wrong)), Some((2, 0)));
    }

    #[test]
    fn it_gives_up_in_the_end() {
        let mut echo = Echo::new(2, ECHO_PORT);
        let mut guest = Guest::new();
        guest.announce();
        run(&mut echo, &mut guest, 0, 1200 * RETRY, u64::MAX / 2);
        assert_eq!(echo.peer().map(|peer| peer.attempts), Some(ATTEMPTS));
        assert_eq!(echo.peer.due, None);
    }

    #[test]
    fn slices_make_no_difference() {
        let record = |stride: u64| {
            let mut echo = Echo::new(4, ECHO_PORT);
            let mut guest = Guest::new();
            let service = guest.open(ECHO_PORT);
            guest.echo(service);
            guest.announce();
            run(&mut echo, &mut guest, 0, 2_000_000, stride);
            guest.seen
        };
        let seen = record(u64::MAX / 2);
        assert!(seen.len() >= 5, "{}", seen.len());
        assert_eq!(seen, record(777));
        assert_eq!(seen, record(50_000));
    }
}
