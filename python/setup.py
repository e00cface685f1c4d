"""Builds the extension flowd._flowd together with the parts of libflowd and of
the filter that it needs, so that neither has to be installed.

In flowd's source tree those parts are the files around this directory; a
source distribution has copies in libflowd/.  configure is not necessary: this
file tests for the few functions that may be missing.
"""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.sdist import sdist

HERE = pathlib.Path(__file__).resolve().parent
TREE = HERE.parent
BUNDLE = HERE / "libflowd"	# in a source distribution
SOURCES = [f"src/{name}.c" for name in
           ("attributes", "columns", "flow", "flow-copy", "log", "module",
            "rules")]
# The libraries of codec/, of which each may be missing.
CODECS = {"lzma": "lzma_stream_decoder", "zstd": "ZSTD_DCtx_setParameter",
          "bz2": "BZ2_bzDecompress"}
CODEC_HEADERS = {"lzma": "lzma.h", "zstd": "zstd.h", "bz2": "bzlib.h"}
FUNCTIONS = "getauxval", "reallocarray", "strlcpy", "strtonum"
PERIOD = "config/period.c"	# of the list CONFIG, which needs base/
# The module does not receive.
LEFT_OUT = {"mmsg.c"}


def version():
    if BUNDLE.is_dir():
        return (BUNDLE / "VERSION").read_text().strip()
    text = (TREE / "configure.ac").read_text()
    return re.search(r"AC_INIT\(\[flowd\], \[(.*?)\]\)", text)[1]


def sources(makefile, variable):
    """Returns the words of one of the Makefile's lists of sources."""
    return set(re.search(rf"^{variable} = ((?:.*\\\n)*.*)$", makefile,
                         re.M)[1].replace("\\\n", " ").split())


def library_sources():
    makefile = (TREE / "Makefile.in").read_text()
    lists = (f"{part}_SRCS" for part in
             ("COMPAT", "LIB", "CODEC", "FILTER", "PARSE", "RULES"))
    return sorted([PERIOD, *(
        path for name in lists for path in sources(makefile, name)
        if pathlib.PurePath(path).name not in LEFT_OUT)])


def headers_of(path, found):
    """Adds the headers of the tree that a file includes, recursively."""
    for name in re.findall(r'^#include "(.*)"', path.read_text(), re.M):
        header = TREE / name
        if header.exists() and name not in found and name != "autoconf.h":
            found.add(name)
            headers_of(header, found)


def copy_if_newer(source, to):
    to.parent.mkdir(parents=True, exist_ok=True)
    if not to.exists() or source.stat().st_mtime > to.stat().st_mtime:
        if to.exists():		# setuptools links where it can
            to.unlink()
        shutil.copyfile(source, to)


def make_parser(to):
    """Copies parse.c from a release, or generates it in a git checkout."""
    if (TREE / "parse.c").exists():
        copy_if_newer(TREE / "parse.c", to)
        return
    grammar = TREE / "parse.y"
    if to.exists() and to.stat().st_mtime > grammar.stat().st_mtime:
        return
    for yacc in os.environ.get("YACC", ""), "byacc", "bison -y", "yacc":
        command = shlex.split(yacc)
        if command and shutil.which(command[0]):
            subprocess.run([*command, "-o", to, grammar], check=True)
            return
    sys.exit("setup.py: byacc or bison is needed")


def bundle(to):
    """Copies the needed files of the tree into a directory."""
    headers = set()
    sources = library_sources()
    for path in to.rglob("*.c"):	# of an earlier build
        if str(path.relative_to(to)) not in sources:
            path.unlink()
    for name in sources:
        path = TREE / name
        if name == "parse.c":
            path = TREE / "parse.y"
            to.mkdir(parents=True, exist_ok=True)
            make_parser(to / name)
        else:
            copy_if_newer(path, to / name)
        headers_of(path, headers)
    for path in (HERE / "src").iterdir():
        headers_of(path, headers)
    for name in headers:
        copy_if_newer(TREE / name, to / name)
    (to / "VERSION").write_text(version() + "\n")


class BuildExtension(build_ext):
    def has_function(self, name, *libraries, header=None):
        with tempfile.TemporaryDirectory() as scratch:
            source = pathlib.Path(scratch, "probe.c")
            source.write_text(
                f"#include <{header}>\nint main(void) {{ return !&{name}; }}\n"
                if header else
                f"char {name}(void);\nint main(void) {{ return {name}(); }}\n")
            return subprocess.run(
                [*self.compiler.compiler, "-fno-builtin", source, "-o",
                 source.with_suffix(""), *(f"-l{lib}" for lib in libraries)],
                check=False,
                stderr=subprocess.DEVNULL).returncode == 0

    def configure(self, to, codecs):
        """Writes a replacement for configure's autoconf.h."""
        lines = ["#define _GNU_SOURCE 1", "#define HAVE_RECVMMSG 1",
                 f'#define PACKAGE_VERSION "{version()}"']
        for name in FUNCTIONS:
            if self.has_function(name):
                lines.append(f"#define HAVE_{name.upper()} 1")
        lines += [f"#define HAVE_LIB{name.upper()} 1" for name in codecs]
        text = "\n".join(lines) + "\n"
        if not to.exists() or to.read_text() != text:
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_text(text)

    def build_extension(self, ext):
        config = pathlib.Path(self.build_temp, "config")
        codecs = [name for name, function in CODECS.items()
                  if self.has_function(function, name,
                                       header=CODEC_HEADERS[name])]
        self.configure(config / "autoconf.h", codecs)
        ext.libraries = [*ext.libraries, *codecs]
        library = BUNDLE.relative_to(HERE)
        if not BUNDLE.is_dir():
            library = pathlib.Path(self.build_temp, "libflowd")
            bundle(library)
        ext.sources = [*ext.sources, *map(str, sorted(library.rglob("*.c")))]
        ext.depends = [str(path) for directory in (library, config, "src")
                       for path in pathlib.Path(directory).rglob("*.h")]
        ext.include_dirs = ["src", str(config), str(library)]
        super().build_extension(ext)


class SourceDistribution(sdist):
    def make_release_tree(self, base_dir, files):
        super().make_release_tree(base_dir, files)
        if not BUNDLE.is_dir():
            bundle(pathlib.Path(base_dir, "libflowd"))


def symbolic():
    """Makes calls inside the extension direct, even if libflowd is loaded."""
    return [] if sys.platform == "darwin" else ["-Wl,-Bsymbolic-functions"]


os.chdir(HERE)
setup(
    version=version(),
    # Not beside reader.py, which would import the directory as the module.
    package_dir={"": "lib"},
    packages=["flowd"],
    include_package_data=False,
    package_data={"flowd": ["py.typed", "*.pyi"]},
    ext_modules=[Extension(
        "flowd._flowd", SOURCES, libraries=["z"],
        extra_compile_args=["-std=c11", "-fvisibility=hidden"],
        extra_link_args=symbolic())],
    cmdclass={"build_ext": BuildExtension, "sdist": SourceDistribution},
)
