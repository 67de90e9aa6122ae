#!/usr/bin/env bats
# pacs-records(5) lists every field of our own, with the words of the tables.

load ../helper/env

setup() {
	pacs_setup
	page=$PACS_TOP/man/pacs-records.5
}

# "program TAB field TAB help" of all programs.
table_fields() {
	local p
	for p in "$PACS_BUILD"/bin/pacs-*; do
		case $p in *.so) continue ;; esac
		"$p" --dump-options | awk -F'\t' -v OFS='\t' -v p="$(basename "$p")" \
			'$1 == "field" && $2 ~ /^[a-z]/ { print p, $2, $3 }'
	done
}

page_fields() {
	awk -v OFS='\t' '
	/^\.Sh / { on = /FIELDS OF OUR OWN/ }
	!on { next }
	/^\.Ss / { p = $2 }
	/^\.It Cm / { f = $3; getline; gsub(/\\e/, "\\"); sub(/^\\&/, ""); print p, f, $0 }
	' "$page"
}

@test "the page and the programs list the same fields" {
	table_fields >have
	[ -s have ]
	page_fields >documented
	diff have documented
}
