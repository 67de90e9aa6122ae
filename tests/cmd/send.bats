#!/usr/bin/env bats
# pacs-send: what it says of each object is what happened to it, whatever the
# peer does; and it ends in time.

# shellcheck disable=SC2030,SC2031,SC2153 # PORT, PEER and the pids are set by the helper
load ../helper/env
load ../helper/peers

setup_file() {
	pacs_setup
	cd "$BATS_FILE_TMPDIR" || return
	pacs-phantom -o disc --modality=CT --studies=1 --instances=4 --rows=64 \
		--seed=5
	pacs-phantom -o mixed --modality=CT,US,SR,CR --studies=1 \
		--instances=2 --rows=64 --seed=6
}

setup() {
	pacs_setup
	disc=$BATS_FILE_TMPDIR/disc
	mixed=$BATS_FILE_TMPDIR/mixed
	one=$(find "$disc" -type f | LC_ALL=C sort | head -n 1)
}

teardown() {
	peers_stop
}

# within SECONDS STATUS COMMAND...: as exits, and not longer than that.
within() {
	local most begin=$SECONDS
	most=$(patience "$1")
	shift
	exits "$@"
	[ $((SECONDS - begin)) -le "$most" ]
}

# send STATUS OPTION...: the fate of each object, sorted and counted, in fates.
send() {
	local want=$1
	shift
	within 20 "$want" pacs-send --print -f outcome,reason,status "$@"
	LC_ALL=C sort out | uniq -c | sed 's/^ *//' | tr '\t' ' ' >fates
}

fates() { # LINE...: these and no others
	printf '%s\n' "$@" | LC_ALL=C sort | diff - <(LC_ALL=C sort fates)
}

# All objects of a folder are at the peer, byte for byte as their data sets.
arrived() { # FOLDER
	local n
	n=$(find "$1" -type f | wc -l)
	[ "$(grep -c '^store ' peer.log)" -eq "$n" ]
	[ "$(grep '^store ' peer.log | cut -d' ' -f2 | sort -u | wc -l)" -eq "$n" ]
}

# --- what goes well ------------------------------------------------------

@test "send sends a folder over one association, silently, with status 0" {
	bad_peer
	within 10 0 pacs-send "$PEER" "$disc"
	[ ! -s out ]
	[ ! -s err ]
	arrived "$disc"
	[ "$(grep -c '^association' peer.log)" -eq 1 ]
	grep -qx released peer.log
}

@test "send sends the bytes of the data set as they are in the file" {
	bad_peer
	exits 0 pacs-send "$PEER" "$one"
	sha=$(sed -n 's/^store .* //p' peer.log)
	size=$(grep '^store' peer.log | cut -d' ' -f4)
	[ "$(tail -c "$size" "$one" | sha256sum | cut -d' ' -f1)" = "$sha" ]
	dcmdump -q "$one" >/dev/null
}

@test "send prints a record per object with what the peer said" {
	bad_peer
	send 0 "$PEER" "$disc"
	fates "4 sent  0000"
	exits 0 pacs-send --print --format=json "$PEER" "$one"
	grep -q '"outcome":"sent","reason":"","status":"0000"' out
	grep -q '"syntax_sent":"1.2.840.10008.1.2.1"' out
	grep -q '"attempts":1' out
}

@test "send tells the peer the titles that were asked for" {
	bad_peer
	exits 0 pacs-send --aetitle=MINE "HIS@127.0.0.1:$PORT" "$one"
	grep -q '^association HIS MINE ' peer.log
	PACS_AET=OURS exits 0 pacs-send "$PEER" "$one"
	grep -q '^association ANY OURS ' peer.log
}

@test "send reads a list from standard input" {
	bad_peer
	find "$disc" -type f >list
	pacs-send --print -f outcome "$PEER" - <list >out
	[ "$(grep -c sent out)" -eq 4 ]
	find "$disc" -type f -print0 | pacs-send -0 "$PEER" -
	[ "$(grep -c '^store' peer.log)" -eq 8 ]
}

