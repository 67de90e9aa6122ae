#!/usr/bin/env bats
# pacs-phantom: what it makes is what it says, and judges find no fault in it.

load ../helper/env

ALL=CT,MR,US,CR,SR,PDF,RTSTRUCT,SEG

setup() {
	pacs_setup
}

# Small studies of every kind: two of each, so that both kinds of report and
# both kinds of loop are there; 24 files. phantom DIR OPTION...
phantom() {
	local dir=$1
	shift
	exits 0 pacs-phantom -o "$dir" --modality="$ALL" --studies=2 \
		--instances=2 --rows=36 --frames="${FRAMES:-1}" "$@"
	same out </dev/null
	same err </dev/null
}

# The distribution's Python has pydicom.
python() {
	local p=/usr/bin/python3
	[ -x "$p" ] || p=python3
	"$p" -c 'import pydicom' 2>/dev/null || skip "pydicom is not installed"
	"$p" -W error "$@"
}

# No error in any of the N files of a folder.
conforms() {
	local f seen=0
	while IFS= read -r -d '' f; do
		dciodvfy "$f" >verdict 2>&1 || true
		if grep '^Error' verdict || [ ! -s verdict ]; then
			echo "$f"
			return 1
		fi
		seen=$((seen + 1))
	done < <(find "$1" -name '*.dcm' -print0)
	[ "$seen" -eq "$2" ]
}

@test "each kind of object conforms" {
	need dciodvfy
	FRAMES=3 phantom made
	conforms made 24
}

@test "so do they in each transfer syntax" {
	need dciodvfy dcmconv
	local uid f
	for uid in 1.2.840.10008.1.2 1.2.840.10008.1.2.1.99 1.2.840.10008.1.2.2 \
		1.2.840.10008.1.2.5 1.2.840.10008.1.2.4.{57,70,80}; do
		echo "# $uid"
		exits 0 pacs-phantom -o "d$uid" --modality="$ALL" --instances=1 \
			--rows=16 --syntax="$uid"
		# dciodvfy does not read what is deflated: DCMTK inflates it.
		case $uid in
		*.99) for f in d"$uid"/*/*/*.dcm; do dcmconv +te "$f" "$f"; done ;;
		esac
		conforms "d$uid" 8
	done
}

@test "objects conform with names in each character set, and in volumes" {
	need dciodvfy
	exits 0 pacs-phantom -o names --modality=SR --charset=mixed --studies=12
	conforms names 12
	exits 0 pacs-phantom -o volumes --modality=MR --series=2 --instances=1 \
		--frames=5 --rows=16
	conforms volumes 2
}

@test "dcmdump and dcmftest read every file" {
	need dcmdump dcmftest
	phantom made
	find made -name '*.dcm' -print0 | xargs -0 dcmftest >verdicts
	[ "$(grep -c ^yes: verdicts)" -eq 24 ]
	find made -name '*.dcm' -print0 | xargs -0 dcmdump -q >dump
}

@test "the same seed makes the same bytes, whatever the number of workers" {
	phantom a -j 1
	phantom b -j 4
	diff -r a b
	[ "$(find a -type f | wc -l)" -eq 24 ]
	phantom c --seed=2
	find a c -name '*.dcm' | cut -d / -f 2 | sort | uniq -c >uids
	[ "$(wc -l <uids)" -eq 4 ]
}

