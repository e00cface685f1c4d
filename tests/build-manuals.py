#!/usr/bin/env python3
"""Manual pages are well-formed, have their sections, and agree with the
programs.  The commands, links and configurations in other documents are right
too."""

import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import elements
import flowdtest
import programs
import tap

LITERAL = r'"(?:[^"\\]|\\.)*"'
MESSAGE = re.compile(rf"{LITERAL}(?:\s*(?:{LITERAL}|[A-Z]\w*))*")
CONVERSION = re.compile(r"%[-+ #0-9.*]*[hlzjt]*[a-zA-Z]")
BLANK = re.compile(r"\b[A-Z]+\b|(?<=v)N|\.\.\.|: |, | or ")	# in a message

PROGRAM = ["NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "EXAMPLES",
           "SEE ALSO", "STANDARDS", "HISTORY"]
SECTIONS = {
    "1": PROGRAM,
    "3": ["NAME", "LIBRARY", "SYNOPSIS", "DESCRIPTION", "RETURN VALUES",
          "EXAMPLES", "SEE ALSO", "HISTORY"],
    "5": ["NAME", "DESCRIPTION", "FILES", "EXAMPLES", "SEE ALSO",
          "STANDARDS", "HISTORY"],
    "7": ["NAME", "DESCRIPTION", "EXAMPLES", "SEE ALSO", "STANDARDS",
          "HISTORY"],
    "8": PROGRAM + ["DIAGNOSTICS"],
}


def pages():
    """Returns all manual pages, by their names without section."""
    found = [tap.SRC / name for section in "13578"
             for name in programs.variable(f"MAN{section}")]
    found += [tap.SRC / "tools" / f"{tool.partition(':')[2]}.1"
              for tool in programs.variable("TOOLS")]
    return found


def page_of(program):
    """Returns the text of a program's page."""
    page, = (p for p in pages() if p.stem == program and p.suffix in ".1.8")
    return page.read_text()


def functions(page):
    """Returns the functions of libflowd in the name of a page."""
    return re.findall(r"^\.Nm (\w+)", section(page.read_text(), "NAME"),
                      re.MULTILINE)


def section(text, heading):
    """Returns the lines of a page under a heading, or an empty string."""
    found = re.search(rf"^\.(S[hs]) {heading}\n(.*?)(?=^\.(?:Sh|\1) |\Z)",
                      text, re.DOTALL | re.MULTILINE)
    return found[2] if found else ""


def options_of_list(text):
    """Returns the options that have a list item of their own."""
    return sorted(re.findall(r"^\.It Fl (\w)(?: .*)?$", text, re.MULTILINE))


def options_of_synopsis(text):
    """Returns the letters in the synopsis: "Op Fl dghn" has four."""
    clusters = re.findall(r"^\.(?:Op )?Fl (\w+)", section(text, "SYNOPSIS"),
                          re.MULTILINE)
    return sorted(set("".join(clusters)))


def examples(text):
    """Returns the displayed commands of a page."""
    return "\n".join(
        re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed$", text,
                   re.DOTALL | re.MULTILINE) +
        re.findall(r"^\.Dl (.*)$", text, re.MULTILINE))


def documents():
    """Returns this tree's documents other than manual pages."""
    return [tap.SRC / name for name in ("README.md", "INSTALL",
            "CONTRIBUTING.md", "tools/README.tools")] + sorted(
                (tap.SRC / "docs").glob("*.md"))


def commands(text):
    """Returns each call of one of our programs: its name and its arguments."""
    names = "|".join(sorted(programs.sources(), key=len, reverse=True))
    text = text.replace(r"\e", "\\").replace("\\\n", " ")
    for name, rest in re.findall(
            rf"(?:^ *|[|;&] *|^[$#] |/| root )({names})(?= -)([^|;&()<>\n]*)",
            text, re.MULTILINE):
        yield name, shlex.split(rest, comments=True)


def unknown_option(words, options):
    """Returns the first option that a program does not have, or None."""
    words = iter(words)
    for word in words:
        if not re.match(r"-\w", word):
            continue
        for at, letter in enumerate(word[1:], 2):
            if letter not in options:
                return letter
            if options[letter]:
                if at == len(word):
                    next(words, None)
                break
    return None