@test "send takes objects of an archive by UID and by question" {
	pacs-init a
	pacs-store -a a "$mixed" "$disc"
	bad_peer
	study=$(pacs-find -a a -f StudyInstanceUID Modality=US)
	n=$(pacs-find -a a -L instance --count StudyInstanceUID="$study")
	exits 0 pacs-send -a a --print "$PEER" "$study"
	[ "$(wc -l <out)" -eq "$n" ]
	exits 0 pacs-send -a a --print "$PEER" Modality=CT
	[ "$(wc -l <out)" -eq "$(pacs-find -a a -L instance --count Modality=CT)" ]
	echo Modality=SR >q
	exits 0 pacs-send -a a --print -f SOPClassUID "$PEER" --query q
	[ "$(wc -l <out)" -eq "$(pacs-find -a a -L instance --count Modality=SR)" ]
	# A key that the archive adds is one like others.
	pacs-index -a a add KVP
	n=$(pacs-find -a a -L instance --count KVP='*')
	[ "$n" -gt 0 ]
	exits 0 pacs-send -a a --print "$PEER" KVP='*'
	[ "$(wc -l <out)" -eq "$n" ]
}

@test "send says no when the question matches nothing" {
	pacs-init a
	bad_peer
	exits 1 pacs-send -a a "$PEER" Modality=CT
	grep -q 'nothing to send' err
	[ "$(grep -c association peer.log)" -eq 0 ]
}

@test "send passes over what is no DICOM in a folder, not what was named" {
	cp -r "$disc" d
	echo text >d/README
	bad_peer
	send 0 "$PEER" d
	fates "1 skipped not-dicom " "4 sent  0000"
	send 3 "$PEER" d/README "$one"
	fates "1 failed not-dicom " "1 sent  0000"
	send 3 "$PEER" "$one" nowhere
	fates "1 failed notfound " "1 sent  0000"
}

@test "send does not send what is damaged" {
	head -c 3000 "$one" >cut.dcm
	bad_peer
	send 3 "$PEER" cut.dcm "$one"
	fates "1 failed damaged " "1 sent  0000"
	[ "$(grep -c ^store peer.log)" -eq 1 ]
}

@test "send sends over several associations at once" {
	pacs-phantom -o many --modality=CT --instances=60 --rows=32 --seed=8
	bad_peer store=delay:0.02
	send 0 -j 4 "$PEER" many
	fates "60 sent  0000"
	arrived many
	[ "$(grep -c '^association' peer.log)" -eq 4 ]
}

@test "send splits more than 128 contexts over associations" {
	mkdir many
	for i in $(seq 90); do
		sed "s/1\.2\.840\.10008\.5\.1\.4\.1\.1\.2/1.2.999.0008.5.1.4.1.1.$((i % 90 + 10))/g" \
			"$one" | perl -0777 -pe 's/(2\.25\.\d+?)(\d\d)(?=[\0 ]?\x08\0\x20)/$1.sprintf("%02d",'"$i"')/e' >"many/$i.dcm"
	done
	bad_peer
	exits 0 pacs-send --print -f outcome,SOPClassUID "$PEER" many
	[ "$(cut -f2 out | sort -u | wc -l)" -eq 90 ]
	[ "$(grep -c sent out)" -eq 90 ]
	[ "$(grep -c '^association' peer.log)" -gt 1 ]
	[ "$(sed -n 's/^association .* //p' peer.log | sort -n | tail -n 1)" -le 128 ]
}

# --- what the peer takes -------------------------------------------------

@test "send says what is refused when the peer does not take the class" {
	bad_peer --refuse 1.2.840.10008.5.1.4.1.1.2
	send 3 "$PEER" "$mixed"
	fates "2 refused class-refused " "5 sent  0000"
	grep -q 'refused (class-refused)' err
}

