# SPDX-License-Identifier: EUPL-1.2
schoolpoort_bench(bench_gates SOURCES bench_gates.c USES wire core sys)
schoolpoort_bench(floor_batches SOURCES floor_batches.c USES lib::sqlite3)
