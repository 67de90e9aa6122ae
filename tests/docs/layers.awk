# Who includes whom. Input: C, C++ and header files of lib/*/ and cmd/.
# Prints a line for each include that is against the floors of design; status 1
# if there was one, 2 if nothing was read.
#
# A room includes rooms on lower floors and itself. Only commands use cli.

BEGIN {
	floors["base"] = 0
	floors["cli"] = floors["dicom"] = floors["unpack"] = 1
	floors["dcmtk"] = 2
	floors["archive"] = floors["query"] = 3
	floors["index"] = 4
	split("ingest fixity deid backup peer phantom", top, " ")
	for (i in top)
		floors[top[i]] = 5
	floors["export"] = 6
	floors["cmd"] = 7
}

# "lib/dicom/text.c" -> dicom, "cmd/pacs.c" -> cmd, whatever stands before.
function room_of(path,    parts, n, i)
{
	n = split(path, parts, "/")
	for (i = n - 1; i >= 1; i--) {
		if (parts[i] == "cmd")
			return "cmd"
		if (i > 1 && parts[i - 1] == "lib")
			return parts[i]
	}
	return "?"
}

function complain(what)
{
	printf "%s:%d: %s\n", FILENAME, FNR, what
	bad = 1
}

FNR == 1 {
	files++
	room = room_of(FILENAME)
	if (!(room in floors))
		complain("the room '" room "' has no floor")
}

/^[ \t]*#[ \t]*include[ \t]*"/ {
	split($0, quoted, "\"")
	target = quoted[2]
	if (target !~ /\//) {
		complain("'" target "' is included without its room")
		next
	}
	sub(/\/.*/, "", target)
	includes++
	if (!(target in floors))
		complain("'" target "' is no room")
	else if (target == "cli" && room != "cli" && room != "cmd")
		complain("only commands use cli")
	else if (target != room && floors[target] >= floors[room])
		complain(room " (floor " floors[room] ") includes " target \
		    " (floor " floors[target] ")")
}

END {
	if (!files || !includes) {
		print "layers.awk: nothing was read" > "/dev/stderr"
		exit 2
	}
	exit bad
}
