#!/usr/bin/env bats
# pacs-store: files and folders into an archive; what is told is true.

load ../helper/env
load ../helper/store

setup() {
	store_setup
}

teardown() {
	[ -z "${OPEN-}" ] || rm -rf "$OPEN"
}

# --- storing -----------------------------------------------------------------

@test "store is quiet and the bytes are there" {
	ct in/one 1 1 1
	exits 0 pacs-store in/one
	[ ! -s out ] && [ ! -s err ]
	in_archive in/one
	whole
}

@test "an object's path follows from its UIDs alone" {
	ct in/one 1 2 3
	exits 0 pacs-store --print -f StudyInstanceUID,SeriesInstanceUID,SOPInstanceUID,path in/one
	IFS=$'\t' read -r study series sop path <out
	shard=$(printf %s "$study" | sha256sum | cut -c1-3)
	[ "$path" = "objects/$shard/$study/$series/$sop.dcm" ]
	cmp in/one "a/$path"
}

@test "a record has every field, and they are true" {
	ct in/one 1 1 1
	exits 0 pacs-store --print --format=json in/one
	/usr/bin/python3 - <<-'END'
		import hashlib, json
		r = json.loads(open("out").read())
		raw = open("in/one", "rb").read()
		assert list(r) == ["outcome", "reason", "StudyInstanceUID",
		    "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID", "sha256",
		    "size_bytes", "path", "source"], list(r)
		assert r["outcome"] == "stored" and r["reason"] == ""
		assert r["SOPClassUID"] == "1.2.840.10008.5.1.4.1.1.2"
		assert r["sha256"] == hashlib.sha256(raw).hexdigest()
		assert r["size_bytes"] == len(raw) and r["source"] == "in/one"
		assert open("a/" + r["path"], "rb").read() == raw
	END
}

@test "folders are walked, whatever the files are called" {
	ct "in/a b/x.jpg" 1 1 1
	ct "in/.hidden/y" 1 1 2
	ct "in/deep/er/still/$(printf 'new\nline')" 1 1 3
	ct "in/$(printf 'bad\377utf8')" 1 1 4
	exits 0 pacs-store --print -f outcome,source in
	[ "$(wc -l <out)" -eq 4 ]
	grep -qx "stored	in/deep/er/still/new\\\\nline" out
	[ "$(objects)" -eq 4 ]
	whole
}

@test "a list on standard input is read by lines, or by NULs with -0" {
	ct "in/a b" 1 1 1
	ct "in/$(printf 'new\nline')" 1 1 2
	printf '%s\n' "in/a b" >list
	pacs-store - <list
	[ "$(objects)" -eq 1 ]
	find in -type f -print0 | pacs-store -0 -
	[ "$(objects)" -eq 2 ]
}

@test "an empty list is no failure, an empty folder is a no" {
	exits 0 pacs-store -
	mkdir empty
	exits 1 pacs-store empty
	grep -q 'no DICOM object' err
}

@test "what is stored again is a duplicate, and nothing is written" {
	cts in 3
	exits 0 pacs-store in
	cp -a a before
	exits 0 pacs-store --print -f outcome in
	[ "$(tally)" = "3 duplicate" ]
	diff -r before a
}

@test "objects are 0440, folders 0750, the ledger 0640; umask takes away more" {
	ct in/one 1 1 1
	exits 0 pacs-store in/one
	[ "$(find a/objects -type f -printf '%m\n')" = 440 ]
	[ "$(find a/objects -type d -printf '%m\n' | sort -u)" = 750 ]
	[ "$(stat -c %a a/ledger/000001.tsv)" = 640 ]
	ct in/two 2 1 1
	(umask 077 && exits 0 pacs-store in/two)
	[ "$(find a/objects -newer in/two -type f -printf '%m\n')" = 400 ]
}

@test "root acts as the archive's owner" {
	[ "$(id -u)" -eq 0 ] || skip "only root can act as another"
	chown -R daemon:daemon a
	ct in/one 1 1 1
	ct in/odd 1 1 2 'leave_out=((0x20, 0xd),)'
	exits 3 pacs-store in
	[ "$(find a ! -user daemon | wc -l)" -eq 0 ]
	[ "$(objects)" -eq 1 ]
}

