#!/usr/bin/env python3
"""The alerts for Prometheus are valid, use metrics that exist, and fire when
they have to."""

import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow
import tap
from ctlclient import CONTROL, show
from flowdtest import PATIENCE, Flowd, need

RULES = tap.SRC / "contrib" / "flowd.rules.yml"
EXPORTER = "192.0.2.1"
SEEN = f'flowd_exporter_last_seen_timestamp_seconds{{exporter="{EXPORTER}"}}'
RATIO = f'flowd_exporter_hour_complete_ratio{{exporter="{EXPORTER}"}}'
FINDING = (f'flowd_exporter_finding{{exporter="{EXPORTER}",'
           'finding="clock-off"}')

# Series, a value for each minute; an alert; and the minutes at which it fires
# and does not fire.  "_" is no value: flowd was restarted and knows nothing.
CASES = (
    ({SEEN: "0+60x20"}, "FlowdExporterSilent", (), (5, 20)),
    ({SEEN: "0+60x5 300x30"}, "FlowdExporterSilent", (16, 30), (5, 14)),
    ({SEEN: "0+60x5 _x2000"}, "FlowdExporterSilent", (16, 600, 1400),
     (5, 14, 1500)),
    ({SEEN: "0+60x5 _x20 1500+60x100"}, "FlowdExporterSilent", (20,),
     (5, 30, 100)),
    ({"flowd_kernel_drops_total": "0x5 7x60"}, "FlowdKernelDrops", (6, 9),
     (4, 20)),
    # A restart sets counters to 0, which is no loss.
    ({"flowd_kernel_drops_total": "7x5 0x60"}, "FlowdKernelDrops", (),
     (4, 6, 20)),
    ({"flowd_lost_total": "0x5 7x60"}, "FlowdFlowsLost", (6, 9), (4, 20)),
    ({RATIO: "1x5 0.99x60"}, "FlowdExporterIncomplete", (20,), (4, 10)),
    ({RATIO: "0.9995x60"}, "FlowdExporterIncomplete", (), (30,)),
    ({FINDING: "_x5 1x60"}, "FlowdExporterFinding", (25,), (4, 15)),
    ({'up{job="flowd"}': "1x5 0x60"}, "FlowdDown", (15,), (4, 8)),
)


def promtool(*args):
    return subprocess.run(["promtool", *args], capture_output=True, text=True,
                          timeout=2 * PATIENCE, check=False)


def document(cases):
    """Returns a file of tests for promtool.  Each fires once without its
    labels, which are compared by their number only."""
    lines = [f"rule_files: [{RULES}]", "evaluation_interval: 1m", "tests:"]
    for series, alert, fires, silent in cases:
        lines += ["  - interval: 1m", "    input_series:"]
        for name, values in series.items():
            lines += [f"      - series: '{name}'",
                      f"        values: '{values}'"]
        lines += ["    promql_expr_test:"]
        for minute in sorted({*fires, *silent}):
            state = f'ALERTS{{alertname="{alert}",alertstate="firing"}}'
            lines += [f"      - expr: count({state}) or vector(0)",
                      f"        eval_time: {minute}m",
                      "        exp_samples:",
                      "          - labels: '{}'",
                      f"            value: {int(minute in fires)}"]
    return "\n".join(lines) + "\n"


@unittest.skipIf(need("promtool"), "promtool is not installed")
class Alerts(unittest.TestCase):
    def test_valid(self):
        result = promtool("check", "rules", str(RULES))
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_when_they_fire(self):
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            file.write(document(CASES))
            file.flush()
            result = promtool("test", "rules", file.name)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)


class Metrics(unittest.TestCase):
    def test_exist(self):
        names = set(re.findall(r"\bflowd_\w+", RULES.read_text()))
        self.assertGreater(len(names), 4)
        with Flowd("store ALL", CONTROL) as flowd:
            flowd.send(netflow.datagram(5, netflow.flows(3)))
            flowd.wait_flows(3)
            pages = [show(flowd, "-p", "show", command)
                     for command in ("summary", "exporters")]
            pages.append(show(flowd, "-p", "check"))
        for name in names:
            self.assertTrue(any(f"# TYPE {name} " in page for page in pages),
                            name)


if __name__ == "__main__":
    tap.main()
