#!/usr/bin/env bats
# pacs-store: files and folders into an archive; what is told is true.

load ../helper/env
load ../helper/store

setup() {
	pacs_setup
	need /usr/bin/python3
	pacs-init a
	export PACS_ARCHIVE=$PWD/a
}

teardown() {
	[ -z "${OPEN-}" ] || rm -rf "$OPEN"
}

# Work in a folder that others may enter; those of bats are closed to them.
open_folder() {
	OPEN=$(mktemp -d)
	chmod 755 "$OPEN"
	cp "$(native pacs-store)" "$OPEN/store"
	cd "$OPEN" || return
}

as_nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups ./store "$@"
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

# --- what is not stored --------------------------------------------------------

@test "what is not DICOM is skipped and counted; --strict makes it a failure" {
	ct in/one 1 1 1
	echo text >in/text
	: >in/empty
	exits 0 pacs-store --print -f outcome,reason in
	[ "$(tally)" = "1 skipped empty
1 skipped not-dicom
1 stored" ]
	exits 3 pacs-store --strict --print -f outcome,reason in
	[ "$(tally)" = "1 duplicate
1 failed empty
1 failed not-dicom" ]
	exits 1 pacs-store in/text
}

@test "FIFOs, sockets, devices and links are told, never opened" {
	ct in/one 1 1 1
	mkfifo in/fifo
	/usr/bin/python3 -c 'import socket
socket.socket(socket.AF_UNIX).bind("in/socket")'
	ln -s ../in in/loop
	ln -s one in/link
	mkdir elsewhere
	ln -s ../elsewhere in/folder
	ln -s /dev/zero in/zero
	ln -s nowhere in/broken
	exits 3 pacs-store --print -f outcome,reason,source in
	# Which of the two comes first is not said.
	sed 's/^\(stored\|duplicate\)\t/safe\t/' out | LC_ALL=C sort | diff - <(
		printf 'failed\tnotfound\tin/broken\n'
		printf 'safe\t\tin/link\n'
		printf 'safe\t\tin/one\n'
		printf 'skipped\tdevice\tin/zero\n'
		printf 'skipped\tfifo\tin/fifo\n'
		printf 'skipped\tlinked-folder\tin/folder\n'
		printf 'skipped\tlinked-folder\tin/loop\n'
		printf 'skipped\tsocket\tin/socket\n'
	)
	exits 1 pacs-store in/fifo
	exits 3 pacs-store no-such-file
}

@test "the archive itself is not walked into" {
	ct in/one 1 1 1
	exits 0 pacs-store in
	exits 0 pacs-store --print -f outcome,reason,source .
	grep -qx 'skipped	archive-itself	./a' out
	[ "$(objects)" -eq 1 ]
}

@test "a sparse file of 5 GB that is not DICOM is skipped without being read" {
	mkdir in
	truncate -s 5G in/sparse
	exits 1 timeout "$(patience 5)" pacs-store in
	ct in/two 1 1 2
	exits 0 timeout "$(patience 5)" pacs-store in
	[ "$(objects)" -eq 1 ]
}

@test "folders deeper than the limit are a failure, not a crash" {
	/usr/bin/python3 - <<-'END'
		import os
		os.mkdir("in"); fd = os.open("in", os.O_RDONLY)
		for i in range(300):
		    os.mkdir("d", dir_fd=fd); fd2 = os.open("d", os.O_RDONLY, dir_fd=fd)
		    os.close(fd); fd = fd2
	END
	exits 3 pacs-store --print -f outcome,reason in
	[ "$(tally)" = "1 failed too-deep" ]
	/usr/bin/python3 -c 'import shutil, sys
sys.setrecursionlimit(5000); shutil.rmtree("in")'
}

@test "a folder that may not be read is a failure of its own" {
	[ "$(id -u)" -eq 0 ] || skip "needs root to become another"
	need setpriv
	open_folder
	ct in/open/one 1 1 1
	ct in/shut/two 1 1 2
	chmod 700 in/shut
	pacs-init b
	chown -R 65534:65534 b
	exits 3 as_nobody -a b --print -f outcome,reason,source in
	grep -qx 'failed	denied	in/shut' out
	grep -q '^stored	' out
}

# --- quarantine ------------------------------------------------------------------

@test "an object without its UIDs goes to quarantine: status 3" {
	ct in/one 1 1 1 'leave_out=((0x20, 0xd),)'
	ct in/two 1 1 2 'leave_out=((8, 0x16),)'
	exits 3 pacs-store --print -f outcome,reason,path in
	[ "$(cut -f1,2 out | sort -u)" = "quarantined	no-uids" ]
	cut -f3 out | while read -r p; do
		cmp -s "a/$p" in/one || cmp "a/$p" in/two
	done
	grep -q 'no-uids' err
	[ "$(objects)" -eq 0 ]
	# The same again is kept once.
	exits 3 pacs-store in
	[ "$(find a/quarantine -name '*.dcm' | wc -l)" -eq 2 ]
	whole
}

@test "UIDs that cannot be names go to quarantine, and are not shown" {
	ct in/one 1 1 1 'raw = raw.replace(b"1.2.826.0.1.3680043.10.1338.1.1.1", b"../../../../../../DOE^JOHN/etc/x.")'
	exits 3 pacs-store --print in
	grep -q '^quarantined	unsafe-uids	' out
	run ! grep -q DOE out err a/ledger/*.tsv a/quarantine/*.txt
	[ "$(objects)" -eq 0 ]
}

@test "UIDs that only break the rules are taken" {
	ct in/one 1 1 1 'raw = raw.replace(b"1.2.826.0.1.3680043.10.1338.1.1.1", b"1.2.826.00.1.36800abc10_1338.01.1")'
	exits 0 pacs-store in
	[ "$(objects)" -eq 1 ]
}

@test "the UIDs of the data set count, not those of group 0002" {
	ct in/one 1 1 1 'raw = raw.replace(b"1.2.826.0.1.3680043.10.1338.1.1.1", b"1.2.826.0.1.3680043.10.1338.9.9.9", 1)'
	exits 0 pacs-store --print -f SOPInstanceUID in
	[ "$(cat out)" = 1.2.826.0.1.3680043.10.1338.1.1.1 ]
	in_archive in/one
}

@test "what calls itself DICOM and cannot be read goes to quarantine" {
	mkdir in
	{ head -c 128 /dev/zero && printf DICM && head -c 300 /dev/urandom; } >in/one
	exits 3 pacs-store --print -f outcome,reason in
	[ "$(tally)" = "1 quarantined broken" ]
}

# --- headers -----------------------------------------------------------------------

@test "an object without a header gets one, its data set unchanged" {
	need dcmftest
	ct in/bare 1 1 1 'raw = raw[raw.index(b"\x08\0\x08\0CS"):]'
	exits 0 pacs-store --print -f sha256,size_bytes,path in/bare
	IFS=$'\t' read -r sum size path <out
	tail -c "$(stat -c %s in/bare)" "a/$path" | cmp - in/bare
	[ "$(sha256sum <"a/$path")" = "$sum  -" ]
	[ "$(stat -c %s "a/$path")" -eq "$size" ]
	dcmftest "a/$path"
	source=$(sha256sum <in/bare)
	grep -q "source-sha256=${source%% *}" a/ledger/000001.tsv
	exits 0 pacs-store --print -f outcome in/bare
	[ "$(cat out)" = duplicate ]
	whole
}

@test "an object without a preamble gets one" {
	need dcmftest
	ct in/one 1 1 1 'raw = raw[132:]'
	exits 0 pacs-store --print -f path in/one
	dcmftest "a/$(cat out)"
	tail -c +133 "a/$(cat out)" | cmp - in/one
}

# --- taken places --------------------------------------------------------------------

@test "other content under the same UIDs is a conflict; the first is kept" {
	ct in/one 1 1 1
	ct later/one 1 1 1 'name="TEST^BETA"'
	exits 0 pacs-store in
	exits 3 pacs-store --print -f outcome,reason,sha256,path later
	IFS=$'\t' read -r outcome reason sum path <out
	[ "$outcome $reason" = "conflict differs" ]
	cmp later/one "a/$path"
	[ "$path" = "quarantine/$sum.dcm" ]
	in_archive in/one
	run ! in_archive later/one
	grep -q 'conflict' err
	run ! grep -q 'BETA' err a/ledger/000001.tsv "a/quarantine/$sum.txt"
	exits 3 pacs-store later
	[ "$(find a/quarantine -name '*.dcm' | wc -l)" -eq 1 ]
	whole
}

@test "the same data set in another encoding is a duplicate" {
	need dcmconv
	pacs-phantom -o in --modality=CT --studies=1 --series=1 --instances=1 --rows=32 --seed=1
	one=$(find in -type f)
	exits 0 pacs-store in
	mkdir other
	dcmconv +ti "$one" other/implicit
	dcmconv +tb "$one" other/big
	dcmconv +te -e +g "$one" other/groups
	dcmconv +td "$one" other/deflated
	exits 0 pacs-store --print -f outcome,reason,sha256,path other
	[ "$(cut -f1,2 out | sort | uniq -c | awk '{ $1 = $1; print }')" = "4 duplicate same-meaning" ]
	# The record tells of what is kept.
	cut -f3,4 out | sort -u | sed 's/\t/  a\//' | sha256sum -c --quiet
	[ "$(objects)" -eq 1 ]
	[ -z "$(ls a/quarantine)" ]
}

@test "lossless compression does not make another object" {
	need dcmcjpeg
	[ -e "$PACS_BUILD/bin/pacs-dcmtk.so" ] || skip "the bridge is not built"
	pacs-phantom -o in --modality=CT --studies=1 --series=1 --instances=1 --rows=32 --seed=1
	one=$(find in -type f)
	exits 0 pacs-store in
	mkdir other
	dcmcrle "$one" other/rle
	dcmcjpls "$one" other/jpls
	exits 0 pacs-store --print -f outcome,reason other
	[ "$(tally)" = "2 duplicate same-meaning" ]
}

@test "a damaged object is repaired by the same bytes, the damaged one kept" {
	ct in/one 1 1 1
	exits 0 pacs-store in
	o=$(find a/objects -type f)
	chmod u+w "$o"
	printf X | dd of="$o" bs=1 seek=400 conv=notrunc status=none
	cp "$o" damaged
	exits 0 pacs-store --print -f outcome,path in
	[ "$(cut -f1 out)" = repaired ]
	cmp in/one "a/$(cut -f2 out)"
	cmp damaged a/quarantine/*.dcm
	whole
}

@test "a cut object is repaired as well" {
	ct in/one 1 1 1
	exits 0 pacs-store in
	o=$(find a/objects -type f)
	chmod u+w "$o"
	truncate -s 100 "$o"
	exits 0 pacs-store --print -f outcome in
	[ "$(cat out)" = repaired ]
	whole
}

@test "the same SOP Instance UID in another series is stored" {
	ct in/one 1 1 1
	ct in/two 1 2 1 'raw = raw.replace(b"1338.1.2.1", b"1338.1.1.1")'
	exits 0 pacs-store in
	[ "$(objects)" -eq 2 ]
}

@test "copies within one run are one object" {
	ct in/one 1 1 1
	for i in 2 3 4 5 6 7 8; do cp in/one in/$i; done
	exits 0 pacs-store --print -f outcome in
	[ "$(tally)" = "7 duplicate
1 stored" ]
	[ "$(objects)" -eq 1 ]
	whole
}

# --- dry run, move ----------------------------------------------------------------------

@test "-n says what would happen and changes nothing" {
	ct in/one 1 1 1
	ct in/two 1 1 2
	exits 0 pacs-store in/one
	ct in/conflict 1 1 1 'name="OTHER"'
	ct in/odd 1 1 3 'leave_out=((0x20, 0xd),)'
	echo text >in/text
	cp -a a before
	exits 3 pacs-store -n -f outcome,reason,source in
	LC_ALL=C sort out | diff - <(
		printf 'conflict\tdiffers\tin/conflict\n'
		printf 'duplicate\t\tin/one\n'
		printf 'quarantined\tno-uids\tin/odd\n'
		printf 'skipped\tnot-dicom\tin/text\n'
		printf 'stored\t\tin/two\n'
	)
	exits 3 pacs-store -n --move in
	[ -e in/two ]
	diff -r before a
	[ "$(stat -c %Y a/incoming)" = "$(stat -c %Y before/incoming)" ]
}

@test "--move removes what is safe, and nothing else" {
	ct in/one 1 1 1
	ct in/dup 1 1 1
	ct in/odd 1 1 3 'leave_out=((0x20, 0xd),)'
	ct kept/linked 1 1 4
	ln -s ../kept/linked in/link
	echo text >in/text
	tar cf in/x.tar -C in one
	exits 3 pacs-store --move in
	[ "$(echo in/*)" = "in/link in/odd in/text in/x.tar" ]
	[ -f kept/linked ]
	[ "$(objects)" -eq 2 ]
	whole
}

# cut FILE LESS: in/cut is FILE without its last bytes.
cut_by() {
	mkdir -p in
	head -c -"$2" "$1" >in/cut
}

@test "what ends early is stored, named, and counts: status 3; --move leaves it" {
	ct whole 1 1 1
	local less
	# In the last byte of pixels, at their begin, behind their header, in the
	# header's last element, and in the middle of it.
	for less in 1 32 40 45 120; do
		cut_by whole "$less"
		exits 3 pacs-store -n -f outcome,reason in
		[ "$(cat out)" = "stored	truncated" ]
		exits 3 pacs-store --move --print -f outcome,reason in
		[ "$(cat out)" = "stored	truncated" ]
		[ "$(cat err)" = "pacs-store: in/cut: stored, but it ends early (truncated)" ]
		in_archive in/cut
		# It is still so when it comes again.
		exits 3 pacs-store --move --print -f outcome,reason in
		[ "$(cat out)" = "duplicate	truncated" ]
		grep -q 'duplicate, but it ends early' err
		[ -e in/cut ]
		whole
		chmod -R u+w a
		rm -r a
		pacs-init a
	done
	cp whole in/cut
	exits 0 pacs-store --move --print -f outcome,reason in
	[ "$(cat out)" = "stored	" ]
	[ ! -e in/cut ]
}

@test "what ends early is named in a tar, a zip, a stream, and when it is big" {
	ct whole 1 1 1
	ct big 1 1 2 'dcm.noise(1, 3000000), 1000, 1500'
	cut_by whole 7
	tar cf x.tar -C in cut
	exits 3 pacs-store --print -f outcome,reason,source x.tar
	[ "$(cat out)" = "stored	truncated	x.tar//cut" ]
	(cd in && /usr/bin/python3 -m zipfile -c ../x.zip cut)
	exits 3 pacs-store --print -f outcome,reason,source x.zip
	[ "$(cat out)" = "duplicate	truncated	x.zip//cut" ]
	status=0
	pacs-store --again --stdin --print -f outcome,reason <in/cut >out || status=$?
	[ "$status" -eq 3 ]
	[ "$(cat out)" = "duplicate	truncated" ]
	cut_by big 1
	status=0
	pacs-store --stdin --print -f outcome,reason <in/cut >out || status=$?
	[ "$status" -eq 3 ]
	[ "$(cat out)" = "stored	truncated" ]
	in_archive in/cut
	exits 3 pacs-store --print -f outcome,reason in
	[ "$(cat out)" = "duplicate	truncated" ]
	# The whole ones are no surprise.
	pacs-init b
	tar cf x.tar whole big
	exits 0 pacs-store -a b --print -f outcome,reason x.tar
	[ "$(tally)" = "2 stored" ]
}

@test "the drop folder's example leaves what is being written, and what ends early" {
	ct whole 1 1 1
	cut_by whole 7
	mkdir drop
	mv in/cut drop
	ct drop/two 1 1 2
	# Just written: not touched.
	exits 0 "$PACS_TOP/examples/watch-folder.sh" drop
	[ "$(echo drop/*)" = "drop/cut drop/two" ]
	[ "$(objects)" -eq 0 ]
	touch -d '2 minutes ago' drop/*
	ct drop/three 1 1 3
	exits 3 "$PACS_TOP/examples/watch-folder.sh" drop
	[ "$(echo drop/*)" = "drop/cut drop/three" ]
	[ "$(objects)" -eq 2 ]
}

@test "--move does not eat the archive" {
	ct in/one 1 1 1
	exits 0 pacs-store in
	o=$(find a/objects -type f)
	exits 3 pacs-store --move "$o"
	grep -q 'in the archive' err
	ln -s a/objects door
	exits 3 pacs-store --move door/
	[ -e "$o" ]
	whole
}

@test "--move does not eat the archive by another way: a mount, a hard link" {
	ct in/one 1 1 1
	exits 0 pacs-store in
	o=$(find a/objects -type f)
	ln "$o" linked
	exits 3 pacs-store --move linked
	grep -q 'linked: not removed: .*under another name' err
	[ -e linked ]
	rm linked
	mkdir door
	unshare -m true 2>/dev/null || skip "no mount here"
	exits 3 unshare -m sh -c 'mount --bind a/objects door && pacs-store --move door'
	grep -q 'not removed: .*under another name' err
	whole
}

@test "--move goes along with a list that goes on" {
	ct in/one 1 1 1
	ct in/two 1 1 2
	mkfifo list records
	pacs-store --move --print -f outcome,source - <list >records &
	pid=$!
	exec 8>list 9<records
	echo in/one >&8
	read -r -t 20 line <&9
	[ "$line" = "stored	in/one" ]
	[ ! -e in/one ]
	echo in/two >&8
	exec 8>&-
	wait "$pid"
	[ ! -e in/two ]
	[ "$(objects)" -eq 2 ]
}

@test "--again takes back what was purged" {
	command -v pacs-purge >/dev/null || skip "pacs-purge is not built"
	ct in/one 1 1 1
	exits 0 pacs-store in
	exits 0 pacs-purge --yes --why=test StudyInstanceUID=1.2.826.0.1.3680043.10.1338.1
	[ "$(objects)" -eq 0 ]
	exits 3 pacs-store --print -f outcome,reason in
	[ "$(tally)" = "1 quarantined purged" ]
	exits 3 pacs-store -n -f outcome,reason in
	[ "$(tally)" = "1 quarantined purged" ]
	exits 0 pacs-store --again --print -f outcome in
	[ "$(cat out)" = stored ]
	[ "$(objects)" -eq 1 ]
}

@test "--origin goes to the ledger" {
	ct in/one 1 1 1
	exits 0 pacs-store --origin=CT1@10.0.0.7 in
	grep -q '	CT1@10.0.0.7	' a/ledger/000001.tsv
	exits 2 pacs-store --origin=$'a\tb' in
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
	ct in/one 1 1 1
	pacs-init --floor=1000T b
	exits 4 pacs-store -a b --print -f outcome,reason in
	[ "$(tally)" = "1 failed nospc" ]
	grep -q 'free' err
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
