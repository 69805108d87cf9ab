# SPDX-License-Identifier: EUPL-1.2
schoolpoort_unit_test(m2_m3_m10_link SOURCES test_link_faults.c broker.c port.c USES link fault)
add_dependencies(test_m2_m3_m10_link fault_proxy)
set_tests_properties(m2_m3_m10_link PROPERTIES TIMEOUT 900 LABELS e2e)
schoolpoort_long_test(m2_m3_m10_link_60 300 COMMAND test_m2_m3_m10_link 60)
schoolpoort_unit_test(m16_crowd SOURCES test_crowd.c broker.c port.c USES link)
set_tests_properties(m16_crowd PROPERTIES TIMEOUT 900 LABELS e2e)
schoolpoort_long_test(m16_crowd_500 400 COMMAND test_m16_crowd 500)
