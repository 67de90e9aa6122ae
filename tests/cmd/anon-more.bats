#!/usr/bin/env bats
# pacs-anon: kinds, rules, subjects, maps, outputs. Options of the profile are
# tested rule by rule in tests/oracle/rules.py.

load ../helper/env

setup() {
	pacs_setup
	printf 'pacs-anon-key 1\n%064d\n' 7 >key
	chmod 600 key
}

ct() {
	pacs-phantom -q -o "$@" --rows=16 --instances=2
}

# make_ct FILE 'PYTHON'...: CT images, to each of which its lines of Python add.
make_ct() {
	/usr/bin/python3 - "$@" <<-'END'
	import sys, textwrap, warnings
	warnings.simplefilter("ignore")
	from pydicom.dataset import Dataset, FileMetaDataset
	for path, code in zip(sys.argv[1::2], sys.argv[2::2]):
	    ds = Dataset()
	    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
	    ds.SOPInstanceUID, ds.StudyInstanceUID = "1.2.3.4", "1.2.3.5"
	    ds.SeriesInstanceUID, ds.PatientID = "1.2.3.6", "A1"
	    ds.PatientName, ds.Modality = "DOE^JANE", "CT"
	    names = {"ds": ds, "Dataset": Dataset}
	    exec(textwrap.dedent(code), names)
	    ds.file_meta = FileMetaDataset()
	    ds.file_meta.TransferSyntaxUID = names.get(
	        "syntax", "1.2.840.10008.1.2.1")
	    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
	    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
	    ds.is_little_endian, ds.is_implicit_VR = True, False
	    ds.save_as(path, write_like_original=False)
	END
}

# anon FILE [OPTION...]: the output is ./new.dcm.
anon() {
	rm -rf dest new.dcm
	exits 0 pacs-anon --key key -o dest "${@:2}" "$1"
	cp dest/*/*/*.dcm new.dcm
}

value() {
	dcmdump -q +L -Un +P "$2" "$1" | head -n 1 |
		sed 's/^([^)]*) .. //; s/ *#.*//; s/^[[]//; s/[]]$//; s/^=//'
}

absent() {
	[ -z "$(dcmdump -q +P "$2" "$1")" ]
}

@test "presentation states with text: withheld, or cleaned of it" {
	make_ct a.dcm '
	ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.11.1"
	ds.Modality = "PR"
	text, line, note = Dataset(), Dataset(), Dataset()
	text.UnformattedTextValue = "SECRET"
	line.GraphicType = "POLYLINE"
	note.GraphicLayer = "L"
	note.TextObjectSequence = [text]
	note.GraphicObjectSequence = [line]
	ds.GraphicAnnotationSequence = [note]'
	exits 1 pacs-anon --key key -o dest a.dcm
	grep -q 'withheld (pr)' err
	anon a.dcm --clean-graphics
	run ! grep -q SECRET new.dcm
	[ "$(value new.dcm 0070,0023)" = POLYLINE ]
	anon a.dcm --allow pr
	run ! grep -q SECRET new.dcm
	[ "$(dcmdump -q +P 0070,0001 new.dcm | head -n 1 | grep -c '#=1')" = 1 ]
}

@test "ages stay with the option, over 89 capped with another" {
	make_ct a.dcm 'ds.PatientAge, ds.PatientWeight = "093Y", "70"'
	anon a.dcm
	absent new.dcm 0010,1010
	anon a.dcm --retain-patient-characteristics
	[ "$(value new.dcm 0010,1010)" = 093Y ]
	[ "$(value new.dcm 0010,1030)" = 70 ]
	anon a.dcm --retain-patient-characteristics --cap-age
	[ "$(value new.dcm 0010,1010)" = 090Y ]
}

