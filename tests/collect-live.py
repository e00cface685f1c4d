#!/usr/bin/env python3
"""Exporters that are widely used watch an interface of a network namespace,
all at the same time, and each exports to a flowd of its own: every flow is in
the log, and `flowdctl check` reports nothing."""

import collections
import contextlib
import os
import pathlib
import socket
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import namespace
import tap
import traffic
from ctlclient import CONTROL, show_json
from flowdtest import PATIENCE, Flowd, need, state, wait_for
from recorded import absolute_ms

OVS_SCHEMA = pathlib.Path("/usr/share/openvswitch/vswitch.ovsschema")
ECHO_REQUEST = {traffic.ICMP: 8, traffic.ICMPV6: 128}
ETHERNET_HEADER = 14
# Their packets fit in a socket buffer of the usual size, which the switch has.
CONVERSATIONS = 20
PSH_ACK = 0x18

PMACCTD_CONF = """\
daemonize: false
pcap_interface: test0
plugins: nfprobe
aggregate: src_host, dst_host, src_port, dst_port, proto, tos
nfprobe_receiver: 127.0.0.1:{port}
nfprobe_version: {version}
nfprobe_timeouts: \
tcp=1:tcp.rst=1:tcp.fin=1:udp=1:icmp=1:general=1:maxlife=60:expint=1
plugin_buffer_size: 1024
plugin_pipe_size: 1024000
"""


def softflowd(version, directory, port):
    kinds = ("tcp", "tcp.rst", "tcp.fin", "udp", "icmp", "general", "expint")
    return ["softflowd", "-d", "-i", "test0", "-v", str(version),
            "-n", f"127.0.0.1:{port}", "-p", f"{directory}/pid",
            "-c", f"{directory}/softflowd.ctl",
            *(word for kind in kinds for word in ("-t", f"{kind}=1"))]


def fprobe(version, _, port):
    # Its queue has 100 packets otherwise, and it drops the others.
    return ["fprobe", "-i", "test0", "-n", str(version), "-l", "2",
            "-q", "10000", "-s", "1", "-d", "1", f"127.0.0.1:{port}"]


def pmacctd(version, directory, port):
    conf = directory / "pmacctd.conf"
    conf.write_text(PMACCTD_CONF.format(port=port, version=version))
    return ["pmacctd", "-f", str(conf)]


def with_type_and_code(flow):
    """Returns the flow with type and code of ICMP where they belong."""
    kind = ECHO_REQUEST.get(flow.protocol)
    return flow if kind is None else flow._replace(dst_port=kind << 8)


def as_fprobe(flow):
    """fprobe takes the two octets for the ports: in each one is one."""
    kind = ECHO_REQUEST.get(flow.protocol)
    return flow if kind is None else flow._replace(src_port=kind)


def with_link_header(flow):
    """Open vSwitch counts octets of frames in NetFlow 5."""
    return with_type_and_code(flow)._replace(
        octets=flow.octets + ETHERNET_HEADER * flow.packets)


def twice(flow):
    """A bridge samples packets at the input and at the output."""
    return with_type_and_code(flow)._replace(packets=2 * flow.packets,
                                             octets=2 * flow.octets)


class Run:
    """A flowd, and the exporter that sends to it."""

    def __init__(self, stack, version, sent_as=with_type_and_code):
        self.flowd = stack.enter_context(Flowd("store ALL", CONTROL))
        self.version = version
        self.sent_as = sent_as

    def expected(self):
        """Returns packets and octets of each flow."""
        flows = (self.sent_as(flow) for flow in Exporters.sent
                 if self.version >= 9 or ":" not in flow.src)
        return {flow[:5]: flow[5:] for flow in flows}

    def stored(self):
        """Returns the flows that are not of the namespace's kernel."""
        known = {flow.src for flow in Exporters.sent}
        return [flow for flow in self.flowd.flows()
                if flow.get("src") in known]

    def totals(self):
        """Returns packets and octets of each flow; a busy exporter may export
        a flow in parts."""
        result = collections.defaultdict(lambda: (0, 0))
        for stored in self.stored():
            flow = traffic.as_flow(stored)
            packets, octets = result[flow[:5]]
            result[flow[:5]] = packets + flow.packets, octets + flow.octets
        return dict(result)

    def wait(self):
        """Waits for all packets; the comparison comes later."""
        packets = sum(n for n, _ in self.expected().values())
        with contextlib.suppress(AssertionError):
            wait_for(lambda: sum(n for n, _ in self.totals().values()) >=
                     packets, "every packet is counted", pause=0.1)


