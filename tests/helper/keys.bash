# Keys of the question language, as pacs-query(7) lists them.
# shellcheck shell=bash

# keys_of LEVEL: those that a record of this level has, one a line.
keys_of() {
	awk -v level="$1" '
	BEGIN {
		n = split("patient study series instance", names, " ")
		for (i = 1; i <= n; i++)
			rank[names[i]] = i
	}
	/^\.S[hs] / { at = tolower($2) }
	!/^\.It Cm/ || !(at in rank) { next }
	rank[at] <= rank[level] || $3 == "size_bytes" || $3 == "stored_at" ||
	($3 == "path" && level != "patient") { print $3 }
	' "$PACS_TOP/man/pacs-query.7"
}
