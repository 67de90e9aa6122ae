#!/bin/sh
# Import a patient's disc: a drive, an image file, or a mounted folder.
#
#     PACS_ARCHIVE=/archive import-disc.sh /dev/sr0
#
# Everything on it that is a DICOM object is stored; viewers, DICOMDIRs and
# autorun files are skipped. Says in a line what became of it; ends with
# pacs-store's exit status, so a script can tell whether all of it is safe.
set -u
usage() { echo "usage: import-disc.sh DEVICE|IMAGE|FOLDER" >&2; exit 2; }
[ $# -eq 1 ] || usage
: "${PACS_ARCHIVE:?set PACS_ARCHIVE to the archive}"
tally=$(mktemp) || exit 4
trap 'rm -f "$tally"' EXIT

if [ -b "$1" ]; then
	# A drive is read as a stream: nothing has to be mounted.
	pacs-store --stdin --print -f outcome <"$1" >"$tally"
else
	pacs-store --print -f outcome "$1" >"$tally"
fi
status=$?
sort "$tally" | uniq -c | awk '{ printf "%s%d %s", sep, $1, $2; sep = ", " }
	END { if (NR) print ""; else print "nothing to store" }'
exit "$status"
