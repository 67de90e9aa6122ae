#!/usr/bin/env bats
# The testers are tested: the shim must see and stop every kind of change, and
# the replayer must find each of the classic mistakes.

load ../helper/env

setup() {
	pacs_setup
	need /usr/bin/python3
	fault=$PACS_TOP/tests/fault
	shim=$PACS_BUILD/fault/shim.so
	mkdir -p root/objects root/incoming
	: >root/ledger
	printf 'first object' >a
	printf 'second object' >b
}

# with KEY=VALUE... -- COMMAND: runs it under the shim.
with() {
	local -a set=()
	while [ "$1" != -- ]; do
		set+=("$1")
		shift
	done
	shift
	env "${set[@]}" SHIM_ROOT="$PWD/root" SHIM_STATE="$PWD/count" \
		LD_PRELOAD="$shim" "$@"
}

# calls: how many changes there were.
calls() {
	od -An -tu8 -N8 count | tr -d ' '
}

toy() {
	/usr/bin/python3 "$fault/replay.py" record --root root --journal j \
		--shim "$shim" -- /usr/bin/python3 "$fault/toy_store.py" "$1" \
		root a b
	/usr/bin/python3 "$fault/replay.py" check --journal j \
		--checker "sh $fault/toy_check.sh"
}

@test "replay finds nothing wrong with a store that is right" {
	run toy none
	assert_success
	assert_output --partial ' 0 bad'
	[[ $output != *" 0 states"* ]]
}

@test "replay catches a name that is given before the data is flushed" {
	run toy link-first
	assert_failure 1
	assert_output --partial 'not whole'
}

@test "replay catches an acknowledgement before the barrier" {
	run toy ack-first
	assert_failure 1
	assert_output --partial 'lost:'
}

@test "replay catches a folder that is never flushed" {
	run toy no-dir
	assert_failure 1
	assert_output --partial 'lost:'
}

@test "replay catches a ledger that is not flushed" {
	run toy no-ledger
	assert_failure 1
	assert_output --partial 'not in the ledger'
}

@test "replay catches a ledger that is rewritten in place" {
	run toy in-place
	assert_failure 1
	assert_output --partial 'not in the ledger'
}

@test "the shim's record explains the whole tree, SQLite's files included" {
	cat >work.sh <<-'END'
		cd root
		mkdir -p d/e
		printf text >d/e/f
		cp d/e/f d/g
		ln d/g d/h
		ln -s g d/s
		mv d/g d/e/i
		truncate -s 10 d/h
		rm d/e/f
		mkdir x && rmdir x
		chmod 600 d/h
		/usr/bin/sqlite3 t.db 'pragma journal_mode=wal' \
			'create table t (a); insert into t values (1)'
		/usr/bin/sqlite3 t.db 'insert into t values (2)'
	END
	run /usr/bin/python3 "$fault/replay.py" record --root root --journal j \
		--shim "$shim" -- bash work.sh
	assert_success
	assert_output --partial 'status 0'
}

@test "a call that the shim cannot see is noticed" {
	# A program of its own, statically linked, escapes LD_PRELOAD.
	need cc
	cat >esc.c <<-'END'
		#include <fcntl.h>
		#include <unistd.h>
		int main(void)
		{
			return write(open("root/x", O_CREAT | O_WRONLY, 0600),
				     "x", 1) != 1;
		}
	END
	cc -static -o esc esc.c
	run /usr/bin/python3 "$fault/replay.py" record --root root --journal j \
		--shim "$shim" -- ./esc
	assert_failure
	assert_output --partial 'did not see: x'
}

@test "the shim counts, fails, shortens and kills at each number" {
	with -- sh -c 'printf abcdef >root/f; mv root/f root/g; rm root/g'
	[ "$(calls)" -eq 4 ]
	rm count
	run with SHIM_FAIL=1:ENOSPC -- sh -c 'printf abc >root/f'
	assert_failure
	assert_output --partial 'No space left'
	[ ! -e root/f ]
	rm count
	run with SHIM_FAIL=rename:1:EIO -- \
		sh -c 'printf abcdef >root/f; mv root/f root/g'
	assert_output --partial 'Input/output error'
	[ -e root/f ]
	rm count root/f
	run with SHIM_FAIL=write:1:short -- /usr/bin/python3 -c '
import os
print(os.write(os.open("root/f", os.O_CREAT | os.O_WRONLY), b"abcdef"))'
	assert_output 3
	rm count root/f
	run with SHIM_KILL=unlink:1 -- rm root/ledger
	[ "$status" -eq 137 ]
	[ -e root/ledger ]
	rm count
	run with SHIM_KILL=unlink:1:after -- rm root/ledger
	[ "$status" -eq 137 ]
	[ ! -e root/ledger ]
}

@test "a full disk lets pass what has its blocks already" {
	with SHIM_FAIL=3:ENOSPC:on -- /usr/bin/python3 -c '
import os
fd = os.open("root/f", os.O_CREAT | os.O_WRONLY)
os.posix_fallocate(fd, 0, 4096)
assert os.write(fd, b"x" * 4096) == 4096
try:
    os.write(fd, b"x")
except OSError as e:
    assert e.errno == 28
else:
    raise SystemExit(1)'
}

@test "the shim leaves alone what is not below its root" {
	with SHIM_FAIL=1:EIO:on -- sh -c 'printf abc >other; rm other'
	[ "$(calls)" -eq 0 ]
}

@test "archives on a disk that only says it flushed are found to lose objects" {
	long
	run /usr/bin/python3 "$fault/crash_states.py" few --lie fsync \
		--limit 3000
	assert_failure 1
	assert_output --partial 'is not whole ('
	assert_output --partial 'acknowledged as stored and lost'
}

@test "ext4 without power loses what was not flushed, and that is found" {
	long
	[ "$(id -u)" -eq 0 ] || skip "mounting needs root"
	need mkfs.ext4 unshare
	truncate -s 8M image
	mkfs.ext4 -q -F image
	mkdir try
	unshare -m mount -o loop image try 2>/dev/null ||
		skip "loop mounts are not allowed here"
	run /usr/bin/python3 "$fault/live.py" plug few --lie fsync \
		--first --limit 70
	assert_failure 1
	assert_output --partial 'acknowledged as stored and lost'
}
