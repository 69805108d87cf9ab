/* SPDX-License-Identifier: EUPL-1.2 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/ctl.h"

#define WORDS_MAX 4 /* positional words of the longest command, its name included */

/* An option of a command: "--name VALUE", or "--name" alone. The field of the request has the same name, with _. */
struct option {
	const char *name;
	enum { FLAG, TEXT, NUMBER, OUT } kind; /* OUT: where files go, no field */
};

struct command {
	const char *words[2]; /* "card", "add"; the second one NULL where there is none */
	const char *fields[2]; /* request fields of the words that follow; NULL: no more */
	struct option options[4]; /* ended by a NULL name */
	enum {
		NO_FILE,
		READS_FILE,
		WRITES_FILE,
		OUT_FILE, /* --out: written through a descriptor, then put in place */
		OUT_FOLDER /* --out: the answer's files go there */
	} file; /* the last word is a file, passed as a descriptor; but for OUT_… */
	void (*print)(const struct wire_node *response);
};

static const struct command commands[] = {
	{ { "import" }, { "what" }, { { "dry-run", FLAG }, { "remove-missing", FLAG } }, READS_FILE,
		print_import },
	{ { "calendar" }, { 0 }, { { "year", NUMBER } }, NO_FILE, print_calendar },
	{ { "pupil", "show" }, { "pupil" }, { { "from", TEXT }, { "to", TEXT } }, NO_FILE,
		print_pupil },
	{ { "card", "add" }, { "pupil", "uid" }, { { "from", TEXT }, { "to", TEXT } }, NO_FILE,
		print_card_change },
	{ { "card", "block" }, { "uid" }, { { 0 } }, NO_FILE, print_card_change },
	{ { "card", "list" }, { "pupil" }, { { 0 } }, NO_FILE, print_cards },
	{ { "enrol" }, { "pupil" }, { { "gate", TEXT } }, NO_FILE, print_card_change },
	{ { "day" }, { 0 }, { { "date", TEXT }, { "half", TEXT } }, NO_FILE, print_day },
	{ { "status" }, { 0 }, { { 0 } }, NO_FILE, print_status },
	{ { "trace" }, { 0 }, { { "last", NUMBER } }, NO_FILE, print_trace },
	{ { "export", "informat" }, { 0 }, { { "date", TEXT }, { "half", TEXT }, { "out", OUT } },
		OUT_FOLDER, print_informat },
	{ { "export", "csv" }, { 0 }, { { "from", TEXT }, { "to", TEXT }, { "out", OUT } },
		OUT_FILE, print_csv },
	{ { "backup" }, { 0 }, { { 0 } }, WRITES_FILE, print_backup },
};

/* What of a command line was understood. */
struct line {
	const struct command *command;
	struct wire_node *request;
	const char *file;
	char temp[OUT_PATH_MAX]; /* of OUT_FILE, while it isn't in place; "" none */
	int n_words;
};

const char *ctl_usage(void)
{
	return _("  import pupils|timetable|calendar|excused|cards FILE [--dry-run] "
		 "[--remove-missing]\n"
		 "  calendar [--year YEAR]            days without lessons of a school year\n"
		 "  pupil show ID [--from D] [--to D] cards, half days and alerts of a pupil\n"
		 "  card add PUPIL UID [--from D] [--to D]\n"
		 "  card block UID\n"
		 "  card list PUPIL\n"
		 "  enrol PUPIL [--gate GATE]         the next unknown card there becomes this "
		 "pupil's\n"
		 "  day [--date D] [--half am|pm]     expected, present, late, absent by class\n"
		 "  status                            what runs, queue, clock, reader\n"
		 "  trace [--last N]                  stage times of the last taps (at a gate)\n"
		 "  doctor [--only CHECK,CHECK...] [--wait SECONDS]\n"
		 "                                    what is wrong with this unit, and the "
		 "remedy\n"
		 "  may-update                        whether new programs may be installed now\n"
		 "  metrics [--out FILE]              its figures, for Prometheus\n"
		 "  export informat --date D --half am|pm --out DIR\n"
		 "  export csv --from D --to D --out FILE\n"
		 "                                    files for the school's package\n"
		 "  backup FILE                       a consistent copy of the unit's "
		 "database\n");
}

/* The reason comes last: that is the line that people and scripts look at. */
static int usage(const char *what, const char *word)
{
	(void)fputs(_("commands:\n"), stderr);
	(void)fputs(ctl_usage(), stderr);
	(void)fprintf(stderr, "schoolpoortctl: %s%s%s\n", what, word ? ": " : "", word ? word : "");
	return CTL_USAGE;
}

