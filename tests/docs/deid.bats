#!/usr/bin/env bats
# pacs-deid(7) is made of the tables that the program is built from.

load ../helper/env

setup() { pacs_setup; }

@test "pacs-deid(7) is what the tables say" {
	data=$PACS_TOP/lib/deid/data
	awk -f "$PACS_TOP/lib/deid/page.awk" "$data/profile.tsv" \
		"$data/extra.tsv" "$data/methods.tsv" "$data/classes.tsv" >page
	diff -u "$PACS_TOP/man/pacs-deid.7" page
	[ "$(grep -c '^[.]It [0-9A-Fgx]*,' page)" -gt 690 ]
}

@test "tables and dictionary agree on the tags of our own rows" {
	awk -F'\t' 'FNR == NR { k[toupper($1)] = $4; next }
		FNR > 1 && k[$1] != $2 { print $1, $2, k[$1]; bad = 1 }
		END { exit bad }' "$PACS_TOP/lib/dicom/data/dictionary.tsv" \
		"$PACS_TOP/lib/deid/data/extra.tsv"
}

@test "the edition is said by --version" {
	pacs-anon --version | grep -q 'PS3.15 Annex E 2026d'
}
