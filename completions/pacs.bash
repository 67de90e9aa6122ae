# Completion for bash. Made by generate.sh; do not edit.
# shellcheck shell=bash disable=SC2207

_pacs_options() {
	case $1 in
	pacs) echo '-q --quiet -v --verbose --log= --progress= -h --help -V --version' ;;
	pacs-anon) echo '-f --fields= --format= -j --jobs= -0 --null -o --output= --allow= --cap-age --checklist --clean-graphics --date-range= --default-issuer= --digits= --key= --list-kinds --make-key= --map= --modify-dates --plan --prefix= --print --recipient= --reidentify --retain-device --retain-full-dates --retain-institution --retain-patient-characteristics --retain-safe-private --retain-uids --rules= --skip= --stdin --store --subjects= --whole-weeks --yes-uids-hold-dates -q --quiet -v --verbose --log= --progress= -h --help -V --version' ;;
	pacs-backup) echo '-a --archive= -f --fields= --format= -j --jobs= -n --dry-run -0 --null -o --output= -r --repo= --against --hold= --identity= --keep-daily= --keep-monthly= --keep-weekly= --keep-yearly= --level= --max-age= --max-time= --metrics= --pack-size= --rate= --read-data --recipient= --sample= --snapshot= --studies= -q --quiet -v --verbose --log= --progress= -h --help -V --version' ;;
	pacs-echo) echo '-a --archive= --format= -f --fields= --aetitle= --contexts --expires= --connect-timeout= --timeout= --tls --tls-ca= --tls-cert= --tls-key= --tls-name= -q --quiet -v --verbose --log= --progress= -h --help -V --version' ;;
	pacs-find) echo '-L --level= -k --key= --as-is --count --group= --limit= --or --paths --query= --sort= --sum= -a --archive= -f --fields= --format= -0 --null -q --quiet -v --verbose --log= --progress= -h --help -V --version' ;;
	pacs-index) echo '--no-files --later -L --level= --vr= -a --archive= --format= -f --fields= -j --jobs= -q --quiet -v --verbose --log= --progress= -h --help -V --version' ;;
	pacs-init) echo '--default-issuer= --floor= --index= --print --timezone= --format= -f --fields= -q --quiet -v --verbose --log= --progress= -h --help -V --version' ;;
	pacs-phantom) echo '--charset= -f --fields= --format= --frames= --instances= -j --jobs= --modality= -n --dry-run -0 --null -o --output= --print --rows= --seed= --series= --studies= --syntax= -q --quiet -v --verbose --log= --progress= -h --help -V --version' ;;
	pacs-purge) echo '-a --archive= -f --fields= --format= -n --dry-run -0 --null --broad --print --query= --why= --yes -q --quiet -v --verbose --log= --progress= -h --help -V --version' ;;
	pacs-quarantine) echo '-a --archive= -f --fields= --format= -n --dry-run -0 --null --replace --uid= --why= -q --quiet -v --verbose --log= --progress= -h --help -V --version' ;;
	pacs-send) echo '-a --archive= -f --fields= --format= -j --jobs= -0 --null --aetitle= --commit --commit-port= --commit-wait= --journal= --plan --print --query= --rate= --retry= --connect-timeout= --timeout= --tls --tls-ca= --tls-cert= --tls-key= --tls-name= --transcode= --window= -q --quiet -v --verbose --log= --progress= -h --help -V --version' ;;
	pacs-store) echo '-a --archive= -f --fields= --format= -j --jobs= -n --dry-run -0 --null --again --move --origin= --print --stdin --strict -q --quiet -v --verbose --log= --progress= -h --help -V --version' ;;
	pacs-verify) echo '-a --archive= --format= -f --fields= -j --jobs= -0 --null --adopt --against= --budget= --identity= --quick --rate= --repair-from= --sample= --since= --state= --sums -q --quiet -v --verbose --log= --progress= -h --help -V --version' ;;
	esac
}

