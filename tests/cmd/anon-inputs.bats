#!/usr/bin/env bats
# pacs-anon: archive files and streams as input.

load ../helper/env

setup() {
	pacs_setup
	printf 'pacs-anon-key 1\n%064d\n' 7 >key
	chmod 600 key
}

forty() {
	pacs-phantom -q -o in --rows=16 --instances=40
	exits 0 pacs-anon --key key -o want in
}

@test "tar, tar.gz, tar.zst and zip hold the same objects as a folder" {
	forty
	tar -cf a.tar in
	gzip -k a.tar
	zstd -q a.tar
	/usr/bin/python3 -m zipfile -c a.zip in
	for f in a.tar a.tar.gz a.tar.zst a.zip; do
		rm -rf got
		exits 0 pacs-anon --key key -j 3 -o got "$f"
		[ ! -s err ]
		diff -r want got
		rm -rf got
		pacs-anon --key key -o got --stdin <"$f"
		diff -r want got
	done
}

@test "members are told as FILE//MEMBER, with what is no object" {
	forty
	echo text >in/readme
	ln -s readme in/link
	tar -cf a.tar in
	exits 0 pacs-anon --key key --print -f outcome,reason,source -o got a.tar
	grep -q "^skipped	not-dicom	a.tar//in/readme$" out
	grep -q "^skipped	link	a.tar//in/link$" out
	[ "$(grep -c '^written		a.tar//in/.*dcm$' out)" = 40 ]
	[ "$(wc -l <out)" = 42 ]
}

@test "an object on standard input, small and big" {
	forty
	f=$(find in -name '*.dcm' | head -n 1)
	pacs-anon --key key -o got --stdin <"$f"
	cmp got/*/*/*.dcm want/"$(cd got && echo */*/*.dcm)"
	pacs-phantom -q -o big --rows=900 --instances=2
	exits 0 pacs-anon --key key -o bigs big
	f=$(find big -name '*.dcm' | head -n 1)
	[ "$(stat -c %s "$f")" -gt 1100000 ]
	mkdir tmp
	TMPDIR=$PWD/tmp pacs-anon --key key -o one --stdin <"$f"
	cmp one/*/*/*.dcm bigs/"$(cd one && echo */*/*.dcm)"
	tar -cf big.tar big
	TMPDIR=$PWD/tmp exits 0 pacs-anon --key key -o gots big.tar
	diff -r bigs gots
	[ -z "$(ls tmp)" ]
	TMPDIR=$PWD/none exits 1 pacs-anon --key key -o nothing big.tar
	grep -q 'failed' err
}

@test "an archive that is cut, nested or of another kind is named" {
	forty
	tar -cf a.tar in
	head -c 30000 a.tar >cut.tar
	exits 3 pacs-anon --key key -o got cut.tar
	grep -q 'cut.tar: failed (broken-archive)' err
	[ "$(find got -name '*.dcm' -exec dcmftest {} + | grep -c ^yes)" -gt 5 ]
	tar -cf nest.tar a.tar
	exits 1 pacs-anon --key key -o got2 nest.tar
	grep -q 'nest.tar//a.tar: failed (nested-archive)' err
	printf 'BZh91AY&SY' >a.tar.bz2
	exits 1 pacs-anon --key key -o got3 a.tar.bz2
	grep -q 'failed (unsupported-archive)' err
	exits 1 pacs-anon --key key -o got4 --stdin
	exits 2 pacs-anon --key key -o got5 --stdin in
}

@test "an export goes through a pipe from archive to archive" {
	forty
	pacs-init a
	pacs-init b
	pacs-store -q -a a in
	tar -C a -cf - objects | pacs-anon --key key -o - --stdin |
		pacs-store -a b --stdin
	[ "$(find b/objects -name '*.dcm' | wc -l)" = 40 ]
}

@test "two archives at once, more of them than workers" {
	forty
	for i in 1 2 3 4 5; do
		find in -name '*.dcm' | awk "NR % 5 == $i - 1" | tar -cf "$i.tar" -T -
	done
	exits 0 pacs-anon --key key -j 2 -o got ./?.tar
	diff -r want got
	exits 0 pacs-anon --key key -j 1 -o got1 ./?.tar
	diff -r want got1
}

