#!/bin/sh
# What was examined in a month: a line for each modality with the number of
# studies and their size in GiB. Without an argument, last month.
#
#     PACS_ARCHIVE=/archive monthly-report.sh 2026-10
set -eu
month=${1:-$(date -d "$(date +%Y-%m-15) -1 month" +%Y-%m)}
: "${PACS_ARCHIVE:?set PACS_ARCHIVE to the archive}"

# Status 1: no study in that month, which is a report as well.
found=$(pacs-find --group Modality --sum size_bytes "StudyDate=$month") ||
	[ $? -eq 1 ] || exit 4
printf '%s\n\n%-12s %8s %10s\n' "Studies of $month" modality studies GiB
printf '%s' "${found:+$found
}" | awk -F '\t' '{
	printf "%-12s %8d %10.2f\n", $1 == "" ? "(none)" : $1, $2, $3 / 2^30
}'
