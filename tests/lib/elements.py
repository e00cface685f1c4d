"""The information elements that flowd reads, from the tables in
lib/fields-table.h and decode/ie.c, and the tables of flowd(8) about them."""

import collections
import re

import tap

Element = collections.namedtuple("Element", "pen number slot rank name")
Alias = collections.namedtuple("Alias", "pen number as_pen as_number rank")

ALIAS_RANK = 64
PENS = {"IANA": 0, "CERT": 6871, "SONICWALL": 8741, "IE_PEN_NTOP": 35632,
        "R": 29305}


def _pen(text):
    return PENS.get(text) or int(PENS.get(text, text))


def copied():
    """Returns the elements that are copied to members; the slot is the
    name of the member."""
    text = (tap.SRC / "lib" / "fields-table.h").read_text()
    found = []
    for member, body in re.findall(r'MEMBER\(\w+, \w+, \d+, "(\w+)"\)(.*?)\.doc',
                                   text, re.DOTALL):
        ids = re.findall(r'\{ (\d+), "(\w+)" \}', body)
        found += [Element(0, int(number), member, rank, name)
                  for rank, (number, name) in enumerate(ids)]
    return found


def rows():
    """Returns the elements of decode/ie.c that have slots of their own."""
    text = (tap.SRC / "decode" / "ie.c").read_text()
    return [Element(_pen(pen), int(number), slot, int(rank), name)
            for pen, number, slot, rank, name in re.findall(
                r'\{ (\w+), (\d+), (SLOT_\w+|(?:FWD|REV)\(\w+\)), (\d+), '
                r'\w+,\s*"(\w+)"', text)]


def aliases():
    """Returns the elements of decode/ie.c that have the meaning of others."""
    text = (tap.SRC / "decode" / "ie.c").read_text()
    return [Alias(_pen(pen), int(number), _pen(as_pen), int(as_number),
                  ALIAS_RANK + int(rank))
            for pen, number, as_pen, as_number, rank in re.findall(
                r'\{ (\w+), (\d+), (\w+), (\d+), (\d+), \w+, (?:true|false),'
                r'\s*"', text)]


def slots():
    """Returns, for each slot, the numbers of IANA's elements, the preferred
    one first."""
    all_of = copied() + rows()
    slot_of = {(e.pen, e.number): e.slot for e in all_of}
    ranked = [(e.slot, e.rank, e.number) for e in all_of if e.pen == 0]
    ranked += [(slot_of[0, a.as_number], a.rank, a.number)
               for a in aliases() if a.pen == 0 and a.number < 1024]
    result = {}
    for slot, _, number in sorted(ranked):
        result.setdefault(slot, []).append(number)
    return result
