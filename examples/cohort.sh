#!/bin/sh
# The files of a cohort, NUL-separated, from a CSV file with accession numbers in
# a column (default: the first; a header line is no accession number and does no
# harm). Numbers that the archive does not have are named on stderr: status 3.
#
#     cohort.sh study.csv 2 | xargs -0 cp -t /export
set -eu
if [ $# -lt 1 ] || [ $# -gt 2 ]; then
	echo "usage: cohort.sh FILE.csv [COLUMN]" >&2
	exit 2
fi
: "${PACS_ARCHIVE:?set PACS_ARCHIVE to the archive}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

awk -F '[,;]' -v column="${2:-1}" '
NR > 1 || $column ~ /[0-9]/ {
	gsub(/^[ "]+|[ "\r]+$/, "", $column)
	if ($column != "")
		print $column
}' "$1" | sort -u >"$work/wanted"
[ -s "$work/wanted" ] || exit 1
# The list goes by a file: arguments could be seen by every user.
pacs-find -f AccessionNumber "AccessionNumber=@$work/wanted" >"$work/found" ||
	[ $? -eq 1 ] || exit 4
pacs-find -0 --paths "AccessionNumber=@$work/wanted" || [ $? -eq 1 ] || exit 4
sort -u "$work/found" | comm -23 "$work/wanted" - >"$work/missing"
[ -s "$work/missing" ] || exit 0
sed 's/^/cohort.sh: not in the archive: /' "$work/missing" >&2
exit 3