static const struct command *find(int argc, char **argv, int *ret_words)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const struct command *c = &commands[i];
		if (argc < 1 || strcmp(argv[0], c->words[0]) != 0)
			continue;
		*ret_words = 1;
		if (!c->words[1])
			return c;
		*ret_words = 2;
		if (argc >= 2 && strcmp(argv[1], c->words[1]) == 0)
			return c;
	}
	return NULL;
}

/* "remove-missing" on the command line is "remove_missing" in the request. */
static void to_field(const char *name, char *ret_field, size_t size)
{
	(void)snprintf(ret_field, size, "%s", name);
	for (char *at = strchr(ret_field, '-'); at; at = strchr(at, '-'))
		*at = '_';
}

static int set_number(struct wire_node *request, const char *field, const char *text)
{
	char *end;

	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (errno || end == text || *end)
		return -1;
	wire_node_set_int(request, field, value);
	return 0;
}

/* argv[*i] begins with "--". Moves *i past a value that stands as a word of its own. */
static int take_option(struct line *l, int argc, char **argv, int *i)
{
	const char *arg = argv[*i] + 2;
	size_t len = strcspn(arg, "=");
	char field[32];

	for (const struct option *o = l->command->options; o->name; o++) {
		if (strlen(o->name) != len || strncmp(arg, o->name, len) != 0)
			continue;
		to_field(o->name, field, sizeof(field));
		if (o->kind == FLAG) {
			if (arg[len])
				return usage(_("takes no value"), argv[*i]);
			wire_node_set_bool(l->request, field, true);
			return 0;
		}
		const char *value = arg[len] ? arg + len + 1 : *i + 1 < argc ? argv[++*i] : NULL;
		if (!value)
			return usage(_("needs a value"), argv[*i]);
		if (o->kind == OUT)
			l->file = value;
		else if (o->kind == TEXT)
			wire_node_set_text(l->request, field, value);
		else if (set_number(l->request, field, value) < 0)
			return usage(_("needs a whole number"), argv[*i]);
		return 0;
	}
	return usage(_("unknown option"), argv[*i]);
}

static bool file_is_word(const struct command *c)
{
	return c->file == READS_FILE || c->file == WRITES_FILE;
}

static int take_word(struct line *l, const char *word)
{
	const struct command *c = l->command;
	int n_fields = (c->fields[0] ? 1 : 0) + (c->fields[1] ? 1 : 0);

	if (l->n_words < n_fields)
		wire_node_set_text(l->request, c->fields[l->n_words], word);
	else if (file_is_word(c) && l->n_words == n_fields)
		l->file = word;
	else
		return usage(_("one word too many"), word);
	l->n_words++;
	return 0;
}

static int parse(struct line *l, int argc, char **argv)
{
	bool options = true;
	int skip = 0;

	l->command = find(argc, argv, &skip);
	if (!l->command)
		return usage(_("no such command"), argc > 0 ? argv[0] : "");
	char name[32];
	(void)snprintf(name, sizeof(name), "%s%s%s", l->command->words[0],
		l->command->words[1] ? " " : "", l->command->words[1] ? l->command->words[1] : "");
	l->request = wire_request_create(1, name);
	for (int i = skip; i < argc; i++) {
		int err = 0;
		if (options && strcmp(argv[i], "--") == 0)
			options = false;
		else if (options && strncmp(argv[i], "--", 2) == 0)
			err = take_option(l, argc, argv, &i);
		else
			err = take_word(l, argv[i]);
		if (err)
			return err;
	}
	const struct command *c = l->command;
	int wanted = (c->fields[0] ? 1 : 0) + (c->fields[1] ? 1 : 0) + (file_is_word(c) ? 1 : 0);
	if (l->n_words < wanted)
		return usage(_("a word is missing"), name);
	if (c->file != NO_FILE && !l->file)
		return usage(_("--out is missing"), name);
	return 0;
}

