# Makes man/pacs-deid.7 of the tables:
#	awk -f page.awk profile.tsv extra.tsv methods.tsv classes.tsv
# `make pages` writes it, tests/docs/deid.bats looks for drift. POSIX awk.

BEGIN {
	FS = "\t"
	split("rtn_safe_private rtn_uids rtn_device_id rtn_institution_id " \
	    "rtn_patient_chars rtn_long_full_dates rtn_long_modif_dates " \
	    "clean_graphics", column, " ")
	split("private uids device institution patient full-dates modified " \
	    "graphics", name, " ")
	does["X"] = "removed"
	does["Z"] = "emptied"
	does["X/Z"] = "emptied"
	does["D"] = does["X/D"] = does["Z/D"] = does["X/Z/D"] = "dummy"
	does["U"] = "new UID"
	does["X/Z/U*"] = "items, new UIDs"
	does["K"] = "kept"
	special["0010,0010"] = special["0010,0020"] = "pseudonym"
	special["0008,0050"] = "keyed number"
	special["006A,0003"] = "new UID"
	special["0008,1110"] = special["0008,1111"] = "items, new UIDs"
}

FNR == 1 {
	delete col
	for (i = 1; i <= NF; i++)
		col[$i] = i
	next
}

"basic_profile" in col {
	tag = $col["tag"]
	what = tag in special ? special[tag] : does[$col["basic_profile"]]
	if (tag == "gggg,eeee")
		what = "removed"
	options = ""
	for (i = 1; i in column; i++) {
		code = $col[column[i]]
		if (code == "" || (code == "C" && name[i] ~ /^(device|patient)$/))
			continue
		options = options (options == "" ? "" : " ") name[i] ":" code
	}
	key = $col["keyword"] == "" ? $col["name"] : $col["keyword"]
	gsub(/-/, "\\-", key)
	rows[nrows++] = ".It " tag "\n" key ": " $col["basic_profile"] ", " \
	    what (options == "" ? "" : "; " options)
	next
}

"why" in col {
	extra[nextra++] = ".It " $col["tag"] "\n" $col["keyword"] ": " \
	    does[$col["action"]] "; " $col["why"]
	next
}

"e1_1_column" in col {
	if (!($col["code_value"] ~ /^11310[1245]$/))
		methods[nmethods++] = ".It Li " $col["code_value"] "\n" $col["code_meaning"]
	next
}

"class" in col {
	kinds[$col["class"]]++
	if ($col["class"] == "image" || $col["class"] == "waveform")
		pass[npass++] = ".Li " $col["keyword"] " ,"
}

function section(text) {
	print text
}

