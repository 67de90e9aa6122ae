#!/bin/sh
# Empty a drop folder into the archive; for cron, each minute:
#
#     * * * * * PACS_ARCHIVE=/archive watch-folder.sh /drop
#
# Takes files that nobody has written to for a minute ($MINUTES), and removes
# each one only when it is safe in the archive. What cannot be filed or stored
# stays, and so does an object that ends early (its sender may have stopped in
# the middle); pacs-store names it on stderr, which cron mails.
set -u
usage() { echo "usage: watch-folder.sh DIR" >&2; exit 2; }
if [ $# -ne 1 ] || [ ! -d "$1" ]; then usage; fi
: "${PACS_ARCHIVE:?set PACS_ARCHIVE to the archive}"

# One run at a time: a slow one is not overtaken by the next.
exec 9<"$1" || exit 4
flock -n 9 || exit 75
# An empty list is no reason for a mail.
files=$(mktemp) || exit 4
trap 'rm -f "$files"' EXIT
find "$1" -type f -mmin +"${MINUTES:-1}" -print0 >"$files"
[ -s "$files" ] || exit 0
status=0
pacs-store -q -0 --move - <"$files" || status=$?
# 1: nothing there is DICOM, and that is no reason either.
[ "$status" -eq 1 ] || exit "$status"