@test "what is in another transfer syntax is the same" {
	need dcmdrle dcmdjpeg dcmdjpls
	local uid
	for uid in 1.2.840.10008.1.2.1 1.2.840.10008.1.2 1.2.840.10008.1.2.2 \
		1.2.840.10008.1.2.1.99 1.2.840.10008.1.2.5 \
		1.2.840.10008.1.2.4.{57,70,80}; do
		exits 0 pacs-phantom -o "$uid" --modality="$ALL" --instances=2 \
			--rows=36 --frames=2 --syntax="$uid"
	done
	cat >compare.py <<-'PY'
	import pathlib, subprocess, pydicom
	jpeg = "1.2.840.10008.1.2.4."
	tools = {"1.2.840.10008.1.2.5": "dcmdrle", jpeg + "57": "dcmdjpeg",
	         jpeg + "70": "dcmdjpeg", jpeg + "80": "dcmdjpls"}
	count = {}
	for f in sorted(pathlib.Path("1.2.840.10008.1.2.1").rglob("*.dcm")):
	    a = pydicom.dcmread(f)
	    for syntax in pathlib.Path().glob("1.*"):
	        b = pydicom.dcmread(syntax.joinpath(*f.parts[1:]))
	        if b.file_meta.TransferSyntaxUID == syntax.name:
	            count[syntax.name] = count.get(syntax.name, 0) + 1
	        else:
	            assert b.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
	        if b.file_meta.TransferSyntaxUID in tools:
	            subprocess.run([tools[syntax.name], b.filename, "x"], check=True)
	            b = pydicom.dcmread("x")
	        if "PixelData" in a and b.is_little_endian:
	            assert a.PixelData == b.PixelData, b.filename
	        elif "PixelData" in a:
	            assert (a.pixel_array == b.pixel_array).all(), b.filename
	        for x, y in zip(a, b):
	            assert x.tag == 0x7fe00010 or x == y, (b.filename, x.tag)
	        assert len(a) == len(b)
	for syntax, n in sorted(count.items()):
	    print(n, syntax)
	PY
	python compare.py >count
	# CT, MR, US and CR can be compressed.
	same count <<-'EOT'
	12 1.2.840.10008.1.2
	12 1.2.840.10008.1.2.1
	12 1.2.840.10008.1.2.1.99
	12 1.2.840.10008.1.2.2
	8 1.2.840.10008.1.2.4.57
	8 1.2.840.10008.1.2.4.70
	8 1.2.840.10008.1.2.4.80
	8 1.2.840.10008.1.2.5
	EOT
}

@test "names are in the script of the character set, as pydicom reads them" {
	local term
	for term in 'ISO_IR 6' 'ISO_IR 100' 'ISO_IR 126' 'ISO_IR 144' \
		'ISO_IR 192' 'ISO 2022 IR 87' '\ISO 2022 IR 149'; do
		exits 0 pacs-phantom -o "$term" --modality=PDF --studies=60 \
			--charset="$term"
	done
	cat >scripts.py <<-'PY'
	import pathlib, unicodedata, pydicom
	for folder in sorted(pathlib.Path().glob("*ISO*")):
	    scripts, charsets = set(), set()
	    for f in folder.rglob("*.dcm"):
	        d = pydicom.dcmread(f, defer_size=1)
	        d.decode()
	        text = (f"{d.PatientName}{d.ReferringPhysicianName}"
	                f"{d.InstitutionName}")
	        assert "\ufffd" not in text and "\x1b" not in text, f
	        for c in filter(str.isalpha, text):
	            scripts.add(unicodedata.name(c).replace("-", " ").split()[0])
	        charset = d.get("SpecificCharacterSet", "")
	        charsets.add(charset if isinstance(charset, str)
	                     else "\\".join(charset))
	    print(folder.name, *charsets, *sorted(scripts), sep="|")
	PY
	python scripts.py >scripts
	same scripts <<-'EOT'
	ISO 2022 IR 87|\ISO 2022 IR 87|CJK|HIRAGANA|KATAKANA|LATIN
	ISO_IR 100|ISO_IR 100|LATIN
	ISO_IR 126|ISO_IR 126|GREEK|LATIN
	ISO_IR 144|ISO_IR 144|CYRILLIC|LATIN
	ISO_IR 192|ISO_IR 192|CJK|CYRILLIC|GREEK|HANGUL|HIRAGANA|KATAKANA|LATIN
	ISO_IR 6||LATIN
	\ISO 2022 IR 149|\ISO 2022 IR 149|CJK|HANGUL|LATIN
	EOT
}

