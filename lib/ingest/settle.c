/*
 * One item: where it is filed, what that makes of it, and telling so.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ingest/internal.h"

static void
object_place(const struct item *it, char path[PACS_PATH_ROOM])
{
	*path = '\0';
	switch (it->outcome) {
	case PACS_OUTCOME_STORED:
	case PACS_OUTCOME_DUPLICATE:
	case PACS_OUTCOME_REPAIRED:
		pacs_object_path(&it->st.triple, path);
		break;
	case PACS_OUTCOME_CONFLICT:
	case PACS_OUTCOME_QUARANTINED:
		snprintf(path, PACS_PATH_ROOM, "quarantine/%.64s.dcm",
			 it->st.sha256);
		break;
	default:
		break;
	}
}

static void
remove_source(struct run *run, const struct item *it, const char *object)
{
	struct pacs_error err = PACS_ERROR_INIT;

	/* What is still being written ends early, too. */
	if (!run->opts->move || !run->w || !it->removable || it->cut)
		return;
	if (it->outcome != PACS_OUTCOME_STORED &&
	    it->outcome != PACS_OUTCOME_DUPLICATE &&
	    it->outcome != PACS_OUTCOME_REPAIRED)
		return;
	if (move_source(&err, run, it, object) && run->hooks->trouble)
		run->hooks->trouble(run->hooks->ctx, it->source, &err);
}

/* Filed, and not the whole of what it should be. */
static bool
is_truncated(const struct item *it)
{
	return it->cut && (it->outcome == PACS_OUTCOME_STORED ||
			   it->outcome == PACS_OUTCOME_DUPLICATE ||
			   it->outcome == PACS_OUTCOME_REPAIRED);
}

void
item_tell(struct run *run, struct item *it)
{
	char path[PACS_PATH_ROOM];
	const struct pacs_ingest_record record = {
	    .outcome = it->outcome,
	    .reason =
		is_truncated(it) && !*it->reason ? "truncated" : it->reason,
	    .detail = it->detail ? it->detail : "",
	    .triple = &it->st.triple,
	    .sop_class = it->sop_class,
	    .sha256 = it->st.sha256,
	    .size = it->st.size,
	    .path = path,
	    .source = it->source,
	    .truncated = is_truncated(it),
	};

	object_place(it, path);
	run->tally->outcomes[it->outcome]++;
	if (it->outcome == PACS_OUTCOME_STORED)
		run->tally->bytes += it->st.size;
	run->hooks->record(run->hooks->ctx, &record);
	remove_source(run, it, path);
	item_free(it);
}

static void
set_outcome(struct item *it, enum pacs_outcome outcome, const char *reason,
	    const char *detail)
{
	it->outcome = outcome;
	it->reason = reason;
	free(it->detail);
	it->detail = detail && *detail ? pacs_strdup(detail) : NULL;
}

void
item_set_failed(struct item *it, const struct pacs_error *err)
{
	it->state = ITEM_DONE;
	set_outcome(it, PACS_OUTCOME_FAILED, pacs_err_name(err->code),
		    err->msg);
}

static enum pacs_err
put_aside(struct pacs_error *err, struct run *run, struct item *it,
	  enum pacs_outcome outcome, const char *reason, const char *word,
	  const char *detail)
{
	set_outcome(it, outcome, reason, detail);
	if (pacs_place_quarantine(err, run->w, &it->st, word, detail))
		return err->code;
	/* What is there already needs no second copy. */
	if (it->st.placed == PACS_PLACED_QUARANTINED_BEFORE)
		pacs_stage_drop(run->w, &it->st);
	return PACS_OK;
}

static enum pacs_err
found_duplicate(struct pacs_error *err, struct run *run, struct item *it,
		const char *reason)
{
	set_outcome(it, PACS_OUTCOME_DUPLICATE, reason, NULL);
	if (pacs_place_duplicate(err, run->w, &it->st))
		return err->code;
	pacs_stage_drop(run->w, &it->st);
	return PACS_OK;
}

/* Somebody may have given these bytes another place. */
static enum pacs_err
put_aside_unless_filed(struct pacs_error *err, struct run *run, struct item *it,
		       enum pacs_outcome outcome, const char *reason,
		       const char *word, const char *detail)
{
	if (given_find(run->given, it->st.sha256, &it->st.triple))
		return found_duplicate(err, run, it, "");
	return put_aside(err, run, it, outcome, reason, word, detail);
}

static enum pacs_err
place_taken(struct pacs_error *err, struct run *run, struct item *it)
{
	static const struct pacs_buf nothing;
	struct body body = {.fd = -1, .size = it->st.size};
	enum resolution res = DIFFERS;
	struct held held;
	char diff[256] = "";
	enum pacs_err rc;

	if (pacs_stage_open(err, run->w, &it->st, &body.fd))
		return err->code;
	rc = resolve(err, run->ar, &it->st.triple, it->st.sha256, &body,
		     &nothing, &res, &held, diff, sizeof(diff));
	close(body.fd);
	if (rc)
		return rc;
	switch (res) {
	case SAME_BYTES:
		return found_duplicate(err, run, it, "");
	case SAME_MEANING:
		rc = found_duplicate(err, run, it, "same-meaning");
		item_shows_held(it, &held);
		return rc;
	case DAMAGED:
		set_outcome(it, PACS_OUTCOME_REPAIRED, "", NULL);
		return pacs_place_over(err, run->w, &it->st,
				       PACS_PLACED_REPAIR);
	default:
		return put_aside_unless_filed(err, run, it,
					      PACS_OUTCOME_CONFLICT, "differs",
					      "conflict", diff);
	}
}

static enum pacs_err
place_staged(struct pacs_error *err, struct run *run, struct item *it)
{
	enum pacs_err rc;
	unsigned try;

	/* A place that was taken may be free again: purged just now. */
	for (try = 0; try < 3; try++) {
		if (pacs_place_object(err, run->w, &it->st, run->opts->again))
			return err->code;
		if (it->st.placed == PACS_PLACED_OBJECT) {
			set_outcome(it, PACS_OUTCOME_STORED, it->reason, NULL);
			return PACS_OK;
		}
		if (it->st.placed == PACS_PLACED_PURGED)
			return put_aside_unless_filed(err, run, it,
						      PACS_OUTCOME_QUARANTINED,
						      "purged", "purged", NULL);
		rc = place_taken(err, run, it);
		if (rc != PACS_ENOTFOUND)
			return rc;
		pacs_error_clear(err);
	}
	return pacs_error_set(err, PACS_EBUSY,
			      "its place changes all the time");
}

enum pacs_err
item_place(struct pacs_error *err, struct run *run, struct item *it)
{
	switch (it->state) {
	case ITEM_STAGED:
		return place_staged(err, run, it);
	case ITEM_ASIDE:
		return put_aside_unless_filed(err, run, it,
					      PACS_OUTCOME_QUARANTINED,
					      it->reason, it->reason, NULL);
	case ITEM_SAME:
		return found_duplicate(err, run, it, "");
	case ITEM_DONE:
		break;
	}
	return PACS_OK;
}
