#!/bin/sh
# CONTRIBUTING.md's table of files names what is there, and all of it; no test
# is left out of what runs.

set -u
SRC=${SRC:-$(cd "$(dirname "$0")/.." && pwd)}
cd "$SRC" || exit 1
failed=0
echo 1..3

# shellcheck disable=SC2016	# backquotes of Markdown
named=$(sed -n 's/^| \(`[^|]*`\) |.*/\1/p' CONTRIBUTING.md | tr -d '`')
missing=
for file in $named; do
	[ -e "$file" ] || missing="$missing $file"
done
if [ -n "$named" ] && [ -z "$missing" ]; then
	echo "ok 1 - every file in the table exists"
else
	echo "not ok 1 - every file in the table exists"
	echo "# not there:$missing"
	failed=1
fi

unnamed=
for file in *.[cy]; do
	case " $(echo "$named" | tr '\n' ' ') " in
	*" $file "*) ;;
	*) [ "$file" = parse.c ] || unnamed="$unnamed $file" ;;
	esac
done
if [ -z "$unnamed" ]; then
	echo "ok 2 - every source file is in the table"
else
	echo "not ok 2 - every source file is in the table"
	echo "# not in CONTRIBUTING.md:$unnamed"
	failed=1
fi

forgotten=
for file in tests/unit/*.c fuzz/*.c; do
	grep -q "${file%.c}\( \|\.o\|\$\)" Makefile.in || forgotten="$forgotten $file"
done
for file in tests/*.sh tests/*.py; do
	[ -x "$file" ] || forgotten="$forgotten $file"
done
if [ -z "$forgotten" ]; then
	echo "ok 3 - every test is run"
else
	echo "not ok 3 - every test is run"
	echo "# not in the Makefile, or not executable:$forgotten"
	failed=1
fi
exit $failed
