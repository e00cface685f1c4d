#!/usr/bin/env python3
"""A field that is added as CONTRIBUTING.md describes is in every output."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import sysconfig
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import tap
from flowdtest import Flowd, wait_for

SECONDS = 200
PROGRAMS = ("flowd", "flowd-reader", "flow-send")
ELEMENT = 32767			# that IANA's registry does not have
VALUES = {"made_up": 4000000001, "made_up_too": 77}
RECORD = dict(
    recv_sec=1700000000, recv_usec=80160, agent="192.0.2.1",
    src="198.51.100.7", dst="203.0.113.9", packets=3, octets=1500,
    sys_uptime_ms=3600000, time_sec=1699999999, time_nanosec=0,
    netflow_version=9, flow_start=3590000, flow_finish=3599999)


def insert(tree, name, before, text):
    """Inserts lines before the line that begins with the given text."""
    path = tree / name
    old = path.read_text()
    new, count = re.subn(rf"^(?={re.escape(before)})", lambda _: text, old,
                         flags=re.MULTILINE)
    assert count == 1, (name, before, count)
    path.unlink()		# it is a link to the source
    path.write_text(new)


def add_field(tree):
    """Follows "How to add a field" in CONTRIBUTING.md."""
    header = (tap.SRC / "store.h").read_text()
    bit = next(bit for bit in range(29, 18, -1)
               if f"(1U << {bit})" not in header)
    insert(tree, "store.h", "#define STORE_FIELD_CRC32 ",
           f"#define STORE_FIELD_MADE_UP (1U << {bit})\n")
    insert(tree, "store.h", "	uint8_t version; ",
           "	uint32_t made_up;\n	uint16_t made_up_too;\n")
    insert(tree, "lib/fields.h", "	X(CRC32, ", "	X(MADE_UP, 1, 2) \\\n")
    insert(tree, "lib/fields-table.h", "	{ MEMBER(CRC32, ", f"""
	{{ MEMBER(MADE_UP, made_up, 0, "made_up"),
	  TEXT(NUMBER, "made up "), CSV(25, "made_up"), JSON("made_up"),
	  ELEMENTS({{ {ELEMENT}, "madeUp" }}),
	  .doc = "made up" }},
	{{ MEMBER(MADE_UP, made_up_too, 4, "made_up_too"),
	  TEXT(HEX2, "too "), JSON("made_up_too"),
	  .doc = "made up, too" }},
	{{ ZERO(MADE_UP, 6, 2) }},
