#!/usr/bin/env bash
# Run every test of every kind, count each one, and end with the line
#	N passed, N failed, N skipped
# Status 0 only if something ran and nothing failed. `make check` calls this.
#
#   PACS_BUILD  the build directory        KINDS  "unit san replay oracle fault bats"
#   T           only files whose path contains it
#   JOBS        files at once (default: two for each CPU, as tests wait a lot)
#   TEST_TIMEOUT  seconds for one file (default 600)
#   TMPDIR      where tests work (default: in memory, where there is room; with
#               CHECK_ALL on the disk, as an archive is)
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
PACS_TOP=$PWD
PACS_BUILD=${PACS_BUILD:-$PWD/build}
KINDS=${KINDS:-unit san replay oracle fault bats}
export PACS_TOP PACS_BUILD
export UBSAN_OPTIONS=print_stacktrace=1:${UBSAN_OPTIONS:-}
export ASAN_OPTIONS=detect_leaks=1:${ASAN_OPTIONS:-}

wants() {
	case " $KINDS " in *" $1 "*) return 0 ;; *) return 1 ;; esac
}

# Lines "kind file": what takes long comes first.
list_files() {
	local f
	if wants fault; then
		for f in tests/fault/*.bats; do echo "fault $f"; done
	fi
	if wants bats; then
		for f in tests/cmd/*.bats tests/docs/*.bats; do echo "bats $f"; done
	fi
	if wants oracle; then
		for f in tests/oracle/*.py; do echo "oracle $f"; done
	fi
	for f in tests/fuzz/*.c; do
		[ "$f" != tests/fuzz/driver.c ] || continue
		if wants replay; then echo "replay $f"; fi
	done
	for f in tests/unit/*.c; do
		if wants san; then echo "san $f"; fi
		if wants unit; then echo "unit $f"; fi
	done
}

# Run one file; its TAP goes to stdout.
run_file() {
	local kind=$1 file=$2 name
	name=$(basename "${file%.*}")
	case $kind in
	unit) "$PACS_BUILD/unit/$name" ;;
	san) "$PACS_BUILD/asan/unit/$name" ;;
	replay)
		if ls -A "tests/fuzz/corpus/$name" >/dev/null 2>&1; then
			"$PACS_BUILD/asan/replay/$name" "tests/fuzz/corpus/$name" 2>&1
		else
			echo "tests/fuzz/corpus/$name is missing"
			false
		fi
		;;
	oracle) python "$file" ;;
	bats | fault) bats --formatter tap --print-output-on-failure "$file" ;;
	esac
}

# The distribution's Python has pydicom, another one first in PATH may not.
python() {
	if [ -x /usr/bin/python3 ]; then
		/usr/bin/python3 "$@"
	else
		python3 "$@"
	fi
}

# Count a file's TAP: "passed failed skipped". What it announced and did not
# run, and an end without success that no test explains, are failures too.
count() {
	awk -v status="$1" '
	/^(not )?ok([ \t]|$)/ {
		seen++
		if (tolower($0) ~ /# *skip/) skipped++
		else if ($1 == "ok") passed++
		else failed++
	}
	/^1\.\.[0-9]+/ { plan = substr($1, 4) + 0; planned = 1 }
	END {
		if (planned && plan > seen) failed += plan - seen
		if (!planned && seen) failed++
		if (status != 0 && !failed) failed++
		if (status == 0 && !seen) failed++
		print passed + 0, failed + 0, skipped + 0
	}' "$2"
}

one() {
	local kind=$1 file=$2 out=$3 log status=0 start=$SECONDS
	log=$out/$kind-$(echo "${file%.*}" | tr / -)
	export -f run_file python
	timeout -k 10 "${TEST_TIMEOUT:-600}" bash -c 'run_file "$@"' - \
		"$kind" "$file" >"$log.tap" 2>"$log.err" </dev/null || status=$?
	[ "$status" -ne 124 ] || echo "# stopped after ${TEST_TIMEOUT:-600} s" \
		>>"$log.err"
	if [ "$kind" = replay ]; then
		mv "$log.tap" "$log.err"
		if [ "$status" -eq 0 ]; then
			echo "ok 1 - $(tail -n 1 "$log.err") replayed"
		else
			echo "not ok 1 - replay of $file"
		fi >"$log.tap"
		echo 1..1 >>"$log.tap"
	fi
	count "$status" "$log.tap" >"$log.count"
	local passed failed skipped
	read -r passed failed skipped <"$log.count"
	printf '%s %-7s %s: %s passed, %s failed, %s skipped, %d s\n' \
		"$([ "$failed" -eq 0 ] && echo "  " || echo "!!")" "$kind" \
		"$file" "$passed" "$failed" "$skipped" $((SECONDS - start))
	[ "$failed" -eq 0 ] || {
		echo "$kind $file (status $status)"
		grep -vE '^ok([ 	]|$)' "$log.tap"
		tail -n 60 "$log.err"
	} >"$log.failed"
	! grep -iE '^ok.*# *skip' "$log.tap" | sed "s|^|$file: |" >"$log.skips" ||
		true
}

if [ "${1:-}" = --one ]; then
	one "$2" "$3" "$4"
	exit 0
fi

# room FOLDER: has it 4 GiB, and may programs run there (in containers, often not)?
room() {
	[ -w "$1" ] && ! grep -q " $1 .*noexec" /proc/mounts &&
		[ "$(df -Pk "$1" | awk 'END { print $4 }')" -ge 4194304 ]
}

out=$(mktemp -d) || exit 2
trap 'rm -rf "$out"' EXIT
if [ -z "${TMPDIR:-}${CHECK_ALL:-}" ] && room /dev/shm; then
	TMPDIR=$(mktemp -d /dev/shm/pacs-check.XXXXXX) || exit 2
	trap 'rm -rf "$out" "$TMPDIR"' EXIT
	chmod 1777 "$TMPDIR" # as /tmp: some tests are another user
	export TMPDIR
fi
shopt -s nullglob
list_files | { grep -F -- "${T:-}" || true; } >"$out/list"
shopt -u nullglob
# shellcheck disable=SC2016 # sh expands it
xargs -L 1 -P "${JOBS:-$(($(nproc) * 2))}" sh -c '"$0" --one "$2" "$3" "$1"' \
	"tests/run.sh" "$out" <"$out/list"

cat "$out"/*.skips 2>/dev/null
for f in "$out"/*.failed; do
	[ -e "$f" ] || continue
	printf '\n==== '
	cat "$f"
done
# A file without a count died with its runner: that is a failure as well.
files=$(wc -l <"$out/list")
cat "$out"/*.count 2>/dev/null | awk -v files="$files" '
	{ passed += $1; failed += $2; skipped += $3 }
	END {
		if (NR < files) failed += files - NR
		printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
		exit failed > 0 || passed == 0
	}'
