#!/bin/sh
# If a stage of the build fails, quickstart exits with status 1, and its last
# lines contain the stage and the reason.

# shellcheck disable=SC2317	# check calls these by name

set -u
SRC=${SRC:-$(cd "$(dirname "$0")/.." && pwd)}
. "$SRC/tests/lib/tree.sh"
tree_test

# program NAME COMMANDS: writes a program that is first in PATH.
program()
{
	printf '#!/bin/sh\n%s\n' "$2" >"$tmp/bin/$1" &&
	    chmod 755 "$tmp/bin/$1" || exit 1
}

# shows STAGE REASON: runs quickstart, which must fail at a stage.
shows()
{
	"$tmp/src/quickstart" run --sample >"$tmp/said" 2>&1
	status=$?
	cat "$tmp/said"
	[ "$status" -eq 1 ] &&
	    tail -n 40 "$tmp/said" | grep -q "$2" &&
	    grep -q "^quickstart: the build failed: .*$1" "$tmp/said" &&
	    tail -n 1 "$tmp/said" |
	    grep -q "$tmp/src/build/quickstart.log has the whole output"
}

mkdir -p "$tmp/bin" "$tmp/src/m4" && cp "$SRC/quickstart" "$tmp/src" &&
    echo >"$tmp/src/configure.ac" || exit 1
PATH=$tmp/bin:$PATH
export PATH
# Nothing is installed: all packages seem to be installed.
program apt-get 'exit 1'
program byacc 'exit 1'

program autoreconf 'echo autoreconf is broken >&2; exit 1'
check "autoreconf fails" shows 'autoreconf -i' 'autoreconf is broken'

program autoreconf 'printf "#!/bin/sh\necho no compiler >&2\nexit 77\n" \
    >configure && chmod 755 configure && touch autoconf.h.in'
check "configure fails" shows configure 'no compiler'
check "config.log is named" grep -q 'build/config\.log' "$tmp/said"

echo 'touch Makefile' >"$tmp/src/configure"
program make '[ $# -eq 0 ] || { echo "flowd.c:1: error: broken"
    seq 1000; exit 2; }
echo "flowd.c:1: error: broken"; exit 2'
check "make fails, far from the end of its output" \
    shows make 'flowd\.c:1: error: broken'

program make '[ $# -eq 0 ]'
check "make fails only in parallel" shows make 'running make'

end_tree_test
