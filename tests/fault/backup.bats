#!/usr/bin/env bats
# Backups, restores, prunes and copies that are killed, or whose disk fails, at
# each call (backup.py), or loses its power (backup_states.py). A sample; each
# call and state with FAULT_FULL=1.

load ../helper/env

setup() {
	pacs_setup
	need /usr/bin/python3
}

tries() {
	run /usr/bin/python3 "$PACS_TOP/tests/fault/backup.py" "$1" "$2"
	printf '# %s\n' "${lines[-1]}" >&3
	assert_success
	assert_output --partial ' 0 bad'
}

# powerless SCENARIO: the states that a power failure may leave.
powerless() {
	run /usr/bin/python3 "$PACS_TOP/tests/fault/backup_states.py" "$@"
	printf '# %s\n' "${lines[-1]}" >&3
	[ $# -eq 1 ] || return 0
	assert_success
	assert_output --partial ' 0 bad'
}

@test "without power a night that was done is there, and one that was not goes on" {
	powerless night
}

@test "without power a prune has taken nothing that is needed" {
	powerless prune
}

@test "without power a copy that was done is whole, and one that was not goes on" {
	powerless copy
}

@test "a night on a disk that only says it flushed is found to lose packs" {
	long
	powerless night --lie fsync --limit 1000
	assert_failure 1
	assert_output --partial 'restore of repo'
}

@test "a night that is killed at any call is gone on with by the next" {
	tries kill night
}

@test "a night on a failing disk says so, and harms no night before" {
	tries fail night
}

@test "a restore that is killed leaves no half archive" {
	tries kill restore
}

@test "a restore to a failing disk says so" {
	tries fail restore
}

@test "a prune that is killed takes nothing that is needed" {
	tries kill prune
}

@test "a prune on a failing disk takes nothing that is needed" {
	tries fail prune
}

@test "a copy that is killed or meets a failing disk is gone on with by the next" {
	long
	tries kill copy
	tries fail copy
}