@test "kinds: what each of them that is listed is withheld for" {
	cat >kinds <<-'END'
	us|ds.Modality = "US"
	us|ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.6.1"
	es|ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.77.1.1"
	xc|ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.77.1.4"
	gm|ds.Modality = "GM"
	op|ds.Modality = "OP"
	slide|ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.77.1.6"; ds.ImageType = ["DERIVED", "PRIMARY", "LABEL"]
	sc|ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
	video|syntax = "1.2.840.10008.1.2.4.102"
	audio|ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.9.4.1"
	pdf|ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.104.1"
	cda|ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.104.2"
	stl|ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.104.3"
	sr|ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.33"
	ko|ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.59"
	pr|ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.11.1"; ds.GraphicAnnotationSequence = [Dataset()]; ds.GraphicAnnotationSequence[0].TextObjectSequence = [Dataset()]; ds.GraphicAnnotationSequence[0].TextObjectSequence[0].UnformattedTextValue = "X"
	annotation|ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.91.1"
	waveform-annotation|ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.9.1.1"; ds.WaveformAnnotationSequence = [Dataset()]; ds.WaveformAnnotationSequence[0].UnformattedTextValue = "X"
	raw|ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.66"
	protocol|ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.131"
	non-patient|ds.SOPClassUID = "1.2.840.10008.5.1.4.38.1"
	retired|ds.SOPClassUID = "1.2.840.10008.5.1.1.27"
	private-class|ds.SOPClassUID = "1.2.3.99"
	private-class|ds.SOPClassUID = ""
	unknown-syntax|syntax = "1.2.3.98"
	remote-pixels|ds.add_new(0x00287fe0, "UR", "http://x.example")
	burned-in|ds.BurnedInAnnotation = "YES"
	recognizable|ds.add_new(0x00280302, "CS", "YES")
	overlay|ds.add_new(0x60000100, "US", 16); ds.add_new(0x60000102, "US", 12)
	screen|ds.ConversionType = "WSD"
	screen|ds.ImageType = ["DERIVED", "SECONDARY", "SCREEN SAVE"]
	no-uid|ds.StudyInstanceUID = ""
	no-uid|ds.SeriesInstanceUID = ["1.2.3.1", "1.2.4"]
	END
	mkdir made
	pairs=() n=0
	while IFS='|' read -r kind code; do
		n=$((n + 1))
		pairs+=("made/$n.$kind" "$code")
	done <kinds
	make_ct "${pairs[@]}"
	exits 1 pacs-anon --key key --print -f outcome,reason,source -o dest made
	awk -F'\t' '$1 != "withheld" || $3 !~ "[0-9][.]" $2 "$"' out | same /dev/null
	[ "$(wc -l <out)" = "$n" ]
	cut -d'|' -f1 kinds | grep -v no-uid | sort -u >tested
	pacs-anon --list-kinds | cut -f1 | sort | same tested
}

@test "derived images as such pass" {
	make_ct a.dcm 'ds.ImageType = ["DERIVED", "SECONDARY", "MPR"]'
	anon a.dcm
	make_ct a.dcm 'ds.ImageType = ["DERIVED", "PRIMARY", "ADC"]'
	anon a.dcm
}

@test "rules: keep, remove, blank, replace, hash; what weakens is declared" {
	make_ct a.dcm '
	ds.StudyDescription, ds.SeriesDescription = "HEAD", "AXIAL"
	ds.Manufacturer, ds.StudyID, ds.PatientSex = "SIEMENS", "77", "F"
	ds.InstitutionName = "HOSPITAL"
	ds.SoftwareVersions, ds.ProtocolName = "V1", "SECRET"
	ds.add_new(0x00090010, "LO", "ACME")
	ds.add_new(0x00091001, "LO", "VALUE")
	ds.add_new(0x00091002, "LO", "OTHER")
	item = Dataset()
	item.SeriesDescription = "NESTED"
	ds.ReferencedSeriesSequence = [item]'
	cat >rules <<-'END'
	# of this project
	keep ReferencedSeriesSequence/SeriesDescription
	remove Manufacturer when Manufacturer=SIEMENS* Modality=CT
	replace InstitutionName "SITE 7"
	hash StudyID
	blank vr:IS
	blank 0018,1020
	replace 0018,1030 "PROTOCOL 1"
	keep private "ACME" 0009,xx01
	keep PatientSex when Modality=MR
	END
	anon a.dcm --rules rules
	[ "$(value new.dcm 0008,0080)" = 'SITE 7' ]
	absent new.dcm 0008,0070
	run ! grep -q -e V1 -e SECRET new.dcm
	[ "$(value new.dcm 0018,1030)" = 'PROTOCOL 1' ]
	value new.dcm 0020,0010 | grep -qx '[0-9a-f]\{16\}'
	[ "$(value new.dcm 0009,1001)" = VALUE ]
	[ "$(value new.dcm 0009,0010)" = ACME ]
	absent new.dcm 0009,1002
	grep -q NESTED new.dcm
	run ! grep -q -e HEAD -e AXIAL new.dcm
	[ "$(value new.dcm 0012,0062)" = NO ]
	value new.dcm 0012,0063 | grep -q 'local rules keep more'
	printf 'replace InstitutionName "SITE 7"\n' >rules
	anon a.dcm --rules rules
	[ "$(value new.dcm 0012,0062)" = YES ]
}

