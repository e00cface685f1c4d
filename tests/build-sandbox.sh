#!/bin/sh
# --with-sandbox: a sandbox that does not exist is an error, and a flowd
# without a sandbox runs only with -X NOSANDBOX.

# shellcheck disable=SC2317	# check calls these by name

set -u
SRC=${SRC:-$(cd "$(dirname "$0")/.." && pwd)}
MAKE=${MAKE:-make}
. "$SRC/tests/lib/tree.sh"
tree_test

link_sources "$SRC" "$tmp/src" && mkdir "$tmp/build" && cd "$tmp/build" ||
    exit 1

# refused WORD TEXT: configure must fail with this text.
refused()
{
	! ../src/configure --quiet --with-sandbox="$1" >said 2>&1 &&
	    grep -q -e "--with-sandbox=$1: $2" said
}

# No system has more than one of these.
absent=pledge
! grep -q '^SANDBOX = pledge' "${BUILD:-/nowhere}/Makefile" 2>/dev/null ||
    absent=capsicum
check "a sandbox of another system" refused "$absent" "not available here"
check "an unknown sandbox" refused nosuch "unknown sandbox"
check "configure without one" \
    ../src/configure --quiet --with-sandbox=no || end_tree_test
check "it builds" "$MAKE" -s -j 2 CFLAGS='-O0 -Werror' flowd || end_tree_test

cat >flowd.conf <<EOF
listen on 127.0.0.1:2055
logfile "$tmp/log"
EOF
insecure=
[ "$(id -u)" -ne 0 ] || insecure='-X INSECURE'

# shellcheck disable=SC2086	# options
refuses_to_run()
{
	! ./flowd -g $insecure -f flowd.conf >said 2>&1 &&
	    grep -q "built without a sandbox" said
}
check "it refuses to run" refuses_to_run
check "it checks a configuration" ./flowd -n -f flowd.conf
end_tree_test
