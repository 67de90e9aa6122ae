#!/usr/bin/env bats
# pacs-store: dry runs, what may be removed from where it came, what comes again.

load ../helper/env
load ../helper/store

setup() {
	store_setup
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
	# A text that somebody left there is no mail each minute.
	rm drop/*
	echo hello >drop/readme.txt
	touch -d '2 minutes ago' drop/*
	exits 0 "$PACS_TOP/examples/watch-folder.sh" drop
	[ ! -s err ]
	[ -e drop/readme.txt ]
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
