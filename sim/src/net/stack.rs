//! A small IPv4 host on a wire of frames: smoltcp's interface, which answers ARP and ping, and UDP sockets.

use std::collections::VecDeque;

use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::udp;
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, HardwareAddress, IpCidr, IpEndpoint, Ipv4Address};

/// Address of the simulated host.
pub(super) const HOST: Ipv4Address = Ipv4Address::new(10, 0, 2, 2);
/// Address the guest is expected at.
pub(super) const GUEST: Ipv4Address = Ipv4Address::new(10, 0, 2, 15);
/// Bits of the network's prefix.
const PREFIX: u8 = 24;
/// MAC address of the simulated host: QEMU's.
pub(super) const HOST_MAC: [u8; 6] = [0x52, 0x55, 10, 0, 2, 2];

/// Longest Ethernet frame, without checksum.
const FRAME_MAX: usize = 1514;
/// Datagrams a socket holds, each way.
const DATAGRAMS: usize = 16;
/// Longest datagram that fits into a frame.
pub(super) const DATAGRAM_MAX: usize = 1472;

/// A host on the network.
pub(super) struct Stack {
    wire: Wire,
    interface: Interface,
    sockets: SocketSet<'static>,
}

#[derive(Default)]
struct Wire {
    to_host: VecDeque<Vec<u8>>,
    from_host: VecDeque<Vec<u8>>,
}

impl Stack {
    /// A host with these addresses.
    pub(super) fn new(mac: [u8; 6], address: Ipv4Address) -> Self {
        let mut wire = Wire::default();
        let config = Config::new(HardwareAddress::Ethernet(EthernetAddress(mac)));
        let mut interface = Interface::new(config, &mut wire, Instant::ZERO);
        interface.update_ip_addrs(|addresses| {
            // There is room for one.
            let _ = addresses.push(IpCidr::new(address.into(), PREFIX));
        });
        Self { wire, interface, sockets: SocketSet::new(Vec::new()) }
    }

    /// Opens a UDP port; none if it is 0.
    pub(super) fn open(&mut self, port: u16) -> Option<SocketHandle> {
        let buffer = || {
            let packets = vec![udp::PacketMetadata::EMPTY; DATAGRAMS];
            udp::PacketBuffer::new(packets, vec![0; DATAGRAMS * DATAGRAM_MAX])
        };
        let mut socket = udp::Socket::new(buffer(), buffer());
        socket.bind(port).ok()?;
        Some(self.sockets.add(socket))
    }

    /// Closes a port.
    pub(super) fn close(&mut self, socket: SocketHandle) {
        self.sockets.remove(socket);
    }

    /// Sends a datagram; false if it is too long or there is no room.
    pub(super) fn send(&mut self, socket: SocketHandle, to: IpEndpoint, bytes: &[u8]) -> bool {
        let socket = self.sockets.get_mut::<udp::Socket<'_>>(socket);
        bytes.len() <= DATAGRAM_MAX && socket.send_slice(bytes, to).is_ok()
    }

    /// The next datagram that has come, and from where.
    pub(super) fn receive(&mut self, socket: SocketHandle) -> Option<(IpEndpoint, Vec<u8>)> {
        let socket = self.sockets.get_mut::<udp::Socket<'_>>(socket);
        let (bytes, from) = socket.recv().ok()?;
        Some((from.endpoint, bytes.to_vec()))
    }

    /// Puts a frame on the wire to this host; it is looked at by the next [`Stack::work`].
    pub(super) fn input(&mut self, frame: &[u8]) {
        self.wire.to_host.push_back(frame.to_vec());
    }

    /// The next frame that this host has sent.
    pub(super) fn output(&mut self) -> Option<Vec<u8>> {
        self.wire.from_host.pop_front()
    }

    /// Does all there is to do at this time.
    pub(super) fn work(&mut self, microseconds: u64) {
        let now = instant(microseconds);
        self.interface.poll(now, &mut self.wire, &mut self.sockets);
    }

    /// The time at which there is something to do even if nothing comes, in microseconds.
    pub(super) fn due(&mut self, microseconds: u64) -> Option<u64> {
        let at = self.interface.poll_at(instant(microseconds), &self.sockets)?;
        Some(at.total_micros().max(0) as u64)
    }
}

fn instant(microseconds: u64) -> Instant {
    Instant::from_micros(i64::try_from(microseconds).unwrap_or(i64::MAX))
}

impl Device for Wire {
    type RxToken<'a> = Received;
    type TxToken<'a> = Sending<'a>;

    fn receive(&mut self, _now: Instant) -> Option<(Received, Sending<'_>)> {
        let frame = self.to_host.pop_front()?;
        Some((Received(frame), Sending(&mut self.from_host)))
    }

    fn transmit(&mut self, _now: Instant) -> Option<Sending<'_>> {
        Some(Sending(&mut self.from_host))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = FRAME_MAX;
        capabilities
    }
}

struct Received(Vec<u8>);

impl RxToken for Received {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(&self.0)
    }
}

struct Sending<'a>(&'a mut VecDeque<Vec<u8>>);

impl TxToken for Sending<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, write: F) -> R {
        let mut frame = vec![0; length];
        let result = write(&mut frame);
        self.0.push_back(frame);
        result
    }
}
