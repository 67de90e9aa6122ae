# Completion for bash. Made by generate.sh; do not edit.
# shellcheck shell=bash disable=SC2207

_pacs_options() {
	case $1 in
	pacs) echo '-q --quiet -v --verbose --log= --progress= -h --help -V --version' ;;
	pacs-init) echo '--default-issuer= --floor= --index= --print --timezone= --format= -f --fields= -q --quiet -v --verbose --log= --progress= -h --help -V --version' ;;
	pacs-phantom) echo '--charset= -f --fields= --format= --frames= --instances= -j --jobs= --modality= -n --dry-run -0 --null -o --output= --print --rows= --seed= --series= --studies= --syntax= -q --quiet -v --verbose --log= --progress= -h --help -V --version' ;;
	esac
}

# What follows an option: words, or dir, file, field, peer, none.
_pacs_value() {
	case $1:$2 in
	pacs:--log) echo 'text json' ;;
	pacs:--progress) echo 'auto always never' ;;
	pacs-init:--default-issuer) echo 'none' ;;
	pacs-init:--floor) echo 'none' ;;
	pacs-init:--index) echo 'dir' ;;
	pacs-init:--timezone) echo 'none' ;;
	pacs-init:--format) echo 'tsv json csv table' ;;
	pacs-init:-f | pacs-init:--fields) echo 'field path uuid created' ;;
	pacs-init:--log) echo 'text json' ;;
	pacs-init:--progress) echo 'auto always never' ;;
	pacs-phantom:--charset) echo 'none' ;;
	pacs-phantom:-f | pacs-phantom:--fields) echo 'field path Modality StudyInstanceUID SeriesInstanceUID SOPInstanceUID SOPClassUID TransferSyntaxUID SpecificCharacterSet size_bytes' ;;
	pacs-phantom:--format) echo 'tsv json csv table' ;;
	pacs-phantom:--frames) echo 'none' ;;
	pacs-phantom:--instances) echo 'none' ;;
	pacs-phantom:-j | pacs-phantom:--jobs) echo 'none' ;;
	pacs-phantom:--modality) echo 'none' ;;
	pacs-phantom:-o | pacs-phantom:--output) echo 'dir' ;;
	pacs-phantom:--rows) echo 'none' ;;
	pacs-phantom:--seed) echo 'none' ;;
	pacs-phantom:--series) echo 'none' ;;
	pacs-phantom:--studies) echo 'none' ;;
	pacs-phantom:--syntax) echo 'none' ;;
	pacs-phantom:--log) echo 'text json' ;;
	pacs-phantom:--progress) echo 'auto always never' ;;
	esac
}

_pacs_verbs() {
	case $1 in
	pacs) echo 'init phantom help' ;;
	esac
}

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

complete -o default -F _pacs_complete pacs pacs-init pacs-phantom
