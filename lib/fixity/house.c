/*
 * The archive's own folders and files: what programs need must be there, and
 * only the archive's owner may change them, for whoever can write a folder can
 * remove what is in it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "fixity/internal.h"

void
mode_check(struct run *run, const char *path, const struct stat *st)
{
	const bool folder = S_ISDIR(st->st_mode);
	const unsigned needs = folder ? 0500 : 0400;
	const bool owned = st->st_uid == run->owner;
	char have[32];

	if (!looks_at_all(run->opts)) /* of which part is a folder? */
		return;
	if (!(st->st_mode & 0022) && (st->st_mode & needs) == needs && owned)
		return;
	snprintf(have, sizeof(have), "%04o%s", (unsigned)st->st_mode & 07777,
		 owned ? "" : ", another owner");
	run_finding(run, PACS_FAULT_MODE, path, folder ? "0750" : "0640", have);
}

void
mode_look(struct run *run, const char *path)
{
	struct stat st;

	if (fstatat(pacs_archive_dirfd(run->ar), path, &st,
		    AT_SYMLINK_NOFOLLOW) == 0 &&
	    (S_ISDIR(st.st_mode) || S_ISREG(st.st_mode)))
		mode_check(run, path, &st);
}

static void
check_needed(struct run *run, const char *path, mode_t type)
{
	struct stat st;

	/* Through a link: a folder may be on another disk. */
	if (fstatat(pacs_archive_dirfd(run->ar), path, &st, 0) == 0) {
		if ((st.st_mode & S_IFMT) != type)
			run_finding(run, PACS_FAULT_FOLDER, path, "is there",
				    "something else");
	} else if (errno == ENOENT) {
		run_finding(run, PACS_FAULT_FOLDER, path, "is there",
			    "missing");
	}
}

void
house_check(struct run *run)
{
	static const char *const folders[] = {"objects", "incoming",
					      "quarantine"};
	static const char *const others[] = {"pacs-archive", "ledger",
					     "ledger/lock", "purged"};
	uint32_t segments, i;
	uint64_t bytes;
	char name[32];

	for (i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		check_needed(run, folders[i], S_IFDIR);
		mode_look(run, folders[i]);
	}
	check_needed(run, "ledger/lock", S_IFREG);
	for (i = 0; i < sizeof(others) / sizeof(*others); i++)
		mode_look(run, others[i]);
	pacs_ledger_extent(run->ar, &segments, &bytes);
	for (i = 1; i <= segments; i++) {
		snprintf(name, sizeof(name), "ledger/%06u.tsv", i);
		mode_look(run, name);
	}
}
