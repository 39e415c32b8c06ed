#!/usr/bin/env python3
"""The host's side of the guest's session `net`, on loopback.

usage: peer.py [--send COUNT] COMMAND...

Runs COMMAND (the machine) with {echo} and {forward} in its arguments replaced by two free UDP ports: what comes to the first is
sent back; to the second, which COMMAND is to forward to the guest's port 7007, COUNT datagrams are sent, one after the other, each
repeated until it came back. What a datagram holds is said in userland/src/udp.c. Ends with COMMAND, with its status, or with 1 if
that is 0 and not all COUNT datagrams came back unchanged.
"""

import argparse
import selectors
import signal
import socket
import subprocess
import sys
import time

HEAD = 8
MAX_SIZE = 1472
# Seconds until a datagram is sent again.
PATIENCE = 0.5
WORD = 0xFFFFFFFF


def fill(size, seed):
    """The pseudo-random contents with this seed, as fill() of workload.c makes them."""
    state = (seed * 2654435761 + 1) & WORD or 1
    words = bytearray()
    while len(words) < size:
        state ^= state << 13 & WORD
        state ^= state >> 17
        state ^= state << 5 & WORD
        words += state.to_bytes(4, "little")
    return bytes(words[:size])


def datagram(number, count):
    """Datagram `number` of `count`."""
    size = MAX_SIZE if number + 1 == count else HEAD + number * 97 % (MAX_SIZE - HEAD + 1)
    head = number.to_bytes(4, "little") + count.to_bytes(4, "little")
    return head + fill(size - HEAD, number)


def bound_socket():
    """A UDP socket on a free port of loopback."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.setblocking(False)
    return sock


def received(sock):
    """The next datagram and its sender, or None. A port that nobody listens at is no error: the machine may not be there yet."""
    try:
        return sock.recvfrom(65536)
    except (BlockingIOError, ConnectionError):
        return None


class Sender:
    """Sends the datagrams, one after the other."""

    def __init__(self, port, count):
        self.sock = bound_socket()
        self.sock.connect(("127.0.0.1", port))
        self.count = count
        self.number = 0
        self.due = 0.0
        self.changed = False

    def done(self):
        return self.number == self.count

    def step(self, now):
        """Takes what came back; sends what is due."""
        while not self.done():
            got = received(self.sock)
            if got is None:
                break
            number = int.from_bytes(got[0][:4], "little")
            if number < self.number:
                # The echo of a repetition.
                continue
            if got[0] != datagram(self.number, self.count):
                self.changed = True
            self.number += 1
            self.due = 0.0
        if not self.done() and now >= self.due:
            try:
                self.sock.send(datagram(self.number, self.count))
            except ConnectionError:
                pass
            self.due = now + PATIENCE


def main():
    parser = argparse.ArgumentParser(description="the host's side of the guest's network session")
    parser.add_argument("--send", type=int, default=0, metavar="COUNT")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    if not arguments.command:
        parser.error("no command")

    echo = bound_socket()
    # Free now; the machine binds it at once.
    with bound_socket() as free:
        forward = free.getsockname()[1]
    ports = {"echo": str(echo.getsockname()[1]), "forward": str(forward)}
    command = arguments.command
    for name, port in ports.items():
        command = [word.replace("{" + name + "}", port) for word in command]
    sender = Sender(forward, arguments.send)
    machine = subprocess.Popen(command, close_fds=False)
    signal.signal(signal.SIGTERM, lambda *_: machine.terminate())

    selector = selectors.DefaultSelector()
    selector.register(echo, selectors.EVENT_READ)
    selector.register(sender.sock, selectors.EVENT_READ)
    while machine.poll() is None:
        selector.select(0.05)
        while (got := received(echo)) is not None:
            echo.sendto(*got)
        sender.step(time.monotonic())
    if machine.returncode == 0 and (sender.changed or not sender.done()):
        print(f"peer.py: {sender.number} of {sender.count} datagrams came back"
              + (", some of them changed" if sender.changed else ""), file=sys.stderr)
        sys.exit(1)
    sys.exit(machine.returncode if machine.returncode >= 0 else 128 - machine.returncode)


if __name__ == "__main__":
    main()
