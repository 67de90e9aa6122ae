#!/bin/sh
# What came into the archive since yesterday goes to another system, each night.
# The journal makes it safe to run again, or twice: what a night could not send
# is sent by the next, and nothing goes twice.
#
#     0 1 * * * PACS_ARCHIVE=/archive send-last-night.sh offsite
#
# What is printed is worth a mail, which cron sends. A peer that was not there is
# no failure: the next night will do it.
set -u
peer=${1:?which peer? AET@host:port, or a name of the address book}
since=${2:--3d..}
: "${PACS_ARCHIVE:?set PACS_ARCHIVE to the archive}"
journal=${SENT:-$PACS_ARCHIVE/sent-$(echo "$peer" | tr -c 'A-Za-z0-9\n' _).db}

status=0
pacs-send -q --journal "$journal" "$peer" "stored_at=$since" || status=$?
case $status in
0 | 1) exit 0 ;; # all of it is there; or nothing came
75) echo "$peer is not there tonight" >&2 && exit 0 ;;
*) exit "$status" ;;
esac
