# Makes C tables out of lib/deid/data: awk -f gen.awk profile.tsv extra.tsv
# safe-private.tsv methods.tsv classes.tsv. POSIX awk (mawk too). The layout is
# in lib/deid/table.h.

BEGIN {
	FS = "\t"
	print "/* Made by lib/deid/gen.awk from lib/deid/data. Do not edit. */"
	print "#include \"deid/table.h\"\n"
	split("rtn_safe_private rtn_uids rtn_device_id rtn_institution_id " \
	    "rtn_patient_chars rtn_long_full_dates rtn_long_modif_dates " \
	    "clean_descriptors clean_structured_content clean_graphics", option, " ")
	for (i = 1; i in option; i++)
		bit[option[i]] = i - 1
	word["safe_private"] = "rtn_safe_private"
	word["uids"] = "rtn_uids"
	word["device"] = "rtn_device_id"
	word["institution"] = "rtn_institution_id"
	word["chars"] = "rtn_patient_chars"
	code["X"] = "PACS_CODE_X"
	code["Z"] = "PACS_CODE_Z"
	code["D"] = "PACS_CODE_D"
	code["U"] = "PACS_CODE_U"
	code["K"] = "PACS_CODE_K"
	code["X/Z"] = "PACS_CODE_X_Z"
	code["X/D"] = "PACS_CODE_X_D"
	code["Z/D"] = "PACS_CODE_Z_D"
	code["X/Z/D"] = "PACS_CODE_X_Z_D"
	code["X/Z/U*"] = "PACS_CODE_X_Z_U"
}

function quote(s) {
	gsub(/\\/, "\\\\", s)
	gsub(/"/, "\\\"", s)
	return "\"" s "\""
}

function vr_macro(vr) {
	if (vr !~ /^[A-Z][A-Z]/)
		return "0"
	return "PACS_VR('" substr(vr, 1, 1) "', '" substr(vr, 2, 1) "')"
}

function fail(what) {
	print "gen.awk: " FILENAME ": " what >"/dev/stderr"
	failed = 1
	exit 1
}

FNR == 1 {
	delete col
	for (i = 1; i <= NF; i++)
		col[$i] = i
	next
}

"basic_profile" in col {
	hex = tolower($col["tag"])
	sub(/,/, "", hex)
	if (hex == "ggggeeee")
		next # private elements: lib/deid/private.c
	if (!($col["basic_profile"] in code))
		fail("unknown code " $col["basic_profile"])
	base = mask = hex
	gsub(/x/, "0", base)
	gsub(/[0-9a-f]/, "f", mask)
	gsub(/x/, "0", mask)
	keep = clean = 0
	for (i = 1; i in option; i++) {
		if ($col[option[i]] == "K")
			keep += 2 ^ (i - 1)
		else if ($col[option[i]] == "C")
			clean += 2 ^ (i - 1)
	}
	row = "{0x" base "u, 0x" mask "u, " code[$col["basic_profile"]] ", " \
	    vr_macro($col["vr"]) ", " keep ", " clean ", " \
	    quote($col["keyword"]) ", NULL},"
	if (hex ~ /x/)
		masked = masked row "\n"
	else
		rows = rows row "\n"
	next
}

"why" in col {
	hex = tolower($col["tag"])
	sub(/,/, "", hex)
	if (!($col["action"] in code))
		fail("unknown action " $col["action"])
	keep = $col["option"] == "" ? 0 : 2 ^ bit[word[$col["option"]]]
	rows = rows "{0x" hex "u, 0xffffffffu, " code[$col["action"]] ", 0, " \
	    keep ", 0, " quote($col["keyword"]) ", " quote($col["why"]) "},\n"
	next
}

"private_creator" in col {
	element = $col["element"]
	sub(/^xx/, "", element)
	private[nprivate++] = $col["private_creator"] "\t" $col["group"] "\t" \
	    element "\t{" quote($col["private_creator"]) ", 0x" $col["group"] \
	    ", 0x" element ", " vr_macro($col["vr"]) ", " quote($col["meaning"]) "},"
	next
}

"e1_1_column" in col {
	methods = methods "{" quote($col["code_value"]) ", " \
	    quote($col["code_meaning"]) ", " \
	    ($col["e1_1_column"] in bit ? bit[$col["e1_1_column"]] : -1) "},\n"
	next
}

"class" in col {
	classes[nclasses++] = $col["uid"] "\t{" quote($col["uid"]) ", " \
	    quote($col["class"]) "},"
	next
}

{
	fail("unknown table")
}

function print_sorted(list, n, keys,   i, command) {
	command = "LC_ALL=C sort | cut -f" keys
	fflush()
	for (i = 0; i < n; i++)
		print list[i] | command
	close(command)
}

END {
	if (failed)
		exit 1
	print "const char pacs_deid_edition[] = \"2026d\";"
	print "const struct pacs_deid_row pacs_deid_rows[] = {"
	printf "%s%s};\n", masked, rows
	print "const unsigned pacs_deid_row_count ="
	print "    sizeof(pacs_deid_rows) / sizeof(pacs_deid_rows[0]);"
	print "const struct pacs_safe_private pacs_safe_privates[] = {"
	print_sorted(private, nprivate, 4)
	print "};\nconst unsigned pacs_safe_private_count = " nprivate ";"
	print "const struct pacs_deid_method pacs_deid_methods[] = {"
	printf "%s};\n", methods
	print "const unsigned pacs_deid_method_count ="
	print "    sizeof(pacs_deid_methods) / sizeof(pacs_deid_methods[0]);"
	print "const struct pacs_deid_class pacs_deid_classes[] = {"
	print_sorted(classes, nclasses, 2)
	print "};\nconst unsigned pacs_deid_class_count = " nclasses ";"
}
