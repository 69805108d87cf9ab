/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The command line of every program, and the first lines of each: sys/config.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/config.h"
#include "sys/log.h"
#include "sys/zone.h"

#define UNIT_CONF "/etc/schoolpoort/unit.conf"
#define REGISTER_CONF "/etc/schoolpoort/register.conf"

enum option_id {
	OPTION_CONFIG = 1000,
	OPTION_CLOCK,
	OPTION_CHECK,
	OPTION_PRINT,
	OPTION_VERSION,
	OPTION_HELP,
	OPTION_JSON
};

/* schoolpoortctl's own option comes last, so that the others' table is this one without it. */
static const struct {
	const char *name, *argument, *help;
	enum option_id id;
} options[] = {
	{ "config", "FILE", "the configuration", OPTION_CONFIG },
	{ "clock", "SPEC", "a simulated clock: \"2026-11-23T08:10:00+01:00[@EPOCH][xSPEED]\"",
		OPTION_CLOCK },
	{ "check-config", NULL, "check the configuration and end", OPTION_CHECK },
	{ "print-config", NULL, "print each effective key, where it came from, and end",
		OPTION_PRINT },
	{ "version", NULL, "print the version and end", OPTION_VERSION },
	{ "help", NULL, "print this and end", OPTION_HELP },
	{ "json", NULL, "answer as one JSON document", OPTION_JSON },
};

#define N_OPTIONS (sizeof(options) / sizeof(options[0]))

static const char *program_name(enum config_program program)
{
	switch (program) {
	case CONFIG_READER:
		return "schoolpoort-reader";
	case CONFIG_READER_RESET:
		return "schoolpoort-reader-reset";
	case CONFIG_SCREEN:
		return "schoolpoort-screen";
	case CONFIG_SIGNAL:
		return "schoolpoort-signal";
	case CONFIG_KIOSK:
		return "schoolpoort-kiosk";
	case CONFIG_REGISTER:
		return "schoolpoort-register";
	case CONFIG_CTL:
		return "schoolpoortctl";
	}
	return "schoolpoort";
}

static size_t n_options(enum config_program program)
{
	return program == CONFIG_CTL ? N_OPTIONS : N_OPTIONS - 1;
}

static const char *default_path(enum config_program program)
{
	if (program == CONFIG_REGISTER)
		return REGISTER_CONF;
	if (program == CONFIG_CTL && !access(REGISTER_CONF, F_OK))
		return REGISTER_CONF;
	return UNIT_CONF;
}

const char *config_version(void)
{
	return SCHOOLPOORT_VERSION;
}

static void print_help(enum config_program program, const char *usage)
{
	printf("usage: %s [OPTION]...%s\n\n", program_name(program),
		program == CONFIG_CTL ? " COMMAND ..." : "");
	for (size_t i = 0; i < n_options(program); i++) {
		char left[32];
		(void)snprintf(left, sizeof(left), "--%s%s%s", options[i].name,
			options[i].argument ? " " : "",
			options[i].argument ? options[i].argument : "");
		printf("  %-16s %s\n", left, options[i].help);
	}
	printf("\nWithout --config: %s", program == CONFIG_REGISTER ? REGISTER_CONF : UNIT_CONF);
	printf("%s\n", program == CONFIG_CTL ? ", or " REGISTER_CONF " where there is one" : "");
	if (usage)
		printf("\n%s%s", usage, *usage && usage[strlen(usage) - 1] == '\n' ? "" : "\n");
}

static int usage_error(enum config_program program, const char *what, const char *detail)
{
	log_refusal("%s: %s%s; --help tells the options", program_name(program), what, detail);
	return -1;
}

static void take_option(struct config_options *o, enum option_id id, const char *argument)
{
	switch (id) {
	case OPTION_CONFIG:
		o->config_path = argument;
		break;
	case OPTION_CLOCK:
		o->clock_spec = argument;
		break;
	case OPTION_CHECK:
		o->check_config = true;
		break;
	case OPTION_PRINT:
		o->print_config = true;
		break;
	case OPTION_JSON:
		o->json = true;
		break;
	case OPTION_VERSION:
	case OPTION_HELP:
		break; /* answered by the caller */
	}
}