@test "send re-encodes for a peer that takes implicit little endian only" {
	bad_peer --syntax 1.2.840.10008.1.2 --out .
	exits 0 pacs-send --print -f outcome,syntax_sent,SOPInstanceUID "$PEER" "$one"
	grep -q '^sent	1.2.840.10008.1.2	' out
	uid=$(cut -f3 out)
	dcmdump -f -ti "$uid" >/dev/null
	dcmconv +ti "$one" want.dcm
	dcmconv -f -ti "$uid" +ti got.dcm
	diff <(dcmdump -q want.dcm | sed 1,/^$/d | grep -v '^(0002') \
		<(dcmdump -q got.dcm | sed 1,/^$/d | grep -v '^(0002')
	send 3 --transcode=never "$PEER" "$one"
	fates "1 refused syntax-refused "
}

@test "send compresses for a peer that takes nothing else, without loss" {
	bad_peer --syntax 1.2.840.10008.1.2.4.70 --out .
	exits 0 pacs-send --print -f outcome,syntax_sent,SOPInstanceUID "$PEER" "$one"
	grep -q '^sent	1.2.840.10008.1.2.4.70	' out
	uid=$(cut -f3 out)
	[ -s "$uid" ]
}

@test "send decompresses for a peer that takes native syntaxes only" {
	dcmcjpeg "$one" jpeg.dcm
	bad_peer --syntax 1.2.840.10008.1.2.1
	exits 0 pacs-send --print -f outcome,syntax,syntax_sent "$PEER" jpeg.dcm
	grep -qx 'sent	1.2.840.10008.1.2.4.70	1.2.840.10008.1.2.1' out
	dcmcjpeg +eb "$one" lossy.dcm 2>/dev/null || dcmcjpeg +ee "$one" lossy.dcm
	send 3 "$PEER" lossy.dcm
	fates "1 refused syntax-refused "
}

@test "send says which character sets the peer is not known to read, and changes nothing" {
	cp -r "$disc" d
	chmod -R u+w d
	mapfile -t files < <(find d -type f | LC_ALL=C sort)
	dcmodify -nb -q -i '(0008,0005)=ISO_IR 144' "${files[0]}" "${files[1]}"
	dcmodify -nb -q -i '(0008,0005)=\ISO 2022 IR 87\ISO 2022 IR 159' \
		"${files[2]}"
	dcmodify -nb -q -i '(0008,0005)=SMITH^JOHN' "${files[3]}"
	pacs-phantom -o d/known --modality=CT --instances=1 --rows=32 --seed=2
	dcmodify -nb -q -i '(0008,0005)=ISO_IR 100' "$(find d/known -type f)"
	bad_peer --out .
	mkdir -p .config/pacs
	printf '[p]\ntitle = P\nhost = 127.0.0.1\nport = %s\ncharset = %s\n' \
		"$PORT" 'ISO_IR 100, ISO 2022 IR 159' >.config/pacs/peers
	exits 0 pacs-send --print -f outcome,unread_charset,source p d
	cut -f1,2 out | LC_ALL=C sort >told
	printf 'sent\t%s\n' '' 'ISO 2022 IR 87' 'ISO_IR 144' 'ISO_IR 144' other |
		diff - told
	grep -o 'set .*;' err | LC_ALL=C sort >named
	same named <<-END
		set ISO 2022 IR 87;
		set ISO_IR 144;
		set other;
	END
	run ! grep -q SMITH out err
	[ "$(grep -c '' err)" -eq 3 ]
	for f in "${files[@]}"; do
		uid=$(dcmdump +P 0008,0018 "$f" | sed 's/.*\[\(.*\)\].*/\1/')
		tail -c "$(stat -c %s "$uid")" "$f" | cmp - "$uid"
	done
	# The plan counts them, and that is no reason to say no.
	exits 0 pacs-send --plan -f outcome,unread_charset,objects p d
	LC_ALL=C sort out >plan
	same plan <<-END
		as-is		5
		unread	ISO 2022 IR 87	1
		unread	ISO_IR 144	2
		unread	other	1
	END
	# A peer of which nothing is said reads everything.
	exits 0 pacs-send --print -f unread_charset "$PEER" d
	[ "$(sort -u out)" = "" ]
	[ ! -s err ]
	for wrong in latin1 'ISO_IR 100\ISO_IR 144' 'ISO_IR 100,' ISO-IR\ 100; do
		sed -i "s/^charset.*/charset = ${wrong//\\/\\\\}/" .config/pacs/peers
		exits 2 pacs-send p d
		grep -q "line 5: 'charset' cannot be that" err
	done
}

