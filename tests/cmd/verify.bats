#!/usr/bin/env bats
# pacs-verify: damage of every kind is planted; each is found and named, and
# nothing else is.

load ../helper/env

setup_file() {
	pacs_setup
	cd "$BATS_FILE_TMPDIR"
	pacs-phantom -o in --modality=CT,US --studies=2 --instances=6 --rows=64 --seed=5
	pacs-init sample
	pacs-store -a sample in
}

setup() {
	pacs_setup
	cp -a "$BATS_FILE_TMPDIR/sample" a
	export PACS_ARCHIVE=$PWD/a
	mapfile -t objects < <(cd a && find objects -type f | LC_ALL=C sort)
	one=${objects[3]}
	two=${objects[7]}
}

# The findings: "kind path", sorted.
verify() { # STATUS [OPTION...]
	local want=$1
	shift
	exits "$want" pacs-verify -f kind,path "$@"
	[ ! -s err ]
	LC_ALL=C sort out >sorted
}

found() { # KIND PATH: and nothing else
	printf '%s\t%s\n' "$@" | LC_ALL=C sort | diff - sorted
}

spoil() { # FILE: make it writable for the test
	chmod u+w "$1"
}

@test "verify is silent about an archive that is whole" {
	verify 0
	[ ! -s out ]
	verify 0 --quick
	[ ! -s out ]
}

@test "verify says with -v how much it looked at" {
	exits 0 pacs-verify -v
	grep -q "${#objects[@]} objects" err
}

@test "verify finds a flipped byte in each part of an object" {
	local size at
	size=$(stat -c %s "a/$one")
	cp "a/$one" whole
	for at in 0 100 130 140 300 $((size / 2)) $((size - 1)); do
		spoil "a/$one"
		cp whole "a/$one"
		perl -e 'open F, "+<", $ARGV[0]; seek F, $ARGV[1], 0; read F, $b, 1;
			seek F, $ARGV[1], 0; print F chr(ord($b) ^ 4)' "a/$one" "$at"
		chmod 440 "a/$one"
		verify 1
		found damaged "$one"
	done
}

@test "verify tells what was expected and what was found" {
	spoil "a/$one"
	printf x | dd of="a/$one" bs=1 seek=200 conv=notrunc status=none
	chmod 440 "a/$one"
	exits 1 pacs-verify --format=json
	grep -q "\"expected\":\"$(awk -F'\t' -v p="$(basename "$one" .dcm)" \
		'$5 == p { print $7 }' a/ledger/000001.tsv)\"" out
	grep -q "\"found\":\"$(sha256sum <"a/$one" | cut -d' ' -f1)\"" out
}

@test "verify finds objects that are cut, grown and missing, quickly too" {
	spoil "a/$one" && truncate -s -1 "a/$one" && chmod 440 "a/$one"
	spoil "a/$two" && echo >>"a/$two" && chmod 440 "a/$two"
	rm -f "a/${objects[0]}"
	for option in -v --quick; do
		exits 1 pacs-verify -f kind,path "$option"
		LC_ALL=C sort out >sorted
		found damaged "$one" damaged "$two" missing "${objects[0]}"
	done
}

@test "verify finds two files that changed places" {
	mv -f "a/$one" x
	mv -f "a/$two" "a/$one"
	mv -f x "a/$two"
	verify 1
	found damaged "$one" damaged "$two"
}

@test "verify finds what nobody recorded" {
	local study
	study=$(dirname "$(dirname "$one")")
	cp "a/$one" "a/$study/stray"
	mkdir -p "a/$study/1.2.3"
	cp "a/$one" "a/$study/1.2.3/1.2.3.4.dcm"
	mkdir -p a/objects/000/1.2.3/1.2.3
	cp "a/$one" a/objects/000/1.2.3/1.2.3/1.2.3.dcm
	verify 1
	found misplaced "$study/stray" orphan "$study/1.2.3/1.2.3.4.dcm" \
		misplaced objects/000/1.2.3/1.2.3/1.2.3.dcm
}

