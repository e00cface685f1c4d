#!/bin/sh
# A release builds with neither autoconf nor yacc, and without a warning.

set -u
SRC=${SRC:-$(cd "$(dirname "$0")/.." && pwd)}
MAKE=${MAKE:-make}
. "$SRC/tests/lib/tree.sh"
if [ ! -e "$SRC/.git" ]; then
	echo "1..0 # SKIP releases are made in a git checkout"
	exit 0
fi
for program in git autoreconf byacc; do
	if ! command -v $program >/dev/null; then
		echo "1..0 # SKIP no $program, which a release needs to be made"
		exit 0
	fi
done
tree_test
cd "$tmp" || exit 1

check "a release is made" "$SRC/tools/make-dist" "$SRC" 9.9 byacc ||
    end_tree_test
check "it unpacks" sh -c 'gzip -dc flowd-9.9.tar.gz | tar xf -' ||
    end_tree_test
cd flowd-9.9 || exit 1
for file in configure autoconf.h.in parse.c flowd.c; do
	check "it has $file" [ -f $file ]
done
check "configure without yacc and autoconf" \
    env AUTOCONF=false ac_cv_prog_YACC= ./configure
check "it builds" "$MAKE" -s -j 2 CFLAGS='-O2 -Werror' all
check "clean leaves parse.c, which cannot be made again" \
    sh -c "$MAKE -s clean && [ -f parse.c ]"

mkdir "$tmp/elsewhere"
cat >"$tmp/try" <<'TEXT'
! "$SRC/tools/make-dist" "$tmp/elsewhere" 9.9 byacc >"$tmp/said" 2>&1 &&
    grep -q 'no git checkout' "$tmp/said"
TEXT
export SRC tmp
check "outside a checkout it says what is wrong" sh "$tmp/try"
end_tree_test
