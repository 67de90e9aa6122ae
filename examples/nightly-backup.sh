#!/bin/sh
# A backup every night, and once a week the proof that it can be restored:
#
#	nightly-backup.sh ARCHIVE REPO [SECOND-REPO]
#
# Silent when all is well, so cron mails only trouble. The status is that of the
# worst step: 1 damage or too old, 3 something was missed, 4 it could not work,
# 75 another night is still at work. REPO is a folder (another disk, NFS) or
# rclone:REMOTE:PATH. IDENTITY names the file with the age identities, if REPO is
# encrypted and this machine may read it (weekly drill and prune of packs).
set -u
usage='usage: nightly-backup.sh ARCHIVE REPO [SECOND-REPO]'
archive=${1:?$usage} repo=${2:?$usage} second=${3:-}
worst=0
step() {
	"$@" || {
		status=$?
		echo "nightly-backup: status $status: $*" >&2
		[ "$worst" -ge "$status" ] || worst=$status
	}
}
identity=${IDENTITY:+--identity=$IDENTITY}

step pacs-backup create -a "$archive" -r "$repo" --max-time=5h
if [ -n "$second" ]; then
	step pacs-backup copy -r "$repo" "$second"
fi
if [ "${DAY:-$(date +%u)}" -eq 7 ]; then
	# shellcheck disable=SC2086 # none, or one word
	step pacs-backup verify -q -r "$repo" $identity --sample=10%
	if [ -n "$identity" ] || ! grep -qs '^recipient=' "$repo/pacs-backup"; then
		# shellcheck disable=SC2086
		step pacs-backup drill -r "$repo" $identity
	fi
	# shellcheck disable=SC2086
	step pacs-backup prune -q -r "$repo" $identity --keep-daily=7 \
		--keep-weekly=5 --keep-monthly=24 --keep-yearly=10
fi
exit "$worst"