@test "verify finds a purged object that came back by hand" {
	cp -a "a/$one" kept
	exits 0 pacs-purge --yes --why=test SOPInstanceUID="$(basename "$one" .dcm)"
	mkdir -p "a/$(dirname "$one")"
	cp -a kept "a/$one"
	verify 1
	found purged-present "$one"
}

@test "verify finds an object that can be written" {
	spoil "a/$one"
	verify 1
	found mode "$one"
}

@test "verify finds an object under another object's name, recorded so" {
	# What a program that ignores UIDs would have done.
	exits 0 pacs-verify --sums
	local check text
	text=$(awk -F'\t' -v OFS='\t' 'END { $5 = "1.2.3.4"; $NF = ""; sub(/\t$/, ""); print }' \
		a/ledger/000001.tsv)
	check=$(tail -n 1 a/ledger/000001.tsv | awk -F'\t' '{ print $NF }')
	mkdir -p "a/$(dirname "${objects[0]}")"
	local last study series
	last=$(tail -n 1 a/ledger/000001.tsv)
	study=$(echo "$last" | cut -f3) series=$(echo "$last" | cut -f4)
	local from
	from=$(cd a && echo objects/*/"$study/$series/$(echo "$last" | cut -f5).dcm")
	cp -a "a/$from" "a/$(dirname "$from")/1.2.3.4.dcm"
	printf '%s\t%s\n' "$text" \
		"$(printf '%s%s' "$check" "$text" | sha256sum | cut -c1-16)" \
		>>a/ledger/000001.tsv
	verify 1
	found uids "$(dirname "$from")/1.2.3.4.dcm"
}

@test "verify finds an edited ledger line" {
	local offset
	offset=$(head -n 4 a/ledger/000001.tsv | wc -c)
	sed -i '5s/\tstore\t/\tadopt\t/' a/ledger/000001.tsv
	verify 1
	found ledger "ledger/000001.tsv:$offset"
}

@test "verify finds lines that changed places, or are gone" {
	cp a/ledger/000001.tsv whole
	awk 'NR == 5 { keep = $0; next } { print } NR == 6 { print keep }' whole \
		>a/ledger/000001.tsv
	verify 1
	[ "$(cut -f1 sorted | uniq)" = ledger ]
	sed 6d whole >a/ledger/000001.tsv
	exits 1 pacs-verify -f kind
	[ "$(sort -u out | tr '\n' ' ')" = "ledger orphan " ]
}

@test "verify finds a missing segment" {
	mv a/ledger/000001.tsv a/ledger/000002.tsv
	exits 1 pacs-verify -f kind,path
	grep -q "^ledger	ledger/000001.tsv$" out
}

@test "verify finds damage in quarantine" {
	cp "a/$one" other
	perl -e 'open F, "+<", "other"; seek F, -4, 2; print F "abcd"'
	run -3 pacs-store other
	local q
	q=$(cd a && echo quarantine/*.dcm)
	verify 0
	spoil "a/$q"
	echo x >>"a/$q"
	verify 1
	found quarantine "$q"
}

@test "verify --repair-from puts lost objects back from another archive" {
	local sum
	sum=$(cat a/objects/*/*/*/*.dcm | sha256sum)
	cp -a a copy
	rm -f "a/$one"
	spoil "a/$two" && echo x >>"a/$two" && chmod 440 "a/$two"
	exits 0 pacs-verify --repair-from=copy -f kind,path,mended
	LC_ALL=C sort out >sorted
	printf '%s\t%s\ttrue\n' damaged "$two" missing "$one" | diff - sorted
	[ "$(cat a/objects/*/*/*/*.dcm | sha256sum)" = "$sum" ]
	verify 0
	exits 0 pacs-quarantine list -f reason
	[ "$(cat out)" = damaged ]
}

@test "verify --repair-from takes copies of any name from a folder" {
	mkdir -p copies/deep
	cp "a/$one" "copies/deep/a b"
	rm -f "a/$one" "a/$two"
	exits 1 pacs-verify --repair-from=copies -f kind,path,mended
	LC_ALL=C sort out >sorted
	printf '%s\t%s\t%s\n' missing "$one" true missing "$two" false |
		LC_ALL=C sort | diff - sorted
	verify 1
	found missing "$two"
}

@test "verify --repair-from never takes bytes of another digest" {
	cp -a a copy
	rm -f "a/$one"
	spoil "copy/$one" && echo x >>"copy/$one"
	exits 1 pacs-verify --repair-from=copy
	[ ! -e "a/$one" ]
	verify 1
	found missing "$one"
}

@test "verify --adopt records orphans" {
	local dir
	pacs-phantom -o new --modality=CT --studies=1 --instances=1 --rows=64 --seed=77
	pacs-init b
	pacs-store -a b new
	dir=$(cd b && find objects -name '*.dcm' -printf '%h')
	mkdir -p "a/$dir"
	cp -p b/"$dir"/*.dcm "a/$dir"
	exits 0 pacs-verify --adopt -f kind,mended
	[ "$(cat out)" = "orphan	true" ]
	verify 0
	tail -n 1 a/ledger/000001.tsv | cut -f2 | grep -qx adopt
	exits 0 pacs-find --count -L instance
	[ "$(cat out)" -eq $((${#objects[@]} + 1)) ]
}

@test "verify --adopt leaves alone what is not what its path says" {
	local dir=${one%/*}
	cp "a/$one" "a/$dir/1.2.3.dcm"
	echo 'no object' >"a/$dir/1.2.4.dcm"
	exits 1 pacs-verify --adopt -f kind,mended
	[ "$(cat out)" = "orphan	false
orphan	false" ]
	! grep -q adopt a/ledger/000001.tsv
}

@test "verify names a segment of the ledger that is empty" {
	: >a/ledger/000001.tsv
	exits 1 pacs-verify -f kind,path,found
	grep -qx 'ledger	ledger/000001.tsv:0	an empty segment' out
}

@test "verify --against tells what two archives do not share" {
	cp -a a b
	exits 0 pacs-verify -a a --against=b
	[ ! -s out ]
	pacs-phantom -o more --modality=MR --studies=1 --instances=2 --rows=64 --seed=70
	pacs-phantom -o other --modality=MR --studies=1 --instances=3 --rows=64 --seed=71
	pacs-store -a a more
	pacs-store -a b other
	exits 1 pacs-verify -a a --against=b -f kind
	[ "$(sort out | uniq -c | awk '{ print $1, $2 }' | tr '\n' ,)" = \
		"3 missing-here,2 missing-there," ]
}

@test "verify --against tells another encoding from another meaning" {
	need dcmconv dcmodify
	pacs-phantom -o in --modality=CT --studies=1 --instances=2 --rows=64 --seed=72
	local files=(in/*/*/*.dcm)
	pacs-init x && pacs-init y
	pacs-store -a x in
	dcmconv +ti "${files[0]}" implicit.dcm
	cp "${files[1]}" changed.dcm
	dcmodify -nb -ma PatientName=Other changed.dcm
	pacs-store -a y implicit.dcm changed.dcm
	exits 1 pacs-verify -a x --against=y -f kind,detail
	sort out >sorted
	printf 'differs\tPatientName: value\nother-bytes\t\n' | diff - sorted
}

@test "verify tells an unreadable object from a damaged one" {
	[ "$(id -u)" -eq 0 ] || skip "needs root to become somebody else"
	# Outside the test's folder, which only its owner may enter.
	local open
	open=$(mktemp -d)
	chmod 755 "$open"
	cp -a a "$open/a"
	chmod -R o+rX "$open/a"
	chmod 000 "$open/a/$one"
	chmod 700 "$open/a/index" # one cannot say that there is none
	run -3 setpriv --reuid=65534 --clear-groups \
		"$(native pacs-verify)" -a "$open/a" -f kind,path
	rm -rf "$open"
	[ "$output" = "mode	$one
unreadable	$one
unreadable	index.db" ]
}

@test "verify looks at a part: an object, a study, a list" {
	rm -f "a/$one" "a/$two"
	verify 1 "$one"
	found missing "$one"
	verify 1 "$(dirname "$(dirname "$PACS_ARCHIVE/$one")")/"
	grep -q "^missing	$one$" sorted
	printf '%s\n' "${objects[0]}" "$two" |
		pacs-verify -f kind,path - >sorted && false
	found missing "$two"
	exits 2 pacs-verify /etc/passwd
	# As the shell completes it, and through a link.
	ln -s a/objects door
	for path in "a/${objects[0]}" "${objects[0]/objects/door}"; do
		exits 0 pacs-verify -v "$path"
		grep -q ' 1 objects' err
	done
	exits 2 pacs-verify --identity=key
}

@test "verify looks at what a question matches: at each level, with others" {
	local series study n
	pacs-find --count >out # what is missing was there when it was indexed
	series=$(basename "$(dirname "$one")")
	study=$(basename "$(dirname "$(dirname "$two")")")
	rm -f "a/$one" "a/$two"
	verify 1 "SOPInstanceUID=$(basename "$one" .dcm)"
	found missing "$one"
	verify 1 'Modality=CT\US' "SeriesInstanceUID=$series"
	grep -q "^missing	$one$" sorted
	verify 1 "StudyInstanceUID=$study" "$one"
	grep -q "^missing	$two$" sorted
	grep -q "^missing	$one$" sorted
	echo "SOPInstanceUID=$(basename "$one" .dcm)" |
		pacs-verify -f kind,path - >sorted && false
	found missing "$one"
	# As many as the index says, by -v.
	n=$(pacs-find -L instance --count Modality=US)
	pacs-verify -v --quick Modality=US 2>err >out || true
	grep -q " $((n - $(grep -c . out))) objects" err
}

@test "verify of a part in which nothing is on record is no success" {
	exits 1 pacs-verify PatientID=nobody
	grep -q 'no object is recorded in that part' err
	exits 1 pacs-verify objects/000/1.2.3
	exits 2 pacs-verify Modalty=CT
	grep -q Modality err
}

@test "verify finds what the index says otherwise, and names a damaged one" {
	pacs-find --count >out
	sqlite3 a/index.db "delete from t_instance where sop_instance_uid = '$(
		basename "$one" .dcm)'"
	exits 1 pacs-verify -f kind,path,found
	grep -qx "index	$one	not-as-recorded" out
	grep -q "^index	index.db	wrong-sum" out
	run ! grep -v '^index' out
	exits 0 pacs-index rebuild
	verify 0
	dd if=/dev/urandom of="a/$(readlink a/index.db)" bs=4096 seek=1 count=20 \
		conv=notrunc status=none
	rm -f a/index/*-wal a/index/*-shm
	verify 1
	found index index.db
	verify 0 "$one"
}

@test "verify is content with an index that is behind, or is not there" {
	verify 0
	[ ! -e a/index.db ]
	pacs-find --count >out
	pacs-phantom -o more --modality=MR --studies=1 --instances=2 --rows=32 --seed=9
	pacs-store more
	verify 0
	[ ! -s out ]
}

@test "verify tells of a SOP Instance UID that stands twice, and has status 0" {
	local twin
	twin=$(basename "$one" .dcm)
	dcmodify -nb -ma "(0020,000e)=1.2.3.4.5" "$(cp "a/$one" twin && chmod u+w twin && echo twin)"
	exits 0 pacs-store twin
	pacs-find --count >out
	verify 0
	grep -qx "doubled	$one" sorted
	[ "$(grep -c "^doubled	.*/$twin.dcm$" sorted)" = 2 ]
	[ "$(wc -l <sorted)" = 2 ]
}

