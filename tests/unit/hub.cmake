# SPDX-License-Identifier: EUPL-1.2
schoolpoort_unit_test(hub SOURCES test_hub.c USES sys)
