# shellcheck shell=bash disable=SC2207

# Candidates for the value of an option, whose kind is $1 and the rest.
_pacs_complete_value() {
	local cur=$1 kind=$2 done_part=
	shift 2
	case $kind in
	dir) COMPREPLY=($(compgen -d -- "$cur")) ;;
	file) COMPREPLY=($(compgen -f -- "$cur")) ;;
	peer | none | '') ;;
	field)
		[[ $cur == *,* ]] && done_part=${cur%,*},
		COMPREPLY=($(compgen -P "$done_part" -W "$*" -- "${cur##*,}"))
		compopt -o nospace 2>/dev/null
		;;
	*) COMPREPLY=($(compgen -W "$kind $*" -- "$cur")) ;;
	esac
	[[ $kind != dir && $kind != file ]] || compopt -o filenames 2>/dev/null
}

_pacs_complete() {
	local program=${1##*/} cur=${COMP_WORDS[COMP_CWORD]} prev value first=1
	prev=${COMP_WORDS[COMP_CWORD - 1]}
	COMPREPLY=()
	# "--format=j" comes as three words.
	if [[ $cur == = ]]; then
		cur=
	elif [[ $prev == = ]] && ((COMP_CWORD >= 2)); then
		prev=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	if [[ $program == pacs && ${COMP_WORDS[1]} != -* ]] && ((COMP_CWORD > 1)); then
		if [[ ${COMP_WORDS[1]} == help ]]; then
			((COMP_CWORD > 2)) ||
				COMPREPLY=($(compgen -W "$(_pacs_verbs pacs)" -- "$cur"))
			return
		fi
		program=pacs-${COMP_WORDS[1]}
		first=2
	fi
	value=$(_pacs_value "$program" "$prev")
	if [[ -n $value ]]; then
		# shellcheck disable=SC2086 # a list of words
		_pacs_complete_value "$cur" $value
	elif [[ $cur == -* ]]; then
		COMPREPLY=($(compgen -W "$(_pacs_options "$program")" -- "$cur"))
		[[ ${COMPREPLY[*]} != *= ]] || compopt -o nospace 2>/dev/null
	elif ((COMP_CWORD == first)); then
		COMPREPLY=($(compgen -W "$(_pacs_verbs "$program")" -- "$cur"))
	fi
}

