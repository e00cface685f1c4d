#!/bin/sh
# The Perl module builds without a warning from a fresh copy, passes its tests,
# and installs.  With sanitizers it does too, if this tree is built with them.

# shellcheck disable=SC2016	# variables of perl

set -u
SRC=${SRC:-$(cd "$(dirname "$0")/.." && pwd)}
BUILD=${BUILD:-$(pwd)}
MAKE=${MAKE:-make}
. "$SRC/tests/lib/tree.sh"
if ! perl -MConfig -MExtUtils::MakeMaker -MTest::Harness \
    -e 'exit !-f "$Config{archlibexp}/CORE/perl.h"' 2>/dev/null; then
	echo "1..0 # SKIP perl's headers or Test::Harness are missing"
	exit 0
fi
tree_test

link_sources "$SRC" "$tmp/src" && rm -f "$tmp/src/perl" &&
    mkdir "$tmp/src/perl" && cd "$tmp/src/perl" || exit 1
for file in Flowd.xs Makefile.PL README lib reader.pl t typemap; do
	cp -R "$SRC/perl/$file" . || exit 1
done
# As if a header had existed at first that a later version renamed.
renamed=$tmp/src/base/renamed.h
: >"$renamed" || exit 1
flags='-O2 -Wall -Wextra -Werror'
preload=
tests='t/*.t'
sanitize=$(sed -n 's/^CFLAGS = .*\(-fsanitize=[^ ]*\).*/\1/p' "$BUILD/Makefile")
if [ -n "$sanitize" ]; then
	flags="-g -O1 $sanitize -fno-sanitize-recover=all"
	preload=$(cc -print-file-name=libasan.so)
	ASAN_OPTIONS=detect_leaks=0	# perl does not free everything at exit
	export ASAN_OPTIONS
	# AddressSanitizer keeps freed memory for a while.
	tests='t/[!m]*.t'
fi

check "perl Makefile.PL" perl Makefile.PL || end_tree_test
check "it builds" "$MAKE" -j 2 OPTIMIZE="$flags" \
    LDDLFLAGS="-shared ${sanitize:+$sanitize}" || end_tree_test
check "its tests pass" env ${preload:+LD_PRELOAD="$preload"} \
    "$MAKE" test TEST_FILES="$tests" || end_tree_test
[ -z "$sanitize" ] || end_tree_test
rm "$renamed"
check "its Makefile works after a header was renamed" "$MAKE" -n ||
    end_tree_test

check "it installs" "$MAKE" install DESTDIR="$tmp/root" || end_tree_test
installed=$(find "$tmp/root" -name Flowd.pm)
check "perl finds it" perl -I"$(dirname "$installed")" -MFlowd -e \
    'exit !($INC{"Flowd.pm"} eq $ARGV[0])' "$installed"
check "its manual is valid" podchecker lib/Flowd.pm

cat >"$tmp/documented" <<'TEXT'
use strict;
use warnings;
use Flowd;
open my $file, '<', $INC{'Flowd.pm'} or die;
my ($pod) = do { local $/; <$file> } =~ /__END__(.*)/s;
my $missing = 0;
for my $package ('Flowd', 'Flowd::Writer', 'Flowd::Filter') {
	no strict 'refs';
	for my $name (sort keys %{"${package}::"}) {
		next if !defined &{"${package}::$name"} ||
		    $name =~ /^[_(]|^(CLONE_SKIP|DESTROY|bootstrap|BEGIN)$/;
		next if $pod =~ /\b\Q$name\E\b/;
		print "$package has $name, but the manual does not\n";
		$missing = 1;
	}
}
exit $missing;
TEXT
check "its manual has every name" perl -Mblib "$tmp/documented"

check "its version is that of flowd" perl -Mblib -MFlowd -e \
    'local $/; exit !(<> =~ /AC_INIT\(\[flowd\], \[\Q$Flowd::VERSION\E\]/)' \
    ../configure.ac
check "realclean" "$MAKE" -s realclean
check "realclean leaves no file" \
    [ "$(find . -name '*.o' -o -name blib -o -name autoconf.h)" = "" ]
end_tree_test
