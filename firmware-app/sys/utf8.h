/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * sys/utf8.h: is this text UTF-8? For what comes from files and goes to the log.
 */
#pragma once

#include <stddef.h>

/**
 * utf8_length() - bytes of the character that text begins with.
 * @n: bytes there are, at least 1
 *
 * Return: 1..4; 0 where it is no valid UTF-8 (cut, overlong, a surrogate, past U+10FFFF). RFC 3629.
 */
size_t utf8_length(const char *text, size_t n);