class Switch:
    """Open vSwitch in userspace, with a bridge between test0 and test1."""

    def __init__(self, stack, directory):
        self.directory = directory
        self.environment = {**os.environ, **{
            f"OVS_{kind}DIR": str(directory)
            for kind in ("RUN", "LOG", "DB", "SYSCONF")}}
        database = directory / "conf.db"
        self.remote = f"unix:{directory}/db"
        self.run("ovsdb-tool", "create", str(database), str(OVS_SCHEMA))
        self.start(stack, "ovsdb-server", str(database),
                   f"--remote=p{self.remote}",
                   f"--unixctl={directory}/server.ctl")
        wait_for((directory / "db").exists, "ovsdb-server listens")
        self.configure("--no-wait", "init")
        self.start(stack, "ovs-vswitchd", self.remote, "--disable-system",
                   f"--unixctl={directory}/switch.ctl")
        self.configure(
            "add-br", "test-br", "--", "set", "bridge", "test-br",
            "datapath_type=netdev", "fail_mode=secure",
            "--", "add-port", "test-br", "test0",
            "--", "add-port", "test-br", "test1")

    def start(self, stack, *command):
        start(stack, command, self.directory, env=self.environment)

    def run(self, *command):
        subprocess.run(command, env=self.environment, check=True,
                       stdin=subprocess.DEVNULL, capture_output=True,
                       timeout=PATIENCE)

    def configure(self, *words):
        self.run("ovs-vsctl", f"--db={self.remote}",
                 f"--timeout={PATIENCE}", *words)

    def export(self, netflow, bridge, flows):
        """Exports to three flowds at the same time."""
        self.configure(
            "--", "set", "bridge", "test-br", "netflow=@n", "ipfix=@b",
            "--", "--id=@n", "create", "netflow", "active_timeout=1",
            f'targets="127.0.0.1:{netflow}"',
            "--", "--id=@b", "create", "ipfix", "sampling=1",
            f'targets="127.0.0.1:{bridge}"', "cache_active_timeout=1",
            "cache_max_flows=1000", "obs_domain_id=1",
            "--", "--id=@br", "get", "bridge", "test-br",
            "--", "--id=@f", "create", "ipfix", "cache_active_timeout=1",
            f'targets="127.0.0.1:{flows}"', "cache_max_flows=1000",
            "--", "create", "flow_sample_collector_set", "id=1",
            "bridge=@br", "ipfix=@f")
        self.run("ovs-ofctl", "add-flow", f"unix:{self.directory}/test-br.mgmt",
                 "in_port=test0,actions=sample(probability=65535,"
                 "collector_set_id=1,obs_domain_id=2),output:test1")


def start(stack, command, directory, **kwargs):
    """Runs a program until the end of the test, and returns its process."""
    with open(directory / f"{command[0]}.out", "wb") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                   stdout=out, stderr=out, **kwargs)
    stack.callback(process.wait)
    stack.callback(process.terminate)
    return process


def watchers(interface):
    """Returns the number of packet sockets on an interface."""
    index = socket.if_nametoindex(interface)
    rows = pathlib.Path("/proc/net/packet").read_text().splitlines()[1:]
    return sum(int(row.split()[4]) == index for row in rows)


