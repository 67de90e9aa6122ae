#!/usr/bin/env bats
# ENOSPC, EIO, short writes, failing flushes and a full disk at each call (see
# live.py): the right status, nothing lost, the next run fine. A sample; each
# call with FAULT_FULL=1.

load ../helper/env

setup() {
	pacs_setup
	need /usr/bin/python3
}

fails() {
	run /usr/bin/python3 "$PACS_TOP/tests/fault/live.py" fail "$1"
	printf '# %s\n' "${lines[-1]}" >&3
	assert_success
	assert_output --partial ' 0 bad'
}

@test "a store on a failing disk says so and loses nothing" {
	fails few
}

@test "a store of many files on a failing disk says so and loses nothing" {
	fails batch
}

@test "a store from a tar on a failing disk says so and loses nothing" {
	fails tar
}

@test "a store that moves on a failing disk loses no object" {
	fails move
}

@test "a store that recovers on a failing disk says so and loses nothing" {
	fails recovery
}

@test "questions on a failing disk are answered right or not at all" {
	fails find-between
}

@test "an index rebuild on a failing disk leaves an index" {
	fails rebuild
}

@test "keys that are added on a failing disk are added or not" {
	fails add
}

@test "pacs-quarantine on a failing disk says so and loses nothing" {
	need pacs-quarantine
	fails accept
}

@test "a purge on a failing disk says so and is recorded or not begun" {
	need pacs-purge
	fails purge
}

@test "marks of what was purged, remade on a failing disk, are all or none" {
	fails marks
}

@test "a store to a really full file system ends with status 4, and goes on" {
	[ "$(id -u)" -eq 0 ] || skip "mounting needs root"
	mkdir disk
	mount -t tmpfs -o size=3m none disk 2>/dev/null ||
		skip "mounting is not allowed here"
	/usr/bin/python3 - <<-'END'
		import os, sys
		sys.path.insert(0, os.path.join(os.environ["PACS_TOP"], "tests/fault"))
		sys.dont_write_bytecode = True
		import dcm
		os.mkdir("in")
		for i in range(40):
		    with open(f"in/{i}", "wb") as f:
		        f.write(dcm.ct(1, 1, i + 1, dcm.noise(i, 100000)))
	END
	status=0
	pacs-init --floor=1 disk/a &&
		exits 4 pacs-store -a disk/a --print --format=json in || status=$?
	cp -r disk/a kept || status=1
	umount disk
	[ "$status" -eq 0 ]
	run cat err
	assert_output --regexp 'space|full|free'
	# What was acknowledged is there; where there is room, the rest follows.
	cp out acknowledged
	[ "$(grep -c '"outcome":"stored"' acknowledged)" -lt 40 ]
	exits 0 pacs-store -a kept --print --format=json in
	sed -n 's/.*"outcome":"stored".*"path":"\([^"]*\)".*/\1/p' \
		acknowledged >paths
	while read -r o; do
		[ -e "kept/$o" ]
	done <paths
	[ "$(find kept/objects -type f | wc -l)" -eq 40 ]
}
