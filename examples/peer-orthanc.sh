#!/bin/sh
# Orthanc as a peer, from nothing: its configuration, its entry in an address
# book, and a first study that goes there. Everything lands in FOLDER, which must
# be new; Orthanc is stopped at the end. Keep orthanc.json and peers to go on.
#
#     peer-orthanc.sh FOLDER PORT ITEM...
set -eu
folder=${1:?a new folder} port=${2:?a free port}
shift 2
mkdir "$folder" "$folder/pacs"

# Who may send: with DicomAlwaysAllowStore everybody; without it only those in
# DicomModalities, by title and address.
cat >"$folder/orthanc.json" <<END
{
  "Name": "orthanc", "DicomAet": "ORTHANC", "DicomPort": $port,
  "StorageDirectory": "$folder/storage", "IndexDirectory": "$folder/index",
  "DicomCheckCalledAet": true, "DicomAlwaysAllowStore": true,
  "DicomAlwaysAllowEcho": true, "UnknownSopClassAccepted": true,
  "StableAge": 60, "HttpServerEnabled": false, "Plugins": []
}
END
# It answers slowly while its disk is busy: more time. B000 is what it says when
# it has the object already.
cat >"$folder/pacs/peers" <<END
[orthanc]
title = ORTHANC
host = 127.0.0.1
port = $port
timeout = 5m
jobs = 2
status = B000 sent
END

PATH=$PATH:/usr/sbin
Orthanc "$folder/orthanc.json" >"$folder/log" 2>&1 &
trap 'kill $! && wait $! || :' EXIT
export XDG_CONFIG_HOME="$folder"
until pacs-echo -q orthanc >/dev/null 2>&1; do
	kill -0 $! && sleep 0.2
done
pacs-echo -f peer,outcome,implementation orthanc
pacs-send --journal "$folder/sent.db" --print -f outcome,reason,status \
	orthanc "$@" | sort | uniq -c
