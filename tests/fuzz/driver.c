/*
 * main() for fuzz targets that run without libFuzzer: each operand is a file
 * or a folder of files, given once to LLVMFuzzerTestOneInput. It replays what
 * fuzzing found, under any compiler's sanitizers.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned files;

static int
replay_file(const char *path, size_t size)
{
	/* Exactly as large as the input, so that a read past it is seen. */
	uint8_t *data = malloc(size ? size : 1);
	FILE *f = fopen(path, "rb");
	int r = 1;

	if (!f || !data || fread(data, 1, size, f) != size) {
		perror(path);
		goto out;
	}
	files++;
	fprintf(stderr, "replay %s\n", path);
	LLVMFuzzerTestOneInput(data, size);
	r = 0;
out:
	if (f)
		fclose(f);
	free(data);
	return r;
}

static int replay(const char *path);

static int
replay_dir(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	char name[4096];
	int r = 0;

	if (!d) {
		perror(path);
		return 1;
	}
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		r |= replay(name);
	}
	closedir(d);
	return r;
}

static int
replay(const char *path)
{
	struct stat st;

	if (stat(path, &st)) {
		perror(path);
		return 1;
	}
	if (S_ISDIR(st.st_mode))
		return replay_dir(path);
	return replay_file(path, (size_t)st.st_size);
}

int
main(int argc, char **argv)
{
	int r = 0, i;

	for (i = 1; i < argc; i++)
		r |= replay(argv[i]);
	printf("%u inputs\n", files);
	return files ? r : 1;
}
