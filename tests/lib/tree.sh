# shellcheck shell=sh
# Trees of a test's own to build in.

# link_sources FROM TO: makes TO a source tree of links into FROM, with what a
# build and an installation need.  FROM may have been built in; nothing that
# came of it is taken over.
link_sources()
{
	mkdir -p "$2/m4" "$2/compat" "$2/fuzz" "$2/tests/unit" \
	    "$2/tests/hook" || return 1
	for file in "$1"/*.[chy1358] "$1"/*.in "$1"/libflowd.map \
	    "$1"/aclocal.m4 "$1"/configure "$1"/configure.ac \
	    "$1"/flowd.conf "$1"/m4/*.m4 "$1"/compat/*.c "$1"/fuzz/*.[ch] "$1"/tests/unit/*.[ch] \
	    "$1"/tests/hook/*.c; do
		case $file in
		*/autoconf.h) ;;
		*) ln -sf "$file" "$2/${file#"$1"/}" || return 1 ;;
		esac
	done
	for dir in perl python tools; do
		[ -e "$2/$dir" ] || ln -s "$1/$dir" "$2/$dir" || return 1
	done
}

# tree_test: starts a test, with a directory $tmp that goes when it ends.
tree_test()
{
	tmp=$(mktemp -d) || exit 1
	trap 'rm -rf "$tmp"' EXIT
	unset MAKEFLAGS MFLAGS MAKEOVERRIDES
	n=0
	failed=0
}

# check NAME COMMAND...: one line of TAP; what a failed command said follows.
# Its status is the command's.
check()
{
	n=$((n + 1))
	name=$1
	shift
	if "$@" >"$tmp/output" 2>&1; then
		echo "ok $n - $name"
		return 0
	fi
	echo "not ok $n - $name"
	tail -n 20 "$tmp/output" | sed 's/^/# /'
	failed=1
	return 1
}

end_tree_test()
{
	echo "1..$n"
	exit "$failed"
}