/* Return: as config_options_parse(). */
static int walk(int argc, char **argv, enum config_program program, const char *usage,
	struct config_options *o)
{
	struct option table[N_OPTIONS + 1] = { { 0 } };
	for (size_t i = 0; i < n_options(program); i++)
		table[i] = (struct option){ .name = options[i].name,
			.has_arg = options[i].argument ? required_argument : no_argument,
			.val = (int)options[i].id };
	optind = 0; /* glibc: begin anew, also for a second command line */
	opterr = 0;
	for (;;) {
		int before = optind ? optind : 1;
		/* "+": what follows the first argument is the command's own. ":": tell what is missing. */
		int id = getopt_long(argc, argv, "+:", table, NULL);
		if (id == -1)
			return 0;
		if (id == '?' || id == ':')
			return usage_error(program,
				id == ':' ? "a value is missing after " : "no such option: ",
				argv[optind > before ? optind - 1 : before]);
		take_option(o, (enum option_id)id, optarg);
		if (id == OPTION_HELP)
			print_help(program, usage);
		if (id == OPTION_VERSION)
			printf("%s %s\n", program_name(program), config_version());
		if (id == OPTION_HELP || id == OPTION_VERSION)
			return 1;
	}
}

int config_options_parse(int argc, char **argv, enum config_program program, const char *usage,
	struct config_options *ret_options, int *ret_index)
{
	struct config_options o = { 0 };
	int r = walk(argc, argv, program, usage, &o);
	if (r)
		return r;
	if (!ret_index && optind < argc)
		return usage_error(program, "takes no argument: ", argv[optind]);
	if (!o.config_path)
		o.config_path = default_path(program);
	const char *from = "--clock ";
	if (!o.clock_spec) {
		o.clock_spec = getenv("SCHOOLPOORT_CLOCK");
		from = "SCHOOLPOORT_CLOCK ";
		if (o.clock_spec && !*o.clock_spec)
			o.clock_spec = NULL;
	}
	struct clock scratch;
	const char *reason;
	if (o.clock_spec && clock_init(&scratch, o.clock_spec, false, &reason))
		return usage_error(program, from, reason);
	*ret_options = o;
	if (ret_index)
		*ret_index = optind;
	return 0;
}

/* Else a socket or the database could become descriptor 2, and a log line land in it. */
static void open_standard(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)open("/dev/null", O_RDWR); /* gets the lowest free one: fd */
}

static int flush_status(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	log_error("output_failed reason=\"%s\"", strerror(errno));
	return 1;
}

int config_start(int argc, char **argv, enum config_program program,
	struct config_options *ret_options, struct config *ret_config, int *ret_status)
{
	char reason[CONFIG_REASON_MAX];
	struct config_options o;
	open_standard();
	/* Databases hold names: nobody but the program's own user reads them. The socket sets its own mode. */
	(void)umask(0077);
	log_open(program_name(program));
	int r = config_options_parse(argc, argv, program, NULL, &o, NULL);
	if (r) {
		*ret_status = r > 0 ? flush_status() : 2;
		return -1;
	}
	struct config config;
	if (config_load(o.config_path, program, &config, reason) ||
		(o.print_config && config_print(o.config_path, program, reason))) {
		log_refusal("%s", reason);
		*ret_status = 2;
		return -1;
	}
	if (o.print_config || o.check_config) {
		*ret_status = flush_status();
		return -1;
	}
	if (zone_check(config.school_timezone) != ZONE_FOUND)
		log_error("zone_missing zone=%s next=taps_unjudged remedy=\"install tzdata\"",
			config.school_timezone);
	*ret_options = o;
	*ret_config = config;
	return 0;
}
