#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/internal.h"

/* What stopped the output; a reader that had enough (EPIPE) needs no words,
 * the status says it. */
static void
close_stdout(void)
{
	int error = cli_out_close();

	if (error && error != EPIPE)
		cli_warn("cannot write to standard output: %s",
			 strerror(error));
}

static int
status_of(const struct cli_tally *tally, bool stdout_broken)
{
	if (tally->fatal)
		return pacs_err_status(tally->fatal);
	if (stdout_broken || cli_items_broken())
		return CLI_EXIT_FAILED;
	if (tally->failed || cli_items_failed())
		return CLI_EXIT_PARTIAL;
	return tally->no ? CLI_EXIT_NO : CLI_EXIT_OK;
}

int
cli_finish(const struct cli_tally *tally)
{
	uint64_t failed = tally->failed + cli_items_failed();
	int sig;

	cli_progress_end();
	cli_records_end(!tally->fatal && !cli_stopped());
	close_stdout();
	if (!tally->told && (tally->done || failed))
		cli_note("%" PRIu64 " done, %" PRIu64 " failed", tally->done,
			 failed);
	sig = cli_stopped();
	if (sig)
		cli_signals_die(sig);
	return status_of(tally, cli_stdout_broken());
}

void
cli_die(const struct pacs_error *err)
{
	struct cli_tally tally = {.fatal = err->code};

	/* Without a code there is still an end that is not success. */
	if (!tally.fatal)
		tally.fatal = PACS_EINTERNAL;
	cli_progress_end();
	cli_warn_error(err, NULL);
	exit(cli_finish(&tally));
}
