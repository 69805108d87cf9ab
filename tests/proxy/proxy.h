/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * proxy/proxy.h: a TCP proxy on loopback that breaks connections in every way that a school's network does.
 *
 * DESIGN. One poll loop, one thread. A *link* is a port that it listens on and a port that it connects to; each has rules
 * of its own, told as lines of text, at any time. Where chance decides, it is drawn from the seed, the connection's number
 * and the direction alone, so that a run can be had again. What the other side's kernel has acknowledged is not what the
 * program behind it has read: a cut loses what was on its way, which is the point.
 *
 *	LINK latency DIR MS              bytes wait so long; 0: none
 *	LINK rate DIR BYTES              bytes a second; 0: any
 *	LINK pieces DIR MAX              given on in pieces of 1 to MAX bytes, each a segment of its own; 0: as they come
 *	LINK cut DIR FROM TO HOW         a connection ends after a random number of bytes, for each drawn anew; DIR off: no more
 *	LINK silence DIR AFTER           from that byte of a connection on nothing comes through, not even an end; now; off
 *	LINK hold MS                     how long `late` leaves a side open (3,000)
 *	LINK keep on|off                 the server's side stays open when the client goes; off ends those kept
 *	LINK refuse on|off|MS            nobody listens (for so long)
 *	LINK drop fin|rst                every present connection, now
 *	LINK clear                       no rules
 *	LINK stats                       answers "connections N open N up N down N cuts N"
 *	LINK port                        answers the port that it listens on
 *
 * LINK is a name or * for all. DIR: up (to the server), down, both; any: for each connection one or the other (cut).
 * HOW: fin (both sides, in peace), rst (both sides), half (the receiver sees an end, the other direction goes on), late (the
 * sender's side ends at once, the receiver's later), any (one of these for each connection).
 */
#pragma once

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#define PROXY_LINKS_MAX 8
#define PROXY_NAME_MAX 32
#define PROXY_ANSWER_MAX 160

struct proxy; /* opaque */

/** proxy_create() - without links. Return: NULL where memory is out. */
struct proxy *proxy_create(uint64_t seed);

/** proxy_destroy() - ends every connection; accepts NULL. */
void proxy_destroy(struct proxy *p);

/** proxy_add_link() - listen on a free port of loopback for @to_port. Return: the port, or negative errno. */
int proxy_add_link(struct proxy *p, const char *name, int to_port);

/** proxy_tell() - one line, as above. @ret_answer: "ok", what was asked for, or "error: reason".
 * Return: 0 or -1. */
int proxy_tell(struct proxy *p, const char *line, char ret_answer[PROXY_ANSWER_MAX]);

/** proxy_turn() - wait for something to do, @wait_ms at most (-1: as long as it takes), and do it.
 * @more: @n_more descriptors of the caller's that are waited for as well; their revents are set */
void proxy_turn(struct proxy *p, int wait_ms, struct pollfd *more, size_t n_more);
