# shellcheck shell=sh
# Libraries for another platform, from Debian's sources.
#
# The caller sets BUILD and MAKE, and for each platform: cc, ar and ranlib,
# the commands of its tools; tree, where it is built; and root, where include/
# and lib/ are.

# shellcheck disable=SC2154	# the caller's variables

# fetch_sources: downloads the sources of the libraries, once, to
# platforms/sources of BUILD.  The system's choice of mirrors holds, with an
# index apart from the system's.
fetch_sources()
{
	[ ! -e "$BUILD/platforms/sources/fetched" ] || return 0
	mkdir -p "$BUILD/platforms/sources/lists/partial" &&
	    cd "$BUILD/platforms/sources" || return 1
	sed 's/^Types:.*/Types: deb-src/' \
	    /etc/apt/sources.list.d/*.sources >deb-src.sources 2>/dev/null
	sed -n 's/^deb /deb-src /p' /etc/apt/sources.list \
	    /etc/apt/sources.list.d/*.list >deb-src.list 2>/dev/null
	for list in deb-src.sources deb-src.list; do
		[ -s "$list" ] || continue
		set -- -q -o Dir::Etc::SourceList="$(pwd)/$list" \
		    -o Dir::Etc::SourceParts=/dev/null \
		    -o Dir::State::Lists="$(pwd)/lists" \
		    -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
		    -o APT::Sandbox::User=
		apt-get "$@" update && apt-get "$@" source \
		    zlib cmocka libpcap && touch fetched && return
	done
	return 1
}

# build_libraries NAME...: builds zlib, cmocka or libpcap, once.
build_libraries()
{
	[ ! -e "$root/built" ] || return 0
	fetch_sources && mkdir -p "$root/lib" "$root/include" || return 1
	for library; do
		cd "$tree" && rm -rf "$library" && cp -R \
		    "$BUILD/platforms/sources/$library"-*/ "$library" &&
		    (cd "$library" && "build_$library") || return 1
	done
	touch "$root/built"
}

# Does not run zlib's configure, which tests this machine.  These macros are its
# results on every system; fdopen exists, but not where zlib looks.
build_zlib()
{
	rm -f contrib/*.c
	for source in *.c; do
		$cc -O2 -fPIC -D_LARGEFILE64_SOURCE=0 -DHAVE_UNISTD_H \
		    -Dfdopen=fdopen -c "$source" || return 1
	done
	$ar rc "$root/lib/libz.a" ./*.o && $ranlib "$root/lib/libz.a" &&
	    cp zlib.h zconf.h "$root/include/"
}

build_cmocka()
{
	$cc -O2 -fPIC -Iinclude -DHAVE_INTTYPES_H -DHAVE_SIGNAL_H \
	    -D_UINTPTR_T_DEFINED -DHAVE_STRUCT_TIMESPEC -DHAVE_CLOCK_REALTIME \
	    -c -o cmocka.o src/cmocka.c &&
	    $ar rc "$root/lib/libcmocka.a" cmocka.o &&
	    $ranlib "$root/lib/libcmocka.a" &&
	    cp include/*.h "$root/include/"
}

build_libpcap()
{
	./configure CC="$cc" --prefix="$root" --disable-shared \
	    --disable-usb --disable-bluetooth --disable-dbus --disable-rdma \
	    --without-libnl --without-dag &&
	    "$MAKE" -j 2 AR="$ar" libpcap.a &&
	    cp libpcap.a "$root/lib/" && cp -R pcap "$root/include/"
}