@test "an archive that may not be written is status 4, and stays as it is" {
	[ "$(id -u)" -eq 0 ] || skip "needs root to become another"
	need setpriv
	open_folder
	pacs-init a
	chmod -R o+rX a
	ct in/one 1 1 1
	exits 4 as_nobody -a a in/one
	grep -qi 'permission\|write' err
	[ -z "$(find a/objects -type f)" ]
}

@test "an archive that lacks its empty folders is told, not called closed" {
	ct in/one 1 1 1
	for folder in incoming quarantine; do
		rmdir "a/$folder"
		exits 4 pacs-store in
		grep -q "a/$folder' is missing" err
		mkdir "a/$folder"
	done
	exits 0 pacs-store in
	whole
}

@test "behind a ledger line that does not fit nothing is appended: status 4" {
	ct in/one 1 1 1
	ct in/two 1 1 2
	exits 0 pacs-store in/one
	cp a/ledger/000001.tsv good
	echo garbage >>a/ledger/000001.tsv
	cp a/ledger/000001.tsv bad
	exits 4 pacs-store in/two
	grep -q 'check does not fit' err
	cmp bad a/ledger/000001.tsv
	[ "$(objects)" -eq 1 ]
	cp good a/ledger/000001.tsv
	exits 0 pacs-store in/two
	whole
}

@test "no archive is status 4, none named is wrong usage" {
	ct in/one 1 1 1
	exits 4 pacs-store -a nowhere in/one
	unset PACS_ARCHIVE
	exits 2 pacs-store in/one
}

@test "wrong usage is status 2 and stores nothing" {
	ct in/one 1 1 1
	exits 2 pacs-store
	exits 2 pacs-store --stdin in/one
	exits 2 pacs-store -f path in/one
	exits 2 pacs-store -j 0 in/one
	exits 2 pacs-store --print -f nonsense in/one
	[ "$(objects)" -eq 0 ]
}

@test "records that cannot be written are status 4" {
	ct in/one 1 1 1
	status=0
	pacs-store --print in/one >/dev/full 2>err || status=$?
	[ "$status" -eq 4 ]
}

@test "-v ends with the counts" {
	cts in 2
	echo text >in/text
	exits 0 pacs-store -v in
	grep -q '2 stored, 1 skipped' err
}

# --- standard input ---------------------------------------------------------------------

@test "--stdin takes one object" {
	ct in/one 1 1 1
	status=0
	pacs-store --stdin --print -f outcome,source <in/one >out || status=$?
	[ "$status" -eq 0 ]
	[ "$(cat out)" = "stored	-" ]
	in_archive in/one
	pacs-store --stdin --print -f outcome >out < <(cat in/one)
	[ "$(cat out)" = duplicate ]
	exits 1 pacs-store --stdin
}

@test "--stdin takes an object that is too big for memory" {
	ct big 1 1 1 'dcm.noise(1, 5000000)'
	pacs-store --stdin --print -f outcome <big >out
	[ "$(cat out)" = stored ]
	in_archive big
	pacs-store --stdin --print -f outcome <big >out
	[ "$(cat out)" = duplicate ]
	pacs-store --stdin -n -f outcome <big >out
	[ "$(cat out)" = duplicate ]
	whole
}

@test "big files are stored, seen again, and get a header if they need one" {
	ct in/big 1 1 1 'dcm.noise(1, 5000000)'
	ct in/bare 1 1 2 'raw = dcm.ct(1, 1, 2, dcm.noise(2, 3000000)); raw = raw[raw.index(b"\x08\0\x08\0CS"):]'
	exits 0 pacs-store --print -f outcome in
	[ "$(tally)" = "2 stored" ]
	exits 0 pacs-store --print -f outcome in
	[ "$(tally)" = "2 duplicate" ]
	in_archive in/big
	pacs-store --stdin --print -f outcome <in/bare >out
	[ "$(cat out)" = duplicate ]
	whole
}

@test "a full disk ends a run that waits for more of a list" {
	ct in/one 1 1 1
	pacs-init --floor=1000T b
	mkfifo list
	pacs-store -a b - <list 2>err &
	pid=$!
	exec 8>list
	echo in/one >&8
	status=0
	wait "$pid" || status=$?
	exec 8>&-
	[ "$status" -eq 4 ]
}

