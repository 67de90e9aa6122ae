/*
 * What is in a repository's folders, and whether what was written is there.
 */
#include <stdlib.h>
#include <sys/stat.h>

#include "backup/depot.h"
#include "base/dir.h"

static bool
is_folder(int dirfd, const struct dirent *e)
{
	struct stat st;

	return e->d_type == DT_DIR ||
	       (e->d_type == DT_UNKNOWN &&
		fstatat(dirfd, e->d_name, &st, 0) == 0 && S_ISDIR(st.st_mode));
}

static enum pacs_err
list_folder(struct pacs_error *err, struct depot *d, const char *dir,
	    struct names *out)
{
	const struct dirent *e;
	struct pacs_dir list;

	if (pacs_dir_open(err, d->dirfd, *dir ? dir : ".", 0, &list)) {
		if (err->code == PACS_ENOTFOUND)
			pacs_error_clear(err);
		return err->code;
	}
	while ((e = pacs_dir_next(err, &list))) {
		char *name;

		if (e->d_name[0] == '.')
			continue;
		name = pacs_format("%s%s", e->d_name,
				   is_folder(pacs_dir_fd(&list), e) ? "/" : "");
		names_add(out, name);
		free(name);
	}
	pacs_dir_close(&list);
	return err->code;
}

enum pacs_err
depot_list(struct pacs_error *err, struct depot *d, const char *dir,
	   struct names *out)
{
	enum pacs_err rc = d->remote ? remote_list(err, d, dir, out, NULL)
				     : list_folder(err, d, dir, out);

	names_sort(out);
	return rc;
}

enum pacs_err
depot_sizes(struct pacs_error *err, struct depot *d, const char *dir,
	    struct names *out, uint64_t **ret_sizes)
{
	enum pacs_err rc;
	struct stat st;
	size_t i;
	char *path;

	*ret_sizes = NULL;
	if (d->remote)
		return remote_list(err, d, dir, out, ret_sizes);
	rc = list_folder(err, d, dir, out);
	names_sort(out);
	*ret_sizes = pacs_calloc(out->count + 1, sizeof(**ret_sizes));
	for (i = 0; !rc && i < out->count; i++) {
		path = pacs_format("%s/%s", dir, out->list[i]);
		if (fstatat(d->dirfd, path, &st, 0) == 0)
			(*ret_sizes)[i] = (uint64_t)st.st_size;
		free(path);
	}
	return rc;
}

enum pacs_err
depot_lost(struct pacs_error *err, const struct depot *d, const char *name)
{
	return pacs_error_set(err, PACS_EIO,
			      "'%s' is not in '%s' any more: it was removed "
			      "while this ran",
			      name, d->where);
}

enum pacs_err
depot_confirm(struct pacs_error *err, struct depot *d,
	      const struct pacs_backup_file *files, size_t count)
{
	struct stat st;
	size_t i;

	if (d->remote)
		return remote_confirm(err, d, files, count);
	for (i = 0; i < count; i++)
		if (fstatat(d->dirfd, files[i].name, &st, 0) != 0 ||
		    (uint64_t)st.st_size != files[i].size)
			return depot_lost(err, d, files[i].name);
	return PACS_OK;
}
