# SPDX-License-Identifier: EUPL-1.2
schoolpoort_bench(bench_publish SOURCES bench_publish.c USES lib::libmosquitto)
