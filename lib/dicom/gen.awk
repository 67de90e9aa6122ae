# Makes C tables out of lib/dicom/data: awk -v out=tags|dict|uids -f gen.awk FILE...
# POSIX awk (mawk too). The layout of the tables is in lib/dicom/dict.h.

BEGIN {
	FS = "\t"
	edition = "2026d"
	slots = 16384 # the same as PACS_DICT_SLOTS
	nexact = nrepeating = nsop = nsyntax = 0
	sorted = "LC_ALL=C sort"
	print "/* Made by lib/dicom/gen.awk from lib/dicom/data. Do not edit. */"
	if (out == "tags") {
		print "#ifndef PACS_DICOM_TAGS_H\n#define PACS_DICOM_TAGS_H\n"
	} else if (out == "dict") {
		print "#include \"dicom/dict.h\"\n"
		print "const char pacs_dict_edition[] = \"" edition "\";\n"
	} else if (out == "uids") {
		print "#include \"dicom/dict.h\"\n"
	} else {
		print "gen.awk: unknown out" >"/dev/stderr"
		failed = 1
		exit 1
	}
}

function quote(s) {
	gsub(/\\/, "\\\\", s)
	gsub(/"/, "\\\"", s)
	return "\"" s "\""
}

function number(hex,   n, i) {
	n = 0
	for (i = 1; i <= length(hex); i++)
		n = n * 16 + index("0123456789abcdef", substr(hex, i, 1)) - 1
	return n
}

function vr_macro(vr) {
	if (vr !~ /^[A-Z][A-Z]/)
		return "0"
	return "PACS_VR('" substr(vr, 1, 1) "', '" substr(vr, 2, 1) "')"
}

function flag(yes) {
	return yes ? "true" : "false"
}

FNR == 1 {
	delete col
	for (i = 1; i <= NF; i++)
		col[$i] = i
	next
}

out == "tags" || out == "dict" {
	hex = tolower($col["tag"])
	sub(/,/, "", hex)
	base = mask = hex
	gsub(/x/, "0", base)
	gsub(/[0-9a-f]/, "f", mask)
	gsub(/x/, "0", mask)
	keyword = $col["keyword"]
	if (out == "tags") {
		if (keyword != "")
			printf "#define PACS_TAG_%s 0x%su\n", keyword, base
		next
	}
	vr = $col["vr"]
	row = "{0x" base "u, 0x" mask "u, " vr_macro(vr) ", " \
	    flag($col["retired"] == "Y") ", " quote(keyword) ", " \
	    quote($col["name"]) ", " quote($col["vm"]) ", " quote(vr) "},"
	if (hex ~ /x/) {
		repeating[nrepeating++] = row
		repeating_keyword[nrepeating - 1] = keyword
		next
	}
	exact[nexact] = row
	exact_keyword[nexact] = keyword
	# the same as in dict.h
	slot = (int(number(base) / 65536) * 1031 + number(base) % 65536 * 9) % slots
	while (slot in used)
		slot = (slot + 1) % slots
	used[slot] = "{0x" base "u, " vr_macro(vr) ", " nexact "},"
	nexact++
}

out == "uids" && ("category" in col) {
	storage = $col["category"] ~ /^(storage|non-patient-storage|storage-dicos-dicond)$/
	sop[nsop++] = $col["uid"] "\t{" quote($col["uid"]) ", " quote($col["name"]) \
	    ", " quote($col["keyword"]) ", " flag(storage) ", " \
	    flag($col["retired"] == "Y") "},"
}

out == "uids" && ("vr_encoding" in col) {
	form = $col["vr_encoding"] == "implicit" ? "PACS_IMPLICIT" : "PACS_EXPLICIT"
	syntax[nsyntax++] = $col["uid"] "\t{" quote($col["uid"]) ", " \
	    quote($col["name"]) ", " quote($col["keyword"]) ", " form ", " \
	    flag($col["byte_order"] == "BE") ", " \
	    flag($col["dataset_deflated"] == "Y") ", " \
	    flag($col["encapsulated_pixel_data"] == "Y") ", " \
	    flag($col["compression"] ~ /^(uncompressed|lossless)/) ", " \
	    flag($col["retired"] == "Y") "},"
}

function end_dict(   i) {
	print "_Static_assert(PACS_DICT_SLOTS == " slots ", \"one hash\");"
	print "const struct pacs_dict_entry pacs_dict_entries[] = {"
	for (i = 0; i < nexact; i++)
		print exact[i]
	for (i = 0; i < nrepeating; i++)
		print repeating[i]
	print "};"
	print "const unsigned pacs_dict_exact_count = " nexact ";"
	print "const unsigned pacs_dict_count = " nexact + nrepeating ";"
	print "const struct pacs_dict_slot pacs_dict_slots[PACS_DICT_SLOTS] = {"
	for (i = 0; i < slots; i++)
		if (i in used)
			print "[" i "] = " used[i]
	print "};"
	print "const uint16_t pacs_dict_by_keyword[] = {"
	fflush()
	for (i = 0; i < nexact + nrepeating; i++) {
		keyword = i < nexact ? exact_keyword[i] : repeating_keyword[i - nexact]
		if (keyword != "") {
			print keyword " " i | (sorted " | sed 's/.* //; s/$/,/'")
			nkeywords++
		}
	}
	close(sorted " | sed 's/.* //; s/$/,/'")
	print "};"
	print "const unsigned pacs_dict_keyword_count = " nkeywords ";"
}

function print_sorted(rows, n,   i, command) {
	command = sorted " | cut -f2"
	fflush()
	for (i = 0; i < n; i++)
		print rows[i] | command
	close(command)
}

END {
	if (failed)
		exit 1
	if (out == "tags") {
		print "\n#endif"
	} else if (out == "dict") {
		end_dict()
	} else {
		print "const struct pacs_sop_class pacs_sop_classes[] = {"
		print_sorted(sop, nsop)
		print "};\nconst unsigned pacs_sop_class_count = " nsop ";"
		print "const struct pacs_syntax pacs_syntaxes[] = {"
		print_sorted(syntax, nsyntax)
		print "};\nconst unsigned pacs_syntax_count = " nsyntax ";"
	}
}
