#!/bin/sh
# The toolkit's main job in a scratch folder: studies come as a folder, a tar and
# a disc image; they are stored, found, sent in twice, damaged and audited; a
# store is killed half-way and everything acknowledged is still there.
# `make demo` runs it. Nothing outside the scratch folder is touched.
set -eu
[ -z "${PACS_BUILD:-}" ] || PATH=$PACS_BUILD/bin:$PATH
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$work"
unset PACS_ARCHIVE

say() { printf '\n\033[1m# %s\033[0m\n' "$*"; }
run() { printf '$ %s\n' "$*"; sh -c "$*"; }
expect() { # STATUS COMMAND: a status other than 0 that belongs to the story
	want=$1 && shift
	printf '$ %s\n' "$*"
	status=0 && sh -c "$*" || status=$?
	echo "(status $status)"
	[ "$status" -eq "$want" ]
}

say "Synthetic patients, as they come: a folder, a tar, a disc image"
run "pacs-phantom -o ct --modality=CT --studies=3 --series=2 --instances=40 --rows=128 --seed=1"
run "pacs-phantom -o mixed --modality=MR,US,CR,SR --studies=2 --instances=4 --rows=128 --seed=2 --charset='ISO_IR 192'"
run "pacs-phantom -o old --modality=MR --studies=1 --instances=10 --rows=64 --seed=3 --charset='\\ISO 2022 IR 87'"
run "tar czf mixed.tar.gz mixed && rm -r mixed"
run "genisoimage -quiet -R -o disc.iso old && rm -r old"

say "An archive, and everything into it"
run "pacs-init archive"
export PACS_ARCHIVE="$work/archive"
run "pacs-store -v ct mixed.tar.gz disc.iso"

say "Find: studies of all modalities, whatever their character set"
run "pacs-find -L study -f PatientName,StudyDate,ModalitiesInStudy,NumberOfStudyRelatedInstances --format=table"
run "pacs-find --count -L instance Modality=CT"
run "pacs-find --paths -L instance Modality=MR | head -n 3"

say "The same again: duplicates, nothing is stored twice"
run "pacs-store --print -f outcome ct | sort | uniq -c"

say "Pull the plug: kill -9 in the middle of a store, then look"
run "pacs-phantom -o big --modality=CT --studies=4 --instances=400 --rows=128 --seed=9"
printf '$ %s\n' "pacs-store --print -f sha256,path big >acknowledged & kill -9 when the first records are out"
pacs-store --print -f sha256,path big >acknowledged &
pid=$!
while [ ! -s acknowledged ] && kill -0 "$pid" 2>/dev/null; do :; done
kill -9 "$pid" 2>/dev/null || true
wait "$pid" 2>/dev/null || true
# kill -9 can cut the last record short; what is whole was acknowledged.
run "awk -F'\t' 'NF == 2 && length(\$1) == 64 { print \$1 \"  archive/\" \$2 }' acknowledged >sums"
run "wc -l <sums"
run "sha256sum --quiet -c sums && echo 'all that was acknowledged is there and whole'"
run "pacs-store big && pacs-find --count -L instance Modality=CT"

say "Audit with awk and sha256sum alone: no program of ours"
run "cd archive && awk -f '$here/audit.awk' ledger/*.tsv >../should && sha256sum --quiet -c ../should && wc -l <../should"

say "Damage: a flipped byte is found and named, and mended by what was sent"
object=$(pacs-find --paths -L instance Modality=CT | head -n 1)
chmod u+w "$object"
printf 'X' | dd of="$object" bs=1 seek=3000 conv=notrunc status=none
chmod u-w "$object"
expect 1 "pacs-verify -f kind,expected,found"
run "pacs-store --print -f outcome ct | sort | uniq -c"
run "pacs-quarantine list -f reason,size_bytes"
run "pacs-verify -v"

say "An export for research: what cannot be proved clean stays behind"
run "pacs-anon --make-key trial.key"
expect 3 "pacs-find --paths -L instance 'Modality=MR\\US\\CR\\SR' | pacs-anon --key trial.key --modify-dates --plan --format=table -"
run "pacs-find --paths -L instance Modality=CT | head -n 40 | pacs-anon --key trial.key --modify-dates -o export - && find export -name '*.dcm' | wc -l"
run "dcmdump +P PatientName +P PatientID +P StudyDate +P PatientIdentityRemoved \"\$(find export -name '*.dcm' | head -n 1)\""

say "Throw the index away: every answer is the same again"
run "pacs-find -L instance | sha256sum"
run "rm -r archive/index archive/index.db"
run "pacs-find -L instance | sha256sum"

say "Back it up: every night only what is new"
run "pacs-backup create -v -r backup"
run "pacs-phantom -o tonight --modality=CT --studies=1 --instances=20 --rows=128 --seed=12 && pacs-store tonight"
run "pacs-backup create -v -r backup"
run "pacs-backup list -r backup -f snapshot,objects,stored_bytes,all_objects --format=table"

say "Disaster: the archive is gone. All of it comes back, and proves it"
run "pacs-find -L instance | sha256sum"
run "chmod -R u+w archive && rm -rf archive"
run "pacs-backup restore -v -r backup -o archive"
run "pacs-find -L instance | sha256sum"
run "pacs-verify -v"
run "cat \$(ls backup/packs/*/*.tar.zst | tail -n 1) | tar --zstd -t | head -n 3"

say "Send: to a real storescp on this machine, and again; nothing goes twice"
if command -v storescp >/dev/null; then
	mkdir there
	port=$(awk 'BEGIN { srand(); print 20000 + int(rand() * 20000) }')
	TCP_NODELAY=1 storescp -od there "$port" >storescp.log 2>&1 &
	scp=$!
	trap 'kill "$scp" 2>/dev/null || true; chmod -R u+w "$work"; rm -rf "$work"' EXIT
	printf '[there]\ntitle = THERE\nhost = 127.0.0.1\nport = %s\n' "$port" >archive/peers
	tries=0
	until pacs-echo -q there >/dev/null 2>&1; do
		tries=$((tries + 1)) && [ "$tries" -lt 400 ]
	done
	run "pacs-echo -f outcome,implementation there"
	run "pacs-send --plan -f outcome,objects,size_bytes there Modality=MR"
	run "pacs-send --journal sent.db --print -f outcome there Modality=MR | sort | uniq -c"
	run "pacs-send --journal sent.db --print -f outcome,reason there Modality=MR | sort | uniq -c"
	run "find there -type f | wc -l"
	kill "$scp"
	expect 75 "pacs-send --retry=1 there Modality=MR"
fi