@test "structures, segments and reports refer to images that are there" {
	phantom made
	cat >refer.py <<-'PY'
	import pathlib, pydicom
	sets = [pydicom.dcmread(f) for f in pathlib.Path("made").rglob("*.dcm")]
	known = {d.SOPInstanceUID: d for d in sets}
	series = {d.SeriesInstanceUID for d in sets}
	studies = {d.StudyInstanceUID for d in sets}
	count = 0
	for d in sets:
	    if d.Modality not in ("RTSTRUCT", "SEG", "SR"):
	        continue
	    for e in d.iterall():
	        if e.keyword == "ReferencedSOPInstanceUID" and e.value not in studies:
	            other = known[e.value]
	            assert other.StudyInstanceUID == d.StudyInstanceUID
	            if d.Modality != "SR":
	                assert other.Modality == "CT"
	                assert other.FrameOfReferenceUID == d.FrameOfReferenceUID
	            count += 1
	        elif e.keyword == "SeriesInstanceUID":
	            assert e.value in series
	assert count > 20, count
	for d in sets:
	    if d.Modality == "SEG":  # the frames are where their sources are
	        for g in d.PerFrameFunctionalGroupsSequence:
	            uid = (g.DerivationImageSequence[0].SourceImageSequence[0]
	                   .ReferencedSOPInstanceUID)
	            assert (g.PlanePositionSequence[0].ImagePositionPatient ==
	                    known[uid].ImagePositionPatient)
	        assert d.pixel_array.sum() > 100
	    if d.Modality == "RTSTRUCT":  # so are the contours
	        for roi in d.ROIContourSequence:
	            for c in roi.get("ContourSequence", []):
	                uid = c.ContourImageSequence[0].ReferencedSOPInstanceUID
	                assert (set(c.ContourData[2::3]) ==
	                        {known[uid].ImagePositionPatient[2]})
	PY
	python refer.py
}

@test "contours and segments lie on the head that the CT shows" {
	exits 0 pacs-phantom -o made --modality=CT,RTSTRUCT,SEG --instances=9 \
		--rows=128
	cat >overlay.py <<-'PY'
	import pathlib, pydicom
	sets = [pydicom.dcmread(f) for f in pathlib.Path("made").rglob("*.dcm")]
	ct = {d.SOPInstanceUID: d for d in sets if d.Modality == "CT"}
	seg = next(d for d in sets if d.Modality == "SEG")
	rt = next(d for d in sets if d.Modality == "RTSTRUCT")
	hu = lambda d: d.pixel_array * d.RescaleSlope + d.RescaleIntercept
	brains = 0
	for frame, g in zip(seg.pixel_array, seg.PerFrameFunctionalGroupsSequence):
	    if g.SegmentIdentificationSequence[0].ReferencedSegmentNumber != 1:
	        continue
	    image = hu(ct[g.DerivationImageSequence[0].SourceImageSequence[0]
	                  .ReferencedSOPInstanceUID])
	    inside = image[frame == 1]
	    assert abs(inside.mean() - 35) < 25, inside.mean()
	    brains += 1
	assert brains >= 7
	for c in rt.ROIContourSequence[0].ContourSequence:  # on the skull's edge
	    d = ct[c.ContourImageSequence[0].ReferencedSOPInstanceUID]
	    image, spacing = hu(d), d.PixelSpacing[0]
	    x0, y0 = d.ImagePositionPatient[:2]
	    for x, y in zip(c.ContourData[0::3], c.ContourData[1::3]):
	        i, j = round((y - y0) / spacing), round((x - x0) / spacing)
	        around = image[max(i - 1, 0):i + 2, max(j - 1, 0):j + 2]
	        assert around.max() > 0 > around.min(), (i, j)
	PY
	python overlay.py
}

@test "a PDF is one: its table points at its objects" {
	exits 0 pacs-phantom -o made --modality=PDF
	cat >pdf.py <<-'PY'
	import pathlib, re, pydicom
	f, = pathlib.Path("made").rglob("*.dcm")
	d = pydicom.dcmread(f)
	pdf = d.EncapsulatedDocument[:d.EncapsulatedDocumentLength]
	assert pdf.startswith(b"%PDF-1.4\n") and pdf.endswith(b"%%EOF\n")
	xref = int(re.search(rb"startxref\n(\d+)\n", pdf)[1])
	rows = pdf[xref:].split(b"\n")
	assert rows[:3] == [b"xref", b"0 6", b"0000000000 65535 f "]
	for n, row in enumerate(rows[3:8], 1):
	    assert pdf[int(row[:10]):].startswith(b"%d 0 obj\n" % n)
	size = int(re.search(rb"/Length (\d+) >>\nstream\n", pdf)[1])
	body = pdf.split(b"stream\n", 1)[1][:size]
	assert pdf.split(body, 1)[1].startswith(b"endstream")
	assert d.PatientID.encode() in body
	PY
	python pdf.py
}

@test "records name each file once, in order, and only when asked" {
	exits 0 pacs-phantom -o made --modality=ct,sr --instances=2 --studies=2 \
		--rows=16 --print -f path,Modality,size_bytes
	same err </dev/null
	cut -f 2 out | tr '\n' ' ' | diff - <(printf 'CT CT SR CT CT SR ')
	local path size
	while IFS=$'\t' read -r path size; do
		[ "$(stat -c %s "$path")" -eq "$size" ]
	done < <(cut -f 1,3 out)
	[ "$(cut -f 1 out | sort -u | wc -l)" -eq "$(find made -type f | wc -l)" ]
}

