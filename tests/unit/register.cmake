# SPDX-License-Identifier: EUPL-1.2
schoolpoort_unit_test(register_step SOURCES test_register_step.c USES register_step)
