#!/usr/bin/env bats
# pacs-find: the question language, levels, forms of the answer, statuses.

load ../helper/env
load ../helper/objects
load ../helper/keys

# The archive is made once and copied for each test.
setup_file() {
	pacs_setup
	cd "$BATS_FILE_TMPDIR" || return
	command -v dump2dcm >/dev/null || return 0
	local p
	p=0010,0010:PN=Müller^Jörg
	object in/1 1 1 1 $p 0010,0020:LO=A1 0008,0020:DA=20240131 \
		0008,0050:SH=ACC1 0008,1030:LO='Head 100%' 0010,0040:CS=M
	object in/2 1 1 2 $p 0010,0020:LO=A1 0008,0020:DA=20240131
	object in/3 1 2 1 $p 0010,0020:LO=A1 0008,0020:DA=20240131 \
		0008,0060:CS=SR 0008,0016:UI=1.2.840.10008.5.1.4.1.1.88.11
	object in/4 2 1 1 '0010,0010:PN=Yamada^Tarou=山田^太郎=やまだ^たろう' \
		0010,0020:LO=B2 0008,0020:DA=20240201 0008,0030:TM=0930 \
		0008,0050:SH=ACC2 0008,0060:CS=MR 0010,0021:LO=HOSP
	object in/5 3 1 1 0010,0010:PN=SMITH^JOHN 0010,0020:LO=B2 \
		0008,0020:DA=20231224 0008,0050:SH='A_C3' 0008,0060:CS=MR
	object in/6 4 1 1 0008,0060:CS=US
	pacs-init a
	# One by one: the order of storing is what some answers follow.
	for p in in/1 in/2 in/3 in/4 in/5 in/6; do
		pacs-store -a a $p
	done
	pacs-index -a a update
}

setup() {
	pacs_setup
	need dump2dcm
	cp -a "$BATS_FILE_TMPDIR/a" a
	export PACS_ARCHIVE=$PWD/a
}

studies() { # the last number of each study found
	pacs-find -f StudyInstanceUID "$@" | sed "s/^$root\.//" | tr '\n' ' '
}

asks() { # asks EXPECTED CONDITION...
	local want=$1 got
	shift
	got=$(studies "$@")
	[ "$got" = "$want" ] || {
		echo "got '$got', expected '$want' for: $*"
		return 1
	}
}

@test "without a condition every study is listed, in the order of storing" {
	asks "1 2 3 4 "
}

@test "one value matches exactly, case and all" {
	asks "1 " PatientID=A1
	asks "" PatientID=a1
	asks "2 3 " PatientID=B2
	asks "1 " "AccessionNumber=ACC1"
}

@test "wildcards are * and ?, and nothing else is one" {
	asks "1 2 " "AccessionNumber=ACC?"
	asks "1 2 3 " "AccessionNumber=A*"
	asks "" "AccessionNumber=A_C1"
	asks "3 " "AccessionNumber=A_C3"
	asks "" "AccessionNumber=A%"
	asks "1 " "StudyDescription=*100%"
	asks "" "StudyDescription=*10%"
}

@test "values are data: quotes, SQL, control characters, 10 kB" {
	asks "" "PatientID=' OR 1=1 --"
	asks "" "PatientName=\"; DROP TABLE t_study; --"
	asks "" "AccessionNumber=$(printf 'a\001\tb\nc')"
	asks "" "PatientID=$(head -c 10000 /dev/zero | tr '\0' "'")"
	asks "1 2 3 4 "
}

@test "a value that is not UTF-8 is wrong usage, for it is in no answer" {
	exits 2 pacs-find PatientName=$'M\xfcller*'
	grep -qx 'pacs-find: PatientName: the value is not UTF-8' err
	printf 'PatientName=M\xfcller*\n' >latin
	exits 2 pacs-find --query=latin
	printf 'x\nM\xfcller\n' >latin
	exits 2 pacs-find PatientName=@latin
	grep -qx 'pacs-find: PatientName: the value is not UTF-8' err
}

@test "a value over 16 kB is wrong usage" {
	exits 2 pacs-find "PatientID=$(head -c 20000 /dev/zero | tr '\0' x)"
	grep -q "PatientID: a value is over" err
}

