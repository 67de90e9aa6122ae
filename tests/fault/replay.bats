#!/usr/bin/env bats
# Every crash that the barriers allow: what was acknowledged is present, intact,
# recorded and found, whichever program comes next (see crash_states.py).
# A sample; all of it with FAULT_FULL=1.

load ../helper/env

setup() {
	pacs_setup
	need /usr/bin/python3
}

# states SCENARIO: the numbers are shown as a remark in the TAP.
states() {
	run /usr/bin/python3 "$PACS_TOP/tests/fault/crash_states.py" "$1"
	printf '# %s\n' "${lines[-1]}" >&3
	assert_success
	assert_output --partial ' 0 bad'
}

@test "a crash of pacs-init leaves an archive that works, or none" {
	states init
}

@test "a crash of a store of some files keeps all promises" {
	states few
}

@test "a crash of a store of many files keeps all promises" {
	states batch
}

@test "a crash of one store per file keeps all promises" {
	states one-by-one
}

@test "a crash among conflicts and what cannot be filed keeps all promises" {
	states troubles
}

@test "a crash while keys are added leaves them added or not" {
	states add
}

@test "a crash of two writers at once keeps all promises" {
	states two-writers
}

@test "a crash while objects are taken from a tar keeps all promises" {
	states tar
}

@test "a crash of a store that moves loses no object" {
	states move
}

@test "a crash during the recovery from three crashes keeps all promises" {
	states recovery
}

@test "a crash during a repair keeps all promises" {
	states repair
}

@test "a crash of stores and questions in turn keeps index and ledger apart" {
	states find-between
}

@test "a crash of an index update and a rebuild costs no answer" {
	states rebuild
}

@test "a crash while quarantine is emptied keeps all promises" {
	need pacs-quarantine
	states accept
}

@test "a crash of a purge leaves it recorded or not begun" {
	need pacs-purge
	states purge
}

@test "a crash while lost marks of purged objects are remade loses none" {
	states marks
}
