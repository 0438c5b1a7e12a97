"""Machines of their own on this one: network namespaces, and links between them that can be cut and healed.

Needs root on Linux. Every machine has an address in two networks: one with the machine of the
database, which can be cut, and one with the tests, which stays.
"""

import os
import subprocess
import sys
from contextlib import contextmanager

import pytest

PREFIX = "cpn"
"""What the names of interfaces and namespaces begin with; they are made for one test and then removed."""


def need_root_on_linux():
    """End the test where there can be no network namespaces."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.fail(
            "This test cuts networks: it needs root on Linux, and the program ip (Debian: apt-get install iproute2)."
        )


class Machine:
    """A machine: a name, the address at which tests reach it, and the one at which the database does."""

    def __init__(self, network, number):
        self.name = f"{PREFIX}{network.number}-{number}"
        self.address = f"10.213.{network.number}.{number}"
        self.inner = f"10.214.{network.number}.{number}"
        self._network = network

    @property
    def command(self):
        """What goes before a command so that it runs there."""
        return ["ip", "netns", "exec", self.name]

    def cut(self):
        """Unplug the cable to the database: the machine notices that it is gone."""
        ip("link", "set", f"{self.name}i", "down", within=self._network.switch)

    def heal(self):
        """Plug it in again, or let answers through again."""
        ip("link", "set", f"{self.name}i", "up", within=self._network.switch)
        ip("route", "del", "blackhole", f"{self.inner}/32", within=self._network.switch, check=False)

    def silence(self):
        """Lose every answer of the database on its way here: nobody is told of anything."""
        ip("route", "add", "blackhole", f"{self.inner}/32", within=self._network.switch)


class Network:
    """Machines around a switch, on which the database runs."""

    def __init__(self, number):
        self.number = number
        self.switch = f"{PREFIX}{number}-db"
        self.database_address = f"10.214.{number}.1"
        self.machines = []

    def add(self):
        """Add a machine."""
        machine = Machine(self, len(self.machines) + 2)
        self.machines.append(machine)
        ip("netns", "add", machine.name)
        ip("link", "set", "lo", "up", within=machine.name)
        _plug(machine.name, machine.inner, f"{machine.name}i", "inner", self.switch, bridge="sw")
        _plug(machine.name, machine.address, f"{machine.name}o", "outer", None, bridge=f"{PREFIX}{self.number}")
        return machine


@contextmanager
def network():
    """Make a network with the machine of the database until the block ends."""
    made = Network(os.getpid() % 250 + 1)
    outside = f"{PREFIX}{made.number}"
    try:
        ip("netns", "add", made.switch)
        ip("link", "set", "lo", "up", within=made.switch)
        _bridge("sw", f"{made.database_address}/24", within=made.switch)
        _bridge(outside, f"10.213.{made.number}.1/24", within=None)
        yield made
    finally:
        for machine in made.machines:
            ip("netns", "del", machine.name, check=False)
        ip("netns", "del", made.switch, check=False)
        ip("link", "del", outside, check=False)


def _bridge(name, address, *, within):
    ip("link", "add", name, "type", "bridge", within=within)
    ip("address", "add", address, "dev", name, within=within)
    ip("link", "set", name, "up", within=within)


def _plug(machine, address, cable, socket, switch, *, bridge):
    """Connect a machine's socket by a cable to a bridge, which is on the switch or on this machine."""
    ip("link", "add", cable, "type", "veth", "peer", "name", socket, "netns", machine)
    if switch is not None:
        ip("link", "set", cable, "netns", switch)
    ip("link", "set", cable, "master", bridge, "up", within=switch)
    ip("address", "add", f"{address}/24", "dev", socket, within=machine)
    ip("link", "set", socket, "up", within=machine)


def ip(*arguments, within=None, check=True):
    """Run the program ip, on a machine or on this one."""
    where = [] if within is None else ["-n", within]
    done = subprocess.run(["ip", *where, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0 or not check, (arguments, done.stderr)
