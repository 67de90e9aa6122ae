/* The same as bench-header.c with DCMTK's DcmFileFormat::loadFileUntilTag. */
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

static int
round_of(char **files, int count)
{
	int found = 0;

	for (int i = 0; i < count; i++) {
		DcmFileFormat file;
		OFString uid;

		if (file.loadFileUntilTag(files[i], EXS_Unknown, EGL_noChange,
					  DCM_MaxReadLength, ERM_autoDetect,
					  DCM_PixelData)
			.bad())
			continue;
		found += file.getDataset()
			     ->findAndGetOFString(DCM_SOPInstanceUID, uid)
			     .good();
	}
	return found;
}

int
main(int argc, char **argv)
{
	int rounds = 0, c;

	while ((c = getopt(argc, argv, "r:")) != -1) {
		if (c != 'r')
			return 2;
		rounds = std::atoi(optarg);
	}
	argv += optind;
	argc -= optind;
	OFLog::configure(OFLogger::OFF_LOG_LEVEL);
	if (argc < 1 || round_of(argv, argc) != argc)
		return 1;
	for (int i = 0; i < rounds; i++) {
		using clock = std::chrono::steady_clock;
		auto start = clock::now();

		if (round_of(argv, argc) != argc)
			return 1;
		std::chrono::duration<double, std::micro> us =
		    clock::now() - start;
		std::printf("%.3f\n", us.count() / argc);
	}
	return 0;
}
