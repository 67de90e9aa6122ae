#!/usr/bin/env bats
# pacs-anon: narrow pseudonyms, and references that leave the export.

load ../helper/env

setup() {
	pacs_setup
	printf 'pacs-anon-key 1\n%064d\n' 7 >key
	chmod 600 key
	pacs-phantom -q -o some --rows=16 --instances=1
	find some -type f -exec cp {} plain.dcm \;
}

# patient FILE ID: an object of that patient.
patient() {
	cp plain.dcm "$1"
	dcmodify -q -nb -m "0010,0020=$2" -gin -gse -gst "$1"
}

# Two patients whose pseudonyms have the same 4 digits, and one of another.
colliding() {
	/usr/bin/python3 - <<-'END'
	import hashlib, hmac
	h = lambda k, m: hmac.new(k, m, hashlib.sha256).digest()
	key = h(bytes.fromhex("%064d" % 7), b"pacs-anon 1 patient")
	seen, n = {}, 0
	while True:
	    n += 1
	    p = h(key, b"p\0" + b"P%d" % n).hex()[:4]
	    if p in seen:
	        break
	    seen[p] = n
	print("P%d" % seen[p], "P%d" % n, "P%d" % (n + 1))
	END
}

@test "fewer digits than 16 are refused without a map that can be read" {
	exits 2 pacs-anon --key key --digits 8 -o o plain.dcm
	grep -q 'need --map' err
	exits 2 pacs-anon --key key --digits 8 --map m --recipient r -o o plain.dcm
	exits 2 pacs-anon --key key --digits 3 --map m -o o plain.dcm
	exits 2 pacs-anon --key key --digits 33 -o o plain.dcm
	: >subjects
	exits 2 pacs-anon --key key --digits 8 --subjects subjects -o o plain.dcm
	[ ! -e o ] && [ ! -e m ]
	exits 0 pacs-anon --key key --digits 32 -o o plain.dcm
	exits 0 pacs-anon --key key --digits 8 --plan plain.dcm
}

@test "a collision is found and refused, in a run and across runs" {
	read -r a b c <<<"$(colliding)"
	patient a.dcm "$a"
	patient b.dcm "$b"
	patient c.dcm "$c"
	exits 3 pacs-anon --key key --digits 4 --map one -o o1 a.dcm b.dcm c.dcm
	grep -q '\.dcm: failed (collision): another patient has its pseudonym' err
	[ "$(find o1 -name '*.dcm' | wc -l)" = 2 ]
	[ "$(grep -c ^patient one)" = 2 ]
	[ "$(grep ^patient one | cut -f4 | sort -u | wc -l)" = 2 ]
	# The one that came first stays, whoever comes in later runs.
	exits 0 pacs-anon --key key --digits 4 --map two -o o2 a.dcm
	exits 1 pacs-anon --key key --digits 4 --map two -o o2 b.dcm
	grep -q 'b.dcm: failed (collision)' err
	run ! grep -q -e "$a" -e "$b" err
	exits 0 pacs-anon --key key --digits 4 --map two -o o2 a.dcm c.dcm
	exits 0 pacs-anon --reidentify --map two -f original \
		"$(awk -F'\t' -v id="$a" '$2 == id { print $4 }' two)"
	[ "$(cat out)" = "$a" ]
	# With all digits they are two.
	exits 0 pacs-anon --key key --map three -o o3 a.dcm b.dcm
	# A map in which two are one already is no ground for more.
	printf 'patient\tX\t\tabcd\npatient\tY\t\tabcd\n' >>two
	exits 4 pacs-anon --key key --digits 4 --map two -o o4 c.dcm
	grep -q "two patients are 'abcd'" err
	[ ! -e o4 ]
}

@test "what is no map answers nothing, and a number of 0 is one" {
	patient a.dcm A
	echo nobody >m
	exits 4 pacs-anon --reidentify --map m X
	grep -q "'m' is not a map of pacs-anon" err
	exits 2 pacs-anon --key key --digits 0 -o o a.dcm
	exits 2 pacs-anon --key key --modify-dates --date-range 0 -o o a.dcm
	exits 2 pacs-anon --key key --date-range 30 -o o a.dcm
	[ ! -e o ]
}

@test "patients without an ID collide and are found again, too" {
	patient a.dcm ''
	exits 0 pacs-anon --key key --digits 5 --map m -o o a.dcm
	p=$(awk -F'\t' '$1 == "unnamed" { print $4 }' m)
	[ "${#p}" = 5 ]
	exits 0 pacs-anon --reidentify --map m -f original "$p"
	grep -qF "$(cat out)" <<<"$(dcmdump +P 0020,000d a.dcm)"
	# Another study takes that name before.
	printf '# pacs-anon map 1\nunnamed\t1.2.3\t\t%s\n' "$p" >m2
	chmod 600 m2
	exits 1 pacs-anon --key key --digits 5 --map m2 -o o2 a.dcm
	grep -q collision err
}

@test "what is not the map of a project is left alone" {
	for text in 'patient\tx\n' '# pacs-anon map 2\n' 'x'; do
		printf '%b' "$text" >m
		chmod 600 m
		cp m was
		exits 4 pacs-anon --key key --map m -o o plain.dcm
		cmp m was
	done
	# Zeros, which a loss of power leaves, are a remark from then on.
	exits 0 pacs-anon --key key --map torn -o t plain.dcm
	cp torn whole
	printf 'XX\nseries\tA\t\tB\n' >>torn
	sed -i '3s/./\x00/g; s/XX/patient\x00\x00/' torn
	exits 0 pacs-anon --reidentify --map torn -f kind B
	[ "$(cat out)" = series ]
	exits 0 pacs-anon --key key --map torn -o t2 plain.dcm
	run ! grep -qP '\x00' torn
	(cat whole && printf 'series\tA\t\tB\n') | sort >want
	grep -v '^# *$' torn | sort | cmp - want
	# A head that a crash cut is gone on with.
	printf '# pacs-ano' >m
	exits 0 pacs-anon --key key --map m -o o plain.dcm
	[ "$(head -n 1 m)" = '# pacs-anon map 1' ]
}

@test "each reference that leaves the export is told by its new UID" {
	pacs-phantom -q -o in --modality=SEG --rows=16 --instances=2
	seg=$(grep -rl --include='*.dcm' -a 1.2.840.10008.5.1.4.1.1.66.4 in)
	exits 0 pacs-anon --key key --print -f outcome -o whole in
	run ! grep -q missing out
	exits 0 pacs-anon --key key --print -f outcome,reason,SOPInstanceUID \
		-o part "$seg"
	grep -q '2 of 2 instances that are referred to are not in this export: 2 by [A-Z]' err
	grep ^missing out | cut -f3 | sort >told
	find whole -name '*.dcm' ! -name "$(basename part/*/*/*.dcm)" \
		-printf '%f\n' | sed 's/\.dcm$//' | sort | cmp - told
	grep ^missing out | cut -f2 | grep -qx '[A-Z][A-Za-z]*Sequence'
	# Kept UIDs are not repeated.
	exits 0 pacs-anon --key key --retain-uids --print \
		-f outcome,SOPInstanceUID -o kept "$seg"
	[ "$(grep -c '^missing	$' out)" = 2 ]
}
