# SPDX-License-Identifier: EUPL-1.2
schoolpoort_unit_test(export_half SOURCES test_export_half.c USES register_step)
schoolpoort_unit_test(changed_day SOURCES test_changed_day.c USES register_step)
