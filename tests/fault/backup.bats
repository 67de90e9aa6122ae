#!/usr/bin/env bats
# Backups, restores and prunes that are killed, or whose disk fails, at each call
# (see backup.py). A sample; each call with FAULT_FULL=1.

load ../helper/env

setup() {
	pacs_setup
	need /usr/bin/python3
}

tries() {
	run /usr/bin/python3 "$PACS_TOP/tests/fault/backup.py" "$1" "$2" \
		--seconds "${FAULT_SECONDS:-2}"
	printf '# %s\n' "${lines[-1]}" >&3
	assert_success
	assert_output --partial ' 0 bad'
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
