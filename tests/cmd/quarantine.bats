#!/usr/bin/env bats
# pacs-quarantine: what could not be filed is shown, compared, filed or dropped.

load ../helper/env
load ../helper/store

setup() {
	pacs_setup
	need /usr/bin/python3
	pacs-init a
	export PACS_ARCHIVE=$PWD/a
}

# A conflict: in/one is kept, later/one is in quarantine as $id.
conflict() {
	ct in/one 1 1 1
	ct later/one 1 1 1 'name="TEST^BETA"'
	pacs-store -q in
	exits 3 pacs-store -q later
	id=$(sha256sum <later/one)
	id=${id%% *}
	object=$(find a/objects -type f)
}

@test "an empty quarantine prints nothing" {
	exits 0 pacs-quarantine list
	[ ! -s out ] && [ ! -s err ]
}

@test "list and show say what is there and why" {
	conflict
	exits 0 pacs-quarantine list -f sha256,reason,SOPInstanceUID,size_bytes
	[ "$(cat out)" = "$id	conflict	1.2.826.0.1.3680043.10.1338.1.1.1	$(stat -c %s later/one)" ]
	exits 0 pacs-quarantine show "${id:0:6}" -f path,held_path
	IFS=$'\t' read -r path held <out
	cmp later/one "a/$path"
	cmp in/one "a/$held"
	run ! grep -q BETA out err
	exits 0 pacs-quarantine list --format=json
	/usr/bin/python3 - "$id" <<-'END'
		import json, sys
		r = json.loads(open("out").read())
		assert r["sha256"] == sys.argv[1] and r["reason"] == "conflict"
		assert r["quarantined_at"].endswith("Z")
		assert r["size_bytes"] > 0
	END
}

@test "diff tells each difference, status 1" {
	conflict
	exits 1 pacs-quarantine diff "$id"
	[ "$(cat out)" = "PatientName	TEST^BETA	TEST^ALPHA" ]
	[ ! -s err ]
}

@test "diff of pixel data tells its size, not its bytes" {
	ct in/one 1 1 1
	ct later/one 1 1 1 'b"\1\0" * 16'
	pacs-store in
	exits 3 pacs-store later
	exits 1 pacs-quarantine diff "$(pacs-quarantine list -f sha256)"
	grep -qE '^PixelData	OW, 32 bytes, [0-9a-f]{8}	OW, 32 bytes, [0-9a-f]{8}$' out
}

@test "what is in quarantine for want of UIDs has no place to compare" {
	ct in/one 1 1 1 'leave_out=((0x20, 0xd),)'
	exits 3 pacs-store in
	exits 3 pacs-quarantine diff "$(pacs-quarantine list -f sha256)"
	grep -q 'UIDs are not known' err
}

@test "accept needs --replace where another object holds the place" {
	conflict
	exits 3 pacs-quarantine accept "$id"
	grep -q -- --replace err
	cmp in/one "$object"
	cmp later/one "a/quarantine/$id.dcm"
	exits 0 pacs-quarantine -n accept --replace "$id"
	cmp in/one "$object"
	exits 0 pacs-quarantine accept --replace --why='ward says so' "$id"
	[ ! -s out ] && [ ! -s err ]
	cmp later/one "$object"
	exits 0 pacs-quarantine list -f reason,path
	IFS=$'\t' read -r reason path <out
	[ "$reason" = replaced ]
	cmp in/one "a/$path"
	grep -q 'replace' a/ledger/000001.tsv
	whole
	# And back again.
	exits 0 pacs-quarantine accept --replace "$(pacs-quarantine list -f sha256)"
	cmp in/one "$object"
	whole
}

@test "accept with --uid files what has no UID of its own" {
	ct in/one 1 1 1 'leave_out=((0x20, 0xd),)'
	exits 3 pacs-store in
	id=$(pacs-quarantine list -f sha256)
	exits 3 pacs-quarantine accept "$id"
	grep -q -- --uid err
	exits 2 pacs-quarantine accept --uid=PatientName=X "$id"
	exits 2 pacs-quarantine accept --uid=StudyInstanceUID=../x --uid=SeriesInstanceUID=1.2 --uid=SOPInstanceUID=1.3 "$id"
	exits 0 pacs-quarantine accept --uid=StudyInstanceUID=1.1 --uid=SeriesInstanceUID=1.2 --uid=SOPInstanceUID=1.3 "$id"
	object=$(find a/objects -path '*/1.1/1.2/1.3.dcm')
	cmp in/one "$object"
	exits 0 pacs-quarantine list
	[ ! -s out ]
	whole
}

@test "a conflict that was filed under another UID is a duplicate from then on" {
	conflict
	exits 0 pacs-quarantine accept --uid=SOPInstanceUID=1.2.3 "$id"
	exits 0 pacs-store -n -f outcome later
	[ "$(cat out)" = duplicate ]
	exits 0 pacs-store --print -f outcome,SOPInstanceUID,path later
	[ "$(cut -f 1,2 out)" = "duplicate	1.2.3" ]
	cmp "a/$(cut -f 3 out)" later/one
	exits 0 pacs-quarantine list
	[ ! -s out ]
	whole
}

