#!/bin/sh
# Does the backup really come back? Mails when it does not:
#
#	weekly-drill.sh REPO [IDENTITY] <- MAILTO=admin@example.org
#
# For a machine that is not the one that writes the backups: it has the age
# identities, and room in TMPDIR for a few studies.
set -u
repo=${1:?usage: weekly-drill.sh REPO [IDENTITY]} identity=${2:-}
said=$(mktemp)
trap 'rm -f "$said"' EXIT
pacs-backup drill -v -r "$repo" ${identity:+--identity="$identity"} \
	--studies=20 >"$said" 2>&1 &&
	pacs-backup status -r "$repo" --max-age=30h >>"$said" 2>&1
status=$?
if [ "$status" -ne 0 ]; then
	if [ -n "${MAILTO:-}" ]; then
		mail -s "pacs-backup: the drill on $repo failed ($status)" \
			"$MAILTO" <"$said"
	else
		cat "$said" >&2
	fi
fi
exit "$status"
