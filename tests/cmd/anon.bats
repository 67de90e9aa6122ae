#!/usr/bin/env bats
# pacs-anon: keys, what is written, what is withheld, statuses.

load ../helper/env

setup() {
	pacs_setup
	printf 'pacs-anon-key 1\n%064d\n' 7 >key
	chmod 600 key
}

# ct DIR [OPTION...]: some phantoms.
ct() {
	pacs-phantom -q -o "$@" --rows=16 --instances=2
}

# value FILE TAG: of the first element, without padding.
value() {
	dcmdump -q +L -Un +P "$2" "$1" | head -n 1 |
		sed 's/^([^)]*) .. //; s/ *#.*//; s/^[[]//; s/[]]$//; s/^=//'
}

@test "a key is new, random, for its owner alone, and not written over" {
	exits 0 pacs-anon --make-key a
	exits 0 pacs-anon --make-key b
	[ "$(stat -c %a a)" = 600 ]
	[ "$(wc -c <a)" = 81 ]
	run ! cmp -s a b
	cp a before
	exits 4 pacs-anon --make-key a
	grep -q "^pacs-anon: 'a' is there already: a key is never written over$" err
	cmp a before
}

@test "a key that others can read is refused, and what is none" {
	ct in
	chmod 640 key
	exits 4 pacs-anon --key key -o dest in
	grep -q 'chmod 600' err
	[ ! -e dest ]
	chmod 600 key
	echo nonsense >key
	exits 4 pacs-anon --key key -o dest in
	exits 4 pacs-anon --key none -o dest in
	grep -q "^pacs-anon: key: .*'none'" err
}

@test "wrong usage touches nothing" {
	ct in
	exits 2 pacs-anon --key key in
	exits 2 pacs-anon -o dest in
	exits 2 pacs-anon --key key -o dest
	exits 2 pacs-anon --key key -o dest --retain-full-dates --modify-dates in
	exits 2 pacs-anon --key key -o dest --retain-uids --modify-dates in
	grep -q yes-uids-hold-dates err
	exits 2 pacs-anon --key key -o dest --allow ultrasound in
	exits 2 pacs-anon --key key -o dest --whole-weeks in
	exits 2 pacs-anon --key key -o dest --prefix 'A^B' in
	exits 2 pacs-anon --key key -o dest --skip us --allow us in
	exits 2 pacs-anon --key key -o dest.tar.gz in
	grep -q 'FILE.tar.zst' err
	[ ! -e dest ] && [ ! -e dest.tar.gz ]
	for dest in in in/dest/deep ./in/../in/x.tar .; do
		exits 2 pacs-anon --key key -o "$dest" . in
		grep -q "is inside" err
	done
	exits 0 pacs-anon --key key -o inside in
	[ ! -e in/dest ]
}

@test "objects are written by their new UIDs, and the input stays" {
	ct in
	find in -type f -exec sha256sum {} + | sort >before
	exits 0 pacs-anon --key key -o dest in
	[ ! -s err ]
	find in -type f -exec sha256sum {} + | sort | cmp - before
	[ "$(find dest -type f | wc -l)" = 2 ]
	for f in dest/*/*/*.dcm; do
		[ "$f" = "dest/$(value "$f" 0020,000d)/$(value "$f" 0020,000e)/$(value "$f" 0008,0018).dcm" ]
		dcmftest "$f"
		[ "$(value "$f" 0012,0062)" = YES ]
	done
	[ ! -e dest/.pacs-anon ]
}

@test "the same key gives the same bytes, another one does not" {
	ct in
	exits 0 pacs-anon --key key --modify-dates -j 1 -o one in
	exits 0 pacs-anon --key key --modify-dates -j 4 -o two in
	diff -r one two
	exits 0 pacs-anon --make-key other
	exits 0 pacs-anon --key other --modify-dates -o three in
	[ "$(ls one)" != "$(ls three)" ]
}