END {
	print ".\\\" Made by lib/deid/page.awk of lib/deid/data. Do not edit: make pages."
	print ".Dd January 1, 2026\n.Dt PACS-DEID 7\n.Os"
	print ".Sh NAME\n.Nm pacs-deid\n.Nd what de-identification does to which attribute, and why"
	print ".Sh DESCRIPTION"
	print "This is what\n.Xr pacs-anon 1\ndoes: the conformance statement that PS3.15 Annex E, edition 2026d, asks for."
	print "The tables below are those that the program is built from."
	print ".Ss The key"
	print "Master keys are 32 random bytes.\nFor each purpose there is a key HMAC-SHA256(master,\n.Dq pacs-anon 1 PURPOSE ) ,"
	print "where PURPOSE is\n.Li patient , uid , date , accession\nor\n.Li value ."
	print ".Pp\nA pseudonym is the first 16 hexadecimal digits of HMAC(patient key,\n.Li p\nissuer NUL patient ID), behind the prefix; text is in UTF-8, without padding."
	print "Without a patient ID it is HMAC(patient key,\n.Li s\nStudy Instance UID NUL)."
	print ".Pp\nA UID becomes 2.25.N, where N is the first 16 bytes of HMAC(uid key, UID without padding), version and variant set as PS3.5 B.2 asks."
	print "So the same UID is the same everywhere, for as long as the key is used."
	print "UIDs that the standard defines stay: classes, transfer syntaxes, coding schemes, context groups, well\\-known frames of reference; of the last only numbers as short as theirs."
	print "Private ones stay where the attribute names classes, syntaxes, schemes or groups, if they have at most 40 characters and numbers of at most 7 digits: others are instances."
	print ".Pp\nAn accession number becomes the first 16 digits of HMAC(accession key, number)."
	print ".Ss Dates"
	print "With\n.Fl -modify-dates\nthe first 8 bytes of HMAC(date key, pseudonym), as a number N, give the days by which all DA and DT of a patient are moved back: N mod RANGE + 1."
	print "With\n.Fl -whole-weeks\nRANGE counts weeks."
	print "DT keep time and offset; a partial date moves as its middle would and keeps its form."
	print "TM and Timezone Offset From UTC stay; Frame Origin Timestamp moves; Certified Timestamp is removed, since moved it would certify nothing."
	print "Dates that cannot be read are treated as without the option."
	print "Birth dates are never kept."
	print ".Ss Dummies"
	print "Text becomes REMOVED, a date 19000101, a time 000000, a number 0; a sequence one item that says nothing."
	print "Items of Referenced Performed Procedure Step Sequence (X/Z/D) keep their class and get new UIDs."
	print "So do those of Referenced Study Sequence (X/Z), which is not made empty as other X/Z are: validators call an empty one an error in General Study, and an item with new UIDs is a dummy, which Z allows."
	print ".Ss What no row names"
	print "Group 0000 to 0007, elements that are in no dictionary, and PN, AE, LT, ST, UT, UC and UR are removed; DA, DT and TM follow the options for dates; UI get new UIDs unless they name classes; OB and UN stay only in groups 0028, 5400 and 7FE0."
	print "What is no value of its VR is removed, or, where an option would have kept it, treated as without the option: dates and times that there are not, AS but of up to three digits and a unit, DS of more than 16 digits before the point, IS of more than 12 characters, CS and UI of other characters, LO and SH of more than 64 or with ends of lines, more words or numbers than there may be, numbers that are written as text, Long Code Value with blanks, URN Code Value that is no URI, Coding Scheme Name of more than a line of 128, sequences that are said to be something else, character sets that are none."
	print "What a number says is not judged, nor a word that is short enough: names of machines, of beams, of segments, codes and their meanings stay, as the table wants it."
	print "Of elements that are there twice the first counts."
	print "LO, SH, CS and numbers stay, except for:"
	print ".Bl -tag -width \"0000,0000\" -compact"
	for (i = 0; i < nextra; i++)
		print extra[i]
	print ".El"
	print ".Ss The patient's own name"
	print "Text that would stay (LO, SH, ST, LT, UT, UC, UR, CS) becomes a dummy if it holds two words of the patient's name, or a whole number of the patient, and the record says"
	print ".Cm own-words ."
	print "Words are letters that stand together, three or more, of Patient Name, Patient Birth Name and Other Patient Names in all their groups; numbers are Patient ID, Other Patient IDs and Accession Number, if they have five characters or more and a digit; case, accents and width do not count."
	print "A single word does not count: Head and Philips are names too, and whoever misses them in the images of one patient alone would know the name."
	print "For the same reason a date of birth is not looked for, and Code Value, its long and URN forms and its scheme are not looked into; nor are the attributes themselves, where a local rule keeps them."
	print ".Ss Pixel data"
	print "Are neither decoded nor changed, but for what stands beside pixels in streams of JPEG, JPEG-LS, JPEG 2000 and boxes of JPEG XL (comments, application data with EXIF, thumbnails and profiles, reserved segments, what is behind the tables of a segment, boxes of words, bytes behind the end), and between and behind segments of RLE and behind frames that are not compressed."
	print "That becomes zeros, of the same number."
	print "What is no such stream is not written; not looked into are video, codestreams of JPEG XL, deflated frames, data of spectroscopy, segmented palettes, and what stands in the tables and segments that a decoder needs (of JPEG, JPEG-LS, JPEG 2000, of JFIF, Adobe and SPIFF)."
	print "Native pixels, overlays, waveforms and lookup tables are cut to the length that the object describes; what nothing describes is removed, as are pixels that are not of the object itself."
	print "Bits of a pixel that are not used stay; an object whose overlay stands there is withheld."
	print "Of a colour profile (0028,2000) the words, the date and the makers become zeros; what is no profile is removed."
	print "Groups 50xx and 60xx go as a whole, or with\n.Fl -clean-graphics\nbut for overlays of type R."
	print ".Ss Private elements"
	print "Are removed.\nWith\n.Fl -retain-safe-private\nthose of Table E.3.10-1 stay, with their creators; UI among them get new UIDs, dates follow the options for dates, PN are removed, sequences are looked into, and what does not look like the VR of the table is removed."
	print ".Ss What is inserted"
	print "Patient Identity Removed, De\\-identification Method and its codes, Longitudinal Temporal Information Modified; Patient ID, where there is none; preamble and group 0002 are new, group lengths are counted anew.\nWhat belongs to no element (bytes in and behind delimiters, fillers, bytes behind the end) is not written."
	print ".Ss Codes of CID 7050"
	print ".Bl -tag -width 113100 -compact"
	for (i = 0; i < nmethods; i++)
		print methods[i]
	print ".El"
	print ".Ss Classes that pass"
	for (i = 0; i < npass; i++)
		print i == npass - 1 ? substr(pass[i], 1, length(pass[i]) - 1) "." : pass[i]
	print "Whole slide images pass when they are volumes, presentation states when they have no text."
	print ".Ss Attributes"
	print "Tag, keyword, code of Table E.1-1, what is done, and the options that say otherwise (K: kept; C: moved or cleaned)."
	print ".Bl -tag -width \"0000,0000\" -compact"
	for (i = 0; i < nrows; i++)
		print rows[i]
	print ".El"
	print ".Sh SEE ALSO\n.Xr pacs-anon 1 ,\n.Xr pacs-anon-rules 5 ,\n.Xr pacs 7"
}
