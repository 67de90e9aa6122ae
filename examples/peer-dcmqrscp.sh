#!/bin/sh
# DCMTK's dcmqrscp as a peer, from nothing: its configuration, its entry in an
# address book, and a first study that goes there and is found there. Everything
# lands in FOLDER, which must be new; dcmqrscp is stopped at the end.
#
#     peer-dcmqrscp.sh FOLDER PORT ITEM...
set -eu
folder=${1:?a new folder} port=${2:?a free port}
shift 2
mkdir "$folder" "$folder/kept" "$folder/pacs"

# One title, QR: at most 200 studies of 1 GB each, read and write, for everybody.
# MaxPDUSize is what limits the speed of large objects: 131072 is the most.
cat >"$folder/dcmqrscp.cfg" <<END
NetworkTCPPort = $port
MaxPDUSize = 131072
MaxAssociations = 16
HostTable BEGIN
HostTable END
VendorTable BEGIN
VendorTable END
AETable BEGIN
QR $folder/kept RW (200, 1024mb) ANY
AETable END
END
cat >"$folder/pacs/peers" <<END
[qr]
title = QR
host = 127.0.0.1
port = $port
jobs = 2
END

TCP_NODELAY=1 dcmqrscp -c "$folder/dcmqrscp.cfg" >"$folder/log" 2>&1 &
trap 'kill $! && wait $! || :' EXIT
export XDG_CONFIG_HOME="$folder"
until pacs-echo -q qr >/dev/null 2>&1; do
	kill -0 $! && sleep 0.2
done
pacs-echo -f peer,outcome,implementation qr
pacs-send --journal "$folder/sent.db" --print -f outcome,reason,status \
	qr "$@" | sort | uniq -c
# What it has, by its own word.
echo "studies there: $(findscu -S -aec QR -k QueryRetrieveLevel=STUDY \
	-k StudyInstanceUID 127.0.0.1 "$port" 2>&1 | grep -c '(0020,000d)')"