@test "verify --since looks at what was recorded since" {
	rm -f "a/$one"
	verify 0 --since=2100-01-01
	verify 1 --since=2020-01-01
	found missing "$one"
	verify 1 --since=yesterday
	found missing "$one"
	verify 1 --since="$(date -u +%Y%m%d)"
	found missing "$one"
	local wrong
	for wrong in 24.11.2026 2026-13-45 20261124T2500 now.. 1795522333; do
		exits 2 pacs-verify --since="$wrong"
		grep -q "is no time" err
	done
}

@test "verify --sample looks at a part, another one each time" {
	exits 0 pacs-verify -v --sample=100%
	grep -q " ${#objects[@]} objects" err
	rm -f "a/$one"
	local hits=0 i
	for i in $(seq 40); do
		run pacs-verify --sample=30%
		hits=$((hits + status))
	done
	[ "$hits" -gt 0 ] && [ "$hits" -lt 40 ]
	exits 2 pacs-verify --sample=150%
}

@test "verify --sums agrees with sha256sum" {
	exits 0 pacs-verify --sums
	[ "$(wc -l <out)" -eq "${#objects[@]}" ]
	(cd a && sha256sum --quiet -c ../out)
	rm -f "a/$one"
	exits 1 pacs-verify --sums
	[ "$(wc -l <out)" -eq "${#objects[@]}" ]
	grep -q 'not all is whole: pacs-verify without --sums says what' err
}

