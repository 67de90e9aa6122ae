#!/usr/bin/env bats
# pacs-send to real peers: what they kept is what was sent, by meaning (pacs-store
# finds it to be a duplicate), and what they refused is told as refused.

# shellcheck disable=SC2030,SC2031,SC2153 # PORT, PEER and the pids are set by the helper
load ../helper/env
load ../helper/peers

setup() {
	pacs_setup
}

teardown() {
	peers_stop
}

# The objects of the folder IN, as an archive knows them; then what the peer
# kept in OUT must be duplicates, all those that were told as sent.
same_meaning() { # IN OUT
	pacs-init a
	pacs-store -q -a a "$1"
	awk -F '\t' '$1 == "sent" || $1 == "warned" { print $2 }' sent.tsv |
		LC_ALL=C sort -u >want
	pacs-store -a a --print -f outcome,reason,SOPInstanceUID "$2" >kept ||
		cat kept
	run ! grep -v '^duplicate\|^skipped' kept
	awk -F '\t' '$1 == "duplicate" { print $3 }' kept | LC_ALL=C sort -u >have
	# Everything told as sent is there. What is there besides, the peer said
	# no to (storescp keeps what it cannot understand) or did not answer for.
	comm -23 want have >lost
	[ ! -s lost ]
	comm -13 want have | while read -r uid; do
		grep -qP "^(unknown|refused)\t$uid\t" sent.tsv
	done
}

mixture() {
	pacs-phantom -o in --modality=CT,MR,US,CR,SR,SEG,RTSTRUCT,PDF --studies=1 \
		--instances=2 --rows=64 --seed=4
	find in -type f | LC_ALL=C sort | head -n 3 | while read -r f; do
		! dcmcjpeg "$f" packed.dcm 2>/dev/null || mv -f packed.dcm "$f"
	done
	pacs-phantom -o in/rle --modality=MR --instances=2 --rows=64 --seed=5 \
		--syntax=rle 2>/dev/null || :
}

sends() { # STATUS: sends the folder in
	exits "$1" pacs-send --print -f outcome,SOPInstanceUID,reason,source \
		"$PEER" in
	mv out sent.tsv
}

@test "storescp keeps what it was sent, whatever syntax it likes best" {
	need storescp dcmcjpeg
	mixture
	for prefers in +x= +xi +xe; do
		rm -rf kept.d a
		mkdir kept.d
		real_peer storescp -od kept.d $prefers PORT
		sends 0
		same_meaning in kept.d
		peers_stop
	done
}

@test "storescp with an empty list of syntaxes refuses, and that is told" {
	need storescp
	pacs-phantom -o in --modality=CT --instances=1 --rows=32 --seed=4
	real_peer storescp --ignore --refuse PORT
	exits 4 pacs-send --retry=1 "$PEER" in
	peers_stop
	real_peer storescp --ignore --abort-after PORT
	exits 75 pacs-send --retry=1 "$PEER" in
	peers_stop
	real_peer storescp --ignore --abort-during PORT
	exits 75 pacs-send --retry=1 "$PEER" in
}

@test "dcmqrscp keeps what it was sent" {
	need dcmqrscp
	mixture
	mkdir kept.d
	port=$(free_port)
	cat >qr.cfg <<-END
		NetworkTCPPort = $port
		MaxPDUSize = 16384
		MaxAssociations = 16
		HostTable BEGIN
		HostTable END
		VendorTable BEGIN
		VendorTable END
		AETable BEGIN
		QR $PWD/kept.d RW (200, 1024mb) ANY
		AETable END
	END
	TCP_NODELAY=1 dcmqrscp -c qr.cfg >real.log 2>&1 3>&- &
	PEER_PIDS+=($!)
	listens "$port" $!
	PEER=QR@127.0.0.1:$port
	sends 0
	rm -f kept.d/index.dat
	same_meaning in kept.d
	PEER=NOBODY@127.0.0.1:$port
	exits 4 pacs-send --retry=1 "$PEER" in
}

