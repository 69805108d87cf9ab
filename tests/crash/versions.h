/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * crash/versions.h: a store's database as the program of an earlier version makes and opens it.
 */
#pragma once

struct db;

/* A store and its versions. */
struct versions {
	const char *name, *file;
	int newest;
	/* The program of that version opens the database, making or migrating it. Return: 0 or a store_err. */
	int (*open_as)(const char *path, int version, struct db **ret_db);
};

extern const struct versions versions_gate, versions_register;
