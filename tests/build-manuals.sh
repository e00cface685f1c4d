#!/bin/sh
# Manual pages and programs agree on the options, and the pages are sound.

set -u
SRC=${SRC:-$(cd "$(dirname "$0")/.." && pwd)}
cd "$SRC" || exit 1
n=0
failed=0

result()
{
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		failed=1
	fi
}

# The letters of the getopt call, or Perl's, or Python's, one a line.
options_of_program()
{
	case $1 in
	*.py)
		echo h	# which is always there
		sed -n 's/.*add_argument("-\([A-Za-z0-9]\)".*/\1/p' "$1"
		;;
	*)
		sed -n -e 's/.*getopt([a-z]*, [a-z]*, "\([^"]*\)").*/\1/p' \
		    -e "s/.*getopts('\([^']*\)'.*/\1/p" "$1" |
		    tr -d ':' | fold -w 1
		;;
	esac | sort
}

# Options that have a list item of their own, as against a mention in a text.
options_of_manual()
{
	sed -n 's/^\.It Fl \([A-Za-z0-9]\)\( .*\)*$/\1/p' "$1" | sort
}

# Letters in the synopsis: "Op Fl dghn" has four.
options_of_synopsis()
{
	sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/p' "$1" |
	    sed -n 's/^\.\(Op \)*Fl \([A-Za-z0-9]*\).*/\2/p' |
	    fold -w 1 | sort -u
}

agree()
{
	program=$(options_of_program "$1")
	result "$([ -n "$program" ]; echo $?)" "$1 has options"
	described=$(options_of_manual "$2")
	result "$([ "$program" = "$described" ]; echo $?)" \
	    "$2 describes the options of $1"
	synopsis=$(options_of_synopsis "$2")
	result "$([ "$program" = "$synopsis" ]; echo $?)" \
	    "$2 has them in its synopsis"
	for list in "$1 $program" "$2 $described" "synopsis $synopsis"; do
		echo "# $list" | tr '\n' ' '
		echo
	done
}

agree flowd.c flowd.8
agree flowdctl.c flowdctl.8
agree flowd-reader.c flowd-reader.8
agree flow-send.c flow-send.1
agree tools/flowinsert tools/flowinsert.1
agree tools/flowrrd/flowrrd.py tools/flowrrd.1
agree tools/sockclient.py tools/flowd-sockclient.1
agree tools/stats.py tools/flowd-stats.1
agree tools/wormsuspects.pl tools/flowd-wormsuspects.1

for page in *.[1358] tools/*.1; do
	if command -v mandoc >/dev/null; then
		said=$(mandoc -T lint -W warning "$page" 2>&1)
		result $? "$page has no faults"
		[ -z "$said" ] || echo "$said" | sed 's/^/# /'
	else
		n=$((n + 1))
		echo "ok $n - $page # SKIP mandoc is not there"
	fi
done
echo "1..$n"
exit $failed