# gdcmscu only asks, so it is no peer of ours, and Debian 12's ends every run by
# an abort, a C-ECHO too: its status is nothing to compare with. But what it sends
# before that is the word of another implementation.
@test "storescp keeps of us what it keeps of gdcmscu" {
	need storescp gdcmscu dcmdump
	pacs-phantom -o in --modality=CT,SR --studies=1 --instances=2 --rows=32 \
		--seed=4
	mkdir theirs ours
	real_peer storescp -od theirs PORT
	find in -type f | while read -r f; do
		gdcmscu --store -i "$f" --call ANY 127.0.0.1 "$PORT" >gdcm.log 2>&1 || :
	done
	peers_stop
	real_peer storescp -od ours PORT
	sends 0
	peers_stop
	set_of() { dcmdump -q +L "$1" | sed '1,/^$/d' | grep -av "^(0002\|^#\|^$"; }
	[ "$(find theirs -type f | wc -l)" -eq "$(find in -type f | wc -l)" ]
	for f in theirs/*; do
		set_of "$f" >a.txt
		[ -s a.txt ]
		set_of "ours/${f#*/}" | diff a.txt -
	done
}

orthanc_start() {
	local p
	p=$(command -v Orthanc || echo /usr/sbin/Orthanc)
	[ -x "$p" ] || skip "Orthanc is not installed"
	port=$(free_port)
	mkdir kept.d
	cat >orthanc.json <<-END
		{"StorageDirectory": "$PWD/kept.d", "IndexDirectory": "$PWD/index.d",
		 "HttpServerEnabled": false, "DicomServerEnabled": true,
		 "DicomPort": $port, "DicomAet": "ORTHANC", "Plugins": [],
		 "DicomAlwaysAllowStore": true, "UnknownSopClassAccepted": true,
		 "StorageAccessOnFind": "Never", "DicomAlwaysAllowEcho": true}
	END
	"$p" orthanc.json >real.log 2>&1 3>&- &
	PEER_PIDS+=($!)
	listens "$port" $!
	PEER=ORTHANC@127.0.0.1:$port
	exits 0 pacs-echo "$PEER"
}

@test "Orthanc keeps what it was sent" {
	mixture
	orthanc_start
	sends 0
	same_meaning in kept.d
}

# --- the corpus ----------------------------------------------------------

corpus() {
	[ -e "${CORPUS:-nowhere}/MANIFEST.tsv" ] || skip "CORPUS names no corpus"
	cp -r "$CORPUS/valid" in
	chmod -R u+w in
	rm -r in/_same-sop-uid
}

# exceptions PEER FILE: what was not sent is what is listed for that peer, each
# with its reason; all else was.
exceptions() {
	awk -F '\t' -v OFS='\t' '$1 != "sent" {
		sub(".*/", "", $4)
		print $4, $1, $3
	}' "$2" | LC_ALL=C sort >not-sent
	awk -F '\t' -v OFS='\t' -v peer="$1" '$1 == peer || $1 == "*" {
		print $2, $3, $4
	}' "$BATS_TEST_DIRNAME/send-corpus.tsv" | LC_ALL=C sort |
		diff - not-sent
}

@test "the corpus goes to a peer that takes everything, byte for byte" {
	long
	corpus
	bad_peer
	exits 3 pacs-send --print -f outcome,source,SOPInstanceUID,reason "$PEER" in
	exceptions any <(awk -F '\t' -v OFS='\t' '{ print $1, $3, $4, $2 }' out)
	grep '^sent' out >sent
	[ "$(wc -l <sent)" -eq "$(grep -c '^store' peer.log)" ]
	while IFS=$'\t' read -r _ source uid _; do
		read -r _ _ _ size sha < <(grep -F "store $uid " peer.log)
		[ "$(tail -c "$size" "$source" | sha256sum | cut -d' ' -f1)" = "$sha" ] ||
			echo "$uid $source" >>differ
	done <sent
	# What stands behind a data set in its file is not sent.
	if [ -e differ ]; then
		while read -r uid source; do
			size=$(sed -n "s/^store $uid [^ ]* \([0-9]*\) .*/\1/p" peer.log)
			[ "$size" -lt "$(stat -c %s "$source")" ]
		done <differ
		[ "$(wc -l <differ)" -le 12 ]
	fi
}

@test "the corpus goes to storescp, each fate told right" {
	long
	corpus
	mkdir kept.d
	real_peer storescp -od kept.d +xa -pm PORT
	sends 3
	[ "$(wc -l <sent.tsv)" -eq "$(find in -type f | wc -l)" ]
	exceptions storescp sent.tsv
	same_meaning in kept.d
}

@test "the corpus goes to Orthanc, each fate told right" {
	long
	corpus
	orthanc_start
	sends 3
	exceptions orthanc sent.tsv
	same_meaning in kept.d
}
