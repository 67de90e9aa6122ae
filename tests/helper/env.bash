# The environment of every bats file: `load ../helper/env` on top, then
# `setup() { pacs_setup; }`. A test starts in its own empty folder, with our
# programs first in PATH and nothing of the caller's settings.
# shellcheck shell=bash disable=SC2154 # run sets status and output

bats_require_minimum_version 1.5.0

# PACS_BUILD is the build directory (set by tests/run.sh), PACS_TOP the source.
PACS_TOP=$(cd "${BATS_TEST_DIRNAME:-$PWD}/../.." && pwd)
PACS_BUILD=${PACS_BUILD:-$PACS_TOP/build}

pacs_setup() {
	local v
	for v in $(compgen -v PACS_); do
		case $v in
		PACS_TOP | PACS_BUILD | PACS_BIN) ;;
		*) unset "$v" ;;
		esac
	done
	export PACS_TOP PACS_BUILD
	export LC_ALL=C TZ=UTC HOME=$BATS_TEST_TMPDIR
	umask 022
	PATH=${PACS_BIN:-$PACS_BUILD/bin}:$PATH
	cd "$BATS_TEST_TMPDIR" || return
}

# same FILE < EXPECTED: the file's text is exactly this.
same() {
	diff -u - "$1"
}

# exits N COMMAND...: runs it with output in ./out and ./err (bytes kept, as
# `run` does not) and expects the status N.
exits() {
	local want=$1 status=0
	shift
	"$@" >out 2>err </dev/null || status=$?
	if [ "$status" -ne "$want" ]; then
		echo "status $status, expected $want: $*"
		echo "stdout:"
		head -c 2000 out
		echo "stderr:"
		head -c 2000 err
		return 1
	fi
}

# What `run` left: its $status and $output. Few and small, as each test reads
# this file again.
assert_success() {
	[ "$status" -eq 0 ] || ran "success"
}

assert_failure() { # [STATUS]
	if [ $# -eq 0 ]; then
		[ "$status" -ne 0 ] || ran "failure"
	else
		[ "$status" -eq "$1" ] || ran "status $1"
	fi
}

assert_output() { # [--partial | --regexp] TEXT
	case $1 in
	--partial) [[ $output == *"$2"* ]] ;;
	--regexp) [[ $output =~ $2 ]] ;;
	*) assert_equal "$output" "$1" ;;
	esac || ran "output $*"
}

assert_equal() { # IS SHOULD
	[ "$1" = "$2" ] || {
		printf 'is:     %s\nshould: %s\n' "$1" "$2"
		return 1
	}
}

ran() { # EXPECTED
	printf 'status %s, expected %s:\n%s\n' "$status" "$1" "$output"
	return 1
}

# need PROGRAM...: skip the test, saying why, where a judge is not installed.
need() {
	local p
	for p; do
		command -v "$p" >/dev/null || skip "$p is not installed"
	done
}

# long: first in a test that takes minutes; `make check-all` runs it.
long() {
	[ -n "${CHECK_ALL:-}" ] || skip "only in make check-all"
}

# native PROGRAM: the path of the program itself, where others may stand in front
# of it (valgrind), for tests that copy it or run it as another user.
native() {
	echo "$PACS_BUILD/bin/$1"
}

# not_wrapped WHY: skip where another program stands in front of ours.
not_wrapped() {
	[ "${PACS_BIN:-$PACS_BUILD/bin}" = "$PACS_BUILD/bin" ] || skip "$1"
}

# patience SECONDS: how long a test may take or wait; ten times as much where
# another program stands in front of ours.
patience() {
	if [ "${PACS_BIN:-$PACS_BUILD/bin}" = "$PACS_BUILD/bin" ]; then
		echo "$1"
	else
		echo "${1}0"
	fi
}

# hold FD: lock it as a writer does, until it is closed.
hold() {
	/usr/bin/python3 -c 'import fcntl, struct, sys
fcntl.fcntl(int(sys.argv[1]), 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))' "$1"
}
