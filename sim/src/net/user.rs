//! A far end without rights: a host at 10.0.2.2 that answers ARP and ping itself and passes UDP datagrams on.
//!
//! A datagram that the guest sends to 10.0.2.2:PORT goes to 127.0.0.1:PORT of the real host, from a socket of its own for each
//! pair of ports, and what comes back there goes back to the guest. `udp=HOSTPORT:GUESTPORT` listens on the loopback interface: who
//! sends something there appears to the guest as a port of 10.0.2.2. Nothing here waits; what the real host sends
//! comes when it comes, so that a run with it is not repeatable.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd as _, RawFd};

use smoltcp::iface::SocketHandle;
use smoltcp::wire::{
    EthernetFrame, EthernetProtocol, IpEndpoint, IpProtocol, Ipv4Packet, UdpPacket,
};

use super::stack::{DATAGRAM_MAX, GUEST, HOST, HOST_MAC, Stack};
use super::{Backend, CYCLES_PER_MICROSECOND, NetError, microseconds};

/// Pairs of ports that the guest talks through, and senders to forwarded ports: of more the oldest is forgotten.
const MAX_FLOWS: usize = 64;
/// Ports of 10.0.2.2 that stand for senders to forwarded ports.
const FIRST_PORT: u16 = 49_152;
/// Cycles between two looks at the real host: 1 ms.
const LOOK: u64 = 1_000 * CYCLES_PER_MICROSECOND;

/// The host and its sockets.
pub(super) struct User {
    stack: Stack,
    /// Ports of 10.0.2.2 that are open.
    ports: BTreeMap<u16, SocketHandle>,
    flows: Vec<Flow>,
    forwards: Vec<Forward>,
    /// Senders to forwarded ports.
    strangers: Vec<Stranger>,
    next_port: u16,
    /// When the real host was last looked at.
    looked: u64,
}

/// The guest has sent something from its port to one of the real host's.
struct Flow {
    guest: IpEndpoint,
    port: u16,
    socket: UdpSocket,
}

/// A port of the real host that leads to one of the guest's.
struct Forward {
    socket: UdpSocket,
    guest_port: u16,
}

/// Somebody on the real host, and the port of 10.0.2.2 as which the guest sees it.
struct Stranger {
    forward: usize,
    address: SocketAddr,
    port: u16,
}

impl User {
    /// A far end that forwards these pairs of host's and guest's ports.
    pub(super) fn new(forwards: &[(u16, u16)]) -> Result<Self, NetError> {
        let mut listening = Vec::new();
        for (port, guest_port) in forwards {
            let socket =
                loopback(*port).map_err(|source| NetError::Listen { port: *port, source })?;
            listening.push(Forward { socket, guest_port: *guest_port });
        }
        Ok(Self {
            stack: Stack::new(HOST_MAC, HOST),
            ports: BTreeMap::new(),
            flows: Vec::new(),
            forwards: listening,
            strangers: Vec::new(),
            next_port: FIRST_PORT,
            looked: 0,
        })
    }

    /// Opens a port of 10.0.2.2, if it is not.
    fn open(&mut self, port: u16) -> Option<SocketHandle> {
        if let Some(socket) = self.ports.get(&port) {
            return Some(*socket);
        }
        let socket = self.stack.open(port)?;
        self.ports.insert(port, socket);
        Some(socket)
    }

    /// Closes a port of 10.0.2.2 that nobody uses any more.
    fn close_unused(&mut self, port: u16) {
        let used = self.flows.iter().any(|flow| flow.port == port)
            || self.strangers.iter().any(|stranger| stranger.port == port);
        if !used && let Some(socket) = self.ports.remove(&port) {
            self.stack.close(socket);
        }
    }