@test "a dry run prints the same records, without a size, and makes nothing" {
	exits 0 pacs-phantom -n -o made --modality=$ALL --instances=2 --rows=16 \
		--format=json
	mv out dry
	[ ! -e made ]
	exits 0 pacs-phantom -o made --modality=$ALL --instances=2 --rows=16 \
		--format=json --print
	sed 's/"size_bytes":[0-9]*/"size_bytes":null/' out | diff dry -
}

@test "structures and segments bring the CT; documents are alone in a series" {
	exits 0 pacs-phantom -n -o x --modality=SEG --instances=5 -f Modality
	sort out | uniq -c | diff -w - <(printf '5 CT\n1 SEG\n')
	exits 0 pacs-phantom -n -o x --modality=PDF,RTSTRUCT,SR --instances=3 \
		--series=2 -f Modality
	sort out | uniq -c | diff -w - <(printf '6 CT\n2 DOC\n2 RTSTRUCT\n2 SR\n')
}

@test "frames make a loop longer, not the memory bigger" {
	local short long
	short=$(peak --frames=2)
	long=$(peak --frames=600)
	echo "# $short and $long KiB"
	[ "$(stat -c %s "$(find peak -name '*.dcm')")" -gt $((600 * 256 * 256)) ]
	[ "$long" -lt $((short + 2048)) ]
}

# Largest memory of a run, in KiB.
peak() {
	rm -rf peak
	python - "$@" <<-'PY'
	import resource, subprocess, sys
	subprocess.run(["pacs-phantom", "-o", "peak", "--modality=US",
	                "--instances=1", *sys.argv[1:]], check=True)
	print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
	PY
}

@test "nothing is written over, and no half a file stays" {
	exits 0 pacs-phantom -o made --instances=2 --rows=16
	find made -type f -exec sha256sum {} + >before
	exits 4 pacs-phantom -o made --instances=2 --rows=16 -j 1
	grep -q 'File exists' err
	sha256sum --quiet -c before
	# A file system with room for some of the pixels only.
	ulimit -f 1
	trap '' XFSZ
	exits 4 pacs-phantom -o full --instances=1 --rows=256
	grep -q 'File too large' err
	[ -z "$(find full -type f)" ]
}

@test "wrong usage is status 2, says what is wrong, and touches nothing" {
	local args
	for args in "" "-o x --rows=30" "-o x --rows=12" "-o x --rows=9000" \
		"-o x --modality=XX" "-o x --modality=CT," "-o x --modality=" \
		"-o x --studies=0" "-o x --series=0" "-o x --instances=0" \
		"-o x --syntax=1.2.840.10008.1.2.4.90" "-o x --syntax=1.2.3" \
		"-o x --charset=GB18030" "-o x -f nothing --print" "-o x y" \
		"-o x --modality=US --rows=4096 --frames=300"; do
		echo "# $args"
		# shellcheck disable=SC2086 # several words
		exits 2 pacs-phantom $args
		grep -q '^pacs-phantom: ' err
		same out </dev/null
		[ ! -e x ]
	done
}

@test "a folder that cannot be made is status 4" {
	exits 4 pacs-phantom -o /proc/none/made --instances=1
	grep -q "^pacs-phantom: cannot make folder '/proc/none" err
}

@test "a signal ends the run; files that were reported are whole" {
	local pid status=0 line path size
	mkfifo records
	pacs-phantom -o made --instances=50000 --rows=16 --print -f path,size_bytes \
		>records 2>err &
	pid=$!
	exec 5<records
	read -r line <&5
	kill -TERM "$pid"
	{
		echo "$line"
		cat <&5
	} >reported
	wait "$pid" || status=$?
	[ "$status" -eq $((128 + 15)) ]
	[ "$(wc -l <reported)" -lt 50000 ]
	[ "$(find made -type f | wc -l)" -lt 50000 ]
	cut -f 1 reported | xargs stat -c '%n	%s' | diff reported -
}

@test "a closed pipe ends the run early" {
	exits 0 bash -c 'pacs-phantom -o made --rows=16 --instances=3000 --print |
		head -n 1 | cut -f 2'
	same out <<<CT
	[ "$(find made -type f | wc -l)" -lt 3000 ]
}