# --- what the peer answers -----------------------------------------------

@test "send counts B000 and B007 as sent, with a warning" {
	bad_peer store=status:B000@1 store=status:B007@2
	send 0 "$PEER" "$disc"
	fates "1 warned coerced B000" "1 warned does-not-match-class B007" \
		"2 sent  0000"
}

@test "send gives status 3 when the peer dropped elements" {
	bad_peer store=status:B006@2
	send 3 "$PEER" "$disc"
	fates "1 warned elements-dropped B006" "3 sent  0000"
}

@test "send does not try again what the peer cannot understand" {
	bad_peer store=status:C123@2
	send 3 "$PEER" "$disc"
	fates "1 refused cannot-understand C123" "3 sent  0000"
	[ "$(grep -c '^store' peer.log)" -eq 3 ]
	bad_peer store=status:A900@1
	send 3 "$PEER" "$disc"
	fates "1 refused does-not-match-class A900" "3 sent  0000"
}

@test "send tries again while the peer is out of resources" {
	bad_peer 'store=status:A700*3'
	send 0 --retry=20 "$PEER" "$disc"
	fates "4 sent  0000"
	arrived "$disc"
}

@test "send gives up on a peer that stays out of resources: status 75" {
	bad_peer store=status:A700
	send 75 --retry=2 "$PEER" "$one"
	fates "1 refused out-of-resources A700"
}

@test "send tells the class of a comment, not the comment" {
	bad_peer "store=status:C000:duplicate of patient Smith"
	exits 3 pacs-send --print -f comment "$PEER" "$one"
	grep -qx duplicate out
	run ! grep -q Smith out err
}

@test "send does not believe an answer to something else" {
	for lie in wrongid wronguid wrongfield; do
		bad_peer "store=$lie"
		send 75 --retry=1 "$PEER" "$one"
		fates "1 unknown protocol "
		grep -qx aborted peer.log
		peers_stop
	done
}

@test "send sends again what was answered wrongly once" {
	bad_peer 'store=wrongid*1'
	send 0 "$PEER" "$disc"
	fates "4 sent  0000"
}

# A peer that claims success and keeps nothing cannot be told from one that does
# not: "sent" is its word. Commitment is what finds it out.
@test "send takes success for sent, and only commitment finds that it was a lie" {
	bad_peer store=lie@2 --event honest
	send 0 "$PEER" "$disc"
	fates "4 sent  0000"
	[ "$(grep -c '^store' peer.log)" -eq 3 ]
	peers_stop
	bad_peer store=lie@2 --event honest
	within 20 3 pacs-send --commit --print -f outcome,committed,SOPInstanceUID \
		"$PEER" "$disc"
	[ "$(grep -c '^sent	yes	' out)" -eq 3 ]
	uid=$(sed -n 's/^sent	no	//p' out)
	[ -n "$uid" ]
	run ! grep -q "^store $uid " peer.log
	grep -q 'sent, and not committed (no)' err
	# And a peer that never says: unknown, which is no yes.
	peers_stop
	bad_peer store=lie --event never
	within 20 3 pacs-send --commit --commit-wait=1 --print \
		-f outcome,committed "$PEER" "$one"
	[ "$(cat out)" = "sent	unknown" ]
}

# --- when there is no association --------------------------------------------

@test "send gives 75 when nothing listens" {
	PORT=$(free_port)
	send 75 --retry=1 "ANY@127.0.0.1:$PORT" "$disc"
	fates "4 failed unreachable "
	grep -q 'refused' err
	grep -q '4 objects were not sent (unreachable)' err
	run ! grep -q '\.dcm' err
}

@test "send gives 75 when it is rejected for now, after trying again" {
	bad_peer associate=reject:2,3,1
	send 75 --retry=2 "$PEER" "$one"
	fates "1 failed rejected-transient "
	[ "$(grep -c '^rejected' peer.log)" -gt 1 ]
	bad_peer 'associate=reject:2,3,2*2'
	send 0 "$PEER" "$one"
	fates "1 sent  0000"
}

