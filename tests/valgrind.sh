#!/usr/bin/env bash
# The contracts with our programs under valgrind: what is used before it has a
# value, and what is lost, beside what ASan sees. Many times slower; `make
# valgrind` calls this, T=name only files that match. Programs that a test copies
# or runs as another user run as they are (native in helper/env.bash); what is
# about time, or ends a program by a limit, is skipped there (not_wrapped).
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
PACS_BUILD=${PACS_BUILD:-$PWD/build}
work=$PACS_BUILD/valgrind
rm -rf "$work"
mkdir -p "$work/bin" "$work/log"
for program in "$PACS_BUILD"/bin/pacs*; do
	case $program in *.so) continue ;; esac
	cat >"$work/bin/$(basename "$program")" <<-END
		#!/bin/sh
		exec valgrind -q --vgdb=no --leak-check=full --errors-for-leak-kinds=definite \\
			--suppressions='$PWD/tests/valgrind.supp' \\
			--show-leak-kinds=definite --log-file='$work/log/%p' \\
			'$program' "\$@"
	END
done
chmod +x "$work"/bin/*
# Programs that were killed leave a log, too; only what valgrind wrote counts.
PACS_BIN=$work/bin KINDS=bats T=${T:-tests/cmd/} TEST_TIMEOUT=7200 \
	PACS_BUILD=$PACS_BUILD tests/run.sh
status=$?
find "$work/log" -size 0 -delete
count=$(find "$work/log" -type f | wc -l)
echo "valgrind: $count reports in $work/log"
[ "$count" -eq 0 ] && [ "$status" -eq 0 ]
