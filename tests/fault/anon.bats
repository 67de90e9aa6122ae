#!/usr/bin/env bats
# Exports that are killed, or whose disk fails, at each call (see anon.py). A
# sample; each call with FAULT_FULL=1.

load ../helper/env

setup() {
	pacs_setup
	need /usr/bin/python3
}

tries() {
	run /usr/bin/python3 "$PACS_TOP/tests/fault/anon.py" "$1" "$2"
	printf '# %s\n' "${lines[-1]}" >&3
	assert_success
	assert_output --partial ' 0 bad'
}

@test "a folder that is killed has no half object and a map that knows all" {
	tries kill folder
}

@test "an export with narrow pseudonyms that is killed goes on with its map" {
	tries kill narrow
}

@test "a tar.zst that is killed has no name, or is whole" {
	tries kill tar
}

@test "an export into an archive that is killed is gone on with" {
	tries kill store
}

@test "a folder on a failing disk says so, and so does its map" {
	tries fail folder
}

@test "a tar.zst on a failing disk says so" {
	tries fail tar
}

@test "an export into an archive on a failing disk says so" {
	tries fail store
}

@test "a folder without power has what was acknowledged, and tells what is torn" {
	tries power folder
}

@test "narrow pseudonyms without power are known to the map" {
	tries power narrow
}

@test "a tar.zst without power has no name, or is whole" {
	tries power tar
}

@test "an export into an archive without power is gone on with" {
	tries power store
}
