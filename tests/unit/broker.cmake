# SPDX-License-Identifier: EUPL-1.2
schoolpoort_unit_test(event SOURCES test_event.c USES register_step)
schoolpoort_unit_test(kinds SOURCES test_kinds.c USES kiosk_step core)
schoolpoort_unit_test(connack SOURCES test_connack.c broker.c port.c USES link)
set_tests_properties(connack PROPERTIES LABELS threads)
