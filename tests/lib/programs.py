"""The installed programs: their sources and their options."""

import re

import tap

MAKEFILE = (tap.SRC / "Makefile.in").read_text()


def variable(name):
    """Returns the words of a variable of the Makefile."""
    value = re.search(rf"^{name} = ((?:.*\\\n)*.*)$", MAKEFILE, re.MULTILINE)
    return value[1].replace("\\\n", " ").split()


def sources():
    """Returns the source of each installed program, by its name."""
    programs = variable("SBIN_PROGRAMS") + variable("BIN_PROGRAMS")
    found = {name: tap.source(f"{name}.c") for name in programs}
    for tool in variable("TOOLS"):
        source, _, name = tool.partition(":")
        found[name] = tap.SRC / "tools" / source
    return found


def words(source):
    """Returns the options of a C program that are words."""
    return re.findall(r'^\t\{ "([a-z-]+)", (?:true|false), \S+ \},$',
                      source.read_text(), re.MULTILINE)


def options(source):
    """Returns whether each option has an argument, by the option's letter."""
    text = source.read_text()
    if source.suffix == ".c":
        letters = re.search(r'\.letters = "([^"]*)"', text)[1]
        found = re.findall(r"(\w)(:?)", letters)
    else:
        found = [("h", ""), ("V", "")]	# of Parser and Flowd::Program
        found += re.findall(r'add_argument\("-(\w)", (metavar)?', text)
        for words in re.findall(r"Program::options\([^;]*qw\((.*?)\)", text):
            found += re.findall(r"(\w)(=s)?", words)
    return {letter: argument != "" for letter, argument in sorted(found)}
