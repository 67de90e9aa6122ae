/*
 * The plan, and the threads that carry it out: which file is number i, and
 * reports in the order of the numbers whoever is ready first.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/work.h"
#include "dcmtk/codec.h"
#include "phantom/internal.h"

/* In the order of enum pacs_phantom_kind. */
const struct pacs_ph_kind *const pacs_ph_kinds[PACS_PHANTOM_KINDS] = {
    &pacs_ph_ct, &pacs_ph_mr,  &pacs_ph_us,       &pacs_ph_cr,
    &pacs_ph_sr, &pacs_ph_pdf, &pacs_ph_rtstruct, &pacs_ph_seg,
};

bool
pacs_phantom_kind_parse(const char *word, size_t len,
			enum pacs_phantom_kind *ret_kind)
{
	for (int k = 0; k < PACS_PHANTOM_KINDS; k++) {
		const char *name = pacs_ph_kinds[k]->name;

		if (strlen(name) == len && strncasecmp(name, word, len) == 0) {
			*ret_kind = (enum pacs_phantom_kind)k;
			return true;
		}
	}
	return false;
}

unsigned
pacs_ph_kinds_made(const struct pacs_phantom_options *opts)
{
	const unsigned on_ct =
	    1u << PACS_PHANTOM_RTSTRUCT | 1u << PACS_PHANTOM_SEG;

	return opts->kinds | (opts->kinds & on_ct ? 1u << PACS_PHANTOM_CT : 0);
}

static uint64_t
instances_of(const struct pacs_phantom_options *opts,
	     enum pacs_phantom_kind kind)
{
	return pacs_ph_kinds[kind]->alone ? 1 : opts->instances;
}

static const char *
syntax_of(const struct pacs_phantom_options *opts,
	  const struct pacs_ph_kind *kind)
{
	const struct pacs_syntax *syntax = pacs_syntax_find(opts->syntax);

	return syntax->encapsulated && !kind->compressible
		   ? PACS_SYNTAX_EXPLICIT_LE
		   : syntax->uid;
}

void
pacs_ph_series_uid(const struct pacs_phantom_options *opts, uint64_t study,
		   enum pacs_phantom_kind kind, uint64_t series, char *buf)
{
	pacs_ph_uid(opts->seed, PACS_PH_SERIES, study, (uint64_t)kind, series,
		    buf);
}

void
pacs_ph_sop_uid(const struct pacs_phantom_options *opts, uint64_t study,
		enum pacs_phantom_kind kind, uint64_t series, uint64_t instance,
		char *buf)
{
	pacs_ph_uid(opts->seed, PACS_PH_INSTANCE, study,
		    (uint64_t)kind << 32 | series, instance, buf);
}

/* --- the plan ------------------------------------------------------------ */

static uint64_t
files_of_kind(const struct pacs_phantom_options *opts, int kind)
{
	if (!(pacs_ph_kinds_made(opts) & 1u << kind))
		return 0;
	return opts->series * instances_of(opts, (enum pacs_phantom_kind)kind);
}

static uint64_t
files_of_study(const struct pacs_phantom_options *opts)
{
	uint64_t n = 0;

	for (int k = 0; k < PACS_PHANTOM_KINDS; k++)
		n += files_of_kind(opts, k);
	return n;
}

static enum pacs_err
check_range(struct pacs_error *err, const char *what, uint64_t n, uint64_t low,
	    uint64_t high)
{
	if (n >= low && n <= high)
		return PACS_OK;
	return pacs_error_set(err, PACS_EUSAGE,
			      "%s must be from %" PRIu64 " to %" PRIu64, what,
			      low, high);
}

static enum pacs_err
check_syntax(struct pacs_error *err, const char *uid)
{
	static const char *const encoders[] = {
	    "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70",
	    "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.5"};
	const struct pacs_syntax *syntax = pacs_syntax_find(uid);

	if (syntax && !syntax->encapsulated &&
	    (strcmp(uid, PACS_SYNTAX_IMPLICIT_LE) == 0 ||
	     strcmp(uid, PACS_SYNTAX_EXPLICIT_LE) == 0 ||
	     strcmp(uid, PACS_SYNTAX_EXPLICIT_BE) == 0 ||
	     strcmp(uid, PACS_SYNTAX_DEFLATED_LE) == 0))
		return PACS_OK;
	for (size_t i = 0; i < sizeof(encoders) / sizeof(*encoders); i++) {
		if (strcmp(uid, encoders[i]) == 0)
			return pacs_dcm_available(err);
	}
	return pacs_error_set(err, PACS_EUSAGE, "cannot write the syntax '%s'",
			      uid);
}

