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

@test "rule 13: the statement has each part that PS3.15 E.1.1 asks for" {
	mandoc -T ascii -O width=300 "$PACS_TOP/man/pacs-deid.7" | col -b >page
	while IFS='|' read -r part words; do
		grep -q "$words" page || { echo "$part"; return 1; }
	done <<-'END'
	removed attributes|0010,2160.*EthnicGroup.*X.*removed
	dummies|Text becomes REMOVED, a date 19000101
	scope of the consistency of UIDs|the same UID is the same everywhere
	what is inserted|^ *Patient Identity Removed,
	options|113109  *Retain Device Identity Option
	safe private elements|Table E.3.10-1 stay
	how dates move|N mod RANGE + 1
	how things are cleaned|Groups 50xx and 60xx go as a whole
	where Z is a dummy, not empty|Referenced Study Sequence
	END
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