# What follows an option: words, or dir, file, field, peer, none.
_pacs_value() {
	case $1:$2 in
	pacs:--log) echo 'text json' ;;
	pacs:--progress) echo 'auto always never' ;;
	pacs-anon:-f | pacs-anon:--fields) echo 'field outcome reason PatientID StudyInstanceUID SeriesInstanceUID SOPInstanceUID SOPClassUID size_bytes path source count kind original issuer replacement' ;;
	pacs-anon:--format) echo 'tsv json csv table' ;;
	pacs-anon:-j | pacs-anon:--jobs) echo 'none' ;;
	pacs-anon:-o | pacs-anon:--output) echo 'file' ;;
	pacs-anon:--allow) echo 'none' ;;
	pacs-anon:--date-range) echo 'none' ;;
	pacs-anon:--default-issuer) echo 'none' ;;
	pacs-anon:--digits) echo 'none' ;;
	pacs-anon:--key) echo 'file' ;;
	pacs-anon:--make-key) echo 'file' ;;
	pacs-anon:--map) echo 'file' ;;
	pacs-anon:--prefix) echo 'none' ;;
	pacs-anon:--recipient) echo 'none' ;;
	pacs-anon:--rules) echo 'file' ;;
	pacs-anon:--skip) echo 'none' ;;
	pacs-anon:--subjects) echo 'file' ;;
	pacs-anon:--log) echo 'text json' ;;
	pacs-anon:--progress) echo 'auto always never' ;;
	pacs-backup:-a | pacs-backup:--archive) echo 'dir' ;;
	pacs-backup:-f | pacs-backup:--fields) echo 'field snapshot began_at ended_at complete objects bytes stored_bytes missed all_objects all_bytes position name kind size_bytes sha256 fault detail all_packs age_seconds' ;;
	pacs-backup:--format) echo 'tsv json csv table' ;;
	pacs-backup:-j | pacs-backup:--jobs) echo 'none' ;;
	pacs-backup:-o | pacs-backup:--output) echo 'dir' ;;
	pacs-backup:-r | pacs-backup:--repo) echo 'dir' ;;
	pacs-backup:--hold) echo 'file' ;;
	pacs-backup:--identity) echo 'file' ;;
	pacs-backup:--keep-daily) echo 'none' ;;
	pacs-backup:--keep-monthly) echo 'none' ;;
	pacs-backup:--keep-weekly) echo 'none' ;;
	pacs-backup:--keep-yearly) echo 'none' ;;
	pacs-backup:--level) echo 'none' ;;
	pacs-backup:--max-age) echo 'none' ;;
	pacs-backup:--max-time) echo 'none' ;;
	pacs-backup:--metrics) echo 'file' ;;
	pacs-backup:--pack-size) echo 'none' ;;
	pacs-backup:--rate) echo 'none' ;;
	pacs-backup:--recipient) echo 'none' ;;
	pacs-backup:--sample) echo 'none' ;;
	pacs-backup:--snapshot) echo 'none' ;;
	pacs-backup:--studies) echo 'none' ;;
	pacs-backup:--log) echo 'text json' ;;
	pacs-backup:--progress) echo 'auto always never' ;;
	pacs-echo:-a | pacs-echo:--archive) echo 'dir' ;;
	pacs-echo:--format) echo 'tsv json csv table' ;;
	pacs-echo:-f | pacs-echo:--fields) echo 'field peer outcome reason status connect_ms echo_ms implementation implementation_uid max_pdu_bytes tls_version tls_suite tls_expires SOPClassUID class_name syntax' ;;
	pacs-echo:--aetitle) echo 'none' ;;
	pacs-echo:--expires) echo 'none' ;;
	pacs-echo:--connect-timeout) echo 'none' ;;
	pacs-echo:--timeout) echo 'none' ;;
	pacs-echo:--tls-ca) echo 'file' ;;
	pacs-echo:--tls-cert) echo 'file' ;;
	pacs-echo:--tls-key) echo 'file' ;;
	pacs-echo:--tls-name) echo 'none' ;;
	pacs-echo:--log) echo 'text json' ;;
	pacs-echo:--progress) echo 'auto always never' ;;
	pacs-find:-L | pacs-find:--level) echo 'patient study series instance' ;;
	pacs-find:-k | pacs-find:--key) echo 'none' ;;
	pacs-find:--group) echo 'field PatientName PatientID IssuerOfPatientID PatientBirthDate PatientBirthTime PatientSex OtherPatientIDs OtherPatientIDsSequence.PatientID OtherPatientIDsSequence.IssuerOfPatientID OtherPatientNames IssuerOfPatientIDQualifiersSequence.UniversalEntityID IssuerOfPatientIDQualifiersSequence.UniversalEntityIDType ReferencedPatientSequence.ReferencedSOPClassUID ReferencedPatientSequence.ReferencedSOPInstanceUID EthnicGroup PatientComments NumberOfPatientRelatedStudies NumberOfPatientRelatedSeries NumberOfPatientRelatedInstances StudyInstanceUID StudyDate StudyTime AccessionNumber StudyID StudyDescription ModalitiesInStudy SOPClassesInStudy ReferringPhysicianName NameOfPhysiciansReadingStudy AdmittingDiagnosesDescription ProcedureCodeSequence.CodeValue ProcedureCodeSequence.CodingSchemeDesignator ProcedureCodeSequence.CodeMeaning ReferencedStudySequence.ReferencedSOPClassUID ReferencedStudySequence.ReferencedSOPInstanceUID PatientAge PatientSize PatientWeight Occupation AdditionalPatientHistory OtherStudyNumbers TimezoneOffsetFromUTC NumberOfStudyRelatedSeries NumberOfStudyRelatedInstances SeriesInstanceUID Modality SeriesNumber SeriesDescription SeriesDate SeriesTime BodyPartExamined Laterality ProtocolName Manufacturer ManufacturerModelName DeviceSerialNumber SoftwareVersions StationName InstitutionName InstitutionalDepartmentName PerformingPhysicianName OperatorsName FrameOfReferenceUID PerformedProcedureStepStartDate PerformedProcedureStepStartTime PerformedProcedureStepID RequestAttributesSequence.ScheduledProcedureStepID RequestAttributesSequence.RequestedProcedureID NumberOfSeriesRelatedInstances SOPInstanceUID SOPClassUID TransferSyntaxUID InstanceNumber NumberOfFrames Rows Columns BitsAllocated ImageType SpecificCharacterSet ContentDate ContentTime RelatedGeneralSOPClassUID AlternateRepresentationSequence.ReferencedSOPClassUID AlternateRepresentationSequence.ReferencedSOPInstanceUID ConceptNameCodeSequence.CodeValue ConceptNameCodeSequence.CodingSchemeDesignator ConceptNameCodeSequence.CodeMeaning ContentTemplateSequence.TemplateIdentifier ContentTemplateSequence.MappingResource ContainerIdentifier SpecimenDescriptionSequence.SpecimenIdentifier SpecimenDescriptionSequence.SpecimenUID size_bytes stored_at origin sha256 state path' ;;
	pacs-find:--limit) echo 'none' ;;
	pacs-find:--query) echo 'file' ;;
	pacs-find:--sort) echo 'field PatientName PatientID IssuerOfPatientID PatientBirthDate PatientBirthTime PatientSex OtherPatientIDs OtherPatientIDsSequence.PatientID OtherPatientIDsSequence.IssuerOfPatientID OtherPatientNames IssuerOfPatientIDQualifiersSequence.UniversalEntityID IssuerOfPatientIDQualifiersSequence.UniversalEntityIDType ReferencedPatientSequence.ReferencedSOPClassUID ReferencedPatientSequence.ReferencedSOPInstanceUID EthnicGroup PatientComments NumberOfPatientRelatedStudies NumberOfPatientRelatedSeries NumberOfPatientRelatedInstances StudyInstanceUID StudyDate StudyTime AccessionNumber StudyID StudyDescription ModalitiesInStudy SOPClassesInStudy ReferringPhysicianName NameOfPhysiciansReadingStudy AdmittingDiagnosesDescription ProcedureCodeSequence.CodeValue ProcedureCodeSequence.CodingSchemeDesignator ProcedureCodeSequence.CodeMeaning ReferencedStudySequence.ReferencedSOPClassUID ReferencedStudySequence.ReferencedSOPInstanceUID PatientAge PatientSize PatientWeight Occupation AdditionalPatientHistory OtherStudyNumbers TimezoneOffsetFromUTC NumberOfStudyRelatedSeries NumberOfStudyRelatedInstances SeriesInstanceUID Modality SeriesNumber SeriesDescription SeriesDate SeriesTime BodyPartExamined Laterality ProtocolName Manufacturer ManufacturerModelName DeviceSerialNumber SoftwareVersions StationName InstitutionName InstitutionalDepartmentName PerformingPhysicianName OperatorsName FrameOfReferenceUID PerformedProcedureStepStartDate PerformedProcedureStepStartTime PerformedProcedureStepID RequestAttributesSequence.ScheduledProcedureStepID RequestAttributesSequence.RequestedProcedureID NumberOfSeriesRelatedInstances SOPInstanceUID SOPClassUID TransferSyntaxUID InstanceNumber NumberOfFrames Rows Columns BitsAllocated ImageType SpecificCharacterSet ContentDate ContentTime RelatedGeneralSOPClassUID AlternateRepresentationSequence.ReferencedSOPClassUID AlternateRepresentationSequence.ReferencedSOPInstanceUID ConceptNameCodeSequence.CodeValue ConceptNameCodeSequence.CodingSchemeDesignator ConceptNameCodeSequence.CodeMeaning ContentTemplateSequence.TemplateIdentifier ContentTemplateSequence.MappingResource ContainerIdentifier SpecimenDescriptionSequence.SpecimenIdentifier SpecimenDescriptionSequence.SpecimenUID size_bytes stored_at origin sha256 state path' ;;
	pacs-find:--sum) echo 'field PatientName PatientID IssuerOfPatientID PatientBirthDate PatientBirthTime PatientSex OtherPatientIDs OtherPatientIDsSequence.PatientID OtherPatientIDsSequence.IssuerOfPatientID OtherPatientNames IssuerOfPatientIDQualifiersSequence.UniversalEntityID IssuerOfPatientIDQualifiersSequence.UniversalEntityIDType ReferencedPatientSequence.ReferencedSOPClassUID ReferencedPatientSequence.ReferencedSOPInstanceUID EthnicGroup PatientComments NumberOfPatientRelatedStudies NumberOfPatientRelatedSeries NumberOfPatientRelatedInstances StudyInstanceUID StudyDate StudyTime AccessionNumber StudyID StudyDescription ModalitiesInStudy SOPClassesInStudy ReferringPhysicianName NameOfPhysiciansReadingStudy AdmittingDiagnosesDescription ProcedureCodeSequence.CodeValue ProcedureCodeSequence.CodingSchemeDesignator ProcedureCodeSequence.CodeMeaning ReferencedStudySequence.ReferencedSOPClassUID ReferencedStudySequence.ReferencedSOPInstanceUID PatientAge PatientSize PatientWeight Occupation AdditionalPatientHistory OtherStudyNumbers TimezoneOffsetFromUTC NumberOfStudyRelatedSeries NumberOfStudyRelatedInstances SeriesInstanceUID Modality SeriesNumber SeriesDescription SeriesDate SeriesTime BodyPartExamined Laterality ProtocolName Manufacturer ManufacturerModelName DeviceSerialNumber SoftwareVersions StationName InstitutionName InstitutionalDepartmentName PerformingPhysicianName OperatorsName FrameOfReferenceUID PerformedProcedureStepStartDate PerformedProcedureStepStartTime PerformedProcedureStepID RequestAttributesSequence.ScheduledProcedureStepID RequestAttributesSequence.RequestedProcedureID NumberOfSeriesRelatedInstances SOPInstanceUID SOPClassUID TransferSyntaxUID InstanceNumber NumberOfFrames Rows Columns BitsAllocated ImageType SpecificCharacterSet ContentDate ContentTime RelatedGeneralSOPClassUID AlternateRepresentationSequence.ReferencedSOPClassUID AlternateRepresentationSequence.ReferencedSOPInstanceUID ConceptNameCodeSequence.CodeValue ConceptNameCodeSequence.CodingSchemeDesignator ConceptNameCodeSequence.CodeMeaning ContentTemplateSequence.TemplateIdentifier ContentTemplateSequence.MappingResource ContainerIdentifier SpecimenDescriptionSequence.SpecimenIdentifier SpecimenDescriptionSequence.SpecimenUID size_bytes stored_at origin sha256 state path' ;;
	pacs-find:-a | pacs-find:--archive) echo 'dir' ;;
	pacs-find:-f | pacs-find:--fields) echo 'field PatientName PatientID IssuerOfPatientID PatientBirthDate PatientBirthTime PatientSex OtherPatientIDs OtherPatientIDsSequence.PatientID OtherPatientIDsSequence.IssuerOfPatientID OtherPatientNames IssuerOfPatientIDQualifiersSequence.UniversalEntityID IssuerOfPatientIDQualifiersSequence.UniversalEntityIDType ReferencedPatientSequence.ReferencedSOPClassUID ReferencedPatientSequence.ReferencedSOPInstanceUID EthnicGroup PatientComments NumberOfPatientRelatedStudies NumberOfPatientRelatedSeries NumberOfPatientRelatedInstances StudyInstanceUID StudyDate StudyTime AccessionNumber StudyID StudyDescription ModalitiesInStudy SOPClassesInStudy ReferringPhysicianName NameOfPhysiciansReadingStudy AdmittingDiagnosesDescription ProcedureCodeSequence.CodeValue ProcedureCodeSequence.CodingSchemeDesignator ProcedureCodeSequence.CodeMeaning ReferencedStudySequence.ReferencedSOPClassUID ReferencedStudySequence.ReferencedSOPInstanceUID PatientAge PatientSize PatientWeight Occupation AdditionalPatientHistory OtherStudyNumbers TimezoneOffsetFromUTC NumberOfStudyRelatedSeries NumberOfStudyRelatedInstances SeriesInstanceUID Modality SeriesNumber SeriesDescription SeriesDate SeriesTime BodyPartExamined Laterality ProtocolName Manufacturer ManufacturerModelName DeviceSerialNumber SoftwareVersions StationName InstitutionName InstitutionalDepartmentName PerformingPhysicianName OperatorsName FrameOfReferenceUID PerformedProcedureStepStartDate PerformedProcedureStepStartTime PerformedProcedureStepID RequestAttributesSequence.ScheduledProcedureStepID RequestAttributesSequence.RequestedProcedureID NumberOfSeriesRelatedInstances SOPInstanceUID SOPClassUID TransferSyntaxUID InstanceNumber NumberOfFrames Rows Columns BitsAllocated ImageType SpecificCharacterSet ContentDate ContentTime RelatedGeneralSOPClassUID AlternateRepresentationSequence.ReferencedSOPClassUID AlternateRepresentationSequence.ReferencedSOPInstanceUID ConceptNameCodeSequence.CodeValue ConceptNameCodeSequence.CodingSchemeDesignator ConceptNameCodeSequence.CodeMeaning ContentTemplateSequence.TemplateIdentifier ContentTemplateSequence.MappingResource ContainerIdentifier SpecimenDescriptionSequence.SpecimenIdentifier SpecimenDescriptionSequence.SpecimenUID size_bytes stored_at origin sha256 state path' ;;
	pacs-find:--format) echo 'tsv json csv table' ;;
	pacs-find:--log) echo 'text json' ;;
	pacs-find:--progress) echo 'auto always never' ;;
	pacs-index:-L | pacs-index:--level) echo 'study series instance' ;;
	pacs-index:--vr) echo 'none' ;;
	pacs-index:-a | pacs-index:--archive) echo 'dir' ;;
	pacs-index:--format) echo 'tsv json csv table' ;;
	pacs-index:-f | pacs-index:--fields) echo 'field problem level key StudyInstanceUID SeriesInstanceUID SOPInstanceUID path patients studies series instances size_bytes quarantined missing unreadable index_bytes ledger_segment ledger_offset index_path' ;;
	pacs-index:-j | pacs-index:--jobs) echo 'none' ;;
	pacs-index:--log) echo 'text json' ;;
	pacs-index:--progress) echo 'auto always never' ;;
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
	pacs-purge:-a | pacs-purge:--archive) echo 'dir' ;;
	pacs-purge:-f | pacs-purge:--fields) echo 'field outcome StudyInstanceUID SeriesInstanceUID SOPInstanceUID size_bytes path' ;;
	pacs-purge:--format) echo 'tsv json csv table' ;;
	pacs-purge:--query) echo 'file' ;;
	pacs-purge:--why) echo 'none' ;;
	pacs-purge:--log) echo 'text json' ;;
	pacs-purge:--progress) echo 'auto always never' ;;
	pacs-quarantine:-a | pacs-quarantine:--archive) echo 'dir' ;;
	pacs-quarantine:-f | pacs-quarantine:--fields) echo 'field sha256 reason quarantined_at StudyInstanceUID SeriesInstanceUID SOPInstanceUID size_bytes origin detail path held_path element quarantined_value archived_value' ;;
	pacs-quarantine:--format) echo 'tsv json csv table' ;;
	pacs-quarantine:--uid) echo 'none' ;;
	pacs-quarantine:--why) echo 'none' ;;
	pacs-quarantine:--log) echo 'text json' ;;
	pacs-quarantine:--progress) echo 'auto always never' ;;
	pacs-send:-a | pacs-send:--archive) echo 'dir' ;;
	pacs-send:-f | pacs-send:--fields) echo 'field outcome reason status comment committed StudyInstanceUID SeriesInstanceUID SOPInstanceUID SOPClassUID syntax syntax_sent size_bytes attempts source objects seconds unread_charset' ;;
	pacs-send:--format) echo 'tsv json csv table' ;;
	pacs-send:-j | pacs-send:--jobs) echo 'none' ;;
	pacs-send:--aetitle) echo 'none' ;;
	pacs-send:--commit-port) echo 'none' ;;
	pacs-send:--commit-wait) echo 'none' ;;
	pacs-send:--journal) echo 'file' ;;
	pacs-send:--query) echo 'file' ;;
	pacs-send:--rate) echo 'none' ;;
	pacs-send:--retry) echo 'none' ;;
	pacs-send:--connect-timeout) echo 'none' ;;
	pacs-send:--timeout) echo 'none' ;;
	pacs-send:--tls-ca) echo 'file' ;;
	pacs-send:--tls-cert) echo 'file' ;;
	pacs-send:--tls-key) echo 'file' ;;
	pacs-send:--tls-name) echo 'none' ;;
	pacs-send:--transcode) echo 'never lossless' ;;
	pacs-send:--window) echo 'none' ;;
	pacs-send:--log) echo 'text json' ;;
	pacs-send:--progress) echo 'auto always never' ;;
	pacs-store:-a | pacs-store:--archive) echo 'dir' ;;
	pacs-store:-f | pacs-store:--fields) echo 'field outcome reason StudyInstanceUID SeriesInstanceUID SOPInstanceUID SOPClassUID sha256 size_bytes path source' ;;
	pacs-store:--format) echo 'tsv json csv table' ;;
	pacs-store:-j | pacs-store:--jobs) echo 'none' ;;
	pacs-store:--origin) echo 'none' ;;
	pacs-store:--log) echo 'text json' ;;
	pacs-store:--progress) echo 'auto always never' ;;
	pacs-verify:-a | pacs-verify:--archive) echo 'dir' ;;
	pacs-verify:--format) echo 'tsv json csv table' ;;
	pacs-verify:-f | pacs-verify:--fields) echo 'field kind path StudyInstanceUID SeriesInstanceUID SOPInstanceUID expected found mended detail' ;;
	pacs-verify:-j | pacs-verify:--jobs) echo 'none' ;;
	pacs-verify:--against) echo 'dir' ;;
	pacs-verify:--budget) echo 'none' ;;
	pacs-verify:--identity) echo 'file' ;;
	pacs-verify:--rate) echo 'none' ;;
	pacs-verify:--repair-from) echo 'dir' ;;
	pacs-verify:--sample) echo 'none' ;;
	pacs-verify:--since) echo 'none' ;;
	pacs-verify:--state) echo 'file' ;;
	pacs-verify:--log) echo 'text json' ;;
	pacs-verify:--progress) echo 'auto always never' ;;
	esac
}

_pacs_verbs() {
	case $1 in
	pacs) echo 'anon backup echo find index init phantom purge quarantine send store verify help' ;;
	pacs-backup) echo 'create list show verify restore drill prune copy status' ;;
	pacs-index) echo 'update rebuild check stats schema add drop' ;;
	pacs-quarantine) echo 'list show diff accept discard' ;;
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

complete -o default -F _pacs_complete pacs pacs-anon pacs-backup pacs-echo pacs-find pacs-index pacs-init pacs-phantom pacs-purge pacs-quarantine pacs-send pacs-store pacs-verify