def messages():
    """Returns the messages in the C sources, with * for each variable part."""
    for source in tap.sources("*.c"):
        text = re.sub(r"/\*.*?\*/|^#.*?$", "", source.read_text(),
                      flags=re.DOTALL | re.MULTILINE)
        for found in MESSAGE.findall(text):
            parts = re.findall(rf"{LITERAL}|\w+", found)
            yield CONVERSION.sub("*", "".join(
                part[1:-1].replace('\\"', '"') if part[0] == '"'
                else "u" if part.startswith("PRI") and part[3:4] in "diux"
                else "*" for part in parts))


def diagnostics(text):
    """Returns each message that a page explains, and its pieces.

    The sources build messages from several strings, so each piece between
    punctuation and variable parts is looked up separately."""
    for item in re.findall(r"^\.It (.*)$", section(text, "DIAGNOSTICS"),
                           re.MULTILINE):
        message = item.strip('"').replace(r"\(dq", '"')
        pieces = [piece.strip(" ,;()") for piece in BLANK.split(message)]
        yield message, [piece for piece in pieces if piece]


class Options(unittest.TestCase):
    def test_page_has_the_options_of_its_program(self):
        for program, source in programs.sources().items():
            with self.subTest(program=program):
                options = programs.options(source)
                self.assertNotEqual(options, {})
                text = page_of(program)
                self.assertEqual(options_of_list(text), list(options))
                self.assertEqual(options_of_synopsis(text), list(options))

    def test_page_has_the_words_of_its_program(self):
        found = {program: programs.words(source) for program, source in
                 programs.sources().items() if source.suffix == ".c"}
        self.assertIn("new", found["flowd-reader"])
        for program, words in found.items():
            for word in words:
                with self.subTest(program=program, word=word):
                    text = page_of(program)
                    self.assertRegex(section(text, "SYNOPSIS"),
                                     rf"(?m)^\.Op Fl -{word}\b")
                    self.assertRegex(text, rf"(?m)^\.It Fl -{word}\b")
                    self.assertRegex(examples(text), rf" --{word}\b")

    def test_each_option_is_in_an_example(self):
        for program, source in programs.sources().items():
            with self.subTest(program=program):
                shown = set("".join(re.findall(
                    r"(?<=\s)-(\w+)", examples(page_of(program)))))
                self.assertEqual(
                    set(programs.options(source)) - shown - {"h"}, set())


class Pages(unittest.TestCase):
    def test_every_page_is_installed(self):
        here = {page for page in tap.sources("*.[1-9]")
                if ".so." not in page.name}
        self.assertEqual(set(pages()), here)

    def test_sections(self):
        for page in pages():
            with self.subTest(page=page.name):
                headings = re.findall(r"^\.Sh (.*)$", page.read_text(),
                                      re.MULTILINE)
                missing = [h for h in SECTIONS[page.suffix[1:]]
                           if h not in headings]
                self.assertEqual(missing, [])

    def test_pages_of_functions_have_their_names(self):
        for page in pages():
            if page.suffix == ".3":
                text = section(page.read_text(), "SYNOPSIS")
                with self.subTest(page=page.name):
                    self.assertEqual(functions(page)[0], page.stem)
                    self.assertEqual(
                        set(functions(page)) - {"flowd"},
                        set(re.findall(r"^\.F[no] (\w+)", text,
                                       re.MULTILINE)))

    @unittest.skipUnless(shutil.which("mandoc"), "mandoc is not installed")
    def test_mandoc_finds_no_faults(self):
        for page in pages():
            with self.subTest(page=page.name):
                said = subprocess.run(
                    ["mandoc", "-T", "lint", "-W", "style", page],
                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                    text=True, check=False).stdout.splitlines()
                # References to other packages' pages depend on the system.
                self.assertEqual(
                    [line for line in said
                     if "referenced manual not found" not in line
                     and "outdated mandoc.db" not in line], [])

    def test_references_among_pages(self):
        names = {(page.stem, page.suffix[1:]) for page in pages()}
        names |= {(name, "3") for page in pages() if page.suffix == ".3"
                  for name in functions(page)}
        for page in pages():
            with self.subTest(page=page.name):
                references = set(re.findall(r"^\.Xr (\S+) (\d)",
                                            page.read_text(), re.MULTILINE))
                ours = {(name, number) for name, number in references
                        if re.match("flow|store_|format_|prefix_", name)}
                self.assertEqual(ours - names, set())