""")
    insert(tree, "man/flowd-log.5", ".It 30 Ta CRC32 ",
           f".It {bit} Ta MADE_UP Ta 8 Ta "
           "made_up u32, made_up_too u16, 0 u16\n")
    return bit


def variable(name):
    text = (tap.BUILD / "Makefile").read_text()
    return re.search(rf"^{name} =(.*)$", text, re.M)[1].strip()


def run(*command, cwd=None, **options):
    """Returns the output of a command that succeeds."""
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, timeout=SECONDS, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "TZ": "UTC", **options})
    if done.returncode != 0:
        raise RuntimeError(f"{command}: {done.stdout}")
    return done.stdout


class Tree:
    """A copy of the source tree with the field, and its build."""

    def __init__(self, top):
        self.source = top / "source"
        self.build = self.source / "build"
        run("sh", "-c", '. "$1/tests/lib/tree.sh" && link_sources "$1" "$2"',
            "sh", tap.SRC, self.source)
        for name in "man", "tests":
            (self.source / name).mkdir(exist_ok=True)
        if not (self.source / "man" / "flowd-log.5").exists():
            shutil.copy(tap.SRC / "man" / "flowd-log.5", self.source / "man")
        (self.source / "tests" / "lib").mkdir(exist_ok=True)
        for name in "flowlog.py", "tap.py":
            shutil.copy(tap.SRC / "tests" / "lib" / name,
                        self.source / "tests" / "lib")
        self.bit = add_field(self.source)
        for path in self.source.glob("*/"):
            (self.build / path.name).mkdir(parents=True, exist_ok=True)
        (self.build / "config.status").touch()
        for name in "autoconf.h", "parse.c", "Makefile":
            path = next(path / name for path in (tap.BUILD, tap.SRC)
                        if (path / name).exists())
            shutil.copyfile(path, self.build / name)

    def make(self):
        # All objects are fit for the modules, too.
        run("make", "-s", "-j2", "srcdir=..", "CFLAGS=-O0 -fPIC -w",
            "LDFLAGS=", *PROGRAMS, cwd=self.build)

    def link(self, to, flags, *sources):
        run("sh", "-c", f"{variable('CC')} -shared -O0 -fPIC -w -std=gnu11 "
            f"-Wl,-Bsymbolic -I. -I.. {flags} -o {to} {' '.join(sources)} "
            f"../rules/*.c internal.a libflowd.a {variable('LIBCODEC')} -lz",
            cwd=self.build)

    def make_python(self):
        package = self.build / "python" / "flowd"
        shutil.copytree(tap.SRC / "python" / "lib" / "flowd", package)
        self.link(package / f"_flowd{sysconfig.get_config_var('EXT_SUFFIX')}",
                  f"-I{sysconfig.get_path('include')} "
                  """-DPACKAGE_VERSION='"1"'""", "../python/src/*.c")

    def make_perl(self):
        library = self.build / "auto" / "Flowd"
        library.mkdir(parents=True)
        shutil.copy(tap.SRC / "perl" / "lib" / "Flowd.pm", self.build)
        config = run("perl", "-MConfig", "-e",
                     'print "$Config{archlibexp}\\n$Config{ccflags}\\n'
                     '$Config{privlibexp}"').split("\n")
        xsubpp = run("perl", "-MExtUtils::ParseXS", "-e",
                     "print $INC{'ExtUtils/ParseXS.pm'} =~ s/ParseXS.pm//r")
        text = run("perl", pathlib.Path(xsubpp) / "xsubpp", "-typemap",
                   pathlib.Path(xsubpp) / "typemap", "-typemap",
                   tap.SRC / "perl" / "typemap", tap.SRC / "perl" / "Flowd.xs")
        (self.build / "Flowd.c").write_text(text)
        version = re.search(r"^our \$VERSION = '(.*?)'",
                            (self.build / "Flowd.pm").read_text(), re.M)[1]
        self.link(library / "Flowd.so",
                  f"""{config[1]} -I{config[0]}/CORE """
                  f"""-DXS_VERSION='"{version}"' -DVERSION='"{version}"'""",
                  "Flowd.c")


class AddField(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tap.TemporaryDirectory(prefix="flowd-test-")
        cls.addClassCleanup(cls.dir.cleanup)
        cls.tree = Tree(pathlib.Path(cls.dir.name))
        cls.tree.make()
        cls.log = cls.tree.build / "log"
        # The copy of flowlog reads the manual that has the field.
        cls.write(cls.log)

    @classmethod
    def write(cls, path):
        run(sys.executable, "-c",
            "import flowlog, pathlib; "
            f"pathlib.Path({str(path)!r}).write_bytes("
            f"flowlog.encode({dict(RECORD, crc=1, **VALUES)!r}))",
            PYTHONPATH=str(cls.tree.source / "tests" / "lib"),
            PYTHONDONTWRITEBYTECODE="1", SRC=str(cls.tree.source))

    def program(self, name, *args):
        return run(self.tree.build / name, *args, cwd=self.tree.build)

    def test_configuration(self):
        path = self.tree.build / "flowd.conf"
        path.write_text('listen on 127.0.0.1:2055\nlogfile "/log"\n'
                        "store OCTETS\nstore MADE_UP\n")
        self.assertIn("\nstore MADE_UP\n",
                      self.program("flowd", "-n", "-v", "-f", path))

    def test_text_csv_and_json(self):
        self.assertIn(" made up 4000000001 too 4d ",
                      self.program("flowd-reader", "-v", self.log))
        header, line = self.program("flowd-reader", "-c",
                                    self.log).splitlines()
        self.assertEqual(dict(zip(header.split(","), line.split(",")))
                         ["made_up"], "4000000001")
        self.assertIn('"made_up":4000000001,"made_up_too":77,',
                      self.program("flowd-reader", "-J", self.log))

    def test_a_copied_log_is_the_same(self):
        copy = self.tree.build / "copy"
        self.program("flowd-reader", "-q", "-o", copy, self.log)
        self.assertEqual(copy.read_bytes(), self.log.read_bytes())

    def sent_and_received(self, version):
        """Returns the JSON of the flow that flowd stores."""
        flowd = Flowd("store ALL", "store MADE_UP")
        flowd.program = str(self.tree.build / "flowd")
        with flowd:
            self.program("flow-send", "-V", version, "-l", self.log,
                         f"127.0.0.1:{flowd.ports[0]}")
            wait_for(lambda: flowd.log.exists() and flowd.log.stat().st_size,
                     "flowd writes the flow")
            return json.loads(self.program("flowd-reader", "-J", flowd.log))

    def test_flow_send_and_flowd(self):
        for version in 9, 10:
            flow = self.sent_and_received(version)
            self.assertEqual(flow["made_up"], VALUES["made_up"])
            # It has no element.
            self.assertEqual(flow["made_up_too"], 0)

    @unittest.skipUnless(
        pathlib.Path(sysconfig.get_path("include"), "Python.h").exists(),
        "Python.h is missing")
    def test_python(self):
        self.tree.make_python()
        self.assertEqual(
            run(sys.executable, "-c",
                "import flowd\n"
                f"flow, = flowd.FlowLog({str(self.log)!r})\n"
                "print(flow.fields == flow.fields | flowd.FIELD_MADE_UP,\n"
                "      flow.made_up, flow.made_up_too,\n"
                "      flowd._flowd.columns['made_up'][:2],\n"
                f"      *flowd.FlowLog({str(self.log)!r})._read_columns("
                "('made_up',), None, 9, -2**63, 2**63 - 1, False))\n"
                "new = flowd.Flow()\n"
                "new.made_up = 5\n"
                "print(flowd.Flow(new.serialise()).made_up)\n",
                cwd=self.tree.build / "python",
                PYTHONDONTWRITEBYTECODE="1"),
            "True 4000000001 77 ('u4', 1) "
            f"{bytearray(VALUES['made_up'].to_bytes(4, sys.byteorder))}\n5\n")

    @unittest.skipUnless(shutil.which("perl"), "perl is missing")
    def test_perl(self):
        self.tree.make_perl()
        self.assertEqual(
            run("perl", "-I.", "-MFlowd", "-e",
                "my $flow = Flowd->new('log')->read_flow;"
                "print $flow->{fields} & Flowd::MADE_UP ? 1 : 0,"
                ' " $flow->{made_up} $flow->{made_up_too} ",'
                " Flowd::decode(Flowd::encode({ made_up => 5 }))->{made_up}",
                cwd=self.tree.build),
            "1 4000000001 77 5")


if __name__ == "__main__":
    tap.main()
