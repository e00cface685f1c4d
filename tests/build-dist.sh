#!/bin/sh
# A release is the same bytes each time, contains everything in git, and builds
# in another directory without autoconf, yacc and git, and without a warning.
# shellcheck disable=SC2317	# check calls these by name

set -u
export LC_ALL=C
SRC=${SRC:-$(cd "$(dirname "$0")/.." && pwd)}
MAKE=${MAKE:-make}
HIDDEN='aclocal autoconf autoheader autom4te automake autoreconf bison byacc
	git yacc'
. "$SRC/tests/lib/tree.sh"
if [ ! -e "$SRC/.git" ]; then
	echo "1..0 # SKIP this is not a git checkout"
	exit 0
fi
for program in git autoreconf byacc; do
	if ! command -v $program >/dev/null; then
		echo "1..0 # SKIP $program, which releases need, is not installed"
		exit 0
	fi
done
tree_test
cd "$tmp" || exit 1

# hide_programs: makes PATH lead to all programs except HIDDEN.
hide_programs()
{
	mkdir "$tmp/bin" || return 1
	for dir in $(echo "$PATH" | tr : ' '); do
		ln -s "$dir"/* "$tmp/bin" 2>/dev/null
	done
	PATH=$tmp/bin
	for program in $HIDDEN; do
		rm -f "$tmp/bin/$program" "$tmp/bin/$program"[.-]*
		! command -v "$program" || return 1
	done
}

sums()
{
	find "$1" -type f -exec cksum {} + | sort
}

check "a release is made" "$SRC/tools/make-dist" "$SRC" 9.9 byacc ||
    end_tree_test
mkdir again && cd again || exit 1
# shellcheck disable=SC2016	# expanded by that shell
check "a second one is the same" sh -c 'umask 077 && export TZ=Asia/Tokyo &&
    "$1/tools/make-dist" "$1" 9.9 byacc &&
    cmp ../flowd-9.9.tar.gz flowd-9.9.tar.gz' sh "$SRC"
cd .. || exit 1

check "it unpacks" sh -c 'gzip -dc flowd-9.9.tar.gz | tar xf -' ||
    end_tree_test
git -C "$SRC" ls-files | sort >tracked
sort flowd-9.9/MANIFEST >listed
(cd flowd-9.9 && find . -type f) | sed 's,^\./,,' | sort >there
check "its MANIFEST lists what is in it" cmp listed there
check "it has everything in git" [ -z "$(comm -23 tracked there)" ]
printf '%s\n' MANIFEST aclocal.m4 autoconf.h.in configure parse.c >wanted
comm -13 tracked there >made
check "and the files of autoconf and yacc" cmp wanted made

check "autoconf, yacc and git are hidden" hide_programs || end_tree_test
mkdir third && cd third || exit 1
check "a release can make the same release" sh -c '../flowd-9.9/tools/make-dist \
    ../flowd-9.9 9.9 false && cmp ../flowd-9.9.tar.gz flowd-9.9.tar.gz'
cd .. || exit 1

chmod -R a-w flowd-9.9
sums flowd-9.9 >before
mkdir build && cd build || exit 1
check "configure, in another directory" ../flowd-9.9/configure
check "it builds" "$MAKE" -s -j 2 CFLAGS='-O1 -Werror' all
check "its usage has its name" sh -c './flowd -h 2>&1 | grep -q "usage: flowd"'
# shellcheck disable=SC2016	# expanded by that shell
check "clean keeps parse.c, which needs yacc" \
    sh -c '! "$1" -n clean | grep -w "parse[.]c"' sh "$MAKE"
cd .. || exit 1
sums flowd-9.9 >after
chmod -R u+w flowd-9.9
check "the source is not changed" cmp before after

mkdir "$tmp/elsewhere"
cat >"$tmp/try" <<'TEXT'
! "$SRC/tools/make-dist" "$tmp/elsewhere" 9.9 byacc >"$tmp/said" 2>&1 &&
    grep -q 'neither a git checkout nor a release' "$tmp/said"
TEXT
export SRC tmp
check "anywhere else it reports an error" sh "$tmp/try"
end_tree_test
