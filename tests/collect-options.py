#!/usr/bin/env python3
"""flowd keeps the exporters' options data, and reports them after SIGUSR2.  No
options record is stored as a flow."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow9
import tap
from decoding import EXPORT_MS, OCTETS, SRC4, Sender
from feed import Feed
from flowdtest import Flowd
from netflow9 import VARIABLE, Template
from recorded import absolute_ms
from report import statistics

AGENT = "127.0.0.9"
DOMAIN = ("observationDomainId", 4)
INTERFACE = ("ingressInterface", 4)
SAMPLERS_MAX = 4096
INTERFACES_MAX = 4096


class Options(Sender):
    """Options templates, and data for them."""

    def report(self, *datagrams):
        """Returns the lines about an exporter that sent this, and no flow."""
        with Flowd("store ALL") as flowd:
            feed = Feed(flowd)
            for datagram in datagrams:
                feed.send(datagram, AGENT)
            self.assertEqual(feed.flows(), [])
            report = statistics(flowd)
            report.check(self)
        return report

    def samplers(self, *datagrams):
        return self.report(*datagrams).lines(AGENT, "sampler")

    def options(self, layout, *records, domain=0):
        """Returns a datagram with an options template and its data."""
        return self.message(self.templates(layout),
                            netflow9.data(layout, *records), domain=domain)

    def test_sampling_of_a_whole_exporter(self):
        layout = Template(256, DOMAIN, ("samplingInterval", 4),
                          ("samplingAlgorithm", 1), scopes=1)
        report = self.report(self.options(layout, (5, 1000, 2), domain=5))
        self.assertEqual(report.lines(AGENT, "sampler"), [
            "domain 5 sampler 0 takes 1 of 1000 packets, mode 2"])
        self.assertEqual(report[AGENT]["options"], 1)

    def test_samplers_by_ids_of_any_length(self):
        datagrams, expected = [], []
        for i, length in enumerate((1, 2, 4, 8)):
            layout = Template(256 + i, DOMAIN, ("samplerId", length),
                              ("samplerMode", 1),
                              ("samplerRandomInterval", length), scopes=1)
            number = (1 << 8 * length) - 1
            datagrams.append(self.options(layout, (0, number, 2, 200 + i)))
            expected.append(f"domain 0 sampler {number} takes 1 of "
                            f"{200 + i} packets, mode 2")
        self.assertEqual(self.samplers(*datagrams), expected)

    def test_a_sampler_that_is_its_own_scope(self):
        layout = Template(256, ("templateId", 2), ("samplerId", 1),
                          ("samplerMode", 1), ("samplerRandomInterval", 4),
                          scopes=1)
        self.assertEqual(
            self.samplers(self.options(layout, (0, 1, 1, 10), (0, 2, 2, 20))),
            ["domain 0 sampler 1 takes 1 of 10 packets, mode 1",
             "domain 0 sampler 2 takes 1 of 20 packets, mode 2"])

    def test_selectors(self):
        """RFC 5477: one of n packets, or n of a population."""
        space = Template(256, DOMAIN, ("selectorId", 8),
                         ("selectorAlgorithm", 2),
                         ("samplingPacketInterval", 4),
                         ("samplingPacketSpace", 4), scopes=1)
        population = Template(257, DOMAIN, ("selectorId", 4),
                              ("selectorAlgorithm", 2), ("samplingSize", 4),
                              ("samplingPopulation", 4), scopes=1)
        self.assertCountEqual(
            self.samplers(
                self.options(space, (0, 1 << 40, 1, 1, 99),
                             (0, 8, 1, 10, 990), (0, 9, 1, 0, 5)),
                self.options(population, (0, 5, 3, 2, 512), (0, 6, 3, 0, 5))),
            ["domain 0 sampler 5 takes 1 of 256 packets, mode 3",
             "domain 0 sampler 6 takes 0 of 0 packets, mode 3",
             "domain 0 sampler 8 takes 1 of 100 packets, mode 1",
             "domain 0 sampler 9 takes 0 of 0 packets, mode 1",
             f"domain 0 sampler {1 << 40} takes 1 of 100 packets, mode 1"])

    def test_domains_of_one_exporter(self):
        layout = Template(256, DOMAIN, ("samplingInterval", 4), scopes=1)
        self.assertEqual(
            self.samplers(self.options(layout, (1, 10), domain=1),
                          self.options(layout, (2, 20), domain=2)),
            ["domain 1 sampler 0 takes 1 of 10 packets, mode 0",
             "domain 2 sampler 0 takes 1 of 20 packets, mode 0"])

    def test_the_latest_record_counts(self):
        layout = Template(256, DOMAIN, ("samplingInterval", 4),
                          ("samplingAlgorithm", 1), scopes=1)
        self.assertEqual(
            self.samplers(self.options(layout, (0, 10, 1), (0, 20, 2))),
            ["domain 0 sampler 0 takes 1 of 20 packets, mode 2"])

    def test_names_of_interfaces(self):
        named = Template(256, INTERFACE, ("interfaceName", 16),
                         ("interfaceDescription", 16), scopes=1)
        # The index may also be an option.
        plain = Template(257, DOMAIN, ("ingressInterface", 2),
                         ("interfaceName", 8), scopes=1)
        egress = Template(258, DOMAIN, ("egressInterface", 4),
                          ("interfaceDescription", 8), scopes=1)
        variable = Template(259, INTERFACE, ("interfaceName", VARIABLE),
                            ("interfaceDescription", VARIABLE), scopes=1)
        lines = sorted(self.report(
            self.options(named, (1, b"eth0".ljust(16, b"\0"),
                                 b"to the world".ljust(16, b"\0")),
                         ((1 << 32) - 1, b"x" * 16, bytes(16))),
            self.options(plain, (0, 2, b"eth1\0\0\0\0")),
            self.options(egress, (0, 2, b"inner\0\0\0")),
            self.options(variable, (3, b"lo", netflow9.long(b"loop"))),
        ).lines(AGENT, "interface"))
        self.assertEqual(lines, [
            'interface 1 name "eth0" description "to the world"',
            'interface 2 name "eth1" description "inner"',
            'interface 3 name "lo" description "loop"',
            f'interface {(1 << 32) - 1} name "{"x" * 16}" description ""'])

    def test_misleading_names_are_escaped(self):
        layout = Template(256, INTERFACE, ("interfaceName", VARIABLE),
                          scopes=1)
        lines = self.report(self.options(
            layout, (1, b'a"b\\c'), (2, b"\x1b[2J\r\n127.0.0.9: all is well"),
            (3, b"\xc3\xa9\x7f\xc3"), (4, b"l" * 1000))).lines(
                AGENT, "interface")
        self.assertEqual(lines, [
            r'interface 1 name "a\042b\134c" description ""',
            r'interface 2 name "\033[2J\015\012127.0.0.9: all is well" '
            'description ""',
            'interface 3 name "\u00e9\\177\\303" description ""',
            f'interface 4 name "{"l" * 255}" description ""'])

    def test_statistics_of_the_exporter(self):
        elements = ("exportedOctetTotalCount", "exportedMessageTotalCount",
                    "exportedFlowRecordTotalCount",
                    "ignoredPacketTotalCount", "ignoredOctetTotalCount",
                    "notSentFlowTotalCount", "notSentPacketTotalCount")
        layout = Template(256, DOMAIN, *((e, 8) for e in elements), scopes=1)
        part = Template(257, DOMAIN, ("exportedMessageTotalCount", 4),
                        scopes=1)
        lines = self.report(
            self.options(layout, (7, *range(1, 8)), domain=7),
            self.options(part, (7, 99), domain=7)).lines(AGENT, "exported")
        self.assertEqual(lines, [
            "domain 7 init-time-ms 0 exported octets 1 messages 99 flows 3 "
            "ignored packets 4 octets 5 unsent flows 6 packets 7"])

    def test_init_time(self):
        """The uptimes of the domain's flows count from it."""
        layout = Template(256, DOMAIN, ("systemInitTimeMilliseconds", 8),
                          scopes=1)
        flow = Template(257, ("flowStartSysUpTime", 4),
                        ("flowEndSysUpTime", 4), ("octetDeltaCount", 1))
        booted = EXPORT_MS - 1000000
        uptime = {"uptime_ms": 1000000}
        data = netflow9.data(flow, (900000, 990000, 1))
        with Flowd("store ALL") as flowd:
            feed = Feed(flowd)
            feed.send(self.message(
                self.templates(layout), netflow9.data(layout, (1, booted)),
                self.templates(flow), data, domain=1, **uptime))
            feed.send(self.message(data, domain=1, **uptime))
            stored = feed.flows()
            lines = statistics(flowd).lines("127.0.0.1", "init-time")
        self.assertEqual(
            [(absolute_ms(f, "flow_start"), absolute_ms(f, "flow_finish"))
             for f in stored], [(booted + 900000, booted + 990000)] * 2)
        self.assertEqual(len(lines), 1)
        self.assertIn(f"domain 1 init-time-ms {booted} ", lines[0])

    def test_scope_of_length_0(self):
        layout = Template(256, ("observationDomainId", 0),
                          ("samplingInterval", 4), scopes=1)
        self.assertEqual(
            self.samplers(self.options(layout, (0, 50))),
            ["domain 0 sampler 0 takes 1 of 50 packets, mode 0"])

    def test_several_scope_fields(self):
        layout = Template(256, DOMAIN, ("lineCardId", 4), INTERFACE,
                          ("interfaceName", 4), scopes=3)
        self.assertEqual(
            self.report(self.options(layout, (0, 1, 8, b"eth8"))).lines(
                AGENT, "interface"),
            ['interface 8 name "eth8" description ""'])

    def test_no_scope_field(self):
        layout = Template(256, ("samplingInterval", 4), scopes=0)
        self.assertEqual(
            self.samplers(self.options(layout, (70,))),
            ["domain 0 sampler 0 takes 1 of 70 packets, mode 0"])

    def test_only_whole_records_count(self):
        layout = Template(256, DOMAIN, ("samplingInterval", 4), scopes=1)
        whole = layout.record((0, 10))
        cut = layout.record((0, 99))
        report = self.report(
            self.message(self.templates(layout)),
            *(self.message(netflow9.raw_set(256, whole + cut[:n]))
              for n in range(len(cut))))
        self.assertEqual(
            report.lines(AGENT, "sampler"),
            ["domain 0 sampler 0 takes 1 of 10 packets, mode 0"])
        self.assertEqual(report[AGENT]["options"], len(cut))

    def test_variable_records_only_when_whole(self):
        layout = Template(256, INTERFACE, ("interfaceName", VARIABLE),
                          ("samplingInterval", 4), scopes=1)
        report = self.report(
            self.message(self.templates(layout)),
            self.message(netflow9.raw_set(
                256, layout.record((1, b"eth0", 10)) +
                layout.record((2, b"eth1", 20))[:-1])))
        self.assertEqual(len(report.lines(AGENT, "interface 1 name")), 1)
        self.assertEqual(report.lines(AGENT, "interface 2 name"), [])
        self.assertEqual(report.lines(AGENT, "of 20"), [])

    def test_data_before_their_template(self):
        layout = Template(256, DOMAIN, ("samplingInterval", 4), scopes=1)
        data = netflow9.data(layout, (0, 30))
        self.assertEqual(
            self.samplers(self.message(data),
                          self.message(self.templates(layout))),
            ["domain 0 sampler 0 takes 1 of 30 packets, mode 0"])

    def test_several_templates_in_one_set(self):
        one = Template(256, DOMAIN, ("samplingInterval", 4), scopes=1)
        two = Template(257, INTERFACE, ("interfaceName", 4), scopes=1)
        report = self.report(self.message(
            self.templates(one, two, padding=bytes(2)),
            netflow9.data(two, (1, b"eth0")),
            netflow9.data(one, (0, 40), padding=bytes(3))))
        self.assertEqual(len(report.lines(AGENT, "interface")), 1)
        self.assertEqual(len(report.lines(AGENT, "of 40 packets")), 1)

    def test_an_id_that_changes_its_type(self):
        flow = Template(256, SRC4, OCTETS)
        options = Template(256, DOMAIN, ("samplingInterval", 4), scopes=1)
        with Flowd("store ALL") as flowd:
            feed = Feed(flowd)
            data = netflow9.data(flow, ("192.0.2.1", 8))
            for templates in (flow, options, flow):
                feed.send(self.message(self.templates(templates), data))
            stored = feed.flows()
            report = statistics(flowd)
        self.assertEqual(self.octets(stored), [8, 8])
        self.assertEqual(report["127.0.0.1"]["options"], 1)

    def test_kept_options_are_bounded(self):
        sampler = Template(256, DOMAIN, ("samplerId", 4),
                           ("samplerRandomInterval", 4), scopes=1)
        interface = Template(257, INTERFACE, ("interfaceName", 8), scopes=1)
        more = 100
        datagrams = []
        for first in range(0, SAMPLERS_MAX + more, 1000):
            datagrams.append(self.options(sampler, *(
                (0, first + i, 10) for i in range(
                    min(1000, SAMPLERS_MAX + more - first)))))
        for first in range(0, INTERFACES_MAX + more, 1000):
            datagrams.append(self.options(interface, *(
                (first + i, b"eth%05d" % (first + i)) for i in range(
                    min(1000, INTERFACES_MAX + more - first)))))
        report = self.report(*datagrams)
        self.assertEqual(len(report.lines(AGENT, "sampler")), SAMPLERS_MAX)
        interfaces = report.lines(AGENT, "interface")
        self.assertEqual(len(interfaces), INTERFACES_MAX)
        # The latest ones are kept.
        self.assertNotIn('interface 99 name "eth00099" description ""',
                         interfaces)
        self.assertIn('interface 100 name "eth00100" description ""',
                      interfaces)


class OptionsOfVersion9(Options, unittest.TestCase):
    """RFC 3954 section 6.1"""

    version = netflow9.V9

    def test_lengths_that_are_not_whole_fields(self):
        """The lengths of specifiers must be multiples of 4 octets."""
        good = Template(256, DOMAIN, ("samplingInterval", 4), scopes=1)
        bad = bytearray(self.templates(good))
        bad[9] = 3		# of the option's specifiers
        report = self.report(self.message(bytes(bad)))
        self.assertEqual(report[AGENT]["templates-refused"], 1)


class OptionsOfIpfix(Options, unittest.TestCase):
    """RFC 7011 section 3.4.2.2"""

    version = netflow9.IPFIX

    def test_more_scope_fields_than_fields(self):
        bad = Template(256, DOMAIN, ("samplingInterval", 4), scopes=3)
        report = self.report(self.message(self.templates(bad)))
        self.assertEqual(report[AGENT]["templates-refused"], 1)


if __name__ == "__main__":
    tap.main()
