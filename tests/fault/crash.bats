#!/usr/bin/env bats
# kill -9 before and after each call that changes the disk, with real processes
# (see live.py). A sample; each call with FAULT_FULL=1.

load ../helper/env

setup() {
	pacs_setup
	need /usr/bin/python3
}

kills() {
	run /usr/bin/python3 "$PACS_TOP/tests/fault/live.py" "${mode:-kill}" "$@"
	printf '# %s\n' "${lines[-1]}" >&3
	assert_success
	assert_output --partial ' 0 bad'
}

@test "a store that is killed at any call has lost nothing" {
	kills few
}

@test "a store of many files that is killed has lost nothing" {
	kills batch
}

@test "one of two writers that is killed does no harm to the other" {
	kills two-writers
}

@test "a store that moves and is killed has lost nothing" {
	kills move
}

@test "a recovery that is killed is taken up by the next program" {
	kills recovery
}

@test "a repair that is killed leaves nothing in quarantine that is on no record" {
	local one at n=0
	pacs-phantom -o in --modality=CT --studies=1 --instances=1 --rows=16 --seed=5
	pacs-init a
	pacs-store -a a in
	one=$(cd a && find objects -type f)
	chmod u+w "a/$one"
	printf x | dd of="a/$one" bs=1 seek=200 conv=notrunc status=none
	chmod u-w "a/$one"
	mv a damaged
	for at in {link,rename}:{1,2,3,4}{,:after}; do
		rm -rf a
		cp -a damaged a
		run env LD_PRELOAD="$PACS_BUILD/fault/shim.so" SHIM_ROOT="$PWD/a" \
			SHIM_KILL="$at" pacs-store -q -j1 -a a in
		[ "$status" -eq 137 ] || continue
		n=$((n + 1))
		pacs-find -a a --count >/dev/null # recovers
		run pacs-verify -a a -f kind
		[ "$output" = damaged ] || [ -z "$output" ]
		pacs-store -q -a a in
		exits 0 pacs-verify -a a
		[ "$(find a/quarantine -name '*.dcm' | wc -l)" -eq 1 ]
	done
	[ "$n" -ge 6 ]
}

@test "a store among conflicts that is killed has lost nothing" {
	kills troubles
}

@test "a question that is killed while it updates the index does no harm" {
	kills find-between
}

@test "an index rebuild that is killed leaves an index" {
	kills rebuild
}

@test "an addition of keys that is killed is done or not, and goes on" {
	kills add
}

@test "quarantine survives when a program that empties it is killed" {
	need pacs-quarantine
	kills accept
}

@test "a purge that is killed is completed or not begun" {
	need pacs-purge
	kills purge
}

@test "lost marks of what was purged are all there, or made again" {
	kills marks
}

# pulls SCENARIO: the same, with what ext4 had sent to the device by then.
pulls() {
	[ "$(id -u)" -eq 0 ] || skip "mounting needs root"
	need mkfs.ext4 unshare
	truncate -s 8M image
	mkfs.ext4 -q -F image
	mkdir try
	unshare -m mount -o loop image try 2>/dev/null ||
		skip "loop mounts are not allowed here"
	mode=plug kills "$1" --limit 4
}

@test "ext4 without power keeps what a store had acknowledged" {
	pulls few
}

@test "ext4 without power keeps what a store of many files had acknowledged" {
	pulls batch
}

@test "ext4 without power keeps what one store per file had acknowledged" {
	pulls one-by-one
}