@test "rules that are wrong name their line and touch nothing" {
	ct in
	while IFS='|' read -r rule why; do
		printf '\n%b\n' "$rule" >rules
		exits 4 pacs-anon --key key --rules rules -o dest in
		grep -q "$why" err || { echo "$rule"; cat err; return 1; }
		[ ! -e dest ]
	done <<-'END'
	drop StudyID|line 2: 'drop' is none of
	keep StudyDescriptoin|did you mean 'StudyDescription'
	keep PatientID|not for rules
	keep StudyID\nremove StudyID|line 3: contradicts line 2
	keep StudyID\nremove StudyID when Modality=CT|line 3: contradicts line 2
	replace StudyID|the value is missing
	replace Rows "7"|holds no text
	keep "StudyID|not closed
	keep 0009,1001|needs its creator
	keep StudyID when|the condition is missing
	keep StudyID Modality=CT|'when' and conditions
	END
	printf 'keep StudyID when Modality=CT\nremove StudyID when Modality=MR\n' >rules
	exits 0 pacs-anon --key key --rules rules -o dest in
}

@test "subjects: trial IDs; who is none of them is withheld" {
	make_ct a.dcm 'ds.StudyDate = "20240101"'
	make_ct b.dcm 'ds.PatientID, ds.SOPInstanceUID, ds.StudyDate = "B2", "1.2.3.7", "20240101"'
	make_ct c.dcm 'ds.PatientID, ds.SOPInstanceUID = "C3", "1.2.3.8"'
	printf '# list\nA1\tT-001\nB2\tT-001\n' >subjects
	exits 3 pacs-anon --key key --subjects subjects --modify-dates -o dest a.dcm b.dcm c.dcm
	grep -q 'c.dcm: withheld (no-subject)' err
	for f in dest/*/*/*.dcm; do
		echo "$(value "$f" 0010,0020) $(value "$f" 0008,0020)"
	done | sort -u >got
	[ "$(wc -l <got)" = 1 ]
	grep -q '^T-001 2023' got
	printf 'A1\tT-001\nA1\tT-002\n' >subjects
	exits 4 pacs-anon --key key --subjects subjects -o dest a.dcm
	run ! grep -q A1 err
	printf '# pacs-anon map 1\npatient\tA1\t\tT-001\n' >subjects
	exits 4 pacs-anon --key key --subjects subjects -o dest a.dcm
	grep -q 'line 2' err
	printf 'A1 T-001\n' >subjects
	exits 4 pacs-anon --key key --subjects subjects -o dest a.dcm
	grep -q 'line 1' err
}

@test "a map answers who a pseudonym is, and grows by what is new" {
	make_ct a.dcm 'ds.AccessionNumber = "ACC9"'
	exits 0 pacs-anon --key key --map map -o dest a.dcm
	[ "$(stat -c %a map)" = 600 ]
	[ "$(wc -l <map)" = 5 ]
	exits 0 pacs-anon --key key --map map -o dest2 a.dcm
	[ "$(wc -l <map)" = 5 ]
	make_ct b.dcm 'ds.PatientID, ds.SOPInstanceUID = "B2", "1.2.3.7"'
	printf 'patient\tcut' >>map
	exits 0 pacs-anon --key key --map map -o dest3 b.dcm
	[ "$(wc -l <map)" = 6 ]
	id=$(value dest3/*/*/*.dcm 0010,0020)
	exits 0 pacs-anon --reidentify --map map -f kind,original "$id"
	printf 'patient\tB2\n' | cmp - out
	exits 1 pacs-anon --reidentify --map map 0000
	# Whatever of an object one holds leads back, and all of it at once.
	new=$(echo dest/*/*/*.dcm)
	exits 0 pacs-anon --reidentify --map map -f kind,original \
		"$(value "$new" 0010,0020)" "$(value "$new" 0008,0050)" \
		"$(value "$new" 0020,000d)" "$(value "$new" 0020,000e)"
	same out <<-END
	patient	A1
	accession	ACC9
	study	1.2.3.5
	series	1.2.3.6
	END
	exits 1 pacs-anon --reidentify --map map "$(value "$new" 0010,0020)" 0000
	[ "$(cut -f2 out)" = A1 ]
	exits 1 pacs-anon --reidentify --map map A1
	exits 2 pacs-anon --reidentify --map map
	chmod 644 map
	exits 4 pacs-anon --key key --map map -o dest4 a.dcm
	[ ! -e dest4 ]
}