@test "pseudonyms and UIDs are those that the documented HMAC gives" {
	ct in
	exits 0 pacs-anon --key key --prefix T- -o dest in
	f=$(find in -type f | head -n 1)
	/usr/bin/python3 - "$f" >want <<-'END'
	import hashlib, hmac, sys, pydicom
	key = bytes.fromhex("%064d" % 7)
	h = lambda k, m: hmac.new(k, m, hashlib.sha256).digest()
	ds = pydicom.dcmread(sys.argv[1])
	p = h(key, b"pacs-anon 1 patient")
	issuer = ds.get("IssuerOfPatientID", "")
	print("T-" + h(p, b"p" + issuer.encode() + b"\0" +
	      ds.PatientID.encode()).hex()[:16])
	u = bytearray(h(h(key, b"pacs-anon 1 uid"),
	      ds.StudyInstanceUID.encode())[:16])
	u[6] = u[6] & 15 | 0x40
	u[8] = u[8] & 0x3f | 0x80
	print("2.25.%d" % int.from_bytes(u, "big"))
	END
	f=$(find dest -type f | head -n 1)
	{
		value "$f" 0010,0020
		value "$f" 0020,000d
	} >got
	cmp got want
}

@test "what is withheld is named with its reason, and is status 3" {
	ct in --modality=CT,US,SR,PDF
	exits 3 pacs-anon --key key -o dest in
	grep -q 'withheld (us)' err
	grep -q 'withheld (sr)' err
	grep -q 'withheld (pdf)' err
	grep -q '2 written, ' err
	[ "$(find dest -type f | wc -l)" = 2 ]
}

@test "nothing written at all is status 1, with the tally" {
	ct in --modality=US
	exits 1 pacs-anon --key key -o dest in
	grep -q '2 withheld (us)' err
	mkdir empty
	exits 1 pacs-anon --key key -o dest empty
	# An empty tar would be in the way of the next run.
	exits 1 pacs-anon --key key -o x.tar in
	[ ! -e x.tar ] && [ ! -e x.tar.part ]
	exits 0 pacs-anon --key key --allow us -o x.tar in
}

@test "--skip expects a kind, --allow lets it pass and declares it" {
	ct in --modality=CT,US
	exits 0 pacs-anon --key key --skip us -o dest in
	[ "$(find dest -type f | wc -l)" = 2 ]
	exits 0 pacs-anon --key key --allow us -o all in
	[ "$(find all -type f | wc -l)" = 4 ]
	for f in all/*/*/*.dcm; do
		value "$f" 0012,0063
	done >methods
	[ "$(grep -c 'allowed: us' methods)" = 2 ]
}

@test "every kind that is listed is one that --allow takes" {
	ct in
	exits 0 pacs-anon --list-kinds
	[ "$(wc -l <out)" -gt 20 ]
	cut -f1 out >kinds
	while read -r k; do
		exits 0 pacs-anon --key key --allow "$k" -q -o o in
	done <kinds
}

@test "a plan writes nothing and tells what a run does" {
	ct in --modality=CT,US
	exits 3 pacs-anon --key key --plan -f outcome,reason,count in
	sort out >got
	same got <<-END
	withheld	us	2
	written		2
	END
	[ "$(find . -name '*.dcm' | grep -vc '^./in/')" = 0 ]
}

@test "records tell of each file" {
	ct in
	echo text >in/readme
	exits 0 pacs-anon --key key --print -f outcome,reason,source -o o in
	sort out | cut -f1,2 | uniq -c | awk '{ print $1, $2, $3 }' >got
	[ "$(tr -d '\n' <got)" = '1 skipped not-dicom2 written ' ]
}

@test "a list names files, with NULs too" {
	ct in
	find in -type f >list
	pacs-anon --key key -o a - <list
	find in -type f -print0 | pacs-anon --key key -0 -o b -
	diff -r a b
}

@test "what has another object's name is a conflict, not written over" {
	ct in
	exits 0 pacs-anon --key key -o o in
	f=$(find o -type f | head -n 1)
	cp "$f" was
	exits 1 pacs-anon --key key --modify-dates -o o in
	grep -q 'failed (conflict)' err
	cmp "$f" was
}