@test "accept asks only for the UIDs that are missing, and takes only UIDs" {
	ct in/one 1 1 1 'leave_out=((8, 0x18),)'
	exits 3 pacs-store in
	exits 0 pacs-quarantine list -f sha256,StudyInstanceUID,SeriesInstanceUID,SOPInstanceUID
	root=1.2.826.0.1.3680043.10.1338
	id=$(sha256sum <in/one)
	id=${id%% *}
	[ "$(cat out)" = "$id	$root.1	$root.1.1	" ]
	exits 3 pacs-quarantine accept "$id"
	grep -q -- '--uid=SOPInstanceUID=UID$' err
	run ! grep -q 'StudyInstanceUID\|SeriesInstanceUID' err
	for bad in abc '' 1.2/3 .1.2 "$(printf '1%.0s' {1..65})"; do
		exits 2 pacs-quarantine accept --uid="SOPInstanceUID=$bad" "$id"
		grep -q "'$bad' is no UID (digits and dots, 64 at most)" err
	done
	exits 0 pacs-quarantine accept --uid=SOPInstanceUID=1.2.3 "$id"
	cmp in/one a/objects/*/"$root.1/$root.1.1/1.2.3.dcm"
	whole
	# That they were given is on record.
	exits 0 pacs-verify
	[ ! -s out ]
	# So the same bytes are not set aside again, however they come.
	exits 0 pacs-store -n -f outcome,path in
	[ "$(cat out)" = "duplicate	$(cd a && echo objects/*/"$root.1/$root.1.1/1.2.3.dcm")" ]
	exits 0 pacs-store --print -f outcome,SOPInstanceUID in
	[ "$(cat out)" = "duplicate	1.2.3" ]
	[ -z "$(ls a/quarantine)" ]
	exits 0 pacs-verify
	# Purged, they are unknown again.
	exits 0 pacs-purge --yes --why=test SOPInstanceUID=1.2.3
	exits 3 pacs-store --print -f outcome,reason in
	[ "$(cat out)" = "quarantined	no-uids" ]
	whole
}

@test "UIDs that were given stay given when an object is replaced" {
	ct in/one 1 1 1
	ct later/one 1 1 1 'leave_out=((8, 0x18),)'
	exits 0 pacs-store in
	exits 3 pacs-store later
	id=$(pacs-quarantine list -f sha256)
	exits 0 pacs-quarantine accept --replace --uid=SOPInstanceUID=1.2.826.0.1.3680043.10.1338.1.1.1 "$id"
	exits 0 pacs-verify
	# And the object that says them itself is checked again.
	exits 0 pacs-quarantine accept --replace "$(pacs-quarantine list -f sha256,reason | awk '$2 == "replaced" { print $1 }')"
	exits 0 pacs-verify
	whole
	# Back again: that they were given is still known.
	exits 0 pacs-quarantine accept --replace "$id"
	exits 0 pacs-verify
	whole
}

@test "diff of what ends early tells what differs up to there, and that" {
	ct in/one 1 1 1
	ct later/one 1 1 1 'name="TEST^BETA"'
	truncate -s -40 later/one
	pacs-store in
	exits 3 pacs-store later
	exits 1 pacs-quarantine diff "$(pacs-quarantine list -f sha256)"
	[ ! -s err ]
	[ "$(cut -f1 out)" = "PatientName
(end)" ]
	grep -q '^(end)	ends early: .*	$' out
	# The other way round: the whole one came later.
	pacs-init b
	exits 3 pacs-store -a b later
	exits 3 pacs-store -a b in
	exits 1 pacs-quarantine -a b diff "$(pacs-quarantine -a b list -f sha256)"
	[ "$(cut -f1 out)" = "PatientName
(end)" ]
	grep -q '^(end)		ends early: ' out
}

@test "discard is recorded with its reason, and the object is gone" {
	conflict
	exits 2 pacs-quarantine discard "$id"
	exits 0 pacs-quarantine -n discard --why=test "$id"
	[ -e "a/quarantine/$id.dcm" ]
	exits 0 pacs-quarantine discard --why='test of it' "$id"
	[ -z "$(ls a/quarantine)" ]
	grep "x-release" a/ledger/000001.tsv | grep "$id" | grep -q 'why=test'
	cmp in/one "$object"
	whole
}

@test "a list of digests is read from standard input" {
	ct in/one 1 1 1 'leave_out=((0x20, 0xd),)'
	ct in/two 1 1 2 'leave_out=((0x20, 0xd),)'
	exits 3 pacs-store in
	pacs-quarantine list -f sha256 >digests
	pacs-quarantine discard --why=test - <digests
	[ -z "$(ls a/quarantine)" ]
}

@test "what is not there, or is not meant alone, is a failure" {
	conflict
	exits 3 pacs-quarantine show 0000000000
	exits 3 pacs-quarantine show "${id:0:3}"
	[ -s err ]
	# The others are done. Some programs write digests in capitals.
	exits 3 pacs-quarantine show -f sha256 0000000000 "${id^^}"
	[ "$(cat out)" = "$id" ]
	[ "$(cat err)" = 'pacs-quarantine: 0000000000: not in quarantine' ]
}

@test "wrong usage" {
	exits 2 pacs-quarantine
	exits 2 pacs-quarantine frobnicate
	exits 2 pacs-quarantine list something
	exits 2 pacs-quarantine show
	exits 2 pacs-quarantine --replace discard --why=x abcd
	exits 2 pacs-quarantine --why=x show abcd
}
