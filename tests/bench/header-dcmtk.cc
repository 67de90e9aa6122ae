// header-dcmtk LIST [quiet]: the same as header-ours, with DCMTK's
// loadFileUntilTag; quiet: without its log.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>

#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dctk.h>

static uint64_t
add(uint64_t sum, const char *s)
{
	while (*s)
		sum = (sum ^ static_cast<unsigned char>(*s++)) * 1099511628211u;
	return sum;
}

static uint64_t
read_one(const char *path, uint64_t sum)
{
	const DcmTagKey tags[] = {DCM_SOPInstanceUID, DCM_StudyInstanceUID,
				  DCM_SeriesInstanceUID};
	DcmFileFormat file;
	const OFCondition c = file.loadFileUntilTag(
	    path, EXS_Unknown, EGL_noChange, DCM_MaxReadLength, ERM_autoDetect,
	    DCM_PixelData);

	if (c.bad()) {
		fprintf(stderr, "%s: %s\n", path, c.text());
		exit(1);
	}
	for (const DcmTagKey &tag : tags) {
		OFString uid;

		if (file.getDataset()->findAndGetOFString(tag, uid).good())
			sum = add(sum, uid.c_str());
	}
	return sum;
}

int
main(int argc, char **argv)
{
	// By default it warns for each file that pixel data is left out.
	if (argc == 3 && !strcmp(argv[2], "quiet"))
		OFLog::configure(OFLogger::FATAL_LOG_LEVEL);
	if (argc < 2 || !dcmDataDict.isDictionaryLoaded())
		return 2;
	std::ifstream in(argv[1], std::ios::binary);
	const std::string list((std::istreambuf_iterator<char>(in)),
			       std::istreambuf_iterator<char>());
	uint64_t sum = 14695981039346656037u;
	struct timespec a, b;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	for (size_t at = 0; at < list.size();
	     at += strlen(list.c_str() + at) + 1)
		sum = read_one(list.c_str() + at, sum);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	printf("%.6f %016llx\n",
	       static_cast<double>(b.tv_sec - a.tv_sec) +
		   static_cast<double>(b.tv_nsec - a.tv_nsec) / 1e9,
	       static_cast<unsigned long long>(sum));
	return 0;
}
