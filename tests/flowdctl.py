#!/usr/bin/env python3
"""flowdctl shows the state of a running flowd, and controls it."""

import fcntl
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import ctlclient
import netflow
import netflow9
import recorded
import report
import tap
from ctlclient import CONTROL, flowdctl, show, show_json
from flowdtest import PATIENCE, Flowd, need, wait_for
from netflow9 import IPFIX, V9, Template

AGENT = "127.0.0.9"
DOMAIN = ("observationDomainId", 4)
TIMES = (("flowStartMilliseconds", 8), ("flowEndMilliseconds", 8))
NAME = re.compile(r"[a-z_:][a-z0-9_:]*")
SAMPLE = re.compile(r'([a-z0-9_]+)(?:\{((?:\w+="(?:[^"\\]|\\.)*",?)*)\})? '
                    r"(-?[0-9.]+(?:e[+-]?[0-9]+)?)$")


def message(version, *sets, **header):
    """Returns a message whose header has the present time."""
    return netflow9.message(version, *sets,
                            **{"sec": int(time.time()), **header})


class Running(unittest.TestCase):
    """Each test runs a flowd that has something to show."""

    statements = (CONTROL,)

    def setUp(self):
        self.flowd = Flowd("store ALL", *self.statements)
        self.flowd.__enter__()
        self.addCleanup(lambda: self.flowd.__exit__(None, None, None))

    def send(self, datagram, source=AGENT):
        self.flowd.send(datagram, source)

    def wait(self, key, count, source=AGENT):
        """Waits until that counter of the exporter has this value."""
        def value():
            for exporter in show_json(self.flowd, "show",
                                      "exporters")["exporters"]:
                if exporter["exporter"] == source:
                    return exporter[key]
            return None
        wait_for(lambda: value() == count, f"{key} of {source} is {count}")


