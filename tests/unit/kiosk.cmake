# SPDX-License-Identifier: EUPL-1.2
schoolpoort_unit_test(kiosk_step SOURCES test_kiosk_step.c USES kiosk_step core wire)
schoolpoort_unit_test(deliver SOURCES test_deliver.c USES kiosk_step)
schoolpoort_unit_test(trace SOURCES test_trace.c USES kiosk_step core)
