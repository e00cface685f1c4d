#!/bin/sh
# A build in another directory, with clang and bison if they are installed, has
# no warnings, follows its dependencies, installs, and uninstalls.  The results
# of a build in the source directory do not disturb it.

set -u
SRC=${SRC:-$(cd "$(dirname "$0")/.." && pwd)}
MAKE=${MAKE:-make}
. "$SRC/tests/lib/tree.sh"
tree_test

link_sources "$SRC" "$tmp/src" && rm -f "$tmp/src/parse.c" &&
    mkdir "$tmp/build" && cd "$tmp/build" || exit 1
# The results of a build in the source directory: newer than all sources, and
# no valid input of a compiler or linker.
left='config.status autoconf.h parse.c flowd.o addr.o addr.pico compat/strlcpy.o
libflowd.a flowd flowd-reader'
for file in $left; do
	echo '#error of another build' >"../src/$file" || exit 1
done
CC=cc
! command -v clang >/dev/null || CC=clang
YACC=
! command -v bison >/dev/null || YACC='bison -y'

check "configure with $CC and ${YACC:-any yacc}" \
    ../src/configure --prefix=/usr --sysconfdir=/etc CC="$CC" \
    YACC="$YACC" || end_tree_test
targets=all
! grep -q '^CMOCKA = yes' Makefile || targets='all unit-tests'
# shellcheck disable=SC2086	# one target or two
check "no warnings" "$MAKE" -s -j 2 CFLAGS='-O2 -Werror' $targets ||
    end_tree_test
# shellcheck disable=SC2086	# a list of names
check "a build in the source directory is not changed" \
    [ "$(cd ../src && cat $left | sort | uniq -c | wc -l)" -eq 1 ]
# shellcheck disable=SC2086
(cd ../src && rm $left)
check "the source directory has no new files" \
    [ -z "$(find "$tmp/src" -name '*.o' -o -name parse.c)" ]
check "a second make does nothing" \
    [ "$("$MAKE" -n all | grep -c -e ' -o ')" -eq 0 ]

rm ../src/store.h && cp "$SRC/store.h" ../src/store.h
check "a changed header rebuilds objects" \
    [ "$("$MAKE" -n all | grep -c -e '-o flowd-reader\.o')" -eq 1 ]

check "install" "$MAKE" -s CFLAGS='-O2 -Werror' DESTDIR="$tmp/root" install ||
    end_tree_test
for file in usr/sbin/flowd usr/sbin/flowdctl usr/bin/flowd-reader usr/bin/flow-send \
    usr/bin/flowinsert usr/bin/flowd-stats usr/bin/flowrrd \
    usr/share/man/man1/flowrrd.1 \
    usr/share/man/man8/flowd.8 usr/share/man/man8/flowd-reader.8 \
    usr/share/man/man5/flowd.conf.5 usr/share/man/man1/flow-send.1 \
    usr/share/man/man3/flowd.3 usr/include/flowd/store.h \
    usr/lib/libflowd.a usr/lib/pkgconfig/flowd.pc \
    etc/flowd.conf; do
	check "installed: $file" [ -f "$tmp/root/$file" ]
done
check "the installed configuration is valid" \
    "$tmp/root/usr/sbin/flowd" -n -f "$tmp/root/etc/flowd.conf"
echo '# mine' >>"$tmp/root/etc/flowd.conf"
check "install again" \
    "$MAKE" -s CFLAGS='-O2 -Werror' DESTDIR="$tmp/root" install
check "an existing configuration is kept" \
    grep -q '^# mine' "$tmp/root/etc/flowd.conf"
check "uninstall" "$MAKE" -s DESTDIR="$tmp/root" uninstall
check "uninstall leaves only the configuration" \
    [ "$(cd "$tmp/root" && find . -type f)" = ./etc/flowd.conf ]

check "distclean" "$MAKE" -s distclean
check "distclean leaves no file" [ -z "$(find . -type f)" ]
end_tree_test