@test "a map for a recipient is encrypted by age" {
	need age
	make_ct a.dcm ''
	age-keygen -o id 2>/dev/null
	to=$(sed -n 's/.*public key: //p' id)
	exits 0 pacs-anon --key key --map map.age --recipient "$to" -o dest a.dcm
	run ! grep -aq patient map.age
	age -d -i id map.age >plain
	id=$(value dest/*/*/*.dcm 0010,0020)
	exits 4 pacs-anon --reidentify --map map.age "$id"
	grep -q "'map.age' is encrypted: age -d" err
	pacs-anon --reidentify --map - -f original "$id" <plain >got
	[ "$(cat got)" = A1 ]
	exits 4 pacs-anon --key key --map map.age --recipient "$to" -o dest a.dcm
}

@test "a recipient that age does not know, or no age, ends it before it begins" {
	make_ct a.dcm ''
	mkdir bin
	if [ -n "$(command -v age)" ]; then
		exits 4 pacs-anon --key key --map m --recipient nobody -o dest a.dcm
		same err <<-'END'
		pacs-anon: --recipient 'nobody': age: error: unknown recipient type: "nobody"
		END
	fi
	ln -s "$(command -v pacs-anon)" bin/
	PATH=$PWD/bin exits 4 pacs-anon --key key --map m --recipient age1 -o dest a.dcm
	same err <<-'END'
	pacs-anon: the program 'age' is not installed
	END
	[ ! -e m ] && [ ! -e m.part ] && [ ! -e dest ]
}

@test "what cannot be written is named once" {
	make_ct a.dcm ''
	for where in none/x.tar none/x.tar.zst; do
		exits 4 pacs-anon --key key -o "$where" a.dcm
		same err <<-END
		pacs-anon: cannot create '$where.part': No such file or directory
		END
	done
	exits 4 pacs-anon --key key --map none/m -o dest a.dcm
	grep -q "^pacs-anon: [^']*'none/m'[^']*$" err
	[ ! -e dest ]
}

@test "tar, tar.zst, a pipe and a folder hold the same objects" {
	ct in
	cp "$(find in -type f | head -n 1)" in/again.dcm
	exits 0 pacs-anon --key key -o dest in
	exits 0 pacs-anon --key key -o a.tar in
	exits 0 pacs-anon --key key -o a.tar.zst in
	pacs-anon --key key -o - in >b.tar
	for t in a.tar a.tar.zst b.tar; do
		rm -rf x
		mkdir x
		tar -C x -xf "$t"
		diff -r x dest
	done
	exits 4 pacs-anon --key key -o a.tar in
	grep -q 'is there already' err
	[ ! -e a.tar.part ]
	exits 2 pacs-anon --key key --print -o - in
	pacs-init arch
	pacs-anon --key key -o - in | pacs-store -a arch --stdin
	[ "$(find arch/objects -name '*.dcm' | wc -l)" = 2 ]
}

@test "into an archive: written means stored" {
	ct in --modality=CT,US
	pacs-init arch
	exits 3 pacs-anon --key key --store -o arch --print -f outcome,reason,SOPInstanceUID in
	cut -f1,2 out | sort | uniq -c | awk '{ print $1, $2 }' >got
	printf '2 withheld\n2 written\n' | cmp - got
	pacs-verify -a arch
	exits 0 pacs-anon --key key --store -o arch --print --skip us -f outcome in
	[ "$(grep -c duplicate out)" = 2 ]
	exits 1 pacs-anon --key key --modify-dates --store -o arch --skip us in
	grep -q 'the archive did not take it' err
	exits 4 pacs-anon --key key --store -o nowhere in
	exits 2 pacs-anon --key key -o arch in
	grep -qx "pacs-anon: -o 'arch' is an archive: --store stores there" err
}

