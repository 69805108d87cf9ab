/* SPDX-License-Identifier: EUPL-1.2 */
#include "sys/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/config_type.h"
#include "sys/secret.h"

/* What a program needs beside the file's own form. */
struct check {
	const char *path;
	enum config_program program;
	struct config_source *source;
	char *reason;
};

static size_t index_of(const char *section, const char *key)
{
	size_t i = 0;
	while (strcmp(config_keys[i].section, section) != 0 || strcmp(config_keys[i].key, key) != 0)
		i++; /* called with names of the table alone */
	return i;
}

/* Refuses a key at its line; at the file's end where it wasn't given. */
static int refuse(const struct check *c, const char *section, const char *key, const char *reason,
	const char *detail)
{
	int line = c->source->line[index_of(section, key)];
	return config_reason(c->reason, c->path, line ? line : c->source->n_lines, section, key,
		"%s%s", reason, detail);
}

static int check_required(const struct check *c)
{
	for (size_t i = 0; i < config_n_keys; i++) {
		const struct config_key *key = &config_keys[i];
		if (c->source->line[i] || !(key->required & CONFIG_BY(c->program)))
			continue;
		char range[CONFIG_RANGE_MAX];
		key->type->range(key, range, sizeof(range));
		return config_reason(c->reason, c->path, c->source->n_lines, key->section, key->key,
			"required: write %s = … under [%s], %s", key->key, key->section, range);
	}
	return 0;
}

/* Can't fail: a default out of its own range is caught by a test over the table. */
static void set_defaults(struct config_source *source)
{
	for (size_t i = 0; i < config_n_keys; i++) {
		const struct config_key *key = &config_keys[i];
		if (!source->line[i] && key->def)
			(void)key->type->parse(key, key->def, &source->config);
	}
	/* Those that follow another key, now that it has its value. */
	for (size_t i = 0; i < config_n_keys; i++) {
		const struct config_key *key = &config_keys[i];
		if (!source->line[i] && key->def_of)
			(void)key->type->parse(key, key->def_of(&source->config), &source->config);
	}
}

static int check_together(const struct check *c)
{
	const struct config *config = &c->source->config;
	bool is_register = !strcmp(config->unit_id, "register");
	if (c->program == CONFIG_REGISTER && !is_register)
		return refuse(c, "unit", "id", "the register's file must say register here", "");
	if (c->program == CONFIG_KIOSK && is_register)
		return refuse(
			c, "unit", "id", "register is the register's own: name a gate here", "");
	if (*config->broker_password_file && !*config->broker_username)
		return refuse(c, "broker", "password_file",
			"needs broker.username: write both or none", "");
	return 0;
}

/* Return: 0 or negative errno. */
static int readable(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	struct stat st;
	int err = fstat(fd, &st) ? -errno : S_ISDIR(st.st_mode) ? -EISDIR : 0;
	close(fd);
	return err;
}

static int check_readable(const struct check *c, const char *key, const char *path)
{
	int err = *path ? readable(path) : 0;
	if (!err)
		return 0;
	char detail[CONFIG_REASON_MAX];
	(void)snprintf(detail, sizeof(detail), "%s: %s; put the file there or name another", path,
		strerror(-err));
	return refuse(c, "broker", key, "can't read ", detail);
}

/* With a user name, certificate and key are used where they are there or were asked for. */
static void forget_unasked(struct check *c, const char *key, char *path)
{
	if (*c->source->config.broker_username && !c->source->line[index_of("broker", key)] &&
		readable(path) == -ENOENT)
		*path = '\0';
}

static int check_tls(struct check *c)
{
	struct config *config = &c->source->config;
	if (!config->broker_tls)
		return 0;
	forget_unasked(c, "cert_file", config->broker_cert_file);
	forget_unasked(c, "key_file", config->broker_key_file);
	if (check_readable(c, "ca_file", config->broker_ca_file) ||
		check_readable(c, "cert_file", config->broker_cert_file) ||
		check_readable(c, "key_file", config->broker_key_file))
		return -1;
	if (*config->broker_cert_file && !*config->broker_key_file)
		return refuse(c, "broker", "key_file", "needed with broker.cert_file: name it", "");
	if (*config->broker_key_file && !*config->broker_cert_file)
		return refuse(c, "broker", "cert_file", "needed with broker.key_file: name it", "");
	return 0;
}