@test "dates: order and intervals stay, weeks too, nothing stays as it was" {
	for d in 20240101 20240229 20241231; do
		ct "in$d" --seed=3
		find "in$d" -type f -exec dcmodify -q -nb -i "0008,0020=$d" \
			-i "0008,002a=${d}101112.5+0100" -gin -gst -gse {} +
	done
	exits 0 pacs-anon --key key --modify-dates --whole-weeks -o o in2*
	find o -type f | while read -r f; do
		value "$f" 0008,0020
	done | sort -u >dates
	[ "$(wc -l <dates)" = 3 ]
	mapfile -t d <dates
	[ $(($(date -d "${d[1]}" +%s) - $(date -d "${d[0]}" +%s))) = $((59 * 86400)) ]
	[ $(($(date -d "${d[2]}" +%s) - $(date -d "${d[1]}" +%s))) = $((306 * 86400)) ]
	[ "$(date -d "${d[0]}" +%a)" = "$(date -d 20240101 +%a)" ]
	[ "${d[0]}" != 20240101 ]
	f=$(find o -type f | head -n 1)
	# Never further than the range.
	exits 0 pacs-anon --key key --modify-dates --date-range 7 -o week in20241231
	value "$(find week -type f | head -n 1)" 0008,0020 | grep -qx '202412[23].'
	value "$f" 0008,002a | grep -q '101112.5+0100$'
	[ "$(value "$f" 0028,0303)" = MODIFIED ]
}

@test "a patient without ID is its study, and that is said" {
	ct in
	find in -type f -exec dcmodify -q -nb -m 0010,0020= {} +
	exits 0 pacs-anon --key key -o o in
	grep -q 'have no patient ID' err
	f=$(find o -type f | head -n 1)
	value "$f" 0010,0020 | grep -qx '[0-9a-f]\{16\}'
}

@test "the issuer is part of who a patient is" {
	ct in
	exits 0 pacs-anon --key key -o a in
	exits 0 pacs-anon --key key --default-issuer WARD -o b in
	[ "$(value "$(find a -type f | head -n 1)" 0010,0020)" != \
		"$(value "$(find b -type f | head -n 1)" 0010,0020)" ]
	find in -type f -exec dcmodify -q -nb -i 0010,0021=WARD {} +
	exits 0 pacs-anon --key key -o c in
	[ "$(value "$(find c -type f | head -n 1)" 0010,0020)" = \
		"$(value "$(find b -type f | head -n 1)" 0010,0020)" ]
}

@test "what no row names, and IDs without an issuer, are reported" {
	ct in
	find in -type f -exec dcmodify -q -nb -i '0014,4076=20240303' \
		-i '0040,a067=DOE^X' -i '0010,0021=' {} +
	exits 0 pacs-anon -v --key key -o a in
	grep -q 'not in the table, treated by its kind: ProcedureCreationDate, 2 times' err
	grep -q 'not in the table, treated by its kind: DocumentAuthorTrial, 2 times' err
	grep -q '2 objects have a patient ID without issuer$' err
	exits 0 pacs-anon -v --key key --default-issuer WARD -o b in
	grep -q '2 objects have a patient ID without issuer: the default counted' err
}

@test "references out of the export are told" {
	ct in --modality=SEG
	seg=$(grep -rl --include='*.dcm' -a 1.2.840.10008.5.1.4.1.1.66.4 in)
	exits 0 pacs-anon --key key -o whole in
	[ ! -s err ]
	exits 0 pacs-anon --key key -o part "$seg"
	grep -q '2 of 2 instances that are referred to are not' err
}

@test "damaged files and DICOMDIRs do not pass" {
	ct in
	f=$(find in -type f | head -n 1)
	head -c 700 "$f" >cut.dcm
	exits 1 pacs-anon --key key -o o cut.dcm
	grep -q 'failed (damaged)' err
}

@test "a full disk ends the run with status 4 and no half file" {
	[ "$(id -u)" = 0 ] || skip "mounting needs root"
	mkdir small
	mount -t tmpfs -o size=64k tmpfs small 2>/dev/null ||
		skip "cannot mount"
	pacs-phantom -q -o in --instances=20 --rows=64
	status=0
	pacs-anon --key key -o small/o in 2>err || status=$?
	find small -name '*.dcm' -exec dcmftest {} + >tested || true
	umount small
	[ "$status" = 4 ]
	run ! grep -q '^no' tested
}
