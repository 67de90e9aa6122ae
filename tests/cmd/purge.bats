#!/usr/bin/env bats
# pacs-purge: nothing goes without --yes and a reason; what goes is on record.

load ../helper/env
load ../helper/store

setup() {
	pacs_setup
	need /usr/bin/python3
	pacs-init a
	export PACS_ARCHIVE=$PWD/a
	cts in 4
	ct in/other 2 1 1
	pacs-store in
	study=1.2.826.0.1.3680043.10.1338.1
}

@test "without --yes purge shows what matches and changes nothing" {
	pacs-find --count -L instance >/dev/null # the index is there
	cp -a a before
	exits 0 pacs-purge StudyInstanceUID="$study"
	[ "$(wc -l <out)" -eq 4 ]
	[ "$(cut -f1 out | sort -u)" = matched ]
	cut -f6 out | while read -r p; do [ -e "a/$p" ]; done
	exits 0 pacs-purge -n -f size_bytes SOPInstanceUID="$study.1.3"
	[ "$(cat out)" = "$(stat -c %s in/3)" ]
	diff -r before/objects a/objects
	diff -r before/ledger a/ledger
}

@test "with --yes and a reason the objects go, on record, and the rest stays" {
	exits 0 pacs-purge --yes --why='wrong patient' SOPInstanceUID="$study.1.3"
	[ ! -s out ] && [ ! -s err ]
	[ "$(objects)" -eq 4 ]
	run ! in_archive in/3
	in_archive in/4
	[ "$(grep -c '	purge	' a/ledger/000001.tsv)" -eq 1 ]
	grep '	purge	' a/ledger/000001.tsv | grep -q 'why=wrong'
	whole
	[ "$(pacs-find --count -L instance)" = 4 ]
	# Again there is nothing to do.
	exits 1 pacs-purge --yes --why='wrong patient' SOPInstanceUID="$study.1.3"
}

@test "a whole study goes with its folders" {
	exits 0 pacs-purge --yes --print --format=json --why=test StudyInstanceUID="$study"
	[ "$(grep -c '"outcome":"purged"' out)" -eq 4 ]
	[ -z "$(find a/objects -path "*$study*")" ] || [ -z "$(find a/objects -type d -name "$study")" ]
	[ "$(objects)" -eq 1 ]
	whole
}

@test "what was purged does not come back by accident" {
	exits 0 pacs-purge --yes --why=test StudyInstanceUID="$study"
	# Nor the second time, when quarantine has it already.
	for _ in 1 2 3; do
		exits 3 pacs-store --print -f outcome,reason in
		[ "$(tally)" = "1 duplicate
4 quarantined purged" ]
	done
	exits 0 pacs-store --again --print -f outcome in
	[ "$(tally)" = "1 duplicate
4 stored" ]
	exits 0 pacs-store --print -f outcome in
	[ "$(tally)" = "5 duplicate" ]
	# What was set aside first is of no more use.
	exits 3 pacs-quarantine accept "$(pacs-quarantine list -f sha256 | head -n 1)"
	grep -q 'holds the same bytes already' err
	whole
}

@test "conditions can come from a file or standard input" {
	echo "PatientID=P2" >question
	exits 0 pacs-purge --query=question -f StudyInstanceUID
	[ "$(cat out)" = 1.2.826.0.1.3680043.10.1338.2 ]
	pacs-purge --query=- -f StudyInstanceUID <question >out
	[ "$(cat out)" = 1.2.826.0.1.3680043.10.1338.2 ]
}

@test "what the index finds against its own record does not go" {
	exits 0 pacs-purge StudyDate=20200102
	[ "$(wc -l <out)" -eq 5 ]
	exits 1 pacs-purge StudyDate=20200103
	sqlite3 a/index.db 'UPDATE t_study SET study_day = (SELECT study_day + 1 FROM t_study LIMIT 1)'
	exits 4 pacs-purge --yes --why=test StudyDate=20200103
	grep -q 'is not what StudyDate asks for' err
	exits 4 pacs-purge StudyDate=20200103
	[ "$(objects)" -eq 5 ]
	# Sums change as objects go: they are not asked again.
	exits 0 pacs-purge -f outcome NumberOfStudyRelatedInstances=4
	[ "$(wc -l <out)" -eq 4 ]
}

@test "nothing is purged without a condition, a reason, or by a wrong key" {
	exits 2 pacs-purge
	exits 2 pacs-purge --yes --why=test
	exits 2 pacs-purge --yes PatientID=P1
	exits 2 pacs-purge --yes --why= PatientID=P1
	exits 2 pacs-purge -n --yes --why=test PatientID=P1
	exits 2 pacs-purge --yes --why=test PatentID=P1
	: >question
	exits 2 pacs-purge --yes --why=test --query=question
	exits 1 pacs-purge --yes --why=test PatientID=nobody
	[ "$(objects)" -eq 5 ]
}

@test "what an unset variable leaves of a condition purges nothing" {
	local unset='' q
	for q in "PatientID=$unset" "PatientID=$unset*" "PatientName=*$unset*" \
		"PatientID!=$unset" "PatientID!=*" 'Modality=CT\' "SeriesNumber=*" \
		"PatientName==="; do
		exits 2 pacs-purge --yes --why=test "$q"
		grep -q "add --broad" err
		exits 2 pacs-purge --yes --why=test Modality=CT "$q"
	done
	echo 'PatientID=' >question
	exits 2 pacs-purge --yes --why=test --query=question
	: >none
	exits 2 pacs-purge --yes --why=test "PatientID!=@none"
	grep -q "none: no value in it" err
	[ "$(objects)" -eq 5 ]
	exits 1 pacs-purge --yes --broad --why=test PatientID=
	exits 0 pacs-purge --broad -f outcome 'PatientID=*'
	[ "$(wc -l <out)" -eq 5 ]
	exits 0 pacs-purge -f outcome 'PatientID=?*'
	[ "$(wc -l <out)" -eq 5 ]
	[ "$(objects)" -eq 5 ]
}

@test "kill -9 in the middle of a purge: on record and gone, or neither" {
	cts more 1200
	pacs-store more
	mkfifo records
	pacs-purge --yes --print -f path --why=test Modality=CT StudyInstanceUID="$study" >records &
	pid=$!
	exec 9<records
	read -r path <&9
	kill -9 "$pid"
	wait "$pid" || true
	[ ! -e "a/$path" ]
	# The next program completes what is on record.
	exits 0 pacs-store in/other
	whole
	left=$(objects)
	[ "$left" -lt 1201 ]
	exits 0 pacs-find --count -L instance
	[ "$(cat out)" = "$left" ]
}