static int check_card_key(const struct check *c)
{
	const char *path = c->source->config.school_card_key_file;
	struct secret_key key;
	int err = secret_key_load(path, &key);
	if (!err) {
		secret_key_forget(&key);
		return 0;
	}
	char detail[CONFIG_REASON_MAX];
	if (err == -EMSGSIZE)
		(void)snprintf(detail, sizeof(detail),
			"%s: it doesn't hold exactly 32 bytes; copy the school's key there", path);
	else
		(void)snprintf(detail, sizeof(detail),
			"%s: %s; copy the school's key there or name another file", path,
			strerror(-err));
	return refuse(c, "school", "card_key_file", "can't read ", detail);
}

static int check_files(struct check *c)
{
	if (c->program != CONFIG_KIOSK && c->program != CONFIG_REGISTER)
		return 0;
	if (check_card_key(c) || check_tls(c))
		return -1;
	return check_readable(c, "password_file", c->source->config.broker_password_file);
}

static int load(const char *path, enum config_program program, struct config_source *ret_source,
	char *ret_reason)
{
	struct check c = { path, program, ret_source, ret_reason };
	if (config_file_read(path, ret_source, ret_reason) || check_required(&c))
		return -1;
	set_defaults(ret_source);
	if (check_together(&c) || check_files(&c))
		return -1;
	return 0;
}

int config_load(
	const char *path, enum config_program program, struct config *ret_config, char *ret_reason)
{
	struct config_source source = { .n_lines = 0 };
	if (load(path, program, &source, ret_reason))
		return -1;
	*ret_config = source.config;
	return 0;
}

int config_print(const char *path, enum config_program program, char *ret_reason)
{
	struct config_source source = { .n_lines = 0 };
	if (load(path, program, &source, ret_reason))
		return -1;
	for (size_t i = 0; i < config_n_keys; i++) {
		const struct config_key *key = &config_keys[i];
		char value[CONFIG_VALUE_MAX];
		key->type->print(key, &source.config, value, sizeof(value));
		printf("%s.%s = %s  # ", key->section, key->key, value);
		if (source.line[i])
			printf("%s:%d\n", path, source.line[i]);
		else
			printf("default\n");
	}
	return 0;
}

static void sample_key(const struct config_key *key)
{
	char range[CONFIG_RANGE_MAX];
	key->type->range(key, range, sizeof(range));
	printf("\n# %s\n# %s; ", key->help, range);
	if (key->required == CONFIG_BY_ALL)
		printf("required\n#%s =\n", key->key);
	else if (key->required)
		printf("required for the register\n#%s =\n", key->key);
	else if (key->def_of)
		printf("default: %s\n#%s =\n", key->def_help, key->key);
	else if (!*key->def)
		printf("default: none\n#%s =\n", key->key);
	else
		printf("default: %s\n#%s = %s\n", key->def, key->key, key->def);
}

void config_sample(void)
{
	printf("# SPDX-License-Identifier: EUPL-1.2\n"
	       "# The configuration of one unit. Take the # away from a key to set it.\n");
	for (size_t i = 0; i < config_n_keys; i++) {
		const struct config_key *key = &config_keys[i];
		if (i == 0 || strcmp(key->section, config_keys[i - 1].section) != 0)
			printf("\n[%s]\n", key->section);
		sample_key(key);
	}
}

int config_socket_path(const struct config *config, const char *name, char ret_path[108])
{
	char path[108];
	int n = snprintf(path, sizeof(path), "%s/%s", config->paths_run_dir, name);
	if (n < 0 || (size_t)n >= sizeof(path))
		return -1;
	memcpy(ret_path, path, sizeof(path));
	return 0;
}