@test "names match without case and accents, by any of their groups" {
	asks "1 " "PatientName=müller^jörg"
	asks "1 " "PatientName=MULLER^JORG"
	asks "1 " "PatientName=mull*"
	asks "2 " "PatientName=山田*"
	asks "2 " "PatientName=*太郎"
	asks "2 " "PatientName=やまだ*"
	asks "2 " "PatientName=yamada*=山田*"
	asks "" "PatientName=yamada*=田中*"
	asks "3 " "PatientName=smith^j?hn"
	asks "" "PatientName=smith"
}

@test "dates match as ranges in DICOM's way and in ours" {
	asks "1 " StudyDate=20240131
	asks "1 2 " StudyDate=20240101-20241231
	asks "1 2 " StudyDate=20240101..
	asks "3 " StudyDate=-20231231
	asks "1 2 " StudyDate=2024
	asks "1 " StudyDate=2024-01
	asks "1 " StudyDate=2024-01-31
	asks "1 3 " "StudyDate=20231224\\20240131"
	asks "" StudyDate=-7d..
}

@test "today, yesterday and -Nd count days in the archive's timezone" {
	local zone today
	for zone in Pacific/Kiritimati Pacific/Pago_Pago; do
		rm -rf b in
		today=$(TZ=$zone date +%Y%m%d)
		object in/1 9 1 1 "0008,0020:DA=$today"
		pacs-init --timezone=$zone b
		pacs-store -a b in
		[ "$(pacs-find -a b --count StudyDate=today)" = 1 ]
		[ "$(pacs-find -a b --count StudyDate=-1d..)" = 1 ]
		exits 1 pacs-find -a b --count StudyDate=yesterday
		[ "$(pacs-find -a b --count stored_at=today)" = 1 ]
		[ "$(pacs-find -a b --count stored_at=-1h..)" = 1 ]
	done
}

@test "what is no date is wrong usage, and the value is not repeated" {
	exits 2 pacs-find StudyDate=SECRET
	grep -q "StudyDate: no date or range" err
	run ! grep -q SECRET err
	exits 2 pacs-find StudyDate=20240230
	exits 2 pacs-find NumberOfStudyRelatedInstances=many
}

@test "times match by the precision they are given in" {
	asks "2 " StudyTime=0900-1000
	asks "2 " StudyTime=0930
	asks "2 " StudyTime=09
	asks "" StudyTime=1000-
}

@test "numbers match as numbers" {
	asks "1 " NumberOfStudyRelatedInstances=2..
	asks "2 3 4 " NumberOfStudyRelatedInstances=01
	[ "$(pacs-find -L instance --count InstanceNumber=2)" = 1 ]
}

@test "!= is what = is not; an empty value is no value" {
	asks "2 3 4 " PatientID!=A1
	asks "4 " PatientID=
	asks "1 2 3 " PatientID!=
	asks "1 2 3 4 " "PatientID=*"
	asks "" "PatientID!=*"
}

@test "any level's key can be asked at any level" {
	asks "1 " Modality=SR
	asks "1 " Modality=SR Modality!=CT
	asks "" Modality=SR SeriesNumber=1
	asks "1 " "SOPInstanceUID=$root.1.2.1"
	[ "$(pacs-find -L instance --count StudyDate=20240131)" = 3 ]
	[ "$(pacs-find -L patient -f PatientID Modality=US)" = "" ]
	[ "$(pacs-find -L patient -f PatientID AccessionNumber=ACC2)" = B2 ]
}

@test "modalities and classes of a study are those of all its series" {
	asks "1 " ModalitiesInStudy=SR ModalitiesInStudy=CT
	asks "1 " SOPClassesInStudy=1.2.840.10008.5.1.4.1.1.88.11
	[ "$(pacs-find -f ModalitiesInStudy PatientID=A1)" = 'CT\\SR' ]
}

@test "a patient is issuer and ID; without an ID each study is one" {
	pacs-find -L patient -f PatientID,IssuerOfPatientID,NumberOfPatientRelatedStudies >got
	printf 'A1\t\t1\nB2\tHOSP\t1\nB2\t\t1\n\t\t1\n' | same got
}

@test "conditions are and-ed; with --or one is enough" {
	asks "" PatientID=A1 Modality=MR
	asks "1 2 3 " --or PatientID=A1 Modality=MR
	asks "1 4 " --or PatientID=A1 Modality=US
	[ "$(pacs-find -L instance --count --or InstanceNumber=2 Modality=SR)" = 2 ]
}

