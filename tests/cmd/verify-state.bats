#!/usr/bin/env bats
# pacs-verify --state: what a file that is kept elsewhere remembers.

load ../helper/env

setup_file() {
	pacs_setup
	cd "$BATS_FILE_TMPDIR"
	pacs-phantom -o in --modality=CR --studies=24 --instances=1 --rows=16 --seed=5
	pacs-init sample
	pacs-store -a sample in
}

setup() {
	pacs_setup
	cp -a "$BATS_FILE_TMPDIR/sample" a
	export PACS_ARCHIVE=$PWD/a
}

shards() { # how many have a time
	grep -c '^pacs_verify_shard_checked_seconds{' s
}

@test "the state is OpenMetrics: nothing but metrics, each described once" {
	local name='[a-z_]+' label='[a-z]+="[^"]*"'
	exits 0 pacs-verify --state=s
	run ! grep -vxE "# TYPE $name gauge|# HELP $name .+|# EOF|$name(\{$label(,$label)*\})? [0-9]+" s
	[ "$(tail -n 1 s)" = "# EOF" ]
	sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' s | sort >described
	sed -n 's/^\([a-z_]*\)[{ ].*/\1/p' s | sort -u | diff described -
}

@test "a ledger that went back is found, until the state is told to forget" {
	local end check
	end=$(stat -c %s a/ledger/000001.tsv)
	check=$(tail -n 1 a/ledger/000001.tsv | awk '{ print $NF }')
	exits 0 pacs-verify --state=s
	grep -q "^pacs_verify_ledger_bytes{archive=\"$(sed -n 's/^uuid=//p' a/pacs-archive \
		)\",segment=\"000001\",check=\"$check\"} $end$" s
	# Older, and whole: the last object goes with its line.
	local last
	last=$(tail -n 1 a/ledger/000001.tsv | cut -f5)
	sed -i '$d' a/ledger/000001.tsv
	rm -f a/objects/*/*/*/"$last.dcm"
	exits 0 pacs-verify
	for _ in 1 2; do
		exits 1 pacs-verify --state=s -f kind,path,expected
		echo "ledger	ledger/000001.tsv:$end	$check" | diff - out
	done
	# It goes on, and is another ledger than it was.
	exits 0 pacs-store "$BATS_FILE_TMPDIR/in"
	[ "$(stat -c %s a/ledger/000001.tsv)" -eq "$end" ]
	exits 1 pacs-verify --state=s -f kind
	rm s
	exits 0 pacs-verify --state=s
	exits 0 pacs-store "$BATS_FILE_TMPDIR/in"
	exits 0 pacs-verify --state=s
}

@test "an object that was exchanged together with its lines is found" {
	local object old new
	exits 0 pacs-verify --state=s
	object=$(find a/objects -type f | sort | head -n 1)
	old=$(sha256sum <"$object" | cut -d' ' -f1)
	chmod u+w "$object"
	perl -e 'open F, "+<", $ARGV[0]; seek F, -1, 2; print F "x"' "$object"
	chmod u-w "$object"
	new=$(sha256sum <"$object" | cut -d' ' -f1)
	# Each line with the check that it should have.
	check=0000000000000000
	while IFS= read -r line; do
		line=${line%$'\t'*}
		line=${line/$old/$new}
		check=$(printf '%s%s' "$check" "$line" | sha256sum | cut -c1-16)
		printf '%s\t%s\n' "$line" "$check"
	done <a/ledger/000001.tsv >forged
	cat forged >a/ledger/000001.tsv
	exits 0 pacs-verify
	exits 1 pacs-verify --state=s -f kind
	[ "$(cat out)" = ledger ]
}

@test "the state of another archive is not gone on with" {
	exits 0 pacs-verify --state=s
	exits 0 pacs-init b
	cp s kept
	exits 4 pacs-verify -a b --state=s
	grep -q "'s' is the state of another archive" err
	cmp s kept
}

@test "what looks at a part, or not into objects, covers nothing" {
	local option
	for option in --quick --sample=50% --since=yesterday --sums Modality=CR; do
		rm -f s
		exits 0 pacs-verify --state=s "$option"
		grep -qx 'pacs_verify_covered_seconds 0' s
		[ "$(shards)" -eq 0 ]
	done
	exits 0 pacs-verify --state=s
	[ "$(shards)" -eq 4096 ]
}

@test "a time to come is none: a clock that was wrong starves no shard" {
	exits 0 pacs-verify --state=s
	sed -i '/shard="0/s/} .*/} 9999999999/; /shard="1/s/} .*/} -5/' s
	exits 0 pacs-verify --state=s --quick
	[ "$(shards)" -eq $((14 * 256)) ]
	grep -qx 'pacs_verify_covered_seconds 0' s
	exits 0 pacs-verify --state=s
	[ "$(shards)" -eq 4096 ]
}

@test "a night too short for a bucket of shards still gets on" {
	local bucket
	# Two studies of one bucket, which is 64 shards: there are, by the seed.
	(cd a/objects && ls) | perl -ne 'chomp; push @{$b{hex($_) >> 6}}, $_;
		END { for (sort keys %b) { print("@{$b{$_}}\n"), last if @{$b{$_}} > 1 } }' >two
	read -r -a bucket <two
	[ "${#bucket[@]}" -ge 2 ]
	exits 0 pacs-verify --state=s
	for shard in "${bucket[@]}"; do sed -i "/shard=\"$shard\"/d" s; done
	exits 0 pacs-verify --state=s -j 1 --budget=1 --rate=1K
	grep -q "shard=\"${bucket[0]}\"" s
	run ! grep -q "shard=\"${bucket[1]}\"" s
	exits 0 pacs-verify --state=s -j 1 --budget=1 --rate=1K
	grep -q "shard=\"${bucket[1]}\"" s
}
