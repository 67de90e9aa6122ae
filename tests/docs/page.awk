# Parts of a manual page in mdoc. -v want=
#	sections   the names after .Sh, one a line
#	status     numbers in the EXIT STATUS list, with their text: "3 TAB text"
#	section    the lines of the section named by -v name=
#	links      "name section" of every .Xr

function flush_item()
{
	if (item != "") {
		sub(/^ /, "", text)
		print item "\t" text
	}
	item = text = ""
}

/^\.Sh / {
	flush_item()
	section = substr($0, 5)
	gsub(/"/, "", section)
	if (want == "sections")
		print section
	next
}

want == "links" && /^\.Xr / { print $2, $3 }
want == "section" && section == name { print }

want == "status" && section == "EXIT STATUS" {
	if (/^\.It /) {
		flush_item()
		item = $2
	} else if (/^\.El/) {
		flush_item()
	} else if (item != "" && !/^\./) {
		text = text " " $0
	}
}

END { flush_item() }
