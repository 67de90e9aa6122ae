#!/bin/sh
# Route a day's studies by what they are: rules "MODALITY PEER", one a line.
#
#     CT  workstation3d
#     MG  MAMMO@10.0.0.7:104
#     *   archive2
#
# A study goes to each peer whose modality it has; "*" takes every study. The
# journals say what is there already, so the script may run every few minutes.
set -eu
rules=${1:?a file with rules}
since=${2:-today..}
: "${PACS_ARCHIVE:?set PACS_ARCHIVE to the archive}"
journals=${JOURNALS:-$PACS_ARCHIVE/routes}
[ -d "$journals" ] || mkdir "$journals"

worst=0
while read -r modality peer; do
	case $modality in '' | '#'*) continue ;; esac
	status=0
	set -- "stored_at=$since"
	[ "$modality" = '*' ] || set -- "$@" "Modality=$modality"
	studies=$(pacs-find -f StudyInstanceUID "$@") || status=$?
	# 1: no study of this kind came.
	[ "$status" -le 1 ] || exit "$status"
	[ "$status" -eq 0 ] || continue
	echo "$studies" | pacs-send --journal \
		"$journals/$(echo "$peer" | tr -c 'A-Za-z0-9\n' _).db" "$peer" - ||
		worst=$?
done <"$rules"
exit "$worst"
