# SPDX-License-Identifier: EUPL-1.2
schoolpoort_bench(bench_alerts SOURCES bench_alerts.c USES lib::libmosquitto lib::threads)
schoolpoort_bench(floor_json SOURCES floor_json.c USES lib::jansson)