/* Return: a descriptor, -1 none needed, or -2 said on standard error. */
static int open_file(struct line *l)
{
	if (l->command->file == NO_FILE)
		return -1;
	if (l->command->file == OUT_FOLDER)
		return out_folder(l->file) ? -2 : -1;
	if (l->command->file == OUT_FILE) {
		int out = out_open(l->file, l->temp);
		return out < 0 ? -2 : out;
	}
	int flags = l->command->file == READS_FILE ? O_RDONLY : O_RDWR | O_CREAT | O_EXCL;
	int fd = open(l->file, flags | O_CLOEXEC,
		0600); /* a copy of the register is for its owner's eyes */
	if (fd < 0) {
		(void)fprintf(stderr, "schoolpoortctl: %s: %s\n", l->file, strerror(errno));
		return -2;
	}
	const char *base = strrchr(l->file, '/');
	wire_node_set_text(l->request, "name", base ? base + 1 : l->file);
	return fd;
}

/* FILE:LINE:COLUMN: reason, as far as the answer names them: the form that editors jump to, so without our name before it. */
static void print_refusal(const struct line *l, const struct wire_node *r)
{
	const char *reason = wire_node_get_text(r, "reason");
	int64_t line = wire_node_get_int(r, "line", 0), column = wire_node_get_int(r, "column", 0);
	bool of_file = l->file && wire_node_get_text(r, "file");

	(void)fprintf(stderr, "%s:", of_file ? l->file : "schoolpoortctl");
	if (of_file && line > 0)
		(void)fprintf(stderr, "%lld:", (long long)line);
	if (of_file && line > 0 && column > 0)
		(void)fprintf(stderr, "%lld:", (long long)column);
	(void)fprintf(stderr, " %s\n", reason ? reason : _("refused without a reason"));
}

/* What is wrong with the request itself was wrong on the command line. */
static int status_of(const struct wire_node *r)
{
	const char *error = wire_node_get_text(r, "error");

	if (wire_node_get_bool(r, "ok", false))
		return CTL_DONE;
	return error && strcmp(error, "invalid") == 0 ? CTL_USAGE : CTL_FAILED;
}

static void print_json(const struct wire_node *r)
{
	char *text = wire_node_pretty(r);

	if (text)
		(void)fputs(text, stdout);
	free(text);
}

/* Before anything is said of them. */
static int put_files(struct line *l, int fd, const struct wire_node *r)
{
	int err = 0;

	if (l->command->file == OUT_FOLDER)
		err = out_files(l->file, wire_node_get_node(r, "files"));
	if (l->command->file == OUT_FOLDER && !err)
		out_warn_old(l->file, wire_node_get_node(r, "empty"));
	if (l->command->file == OUT_FILE) {
		err = out_keep(fd, l->temp, l->file);
		l->temp[0] = 0;
	}
	return err;
}

static int answer(const struct ctl *ctl, struct line *l, int fd, const struct wire_node *r)
{
	int status = status_of(r);

	if (status == CTL_DONE && put_files(l, fd, r) < 0)
		return CTL_FAILED;

	if (status == CTL_DONE && l->command->file == WRITES_FILE && fsync(fd) < 0) {
		(void)fprintf(stderr, "schoolpoortctl: %s: %s\n", l->file, strerror(errno));
		return CTL_FAILED;
	}

	if (ctl->options.json)
		print_json(r);
	else if (status == CTL_DONE)
		l->command->print(r);
	if (status != CTL_DONE)
		print_refusal(l, r);
	return status;
}

int ctl_run(struct ctl *ctl, int argc, char **argv)
{
	struct line l = { 0 };
	struct wire_node *response = NULL;
	int fd = -1;

	/* It has something to say where the program doesn't answer too. */
	if (argc > 0 && strcmp(argv[0], "metrics") == 0)
		return ctl_metrics(ctl, argc, argv);
	if (argc > 0 && strcmp(argv[0], "may-update") == 0)
		return ctl_may_update(ctl, argc, argv);
	int status = parse(&l, argc, argv);

	if (status)
		goto out;
	status = CTL_FAILED;
	fd = open_file(&l);
	if (fd == -2)
		goto out;
	if (ask(ctl, l.request, fd, &response) == 0)
		status = answer(ctl, &l, fd, response);
	/* An empty copy must not pass for one. */
	if (status != CTL_DONE && l.command->file == WRITES_FILE && l.file)
		(void)unlink(l.file);
	if (l.temp[0])
		(void)unlink(l.temp);
	if (fflush(stdout) != 0 && status == CTL_DONE) {
		(void)fprintf(
			stderr, "schoolpoortctl: %s: %s\n", _("standard output"), strerror(errno));
		status = CTL_FAILED;
	}
out:
	if (fd >= 0)
		(void)close(fd);
	wire_node_destroy(response);
	wire_node_destroy(l.request);
	return status;
}
