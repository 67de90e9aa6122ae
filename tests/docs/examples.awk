# The examples of a manual page or a Markdown file, for run-examples: lines
#	$COMMAND    +CONTINUATION    >OUTPUT

function roff(s)
{
	gsub(/\\&/, "", s)
	gsub(/\\\(aq/, "'", s)
	gsub(/\\\(dq/, "\"", s)
	gsub(/\\\(ga/, "`", s)
	gsub(/\\\(ti/, "~", s)
	gsub(/\\\(ha/, "^", s)
	gsub(/\\-/, "-", s)
	gsub(/\\e/, "\\", s)
	return s
}

# One line of an example.
function example(s)
{
	if (continued || (after && s ~ /^> /)) {
		sub(/^> /, "", s)
		print "+" s
	} else if (s ~ /^\$ /) {
		s = substr(s, 3)
		print "$" s
		after = 1
	} else if (s ~ /^# /) {
		after = 0
		return
	} else {
		if (after)
			print ">" s
		return
	}
	continued = s ~ /(\\|\|)$/
}

BEGIN { markdown = ARGV[1] ~ /\.md$/ }

markdown && /^```/ {
	fenced = !fenced
	after = 0
	next
}
markdown {
	if (fenced)
		example($0)
	else if (/^    /)
		example(substr($0, 5))
	else
		after = 0
	next
}

/^\.Sh / { examples = $2 == "EXAMPLES"; next }
!examples { next }
/^\.Bd .*-literal/ { literal = 1; after = 0; next }
/^\.Ed/ { literal = after = 0; next }
/^\.Dl / { example(roff(substr($0, 5))); after = 0; next }
literal && !/^\./ { example(roff($0)) }
