#!/usr/bin/env python3
"""The grammar of parse.y and flowd.conf(5) agree."""

import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import tap
from flowdtest import PATIENCE, Flowd, transplant

PARSER = tap.source("parse.y").read_text()
RANGES = tap.source("parse-range.c").read_text()
MANUAL = tap.source("flowd.conf.5").read_text()

# Macros of mdoc that end the arguments of a preceding macro.
MACRO = re.compile(r"^(Ar|Cm|Fl|Ic|No|Ns|Oc|Oo|Op|Xr)$")


def keyword_table():
    """Returns the pairs of name and token in the table of keywords, in
    order."""
    table = re.search(r"keywords\[\] = \{\n(.*?)\n\};", PARSER, re.DOTALL)
    return re.findall(r'\{ "(\w+)",\s+(\w+), (?:true|false) \},', table[1])


def documented(macro):
    """Returns the words that MANUAL marks with macro."""
    words = set()
    for line in re.findall(r"^\.(.*)$", MANUAL, re.MULTILINE):
        inside = False
        for word in line.split():
            if MACRO.match(word):
                inside = word == macro
            elif inside and re.match(r"\w+$", word):
                words.add(word)
    return words


def examples():
    """Returns the text of each display, without the escapes of mdoc."""
    for block in re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed$", MANUAL,
                            re.DOTALL | re.MULTILINE):
        yield block.replace("\\e", "\\").replace("\\&", "")


def complete(example):
    """Returns an example with the statements that every configuration
    needs."""
    lines = [example]
    if "listen on" not in example:
        lines.append("listen on 0.0.0.0:2055\nlisten on [::]:2055")
    if not re.search("^(logfile|logsock) ", example, re.MULTILINE):
        lines.append('logfile "/log"')
    return "\n".join(lines) + "\n"


class Keywords(unittest.TestCase):
    def test_table_is_sorted(self):
        names = [name for name, _ in keyword_table()]
        self.assertGreater(len(names), 30)
        self.assertEqual(names, sorted(set(names)))

    def test_table_has_all_tokens(self):
        tokens = set()
        for line in re.findall(r"^%token\s+<token>\s+(.*)$", PARSER,
                               re.MULTILINE):
            tokens.update(line.split())
        tokens.remove("STRING")
        self.assertEqual({token for _, token in keyword_table()}, tokens)
        for name, token in keyword_table():
            # stdio defines FILE itself.
            self.assertEqual(name.upper(), token.rstrip("_"))

    def test_manual_has_all_keywords_and_no_other(self):
        self.assertEqual(documented("Ic"), {n for n, _ in keyword_table()})

    def test_each_keyword_is_in_an_example(self):
        words = set(re.findall(r"\w+", "\n".join(examples())))
        self.assertEqual({n for n, _ in keyword_table()} - words, set())


class Parses(unittest.TestCase):
    def setUp(self):
        self.flowd = Flowd()

    def passes(self, text):
        # The files that it names are created empty here, readable by flowd's
        # user.
        self.flowd.dir.chmod(0o755)
        empty = self.flowd.dir / "empty"
        empty.touch()
        text = re.sub(r'\b(include|file) "[^"]+"', rf'\1 "{empty}"',
                      text)
        self.flowd.conf.write_text(transplant(text, self.flowd.dir))
        result = subprocess.run(
            self.flowd.command("-n"), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=PATIENCE, check=False)
        self.assertEqual(result.stdout, "configuration OK\n", text)

    def test_examples(self):
        found = 0
        for example in examples():
            found += 1
            with self.subTest(example=example):
                self.passes(complete(example))
        self.assertGreater(found, 20)

    def test_field_names(self):
        fields = {w for w in documented("Cm") if w.isupper()}
        self.assertGreater(len(fields), 15)
        self.passes(complete("".join(f"store {f}\n" for f in sorted(fields))))

    def test_protocol_names(self):
        names = re.search(r"^The names (.*) and (\w+) are$", MANUAL,
                          re.MULTILINE)
        listed = names[1].split(", ") + [names[2]]
        table = re.search(r"protocols\[\] = \{\n(.*?)\n\};", RANGES,
                          re.DOTALL)
        self.assertEqual(
            listed, sorted(re.findall(r'\{ "([^"]+)",', table[1])))


if __name__ == "__main__":
    tap.main()
