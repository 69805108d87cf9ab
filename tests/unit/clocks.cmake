# SPDX-License-Identifier: EUPL-1.2
schoolpoort_unit_test(clock_days SOURCES test_clock_days.c USES kiosk_step core wire sys)