class Show(Running):
    statements = (CONTROL, "discard quick src 10.0.0.1",
                  'accept tag 7 src { 10.0.0.0/8, 192.0.2.1 }')

    def test_summary(self):
        self.send(netflow.datagram(5, netflow.flows(3)))
        self.send(b"no NetFlow")
        self.wait("datagrams", 2)
        summary = wait_for(lambda: (
            s := show_json(self.flowd, "show", "summary")["summary"]) and
            s["stored"] == 2 and s, "the flows are stored")
        self.assertEqual(
            {key: summary[key] for key in (
                "exporters", "datagrams", "decoded", "unsupported", "flows",
                "discarded", "log_bytes")},
            {"exporters": 1, "datagrams": 2, "decoded": 1, "unsupported": 1,
             "flows": 3, "discarded": 1,
             "log_bytes": self.flowd.log.stat().st_size})
        text = show(self.flowd, "show", "summary")
        self.assertRegex(text, r"^flowd [0-9.]+, collector 1 of 1, since ")
        self.assertRegex(text, r"\nno-template +0  Datagrams whose ")
        self.assertRegex(text, r"\nstored +2  Flows stored\.\n")

    def test_exporters(self):
        self.send(netflow.datagram(5, netflow.flows(3), flow_sequence=10))
        self.send(netflow.datagram(5, netflow.flows(2), flow_sequence=18))
        self.send(netflow.datagram(1, netflow.flows(1)), "127.0.0.8")
        self.wait("flows", 5)
        self.wait("flows", 1, "127.0.0.8")
        lines = show(self.flowd, "show", "exporters").splitlines()
        self.assertEqual([line.split()[:2] for line in lines],
                         [["EXPORTER", "VERSION"], ["127.0.0.8", "1"],
                          ["127.0.0.9", "5"]])
        self.assertEqual(lines[2].split()[3:], [
            "2", "5", lines[2].split()[5], "5", "50.00%", "0"])
        self.assertEqual(lines[1].split()[7], "unknown")

    def test_rules(self):
        self.send(netflow.datagram(5, netflow.flows(3)))
        self.wait("flows", 3)
        rules = show_json(self.flowd, "show", "rules")["rules"]
        self.assertEqual(
            [(r["number"], r["evaluations"], r["matches"], r["wins"],
              r["text"]) for r in rules],
            [(1, 3, 1, 1, "discard quick src 10.0.0.1/32"),
             (2, 2, 2, 2, "accept tag 7 src { 10.0.0.0/8, 192.0.2.1/32 }")])
        self.assertRegex(show(self.flowd, "show", "rules"),
                         r"\n +3 +1 +1  discard quick src 10\.0\.0\.1/32\n")

    def test_memory(self):
        layout = Template(256, ("octetDeltaCount", 8))
        self.send(message(V9, netflow9.data(layout, (1,))))
        self.wait("held_sets", 1)
        memory = show_json(self.flowd, "show", "memory")["memory"]
        self.assertEqual((memory["held_sets"], memory["exporters"]), (1, 1))
        self.assertGreater(memory["state_used"], 0)
        self.assertEqual(memory["state_limit"], 512 << 20)
        self.assertIn("templates-limit", show(self.flowd, "show", "memory"))

    def test_exporter(self):
        flow = Template(300, ("octetDeltaCount", 8), *TIMES,
                        (4242, 3, 99), ("interfaceName", netflow9.VARIABLE),
                        (95, 4), (4315, 4, 9), (5, 1, 29305),
                        (16398, 1, 6871))
        options = Template(301, DOMAIN, ("samplerId", 2),
                           ("samplerMode", 1), ("samplerRandomInterval", 4),
                           scopes=1)
        names = Template(302, ("ingressInterface", 4),
                         ("interfaceName", netflow9.VARIABLE),
                         ("interfaceDescription", netflow9.VARIABLE),
                         scopes=1)
        self.send(message(
            IPFIX, netflow9.templates(IPFIX, flow),
            netflow9.templates(IPFIX, options, names),
            netflow9.data(options, (1, 5, 2, 100)),
            netflow9.data(names, (7, b"eth7\x1b[2J", b"up"),
                          (8, b"n" * 255, "Zürich\\".encode() + b"\xfc")),
            domain=1))
        self.wait("options", 3)
        answer = show_json(self.flowd, "show", "exporter", AGENT)
        self.assertEqual([(i["name"], i["description"])
                          for i in answer["interfaces"]],
                         [(r"eth7\033[2J", "up"),
                          ("n" * 255, "Zürich\\" + r"\374")])
        self.assertEqual([e["exporter"] for e in answer["exporters"]],
                         [AGENT])
        self.assertEqual(answer["exporters"][0]["versions"], [10])
        self.assertEqual(
            [(t["id"], t["options"], [(e["name"], e["enterprise"],
                                       e["length"], e["scope"])
                                      for e in t["elements"]])
             for t in answer["templates"]][0],
            (300, False, [("octetDeltaCount", 0, 8, False),
                          ("flowStartMilliseconds", 0, 8, False),
                          ("flowEndMilliseconds", 0, 8, False),
                          (None, 99, 3, False),
                          ("interfaceName", 0, 65535, False),
                          ("applicationId", 0, 4, False),
                          ("tcpWindowSizeMin", 9, 4, False),
                          ("reverseIpClassOfService", 29305, 1, False),
                          ("reverseInitialTCPFlags", 6871, 1, False)]))
        self.assertEqual([e["read"] for e in
                          answer["templates"][0]["elements"]][-4:],
                         [False, False, True, True])
        self.assertEqual(
            [(s["domain"], s["id"], s["one_of"])
             for s in answer["samplers"]], [(1, 5, 100)])
        text = show(self.flowd, "show", "exporter", AGENT)
        for line in (f"{AGENT}: versions 10", "    octetDeltaCount (1), 8 bytes",
                     "    element 4242 of enterprise 99, 3 bytes",
                     "    interfaceName (82), variable length",
                     "    applicationId (95), 4 bytes",
                     "    tcpWindowSizeMin (4315 of enterprise 9), 4 bytes",
                     "    scope observationDomainId (149), 4 bytes",
                     "interface 7: eth7\\033[2J - up"):
            self.assertIn(line + "\n", text)
        for locale, city in (("C", r"Z\303\274rich"), ("C.UTF-8", "Zürich")):
            done = flowdctl(self.flowd, "show", "exporter", AGENT,
                            env={**os.environ, "LC_ALL": locale})
            self.assertIn("n - " + city + r"\\\374" + "\n", done.stdout)
        self.assertRegex(text, r"sampling: 1 of 100 packets, mode 2, "
                               r"sampler 5 of domain 1, in options data")
        self.assertIn("template 300: 9 fields, announced ", text)
        self.assertIn("\n" + AGENT, "\n" + show(self.flowd, "show",
                                                "templates"))

    def test_sampling(self):
        """Each rate is shown with what it is about, and its source."""
        process = Template(301, ("meteringProcessId", 4),
                           ("samplingPacketInterval", 4),
                           ("samplingPacketSpace", 4), scopes=1)
        exporting = Template(302, ("exportingProcessId", 4),
                             ("samplingInterval", 4),
                             ("samplingAlgorithm", 1), scopes=1)
        selector = Template(303, ("selectorId", 4), ("selectorAlgorithm", 2),
                            ("samplingSize", 4), ("samplingPopulation", 4),
                            ("samplerName", 8), scopes=1)
        sequence = Template(304, ("selectionSequenceId", 8),
                            ("ingressInterface", 4), ("selectorId", 4),
                            ("selectorId", 4), scopes=1)
        domain = Template(305, DOMAIN, ("samplingInterval", 4), scopes=1)
        useless = Template(306, DOMAIN, ("applicationName", 4), scopes=1)
        layouts = process, exporting, selector, sequence, domain, useless
        self.send(message(
            IPFIX, netflow9.templates(IPFIX, *layouts),
            netflow9.data(process, (7, 2, 1)),
            netflow9.data(exporting, (8, 50, 2)),
            netflow9.data(selector, (3, 3, 10, 100, b"core\0\0\0\0"),
                          (4, 1, 1, 10, bytes(8))),
            netflow9.data(sequence, (9, 1, 3, 4)),
            netflow9.data(domain, (6, 300)),
            netflow9.data(useless, (1, b"http")), domain=1))
        self.wait("options", 6)
        exporter = show_json(self.flowd, "show", "exporter", AGENT)
        self.assertEqual(exporter["exporters"][0]["options_ignored"], 1)
        self.assertEqual(exporter["exporters"][0]["options_dropped"], 0)
        self.assertEqual(
            [(s["sampled"], s["one_of"], s["algorithm"], s["domain"],
              s["sent_in"]) for s in exporter["samplers"]],
            [(1, 100, 0, 1, 1), (1, 50, 3, 1, 1), (2, 3, 0, 1, 1),
             (1, 10, 3, 1, 1), (1, 10, 1, 1, 1), (1, 300, 0, 6, 1)])
        self.assertEqual(
            {name: exporter["samplers"][i][name] for i, name in enumerate(
                ("selectors", "exporting_process", "metering_process",
                 "name", "id"))},
            {"selectors": "3 4", "exporting_process": 8,
             "metering_process": 7, "name": "core", "id": 4})
        text = show(self.flowd, "show", "exporter", AGENT)
        said = ", in options data of version 10 from source port [0-9]+"
        for line in (
                f"2 of 3 packets, mode 0, sampler 0 of domain 1, metering "
                f"process 7{said}",
                f"1 of 50 packets, mode 2, sampler 0 of domain 1, exporting "
                f"process 8{said}, random n-out-of-N sampling",
                f"1 of 10 packets, mode 3, sampler 3 of domain 1{said}, "
                f"random n-out-of-N sampling, name core",
                f"1 of 100 packets, mode 0, selection sequence 9 of selectors "
                f"3 4 of domain 1{said}",
                f"1 of 300 packets, mode 0, sampler 0 of domain 6{said}, sent "
                f"in domain 1"):
            self.assertRegex(text, f"(?m)^sampling: {line}$")

    def test_wrong_arguments(self):
        for args, said in (
                (("show", "exporter", AGENT), "flowd knows no such exporter"),
                (("show", "exporter", "router"), "expected the address"),
                (("-j", "reload"), "options -j and -p do not apply"),
                (("top", "0"), "seconds 0: the number is too small"),
                (("serve", "localhost"), "expected ADDRESS:PORT"),
                (("show",), "usage:"), (("show", "exporters", "x"), "usage:"),
                ((), "usage:"), (("-x",), "usage:")):
            with self.subTest(args=args):
                result = flowdctl(self.flowd, *args)
                self.assertEqual((result.returncode, result.stdout), (1, ""))
                self.assertIn(said, result.stderr)

    def test_a_full_disk(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("/dev/full does not exist")
        with open("/dev/full", "wb") as full:
            result = subprocess.run(
                [tap.program("flowdctl"), "-s", str(self.flowd.dir / "ctl"),
                 "show", "summary"], stdout=full, stderr=subprocess.PIPE,
                text=True, check=False, timeout=PATIENCE)
        self.assertEqual(result.returncode, 1)
        self.assertIn("standard output", result.stderr)


def table_of_counters(which):
    """Returns member, name and metric of the counters in a list of the table."""
    table = tap.source("counters.h").read_text().replace("\\\n", "")
    rows = re.search(rf"^#define {which}\(ROW\)(.*)$", table, re.MULTILINE)[1]
    return re.findall(r'ROW\(\d+, (\w+), "([^"]+)", \w+,\s*"([^"]+)",\s*"[^"]',
                      rows)


class Counters(Running):
    """A row in the table of counters is all that the outputs need."""

    def shown(self, of_exporters):
        """Names in show summary, of one exporter too, as text and by -j, -p."""
        commands = [("show", "summary")]
        if of_exporters:
            commands.append(("show", "exporter", AGENT))
        for command in commands:
            text = show(self.flowd, *command)
            values = show_json(self.flowd, *command)
            record = values.get("summary") or values["exporters"][0]
            prefix = "flowd_" if "summary" in values else "flowd_exporter_"
            metrics = {re.split(r"[ {]", line)[0].removeprefix(prefix)
                       for line in show(self.flowd, "-p",
                                        *command).splitlines()}
            yield (set(re.findall(r"^([a-z-]+) +\d", text, re.MULTILINE)),
                   set(record), metrics)

    def test_every_counter_is_shown(self):
        self.send(netflow.datagram(5, netflow.flows(1)))
        self.wait("flows", 1)
        counted = report.statistics(self.flowd)
        page = set(re.findall(r"^\.It Cm (\S+)$",
                              tap.source("flowd.8").read_text(), re.MULTILINE))
        for which in ("COUNTERS_OF_EXPORTER", "COUNTERS_OF_COLLECTOR"):
            rows = table_of_counters(which)
            self.assertGreater(len(rows), 10)
            names = {name for _, name, _ in rows}
            self.assertEqual(names - page, set())
            self.assertEqual(names - {*counted.all, *counted.whole}, set())
            for text, keys, metrics in self.shown(
                    which == "COUNTERS_OF_EXPORTER"):
                members = {member for member, _, _ in rows}
                self.assertEqual(
                    {m.replace("_", "-") for m in members} - text, set())
                self.assertEqual(members - keys, set())
                self.assertEqual({m for _, _, m in rows} - metrics, set())


class Workers(Running):
    """Each worker has its own socket and exporters; flowdctl combines them."""

    statements = ("workers 3", CONTROL, "discard src 10.0.0.1")

    def test_all_are_asked(self):
        agents = [f"127.0.0.{i}" for i in range(2, 32)]
        for agent in agents:
            self.send(netflow.datagram(5, netflow.flows(2)), agent)
        for agent in agents:
            self.wait("flows", 2, agent)
        answer = show_json(self.flowd, "show", "exporters")
        self.assertEqual([c["worker"] for c in answer["collectors"]],
                         [1, 2, 3])
        self.assertEqual([e["exporter"] for e in answer["exporters"]], agents)
        summary = show_json(self.flowd, "show", "summary")["summary"]
        self.assertEqual((summary["exporters"], summary["flows"],
                          summary["discarded"]), (30, 60, 30))
        rules = show_json(self.flowd, "show", "rules")["rules"]
        self.assertEqual([(r["evaluations"], r["wins"]) for r in rules],
                         [(60, 30)])
        for name in ("ctl", "ctl.2", "ctl.3"):
            self.assertTrue((self.flowd.dir / name).is_socket())
        self.flowd.reload("store ALL", "workers 3", 'control "@DIR@/new"')
        self.assertEqual(sorted(p.name for p in self.flowd.dir.iterdir()
                                if p.is_socket()), ["new", "new.2", "new.3"])
        self.flowd.stop()
        self.assertFalse((self.flowd.dir / "new.3").exists())


class Control(Running):
    def test_reload_and_reopen(self):
        self.flowd.write_conf("store ALL", CONTROL, "accept tag 3 all")
        show(self.flowd, "reload")
        self.flowd.wait_stderr("new configuration in force")
        wait_for(lambda: show_json(self.flowd, "show", "rules")["rules"],
                 "the new rule exists")
        self.flowd.log.rename(self.flowd.dir / "old")
        show(self.flowd, "log", "reopen")
        wait_for(self.flowd.log.exists, "the log was reopened")

    def test_socket_of_the_configuration(self):
        # flowdctl may run as another user below.
        self.flowd.dir.chmod(0o755)
        command = [tap.program("flowdctl"), "-f", str(self.flowd.conf)]
        result = subprocess.run([*command, "show", "summary"], text=True,
                                capture_output=True, check=False,
                                timeout=PATIENCE)
        if re.search("the user .* does not exist", result.stderr):
            self.skipTest("the collector's user does not exist")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("datagrams", result.stdout)
        self.flowd.write_conf("store ALL")
        result = subprocess.run([*command, "show", "summary"], text=True,
                                capture_output=True, check=False,
                                timeout=PATIENCE)
        self.assertEqual(result.returncode, 1)
        self.assertIn("no control statement", result.stderr)

    def test_without_permission(self):
        if os.geteuid() != 0 or need("setpriv"):
            self.skipTest("not root, or setpriv is not installed")
        self.flowd.dir.chmod(0o755)
        nobody = ["setpriv", "--reuid=65534", "--regid=65534",
                  "--clear-groups"]
        command = [tap.program("flowdctl"), "-s",
                   str(self.flowd.dir / "ctl")]
        if subprocess.run([*nobody, "test", "-x", command[0]],
                          check=False).returncode != 0:
            self.skipTest("others cannot reach the build directory")
        result = subprocess.run([*nobody, *command, "show", "summary"],
                                capture_output=True, text=True, check=False,
                                timeout=PATIENCE)
        self.assertIn("Permission denied", result.stderr)
        # A user with access to the socket may still not signal flowd.
        (self.flowd.dir / "ctl").chmod(0o666)
        result = subprocess.run([*nobody, *command, "reload"],
                                capture_output=True, text=True, check=False,
                                timeout=PATIENCE)
        self.assertEqual(result.returncode, 1)
        self.assertIn("only root and flowd's own user may send signals to "
                      f"flowd, process {self.flowd.pid()}\n", result.stderr)

    def test_without_flowd(self):
        path = self.flowd.dir / "none"
        result = subprocess.run(
            [tap.program("flowdctl"), "-s", str(path), "show", "summary"],
            capture_output=True, text=True, check=False, timeout=PATIENCE)
        self.assertEqual(result.returncode, 1)
        self.assertIn("no such socket", result.stderr)


class Forget(Running):
    """Exporters that are retired are forgotten."""
    statements = (CONTROL, "flow source any", "limit silence 1s")

    def exporters(self):
        return [e["exporter"] for e in show_json(
            self.flowd, "show", "exporters")["exporters"]]

    def test_silence(self):
        self.send(netflow.datagram(5, netflow.flows(3)))
        wait_for(lambda: any(f"{AGENT}: silent for too long, forgotten" in line
                             for line in self.flowd.stderr_lines()),
                 "the exporter is forgotten")
        self.assertEqual(self.exporters(), [])
        # Its counters stay in the sums, and it may come again.
        summary = show_json(self.flowd, "show", "summary")["summary"]
        self.assertEqual((summary["flows"], summary["evicted"]), (3, 1))
        self.send(netflow.datagram(5, netflow.flows(1)))
        wait_for(lambda: show_json(self.flowd, "show", "summary")["summary"]
                 ["stored"] == 4, "the fourth flow is stored")


    def test_source_removed(self):
        self.flowd.reload(CONTROL, f"flow source {AGENT}",
                          "flow source 127.0.0.8")
        for source in AGENT, "127.0.0.8":
            self.send(netflow.datagram(5, netflow.flows(1)), source)
            self.wait("flows", 1, source)
        self.flowd.reload(CONTROL, f"flow source {AGENT}")
        wait_for(lambda: self.exporters() == [AGENT],
                 "only one exporter is left")


class Check(Running):
    """Problems, described in words."""

    def findings(self, status=3):
        return {f["finding"]: f["text"] for f in show_json(
            self.flowd, "check", AGENT, status=status)["findings"]}

    def test_no_findings(self):
        layout = Template(300, ("octetDeltaCount", 8), *TIMES)
        now = int(time.time()) * 1000
        self.send(message(IPFIX, netflow9.templates(IPFIX, layout),
                          netflow9.data(layout, (1, now - 2000, now - 1000))))
        self.wait("flows", 1)
        self.assertEqual(self.findings(0), {})
        self.assertEqual(show(self.flowd, "check"),
                         "no problems found\n")

    def test_templates(self):
        narrow = Template(300, ("octetDeltaCount", 4), ("samplerId", 1),
                          ("flowStartSysUpTime", 4), ("flowEndSysUpTime", 4))
        timeless = Template(301, ("octetDeltaCount", 8))
        self.send(message(IPFIX, netflow9.templates(IPFIX, narrow, timeless)))
        self.wait("templates", 2)
        found = self.findings()
        self.assertEqual(set(found), {"no-time-base", "no-times",
                                      "sampling-unknown"})
        self.assertIn("template 300 of domain 0", found["no-time-base"])
        self.assertIn("template 301 of domain 0", found["no-times"])
        # Options data of another domain tell about this one, too.
        rate = Template(302, DOMAIN, ("samplerId", 1),
                        ("samplerRandomInterval", 4), scopes=1)
        self.send(message(IPFIX, netflow9.templates(IPFIX, rate),
                          netflow9.data(rate, (7, 1, 100)), domain=7))
        self.wait("options", 1)
        self.assertNotIn("sampling-unknown", self.findings())
        # A rate in each record counts as known sampling.
        sampled = Template(300, ("octetDeltaCount", 4), ("samplerId", 1),
                           ("samplerRandomInterval", 4), *TIMES)
        self.send(message(IPFIX, netflow9.templates(IPFIX, sampled)))
        self.wait("templates", 4)
        self.assertEqual(set(self.findings()), {"no-times"})
        self.assertIn("\nsampling: samplerRandomInterval in each record of "
                      "template 300 of domain 0\n",
                      show(self.flowd, "show", "exporter", AGENT))
        self.send(message(IPFIX, netflow9.templates(IPFIX, narrow)))
        self.wait("templates", 5)
        options = Template(302, DOMAIN, ("samplerId", 1),
                           ("samplerRandomInterval", 4),
                           ("systemInitTimeMilliseconds", 8), scopes=1)
        self.send(message(IPFIX, netflow9.templates(IPFIX, options),
                          netflow9.data(options, (0, 1, 10, 10 ** 12))))
        self.wait("options", 2)
        self.assertEqual(set(self.findings()), {"no-times"})

    def test_narrow_counters(self):
        """4 bytes are enough as long as no flow is near their limit."""
        narrow = Template(300, ("octetDeltaCount", 4), *TIMES)
        now = int(time.time()) * 1000
        self.send(message(IPFIX, netflow9.templates(IPFIX, narrow),
                          netflow9.data(narrow, (2**31 - 1, now, now))))
        self.wait("flows", 1)
        self.assertEqual(self.findings(0), {})
        self.send(message(IPFIX, netflow9.data(narrow, (2**31, now, now))))
        self.wait("flows", 2)
        self.assertEqual(set(self.findings()), {"narrow-counters"})
        exporter = show_json(self.flowd, "show",
                             "exporters")["exporters"][0]
        self.assertEqual((exporter["octets"], exporter["large"]),
                         (2**32 - 1, 1))

    def acknowledged(self, text, *args, status=0):
        """Returns what check prints if the file has this text."""
        file = self.flowd.dir / "acknowledged"
        file.write_text(text)
        result = flowdctl(self.flowd, "-a", str(file), *args, "check")
        self.assertEqual(result.returncode, status, result.stderr)
        return result.stdout if status != 1 else result.stderr

    def test_acknowledged(self):
        layout = Template(300, ("octetDeltaCount", 8))
        self.send(message(V9, netflow9.data(layout, (1,))))
        self.send(struct.pack("!H", 77))
        self.wait("datagrams", 2)
        printed = show(self.flowd, "check", status=3)
        self.assertEqual(printed.count("\n"), 2)
        # The output of check is itself a valid file.
        self.assertEqual(self.acknowledged(printed), "")
        one = f"# known\n\n {AGENT}  unsupported-version\r\n"
        self.assertRegex(self.acknowledged(one, status=3),
                         rf"\A{AGENT}: waiting-for-template: .*\n\Z")
        found = json.loads(self.acknowledged(one, "-j", status=3))
        self.assertEqual({f["finding"]: f["acknowledged"]
                          for f in found["findings"]},
                         {"unsupported-version": True,
                          "waiting-for-template": False})
        # The status with -p does not depend on findings.
        self.assertEqual(
            [line for line in self.acknowledged(one, "-p")
             .splitlines() if line[0] != "#"],
            [f'flowd_exporter_finding{{exporter="{AGENT}",'
             'finding="waiting-for-template"} 1'])
        # An acknowledgement is about one exporter and one finding.
        other = printed.replace(AGENT, "127.0.0.8")
        self.assertEqual(self.acknowledged(other, status=3), printed)

    def test_acknowledged_without_problems(self):
        printed = show(self.flowd, "check")
        self.assertEqual(printed, "no problems found\n")
        self.assertEqual(self.acknowledged(printed), "")

    def test_wrong_acknowledgements(self):
        for line, message in (
                ("all clock-off", "expected the address of an exporter"),
                (AGENT, "expected the name of a finding after the address"),
                (f"{AGENT} clock", "no finding has this name")):
            self.assertIn(f"acknowledged:2: {message}",
                          self.acknowledged(f"# x\n{line}\n", status=1))
        result = flowdctl(self.flowd, "-a", "/nonexistent/file", "check")
        self.assertEqual(result.returncode, 1)
        self.assertIn("cannot read /nonexistent/file", result.stderr)
        result = flowdctl(self.flowd, "-a", "/dev/null", "top")
        self.assertEqual(result.returncode, 1)
        self.assertIn("top: option -a does not apply", result.stderr)

    def test_every_finding_can_be_acknowledged(self):
        manual = tap.source("flowdctl.8").read_text()
        names = re.findall(r"^\.It Cm (\S+)$", manual.partition(
            ".Sh FINDINGS")[2].partition(".Sh ")[0], re.M)
        self.assertGreater(len(names), 10)
        text = "".join(f"{AGENT} {name}\n" for name in names)
        self.assertEqual(self.acknowledged(text), "")
        for source in "ctl-check.c", "ctl-findings.c":
            code = tap.source(source).read_text()
            used = set(re.findall(r'"([a-z]+(?:-[a-z]+)+)"', code))
            self.assertLessEqual(used, set(names))

    def test_templates_are_listed_in_one_finding(self):
        layouts = [Template(300 + i, ("octetDeltaCount", 4), *TIMES)
                   for i in range(25)]
        now = int(time.time()) * 1000
        self.send(message(IPFIX, netflow9.templates(IPFIX, *layouts),
                          netflow9.data(layouts[0], (2**31, now, now))))
        self.wait("flows", 1)
        findings = show_json(self.flowd, "check", AGENT,
                             status=3)["findings"]
        self.assertEqual([f["finding"] for f in findings],
                         ["narrow-counters"])
        text = findings[0]["text"]
        self.assertEqual(text.count(" of domain 0"), 20)
        self.assertTrue(text.endswith(" and 5 more"), text)

    def test_templates_of_structured_data(self):
        """No finding before data come by them."""
        inner = Template(300, ("applicationName", netflow9.VARIABLE))
        self.send(message(IPFIX, netflow9.templates(IPFIX, inner)))
        self.wait("templates", 1)
        self.assertEqual(self.findings(0), {})
        self.send(message(IPFIX, netflow9.data(inner, (b"dns",))))
        self.wait("flows", 1)
        found = self.findings()
        self.assertEqual(set(found), {"no-times", "no-content"})
        self.assertIn("template 300 of domain 0", found["no-content"])

    def test_changed_templates(self):
        now = int(time.time()) * 1000
        layouts = [Template(300, (name, 8), *TIMES)
                   for name in ("octetDeltaCount", "packetDeltaCount")]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind((AGENT, 0))
            for i in range(4):
                sock.sendto(message(
                    IPFIX, netflow9.templates(IPFIX, layouts[i % 2]),
                    netflow9.data(layouts[i % 2], (1, now, now)),
                    sequence=i), (self.flowd.addresses[0], self.flowd.port))
            self.wait("flows", 4)
        found = self.findings()
        self.assertEqual(set(found), {"template-changed"})
        self.assertTrue(found["template-changed"].endswith(
            ": template 300 of domain 0 (3 times)"), found)

    def test_interface_0_is_none(self):
        now = int(time.time())
        flows = [{**f, "if_index_in": 0, "if_index_out": 0}
                 for f in netflow.flows(1)]
        for i in range(30):
            self.send(netflow.datagram(5, flows, time_sec=now,
                                       flow_sequence=i))
        self.wait("flows", 30)
        self.assertEqual(self.findings(0), {})

    @unittest.skipIf(tap.DATA is None, "FLOWD_TEST_DATA is not set")
    def test_reported_false_alarms(self):
        for i, name in enumerate(("g5-in-is-out-of-zero",
                                  "g10-no-times-of-list-templates"), 1):
            agent = f"127.0.5.{i}"
            datagrams = recorded.report(name)
            for datagram in datagrams:
                self.send(datagram, agent)
            self.wait("datagrams", len(datagrams), agent)
            found = show_json(self.flowd, "check", agent, status=3)
            # The reports are of the past.
            self.assertEqual([f["finding"] for f in found["findings"]],
                             ["clock-off"])

    def test_datagrams(self):
        layout = Template(300, ("octetDeltaCount", 8))
        self.send(message(V9, netflow9.data(layout, (1,))))
        self.send(struct.pack("!H", 77))
        self.send(b"\0\5")
        self.wait("datagrams", 3)
        found = self.findings()
        self.assertEqual(set(found), {"unsupported-version", "malformed",
                                      "waiting-for-template"})
        self.assertIn("NetFlow version 77", found["unsupported-version"])
        self.send(struct.pack("!II", 5, 1) + bytes(20))
        self.wait("datagrams", 4)
        self.assertIn("sends sFlow version 5,",
                      self.findings()["unsupported-version"])

    def test_clock_and_completeness(self):
        late = int(time.time()) - 3600
        for sequence in (0, 1, 100):
            self.send(netflow.datagram(5, netflow.flows(1), time_sec=late,
                                       flow_sequence=sequence))
        self.wait("flows", 3)
        found = self.findings()
        self.assertEqual(set(found), {"clock-off", "incomplete"})
        self.assertTrue(found["incomplete"].endswith(
            " 98 are missing; in total, flowd lost 0 flows of this exporter "
            "to output errors, and the kernel dropped 0 datagrams of all "
            "exporters"), found)
        self.assertRegex(found["clock-off"], r"is 3(599|60\d) s behind$")

    def test_limits_of_options_data(self):
        names = Template(302, ("ingressInterface", 4), ("interfaceName", 4),
                         scopes=1)
        self.send(message(IPFIX, netflow9.templates(IPFIX, names)))
        for i in range(5):
            self.send(message(IPFIX, netflow9.data(
                names, *((1 + 1000 * i + n, b"eth0") for n in range(1000)))))
        self.wait("options", 5000)
        self.assertIn("and 904 names of interfaces",
                      self.findings()["options-limit"])
        text = show(self.flowd, "show", "exporter", AGENT)
        self.assertRegex(text, r"(?m)^interfaces-evicted +904 ")
        self.assertEqual(len(re.findall(r"(?m)^interface \d", text)), 4096)
        self.assertNotIn("interface 904:", text)
        self.assertIn("interface 905: eth0", text)

    def test_interfaces(self):
        flows = [{**f, "if_index_in": 3, "if_index_out": 3}
                 for f in netflow.flows(1)]
        now = int(time.time())
        for i in range(30):
            self.send(netflow.datagram(5, flows, time_sec=now,
                                       flow_sequence=i))
        self.wait("flows", 30)
        self.assertEqual(set(self.findings()), {"in-is-out"})

    def test_the_manual_has_all_findings(self):
        # Calls of add(), and the rows of the table of template checks.
        named = set(re.findall(r'(?:add\(c,|^\t\{|flowd\(found,) "([a-z-]+)"',
                               tap.source("ctl-check.c").read_text(),
                               re.MULTILINE))
        manual = tap.source("flowdctl.8").read_text()
        listed = set(re.findall(r"^\.It Cm ([a-z-]+)$", manual.partition(
            ".Sh FINDINGS")[2].partition(".Sh ")[0], re.MULTILINE))
        self.assertGreater(len(named), 10)
        self.assertEqual(named, listed)


class Metrics(Running):
    """Prometheus' text exposition format."""

    statements = (CONTROL, "discard all", "accept src 10.0.0.0/8")

    def setUp(self):
        super().setUp()
        self.send(netflow.datagram(5, netflow.flows(3)))
        self.wait("flows", 3)

    def page(self, *command):
        return show(self.flowd, "-p", *command)

    def test_format(self):
        for command in (("show", "summary"), ("show", "memory"),
                        ("show", "rules"), ("show", "exporters")):
            types, helped, seen = {}, set(), []
            for line in self.page(*command).splitlines():
                if line.startswith("# HELP "):
                    helped.add(line.split()[2])
                elif line.startswith("# TYPE "):
                    types[line.split()[2]] = line.split()[3]
                else:
                    sample = SAMPLE.match(line)
                    self.assertTrue(sample, line)
                    if sample[1] not in seen[-1:]:
                        self.assertNotIn(sample[1], seen)
                        seen.append(sample[1])
            self.assertEqual(helped, set(types))
            self.assertLessEqual(set(seen), set(types))
            for name, kind in types.items():
                self.assertTrue(NAME.fullmatch(name) and
                                name.startswith("flowd_"))
                self.assertEqual(kind == "counter", name.endswith("_total"))

    def test_promtool(self):
        if need("promtool"):
            self.skipTest("promtool is not installed")
        for command in ("summary", "memory", "rules", "exporters"):
            result = subprocess.run(
                ["promtool", "check", "metrics"],
                input=self.page("show", command), capture_output=True,
                text=True, check=False, timeout=PATIENCE)
            self.assertEqual((result.returncode, result.stdout,
                              result.stderr), (0, "", ""))

    def test_values(self):
        page = self.page("show", "exporters")
        self.assertIn(f'\nflowd_exporter_flows_total{{exporter="{AGENT}"}} '
                      "3\n", page)
        self.assertIn('flowd_rule_wins_total{rule="2",text="accept src '
                      '10.0.0.0/8"} 3\n', show(self.flowd, "-p", "show",
                                               "rules"))


class Top(Running):
    def test_rounds(self):
        self.send(netflow.datagram(5, netflow.flows(3)))
        self.send(netflow.datagram(5, netflow.flows(9)), "127.0.0.8")
        self.wait("flows", 3)
        self.wait("flows", 9, "127.0.0.8")
        text = show(self.flowd, "top", "1", "2")
        rounds = text.split("\n\n")[:-1]
        self.assertEqual(len(rounds), 2)
        for text in rounds:
            self.assertIn("2 exporters\nflows 12 stored ", text)
        self.assertNotIn("\033", text)
        # The exporter with the most flows is first.
        self.assertRegex(rounds[0], r"(?s)127\.0\.0\.8 .*127\.0\.0\.9 ")

    def read_until(self, master, text=None):
        """Returns the terminal's output, until it contains text or is
        closed."""
        said = b""
        deadline = time.monotonic() + PATIENCE
        while text is None or text not in said:
            if not select.select([master], [], [],
                                 deadline - time.monotonic())[0]:
                raise AssertionError(f"no {text} in {said}")
            try:
                said += os.read(master, 4096 if text is None else 16)
            except OSError:
                break
        return said

    def on_terminal(self, end, status=0, begin=b"EXPORTER"):
        """Returns the whole output of top, which end(master) must end after
        the text begin."""
        master, slave = pty.openpty()
        process = subprocess.Popen(
            [tap.program("flowdctl"), "-s", str(self.flowd.dir / "ctl"),
             "top"], stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)
        said = self.read_until(master, begin)
        end(master, process)
        said += self.read_until(master)
        self.assertEqual(process.wait(PATIENCE), status)
        os.close(master)
        # The cursor is hidden and shown again, and line wrap is off only while
        # the table is printed.
        self.assertRegex(said, rb"(?s)^\033\[\?25l.*\033\[\?25h")
        self.assertRegex(said, rb"(?s)\033\[\?7l[^\033]*EXPORTER"
                               rb"[^\033]*\033\[\?7h")
        self.assertTrue(said.endswith(b"\033[?7h\033[?25h"), said[-80:])
        return said

    def test_q_ends_it(self):
        self.on_terminal(lambda master, _: os.write(master, b"q"))

    def test_interrupt_ends_it(self):
        for key in b"\3\x1c":
            self.on_terminal(lambda master, _: os.write(master, bytes([key])))

    def test_hangup_ends_it(self):
        self.on_terminal(lambda _, process: process.send_signal(signal.SIGHUP))

    def test_an_interrupt_discards_no_output(self):
        # More than the terminal's buffer, in which the table waits.
        agents = {f"127.0.2.{n}" for n in range(1, 201)}
        for agent in agents:
            self.send(netflow.datagram(5, netflow.flows(1)), agent)
        wait_for(lambda: show_json(self.flowd, "show", "summary")["summary"][
            "exporters"] == len(agents), "all exporters are known")
        said = self.on_terminal(lambda master, _: os.write(master, b"\3"),
                                begin=b"\033[?7l")
        self.assertEqual(set(re.findall(r"127\.0\.2\.\d+", said.decode())),
                         agents)

    def test_it_is_suspended(self):
        def end(master, process):
            os.write(master, b"\x1a")
            status = os.waitpid(process.pid, os.WUNTRACED)[1]
            self.assertTrue(os.WIFSTOPPED(status))
            self.assertTrue(termios.tcgetattr(master)[3] & termios.ICANON)
            process.send_signal(signal.SIGCONT)
            self.read_until(master, b"EXPORTER")
            self.assertFalse(termios.tcgetattr(master)[3] & termios.ICANON)
            os.write(master, b"q")
        self.on_terminal(end)

    def test_it_reports_that_flowd_has_ended(self):
        said = self.on_terminal(lambda *_: self.flowd.stop(), status=1)
        # On the normal screen, where the user can read it.
        self.assertIn(b"ctl: no such socket", said)
        self.assertNotIn(b"\033[?1049", said)


class Liar(unittest.TestCase):
    """An attacker controls the collector: flowdctl only prints error
    messages."""

    def answer(self, data, *command):
        """Runs flowdctl on this answer, and returns its result."""
        directory = pathlib.Path(Flowd().dir)
        self.addCleanup(shutil.rmtree, directory, True)
        directory.mkdir(exist_ok=True)
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(directory / "ctl"))
            server.listen()
            done = threading.Event()
            server.settimeout(0.1)

            def serve():
                while not done.is_set():
                    try:
                        client = server.accept()[0]
                    except TimeoutError:
                        continue
                    with client:
                        client.settimeout(PATIENCE)
                        client.recv(64)
                        client.sendall(data)
            thread = threading.Thread(target=serve)
            thread.start()
            try:
                return subprocess.run(
                    [tap.program("flowdctl"), "-s", str(directory / "ctl"),
                     *command], capture_output=True, text=True, check=False,
                    timeout=PATIENCE)
            finally:
                done.set()
                thread.join()

    def record(self, kind, body):
        return struct.pack("!HI", kind, len(body)) + body

    def hello(self, version=ctlclient.VERSION, worker=1, workers=1,
              release=b"1"):
        return self.record(1, struct.pack(
            "!5QI", version, worker, workers, 1700000000, 1700000000,
            len(release)) + release)

    def refused(self, data, said, *command):
        result = self.answer(data, *(command or ("show", "rules")))
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn(said, result.stderr)

    def test_invalid_answers(self):
        end = self.record(10, b"")
        self.refused(b"", "ended its answer early")
        self.refused(self.hello(), "ended its answer early")
        self.refused(self.hello(version=2) + end, "of another release")
        for data in (end, self.hello(worker=2) + end,
                     self.hello(worker=2, workers=2) + end,
                     self.hello(workers=1 << 40) + end,
                     self.hello() + self.hello() + end,
                     self.hello() + end + end,
                     self.hello() + self.record(99, b"") + end,
                     self.hello() + self.record(2, b"\0") + end,
                     self.hello() + struct.pack("!HI", 4, 1 << 31),
                     self.hello() + self.record(4, struct.pack(
                         "!5QI", 1 << 60, 0, 0, 0, 0, 0)) + end,
                     b"HTTP/1.0 200 OK\r\n\r\n"):
            self.refused(data, "the answer is invalid")
        self.refused(self.hello() + end, "the answer is invalid", "show",
                     "summary")

    def test_control_characters_in_texts(self):
        text = b'\x1b]0;owned\x07"\\\n\xe9'
        rule = self.record(4, struct.pack("!5QI", 1, 2, 3, 4, len(text),
                                          len(text)) + text)
        data = self.hello(release=text) + rule + self.record(10, b"")
        shown = r'\033]0;owned\007"\\' + r"\012\351"
        self.assertIn(shown + "\n", self.answer(data, "show", "rules").stdout)
        quoted = shown.replace("\\", "\\\\").replace(
            "\\\\\\\\", "\\\\").replace('"', '\\"')
        for option in ("-j", "-p"):
            self.assertIn(f'"{quoted}"',
                          self.answer(data, option, "show", "rules").stdout)


if __name__ == "__main__":
    tap.main()