# PS3.8 Table 9-21: source and reason; what is said of each.
rejections() {
	cat <<-END
		1,1 no reason given
		1,2 application context not supported
		1,3 calling title not known there
		1,7 called title not known there
		2,1 no reason given
		2,2 protocol version not supported
		3,1 temporary congestion
		3,2 its limit of associations is reached
	END
}

@test "send gives 4 at once when it is rejected for good, 75 when for now, and says why" {
	local n=0 rules=()
	while read -r reason _; do
		rules+=("associate=reject:1,$reason@$((n += 1))")
		rules+=("associate=reject:2,$reason@$((n += 1))")
	done < <(rejections)
	bad_peer "${rules[@]}"
	n=0
	while read -r _ text; do
		send 4 "$PEER" "$one"
		fates "1 failed rejected-permanent "
		grep -q "association rejected: $text" err
		[ "$(grep -c '^rejected' peer.log)" -eq $((n += 1)) ]
		send 75 --retry=0 "$PEER" "$one"
		fates "1 failed rejected-transient "
		grep -q "association rejected for now: $text" err
		[ "$(grep -c '^rejected' peer.log)" -eq $((n += 1)) ]
	done < <(rejections)
}

@test "send does not wait for a peer that does not read" {
	pacs-phantom -o big --modality=CT --instances=1 --rows=2048 --seed=1
	bad_peer command=silent --deaf
	send 75 --timeout=1 --retry=1 "$PEER" big
	fates "1 failed timeout "
}

# A minute in the small: the limit is what counts, and it is --timeout's.
@test "send waits for an answer that comes late" {
	bad_peer associate=delay:0.5 'store=delay:0.5*1'
	send 0 --timeout=2 "$PEER" "$one"
	fates "1 sent  0000"
	peers_stop
	bad_peer store=drip
	send 0 --timeout=20 "$PEER" "$one"
	fates "1 sent  0000"
}

# --- when it breaks ------------------------------------------------------

# breaks EVENT=ACTION FATE [ITEM]: one try, which breaks like that; never longer
# than its second of --timeout and what starting up takes.
breaks() {
	bad_peer "$1"
	within 5 75 pacs-send --retry=0 --timeout=1 --print \
		-f outcome,reason,status "$PEER" "${3:-$one}"
	[ "$(tr '\t' ' ' <out)" = "$2 " ] || {
		echo "$1: $(cat out)"
		return 1
	}
	peers_stop
}

# Before the association stands nothing was sent: failed. From the command on all
# of a small object is on its way before the peer can say a word, and it may have
# stored it before it went: unknown.
@test "send tells what became of an object when the peer aborts" {
	breaks connect=abort "failed aborted"
	breaks associate=abort "failed aborted"
	for event in command data store; do
		breaks $event=abort "unknown aborted"
	done
}

@test "send tells what became of an object when the connection is closed or reset" {
	breaks connect=close "failed lost"
	breaks associate=close "failed lost"
	breaks associate=reset "failed lost"
	for event in command data store; do
		breaks $event=close "unknown lost"
		breaks $event=reset "unknown lost"
	done
}

# 8 MiB do not fit the sockets' buffers: the rest could not go out any more. A
# peer that aborts and goes on reading, as it should (PS3.8 9.2, Sta13), gets all
# of it before its abort is read.
@test "send tells what became of a large object that is cut in its middle" {
	pacs-phantom -o big --modality=CT --instances=1 --rows=2048 --seed=1
	for how in reset close cut; do
		breaks data=$how "failed lost" big
	done
	breaks data=abort "unknown aborted" big
	breaks data=garbage "unknown protocol" big
	breaks data=silent "unknown timeout" big
	breaks data=stuck "failed timeout" big
}

@test "send does not wait for ever for a peer that says nothing" {
	breaks connect=silent "failed timeout"
	breaks associate=silent "failed timeout"
	for event in command data store; do
		breaks $event=silent "unknown timeout"
	done
	breaks store=half "unknown timeout"
	breaks store=delay:3 "unknown timeout"
}