@test "a list of values comes from a file, each value as it stands" {
	printf 'ACC1\n\nACC2\r\nA*\n' >list
	asks "1 2 " AccessionNumber=@list
	asks "3 " AccessionNumber!=@list PatientID=B2
	seq 20000 | sed 's/^/X/' >many
	echo ACC2 >>many
	asks "2 " AccessionNumber=@many
	exits 4 pacs-find AccessionNumber=@nowhere
}

@test "a list without a value is wrong usage, whatever is asked of it" {
	: >empty
	printf '\n  \r\n\n' >blank
	printf '\357\273\277' >mark
	local list
	for list in empty blank mark; do
		exits 2 pacs-find --count "AccessionNumber=@$list"
		grep -q "AccessionNumber: $list: no value in it" err
		exits 2 pacs-find --count "AccessionNumber!=@$list"
		exits 2 pacs-find --count "StudyDate=@$list"
	done
}

@test "a byte order mark is no part of the first value or condition" {
	printf '\357\273\277ACC1\r\nACC2\r\n' >list
	asks "1 2 " AccessionNumber=@list
	printf '\357\273\277PatientID=B2\r\nStudyDate=2024\r\n' >q
	asks "2 " --query q
	[ "$(pacs-find --count --query - <q)" = 1 ]
}

@test "a range that ends before it begins is wrong usage" {
	local q
	for q in StudyDate=20250101..20240101 StudyDate=20250101-20240101 \
		StudyDate=-5y..-10y StudyDate!=-5y..-10y StudyTime=22:00..06:00 \
		stored_at=-1h..-2h SeriesNumber=3..1; do
		exits 2 pacs-find "$q"
		grep -q "the range ends before it begins" err
	done
	asks "2 " 'StudyTime=0900-\-0600'
	asks "1 " StudyDate=20240131..20240131
}

@test "a range of texts is wrong usage where no value looks like one" {
	local q
	for q in PatientAge=020Y..060Y PatientAge=020Y-060Y PatientAge=..060Y \
		StudyInstanceUID=1.2..1.3 Modality=CT..MR; do
		exits 2 pacs-find "$q"
		grep -q "a text, which has no ranges" err
	done
	asks "" 'PatientAge=04?Y'
	asks "" 'StudyDescription=a..b'
}

@test "minutes are min, and m is not taken for a point in time" {
	asks "1 2 3 4 " stored_at=-30min..
	asks "" stored_at=..-30min
	local q
	for q in stored_at=-30m.. stored_at=-30m stored_at=..-3m; do
		exits 2 pacs-find "$q"
		grep -q "m is months; min is minutes" err
	done
	asks "1 2 3 4 " stored_at=-13w..
	asks "1 2 3 " StudyDate=..-1m
}

@test "conditions come from a file or standard input" {
	printf '# a comment\n\nPatientID=B2\nStudyDate=2024\n' >q
	asks "2 " --query q
	[ "$(pacs-find --count --query - <q)" = 1 ]
	printf 'PatientID=A1\nPatientNam=x\n' >q
	exits 2 pacs-find --query q
	grep -q "q: line 2: unknown key 'PatientNam'" err
	exits 4 pacs-find --query nowhere
}

@test "keys are understood in findscu's way too" {
	asks "1 " -k PatientID=A1 -k 0008,0020
	asks "1 " -k 0010,0020=A1
	[ "$(pacs-find -k QueryRetrieveLevel=SERIES -f Modality -k PatientID=B2 | sort -u)" = MR ]
	[ "$(pacs-find -k 0008,0052=IMAGE --count)" = 6 ]
}

@test "a misspelt key is wrong usage, with the right one" {
	exits 2 pacs-find PatientNmae=x
	grep -q "did you mean 'PatientName'" err
	exits 2 pacs-find patientname=x
	grep -q "did you mean 'PatientName'" err
	exits 2 pacs-find -f PatientNmae
	exits 2 pacs-find desc=1
	run ! grep -q "did you mean" err
	exits 2 pacs-find SliceThicknes=1
	grep -q "'SliceThickness' is not in the index, 'pacs-index add' adds it" err
	exits 2 pacs-find SliceThickness=1
	grep -q "'SliceThickness' is not in the index" err
	exits 2 pacs-find RequestAttributesSequence=1
	grep -q "RequestAttributesSequence.ScheduledProcedureStepID" err
	exits 2 pacs-find PatientID
	exits 2 pacs-find path=x
}

@test "nothing found is status 1 and prints nothing; --count prints 0" {
	exits 1 pacs-find PatientID=nobody
	same out </dev/null
	same err </dev/null
	exits 1 pacs-find --count PatientID=nobody
	echo 0 | same out
	exits 0 pacs-find --count
	echo 4 | same out
	exits 1 pacs-find --format=json PatientID=nobody
	same out </dev/null
}