class Documents(unittest.TestCase):
    def test_commands_use_existing_options(self):
        known = {name: programs.options(source)
                 for name, source in programs.sources().items()}
        shown = [(page, examples(page.read_text())) for page in pages()]
        shown += [(document, "\n".join(
            re.findall(r"^    (.*)$", document.read_text(), re.MULTILINE)))
                  for document in documents()]
        count = 0
        for path, text in shown:
            for name, arguments in commands(text):
                count += 1
                with self.subTest(file=path.name, command=[name, *arguments]):
                    self.assertIsNone(unknown_option(
                        arguments, known[name]))
        self.assertGreater(count, 50)

    def test_links(self):
        for document in documents():
            text = document.read_text()
            for target in re.findall(r"\]\(([^)]*)\)", text):
                name, _, anchor = target.partition("#")
                path = document.parent / name
                with self.subTest(file=document.name, link=target):
                    self.assertTrue(path.is_file())
                    headings = re.findall("^#+ (.*)$", path.read_text(),
                                          re.MULTILINE)
                    self.assertIn(anchor, [""] + [
                        h.lower().replace(" ", "-") for h in headings])

    def configurations(self, text):
        """Returns the lines of each block that begins with a listener, and
        all statements in other blocks together."""
        statement = re.compile("(?:logfile|statefile|flow source|forward|"
                               "accept|discard) ")
        rest = []
        for block in re.findall(r"(?:^    .*\n)+", text, re.MULTILINE):
            lines = [line[4:] for line in block.splitlines()]
            if lines[0].startswith("listen "):
                yield lines
            else:
                rest += filter(statement.match, lines)
        if rest:
            yield rest

    def test_configurations(self):
        count = 0
        for document in documents():
            for lines in self.configurations(document.read_text()):
                count += 1
                if not any(line.startswith("listen") for line in lines):
                    lines.append("listen on 127.0.0.1:2055")
                if not any(line.startswith("logfile") for line in lines):
                    lines.append("logfile /log")
                with self.subTest(file=document.name, lines=lines):
                    self.assertIn("configuration OK", self.check(lines))
        self.assertGreater(count, 4)

    def check(self, lines):
        with tap.TemporaryDirectory() as tmp:
            conf = pathlib.Path(tmp) / "conf"
            conf.write_text(flowdtest.transplant("\n".join(lines) + "\n",
                                                 tmp))
            return subprocess.run(
                [tap.program("flowd"), "-n", "-X", "INSECURE", "-f", conf],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                check=False).stdout


class Daemon(unittest.TestCase):
    def test_page_has_all_counters(self):
        described = set(re.findall(
            r"[a-z]\S*", " ".join(re.findall(
                r"^\.(?:It )?Cm (.*)$", page_of("flowd"), re.MULTILINE))))
        reported = set(re.findall(r'\bROW\(\d+, \w+, "([^"]*)"',
                                  tap.source("counters.h").read_text()))
        self.assertGreater(len(reported), 30)
        for message in MESSAGE.findall(tap.source("report.c").read_text()):
            reported.update(re.findall(
                r'(?<!%)\b([a-z][a-z-]*) %(?:" PRI|zu|u)', message))
        self.assertEqual(reported - described, set())

    def test_explained_messages_exist(self):
        said = "\n".join(messages())
        for program in ["flowd", "flowd-reader", "flow-send"]:
            explained = list(diagnostics(page_of(program)))
            self.assertGreater(len(explained), 3)
            for message, pieces in explained:
                with self.subTest(program=program, message=message):
                    for piece in pieces:
                        self.assertTrue(piece in said, piece)


