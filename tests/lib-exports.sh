#!/bin/sh
# The shared libraries export exactly the functions that the manual pages
# describe and the headers declare.

set -u
SRC=${SRC:-$(cd "$(dirname "$0")/.." && pwd)}
BUILD=${BUILD:-$(pwd)}
. "$SRC/tests/lib/tree.sh"
if [ ! -e "$BUILD/libflowd.so" ]; then
	echo "1..0 # SKIP no shared library is built here"
	exit 0
fi
for program in nm readelf; do
	if ! command -v $program >/dev/null; then
		echo "1..0 # SKIP no $program is not installed"
		exit 0
	fi
done
tree_test

# The functions that the headers export are visible in the objects; all others
# are hidden.
nm -D --defined-only "$BUILD/libflowd.so" "$BUILD/libflowd-rules.so" |
    sed -n 's/.* [TDBRVW] //p' >"$tmp/versioned"
sed 's/@.*//' "$tmp/versioned" | sort >"$tmp/exported"
sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/s/^\.F[no] \([a-z0-9_]*\).*/\1/p' \
    "$SRC"/man/*.3 | sort >"$tmp/described"
readelf -Ws "$BUILD"/*.pico "$BUILD"/*/*.pico |
    awk '$5 == "GLOBAL" && $6 == "DEFAULT" && $7 != "UND" { print $8 }' |
    sort >"$tmp/declared"
nm -D --defined-only "$BUILD/libflowd-rules.so" |
    sed -n 's/.* [TDBRVW] \(.*\)@@.*/\1/p' | sort >"$tmp/rules"
nm -g --defined-only "$BUILD/libflowd-rules.a" |
    sed -n 's/.* [TDBRVW] //p' | sort >"$tmp/static"

check "functions are exported" [ -s "$tmp/exported" ]
check "the manual has all exported functions" \
    diff "$tmp/exported" "$tmp/described"
check "the headers have all exported functions" \
    diff "$tmp/exported" "$tmp/declared"
if grep -q -e '--version-script' "$BUILD/Makefile"; then
	check "every symbol has a version" \
	    [ -z "$(grep -v '@@FLOWD_\(RULES_\)*[0-9.]*$' "$tmp/versioned")" ]
fi
if grep -q '^RULES_STATIC = .(RULES_ONE)' "$BUILD/Makefile"; then
	check "the static library of rules has no other symbols" \
	    diff "$tmp/rules" "$tmp/static"
fi
end_tree_test