@test "send does not wait for ever for a peer that never comes to an end" {
	breaks associate=drip "failed timeout"
	breaks store=drip "unknown timeout"
	breaks store=empty "unknown timeout"
}

@test "send ends in time when the peer answers garbage, or a PDU that is too long" {
	for how in garbage oversize; do
		breaks connect=$how "failed protocol"
		breaks associate=$how "failed protocol"
		breaks data=$how "unknown protocol"
		breaks store=$how "unknown protocol"
	done
}

@test "send goes on after an association that broke in the middle" {
	long
	for how in close reset abort garbage oversize half; do
		case $how in
		half) event=store ;;
		*) event=data ;;
		esac
		bad_peer "$event=$how@2"
		send 0 --timeout=2 "$PEER" "$disc"
		fates "4 sent  0000"
		peers_stop
	done
}

@test "send goes on with the others when one object breaks every association" {
	bad_peer 'data=reset*3'
	send 75 "$PEER" "$disc"
	fates "3 sent  0000" "1 unknown lost "
	[ "$(grep -c '^association' peer.log)" -eq 4 ]
}

@test "send is done when all was answered, however the release goes" {
	for how in silent reset close abort garbage; do
		bad_peer release=$how
		within 5 0 pacs-send --timeout=1 "$PEER" "$one"
		[ ! -s err ]
		[ "$(grep -c '^store' peer.log)" -eq 1 ]
		peers_stop
	done
}

# --- signals -------------------------------------------------------------

@test "send ends on a signal after the object at hand, and releases" {
	bad_peer store=delay:0.5
	pacs-send --print -f outcome "$PEER" "$disc" >out 2>err &
	pid=$!
	until grep -q '^association' peer.log; do :; done
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 143 ]
	[ "$(sort -u out)" = sent ]
	[ "$(wc -l <out)" -eq "$(grep -c ^store peer.log)" ]
	grep -qx released peer.log
}

@test "send aborts on a signal when the peer is stuck" {
	long
	bad_peer store=silent
	pacs-send "$PEER" "$disc" >out 2>err &
	pid=$!
	until grep -q '^association' peer.log; do :; done
	kill -TERM "$pid"
	status=0
	SECONDS=0
	wait "$pid" || status=$?
	[ "$status" -eq 143 ]
	[ "$SECONDS" -le 9 ]
}

# --- usage ---------------------------------------------------------------

@test "send wants a peer, and something to send" {
	exits 2 pacs-send
	exits 2 pacs-send "ANY@127.0.0.1:104"
	exits 2 pacs-send nobody "$one"
	exits 2 pacs-send "ANY@127.0.0.1" "$one"
	exits 2 pacs-send "ANY@127.0.0.1:0" "$one"
	exits 2 pacs-send "ANY@127.0.0.1:70000" "$one"
	exits 2 pacs-send "ATITLETHATISTOOLONG@127.0.0.1:104" "$one"
	exits 2 pacs-send --aetitle='back\slash' "ANY@127.0.0.1:104" "$one"
	exits 2 pacs-send "ANY@127.0.0.1:104" -j 0x "$one"
	exits 2 pacs-send "ANY@127.0.0.1:104" -j 65 "$one"
	exits 2 pacs-send "ANY@127.0.0.1:104" --commit-port=11113 "$one"
}

@test "send reaches a peer by IPv6, and says why it does not" {
	ip -6 addr show lo 2>/dev/null | grep -q ::1 || skip "there is no IPv6 here"
	bad_peer --host ::1
	exits 0 pacs-send "ANY@[::1]:$PORT" "$one"
	exits 75 pacs-send --retry=0 "ANY@127.0.0.1:$PORT" "$one"
	grep -q 'no connection to 127.0.0.1 port .*: Connection refused' err
	[ "$(grep -c ^store peer.log)" -eq 1 ]
	exits 75 pacs-send --retry=0 "ANY@no-such-host.invalid:104" "$one"
	grep -q 'no connection to no-such-host.invalid port 104: ' err
}
