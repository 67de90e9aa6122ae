#!/usr/bin/env bats
# pacs-store: what is not stored, what is set aside, what stands there already.

load ../helper/env
load ../helper/store

setup() {
	store_setup
}

teardown() {
	[ -z "${OPEN-}" ] || rm -rf "$OPEN"
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