@test "a plan counts what the run then does, whatever comes in and goes where" {
	pacs-phantom -q -o in --rows=16 --instances=2 --modality=CT,US,SR
	f=$(grep -rlaF 'pacs-phantom CT' in | head -n 1)
	cp "$f" in/again.dcm
	head -c 700 "$f" >in/cut.dcm
	sed 's/ORIGINAL/DERIVED_/' "$f" >in/other.dcm
	echo text >in/readme
	mkfifo in/fifo
	ln -s readme in/link
	/usr/bin/python3 - <<-'END'
	from pydicom.dataset import Dataset, FileMetaDataset
	ds = Dataset()
	ds.FileSetID, ds.DirectoryRecordSequence = "X", []
	ds.file_meta = FileMetaDataset()
	ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
	ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
	ds.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
	ds.is_little_endian, ds.is_implicit_VR = True, False
	ds.save_as("in/DICOMDIR", write_like_original=False)
	END
	tar -cf a.tar in
	head -c 20000 a.tar >b.tar
	find in | sort -r >list
	n=0
	for input in in a.tar 'in a.tar b.tar' '--stdin <a.tar' '- <list'; do
		eval "pacs-anon -q -j 1 --key key --skip sr --plan -f outcome,reason,count \
			-o nowhere $input" >plan 2>err && status=0 || status=$?
		[ "$status" = 3 ] && [ ! -e nowhere ]
		sort plan >want
		pacs-init "arch$n"
		for to in "-o dest$n" "-o dest$n.tar" "--store -o arch$n"; do
			eval "pacs-anon -q -j 1 --key key --skip sr --print -f outcome,reason \
				$to $input" >told 2>err || [ $? = 3 ]
			sort told | uniq -c | sed 's/^ *\([0-9]*\) \(.*\)/\2	\1/' |
				grep -v ^missing | sort | same want
		done
		n=$((n + 1))
	done
	grep -q 'skipped	dicomdir' want
	grep -q 'failed	conflict' want
	grep -q '^duplicate' want
}

@test "what lies in the output is not read, however it is named" {
	pacs-phantom -q -o in --rows=16 --instances=3
	exits 0 pacs-anon --key key -o in/../dest in
	# By a list: the folder, one below it, an object of it.
	for item in . dest ./dest "$PWD/dest/$(ls dest)" "$(find dest -name '*.dcm' | head -n 1)"; do
		echo "$item" >list
		pacs-anon --key key --print -f outcome,reason -o dest - <list >out || [ $? = 1 ]
		grep -q '^skipped	in-output$' out
		run ! grep -q ^written out
	done
	[ "$(find dest -name '*.dcm' | wc -l)" = 3 ]
	find . -name '*.dcm' | pacs-anon --key key --plan -f outcome,reason,count -o dest - >out
	sort out | same <(printf 'skipped\tin-output\t3\nwritten\t\t3\n')
	# By its name, that is a mistake.
	exits 2 pacs-anon --key key -o dest "dest/$(ls dest)"
	grep -q "is inside -o 'dest'" err
	exits 2 pacs-anon --key key --plan -o in/x in
	# A tar that grows while it is read, on standard output and beside.
	(find in -type f && echo a.tar) | pacs-anon -v -j 1 --key key -o - - >a.tar 2>err
	grep -q '3 written, 1 skipped (in-output)' err
	(find in -type f && echo b.tar.part) |
		pacs-anon -j 1 --key key --print -f outcome,reason -o b.tar - >out
	sort out | uniq -c | awk '{ print $1, $2, $3 }' |
		same <(printf '1 skipped in-output\n3 written \n')
}

@test "hostile files: each has an outcome, and what is written can be read" {
	pacs-phantom -q -o one --rows=16 --instances=1
	mkdir bad
	/usr/bin/python3 - one/*/*/*.dcm <<-'END'
	import random, sys
	whole = open(sys.argv[1], "rb").read()
	for n in range(150):
	    lot = random.Random(n)
	    data = bytearray(whole[:lot.choice((len(whole), lot.randrange(1500)))])
	    for _ in range(lot.randrange(4)):
	        data[lot.randrange(132, len(data) + 133) % len(data)] = \
	            lot.choice((0, 255, lot.randrange(256)))
	    open("bad/%d" % n, "wb").write(data)
	END
	find bad "$PACS_TOP/tests/fuzz/corpus/fuzz_read" \
		${CORPUS:+"$CORPUS/hostile"} -type f >list
	kinds=()
	for k in $(pacs-anon --list-kinds | cut -f1); do
		kinds+=(--allow "$k")
	done
	status=0
	pacs-anon -q --key key --modify-dates --retain-safe-private --clean-graphics \
		"${kinds[@]}" --print -f outcome,source -o dest - <list >out 2>err ||
		status=$?
	[ "$status" = 3 ]
	[ "$(grep -vc ^missing out)" -ge "$(wc -l <list)" ]
	run ! grep -v -e '^written' -e '^duplicate' -e '^withheld' -e '^skipped' \
		-e '^failed' -e '^missing' out
	[ "$(grep -c ^written out)" -gt 3 ]
	find dest -name '*.dcm' -exec dcmftest {} + | grep -v ^yes | same /dev/null
}
