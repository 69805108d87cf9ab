/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * sys/memory.h: how the C library keeps what is freed.
 */
#pragma once

/**
 * memory_give_back() - let large blocks go back to the system as they are freed; first of all in main().
 *
 * glibc raises its limit for them with each one that it sees freed, up to 32 MB. Whole data sets are replaced here once a
 * day, so that they would soon lie in the heap, touched whole and never given back: a register of 1,200 pupils moved
 * between 63 and 95 MB (P5, 13 days in 8 minutes, 2026-11-22).
 */
void memory_give_back(void);

/**
 * memory_trim() - let what lies free between used blocks go back as well; after a data set was read.
 *
 * Its thousands of small parts are freed again, but the last block after them keeps the heap as high: 3 MB of 11 at a gate
 * with 2,000 pupils (2026-11-22). Takes about a millisecond.
 */
void memory_trim(void);
