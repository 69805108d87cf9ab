# SPDX-License-Identifier: EUPL-1.2
schoolpoort_unit_test(figures SOURCES test_figures.c USES register_step store wire core)
schoolpoort_unit_test(retain SOURCES test_retain.c USES register_step store core)
