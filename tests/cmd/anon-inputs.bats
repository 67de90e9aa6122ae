#!/usr/bin/env bats
# pacs-anon: archive files and streams as input.

load ../helper/env

setup() {
	pacs_setup
	printf 'pacs-anon-key 1\n%064d\n' 7 >key
	chmod 600 key
	pacs-phantom -q -o in --rows=16 --instances=40
	exits 0 pacs-anon --key key -o want in
}

@test "tar, tar.gz, tar.zst and zip hold the same objects as a folder" {
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
	pacs-init a
	pacs-init b
	pacs-store -q -a a in
	tar -C a -cf - objects | pacs-anon --key key -o - --stdin |
		pacs-store -a b --stdin
	[ "$(find b/objects -name '*.dcm' | wc -l)" = 40 ]
}

@test "two archives at once, more of them than workers" {
	for i in 1 2 3 4 5; do
		find in -name '*.dcm' | awk "NR % 5 == $i - 1" | tar -cf "$i.tar" -T -
	done
	exits 0 pacs-anon --key key -j 2 -o got ./?.tar
	diff -r want got
	exits 0 pacs-anon --key key -j 1 -o got1 ./?.tar
	diff -r want got1
}
