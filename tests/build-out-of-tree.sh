#!/bin/sh
# Out of tree, with clang and bison where they are there: everything builds
# without a warning, depends on what it should, installs, and uninstalls.  A
# build in the source directory changes none of this.

set -u
SRC=${SRC:-$(cd "$(dirname "$0")/.." && pwd)}
MAKE=${MAKE:-make}
. "$SRC/tests/lib/tree.sh"
tree_test

link_sources "$SRC" "$tmp/src" && rm -f "$tmp/src/parse.c" &&
    mkdir "$tmp/build" && cd "$tmp/build" || exit 1
# What a build in the source directory leaves there: newer than all sources, and
# of no use to any compiler or linker.
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
check "a build in the source directory is left alone" \
    [ "$(cd ../src && cat $left | sort | uniq -c | wc -l)" -eq 1 ]
# shellcheck disable=SC2086
(cd ../src && rm $left)
check "the source directory stays clean" \
    [ -z "$(find "$tmp/src" -name '*.o' -o -name parse.c)" ]
check "nothing is left to do" \
    [ "$("$MAKE" -n all | grep -c -e ' -o ')" -eq 0 ]

rm ../src/store.h && cp "$SRC/store.h" ../src/store.h
check "a changed header makes objects anew" \
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
check "the installed configuration is sound" \
    "$tmp/root/usr/sbin/flowd" -n -f "$tmp/root/etc/flowd.conf"
echo '# mine' >>"$tmp/root/etc/flowd.conf"
check "install again" \
    "$MAKE" -s CFLAGS='-O2 -Werror' DESTDIR="$tmp/root" install
check "the configuration was left alone" \
    grep -q '^# mine' "$tmp/root/etc/flowd.conf"
check "uninstall" "$MAKE" -s DESTDIR="$tmp/root" uninstall
check "nothing but the configuration stays" \
    [ "$(cd "$tmp/root" && find . -type f)" = ./etc/flowd.conf ]

check "distclean" "$MAKE" -s distclean
check "nothing stays in the build directory" [ -z "$(find . -type f)" ]
end_tree_test
