# SPDX-License-Identifier: EUPL-1.2
schoolpoort_unit_test(who SOURCES test_who.c USES kiosk_step wire sys)
