# SPDX-License-Identifier: EUPL-1.2
schoolpoort_bench(floor_sync SOURCES floor_sync.c)
schoolpoort_bench(floor_sqlite SOURCES floor_sqlite.c USES lib::sqlite3)
schoolpoort_bench(bench_taps SOURCES bench_taps.c USES lib::libmosquitto)
