#!/usr/bin/env python3
"""The source tree matches the table in CONTRIBUTING.md.

Each row of that table names a folder, the files at the top that belong to it,
its content, and what its files may include."""

import collections
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import tap

CODE = {".c", ".h", ".y", ".xs"}
GENERATED = {"autoconf.h"}
PERL_HEADERS = {"EXTERN.h", "perl.h", "XSUB.h"}
# The monitor may run as root, so it must not run code that decodes datagrams.
MONITOR = "monitor/"
OUT_OF_REACH = "decode/", "collector/", "control/"
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
NAMES = re.compile(r"`([^`]+)`")

Row = collections.namedtuple("Row", "files may_include")


def read_table():
    """Returns a dict from the folder, such as "decode/", to its Row."""
    rows = {}
    for line in (tap.SRC / "CONTRIBUTING.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) != 4 or not cells[0].startswith("`"):
            continue
        may_include = None if cells[3] == "everything" else set(
            NAMES.findall(cells[3]))
        for folder in NAMES.findall(cells[0]):
            rows[folder] = Row(set(NAMES.findall(cells[1])), may_include)
    return rows


ROWS = read_table()


def source_files():
    """Returns every C source and header, as a path from the top."""
    for path in sorted(tap.SRC.rglob("*")):
        name = path.relative_to(tap.SRC)
        folder = name.parts[0] + "/" if len(name.parts) > 1 else ""
        if path.suffix in CODE and (not folder or folder in ROWS):
            yield str(name)


def folder_of(name):
    """Returns the folder that a file counts as: its own, or that of its
    row."""
    if "/" in name:
        return name.partition("/")[0] + "/"
    return next((folder for folder, row in ROWS.items() if name in row.files),
                name)


def read_includes():
    """Returns a dict from each file to the files that it includes."""
    found = {}
    for name in source_files():
        if name in GENERATED or name == "parse.c":
            continue
        path = tap.SRC / name
        found[name] = [
            beside(path, included)
            for included in INCLUDE.findall(path.read_text())
            if included not in GENERATED]
    return found


def beside(path, included):
    """Tests, fuzz targets and modules include headers of their own folder."""
    local = path.parent / included
    if "/" not in included and local.exists():
        return str(local.relative_to(tap.SRC))
    return included


INCLUDES = read_includes()


def reachable(start, steps):
    """Returns everything that can be reached, each with its path."""
    ways = {name: (name,) for name in start}
    queue = collections.deque(start)
    while queue:
        name = queue.popleft()
        for next_name in steps.get(name, ()):
            if next_name not in ways:
                ways[next_name] = ways[name] + (next_name,)
                queue.append(next_name)
    return ways


def find_circle(steps):
    """Returns a list of nodes that form a circle, or None."""
    done, path = set(), []

    def visit(node):
        if node in path:
            return path[path.index(node):] + [node]
        if node in done:
            return None
        path.append(node)
        for next_node in sorted(steps.get(node, ())):
            circle = visit(next_node)
            if circle:
                return circle
        path.pop()
        done.add(node)
        return None

    return next(filter(None, map(visit, sorted(steps))), None)


def module(name):
    return folder_of(name) + pathlib.Path(name).stem


def uses(name, modules):
    """Returns the modules whose headers a file includes, directly or through
    headers that belong to no module."""
    found = set()
    for included in INCLUDES.get(name, ()):
        found |= ({module(included)} if module(included) in modules
                  else uses(included, modules))
    return found


def is_bound(name):
    """Returns whether the table restricts what a file may include."""
    row = ROWS.get(folder_of(name))
    return row is not None and row.may_include is not None


def is_allowed(name, included):
    if not is_bound(name):
        return True
    folder, target = folder_of(name), folder_of(included)
    may_include = ROWS[folder].may_include
    return (target == folder or target in may_include or
            included in may_include)


class Table(unittest.TestCase):
    def test_table_has_rows(self):
        self.assertIn(MONITOR, ROWS)
        self.assertIn("decode/", ROWS)

    def test_folders_and_files_exist(self):
        for folder, row in ROWS.items():
            for name in {folder} | row.files:
                with self.subTest(name=name):
                    self.assertTrue((tap.SRC / name).exists())

    def test_every_file_at_the_top_has_a_row(self):
        names = {name for name in source_files()
                 if "/" not in name and name not in GENERATED | {"parse.c"}}
        listed = set().union(*(row.files for row in ROWS.values()))
        self.assertEqual(names - listed, set())

    def test_every_folder_with_c_has_a_row(self):
        folders = {path.relative_to(tap.SRC).parts[0] + "/"
                   for path in tap.SRC.glob("*/*.c")
                   if not (path.parent / "config.status").exists()}
        self.assertEqual(folders - set(ROWS), set())


class Includes(unittest.TestCase):
    def test_each_is_allowed_by_the_table(self):
        bad = [f"{name} includes {included}"
               for name, names in INCLUDES.items() for included in names
               if not is_allowed(name, included)]
        self.assertEqual(bad, [])

    def test_each_is_a_path_from_the_top(self):
        bad = [f"{name} includes {included}"
               for name, names in INCLUDES.items() for included in names
               if not (tap.SRC / included).exists() and
               included not in PERL_HEADERS]
        self.assertEqual(bad, [])

    def test_headers_of_the_monitor_reach_no_code_for_datagrams(self):
        start = [name for name in INCLUDES if folder_of(name) == MONITOR]
        bad = [" > ".join(way)
               for name, way in reachable(start, INCLUDES).items()
               if folder_of(name) in OUT_OF_REACH]
        self.assertEqual(bad, [])

    def test_folders_form_no_circle(self):
        steps = collections.defaultdict(set)
        for name, names in INCLUDES.items():
            for included in names:
                if folder_of(included) != folder_of(name):
                    steps[folder_of(name)].add(folder_of(included))
        self.assertIsNone(find_circle(steps))

    def test_modules_form_no_circle(self):
        """A module is a C file with the header of its name; a header without a
        C file belongs to the modules that include it."""
        names = [name for name in INCLUDES if is_bound(name)]
        modules = {module(name) for name in names if not name.endswith(".h")}
        steps = collections.defaultdict(set)
        for name in names:
            if module(name) in modules:
                steps[module(name)] |= uses(name, modules) - {module(name)}
        self.assertIsNone(find_circle(steps))

    def test_base_names_are_unique(self):
        names = [pathlib.Path(name).name for name in INCLUDES
                 if is_bound(name)]
        twice = {name for name in names if names.count(name) > 1}
        self.assertEqual(twice, set())


@unittest.skipUnless(shutil.which("nm"), "nm is not installed")
class Objects(unittest.TestCase):
    """The functions that the monitor's objects call, directly and
    indirectly."""

    def symbols(self):
        """Returns a dict of the symbols that each source needs, and one of the
        source of each symbol."""
        needs, homes = collections.defaultdict(set), {}
        for name in INCLUDES:
            built = (tap.BUILD / name).with_suffix(".o")
            if not is_bound(name) or name.endswith(".h") or (
                    not built.exists()):
                continue
            said = subprocess.run(["nm", built], text=True,
                                  capture_output=True, check=True).stdout
            for line in said.splitlines():
                kind, symbol = line.split()[-2:]
                if kind == "U":
                    needs[name].add(symbol)
                elif kind.isupper():
                    homes[symbol] = name
        return needs, homes

    def test_the_monitor_calls_no_code_for_datagrams(self):
        needs, homes = self.symbols()
        steps = {name: {homes[symbol] for symbol in symbols & homes.keys()}
                 for name, symbols in needs.items()}
        start = [name for name in steps if folder_of(name) == MONITOR]
        self.assertIn("privsep.c", start)
        bad = [" > ".join(way) for name, way in reachable(start, steps).items()
               if folder_of(name) in OUT_OF_REACH]
        self.assertEqual(bad, [])


class Octets(unittest.TestCase):
    def test_only_the_cursor_has_pointers_to_them(self):
        cursor = "lib/cursor.h"
        members = re.compile(r"\braw_(?:start|at|end)\b")
        users = [name for name in INCLUDES
                 if members.search((tap.SRC / name).read_text())]
        self.assertEqual(users, [cursor])


class Tests(unittest.TestCase):
    def test_every_test_is_run(self):
        makefile = (tap.SRC / "Makefile.in").read_text().split()
        names = {str(path.relative_to(tap.SRC).with_suffix(""))
                 for pattern in ("tests/unit/*.c", "fuzz/*.c")
                 for path in tap.SRC.glob(pattern)}
        self.assertEqual({name for name in names if name not in makefile and
                          name + ".o" not in makefile}, set())

    def test_every_test_can_be_executed(self):
        bad = [path.name for pattern in ("tests/*.sh", "tests/*.py")
               for path in tap.SRC.glob(pattern)
               if not path.stat().st_mode & 0o100]
        self.assertEqual(bad, [])


if __name__ == "__main__":
    tap.main()