    /// Passes on what the guest has sent to the open ports.
    fn pass_out(&mut self) -> io::Result<()> {
        let ports: Vec<_> = self.ports.keys().copied().collect();
        for port in ports {
            while let Some((guest, bytes)) = self.heard(port) {
                let stranger = self.strangers.iter().find(|stranger| stranger.port == port);
                let sent = match stranger {
                    Some(to) => self.forwards[to.forward].socket.send_to(&bytes, to.address),
                    None => self.flow(guest, port)?.socket.send(&bytes),
                };
                lenient(sent)?;
            }
        }
        Ok(())
    }

    /// What has come to a port of 10.0.2.2, if it is still open.
    fn heard(&mut self, port: u16) -> Option<(IpEndpoint, Vec<u8>)> {
        self.stack.receive(*self.ports.get(&port)?)
    }

    /// The pair of these ports; the one that was used last stands last.
    fn flow(&mut self, guest: IpEndpoint, port: u16) -> io::Result<&Flow> {
        let known = self.flows.iter().position(|flow| (flow.guest, flow.port) == (guest, port));
        let flow = match known {
            Some(index) => self.flows.remove(index),
            None => {
                let socket = loopback(0)?;
                socket.connect((Ipv4Addr::LOCALHOST, port))?;
                Flow { guest, port, socket }
            }
        };
        self.flows.push(flow);
        if self.flows.len() > MAX_FLOWS {
            let old = self.flows.remove(0);
            self.close_unused(old.port);
        }
        Ok(&self.flows[self.flows.len() - 1])
    }

    /// Passes on what the real host has sent.
    fn pass_in(&mut self) -> io::Result<()> {
        let mut buffer = [0; DATAGRAM_MAX + 1];
        for index in 0..self.flows.len() {
            while let Some(count) = lenient(self.flows[index].socket.recv(&mut buffer))? {
                let (guest, port) = (self.flows[index].guest, self.flows[index].port);
                self.deliver(port, guest, &buffer[..count]);
            }
        }
        for forward in 0..self.forwards.len() {
            let heard = |user: &Self, buffer: &mut [u8]| {
                lenient(user.forwards[forward].socket.recv_from(buffer))
            };
            while let Some((count, address)) = heard(self, &mut buffer)? {
                let port = self.stranger(forward, address);
                let guest = IpEndpoint::new(GUEST.into(), self.forwards[forward].guest_port);
                self.deliver(port, guest, &buffer[..count]);
            }
        }
        Ok(())
    }

    fn deliver(&mut self, port: u16, guest: IpEndpoint, bytes: &[u8]) {
        let sent = self.open(port).is_some_and(|socket| self.stack.send(socket, guest, bytes));
        if !sent {
            tracing::debug!(port, bytes = bytes.len(), "a datagram for the guest is lost");
        }
    }

    /// The port as which the guest sees a sender.
    fn stranger(&mut self, forward: usize, address: SocketAddr) -> u16 {
        let known = |one: &&Stranger| (one.forward, one.address) == (forward, address);
        if let Some(stranger) = self.strangers.iter().find(known) {
            return stranger.port;
        }
        if self.strangers.len() == MAX_FLOWS {
            let old = self.strangers.remove(0);
            self.close_unused(old.port);
        }
        // There are far more ports than senders.
        while self.ports.contains_key(&self.next_port) {
            self.next_port = self.next_port.checked_add(1).unwrap_or(FIRST_PORT);
        }
        let port = self.next_port;
        self.next_port = self.next_port.checked_add(1).unwrap_or(FIRST_PORT);
        self.strangers.push(Stranger { forward, address, port });
        port
    }
}

/// A socket of the real host's loopback interface that never waits.
fn loopback(port: u16) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, port))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Nothing there, and nobody there, are no errors: datagrams get lost.
fn lenient<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    use io::ErrorKind::{ConnectionRefused, Interrupted, WouldBlock};
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.kind(), ConnectionRefused | Interrupted | WouldBlock) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The port of 10.0.2.2 that a frame is for, if it is a UDP datagram.
fn udp_port(frame: &[u8]) -> Option<u16> {
    let frame = EthernetFrame::new_checked(frame).ok()?;
    if frame.ethertype() != EthernetProtocol::Ipv4 {
        return None;
    }
    let packet = Ipv4Packet::new_checked(frame.payload()).ok()?;
    if packet.next_header() != IpProtocol::Udp || packet.dst_addr() != HOST {
        return None;
    }
    let port = UdpPacket::new_checked(packet.payload()).ok()?.dst_port();
    (port != 0).then_some(port)
}