@test "fields are printed in the order asked for" {
	pacs-find -L series -f Modality,StudyDate,PatientID PatientID=A1 >got
	printf 'CT\t20240131\tA1\nSR\t20240131\tA1\n' | same got
	pacs-find -L instance --format=json -f InstanceNumber,PatientSex,SeriesInstanceUID \
		Modality=SR >got
	echo "{\"InstanceNumber\":1,\"PatientSex\":\"M\",\"SeriesInstanceUID\":\"$root.1.2\"}" |
		same got
}

@test "a study's values are the first that its objects say" {
	[ "$(pacs-find -L instance -f AccessionNumber SOPInstanceUID=$root.1.1.2)" = ACC1 ]
}

@test "paths are absolute, and lead to the objects" {
	pacs-find --paths >got
	[ "$(wc -l <got)" -eq 6 ]
	while read -r f; do
		case $f in /*) ;; *) false ;; esac
		[ -f "$f" ]
	done <got
	pacs-find -0 --paths Modality=SR | xargs -0 dcmdump +P 0008,0060 | grep -q SR
	[ -d "$(pacs-find -L study --paths PatientID=A1)" ]
	exits 2 pacs-find -L patient --paths
}

@test "sizes and digests are those of the files" {
	pacs-find -L instance -f sha256,size_bytes,path |
		while IFS=$'\t' read -r sum size path; do
			echo "$sum  a/$path" | sha256sum -c --quiet
			[ "$(stat -c %s "a/$path")" = "$size" ]
		done
	[ "$(pacs-find --sum size_bytes)" = \
		"$(find a/objects -type f -printf '%s\n' | paste -sd+ | bc)" ]
}

@test "records can be sorted, and cut off" {
	asks "3 1 2 " --sort StudyDate StudyDate!=
	asks "2 1 3 4 " --sort -StudyDate
	asks "4 1 3 2 " --sort PatientName
	asks "1 2 " --limit 2
	asks "2 " --sort -StudyDate --limit 1
	[ "$(pacs-find --count --limit 3)" = 3 ]
	exits 2 pacs-find --limit=0
	exits 2 pacs-find --limit=0 --count
	exits 2 pacs-find --sort Modality
	exits 2 pacs-find --sort Nonsense
	exits 2 pacs-find --sort=
	exits 2 pacs-find --sort StudyDate,desc
	grep -q -e "'--sort=-StudyDate' sorts downwards" err
}

@test "a key below the level is not printed as a blank, but refused" {
	long
	local level
	exits 2 pacs-find -f PatientName,Modality
	grep -q "Modality is of the series.*ModalitiesInStudy or -L series" err
	exits 2 pacs-find -f SOPClassUID
	grep -q "SOPClassesInStudy or -L instance" err
	exits 2 pacs-find -L patient -f path
	for level in patient study series instance; do
		pacs-find --dump-options | awk -F '\t' '$1 == "field" { print $2 }' |
			grep -vxF "$(keys_of $level)" >below || true
		while read -r key; do
			exits 2 pacs-find -L $level -f "$key"
			grep -q -e "use .*-L " err
		done < <(awk "NR % 7 == 1" below)
		# Each documented key is there.
		pacs-find -L $level --limit 1 --format=json \
			-f "$(keys_of $level | paste -sd,)" >got
		python3 - got "$(keys_of $level | wc -l)" <<-'END'
			import json, sys
			assert len(json.load(open(sys.argv[1]))) == int(sys.argv[2])
		END
	done
}

@test "--group tells how many have each value" {
	pacs-find --group Modality >got
	printf 'CT\t1\nMR\t2\nSR\t1\nUS\t1\n' | same got
	pacs-find -L instance --group PatientSex --format=json >got
	printf '{"value":"","count":3}\n{"value":"M","count":3}\n' | same got
	exits 2 pacs-find --group SeriesNumber
	exits 1 pacs-find --group Modality PatientID=nobody
	same out </dev/null
}

@test "options that contradict each other are wrong usage" {
	exits 2 pacs-find --count --paths
	exits 2 pacs-find --count -f PatientID
	exits 2 pacs-find --group Modality --count
	exits 2 pacs-find --paths --format=json
	exits 2 pacs-find --sum PatientID
}

@test "without an archive it could not work" {
	exits 4 pacs-find -a nowhere
	unset PACS_ARCHIVE
	exits 2 pacs-find
}

@test "a closed pipe ends it" {
	pacs-find -L instance | head -n 1 >got
	[ "$(wc -l <got)" -eq 1 ]
	exits 4 sh -c 'pacs-find >/dev/full'
}

@test "the answers are what dcmdump says, over the corpus" {
	[ -n "${CORPUS:-}" ] || skip "CORPUS is not set"
	pacs-init c
	pacs-store -a c "$CORPUS/valid" 2>/dev/null || [ $? -eq 3 ]
	# Of every third; of all in make check-all.
	pacs-find -a c -L instance -f SOPInstanceUID,path,Rows |
		awk 'NR % 3 == 1 || ENVIRON["CHECK_ALL"]' |
		while IFS=$'\t' read -r uid path rows; do
			dcmdump -s +P 0008,0018 +P 0028,0010 "c/$path" >dump 2>/dev/null
			# DCMTK shows the bytes of what is encoded as UN.
			! grep -q '^(0008,0018) UN' dump || continue
			got=$(sed -n 's/^(0008,0018) UI \[\([^]]*\)\].*/\1/p
				s/^(0028,0010) US \([0-9]*\).*/\1/p' dump | paste -sd' ')
			[ "$got" = "$uid${rows:+ $rows}" ] || echo "$path: $got"
		done >differ
	same differ </dev/null
}