class Exporters(unittest.TestCase):
    """All of them run from the first test to the last."""

    maxDiff = None
    runs = {}
    sent = ()
    probes = []		# the processes with a packet socket

    @classmethod
    def setUpClass(cls):
        with contextlib.ExitStack() as stack:
            for command, versions, *how in (
                    (softflowd, (1, 5, 9, 10)),
                    (fprobe, (1, 5, 7), as_fprobe),
                    (pmacctd, (5, 9, 10))):
                if not need(command.__name__):
                    for version in versions:
                        cls.start_probe(stack, command, version, *how)
            bridged = not cls.why_no_switch()
            if bridged:
                cls.start_switch(stack)
            expected = len(cls.probes) + bridged
            wait_for(lambda: watchers("test0") >= expected and
                     all(state(p.pid) == "S" for p in cls.probes),
                     f"{expected} exporters watch test0")
            cls.begin = int(time.time() * 1000)
            cls.sent = traffic.inject("other0", CONVERSATIONS)
            cls.addClassCleanup(stack.pop_all().close)

    @classmethod
    def start_probe(cls, stack, command, version, *how):
        run = Run(stack, version, *how)
        cls.runs[command.__name__, version] = run
        directory = run.flowd.dir
        cls.probes.append(start(
            stack, command(version, directory, run.flowd.port), directory))

    @classmethod
    def start_switch(cls, stack):
        cls.runs["netflow", 5] = Run(stack, 5, with_link_header)
        cls.runs["bridge", 10] = Run(stack, 10, twice)
        cls.runs["flows", 10] = Run(stack, 10)
        directory = pathlib.Path(stack.enter_context(
            tap.TemporaryDirectory(prefix="flowd-test-")))
        Switch(stack, directory).export(*(
            cls.runs[key].flowd.port for key in (
                ("netflow", 5), ("bridge", 10), ("flows", 10))))

    @staticmethod
    def why_no_switch():
        """Returns why there is no Open vSwitch, or None."""
        missing = need("ovs-vswitchd", "ovsdb-server", "ovs-vsctl",
                       "ovs-ofctl", "ovsdb-tool")
        if missing:
            return f"{missing} is not installed"
        if not OVS_SCHEMA.exists() or not os.path.exists("/dev/net/tun"):
            return "Open vSwitch cannot have a bridge here"
        return None

    def check(self, name, *versions):
        if (name, versions[0]) not in self.runs:
            self.skipTest(self.why_no_switch() or f"{name} is not installed")
        for version in versions:
            with self.subTest(version=version):
                self.check_run(self.runs[name, version])

    def check_run(self, run):
        run.wait()
        self.assertEqual(run.totals(), run.expected())
        stored = run.stored()
        self.assertEqual({f["netflow_version"] for f in stored},
                         {run.version})
        # The clocks of some exporters have no more than seconds.
        times = range(self.begin - 1000, int(time.time() * 1000) + 1001)
        for flow in stored:
            tcp = flow["protocol"] == traffic.TCP
            self.assertEqual(flow.get("tcp_flags", 0), PSH_ACK if tcp else 0)
            self.assertEqual(flow.get("tos", 0), 0)
            start, finish = (absolute_ms(flow, f"flow_{end}")
                             for end in ("start", "finish"))
            self.assertIn(start, times)
            self.assertIn(finish, times)
            self.assertLessEqual(start, finish)
        self.assertEqual(show_json(run.flowd, "check")["findings"], [])

    def test_softflowd(self):
        self.check("softflowd", 1, 5, 9, 10)

    def test_fprobe(self):
        self.check("fprobe", 1, 5, 7)

    def test_pmacctd(self):
        self.check("pmacctd", 5, 9, 10)

    def test_open_vswitch_netflow(self):
        self.check("netflow", 5)

    def test_open_vswitch_ipfix_of_a_bridge(self):
        self.check("bridge", 10)

    def test_open_vswitch_ipfix_of_flows(self):
        self.check("flows", 10)


if __name__ == "__main__":
    namespace.enter()
    tap.main()