impl Backend for User {
    fn send(&mut self, frame: &[u8], cycle: u64) -> io::Result<()> {
        // A port must be open before something comes to it.
        let port = udp_port(frame);
        if let Some(port) = port {
            self.open(port);
        }
        self.stack.input(frame);
        self.stack.work(microseconds(cycle));
        self.pass_out()?;
        if let Some(port) = port {
            // What was no whole datagram has led to nothing.
            self.close_unused(port);
        }
        Ok(())
    }

    fn receive(&mut self, cycle: u64) -> io::Result<Option<Vec<u8>>> {
        if let Some(frame) = self.stack.output() {
            return Ok(Some(frame));
        }
        self.looked = cycle;
        self.pass_in()?;
        self.stack.work(microseconds(cycle));
        Ok(self.stack.output())
    }

    fn due(&mut self) -> Option<u64> {
        Some(self.looked + LOOK)
    }

    fn descriptors(&self) -> Vec<RawFd> {
        let flows = self.flows.iter().map(|flow| flow.socket.as_raw_fd());
        flows.chain(self.forwards.iter().map(|forward| forward.socket.as_raw_fd())).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::super::testing::{Guest, ping, pong};
    use super::*;

    /// Runs guest and far end against each other until `done` says so; simulated time passes as the host's.
    fn run(user: &mut User, guest: &mut Guest, mut done: impl FnMut(&mut Guest) -> bool) {
        let start = Instant::now();
        while !done(guest) {
            let passed = start.elapsed();
            assert!(passed < Duration::from_secs(20), "nothing comes");
            let cycle = passed.as_micros() as u64 * CYCLES_PER_MICROSECOND;
            while let Some(frame) = user.receive(cycle).expect("received") {
                guest.input(cycle, &frame);
            }
            for frame in guest.output(cycle) {
                user.send(&frame, cycle).expect("sent");
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn host_socket() -> (UdpSocket, u16) {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
        socket.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
        let port = socket.local_addr().expect("an address").port();
        (socket, port)
    }

    #[test]
    fn pings_are_answered() {
        let mut user = User::new(&[]).expect("a network");
        let mut guest = Guest::new();
        guest.announce();
        run(&mut user, &mut guest, |guest| !guest.seen.is_empty());
        user.send(&ping(HOST_MAC, 5, b"x"), 50_000).expect("sent");
        let answers = std::iter::from_fn(|| user.receive(50_000).expect("received"));
        assert_eq!(answers.filter_map(|frame| pong(&frame)).last(), Some((5, b"x".to_vec())));
    }

    #[test]
    fn datagrams_reach_the_real_host_and_come_back() {
        let (server, port) = host_socket();
        let mut user = User::new(&[]).expect("a network");
        let mut guest = Guest::new();
        let sockets = [guest.open(4001), guest.open(4002)];
        for (socket, text) in sockets.iter().zip(["one", "two"]) {
            guest.send(*socket, HOST, port, text.as_bytes());
        }
        let mut buffer = [0; 2000];
        let mut answered = 0;
        server.set_nonblocking(true).expect("set");
        let mut got = Vec::new();
        run(&mut user, &mut guest, |guest| {
            while let Ok((count, from)) = server.recv_from(&mut buffer) {
                let answer = [&buffer[..count], b" back"].concat();
                server.send_to(&answer, from).expect("sent");
                answered += 1;
            }
            got.extend(sockets.iter().filter_map(|socket| guest.receive(*socket)));
            got.len() == 2
        });
        assert_eq!(answered, 2);
        got.sort();
        let expected = |text: &str| (HOST, port, format!("{text} back").into_bytes());
        assert_eq!(got, [expected("one"), expected("two")]);
        assert_eq!(user.descriptors().len(), 2);
    }

    #[test]
    fn forwarded_ports_lead_into_the_guest() {
        let (_, port) = host_socket();
        let mut user = User::new(&[(port, 7)]).expect("a network");
        let mut guest = Guest::new();
        let service = guest.open(7);
        guest.echo(service);
        let clients = [host_socket().0, host_socket().0];
        for (client, text) in clients.iter().zip(["to", "fro"]) {
            client.send_to(text.as_bytes(), (Ipv4Addr::LOCALHOST, port)).expect("sent");
            client.set_nonblocking(true).expect("set");
        }
        let mut buffer = [0; 2000];
        let mut got = [None, None];
        run(&mut user, &mut guest, |_| {
            for (client, got) in clients.iter().zip(&mut got) {
                if let Ok((count, from)) = client.recv_from(&mut buffer) {
                    assert_eq!(from.port(), port);
                    *got = Some(buffer[..count].to_vec());
                }
            }
            got.iter().all(Option::is_some)
        });
        assert_eq!(got, [Some(b"to".to_vec()), Some(b"fro".to_vec())]);
    }

    #[test]
    fn nobody_there_is_no_error() {
        let (server, port) = host_socket();
        drop(server);
        let mut user = User::new(&[]).expect("a network");
        let mut guest = Guest::new();
        let socket = guest.open(4001);
        let mut sent = 0;
        run(&mut user, &mut guest, |guest| {
            guest.send(socket, HOST, port, b"anybody?");
            sent += 1;
            sent == 10
        });
    }

    #[test]
    fn old_pairs_are_forgotten() {
        let mut user = User::new(&[]).expect("a network");
        for port in 1..=200 {
            user.open(port);
            let guest = IpEndpoint::new(GUEST.into(), 1000);
            let flow = user.flow(guest, port).expect("a socket");
            assert_eq!(flow.port, port);
        }
        assert_eq!((user.flows.len(), user.ports.len()), (MAX_FLOWS, MAX_FLOWS));
        assert!(user.ports.contains_key(&200) && !user.ports.contains_key(&1));
        // The oldest goes even if it is for the port that is just used.
        let guests = (1..=200).map(|port| IpEndpoint::new(GUEST.into(), port));
        for guest in guests {
            user.open(5);
            user.flow(guest, 5).expect("a socket");
        }
        assert_eq!((user.flows.len(), user.ports.len()), (MAX_FLOWS, 1));
    }

    #[test]
    fn damaged_datagrams_leave_no_port_open() {
        let (_server, port) = host_socket();
        let mut user = User::new(&[]).expect("a network");
        let mut guest = Guest::new();
        let socket = guest.open(4001);
        guest.announce();
        run(&mut user, &mut guest, |guest| !guest.seen.is_empty());
        let before = (user.ports.len(), user.flows.len());
        guest.send(socket, HOST, port, b"abcdefgh");
        let mut frames = guest.output(10_000_000);
        let mut frame = frames.pop().expect("a datagram");
        *frame.last_mut().expect("bytes") ^= 1;
        assert_eq!(udp_port(&frame), Some(port));
        user.send(&frame, 10_000_000).expect("sent");
        assert_eq!((user.ports.len(), user.flows.len()), before);
        *frame.last_mut().expect("bytes") ^= 1;
        user.send(&frame, 10_000_000).expect("sent");
        assert_eq!((user.ports.len(), user.flows.len()), (before.0 + 1, before.1 + 1));
    }

    #[test]
    fn a_port_in_use_is_refused() {
        let (_server, port) = host_socket();
        let error = User::new(&[(port, 7)]).err().expect("an error").to_string();
        assert!(
            error.starts_with(&format!("cannot listen on UDP port {port} of 127.0.0.1")),
            "{error}"
        );
    }
}
