#!/usr/bin/env bats
# The examples of the manual pages and of the README do what they show.

load ../helper/env

setup() {
	pacs_setup
	examples=$PACS_TOP/tests/docs/run-examples
}

# Each document in a folder of its own.
run_document() {
	mkdir "$BATS_TEST_TMPDIR/$(basename "$1")"
	cd "$BATS_TEST_TMPDIR/$(basename "$1")" || return
	"$examples" "$1"
}

@test "the examples of each page of section 1 run and print what it says" {
	local page failed=0 count=0
	for page in "$PACS_TOP"/man/*.1; do
		count=$((count + 1))
		(run_document "$page") || failed=1
	done
	[ "$count" -gt 0 ] && [ "$failed" -eq 0 ]
}

@test "the examples of the other pages run and print what they say" {
	local page failed=0 count=0
	for page in "$PACS_TOP"/man/*.[57]; do
		grep -q '^\.Sh EXAMPLES' "$page" || continue
		count=$((count + 1))
		(run_document "$page") || failed=1
	done
	[ "$count" -gt 0 ] && [ "$failed" -eq 0 ]
}

@test "the tour of the README runs and prints what it says" {
	run_document "$PACS_TOP/README.md"
}

# The judge itself: what is wrong in a document is found.
page() {
	printf '%s\n' '.\" setup: true' '.Sh EXAMPLES' '.Bd -literal' "$@" '.Ed' \
		>page.1
}

@test "a true example passes: output, any text, any lines, continuation" {
	# shellcheck disable=SC2016 # the document expands nothing
	page '$ printf "a\etb\en"' 'a b' '$ seq 5' '1' '\&...' '5' '$ echo x |' \
		'cat' 'x' '$ case 1 in' '> 1) echo y ;;' '> esac' 'y' '$ v=1' '$ echo "is $v, $(date)"' 'is 1, ...' '# reboot'
	"$examples" page.1
}

@test "a false example fails: output, missing lines, status, none at all" {
	page '$ echo a' 'b'
	run ! "$examples" page.1
	page '$ seq 3' '1' '2'
	run ! "$examples" page.1
	page '$ seq 2' '1' '2' '3'
	run ! "$examples" page.1
	page '$ false'
	run ! "$examples" page.1
	page '$ echo "1...3"' '1...4'
	run ! "$examples" page.1
	page 'nothing here'
	run ! "$examples" page.1
	printf '%s\n' '# T' '' '    $ echo a' '    b' >T.md
	run ! "$examples" T.md
}