@test "a checklist claims nothing" {
	exits 0 pacs-anon --checklist
	[ "$(grep -c '^[A-R] ' out)" = 18 ]
	grep -q 'no claim' err
	cp out plain
	exits 0 pacs-anon --checklist --retain-device
	run ! cmp -s plain out
}

@test "killed at any moment: no half file, and the next run sweeps" {
	pacs-phantom -q -o in --rows=64 --instances=60
	for t in 0.01 0.02 0.03 0.05; do
		timeout -s KILL "$t" pacs-anon --key key -j 2 -o dest in || true
		find dest -name '*.dcm' -exec dcmftest {} + 2>/dev/null >tested || true
		run ! grep -q '^no' tested
	done
	exits 0 pacs-anon --key key -o dest in
	[ "$(find dest -name '*.dcm' | wc -l)" = 60 ]
	[ ! -e dest/.pacs-anon ]
	timeout -s KILL 0.02 pacs-anon --key key -o late.tar in || true
	[ ! -e late.tar ] || tar -tf late.tar >/dev/null
}

@test "examples: an export, and a cohort of accession numbers" {
	ct in --modality=CT,US
	pacs-init arch
	export PACS_ARCHIVE=$PWD/arch
	pacs-store in
	"$PACS_TOP/examples/research-export.sh" key 'Modality=CT\US' >a.tar 2>err
	[ "$(tar -tf a.tar | grep -c 'dcm$')" = 2 ]
	grep -q '^withheld *us *2 ' err
	number=$(pacs-find -f AccessionNumber -L study | head -n 1)
	printf 'AccessionNumber,note\n%s,x\n' "$number" >cohort.csv
	# shellcheck disable=SC2016 # for the script to expand
	CHECK='test "$(find . -name "*.dcm" | wc -l)" = 2' ANON='--skip us' \
		"$PACS_TOP/examples/research-export.sh" key - <cohort.csv >b.tar
	[ "$(tar -tf b.tar | grep -c 'dcm$')" = 2 ]
	exits 1 "$PACS_TOP/examples/research-export.sh" key Modality=MR
	grep -q 'nothing in the archive matches' err
	[ ! -s out ]
	run ! env CHECK=false "$PACS_TOP/examples/research-export.sh" key - <cohort.csv
}

@test "examples: plain CT and MR lose words, and keep what tells the contrast" {
	rules=$PACS_TOP/examples/ct-mr.rules
	more='
	ds.InstitutionName, ds.SequenceName = "HOSPITAL", "SECRET"
	ds.ImageComments, ds.EchoTime, ds.KVP = "COMMENT", "80", "120"'
	make_ct a.dcm "$more
	ds.Modality, ds.SOPClassUID = 'MR', '1.2.840.10008.5.1.4.1.1.4'"
	anon a.dcm --rules "$rules"
	run ! grep -q -e SECRET -e COMMENT -e HOSPITAL new.dcm
	absent new.dcm 0018,0024
	[ "$(value new.dcm 0008,0080)" = SITE ]
	[ "$(value new.dcm 0018,0081)" = 80 ]
	[ "$(value new.dcm 0012,0062)" = YES ]
	make_ct a.dcm "$more"
	anon a.dcm --rules "$rules"
	[ "$(value new.dcm 0018,0060)" = 120 ]
	run ! grep -q -e COMMENT -e HOSPITAL new.dcm
	# Its name of a sequence is no rule's business.
	[ "$(value new.dcm 0018,0024)" = SECRET ]
}

