#!/bin/sh
# A cohort leaves the hospital: find, plan, de-identify, check, hand over.
#
#	research-export.sh KEY CONDITION... >trial.tar
#	research-export.sh KEY - <accession-numbers >trial.tar
#
# The archive is PACS_ARCHIVE. With "-" the cohort is a list of accession
# numbers, or the first column of a CSV of them with a header that names it.
# ANON holds more options of pacs-anon, CHECK a command that looks at a folder
# of the export and fails if it must not leave (dciodvfy, a reader, a person).
set -eu

if [ $# -lt 2 ]; then
	echo "usage: $0 KEY CONDITION... | KEY -" >&2
	exit 2
fi
key=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ "$1" = - ]; then
	cut -d, -f1 | tr -d '"\r' | grep -vix 'AccessionNumber' |
		while read -r number; do
			# Arguments can be seen by others of this machine.
			echo "AccessionNumber=$number" >"$work/query"
			status=0
			pacs-find --paths -L instance --query "$work/query" ||
				status=$?
			[ "$status" -le 1 ] || exit "$status"
			[ "$status" -eq 0 ] ||
				echo "one accession number was not found" >&2
		done >"$work/list"
else
	pacs-find --paths -L instance "$@" >"$work/list" || [ $? -eq 1 ] || exit 4
fi
if [ ! -s "$work/list" ]; then
	echo "nothing in the archive matches" >&2
	exit 1
fi

echo "What would leave, and what would not:" >&2
# shellcheck disable=SC2086 # options, split on purpose
pacs-anon --key "$key" --modify-dates ${ANON-} --plan --format=table - \
	<"$work/list" >&2 || [ $? -eq 3 ]

# What is withheld is status 3, and named; that is no reason to stop here.
# shellcheck disable=SC2086
pacs-anon -q --key "$key" --modify-dates ${ANON-} -o "$work/export" - \
	<"$work/list" 2>"$work/withheld" || [ $? -eq 3 ]

if [ -n "${CHECK-}" ]; then
	(cd "$work/export" && sh -c "$CHECK") >&2
fi
tar -C "$work/export" -cf - .