class Elements(unittest.TestCase):
    """The tables of elements in flowd(8)."""

    # The slots of each row that is not the name of a member.
    SLOTS = {
        "src_addr": ("SLOT_SRC4", "SLOT_SRC6"),
        "dst_addr": ("SLOT_DST4", "SLOT_DST6"),
        "gateway_addr": ("FWD(GATEWAY4)", "FWD(GATEWAY6)"),
        "src_port": ("src_port", "SLOT_TCP_SRC", "SLOT_UDP_SRC"),
        "dst_port": ("dst_port", "SLOT_TCP_DST", "SLOT_UDP_DST"),
        "src_mask": ("SLOT_SRC_MASK4", "SLOT_SRC_MASK6"),
        "dst_mask": ("SLOT_DST_MASK4", "SLOT_DST_MASK6"),
        "start": ("FWD(START)", "FWD(START_DELTA)", "FWD(START_UPTIME)"),
        "end": ("FWD(END)", "FWD(END_DELTA)", "FWD(END_UPTIME)"),
        "duration": ("FWD(DURATION)",), "event": ("FWD(EVENT)",),
        "ICMP": ("FWD(ICMP_TYPE4)", "FWD(ICMP_CODE4)", "FWD(ICMP4)",
                 "FWD(ICMP_TYPE6)", "FWD(ICMP_CODE6)", "FWD(ICMP6)"),
        "responder": ("SLOT_REV_OCTETS", "SLOT_REV_PACKETS"),
        "packet": ("SLOT_FRAME", "SLOT_IP_PACKET", "SLOT_MPLS_PAYLOAD",
                   "SLOT_IP_PAYLOAD")}

    def test_elements_are_in_the_order_of_preference(self):
        slots = elements.slots()
        page = section(page_of("flowd"), "Elements")
        listed = dict(re.findall(r"^\.It (\w+) Ta ([0-9][^\n]*)$", page,
                                 re.MULTILINE))
        values = [m for m in slots if m.islower()] + list(self.SLOTS)
        self.assertEqual(set(listed), set(values))
        for value, text in listed.items():
            with self.subTest(value):
                numbers = [int(n) for n in re.findall(r"\d+", text)]
                wanted = [n for slot in self.SLOTS.get(value, (value,))
                          for n in slots[slot]]
                if value == "tcp_flags":
                    wanted += [218, 223, 0]
                self.assertEqual(numbers, wanted)

    def test_vendors_elements(self):
        """Each has the meaning of an element of IANA's."""
        page = section(page_of("flowd"), "Elements")
        listed = set()
        for pen, text in re.findall(
                r"^\.It (\d+|v9) Ta .* Ta ((?:.|\n(?!\.))*)", page,
                re.MULTILINE):
            for number, reverse, other in re.findall(
                    r"(\d+)\s+as\s+(reverse\s+)?(\d+)", text):
                listed.add((int(pen) if pen != "v9" else 0, int(number),
                            29305 if reverse else 0, int(other)))
        wanted = {(a.pen, a.number, a.as_pen, a.as_number)
                  for a in elements.aliases() if a.pen or a.number >= 1024}
        yaf = {(e.pen, e.number) for e in elements.rows() if e.pen}
        self.assertEqual({row for row in listed if row[:2] not in yaf},
                         wanted)
        self.assertEqual({row[:2] for row in listed} & yaf, yaf)


class PerlModule(unittest.TestCase):
    @unittest.skipUnless(shutil.which("podchecker"),
                         "podchecker is not installed")
    def test_pod(self):
        pod = tap.SRC / "perl" / "lib" / "Flowd.pm"
        result = subprocess.run(
            ["podchecker", "-warnings", pod], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False)
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertNotIn("WARNING", result.stdout)
        headings = re.findall("^=head1 (.*)$", pod.read_text(), re.MULTILINE)
        for heading in ["NAME", "SYNOPSIS", "DESCRIPTION", "DIAGNOSTICS",
                        "SEE ALSO", "STANDARDS", "HISTORY", "LICENSE"]:
            self.assertIn(heading, headings)

    def test_pod_has_all_functions(self):
        xs = (tap.SRC / "perl" / "Flowd.xs").read_text()
        pod = (tap.SRC / "perl" / "lib" / "Flowd.pm").read_text()
        pod = pod[pod.index("\n=head1 NAME"):]
        functions = re.findall(r"^(?:flowd|writer|filter)_([a-z]\w+)\(",
                               xs[xs.index("\nMODULE"):], re.MULTILINE)
        self.assertGreater(len(functions), 5)
        for function in functions:
            self.assertRegex(pod, rf"\b{function}\b")


if __name__ == "__main__":
    tap.main()