@test "every key of the standard's tables can be asked" {
	awk -F '\t' '
	NR > 1 && $1 ~ /C\.6-[1-5]$|^PS3\.18/ && $9 != "control" && $8 != "SQ" &&
	$7 !~ /^(RetrieveURL|InstanceAvailability)$/ {
		sub(/^>/, "", $4)
		print ($4 != "" ? $4 "." : "") $5
	}' "$PACS_TOP/lib/dicom/data/qr-keys.tsv" | sort -u >keys
	[ "$(wc -l <keys)" -gt 50 ]
	while read -r key; do
		pacs-find --count "$key=*" >count || echo "$key"
	done <keys >unknown
	same unknown </dev/null
}

@test "pacs-query(7) lists every key" {
	pacs-find --dump-options | awk -F '\t' '$1 == "field" { print $2 }' |
		sort >have
	[ "$(wc -l <have)" -gt 90 ]
	sed -n 's/^\.It Cm \([A-Za-z0-9_.]*\)$/\1/p' \
		"$PACS_TOP/man/pacs-query.7" | sort | diff have -
}

@test "examples: a report for each modality of a month" {
	"$PACS_TOP/examples/monthly-report.sh" 2024-01 >got
	[ "$(head -n 1 got)" = "Studies of 2024-01" ]
	tail -n +4 got | awk '{ print $1, $2 }' >lines
	printf 'CT 1\nSR 1\n' | same lines
}

@test "examples: what came in since yesterday, without names" {
	"$PACS_TOP/examples/last-night.sh" >got
	[ "$(head -n 1 got)" = "4 studies got new objects:" ]
	grep -q "^ *6 objects .* from file$" got
	run ! grep -qi "m.ller\|smith" got
	exits 1 "$PACS_TOP/examples/last-night.sh" 2030..
	same out </dev/null
}

@test "examples: the files of a cohort, and what is missing" {
	printf 'accession;age\nACC1;40\n"ACC2";41\nACC9;42\n' >cohort.csv
	exits 3 "$PACS_TOP/examples/cohort.sh" cohort.csv
	[ "$(tr '\0' '\n' <out | wc -l)" -eq 4 ]
	echo "cohort.sh: not in the archive: ACC9" | same err
	tr '\0' '\n' <out | while read -r f; do [ -f "$f" ]; done
}

@test "examples: without the archive there is no answer, and no empty one" {
	export PACS_ARCHIVE=$PWD/nowhere
	echo ACC1 >cohort.csv
	exits 4 "$PACS_TOP/examples/cohort.sh" cohort.csv
	exits 4 "$PACS_TOP/examples/monthly-report.sh" 2024-01
	[ ! -s out ]
	pacs-anon --make-key=key
	exits 4 sh -c '"$1" key - <cohort.csv' - "$PACS_TOP/examples/research-export.sh"
	[ ! -s out ]
	echo '* A@127.0.0.1:1' >rules
	run -1 "$PACS_TOP/examples/route-by-modality.sh" rules
	[ ! -e nowhere ]
}
