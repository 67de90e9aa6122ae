# charsets.tsv -> charset_data.c: the rows of lib/dicom/charset.h.
#
# Escape sequences stand in the table as column/row pairs ("ESC 02/08 04/02");
# the converter is the first word of iconv_name, except where this room does
# the work or asks for another encoding of the same characters.

BEGIN {
	FS = "\t"
	print "/* Made from charsets.tsv by gen-charsets.awk. */"
	print "#include <assert.h>"
	print "#include <stddef.h>\n"
	print "#include \"dicom/charset.h\"\n"
	print "const struct pacs_charset pacs_charset_rows[] = {"
}

function escape(text,    out, code)
{
	if (text !~ /ESC/)
		return "NULL"
	out = "\"\\x1b"
	while (match(text, /[0-9][0-9]\/[0-9][0-9]/)) {
		code = substr(text, RSTART, 2) * 16 + substr(text, RSTART + 3, 2)
		out = out sprintf("\\x%02x", code)
		text = substr(text, RSTART + RLENGTH)
	}
	return out "\""
}

function form(term, ir, kind, codec)
{
	if (codec == "US-ASCII")
		return "PACS_CS_ASCII"
	if (codec == "UTF-8")
		return "PACS_CS_UTF8"
	if (kind == "multi-byte-replacement")
		return "PACS_CS_MULTIBYTE"
	if (ir == 100)
		return "PACS_CS_LATIN1"
	if (ir == 13)
		return "PACS_CS_JISX0201"
	if (ir == 87)
		return "PACS_CS_JISX0208"
	if (ir == 159)
		return "PACS_CS_JISX0212"
	return kind == "multi-byte" ? "PACS_CS_DOUBLE" : "PACS_CS_SINGLE"
}

function converter(f, name)
{
	if (f == "PACS_CS_JISX0208" || f == "PACS_CS_JISX0212")
		return "EUC-JP"
	if (f == "PACS_CS_SINGLE" || f == "PACS_CS_DOUBLE" ||
	    f == "PACS_CS_MULTIBYTE")
		return name
	return ""
}

FNR == 1 {
	if ($1 != "defined_term" || $8 != "iconv_name") {
		print "charsets.tsv: unexpected columns" > "/dev/stderr"
		failed = 1
		exit 1
	}
	next
}

# The first row is what an empty value stands for, not a term.
$1 == "" { next }

{
	name = $8
	sub(/[ \/(].*/, "", name)
	f = form($1, $2, $4, name)
	c = converter(f, name)
	if (c != "" && !(c in codec))
		codec[c] = ++codecs
	printf "\t{\"%s\", %s, %s, %s, %s, %s, %d},\n", $1, f,
	    $5 == "Y" ? "true" : "false", escape($6), escape($7),
	    c == "" ? "NULL" : "\"" c "\"", c == "" ? 0 : codec[c]
	rows++
}

END {
	if (failed)
		exit 1
	print "\t{NULL, PACS_CS_ASCII, false, NULL, NULL, NULL, 0},"
	print "};\n"
	printf "static_assert(%d < PACS_CHARSET_CODECS_MAX, \"codecs\");\n",
	    codecs
	# A bit each, and one for all others (pacs_charset_bit).
	printf "static_assert(%d < 63, \"rows\");\n", rows
}
