/* `pacs find` runs pacs-find; `pacs help` is the map of the commands. */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"

/* The summaries are those of the commands; tests/cmd/pacs.bats compares. */
static const struct {
	const char *name;
	const char *summary;
} commands[] = {
    {"init", "make an empty archive"},
    {"store", "bring files, discs and streams into an archive"},
    {"index", "keep the index of an archive"},
    {"find", "ask an archive what it has"},
    {"quarantine", "look at what could not be filed; file it or drop it"},
    {"purge", "remove objects from an archive, on record"},
    {"verify", "prove that nothing in an archive is lost"},
    {"anon", "de-identify objects by PS3.15 Annex E"},
    {"backup", "back an archive up, prove it, restore it"},
    {"send", "send objects to another system, and know what became of them"},
    {"echo", "is a peer there, and what does it take?"},
    {"phantom", "make synthetic studies that look real"},
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static const struct cli_opt opts[] = {CLI_END};

static const struct cli_program program = {
    .name = "pacs",
    .summary = "run a command of pacs-tools",
    .operands = "COMMAND [ARGUMENT ...] | help [COMMAND]",
    .opts = opts,
};

static bool
is_command_name(const char *s)
{
	return *s && !s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-")] &&
	       *s != '-';
}

/* "/usr/bin/pacs-find", beside this program; NULL if that is not known. */
static char *
beside(const char *command)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n <= 0)
		return NULL;
	self[n] = '\0';
	return pacs_format("%s/pacs-%s", dirname(self), command);
}

/* Become the command. Returns only if there is none of that name. */
static void
run(const char *command, char **argv)
{
	char *path = beside(command), *name = pacs_format("pacs-%s", command);
	char *given = argv[0];
	struct pacs_error err = PACS_ERROR_INIT;

	argv[0] = name;
	if (path)
		execv(path, argv);
	if (!path || errno == ENOENT)
		execvp(name, argv);
	if (errno != ENOENT && errno != EACCES && errno != ENOTDIR) {
		pacs_error_sys(&err, errno, "cannot run '%s'", name);
		cli_die(&err);
	}
	argv[0] = given;
	free(path);
	free(name);
}

static void
not_installed(const char *command)
{
	struct pacs_error err = PACS_ERROR_INIT;

	pacs_error_set(&err, PACS_ENOTFOUND, "'pacs-%s' is not installed",
		       command);
	cli_die(&err);
}

static void __attribute__((noreturn)) unknown(const char *command)
{
	const char *names[COMMANDS + 2], *near;
	size_t i;

	for (i = 0; i < COMMANDS; i++) {
		if (!strcmp(commands[i].name, command))
			not_installed(command);
		names[i] = commands[i].name;
	}
	names[i++] = "help";
	names[i] = NULL;
	near = cli_suggest(command, names);
	if (near)
		cli_usage("there is no command '%s'; did you mean '%s'?",
			  command, near);
	cli_usage("there is no command '%s'; 'pacs help' lists them", command);
}

static void
print_map(void)
{
	char *line;
	size_t i;

	cli_line(
	    "The commands of pacs-tools; 'pacs help COMMAND' tells more:\n");
	for (i = 0; i < COMMANDS; i++) {
		line = pacs_format("  pacs %-12s %s", commands[i].name,
				   commands[i].summary);
		cli_line(line);
		free(line);
	}
	cli_line("\nThe whole picture: man 7 pacs");
}

/* Is there a manual, and a page of that name? man says so without a word. */
static bool
has_page(const char *page)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		if (!freopen("/dev/null", "w", stdout) ||
		    !freopen("/dev/null", "w", stderr))
			_exit(127);
		execlp("man", "man", "-w", page, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return false;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void
help(const char *command)
{
	char *page, option[] = "--help", *argv[] = {NULL, option, NULL};

	if (!is_command_name(command))
		unknown(command);
	/* What is ignored stays so in the manual's pager. */
	signal(SIGPIPE, SIG_DFL);
	page = pacs_format("pacs-%s", command);
	if (has_page(page))
		execlp("man", "man", page, (char *)NULL);
	run(command, argv);
	unknown(command);
}

/* The options after a command are the command's: cli_start does not see them.
 */
int
main(int argc, char **argv)
{
	bool own = argc < 2 || argv[1][0] == '-';
	char *only_name[] = {argv[0], NULL};
	struct cli_tally tally = {0};
	int count;

	if (!own && is_command_name(argv[1]) && strcmp(argv[1], "help") != 0)
		run(argv[1], argv + 1);
	cli_start(&program, own ? argc : 1, own ? argv : only_name, &count);
	if (own)
		cli_usage("a command is missing; 'pacs help' lists them");
	if (strcmp(argv[1], "help") != 0)
		unknown(argv[1]);
	if (argc > 3)
		cli_usage("help takes one command");
	if (argc == 3)
		help(argv[2]);
	print_map();
	return cli_finish(&tally);
}