@test "verify --state remembers, and a budget goes on where it stopped" {
	exits 0 pacs-verify --state=s
	[ "$(grep -c '^pacs_verify_shard_checked_seconds' s)" -eq 4096 ]
	[ "$(awk '$1 == "pacs_verify_covered_seconds" { print ($2 > 0) }' s)" = 1 ]
	[ "$(tail -n 1 s)" = "# EOF" ]
	# Some shards were never checked: the next run begins there.
	sed -i '/shard="[89a-f]/d' s
	exits 0 pacs-verify --state=s --budget=1h
	[ "$(grep -c '^pacs_verify_shard_checked_seconds' s)" -eq 4096 ]
	exits 2 pacs-verify --budget=1h
	exits 2 pacs-verify --budget=soon --state=s
}

@test "verify counts findings in the state file, and never overwrites another's" {
	rm -f "a/$one"
	exits 1 pacs-verify --state=s
	grep -qx 'pacs_verify_run_findings{kind="missing"} 1' s
	echo precious >mine
	exits 4 pacs-verify --state=mine
	[ "$(cat mine)" = precious ]
}

@test "verify keeps to a rate" {
	local bytes start ms
	bytes=$(cat a/objects/*/*/*/*.dcm | wc -c)
	start=$(date +%s%N)
	exits 0 pacs-verify --rate=$((bytes / 2))
	ms=$((($(date +%s%N) - start) / 1000000))
	[ "$ms" -ge 1000 ] # two seconds, less what the last object needs
}

@test "verify has no false finding while others store and purge" {
	pacs-phantom -o more --modality=MR --studies=3 --instances=60 --rows=64 --seed=8
	pacs-store more &
	local pid=$! i
	for i in 1 2 3 4 5 6; do
		pacs-verify -f kind,path >>findings || cat findings
	done
	wait "$pid"
	[ ! -s findings ]
}

@test "verify finds nothing wrong in valid samples but what they came with" {
	[ -n "${CORPUS:-}" ] || skip "needs CORPUS"
	pacs-init c
	pacs-store -a c -q "$CORPUS/valid" || [ $? -eq 3 ]
	run pacs-verify -a c -f kind
	[ "$(sort -u <<<"$output" | grep -vx truncated)" = "" ]
}

@test "verify names what stands beside the shards, or in place of one" {
	cp "a/$one" a/objects/junk.dcm
	mkdir a/objects/ABC
	cp "a/$one" a/objects/ABC/x.dcm
	local free=000
	while [ -e a/objects/$free ]; do free=$(printf %03x $((0x$free + 1))); done
	echo x >"a/objects/$free"
	verify 1
	found misplaced objects/junk.dcm misplaced objects/ABC \
		misplaced "objects/$free"
}

@test "verify says at once that a state cannot be written" {
	rm -f "a/$one"
	exits 4 pacs-verify --state=nowhere/state.prom
	[ ! -s out ]
	grep -q "cannot make 'nowhere/state.prom'" err
}

@test "verify does not compare an archive with itself" {
	exits 2 pacs-verify --against=a
	exits 2 pacs-verify --repair-from="$PWD/a/"
	grep -q "is the archive itself" err
}

@test "verify names settings that no program of this version knows" {
	exits 0 pacs-verify
	[ ! -s err ]
	printf 'defualt-issuer=X\nnewer=1\n' >>a/pacs-archive
	exits 0 pacs-verify
	grep -q 'ignored: defualt-issuer, newer$' err
	[ ! -s out ]
}
