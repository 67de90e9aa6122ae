#!/usr/bin/env bats
# pacs-store: the whole corpus of real and hostile files, every one accounted
# for. CORPUS names it.

load ../helper/env
load ../helper/store

setup() {
	[ -e "${CORPUS:-nowhere}/MANIFEST.tsv" ] || skip "CORPUS names no corpus"
	store_setup
}

# Each file has one record; each record that names an object names its bytes.
accounted() { # FOLDER
	find "$1" -type f | LC_ALL=C sort >files
	cut -f4 out | LC_ALL=C sort | diff files -
	awk -F '\t' '$3 != "" && $1 !~ /skipped|failed/ { print $3 "  a/" $5 }' out >sums
	[ -s sums ]
	sha256sum --quiet -c sums
}

@test "each instance of the corpus is stored, byte for byte" {
	cp -r "$CORPUS/valid" valid
	chmod -R u+w valid
	rm -r valid/_same-sop-uid
	exits 0 pacs-store --print -f outcome,reason,sha256,source,path valid
	accounted valid
	[ "$(cut -f1 out | sort -u)" = stored ]
	# The bytes that came are there, or stand behind a header that was added.
	while IFS=$'\t' read -r source path; do
		cmp -s "$source" "a/$path" ||
			tail -c "$(stat -c %s "$source")" "a/$path" | cmp - "$source"
	done < <(cut -f4,5 out)
	whole
}

@test "instances with a UID of another are duplicates or conflicts, never lost" {
	pacs-store "$CORPUS/valid/derived-ts" || true
	pacs-store "$CORPUS/valid" || true
	run pacs-store --print -f outcome,reason,sha256,source,path "$CORPUS/valid/_same-sop-uid"
	[ "$status" -eq 3 ] || [ "$status" -eq 0 ]
	printf '%s\n' "$output" | grep -v '^pacs-store: ' >out
	accounted "$CORPUS/valid/_same-sop-uid"
	cut -f1,2 out | sort | uniq -c >&3
	run ! grep -v '^duplicate\|^conflict' out
	whole
}

@test "hostile files: each has an outcome, none gets a file outside" {
	mkdir box
	cd box || return
	exits 3 timeout "$(patience 300)" pacs-store --print -f outcome,reason,sha256,source,path "$CORPUS/hostile" "$CORPUS/fileset"
	find "$CORPUS/hostile" "$CORPUS/fileset" -type f | LC_ALL=C sort >../files
	# A packed file is told by its member.
	cut -f4 out | sed 's|//.*||' | LC_ALL=C sort -u | diff ../files -
	cut -f1,2 out | sort | uniq -c >&3
	run ! grep '^failed' out
	# DICOMDIRs are skipped as such.
	grep -q '^skipped	dicomdir	' out
	[ "$(echo .[!.]* *)" = ".[!.]* err out" ]
	cd "$BATS_TEST_TMPDIR" || return
	whole
}

@test "the corpus in a tar gives what the corpus in a folder gives" {
	tar cf x.tar -C "$CORPUS" valid
	exits 3 pacs-store x.tar
	pacs-init b
	exits 3 pacs-store -a b "$CORPUS/valid"
	(cd a/objects && find . -type f | LC_ALL=C sort) >one
	(cd b/objects && find . -type f | LC_ALL=C sort) | diff one -
}
