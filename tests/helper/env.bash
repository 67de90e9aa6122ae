# The environment of every bats file: `load ../helper/env` on top, then
# `setup() { pacs_setup; }`. A test starts in its own empty folder, with our
# programs first in PATH and nothing of the caller's settings.
# shellcheck shell=bash

bats_require_minimum_version 1.5.0

# Debian has the bats libraries here; other systems name theirs.
export BATS_LIB_PATH=${BATS_LIB_PATH:-/usr/lib/bats:/usr/lib}
bats_load_library bats-support
bats_load_library bats-assert
bats_load_library bats-file

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