@test "progress is shown if it is asked for, on stderr" {
	cts in 3
	exits 0 pacs-store --progress=always in
	[ ! -s out ]
	grep -qa storing err
}

# --- limits, signals, crashes -------------------------------------------------------------

@test "below its floor the archive takes nothing: status 4" {
	local n
	pacs-phantom -o in --modality=CT --studies=1 --instances=20 --rows=16
	pacs-init --floor=1000T b
	exits 4 pacs-store -j 1 -a b --print -f outcome,reason in
	# Those that were under way when the first failed: one or more.
	n=$(wc -l <out)
	[ "$(tally)" = "$n failed nospc" ]
	# It is said once.
	[ "$(grep -c 'in/.* KiB free; the archive keeps' err)" -eq 1 ]
	[ "$n" -eq 1 ] ||
		grep -qx "pacs-store: $((n - 1)) more were not stored for this reason" err
	[ -z "$(find b/objects -type f)" ]
}

@test "records come while more items may come" {
	ct in/one 1 1 1
	ct in/two 1 1 2
	mkfifo list records
	pacs-store --print -f outcome,source - <list >records &
	pid=$!
	exec 8>list 9<records
	echo in/one >&8
	read -r -t 20 line <&9
	[ "$line" = "stored	in/one" ]
	in_archive in/one
	echo in/two >&8
	read -r -t 20 line <&9
	[ "$line" = "stored	in/two" ]
	exec 8>&-
	wait "$pid"
}

@test "SIGTERM ends a run with what was acknowledged safe" {
	ct in/one 1 1 1
	mkfifo list records
	pacs-store --print -f outcome,source - <list >records &
	pid=$!
	exec 8>list 9<records
	echo in/one >&8
	read -r -t 20 line <&9
	[ "$line" = "stored	in/one" ]
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 143 ]
	exec 8>&-
	whole
	[ -z "$(ls a/incoming)" ]
}

@test "SIGINT while a stream says nothing ends it" {
	ct in/one 1 1 1
	mkfifo stream
	# A shell's background job ignores SIGINT; this one must not.
	/usr/bin/python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp("pacs-store", ["pacs-store", "--stdin", "--print", "-f", "outcome"])' <stream >out 2>err &
	pid=$!
	exec 8>stream
	head -c 50 in/one >&8
	# A writer's folder is there: the program has begun.
	until [ -n "$(ls a/incoming)" ]; do kill -0 "$pid"; done
	kill -INT "$pid"
	status=0
	wait "$pid" || status=$?
	exec 8>&-
	[ "$status" -eq 130 ]
	whole
}

@test "kill -9 in the middle: what was acknowledged is there, the rest follows" {
	cts in 1500
	mkfifo records
	pacs-store -j 2 --print -f sha256,path in >records &
	pid=$!
	exec 9<records
	for _ in $(seq 20); do read -r line <&9 && echo "$line"; done >acknowledged
	kill -9 "$pid"
	cat <&9 >>acknowledged
	wait "$pid" || true
	[ "$(wc -l <acknowledged)" -ge 20 ]
	# The last line may be cut.
	awk -F '\t' 'NF == 2 && $2 ~ /dcm$/ { print $1 "  a/" $2 }' acknowledged >sums
	sha256sum --quiet -c sums
	exits 0 pacs-store --print -f outcome in
	[ "$(wc -l <out)" -eq 1500 ]
	[ "$(objects)" -eq 1500 ]
	whole
}

@test "two stores at once of overlapping sets agree" {
	cts in 300
	mkdir one two
	for i in $(seq 1 200); do ln "in/$i" one/; done
	for i in $(seq 100 300); do ln "in/$i" two/; done
	pacs-store --print -f outcome one >out1 2>err1 &
	first=$!
	pacs-store --print -f outcome two >out2 2>err2 &
	second=$!
	wait "$first"
	wait "$second"
	[ "$(cat out1 out2 | wc -l)" -eq 401 ]
	[ "$(cat out1 out2 | grep -c stored)" -eq 300 ]
	[ "$(objects)" -eq 300 ]
	whole
}

@test "one worker is enough, many do no harm" {
	cts in 100
	pacs-init b
	exits 0 pacs-store -j 1 in
	exits 0 pacs-store -j 16 -a b in
	diff -r a/objects b/objects
}
