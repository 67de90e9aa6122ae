#!/usr/bin/env bash
# Run libFuzzer targets for FUZZ_SECONDS each. What they find stays in
# $B/found; what is worth keeping goes to tests/fuzz/corpus/TARGET, small.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
B=${B:-build/libfuzzer}
failed=0
[ $# -gt 0 ] || {
	echo "no fuzz target matches" >&2
	exit 1
}
for target; do
	mkdir -p "$B/corpus/$target" "$B/found"
	echo "fuzz $target: ${FUZZ_SECONDS:-60} s"
	"$B/fuzz/$target" -max_total_time="${FUZZ_SECONDS:-60}" -timeout=10 \
		-rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 \
		-artifact_prefix="$B/found/$target-" \
		"$B/corpus/$target" "tests/fuzz/corpus/$target" || {
		echo "fuzz $target: FAILED, see $B/found/$target-*"
		failed=1
	}
done
exit "$failed"
