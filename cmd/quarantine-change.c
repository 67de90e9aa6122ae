/* pacs-quarantine accept, discard: file it after all, or drop it. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "archive/writer.h"
#include "base/digest.h"
#include "cmd/quarantine.h"
#include "dicom/uid.h"

/* What somebody types is held to more than what machines send: digits and
 * dots. */
static void
check_uid(const char *uid)
{
	size_t n = strlen(uid);

	if (n > PACS_UID_MAX || strspn(uid, "0123456789.") != n ||
	    !pacs_uid_is_safe(uid))
		cli_usage("'%.80s' is no UID (digits and dots, 64 at most)",
			  uid);
}

/* Put the UIDs that were given in their places. */
static bool
apply_uids(struct pacs_triple *t)
{
	const struct {
		const char *key;
		char *to;
	} known[] = {
	    {"StudyInstanceUID=", t->study},
	    {"SeriesInstanceUID=", t->series},
	    {"SOPInstanceUID=", t->instance},
	};
	size_t i, k, n;

	for (i = 0; i < flags.uids.count; i++) {
		for (k = 0; k < sizeof(known) / sizeof(*known); k++) {
			n = strlen(known[k].key);
			if (!strncmp(flags.uids.items[i], known[k].key, n))
				break;
		}
		if (k == sizeof(known) / sizeof(*known))
			return false;
		snprintf(known[k].to, PACS_UID_ROOM, "%s",
			 flags.uids.items[i] + n);
	}
	return true;
}

void
quarantine_check_uids(void)
{
	struct pacs_triple t = {"", "", ""};
	const char *eq;
	size_t i;

	if (!apply_uids(&t))
		cli_usage("--uid is StudyInstanceUID=, SeriesInstanceUID= or "
			  "SOPInstanceUID= and a UID");
	for (i = 0; i < flags.uids.count; i++) {
		eq = strchr(flags.uids.items[i], '=');
		check_uid(eq ? eq + 1 : "");
	}
}

/* Name what is missing, and only that. */
static enum pacs_err
check_lacks(struct pacs_error *err, const struct pacs_triple *t)
{
	const bool study = !pacs_uid_is_safe(t->study),
		   series = !pacs_uid_is_safe(t->series),
		   instance = !pacs_uid_is_safe(t->instance);

	if (!study && !series && !instance)
		return PACS_OK;
	return pacs_error_set(err, PACS_EUSAGE, "it lacks UIDs: give%s%s%s",
			      study ? " --uid=StudyInstanceUID=UID" : "",
			      series ? " --uid=SeriesInstanceUID=UID" : "",
			      instance ? " --uid=SOPInstanceUID=UID" : "");
}

/* Why it cannot be filed where another object is. */
static enum pacs_err
place_is_held(struct pacs_error *err, const struct ctx *c,
	      const struct pacs_triple *t, const struct pacs_quarantined *q)
{
	struct pacs_error unread = PACS_ERROR_INIT;
	char sha256[PACS_SHA256_HEX] = "";
	uint64_t size;
	int fd;

	if (!pacs_object_open(&unread, c->ar, t, &fd, &size)) {
		if (pacs_sha256_fd(&unread, fd, sha256, &size))
			*sha256 = '\0';
		close(fd);
	}
	return pacs_error_set(err, PACS_EEXISTS,
			      strcmp(sha256, q->sha256) != 0
				  ? "another object holds its place (--replace)"
				  : "its place holds the same bytes already: "
				    "discard it");
}

enum pacs_err
quarantine_accept(struct pacs_error *err, struct ctx *c,
		  const struct pacs_quarantined *q)
{
	struct pacs_triple t = q->triple;
	char held[PACS_PATH_ROOM];

	apply_uids(&t);
	if (check_lacks(err, &t))
		return err->code;
	quarantine_held_path(c->ar, &t, held);
	if (*held && !flags.replace)
		return place_is_held(err, c, &t, q);
	if (!c->w) {
		cli_say("would accept %s%s", q->sha256,
			*held ? ", replacing what holds its place" : "");
		return PACS_OK;
	}
	return pacs_quarantine_accept(err, c->w, q, &t, flags.replace,
				      flags.why ? flags.why : "");
}

enum pacs_err
quarantine_discard(struct pacs_error *err, struct ctx *c,
		   const struct pacs_quarantined *q)
{
	if (!c->w) {
		cli_say("would discard %s", q->sha256);
		return PACS_OK;
	}
	return pacs_quarantine_discard(err, c->w, q, flags.why);
}
