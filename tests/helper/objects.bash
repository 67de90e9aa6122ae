# Objects that say what a test wants, by DCMTK's dump2dcm.
# shellcheck shell=bash

# object FILE STUDY SERIES NUMBER [GGGG,EEEE:VR=VALUE ...]: a small CT object of
# study 1.2.826.0.1.3680043.10.1.STUDY, text in UTF-8. An attribute given twice
# counts as given last.
object() {
	local file=$1 root=1.2.826.0.1.3680043.10.1 study=$2 series=$3 number=$4
	shift 4
	mkdir -p "$(dirname "$file")"
	{
		echo "(0008,0005) CS [ISO_IR 192]"
		echo "(0008,0016) UI [1.2.840.10008.5.1.4.1.1.2]"
		echo "(0008,0018) UI [$root.$study.$series.$number]"
		echo "(0008,0060) CS [CT]"
		echo "(0020,000d) UI [$root.$study]"
		echo "(0020,000e) UI [$root.$study.$series]"
		echo "(0020,0011) IS [$series]"
		echo "(0020,0013) IS [$number]"
		local a
		for a; do
			local tag=${a%%:*} rest=${a#*:}
			echo "($tag) ${rest%%=*} [${rest#*=}]"
		done
	} | awk '{ line[$1] = $0 } END { for (t in line) print line[t] }' |
		LC_ALL=C sort >"$file.dump"
	dump2dcm -q +te "$file.dump" "$file"
	rm "$file.dump"
}

root=1.2.826.0.1.3680043.10.1