@test "examples: PET has what SUV needs, and says that a rule keeps more" {
	make_ct a.dcm '
	ds.SOPClassUID, ds.Modality = "1.2.840.10008.5.1.4.1.1.128", "PT"
	ds.SeriesDescription, ds.StudyDescription = "WB AC", "SECRET"
	ds.PatientWeight, ds.PatientSize, ds.SeriesTime = "70", "1.7", "101112"
	ds.SeriesDate, ds.DecayCorrection, ds.Units = "20240229", "START", "BQML"
	ds.PatientComments = "SECRET"
	dose = Dataset()
	dose.RadionuclideTotalDose = "370000000"
	dose.RadiopharmaceuticalStartTime = "090807"
	dose.RadiopharmaceuticalStartDateTime = "20240229090807"
	ds.RadiopharmaceuticalInformationSequence = [dose]
	ds.add_new(0x70530010, "LO", "Philips PET Private Group")
	ds.add_new(0x70531000, "DS", "1.5")
	ds.add_new(0x70531055, "LO", "SECRET")'
	set -- --rules "$PACS_TOP/examples/pet.rules" --modify-dates \
		--retain-safe-private --retain-patient-characteristics
	anon a.dcm "$@"
	while read -r tag want; do
		[ "$(value new.dcm "$tag")" = "$want" ] || { echo "$tag"; return 1; }
	done <<-'END'
	0008,103e WB AC
	0010,1030 70
	0010,1020 1.7
	0008,0031 101112
	0018,1072 090807
	0018,1074 370000000
	0054,1102 START
	7053,1000 1.5
	END
	value new.dcm 0018,1078 | grep -q '^202[34].*090807$'
	run ! grep -q -e SECRET -e 20240229 new.dcm
	value new.dcm 0012,0063 | grep -q 'local rules keep more'
	make_ct b.dcm 'ds.SeriesDescription = "WB AC"'
	anon b.dcm "$@"
	run ! grep -q 'WB AC' new.dcm
}

@test "examples: RT keeps names of regions in its objects, no other label" {
	rules=$PACS_TOP/examples/rt.rules
	more='
	roi, seen = Dataset(), Dataset()
	roi.ROIName, roi.ROIDescription = "PTV 1", "SECRET"
	seen.ROIObservationLabel, seen.ROIInterpreter = "SECRET", "SECRET^X"
	ds.StructureSetROISequence, ds.RTROIObservationsSequence = [roi], [seen]
	ds.StructureSetLabel, ds.StructureSetDescription = "PLAN A", "SECRET"'
	make_ct a.dcm "$more
	ds.SOPClassUID, ds.Modality = '1.2.840.10008.5.1.4.1.1.481.3', 'RTSTRUCT'"
	anon a.dcm --rules "$rules"
	[ "$(value new.dcm 3006,0026)" = 'PTV 1' ]
	[ "$(value new.dcm 3006,0002)" = 'PLAN A' ]
	run ! grep -q SECRET new.dcm
	value new.dcm 0012,0063 | grep -q 'local rules keep more'
	make_ct b.dcm "$more"
	anon b.dcm --rules "$rules"
	run ! grep -q -e 'PTV 1' -e 'PLAN A' -e SECRET new.dcm
	[ "$(value new.dcm 0012,0062)" = YES ]
}

@test "examples: echo passes by word, with its regions, and says so" {
	make_ct a.dcm '
	ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.6.1"
	ds.Modality, ds.ProtocolName = "US", "STRESS"
	ds.HeartRate, ds.PatientSize, ds.PatientWeight = "71", "1.7", "70"
	ds.ImageComments = "SECRET"
	region = Dataset()
	region.RegionSpatialFormat, region.PhysicalDeltaX = 1, 0.02
	ds.SequenceOfUltrasoundRegions = [region]'
	rules=$PACS_TOP/examples/echo.rules
	exits 1 pacs-anon --key key --rules "$rules" -o dest a.dcm
	grep -q 'withheld (us)' err
	anon a.dcm --rules "$rules" --allow us --modify-dates \
		--retain-patient-characteristics
	[ "$(value new.dcm 0018,1030)" = STRESS ]
	[ "$(value new.dcm 0018,1088)" = 71 ]
	[ "$(value new.dcm 0010,1030)" = 70 ]
	[ "$(dcmdump -q +P 0018,602c new.dcm | grep -c 0.02)" = 1 ]
	run ! grep -q SECRET new.dcm
	value new.dcm 0012,0063 | grep -q 'allowed: us'
	value new.dcm 0012,0063 | grep -q 'local rules keep more'
}