/* Pixel data of the biggest object with frames: every second loop of a series
 * has colours. */
static uint64_t
largest_bytes(const struct pacs_phantom_options *opts)
{
	uint64_t bytes = 0;

	if (opts->kinds & 1u << PACS_PHANTOM_US)
		bytes = opts->instances + opts->series > 2 ? 3 : 1;
	if (opts->kinds & 1u << PACS_PHANTOM_MR && bytes < 2)
		bytes = 2;
	return bytes * opts->rows * opts->rows * opts->frames;
}

enum pacs_err
pacs_phantom_plan(struct pacs_error *err,
		  const struct pacs_phantom_options *opts, uint64_t *ret_files)
{
	if (!(opts->kinds & ((1u << PACS_PHANTOM_KINDS) - 1)))
		return pacs_error_set(err, PACS_EUSAGE, "no modality");
	if (check_range(err, "studies", opts->studies, 1, 10000000) ||
	    check_range(err, "series", opts->series, 1, 90) ||
	    check_range(err, "instances", opts->instances, 1, 100000) ||
	    check_range(err, "rows", opts->rows, 16, 8192) ||
	    check_range(err, "frames", opts->frames, 0, 1000000) ||
	    check_syntax(err, opts->syntax))
		return err->code;
	if (opts->rows % 4)
		return pacs_error_set(err, PACS_EUSAGE,
				      "rows must be a multiple of 4");
	if (largest_bytes(opts) >= PACS_LENGTH_UNDEFINED)
		return pacs_error_set(err, PACS_EUSAGE,
				      "%" PRIu64 " bytes of pixel data are too "
				      "many for one object",
				      largest_bytes(opts));
	if (!pacs_phantom_charset(opts->charset))
		return pacs_error_set(err, PACS_EUSAGE,
				      "no names for the character set '%s'",
				      opts->charset);
	*ret_files = opts->studies * files_of_study(opts);
	return PACS_OK;
}

/* File number i of the run. *study is made for the object. */
static void
object_at(const struct pacs_phantom_options *opts, uint64_t i,
	  struct pacs_ph_study *study, struct pacs_ph_object *ret)
{
	uint64_t of_study = files_of_study(opts), rest = i % of_study;
	uint64_t instances;
	int k = 0;

	while (rest >= files_of_kind(opts, k))
		rest -= files_of_kind(opts, k++);
	instances = instances_of(opts, (enum pacs_phantom_kind)k);
	pacs_ph_study_make(opts, i / of_study, study);
	*ret = (struct pacs_ph_object){
	    .opts = opts,
	    .kind = pacs_ph_kinds[k],
	    .study = study,
	    .series = rest / instances,
	    .instance = rest % instances,
	};
	ret->sop_class = ret->kind->sop_class(ret);
	pacs_ph_series_uid(opts, study->number, (enum pacs_phantom_kind)k,
			   ret->series, ret->series_uid);
	pacs_ph_sop_uid(opts, study->number, (enum pacs_phantom_kind)k,
			ret->series, ret->instance, ret->sop_uid);
}

/* --- the run ----------------------------------------------------------- */

struct run {
	const struct pacs_phantom_options *opts;
	pacs_phantom_report *report;
	void *report_ctx;
	uint64_t files;

	pthread_mutex_t lock;
	pthread_cond_t turn;
	uint64_t taken;    /* next number to be made */
	uint64_t reported; /* next number to be reported */
	bool stop;
	struct pacs_error err; /* the first */
};

static char *
path_make(const struct pacs_ph_object *o, char **ret_dir)
{
	*ret_dir =
	    pacs_format("%s/%s/%s", o->opts->dir, o->study->uid, o->series_uid);
	return pacs_format("%s/%06" PRIu64 ".dcm", *ret_dir, o->instance + 1);
}

/* A new file; its folders are made when they are missed. */
static enum pacs_err
create(struct pacs_error *err, const char *dir, const char *path, int *ret_fd)
{
	enum pacs_err e = pacs_fs_create(err, AT_FDCWD, path, 0644, ret_fd);

	if (e != PACS_ENOTFOUND)
		return e;
	pacs_error_clear(err);
	if (pacs_fs_mkdirs(err, AT_FDCWD, dir, 0755))
		return err->code;
	return pacs_fs_create(err, AT_FDCWD, path, 0644, ret_fd);
}

