#!/bin/sh
# What came in since yesterday, by origin, for cron to mail each morning. Counts
# only: no patient's name leaves the archive. Silent, and status 1, if nothing
# came.
#
#     0 7 * * * PACS_ARCHIVE=/archive last-night.sh
set -u
since=${1:-yesterday..}
: "${PACS_ARCHIVE:?set PACS_ARCHIVE to the archive}"

by_origin=$(pacs-find -L instance --group origin --sum size_bytes \
	"stored_at=$since") || exit
studies=$(pacs-find --count "stored_at=$since") || exit
echo "$studies studies got new objects:"
printf '%s\n' "$by_origin" | awk -F '\t' '{
	printf "%10d objects %10.1f MiB from %s\n", $2, $3 / 2^20, $1
}'
