# shellcheck shell=sh
# Trees of a test's own to build in.

# link_sources FROM TO: makes TO a source tree of links into FROM, with what a
# build and an installation need.  FROM may contain build trees and the results
# of a build in place; these are not linked.
link_sources()
{
	for dir in . $(cd "$1" && ls -d [!.]*/ tests/*/); do
		[ "$dir" = . ] || [ ! -f "$1/$dir/config.status" ] || continue
		case $dir in
		perl/ | python/ | tools/) continue ;;
		esac
		for file in "$1/$dir"/*.[chy13578] "$1/$dir"/*.in \
		    "$1/$dir"/*.m4 "$1/$dir"/*.map; do
			case $file in
			*/autoconf.h | *"*"*) continue ;;
			esac
			mkdir -p "$2/$dir" &&
			    ln -sf "$file" "$2/$dir/${file##*/}" || return 1
		done
	done
	for file in configure configure.ac flowd.conf; do
		ln -sf "$1/$file" "$2/$file" || return 1
	done
	for dir in perl python tools; do
		[ -e "$2/$dir" ] || ln -s "$1/$dir" "$2/$dir" || return 1
	done
}

# remove_tree: removes $tmp, unless a test failed and its files must be kept.
remove_tree()
{
	if [ "$failed" -eq 0 ] || [ -z "${FLOWD_TEST_KEEP:-}" ]; then
		rm -rf "$tmp"
	fi
}

# tree_test: starts a test, with a directory $tmp that is removed at the end.
tree_test()
{
	n=0
	failed=0
	tmp=$(mktemp -d) || exit 1
	trap remove_tree EXIT
	unset MAKEFLAGS MFLAGS MAKEOVERRIDES
}

# check NAME COMMAND...: prints one line of TAP, and the output of a failed
# command.  Its status is the command's.
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