/* What is not whole does not stay. */
static enum pacs_err
make_file(struct pacs_error *err, struct pacs_ph_object *o, const char *syntax,
	  const char *dir, const char *path, uint64_t *ret_size)
{
	struct pacs_error ignored = PACS_ERROR_INIT;
	int fd;

	if (create(err, dir, path, &fd))
		return err->code;
	if (!pacs_ph_write(err, o, syntax, fd, ret_size)) {
		if (close(fd) == 0)
			return PACS_OK;
		pacs_error_set(err, PACS_EIO, "cannot close '%s'", path);
	} else {
		close(fd);
	}
	if (pacs_fs_unlink(&ignored, AT_FDCWD, path))
		pacs_error_wrap(err, "'%s' is left, cut", path);
	return pacs_error_wrap(err, "%s", path);
}

/* Wait for the turn of number i, so that reports keep their order. */
static void
finish(struct run *run, uint64_t i, const struct pacs_phantom_file *file,
       const struct pacs_error *err)
{
	pthread_mutex_lock(&run->lock);
	while (run->reported != i)
		pthread_cond_wait(&run->turn, &run->lock);
	if (err->code && !run->err.code) {
		run->err = *err;
		run->stop = true;
	} else if (!err->code && !run->err.code && run->report &&
		   !run->report(run->report_ctx, file)) {
		pacs_error_set(&run->err, PACS_EINTERRUPTED, "stopped");
		run->stop = true;
	}
	run->reported++;
	pthread_cond_broadcast(&run->turn);
	pthread_mutex_unlock(&run->lock);
}

static void
make_one(struct run *run, uint64_t i)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_phantom_file file = {0};
	struct pacs_ph_study study;
	struct pacs_ph_object o;
	char *dir, *path;

	object_at(run->opts, i, &study, &o);
	path = path_make(&o, &dir);
	file.path = path;
	file.modality = o.kind->modality;
	file.charset = study.charset;
	file.study_uid = study.uid;
	file.series_uid = o.series_uid;
	file.sop_uid = o.sop_uid;
	file.sop_class = o.sop_class;
	file.syntax = syntax_of(run->opts, o.kind);
	if (!run->opts->dry_run &&
	    make_file(&err, &o, file.syntax, dir, path, &file.size_bytes))
		file.size_bytes = 0;
	finish(run, i, &file, &err);
	free(path);
	free(dir);
}

static bool
take(struct run *run, uint64_t *ret_i)
{
	bool more;

	pthread_mutex_lock(&run->lock);
	more = !run->stop && run->taken < run->files;
	if (more)
		*ret_i = run->taken++;
	pthread_mutex_unlock(&run->lock);
	return more;
}

static void
work(void *ctx, unsigned number)
{
	struct run *run = ctx;
	uint64_t i;

	(void)number;
	while (take(run, &i))
		make_one(run, i);
}

enum pacs_err
pacs_phantom_make(struct pacs_error *err,
		  const struct pacs_phantom_options *opts,
		  pacs_phantom_report *report, void *ctx)
{
	struct pacs_phantom_options own = *opts;
	struct run run = {.opts = &own,
			  .report = report,
			  .report_ctx = ctx,
			  .lock = PTHREAD_MUTEX_INITIALIZER,
			  .turn = PTHREAD_COND_INITIALIZER,
			  .err = PACS_ERROR_INIT};
	struct pacs_team *team;
	unsigned threads = opts->threads;

	if (pacs_phantom_plan(err, opts, &run.files))
		return err->code;
	own.charset = pacs_phantom_charset(opts->charset);
	if (!threads || own.dry_run)
		threads = 1;
	if (threads > run.files)
		threads = (unsigned)run.files;
	if (!own.dry_run && pacs_fs_mkdirs(err, AT_FDCWD, own.dir, 0755))
		return err->code;
	if (pacs_team_start(err, threads, work, &run, &team))
		return err->code;
	pacs_team_join(team);
	pthread_mutex_destroy(&run.lock);
	pthread_cond_destroy(&run.turn);
	*err = run.err;
	return err->code;
}
