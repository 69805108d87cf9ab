/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * ctl/ctl.h: schoolpoortctl, the command line for IT staff and the secretariat; shared in this folder alone.
 *
 * It opens no database: it asks the running kiosk or register over its socket (ask.c), and prints what it is told as
 * text (print.c) or as the JSON document itself. commands.c says which words make which request.
 * Source: contract, programs.md "schoolpoortctl", commands.md.
 */
#pragma once

#include <libintl.h>
#include <stdbool.h>

#include "sys/config.h"
#include "wire/request.h"

#define _(text) gettext(text)
#define N_(text) text /* for the catalogue; translated where it is printed */

enum ctl_status { CTL_DONE = 0, CTL_FAILED = 1, CTL_USAGE = 2 }; /* programs.md "exit status" */

struct ctl {
	struct config config;
	struct config_options options;
};

/** ctl_run() - one command. @argv: its words, @argc of them, options of its own among them. Return: the exit status. */
int ctl_run(struct ctl *ctl, int argc, char **argv);

/** ctl_doctor() - check this unit; loads the configuration itself, since that may be what is wrong. Return: the exit
 * status. */
int ctl_doctor(struct ctl *ctl, int argc, char **argv);
/** ctl_metrics() - a unit's figures for Prometheus, on standard output or into a file. Return: the exit status. */
int ctl_metrics(const struct ctl *ctl, int argc, char **argv);

/** ctl_may_update() - whether this is a time for new programs. Return: the exit status, 1 where it isn't. */
int ctl_may_update(const struct ctl *ctl, int argc, char **argv);
/** ctl_status_of() - what the program answers to `status`, for wire_node_destroy(); NULL with *ret_reason
 * (ASK_REASON_MAX bytes). */
struct wire_node *ctl_status_of(const struct ctl *ctl, char *ret_reason);

/** ctl_usage() - the commands, one a line, on standard output; gettext must be set up. */
const char *ctl_usage(void);

/**
 * ask() - send one request to the unit of the configuration and wait for its answer.
 * @request: sent as it is, with the id that ask() gives it
 * @fd: a descriptor to pass beside it, still the caller's; -1 none
 * @ret_response: for wire_node_destroy()
 * Blocks at most 90 s: 15 for the welcome, 75 for the answer (an enrolment, or an import of 100,000 rows on a slow card).
 * Return: 0, or -1 with a line on standard error.
 */
int ask(const struct ctl *ctl, struct wire_node *request, int fd, struct wire_node **ret_response);

#define ASK_REASON_MAX 1400 /* a path and why */
/** ask_quietly() - the same for who has more to say: waits @wait_ms for the answer, and @said (ASK_REASON_MAX bytes)
 * says what standard error would. */
int ask_quietly(const struct ctl *ctl, struct wire_node *request, int pass_fd, int wait_ms,
	struct wire_node **ret_response, char *said);

#define OUT_PATH_MAX 4096 /* bytes with the zero: Linux's PATH_MAX */

/** out_open() - a new empty file beside @path, for out_keep(). @ret_temp: its name, "" on failure
 * Return: a descriptor, or -1 with a line on standard error. */
int out_open(const char *path, char ret_temp[OUT_PATH_MAX]);
/** out_keep() - what is written becomes @path, in place of what was there. Return: 0, or -1, said; the new file is then
 * gone. */
int out_keep(int fd, const char *temp, const char *path);
/** out_folder() - whether files can be written there; before the register is asked. Return: 0, or -1, said. */
int out_folder(const char *folder);
/** out_files() - `files` of an answer into a folder. @files: a list of name and lines. Return: 0, or -1, said. */
int out_files(const char *folder, const struct wire_node *files);

/** out_warn_old() - names of files that weren't written now and lie there from before: on standard error. Removing them is
 * a person's. */
void out_warn_old(const char *folder, const struct wire_node *names);

/** print_import() … - an answer as text for people, on standard output. @r: a response whose ok is true */
void print_import(const struct wire_node *r);
/** print_calendar() - the days without lessons, a line each. */
void print_calendar(const struct wire_node *r);
/** print_pupil() - the chronology of one pupil. */
void print_pupil(const struct wire_node *r);
/** print_cards() - the cards of a pupil. */
void print_cards(const struct wire_node *r);
/** print_card_change() - what became of a card. */
void print_card_change(const struct wire_node *r);
/** print_day() - a half day by class. */
void print_day(const struct wire_node *r);
/** print_status() - how a gate or the register is. */
void print_status(const struct wire_node *r);
/** print_trace() - stage times of the last taps. */
void print_trace(const struct wire_node *r);
/** print_informat() - the files that were written, and what they can't say. */
void print_informat(const struct wire_node *r);
/** print_csv() - how much was written. */
void print_csv(const struct wire_node *r);
/** print_backup() - what was written, and what to do with older copies. */
void print_backup(const struct wire_node *r);
