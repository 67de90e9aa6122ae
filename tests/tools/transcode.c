/*
 * Puts DICOM files into another transfer syntax, for tests:
 *
 *     transcode SYNTAX IN OUT
 *
 * Exit status 1 on failure, with the name and the words of the error on stderr.
 */
#include <fcntl.h>
#include <stdio.h>

#include "base/file.h"
#include "dcmtk/codec.h"

int
main(int argc, char **argv)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_buf in = {0}, out = {0};
	FILE *f;
	int status = 1;

	if (argc != 4)
		return 2;
	if (pacs_file_slurp(&err, AT_FDCWD, argv[2], (size_t)1 << 30, &in) ||
	    pacs_dcm_transcode(&err, in.data, in.len, argv[1], &out)) {
		fprintf(stderr, "%s: %s\n", pacs_err_name(err.code), err.msg);
	} else {
		f = fopen(argv[3], "wb");
		if (f && fwrite(out.data, 1, out.len, f) == out.len &&
		    fclose(f) == 0)
			status = 0;
	}
	pacs_buf_clear(&in);
	pacs_buf_clear(&out);
	return status;
}
