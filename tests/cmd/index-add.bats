#!/usr/bin/env bats
# pacs-index add: a further attribute can be asked for like any other, whenever
# it was added.

load ../helper/env
load ../helper/objects

# with FILE < LINES: a small object of lines in dump2dcm's language.
with() {
	mkdir -p "$(dirname "$1")"
	cat >"$1.dump"
	dump2dcm -q "${@:2}" "$1.dump" "$1"
	rm "$1.dump"
}

# The order decides whose value is the first.
store_all() {
	local f
	for f in in/*/*; do
		pacs-store "$@" "$f"
	done
}

setup_file() {
	pacs_setup
	cd "$BATS_FILE_TMPDIR" || return
	command -v dump2dcm >/dev/null || return 0
	local n
	for n in 1 2 3 4; do
		object "in/1/$n" 1 1 "$n" "0018,0050:DS=$n.50" \
			"0032,1032:PN=Müller^Jörg"
	done
	object in/2/1 2 1 1 0018,0050:DS=10 "0018,1210:SH=B30f 100%" 0038,0020:DA=20240131
	object in/2/2 2 1 2 0018,1210:SH=B31 0038,0020:DA=20230101
	object in/3/1 3 1 1
	pacs-init empty
	cp -a empty a
	store_all -a a
	pacs-index -a a update
}

setup() {
	pacs_setup
	need dump2dcm
	cp -a "$BATS_FILE_TMPDIR/a" "$BATS_FILE_TMPDIR/empty" \
		"$BATS_FILE_TMPDIR/in" .
	export PACS_ARCHIVE=$PWD/a
}

counts() { # counts N CONDITION...: instances
	local got
	got=$(pacs-find -L instance --count "${@:2}") || [ $? = 1 ]
	[ "$got" = "$1" ] || {
		echo "$got, expected $1: ${*:2}"
		return 1
	}
}

everything() {
	pacs-find -L instance --sort SOPInstanceUID \
		-f SOPInstanceUID,path,SliceThickness,ConvolutionKernel
	pacs-find -L study -f StudyInstanceUID,AdmittingDate --sort StudyInstanceUID
	pacs-find -L series -f SeriesInstanceUID --sort SeriesInstanceUID
	pacs-find -L instance --group SliceThickness
}

add_all() {
	pacs-index add SliceThickness ConvolutionKernel "$@"
	pacs-index add -L study AdmittingDate "$@"
}

@test "a key that is not there says how to add it" {
	exits 2 pacs-find SliceThickness=1
	grep -q "'pacs-index add'" err
}

@test "an added key is matched in every way" {
	exits 0 pacs-index add SliceThickness ConvolutionKernel
	same out </dev/null
	same err </dev/null
	counts 1 SliceThickness=1.5
	counts 2 SliceThickness=2..4
	counts 1 SliceThickness=5..
	counts 2 SliceThickness=
	counts 5 SliceThickness!=
	counts 6 SliceThickness!=1.5
	counts 2 'ConvolutionKernel=B3*'
	counts 1 'ConvolutionKernel=*100%'
	counts 0 'ConvolutionKernel=*10%'
	counts 1 'ConvolutionKernel=B31'
	counts 1 'ConvolutionKernel=B3?'
	counts 2 'ConvolutionKernel=B31\B30f 100%'
	counts 7 'ConvolutionKernel=*'
	counts 3 --or SliceThickness=4.. ConvolutionKernel=B31
	counts 1 0018,0050=10
	printf 'B31\nB3*\n' >list
	counts 1 ConvolutionKernel=@list
	[ "$(pacs-find --count SliceThickness=2..4)" = 1 ]
	[ "$(pacs-find -L patient --count SliceThickness=10)" = 1 ]
	exits 2 pacs-find SliceThickness=thick
	grep -q "SliceThickness: no number" err
}

@test "an added key is printed, sorted by, counted and summed" {
	pacs-index add SliceThickness ConvolutionKernel
	pacs-find -L instance -f SliceThickness,InstanceNumber \
		--sort -SliceThickness --limit 3 >got
	printf '10\t1\n4.50\t4\n3.50\t3\n' | same got
	pacs-find -L instance --group ConvolutionKernel >got
	printf '\t5\nB30f 100%%\t1\nB31\t1\n' | same got
	[ "$(pacs-find -L instance --sum SliceThickness)" = 22 ]
	pacs-find -L instance --format=json -f ConvolutionKernel,Modality \
		InstanceNumber=2 SliceThickness= >got
	echo '{"ConvolutionKernel":"B31","Modality":"CT"}' | same got
	exits 2 pacs-find --sort SliceThickness
	exits 2 pacs-find --group SliceThickness
}

@test "a study's or series' added key is the first value of its objects" {
	pacs-index add -L study AdmittingDate RequestingPhysician
	pacs-index add -L series Kernel=ConvolutionKernel
	pacs-find -f StudyInstanceUID,AdmittingDate,RequestingPhysician >got
	printf '%s\t\tMüller^Jörg\n%s\t20240131\t\n%s\t\t\n' \
		"$root.1" "$root.2" "$root.3" | same got
	[ "$(pacs-find --count RequestingPhysician=muller*)" = 1 ]
	[ "$(pacs-find --count AdmittingDate=2024)" = 1 ]
	exits 1 pacs-find AdmittingDate=2023
	[ "$(pacs-find -L series -f Kernel "Kernel=B30*")" = "B30f 100%" ]
	pacs-purge --yes --why test "SOPInstanceUID=$root.2.1.1"
	[ "$(pacs-find -f AdmittingDate "StudyInstanceUID=$root.2")" = 20230101 ]
	[ "$(pacs-find -L series -f Kernel Kernel=B31)" = B31 ]
	pacs-find -L series -f SeriesInstanceUID,Kernel >before
	pacs-index rebuild
	pacs-find -L series -f SeriesInstanceUID,Kernel | diff before -
}

@test "a private element is named by its creator, wherever its block is" {
	local n block
	for n in 1 2 3; do
		block=1$n
		[ $n = 3 ] && set -- +ti || set -- +te
		with "p/$n" "$@" <<-END
			(0008,0016) UI [1.2.840.10008.5.1.4.1.1.2]
			(0008,0018) UI [$root.9.1.$n]
			(0019,0010) LO [OTHER]
			(0019,00$block) LO [TEST.VENDOR 1.0]
			(0019,100c) IS [7]
			(0019,${block}0c) IS [$((n * 100))]
			(0019,${block}0d) US $((n * 1000))
			(0020,000d) UI [$root.9]
			(0020,000e) UI [$root.9.1]
		END
	done
	pacs-store p
	exits 2 pacs-index add '0019,xx0c,"TEST.VENDOR 1.0"'
	grep -q 'NAME=' err
	exits 0 pacs-index add --vr=IS 'Dose=0019,xx0C,"TEST.VENDOR 1.0"'
	exits 0 pacs-index add --vr=US 'Bits=0019,xx0d,"TEST.VENDOR 1.0"'
	pacs-find -L instance -f Dose,Bits --sort Dose "StudyInstanceUID=$root.9" >got
	printf '100\t1000\n200\t2000\n300\t3000\n' | same got
	counts 2 Dose=150..
	counts 1 'Bits=3000'
	counts 1 '0019,xx0c,"TEST.VENDOR 1.0"=100'
	exits 0 pacs-index schema
	grep -q '^-- added: Dose instance IS 0019,xx0C,"TEST.VENDOR 1.0"$' out
}

@test "a nested element is named by its path; one item must meet all" {
	with n/1 <<-END
		(0008,0016) UI [1.2.840.10008.5.1.4.1.1.2]
		(0008,0018) UI [$root.8.1.1]
		(0008,1140) SQ
		(fffe,e000) -
		(0008,1155) UI [1.2.3]
		(0008,1160) IS [1]
		(fffe,e00d) -
		(fffe,e000) -
		(0008,1155) UI [1.2.4]
		(0008,1160) IS [2]
		(fffe,e00d) -
		(fffe,e000) -
		(0008,1160) IS [3]
		(fffe,e00d) -
		(fffe,e0dd) -
		(0020,000d) UI [$root.8]
		(0020,000e) UI [$root.8.1]
	END
	pacs-store n
	pacs-index add ReferencedImageSequence.ReferencedSOPInstanceUID \
		Frame=0008,1140.0008,1160
	counts 1 ReferencedImageSequence.ReferencedSOPInstanceUID=1.2.4
	counts 1 Frame=3
	counts 1 Frame=2 ReferencedImageSequence.ReferencedSOPInstanceUID=1.2.4
	counts 0 Frame=1 ReferencedImageSequence.ReferencedSOPInstanceUID=1.2.4
	counts 1 --or Frame=1 ReferencedImageSequence.ReferencedSOPInstanceUID=1.2.4
	pacs-find -L instance --format=json Frame!= \
		-f Frame,ReferencedImageSequence.ReferencedSOPInstanceUID >got
	echo '{"Frame":"1\\2\\3","ReferencedImageSequence.ReferencedSOPInstanceUID":"1.2.3\\1.2.4\\"}' |
		same got
}

@test "added before or after the objects, or by a rebuild: the same answers" {
	add_all
	everything >want
	grep -q '4.50' want
	PACS_ARCHIVE=$PWD/empty
	add_all
	store_all
	everything | diff want -
	PACS_ARCHIVE=$PWD/a
	pacs-index rebuild
	everything | diff want -
	rm -r a/index a/index.db
	everything | diff want -
	exits 0 pacs-index check
}

@test "what is stored after a key was added has it at once" {
	pacs-index add SliceThickness
	object in/4/1 4 1 1 0018,0050:DS=9.75
	pacs-store in/4
	counts 1 SliceThickness=9.75
	cp a/pacs-archive marker
	pacs-store in
	same a/pacs-archive <marker
}

@test "an object that is back is read for the added keys too" {
	f=$(pacs-find --paths "SOPInstanceUID=$root.2.1.1")
	mv "$f" kept
	pacs-index rebuild
	pacs-index add SliceThickness
	counts 0 SliceThickness=10
	mv kept "$f"
	pacs-index update
	counts 1 SliceThickness=10
}

@test "with --later objects are read when the key is needed" {
	add_all --later
	! sqlite3 -readonly a/index.db 'select key from added' | grep -q . || false
	object in/4/1 4 1 1 0018,0050:DS=9.75
	pacs-store in/4
	counts 1 SliceThickness=9.75
	counts 1 SliceThickness=10
	everything >got
	pacs-index rebuild
	everything | diff got -
}

@test "with --later objects are read while others are stored, or by an update" {
	add_all --later
	object in/4/1 4 1 1
	pacs-store in/4
	pacs-find --count
	[ "$(sqlite3 -readonly a/index.db 'select count(*) from added')" = 8 ]
	pacs-index drop SliceThickness
	pacs-index add --later SliceThickness
	pacs-index update
	[ "$(sqlite3 -readonly a/index.db 'select count(*) from added')" = 8 ]
}

@test "all objects are read though fewer threads can be had than asked for" {
	pacs-phantom -o many --instances=70 --rows=16
	pacs-init m
	pacs-store -a m many
	pacs-index -a m update
	few() { # a second stack of this size has no room
		(ulimit -s 1000000 && ulimit -v 1700000 && "$@")
	}
	few pacs-index --version >out || skip "no room under this limit"
	few pacs-index -a m -j 4 add SliceLocation
	export PACS_ARCHIVE=$PWD/m
	counts 70 SliceLocation!=
}

@test "a dropped key is no key any more" {
	add_all
	exits 0 pacs-index drop SliceThickness AdmittingDate
	exits 2 pacs-find -L instance SliceThickness=1
	[ "$(sqlite3 -readonly a/index.db 'select distinct key from added')" = ConvolutionKernel ]
	exits 0 pacs-index schema
	[ "$(grep -c '^-- added' out)" = 1 ]
	exits 4 pacs-index drop SliceThickness
	# Under the same name, something else.
	pacs-index add SliceThickness=ConvolutionKernel && false
	pacs-index add Kernel=ConvolutionKernel
	pacs-index drop Kernel
	pacs-index add Kernel=SliceThickness
	counts 1 Kernel=10
	exits 2 pacs-find Kernel=B31
}

@test "adding a key twice is adding it once" {
	exits 0 pacs-index add SliceThickness
	exits 0 pacs-index add SliceThickness
	[ "$(grep -c '^index-key=' a/pacs-archive)" = 1 ]
	exits 4 pacs-index add -L series SliceThickness
	grep -q "added already" err
}

@test "what cannot be added is wrong usage, and changes nothing" {
	cp a/pacs-archive marker
	local k
	for k in PatientID 0010,0020 RequestAttributesSequence NoSuchThing \
		0019,1010 PixelData SliceThickness.KVP 'X=' 'a b=KVP' \
		KVP=SliceThickness 0018,0050=KVP TransferSyntaxUID \
		IconImageSequence.PixelData; do
		exits 2 pacs-index add "$k"
	done
	exits 2 pacs-index add -L patient KVP
	exits 2 pacs-index add --vr=OB KVP
	exits 2 pacs-index add
	exits 2 pacs-index drop
	exits 2 pacs-index update --vr=LO
	exits 2 pacs-index add SliceThicknes
	grep -q "'SliceThicknes'; did you mean 'SliceThickness'" err
	exits 2 pacs-index add NoSuchThingAtAll
	grep -q "'NoSuchThingAtAll' is no path" err
	exits 2 pacs-index add Modalty=Modality
	grep -q "'Modality' is a key already" err
	exits 2 pacs-index add Modality=KVP
	grep -q "'Modality' is a key already" err
	same a/pacs-archive <marker
}

@test "no more than 32 keys can be added" {
	local n
	for n in $(seq 32); do
		printf 'index-key=K%s instance LO ConvolutionKernel\n' "$n"
	done >>a/pacs-archive
	counts 1 K32=B31
	exits 4 pacs-index add KVP
	grep -q "more than 32 added keys" err
}

@test "who may not write is told that a key is not filled yet" {
	[ "$(id -u)" = 0 ] || skip "not root"
	need setpriv
	pacs-index add --later SliceThickness
	chmod -R a+rX a "$BATS_TEST_TMPDIR"
	chmod a+rx "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" 2>/dev/null || true
	as_reader() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
	as_reader test -r "$PWD/a/pacs-archive" || skip "the test folder is closed"
	exits 75 as_reader "$(native pacs-find)" SliceThickness=10
	grep -q "does not have 'SliceThickness' of all objects yet" err
	exits 0 as_reader "$(native pacs-find)" --count
	exits 4 as_reader "$(native pacs-index)" add KVP
	pacs-index update
	chmod -R a+rX a
	exits 0 as_reader "$(native pacs-find)" --count SliceThickness=10
}

@test "the marker keeps what else stands in it" {
	echo 'future=setting' >>a/pacs-archive
	chmod 664 a/pacs-archive
	pacs-index add SliceThickness
	grep -qx 'future=setting' a/pacs-archive
	pacs-index drop SliceThickness
	sort a/pacs-archive >got
	{
		cat "$BATS_FILE_TMPDIR/a/pacs-archive"
		echo 'future=setting'
	} | sort | same got
	[ "$(stat -c %a a/pacs-archive)" = 664 ]
}
